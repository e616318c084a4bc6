/* What the lint finds in policies, and where. Findings are compared as "severity code where". */
#include <string.h>

#include "harness/cof_prng.h"
#include "harness/cof_test.h"
#include "relying/policy/lint.h"
#include "tcb/wire/text.h"

static void put(cof_buf *buf, const char *text)
{
    assert_ok(cof_buf_append_text(buf, text, NULL));
}

static void list_of(const json_t *findings, cof_buf *out)
{
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *finding = json_array_get(findings, i);
        static const char *const members[] = {"severity", "code", "where"};
        put(out, i > 0 ? "; " : "");
        for (size_t k = 0; k < 3; k++) {
            put(out, k > 0 ? " " : "");
            put(out, json_string_value(json_object_get(finding, members[k])));
        }
        assert_non_null(json_string_value(json_object_get(finding, "text")));
    }
}

static void assert_findings(const json_t *findings, const char *expected, const char *policy)
{
    COF_CLEANUP(cof_buf_free) cof_buf list = {.limit = 1 << 16};
    const char *text = NULL;
    list_of(findings, &list);
    assert_ok(cof_buf_text(&list, &text, NULL));
    if (strcmp(text, expected) != 0) {
        print_message("# %s\n", policy);
    }
    assert_string_equal(text, expected);
    assert_int_equal(cof_lint_has_errors(findings), strstr(expected, "error ") != NULL);
}

/* Unwraps, lints by kind, compares. */
static void assert_lint(const char *policy, cof_lint_kind expected_kind, const char *expected)
{
    COF_CLEANUP(cof_buf_free) cof_buf content = {.limit = 1 << 20};
    COF_JSON json_t *findings = NULL;
    cof_lint_kind kind = COF_LINT_PLATFORM;
    assert_ok(cof_lint_new(&findings, NULL));
    assert_ok(cof_lint_unwrap(cof_view_text(policy), &kind, &content, NULL));
    assert_int_equal(kind, expected_kind);
    if (kind == COF_LINT_ATTESTATION) {
        assert_ok(cof_lint_attestation(cof_buf_view(&content), findings, NULL));
    } else {
        assert_ok(cof_lint_release(cof_buf_view(&content), findings, NULL));
    }
    assert_findings(findings, expected, policy);
}

typedef struct lint_case {
    const char *policy, *expected;
} lint_case;

#define V(rules) "version=1.2;\nauthorizationrules{\n" rules "\n};"
#define BASELINE                                                                                   \
    "configurationrules{=>issueproperty(type=\"x-ms-sgx-tcbidentifier\",value=\"13\");};"
#define GOOD(rules) "version=1.2;" BASELINE "\nauthorizationrules{\n" rules "\n};"
#define DEBUG       "[type==\"x-ms-sgx-is-debuggable\",value==false]"
#define ENCLAVE     "[type==\"x-ms-sgx-mrenclave\",value==\"ab\"]"
#define SIGNER      "[type==\"x-ms-sgx-mrsigner\",value==\"cd\"]"
#define PRODUCT     "[type==\"x-ms-sgx-product-id\",value==1]"

static const lint_case attestation_cases[] = {
    {GOOD(DEBUG "&&" ENCLAVE "=>permit();"), ""},
    {GOOD(DEBUG "&&" SIGNER "&&" PRODUCT "=>permit();"), ""},
    {GOOD(DEBUG "&&" SIGNER "=>permit();"), "warning any-measurement 3:1"},
    {V(DEBUG "&&" ENCLAVE "=>permit();"), "info stale-tcb 3:1"},
    {V("=>permit();"), "error accepts-debug 3:1; warning any-measurement 3:1; info stale-tcb 3:1"},
    {GOOD(ENCLAVE "=>permit();"), "error accepts-debug 3:1"},
    {GOOD("[type==\"x-ms-sgx-is-debuggable\",value==true]&&" ENCLAVE "=>permit();"),
     "error accepts-debug 3:1"},
    {GOOD("[type==\"x-ms-sgx-is-debuggable\",value!=true]&&" ENCLAVE "=>permit();"), ""},
    {GOOD("[type==\"x-ms-sgx-is-debuggable\",value!=false]&&" ENCLAVE "=>permit();"),
     "error accepts-debug 3:1"},
    {GOOD("[type==\"x-ms-sgx-is-debuggable\"]&&" ENCLAVE "=>permit();"), "error accepts-debug 3:1"},
    {GOOD("[type==\"x-ms-sgx-is-debuggable\",value==false,issuer==\"CustomClaim\"]&&" ENCLAVE
          "=>permit();"),
     "error accepts-debug 3:1"},
    {GOOD("[type==\"x-ms-sgx-is-debuggable\",value==false,issuer==\"AttestationService\"]&&" ENCLAVE
          "=>permit();"),
     ""},
    /* Each way in counts. */
    {GOOD(DEBUG "&&" ENCLAVE "=>permit();\n" ENCLAVE "=>permit();"), "error accepts-debug 4:1"},
    /* Other platforms. */
    {V("[type==\"tdx_td_attributes_debug\",value==false]&&[type==\"tdx_mrtd\",value==\"ab\"]&&"
       "[type==\"attester_tcb_status\",value==\"UpToDate\"]=>permit();"),
     ""},
    {V("[type==\"x-ms-sevsnpvm-is-debuggable\",value==false]&&[type==\"x-ms-sevsnpvm-"
       "launchmeasurement\",value==\"ab\"]&&[type==\"x-ms-sevsnpvm-microcode-svn\",value>=219]=>"
       "permit();"),
     ""},
    {V("[type==\"x-ms-compliance-status\",value==\"azure-compliant-uvm\"]&&[type==\"x-ms-sevsnpvm-"
       "hostdata\",value==\"ab\"]=>permit();"),
     "warning accepts-debug 3:1; info stale-tcb 3:1"},
    {GOOD(DEBUG "&&[type==\"coffer-platform\",value==\"simulated\"]&&" ENCLAVE "=>permit();"),
     "warning simulated 3:1"},
    /* Denials make sure the opposite. */
    {GOOD("[type==\"x-ms-sgx-is-debuggable\",value==true]=>deny();\n" ENCLAVE "=>permit();"), ""},
    {GOOD("[type==\"x-ms-sgx-is-debuggable\",value!=false]=>deny();\n" ENCLAVE "=>permit();"), ""},
    {GOOD("[type==\"x-ms-sgx-is-debuggable\",value==false]=>deny();\n" ENCLAVE "=>permit();"),
     "error accepts-debug 4:1"},
    {GOOD("!" DEBUG "=>deny();\n!" ENCLAVE "=>deny();\n=>permit();"), ""},
    {GOOD("[type==\"x-ms-sgx-mrenclave\",value!=\"ab\"]=>deny();\n" DEBUG "=>permit();"), ""},
    {GOOD("[type==\"x-ms-sgx-is-debuggable\",value==true]&&[type==\"x\"]=>deny();\n" ENCLAVE
          "=>permit();"),
     "error accepts-debug 4:1"},
    /* Through a claim that the policy adds itself. */
    {GOOD(DEBUG "&&" ENCLAVE
                "=>add(type=\"ok\",value=true);\n[type==\"ok\",value==true]=>permit();"),
     ""},
    {GOOD(DEBUG "&&" ENCLAVE "=>add(type=\"ok\",value=true);\n=>add(type=\"ok\",value=false);\n"
                "[type==\"ok\",value==true]=>permit();"),
     ""},
    {GOOD(DEBUG "&&" ENCLAVE "=>add(type=\"ok\",value=true);\n" ENCLAVE
                "=>add(type=\"ok\",value=true);\n[type==\"ok\",value==true]=>permit();"),
     "error accepts-debug 5:1"},
    {GOOD("[type==\"ok\",value==true]=>permit();\n" DEBUG "&&" ENCLAVE
          "=>add(type=\"ok\",value=true);"),
     "error accepts-debug 3:1; warning any-measurement 3:1"},
    /* What can never be. */
    {"version=1.0;", "error never-met authorizationrules"},
    {V(""), "error never-met 2:1"},
    {V("=>permit();\n=>deny();"), "error never-met 4:1"},
    {GOOD("[type==\"x-ms-sgx-svn\",value>=3,value<3]&&" DEBUG "&&" ENCLAVE "=>permit();"),
     "warning contradiction 3:1; error never-met 2:1"},
    {GOOD("[type==\"x-ms-sgx-svn\",value>3,value<4]&&" DEBUG "&&" ENCLAVE "=>permit();"),
     "warning contradiction 3:1; error never-met 2:1"},
    {GOOD("[type==\"x-ms-sgx-svn\",value>=3,value<=3]&&" DEBUG "&&" ENCLAVE "=>permit();"), ""},
    {GOOD("[type==\"x-ms-sgx-svn\",value==3,value!=3]&&" DEBUG "&&" ENCLAVE "=>permit();"),
     "warning contradiction 3:1; error never-met 2:1"},
    {GOOD("[type==\"a\",type==\"b\"]&&" DEBUG "&&" ENCLAVE "=>permit();"),
     "warning contradiction 3:1; error never-met 2:1"},
    {GOOD(DEBUG "&&[type==\"x-ms-sgx-is-debuggable\",value==true]&&" ENCLAVE "=>permit();"),
     "warning contradiction 3:1; error never-met 2:1"},
    /* A claim of another name may have several values. */
    {GOOD("[type==\"x\",value==1]&&[type==\"x\",value==2]&&" DEBUG "&&" ENCLAVE "=>permit();"), ""},
    /* Words. */
    {GOOD(DEBUG "&&" ENCLAVE "&&[type=\"x\"]=>permit();"), "warning single-equals 3:91"},
    {GOOD(DEBUG "&&" ENCLAVE "&&[value==true]=>permit();"), "warning any-claim 3:90"},
    {"version=1.0;\n[", "error syntax 2:1"},
    {"version=1.2;authorizationrules{=>permit()};", "error syntax 1:42"},
};

static void an_attestation_policy_is_judged_by_each_way_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof attestation_cases / sizeof attestation_cases[0]; i++) {
        assert_lint(attestation_cases[i].policy, COF_LINT_ATTESTATION,
                    attestation_cases[i].expected);
    }
}

#define R(entries) "{\"version\":\"1.0.0\",\"anyOf\":[" entries "]}"
#define A(conditions)                                                                              \
    "{\"authority\":\"https://a.weu.attest.azure.net\",\"allOf\":[" conditions "]}"
#define C(claim, equals) "{\"claim\":\"" claim "\",\"equals\":" equals "}"
#define R_DEBUG          C("x-ms-sgx-is-debuggable", "false")
#define R_ENCLAVE        C("x-ms-sgx-mrenclave", "\"ab\"")
#define R_SIGNER         C("x-ms-sgx-mrsigner", "\"cd\"")
#define R_PRODUCT        C("x-ms-sgx-product-id", "1")
#define R_TCB            C("attester_tcb_status", "\"UpToDate\"")
#define ANY(conditions)  "{\"anyOf\":[" conditions "]}"

static const lint_case release_cases[] = {
    {R(A(R_DEBUG "," R_ENCLAVE "," R_TCB)), ""},
    {R(A(R_DEBUG "," R_ENCLAVE)), "info stale-tcb anyOf[0]"},
    {R(A(R_ENCLAVE "," R_TCB)), "error accepts-debug anyOf[0]"},
    {R(A(R_DEBUG "," R_TCB)), "error any-measurement anyOf[0]"},
    {R(A(R_DEBUG "," R_SIGNER "," R_TCB)), "error any-measurement anyOf[0]"},
    {R(A(R_DEBUG "," R_SIGNER "," R_PRODUCT "," R_TCB)), ""},
    {R(A(C("x-ms-sgx-is-debuggable", "\"false\"") "," R_ENCLAVE "," R_TCB)), ""},
    {R(A(C("x-ms-sgx-is-debuggable", "true") "," R_ENCLAVE "," R_TCB)),
     "error accepts-debug anyOf[0]"},
    {R(A(ANY(R_ENCLAVE "," C("x-ms-sgx-mrenclave", "\"ef\"")) "," R_DEBUG "," R_TCB)), ""},
    {R(A(ANY(R_ENCLAVE "," R_SIGNER) "," R_DEBUG "," R_TCB)), "error any-measurement anyOf[0]"},
    {R(A(ANY(R_ENCLAVE ",{\"allOf\":[" R_SIGNER "," R_PRODUCT "]}") "," R_DEBUG "," R_TCB)), ""},
    {R(A(ANY(R_DEBUG "," R_ENCLAVE) "," R_TCB)),
     "error accepts-debug anyOf[0]; error any-measurement anyOf[0]"},
    {R(A(R_DEBUG "," R_ENCLAVE "," R_TCB) "," A(R_ENCLAVE "," R_TCB)),
     "error accepts-debug anyOf[1]"},
    /* Under a VM, and what the program says of itself. */
    {R(A(C("x-ms-isolation-tee.tdx_td_attributes_debug",
           "false") "," C("x-ms-isolation-tee.tdx_mrtd", "\"ab\"") "," R_TCB)),
     ""},
    {R(A(C("x-ms-runtime.x-ms-sgx-is-debuggable", "false") "," C("x-ms-runtime.x-ms-sgx-mrenclave",
                                                                 "\"ab\"") "," R_TCB)),
     "error accepts-debug anyOf[0]; error any-measurement anyOf[0]"},
    {R(A(C("x-ms-isolation-tee.x-ms-compliance-status", "\"azure-compliant-cvm\"") "," R_ENCLAVE
                                                                                   "," R_TCB)),
     "warning accepts-debug anyOf[0]"},
    {R(A(C("x-ms-policy-hash", "\"h\"") "," R_TCB)),
     "warning accepts-debug anyOf[0]; warning any-measurement anyOf[0]"},
    /* Simulated platforms. */
    {"{\"version\":\"1.0.0\",\"anyOf\":[{\"authority\":\"https://localhost:8443/"
     "\",\"allOf\":[" R_DEBUG "," R_ENCLAVE "," R_TCB "]}]}",
     "warning simulated anyOf[0]"},
    {"{\"version\":\"1.0.0\",\"anyOf\":[{\"authority\":\"https://"
     "127.0.0.1:8443\",\"allOf\":[" R_DEBUG "," R_ENCLAVE "," R_TCB
     "," C("coffer-platform", "\"sgx\"") "]}]}",
     ""},
    {R(A(R_DEBUG "," R_ENCLAVE "," R_TCB "," C("coffer-platform", "\"simulated\""))),
     "warning simulated anyOf[0].allOf[3]"},
    /* What can never be. */
    {R(""), "error never-met policy"},
    {R(A("")), "error empty anyOf[0].allOf; error accepts-debug anyOf[0]; error any-measurement "
               "anyOf[0]; info stale-tcb anyOf[0]"},
    {R(A(R_DEBUG "," R_ENCLAVE "," R_TCB "," ANY(""))),
     "error never-met anyOf[0].allOf[3].anyOf; warning never-met anyOf[0]; error never-met policy"},
    {R(A(R_DEBUG "," R_ENCLAVE "," R_TCB "," C("x-ms-sgx-mrenclave", "\"ef\""))),
     "warning contradiction anyOf[0].allOf[3]; warning never-met anyOf[0]; error never-met policy"},
    {R(A(R_DEBUG "," R_ENCLAVE "," R_TCB "," C("x-ms-sgx-is-debuggable", "\"False\""))), ""},
    {R(A(R_DEBUG "," R_ENCLAVE "," R_TCB ",{\"allOf\":[" C("x-ms-sgx-is-debuggable", "true") "]}")),
     "warning contradiction anyOf[0].allOf[3]; warning never-met anyOf[0]; error never-met policy"},
    /* An option that cannot be met takes nothing away. */
    {R(A(ANY(R_ENCLAVE ",{\"allOf\":[" C("a", "1") "," C("a", "2") "]}") "," R_DEBUG "," R_TCB)),
     "warning contradiction anyOf[0].allOf[0].anyOf[1].allOf[1]"},
    /* Form. */
    {"{\"version\":\"2\",\"anyOf\":[" A(R_DEBUG "," R_ENCLAVE "," R_TCB) "]}",
     "error version version"},
    {"{\"version\":\"1.0.0\",\"ALLOF\":[]}", "error bad-condition policy"},
    {"{\"version\":\"1.0.0\",\"anyOf\":[],\"x\":1}", "error bad-condition policy"},
    {R("{\"allOf\":[]}"), "error bad-condition anyOf[0]; error never-met policy"},
    {R("7"), "error bad-condition anyOf[0]; error never-met policy"},
    {R("{\"authority\":\"http://a\",\"anyOf\":[{\"allOf\":[" R_DEBUG "," R_ENCLAVE "," R_TCB
       "]}]}"),
     "error authority anyOf[0]"},
    {R(A(R_DEBUG "," R_ENCLAVE "," R_TCB ",{\"claim\":\"a\",\"greater\":1}")),
     "error bad-condition anyOf[0].allOf[3]; warning never-met anyOf[0]; error never-met policy"},
    {R(A(R_DEBUG "," R_ENCLAVE "," R_TCB ",{\"claim\":\"a\",\"equals\":[1]}")),
     "error bad-condition anyOf[0].allOf[3]; warning never-met anyOf[0]; error never-met policy"},
    {R(A(R_DEBUG "," R_ENCLAVE "," R_TCB ",{\"anyOf\":[],\"claim\":\"a\"}")),
     "error bad-condition anyOf[0].allOf[3]; warning never-met anyOf[0]; error never-met policy"},
};

static void a_release_policy_is_judged_by_each_way_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof release_cases / sizeof release_cases[0]; i++) {
        assert_lint(release_cases[i].policy, COF_LINT_RELEASE, release_cases[i].expected);
    }
}

static void conditions_too_deep_are_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 1 << 16};
    COF_JSON json_t *findings = NULL;
    put(&text, "{\"version\":\"1.0.0\",\"anyOf\":[{\"authority\":\"https://a\",\"allOf\":[");
    for (int i = 0; i < 12; i++) {
        put(&text, "{\"allOf\":[");
    }
    put(&text, C("a", "1"));
    for (int i = 0; i < 12; i++) {
        put(&text, "]}");
    }
    put(&text, "]}]}");
    assert_ok(cof_lint_new(&findings, NULL));
    assert_ok(cof_lint_release(cof_buf_view(&text), findings, NULL));
    assert_true(cof_lint_has_errors(findings));
    json_array_clear(findings);
    assert_ok(cof_lint_release(cof_view_text("{\"version\":"), findings, NULL));
    assert_string_equal(json_string_value(json_object_get(json_array_get(findings, 0), "code")),
                        "syntax");
}

/* {"member": base64url(text)}, or the same as a token's payload. */
static void wrap(const char *member, cof_view text, bool is_token, cof_buf *out)
{
    COF_CLEANUP(cof_buf_free) cof_buf object = {.limit = 1 << 20};
    put(&object, "{\"");
    put(&object, member);
    put(&object, "\":\"");
    assert_ok(cof_base64url_encode(text, &object, NULL));
    put(&object, "\"}");
    if (is_token) {
        put(out, "eyJhbGciOiJub25lIn0.");
        assert_ok(cof_base64url_encode(cof_buf_view(&object), out, NULL));
        put(out, ".");
    } else {
        assert_ok(cof_buf_append(out, cof_buf_view(&object), NULL));
    }
}

static void assert_unwraps(const cof_buf *wrapped, cof_lint_kind expected_kind,
                           const char *expected)
{
    COF_CLEANUP(cof_buf_free) cof_buf content = {.limit = 1 << 20};
    cof_lint_kind kind = COF_LINT_PLATFORM;
    assert_ok(cof_lint_unwrap(cof_buf_view(wrapped), &kind, &content, NULL));
    assert_int_equal(kind, expected_kind);
    assert_view_text(cof_buf_view(&content), expected);
}

static void a_wrapped_policy_is_unwrapped(void **state)
{
    (void)state;
    const char release[] = R(A(R_DEBUG));
    const char attestation[] = "// c\n version = 1.0;authorizationrules{=>permit();};";
    COF_CLEANUP(cof_buf_free) cof_buf data = {.limit = 1 << 20};
    COF_CLEANUP(cof_buf_free) cof_buf key = {.limit = 1 << 20};
    COF_CLEANUP(cof_buf_free) cof_buf upload = {.limit = 1 << 20};
    COF_CLEANUP(cof_buf_free) cof_buf answer = {.limit = 1 << 20};
    wrap("data", cof_view_text(release), false, &data);
    assert_unwraps(&data, COF_LINT_RELEASE, release);
    put(&key, "{\"key\":{\"kty\":\"RSA\"},\"release_policy\":");
    assert_ok(cof_buf_append(&key, cof_buf_view(&data), NULL));
    put(&key, "}");
    assert_unwraps(&key, COF_LINT_RELEASE, release);
    wrap("AttestationPolicy", cof_view_text(attestation), true, &upload);
    assert_unwraps(&upload, COF_LINT_ATTESTATION, attestation);
    /* {"token": JWS} whose x-ms-policy is a JWS again. */
    COF_CLEANUP(cof_buf_free) cof_buf claims = {.limit = 1 << 20};
    put(&claims, "{\"x-ms-policy\":\"");
    assert_ok(cof_buf_append(&claims, cof_buf_view(&upload), NULL));
    put(&claims, "\"}");
    put(&answer, "{\"token\":\"eyJhbGciOiJSUzI1NiJ9.");
    assert_ok(cof_base64url_encode(cof_buf_view(&claims), &answer, NULL));
    put(&answer, ".c2ln\"}\n");
    assert_unwraps(&answer, COF_LINT_ATTESTATION, attestation);
}

static void what_is_no_policy_of_azure_is_taken_for_a_platform_policy(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",  "accept: []\n", "version: 1\n",      "{\"accept\":[]}",
        "{", "eyJh",         "// only a comment", "{\"platform\":{\"accept\":[]}}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf content = {.limit = 1 << 16};
        cof_lint_kind kind = COF_LINT_RELEASE;
        assert_ok(cof_lint_unwrap(cof_view_text(texts[i]), &kind, &content, NULL));
        assert_int_equal(kind, COF_LINT_PLATFORM);
        assert_view_text(cof_buf_view(&content), texts[i]);
    }
}

static void a_wrapping_that_cannot_be_read_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf content = {.limit = 1 << 16};
    cof_lint_kind kind = COF_LINT_RELEASE;
    assert_status(cof_lint_unwrap(cof_view_text("{\"data\":\"***\"}"), &kind, &content, NULL),
                  BAD_FORMAT);
    COF_CLEANUP(cof_buf_free) cof_buf deep = {.limit = 1 << 20};
    COF_CLEANUP(cof_buf_free) cof_buf next = {.limit = 1 << 20};
    put(&deep, R(A(R_DEBUG)));
    for (int i = 0; i < 7; i++) {
        cof_buf_clear(&next);
        wrap("data", cof_buf_view(&deep), false, &next);
        cof_buf_clear(&deep);
        assert_ok(cof_buf_append(&deep, cof_buf_view(&next), NULL));
    }
    assert_status(cof_lint_unwrap(cof_buf_view(&deep), &kind, &content, NULL), BAD_FORMAT);
}

static void assert_platform(const cof_accept *accept, size_t count, const char *expected)
{
    static cof_policy policy;
    COF_JSON json_t *findings = NULL;
    policy = (cof_policy){.count = 0};
    for (size_t i = 0; i < count; i++) {
        assert_ok(cof_policy_add(&policy, &accept[i], NULL));
    }
    assert_ok(cof_lint_new(&findings, NULL));
    assert_ok(cof_lint_platform(&policy, findings, NULL));
    assert_findings(findings, expected, "platform");
}

static void a_platform_policy_is_judged_entry_by_entry(void **state)
{
    (void)state;
    const cof_tcb_policy strict = {.statuses = 1U << COF_TCB_UP_TO_DATE, .minimum_evaluation = 18};
    const cof_tcb_policy loose = {.statuses = 1U << COF_TCB_OUT_OF_DATE, .any_advisory = true};
    assert_platform(NULL, 0, "error never-met accept");
    const cof_accept good[] = {
        {.tee = COF_TEE_SGX, .measurement_count = 1, .tcb = strict},
        {.tee = COF_TEE_TDX, .measurement_count = 1, .rtmr_mask = 2, .tcb = strict},
        {.tee = COF_TEE_SEV_SNP, .measurement_count = 1, .has_minimum_tcb = true},
        {.tee = COF_TEE_AZURE_CVM, .measurement_count = 1, .pcrs = {.mask = 16}, .tcb = strict}};
    assert_platform(good, 4, "");
    const cof_accept bad[] = {
        {.tee = COF_TEE_SIMULATED},
        {.tee = COF_TEE_SGX, .tcb = loose},
        {.tee = COF_TEE_TDX, .measurement_count = 1, .tcb = strict},
        {.tee = COF_TEE_SEV_SNP},
        {.tee = COF_TEE_AZURE_CVM, .measurement_count = 1, .allows_console = true, .tcb = strict}};
    assert_platform(bad, 1, "warning simulated accept[0]; error any-measurement accept[0]");
    assert_platform(bad + 1, 1,
                    "error any-measurement accept[0]; warning stale-tcb accept[0]; warning "
                    "any-advisory accept[0]; info stale-tcb accept[0]");
    assert_platform(bad + 2, 1, "warning any-system accept[0]");
    assert_platform(bad + 3, 1, "error any-measurement accept[0]; warning stale-tcb accept[0]");
    assert_platform(bad + 4, 1, "error any-measurement accept[0]; warning console accept[0]");
    const cof_accept signer = {.tee = COF_TEE_SGX, .has_signer = true, .tcb = strict};
    assert_platform(&signer, 1, "info any-svn accept[0]");
}

/* Nothing that stands in a file makes the lint fail. */
static void bytes_at_random_never_stop_the_lint(void **state)
{
    (void)state;
    cof_prng random = {7};
    const char *const seeds[] = {attestation_cases[0].policy, release_cases[10].policy};
    for (int round = 0; round < 4000; round++) {
        COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 1 << 16};
        COF_CLEANUP(cof_buf_free) cof_buf content = {.limit = 1 << 20};
        COF_JSON json_t *findings = NULL;
        cof_lint_kind kind = COF_LINT_PLATFORM;
        put(&text, seeds[round % 2]);
        for (size_t n = 1 + cof_prng_below(&random, 3); n > 0; n--) {
            text.data[cof_prng_below(&random, text.size)] = (uint8_t)cof_prng_next(&random);
        }
        assert_ok(cof_lint_new(&findings, NULL));
        if (cof_lint_unwrap(cof_buf_view(&text), &kind, &content, NULL) == COF_OK) {
            assert_ok(cof_lint_attestation(cof_buf_view(&content), findings, NULL));
            assert_ok(cof_lint_release(cof_buf_view(&content), findings, NULL));
        }
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attestation_policy_is_judged_by_each_way_in),
        cmocka_unit_test(a_release_policy_is_judged_by_each_way_in),
        cmocka_unit_test(conditions_too_deep_are_refused),
        cmocka_unit_test(a_wrapped_policy_is_unwrapped),
        cmocka_unit_test(what_is_no_policy_of_azure_is_taken_for_a_platform_policy),
        cmocka_unit_test(a_wrapping_that_cannot_be_read_is_refused),
        cmocka_unit_test(a_platform_policy_is_judged_entry_by_entry),
        cmocka_unit_test(bytes_at_random_never_stop_the_lint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
