#include <math.h>
#include <string.h>

#include "harness/cof_prng.h"
#include "harness/cof_test.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { ROUNDS = 2000, TEXT_SIZE_MAX = 40, MEMBERS_MAX = 5 };

/* A text of characters of every length in UTF-8, control characters among them, without NUL. */
static json_t *make_text(cof_prng *prng)
{
    static const char *const pieces[] = {"a",
                                         "Z",
                                         "\"",
                                         "\\",
                                         "\n",
                                         "\x01",
                                         "\x1f",
                                         "\x7f",
                                         "\xc2\x80",
                                         "\xc3\xa4",
                                         "\xe2\x82\xac",
                                         "\xed\x9f\xbf",
                                         "\xee\x80\x80",
                                         "\xef\xbf\xbf",
                                         "\xf0\x90\x80\x80",
                                         "\xf4\x8f\xbf\xbf"};
    char text[TEXT_SIZE_MAX + 5] = {0};
    for (size_t left = cof_prng_below(prng, TEXT_SIZE_MAX / 4); left > 0; left--) {
        strcat(text, pieces[cof_prng_below(prng, sizeof pieces / sizeof *pieces)]);
    }
    return json_string(text);
}

static json_t *make_real(cof_prng *prng)
{
    double value = 0;
    do {
        const uint64_t bits = cof_prng_next(prng);
        memcpy(&value, &bits, sizeof value);
    } while (!isfinite(value));
    return json_real(value);
}

static json_t *make_value(cof_prng *prng, unsigned depth)
{
    json_t *value = NULL;
    switch (cof_prng_below(prng, depth == 0 ? 6 : 8)) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(cof_prng_below(prng, 2));
    case 2:
        return json_integer((json_int_t)(cof_prng_next(prng) >> 12) - ((json_int_t)1 << 51));
    case 3:
        return json_real((double)cof_prng_below(prng, 1000));
    case 4:
        return make_real(prng);
    case 5:
        return make_text(prng);
    case 6:
        value = json_array();
        for (size_t left = cof_prng_below(prng, MEMBERS_MAX); left > 0; left--) {
            assert_ok(cof_json_append(value, make_value(prng, depth - 1), NULL));
        }
        return value;
    default:
        value = json_object();
        for (size_t left = cof_prng_below(prng, MEMBERS_MAX); left > 0; left--) {
            COF_JSON json_t *key = make_text(prng);
            assert_ok(
                cof_json_set(value, json_string_value(key), make_value(prng, depth - 1), NULL));
        }
        return value;
    }
}

static void a_parse_of_a_print_is_the_same_value(void **state)
{
    (void)state;
    cof_prng prng = {1};
    for (int i = 0; i < ROUNDS; i++) {
        COF_JSON json_t *value = make_value(&prng, 4);
        COF_JSON json_t *back = NULL;
        COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 100000};
        assert_ok(cof_json_print(value, &text, NULL));
        assert_ok(cof_json_parse(cof_buf_view(&text), text.limit, &back, NULL));
        assert_true(json_equal(value, back));
    }
}

/* jansson's own parser is another implementation of the same grammar. */
static void another_parser_reads_the_same_value(void **state)
{
    (void)state;
    cof_prng prng = {2};
    for (int i = 0; i < ROUNDS; i++) {
        COF_JSON json_t *value = make_value(&prng, 4);
        COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 100000};
        assert_ok(cof_json_print(value, &text, NULL));
        COF_JSON json_t *back = json_loadb((const char *)text.data, text.size,
                                           JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
        assert_non_null(back);
        assert_true(json_equal(value, back));
    }
}

/*
 * One byte is damaged: both parsers must take it alike. Not by a NUL, which jansson accepts behind
 * a number.
 */
static void both_parsers_refuse_the_same_texts(void **state)
{
    (void)state;
    cof_prng prng = {3};
    unsigned refused = 0;
    for (int i = 0; i < ROUNDS * 5; i++) {
        COF_JSON json_t *value = make_value(&prng, 3);
        COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 100000};
        assert_ok(cof_json_print(value, &text, NULL));
        static const char damage[] = "{}[]:,\"\\u0e.+-1 n\n\x80\xf0";
        text.data[cof_prng_below(&prng, text.size)] =
            (uint8_t)damage[cof_prng_below(&prng, sizeof damage - 1)];
        COF_JSON json_t *ours = NULL;
        COF_JSON json_t *other = json_loadb((const char *)text.data, text.size,
                                            JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
        const cof_status status = cof_json_parse(cof_buf_view(&text), text.limit, &ours, NULL);
        if ((status == COF_OK) != (other != NULL)) {
            print_message("# %.*s\n", (int)text.size, (const char *)text.data);
        }
        assert_int_equal(status == COF_OK, other != NULL);
        assert_true(other == NULL || json_equal(ours, other));
        refused += other == NULL;
    }
    assert_true(refused > ROUNDS);
}

static void the_canonical_form_does_not_depend_on_the_order_of_members(void **state)
{
    (void)state;
    cof_prng prng = {4};
    for (int i = 0; i < ROUNDS; i++) {
        COF_JSON json_t *value = make_value(&prng, 4);
        COF_CLEANUP(cof_buf_free) cof_buf first = {.limit = 100000};
        COF_CLEANUP(cof_buf_free) cof_buf second = {.limit = 100000};
        assert_ok(cof_json_canonical(value, &first, NULL));
        /* jansson sorts by bytes: another order than that of insertion. */
        char *text = json_dumps(value, JSON_SORT_KEYS | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
        assert_non_null(text);
        COF_JSON json_t *back = NULL;
        assert_ok(cof_json_parse(cof_view_text(text), 1000000, &back, NULL));
        free(text);
        assert_ok(cof_json_canonical(back, &second, NULL));
        assert_true(cof_view_equal(cof_buf_view(&first), cof_buf_view(&second)));
    }
}

typedef cof_status codec(cof_view in, cof_buf *out, cof_err *err);

static void check_codec(codec *encode, codec *decode, uint64_t seed)
{
    cof_prng prng = {seed};
    for (int i = 0; i < ROUNDS; i++) {
        uint8_t bytes[200];
        const size_t size = cof_prng_below(&prng, sizeof bytes);
        cof_prng_fill(&prng, bytes, size);
        COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 400};
        COF_CLEANUP(cof_buf_free) cof_buf back = {.limit = size};
        assert_ok(encode(cof_view_of(bytes, size), &text, NULL));
        assert_ok(decode(cof_buf_view(&text), &back, NULL));
        assert_true(cof_view_equal(cof_buf_view(&back), cof_view_of(bytes, size)));
    }
}

static cof_status decode_hex(cof_view in, cof_buf *out, cof_err *err)
{
    uint8_t bytes[200];
    COF_TRY(cof_hex_decode(in, bytes, in.size / 2, err));
    return cof_buf_append(out, cof_view_of(bytes, in.size / 2), err);
}

static void a_decode_of_an_encode_is_the_same_bytes(void **state)
{
    (void)state;
    check_codec(cof_base64url_encode, cof_base64url_decode, 5);
    check_codec(cof_base64_encode, cof_base64_decode, 6);
    check_codec(cof_hex_encode, decode_hex, 7);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_parse_of_a_print_is_the_same_value),
        cmocka_unit_test(another_parser_reads_the_same_value),
        cmocka_unit_test(both_parsers_refuse_the_same_texts),
        cmocka_unit_test(the_canonical_form_does_not_depend_on_the_order_of_members),
        cmocka_unit_test(a_decode_of_an_encode_is_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
