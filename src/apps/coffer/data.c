/* coffer data seal | open | inspect | rewrap. (A place: place.h.) */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apps/coffer/commands.h"
#include "apps/coffer/opening.h"
#include "apps/coffer/place.h"
#include "apps/coffer/seal_to.h"
#include "host/store/seal_file.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

/* The identities named by --for, as recipients. */
typedef struct recipients {
    cof_identity *identities[COF_OPTION_REPEATS];
    cof_recipient list[COF_OPTION_REPEATS];
    size_t count;
} recipients;

static void recipients_drop(recipients *r)
{
    for (size_t i = 0; i < r->count; i++) {
        cof_identity_free(r->identities[i]);
    }
}

static cof_status load_recipients(const cof_app *app, const cof_args *args, recipients *out,
                                  cof_err *err)
{
    const size_t count = cof_args_count(args, "for");
    if (count == 0) {
        return COF_FAIL(err, USAGE, "say for whom, with --for IDENTITY (me is your own)");
    }
    for (size_t i = 0; i < count; i++) {
        COF_TRY(
            cof_identity_load(app->home, cof_args_nth(args, "for", i), &out->identities[i], err));
        out->list[i] = (cof_recipient){.kid = out->identities[i]->data_kid,
                                       .rsa = out->identities[i]->data_key};
        out->count = i + 1;
    }
    return COF_OK;
}

/* What an object is called when nobody says: its file's name. */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static cof_status default_target(const char *given, const char *source, bool sealing, cof_path *out,
                                 cof_err *err)
{
    static const char suffix[] = ".sealed";
    const size_t length = strlen(source);
    const size_t suffix_length = sizeof suffix - 1;
    if (given != NULL) {
        return cof_path_format(out, err, "%s", given);
    }
    if (sealing) {
        return cof_path_format(out, err, "%s%s", source, suffix);
    }
    if (length > suffix_length && strcmp(source + length - suffix_length, suffix) == 0) {
        return cof_path_format(out, err, "%.*s", (int)(length - suffix_length), source);
    }
    return COF_FAIL(err, USAGE, "say where to, with --out FILE");
}

static cof_status refuse_existing(const cof_args *args, const char *path, cof_err *err)
{
    if (cof_args_count(args, "force") == 0 && access(path, F_OK) == 0) {
        return COF_FAIL(err, EXISTS, "%s (--force replaces it)", path);
    }
    return COF_OK;
}

COF_COMMAND(data_seal)
{
    const char *source = cof_args_operand(args, 0);
    const char *name = cof_args_value(args, "name");
    COF_CLEANUP(recipients_drop) recipients to = {0};
    cof_path target;
    cof_sealed_file sealed = {0};
    char digest[2 * COF_DIGEST_SIZE + 1];
    cof_seal_request request = {.header = {.kind = COF_SEAL_DATASET},
                                .progress = {cof_output_bytes, app->output}};
    COF_TRY(load_recipients(app, args, &to, err));
    name = base_name(name != NULL ? name : source);
    if (strlen(name) > COF_SEAL_NAME_SIZE) {
        return COF_FAIL(err, USAGE, "the name is too long: say --name NAME");
    }
    memcpy(request.header.name, name, strlen(name) + 1);
    request.recipients = to.list;
    request.recipient_count = to.count;
    if (cof_args_value(args, "to") != NULL) {
        if (cof_args_value(args, "out") != NULL) {
            return COF_FAIL(err, USAGE, "--out writes a file, --to goes to storage: say one");
        }
        return cof_seal_to_place(app, args, source, &request, err);
    }
    COF_TRY(default_target(cof_args_value(args, "out"), source, true, &target, err));
    COF_TRY(refuse_existing(args, target.text, err));
    COF_TRY(cof_seal_file(source, &request, target.text, &sealed, err));
    cof_digest_text(&sealed.digest, digest);
    cof_output_line(app->output, COF_TONE_PLAIN, "sealed %s (%llu bytes) into %s\ndigest %s",
                    source, (unsigned long long)sealed.plaintext_size, target.text, digest);
    COF_JSON json_t *object =
        json_pack("{s:s,s:s,s:s,s:I}", "status", "sealed", "file", target.text, "digest", digest,
                  "size", (json_int_t)sealed.plaintext_size);
    cof_output_json(app->output, object);
    return COF_OK;
}

/* Opens a file, or a blob in storage: *target says where to when the option does not. */
static cof_status open_source(const cof_app *app, const cof_args *args,
                              const cof_open_request *request, cof_path *target, cof_err *err)
{
    const char *source = cof_args_operand(args, 0);
    const char *out = cof_args_value(args, "out");
    COF_CLEANUP(cof_place_drop_) cof_place place = {0};
    if (!cof_place_is(source)) {
        COF_TRY(default_target(out, source, false, target, err));
        COF_TRY(refuse_existing(args, target->text, err));
        return cof_open_file(source, request, target->text, err);
    }
    COF_TRY(cof_place_find(app, source, cof_args_value(args, "credential"), &place, err));
    COF_TRY(default_target(out, base_name(place.name), false, target, err));
    COF_TRY(refuse_existing(args, target->text, err));
    return cof_open_file_from_store(place.store, place.name, request, target->text, err);
}

COF_COMMAND(data_open)
{
    const char *source = cof_args_operand(args, 0);
    cof_path target;
    COF_CLEANUP(cof_unlocker_drop_)
    cof_unlocker unlocker = {.home = app->home, .identity = cof_args_value(args, "as")};
    const cof_open_request request = {
        .key = cof_unlock, .key_context = &unlocker, .progress = {cof_output_bytes, app->output}};
    COF_TRY(open_source(app, args, &request, &target, err));
    /* What follows "?" in a URL is a signature. */
    cof_output_line(app->output, COF_TONE_PLAIN, "opened %.*s into %s",
                    (int)(cof_place_is(source) ? strcspn(source, "?") : strlen(source)), source,
                    target.text);
    COF_JSON json_t *object = json_pack("{s:s,s:s}", "status", "opened", "file", target.text);
    cof_output_json(app->output, object);
    return COF_OK;
}

static const char *kind_name(cof_seal_kind kind)
{
    static const char *const names[] = {"", "dataset", "checkpoint", "model", "report", "log"};
    return names[kind];
}

static cof_status recipients_json(const cof_front *front, json_t **out, cof_err *err)
{
    COF_JSON json_t *list = json_array();
    for (size_t i = 0; i < cof_front_recipient_count(front); i++) {
        uint8_t algorithm = 0;
        const char *kid = cof_front_recipient(front, i, &algorithm);
        COF_TRY(cof_json_append(list,
                                json_pack("{s:s,s:s}", "kid", kid, "algorithm",
                                          algorithm == 1 ? "RSA-OAEP-256" : "A256KW"),
                                err));
    }
    *out = json_incref(list);
    return COF_OK;
}

COF_COMMAND(data_inspect)
{
    const char *source = cof_args_operand(args, 0);
    COF_CLEANUP(cof_front_drop_) cof_front *front = NULL;
    COF_JSON json_t *list = NULL;
    char digest[2 * COF_DIGEST_SIZE + 1];
    char context[2 * COF_DIGEST_SIZE + 1];
    COF_TRY(cof_sealed_file_front(source, &front, err));
    const cof_seal_header *header = cof_front_header(front);
    cof_digest_text(cof_front_digest(front), digest);
    cof_digest_text(&header->context, context);
    COF_TRY(recipients_json(front, &list, err));
    cof_output_line(app->output, COF_TONE_PLAIN,
                    "name       %s\nkind       %s\nplaintext  %llu bytes in %llu chunks\ndigest    "
                    " %s\ncontract   %s",
                    header->name, kind_name(header->kind),
                    (unsigned long long)header->plaintext_size,
                    (unsigned long long)cof_seal_chunk_count(header->plaintext_size), digest,
                    strspn(context, "0") == sizeof context - 1
                        ? "none (a data set is sealed before there is one)"
                        : context);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        cof_output_line(app->output, COF_TONE_PLAIN, "recipient  %s (%s)",
                        json_string_value(json_object_get(item, "kid")),
                        json_string_value(json_object_get(item, "algorithm")));
    }
    cof_output_line(app->output, COF_TONE_DIM,
                    "What stands here is not authenticated before the object is opened.");
    COF_JSON json_t *object =
        json_pack("{s:s,s:s,s:I,s:s,s:s,s:O}", "name", header->name, "kind",
                  kind_name(header->kind), "size", (json_int_t)header->plaintext_size, "digest",
                  digest, "context", context, "recipients", list);
    cof_output_json(app->output, object);
    return COF_OK;
}

COF_COMMAND(data_rewrap)
{
    const char *source = cof_args_operand(args, 0);
    COF_CLEANUP(recipients_drop) recipients to = {0};
    COF_CLEANUP(cof_unlocker_drop_)
    cof_unlocker unlocker = {.home = app->home, .identity = cof_args_value(args, "as")};
    COF_TRY(load_recipients(app, args, &to, err));
    COF_TRY(cof_rewrap_file(source, cof_unlock, &unlocker, to.list, to.count, err));
    cof_output_line(app->output, COF_TONE_PLAIN,
                    "%s can now be opened by %zu recipients; its digest and content are unchanged",
                    source, to.count);
    COF_JSON json_t *object = json_pack("{s:s,s:s,s:i}", "status", "rewrapped", "file", source,
                                        "recipients", (int)to.count);
    cof_output_json(app->output, object);
    return COF_OK;
}
