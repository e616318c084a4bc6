/*
 * What a policy makes of claims. The first table follows the rules and examples of Microsoft's
 * pages "Claim rule grammar", "Claim rule functions", "Attestation policy version 1.0 / 1.1 / 1.2"
 * and "Attestation policy examples", in values of our own.
 */
#include <string.h>

#include "harness/cof_test.h"
#include "relying/maa/maa.h"
#include "tcb/wire/json.h"

#define PERMIT        "authorizationrules{=>permit();};"
#define V0(rules)     "version=1.0;authorizationrules{" rules "};"
#define V2(rules)     "version=1.2;authorizationrules{" rules "};"
#define ISSUES(rules) "version=1.2;" PERMIT "issuancerules{" rules "};"

typedef struct policy_case {
    const char *policy, *claims;
    const char *expected; /* {"permit":n} or {"deny":n} or {} by rule, then issued, properties */
} policy_case;

static cof_status evaluate(const char *text, const char *claims_text, cof_maa_outcome *out,
                           cof_err *err)
{
    COF_CLEANUP(cof_maa_policy_drop_) cof_maa_policy *policy = NULL;
    COF_JSON json_t *claims = NULL;
    const cof_status status = cof_maa_parse(cof_view_text(text), &policy, NULL, err);
    if (status != COF_OK) {
        print_message("# %s\n# %s\n", text, err->detail);
    }
    assert_ok(status);
    assert_ok(cof_json_parse(cof_view_text(claims_text), 1 << 20, &claims, NULL));
    return cof_maa_evaluate(policy, claims, out, err);
}

static void assert_outcome(const policy_case *c)
{
    COF_CLEANUP(cof_maa_outcome_free) cof_maa_outcome outcome = {0};
    COF_JSON json_t *found = json_object();
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 1 << 20};
    const char *printed = NULL;
    cof_err err = {0};
    const cof_status status = evaluate(c->policy, c->claims, &outcome, &err);
    if (status != COF_OK) {
        print_message("# %s\n# %s\n", c->policy, err.detail);
    }
    assert_ok(status);
    assert_false(outcome.is_permitted && outcome.is_denied);
    assert_true((outcome.rule != 0) == (outcome.is_permitted || outcome.is_denied));
    if (outcome.rule != 0) {
        assert_ok(cof_json_set(found, outcome.is_permitted ? "permit" : "deny",
                               json_integer((json_int_t)outcome.rule), NULL));
    }
    if (json_object_size(outcome.issued) > 0) {
        assert_ok(cof_json_set(found, "issued", json_incref(outcome.issued), NULL));
    }
    if (json_object_size(outcome.properties) > 0) {
        assert_ok(cof_json_set(found, "properties", json_incref(outcome.properties), NULL));
    }
    assert_ok(cof_json_print(found, &text, NULL));
    assert_ok(cof_buf_text(&text, &printed, NULL));
    if (strcmp(printed, c->expected) != 0) {
        print_message("# %s\n", c->policy);
    }
    assert_string_equal(printed, c->expected);
}

static void assert_outcomes(const policy_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_outcome(&cases[i]);
    }
}
#define ASSERT_OUTCOMES(cases) assert_outcomes(cases, sizeof(cases) / sizeof(cases)[0])

static void a_policy_permits_only_when_a_rule_says_so(void **state)
{
    (void)state;
    static const policy_case cases[] = {
        {"version=1.0;", "{}", "{}"},
        {V0(""), "{\"a\":1}", "{}"},
        {V0("=>permit();"), "{}", "{\"permit\":1}"},
        {V0("=>deny();"), "{}", "{\"deny\":1}"},
        {V0("=>permit();=>deny();"), "{}", "{\"deny\":2}"},
        {V0("=>deny();=>permit();"), "{}", "{\"deny\":1}"},
        {V0("[type==\"a\"]=>permit();"), "{\"b\":1}", "{}"},
        {V0("[type==\"b\"]=>permit();[type==\"a\"]=>permit();=>permit();"), "{\"a\":1}",
         "{\"permit\":2}"},
        {V0("[type==\"sb\",value==true,issuer==\"AttestationService\"]=>permit();"),
         "{\"sb\":true}", "{\"permit\":1}"},
        {V0("[type==\"sb\",value==true,issuer==\"CustomClaim\"]=>permit();"), "{\"sb\":true}",
         "{}"},
        {V0("=>permit();[type==\"sb\",value==false]=>deny();"), "{\"sb\":false}", "{\"deny\":2}"},
        {V0("=>permit();[type==\"sb\",value==false]=>deny();"), "{}", "{\"permit\":1}"},
        {V0("[type==\"d\",value==false]&&[type==\"p\",value==1]&&[type==\"s\",value>=0]&&"
            "[type==\"m\",value==\"ab\"]=>permit();"),
         "{\"d\":false,\"p\":1,\"s\":3,\"m\":\"ab\"}", "{\"permit\":1}"},
        {V0("[type==\"d\",value==false]&&[type==\"p\",value==1]&&[type==\"s\",value>=0]&&"
            "[type==\"m\",value==\"ab\"]=>permit();"),
         "{\"d\":true,\"p\":1,\"s\":3,\"m\":\"ab\"}", "{}"},
        /* No issuance without a permit. */
        {"version=1.0;authorizationrules{=>deny();};issuancerules{=>issue(type=\"a\",value=1);};",
         "{}", "{\"deny\":1}"},
        {"version=1.0;issuancerules{=>issue(type=\"a\",value=1);};", "{}", "{}"},
    };
    ASSERT_OUTCOMES(cases);
}

static void values_compare_only_with_their_own_type(void **state)
{
    (void)state;
    static const policy_case cases[] = {
        {V0("[value==\"1\"]=>permit();"), "{\"a\":1}", "{}"},
        {V0("[value==1]=>permit();"), "{\"a\":\"1\"}", "{}"},
        {V0("[value==true]=>permit();"), "{\"a\":\"true\"}", "{}"},
        {V0("[value==1]=>permit();"), "{\"a\":true}", "{}"},
        {V0("[value!=1]=>permit();"), "{\"a\":\"1\"}", "{\"permit\":1}"},
        {V0("[value!=1]=>permit();"), "{\"a\":1}", "{}"},
        {V0("[value<2]=>permit();"), "{\"a\":1}", "{\"permit\":1}"},
        {V0("[value<2]=>permit();"), "{\"a\":2}", "{}"},
        {V0("[value<=2]=>permit();"), "{\"a\":2}", "{\"permit\":1}"},
        {V0("[value<=2]=>permit();"), "{\"a\":3}", "{}"},
        {V0("[value>2]=>permit();"), "{\"a\":3}", "{\"permit\":1}"},
        {V0("[value>2]=>permit();"), "{\"a\":2}", "{}"},
        {V0("[value>=2]=>permit();"), "{\"a\":2}", "{\"permit\":1}"},
        {V0("[value>=2]=>permit();"), "{\"a\":1}", "{}"},
        {V0("[value>=-2]=>permit();"), "{\"a\":\"3\"}", "{}"},
        {V0("[value<5]=>permit();"), "{\"a\":false}", "{}"},
        {V0("[value==\"AB\"]=>permit();"), "{\"a\":\"ab\"}", "{}"},
        {V0("[type==\"A\"]=>permit();"), "{\"a\":\"ab\"}", "{}"},
        {V0("[valueType==\"Integer\"]=>permit();"), "{\"a\":1}", "{\"permit\":1}"},
        {V0("[valueType==\"Boolean\"]=>permit();"), "{\"a\":1,\"b\":true}", "{\"permit\":1}"},
        {V0("[valueType!=\"String\"]=>permit();"), "{\"a\":\"x\",\"b\":{}}", "{}"},
        {V0("[type!=\"a\"]=>permit();"), "{\"a\":1}", "{}"},
        {V0("[type!=\"a\"]=>permit();"), "{\"a\":1,\"b\":2}", "{\"permit\":1}"},
        {V0("[type==\"a\",value==\"{\\\"b\\\":[1]}\"]=>permit();"), "{\"a\":{\"b\":[1]}}",
         "{\"permit\":1}"},
        {V0("[type==\"a\",value==\"1.5\"]=>permit();"), "{\"a\":1.5}", "{\"permit\":1}"},
        {V0("[type==\"a\"]=>permit();"), "{\"a\":null}", "{}"},
        {V0("[type==\"a\"]=>permit();"), "{\"a\":[]}", "{}"},
        {V0("[type==\"a\",value==2]=>permit();"), "{\"a\":[1,2]}", "{\"permit\":1}"},
        {V0("[type==\"a\",value>=1,value<=3]=>permit();"), "{\"a\":[0,4]}", "{}"},
    };
    ASSERT_OUTCOMES(cases);
}

static void rules_add_to_what_later_rules_see(void **state)
{
    (void)state;
    static const policy_case cases[] = {
        {V0("=>add(type=\"a\",value=1);[type==\"a\",issuer==\"AttestationPolicy\"]=>permit();"),
         "{}", "{\"permit\":2}"},
        {V0("[type==\"a\"]=>permit();=>add(type=\"a\",value=1);"), "{}", "{}"},
        /* A rule does not see what it adds itself. */
        {ISSUES("c:[type==\"a\"]=>issue(type=\"a\",value=c.value);"), "{\"a\":1}",
         "{\"permit\":1,\"issued\":{\"a\":1}}"},
        {ISSUES("=>add(type=\"a\",value=1);"), "{}", "{\"permit\":1}"},
        {ISSUES("=>add(type=\"a\",value=1);c:[type==\"a\"]=>issue(claim=c);"), "{}",
         "{\"permit\":1,\"issued\":{\"a\":1}}"},
        {"version=1.0;authorizationrules{=>add(type=\"a\",value=1);=>permit();};"
         "issuancerules{c:[type==\"a\"]=>issue(claim=c);};",
         "{}", "{\"permit\":2,\"issued\":{\"a\":1}}"},
        {ISSUES("=>issue(type=\"a\",value=1);[type==\"a\"]=>issue(type=\"b\",value=true);"), "{}",
         "{\"permit\":1,\"issued\":{\"a\":1,\"b\":true}}"},
        {ISSUES("=>issueproperty(type=\"report_validity_in_minutes\",value=60);"), "{}",
         "{\"permit\":1,\"properties\":{\"report_validity_in_minutes\":60}}"},
        {"version=1.1;configurationrules{=>issueproperty(type=\"required_pcr_mask\",value=15);"
         "=>issueproperty(type=\"require_valid_aik_cert\",value=false);};" PERMIT,
         "{}",
         "{\"permit\":1,\"properties\":{\"required_pcr_mask\":15,\"require_valid_aik_cert\":false}"
         "}"},
        /* Sections are evaluated in their own order, whatever the order of the text. */
        {"version=1.1;issuancerules{[type==\"p\"]=>issue(type=\"a\",value=1);};" PERMIT
         "configurationrules{=>issueproperty(type=\"p\",value=1);};",
         "{}", "{\"permit\":1,\"issued\":{\"a\":1},\"properties\":{\"p\":1}}"},
        {ISSUES("c:[type==\"debug\"]=>issue(type=\"is-debuggable\",value=c.value);"
                "c:[type==\"signer\"]=>issue(type=\"sgx-mrsigner\",value=c.value);"),
         "{\"debug\":false,\"signer\":\"ab\"}",
         "{\"permit\":1,\"issued\":{\"is-debuggable\":false,\"sgx-mrsigner\":\"ab\"}}"},
        {ISSUES("c:[type==\"a\"]=>issue(type=\"b\",value=c.value);"), "{\"a\":{\"x\":[1,2]}}",
         "{\"permit\":1,\"issued\":{\"b\":{\"x\":[1,2]}}}"},
        {ISSUES("c:[type==\"a\"]=>issue(type=\"t\",value=c.type);"
                "c:[type==\"a\"]=>issue(type=\"i\",value=c.issuer);"
                "c:[type==\"a\"]=>issue(type=\"v\",value=c.valueType);"),
         "{\"a\":1}",
         "{\"permit\":1,\"issued\":{\"t\":\"a\",\"i\":\"AttestationService\",\"v\":\"Integer\"}}"},
    };
    ASSERT_OUTCOMES(cases);
}

static void an_identifier_stands_for_each_claim_in_turn(void **state)
{
    (void)state;
    static const policy_case cases[] = {
        {ISSUES("c:[type==\"a\"]=>issue(type=\"b\",value=c.value);"), "{\"a\":[1,\"x\",true]}",
         "{\"permit\":1,\"issued\":{\"b\":[1,\"x\",true]}}"},
        {ISSUES("c:[type==\"a\"]=>issue(claim=c);"), "{\"a\":[1,1]}",
         "{\"permit\":1,\"issued\":{\"a\":[1,1]}}"},
        /* Not referred to: the rule runs once. */
        {ISSUES("c:[type==\"a\"]=>issue(type=\"b\",value=1);"), "{\"a\":[1,2,3]}",
         "{\"permit\":1,\"issued\":{\"b\":1}}"},
        {ISSUES("[type==\"a\"]=>issue(type=\"b\",value=1);"), "{\"a\":[1,2,3]}",
         "{\"permit\":1,\"issued\":{\"b\":1}}"},
        /* Combinations, the first condition slowest. */
        {ISSUES("c:[type==\"a\"]&&d:[type==\"b\"]=>issue(type=\"x\",value=AppendString(c.value,"
                "d.value));"),
         "{\"a\":[\"1\",\"2\"],\"b\":[\"3\",\"4\"]}",
         "{\"permit\":1,\"issued\":{\"x\":[\"13\",\"14\",\"23\",\"24\"]}}"},
        /* A later condition refers to an earlier one. */
        {ISSUES("f:[type==\"a\"]&&[type==\"b\",value==f.value]=>issueproperty(type=\"p\",value=1)"
                ";"),
         "{\"a\":[1,2],\"b\":[2,3]}", "{\"permit\":1,\"properties\":{\"p\":1}}"},
        {ISSUES("f:[type==\"a\"]&&[type==\"b\",value==f.value]=>issueproperty(type=\"p\",value=1)"
                ";"),
         "{\"a\":[1,2],\"b\":[3,4]}", "{\"permit\":1}"},
        {ISSUES("f:[type==\"a\"]&&[type==\"b\",value==f.value]=>issueproperty(type=\"p\",value=1)"
                ";"),
         "{\"a\":[1,2],\"b\":[1,2]}", "{\"permit\":1,\"properties\":{\"p\":1}}"},
        {ISSUES("f:[type==\"a\"]&&c:[type==\"b\",value==f.value]=>issue(claim=c);"),
         "{\"a\":[1,2,2],\"b\":[2,3,1]}", "{\"permit\":1,\"issued\":{\"b\":[1,2]}}"},
        {ISSUES("f:[type==\"a\"]&&c:[type==\"b\",value>f.value]=>issue(claim=c);"),
         "{\"a\":[1,2],\"b\":[2,3]}", "{\"permit\":1,\"issued\":{\"b\":[2,3]}}"},
        {ISSUES("f:[type==\"a\"]&&c:[type==f.value]=>issue(claim=c);"),
         "{\"a\":[\"x\",1],\"x\":7,\"1\":8}", "{\"permit\":1,\"issued\":{\"x\":7}}"},
    };
    ASSERT_OUTCOMES(cases);
}

static void a_negated_condition_holds_when_no_claim_fits(void **state)
{
    (void)state;
    static const policy_case cases[] = {
        {V2("![type==\"a\"]=>permit();"), "{}", "{\"permit\":1}"},
        {V2("![type==\"a\"]=>permit();"), "{\"a\":1}", "{}"},
        {V2("![type==\"a\",value==2]=>permit();"), "{\"a\":[1,3]}", "{\"permit\":1}"},
        {V2("![type==\"a\",value==2]=>permit();"), "{\"a\":[1,2]}", "{}"},
        {V2("[type==\"a\"]&&![type==\"b\"]=>permit();"), "{\"a\":1,\"b\":1}", "{}"},
        {V2("c:[type==\"a\"]&&![type==\"b\",value==c.value]=>permit();"), "{\"a\":[1,2],\"b\":1}",
         "{\"permit\":1}"},
        {V2("c:[type==\"a\"]&&![type==\"b\",value==c.value]=>permit();"), "{\"a\":1,\"b\":1}",
         "{}"},
        {ISSUES("![type==\"c\"]=>add(type=\"c\",value=300);c:[type==\"c\"]=>issue(claim=c);"),
         "{\"a\":100}", "{\"permit\":1,\"issued\":{\"c\":300}}"},
    };
    ASSERT_OUTCOMES(cases);
}

static void functions_do_what_is_documented(void **state)
{
    (void)state;
    static const policy_case cases[] = {
        /* JmesPath gives the JSON text of the result. */
        {ISSUES("=>issue(type=\"r\",value=JmesPath(\"{\\\"foo\\\": \\\"bar\\\"}\",\"foo\"));"),
         "{}", "{\"permit\":1,\"issued\":{\"r\":\"\\\"bar\\\"\"}}"},
        {ISSUES("c1:[type=\"j\"]&&c2:[type==\"q\"]=>issue(type=\"r\",value=JmesPath(c1.value,"
                "c2.value));"),
         "{\"j\":\"{\\\"values\\\": [0,1,2,3,4]}\",\"q\":\"values[2]\"}",
         "{\"permit\":1,\"issued\":{\"r\":\"2\"}}"},
        {ISSUES("c:[type==\"j\"]=>issue(type=\"r\",value=JmesPath(c.value,\"a.b\"));"),
         "{\"j\":{\"a\":{\"b\":[true,null]}}}",
         "{\"permit\":1,\"issued\":{\"r\":\"[true,null]\"}}"},
        {ISSUES("c:[type==\"j\"]=>issue(type=\"r\",value=JmesPath(c.value,\"x\"));"),
         "{\"j\":\"{}\"}", "{\"permit\":1,\"issued\":{\"r\":\"null\"}}"},
        /* JsonToClaimValue: by the type of the JSON. */
        {ISSUES("c:[type==\"j\"]=>issue(type=\"r\",value=JsonToClaimValue(c.value));"),
         "{\"j\":\"100\"}", "{\"permit\":1,\"issued\":{\"r\":100}}"},
        {ISSUES("c:[type==\"j\"]=>issue(type=\"r\",value=JsonToClaimValue(c.value));"),
         "{\"j\":\"true\"}", "{\"permit\":1,\"issued\":{\"r\":true}}"},
        {ISSUES("c:[type==\"j\"]=>issue(type=\"r\",value=JsonToClaimValue(c.value));"),
         "{\"j\":\"\\\"abc\\\"\"}", "{\"permit\":1,\"issued\":{\"r\":\"abc\"}}"},
        {ISSUES("c:[type==\"j\"]=>issue(type=\"r\",value=JsonToClaimValue(c.value));"),
         "{\"j\":\"[0, \\\"abc\\\", true, null, 0]\"}",
         "{\"permit\":1,\"issued\":{\"r\":[0,\"abc\",true,0]}}"},
        {ISSUES("c:[type==\"j\"]=>issue(type=\"r\",value=JsonToClaimValue(c.value));"),
         "{\"j\":\"null\"}", "{\"permit\":1}"},
        {ISSUES("c:[type==\"j\"]=>issue(type=\"r\",value=JsonToClaimValue(c.value));"),
         "{\"j\":\"[]\"}", "{\"permit\":1}"},
        /* Sets: all claims of an identifier at once. */
        {ISSUES("a:[type==\"s\"]&&b:[type==\"t\"]=>issue(type=\"r\",value=IsSubsetOf(a.value,"
                "b.value));"),
         "{\"s\":[\"abc\",100],\"t\":[true,\"abc\",100]}",
         "{\"permit\":1,\"issued\":{\"r\":true}}"},
        {ISSUES("a:[type==\"s\"]&&b:[type==\"t\"]=>issue(type=\"r\",value=IsSubsetOf(a.value,"
                "b.value));"),
         "{\"s\":[\"abc\",100],\"t\":[true,\"abc\",\"100\"]}",
         "{\"permit\":1,\"issued\":{\"r\":false}}"},
        {ISSUES("=>issue(type=\"r\",value=IsSubsetOf(JsonToClaimValue(\"[]\"),1));"), "{}",
         "{\"permit\":1,\"issued\":{\"r\":true}}"},
        {ISSUES("c:[type==\"s\"]=>issue(type=\"r\",value=ContainsOnlyValue(c.value,100));"),
         "{\"s\":[100,101]}", "{\"permit\":1,\"issued\":{\"r\":false}}"},
        {ISSUES("c:[type==\"s\"]=>issue(type=\"r\",value=ContainsOnlyValue(c.value,100));"),
         "{\"s\":[100,100]}", "{\"permit\":1,\"issued\":{\"r\":true}}"},
        {ISSUES("=>issue(type=\"r\",value=ContainsOnlyValue(JsonToClaimValue(\"[]\"),1));"), "{}",
         "{\"permit\":1,\"issued\":{\"r\":false}}"},
        /* A set beside an identifier that is gone through. */
        {ISSUES("a:[type==\"s\"]&&b:[type==\"t\"]=>issue(type=\"r\",value=ContainsOnlyValue("
                "a.value,b.value));"),
         "{\"s\":[1,1],\"t\":[1,2]}", "{\"permit\":1,\"issued\":{\"r\":[true,false]}}"},
        {ISSUES("k:[type==\"k\"]&&a:[type==\"s\",value>=k.value]=>issue(type=\"r\",value="
                "ContainsOnlyValue(a.value,3));"),
         "{\"k\":[1,3],\"s\":[2,3]}", "{\"permit\":1,\"issued\":{\"r\":[false,true]}}"},
        {ISSUES("c:[type==\"a\"]&&d:[type==\"b\"]=>issue(type=\"r\",value=AppendString(c.value,"
                "d.value));"),
         "{\"a\":\"abc\",\"b\":\"xyz\"}", "{\"permit\":1,\"issued\":{\"r\":\"abcxyz\"}}"},
        {ISSUES("=>issue(type=\"r\",value=AppendString(\"\",\"\"));"), "{}",
         "{\"permit\":1,\"issued\":{\"r\":\"\"}}"},
        {ISSUES("c:[type==\"a\"]=>issue(type=\"r\",value=NegateBool(c.value));"), "{\"a\":true}",
         "{\"permit\":1,\"issued\":{\"r\":false}}"},
        /* In a condition. */
        {V2("c:[type==\"j\"]&&[type==\"a\",value==JsonToClaimValue(JmesPath(c.value,\"x\"))]=>"
            "permit();"),
         "{\"j\":{\"x\":7},\"a\":7}", "{\"permit\":1}"},
        {V2("c:[type==\"j\"]&&[type==\"a\",value==JsonToClaimValue(JmesPath(c.value,\"x\"))]=>"
            "permit();"),
         "{\"j\":{\"x\":8},\"a\":7}", "{}"},
        /* No comparison with no value, or with several, holds: not even !=. */
        {V2("[type==\"a\",value!=JsonToClaimValue(\"null\")]=>permit();"), "{\"a\":7}", "{}"},
        {V2("[type==\"a\",value==JsonToClaimValue(\"[7,7]\")]=>permit();"), "{\"a\":7}", "{}"},
    };
    ASSERT_OUTCOMES(cases);
}

/* A boot log as policies of version 1.2 query it. */
static const char boot_log[] =
    "{\"events\":{\"Events\":["
    "{\"EventSeq\":1,\"PcrIndex\":7,\"EventTypeString\":\"VARIABLE\",\"ProcessedData\":{"
    "\"VariableGuid\":\"G\",\"UnicodeName\":\"SecureBoot\",\"VariableData\":\"AQ\"}},"
    "{\"EventSeq\":2,\"PcrIndex\":12,\"EventTypeString\":\"TAG\",\"ProcessedData\":{\"BOUNDARY\":{"
    "\"SVN\":5,\"DEBUG\":false,\"MODULES\":[{\"VALID\":true,\"PATH\":\"\\\\A\\\\B.SYS\"}]}}},"
    "{\"EventSeq\":3,\"PcrIndex\":13,\"EventTypeString\":\"TAG\",\"ProcessedData\":{\"BOUNDARY\":{"
    "\"DEBUG\":false,\"MODULES\":[{\"VALID\":true}]}}},"
    "{\"EventSeq\":4,\"PcrIndex\":13,\"EventTypeString\":\"SEPARATOR\"}]}}";

static void a_boot_log_is_queried(void **state)
{
    (void)state;
    static const policy_case cases[] = {
        {ISSUES("c:[type==\"events\",issuer==\"AttestationService\"]=>add(type=\"vars\",value="
                "JmesPath(c.value,\"Events[?EventTypeString == 'VARIABLE' && "
                "ProcessedData.VariableGuid == 'G']\"));"
                "c:[type==\"vars\",issuer==\"AttestationPolicy\"]=>issue(type=\"sb\",value="
                "JsonToClaimValue(JmesPath(c.value,\"[?ProcessedData.UnicodeName == 'SecureBoot'] "
                "| length(@) == `1` && @[0].ProcessedData.VariableData == 'AQ'\")));"
                "![type==\"sb\",issuer==\"AttestationPolicy\"]=>issue(type=\"sb\",value=false);"),
         boot_log, "{\"permit\":1,\"issued\":{\"sb\":true}}"},
        {ISSUES("c:[type==\"events\"]=>add(type=\"b\",value=JmesPath(c.value,\"Events[? "
                "EventTypeString == 'TAG' && (PcrIndex == `12` || PcrIndex == `13`)]."
                "ProcessedData.BOUNDARY\"));"
                "c:[type==\"b\"]=>add(type=\"set\",value=JsonToClaimValue(JmesPath(c.value,"
                "\"[*].DEBUG\")));"
                "c:[type==\"set\"]=>issue(type=\"off\",value=ContainsOnlyValue(c.value,false));"
                "c:[type==\"b\"]=>issue(type=\"elam\",value=JsonToClaimValue(JmesPath(c.value,"
                "\"[*].MODULES[] | [? VALID == `true` && equals_ignore_case(PATH, "
                "'\\\\a\\\\b.sys')] | @ != `null`\")));"),
         boot_log, "{\"permit\":1,\"issued\":{\"off\":true,\"elam\":true}}"},
        /* A query that the policy puts together. */
        {ISSUES("c:[type==\"events\"]=>add(type=\"sep\",value=JmesPath(c.value,\"Events[? "
                "EventTypeString == 'SEPARATOR'] | @[0].EventSeq\"));"
                "c:[type==\"sep\",value!=\"null\"]=>add(type=\"q\",value=AppendString(AppendString("
                "\"Events[? EventSeq < `\",c.value),\"`].ProcessedData.BOUNDARY.SVN | @[0]\"));"
                "q:[type==\"q\"]&&e:[type==\"events\"]=>issue(type=\"svn\",value=JsonToClaimValue("
                "JmesPath(e.value,q.value)));"),
         boot_log, "{\"permit\":1,\"issued\":{\"svn\":5}}"},
    };
    ASSERT_OUTCOMES(cases);
}

static void assert_fails(const char *policy, const char *claims, const char *detail)
{
    cof_maa_outcome outcome = {0};
    cof_err err = {0};
    assert_status(evaluate(policy, claims, &outcome, &err), POLICY_EVALUATION);
    assert_string_equal(err.detail, detail);
    assert_null(outcome.issued);
}

static void a_function_that_cannot_be_evaluated_fails_the_policy(void **state)
{
    (void)state;
#define A "c:[type==\"a\"]=>issue(type=\"b\",value="
    assert_fails(ISSUES(A "JmesPath(c.value,\"x\"));"), "{\"a\":\"{\"}",
                 "line 1, column 95: JmesPath takes a string that is JSON");
    assert_fails(ISSUES(A "JmesPath(c.value,\"x\"));"), "{\"a\":\"\"}",
                 "line 1, column 95: JmesPath takes a string that is JSON");
    assert_fails(ISSUES(A "JmesPath(c.value,\"x\"));"), "{\"a\":5}",
                 "line 1, column 95: JmesPath takes a string");
    assert_fails(ISSUES(A "JmesPath(\"{}\",c.value));"), "{\"a\":\"\"}",
                 "line 1, column 95: JmesPath column 1: expected an expression");
    assert_fails(ISSUES(A "JmesPath(\"{}\",\"length(x)\"));"), "{\"a\":\"\"}",
                 "line 1, column 95: JmesPath length() takes a string, an array or an object");
    assert_fails(ISSUES(A "JsonToClaimValue(c.value));"), "{\"a\":\"{}\"}",
                 "line 1, column 95: JsonToClaimValue cannot convert an object");
    assert_fails(ISSUES(A "JsonToClaimValue(c.value));"), "{\"a\":\"1.5\"}",
                 "line 1, column 95: JsonToClaimValue cannot convert a fraction");
    assert_fails(ISSUES(A "JsonToClaimValue(c.value));"), "{\"a\":\"[[1]]\"}",
                 "line 1, column 95: JsonToClaimValue cannot convert an array of objects or "
                 "arrays");
    assert_fails(ISSUES(A "JsonToClaimValue(c.value));"), "{\"a\":\"abc\"}",
                 "line 1, column 95: JsonToClaimValue takes a string that is JSON");
    assert_fails(ISSUES(A "JsonToClaimValue(c.value));"), "{\"a\":\"{\\\"x\\\":1,\\\"x\\\":2}\"}",
                 "line 1, column 95: JsonToClaimValue takes a string that is JSON");
    assert_fails(ISSUES(A "AppendString(c.value,\"x\"));"), "{\"a\":5}",
                 "line 1, column 95: AppendString takes a string");
    assert_fails(ISSUES(A "AppendString(JsonToClaimValue(c.value),\"x\"));"), "{\"a\":\"null\"}",
                 "line 1, column 95: AppendString takes one string, not none or several");
    assert_fails(ISSUES(A "NegateBool(c.value));"), "{\"a\":\"true\"}",
                 "line 1, column 95: NegateBool takes true or false");
    assert_fails(ISSUES(A "ContainsOnlyValue(1,JsonToClaimValue(c.value)));"), "{\"a\":\"[1,1]\"}",
                 "line 1, column 95: ContainsOnlyValue takes one value second");
    assert_fails(V2("[type==\"a\",value==JsonToClaimValue(\"{}\")]=>deny();=>permit();"),
                 "{\"a\":1}", "line 1, column 50: JsonToClaimValue cannot convert an object");
#undef A
    /* Not reached: no claim of that type. */
    static const policy_case cases[] = {
        {V2("[type==\"b\",value==JsonToClaimValue(\"{}\")]=>deny();=>permit();"), "{\"a\":1}",
         "{\"permit\":2}"},
    };
    ASSERT_OUTCOMES(cases);
}

static void a_read_only_claim_is_tested_but_not_issued(void **state)
{
    (void)state;
    const char claims[] = "{\"pcrs\":{\"x\":\"v\"}}";
    assert_fails(ISSUES("c:[type==\"pcrs\"]=>issue(claim=c);"), claims,
                 "line 1, column 77: a read-only claim cannot be issued");
    assert_fails(ISSUES("c:[type==\"pcrs\"]=>issue(type=\"a\",value=JsonToClaimValue(JmesPath("
                        "c.value,\"x\")));"),
                 claims, "line 1, column 77: a read-only claim cannot be issued");
    assert_fails(ISSUES("c:[type==\"pcrs\"]=>add(type=\"a\",value=AppendString(JmesPath("
                        "c.value,\"x\"),\"\"));c:[type==\"a\"]=>issue(claim=c);"),
                 claims, "line 1, column 151: a read-only claim cannot be issued");
    static const policy_case cases[] = {
        {ISSUES("c:[type==\"pcrs\"]&&d:[type==\"m\",value==JsonToClaimValue(JmesPath(c.value,"
                "\"x == 'v'\"))]=>issue(claim=d);"),
         "{\"pcrs\":{\"x\":\"v\"},\"m\":true}", "{\"permit\":1,\"issued\":{\"m\":true}}"},
        {ISSUES("c:[type==\"pcrs\"]=>issue(type=\"a\",value=ContainsOnlyValue(c.value,1));"),
         "{\"pcrs\":1}", "{\"permit\":1,\"issued\":{\"a\":true}}"},
    };
    ASSERT_OUTCOMES(cases);
}

static void work_is_bounded(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf claims = {.limit = 1 << 20};
    const char *text = NULL;
    assert_ok(cof_buf_append_text(&claims, "{\"a\":[0", NULL));
    for (int i = 1; i < 400; i++) {
        assert_ok(cof_buf_printf(&claims, NULL, ",%d", i));
    }
    assert_ok(cof_buf_append_text(&claims, "]}", NULL));
    assert_ok(cof_buf_text(&claims, &text, NULL));
    COF_CLEANUP(cof_buf_free) cof_buf thousand = {.limit = 2000};
    const char *strings = NULL;
    assert_ok(cof_buf_append_text(&thousand, "{\"a\":\"", NULL));
    for (int i = 0; i < 100; i++) {
        assert_ok(cof_buf_append_text(&thousand, "0123456789", NULL));
    }
    assert_ok(cof_buf_append_text(&thousand, "\"}", NULL));
    assert_ok(cof_buf_text(&thousand, &strings, NULL));
    const char used_up[] = "the policy takes more than 1000000 steps or 16777216 bytes";
    assert_fails(V2("a:[type==\"a\"]&&b:[type==\"a\",value>a.value]&&c:[type==\"a\",value>b.value]"
                    "&&[type==\"x\",value==c.value]=>permit();"),
                 text, used_up);
    assert_fails(ISSUES("a:[type==\"a\"]&&b:[type==\"a\",value>a.value]=>issue(claim=b);"), text,
                 used_up);
    assert_fails(ISSUES("c:[type==\"a\"]=>add(type=\"a\",value=c.value);"
                        "c:[type==\"a\"]=>add(type=\"a\",value=c.value);"
                        "c:[type==\"a\"]=>add(type=\"a\",value=c.value);"
                        "c:[type==\"a\"]=>add(type=\"a\",value=c.value);"),
                 text, "more than 4096 claims");
    /* Each rule doubles what the one before has made. */
#define NEXT(a, b) "c:[type==\"" a "\"]=>add(type=\"" b "\",value=AppendString(c.value,c.value));"
    assert_fails(ISSUES(NEXT("a", "b") NEXT("b", "c") NEXT("c", "d") NEXT("d", "e") NEXT("e", "f")
                            NEXT("f", "g") NEXT("g", "h") NEXT("h", "i") NEXT("i", "j")
                                NEXT("j", "k") NEXT("k", "l")),
                 strings, "line 1, column 743: AppendString makes 2048000 bytes, at most 1048576");
}

static void claims_must_be_an_object(void **state)
{
    (void)state;
    cof_maa_outcome outcome = {0};
    assert_status(evaluate("version=1.0;", "[1]", &outcome, NULL), BAD_ARGUMENT);
}

static void the_configuration_is_read_without_claims(void **state)
{
    (void)state;
    COF_CLEANUP(cof_maa_policy_drop_) cof_maa_policy *policy = NULL;
    COF_JSON json_t *found = NULL;
    COF_JSON json_t *expected = json_pack("{s:s,s:i}", "x-ms-sgx-tcbidentifier", "13", "m", 15);
    const char text[] =
        "version=1.2;configurationrules{=>issueproperty(type=\"x-ms-sgx-tcbidentifier\",value="
        "\"13\");[type==\"a\"]=>issueproperty(type=\"b\",value=1);![type==\"a\"]=>issueproperty("
        "type=\"c\",value=1);=>issueproperty(type=\"m\",value=JsonToClaimValue(\"15\"));};"
        "issuancerules{=>issueproperty(type=\"d\",value=1);};";
    assert_ok(cof_maa_parse(cof_view_text(text), &policy, NULL, NULL));
    assert_ok(cof_maa_configuration(policy, &found, NULL));
    assert_true(json_equal(found, expected));
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_permits_only_when_a_rule_says_so),
        cmocka_unit_test(values_compare_only_with_their_own_type),
        cmocka_unit_test(rules_add_to_what_later_rules_see),
        cmocka_unit_test(an_identifier_stands_for_each_claim_in_turn),
        cmocka_unit_test(a_negated_condition_holds_when_no_claim_fits),
        cmocka_unit_test(functions_do_what_is_documented),
        cmocka_unit_test(a_boot_log_is_queried),
        cmocka_unit_test(a_function_that_cannot_be_evaluated_fails_the_policy),
        cmocka_unit_test(a_read_only_claim_is_tested_but_not_issued),
        cmocka_unit_test(work_is_bounded),
        cmocka_unit_test(claims_must_be_an_object),
        cmocka_unit_test(the_configuration_is_read_without_claims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
