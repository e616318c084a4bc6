/* What an administrator sends: JWS of each algorithm, and what is wrong with others. */
#include "local/attest/order.h"

#include "unit/local/order_case.h"

static order_signer rsa, ec, stranger;

static int start(void **state)
{
    (void)state;
    rsa = order_signer_make(false, "rsa");
    ec = order_signer_make(true, "ec");
    stranger = order_signer_make(false, "stranger");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    order_signer_free(&rsa);
    order_signer_free(&ec);
    order_signer_free(&stranger);
    return 0;
}

static const char payload[] = "{\"AttestationPolicy\":\"\"}";

static cof_status parse_at(const cof_buf *jws, int64_t now, cof_order *out, cof_err *err)
{
    return cof_order_parse(cof_buf_view(jws), now, out, err);
}

static void assert_refused(cof_buf jws, const char *sentence)
{
    COF_CLEANUP(cof_order_free) cof_order order = {0};
    cof_err err = {0};
    assert_status(parse_at(&jws, ORDER_CASE_NOW, &order, &err), TOKEN_INVALID);
    assert_non_null(strstr(err.detail, sentence));
    assert_null(order.payload);
    cof_buf_free(&jws);
}

static void every_algorithm_is_read_and_verified(void **state)
{
    (void)state;
    const struct {
        const order_signer *signer;
        const char *alg;
    } rows[] = {{&rsa, "RS256"}, {&rsa, "PS256"}, {&ec, "ES256"}};
    for (size_t i = 0; i < 3; i++) {
        COF_CLEANUP(cof_order_free) cof_order order = {0};
        COF_CLEANUP(cof_buf_free) cof_buf jws = order_of(rows[i].signer, rows[i].alg, payload);
        assert_ok(parse_at(&jws, ORDER_CASE_NOW, &order, NULL));
        assert_int_equal(X509_cmp(order.signer, rows[i].signer->certificate), 0);
        assert_true(json_is_object(order.payload));
    }
}

static void unsecured_and_empty_is_read(void **state)
{
    (void)state;
    COF_CLEANUP(cof_order_free) cof_order order = {0};
    assert_ok(
        cof_order_parse(cof_view_text("eyJhbGciOiJub25lIn0.."), ORDER_CASE_NOW, &order, NULL));
    assert_null(order.signer);
    assert_null(order.payload);
}

static void an_altered_byte_is_refused(void **state)
{
    (void)state;
    const char *const algs[] = {"RS256", "PS256", "ES256"};
    for (size_t i = 0; i < 3; i++) {
        COF_CLEANUP(cof_buf_free)
        cof_buf jws = order_of(i == 2 ? &ec : &rsa, algs[i], "{\"AttestationPolicy\":\"AAAA\"}");
        /* The payload's fifth byte, and the signature's. */
        uint8_t *first = memchr(jws.data, '.', jws.size);
        uint8_t *second = memchr(first + 1, '.', jws.size - (size_t)(first + 1 - jws.data));
        uint8_t *const places[] = {first + 30, second + 30};
        for (size_t k = 0; k < 2; k++) {
            COF_CLEANUP(cof_order_free) cof_order order = {0};
            const uint8_t old = *places[k];
            *places[k] = old == 'A' ? 'B' : 'A';
            assert_status(parse_at(&jws, ORDER_CASE_NOW, &order, NULL), TOKEN_INVALID);
            *places[k] = old;
        }
        COF_CLEANUP(cof_order_free) cof_order order = {0};
        assert_ok(parse_at(&jws, ORDER_CASE_NOW, &order, NULL));
    }
}

static void another_keys_signature_is_refused(void **state)
{
    (void)state;
    order_signer mixed = {.key = stranger.key, .certificate = rsa.certificate};
    assert_refused(order_of(&mixed, "RS256", payload), "signature does not verify");
}

static void an_algorithm_that_does_not_fit_the_key_is_refused(void **state)
{
    (void)state;
    assert_refused(order_of(&rsa, "ES256x", payload), "alg is not");
    json_t *x5c = NULL;
    char header[8192];
    assert_ok(cof_cert_to_x5c(ec.certificate, &x5c, NULL));
    (void)snprintf(header, sizeof header, "{\"alg\":\"RS256\",\"x5c\":[\"%s\"]}",
                   json_string_value(x5c));
    json_decref(x5c);
    assert_refused(order_jws(&rsa, "RS256", header, payload), "does not fit");
}

static void rs256_is_not_taken_for_ps256(void **state)
{
    (void)state;
    json_t *x5c = NULL;
    char header[8192];
    assert_ok(cof_cert_to_x5c(rsa.certificate, &x5c, NULL));
    (void)snprintf(header, sizeof header, "{\"alg\":\"PS256\",\"x5c\":[\"%s\"]}",
                   json_string_value(x5c));
    json_decref(x5c);
    assert_refused(order_jws(&rsa, "RS256", header, payload), "signature does not verify");
}

static void a_certificate_out_of_time_is_refused_unless_time_does_not_matter(void **state)
{
    (void)state;
    COF_CLEANUP(cof_order_free) cof_order order = {0};
    COF_CLEANUP(cof_buf_free) cof_buf jws = order_of(&rsa, "RS256", payload);
    assert_status(parse_at(&jws, ORDER_CASE_NOW - 7200, &order, NULL), TOKEN_INVALID);
    assert_status(parse_at(&jws, ORDER_CASE_NOW + 40 * 86400, &order, NULL), TOKEN_INVALID);
    assert_ok(parse_at(&jws, COF_ORDER_ANY_TIME, &order, NULL));
}

static void an_unsecured_token_has_no_signature(void **state)
{
    (void)state;
    assert_refused(order_jws(&rsa, "RS256", "{\"alg\":\"none\"}", payload), "no signature");
}

static void what_is_no_token_is_refused(void **state)
{
    (void)state;
    const struct {
        const char *text, *sentence;
    } rows[] = {
        {"", "first period"},
        {"abc", "first period"},
        {"e30.e30", "second period"},
        {"e30.e30.e30.e30", "more than three"},
        {"!!.e30.", "header is not"},
        {"W10.e30.", "header is not"},
        {"eyJhbGciOiJub25lIn0.W10.", "body is not"},
        {"eyJhbGciOiJub25lIn0.e30x.", "body is not"},
        {"e30.e30.", "alg is not"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        COF_CLEANUP(cof_order_free) cof_order order = {0};
        cof_err err = {0};
        assert_status(cof_order_parse(cof_view_text(rows[i].text), ORDER_CASE_NOW, &order, &err),
                      TOKEN_INVALID);
        assert_non_null(strstr(err.detail, rows[i].sentence));
    }
}

static void headers_that_change_the_meaning_are_refused(void **state)
{
    (void)state;
    assert_refused(order_jws(NULL, "", "{\"alg\":\"none\",\"crit\":[]}", payload), "crit");
    assert_refused(order_jws(NULL, "", "{\"alg\":\"none\",\"b64\":false}", payload), "b64");
    assert_refused(order_jws(NULL, "", "{\"alg\":\"none\",\"alg\":\"none\"}", payload),
                   "header is not");
    assert_refused(order_jws(&rsa, "RS256", "{\"alg\":\"RS256\"}", payload), "no certificate");
    assert_refused(order_jws(&rsa, "RS256", "{\"alg\":\"RS256\",\"x5c\":[\"AAAA\"]}", payload),
                   "no certificate");
}

static void small_keys_are_refused(void **state)
{
    (void)state;
    order_signer small = {.key = EVP_RSA_gen(1024)};
    const cof_cert_request request = {
        .common_name = "small", .key = small.key, .not_before = ORDER_CASE_NOW - 60, .days = 1};
    assert_ok(cof_cert_make(&request, &small.certificate, NULL));
    assert_refused(order_of(&small, "RS256", payload), "no certificate");
    order_signer_free(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm_is_read_and_verified),
        cmocka_unit_test(unsecured_and_empty_is_read),
        cmocka_unit_test(an_altered_byte_is_refused),
        cmocka_unit_test(another_keys_signature_is_refused),
        cmocka_unit_test(an_algorithm_that_does_not_fit_the_key_is_refused),
        cmocka_unit_test(rs256_is_not_taken_for_ps256),
        cmocka_unit_test(a_certificate_out_of_time_is_refused_unless_time_does_not_matter),
        cmocka_unit_test(an_unsecured_token_has_no_signature),
        cmocka_unit_test(what_is_no_token_is_refused),
        cmocka_unit_test(headers_that_change_the_meaning_are_refused),
        cmocka_unit_test(small_keys_are_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, start, stop);
}
