#include <string.h>

#include "relying/verify/azure/hcl.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { KEYS_MAX = 8, KID_SIZE_MAX = 64, EXPONENT_SIZE = 3 };

static const uint8_t exponent_65537[EXPONENT_SIZE] = {1, 0, 1};

/* Exactly size bytes. */
static cof_status read_exact(const json_t *jwk, const char *member, uint8_t *out, size_t size,
                             cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    cof_buf_init(&bytes, size);
    const cof_status status = cof_json_get_base64url(jwk, member, &bytes, err);
    if (status == COF_E_NO_MEMORY) {
        return status;
    }
    if (status != COF_OK || bytes.size != size) {
        return COF_FAIL(err, BAD_KEY, "HCLAkPub: \"%s\" is not %zu bytes of base64url", member,
                        size);
    }
    memcpy(out, bytes.data, size);
    return COF_OK;
}

/* key_ops is not looked at: the oldest paravisors say "encrypt" of a key that signs. */
static cof_status read_ak(const json_t *jwk, cof_hcl_claims *claims, cof_err *err)
{
    const char *kty = NULL;
    uint8_t exponent[EXPONENT_SIZE];
    COF_TRY(cof_json_get_text(jwk, "kty", KID_SIZE_MAX, &kty, err));
    if (strcmp(kty, "RSA") != 0) {
        return COF_FAIL(err, BAD_KEY, "HCLAkPub is not an RSA key");
    }
    COF_TRY(read_exact(jwk, "n", claims->ak_modulus, sizeof claims->ak_modulus, err));
    COF_TRY(read_exact(jwk, "e", exponent, sizeof exponent, err));
    if (memcmp(exponent, exponent_65537, sizeof exponent) != 0) {
        return COF_FAIL(err, BAD_KEY, "HCLAkPub: the exponent is not 65537");
    }
    if ((claims->ak_modulus[0] & 0x80) == 0 ||
        (claims->ak_modulus[COF_RSA_2048_SIZE - 1] & 1) == 0) {
        return COF_FAIL(err, BAD_KEY, "HCLAkPub: not a modulus of 2048 bits");
    }
    return COF_OK;
}

static cof_status check_kid_is_new(const json_t *keys, size_t index, const char *kid, cof_err *err)
{
    for (size_t i = 0; i < index; i++) {
        const char *other = json_string_value(json_object_get(json_array_get(keys, i), "kid"));
        if (other != NULL && strcmp(other, kid) == 0) {
            return COF_FAIL(err, BAD_FORMAT, "the claims have two keys of one name");
        }
    }
    return COF_OK;
}

static cof_status read_keys(const json_t *object, cof_hcl_claims *claims, cof_err *err)
{
    json_t *keys = NULL;
    bool has_ak = false;
    COF_TRY(cof_json_get(object, "keys", JSON_ARRAY, &keys, err));
    const size_t count = json_array_size(keys);
    if (count > KEYS_MAX) {
        return COF_FAIL(err, BAD_FORMAT, "the claims have %zu keys, at most %d", count, KEYS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *jwk = json_array_get(keys, i);
        const char *kid = NULL;
        COF_TRY(cof_json_get_text(jwk, "kid", KID_SIZE_MAX, &kid, err));
        COF_TRY(check_kid_is_new(keys, i, kid, err));
        if (strcmp(kid, "HCLAkPub") == 0) {
            COF_TRY(read_ak(jwk, claims, err));
            has_ak = true;
        }
    }
    return has_ak ? COF_OK : COF_FAIL(err, BAD_FORMAT, "the claims have no key \"HCLAkPub\"");
}

static cof_status read_configuration(const json_t *object, cof_hcl_claims *claims, cof_err *err)
{
    json_t *configuration = NULL;
    COF_TRY(cof_json_get(object, "vm-configuration", JSON_OBJECT, &configuration, err));
    COF_TRY(cof_json_get_bool(configuration, "secure-boot", &claims->is_secure_boot, err));
    COF_TRY(cof_json_get_bool(configuration, "console-enabled", &claims->is_console_enabled, err));
    COF_TRY(cof_json_get_bool(configuration, "tpm-enabled", &claims->is_tpm_enabled, err));
    if (json_object_get(configuration, "tpm-persisted") != NULL) {
        COF_TRY(cof_json_get_bool(configuration, "tpm-persisted", &claims->is_tpm_persisted, err));
    }
    if (json_object_get(configuration, "vmUniqueId") != NULL) {
        const char *id = NULL;
        COF_TRY(cof_json_get_text(configuration, "vmUniqueId", COF_HCL_VM_ID_SIZE - 1, &id, err));
        memcpy(claims->vm_id, id, strlen(id) + 1);
    }
    return COF_OK;
}

cof_status cof_hcl_claims_parse(cof_view json, cof_hcl_claims *out, cof_err *err)
{
    COF_JSON json_t *object = NULL;
    cof_hcl_claims claims = {0};
    COF_TRY(cof_json_parse(json, COF_HCL_MAX, &object, err));
    COF_TRY(read_keys(object, &claims, err));
    COF_TRY(read_configuration(object, &claims, err));
    if (json_object_get(object, "user-data") != NULL) {
        COF_TRY(
            cof_json_get_hex(object, "user-data", claims.user_data, sizeof claims.user_data, err));
        claims.has_user_data = true;
    }
    *out = claims;
    return COF_OK;
}
