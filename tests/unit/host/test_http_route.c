#include "harness/cof_test.h"

#include <event2/keyvalq_struct.h>
#include <string.h>
#include <sys/queue.h>

#include "host/http/http_server_internal.h"

static bool match(const char *path_text, const char *pattern,
                  const char *segments[static COF_LIMIT_URL_SEGMENTS], size_t *count,
                  cof_http_path *path)
{
    *path = (cof_http_path){0};
    assert_ok(cof_http_path_parse(cof_view_text(path_text), path, NULL));
    return cof_http_path_match(path, pattern, segments, count);
}

static void patterns_match_and_placeholders_are_taken(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *pattern;
        const char *taken; /* joined with "|"; NULL: no match */
    } rows[] = {{"/certs", "/certs", ""},
                {"/CERTS", "/certs", ""},
                {"/certs/", "/certs", ""},
                {"/certs//", "/certs", NULL},
                {"/cert", "/certs", NULL},
                {"/certs/x", "/certs", NULL},
                {"/keys/a", "/keys/{name}", "a"},
                {"/keys/a/", "/keys/{name}", "a"},
                {"/keys/", "/keys/{name}", NULL},
                {"/keys", "/keys/{name}", NULL},
                {"/keys/A%20b/7", "/keys/{name}/{version}", "A b|7"},
                {"/keys/a/", "/keys/{name}/{version}", NULL},
                {"/keys/a//release", "/keys/{name}/{version?}/release", "a|"},
                {"/keys/a/b/release", "/keys/{name}/{version?}/release", "a|b"},
                {"/keys/a/release", "/keys/{name}/{version?}/release", NULL},
                {"/", "/", ""},
                {"/x", "/", NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *segments[COF_LIMIT_URL_SEGMENTS];
        char joined[64] = "";
        size_t count = 0;
        cof_http_path path;
        const bool is_match = match(rows[i].path, rows[i].pattern, segments, &count, &path);
        assert_int_equal(is_match, rows[i].taken != NULL);
        for (size_t s = 0; is_match && s < count; s++) {
            (void)strcat(strcat(joined, s > 0 ? "|" : ""), segments[s]);
        }
        if (is_match) {
            assert_string_equal(joined, rows[i].taken);
        }
        cof_http_path_free(&path);
    }
}

static void paths_that_could_lead_elsewhere_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",      "x",    "/..",  "/.",   "/a/../b", "/%2e%2e", "/%2E.",       "/a%2fb", "/a%5cb",
        "/a\\b", "/%00", "/%0a", "/%7f", "/%",      "/%1",     "/a/%2e%2e/b", "/\x01"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        COF_CLEANUP(cof_http_path_free) cof_http_path path = {0};
        assert_status(cof_http_path_parse(cof_view_text(texts[i]), &path, NULL), BAD_ARGUMENT);
    }
}

static void names_with_dots_are_fine(void **state)
{
    (void)state;
    COF_CLEANUP(cof_http_path_free) cof_http_path path = {0};
    assert_ok(cof_http_path_parse(cof_view_text("/.well-known/..a/a.."), &path, NULL));
    assert_int_equal(path.count, 3);
}

static void too_many_segments_are_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_http_path_free) cof_http_path path = {0};
    assert_status(cof_http_path_parse(cof_view_text("/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"),
                                      &path, NULL),
                  LIMIT);
}

static cof_status check(const char *const *fields)
{
    struct evkeyvalq headers;
    struct evkeyval items[70];
    size_t count = 0;
    TAILQ_INIT(&headers);
    for (; fields[2 * count] != NULL; count++) {
        items[count] = (struct evkeyval){.key = (char *)(uintptr_t)fields[2 * count],
                                         .value = (char *)(uintptr_t)fields[2 * count + 1]};
        TAILQ_INSERT_TAIL(&headers, &items[count], next);
    }
    return cof_http_check_headers(&headers, NULL);
}

static void headers_with_one_meaning_are_accepted(void **state)
{
    (void)state;
    assert_ok(check((const char *[]){"Host", "a", NULL}));
    assert_ok(check((const char *[]){"host", "a", "Content-Length", "12", "X-A", "x\ty",
                                     "Authorization", "b", NULL}));
    assert_ok(check((const char *[]){"Host", "a", "Transfer-Encoding", "Chunked", NULL}));
}

static void headers_with_two_meanings_are_refused(void **state)
{
    (void)state;
    assert_status(check((const char *[]){"X", "a", NULL}), BAD_ARGUMENT);
    assert_status(check((const char *[]){"Host", "a", "host", "a", NULL}), BAD_ARGUMENT);
    assert_status(
        check((const char *[]){"Host", "a", "Content-Length", "1", "content-length", "1", NULL}),
        BAD_ARGUMENT);
    assert_status(check((const char *[]){"Host", "a", "Content-Length", "1", "Transfer-Encoding",
                                         "chunked", NULL}),
                  BAD_ARGUMENT);
    assert_status(check((const char *[]){"Host", "a", "Transfer-Encoding", "chunked",
                                         "Transfer-Encoding", "chunked", NULL}),
                  BAD_ARGUMENT);
    assert_status(check((const char *[]){"Host", "a", "Transfer-Encoding", "gzip, chunked", NULL}),
                  BAD_ARGUMENT);
    assert_status(
        check((const char *[]){"Host", "a", "Authorization", "a", "authorization", "b", NULL}),
        BAD_ARGUMENT);
    static const char *const lengths[] = {
        "", "+1", "-1", " 1", "1 ", "0x1", "1,1", "1e3", "9999999999999999"};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        assert_status(check((const char *[]){"Host", "a", "Content-Length", lengths[i], NULL}),
                      BAD_ARGUMENT);
    }
    static const char *const names[] = {"", "a b", "a ", "a(b", "\xc3\xa4"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_status(check((const char *[]){"Host", "a", names[i], "1", NULL}), BAD_ARGUMENT);
    }
    assert_status(check((const char *[]){"Host", "a", "X", "a\x01", NULL}), BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match_and_placeholders_are_taken),
        cmocka_unit_test(paths_that_could_lead_elsewhere_are_refused),
        cmocka_unit_test(names_with_dots_are_fine),
        cmocka_unit_test(too_many_segments_are_refused),
        cmocka_unit_test(headers_with_one_meaning_are_accepted),
        cmocka_unit_test(headers_with_two_meanings_are_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
