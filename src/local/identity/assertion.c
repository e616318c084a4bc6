#include "local/identity/assertion.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>
#include <strings.h>

#include "local/ca/cert.h"
#include "relying/token/token.h"
#include "relying/verify/pem.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

COF_OWNED(EVP_MD_CTX, EVP_MD_CTX_free);

enum { CERTIFICATE_MAX = 16 * 1024 };

static const int64_t time_max = INT64_C(253402300799);

/* ---- taking apart ---- */

static cof_status read_parts(cof_view text, cof_client_assertion *a, cof_err *err)
{
    COF_TRY(cof_jws_parse_pss(text, &a->jws, err));
    COF_TRY(cof_json_parse(cof_buf_view(&a->jws.payload), COF_LIMIT_TOKEN_BYTES, &a->claims, err));
    if (!json_is_object(a->claims)) {
        return COF_FAIL(err, TOKEN_INVALID, "the claims are not an object");
    }
    COF_TRY(cof_json_get_text(a->claims, "iss", COF_ASSERTION_TEXT_MAX, &a->issuer, err));
    COF_TRY(cof_json_get_text(a->claims, "sub", COF_ASSERTION_TEXT_MAX, &a->subject, err));
    if (json_object_get(a->jws.header, "x5t") != NULL) {
        COF_TRY(cof_json_get_text(a->jws.header, "x5t", 64, &a->x5t, err));
    }
    if (json_object_get(a->jws.header, "x5t#S256") != NULL) {
        COF_TRY(cof_json_get_text(a->jws.header, "x5t#S256", 64, &a->x5t_s256, err));
    }
    a->text = text;
    return COF_OK;
}

cof_refusal cof_client_assertion_read(cof_view text, cof_client_assertion *out)
{
    COF_CLEANUP(cof_client_assertion_free) cof_client_assertion a = {0};
    const cof_status status = read_parts(text, &a, NULL);
    if (status != COF_OK) {
        return status == COF_E_NO_MEMORY ? COF_REFUSE_FAILED : COF_REFUSE_ASSERTION_FORM;
    }
    *out = a;
    a = (cof_client_assertion){0};
    return COF_ADMITTED;
}

void cof_client_assertion_free(cof_client_assertion *assertion)
{
    cof_jws_free(&assertion->jws);
    json_decref(assertion->claims);
    *assertion = (cof_client_assertion){0};
}

/* ---- by certificate ---- */

static cof_status open_key(const char *base64, EVP_PKEY **out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = CERTIFICATE_MAX};
    COF_CLEANUP(X509_drop_) X509 *certificate = NULL;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *rsa = NULL;
    COF_TRY(cof_base64_decode(cof_view_text(base64), &der, err));
    COF_TRY(cof_certificate_parse(cof_buf_view(&der), &certificate, err));
    /* Looks at type and size of the key. */
    COF_TRY(cof_rsa_from_evp(X509_get_pubkey(certificate), &rsa, err));
    EVP_PKEY *key = cof_rsa_evp(rsa);
    if (EVP_PKEY_up_ref(key) != 1) {
        return COF_FAIL(err, CRYPTO, "certificate");
    }
    *out = key;
    return COF_OK;
}

/* RS256, or PS256 with a salt as long as the digest (RFC 7518 sections 3.3 and 3.5). */
static bool verify(const cof_jws *jws, EVP_PKEY *key)
{
    EVP_PKEY_CTX *parameters = NULL; /* the context's */
    COF_CLEANUP(EVP_MD_CTX_drop_) EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good =
        context != NULL && EVP_DigestVerifyInit(context, &parameters, EVP_sha256(), NULL, key) == 1;
    if (strcmp(jws->alg, "PS256") == 0) {
        good = good && EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1;
    }
    good = good && EVP_DigestVerify(context, jws->signature.data, jws->signature.size,
                                    jws->signed_bytes.data, jws->signed_bytes.size) == 1;
    ERR_clear_error();
    return good;
}

static bool is_one_of(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 0; text != NULL && i < count; i++) {
        if (strcasecmp(text, list[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* aud is a text or a list of texts (RFC 7519 section 4.1.3). */
static bool is_for(const json_t *claims, const char *const *audiences, size_t count)
{
    const json_t *aud = json_object_get(claims, "aud");
    if (is_one_of(json_string_value(aud), audiences, count)) {
        return true;
    }
    for (size_t i = 0; i < json_array_size(aud); i++) {
        if (is_one_of(json_string_value(json_array_get(aud, i)), audiences, count)) {
            return true;
        }
    }
    return false;
}

static bool is_in_time(const json_t *claims, int64_t now, int64_t *out_expires)
{
    int64_t expires = 0;
    int64_t start = 0;
    if (cof_json_get_int(claims, "exp", 0, time_max, &expires, NULL) != COF_OK) {
        return false;
    }
    static const char *const starts[] = {"nbf", "iat"};
    for (size_t i = 0; i < 2; i++) {
        if (json_object_get(claims, starts[i]) != NULL &&
            (cof_json_get_int(claims, starts[i], 0, time_max, &start, NULL) != COF_OK ||
             start > now + COF_ASSERTION_SKEW_S)) {
            return false;
        }
    }
    *out_expires = expires + COF_ASSERTION_SKEW_S;
    return now < *out_expires && expires <= now + COF_ASSERTION_LIFE_S + COF_ASSERTION_SKEW_S;
}

cof_refusal cof_client_assertion_check(const cof_client_assertion *assertion,
                                       const cof_client_assertion_rules *rules,
                                       cof_digest *out_name, int64_t *out_expires)
{
    COF_CLEANUP(EVP_PKEY_drop_) EVP_PKEY *key = NULL;
    const char *jti = NULL;
    int64_t expires = 0;
    if (open_key(rules->certificate, &key, NULL) != COF_OK) {
        return COF_REFUSE_ASSERTION_KEY;
    }
    if (!verify(&assertion->jws, key)) {
        return COF_REFUSE_ASSERTION_SIGNATURE;
    }
    if (strcasecmp(assertion->issuer, rules->client_id) != 0 ||
        strcasecmp(assertion->subject, rules->client_id) != 0) {
        return COF_REFUSE_ASSERTION_CLIENT;
    }
    if (!is_for(assertion->claims, rules->audiences, rules->audience_count)) {
        return COF_REFUSE_ASSERTION_AUDIENCE;
    }
    if (!is_in_time(assertion->claims, rules->now, &expires)) {
        return COF_REFUSE_ASSERTION_TIME;
    }
    if (cof_json_get_text(assertion->claims, "jti", COF_ASSERTION_JTI_MAX, &jti, NULL) != COF_OK ||
        jti[0] == '\0') {
        return COF_REFUSE_ASSERTION_FORM;
    }
    if (cof_digest_of(cof_view_text(jti), out_name, NULL) != COF_OK) {
        return COF_REFUSE_FAILED;
    }
    *out_expires = expires;
    return COF_ADMITTED;
}

/* ---- of another issuer ---- */

cof_refusal cof_client_assertion_check_federated(const cof_client_assertion *assertion,
                                                 const cof_client_assertion_federation *federation,
                                                 int64_t now)
{
    COF_CLEANUP(cof_jwks_drop_) cof_jwks *keys = NULL;
    COF_JSON json_t *claims = NULL;
    if (strcmp(assertion->issuer, federation->issuer) != 0) {
        return COF_REFUSE_FEDERATED_ISSUER;
    }
    if (strcmp(assertion->subject, federation->subject) != 0) {
        return COF_REFUSE_FEDERATED_SUBJECT;
    }
    if (cof_jwks_from_json(federation->keys, &keys, NULL) != COF_OK) {
        return COF_REFUSE_FEDERATED_SIGNATURE;
    }
    const cof_rsa_key *key = cof_jwks_find(keys, assertion->jws.kid);
    if (key == NULL || cof_jws_verify(&assertion->jws, key, NULL) != COF_OK) {
        return COF_REFUSE_FEDERATED_SIGNATURE;
    }
    const cof_token_rules rules = {.keys = keys,
                                   .issuer = federation->issuer,
                                   .audience = federation->audience,
                                   .now_unix_s = now,
                                   .skew_s = COF_ASSERTION_SKEW_S};
    if (!is_for(assertion->claims, &federation->audience, 1)) {
        return COF_REFUSE_FEDERATED_AUDIENCE;
    }
    switch ((int)cof_token_verify(assertion->text, &rules, &claims, NULL)) {
    case COF_OK:
        return COF_ADMITTED;
    case COF_E_NO_MEMORY:
        return COF_REFUSE_FAILED;
    default:
        return COF_REFUSE_ASSERTION_TIME; /* all else was looked at above */
    }
}
