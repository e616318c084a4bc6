#include "tcb/crypto/openssl.h"

#include "tcb/base/limits.h"

bool cof_openssl_ran_out_of_memory(void)
{
    bool ran_out = false;
    for (unsigned long code = ERR_get_error(); code != 0; code = ERR_get_error()) {
        ran_out = ran_out || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
    }
    return ran_out;
}

cof_status cof_pkey_from_pkcs8(cof_view der, EVP_PKEY **out, cof_err *err)
{
    if (der.size == 0 || der.size > COF_LIMIT_RELEASE_BYTES) {
        return COF_FAIL(err, BAD_KEY, "a PKCS#8 key of %zu bytes", der.size);
    }
    const uint8_t *position = der.data;
    COF_CLEANUP(PKCS8_PRIV_KEY_INFO_drop_)
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &position, (long)der.size);
    if (info == NULL) {
        return COF_FAIL_OPENSSL(err, BAD_KEY, "not a PKCS#8 key");
    }
    if (position != der.data + der.size) {
        return COF_FAIL(err, BAD_KEY, "%zu bytes after the PKCS#8 key",
                        (size_t)(der.data + der.size - position));
    }
    EVP_PKEY *pkey = EVP_PKCS82PKEY(info);
    if (pkey == NULL) {
        return COF_FAIL_OPENSSL(err, BAD_KEY, "the key inside PKCS#8 is not valid");
    }
    *out = pkey;
    return COF_OK;
}

cof_status cof_pkey_to_pkcs8(const EVP_PKEY *pkey, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(PKCS8_PRIV_KEY_INFO_drop_) PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
    const int size = info == NULL ? 0 : i2d_PKCS8_PRIV_KEY_INFO(info, NULL);
    if (size <= 0) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "PKCS#8 encoding");
    }
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(out, (size_t)size, &place, err));
    if (i2d_PKCS8_PRIV_KEY_INFO(info, &place) != size) {
        out->size -= (size_t)size;
        return COF_FAIL_OPENSSL(err, CRYPTO, "PKCS#8 encoding");
    }
    return COF_OK;
}

bool cof_pkey_has(const EVP_PKEY *pkey, const char *parameter)
{
    COF_CLEANUP(BIGNUM_drop_) BIGNUM *number = NULL;
    const bool has = EVP_PKEY_get_bn_param(pkey, parameter, &number) == 1;
    ERR_clear_error();
    return has;
}

cof_status cof_pkey_from_params(const char *algorithm, OSSL_PARAM_BLD *parts, EVP_PKEY **out,
                                cof_err *err)
{
    COF_CLEANUP(OSSL_PARAM_drop_) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(parts);
    COF_CLEANUP(EVP_PKEY_CTX_drop_)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, algorithm, NULL);
    if (params == NULL || context == NULL || EVP_PKEY_fromdata_init(context) != 1) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "%s key", algorithm);
    }
    EVP_PKEY *pkey = NULL;
    if (EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        return COF_FAIL_OPENSSL(err, BAD_KEY, "not a valid %s public key", algorithm);
    }
    *out = pkey;
    return COF_OK;
}

cof_status cof_pkey_sign(EVP_PKEY *pkey, cof_view bytes, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(EVP_MD_CTX_drop_) EVP_MD_CTX *context = EVP_MD_CTX_new();
    /* The bound that the key knows, not one that EVP_DigestSign is asked for: short of memory, that
     * one is 0. */
    const int bound = EVP_PKEY_get_size(pkey);
    if (context == NULL || bound <= 0 ||
        EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, pkey, NULL) != 1) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "signing");
    }
    size_t size = (size_t)bound;
    const size_t before = out->size;
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(out, size, &place, err));
    const bool is_signed =
        EVP_DigestSign(context, place, &size, cof_openssl_data(bytes), bytes.size) == 1;
    out->size =
        is_signed ? before + size : before; /* a DER signature may be shorter than its bound */
    return is_signed ? COF_OK : COF_FAIL_OPENSSL(err, CRYPTO, "signing");
}

cof_status cof_pkey_verify(EVP_PKEY *pkey, cof_view bytes, cof_view signature, cof_err *err)
{
    COF_CLEANUP(EVP_MD_CTX_drop_) EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL ||
        EVP_DigestVerifyInit_ex(context, NULL, "SHA256", NULL, NULL, pkey, NULL) != 1) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "verifying a signature");
    }
    if (EVP_DigestVerify(context, cof_openssl_data(signature), signature.size,
                         cof_openssl_data(bytes), bytes.size) != 1) {
        return COF_FAIL_OPENSSL(err, BAD_SIGNATURE, "signature of %zu bytes", signature.size);
    }
    return COF_OK;
}
