/* Schema files: what they become, and every kind of mistake with its place. */
#include <string.h>

#include "contract_case.h"
#include "relying/contract/schema_file.h"

static cof_status parse(const char *text, cof_diagnostics **out_problems, json_t **out)
{
    const cof_view view = cof_view_text(text);
    assert_ok(cof_diagnostics_new("s.yaml", view, out_problems, NULL));
    return cof_schema_file_parse(view, *out_problems, out, NULL);
}

static void defaults_are_filled_in(void **state)
{
    (void)state;
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
    COF_JSON json_t *schema = NULL;
    assert_ok(parse("columns:\n"
                    "  - {name: a, type: number}\n"
                    "  - {name: b, type: integer, min: -3}\n"
                    "  - {name: c, type: number, max: 0.5, missing: mean}\n"
                    "  - {name: 2019, type: category, values: [yes, no, 010, \"\xc3\xa9\"]}\n",
                    &problems, &schema));
    COF_CLEANUP(cof_buf_free) cof_buf text = case_canonical(schema);
    assert_view_text(cof_buf_view(&text),
                     "{\"columns\":[{\"missing\":\"refuse\",\"name\":\"a\",\"type\":\"number\"},"
                     "{\"min\":-3,\"missing\":\"refuse\",\"name\":\"b\",\"type\":\"integer\"},"
                     "{\"max\":0.5,\"missing\":\"mean\",\"name\":\"c\",\"type\":\"number\"},"
                     "{\"name\":\"2019\",\"type\":\"category\",\"values\":[\"yes\",\"no\",\"010\","
                     "\"\xc3\xa9\"]}]}");
}

static void a_mistake_is_named_with_its_place(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"columns: []\n",
         "s.yaml:1:10: the list of columns has 0 items, and must have 1 to 16384\n"},
        {"colums: []\n",
         "s.yaml:1:1: unknown key \"colums\" in the schema; did you mean \"columns\"?\n"},
        {"columns:\n  - {type: number}\n", "s.yaml:2:5: missing key \"name\" in a column\n"},
        {"columns:\n  - {name: a}\n",
         "s.yaml:2:5: missing key \"type\" in a column; choose number, integer, category\n"},
        {"columns:\n  - {name: a, type: nuber}\n",
         "s.yaml:2:21: \"type\" cannot be \"nuber\"; did you mean \"number\"?\n"},
        {"columns:\n  - {name: a, type: category}\n",
         "s.yaml:2:5: missing key \"values\" in a column\n"},
        {"columns:\n  - {name: a, type: category, values: [x, y, x]}\n",
         "s.yaml:2:46: this value is listed twice; remove one\n"},
        {"columns:\n  - {name: a, type: category, values: [x], min: 1}\n",
         "s.yaml:2:44: unknown key \"min\" in a column; the keys are name, type, values\n"},
        {"columns:\n  - {name: a, type: number, min: 3, max: 2}\n",
         "s.yaml:2:34: \"min\" is greater than \"max\"\n"},
        {"columns:\n  - {name: a, type: integer, min: 0.5}\n",
         "s.yaml:2:35: \"min\" must be an integer from -9007199254740991 to 9007199254740991, not "
         "\"0.5\"\n"},
        {"columns:\n  - {name: a, type: integer, missing: mean}\n",
         "s.yaml:2:39: \"mean\" is for numbers only: a mean of integers is none; make it a "
         "number\n"},
        {"columns:\n  - {name: a, type: number, missing: drop}\n",
         "s.yaml:2:38: \"missing\" cannot be \"drop\"; choose refuse, mean\n"},
        {"columns:\n  - {name: a, type: number}\n  - {name: a, type: number}\n",
         "s.yaml:3:12: there is another column \"a\"; give each column its own name\n"},
        {"columns:\n  - {name: \"a\\u202eb\", type: number}\n",
         "s.yaml:2:12: this text is longer than 256 bytes or has control characters\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
        COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 64 * 1024};
        json_t *schema = NULL;
        const char *got = NULL;
        assert_status(parse(cases[i][0], &problems, &schema), CONTRACT_INVALID);
        assert_null(schema);
        assert_ok(cof_diagnostics_print(problems, &out, NULL));
        assert_ok(cof_buf_text(&out, &got, NULL));
        if (strncmp(got, cases[i][1], strlen(cases[i][1])) != 0) {
            fail_msg("expected: %sgot: %s", cases[i][1], got);
        }
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_filled_in),
        cmocka_unit_test(a_mistake_is_named_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
