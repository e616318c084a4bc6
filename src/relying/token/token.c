#include "relying/token/token.h"

#include <string.h>

#include "tcb/base/limits.h"

/* 9999-12-31: no honest token reaches beyond; keeps additions of skew far from overflow. */
static const int64_t time_max = INT64_C(253402300799);

static cof_status invalid(cof_status status, cof_err *err)
{
    if (status == COF_OK || status == COF_E_NO_MEMORY) {
        return status;
    }
    if (err != NULL) {
        err->status = COF_E_TOKEN_INVALID;
    }
    return COF_E_TOKEN_INVALID;
}

static cof_status parse_claims(const cof_jws *jws, json_t **out_claims, cof_err *err)
{
    COF_JSON json_t *claims = NULL;
    COF_TRY(invalid(
        cof_json_parse(cof_buf_view(&jws->payload), COF_LIMIT_TOKEN_BYTES, &claims, err), err));
    if (!json_is_object(claims)) {
        return COF_FAIL(err, TOKEN_INVALID, "the token's claims are not an object");
    }
    *out_claims = json_incref(claims);
    return COF_OK;
}

bool cof_token_issuer_equal(const char *a, const char *b)
{
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);
    a_size -= a_size > 0 && a[a_size - 1] == '/' ? 1 : 0;
    b_size -= b_size > 0 && b[b_size - 1] == '/' ? 1 : 0;
    return a_size > 0 && a_size == b_size && memcmp(a, b, a_size) == 0;
}

static cof_status check_issuer(const json_t *claims, const char *issuer, cof_err *err)
{
    const char *text = NULL;
    COF_TRY(invalid(cof_json_get_text(claims, "iss", 2048, &text, err), err));
    if (!cof_token_issuer_equal(text, issuer)) {
        return COF_FAIL(err, TOKEN_UNTRUSTED, "the token is from another issuer");
    }
    return COF_OK;
}

static bool is_text(const json_t *value, const char *text)
{
    return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

static cof_status check_audience(const json_t *claims, const char *audience, cof_err *err)
{
    if (audience == NULL) {
        return COF_OK;
    }
    const json_t *value = json_object_get(claims, "aud");
    bool is_for_us = is_text(value, audience);
    for (size_t i = 0; i < json_array_size(value); i++) {
        is_for_us = is_for_us || is_text(json_array_get(value, i), audience);
    }
    return is_for_us ? COF_OK : COF_FAIL(err, TOKEN_INVALID, "the token is for another audience");
}

/* nbf and iat: when they are there, they must be numbers and not in the future. */
static cof_status check_start(const json_t *claims, const char *claim, int64_t latest, cof_err *err)
{
    int64_t start = 0;
    if (json_object_get(claims, claim) == NULL) {
        return COF_OK;
    }
    COF_TRY(invalid(cof_json_get_int(claims, claim, 0, time_max, &start, err), err));
    return start <= latest ? COF_OK
                           : COF_FAIL(err, TOKEN_INVALID, "the token is not valid yet (%s)", claim);
}

static cof_status check_times(const json_t *claims, const cof_token_rules *rules, cof_err *err)
{
    if (rules->skew_s < 0 || rules->skew_s > COF_TOKEN_SKEW_MAX_S || rules->now_unix_s < 0 ||
        rules->now_unix_s > time_max) {
        return COF_FAIL(err, BAD_ARGUMENT, "time or skew out of range");
    }
    int64_t expires = 0;
    COF_TRY(invalid(cof_json_get_int(claims, "exp", 0, time_max, &expires, err), err));
    COF_TRY(check_start(claims, "nbf", rules->now_unix_s + rules->skew_s, err));
    COF_TRY(check_start(claims, "iat", rules->now_unix_s + rules->skew_s, err));
    if (rules->now_unix_s >= expires + rules->skew_s) {
        return COF_FAIL(err, TOKEN_EXPIRED, "the token expired %lld s ago",
                        (long long)(rules->now_unix_s - expires));
    }
    return COF_OK;
}

cof_status cof_token_verify(cof_view token, const cof_token_rules *rules, json_t **out_claims,
                            cof_err *err)
{
    COF_CLEANUP(cof_jws_free) cof_jws jws = {0};
    COF_JSON json_t *claims = NULL;
    COF_TRY(cof_jws_parse(token, &jws, err));
    const cof_rsa_key *key = cof_jwks_find(rules->keys, jws.kid);
    if (key == NULL) {
        return COF_FAIL(err, TOKEN_UNTRUSTED, "the issuer publishes no key of the token's kid");
    }
    COF_TRY(cof_jws_verify(&jws, key, err));
    COF_TRY(parse_claims(&jws, &claims, err));
    COF_TRY(check_issuer(claims, rules->issuer, err));
    COF_TRY(check_audience(claims, rules->audience, err));
    COF_TRY(check_times(claims, rules, err));
    *out_claims = json_incref(claims);
    return COF_OK;
}

cof_status cof_token_peek(cof_view token, json_t **out_claims, cof_err *err)
{
    COF_CLEANUP(cof_jws_free) cof_jws jws = {0};
    COF_TRY(cof_jws_parse(token, &jws, err));
    return parse_claims(&jws, out_claims, err);
}

cof_status cof_token_claims_new(const char *issuer, const char *audience, int64_t now_unix_s,
                                int64_t lifetime_s, json_t **out_claims, cof_err *err)
{
    COF_JSON json_t *claims = json_object();
    if (claims == NULL) {
        return COF_FAIL(err, NO_MEMORY, "claims");
    }
    COF_TRY(cof_json_set(claims, "iss", json_string(issuer), err));
    if (audience != NULL) {
        COF_TRY(cof_json_set(claims, "aud", json_string(audience), err));
    }
    COF_TRY(cof_json_set(claims, "iat", json_integer(now_unix_s), err));
    COF_TRY(cof_json_set(claims, "nbf", json_integer(now_unix_s), err));
    COF_TRY(cof_json_set(claims, "exp", json_integer(now_unix_s + lifetime_s), err));
    *out_claims = json_incref(claims);
    return COF_OK;
}

cof_status cof_token_sign(const cof_rsa_key *key, const char *kid, const json_t *extra_header,
                          const json_t *claims, cof_buf *out, cof_err *err)
{
    COF_JSON json_t *header = json_object();
    COF_CLEANUP(cof_buf_free) cof_buf payload = {0};
    cof_buf_init(&payload, COF_LIMIT_TOKEN_BYTES);
    if (header == NULL) {
        return COF_FAIL(err, NO_MEMORY, "token header");
    }
    COF_TRY(cof_json_set(header, "kid", json_string(kid), err));
    COF_TRY(cof_json_set(header, "typ", json_string("JWT"), err));
    const char *key_name = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)extra_header, key_name, value)
    {
        COF_TRY(cof_json_set(header, key_name, json_incref(value), err));
    }
    COF_TRY(cof_json_print(claims, &payload, err));
    return cof_jws_sign(key, header, cof_buf_view(&payload), out, err);
}
