#include "relying/token/jwks.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "relying/token/jws.h"
#include "relying/verify/pem.h"
#include "tcb/base/limits.h"
#include "tcb/wire/text.h"

enum { CERTIFICATE_MAX = 16 * 1024 };

typedef struct named_key {
    char *kid;
    cof_rsa_key *key;
} named_key;

struct cof_jwks {
    size_t count;
    named_key keys[COF_JWKS_KEYS_MAX];
};

/* True when the member is absent or equal to text. */
static bool is_absent_or(const json_t *jwk, const char *member, const char *text)
{
    const json_t *value = json_object_get(jwk, member);
    return value == NULL || (json_is_string(value) && strcmp(json_string_value(value), text) == 0);
}

/* A key for something else (an EC key, an encryption key) is no error in a set: it is just not for
 * us. */
static bool is_for_rs256(const json_t *jwk)
{
    const json_t *type = json_object_get(jwk, "kty");
    const json_t *kid = json_object_get(jwk, "kid");
    return json_is_string(type) && strcmp(json_string_value(type), "RSA") == 0 &&
           json_is_string(kid) && is_absent_or(jwk, "use", "sig") &&
           is_absent_or(jwk, "alg", "RS256");
}

cof_status cof_jwks_key_from_x5c(const json_t *x5c, cof_rsa_key **out_key, cof_err *err)
{
    const size_t count = json_array_size(x5c);
    const json_t *first = json_array_get(x5c, 0);
    if (count == 0 || count > COF_JWKS_X5C_MAX || !json_is_string(first)) {
        return COF_FAIL(err, BAD_KEY, "x5c is not a list of certificates");
    }
    COF_CLEANUP(cof_buf_free) cof_buf der = {0};
    COF_CLEANUP(cof_x509_drop_) X509 *certificate = NULL;
    cof_buf_init(&der, CERTIFICATE_MAX);
    cof_status status = cof_base64_decode(
        cof_view_of(json_string_value(first), json_string_length(first)), &der, err);
    if (status == COF_OK) {
        status = cof_certificate_parse(cof_buf_view(&der), &certificate, err);
    }
    if (status != COF_OK) {
        if (status == COF_E_NO_MEMORY) {
            return status;
        }
        return COF_FAIL(err, BAD_KEY, "x5c[0] is not a certificate");
    }
    EVP_PKEY *key = X509_get_pubkey(certificate);
    ERR_clear_error();
    if (key == NULL) {
        return COF_FAIL(err, BAD_KEY, "x5c[0] has no usable key");
    }
    return cof_rsa_from_evp(key, out_key, err);
}

/* Both ways to say a key must say the same key. */
static cof_status check_same(const cof_rsa_key *a, const cof_rsa_key *b, cof_err *err)
{
    if (EVP_PKEY_eq(cof_rsa_evp(a), cof_rsa_evp(b)) != 1) {
        ERR_clear_error();
        return COF_FAIL(err, BAD_KEY, "n and x5c are different keys");
    }
    return COF_OK;
}

static cof_status read_key(const json_t *jwk, cof_rsa_key **out_key, cof_err *err)
{
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *from_numbers = NULL;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *from_certificate = NULL;
    const json_t *x5c = json_object_get(jwk, "x5c");
    if (json_object_get(jwk, "n") != NULL) {
        COF_TRY(cof_rsa_from_jwk(jwk, &from_numbers, err));
    }
    if (x5c != NULL) {
        COF_TRY(cof_jwks_key_from_x5c(x5c, &from_certificate, err));
    }
    if (from_numbers == NULL && from_certificate == NULL) {
        return COF_FAIL(err, BAD_KEY, "a key has neither n nor x5c");
    }
    if (from_numbers != NULL && from_certificate != NULL) {
        COF_TRY(check_same(from_numbers, from_certificate, err));
    }
    *out_key = cof_rsa_key_take(from_numbers != NULL ? &from_numbers : &from_certificate);
    return COF_OK;
}

static cof_status add_key(cof_jwks *keys, const json_t *jwk, cof_err *err)
{
    const char *kid = json_string_value(json_object_get(jwk, "kid"));
    if (strlen(kid) > COF_JWS_KID_MAX) {
        return COF_FAIL(err, LIMIT, "a kid of %zu bytes", strlen(kid));
    }
    if (cof_jwks_find(keys, kid) != NULL) {
        return COF_FAIL(err, BAD_FORMAT, "two keys have the same kid");
    }
    if (keys->count == COF_JWKS_KEYS_MAX) {
        return COF_FAIL(err, LIMIT, "more than %d keys", COF_JWKS_KEYS_MAX);
    }
    named_key named = {0};
    COF_TRY(read_key(jwk, &named.key, err));
    named.kid = strdup(kid);
    if (named.kid == NULL) {
        cof_rsa_key_free(named.key);
        return COF_FAIL(err, NO_MEMORY, "key set");
    }
    keys->keys[keys->count++] = named;
    return COF_OK;
}

cof_status cof_jwks_from_json(const json_t *value, cof_jwks **out_keys, cof_err *err)
{
    json_t *array = NULL;
    if (!json_is_object(value)) {
        return COF_FAIL(err, BAD_FORMAT, "a key set is an object");
    }
    COF_TRY(cof_json_get(value, "keys", JSON_ARRAY, &array, err));
    COF_CLEANUP(cof_jwks_drop_) cof_jwks *keys = calloc(1, sizeof *keys);
    if (keys == NULL) {
        return COF_FAIL(err, NO_MEMORY, "key set");
    }
    size_t i = 0;
    json_t *jwk = NULL;
    json_array_foreach(array, i, jwk)
    {
        if (!json_is_object(jwk)) {
            return COF_FAIL(err, BAD_FORMAT, "keys[%zu] is not an object", i);
        }
        if (is_for_rs256(jwk)) {
            COF_TRY(add_key(keys, jwk, err));
        }
    }
    *out_keys = cof_jwks_take(&keys);
    return COF_OK;
}

cof_status cof_jwks_parse(cof_view text, cof_jwks **out_keys, cof_err *err)
{
    COF_JSON json_t *value = NULL;
    COF_TRY(cof_json_parse(text, COF_LIMIT_JSON_BYTES, &value, err));
    return cof_jwks_from_json(value, out_keys, err);
}

size_t cof_jwks_count(const cof_jwks *keys)
{
    return keys->count;
}

const cof_rsa_key *cof_jwks_find(const cof_jwks *keys, const char *kid)
{
    for (size_t i = 0; kid != NULL && i < keys->count; i++) {
        if (strcmp(keys->keys[i].kid, kid) == 0) {
            return keys->keys[i].key;
        }
    }
    return NULL;
}

void cof_jwks_free(cof_jwks *keys)
{
    if (keys == NULL) {
        return;
    }
    for (size_t i = 0; i < keys->count; i++) {
        free(keys->keys[i].kid);
        cof_rsa_key_free(keys->keys[i].key);
    }
    free(keys);
}
