/* Claims of every kind of evidence, from facts made by hand. */
#include <string.h>

#include "harness/cof_test.h"
#include "local/attest/claims.h"

static void fill(void *out, size_t size, uint8_t start)
{
    for (size_t i = 0; i < size; i++) {
        ((uint8_t *)out)[i] = (uint8_t)(start + i);
    }
}

static json_t *claims_of(cof_attest_kind kind, const cof_facts *facts,
                         const cof_guest_claims *guest)
{
    json_t *claims = NULL;
    assert_ok(cof_attest_evidence_claims(kind, facts, guest, &claims, NULL));
    return claims;
}

#define assert_text(claims, name, text)                                                            \
    do {                                                                                           \
        const char *value_ = json_string_value(json_object_get((claims), (name)));                 \
        assert_non_null(value_);                                                                   \
        assert_string_equal(value_, (text));                                                       \
    } while (0)
#define assert_number(claims, name, number)                                                        \
    do {                                                                                           \
        assert_true(json_is_integer(json_object_get((claims), (name))));                           \
        assert_int_equal(json_integer_value(json_object_get((claims), (name))), (number));         \
    } while (0)
#define assert_flag(claims, name, flag)                                                            \
    do {                                                                                           \
        assert_true(json_is_boolean(json_object_get((claims), (name))));                           \
        assert_int_equal(json_is_true(json_object_get((claims), (name))), (flag));                 \
    } while (0)
#define assert_absent(claims, name) assert_null(json_object_get((claims), (name)))

static cof_facts sgx_facts(void)
{
    cof_facts f = {.tee = COF_TEE_SGX, .hardware = COF_TEE_SGX, .is_debuggable = true};
    fill(f.sgx.mrenclave, 32, 0x00);
    fill(f.sgx.mrsigner, 32, 0x20);
    fill(f.sgx.config_id, 64, 0x40);
    fill(f.sgx.isv_ext_prod_id, 16, 0x80);
    fill(f.sgx.isv_family_id, 16, 0x90);
    fill(f.report_data, 64, 0xa0);
    f.sgx.isv_prod_id = 4660;
    f.sgx.isv_svn = 7;
    f.sgx.config_svn = 9;
    fill(f.evidence_digest.bytes, 32, 1);
    fill(f.collateral.qe_chain.bytes, 32, 2);
    fill(f.collateral.root_crl.bytes, 32, 3);
    fill(f.collateral.qe_identity.bytes, 32, 4);
    fill(f.collateral.tcb_chain.bytes, 32, 5);
    fill(f.collateral.tcb_info.bytes, 32, 6);
    f.tcb.status = COF_TCB_OUT_OF_DATE;
    f.tcb.evaluation_number = 17;
    assert_ok(cof_advisories_add(&f.tcb.advisories, cof_view_text("INTEL-SA-00615"), NULL));
    return f;
}

static void sgx_claims_are_complete(void **state)
{
    (void)state;
    const cof_facts f = sgx_facts();
    COF_JSON json_t *c = claims_of(COF_ATTEST_SGX, &f, NULL);
    assert_text(c, "x-ms-attestation-type", "sgx");
    assert_flag(c, "x-ms-sgx-is-debuggable", true);
    assert_text(c, "x-ms-sgx-mrenclave",
                "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    assert_text(c, "x-ms-sgx-mrsigner",
                "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f");
    assert_number(c, "x-ms-sgx-product-id", 4660);
    assert_number(c, "x-ms-sgx-svn", 7);
    assert_int_equal(json_string_length(json_object_get(c, "x-ms-sgx-report-data")), 128);
    assert_text(c, "coffer-platform", "sgx");
    assert_text(c, "coffer-tcb-status", "OutOfDate");
    assert_number(c, "coffer-tcb-evaluation-data-number", 17);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(c, "coffer-tcb-advisories"), 0)),
        "INTEL-SA-00615");
}

static void sgx_collateral_has_every_digest_in_its_place(void **state)
{
    (void)state;
    const cof_facts f = sgx_facts();
    COF_JSON json_t *c = claims_of(COF_ATTEST_OPEN_ENCLAVE, &f, NULL);
    const json_t *collateral = json_object_get(c, "x-ms-sgx-collateral");
    static const struct {
        const char *name;
        char start;
    } rows[] = {{"quotehash", '1'},  {"qeidcertshash", '2'},    {"qeidcrlhash", '3'},
                {"qeidhash", '4'},   {"tcbinfocertshash", '5'}, {"tcbinfocrlhash", '3'},
                {"tcbinfohash", '6'}};
    assert_int_equal(json_object_size(collateral), 7);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *text = json_string_value(json_object_get(collateral, rows[i].name));
        assert_int_equal(strlen(text), 64);
        assert_int_equal(text[1], rows[i].start);
    }
}

static void key_separation_shows_only_when_the_enclave_has_it(void **state)
{
    (void)state;
    cof_facts f = sgx_facts();
    COF_JSON json_t *without = claims_of(COF_ATTEST_SGX, &f, NULL);
    assert_absent(without, "x-ms-sgx-config-id");
    f.sgx.flags |= 1 << 7;
    COF_JSON json_t *with = claims_of(COF_ATTEST_SGX, &f, NULL);
    assert_int_equal(json_string_length(json_object_get(with, "x-ms-sgx-config-id")), 128);
    assert_number(with, "x-ms-sgx-config-svn", 9);
    assert_text(with, "x-ms-sgx-isv-extended-product-id", "808182838485868788898a8b8c8d8e8f");
    assert_text(with, "x-ms-sgx-isv-family-id", "909192939495969798999a9b9c9d9e9f");
}

static void the_simulated_platform_says_so_and_has_no_collateral(void **state)
{
    (void)state;
    cof_facts f = sgx_facts();
    f.tee = f.hardware = COF_TEE_SIMULATED;
    f.tcb = (cof_tcb_rating){0};
    COF_JSON json_t *c = claims_of(COF_ATTEST_SGX, &f, NULL);
    assert_text(c, "coffer-platform", "simulated");
    assert_absent(c, "coffer-tcb-status");
    assert_int_equal(json_object_size(json_object_get(c, "x-ms-sgx-collateral")), 1);
}

static void deprecated_names_say_the_same(void **state)
{
    (void)state;
    const cof_facts f = sgx_facts();
    COF_JSON json_t *c = claims_of(COF_ATTEST_SGX, &f, NULL);
    COF_JSON json_t *old = json_object();
    assert_ok(cof_attest_add_deprecated(old, &f, NULL));
    static const char *const pairs[][2] = {{"is-debuggable", "x-ms-sgx-is-debuggable"},
                                           {"sgx-mrenclave", "x-ms-sgx-mrenclave"},
                                           {"sgx-mrsigner", "x-ms-sgx-mrsigner"},
                                           {"product-id", "x-ms-sgx-product-id"},
                                           {"svn", "x-ms-sgx-svn"},
                                           {"tee", "x-ms-attestation-type"},
                                           {"maa-attestationcollateral", "x-ms-sgx-collateral"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        assert_true(json_equal(json_object_get(old, pairs[i][0]), json_object_get(c, pairs[i][1])));
    }
    assert_int_equal(json_object_size(old), 7);
}

static cof_facts snp_facts(void)
{
    cof_facts f = {.tee = COF_TEE_SEV_SNP, .hardware = COF_TEE_SEV_SNP};
    cof_snp_report *r = &f.snp;
    r->product = COF_SNP_MILAN;
    r->policy = COF_SNP_POLICY_SMT | COF_SNP_POLICY_RESERVED_ONE;
    r->guest_svn = 5;
    r->vmpl = 2;
    r->reported_tcb = UINT64_C(0x7300000000000803) | UINT64_C(14) << 48;
    fill(r->family_id, 16, 0x10);
    fill(r->image_id, 16, 0x20);
    fill(r->report_data, 64, 0x30);
    fill(r->measurement, 48, 0x70);
    fill(r->host_data, 32, 0xa0);
    fill(r->id_key_digest, 48, 0xc0);
    fill(r->author_key_digest, 48, 0x01);
    fill(r->report_id, 32, 0x31);
    return f;
}

static void snp_claims_are_complete(void **state)
{
    (void)state;
    const cof_facts f = snp_facts();
    COF_JSON json_t *c = claims_of(COF_ATTEST_SNP, &f, NULL);
    static const struct {
        const char *name;
        size_t size;
        uint8_t start;
    } rows[] = {
        {"x-ms-sevsnpvm-familyId", 16, 0x10},        {"x-ms-sevsnpvm-imageId", 16, 0x20},
        {"x-ms-sevsnpvm-reportdata", 64, 0x30},      {"x-ms-sevsnpvm-launchmeasurement", 48, 0x70},
        {"x-ms-sevsnpvm-hostdata", 32, 0xa0},        {"x-ms-sevsnpvm-idkeydigest", 48, 0xc0},
        {"x-ms-sevsnpvm-authorkeydigest", 48, 0x01}, {"x-ms-sevsnpvm-reportid", 32, 0x31}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char start[3];
        const char *text = json_string_value(json_object_get(c, rows[i].name));
        assert_non_null(text);
        (void)snprintf(start, sizeof start, "%02x", rows[i].start);
        assert_int_equal(strlen(text), 2 * rows[i].size);
        assert_memory_equal(text, start, 2);
    }
    assert_text(c, "x-ms-attestation-type", "sevsnpvm");
    assert_text(c, "coffer-platform", "sev-snp");
    assert_number(c, "x-ms-sevsnpvm-bootloader-svn", 3);
    assert_number(c, "x-ms-sevsnpvm-tee-svn", 8);
    assert_number(c, "x-ms-sevsnpvm-snpfw-svn", 14);
    assert_number(c, "x-ms-sevsnpvm-microcode-svn", 0x73);
    assert_number(c, "x-ms-sevsnpvm-guestsvn", 5);
    assert_number(c, "x-ms-sevsnpvm-vmpl", 2);
    assert_flag(c, "x-ms-sevsnpvm-smt-allowed", true);
    assert_flag(c, "x-ms-sevsnpvm-migration-allowed", false);
    assert_flag(c, "x-ms-sevsnpvm-is-debuggable", false);
    assert_absent(c, "x-ms-compliance-status");
    assert_absent(c, "coffer-tcb-status");
}

static void snp_debug_and_migration_show(void **state)
{
    (void)state;
    cof_facts f = snp_facts();
    f.snp.policy = COF_SNP_POLICY_DEBUG | COF_SNP_POLICY_MIGRATE_MA;
    COF_JSON json_t *c = claims_of(COF_ATTEST_SNP, &f, NULL);
    assert_flag(c, "x-ms-sevsnpvm-smt-allowed", false);
    assert_flag(c, "x-ms-sevsnpvm-migration-allowed", true);
    assert_flag(c, "x-ms-sevsnpvm-is-debuggable", true);
}

static cof_facts tdx_facts(void)
{
    cof_facts f = {.tee = COF_TEE_TDX, .hardware = COF_TEE_TDX};
    f.tcb.status = COF_TCB_UP_TO_DATE;
    f.td.tee_tcb_svn[0] = 13;
    f.td.tee_tcb_svn[1] = 1;
    f.td.td_attributes = COF_TD_ATTRIBUTE_SEPT_VE_DISABLE | COF_TD_ATTRIBUTE_PKS;
    f.td.xfam = UINT64_C(0x618e7);
    fill(f.td.mrtd, 48, 0x10);
    fill(f.td.rtmr[0], 48, 0x20);
    fill(f.td.rtmr[1], 48, 0x30);
    fill(f.td.rtmr[2], 48, 0x40);
    fill(f.td.rtmr[3], 48, 0x50);
    fill(f.td.mrseam, 48, 0x60);
    fill(f.td.mrsignerseam, 48, 0x70);
    fill(f.td.mrconfigid, 48, 0x80);
    fill(f.td.mrowner, 48, 0x90);
    fill(f.td.mrownerconfig, 48, 0xa0);
    fill(f.td.report_data, 64, 0xb0);
    return f;
}

static void tdx_claims_are_complete(void **state)
{
    (void)state;
    const cof_facts f = tdx_facts();
    COF_JSON json_t *c = claims_of(COF_ATTEST_TDX, &f, NULL);
    static const char *const names[] = {
        "tdx_mrtd",   "tdx_rtmr0",        "tdx_rtmr1",      "tdx_rtmr2",   "tdx_rtmr3",
        "tdx_mrseam", "tdx_mrsignerseam", "tdx_mrconfigid", "tdx_mrowner", "tdx_mrownerconfig"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *text = json_string_value(json_object_get(c, names[i]));
        assert_non_null(text);
        assert_int_equal(strlen(text), 96);
        assert_int_equal(text[0], "123456789a"[i]);
    }
    assert_int_equal(json_string_length(json_object_get(c, "tdx_report_data")), 128);
    assert_text(c, "x-ms-attestation-type", "tdxvm");
    assert_text(c, "eat_profile", "https://aka.ms/maa-eat-profile-tdxvm");
    assert_text(c, "intuse", "generic");
    assert_text(c, "dbgstat", "disabled");
    assert_text(c, "attester_tcb_status", "UpToDate");
    assert_text(c, "tdx_tee_tcb_svn", "0d010000000000000000000000000000");
    assert_number(c, "tdx_seamsvn", 269);
    assert_text(c, "tdx_xfam", "e718060000000000");
    assert_text(c, "tdx_td_attributes", "0000005000000000");
    assert_text(c, "tdx_seam_attributes", "0000000000000000");
    assert_flag(c, "tdx_td_attributes_septve_disable", true);
    assert_flag(c, "tdx_td_attributes_protection_keys", true);
    assert_flag(c, "tdx_td_attributes_debug", false);
    assert_flag(c, "tdx_td_attributes_key_locker", false);
    assert_flag(c, "tdx_td_attributes_perfmon", false);
    assert_text(c, "coffer-platform", "tdx");
}

static void a_debuggable_td_says_so_twice(void **state)
{
    (void)state;
    cof_facts f = tdx_facts();
    f.td.td_attributes = COF_TD_ATTRIBUTE_DEBUG;
    COF_JSON json_t *c = claims_of(COF_ATTEST_TDX, &f, NULL);
    assert_text(c, "dbgstat", "enabled");
    assert_flag(c, "tdx_td_attributes_debug", true);
}

static void azure_claims_hold_the_hardware_inside(void **state)
{
    (void)state;
    COF_JSON json_t *hardware = json_pack("{s:s}", "user-data", "00");
    COF_JSON json_t *payload = json_pack("{s:s}", "nonce", "MTIz");
    COF_JSON json_t *key = json_pack("{s:s}", "kid", "TpmEphemeralEncryptionKey");
    cof_facts f = snp_facts();
    f.tee = COF_TEE_AZURE_CVM;
    f.azure.claims.is_secure_boot = true;
    (void)strcpy(f.azure.claims.vm_id, "2DEDC52A-6832-46CE-9910-E8C9980BF5A7");
    f.azure.quote.pcr_mask = 0x8000ff;
    const cof_guest_claims guest = {.os_type = "Linux",
                                    .os_distro = "Ubuntu",
                                    .os_major = 22,
                                    .os_minor = 4,
                                    .hardware_runtime = hardware,
                                    .client_payload = payload,
                                    .encryption_key = key};
    COF_JSON json_t *c = claims_of(COF_ATTEST_AZURE_GUEST, &f, &guest);
    assert_text(c, "x-ms-attestation-type", "azurevm");
    assert_text(c, "coffer-platform", "azure-cvm");
    assert_text(c, "x-ms-azurevm-attestation-protocol-ver", "2.0");
    assert_text(c, "x-ms-azurevm-vmid", "2DEDC52A-6832-46CE-9910-E8C9980BF5A7");
    assert_flag(c, "secureboot", true);
    assert_text(c, "x-ms-azurevm-ostype", "Linux");
    assert_text(c, "x-ms-azurevm-osdistro", "Ubuntu");
    assert_absent(c, "x-ms-azurevm-osbuild");
    assert_number(c, "x-ms-azurevm-osversion-major", 22);
    const json_t *pcrs = json_object_get(c, "x-ms-azurevm-attested-pcrs");
    assert_int_equal(json_array_size(pcrs), 9);
    assert_int_equal(json_integer_value(json_array_get(pcrs, 8)), 23);
    const json_t *tee = json_object_get(c, "x-ms-isolation-tee");
    assert_text(tee, "x-ms-attestation-type", "sevsnpvm");
    assert_true(json_equal(json_object_get(tee, "x-ms-runtime"), hardware));
    const json_t *runtime = json_object_get(c, "x-ms-runtime");
    assert_true(json_equal(json_object_get(runtime, "client-payload"), payload));
    assert_true(json_equal(json_array_get(json_object_get(runtime, "keys"), 0), key));
}

static void extras_have_the_names_of_their_kind(void **state)
{
    (void)state;
    COF_JSON json_t *runtime = json_pack("{s:i}", "a", 1);
    COF_JSON json_t *init = json_pack("{s:i}", "b", 2);
    const cof_attest_extra extra = {
        .runtime = runtime, .init_time = init, .held_data = cof_view_text("held"), .nonce = "once"};
    COF_JSON json_t *sgx = json_object();
    COF_JSON json_t *snp = json_object();
    assert_ok(cof_attest_add_extra(sgx, COF_ATTEST_SGX, &extra, NULL));
    assert_true(json_equal(json_object_get(sgx, "x-ms-runtime"), runtime));
    assert_true(json_equal(json_object_get(sgx, "x-ms-inittime"), init));
    assert_text(sgx, "nonce", "once");
    assert_text(sgx, "x-ms-sgx-ehd", "aGVsZA");
    assert_text(sgx, "maa-ehd", "aGVsZA");
    assert_text(sgx, "aas-ehd", "aGVsZA");
    assert_ok(cof_attest_add_extra(snp, COF_ATTEST_SNP, &extra, NULL));
    assert_absent(snp, "x-ms-sgx-ehd");
    assert_int_equal(json_object_size(snp), 3);
}

/* Whoever only looks at evidence has no guest that said anything. */
static void azure_claims_are_made_without_a_guest_too(void **state)
{
    (void)state;
    static const cof_guest_claims nobody = {0};
    cof_facts f = tdx_facts();
    f.tee = COF_TEE_AZURE_CVM;
    COF_JSON json_t *c = claims_of(COF_ATTEST_AZURE_GUEST, &f, &nobody);
    assert_text(c, "x-ms-attestation-type", "azurevm");
    assert_absent(json_object_get(c, "x-ms-isolation-tee"), "x-ms-runtime");
    assert_absent(json_object_get(c, "x-ms-runtime"), "keys");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sgx_claims_are_complete),
        cmocka_unit_test(sgx_collateral_has_every_digest_in_its_place),
        cmocka_unit_test(key_separation_shows_only_when_the_enclave_has_it),
        cmocka_unit_test(the_simulated_platform_says_so_and_has_no_collateral),
        cmocka_unit_test(deprecated_names_say_the_same),
        cmocka_unit_test(snp_claims_are_complete),
        cmocka_unit_test(snp_debug_and_migration_show),
        cmocka_unit_test(tdx_claims_are_complete),
        cmocka_unit_test(a_debuggable_td_says_so_twice),
        cmocka_unit_test(azure_claims_hold_the_hardware_inside),
        cmocka_unit_test(azure_claims_are_made_without_a_guest_too),
        cmocka_unit_test(extras_have_the_names_of_their_kind),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
