/* Forms of collateral, lifetimes of answers, origins: pure functions. */
#include "harness/cof_test.h"

#include <stdio.h>
#include <string.h>

#include "harness/cof_hex.h"
#include "host/collateral/answer.h"
#include "host/collateral/forms.h"
#include "host/collateral/lifetime.h"
#include "host/collateral/origin.h"

enum { LIMIT = 4096 };

typedef cof_status (*form)(cof_view bytes, cof_buf *out, cof_err *err);

static void assert_form(form f, const char *in, size_t size, const char *hex)
{
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = LIMIT};
    assert_ok(f(cof_view_of(in, size), &out, NULL));
    assert_hex(out.data, out.size, hex);
}

static void refuse_form(form f, const char *in, size_t size)
{
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = LIMIT};
    assert_status(f(cof_view_of(in, size), &out, NULL), BAD_FORMAT);
    assert_int_equal(out.size, 0);
}
#define ASSERT_FORM(f, text, hex) assert_form(f, text, sizeof(text) - 1, hex)
#define REFUSE_FORM(f, text)      refuse_form(f, text, sizeof(text) - 1)

/* ---- lists ---- */

static void a_list_as_der_stays_as_it_is(void **state)
{
    (void)state;
    ASSERT_FORM(cof_form_crl, "\x30\x03\x02\x01\x05", "3003020105");
    ASSERT_FORM(cof_form_crl, "\x30\x00", "3000");
}

static void a_list_as_pem_becomes_der(void **state)
{
    (void)state;
    ASSERT_FORM(cof_form_crl, "-----BEGIN X509 CRL-----\nMAMCAQU=\n-----END X509 CRL-----\n",
                "3003020105");
    ASSERT_FORM(cof_form_crl, "-----BEGIN X509 CRL-----\r\nMAMC\r\nAQU=\r\n-----END X509 CRL-----",
                "3003020105");
}

static void a_list_as_hex_becomes_der(void **state)
{
    (void)state;
    ASSERT_FORM(cof_form_crl, "3003020105", "3003020105");
    ASSERT_FORM(cof_form_crl, "300302010A\r\n", "300302010a");
}

static void der_that_begins_with_the_digit_0_is_no_hex(void **state)
{
    (void)state;
    /* 30 31 … is "01…" as text, but its length byte says 0x31. */
    char der[2 + 0x31] = {0x30, 0x31, 0x04, 0x2f};
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = LIMIT};
    memset(der + 4, 'A', sizeof der - 4);
    assert_ok(cof_form_crl(cof_view_of(der, sizeof der), &out, NULL));
    assert_memory_equal(out.data, der, sizeof der);
}

static void der_must_be_one_whole_sequence(void **state)
{
    (void)state;
    REFUSE_FORM(cof_form_crl, "");
    REFUSE_FORM(cof_form_crl, "\x30");
    REFUSE_FORM(cof_form_crl, "\x30\x03\x02\x01");             /* cut off */
    REFUSE_FORM(cof_form_crl, "\x30\x03\x02\x01\x05\x00");     /* something behind it */
    REFUSE_FORM(cof_form_crl, "\x30\x03\x02\x01\x05\n");       /* a line end too */
    REFUSE_FORM(cof_form_crl, "\x31\x03\x02\x01\x05");         /* a SET */
    REFUSE_FORM(cof_form_crl, "\x30\x81\x03\x02\x01\x05");     /* length not shortest */
    REFUSE_FORM(cof_form_crl, "\x30\x82\x00\x03\x02\x01\x05"); /* nor here */
    REFUSE_FORM(cof_form_crl, "\x30\x80\x02\x01\x05\x00\x00"); /* indefinite */
    REFUSE_FORM(cof_form_crl, "\x30\x85\x01\x00\x00\x00\x00"); /* longer than anything */
    REFUSE_FORM(cof_form_crl, "<html>no such page</html>");
}

static void pem_is_read_strictly(void **state)
{
    (void)state;
    REFUSE_FORM(cof_form_crl, "-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n");
    REFUSE_FORM(cof_form_crl, "-----BEGIN X509 CRL-----\nMAMCAQU=\n");
    REFUSE_FORM(cof_form_crl, "-----BEGIN X509 CRL-----MAMCAQU=\n-----END X509 CRL-----\n");
    REFUSE_FORM(cof_form_crl, "-----BEGIN X509 CRL-----\nMAMCAQU=\n-----END X509 CRL-----\nx");
    REFUSE_FORM(cof_form_crl, "-----BEGIN X509 CRL----- \nMAMCAQU=\n-----END X509 CRL-----\n");
    REFUSE_FORM(cof_form_crl, "-----BEGIN X509 CRL-----\nMAMCAQU\n-----END X509 CRL-----\n");
    REFUSE_FORM(cof_form_crl, "-----BEGIN X509 CRL-----\nMAM CAQU=\n-----END X509 CRL-----\n");
    REFUSE_FORM(cof_form_crl, "-----BEGIN X509 CRL-----\nAgEF\n-----END X509 CRL-----\n");
    REFUSE_FORM(cof_form_crl, "-----BEGIN X509 CRL-----\nMAMCAQU=\n-----END X509 CRL-----\n"
                              "-----BEGIN X509 CRL-----\nMAMCAQU=\n-----END X509 CRL-----\n");
}

static void hex_of_something_else_is_refused(void **state)
{
    (void)state;
    REFUSE_FORM(cof_form_crl, "300302010");
    REFUSE_FORM(cof_form_crl, "020105");
    REFUSE_FORM(cof_form_crl, "30030201050");
    REFUSE_FORM(cof_form_crl, "3003 020105");
}

static void a_form_respects_its_limit(void **state)
{
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 4};
    (void)state;
    assert_status(cof_form_crl(cof_view_text("3003020105"), &out, NULL), LIMIT);
}

/* ---- chains ---- */

static const char chain_text[] =
    "-----BEGIN CERTIFICATE-----\nMAMC+QU=\n-----END CERTIFICATE-----\n";

static void a_plus_in_a_header_stays_a_plus(void **state)
{
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = LIMIT};
    (void)state;
    assert_ok(cof_form_chain_header("-----BEGIN%20CERTIFICATE-----%0AMAMC+QU%3D%0A"
                                    "-----END%20CERTIFICATE-----%0A",
                                    &out, NULL));
    assert_view_text(cof_buf_view(&out), chain_text);
    cof_buf_clear(&out);
    assert_ok(cof_form_chain_header("-----BEGIN%20CERTIFICATE-----%0aMAMC%2BQU%3d%0a"
                                    "-----END%20CERTIFICATE-----%0a",
                                    &out, NULL));
    assert_view_text(cof_buf_view(&out), chain_text);
}

static void a_header_that_is_no_chain_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "-----BEGIN%20CERTIFICATE-----%0AMAMC+QU%3D%0A-----END%20CERTIFICATE-----%0",
        "-----BEGIN%20CERTIFICATE-----%0AMAMC+QU%3D%0A-----END%20CERTIFICATE-----%zz",
        "-----BEGIN+CERTIFICATE-----%0AMAMC+QU%3D%0A-----END+CERTIFICATE-----%0A",
        "-----BEGIN%20CERTIFICATE-----%0AMAMC+QU%3D%0A-----END%20CERTIFICATE-----%00",
        "-----BEGIN%20CERTIFICATE-----%0AAgEF%0A-----END%20CERTIFICATE-----%0A"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = LIMIT};
        assert_status(cof_form_chain_header(bad[i], &out, NULL), BAD_FORMAT);
    }
}

static void a_chain_has_at_most_four_certificates(void **state)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = LIMIT};
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = LIMIT};
    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_ok(cof_buf_append_text(&text, chain_text, NULL));
    }
    assert_ok(cof_form_chain(cof_buf_view(&text), &out, NULL));
    assert_ok(cof_buf_append_text(&text, chain_text, NULL));
    assert_status(cof_form_chain(cof_buf_view(&text), &out, NULL), LIMIT);
}

/* ---- lifetimes ---- */

enum { NOW = 784111777 }; /* Sun, 06 Nov 1994 08:49:37 GMT */

static void assert_lifetime(cof_lifetime_fields fields, bool is_known, int64_t seconds)
{
    const cof_lifetime lifetime = cof_lifetime_of(&fields, NOW);
    assert_int_equal(lifetime.is_known, is_known);
    assert_int_equal(lifetime.seconds, seconds);
}

static void max_age_goes_before_expires(void **state)
{
    (void)state;
    assert_lifetime((cof_lifetime_fields){.cache_control = "public, max-age=3600",
                                          .expires = "Sun, 06 Nov 1994 08:49:47 GMT"},
                    true, 3600);
    assert_lifetime((cof_lifetime_fields){.cache_control = "Max-Age=60"}, true, 60);
    assert_lifetime((cof_lifetime_fields){.cache_control = "max-age=60", .age = "50"}, true, 10);
    assert_lifetime((cof_lifetime_fields){.cache_control = "max-age=60", .age = "70"}, true, 0);
    assert_lifetime((cof_lifetime_fields){.cache_control = "max-age=60,max-age=5"}, true, 5);
    assert_lifetime((cof_lifetime_fields){.cache_control = "public"}, false, 0);
    assert_lifetime((cof_lifetime_fields){0}, false, 0);
}

static void what_cannot_be_read_is_expired(void **state)
{
    (void)state;
    assert_lifetime((cof_lifetime_fields){.cache_control = "max-age=soon"}, true, 0);
    assert_lifetime((cof_lifetime_fields){.cache_control = "max-age="}, true, 0);
    assert_lifetime((cof_lifetime_fields){.cache_control = "max-age=-1"}, true, 0);
    assert_lifetime((cof_lifetime_fields){.expires = "0"}, true, 0);
    assert_lifetime((cof_lifetime_fields){.cache_control = "no-cache"}, true, 0);
    assert_lifetime((cof_lifetime_fields){.cache_control = "max-age=60, no-cache"}, true, 0);
    assert_lifetime((cof_lifetime_fields){.cache_control = "no-cache, max-age=60"}, true, 0);
}

static void expires_is_counted_from_the_service_s_clock(void **state)
{
    (void)state;
    assert_lifetime((cof_lifetime_fields){.expires = "Sun, 06 Nov 1994 08:49:47 GMT"}, true, 10);
    assert_lifetime((cof_lifetime_fields){.expires = "Sun, 06 Nov 1994 08:49:47 GMT",
                                          .date = "Sun, 06 Nov 1994 08:49:27 GMT"},
                    true, 20);
    assert_lifetime((cof_lifetime_fields){.expires = "Sun, 06 Nov 1994 08:49:07 GMT"}, true, 0);
}

static void huge_ages_do_not_overflow(void **state)
{
    (void)state;
    assert_lifetime((cof_lifetime_fields){.cache_control = "max-age=99999999999999999999999"}, true,
                    INT64_C(1) << 31);
}

static void no_store_is_seen(void **state)
{
    const cof_lifetime never = cof_lifetime_of(
        &(cof_lifetime_fields){.cache_control = "private , no-store , max-age=5"}, NOW);
    const cof_lifetime plain = cof_lifetime_of(&(cof_lifetime_fields){0}, NOW);
    (void)state;
    assert_false(never.may_store);
    assert_int_equal(never.seconds, 0);
    assert_true(plain.may_store);
    assert_false(cof_lifetime_shorter(plain, never).may_store);
}

static void the_shorter_lifetime_is_the_known_one(void **state)
{
    const cof_lifetime unknown = {.may_store = true};
    const cof_lifetime ten = {.is_known = true, .may_store = true, .seconds = 10};
    const cof_lifetime five = {.is_known = true, .may_store = true, .seconds = 5};
    (void)state;
    assert_int_equal(cof_lifetime_shorter(unknown, ten).seconds, 10);
    assert_true(cof_lifetime_shorter(unknown, ten).is_known);
    assert_int_equal(cof_lifetime_shorter(ten, five).seconds, 5);
    assert_int_equal(cof_lifetime_shorter(five, ten).seconds, 5);
    assert_int_equal(cof_lifetime_shorter(five, unknown).seconds, 5);
}

/* ---- origins ---- */

static void vendors_are_the_default(void **state)
{
    cof_collateral_origin origin;
    (void)state;
    assert_ok(cof_origin_from(NULL, &origin, NULL));
    assert_string_equal(origin.intel, "https://api.trustedservices.intel.com");
    assert_string_equal(origin.amd, "https://kdsintf.amd.com");
    assert_string_equal(origin.imds, "");
    assert_false(origin.is_pccs);
    assert_true(origin.has_update_option);
}

static void azure_is_its_cache_and_its_metadata_service(void **state)
{
    cof_collateral_origin origin;
    (void)state;
    assert_ok(cof_origin_from("azure", &origin, NULL));
    assert_string_equal(origin.intel, "https://global.acccache.azure.net");
    assert_string_equal(origin.imds, "http://169.254.169.254");
    assert_string_equal(origin.amd, "https://kdsintf.amd.com");
}

static void a_pccs_is_named_as_its_clients_name_it(void **state)
{
    cof_collateral_origin origin;
    (void)state;
    assert_ok(cof_origin_from("https://pccs.example:8081/sgx/certification/v4/", &origin, NULL));
    assert_string_equal(origin.intel, "https://pccs.example:8081");
    assert_true(origin.is_pccs);
    assert_ok(cof_origin_from("https://pccs.example/mirror//", &origin, NULL));
    assert_string_equal(origin.amd, "https://pccs.example/mirror");
}

static void plain_http_is_for_this_machine_only(void **state)
{
    static const char *const bad[] = {"http://pccs.example",
                                      "http://127.0.0.1.example",
                                      "http://10.0.0.1:8081",
                                      "ftp://127.0.0.1",
                                      "intell",
                                      "",
                                      "https://a?b=c"};
    static const char *const good[] = {"http://127.0.0.1:1", "http://localhost:8081",
                                       "http://[::1]:80", "http://169.254.169.254"};
    cof_collateral_origin origin;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_status(cof_origin_from(bad[i], &origin, NULL), USAGE);
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_ok(cof_origin_from(good[i], &origin, NULL));
    }
}

/* ---- answers ---- */

static void an_error_page_is_no_collateral(void **state)
{
    (void)state;
    for (cof_collateral_item item = 0; item < COF_COLLATERAL_COUNT; item++) {
        COF_CLEANUP(cof_collateral_free) cof_collateral out = {0};
        cof_err err = {0};
        assert_status(cof_answer_item(item, cof_view_text("<html>hello</html>"), &out, &err),
                      COLLATERAL_INVALID);
        assert_non_null(strstr(err.detail, cof_collateral_file_name(item)));
        assert_status(cof_answer_item(item, cof_view_text(""), &out, &err), COLLATERAL_INVALID);
        assert_int_equal(out.items[item].size, 0);
    }
}

static void an_answer_without_its_chain_is_refused(void **state)
{
    COF_CLEANUP(cof_collateral_free) cof_collateral out = {0};
    (void)state;
    assert_status(cof_answer_chain(COF_COLLATERAL_TCB_CHAIN, NULL, &out, NULL), COLLATERAL_INVALID);
    assert_status(cof_answer_chain(COF_COLLATERAL_TCB_CHAIN, "", &out, NULL), COLLATERAL_INVALID);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_as_der_stays_as_it_is),
        cmocka_unit_test(a_list_as_pem_becomes_der),
        cmocka_unit_test(a_list_as_hex_becomes_der),
        cmocka_unit_test(der_that_begins_with_the_digit_0_is_no_hex),
        cmocka_unit_test(der_must_be_one_whole_sequence),
        cmocka_unit_test(pem_is_read_strictly),
        cmocka_unit_test(hex_of_something_else_is_refused),
        cmocka_unit_test(a_form_respects_its_limit),
        cmocka_unit_test(a_plus_in_a_header_stays_a_plus),
        cmocka_unit_test(a_header_that_is_no_chain_is_refused),
        cmocka_unit_test(a_chain_has_at_most_four_certificates),
        cmocka_unit_test(max_age_goes_before_expires),
        cmocka_unit_test(what_cannot_be_read_is_expired),
        cmocka_unit_test(expires_is_counted_from_the_service_s_clock),
        cmocka_unit_test(huge_ages_do_not_overflow),
        cmocka_unit_test(no_store_is_seen),
        cmocka_unit_test(the_shorter_lifetime_is_the_known_one),
        cmocka_unit_test(vendors_are_the_default),
        cmocka_unit_test(azure_is_its_cache_and_its_metadata_service),
        cmocka_unit_test(a_pccs_is_named_as_its_clients_name_it),
        cmocka_unit_test(plain_http_is_for_this_machine_only),
        cmocka_unit_test(an_error_page_is_no_collateral),
        cmocka_unit_test(an_answer_without_its_chain_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
