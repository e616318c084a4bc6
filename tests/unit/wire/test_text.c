#include <string.h>

#include "harness/cof_test.h"
#include "tcb/wire/text.h"

typedef cof_status codec(cof_view in, cof_buf *out, cof_err *err);

static void assert_encodes(codec *encode, codec *decode, const char *plain, const char *text)
{
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 100};
    COF_CLEANUP(cof_buf_free) cof_buf back = {.limit = 100};
    assert_ok(encode(cof_view_text(plain), &out, NULL));
    assert_view_text(cof_buf_view(&out), text);
    assert_ok(decode(cof_view_text(text), &back, NULL));
    assert_view_text(cof_buf_view(&back), plain);
}

static void assert_refused(codec *decode, const char *text)
{
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 100};
    assert_ok(cof_buf_append_text(&out, "before", NULL));
    cof_err err = {0};
    assert_status(decode(cof_view_text(text), &out, &err), BAD_FORMAT);
    assert_view_text(cof_buf_view(&out), "before");
}

static void the_examples_of_rfc_4648_hold(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_encodes(cof_base64_encode, cof_base64_decode, rows[i][0], rows[i][1]);
        char unpadded[16] = {0};
        memcpy(unpadded, rows[i][1], strcspn(rows[i][1], "="));
        assert_encodes(cof_base64url_encode, cof_base64url_decode, rows[i][0], unpadded);
    }
    assert_encodes(cof_base64_encode, cof_base64_decode, "\xfb\xff\xbf", "+/+/");
    assert_encodes(cof_base64url_encode, cof_base64url_decode, "\xfb\xff\xbf", "-_-_");
}

static void every_other_text_of_the_same_bytes_is_refused(void **state)
{
    (void)state;
    /* left-over bits, one digit too many, white space, the other alphabet, padding in the middle or
     * too long */
    static const char *const both[] = {"Zh==",    "Zm9=",   "Zg=",      "Z",        "Zm9vY",
                                       "Zm 9v",   "Zm9v\n", "Zm9v====", "Zm9v=",    "Zg===",
                                       "Z===",    "=",      "==",       "Zg==Zg==", "Zm=v",
                                       "Zm9\x80", "Zm9v.",  "Zm9v@",    "Zm9v["};
    for (size_t i = 0; i < sizeof both / sizeof *both; i++) {
        assert_refused(cof_base64url_decode, both[i]);
        assert_refused(cof_base64_decode, both[i]);
    }
    assert_refused(cof_base64url_decode, "+/+/");
    assert_refused(cof_base64_decode, "-_-_");
    assert_refused(cof_base64_decode, "Zg");
    assert_refused(cof_base64_decode, "Zm8");
}

static void url_text_may_carry_complete_padding(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 3};
    assert_ok(cof_base64url_decode(cof_view_text("Zg=="), &out, NULL));
    assert_ok(cof_base64url_decode(cof_view_text("Zm8="), &out, NULL));
    assert_view_text(cof_buf_view(&out), "ffo");
}

static void each_character_has_one_meaning(void **state)
{
    (void)state;
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (unsigned c = 0; c < 256; c++) {
        COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 3};
        const uint8_t text[4] = {'A', 'A', 'A', (uint8_t)c};
        const char *found = c == 0 ? NULL : strchr(digits, (int)c);
        if (c == '=') {
            assert_ok(cof_base64url_decode(cof_view_of(text, 4), &out, NULL));
            assert_int_equal(out.size, 2);
        } else if (found == NULL) {
            assert_status(cof_base64url_decode(cof_view_of(text, 4), &out, NULL), BAD_FORMAT);
        } else {
            assert_ok(cof_base64url_decode(cof_view_of(text, 4), &out, NULL));
            assert_int_equal(out.data[2], found - digits);
        }
    }
}

static void a_decoder_never_goes_over_the_limit_of_its_buffer(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 5};
    assert_status(cof_base64url_decode(cof_view_text("Zm9vYmFy"), &out, NULL), LIMIT);
    assert_status(cof_base64url_encode(cof_view_text("foob"), &out, NULL), LIMIT);
    assert_status(cof_hex_encode(cof_view_text("foo"), &out, NULL), LIMIT);
    assert_int_equal(out.size, 0);
}

static void hex_is_read_in_either_case_and_written_in_lower(void **state)
{
    (void)state;
    uint8_t bytes[4] = {0};
    char text[9];
    assert_ok(cof_hex_decode(cof_view_text("00aBFf9c"), bytes, sizeof bytes, NULL));
    cof_hex_text(cof_view_of(bytes, sizeof bytes), text);
    assert_string_equal(text, "00abff9c");
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 8};
    assert_ok(cof_hex_encode(cof_view_of(bytes, sizeof bytes), &out, NULL));
    assert_view_text(cof_buf_view(&out), "00abff9c");
    assert_ok(cof_hex_decode((cof_view){0}, bytes, 0, NULL));
}

static void hex_of_another_size_or_alphabet_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {"",     "00",   "000",  "00000", "0g",   "00 0",
                                       "000/", "000:", "000@", "000G",  "000`", "00\xff\xff"};
    uint8_t bytes[2] = {7, 7};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_status(cof_hex_decode(cof_view_text(rows[i]), bytes, sizeof bytes, NULL),
                      BAD_FORMAT);
        assert_int_equal(bytes[0], 7);
    }
    assert_status(cof_hex_decode(cof_view_text("0"), bytes, 0, NULL), BAD_FORMAT);
}

static void utf8_is_whole_shortest_and_without_surrogates(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "a",
                                       "\x7f",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "a\xc3\xb6z"};
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xc2\x41",
                                      "\xc2\xc0",
                                      "\xe0\x9f\xbf",
                                      "\xe1\x80",
                                      "\xe1\x80\x41",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf0\x90\x80",
                                      "\xf1\x80\x80\xc0",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "ok\xfe"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(cof_utf8_is_valid(cof_view_text(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(cof_utf8_is_valid(cof_view_text(bad[i])));
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_rfc_4648_hold),
        cmocka_unit_test(every_other_text_of_the_same_bytes_is_refused),
        cmocka_unit_test(url_text_may_carry_complete_padding),
        cmocka_unit_test(each_character_has_one_meaning),
        cmocka_unit_test(a_decoder_never_goes_over_the_limit_of_its_buffer),
        cmocka_unit_test(hex_is_read_in_either_case_and_written_in_lower),
        cmocka_unit_test(hex_of_another_size_or_alphabet_is_refused),
        cmocka_unit_test(utf8_is_whole_shortest_and_without_surrogates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
