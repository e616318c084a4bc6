#include "harness/cof_test.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

#include "local/ca/cert.h"
#include "local/identity/assertion.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

#define CLIENT   "6e1cd267-c250-4e96-a076-1c6a326c81e5"
#define ENDPOINT "https://localhost:8443/t/oauth2/v2.0/token"
#define TENANT   "https://localhost:8443/t/v2.0"
#define ISSUER   "https://issuer.example"

static const int64_t now = 1800000000;

typedef struct signer {
    cof_rsa_key *key;
    char certificate[4096]; /* base64 */
} signer;

static signer own;
static signer other;

static void make_signer(signer *s)
{
    X509 *certificate = NULL;
    json_t *text = NULL;
    assert_ok(cof_rsa_generate(2048, &s->key, NULL));
    const cof_cert_request request = {
        .common_name = "app", .key = cof_rsa_evp(s->key), .not_before = now - 1000, .days = 10};
    assert_ok(cof_cert_make(&request, &certificate, NULL));
    assert_ok(cof_cert_to_x5c(certificate, &text, NULL));
    (void)snprintf(s->certificate, sizeof s->certificate, "%s", json_string_value(text));
    json_decref(text);
    X509_free(certificate);
}

static int make_signers(void **state)
{
    (void)state;
    make_signer(&own);
    make_signer(&other);
    return 0;
}

static int free_signers(void **state)
{
    (void)state;
    cof_rsa_key_free(own.key);
    cof_rsa_key_free(other.key);
    return 0;
}

static void append_signature(EVP_PKEY *key, bool is_pss, int salt, cof_buf *token)
{
    uint8_t signature[512];
    size_t size = sizeof signature;
    EVP_PKEY_CTX *parameters = NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, &parameters, EVP_sha256(), NULL, key), 1);
    if (is_pss) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, salt), 1);
    }
    assert_int_equal(EVP_DigestSign(context, signature, &size, token->data, token->size), 1);
    EVP_MD_CTX_free(context);
    assert_ok(cof_buf_append_text(token, ".", NULL));
    assert_ok(cof_base64url_encode(cof_view_of(signature, size), token, NULL));
}

/* A JWT of these texts, signed by this key. */
static cof_buf make(const signer *s, const char *header, const char *claims, bool is_pss, int salt)
{
    cof_buf token = {.limit = COF_LIMIT_TOKEN_BYTES};
    assert_ok(cof_base64url_encode(cof_view_text(header), &token, NULL));
    assert_ok(cof_buf_append_text(&token, ".", NULL));
    assert_ok(cof_base64url_encode(cof_view_text(claims), &token, NULL));
    append_signature(cof_rsa_evp(s->key), is_pss, salt, &token);
    return token;
}

#define RS256 "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"x5t\":\"abc\"}"
#define PS256 "{\"alg\":\"PS256\",\"typ\":\"JWT\",\"x5t#S256\":\"abc\"}"

/* Claims of an assertion, each of which a test may change. */
typedef struct claims {
    const char *issuer;
    const char *subject;
    const char *audience; /* JSON */
    int64_t expires;
    int64_t start;
    const char *more; /* further members, JSON */
} claims;

static const claims good = {CLIENT,     CLIENT,     "\"" ENDPOINT "\"",
                            1800000600, 1800000000, ",\"jti\":\"1\""};

static const char *text_of(const claims *c)
{
    static char text[2048];
    (void)snprintf(
        text, sizeof text, "{\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":%s,\"exp\":%lld,\"nbf\":%lld%s}",
        c->issuer, c->subject, c->audience, (long long)c->expires, (long long)c->start, c->more);
    return text;
}

static cof_refusal check_token(cof_buf token)
{
    static const char *const audiences[] = {ENDPOINT, TENANT};
    const cof_client_assertion_rules rules = {.certificate = own.certificate,
                                              .client_id = CLIENT,
                                              .audiences = audiences,
                                              .audience_count = 2,
                                              .now = now};
    COF_CLEANUP(cof_buf_free) cof_buf held = token;
    COF_CLEANUP(cof_client_assertion_free) cof_client_assertion assertion = {0};
    cof_digest name;
    int64_t expires = 0;
    const cof_refusal why = cof_client_assertion_read(cof_buf_view(&held), &assertion);
    return why != COF_ADMITTED ? why
                               : cof_client_assertion_check(&assertion, &rules, &name, &expires);
}

static cof_refusal check(const claims *c)
{
    return check_token(make(&own, RS256, text_of(c), false, 0));
}

static void both_algorithms_and_all_audiences_are_admitted(void **state)
{
    (void)state;
    static const char *const audiences[] = {"\"" ENDPOINT "\"", "\"" TENANT "\"",
                                            "[\"x\",\"" TENANT "\"]"};
    for (size_t i = 0; i < 3; i++) {
        claims c = good;
        c.audience = audiences[i];
        assert_int_equal(check(&c), COF_ADMITTED);
        assert_int_equal(check_token(make(&own, PS256, text_of(&c), true, 32)), COF_ADMITTED);
    }
}

static void the_signature_must_be_of_the_certificate_and_the_algorithm(void **state)
{
    (void)state;
    const char *text = text_of(&good);
    assert_int_equal(check_token(make(&other, RS256, text, false, 0)),
                     COF_REFUSE_ASSERTION_SIGNATURE);
    assert_int_equal(check_token(make(&own, RS256, text, true, 32)),
                     COF_REFUSE_ASSERTION_SIGNATURE);
    assert_int_equal(check_token(make(&own, PS256, text, false, 0)),
                     COF_REFUSE_ASSERTION_SIGNATURE);
    assert_int_equal(check_token(make(&own, PS256, text, true, 20)),
                     COF_REFUSE_ASSERTION_SIGNATURE);
}

static void any_flipped_character_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf token = make(&own, RS256, text_of(&good), false, 0);
    for (size_t i = 0; i < token.size; i += 7) {
        cof_buf copy = {.limit = COF_LIMIT_TOKEN_BYTES};
        assert_ok(cof_buf_append(&copy, cof_buf_view(&token), NULL));
        copy.data[i] = copy.data[i] == 'A' ? 'B' : 'A';
        assert_int_not_equal(check_token(copy), COF_ADMITTED);
    }
}

static void each_claim_is_checked(void **state)
{
    (void)state;
    const struct {
        claims changed;
        cof_refusal why;
    } cases[] = {
        {{"6e1cd267-c250-4e96-a076-1c6a326c81e6", CLIENT, good.audience, good.expires, now,
          good.more},
         COF_REFUSE_ASSERTION_CLIENT},
        {{CLIENT, "someone", good.audience, good.expires, now, good.more},
         COF_REFUSE_ASSERTION_CLIENT},
        {{CLIENT, CLIENT, "\"https://elsewhere/t/oauth2/v2.0/token\"", good.expires, now,
          good.more},
         COF_REFUSE_ASSERTION_AUDIENCE},
        {{CLIENT, CLIENT, "[]", good.expires, now, good.more}, COF_REFUSE_ASSERTION_AUDIENCE},
        {{CLIENT, CLIENT, "7", good.expires, now, good.more}, COF_REFUSE_ASSERTION_AUDIENCE},
        {{CLIENT, CLIENT, good.audience, now - 300, now - 400, good.more},
         COF_REFUSE_ASSERTION_TIME},
        {{CLIENT, CLIENT, good.audience, now - 299, now - 400, good.more}, COF_ADMITTED},
        {{CLIENT, CLIENT, good.audience, now + 900, now, good.more}, COF_ADMITTED},
        {{CLIENT, CLIENT, good.audience, now + 901, now, good.more}, COF_REFUSE_ASSERTION_TIME},
        {{CLIENT, CLIENT, good.audience, good.expires, now + 300, good.more}, COF_ADMITTED},
        {{CLIENT, CLIENT, good.audience, good.expires, now + 301, good.more},
         COF_REFUSE_ASSERTION_TIME},
        {{CLIENT, CLIENT, good.audience, good.expires, now, ",\"jti\":\"1\",\"iat\":1900000000"},
         COF_REFUSE_ASSERTION_TIME},
        {{CLIENT, CLIENT, good.audience, good.expires, now, ",\"jti\":\"1\",\"iat\":\"now\""},
         COF_REFUSE_ASSERTION_TIME},
        {{CLIENT, CLIENT, good.audience, good.expires, now, ""}, COF_REFUSE_ASSERTION_FORM},
        {{CLIENT, CLIENT, good.audience, good.expires, now, ",\"jti\":\"\""},
         COF_REFUSE_ASSERTION_FORM},
        {{CLIENT, CLIENT, good.audience, good.expires, now, ",\"jti\":7"},
         COF_REFUSE_ASSERTION_FORM},
        {{CLIENT, CLIENT, good.audience, good.expires, now, ",\"jti\":\"1\",\"iss\":\"again\""},
         COF_REFUSE_ASSERTION_FORM},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(check(&cases[i].changed), cases[i].why);
    }
}

static void forms_that_are_no_assertion_are_refused(void **state)
{
    (void)state;
    const char *text = text_of(&good);
    static const char *const headers[] = {"{\"alg\":\"none\"}",
                                          "{\"alg\":\"HS256\"}",
                                          "{\"alg\":\"ES256\"}",
                                          "{\"alg\":\"rs256\"}",
                                          "{\"alg\":\"RS256\",\"alg\":\"RS256\"}",
                                          "{\"alg\":\"RS256\",\"crit\":[\"x\"]}",
                                          "{\"alg\":\"RS256\",\"x5t\":7}",
                                          "{\"alg\":\"RS256\",\"x5t#S256\":[]}",
                                          "[]",
                                          "{}"};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        assert_int_equal(check_token(make(&own, headers[i], text, false, 0)),
                         COF_REFUSE_ASSERTION_FORM);
    }
    static const char *const payloads[] = {"[]", "{}", "{\"iss\":\"a\"}", "{\"iss\":1,\"sub\":2}",
                                           "not JSON"};
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
        assert_int_equal(check_token(make(&own, RS256, payloads[i], false, 0)),
                         COF_REFUSE_ASSERTION_FORM);
    }
}

static void an_assertion_has_the_name_of_its_jti(void **state)
{
    (void)state;
    static const char *const audiences[] = {ENDPOINT};
    const cof_client_assertion_rules rules = {.certificate = own.certificate,
                                              .client_id = CLIENT,
                                              .audiences = audiences,
                                              .audience_count = 1,
                                              .now = now};
    cof_digest names[2];
    for (size_t i = 0; i < 2; i++) {
        claims c = good;
        int64_t expires = 0;
        c.more = i == 0 ? ",\"jti\":\"1\"" : ",\"jti\":\"2\"";
        COF_CLEANUP(cof_buf_free) cof_buf token = make(&own, RS256, text_of(&c), false, 0);
        COF_CLEANUP(cof_client_assertion_free) cof_client_assertion assertion = {0};
        assert_int_equal(cof_client_assertion_read(cof_buf_view(&token), &assertion), COF_ADMITTED);
        assert_int_equal(cof_client_assertion_check(&assertion, &rules, &names[i], &expires),
                         COF_ADMITTED);
        assert_int_equal(expires, good.expires + COF_ASSERTION_SKEW_S);
    }
    assert_false(cof_digest_equal(&names[0], &names[1]));
}

/* ---- of another issuer ---- */

static json_t *keys_of(const signer *s, const char *kid)
{
    json_t *jwk = NULL;
    assert_ok(cof_rsa_to_jwk(s->key, &jwk, NULL));
    assert_ok(cof_json_set(jwk, "kid", json_string(kid), NULL));
    return json_pack("{s:[o]}", "keys", jwk);
}

static cof_refusal federated(const signer *s, const char *header, const claims *c)
{
    COF_JSON json_t *keys = keys_of(&own, "k1");
    const cof_client_assertion_federation federation = {
        .issuer = ISSUER, .subject = "repo:a/b", .audience = "api://X", .keys = keys};
    COF_CLEANUP(cof_buf_free) cof_buf token = make(s, header, text_of(c), false, 0);
    COF_CLEANUP(cof_client_assertion_free) cof_client_assertion assertion = {0};
    const cof_refusal why = cof_client_assertion_read(cof_buf_view(&token), &assertion);
    return why != COF_ADMITTED ? why
                               : cof_client_assertion_check_federated(&assertion, &federation, now);
}

static void a_federated_token_must_meet_all_of_its_record(void **state)
{
    (void)state;
    static const char header[] = "{\"alg\":\"RS256\",\"kid\":\"k1\"}";
    const claims fine = {ISSUER, "repo:a/b", "\"api://X\"", now + 3600, now, ""};
    const struct {
        const signer *signer;
        const char *header;
        claims changed;
        cof_refusal why;
    } cases[] = {
        {&own, header, fine, COF_ADMITTED},
        {&own, header, {ISSUER, "repo:a/b", "[\"api://X\"]", now + 3600, now, ""}, COF_ADMITTED},
        {&own,
         header,
         {ISSUER "/", "repo:a/b", "\"api://X\"", now + 60, now, ""},
         COF_REFUSE_FEDERATED_ISSUER},
        {&own,
         header,
         {ISSUER, "repo:a/B", "\"api://X\"", now + 60, now, ""},
         COF_REFUSE_FEDERATED_SUBJECT},
        {&own,
         header,
         {ISSUER, "repo:a/b", "\"api://Y\"", now + 60, now, ""},
         COF_REFUSE_FEDERATED_AUDIENCE},
        {&own,
         header,
         {ISSUER, "repo:a/b", "\"api://X\"", now - 300, now, ""},
         COF_REFUSE_ASSERTION_TIME},
        {&own,
         header,
         {ISSUER, "repo:a/b", "\"api://X\"", now + 60, now + 301, ""},
         COF_REFUSE_ASSERTION_TIME},
        {&other, header, fine, COF_REFUSE_FEDERATED_SIGNATURE},
        {&own, "{\"alg\":\"RS256\",\"kid\":\"k2\"}", fine, COF_REFUSE_FEDERATED_SIGNATURE},
        {&own, "{\"alg\":\"RS256\"}", fine, COF_REFUSE_FEDERATED_SIGNATURE},
        {&own, "{\"alg\":\"PS256\",\"kid\":\"k1\"}", fine, COF_REFUSE_FEDERATED_SIGNATURE},
        {&other, "{\"alg\":\"RS256\",\"kid\":\"k1\",\"jku\":\"https://evil.example\"}", fine,
         COF_REFUSE_FEDERATED_SIGNATURE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(federated(cases[i].signer, cases[i].header, &cases[i].changed),
                         cases[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_algorithms_and_all_audiences_are_admitted),
        cmocka_unit_test(the_signature_must_be_of_the_certificate_and_the_algorithm),
        cmocka_unit_test(any_flipped_character_is_refused),
        cmocka_unit_test(each_claim_is_checked),
        cmocka_unit_test(forms_that_are_no_assertion_are_refused),
        cmocka_unit_test(an_assertion_has_the_name_of_its_jti),
        cmocka_unit_test(a_federated_token_must_meet_all_of_its_record),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, make_signers, free_signers);
}
