/*
 * Implementation notes.
 *
 * AES is OpenSSL's. What is checked here is what OpenSSL leaves to its caller: sizes, which of iv,
 * aad and tag an algorithm has, and that a failure looks the same whatever caused it. CBC is not
 * authenticated: who can have many changed ciphers decrypted learns the plaintext from which of
 * them open, whatever this code does (docs/formats/vault.md says so).
 */
#include "local/vault/crypt.h"

#include <string.h>

#include "local/vault/rsa_crypt.h"
#include "tcb/base/wipe.h"
#include "tcb/crypto/openssl.h"
#include "tcb/crypto/random.h"

enum { BLOCK_SIZE = 16, HALF_BLOCK = 8 };

static const char does_not_open[] = "the cipher does not open";

void cof_crypt_parts_init(cof_crypt_parts *parts)
{
    cof_buf_init(&parts->value, COF_CRYPT_VALUE_BYTES);
    cof_buf_init(&parts->iv, COF_CRYPT_IV_BYTES);
    cof_buf_init(&parts->aad, COF_CRYPT_VALUE_BYTES);
    cof_buf_init(&parts->tag, COF_CRYPT_TAG_BYTES);
}

void cof_crypt_parts_free(cof_crypt_parts *parts)
{
    cof_buf_free(&parts->value);
    cof_buf_free(&parts->iv);
    cof_buf_free(&parts->aad);
    cof_buf_free(&parts->tag);
}

static bool has_iv(const cof_algorithm *algorithm)
{
    return algorithm->scheme == COF_SCHEME_GCM || algorithm->scheme == COF_SCHEME_CBC ||
           algorithm->scheme == COF_SCHEME_CBC_PAD;
}

static size_t iv_size(const cof_algorithm *algorithm)
{
    return algorithm->scheme == COF_SCHEME_GCM ? COF_CRYPT_GCM_IV_BYTES : BLOCK_SIZE;
}

/* Members that an algorithm does not have are refused: a caller who sends aad thinks that it is
 * authenticated. */
static cof_status check_members(const cof_algorithm *algorithm, const cof_crypt_parts *in,
                                bool is_open, cof_err *err)
{
    const bool is_gcm = algorithm->scheme == COF_SCHEME_GCM;
    if (!has_iv(algorithm) && in->iv.size > 0) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s has no iv", algorithm->name);
    }
    if (has_iv(algorithm) && (is_open || in->iv.size > 0) && in->iv.size != iv_size(algorithm)) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s wants an iv of %zu bytes", algorithm->name,
                        iv_size(algorithm));
    }
    if (!is_gcm && in->aad.size > 0) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s has no aad", algorithm->name);
    }
    if ((!is_gcm || !is_open) && in->tag.size > 0) {
        return COF_FAIL(err, BAD_ARGUMENT, "a tag is for decrypting with AES-GCM");
    }
    if (is_gcm && is_open && in->tag.size != COF_CRYPT_TAG_BYTES) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s wants a tag of 16 bytes", algorithm->name);
    }
    return COF_OK;
}

/* OpenSSL names a cipher by the key's size and its mode. */
static const EVP_CIPHER *find_cipher(const cof_algorithm *algorithm, size_t key_size)
{
    const size_t at = key_size == 16 ? 0 : key_size == 24 ? 1 : 2;
    static const EVP_CIPHER *(*const gcm[])(void) = {EVP_aes_128_gcm, EVP_aes_192_gcm,
                                                     EVP_aes_256_gcm};
    static const EVP_CIPHER *(*const cbc[])(void) = {EVP_aes_128_cbc, EVP_aes_192_cbc,
                                                     EVP_aes_256_cbc};
    static const EVP_CIPHER *(*const kw[])(void) = {EVP_aes_128_wrap, EVP_aes_192_wrap,
                                                    EVP_aes_256_wrap};
    static const EVP_CIPHER *(*const kwp[])(void) = {EVP_aes_128_wrap_pad, EVP_aes_192_wrap_pad,
                                                     EVP_aes_256_wrap_pad};
    switch (algorithm->scheme) {
    case COF_SCHEME_GCM:
        return gcm[at]();
    case COF_SCHEME_CBC:
    case COF_SCHEME_CBC_PAD:
        return cbc[at]();
    case COF_SCHEME_KW:
        return kw[at]();
    case COF_SCHEME_KWP:
        return kwp[at]();
    case COF_SCHEME_OAEP:
    case COF_SCHEME_PKCS1:
    case COF_SCHEME_RS:
    case COF_SCHEME_PS:
    case COF_SCHEME_ES:
    case COF_SCHEME_HS:
        break;
    }
    return NULL;
}

static cof_status start(const cof_algorithm *algorithm, const cof_key_material *key, cof_view iv,
                        bool is_sealing, EVP_CIPHER_CTX **out, cof_err *err)
{
    const cof_view secret = cof_key_material_bytes(key);
    const EVP_CIPHER *cipher = find_cipher(algorithm, secret.size);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context != NULL) {
        EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    }
    if (context == NULL || cipher == NULL ||
        EVP_CipherInit_ex(context, cipher, NULL, secret.data, iv.size > 0 ? iv.data : NULL,
                          is_sealing ? 1 : 0) != 1 ||
        EVP_CIPHER_CTX_set_padding(context, algorithm->scheme == COF_SCHEME_CBC_PAD ? 1 : 0) != 1) {
        EVP_CIPHER_CTX_free(context);
        return COF_FAIL_OPENSSL(err, CRYPTO, "%s", algorithm->name);
    }
    *out = context;
    return COF_OK;
}

static bool add_aad(EVP_CIPHER_CTX *context, const cof_crypt_parts *in)
{
    int size = 0;
    return in->aad.size == 0 ||
           EVP_CipherUpdate(context, NULL, &size, in->aad.data, (int)in->aad.size) == 1;
}

/* All of value through the cipher; on failure nothing stays in out. */
static cof_status run(EVP_CIPHER_CTX *context, cof_view value, cof_buf *out, bool *out_done,
                      cof_err *err)
{
    uint8_t *place = NULL;
    int size = 0;
    int rest = 0;
    const size_t before = out->size;
    const size_t room = value.size + (size_t)2 * BLOCK_SIZE;
    COF_TRY(cof_buf_extend(out, room, &place, err));
    /* No bytes are none to update with: the modes of key wrap would take that for their end. */
    *out_done = (value.size == 0 ||
                 EVP_CipherUpdate(context, place, &size, value.data, (int)value.size) == 1) &&
                EVP_CipherFinal_ex(context, place + size, &rest) == 1;
    const size_t kept = *out_done ? (size_t)size + (size_t)rest : 0;
    cof_wipe(place + kept, room - kept);
    out->size = before + kept;
    return COF_OK;
}

static cof_status check_plain(const cof_algorithm *algorithm, size_t size, cof_err *err)
{
    if (algorithm->scheme == COF_SCHEME_CBC && (size == 0 || size % BLOCK_SIZE != 0)) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s wants whole blocks of 16 bytes", algorithm->name);
    }
    if (algorithm->scheme == COF_SCHEME_KW && (size < BLOCK_SIZE || size % HALF_BLOCK != 0)) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s wraps 16, 24, 32, … bytes", algorithm->name);
    }
    if (algorithm->scheme == COF_SCHEME_KWP && size == 0) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s wraps at least one byte", algorithm->name);
    }
    return COF_OK;
}

/* run() needs two blocks of room under the limit of what comes out. What may be encrypted is
 * shorter by as much again: a cipher is longer than its plaintext, and must open. */
static cof_status check_size(size_t size, bool is_open, cof_err *err)
{
    const size_t longest = COF_CRYPT_VALUE_BYTES - (is_open ? 2U : 4U) * BLOCK_SIZE;
    return size <= longest ? COF_OK : COF_FAIL(err, BAD_ARGUMENT, "value is too long");
}

static cof_status make_iv(const cof_algorithm *algorithm, const cof_crypt_parts *in,
                          cof_crypt_parts *out, cof_err *err)
{
    uint8_t *place = NULL;
    if (!has_iv(algorithm)) {
        return COF_OK;
    }
    if (in->iv.size > 0) {
        return cof_buf_append(&out->iv, cof_buf_view(&in->iv), err);
    }
    COF_TRY(cof_buf_extend(&out->iv, iv_size(algorithm), &place, err));
    return cof_random((cof_span){place, iv_size(algorithm)}, err);
}

static cof_status take_tag(EVP_CIPHER_CTX *context, cof_buf *out, cof_err *err)
{
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(out, COF_CRYPT_TAG_BYTES, &place, err));
    return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, COF_CRYPT_TAG_BYTES, place) == 1
               ? COF_OK
               : COF_FAIL_OPENSSL(err, CRYPTO, "AES-GCM");
}

cof_status cof_crypt_seal(const cof_algorithm *algorithm, const cof_key_material *key,
                          const cof_crypt_parts *in, cof_crypt_parts *out, cof_err *err)
{
    COF_CLEANUP(EVP_CIPHER_CTX_drop_) EVP_CIPHER_CTX *context = NULL;
    bool is_done = false;
    COF_TRY(check_members(algorithm, in, false, err));
    if (algorithm->type == COF_KEY_RSA) {
        return cof_rsa_crypt_seal(algorithm, key, cof_buf_view(&in->value), &out->value, err);
    }
    COF_TRY(check_size(in->value.size, false, err));
    COF_TRY(check_plain(algorithm, in->value.size, err));
    COF_TRY(make_iv(algorithm, in, out, err));
    COF_TRY(start(algorithm, key, cof_buf_view(&out->iv), true, &context, err));
    if (!add_aad(context, in)) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "%s", algorithm->name);
    }
    COF_TRY(run(context, cof_buf_view(&in->value), &out->value, &is_done, err));
    if (!is_done) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "%s", algorithm->name);
    }
    return algorithm->scheme == COF_SCHEME_GCM ? take_tag(context, &out->tag, err) : COF_OK;
}

/* The least that a cipher of a scheme has. */
static bool is_cipher_size(const cof_algorithm *algorithm, size_t size)
{
    switch (algorithm->scheme) {
    case COF_SCHEME_CBC:
    case COF_SCHEME_CBC_PAD:
        return size > 0 && size % BLOCK_SIZE == 0;
    case COF_SCHEME_KW:
        return size >= BLOCK_SIZE + HALF_BLOCK && size % HALF_BLOCK == 0;
    case COF_SCHEME_KWP:
        return size >= BLOCK_SIZE && size % HALF_BLOCK == 0;
    case COF_SCHEME_GCM:
    case COF_SCHEME_OAEP:
    case COF_SCHEME_PKCS1:
    case COF_SCHEME_RS:
    case COF_SCHEME_PS:
    case COF_SCHEME_ES:
    case COF_SCHEME_HS:
        break;
    }
    return true;
}

cof_status cof_crypt_open(const cof_algorithm *algorithm, const cof_key_material *key,
                          const cof_crypt_parts *in, cof_crypt_parts *out, cof_err *err)
{
    COF_CLEANUP(EVP_CIPHER_CTX_drop_) EVP_CIPHER_CTX *context = NULL;
    uint8_t tag[COF_CRYPT_TAG_BYTES];
    bool is_done = false;
    COF_TRY(check_members(algorithm, in, true, err));
    if (algorithm->type == COF_KEY_RSA) {
        return cof_rsa_crypt_open(algorithm, key, cof_buf_view(&in->value), &out->value, err);
    }
    COF_TRY(check_size(in->value.size, true, err));
    if (!is_cipher_size(algorithm, in->value.size)) {
        return COF_FAIL(err, KEY_MISMATCH, does_not_open);
    }
    COF_TRY(start(algorithm, key, cof_buf_view(&in->iv), false, &context, err));
    if (algorithm->scheme == COF_SCHEME_GCM) {
        memcpy(tag, in->tag.data, sizeof tag); /* OpenSSL's parameter is not const */
        if (EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) != 1 ||
            !add_aad(context, in)) {
            return COF_FAIL_OPENSSL(err, CRYPTO, "%s", algorithm->name);
        }
    }
    COF_TRY(run(context, cof_buf_view(&in->value), &out->value, &is_done, err));
    return is_done ? COF_OK : COF_FAIL_OPENSSL(err, KEY_MISMATCH, does_not_open);
}
