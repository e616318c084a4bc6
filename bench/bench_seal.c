/*
 * Sealing and opening of files, to be timed as whole processes by bench/seal:
 *
 * bench_seal key KEY: makes an RSA-3072 key (PKCS#8 DER).
 * bench_seal seal KEY PLAIN SEALED: seals a file.
 * bench_seal open KEY SEALED: opens a sealed file to standard output.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/store/seal_file.h"

static cof_status read_key(const char *path, cof_rsa_key **out, cof_err *err)
{
    uint8_t der[8192];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return COF_FAIL_ERRNO(err, errno, "reading the key");
    }
    const size_t size = fread(der, 1, sizeof der, file);
    (void)fclose(file);
    const cof_status status = cof_rsa_from_pkcs8(cof_view_of(der, size), out, err);
    cof_wipe(der, sizeof der);
    return status;
}

static cof_status make_key(const char *path, cof_err *err)
{
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *key = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = 8192};
    COF_TRY(cof_rsa_generate(3072, &key, err));
    COF_TRY(cof_rsa_to_pkcs8(key, &der, err));
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(der.data, 1, der.size, file) != der.size || fclose(file) != 0) {
        return COF_FAIL_ERRNO(err, errno, "writing the key");
    }
    return COF_OK;
}

static cof_status seal(const char *key_path, const char *plain, const char *sealed, cof_err *err)
{
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *key = NULL;
    COF_TRY(read_key(key_path, &key, err));
    const cof_recipient recipient = {.kid = "bench", .rsa = key};
    const cof_seal_request request = {.header = {.kind = COF_SEAL_DATASET, .name = "bench"},
                                      .recipients = &recipient,
                                      .recipient_count = 1};
    cof_sealed_file made = {0};
    return cof_seal_file(plain, &request, sealed, &made, err);
}

static cof_status find_key(void *context, const cof_front *front, cof_data_key *out, cof_err *err)
{
    return cof_front_key_rsa(front, "bench", context, out, err);
}

static cof_status write_out(void *context, cof_view plain, cof_err *err)
{
    (void)context;
    for (size_t done = 0; done < plain.size;) {
        const ssize_t n = write(STDOUT_FILENO, plain.data + done, plain.size - done);
        if (n < 0) {
            return COF_FAIL_ERRNO(err, errno, "writing");
        }
        done += (size_t)n;
    }
    return COF_OK;
}

static cof_status open_sealed(const char *key_path, const char *sealed, cof_err *err)
{
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *key = NULL;
    COF_TRY(read_key(key_path, &key, err));
    const cof_open_request request = {.key = find_key, .key_context = key};
    return cof_open_file_to(sealed, &request, write_out, NULL, err);
}

int main(int argc, char **argv)
{
    cof_err err = {0};
    cof_status status = COF_E_USAGE;
    if (argc == 3 && strcmp(argv[1], "key") == 0) {
        status = make_key(argv[2], &err);
    } else if (argc == 5 && strcmp(argv[1], "seal") == 0) {
        status = seal(argv[2], argv[3], argv[4], &err);
    } else if (argc == 4 && strcmp(argv[1], "open") == 0) {
        status = open_sealed(argv[2], argv[3], &err);
    }
    if (status != COF_OK) {
        (void)fprintf(stderr, "%s: %s\n", cof_status_describe(status)->name, err.detail);
        return cof_status_describe(status)->exit_code;
    }
    return 0;
}
