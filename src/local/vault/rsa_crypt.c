/*
 * Implementation notes.
 *
 * RSAES-PKCS1-v1_5 is opened with implicit rejection (draft-irtf-cfrg-rsa-guidance section 7): the
 * private operation alone is OpenSSL's; here, in time that does not depend on the padding, either
 * the message or bytes drawn from the private key and the cipher are chosen. What is drawn is the
 * same for the same cipher, and has a length that is drawn too, so that an answer does not show
 * whether the padding was right. OpenSSL 3.2 does alike; older versions, which are supported, do
 * not.
 */
#include "local/vault/rsa_crypt.h"

#include <openssl/rsa.h>
#include <string.h>

#include "tcb/base/wipe.h"
#include "tcb/crypto/digest.h"
#include "tcb/crypto/openssl.h"

enum {
    MODULUS_SIZE_MAX = 512,
    PADDING_SIZE = 11, /* 00 02, at least 8 bytes, 00 */
    LENGTH_DRAWS = 128,
    PKCS8_BYTES = 8 * 1024
};

static bool set_oaep(EVP_PKEY_CTX *context, const char *hash)
{
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md_name(context, hash, NULL) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, hash, NULL) == 1;
}

/* hash NULL: PKCS#1 v1.5 */
static cof_status seal(EVP_PKEY *pkey, const char *hash, cof_view value, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(EVP_PKEY_CTX_drop_)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    if (context == NULL || EVP_PKEY_encrypt_init(context) != 1 ||
        !(hash != NULL ? set_oaep(context, hash)
                       : EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1)) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "RSA encryption");
    }
    uint8_t cipher[MODULUS_SIZE_MAX];
    size_t size = sizeof cipher;
    if (EVP_PKEY_encrypt(context, cipher, &size, cof_openssl_data(value), value.size) != 1) {
        return COF_FAIL_OPENSSL(err, BAD_ARGUMENT, "value is too long for the key");
    }
    return cof_buf_append(out, cof_view_of(cipher, size), err);
}

cof_status cof_rsa_oaep_seal(EVP_PKEY *pkey, const char *hash, cof_view value, cof_buf *out,
                             cof_err *err)
{
    return seal(pkey, hash, value, out, err);
}

cof_status cof_rsa_crypt_seal(const cof_algorithm *algorithm, const cof_key_material *key,
                              cof_view value, cof_buf *out, cof_err *err)
{
    return seal(cof_key_material_evp(key), algorithm->hash, value, out, err);
}

/* All ones when it holds, else zero; without a branch. */
static uint32_t mask_if_zero(uint32_t x)
{
    return (uint32_t)0 - ((~x & (x - 1)) >> 31);
}

static uint32_t mask_if_less(uint32_t a, uint32_t b) /* both under 2^31 */
{
    return (uint32_t)0 - ((a - b) >> 31);
}

static uint32_t pick(uint32_t mask, uint32_t yes, uint32_t no)
{
    return (mask & yes) | (~mask & no);
}

/* What takes a message's place: k bytes, and a length up to k - 11. */
static cof_status draw(EVP_PKEY *pkey, cof_view cipher, uint8_t *out_bytes, uint32_t *out_size,
                       cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf secret = {.limit = PKCS8_BYTES};
    const uint32_t longest = (uint32_t)(cipher.size - PADDING_SIZE);
    uint8_t draws[2 * LENGTH_DRAWS];
    uint32_t bits = longest;
    COF_TRY(cof_pkey_to_pkcs8(pkey, &secret, err));
    COF_TRY(cof_hkdf(cof_buf_view(&secret), cipher, cof_view_text("coffer RSA1_5 message"),
                     (cof_span){out_bytes, cipher.size}, err));
    COF_TRY(cof_hkdf(cof_buf_view(&secret), cipher, cof_view_text("coffer RSA1_5 length"),
                     (cof_span){draws, sizeof draws}, err));
    bits |= bits >> 1;
    bits |= bits >> 2;
    bits |= bits >> 4;
    bits |= bits >> 8;
    *out_size = 0;
    for (size_t i = 0; i < LENGTH_DRAWS; i++) {
        const uint32_t candidate = (((uint32_t)draws[2 * i] << 8) | draws[2 * i + 1]) & bits;
        *out_size = pick(mask_if_less(candidate, longest + 1), candidate, *out_size);
    }
    cof_wipe(draws, sizeof draws);
    return COF_OK;
}

/*
 * em is 00 02 || nonzero bytes || 00 || message. Gives the place where the answer begins in place,
 * which gets the message, or what was drawn, at its end.
 */
static void choose(const uint8_t *em, const uint8_t *drawn, uint32_t drawn_size, uint32_t k,
                   uint8_t *place, uint32_t *out_start)
{
    uint32_t is_good = mask_if_zero(em[0]) & mask_if_zero(em[1] ^ 2U);
    uint32_t zero_at = 0;
    for (uint32_t i = 2; i < k; i++) {
        const uint32_t is_first = mask_if_zero(zero_at) & mask_if_zero(em[i]);
        zero_at = pick(is_first, i, zero_at);
    }
    is_good &= ~mask_if_less(zero_at, PADDING_SIZE - 1);
    for (uint32_t i = 0; i < k; i++) {
        place[i] = (uint8_t)pick(is_good, em[i], drawn[i]);
    }
    *out_start = pick(is_good, zero_at + 1, k - drawn_size);
}

static cof_status open_pkcs1(EVP_PKEY *pkey, cof_view cipher, const uint8_t *em, cof_buf *out,
                             cof_err *err)
{
    uint8_t drawn[MODULUS_SIZE_MAX];
    uint8_t chosen[MODULUS_SIZE_MAX];
    uint32_t drawn_size = 0;
    uint32_t start = 0;
    COF_TRY(draw(pkey, cipher, drawn, &drawn_size, err));
    choose(em, drawn, drawn_size, (uint32_t)cipher.size, chosen, &start);
    const cof_status status =
        cof_buf_append(out, cof_view_of(chosen + start, cipher.size - start), err);
    cof_wipe(drawn, sizeof drawn);
    cof_wipe(chosen, sizeof chosen);
    return status;
}

cof_status cof_rsa_crypt_open(const cof_algorithm *algorithm, const cof_key_material *key,
                              cof_view cipher, cof_buf *out, cof_err *err)
{
    EVP_PKEY *pkey = cof_key_material_evp(key);
    if (cipher.size != (size_t)EVP_PKEY_get_size(pkey) || cipher.size > MODULUS_SIZE_MAX) {
        return COF_FAIL(err, KEY_MISMATCH, "the cipher does not open");
    }
    COF_CLEANUP(EVP_PKEY_CTX_drop_)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    if (context == NULL || EVP_PKEY_decrypt_init(context) != 1 ||
        !(algorithm->scheme == COF_SCHEME_OAEP
              ? set_oaep(context, algorithm->hash)
              : EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1)) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "%s", algorithm->name);
    }
    uint8_t plain[MODULUS_SIZE_MAX];
    size_t size = sizeof plain;
    cof_status status = COF_OK;
    if (EVP_PKEY_decrypt(context, plain, &size, cipher.data, cipher.size) != 1) {
        status = COF_FAIL_OPENSSL(err, KEY_MISMATCH, "the cipher does not open");
    } else if (algorithm->scheme == COF_SCHEME_PKCS1) {
        status = open_pkcs1(pkey, cipher, plain, out, err);
    } else {
        status = cof_buf_append(out, cof_view_of(plain, size), err);
    }
    cof_wipe(plain, sizeof plain);
    return status;
}
