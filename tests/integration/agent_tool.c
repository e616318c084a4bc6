/*
 * The owner's side of the tests of the agent, as one program:
 *
 *   make SPEC                                 from JSON {"store","contract","key","owner_jwk",
 *                                             "owner_kid",…}: sealed data in the store, the
 *                                             contract, and a new recipient's private key; prints
 *                                             the contract's digest
 *   verify RECEIPT LOG KEYS                   every check of the receipt with its log and the
 *                                             attestation service's keys; prints those that fail
 *   open FILE KEY                             opens a sealed result with the recipient's key;
 *                                             prints size and SHA-256
 *   ticket HOST:PORT TICKET CERTIFICATE KEY   makes the files of a direct transfer
 *   cse IDENTITY PLAIN BLOB                   writes a client-side encrypted blob for an identity's
 *                                             data key, and its metadata into BLOB.json
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host/agent/names.h"
#include "host/agent/ticket.h"
#include "host/files/files.h"
#include "host/store/dir_store.h"
#include "relying/receipt/receipt.h"
#include "tcb/contract/contract.h"
#include "tcb/seal/cse.h"
#include "tcb/seal/seal.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"
#include "worker_kit.h"

enum { BIG = 64 * 1024 * 1024 };

static const char *text_of(const json_t *spec, const char *key)
{
    return json_string_value(json_object_get(spec, key));
}

static int int_of(const json_t *spec, const char *key)
{
    return (int)json_integer_value(json_object_get(spec, key));
}

static void read_whole(const char *path, cof_buf *out)
{
    cof_buf_init(out, BIG);
    assert_ok(cof_read_file(path, out, NULL));
}

/* Under the digests that the contract names, in its order. */
static void put_objects(const char *store_path, const kit_job *job)
{
    COF_CLEANUP(cof_blob_store_drop_) cof_blob_store *store = NULL;
    COF_CLEANUP(cof_contract_drop_) cof_contract *contract = NULL;
    size_t next = 0;
    assert_ok(cof_dir_store_open(store_path, &store, NULL));
    assert_ok(cof_contract_parse(cof_buf_view(&job->contract), &contract, NULL));
    for (size_t i = 0; i < contract->input_count; i++) {
        for (size_t k = 0; k < contract->inputs[i].object_count; k++) {
            cof_blob_name name;
            cof_name_input(&contract->inputs[i].objects[k].digest, &name);
            assert_ok(cof_blob_put(store, name.text, cof_buf_view(&job->objects[next++]), NULL));
        }
    }
}

static int make_ticket(char **paths)
{
    cof_url place;
    cof_ticket ticket;
    const cof_ticket_files files = {.ticket = paths[1], .certificate = paths[2], .key = paths[3]};
    assert_ok(cof_ticket_parse_place(paths[0], &place, NULL));
    assert_ok(cof_ticket_make(&place, &files, &ticket, NULL));
    return 0;
}

static int make(const char *path)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = 8192};
    COF_JSON json_t *spec = NULL;
    COF_CLEANUP(kit_job_free) kit_job job;
    char hex[65];
    read_whole(path, &text);
    assert_ok(cof_json_parse(cof_buf_view(&text), BIG, &spec, NULL));
    assert_ok(cof_rsa_from_jwk(json_object_get(spec, "owner_jwk"), &kit.owner, NULL));
    assert_ok(cof_rsa_generate(2048, &kit.recipient, NULL));
    kit.owner_kid = text_of(spec, "owner_kid");
    const kit_wish wish = {.epochs = int_of(spec, "epochs"),
                           .every_epochs = int_of(spec, "every_epochs"),
                           .cell = text_of(spec, "cell"),
                           .has_two_inputs = json_is_true(json_object_get(spec, "two_inputs")),
                           .is_cse = json_is_true(json_object_get(spec, "cse")),
                           .measurement = text_of(spec, "measurement"),
                           .root = text_of(spec, "root"),
                           .authority = text_of(spec, "authority"),
                           .wall_time = int_of(spec, "wall_time"),
                           .expires = json_integer_value(json_object_get(spec, "expires"))};
    kit_job_make(&wish, &job);
    put_objects(text_of(spec, "store"), &job);
    assert_ok(cof_rsa_to_pkcs8(kit.recipient, &der, NULL));
    assert_ok(cof_write_file(text_of(spec, "key"), cof_buf_view(&der), 0600, NULL));
    assert_ok(cof_write_file(text_of(spec, "contract"), cof_buf_view(&job.contract), 0600, NULL));
    cof_digest_text(&job.digest, hex);
    (void)printf("%s\n", hex);
    return 0;
}

/* A client-side encrypted blob for an identity's data key, and its metadata beside it. */
static int write_cse(const char *identity_path, const char *plain_path, const char *blob_path)
{
    COF_CLEANUP(cof_buf_free) cof_buf identity = {0};
    COF_CLEANUP(cof_buf_free) cof_buf plain = {0};
    COF_CLEANUP(cof_buf_free) cof_buf blob = {0};
    COF_CLEANUP(cof_buf_free) cof_buf key = {.limit = 1024};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 8192};
    COF_JSON json_t *json = NULL;
    cof_digest digest;
    cof_cse_head head;
    cof_path path;
    const char *key_text = NULL;
    size_t size = 0;
    read_whole(identity_path, &identity);
    read_whole(plain_path, &plain);
    assert_ok(cof_json_parse(cof_buf_view(&identity), BIG, &json, NULL));
    const json_t *data = json_object_get(json, "data");
    assert_ok(cof_rsa_from_jwk(json_object_get(data, "jwk"), &kit.owner, NULL));
    kit_write_cse(cof_buf_view(&plain), &blob, &digest);
    assert_ok(cof_cse_head_size(cof_buf_view(&blob), &size, NULL));
    assert_ok(cof_cse_head_parse(cof_view_of(blob.data, size), &head, NULL));
    assert_ok(cof_base64_encode(cof_view_of(head.wrapped, head.wrapped_size), &key, NULL));
    assert_ok(cof_buf_text(&key, &key_text, NULL));
    COF_JSON json_t *metadata =
        json_pack("{s:{s:s,s:s,s:s},s:{s:s,s:s},s:{s:i,s:i},s:s}", "WrappedContentKey", "KeyId",
                  text_of(data, "kid"), "EncryptedKey", key_text, "Algorithm", "RSA-OAEP-256",
                  "EncryptionAgent", "Protocol", "2.0", "EncryptionAlgorithm", "AES_GCM_256",
                  "EncryptedRegionInfo", "DataLength", (int)head.region_size, "NonceLength", 12,
                  "EncryptionMode", "FullBlob");
    assert_ok(cof_json_print(metadata, &text, NULL));
    assert_ok(cof_path_format(&path, NULL, "%s.json", blob_path));
    assert_ok(cof_write_file(path.text, cof_buf_view(&text), 0644, NULL));
    assert_ok(
        cof_write_file(blob_path, cof_view_of(blob.data + size, blob.size - size), 0644, NULL));
    return 0;
}

static int verify(const char *receipt_path, const char *log_path, const char *keys_path)
{
    COF_CLEANUP(cof_buf_free) cof_buf receipt = {0};
    COF_CLEANUP(cof_buf_free) cof_buf log = {0};
    read_whole(receipt_path, &receipt);
    read_whole(log_path, &log);
    COF_CLEANUP(cof_buf_free) cof_buf keys_text = {0};
    COF_CLEANUP(cof_jwks_drop_) cof_jwks *keys = NULL;
    cof_checks checks = {0};
    read_whole(keys_path, &keys_text);
    assert_ok(cof_jwks_parse(cof_buf_view(&keys_text), &keys, NULL));
    const cof_receipt_options options = {
        .now_unix_s = (int64_t)time(NULL), .token_keys = keys, .log = cof_buf_view(&log)};
    cof_err err = {0};
    const cof_status status =
        cof_receipt_verify(cof_buf_view(&receipt), &options, &checks, NULL, &err);
    for (size_t i = 0; i < checks.count; i++) {
        if (!checks.items[i].is_ok) {
            (void)printf("%s: expected %s, found %s\n", checks.items[i].name,
                         checks.items[i].expected, checks.items[i].actual);
        }
    }
    (void)printf("%s, %zu checks\n", cof_status_describe(status)->name, checks.count);
    return status == COF_OK ? 0 : 1;
}

static int open_result(const char *path, const char *key_path)
{
    COF_CLEANUP(cof_buf_free) cof_buf object = {0};
    COF_CLEANUP(cof_buf_free) cof_buf der = {0};
    COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = BIG};
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *key = NULL;
    COF_CLEANUP(cof_front_drop_) cof_front *front = NULL;
    COF_CLEANUP(cof_data_key_wipe) cof_data_key data_key = {{0}};
    cof_digest digest;
    char hex[65];
    size_t size = 0;
    read_whole(path, &object);
    read_whole(key_path, &der);
    assert_ok(cof_rsa_from_pkcs8(cof_buf_view(&der), &key, NULL));
    assert_ok(cof_front_size(cof_view_of(object.data, COF_SEAL_FIXED_SIZE), &size, NULL));
    assert_ok(cof_front_parse(cof_view_of(object.data, size), &front, NULL));
    assert_ok(cof_front_key_rsa(front, KIT_RECIPIENT_KID, key, &data_key, NULL));
    assert_ok(cof_open_bytes(cof_buf_view(&object), &data_key, NULL, &plain, NULL));
    assert_ok(cof_digest_of(cof_buf_view(&plain), &digest, NULL));
    cof_digest_text(&digest, hex);
    (void)printf("%zu %s\n", plain.size, hex);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "make") == 0) {
        return make(argv[2]);
    }
    if (argc == 5 && strcmp(argv[1], "verify") == 0) {
        return verify(argv[2], argv[3], argv[4]);
    }
    if (argc == 4 && strcmp(argv[1], "open") == 0) {
        return open_result(argv[2], argv[3]);
    }
    if (argc == 5 && strcmp(argv[1], "cse") == 0) {
        return write_cse(argv[2], argv[3], argv[4]);
    }
    if (argc == 6 && strcmp(argv[1], "ticket") == 0) {
        return make_ticket(argv + 2);
    }
    return 64;
}
