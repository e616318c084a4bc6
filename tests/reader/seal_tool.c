/*
 * Coffer's side of the test with the independent reader (check_reader.py):
 *
 * seal_tool make FOLDER: keys, sealed objects of several sizes, a checkpoint; prints JSON lines.
 * seal_tool unwrap KEY ALGORITHM FILE OUT: a released key from somebody else's envelope.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcb/release/job_key.h"
#include "tcb/release/release.h"
#include "tcb/seal/seal.h"

enum { PATH_SIZE = 1024, FILE_LIMIT = 1 << 24 };

static cof_status write_file(const char *path, cof_view bytes, cof_err *err)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        return COF_FAIL(err, IO, "%s", path);
    }
    const size_t written = fwrite(bytes.data, 1, bytes.size, file);
    return fclose(file) == 0 && written == bytes.size ? COF_OK : COF_FAIL(err, IO, "%s", path);
}

static cof_status read_file(const char *path, cof_buf *out, cof_err *err)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return COF_FAIL(err, IO, "%s", path);
    }
    uint8_t piece[4096];
    cof_status status = COF_OK;
    size_t size = 0;
    while (status == COF_OK && (size = fread(piece, 1, sizeof piece, file)) > 0) {
        status = cof_buf_append(out, cof_view_of(piece, size), err);
    }
    (void)fclose(file);
    return status;
}

static cof_status write_in(const char *folder, const char *name, cof_view bytes, cof_err *err)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return write_file(path, bytes, err);
}

static cof_status make_key(const char *folder, const char *name, unsigned bits, cof_rsa_key **out,
                           cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = 8192};
    COF_TRY(cof_rsa_generate(bits, out, err));
    COF_TRY(cof_rsa_to_pkcs8(*out, &der, err));
    return write_in(folder, name, cof_buf_view(&der), err);
}

/* Seals size bytes that follow a simple rule: byte i is i * 7 + size. */
static cof_status make_object(const char *folder, const cof_seal_header *header, size_t size,
                              const cof_recipient *recipients, size_t count, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = FILE_LIMIT};
    COF_CLEANUP(cof_buf_free) cof_buf object = {.limit = FILE_LIMIT};
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(&plain, size, &place, err));
    for (size_t i = 0; i < size; i++) {
        place[i] = (uint8_t)(i * 7 + size);
    }
    cof_digest digest = {0};
    COF_TRY(cof_seal_bytes(header, recipients, count, cof_buf_view(&plain), &object, &digest, err));
    char name[64];
    char hex[2 * COF_DIGEST_SIZE + 1];
    (void)snprintf(name, sizeof name, "%d-%zu.sealed", (int)header->kind, size);
    cof_digest_text(&digest, hex);
    (void)printf("{\"file\":\"%s\",\"kind\":%d,\"size\":%zu,\"digest\":\"%s\"}\n", name,
                 (int)header->kind, size, hex);
    return write_in(folder, name, cof_buf_view(&object), err);
}

static cof_status make(const char *folder, cof_err *err)
{
    static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 196608, 300001};
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *alice = NULL;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *bob = NULL;
    COF_TRY(make_key(folder, "alice.der", 2048, &alice, err));
    COF_TRY(make_key(folder, "bob.der", 3072, &bob, err));
    const cof_recipient both[] = {{.kid = "https://vault/keys/alice/1", .rsa = alice},
                                  {.kid = "https://vault/keys/bob/1", .rsa = bob}};
    cof_seal_header header = {.kind = COF_SEAL_DATASET, .name = "Zellen \xc3\xa4\xe2\x82\xac"};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        COF_TRY(make_object(folder, &header, sizes[i], both, 2, err));
    }
    header.kind = COF_SEAL_CHECKPOINT;
    memset(header.context.bytes, 0x5a, sizeof header.context.bytes);
    COF_CLEANUP(cof_wrap_key_wipe) cof_wrap_key wrap = {0};
    const cof_rsa_key *owners[] = {alice, bob};
    COF_TRY(cof_job_key_derive(owners, 2, &header.context, &wrap, err));
    const cof_recipient job = {.kid = "job", .wrap = &wrap};
    return make_object(folder, &header, 70000, &job, 1, err);
}

static cof_status unwrap(char **arguments, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = FILE_LIMIT};
    COF_CLEANUP(cof_buf_free) cof_buf wrapped = {.limit = FILE_LIMIT};
    COF_CLEANUP(cof_buf_free) cof_buf released = {.limit = FILE_LIMIT};
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *transfer = NULL;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *kek = NULL;
    COF_TRY(read_file(arguments[0], &der, err));
    COF_TRY(cof_rsa_from_pkcs8(cof_buf_view(&der), &transfer, err));
    COF_TRY(read_file(arguments[2], &wrapped, err));
    const uint8_t algorithm = arguments[1][0] == '1' ? 1 : 2;
    COF_TRY(cof_release_unwrap(transfer, algorithm, cof_buf_view(&wrapped), &kek, err));
    COF_TRY(cof_rsa_to_pkcs8(kek, &released, err));
    return write_file(arguments[3], cof_buf_view(&released), err);
}

int main(int argc, char **argv)
{
    cof_err err = {0};
    cof_status status = COF_E_USAGE;
    if (argc == 3 && strcmp(argv[1], "make") == 0) {
        status = make(argv[2], &err);
    } else if (argc == 6 && strcmp(argv[1], "unwrap") == 0) {
        status = unwrap(argv + 2, &err);
    }
    if (status != COF_OK) {
        (void)fprintf(stderr, "%s: %s\n", cof_status_describe(status)->name, err.detail);
        return 1;
    }
    return 0;
}
