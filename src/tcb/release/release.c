#include "tcb/release/release.h"

#include "tcb/base/limits.h"
#include "tcb/base/wipe.h"
#include "tcb/crypto/keywrap.h"

enum { WRAPPING_KEY_SIZE = 32, KWP_OVERHEAD = 8, KWP_BLOCK = 8 };

/* How the envelope is cut is public: sizes alone decide. */
static cof_status split(cof_view wrapped, size_t modulus_size, cof_view *out_sealed_key,
                        cof_view *out_material, cof_err *err)
{
    if (wrapped.size > COF_LIMIT_RELEASE_BYTES) {
        return COF_FAIL(err, LIMIT, "released key of %zu bytes", wrapped.size);
    }
    if (wrapped.size < modulus_size + KWP_OVERHEAD + KWP_BLOCK ||
        (wrapped.size - modulus_size) % KWP_BLOCK != 0) {
        return COF_FAIL(err, BAD_FORMAT, "released key of %zu bytes for a modulus of %zu",
                        wrapped.size, modulus_size);
    }
    *out_sealed_key = cof_view_of(wrapped.data, modulus_size);
    *out_material = cof_view_of(wrapped.data + modulus_size, wrapped.size - modulus_size);
    return COF_OK;
}

/*
 * Whatever does not open gives KEY_MISMATCH and no more: whether the RSA part or the AES part
 * failed is nothing that a host who tries envelopes should learn.
 */
static cof_status open_envelope(const cof_rsa_key *transfer, cof_oaep_hash hash,
                                cof_view sealed_key, cof_view material, cof_buf *out_der,
                                cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf key = {0};
    cof_buf_init(&key, cof_rsa_size(transfer)); /* libcrypto may ask room for a whole modulus */
    COF_TRY(cof_rsa_decrypt(transfer, hash, sealed_key, &key, err));
    if (key.size != WRAPPING_KEY_SIZE) {
        return COF_FAIL(err, KEY_MISMATCH, "the released key does not open");
    }
    return cof_kwp_unwrap(key.data, material, out_der, err);
}

cof_status cof_release_unwrap(const cof_rsa_key *transfer, uint8_t algorithm, cof_view wrapped,
                              cof_rsa_key **out_kek, cof_err *err)
{
    if (algorithm != COF_RELEASE_RSA_AES_KEY_WRAP &&
        algorithm != COF_RELEASE_RSA_AES_KEY_WRAP_256) {
        return COF_FAIL(err, UNSUPPORTED, "key wrap algorithm %u", algorithm);
    }
    if (!cof_rsa_has_private(transfer)) {
        return COF_FAIL(err, BAD_ARGUMENT, "the transfer key is a public key");
    }
    cof_view sealed_key = {0};
    cof_view material = {0};
    COF_TRY(split(wrapped, cof_rsa_size(transfer), &sealed_key, &material, err));
    const cof_oaep_hash hash =
        algorithm == COF_RELEASE_RSA_AES_KEY_WRAP ? COF_OAEP_SHA1 : COF_OAEP_SHA256;
    COF_CLEANUP(cof_buf_free) cof_buf der = {0};
    cof_buf_init(&der, COF_LIMIT_RELEASE_BYTES);
    COF_TRY(open_envelope(transfer, hash, sealed_key, material, &der, err));
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *kek = NULL;
    COF_TRY(cof_rsa_from_pkcs8(cof_buf_view(&der), &kek, err));
    if (!cof_rsa_has_private(kek)) {
        return COF_FAIL(err, BAD_KEY, "the released key is a public key");
    }
    *out_kek = cof_rsa_key_take(&kek);
    return COF_OK;
}
