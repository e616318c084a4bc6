/* coffer data adopt: a client-side encrypted blob of Azure Storage as an input, without writing it
 * again. docs/formats/cse.md. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apps/coffer/commands.h"
#include "apps/coffer/opening.h"
#include "apps/coffer/place.h"
#include "apps/coffer/store.h"
#include "host/agent/names.h"
#include "host/azure/encryption_data.h"
#include "host/store/adopt_file.h"
#include "relying/contract/descriptor.h"
#include "tcb/wire/json.h"

/* With whose key a blob is opened. */
typedef struct opener {
    const cof_services *services;
    const cof_identity *identity;
} opener;

static cof_status unwrap(void *context, const cof_cse_head *head, cof_chunk_key *out_key,
                         cof_err *err)
{
    const opener *self = context;
    const char *algorithm = head->algorithm == COF_CSE_RSA_OAEP ? "RSA-OAEP" : "RSA-OAEP-256";
    COF_CLEANUP(cof_buf_free) cof_buf key = {0};
    cof_buf_init(&key, COF_CSE_WRAPPED_HIGH);
    COF_TRY(cof_vault_unwrap_bytes(&self->services->vault, self->identity->data_kid, algorithm,
                                   cof_view_of(head->wrapped, head->wrapped_size), &key, err));
    return cof_cse_key(head, cof_buf_view(&key), out_key, err);
}

static cof_status read_stdin(cof_buf *out, cof_err *err)
{
    for (;;) {
        uint8_t *place = NULL;
        const size_t room = out->limit - out->size < 1024 ? out->limit - out->size : 1024;
        if (room == 0) {
            return COF_FAIL(err, LIMIT, "standard input has more than %zu bytes", out->limit);
        }
        COF_TRY(cof_buf_extend(out, room, &place, err));
        const ssize_t got = read(STDIN_FILENO, place, room);
        out->size -= room - (got > 0 ? (size_t)got : 0);
        if (got < 0) {
            return COF_FAIL(err, IO, "standard input cannot be read");
        }
        if (got == 0) {
            return COF_OK;
        }
    }
}

/* A blob where it lies: a file, or in storage. */
typedef struct blob_source {
    cof_sealed_source source;
    cof_place place;
} blob_source;

static void blob_source_drop(blob_source *blob)
{
    if (blob->place.store == NULL) {
        cof_sealed_source_close(&blob->source);
    }
    cof_place_drop_(&blob->place);
}

static cof_status open_blob(const cof_app *app, const cof_args *args, blob_source *out,
                            cof_err *err)
{
    const char *where = cof_args_operand(args, 0);
    if (!cof_place_is(where)) {
        return cof_sealed_source_open(where, true, &out->source, err);
    }
    COF_TRY(cof_place_find(app, where, cof_args_value(args, "credential"), &out->place, err));
    return cof_sealed_source_in_store(out->place.store, out->place.name, &out->source, err);
}

/* From the file that is named; else what the blob's own metadata says. */
static cof_status read_encryption_data(const char *path, const blob_source *blob, cof_buf *out,
                                       cof_err *err)
{
    cof_blob_client *client = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf name = {.limit = 2 * COF_BLOB_NAME_SIZE};
    const char *text = NULL;
    cof_buf_init(out, COF_ENCRYPTION_DATA_BYTES);
    if (path != NULL) {
        return strcmp(path, "-") == 0 ? read_stdin(out, err) : cof_read_file(path, out, err);
    }
    if (blob->place.store == NULL || cof_place_blob(&blob->place, &client, &name, NULL) != COF_OK) {
        return COF_FAIL(err, USAGE,
                        "say where the blob's metadata \"encryptiondata\" is, with "
                        "--encryptiondata FILE");
    }
    COF_TRY(cof_buf_text(&name, &text, err));
    return cof_blob_metadata_get(client, text, "encryptiondata", out, err);
}

/* Beside a file; for a blob in storage, here. A query would hold a signature. */
static cof_status name_descriptor(const cof_args *args, cof_path *out, cof_err *err)
{
    const char *blob = cof_args_operand(args, 0);
    const char *target = cof_args_value(args, "out");
    if (target == NULL && cof_place_is(blob)) {
        return COF_FAIL(err, USAGE, "say where the descriptor goes, with --out FILE");
    }
    COF_TRY(cof_path_format(out, err, target != NULL ? "%s" : "%s.object.json",
                            target != NULL ? target : blob));
    if (cof_args_count(args, "force") == 0 && access(out->text, F_OK) == 0) {
        return COF_FAIL(err, EXISTS, "%s (--force replaces it)", out->text);
    }
    return COF_OK;
}

static cof_status write_descriptor(const char *path, const cof_descriptor *descriptor, cof_err *err)
{
    COF_JSON json_t *json = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    cof_buf_init(&text, COF_DESCRIPTOR_BYTES);
    COF_TRY(cof_descriptor_print(descriptor, &json, err));
    COF_TRY(cof_json_print(json, &text, err));
    COF_TRY(cof_buf_append_text(&text, "\n", err));
    return cof_write_file(path, cof_buf_view(&text), 0644, err);
}

/* Opens the blob with the identity's vault and puts it where agents serve inputs from. */
static cof_status take_in(const cof_app *app, const char *identity_name,
                          const cof_sealed_source *blob, const cof_cse_head *head,
                          const cof_cse_expect *expect, cof_err *err)
{
    COF_CLEANUP(cof_identity_drop_) cof_identity *identity = NULL;
    COF_CLEANUP(cof_services_drop_) cof_services *services = NULL;
    COF_CLEANUP(cof_blob_store_drop_) cof_blob_store *store = NULL;
    cof_blob_name name;
    COF_TRY(cof_identity_load(app->home, identity_name, &identity, err));
    COF_TRY(cof_services_open(app->home, &services, err));
    COF_TRY(cof_store_of_home(services->config, &store, err));
    cof_name_input(&expect->digest, &name);
    opener with = {.services = services, .identity = identity};
    const cof_adopt_request request = {.head = head,
                                       .expect = *expect,
                                       .key = unwrap,
                                       .key_context = &with,
                                       .store = store,
                                       .name = name.text,
                                       .progress = {cof_output_bytes, app->output}};
    return cof_adopt_blob(blob, &request, err);
}

COF_COMMAND(data_adopt)
{
    const char *as = cof_args_value(args, "as");
    cof_path target;
    cof_cse_head head;
    cof_cse_expect expect;
    char digest[2 * COF_DIGEST_SIZE + 1];
    COF_CLEANUP(blob_source_drop) blob_source blob = {.source = {.fd = -1}};
    COF_CLEANUP(cof_buf_free) cof_buf data = {0};
    COF_CLEANUP(cof_descriptor_free) cof_descriptor descriptor = {0};
    COF_TRY(name_descriptor(args, &target, err));
    COF_TRY(open_blob(app, args, &blob, err));
    COF_TRY(read_encryption_data(cof_args_value(args, "encryptiondata"), &blob, &data, err));
    COF_TRY(cof_encryption_data_parse(cof_buf_view(&data), &head, err));
    COF_TRY(cof_adopt_measure(&blob.source, &head, &expect, err));
    COF_TRY(take_in(app, as != NULL ? as : "me", &blob.source, &head, &expect, err));
    descriptor.digest = expect.digest;
    descriptor.size = expect.size;
    descriptor.encryption = COF_CONTRACT_AZURE_CSE_V2;
    COF_TRY(cof_json_parse(cof_buf_view(&data), COF_ENCRYPTION_DATA_BYTES,
                           &descriptor.encryption_data, err));
    COF_TRY(write_descriptor(target.text, &descriptor, err));
    cof_digest_text(&expect.digest, digest);
    cof_output_settle(app->output);
    cof_output_line(
        app->output, COF_TONE_PLAIN,
        "opened the whole blob (%llu bytes of plaintext) and stored it as it is\ndigest "
        "%s\nname it in a job with  sealed: %s",
        (unsigned long long)expect.size, digest, target.text);
    COF_JSON json_t *object =
        json_pack("{s:s,s:s,s:s,s:I}", "status", "adopted", "file", target.text, "digest", digest,
                  "size", (json_int_t)expect.size);
    cof_output_json(app->output, object);
    return COF_OK;
}
