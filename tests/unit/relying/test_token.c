/* Tokens that must not pass: other keys, other algorithms, other issuers, other times, two
 * meanings. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/x509.h>
#include <string.h>

#include "harness/cof_test.h"
#include "relying/token/token.h"
#include "tcb/crypto/digest.h"
#include "tcb/wire/text.h"

enum { NOW = 1798761600, LIFETIME = 28800 };

static const char issuer[] = "https://localhost:8443";
static const char audience[] = "https://vault.azure.net";
static cof_rsa_key *key;
static cof_rsa_key *other_key;
static cof_jwks *keys;
static cof_token_rules rules;

/* {"keys":[jwk of key with kid]} */
static json_t *key_set(const cof_rsa_key *from, const char *kid)
{
    json_t *jwk = NULL;
    assert_ok(cof_rsa_to_jwk(from, &jwk, NULL));
    assert_int_equal(json_object_set_new(jwk, "kid", json_string(kid)), 0);
    return json_pack("{s:[o]}", "keys", jwk);
}

static int set_up(void **state)
{
    (void)state;
    assert_ok(cof_rsa_generate(2048, &key, NULL));
    assert_ok(cof_rsa_generate(2048, &other_key, NULL));
    COF_JSON json_t *set = key_set(key, "k1");
    assert_ok(cof_jwks_from_json(set, &keys, NULL));
    rules = (cof_token_rules){
        .keys = keys, .issuer = issuer, .audience = audience, .now_unix_s = NOW, .skew_s = 60};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cof_rsa_key_free(key);
    cof_rsa_key_free(other_key);
    cof_jwks_free(keys);
    return 0;
}

static json_t *claims_at(int64_t start, int64_t lifetime)
{
    json_t *claims = NULL;
    assert_ok(cof_token_claims_new(issuer, audience, start, lifetime, &claims, NULL));
    return claims;
}

static void sign(const cof_rsa_key *with, const char *kid, const json_t *header,
                 const json_t *claims, cof_buf *out)
{
    cof_buf_init(out, 65536);
    assert_ok(cof_token_sign(with, kid, header, claims, out, NULL));
}

static cof_status verify_view(cof_view token)
{
    COF_JSON json_t *claims = NULL;
    cof_err err = {0};
    const cof_status status = cof_token_verify(token, &rules, &claims, &err);
    assert_true((status == COF_OK) == (claims != NULL));
    assert_true(status == COF_OK || err.status == status);
    return status;
}

/* Signs these claims (taken over) with the right key, and verifies. */
static cof_status verify_claims(json_t *claims)
{
    COF_JSON json_t *owned = claims;
    COF_CLEANUP(cof_buf_free) cof_buf token = {0};
    sign(key, "k1", NULL, owned, &token);
    return verify_view(cof_buf_view(&token));
}

/* Puts a token together from texts, signed by the right key unless signature says otherwise. */
static cof_status verify_parts(const char *header, const char *payload, const char *signature)
{
    COF_CLEANUP(cof_buf_free) cof_buf token = {.limit = 65536};
    COF_CLEANUP(cof_buf_free) cof_buf made = {.limit = 1024};
    assert_ok(cof_base64url_encode(cof_view_text(header), &token, NULL));
    assert_ok(cof_buf_append_text(&token, ".", NULL));
    assert_ok(cof_base64url_encode(cof_view_text(payload), &token, NULL));
    assert_ok(cof_rsa_sign(key, cof_buf_view(&token), &made, NULL));
    assert_ok(cof_buf_append_text(&token, ".", NULL));
    if (signature == NULL) {
        assert_ok(cof_base64url_encode(cof_buf_view(&made), &token, NULL));
    } else {
        assert_ok(cof_buf_append_text(&token, signature, NULL));
    }
    return verify_view(cof_buf_view(&token));
}

static const char good_header[] = "{\"alg\":\"RS256\",\"kid\":\"k1\",\"typ\":\"JWT\"}";
static const char good_payload[] = "{\"iss\":\"https://localhost:8443\",\"aud\":\"https://"
                                   "vault.azure.net\",\"exp\":1798761700,\"nbf\":1798761600}";

static void a_good_token_gives_its_claims(void **state)
{
    (void)state;
    COF_JSON json_t *claims = claims_at(NOW, LIFETIME);
    COF_CLEANUP(cof_buf_free) cof_buf token = {0};
    COF_JSON json_t *verified = NULL;
    COF_JSON json_t *peeked = NULL;
    sign(key, "k1", NULL, claims, &token);
    assert_ok(cof_token_verify(cof_buf_view(&token), &rules, &verified, NULL));
    assert_true(json_equal(claims, verified));
    assert_ok(cof_token_peek(cof_buf_view(&token), &peeked, NULL));
    assert_true(json_equal(claims, peeked));
    assert_ok(verify_parts(good_header, good_payload, NULL));
}

static void a_token_of_another_issuer_is_refused(void **state)
{
    (void)state;
    static const char *const issuers[] = {
        "https://localhost:8444",   "https://localhost:8443.example", "http://localhost:8443", "",
        "https://localhost:8443//", "HTTPS://localhost:8443"};
    for (size_t i = 0; i < sizeof issuers / sizeof issuers[0]; i++) {
        json_t *claims = claims_at(NOW, LIFETIME);
        (void)json_object_set_new(claims, "iss", json_string(issuers[i]));
        assert_status(verify_claims(claims), TOKEN_UNTRUSTED);
    }
    json_t *claims = claims_at(NOW, LIFETIME);
    (void)json_object_set_new(claims, "iss", json_string("https://localhost:8443/"));
    assert_ok(verify_claims(claims));
    claims = claims_at(NOW, LIFETIME);
    (void)json_object_del(claims, "iss");
    assert_status(verify_claims(claims), TOKEN_INVALID);
    claims = claims_at(NOW, LIFETIME);
    (void)json_object_set_new(claims, "iss", json_pack("[s]", issuer));
    assert_status(verify_claims(claims), TOKEN_INVALID);
}

static void a_token_for_another_audience_is_refused(void **state)
{
    (void)state;
    json_t *claims = claims_at(NOW, LIFETIME);
    (void)json_object_set_new(claims, "aud", json_string("https://vault.azure.net/"));
    assert_status(verify_claims(claims), TOKEN_INVALID);
    claims = claims_at(NOW, LIFETIME);
    (void)json_object_del(claims, "aud");
    assert_status(verify_claims(claims), TOKEN_INVALID);
    claims = claims_at(NOW, LIFETIME);
    (void)json_object_set_new(claims, "aud", json_pack("[s,s]", "other", audience));
    assert_ok(verify_claims(claims));
}

static void time_is_checked_at_both_ends(void **state)
{
    (void)state;
    assert_ok(verify_claims(claims_at(NOW - LIFETIME, LIFETIME + 1)));
    assert_ok(verify_claims(claims_at(NOW - LIFETIME - 59, LIFETIME)));
    assert_status(verify_claims(claims_at(NOW - LIFETIME - 60, LIFETIME)), TOKEN_EXPIRED);
    assert_status(verify_claims(claims_at(0, 1)), TOKEN_EXPIRED);
    assert_ok(verify_claims(claims_at(NOW + 60, LIFETIME)));
    assert_status(verify_claims(claims_at(NOW + 61, LIFETIME)), TOKEN_INVALID);
    json_t *claims = claims_at(NOW, LIFETIME);
    (void)json_object_del(claims, "exp");
    assert_status(verify_claims(claims), TOKEN_INVALID);
    static const char *const bad[] = {"1798761700", "1798761700.5", "-1", "99999999999999999",
                                      "true"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        claims = claims_at(NOW, LIFETIME);
        json_t *value = i == 0 ? json_string(bad[i]) : json_loads(bad[i], JSON_DECODE_ANY, NULL);
        (void)json_object_set_new(claims, "exp", value);
        assert_status(verify_claims(claims), TOKEN_INVALID);
    }
    claims = claims_at(NOW, LIFETIME);
    (void)json_object_del(claims, "nbf");
    (void)json_object_del(claims, "iat");
    assert_ok(verify_claims(claims));
    claims = claims_at(NOW, LIFETIME);
    (void)json_object_set_new(claims, "nbf", json_string("0"));
    assert_status(verify_claims(claims), TOKEN_INVALID);
}

static void a_token_without_a_signature_is_refused(void **state)
{
    (void)state;
    assert_status(verify_parts("{\"alg\":\"none\"}", good_payload, ""), TOKEN_INVALID);
    assert_status(verify_parts("{\"alg\":\"none\",\"kid\":\"k1\"}", good_payload, "AAAA"),
                  TOKEN_INVALID);
    assert_status(verify_parts(good_header, good_payload, ""), TOKEN_INVALID);
    assert_status(verify_parts(good_header, good_payload, "AAAA"), TOKEN_INVALID);
}

static void only_rs256_is_accepted(void **state)
{
    (void)state;
    static const char *const algorithms[] = {"RS384", "RS512",  "PS256", "HS256", "ES256",
                                             "rs256", "RS256 ", "",      "None",  "NONE"};
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        char header[128];
        (void)snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"k1\"}", algorithms[i]);
        assert_status(verify_parts(header, good_payload, NULL), TOKEN_INVALID);
    }
    assert_status(verify_parts("{\"kid\":\"k1\"}", good_payload, NULL), TOKEN_INVALID);
    assert_status(verify_parts("{\"alg\":[\"RS256\"],\"kid\":\"k1\"}", good_payload, NULL),
                  TOKEN_INVALID);
}

/* The classic confusion: HMAC with the public key's bytes as its secret. */
static void an_hmac_under_the_public_key_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf token = {.limit = 65536};
    unsigned char *der = NULL;
    cof_digest mac = {0};
    const int size = i2d_PUBKEY(cof_rsa_evp(key), &der);
    assert_true(size > 0);
    assert_ok(
        cof_base64url_encode(cof_view_text("{\"alg\":\"HS256\",\"kid\":\"k1\"}"), &token, NULL));
    assert_ok(cof_buf_append_text(&token, ".", NULL));
    assert_ok(cof_base64url_encode(cof_view_text(good_payload), &token, NULL));
    assert_ok(cof_hmac_sha256(cof_view_of(der, (size_t)size), cof_buf_view(&token), &mac, NULL));
    assert_ok(cof_buf_append_text(&token, ".", NULL));
    assert_ok(cof_base64url_encode(cof_view_of(mac.bytes, sizeof mac.bytes), &token, NULL));
    OPENSSL_free(der);
    assert_status(verify_view(cof_buf_view(&token)), TOKEN_INVALID);
}

static void a_kid_that_the_issuer_does_not_publish_is_refused(void **state)
{
    (void)state;
    static const char *const kids[] = {"k2", "", "K1", "../k1", "k1' OR '1'='1", "/dev/null"};
    for (size_t i = 0; i < sizeof kids / sizeof kids[0]; i++) {
        COF_JSON json_t *claims = claims_at(NOW, LIFETIME);
        COF_CLEANUP(cof_buf_free) cof_buf token = {0};
        sign(key, kids[i], NULL, claims, &token);
        assert_status(verify_view(cof_buf_view(&token)), TOKEN_UNTRUSTED);
    }
    assert_status(verify_parts("{\"alg\":\"RS256\"}", good_payload, NULL), TOKEN_UNTRUSTED);
    assert_status(verify_parts("{\"alg\":\"RS256\",\"kid\":1}", good_payload, NULL), TOKEN_INVALID);
    assert_status(verify_parts("{\"alg\":\"RS256\",\"kid\":\"k1\\u0000x\"}", good_payload, NULL),
                  TOKEN_INVALID);
}

/* A header that brings its own key is no reason to use it. */
static void a_key_in_the_header_is_not_used(void **state)
{
    (void)state;
    COF_JSON json_t *claims = claims_at(NOW, LIFETIME);
    json_t *jwk = NULL;
    assert_ok(cof_rsa_to_jwk(other_key, &jwk, NULL));
    COF_JSON json_t *header =
        json_pack("{s:o, s:s, s:s, s:[s]}", "jwk", jwk, "jku", "https://evil.example/certs", "x5u",
                  "https://evil.example/c.pem", "x5c", "AAAA");
    COF_CLEANUP(cof_buf_free) cof_buf evil = {0};
    COF_CLEANUP(cof_buf_free) cof_buf good = {0};
    sign(other_key, "k1", header, claims, &evil);
    assert_status(verify_view(cof_buf_view(&evil)), TOKEN_INVALID);
    sign(key, "k1", header, claims, &good);
    assert_ok(verify_view(cof_buf_view(&good)));
}

static void members_that_stand_twice_are_refused(void **state)
{
    (void)state;
    assert_status(
        verify_parts("{\"alg\":\"none\",\"alg\":\"RS256\",\"kid\":\"k1\"}", good_payload, NULL),
        TOKEN_INVALID);
    assert_status(
        verify_parts(
            good_header,
            "{\"iss\":\"https://evil\",\"iss\":\"https://localhost:8443\",\"exp\":1798761700}",
            NULL),
        TOKEN_INVALID);
    assert_status(verify_parts(good_header,
                               "{\"iss\":\"https://localhost:8443\",\"aud\":\"https://"
                               "vault.azure.net\",\"exp\":1798761700,"
                               "\"x-ms-runtime\":{\"contract\":\"a\",\"contract\":\"b\"}}",
                               NULL),
                  TOKEN_INVALID);
}

static void critical_extensions_are_refused(void **state)
{
    (void)state;
    assert_status(
        verify_parts("{\"alg\":\"RS256\",\"kid\":\"k1\",\"crit\":[\"exp\"]}", good_payload, NULL),
        TOKEN_INVALID);
    assert_status(
        verify_parts("{\"alg\":\"RS256\",\"kid\":\"k1\",\"crit\":[]}", good_payload, NULL),
        TOKEN_INVALID);
    assert_status(
        verify_parts("{\"alg\":\"RS256\",\"kid\":\"k1\",\"b64\":false}", good_payload, NULL),
        TOKEN_INVALID);
    assert_status(
        verify_parts("{\"alg\":\"RS256\",\"kid\":\"k1\",\"zip\":\"DEF\"}", good_payload, NULL),
        TOKEN_INVALID);
}

static void what_is_no_token_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",        ".",           "..",  "...",           "a.b",
        "a.b.c.d", "e30.e30.e30", "e30", "e30=.e30.AAAA", " e30.e30.AAAA"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_status(verify_view(cof_view_text(texts[i])), TOKEN_INVALID);
    }
    static char huge[64 * 1024 + 2];
    memset(huge, 'a', sizeof huge - 1);
    assert_status(verify_view(cof_view_text(huge)), TOKEN_INVALID);
    assert_status(verify_parts("[]", good_payload, NULL), TOKEN_INVALID);
    assert_status(verify_parts(good_header, "[]", NULL), TOKEN_INVALID);
    assert_status(verify_parts(good_header, "{} ", NULL), TOKEN_INVALID);
    assert_status(verify_parts("{\"alg\":\"RS256\",\"kid\":\"k1\"} x", good_payload, NULL),
                  TOKEN_INVALID);
}

static void a_changed_character_is_refused(void **state)
{
    (void)state;
    COF_JSON json_t *claims = claims_at(NOW, LIFETIME);
    COF_CLEANUP(cof_buf_free) cof_buf token = {0};
    sign(key, "k1", NULL, claims, &token);
    for (size_t i = 0; i < token.size; i++) {
        const uint8_t old = token.data[i];
        token.data[i] = old == 'A' ? 'B' : 'A';
        assert_int_not_equal(verify_view(cof_buf_view(&token)), COF_OK);
        token.data[i] = old;
        assert_int_not_equal(verify_view(cof_view_of(token.data, i)), COF_OK);
    }
    assert_ok(verify_view(cof_buf_view(&token)));
}

static void a_skew_out_of_range_is_refused(void **state)
{
    (void)state;
    rules.skew_s = COF_TOKEN_SKEW_MAX_S + 1;
    assert_status(verify_claims(claims_at(NOW, LIFETIME)), BAD_ARGUMENT);
    rules.skew_s = -1;
    assert_status(verify_claims(claims_at(NOW, LIFETIME)), BAD_ARGUMENT);
    rules.skew_s = 60;
}

/* ---- key sets ---- */

static X509 *certificate_of(const cof_rsa_key *from)
{
    X509 *made = X509_new();
    assert_non_null(made);
    X509_set_version(made, X509_VERSION_3);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(made), 0);
    (void)X509_gmtime_adj(X509_getm_notAfter(made), 86400);
    X509_NAME *name = X509_get_subject_name(made);
    (void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)issuer, -1,
                                     -1, 0);
    (void)X509_set_issuer_name(made, name);
    (void)X509_set_pubkey(made, cof_rsa_evp(from));
    assert_true(X509_sign(made, cof_rsa_evp(from), EVP_sha256()) > 0);
    return made;
}

static json_t *x5c_of(const cof_rsa_key *from)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 8192};
    unsigned char *der = NULL;
    const char *base64 = NULL;
    X509 *certificate = certificate_of(from);
    const int size = i2d_X509(certificate, &der);
    assert_ok(cof_base64_encode(cof_view_of(der, (size_t)size), &text, NULL));
    assert_ok(cof_buf_text(&text, &base64, NULL));
    OPENSSL_free(der);
    X509_free(certificate);
    return json_pack("[s]", base64);
}

static cof_status read_set(json_t *set, size_t *out_count)
{
    COF_JSON json_t *owned = set;
    COF_CLEANUP(cof_jwks_drop_) cof_jwks *read = NULL;
    const cof_status status = cof_jwks_from_json(owned, &read, NULL);
    if (status == COF_OK) {
        *out_count = cof_jwks_count(read);
    }
    return status;
}

static void a_key_may_stand_in_a_certificate_alone(void **state)
{
    (void)state;
    COF_JSON json_t *set = json_pack("{s:[{s:s, s:s, s:s, s:s, s:o}]}", "keys", "kty", "RSA", "use",
                                     "sig", "alg", "RS256", "kid", "k1", "x5c", x5c_of(key));
    COF_CLEANUP(cof_jwks_drop_) cof_jwks *from_certificate = NULL;
    assert_ok(cof_jwks_from_json(set, &from_certificate, NULL));
    const cof_jwks *before = rules.keys;
    rules.keys = from_certificate;
    assert_ok(verify_claims(claims_at(NOW, LIFETIME)));
    rules.keys = before;
}

static void a_key_set_with_two_meanings_is_refused(void **state)
{
    (void)state;
    size_t count = 0;
    json_t *set = key_set(key, "k1");
    (void)json_object_set_new(json_array_get(json_object_get(set, "keys"), 0), "x5c", x5c_of(key));
    assert_ok(read_set(set, &count));
    set = key_set(key, "k1");
    (void)json_object_set_new(json_array_get(json_object_get(set, "keys"), 0), "x5c",
                              x5c_of(other_key));
    assert_status(read_set(set, &count), BAD_KEY);
    set = key_set(key, "k1");
    COF_JSON json_t *second = key_set(other_key, "k1");
    (void)json_array_extend(json_object_get(set, "keys"), json_object_get(second, "keys"));
    assert_status(read_set(set, &count), BAD_FORMAT);
}

static void keys_for_other_uses_are_left_out(void **state)
{
    (void)state;
    size_t count = 0;
    assert_ok(read_set(json_pack("{s:[]}", "keys"), &count));
    assert_int_equal(count, 0);
    assert_ok(read_set(json_pack("{s:[{s:s,s:s},{s:s,s:s,s:s}]}", "keys", "kty", "EC", "kid", "a",
                                 "kty", "RSA", "kid", "b", "use", "enc"),
                       &count));
    assert_int_equal(count, 0);
    json_t *set = key_set(key, "k1");
    (void)json_object_set_new(json_array_get(json_object_get(set, "keys"), 0), "alg",
                              json_string("PS256"));
    assert_ok(read_set(set, &count));
    assert_int_equal(count, 0);
}

static void malformed_key_sets_are_refused(void **state)
{
    (void)state;
    size_t count = 0;
    assert_status(read_set(json_array(), &count), BAD_FORMAT);
    assert_status(read_set(json_object(), &count), BAD_FORMAT);
    assert_status(read_set(json_pack("{s:[s]}", "keys", "x"), &count), BAD_FORMAT);
    assert_status(read_set(json_pack("{s:[{s:s,s:s}]}", "keys", "kty", "RSA", "kid", "a"), &count),
                  BAD_KEY);
    assert_status(read_set(json_pack("{s:[{s:s,s:s,s:[s]}]}", "keys", "kty", "RSA", "kid", "a",
                                     "x5c", "AAAA"),
                           &count),
                  BAD_KEY);
    assert_status(
        read_set(json_pack("{s:[{s:s,s:s,s:[]}]}", "keys", "kty", "RSA", "kid", "a", "x5c"),
                 &count),
        BAD_KEY);
    COF_CLEANUP(cof_jwks_drop_) cof_jwks *read = NULL;
    assert_status(cof_jwks_parse(cof_view_text("{\"keys\":[],\"keys\":[]}"), &read, NULL),
                  BAD_JSON);
}

static void a_public_key_does_not_sign(void **state)
{
    (void)state;
    COF_JSON json_t *jwk = NULL;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *public_half = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 65536};
    assert_ok(cof_rsa_to_jwk(key, &jwk, NULL));
    assert_ok(cof_rsa_from_jwk(jwk, &public_half, NULL));
    assert_status(cof_jws_sign(public_half, NULL, cof_view_text("x"), &out, NULL), BAD_ARGUMENT);
    COF_JSON json_t *header = json_pack("{s:s}", "alg", "none");
    assert_status(cof_jws_sign(key, header, cof_view_text("x"), &out, NULL), BAD_ARGUMENT);
    assert_int_equal(out.size, 0);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_token_gives_its_claims),
        cmocka_unit_test(a_token_of_another_issuer_is_refused),
        cmocka_unit_test(a_token_for_another_audience_is_refused),
        cmocka_unit_test(time_is_checked_at_both_ends),
        cmocka_unit_test(a_token_without_a_signature_is_refused),
        cmocka_unit_test(only_rs256_is_accepted),
        cmocka_unit_test(an_hmac_under_the_public_key_is_refused),
        cmocka_unit_test(a_kid_that_the_issuer_does_not_publish_is_refused),
        cmocka_unit_test(a_key_in_the_header_is_not_used),
        cmocka_unit_test(members_that_stand_twice_are_refused),
        cmocka_unit_test(critical_extensions_are_refused),
        cmocka_unit_test(what_is_no_token_is_refused),
        cmocka_unit_test(a_changed_character_is_refused),
        cmocka_unit_test(a_skew_out_of_range_is_refused),
        cmocka_unit_test(a_key_may_stand_in_a_certificate_alone),
        cmocka_unit_test(a_key_set_with_two_meanings_is_refused),
        cmocka_unit_test(keys_for_other_uses_are_left_out),
        cmocka_unit_test(malformed_key_sets_are_refused),
        cmocka_unit_test(a_public_key_does_not_sign),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
