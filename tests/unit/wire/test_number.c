#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/cof_test.h"
#include "tcb/wire/number.h"

static double from_bits(uint64_t bits)
{
    double value = 0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void the_numbers_of_rfc_8785_appendix_b_hold(void **state)
{
    (void)state;
    static const struct {
        uint64_t bits;
        const char *text;
    } rows[] = {
        {0x0000000000000000, "0"},
        {0x8000000000000000, "0"},
        {0x0000000000000001, "5e-324"},
        {0x8000000000000001, "-5e-324"},
        {0x7fefffffffffffff, "1.7976931348623157e+308"},
        {0xffefffffffffffff, "-1.7976931348623157e+308"},
        {0x4340000000000000, "9007199254740992"},
        {0xc340000000000000, "-9007199254740992"},
        {0x4430000000000000, "295147905179352830000"},
        {0x44b52d02c7e14af5, "9.999999999999997e+22"},
        {0x44b52d02c7e14af6, "1e+23"},
        {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
        {0x444b1ae4d6e2ef4e, "999999999999999700000"},
        {0x444b1ae4d6e2ef4f, "999999999999999900000"},
        {0x444b1ae4d6e2ef50, "1e+21"},
        {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
        {0x3eb0c6f7a0b5ed8d, "0.000001"},
        {0x41b3de4355555553, "333333333.3333332"},
        {0x41b3de4355555554, "333333333.33333325"},
        {0x41b3de4355555555, "333333333.3333333"},
        {0x41b3de4355555556, "333333333.3333334"},
        {0x41b3de4355555557, "333333333.33333343"},
        {0xbecbf647612f3696, "-0.0000033333333333333333"},
        {0x43143ff3c1cb0959, "1424953923781206.2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[COF_NUMBER_TEXT_SIZE];
        assert_ok(cof_number_text(from_bits(rows[i].bits), text, NULL));
        assert_string_equal(text, rows[i].text);
    }
}

static void a_number_that_is_not_finite_has_no_text(void **state)
{
    (void)state;
    char text[COF_NUMBER_TEXT_SIZE] = "before";
    assert_status(cof_number_text((double)NAN, text, NULL), BAD_JSON);
    assert_status(cof_number_text((double)INFINITY, text, NULL), BAD_JSON);
    assert_status(cof_number_text(-(double)INFINITY, text, NULL), BAD_JSON);
    assert_string_equal(text, "before");
}

/* What ECMAScript prints for powers of two whose neighbours are not equally near (from Node.js 20:
 * String(2 ** n)). */
static void at_a_power_of_two_the_shorter_text_of_the_wider_side_is_found(void **state)
{
    (void)state;
    static const struct {
        int exponent;
        const char *text;
    } rows[] = {
        {-1074, "5e-324"},
        {-1023, "1.1125369292536007e-308"},
        {-1022, "2.2250738585072014e-308"},
        {-44, "5.684341886080802e-14"},
        {-1, "0.5"},
        {0, "1"},
        {10, "1024"},
        {53, "9007199254740992"},
        {70, "1.1805916207174113e+21"},
        {89, "6.189700196426902e+26"},
        {122, "5.316911983139664e+36"},
        {132, "5.444517870735016e+39"},
        {172, "5.986310706507379e+51"},
        {182, "6.129982163463556e+54"},
        {275, "6.070840288205404e+82"},
        {305, "6.518515124270356e+91"},
        {345, "7.167183174968974e+103"},
        {1023, "8.98846567431158e+307"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[COF_NUMBER_TEXT_SIZE];
        assert_ok(cof_number_text(ldexp(1, rows[i].exponent), text, NULL));
        assert_string_equal(text, rows[i].text);
    }
}

static void every_text_reads_back_as_its_number(void **state)
{
    (void)state;
    uint64_t bits = 88172645463325252; /* xorshift64 */
    for (int i = 0; i < 20000; i++) {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        const double value = from_bits(bits);
        char text[COF_NUMBER_TEXT_SIZE];
        if (isfinite(value)) {
            assert_ok(cof_number_text(value, text, NULL));
            assert_true(strtod(text, NULL) == value);
        }
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_numbers_of_rfc_8785_appendix_b_hold),
        cmocka_unit_test(a_number_that_is_not_finite_has_no_text),
        cmocka_unit_test(at_a_power_of_two_the_shorter_text_of_the_wider_side_is_found),
        cmocka_unit_test(every_text_reads_back_as_its_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
