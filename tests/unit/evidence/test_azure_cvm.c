/* Evidence of an Azure confidential VM, from a real TPM emulator (swtpm) with a paravisor played by
 * vtpm.c, and what a verifier makes of it. */
#include <string.h>
#include <time.h>
#include <tss2/tss2_tcti_swtpm.h>

#include "harness/cof_alloc_fail.h"
#include "harness/cof_test.h"
#include "relying/verify/evidence.h"
#include "rig/amd_rig.h"
#include "tcb/base/limits.h"
#include "tcb/evidence/azure_cvm.h"
#include "tcb/wire/json.h"
#include "vtpm.h"

enum { REPORT_INDEX = 0x01400001, CERTIFICATE_INDEX = 0x01C101D0, TDREPORT_DATA_AT = 128 };

static amd_rig amd;
static vtpm tpm;
static int pauses;
static cof_quote_request request;

int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left);
int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left)
{
    (void)wanted;
    (void)left;
    pauses++;
    return 0;
}

static void make_snp(void *context, const uint8_t report_data[static 64],
                     uint8_t place[static VTPM_HARDWARE_SIZE])
{
    const amd_rig *rig = context;
    const amd_rig_options options = {.report = {.report_data = report_data}};
    COF_CLEANUP(cof_buf_free) cof_buf report = {0};
    const unsigned long left = cof_alloc_fail_pause();
    assert_ok(amd_rig_report_again(rig, &options, &report, NULL));
    cof_alloc_fail_resume(left);
    assert_int_equal(report.size, VTPM_HARDWARE_SIZE);
    memcpy(place, report.data, report.size);
}

static void make_td_report(void *context, const uint8_t report_data[static 64],
                           uint8_t place[static VTPM_HARDWARE_SIZE])
{
    (void)context;
    memset(place, 0, VTPM_HARDWARE_SIZE);
    memcpy(place + TDREPORT_DATA_AT, report_data, 64);
}

static int start(void **state)
{
    (void)state;
    const amd_rig_options options = {0};
    assert_ok(amd_rig_make(&amd, &options, NULL));
    vtpm_start(&tpm, make_snp, &amd);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    vtpm_stop(&tpm);
    amd_rig_free(&amd);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    static uint8_t contract = 0xc0;
    contract++; /* another one in each test */
    pauses = 0;
    tpm.reads = 0;
    tpm.delay = 0;
    tpm.torn = 0;
    tpm.extends = 0;
    tpm.is_deaf = false;
    tpm.type = 0;
    tpm.hash = 0;
    tpm.hardware = make_snp;
    request = (cof_quote_request){0};
    memset(request.contract.bytes, contract, sizeof request.contract.bytes);
    for (size_t i = 0; i < 32; i++) {
        request.report_data[i] = (uint8_t)(7 * i + contract);
    }
    return 0;
}

static cof_status quote(cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_quote_source_drop_) cof_quote_source *source = NULL;
    assert_ok(cof_quote_source_azure_cvm(vtpm_tcti_init, "", &source, NULL));
    assert_string_equal(cof_quote_source_name(source), "azure-cvm");
    return cof_quote_source_quote(source, &request, out, err);
}

static cof_status verify(const cof_buf *evidence, cof_facts *out)
{
    const cof_evidence_input input = {.evidence = cof_buf_view(evidence),
                                      .collateral = &amd.collateral,
                                      .roots = amd.pins,
                                      .root_count = sizeof amd.pins / sizeof amd.pins[0],
                                      .now_unix_s = AMD_RIG_NOW};
    return cof_evidence_verify(&input, out, NULL, NULL);
}

/* A verifier believes it, and finds in it what it was made over. */
static void assert_genuine(const cof_buf *evidence)
{
    cof_facts facts = {0};
    uint8_t user_data[VTPM_USER_DATA_SIZE] = {0};
    memcpy(user_data, request.contract.bytes, sizeof request.contract.bytes);
    assert_ok(verify(evidence, &facts));
    assert_int_equal(facts.tee, COF_TEE_AZURE_CVM);
    assert_int_equal(facts.hardware, COF_TEE_SEV_SNP);
    assert_memory_equal(facts.report_data, request.report_data, sizeof request.report_data);
    assert_true(facts.azure.claims.has_user_data);
    assert_memory_equal(facts.azure.claims.user_data, user_data, sizeof user_data);
    assert_int_equal(facts.azure.pcrs.mask, 0xffffff);
}

static void a_verifier_believes_the_evidence(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    assert_ok(quote(&out, NULL));
    assert_genuine(&out);
    /* One bit of the claims (in base64url), of the quote, or of a PCR, and it does not. */
    static const char *const members[] = {"\"hcl_report\":\"", "\"message\":\"", "\"0\":\"",
                                          "\"signature\":\""};
    const char *text = NULL;
    assert_ok(cof_buf_text(&out, &text, NULL));
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        cof_facts facts = {0};
        const char *member = strstr(text, members[i]);
        assert_non_null(member);
        uint8_t *digit = out.data + (member - text) + strlen(members[i]) + 60;
        const uint8_t was = *digit;
        *digit = was == '0' ? '1' : '0';
        assert_int_not_equal(verify(&out, &facts), COF_OK);
        *digit = was;
    }
    assert_genuine(&out);
}

static void the_evidence_has_the_form_of_its_page(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf again = {.limit = COF_LIMIT_QUOTE_BYTES};
    COF_JSON json_t *json = NULL;
    assert_ok(quote(&out, NULL));
    assert_ok(cof_json_parse(cof_buf_view(&out), COF_LIMIT_QUOTE_BYTES, &json, NULL));
    assert_ok(cof_json_canonical(json, &again, NULL));
    assert_true(cof_view_equal(cof_buf_view(&out), cof_buf_view(&again)));
    static const char *const members[] = {"hcl_report", "tpm_quote", "type"};
    assert_ok(cof_json_only(json, members, 3, NULL));
    const json_t *inner = json_object_get(json, "tpm_quote");
    assert_int_equal(json_object_size(json_object_get(inner, "pcrs")), 24);
    assert_int_equal(json_string_length(json_object_get(inner, "signature")), 512);
    assert_int_equal(json_string_length(json_object_get(json, "hcl_report")),
                     (VTPM_NV_SIZE * 4 + 2) / 3);
}

static void a_new_report_is_awaited(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    tpm.delay = 5;
    assert_ok(quote(&out, NULL));
    assert_true(tpm.reads >= 5 && pauses >= 4);
    assert_genuine(&out);
}

static void the_user_data_of_another_run_does_not_count(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    cof_err err = {0};
    tpm.is_deaf = true;
    assert_status(quote(&out, &err), TIMEOUT);
    assert_int_equal(out.size, 0);
    assert_int_equal(tpm.reads, 40);
    assert_int_equal(pauses, 40);
    assert_non_null(strstr(err.detail, "other user data"));
}

static void a_report_that_was_replaced_while_read_is_read_again(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    tpm.torn = 3;
    assert_ok(quote(&out, NULL));
    assert_int_equal(tpm.torn, 0);
    assert_int_equal(tpm.reads, 4);
    assert_genuine(&out);
}

static void a_pcr_that_changes_after_the_quote_makes_another_quote(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    tpm.extends = 4;
    assert_ok(quote(&out, NULL));
    assert_int_equal(tpm.extends, 0);
    assert_genuine(&out);
    tpm.extends = 5;
    cof_buf_clear(&out);
    assert_status(quote(&out, NULL), BUSY);
    assert_int_equal(out.size, 0);
}

static void a_source_quotes_for_another_contract(void **state)
{
    (void)state;
    COF_CLEANUP(cof_quote_source_drop_) cof_quote_source *source = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    assert_ok(cof_quote_source_azure_cvm(vtpm_tcti_init, "", &source, NULL));
    assert_ok(cof_quote_source_quote(source, &request, &out, NULL));
    assert_genuine(&out);
    cof_buf_clear(&out);
    request.contract.bytes[31] ^= 1;
    request.report_data[0] ^= 1;
    assert_ok(cof_quote_source_quote(source, &request, &out, NULL));
    assert_genuine(&out);
}

static bool has_certificate(const cof_buf *evidence)
{
    COF_JSON json_t *json = NULL;
    assert_ok(cof_json_parse(cof_buf_view(evidence), COF_LIMIT_QUOTE_BYTES, &json, NULL));
    return json_object_get(json, "ak_certificate") != NULL;
}

static void the_certificate_of_the_key_is_optional(void **state)
{
    (void)state;
    static const uint8_t der[64] = {0x30, 0x3};
    static const uint8_t zeros[64] = {0};
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    vtpm_define(&tpm, CERTIFICATE_INDEX, cof_view_of(zeros, sizeof zeros));
    assert_ok(quote(&out, NULL));
    assert_false(has_certificate(&out));
    vtpm_undefine(&tpm, CERTIFICATE_INDEX);
    vtpm_define(&tpm, CERTIFICATE_INDEX, cof_view_of(der, sizeof der));
    cof_buf_clear(&out);
    assert_ok(quote(&out, NULL));
    assert_true(has_certificate(&out));
    vtpm_undefine(&tpm, CERTIFICATE_INDEX);
}

static void a_td_report_is_given_without_a_quote_of_it(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    cof_facts facts = {0};
    tpm.hardware = make_td_report;
    tpm.type = 4;
    assert_ok(quote(&out, NULL));
    /* The agent adds it: until then nobody believes the evidence. */
    assert_int_not_equal(verify(&out, &facts), COF_OK);
}

static void another_hardware_is_refused_at_once(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    cof_err err = {0};
    tpm.type = 3;
    assert_status(quote(&out, &err), UNSUPPORTED);
    assert_string_equal(err.detail, "HCL report of type 3, hash 1");
    tpm.type = 2;
    tpm.hash = 2;
    assert_status(quote(&out, &err), UNSUPPORTED);
    assert_int_equal(pauses, 0);
}

static cof_status open_and_quote(void *context)
{
    (void)context;
    COF_CLEANUP(cof_quote_source_drop_) cof_quote_source *source = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    COF_TRY(cof_quote_source_azure_cvm(vtpm_tcti_init, "", &source, NULL));
    const cof_status status = cof_quote_source_quote(source, &request, &out, NULL);
    assert_true((status == COF_OK) == (out.size > 0));
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const cof_status no_memory[] = {COF_E_NO_MEMORY, COF_OK};
    assert_true(cof_alloc_fail_each(open_and_quote, NULL, no_memory) >= 20);
}

static void a_tpm_that_is_not_azures_has_no_evidence(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    cof_quote_source *source = NULL;
    assert_status(
        cof_quote_source_azure_cvm(Tss2_Tcti_Swtpm_Init, "path=/nonexistent/tpm", &source, NULL),
        NOT_FOUND);
    assert_null(source);
    tpm.is_deaf = true;
    vtpm_undefine(&tpm, REPORT_INDEX); /* the last test: it does not come back */
    assert_status(quote(&out, NULL), NOT_FOUND);
    assert_int_equal(out.size, 0);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    cof_alloc_fail_hook_jansson();
    /* Every index that is not there is an error to the library, and it would say so. */
    (void)setenv("TSS2_LOG", "all+none", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_verifier_believes_the_evidence, set_up),
        cmocka_unit_test_setup(the_evidence_has_the_form_of_its_page, set_up),
        cmocka_unit_test_setup(a_new_report_is_awaited, set_up),
        cmocka_unit_test_setup(the_user_data_of_another_run_does_not_count, set_up),
        cmocka_unit_test_setup(a_report_that_was_replaced_while_read_is_read_again, set_up),
        cmocka_unit_test_setup(a_pcr_that_changes_after_the_quote_makes_another_quote, set_up),
        cmocka_unit_test_setup(a_source_quotes_for_another_contract, set_up),
        cmocka_unit_test_setup(the_certificate_of_the_key_is_optional, set_up),
        cmocka_unit_test_setup(a_td_report_is_given_without_a_quote_of_it, set_up),
        cmocka_unit_test_setup(another_hardware_is_refused_at_once, set_up),
        cmocka_unit_test_setup(every_allocation_may_fail, set_up),
        cmocka_unit_test_setup(a_tpm_that_is_not_azures_has_no_evidence, set_up),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
