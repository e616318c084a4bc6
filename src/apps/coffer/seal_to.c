#include "apps/coffer/seal_to.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/coffer/identity.h"
#include "apps/coffer/place.h"
#include "host/store/upload.h"
#include "tcb/wire/json.h"

/* Whose key keeps the data key of an upload that may break off: the owner's for results, which is
 * never released. */
typedef struct keeper {
    const char *home;
    cof_identity *identity;
} keeper;

static void keeper_drop(keeper *k)
{
    cof_identity_free(k->identity);
}

static cof_status wrap(void *context, const cof_data_key *key, cof_buf *out, cof_err *err)
{
    const keeper *k = context;
    return cof_rsa_encrypt(k->identity->results_key, COF_OAEP_SHA256,
                           cof_view_of(key->bytes, sizeof key->bytes), out, err);
}

static cof_status unwrap(void *context, cof_view wrapped, cof_data_key *out, cof_err *err)
{
    const keeper *k = context;
    COF_CLEANUP(cof_services_drop_) cof_services *services = NULL;
    COF_TRY(cof_services_open(k->home, &services, err));
    return cof_vault_unwrap(&services->vault, k->identity->results_kid, wrapped, out, err);
}

static cof_status absolute(const char *source, cof_path *out, cof_err *err)
{
    if (realpath(source, out->text) == NULL) {
        return COF_FAIL_ERRNO(err, errno, source);
    }
    return COF_OK;
}

/* Without an identity of its own a home cannot keep the key: then a broken upload starts over. */
static cof_status upload(cof_app *app, const cof_args *args, const char *source,
                         const cof_seal_request *seal, const cof_place *place,
                         cof_upload_result *out, cof_err *err)
{
    COF_CLEANUP(keeper_drop) keeper k = {.home = app->home};
    cof_path path;
    cof_path folder;
    const char *owner = cof_args_value(args, "as");
    const bool is_folder = cof_azure_store_client(place->store) == NULL;
    cof_status found = COF_E_NOT_FOUND;
    if (!is_folder) {
        found = cof_identity_load(app->home, owner != NULL ? owner : "me", &k.identity, err);
    }
    if (found == COF_E_NOT_FOUND && owner == NULL) {
        return cof_seal_file_to_store(source, seal, place->store, place->name, &out->sealed, err);
    }
    COF_TRY(found);
    COF_TRY(absolute(source, &path, err));
    COF_TRY(cof_path_format(&folder, err, "%s/uploads", app->home));
    const cof_upload_request request = {.source = path.text,
                                        .folder = folder.text,
                                        .where = place->where.text,
                                        .name = place->name,
                                        .only_new = cof_args_count(args, "force") == 0,
                                        .restart = cof_args_count(args, "restart") > 0,
                                        .seal = *seal,
                                        .keys = {.wrap = wrap, .unwrap = unwrap, .context = &k}};
    return cof_upload_file(place->store, &request, out, err);
}

static cof_status choose_name(const cof_args *args, const char *source, cof_place *out,
                              cof_err *err)
{
    const char *given = cof_args_value(args, "name");
    const char *slash = strrchr(source, '/');
    const int length = given != NULL ? snprintf(out->name, sizeof out->name, "%s", given)
                                     : snprintf(out->name, sizeof out->name, "%s.sealed",
                                                slash != NULL ? slash + 1 : source);
    if (length < 0 || (size_t)length >= sizeof out->name ||
        cof_blob_name_check(out->name, NULL) != COF_OK) {
        return COF_FAIL(err, USAGE,
                        "%s is no name in storage (letters, digits, '.', '_', '-' and '/'): say "
                        "--name NAME",
                        out->name);
    }
    return COF_OK;
}

static cof_status refuse_existing(const cof_args *args, const cof_place *place, cof_err *err)
{
    bool exists = false;
    if (cof_args_count(args, "force") > 0) {
        return COF_OK;
    }
    COF_TRY(cof_blob_exists(place->store, place->name, &exists, err));
    if (exists) {
        return COF_FAIL(err, EXISTS, "%s/%s (--force replaces it)", place->where.text, place->name);
    }
    return COF_OK;
}

static void tell(cof_app *app, const char *source, const cof_place *place,
                 const cof_upload_result *result)
{
    const cof_sealed_file *sealed = &result->sealed;
    char digest[2 * COF_DIGEST_SIZE + 1];
    cof_digest_text(&sealed->digest, digest);
    if (result->was_resumed) {
        cof_output_line(app->output, COF_TONE_PLAIN,
                        "went on where it broke off: %lu blocks were there, %lu were sent",
                        result->blocks_skipped, result->blocks_sent);
    }
    cof_output_line(app->output, COF_TONE_PLAIN, "sealed %s (%llu bytes) into %s/%s\ndigest %s",
                    source, (unsigned long long)sealed->plaintext_size, place->where.text,
                    place->name, digest);
    COF_JSON json_t *object = json_pack(
        "{s:s,s:s,s:s,s:s,s:I,s:b,s:I,s:I}", "status", "sealed", "place", place->where.text, "name",
        place->name, "digest", digest, "size", (json_int_t)sealed->plaintext_size, "resumed",
        (int)result->was_resumed, "blocks_sent", (json_int_t)result->blocks_sent, "blocks_skipped",
        (json_int_t)result->blocks_skipped);
    cof_output_json(app->output, object);
}

cof_status cof_seal_to_place(cof_app *app, const cof_args *args, const char *source,
                             const cof_seal_request *seal, cof_err *err)
{
    COF_CLEANUP(cof_place_drop_) cof_place place = {0};
    cof_upload_result result = {0};
    COF_TRY(choose_name(args, source, &place, err));
    COF_TRY(cof_place_open(app, cof_args_value(args, "to"), cof_args_value(args, "credential"),
                           &place, err));
    COF_TRY(refuse_existing(args, &place, err));
    COF_TRY(upload(app, args, source, seal, &place, &result, err));
    tell(app, source, &place, &result);
    return COF_OK;
}
