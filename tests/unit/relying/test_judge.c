/* Judging genuine facts: each thing that an owner demands refuses what does not meet it. The facts
 * are made by hand: what makes facts genuine is tested elsewhere. */
#include <string.h>

#include "harness/cof_test.h"
#include "relying/policy/policy.h"

static cof_facts facts_of(cof_tee tee, cof_tee hardware)
{
    cof_facts facts = {.tee = tee, .hardware = hardware};
    const bool is_amd = hardware == COF_TEE_SEV_SNP;
    facts.root = is_amd ? cof_roots_amd[0] : cof_root_intel;
    facts.tcb.status = is_amd ? COF_TCB_UNRATED : COF_TCB_UP_TO_DATE;
    facts.tcb.evaluation_number = 17;
    memset(facts.sgx.mrenclave, 1, sizeof facts.sgx.mrenclave);
    memset(facts.sgx.mrsigner, 2, sizeof facts.sgx.mrsigner);
    facts.sgx.isv_prod_id = 7;
    facts.sgx.isv_svn = 3;
    memset(facts.td.mrtd, 3, sizeof facts.td.mrtd);
    memset(facts.td.rtmr[2], 4, sizeof facts.td.rtmr[2]);
    memset(facts.snp.measurement, 5, sizeof facts.snp.measurement);
    memset(facts.snp.host_data, 6, sizeof facts.snp.host_data);
    memset(facts.snp.id_key_digest, 7, sizeof facts.snp.id_key_digest);
    facts.snp.product = COF_SNP_MILAN;
    facts.snp.policy = COF_SNP_POLICY_RESERVED_ONE;
    facts.snp.reported_tcb = 0x7308000000000003; /* microcode 115, snp 8, tee 0, bootloader 3 */
    facts.azure.claims.is_secure_boot = true;
    facts.azure.pcrs.mask = 0xffffff;
    memset(facts.azure.pcrs.values[4].bytes, 8, COF_DIGEST_SIZE);
    return facts;
}

static cof_accept accept_of(cof_tee tee)
{
    cof_accept accept = {.tee = tee, .measurement_count = 1, .tcb = cof_tcb_up_to_date};
    const int value = tee == COF_TEE_SGX ? 1 : tee == COF_TEE_TDX ? 3 : 5;
    memset(accept.measurements[0], value, sizeof accept.measurements[0]);
    return accept;
}

static cof_status judge(const cof_facts *facts, const cof_accept *accept, cof_checks *checks)
{
    cof_policy policy = {0};
    if (checks != NULL) {
        *checks = (cof_checks){0};
    }
    assert_ok(cof_policy_add(&policy, accept, NULL));
    const cof_status status = cof_policy_judge(facts, &policy, checks, NULL);
    if (checks != NULL) {
        assert_int_equal(status == COF_OK, cof_checks_all_ok(checks));
    }
    return status;
}

#define REFUSED(facts, accept, code, check)                                                        \
    do {                                                                                           \
        static cof_checks checks_;                                                                 \
        assert_status(judge(facts, accept, &checks_), code);                                       \
        assert_string_equal(cof_checks_first_failed(&checks_)->name, check);                       \
    } while (0)

static void every_platform_is_accepted_as_named(void **state)
{
    (void)state;
    static const struct {
        cof_tee tee, hardware;
    } cases[] = {{COF_TEE_SGX, COF_TEE_SGX},
                 {COF_TEE_TDX, COF_TEE_TDX},
                 {COF_TEE_SEV_SNP, COF_TEE_SEV_SNP},
                 {COF_TEE_AZURE_CVM, COF_TEE_SEV_SNP}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static cof_checks checks;
        const cof_facts facts = facts_of(cases[i].tee, cases[i].hardware);
        const cof_accept accept = accept_of(cases[i].tee);
        assert_ok(judge(&facts, &accept, &checks));
        for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
            const cof_accept other = accept_of(cases[k].tee);
            if (k != i) {
                REFUSED(&facts, &other, PLATFORM_REFUSED, "policy.platform");
            }
        }
    }
}

static void debug_is_refused_wherever_it_stands(void **state)
{
    (void)state;
    cof_accept accept = accept_of(COF_TEE_TDX);
    cof_facts facts = facts_of(COF_TEE_TDX, COF_TEE_TDX);
    facts.td.td_attributes = COF_TD_ATTRIBUTE_DEBUG;
    REFUSED(&facts, &accept, EVIDENCE_DEBUG, "policy.debug");
    assert_status(cof_policy_judge_genuine(&facts, NULL, NULL), EVIDENCE_DEBUG);
    accept = accept_of(COF_TEE_SEV_SNP);
    facts = facts_of(COF_TEE_SEV_SNP, COF_TEE_SEV_SNP);
    facts.snp.policy |= COF_SNP_POLICY_DEBUG;
    REFUSED(&facts, &accept, EVIDENCE_DEBUG, "policy.debug");
}

static void a_status_that_is_not_named_is_refused(void **state)
{
    (void)state;
    cof_accept accept = accept_of(COF_TEE_TDX);
    cof_facts facts = facts_of(COF_TEE_TDX, COF_TEE_TDX);
    for (int i = COF_TCB_UNRATED; i < COF_TCB_STATUS_COUNT; i++) {
        facts.tcb.status = (cof_tcb_status)i;
        if (i == COF_TCB_UP_TO_DATE) {
            assert_ok(judge(&facts, &accept, NULL));
        } else if (i == COF_TCB_REVOKED) {
            REFUSED(&facts, &accept, TCB_REVOKED, "policy.tcb");
        } else {
            REFUSED(&facts, &accept, TCB_REFUSED, "policy.tcb");
        }
    }
    /* Not even a policy that was made by hand accepts what is revoked. */
    facts.tcb.status = COF_TCB_REVOKED;
    accept.tcb.statuses = ~0U;
    REFUSED(&facts, &accept, TCB_REVOKED, "policy.tcb");
    assert_status(cof_policy_judge_genuine(&facts, NULL, NULL), TCB_REVOKED);
    facts.tcb.status = COF_TCB_OUT_OF_DATE;
    assert_ok(cof_policy_judge_genuine(&facts, NULL, NULL));
}

static void an_open_advisory_must_be_named(void **state)
{
    (void)state;
    cof_accept accept = accept_of(COF_TEE_SGX);
    cof_facts facts = facts_of(COF_TEE_SGX, COF_TEE_SGX);
    facts.tcb.status = COF_TCB_SW_HARDENING_NEEDED;
    accept.tcb = cof_tcb_azure;
    assert_ok(cof_advisories_add(&facts.tcb.advisories, cof_view_text("INTEL-SA-00615"), NULL));
    assert_ok(judge(&facts, &accept, NULL));
    assert_ok(cof_advisories_add(&facts.tcb.advisories, cof_view_text("INTEL-SA-00828"), NULL));
    REFUSED(&facts, &accept, TCB_REFUSED, "policy.advisories");
    accept.tcb.any_advisory = true;
    assert_ok(judge(&facts, &accept, NULL));
    accept.tcb.minimum_evaluation = 17;
    assert_ok(judge(&facts, &accept, NULL));
    accept.tcb.minimum_evaluation = 18;
    REFUSED(&facts, &accept, TCB_REFUSED, "policy.evaluation");
}

static void a_signer_is_judged_with_product_and_version(void **state)
{
    (void)state;
    const cof_facts facts = facts_of(COF_TEE_SGX, COF_TEE_SGX);
    cof_accept accept = {.tee = COF_TEE_SGX,
                         .has_signer = true,
                         .product = 7,
                         .minimum_svn = 3,
                         .tcb = cof_tcb_up_to_date};
    memset(accept.signer, 2, sizeof accept.signer);
    assert_ok(judge(&facts, &accept, NULL));
    accept.minimum_svn = 4;
    REFUSED(&facts, &accept, MEASUREMENT_REFUSED, "policy.svn");
    accept.minimum_svn = 0;
    accept.product = 8;
    REFUSED(&facts, &accept, MEASUREMENT_REFUSED, "policy.product");
    accept.product = 7;
    accept.signer[31] ^= 1;
    REFUSED(&facts, &accept, MEASUREMENT_REFUSED, "policy.signer");
}

static void a_trust_domain_is_judged_by_mrtd_and_registers(void **state)
{
    (void)state;
    cof_facts facts = facts_of(COF_TEE_TDX, COF_TEE_TDX);
    cof_accept accept = accept_of(COF_TEE_TDX);
    accept.rtmr_mask = 1U << 2;
    memset(accept.rtmrs[2], 4, sizeof accept.rtmrs[2]);
    assert_ok(judge(&facts, &accept, NULL));
    accept.rtmrs[2][47] ^= 1;
    REFUSED(&facts, &accept, MEASUREMENT_REFUSED, "policy.rtmr2");
    accept.rtmr_mask = 0;
    accept.measurements[0][47] ^= 1;
    REFUSED(&facts, &accept, MEASUREMENT_REFUSED, "policy.measurement");
    accept = accept_of(COF_TEE_TDX);
    facts.td.td_attributes = COF_TD_ATTRIBUTE_MIGRATABLE;
    REFUSED(&facts, &accept, MEASUREMENT_REFUSED, "policy.migration");
    facts.td.td_attributes = 0;
    facts.td.mrservicetd[0] = 1;
    REFUSED(&facts, &accept, MEASUREMENT_REFUSED, "policy.migration");
}

static void an_snp_guest_is_judged_by_all_that_is_named(void **state)
{
    (void)state;
    cof_facts facts = facts_of(COF_TEE_SEV_SNP, COF_TEE_SEV_SNP);
    cof_accept accept = accept_of(COF_TEE_SEV_SNP);
    accept.has_host_data = true;
    memset(accept.host_data, 6, sizeof accept.host_data);
    accept.id_key_count = 2;
    memset(accept.id_keys[1], 7, sizeof accept.id_keys[1]);
    accept.has_minimum_tcb = true;
    accept.minimum_tcb = (cof_snp_tcb){.bootloader = 3, .snp = 8, .microcode = 115};
    assert_ok(judge(&facts, &accept, NULL));
    accept.minimum_tcb.microcode = 116;
    REFUSED(&facts, &accept, TCB_REFUSED, "policy.tcb");
    accept.has_minimum_tcb = false;
    accept.host_data[0] ^= 1;
    REFUSED(&facts, &accept, MEASUREMENT_REFUSED, "policy.host_data");
    accept.has_host_data = false;
    accept.id_keys[1][0] ^= 1;
    REFUSED(&facts, &accept, MEASUREMENT_REFUSED, "policy.id_key");
    accept.id_key_count = 0;
    facts.snp.vmpl = 1;
    REFUSED(&facts, &accept, MEASUREMENT_REFUSED, "policy.vmpl");
    facts.snp.vmpl = 0;
    facts.snp.policy |= COF_SNP_POLICY_MIGRATE_MA;
    REFUSED(&facts, &accept, MEASUREMENT_REFUSED, "policy.migration");
}

static void an_azure_vm_is_judged_by_paravisor_and_registers(void **state)
{
    (void)state;
    cof_facts facts = facts_of(COF_TEE_AZURE_CVM, COF_TEE_SEV_SNP);
    cof_accept accept = accept_of(COF_TEE_AZURE_CVM);
    accept.pcrs.mask = 1U << 4;
    memset(accept.pcrs.values[4].bytes, 8, COF_DIGEST_SIZE);
    assert_ok(judge(&facts, &accept, NULL));
    accept.pcrs.values[4].bytes[0] ^= 1;
    REFUSED(&facts, &accept, MEASUREMENT_REFUSED, "policy.pcr4");
    accept.pcrs.values[4].bytes[0] ^= 1;
    facts.azure.pcrs.mask &= ~(1U << 4);
    REFUSED(&facts, &accept, MEASUREMENT_REFUSED, "policy.pcr4");
    facts.azure.pcrs.mask = 0xffffff;
    facts.azure.claims.is_secure_boot = false;
    REFUSED(&facts, &accept, MEASUREMENT_REFUSED, "policy.secure_boot");
    facts.azure.claims.is_secure_boot = true;
    facts.azure.claims.is_console_enabled = true;
    REFUSED(&facts, &accept, MEASUREMENT_REFUSED, "policy.console");
    accept.allows_console = true;
    assert_ok(judge(&facts, &accept, NULL));
    /* Over TDX the paravisor is the TD, and Intel's rating counts. */
    facts = facts_of(COF_TEE_AZURE_CVM, COF_TEE_TDX);
    accept = accept_of(COF_TEE_AZURE_CVM);
    memset(accept.measurements[0], 3, sizeof accept.measurements[0]);
    assert_ok(judge(&facts, &accept, NULL));
    facts.tcb.status = COF_TCB_OUT_OF_DATE;
    REFUSED(&facts, &accept, TCB_REFUSED, "policy.tcb");
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_platform_is_accepted_as_named),
        cmocka_unit_test(debug_is_refused_wherever_it_stands),
        cmocka_unit_test(a_status_that_is_not_named_is_refused),
        cmocka_unit_test(an_open_advisory_must_be_named),
        cmocka_unit_test(a_signer_is_judged_with_product_and_version),
        cmocka_unit_test(a_trust_domain_is_judged_by_mrtd_and_registers),
        cmocka_unit_test(an_snp_guest_is_judged_by_all_that_is_named),
        cmocka_unit_test(an_azure_vm_is_judged_by_paravisor_and_registers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
