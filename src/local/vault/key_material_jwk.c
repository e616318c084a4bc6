/*
 * A private key from a JWK (RFC 7517; RFC 7518 section 6).
 *
 * Every part must be there, and all must belong together: a key whose parts do not would sign or
 * open wrongly, or tell its secret by doing so. The check tests RSA primes too, which takes a while
 * and is done once, at import.
 */
#include <openssl/core_names.h>
#include <string.h>

#include "local/vault/key_material_internal.h"
#include "tcb/base/wipe.h"
#include "tcb/wire/json.h"

enum { NUMBER_BYTES = 512, OCT_BYTES = 32, PKCS8_BYTES = 8 * 1024, PARTS_MAX = 8 };

/* A member that is a number, and the parameter of OpenSSL that it becomes. */
typedef struct part {
    const char *member;
    const char *parameter;
} part;

static const part rsa_parts[PARTS_MAX] = {
    {"n", OSSL_PKEY_PARAM_RSA_N},          {"e", OSSL_PKEY_PARAM_RSA_E},
    {"d", OSSL_PKEY_PARAM_RSA_D},          {"p", OSSL_PKEY_PARAM_RSA_FACTOR1},
    {"q", OSSL_PKEY_PARAM_RSA_FACTOR2},    {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1},
    {"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2}, {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1},
};

static cof_status read_bytes(const json_t *jwk, const char *name, cof_buf *out, cof_err *err)
{
    const cof_status status = cof_json_get_base64url(jwk, name, out, NULL);
    if (status == COF_OK || status == COF_E_NO_MEMORY) {
        return status;
    }
    return COF_FAIL(err, BAD_KEY, "key.%s is missing, too long or not base64url", name);
}

static cof_status read_number(const json_t *jwk, const char *name, BIGNUM **out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = NUMBER_BYTES};
    COF_TRY(read_bytes(jwk, name, &bytes, err));
    if (bytes.size == 0) {
        return COF_FAIL(err, BAD_KEY, "key.%s is empty", name);
    }
    BIGNUM *number = BN_bin2bn(bytes.data, (int)bytes.size, NULL);
    if (number == NULL) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "key");
    }
    *out = number;
    return COF_OK;
}

static cof_status make_pair(const char *algorithm, OSSL_PARAM_BLD *parts, EVP_PKEY **out,
                            cof_err *err)
{
    COF_CLEANUP(OSSL_PARAM_drop_) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(parts);
    COF_CLEANUP(EVP_PKEY_CTX_drop_)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, algorithm, NULL);
    COF_CLEANUP(EVP_PKEY_drop_) EVP_PKEY *pkey = NULL;
    if (params == NULL || context == NULL || EVP_PKEY_fromdata_init(context) != 1) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "key");
    }
    if (EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_KEYPAIR, params) != 1) {
        return COF_FAIL_OPENSSL(err, BAD_KEY, "the parts of the key do not make a key");
    }
    *out = EVP_PKEY_take(&pkey);
    return COF_OK;
}

static cof_status check_pair(EVP_PKEY *pkey, cof_err *err)
{
    COF_CLEANUP(EVP_PKEY_CTX_drop_)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    if (context == NULL) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "key");
    }
    if (EVP_PKEY_check(context) != 1) {
        return COF_FAIL_OPENSSL(err, BAD_KEY, "the parts of the key do not belong together");
    }
    return COF_OK;
}

static void free_numbers(BIGNUM *(*numbers)[PARTS_MAX])
{
    for (size_t i = 0; i < PARTS_MAX; i++) {
        BN_clear_free((*numbers)[i]);
    }
}

static cof_status read_rsa(const json_t *jwk, EVP_PKEY **out, cof_err *err)
{
    COF_CLEANUP(free_numbers) BIGNUM *numbers[PARTS_MAX] = {NULL}; /* the builder borrows them */
    COF_CLEANUP(OSSL_PARAM_BLD_drop_) OSSL_PARAM_BLD *parts = OSSL_PARAM_BLD_new();
    if (parts == NULL) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "key");
    }
    for (size_t i = 0; i < PARTS_MAX; i++) {
        COF_TRY(read_number(jwk, rsa_parts[i].member, &numbers[i], err));
        BN_set_flags(numbers[i], BN_FLG_CONSTTIME);
        if (OSSL_PARAM_BLD_push_BN(parts, rsa_parts[i].parameter, numbers[i]) != 1) {
            return COF_FAIL_OPENSSL(err, BAD_KEY, "key.%s is not valid", rsa_parts[i].member);
        }
    }
    /* Before the check, whose time grows with the size. */
    const int bits = BN_num_bits(numbers[0]);
    if ((bits != 2048 && bits != 3072 && bits != 4096) || !BN_is_word(numbers[1], RSA_F4)) {
        return COF_FAIL(err, BAD_KEY,
                        "the RSA key is not of 2048, 3072 or 4096 bits with exponent 65537");
    }
    return make_pair("RSA", parts, out, err);
}

static cof_status read_coordinate(const json_t *jwk, const char *name, size_t size, cof_buf *out,
                                  cof_err *err)
{
    const size_t before = out->size;
    COF_TRY(read_bytes(jwk, name, out, err));
    if (out->size - before != size) {
        return COF_FAIL(err, BAD_KEY, "key.%s is not of %zu bytes", name, size);
    }
    return COF_OK;
}

static cof_status read_ec(const json_t *jwk, const cof_key_kind *kind, EVP_PKEY **out, cof_err *err)
{
    static const uint8_t uncompressed = 4; /* SEC 1 section 2.3.3 */
    COF_CLEANUP(cof_buf_free) cof_buf point = {.limit = 1 + 2 * 66};
    COF_CLEANUP(BIGNUM_drop_) BIGNUM *d = NULL;
    const size_t size = cof_curve_size_(kind->curve);
    COF_TRY(cof_buf_append(&point, cof_view_of(&uncompressed, 1), err));
    COF_TRY(read_coordinate(jwk, "x", size, &point, err));
    COF_TRY(read_coordinate(jwk, "y", size, &point, err));
    COF_TRY(read_number(jwk, "d", &d, err));
    BN_set_flags(d, BN_FLG_CONSTTIME);
    COF_CLEANUP(OSSL_PARAM_BLD_drop_) OSSL_PARAM_BLD *parts = OSSL_PARAM_BLD_new();
    if (parts == NULL || BN_num_bytes(d) > (int)size ||
        OSSL_PARAM_BLD_push_utf8_string(parts, OSSL_PKEY_PARAM_GROUP_NAME,
                                        cof_curve_group_(kind->curve), 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(parts, OSSL_PKEY_PARAM_PUB_KEY, point.data, point.size) !=
            1 ||
        OSSL_PARAM_BLD_push_BN_pad(parts, OSSL_PKEY_PARAM_PRIV_KEY, d, size) != 1) {
        return COF_FAIL_OPENSSL(err, BAD_KEY, "key.d is not valid");
    }
    return make_pair("EC", parts, out, err);
}

static cof_status read_oct(const json_t *jwk, const cof_key_kind *kind, cof_key_material **out,
                           cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = OCT_BYTES};
    COF_TRY(read_bytes(jwk, "k", &bytes, err));
    return cof_key_material_from_bytes_(kind, cof_buf_view(&bytes), out, err);
}

cof_status cof_key_material_from_jwk(const json_t *jwk, cof_key_material **out, cof_err *err)
{
    cof_key_kind kind = {0};
    COF_CLEANUP(EVP_PKEY_drop_) EVP_PKEY *pkey = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf stored = {.limit = PKCS8_BYTES};
    COF_TRY(cof_key_kind_of(jwk, &kind, err));
    if (kind.type == COF_KEY_OCT) {
        return read_oct(jwk, &kind, out, err);
    }
    COF_TRY(kind.type == COF_KEY_RSA ? read_rsa(jwk, &pkey, err) : read_ec(jwk, &kind, &pkey, err));
    COF_TRY(check_pair(pkey, err));
    /* As it will be read from disk from now on. */
    COF_TRY(cof_pkey_to_pkcs8(pkey, &stored, err));
    return cof_key_material_load(&kind, cof_buf_view(&stored), out, err);
}
