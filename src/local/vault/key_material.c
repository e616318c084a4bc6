#include "local/vault/key_material.h"

#include <openssl/core_names.h>
#include <string.h>

#include "local/vault/key_material_internal.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { NUMBER_BYTES = 512 }; /* of a public number: an RSA modulus of 4096 bits */

static const char *const type_names[][2] = {
    [COF_KEY_RSA] = {"RSA", "RSA-HSM"},
    [COF_KEY_EC] = {"EC", "EC-HSM"},
    [COF_KEY_OCT] = {"oct", "oct-HSM"},
};

/* JWA's name, OpenSSL's name, bytes of a coordinate. */
static const struct {
    const char *name;
    const char *group;
    size_t size;
} curves[] = {
    [COF_CURVE_P256] = {"P-256", "prime256v1", 32},
    [COF_CURVE_P384] = {"P-384", "secp384r1", 48},
    [COF_CURVE_P521] = {"P-521", "secp521r1", 66},
    [COF_CURVE_P256K] = {"P-256K", "secp256k1", 32},
};
enum { CURVES = sizeof curves / sizeof curves[0] };

const char *cof_key_type_name(const cof_key_kind *kind)
{
    return type_names[kind->type][kind->is_hsm ? 1 : 0];
}

bool cof_key_type_from_name(const char *name, cof_key_type *out_type, bool *out_is_hsm)
{
    for (size_t type = 0; name != NULL && type < sizeof type_names / sizeof type_names[0]; type++) {
        for (size_t hsm = 0; hsm < 2; hsm++) {
            if (strcmp(name, type_names[type][hsm]) == 0) {
                *out_type = (cof_key_type)type;
                *out_is_hsm = hsm == 1;
                return true;
            }
        }
    }
    return false;
}

const char *cof_curve_name(cof_curve curve)
{
    return curves[curve].name;
}

bool cof_curve_from_name(const char *name, cof_curve *out)
{
    for (size_t i = 0; name != NULL && i < CURVES; i++) {
        if (strcmp(name, curves[i].name) == 0) {
            *out = (cof_curve)i;
            return true;
        }
    }
    return false;
}

cof_status cof_key_kind_of(const json_t *jwk, cof_key_kind *out, cof_err *err)
{
    cof_key_kind kind = {0};
    if (!cof_key_type_from_name(json_string_value(json_object_get(jwk, "kty")), &kind.type,
                                &kind.is_hsm)) {
        return COF_FAIL(err, BAD_KEY, "key.kty is not RSA, EC or oct, or one of these with -HSM");
    }
    if (kind.type == COF_KEY_EC &&
        !cof_curve_from_name(json_string_value(json_object_get(jwk, "crv")), &kind.curve)) {
        return COF_FAIL(err, BAD_KEY, "key.crv is not P-256, P-384, P-521 or P-256K");
    }
    *out = kind;
    return COF_OK;
}

const char *cof_curve_group_(cof_curve curve)
{
    return curves[curve].group;
}

size_t cof_curve_size_(cof_curve curve)
{
    return curves[curve].size;
}

static bool is_rsa_size(int bits)
{
    return bits == 2048 || bits == 3072 || bits == 4096;
}

static bool is_oct_size(size_t bits)
{
    return bits == 128 || bits == 192 || bits == 256;
}

static cof_status check_rsa(const EVP_PKEY *pkey, cof_key_kind *kind, cof_err *err)
{
    const int bits = EVP_PKEY_get_bits(pkey);
    COF_CLEANUP(BIGNUM_drop_) BIGNUM *e = NULL;
    if (!EVP_PKEY_is_a(pkey, "RSA") || !is_rsa_size(bits)) {
        ERR_clear_error();
        return COF_FAIL(err, BAD_KEY, "the RSA key is not of 2048, 3072 or 4096 bits");
    }
    if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1 || !BN_is_word(e, RSA_F4)) {
        return COF_FAIL_OPENSSL(err, BAD_KEY, "the RSA exponent is not 65537");
    }
    kind->bits = (unsigned)bits;
    return COF_OK;
}

static cof_status check_ec(const EVP_PKEY *pkey, const cof_key_kind *kind, cof_err *err)
{
    char group[32] = "";
    if (!EVP_PKEY_is_a(pkey, "EC") ||
        EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
                                       NULL) != 1 ||
        strcmp(group, curves[kind->curve].group) != 0) {
        return COF_FAIL_OPENSSL(err, BAD_KEY, "the key is not on %s", curves[kind->curve].name);
    }
    return COF_OK;
}

/* Takes pkey over, whatever happens. The kind's sizes are what the key has. */
static cof_status wrap_pkey(const cof_key_kind *kind, EVP_PKEY *pkey, cof_key_material **out,
                            cof_err *err)
{
    COF_CLEANUP(EVP_PKEY_drop_) EVP_PKEY *owned = pkey;
    cof_key_kind checked = *kind;
    COF_TRY(kind->type == COF_KEY_RSA ? check_rsa(owned, &checked, err)
                                      : check_ec(owned, &checked, err));
    cof_key_material *key = calloc(1, sizeof *key);
    if (key == NULL) {
        return COF_FAIL(err, NO_MEMORY, "key");
    }
    key->kind = checked;
    key->pkey = EVP_PKEY_take(&owned);
    *out = key;
    return COF_OK;
}

cof_status cof_key_material_from_bytes_(const cof_key_kind *kind, cof_view bytes,
                                        cof_key_material **out, cof_err *err)
{
    if (!is_oct_size(8 * bytes.size)) {
        return COF_FAIL(err, BAD_KEY, "a symmetric key of %zu bits", 8 * bytes.size);
    }
    COF_CLEANUP(cof_key_material_drop_) cof_key_material *key = calloc(1, sizeof *key);
    if (key == NULL) {
        return COF_FAIL(err, NO_MEMORY, "key");
    }
    key->kind = *kind;
    key->kind.bits = (unsigned)(8 * bytes.size);
    cof_buf_init(&key->bytes, bytes.size);
    COF_TRY(cof_buf_append(&key->bytes, bytes, err));
    *out = cof_key_material_take(&key);
    return COF_OK;
}

static cof_status generate_oct(const cof_key_kind *kind, cof_key_material **out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = 32};
    uint8_t *place = NULL;
    if (!is_oct_size(kind->bits)) {
        return COF_FAIL(err, BAD_ARGUMENT, "a symmetric key of %u bits", kind->bits);
    }
    COF_TRY(cof_buf_extend(&bytes, kind->bits / 8, &place, err));
    COF_TRY(cof_random((cof_span){place, kind->bits / 8}, err));
    return cof_key_material_from_bytes_(kind, cof_buf_view(&bytes), out, err);
}

cof_status cof_key_material_generate(const cof_key_kind *kind, cof_key_material **out, cof_err *err)
{
    EVP_PKEY *pkey = NULL;
    switch (kind->type) {
    case COF_KEY_OCT:
        return generate_oct(kind, out, err);
    case COF_KEY_RSA:
        if (!is_rsa_size((int)kind->bits)) {
            return COF_FAIL(err, BAD_ARGUMENT, "an RSA key of %u bits", kind->bits);
        }
        pkey = EVP_RSA_gen(kind->bits); /* its exponent is 65537 */
        break;
    case COF_KEY_EC:
        pkey = EVP_EC_gen(curves[kind->curve].group);
        break;
    }
    if (pkey == NULL) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "making a key");
    }
    return wrap_pkey(kind, pkey, out, err);
}

cof_status cof_key_material_load(const cof_key_kind *kind, cof_view bytes, cof_key_material **out,
                                 cof_err *err)
{
    EVP_PKEY *pkey = NULL;
    if (kind->type == COF_KEY_OCT) {
        return cof_key_material_from_bytes_(kind, bytes, out, err);
    }
    COF_TRY(cof_pkey_from_pkcs8(bytes, &pkey, err));
    return wrap_pkey(kind, pkey, out, err);
}

cof_status cof_key_material_store(const cof_key_material *key, cof_buf *out, cof_err *err)
{
    return key->pkey != NULL ? cof_pkey_to_pkcs8(key->pkey, out, err)
                             : cof_buf_append(out, cof_buf_view(&key->bytes), err);
}

/* size 0: as many bytes as the number has (RFC 7518 section 2), else with zeros in front (6.2.1.2).
 */
static cof_status set_number(json_t *jwk, const char *name, const EVP_PKEY *pkey,
                             const char *parameter, size_t size, cof_err *err)
{
    COF_CLEANUP(BIGNUM_drop_) BIGNUM *number = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = (size_t)2 * NUMBER_BYTES};
    uint8_t bytes[NUMBER_BYTES];
    if (EVP_PKEY_get_bn_param(pkey, parameter, &number) != 1 ||
        BN_num_bytes(number) > NUMBER_BYTES) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "public key");
    }
    const int width = size == 0 ? BN_num_bytes(number) : (int)size;
    if (BN_bn2binpad(number, bytes, width) != width) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "public key");
    }
    COF_TRY(cof_base64url_encode(cof_view_of(bytes, (size_t)width), &text, err));
    return cof_json_set(jwk, name, json_stringn((const char *)text.data, text.size), err);
}

cof_status cof_key_material_public(const cof_key_material *key, json_t *jwk, cof_err *err)
{
    COF_TRY(cof_json_set(jwk, "kty", json_string(cof_key_type_name(&key->kind)), err));
    if (key->kind.type == COF_KEY_RSA) {
        COF_TRY(set_number(jwk, "n", key->pkey, OSSL_PKEY_PARAM_RSA_N, 0, err));
        return set_number(jwk, "e", key->pkey, OSSL_PKEY_PARAM_RSA_E, 0, err);
    }
    if (key->kind.type == COF_KEY_EC) {
        const size_t size = curves[key->kind.curve].size;
        COF_TRY(cof_json_set(jwk, "crv", json_string(curves[key->kind.curve].name), err));
        COF_TRY(set_number(jwk, "x", key->pkey, OSSL_PKEY_PARAM_EC_PUB_X, size, err));
        return set_number(jwk, "y", key->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, size, err);
    }
    return COF_OK;
}

const cof_key_kind *cof_key_material_kind(const cof_key_material *key)
{
    return &key->kind;
}

EVP_PKEY *cof_key_material_evp(const cof_key_material *key)
{
    return key->pkey;
}

cof_view cof_key_material_bytes(const cof_key_material *key)
{
    return cof_buf_view(&key->bytes);
}

void cof_key_material_free(cof_key_material *key)
{
    if (key != NULL) {
        EVP_PKEY_free(key->pkey);
        cof_buf_free(&key->bytes);
        free(key);
    }
}
