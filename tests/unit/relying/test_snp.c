/* Good SEV-SNP evidence of every kind, and what surrounds a single report. */
#include "unit/relying/snp_case.h"

#include <stdio.h>
#include <string.h>

#include "tcb/crypto/digest.h"

static cof_facts facts;
static cof_checks checks;
static cof_err err;

static void assert_good(const amd_rig_options *options)
{
    amd_rig rig;
    cof_digest digest;
    assert_ok(amd_rig_make(&rig, options, NULL));
    const cof_status status = snp_verify(&rig, AMD_RIG_NOW, NULL, &facts, &checks, &err);
    if (status != COF_OK) {
        print_error("%s: %s\n", cof_status_describe(status)->name, err.detail);
    }
    assert_ok(status);
    assert_true(cof_checks_all_ok(&checks));
    assert_ok(cof_digest_of(cof_buf_view(&rig.report), &digest, NULL));
    assert_true(cof_digest_equal(&digest, &facts.evidence_digest));
    assert_memory_equal(facts.report_data, rig.report.data + 0x50, 64);
    amd_rig_free(&rig);
}

static void every_version_of_every_product_verifies(void **state)
{
    (void)state;
    static const cof_root_family families[] = {[COF_SNP_MILAN] = COF_ROOT_AMD_MILAN,
                                               [COF_SNP_GENOA] = COF_ROOT_AMD_GENOA,
                                               [COF_SNP_TURIN] = COF_ROOT_AMD_TURIN};
    for (uint32_t version = 2; version <= 5; version++) {
        for (cof_snp_product product = COF_SNP_MILAN; product <= COF_SNP_TURIN; product++) {
            for (cof_snp_signer signer = COF_SNP_VCEK; signer <= COF_SNP_VLEK; signer++) {
                const amd_rig_options options = {
                    .product = product, .signer = signer, .report = {.version = version}};
                assert_good(&options);
                assert_int_equal(facts.tee, COF_TEE_SEV_SNP);
                assert_int_equal(facts.hardware, COF_TEE_SEV_SNP);
                assert_int_equal(facts.root.family, families[product]);
                assert_int_equal(facts.snp.product, product);
                assert_int_equal(facts.snp.version, version);
                assert_int_equal(facts.snp.signer, signer);
                assert_int_equal(facts.tcb.status, COF_TCB_UNRATED);
                assert_false(facts.is_debuggable);
                assert_string_equal(facts.snp.csp_id,
                                    signer == COF_SNP_VLEK ? "CN=cc-test-1.example.com" : "");
            }
        }
    }
}

static void a_chain_with_the_leaf_inside_verifies(void **state)
{
    (void)state;
    assert_good(&(amd_rig_options){.is_chain_whole = true});
}

static void a_wrapped_hardware_id_verifies(void **state)
{
    (void)state;
    assert_good(&(amd_rig_options){.is_hwid_wrapped = true});
    assert_good(&(amd_rig_options){.product = COF_SNP_TURIN, .is_hwid_wrapped = true});
}

static void a_product_with_or_without_a_stepping_verifies(void **state)
{
    (void)state;
    assert_good(&(amd_rig_options){.extensions = {{.arcs = "2", .hex = "16054d696c616e"}}});
    assert_good(&(amd_rig_options){.extensions = {{.arcs = "2", .hex = "16084d696c616e2d4231"}}});
}

static void turin_may_have_the_fourth_version_at_zero(void **state)
{
    (void)state;
    assert_good(&(amd_rig_options){.product = COF_SNP_TURIN,
                                   .extensions = {{.arcs = "3.4", .hex = "020100"}}});
}

static void newer_firmware_than_reported_verifies(void **state)
{
    (void)state;
    assert_good(&(amd_rig_options){.report = {.committed_tcb = UINT64_C(0xdc18000000000004),
                                              .current_tcb = UINT64_C(0xdd19000000000105)}});
    assert_int_equal(cof_snp_tcb_of(facts.snp.current_tcb, facts.snp.product).tee, 1);
}

/* Genuine, and for the policy to refuse. */
static void debug_and_migration_are_reported(void **state)
{
    (void)state;
    assert_good(&(amd_rig_options){.report = {.policy = 0x30000 | COF_SNP_POLICY_DEBUG}});
    assert_true(facts.is_debuggable);
    assert_good(&(amd_rig_options){.report = {.policy = 0x30000 | COF_SNP_POLICY_MIGRATE_MA}});
    assert_false(facts.is_debuggable);
    assert_true((facts.snp.policy & COF_SNP_POLICY_MIGRATE_MA) != 0);
}

static void fields_arrive_as_they_stand_in_the_report(void **state)
{
    (void)state;
    uint8_t host_data[32] = {7, 8, 9};
    uint8_t author[48] = {1};
    uint8_t id_key[48] = {2};
    assert_good(&(amd_rig_options){.report = {.version = 5,
                                              .guest_svn = 0x01020304,
                                              .vmpl = 2,
                                              .host_data = host_data,
                                              .author_key_digest = author,
                                              .id_key_digest = id_key}});
    assert_int_equal(facts.snp.guest_svn, 0x01020304);
    assert_int_equal(facts.snp.vmpl, 2);
    assert_memory_equal(facts.snp.host_data, host_data, sizeof host_data);
    assert_memory_equal(facts.snp.author_key_digest, author, sizeof author);
    assert_memory_equal(facts.snp.id_key_digest, id_key, sizeof id_key);
    assert_true(facts.snp.has_author_key);
    assert_int_equal(facts.snp.current_major, 1);
    assert_int_equal(facts.snp.current_minor, 0x37);
    assert_int_equal(facts.snp.current_build, 1);
    assert_int_equal(facts.snp.current_mitigations, 3);
    assert_int_equal(facts.snp.report_id[1], 0x78);
    assert_int_equal(facts.snp.report_id_ma[31], 0xff);
    assert_int_equal(facts.snp.platform_info, 1);
}

static void validity_includes_both_ends(void **state)
{
    (void)state;
    const amd_rig_options options = {
        .certificates = {[AMD_RIG_LEAF] = {.not_before_unix_s = AMD_RIG_NOW - 10,
                                           .not_after_unix_s = AMD_RIG_NOW + 10}}};
    amd_rig rig;
    assert_ok(amd_rig_make(&rig, &options, NULL));
    assert_ok(snp_verify(&rig, AMD_RIG_NOW - 10, NULL, &facts, &checks, &err));
    assert_ok(snp_verify(&rig, AMD_RIG_NOW + 10, NULL, &facts, &checks, &err));
    assert_status(snp_verify(&rig, AMD_RIG_NOW - 11, NULL, &facts, &checks, &err), EVIDENCE_EARLY);
    assert_status(snp_verify(&rig, AMD_RIG_NOW + 11, NULL, &facts, &checks, &err), EVIDENCE_OLD);
    amd_rig_free(&rig);
}

static void a_root_that_nobody_named_is_not_trusted(void **state)
{
    (void)state;
    amd_rig rig;
    assert_ok(amd_rig_make(&rig, &(amd_rig_options){0}, NULL));
    cof_snp_input input = {.report = cof_buf_view(&rig.report),
                           .collateral = &rig.collateral,
                           .roots = cof_roots_amd,
                           .root_count = 3,
                           .now_unix_s = AMD_RIG_NOW};
    assert_status(cof_snp_verify(&input, &facts, NULL, NULL), EVIDENCE_UNTRUSTED);
    input.roots = NULL;
    input.root_count = 0;
    assert_status(cof_snp_verify(&input, &facts, NULL, NULL), EVIDENCE_UNTRUSTED);
    /* The right key under a family that is not the product's. */
    cof_root_pin pin = rig.pins[0];
    pin.family = COF_ROOT_INTEL;
    input.roots = &pin;
    input.root_count = 1;
    assert_status(cof_snp_verify(&input, &facts, NULL, NULL), EVIDENCE_UNTRUSTED);
    input.roots = rig.pins;
    assert_ok(cof_snp_verify(&input, &facts, NULL, NULL));
    amd_rig_free(&rig);
}

static void each_missing_item_is_named(void **state)
{
    (void)state;
    static const cof_collateral_item items[] = {COF_COLLATERAL_AMD_LEAF, COF_COLLATERAL_AMD_CHAIN,
                                                COF_COLLATERAL_AMD_CRL};
    for (size_t i = 0; i < 3; i++) {
        amd_rig rig;
        assert_ok(amd_rig_make(&rig, &(amd_rig_options){0}, NULL));
        cof_buf_free(&rig.collateral.items[items[i]]);
        assert_status(snp_verify(&rig, AMD_RIG_NOW, NULL, &facts, &checks, &err),
                      COLLATERAL_MISSING);
        assert_string_equal(cof_checks_first_failed(&checks)->name,
                            i == 2 ? "evidence.crl" : "evidence.certificates");
        amd_rig_free(&rig);
    }
    const cof_snp_input nothing = {.report = {0}};
    assert_status(cof_snp_verify(&nothing, &facts, NULL, NULL), EVIDENCE_INVALID);
}

/* A chain text of these certificates, in this order. */
static cof_status with_chain(amd_rig *rig, const amd_rig_who *order, size_t count)
{
    COF_CLEANUP(cof_buf_free) cof_buf chain = {.limit = 65536};
    for (size_t i = 0; i < count; i++) {
        assert_ok(cof_buf_append(&chain, cof_buf_view(&rig->pem[order[i]]), NULL));
    }
    assert_ok(
        cof_collateral_set(&rig->collateral, COF_COLLATERAL_AMD_CHAIN, cof_buf_view(&chain), NULL));
    return snp_verify(rig, AMD_RIG_NOW, NULL, &facts, &checks, &err);
}

static void the_order_of_a_chain_matters(void **state)
{
    (void)state;
    amd_rig rig;
    const amd_rig_who right[] = {AMD_RIG_LEAF, AMD_RIG_CA, AMD_RIG_ROOT};
    const amd_rig_who swapped[] = {AMD_RIG_ROOT, AMD_RIG_CA};
    const amd_rig_who only_root[] = {AMD_RIG_ROOT};
    const amd_rig_who four[] = {AMD_RIG_LEAF, AMD_RIG_CA, AMD_RIG_ROOT, AMD_RIG_ROOT};
    const amd_rig_who leaf_last[] = {AMD_RIG_CA, AMD_RIG_ROOT, AMD_RIG_LEAF};
    assert_ok(amd_rig_make(&rig, &(amd_rig_options){0}, NULL));
    assert_ok(with_chain(&rig, right, 3));
    assert_ok(with_chain(&rig, right + 1, 2));
    assert_status(with_chain(&rig, swapped, 2), EVIDENCE_UNTRUSTED);
    assert_status(with_chain(&rig, only_root, 1), COLLATERAL_MISSING);
    assert_status(with_chain(&rig, four, 4), EVIDENCE_INVALID);
    assert_status(with_chain(&rig, leaf_last, 3), EVIDENCE_UNTRUSTED);
    amd_rig_free(&rig);
}

static void a_leaf_as_pem_or_der_alone_is_read(void **state)
{
    (void)state;
    amd_rig rig;
    assert_ok(amd_rig_make(&rig, &(amd_rig_options){0}, NULL));
    cof_buf *leaf = &rig.collateral.items[COF_COLLATERAL_AMD_LEAF];
    assert_ok(cof_buf_append_text(leaf, "\n", NULL));
    assert_status(snp_verify(&rig, AMD_RIG_NOW, NULL, &facts, &checks, &err), EVIDENCE_INVALID);
    assert_ok(cof_collateral_set(&rig.collateral, COF_COLLATERAL_AMD_LEAF,
                                 cof_buf_view(&rig.pem[AMD_RIG_LEAF]), NULL));
    assert_ok(snp_verify(&rig, AMD_RIG_NOW, NULL, &facts, &checks, &err));
    assert_ok(cof_buf_append_text(leaf, "text", NULL));
    assert_status(snp_verify(&rig, AMD_RIG_NOW, NULL, &facts, &checks, &err), EVIDENCE_INVALID);
    amd_rig_free(&rig);
}

static void an_older_revocation_list_is_refused_once_a_newer_was_seen(void **state)
{
    (void)state;
    static cof_freshness seen;
    amd_rig older;
    amd_rig newer;
    amd_rig broken;
    const amd_rig_options next = {.crl = {.number = AMD_RIG_CRL_NUMBER + 1,
                                          .this_update_unix_s = AMD_RIG_NOW - AMD_RIG_DAY_S}};
    amd_rig_options bad = next;
    bad.crl.number = AMD_RIG_CRL_NUMBER + 9;
    bad.report.late_patches[0] = (amd_rig_patch){0x90, 1};
    seen = (cof_freshness){0};
    assert_ok(amd_rig_make(&older, &(amd_rig_options){0}, NULL));
    assert_ok(amd_rig_make(&newer, &next, NULL));
    assert_ok(amd_rig_make(&broken, &bad, NULL));
    assert_ok(snp_verify(&older, AMD_RIG_NOW, &seen, &facts, &checks, &err));
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.items[0].number, AMD_RIG_CRL_NUMBER);
    assert_true(strncmp(seen.items[0].key, "crl:", 4) == 0);
    /* What was verified in vain leaves no trace. */
    assert_status(snp_verify(&broken, AMD_RIG_NOW, &seen, &facts, &checks, &err), EVIDENCE_INVALID);
    assert_ok(snp_verify(&older, AMD_RIG_NOW, &seen, &facts, &checks, &err));
    assert_ok(snp_verify(&newer, AMD_RIG_NOW, &seen, &facts, &checks, &err));
    assert_status(snp_verify(&older, AMD_RIG_NOW, &seen, &facts, &checks, &err),
                  COLLATERAL_ROLLED_BACK);
    amd_rig_free(&older);
    amd_rig_free(&newer);
    amd_rig_free(&broken);
}

/* The same chip and firmware, but another product's leaf and chain. */
static void a_leaf_of_another_product_is_refused(void **state)
{
    (void)state;
    amd_rig milan;
    amd_rig genoa;
    const amd_rig_options options = {.product = COF_SNP_GENOA, .report = {.version = 2}};
    assert_ok(amd_rig_make(&milan, &(amd_rig_options){.report = {.version = 2}}, NULL));
    assert_ok(amd_rig_make(&genoa, &options, NULL));
    const cof_snp_input input = {.report = cof_buf_view(&milan.report),
                                 .collateral = &genoa.collateral,
                                 .roots = milan.pins,
                                 .root_count = 3,
                                 .now_unix_s = AMD_RIG_NOW};
    assert_status(cof_snp_verify(&input, &facts, NULL, NULL), COLLATERAL_MISMATCH);
    amd_rig_free(&milan);
    amd_rig_free(&genoa);
}

static void the_checks_name_their_source_and_values(void **state)
{
    (void)state;
    assert_good(&(amd_rig_options){.product = COF_SNP_TURIN});
    const cof_check *tcb = cof_checks_find(&checks, "evidence.leaf_tcb");
    assert_string_equal(tcb->source, "VCEK certificate");
    assert_string_equal(tcb->actual, "fmc 1 bootloader 1 tee 1 snp 4 microcode 81");
    assert_string_equal(tcb->expected, tcb->actual);
    assert_string_equal(cof_checks_find(&checks, "evidence.names")->actual,
                        "SEV-VCEK, SEV-Turin, ARK-Turin");
    assert_string_equal(cof_checks_find(&checks, "evidence.crl_time")->expected,
                        "valid at 2027-01-01T00:00:00Z");
    assert_string_equal(cof_checks_find(&checks, "evidence.structure")->actual, "version 3, Turin");
    for (size_t i = 0; i < checks.count; i++) {
        assert_true(checks.items[i].source[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_of_every_product_verifies),
        cmocka_unit_test(a_chain_with_the_leaf_inside_verifies),
        cmocka_unit_test(a_wrapped_hardware_id_verifies),
        cmocka_unit_test(a_product_with_or_without_a_stepping_verifies),
        cmocka_unit_test(turin_may_have_the_fourth_version_at_zero),
        cmocka_unit_test(newer_firmware_than_reported_verifies),
        cmocka_unit_test(debug_and_migration_are_reported),
        cmocka_unit_test(fields_arrive_as_they_stand_in_the_report),
        cmocka_unit_test(validity_includes_both_ends),
        cmocka_unit_test(a_root_that_nobody_named_is_not_trusted),
        cmocka_unit_test(each_missing_item_is_named),
        cmocka_unit_test(the_order_of_a_chain_matters),
        cmocka_unit_test(a_leaf_as_pem_or_der_alone_is_read),
        cmocka_unit_test(an_older_revocation_list_is_refused_once_a_newer_was_seen),
        cmocka_unit_test(a_leaf_of_another_product_is_refused),
        cmocka_unit_test(the_checks_name_their_source_and_values),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
