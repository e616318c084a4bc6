#include "harness/cof_test.h"

#include <string.h>

#include "host/http/url.h"

static void parts_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_https;
        const char *host;
        uint16_t port;
        const char *target;
    } rows[] = {{"https://localhost:8443/keys/a?x=1", true, "localhost", 8443, "/keys/a?x=1"},
                {"https://Vault.Azure.NET", true, "vault.azure.net", 443, ""},
                {"http://169.254.169.254/metadata", false, "169.254.169.254", 80, "/metadata"},
                {"https://[::1]:9/", true, "::1", 9, "/"},
                {"https://host?q", true, "host", 443, "?q"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cof_url url;
        assert_ok(cof_url_parse(rows[i].text, &url, NULL));
        assert_int_equal(url.is_https, rows[i].is_https);
        assert_string_equal(url.host, rows[i].host);
        assert_int_equal(url.port, rows[i].port);
        assert_view_text(url.target, rows[i].target);
    }
}

static void what_is_not_plainly_a_url_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "localhost",
                                        "ftp://a/",
                                        "HTTPS://a/",
                                        "https://",
                                        "https:///a",
                                        "https://:1",
                                        "https://a:0/",
                                        "https://a:70000/",
                                        "https://a:/",
                                        "https://a:1x/",
                                        "https://u@a/",
                                        "https://u:p@a/",
                                        "https://a b/",
                                        "https://a/#f",
                                        "https://a/\n",
                                        "https://[::1/",
                                        "https://[::1]x/",
                                        "https://a_b/",
                                        "https://[g]/",
                                        "https://a:000001/",
                                        "https://a\\b/",
                                        "https://a/\x7f",
                                        "https://a%2eb/"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cof_url url = {.port = 7};
        assert_status(cof_url_parse(texts[i], &url, NULL), BAD_FORMAT);
        assert_int_equal(url.port, 7);
    }
}

static void a_url_over_the_limit_is_refused(void **state)
{
    (void)state;
    char text[5000];
    cof_url url;
    memset(text, 'a', sizeof text);
    memcpy(text, "https://a/", 10);
    text[sizeof text - 1] = '\0';
    assert_status(cof_url_parse(text, &url, NULL), LIMIT);
    memset(text, 'a', 600);
    memcpy(text, "https://", 8);
    text[600] = '\0';
    assert_status(cof_url_parse(text, &url, NULL), BAD_FORMAT);
}

static void an_origin_is_scheme_host_and_port(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        bool is_same;
    } rows[] = {{"https://a/x", "https://A:443/y", true},
                {"https://a", "http://a:443", false},
                {"https://a", "https://a:444", false},
                {"https://a", "https://b", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cof_url a;
        cof_url b;
        assert_ok(cof_url_parse(rows[i].a, &a, NULL));
        assert_ok(cof_url_parse(rows[i].b, &b, NULL));
        assert_int_equal(cof_url_same_origin(&a, &b), rows[i].is_same);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_found),
        cmocka_unit_test(what_is_not_plainly_a_url_is_refused),
        cmocka_unit_test(a_url_over_the_limit_is_refused),
        cmocka_unit_test(an_origin_is_scheme_host_and_port),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
