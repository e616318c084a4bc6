/* Reading and printing of attestation policies: what is accepted, what is refused and where. */
#include <stdio.h>
#include <string.h>

#include "harness/cof_test.h"
#include "relying/maa/maa.h"

static void print_of(const char *text, cof_buf *out)
{
    COF_CLEANUP(cof_maa_policy_drop_) cof_maa_policy *policy = NULL;
    cof_err err = {0};
    const cof_status status = cof_maa_parse(cof_view_text(text), &policy, NULL, &err);
    if (status != COF_OK) {
        print_message("# %s\n", err.detail);
    }
    assert_ok(status);
    assert_ok(cof_maa_print(policy, out, NULL));
}

/* The text is accepted, prints as expected, and the print reads as itself. */
static void assert_prints(const char *text, const char *expected)
{
    COF_CLEANUP(cof_buf_free) cof_buf first = {.limit = 1 << 20};
    COF_CLEANUP(cof_buf_free) cof_buf again = {.limit = 1 << 20};
    const char *printed = NULL;
    print_of(text, &first);
    assert_ok(cof_buf_text(&first, &printed, NULL));
    assert_string_equal(printed, expected);
    print_of(printed, &again);
    assert_true(cof_view_equal(cof_buf_view(&first), cof_buf_view(&again)));
}

static void assert_refused(const char *text, size_t line, size_t column, const char *message)
{
    cof_maa_policy *policy = NULL;
    cof_maa_place place = {0};
    cof_err err = {0};
    char expected[COF_ERR_DETAIL_SIZE];
    (void)snprintf(expected, sizeof expected, "line %zu, column %zu: %s", line, column, message);
    assert_status(cof_maa_parse(cof_view_text(text), &policy, &place, &err), POLICY_SYNTAX);
    assert_null(policy);
    assert_string_equal(err.detail, expected);
    assert_int_equal(place.line, line);
    assert_int_equal(place.column, column);
}

static void a_policy_is_printed_in_one_spelling(void **state)
{
    (void)state;
    assert_prints("version=1.0;", "version= 1.0;\n");
    assert_prints("Version = 1.1 ;\r\nIssuanceRules{};AUTHORIZATIONRULES { => Permit ( ) ; } ;",
                  "version= 1.1;\nauthorizationrules\n{\n    => permit();\n};\n"
                  "issuancerules\n{\n};\n");
    assert_prints("version=1.2;// a comment; with \"quotes\"\n"
                  "configurationrules{=>issueProperty(Type=\"a\",VALUE=-5);};// end",
                  "version= 1.2;\nconfigurationrules\n{\n"
                  "    => issueproperty(type = \"a\", value = -5);\n};\n");
    assert_prints("version=1.2;authorizationrules{![type==\"a\",value!=\"b\\\"\\\\c\"]&&"
                  "c:[type=\"d\",VALUETYPE==\"Integer\",value>=0,value<10,value<=9,value>-1,"
                  "issuer==\"AttestationService\"]&&[type==\"e\",value==c.value]=>deny();};",
                  "version= 1.2;\nauthorizationrules\n{\n"
                  "    ![type == \"a\", value != \"b\\\"\\\\c\"] && c:[type == \"d\", valueType == "
                  "\"Integer\", value >= 0, value < 10, value <= 9, value > -1, issuer == "
                  "\"AttestationService\"] && [type == \"e\", value == c.value] => deny();\n};\n");
    assert_prints("version=1.2;issuancerules{c:[type==\"a\"]=>issue(claim=c);c:[type==\"a\"]=>add("
                  "type=\"b\",value=isSubsetOf(c.value,JMESPATH(\"{}\",\"a[*].b\")));};",
                  "version= 1.2;\nissuancerules\n{\n"
                  "    c:[type == \"a\"] => issue(claim = c);\n"
                  "    c:[type == \"a\"] => add(type = \"b\", value = IsSubsetOf(c.value, "
                  "JmesPath(\"{}\", \"a[*].b\")));\n};\n");
}

static void a_string_holds_any_text_of_utf8(void **state)
{
    (void)state;
    assert_prints("version=1.0;issuancerules{=>issue(type=\"\xc3\xa9\t// no comment\",value=\"\");"
                  "};",
                  "version= 1.0;\nissuancerules\n{\n    => issue(type = \"\xc3\xa9\t// no "
                  "comment\", value = \"\");\n};\n");
}

static void numbers_have_64_bits(void **state)
{
    (void)state;
    assert_prints("version=1.0;issuancerules{=>issue(type=\"a\",value=-9223372036854775808);"
                  "=>issue(type=\"a\",value=9223372036854775807);};",
                  "version= 1.0;\nissuancerules\n{\n"
                  "    => issue(type = \"a\", value = -9223372036854775808);\n"
                  "    => issue(type = \"a\", value = 9223372036854775807);\n};\n");
}

#define RULE(section, rule) "version=1.2;\n" section "{\n" rule "\n};"
#define AUTHORIZE(rule)     RULE("authorizationrules", rule)
#define ISSUE(rule)         RULE("issuancerules", rule)

typedef struct refusal {
    const char *text;
    size_t line, column;
    const char *message;
} refusal;

static const refusal refusals[] = {
    /* Words */
    {"", 1, 1, "expected 'version', found the end of the policy"},
    {"\xef\xbb\xbfversion=1.0;", 1, 1, "a byte order mark is not part of a policy"},
    {"version=1.0;\xff", 1, 1, "the policy is not UTF-8"},
    {"version=1.0;/* x */", 1, 13, "a comment starts with // and ends with its line"},
    {"version=1.0;\n #", 2, 2, "unexpected character '#'"},
    {"version=1.0;\x01", 1, 13, "unexpected byte 0x01"},
    {AUTHORIZE("[type==\"a"), 3, 10, "expected '\"' at the end of the string"},
    {AUTHORIZE("[type==\"a\\n\"]"), 3, 10, "expected \\\" or \\\\ after a backslash in a string"},
    {AUTHORIZE("[type==\"\x02\"]"), 3, 9, "a string has the control character 0x02"},
    {AUTHORIZE("[value==01]=>permit();"), 3, 9, "expected a whole number of 64 bits, found '01'"},
    {AUTHORIZE("[value==1.5]=>permit();"), 3, 9, "expected a whole number of 64 bits, found '1.5'"},
    {AUTHORIZE("[value==9223372036854775808]=>permit();"), 3, 9,
     "expected a whole number of 64 bits, found '9223372036854775808'"},
    {AUTHORIZE("[value==0x10]=>permit();"), 3, 10, "expected ']', found 'x10'"},
    /* Sections */
    {"version=1.0\n[", 2, 1, "expected ';', found '['"},
    {"version 1.0;", 1, 9, "expected '=', found '1.0'"},
    {"version=1.3;", 1, 9, "expected version 1.0, 1.1 or 1.2, found '1.3'"},
    {"version=1.10;", 1, 9, "expected version 1.0, 1.1 or 1.2, found '1.10'"},
    {"version=\"1.0\";", 1, 9, "expected version 1.0, 1.1 or 1.2, found '\"1.0\"'"},
    {"version=1.0;rules{};", 1, 13,
     "expected configurationrules, authorizationrules or issuancerules, found 'rules'"},
    {"version=1.0;issuancerules{}", 1, 28, "expected ';', found the end of the policy"},
    {"version=1.0;issuancerules{};\nissuancerules{};", 2, 1, "issuancerules stands twice"},
    {"version=1.0;configurationrules{};", 1, 13, "configurationrules need version 1.1 or 1.2"},
    /* Rules */
    {AUTHORIZE("=>permit()"), 4, 1, "expected ';', found '}'"},
    {AUTHORIZE("permit();"), 3, 7, "expected ':', found '('"},
    {AUTHORIZE("=>allow();"), 3, 3,
     "expected permit, deny, add, issue or issueproperty, found 'allow'"},
    {AUTHORIZE("=>issue(type=\"a\",value=1);"), 3, 3,
     "issue is not an action of authorizationrules"},
    {AUTHORIZE("=>issueproperty(type=\"a\",value=1);"), 3, 3,
     "issueproperty is not an action of authorizationrules"},
    {ISSUE("=>permit();"), 3, 3, "permit is not an action of issuancerules"},
    {RULE("configurationrules", "=>add(type=\"a\",value=1);"), 3, 3,
     "add is not an action of configurationrules"},
    {AUTHORIZE("=>permit(1);"), 3, 10, "expected ')', found '1'"},
    {ISSUE("=>issue(\"a\",value=true);"), 3, 9, "expected claim or type, found '\"a\"'"},
    {ISSUE("=>issue(type=a,value=true);"), 3, 14, "expected a string, found 'a'"},
    {ISSUE("=>issue(type=\"a\");"), 3, 17, "expected ',', found ')'"},
    {ISSUE("=>issue(claim=c);"), 3, 15, "no condition of this rule binds 'c'"},
    {ISSUE("c:[type==\"a\"]=>issue(type=\"b\",value=d.value);"), 3, 37,
     "no condition before this binds 'd'"},
    {ISSUE("c:[type==\"a\",value==c.value]=>issue(claim=c);"), 3, 21,
     "no condition before this binds 'c'"},
    {ISSUE("c:[type==\"a\"]&&c:[type==\"b\"]=>issue(claim=c);"), 3, 16, "'c' is bound twice"},
    {ISSUE("C:[type==\"a\"]=>issue(claim=c);"), 3, 28, "no condition of this rule binds 'c'"},
    {ISSUE("!c:[type==\"a\"]=>issue(claim=c);"), 3, 2,
     "expected '[' (what is absent has no identifier), found 'c'"},
    {ISSUE("true:[type==\"a\"]=>issue(claim=c);"), 3, 1, "expected an identifier, found 'true'"},
    {ISSUE("c:[type==\"a\"]=>issue(type=\"b\",value=c.name);"), 3, 39,
     "expected type, value, valueType or issuer, found 'name'"},
    {ISSUE("c:[type==\"a\"]=>issue(type=\"b\",value=c);"), 3, 38, "expected '.' or '(', found ')'"},
    /* Conditions */
    {AUTHORIZE("[]=>permit();"), 3, 2, "expected type, value, valueType or issuer, found ']'"},
    {AUTHORIZE("[type]=>permit();"), 3, 6,
     "expected '==', '!=', '<', '<=', '>' or '>=', found ']'"},
    {AUTHORIZE("[type==]=>permit();"), 3, 8, "expected a value, found ']'"},
    {AUTHORIZE("[type==\"a\"]||[type==\"b\"]=>permit();"), 3, 12, "unexpected character '|'"},
    {AUTHORIZE("[type==\"a\"],[type==\"b\"]=>permit();"), 3, 12, "expected '=>', found ','"},
    {AUTHORIZE("[type>\"a\"]=>permit();"), 3, 2, "type is text: it can be == or != only"},
    {AUTHORIZE("[issuer==1]=>permit();"), 3, 10, "issuer is compared with a string"},
    {AUTHORIZE("[value>\"a\"]=>permit();"), 3, 8, "> compares whole numbers only"},
    {AUTHORIZE("[value<=true]=>permit();"), 3, 9, "<= compares whole numbers only"},
    {"version=1.1;\nauthorizationrules{![type==\"a\"]=>permit();};", 2, 20,
     "'!' needs version 1.2"},
    /* Functions */
    {"version=1.1;\nissuancerules{=>issue(type=\"a\",value=NegateBool(true));};", 2, 38,
     "functions need version 1.2"},
    {ISSUE("=>issue(type=\"a\",value=Negate(true));"), 3, 24, "there is no function 'Negate'"},
    {ISSUE("=>issue(type=\"a\",value=NegateBool());"), 3, 35, "expected a value, found ')'"},
    {ISSUE("=>issue(type=\"a\",value=NegateBool(true,true));"), 3, 39, "expected ')', found ','"},
    {ISSUE("=>issue(type=\"a\",value=NegateBool(\"x\"));"), 3, 35,
     "NegateBool takes true or false here"},
    {ISSUE("=>issue(type=\"a\",value=AppendString(\"x\",1));"), 3, 41,
     "AppendString takes a string here"},
    {ISSUE("=>issue(type=\"a\",value=JmesPath(\"{}\",\"a[\"));"), 3, 38,
     "JmesPath column 3: expected a number or '*'"},
};

static void what_is_wrong_is_told_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        assert_refused(refusals[i].text, refusals[i].line, refusals[i].column, refusals[i].message);
    }
}

static void a_long_or_odd_word_is_cut_in_the_message(void **state)
{
    (void)state;
    assert_refused("version=\"aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd\xc3\xa9\";", 1, 9,
                   "expected version 1.0, 1.1 or 1.2, found "
                   "'\"aaaaaaaaaabbbbbbbbbbccccccccccddddddddd...'");
    assert_refused("version=\"\xc3\xa9\";", 1, 9,
                   "expected version 1.0, 1.1 or 1.2, found '\"??\"'");
}

static void every_prefix_of_a_policy_is_refused(void **state)
{
    (void)state;
    const char text[] =
        "version=1.2;configurationrules{=>issueproperty(type=\"a\",value=1);};"
        "authorizationrules{c:[type==\"x\",value==\"y\"]&&![type==\"z\"]=>permit();};"
        "issuancerules{c:[type==\"x\"]=>issue(type=\"y\",value=AppendString(c.value,\"s\"));};";
    for (size_t size = 0; size < sizeof text - 1; size++) {
        COF_CLEANUP(cof_maa_policy_drop_) cof_maa_policy *policy = NULL;
        const cof_status status = cof_maa_parse(cof_view_of(text, size), &policy, NULL, NULL);
        /* Between sections a policy may end. */
        const bool ends_well = size > 0 && text[size - 1] == ';' &&
                               (size == 12 || (text[size - 2] == '}' && size > 12));
        assert_int_equal(status == COF_OK, ends_well);
    }
}

static void append(cof_buf *buf, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        assert_ok(cof_buf_append_text(buf, text, NULL));
    }
}

/* head, unit n times, tail. */
static cof_status parse_repeated(const char *head, const char *unit, size_t n, const char *tail)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 1 << 20};
    COF_CLEANUP(cof_maa_policy_drop_) cof_maa_policy *policy = NULL;
    append(&text, head, 1);
    append(&text, unit, n);
    append(&text, tail, 1);
    return cof_maa_parse(cof_buf_view(&text), &policy, NULL, NULL);
}

static void every_limit_holds(void **state)
{
    (void)state;
    const char head[] = "version=1.2;authorizationrules{";
    assert_ok(parse_repeated(head, "=>permit();", COF_MAA_RULES_MAX, "};"));
    assert_status(parse_repeated(head, "=>permit();", COF_MAA_RULES_MAX + 1, "};"), LIMIT);
    assert_ok(parse_repeated(head, "[value==1]&&", 7, "[value==1]=>permit();};"));
    assert_status(parse_repeated(head, "[value==1]&&", 8, "[value==1]=>permit();};"), LIMIT);
    assert_ok(parse_repeated("version=1.2;authorizationrules{[", "value==1,", 15,
                             "value==1]=>permit();};"));
    assert_status(parse_repeated("version=1.2;authorizationrules{[", "value==1,", 16,
                                 "value==1]=>permit();};"),
                  LIMIT);
    assert_ok(
        parse_repeated("version=1.2;authorizationrules{", "a", 63, ":[value==1]=>permit();};"));
    assert_status(
        parse_repeated("version=1.2;authorizationrules{", "a", 64, ":[value==1]=>permit();};"),
        LIMIT);
    assert_ok(parse_repeated("version=1.2;", " ", COF_MAA_POLICY_BYTES - 12, ""));
    assert_status(parse_repeated("version=1.2;", " ", COF_MAA_POLICY_BYTES - 11, ""), LIMIT);
    assert_status(parse_repeated("version=1.2;issuancerules{=>issue(type=\"a\",value=",
                                 "NegateBool(", COF_MAA_RULES_MAX, "true"),
                  LIMIT);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_is_printed_in_one_spelling),
        cmocka_unit_test(a_string_holds_any_text_of_utf8),
        cmocka_unit_test(numbers_have_64_bits),
        cmocka_unit_test(what_is_wrong_is_told_with_its_place),
        cmocka_unit_test(a_long_or_odd_word_is_cut_in_the_message),
        cmocka_unit_test(every_prefix_of_a_policy_is_refused),
        cmocka_unit_test(every_limit_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
