#include "tcb/crypto/keywrap.h"

#include <string.h>

#include "tcb/base/limits.h"
#include "tcb/crypto/openssl.h"

enum { BLOCK = 8 }; /* RFC 3394 counts in half blocks of AES */

/*
 * One call does the whole: out has room for in.size + 2 * BLOCK bytes, and is wiped on failure.
 * Wrapping fails with CRYPTO; so does unwrapping that cannot start, while bytes that do not unwrap
 * are KEY_MISMATCH.
 */
static cof_status run(const char *cipher_name, bool is_wrapping, const uint8_t key[static 32],
                      cof_view in, uint8_t *out, size_t *out_size, cof_err *err)
{
    COF_CLEANUP(EVP_CIPHER_drop_) EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, cipher_name, NULL);
    COF_CLEANUP(EVP_CIPHER_CTX_drop_) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (cipher == NULL || context == NULL) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "AES key wrap");
    }
    EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    if (EVP_CipherInit_ex2(context, cipher, key, NULL, is_wrapping, NULL) != 1) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "AES key wrap");
    }
    int size = 0;
    int rest = 0;
    if (EVP_CipherUpdate(context, out, &size, in.data, (int)in.size) != 1 || size <= 0 ||
        EVP_CipherFinal_ex(context, out + size, &rest) != 1 || rest != 0) {
        cof_wipe(out, in.size + (size_t)2 * BLOCK);
        return is_wrapping ? COF_FAIL_OPENSSL(err, CRYPTO, "AES key wrap")
                           : COF_FAIL_OPENSSL(err, KEY_MISMATCH, "AES key unwrap");
    }
    *out_size = (size_t)size;
    return COF_OK;
}

cof_status cof_data_key_wrap(const cof_wrap_key *wrap, const cof_data_key *key,
                             uint8_t out[static COF_WRAPPED_DATA_KEY_SIZE], cof_err *err)
{
    uint8_t wrapped[sizeof key->bytes + (size_t)2 * BLOCK];
    size_t size = 0;
    COF_TRY(run("AES-256-WRAP", true, wrap->bytes, cof_view_of(key->bytes, sizeof key->bytes),
                wrapped, &size, err));
    if (size != COF_WRAPPED_DATA_KEY_SIZE) {
        return COF_FAIL(err, CRYPTO, "AES key wrap of %zu bytes", size);
    }
    memcpy(out, wrapped, COF_WRAPPED_DATA_KEY_SIZE);
    return COF_OK;
}

cof_status cof_data_key_unwrap(const cof_wrap_key *wrap,
                               const uint8_t wrapped[static COF_WRAPPED_DATA_KEY_SIZE],
                               cof_data_key *out, cof_err *err)
{
    uint8_t plain[COF_WRAPPED_DATA_KEY_SIZE + (size_t)2 * BLOCK];
    size_t size = 0;
    COF_TRY(run("AES-256-WRAP", false, wrap->bytes, cof_view_of(wrapped, COF_WRAPPED_DATA_KEY_SIZE),
                plain, &size, err));
    const bool is_key = size == sizeof out->bytes;
    if (is_key) {
        memcpy(out->bytes, plain, sizeof out->bytes);
    }
    cof_wipe(plain, sizeof plain);
    return is_key ? COF_OK : COF_FAIL(err, KEY_MISMATCH, "AES key unwrap of %zu bytes", size);
}

/*
 * OpenSSL writes whole blocks, padding too, before it looks at them: so not into out, whose limit
 * is for the result.
 */
static cof_status run_padded(bool is_wrapping, const uint8_t key[static 32], cof_view in,
                             cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf room = {0};
    cof_buf_init(&room, in.size + (size_t)2 * BLOCK);
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(&room, in.size + (size_t)2 * BLOCK, &place, err));
    size_t size = 0;
    COF_TRY(run("AES-256-WRAP-PAD", is_wrapping, key, in, place, &size, err));
    return cof_buf_append(out, cof_view_of(place, size), err);
}

cof_status cof_kwp_wrap(const uint8_t key[static 32], cof_view material, cof_buf *out, cof_err *err)
{
    if (material.size == 0 || material.size > COF_LIMIT_RELEASE_BYTES) {
        return COF_FAIL(err, BAD_ARGUMENT, "%zu bytes to wrap", material.size);
    }
    return run_padded(true, key, material, out, err);
}

cof_status cof_kwp_unwrap(const uint8_t key[static 32], cof_view wrapped, cof_buf *out,
                          cof_err *err)
{
    if (wrapped.size < (size_t)2 * BLOCK || wrapped.size % BLOCK != 0 ||
        wrapped.size > COF_LIMIT_RELEASE_BYTES + (size_t)2 * BLOCK) {
        return COF_FAIL(err, KEY_MISMATCH, "%zu bytes are no wrapped key", wrapped.size);
    }
    return run_padded(false, key, wrapped, out, err);
}
