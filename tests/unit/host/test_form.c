#include "harness/cof_test.h"

#include <string.h>

#include "host/http/form.h"

static cof_status parse(const char *text, cof_form **out)
{
    return cof_form_parse(cof_view_text(text), out, NULL);
}

static void pairs_are_decoded(void **state)
{
    (void)state;
    COF_CLEANUP(cof_form_drop_) cof_form *form = NULL;
    assert_ok(parse("a=1&api%2Dversion=7.5&b=x+y%2b%26&empty=&bare&&", &form));
    assert_int_equal(cof_form_count(form), 5);
    assert_string_equal(cof_form_get(form, "a"), "1");
    assert_string_equal(cof_form_get(form, "api-version"), "7.5");
    assert_string_equal(cof_form_get(form, "b"), "x y+&");
    assert_string_equal(cof_form_get(form, "empty"), "");
    assert_string_equal(cof_form_get(form, "bare"), "");
    assert_null(cof_form_get(form, "A"));
    assert_null(cof_form_get(NULL, "a"));
    assert_string_equal(cof_form_at(form, 1).name, "api-version");
}

static void an_empty_text_has_no_pairs(void **state)
{
    (void)state;
    COF_CLEANUP(cof_form_drop_) cof_form *form = NULL;
    assert_ok(parse("", &form));
    assert_int_equal(cof_form_count(form), 0);
}

static void broken_escapes_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"a=%", "a=%4",  "a=%4g",    "a=%zz",
                                        "%=1", "a=%00", "a=1&b=%-1"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cof_form *form = NULL;
        assert_status(parse(texts[i], &form), BAD_FORMAT);
        assert_null(form);
    }
}

static void a_name_given_twice_is_refused(void **state)
{
    (void)state;
    cof_form *form = NULL;
    assert_status(parse("a=1&b=2&a=3", &form), BAD_FORMAT);
    assert_status(parse("a=1&%61=3", &form), BAD_FORMAT);
}

static void more_pairs_than_the_limit_are_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 4096};
    cof_form *form = NULL;
    for (int i = 0; i < 64; i++) {
        assert_ok(cof_buf_printf(&text, NULL, "n%d&", i));
    }
    COF_CLEANUP(cof_form_drop_) cof_form *fits = NULL;
    assert_ok(cof_form_parse(cof_buf_view(&text), &fits, NULL));
    assert_string_equal(cof_form_get(fits, "n63"), "");
    assert_ok(cof_buf_append_text(&text, "more", NULL));
    assert_status(cof_form_parse(cof_buf_view(&text), &form, NULL), LIMIT);
}

static void what_is_encoded_parses_to_the_same(void **state)
{
    (void)state;
    const cof_http_pair pairs[] = {
        {"scope", "https://vault.azure.net/.default"}, {"a b", "&=+%\xc3\xa4~-._"}, {"e", ""}};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 4096};
    COF_CLEANUP(cof_form_drop_) cof_form *form = NULL;
    assert_ok(cof_form_encode(pairs, 3, &text, NULL));
    assert_null(memchr(text.data, ' ', text.size));
    assert_ok(cof_form_parse(cof_buf_view(&text), &form, NULL));
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(cof_form_get(form, pairs[i].name), pairs[i].value);
    }
}

static void a_plus_in_a_path_is_a_plus(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 64};
    assert_ok(cof_percent_decode(cof_view_text("a+%2fb"), &text, NULL));
    assert_view_text(cof_buf_view(&text), "a+/b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_decoded),
        cmocka_unit_test(an_empty_text_has_no_pairs),
        cmocka_unit_test(broken_escapes_are_refused),
        cmocka_unit_test(a_name_given_twice_is_refused),
        cmocka_unit_test(more_pairs_than_the_limit_are_refused),
        cmocka_unit_test(what_is_encoded_parses_to_the_same),
        cmocka_unit_test(a_plus_in_a_path_is_a_plus),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
