/*
 * One thing wrong at a time, everything around it right and rightly signed: each must be refused
 * with its own status, by its own check.
 */
#include "unit/relying/snp_case.h"

#include <stdio.h>
#include <string.h>

enum { DAY = AMD_RIG_DAY_S };

typedef struct mutation {
    const char *what;
    const char *status;
    const char *check; /* the one that fails */
    int64_t now;       /* 0: AMD_RIG_NOW */
    amd_rig_options options;
} mutation;

#define LEAF_WITH(...)         .options = {.certificates = {[AMD_RIG_LEAF] = {__VA_ARGS__}}}
#define CA_WITH(...)           .options = {.certificates = {[AMD_RIG_CA] = {__VA_ARGS__}}}
#define ROOT_WITH(...)         .options = {.certificates = {[AMD_RIG_ROOT] = {__VA_ARGS__}}}
#define EXTENSION(name, value) .options = {.extensions = {{.arcs = (name), .hex = (value)}}}
#define DROPPED(name)          .options = {.extensions = {{.arcs = (name), .is_dropped = true}}}
#define REPEATED(name)         .options = {.extensions = {{.arcs = (name), .is_repeated = true}}}
#define CRL_WITH(...)          .options = {.crl = {__VA_ARGS__}}
#define PATCH(at, flip)        .options = {.report = {.patches = {{(at), (flip)}}}}
#define LATE_PATCH(at, flip)   .options = {.report = {.late_patches = {{(at), (flip)}}}}

#define ZEROS_16  "00000000000000000000000000000000"
#define STRUCTURE "EVIDENCE_INVALID", "evidence.structure"
#define LEAF      "EVIDENCE_INVALID", "evidence.leaf"
#define BAD_CHAIN "EVIDENCE_INVALID", "evidence.constraints"
#define CHAIN     "EVIDENCE_INVALID", "evidence.chain"

static const mutation report_mutations[] = {
    {"version 1", STRUCTURE, PATCH(0x000, 2)},
    {"version 6", STRUCTURE, PATCH(0x000, 5)},
    {"version with high bytes", STRUCTURE, PATCH(0x003, 1)},
    {"policy bit 17 clear", STRUCTURE, PATCH(0x00a, 2)},
    {"policy bit 26 set", STRUCTURE, PATCH(0x00b, 4)},
    {"policy bit 63 set", STRUCTURE, PATCH(0x00f, 0x80)},
    {"another signature algorithm", STRUCTURE, PATCH(0x034, 3)},
    {"no signing key", STRUCTURE, PATCH(0x048, 0x1c)},
    {"a signing key of kind 2", STRUCTURE, PATCH(0x048, 0x08)},
    {"key info with an unknown bit", STRUCTURE, PATCH(0x048, 0x20)},
    {"reserved 0x04c", STRUCTURE, PATCH(0x04c, 1)},
    {"unknown processor family", STRUCTURE, PATCH(0x188, 0x40)},
    {"unknown processor model", STRUCTURE, PATCH(0x189, 0x40)},
    {"reserved 0x18b", STRUCTURE, PATCH(0x18b, 1)},
    {"reserved 0x19f", STRUCTURE, PATCH(0x19f, 1)},
    {"reserved 0x1eb", STRUCTURE, PATCH(0x1eb, 1)},
    {"reserved 0x1ef", STRUCTURE, PATCH(0x1ef, 1)},
    {"mitigations before version 5", STRUCTURE, PATCH(0x1f8, 1)},
    {"reserved 0x208", STRUCTURE, PATCH(0x208, 1)},
    {"reserved 0x29f", STRUCTURE, PATCH(0x29f, 1)},
    {"R above 48 bytes", STRUCTURE, LATE_PATCH(0x2a0 + 48, 1)},
    {"S above 48 bytes", STRUCTURE, LATE_PATCH(0x2a0 + 72 + 71, 1)},
    {"the signature's tail", STRUCTURE, LATE_PATCH(0x2a0 + 144, 1)},
    {"the last byte", STRUCTURE, LATE_PATCH(0x49f, 1)},
    {"version 2 with a processor", STRUCTURE,
     .options = {.report = {.version = 2, .patches = {{0x188, 0x19}}}}},
    {"a flipped bit of R", "EVIDENCE_INVALID", "evidence.signature", LATE_PATCH(0x2a0, 1)},
    {"a flipped bit of S", "EVIDENCE_INVALID", "evidence.signature", LATE_PATCH(0x2a0 + 72, 1)},
    {"a changed measurement", "EVIDENCE_INVALID", "evidence.signature", LATE_PATCH(0x090, 1)},
    {"changed report data", "EVIDENCE_INVALID", "evidence.signature", LATE_PATCH(0x08f, 0x80)},
    {"a changed guest SVN", "EVIDENCE_INVALID", "evidence.signature", LATE_PATCH(0x004, 1)},
    {"a changed VMPL", "EVIDENCE_INVALID", "evidence.signature", LATE_PATCH(0x030, 1)},
    {"a policy made debuggable", "EVIDENCE_INVALID", "evidence.signature", LATE_PATCH(0x00a, 8)},
    {"a changed host data", "EVIDENCE_INVALID", "evidence.signature", LATE_PATCH(0x0c0, 1)},
    {"signed by another P-384 key", "EVIDENCE_INVALID", "evidence.signature",
     .options = {.report = {.signed_by = AMD_RIG_LEAF_STRANGER}}},
    {"a masked chip", "EVIDENCE_INVALID", "evidence.chip_id", PATCH(0x048, 2)},
    {"another chip", "COLLATERAL_MISMATCH", "evidence.chip_id", PATCH(0x1a0, 1)},
    {"another chip in the last byte", "COLLATERAL_MISMATCH", "evidence.chip_id", PATCH(0x1df, 1)},
    {"Turin: a chip id longer than 8 bytes", "COLLATERAL_MISMATCH", "evidence.chip_id",
     .options = {.product = COF_SNP_TURIN, .report = {.patches = {{0x1a8, 1}}}}},
    {"a VLEK's report that names a chip", "EVIDENCE_INVALID", "evidence.chip_id",
     .options = {.signer = COF_SNP_VLEK, .report = {.patches = {{0x1a0, 1}}}}},
    {"a report by a VLEK behind a VCEK", LEAF, PATCH(0x048, 4)},
    {"a report by a VCEK behind a VLEK", LEAF,
     .options = {.signer = COF_SNP_VLEK, .report = {.patches = {{0x048, 4}}}}},
    {"another product", "COLLATERAL_MISMATCH", "evidence.product", PATCH(0x189, 0x10)},
    {"reported bootloader of another version", "COLLATERAL_MISMATCH", "evidence.leaf_tcb",
     PATCH(0x180, 1)},
    {"reported TEE of another version", "COLLATERAL_MISMATCH", "evidence.leaf_tcb",
     PATCH(0x181, 1)},
    {"reported SNP of another version", "COLLATERAL_MISMATCH", "evidence.leaf_tcb",
     PATCH(0x186, 1)},
    {"reported microcode of another version", "COLLATERAL_MISMATCH", "evidence.leaf_tcb",
     PATCH(0x187, 1)},
    {"Turin: reported FMC of another version", "COLLATERAL_MISMATCH", "evidence.leaf_tcb",
     .options = {.product = COF_SNP_TURIN, .report = {.patches = {{0x180, 3}}}}},
    {"Turin: reported bootloader of another version", "COLLATERAL_MISMATCH", "evidence.leaf_tcb",
     .options = {.product = COF_SNP_TURIN, .report = {.patches = {{0x181, 3}}}}},
    {"reserved bits of reported TCB", "EVIDENCE_INVALID", "evidence.tcb_order", PATCH(0x182, 1)},
    {"reserved bits of launch TCB", "EVIDENCE_INVALID", "evidence.tcb_order", PATCH(0x1f2, 1)},
    {"Turin: reserved bits of current TCB", "EVIDENCE_INVALID", "evidence.tcb_order",
     .options = {.product = COF_SNP_TURIN, .report = {.patches = {{0x03c, 1}}}}},
    {"committed below reported, in one part", "EVIDENCE_INVALID", "evidence.tcb_order",
     .options = {.report = {.committed_tcb = UINT64_C(0xdc17000000000004),
                            .current_tcb = UINT64_C(0xdc19000000000004)}}},
    {"current below committed, in one part", "EVIDENCE_INVALID", "evidence.tcb_order",
     .options = {.report = {.committed_tcb = UINT64_C(0xdb18000000000005),
                            .current_tcb = UINT64_C(0xff18000000000004)}}},
};

static const mutation leaf_mutations[] = {
    {"a VLEK's name on a VCEK", "EVIDENCE_UNTRUSTED", "evidence.names",
     LEAF_WITH(.common_name = "SEV-VLEK")},
    {"another name", "EVIDENCE_UNTRUSTED", "evidence.names", LEAF_WITH(.common_name = "sev-vcek")},
    {"another issuer's name", "EVIDENCE_UNTRUSTED", "evidence.names",
     LEAF_WITH(.issuer_common_name = "SEV-Genoa")},
    {"an issuer's name that differs in case", "EVIDENCE_UNTRUSTED", "evidence.names",
     LEAF_WITH(.issuer_common_name = "sev-Milan")},
    {"not signed by the CA", CHAIN, LEAF_WITH(.signed_by = AMD_RIG_STRANGER)},
    {"signed by the ARK", CHAIN, LEAF_WITH(.signed_by = AMD_RIG_ROOT)},
    {"a broken signature", CHAIN, LEAF_WITH(.is_broken = true)},
    {"PSS with SHA-256", BAD_CHAIN, LEAF_WITH(.is_sha256 = true)},
    {"PSS with MGF1-SHA-256", BAD_CHAIN, LEAF_WITH(.is_mgf1_256 = true)},
    {"PSS with a salt of 32", BAD_CHAIN, LEAF_WITH(.salt_size = 32)},
    {"PKCS #1 v1.5", BAD_CHAIN, LEAF_WITH(.is_pkcs1 = true)},
    {"a key on P-256", BAD_CHAIN, LEAF_WITH(.key_of = AMD_RIG_LEAF_P256)},
    {"a key of RSA", BAD_CHAIN, LEAF_WITH(.key_of = AMD_RIG_STRANGER)},
    {"another P-384 key", "EVIDENCE_INVALID", "evidence.signature",
     LEAF_WITH(.key_of = AMD_RIG_LEAF_STRANGER)},
    {"a CA", BAD_CHAIN, LEAF_WITH(.basic_constraints = "CA:TRUE")},
    {"another key's identifier", BAD_CHAIN, LEAF_WITH(.has_foreign_key_identifier = true)},
    {"X.509 version 1", BAD_CHAIN, LEAF_WITH(.is_version_1 = true)},
    {"an unknown critical extension", LEAF, LEAF_WITH(.has_unknown_critical = true)},
    {"over", "EVIDENCE_OLD", "evidence.validity", LEAF_WITH(.not_after_unix_s = AMD_RIG_NOW - 1)},
    {"to come", "EVIDENCE_EARLY", "evidence.validity",
     LEAF_WITH(.not_before_unix_s = AMD_RIG_NOW + 1)},
    {"no structure version", LEAF, DROPPED("1")},
    {"an unknown structure version", LEAF, EXTENSION("1", "020102")},
    {"no product", LEAF, DROPPED("2")},
    {"an unknown product", LEAF, EXTENSION("2", "1605526f6d6521")},
    {"a product that only begins alike", LEAF, EXTENSION("2", "16064d696c616e61")},
    {"a product in UTF-8", LEAF, EXTENSION("2", "0c054d696c616e")},
    {"a product with a NUL", LEAF, EXTENSION("2", "16064d696c616e00")},
    {"a product with bytes behind it", LEAF, EXTENSION("2", "16054d696c616e00")},
    {"a product longer than its length", LEAF, EXTENSION("2", "16054d696c616e2d")},
    {"a product shorter than its length", LEAF, EXTENSION("2", "16064d696c616e")},
    {"Genoa's product", "COLLATERAL_MISMATCH", "evidence.product",
     EXTENSION("2", "160547656e6f61")},
    {"no bootloader", LEAF, DROPPED("3.1")},
    {"bootloader twice", LEAF, REPEATED("3.1")},
    {"a negative number", LEAF, EXTENSION("3.8", "0201d9")},
    {"a number in three bytes", LEAF, EXTENSION("3.8", "0203000051")},
    {"a number not minimal", LEAF, EXTENSION("3.8", "02020018")},
    {"a number above 255", LEAF, EXTENSION("3.8", "020201db")},
    {"an empty number", LEAF, EXTENSION("3.8", "0200")},
    {"an empty value", LEAF, EXTENSION("3.8", "")},
    {"a number with bytes behind it", LEAF, EXTENSION("3.8", "02015100")},
    {"a number of another type", LEAF, EXTENSION("3.8", "0a0151")},
    {"a reserved version that is not zero", LEAF, EXTENSION("3.6", "020101")},
    {"no reserved version", LEAF, DROPPED("3.7")},
    {"FMC before Turin", LEAF, EXTENSION("3.9", "020100")},
    {"an unknown version", LEAF, EXTENSION("3.10", "020100")},
    {"an unknown extension of AMD's", LEAF, EXTENSION("6", "020100")},
    {"security versions without an arc", LEAF, EXTENSION("3", "020100")},
    {"a version too deep", LEAF, EXTENSION("3.1.1", "020100")},
    {"no hardware id", LEAF, DROPPED("4")},
    {"a short hardware id", LEAF, EXTENSION("4", "c0c1c2c3c4c5c6c7")},
    {"a provider on a VCEK", LEAF, EXTENSION("5", "160a434e3d6578616d706c65")},
    {"Turin: no FMC", LEAF,
     .options = {.product = COF_SNP_TURIN, .extensions = {{.arcs = "3.9", .is_dropped = true}}}},
    {"Turin: a hardware id of 64 bytes", LEAF,
     .options = {.product = COF_SNP_TURIN,
                 .extensions = {{.arcs = "4", .hex = ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16}}}},
    {"a hardware id in a wrapping of 65", LEAF,
     EXTENSION("4", "0441" ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16)},
    {"VLEK: no provider", LEAF,
     .options = {.signer = COF_SNP_VLEK, .extensions = {{.arcs = "5", .is_dropped = true}}}},
    {"VLEK: a hardware id", LEAF,
     .options = {.signer = COF_SNP_VLEK, .extensions = {{.arcs = "4", .hex = "c0"}}}},
    {"VLEK: a VCEK's name", "EVIDENCE_UNTRUSTED", "evidence.names",
     .options = {.signer = COF_SNP_VLEK,
                 .certificates = {[AMD_RIG_LEAF] = {.common_name = "SEV-VCEK"}}}},
    {"VLEK: by the ASK's name", "EVIDENCE_UNTRUSTED", "evidence.names",
     .options = {.signer = COF_SNP_VLEK,
                 .certificates = {[AMD_RIG_CA] = {.common_name = "SEV-Milan"}}}},
};

static const mutation chain_mutations[] = {
    {"the ASVK's name on the ASK", "EVIDENCE_UNTRUSTED", "evidence.names",
     CA_WITH(.common_name = "SEV-VLEK-Milan")},
    {"another product's ASK", "EVIDENCE_UNTRUSTED", "evidence.names",
     CA_WITH(.common_name = "SEV-Genoa")},
    {"CA not signed by the ARK", CHAIN, CA_WITH(.signed_by = AMD_RIG_STRANGER)},
    {"CA signed by another product's ARK", CHAIN, CA_WITH(.signed_by = AMD_RIG_OTHER_ROOT)},
    {"CA with a broken signature", CHAIN, CA_WITH(.is_broken = true)},
    {"CA signed with PSS and SHA-256", BAD_CHAIN, CA_WITH(.is_sha256 = true)},
    {"CA signed with a salt of 20", BAD_CHAIN, CA_WITH(.salt_size = 20)},
    {"CA without CA flag", BAD_CHAIN, CA_WITH(.basic_constraints = "critical,CA:FALSE")},
    {"CA without basic constraints", BAD_CHAIN, CA_WITH(.basic_constraints = "")},
    {"CA of any path length", BAD_CHAIN, CA_WITH(.basic_constraints = "critical,CA:TRUE")},
    {"CA without key usage", BAD_CHAIN, CA_WITH(.key_usage = "")},
    {"CA that may not sign certificates", BAD_CHAIN,
     CA_WITH(.key_usage = "critical,digitalSignature")},
    {"CA with an unknown critical extension", BAD_CHAIN, CA_WITH(.has_unknown_critical = true)},
    {"CA with a key of RSA-3072", BAD_CHAIN, CA_WITH(.key_of = AMD_RIG_SMALL)},
    {"CA with a key on P-256", BAD_CHAIN, CA_WITH(.key_of = AMD_RIG_LEAF_P256)},
    {"CA with another key's identifier", BAD_CHAIN, CA_WITH(.has_foreign_key_identifier = true)},
    {"CA of X.509 version 1", BAD_CHAIN, CA_WITH(.is_version_1 = true)},
    {"CA over", "EVIDENCE_OLD", "evidence.validity", CA_WITH(.not_after_unix_s = AMD_RIG_NOW - 1)},
    {"CA to come", "EVIDENCE_EARLY", "evidence.validity",
     CA_WITH(.not_before_unix_s = AMD_RIG_NOW + 1)},
    {"another CA key than the leaf's issuer", CHAIN, CA_WITH(.key_of = AMD_RIG_STRANGER)},
    {"an ARK with a key of its own", "EVIDENCE_UNTRUSTED", "evidence.root",
     ROOT_WITH(.key_of = AMD_RIG_STRANGER)},
    {"another product's ARK", "EVIDENCE_UNTRUSTED", "evidence.root",
     ROOT_WITH(.key_of = AMD_RIG_OTHER_ROOT)},
    {"ARK with another name", "EVIDENCE_UNTRUSTED", "evidence.names",
     ROOT_WITH(.common_name = "ARK-Genoa")},
    {"ARK not signed by itself", CHAIN, ROOT_WITH(.signed_by = AMD_RIG_STRANGER)},
    {"ARK that names another issuer", "EVIDENCE_UNTRUSTED", "evidence.names",
     ROOT_WITH(.issuer_common_name = "ARK-Genoa")},
    {"ARK that may not sign lists", BAD_CHAIN, ROOT_WITH(.key_usage = "critical,keyCertSign")},
    {"ARK of path length 0", BAD_CHAIN,
     ROOT_WITH(.basic_constraints = "critical,CA:TRUE,pathlen:0")},
    {"ARK over", "EVIDENCE_OLD", "evidence.validity",
     ROOT_WITH(.not_after_unix_s = AMD_RIG_NOW - 1)},
    {"ARK to come", "EVIDENCE_EARLY", "evidence.validity",
     ROOT_WITH(.not_before_unix_s = AMD_RIG_NOW + 1)},
};

static const mutation crl_mutations[] = {
    {"no list", "COLLATERAL_MISSING", "evidence.crl", CRL_WITH(.is_missing = true)},
    {"a broken signature", "COLLATERAL_INVALID", "evidence.crl", CRL_WITH(.is_broken = true)},
    {"a list cut short", "COLLATERAL_INVALID", "evidence.crl", CRL_WITH(.is_truncated = true)},
    {"signed by a stranger", "COLLATERAL_INVALID", "evidence.crl",
     CRL_WITH(.signed_by = AMD_RIG_STRANGER)},
    {"signed by the CA", "COLLATERAL_INVALID", "evidence.crl", CRL_WITH(.signed_by = AMD_RIG_CA)},
    {"another product's list", "COLLATERAL_MISMATCH", "evidence.crl",
     CRL_WITH(.issuer_common_name = "ARK-Genoa")},
    {"a list without a number", "COLLATERAL_INVALID", "evidence.crl",
     CRL_WITH(.has_no_number = true)},
    {"a list that is over", "COLLATERAL_OLD", "evidence.crl_time",
     CRL_WITH(.next_update_unix_s = AMD_RIG_NOW - 1)},
    {"a list to come", "COLLATERAL_EARLY", "evidence.crl_time",
     CRL_WITH(.this_update_unix_s = AMD_RIG_NOW + 1)},
    {"a revoked CA", "EVIDENCE_REVOKED", "evidence.revocation",
     CRL_WITH(.revoked = AMD_RIG_CA_SERIAL)},
    {"VLEK: a revoked CA", "EVIDENCE_REVOKED", "evidence.revocation",
     .options = {.signer = COF_SNP_VLEK, .crl = {.revoked = AMD_RIG_CA_SERIAL}}},
};

static bool is_refused_rightly(const mutation *m, cof_status status, const cof_checks *checks)
{
    const cof_check *failed = cof_checks_first_failed(checks);
    const char *name = cof_status_describe(status)->name;
    const bool is_last = failed == &checks->items[checks->count - 1];
    const bool is_right = strcmp(name, m->status) == 0 && failed != NULL &&
                          strcmp(failed->name, m->check) == 0 && is_last &&
                          failed->source[0] != '\0' && failed->expected[0] != '\0' &&
                          failed->actual[0] != '\0';
    if (!is_right) {
        print_error("%s: %s at %s (%s), expected %s at %s\n", m->what, name,
                    failed == NULL ? "no check" : failed->name,
                    failed == NULL ? "" : failed->actual, m->status, m->check);
    }
    return is_right;
}

static void refuse_each(const mutation *mutations, size_t count)
{
    static cof_facts facts;
    static cof_checks checks;
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        const mutation *m = &mutations[i];
        amd_rig rig;
        cof_err err;
        assert_ok(amd_rig_make(&rig, &m->options, NULL));
        facts.is_debuggable = true; /* must stay untouched */
        const cof_status status =
            snp_verify(&rig, m->now != 0 ? m->now : AMD_RIG_NOW, NULL, &facts, &checks, &err);
        wrong += is_refused_rightly(m, status, &checks) ? 0 : 1;
        assert_true(facts.is_debuggable);
        assert_int_equal(err.status, status);
        amd_rig_free(&rig);
    }
    assert_int_equal(wrong, 0);
}

#define REFUSE_EACH(mutations) refuse_each((mutations), sizeof(mutations) / sizeof((mutations)[0]))

static void each_wrong_report_is_refused(void **state)
{
    (void)state;
    REFUSE_EACH(report_mutations);
}

static void each_wrong_leaf_is_refused(void **state)
{
    (void)state;
    REFUSE_EACH(leaf_mutations);
}

static void each_wrong_chain_is_refused(void **state)
{
    (void)state;
    REFUSE_EACH(chain_mutations);
}

static void each_wrong_revocation_list_is_refused(void **state)
{
    (void)state;
    REFUSE_EACH(crl_mutations);
}

/* Whichever bit of a signed report flips, something notices. */
static void any_flipped_bit_of_a_report_is_refused(void **state)
{
    (void)state;
    static cof_facts facts;
    static cof_checks checks;
    amd_rig rig;
    cof_err err;
    const amd_rig_options options = {.product = COF_SNP_TURIN, .report = {.version = 5}};
    assert_ok(amd_rig_make(&rig, &options, NULL));
    for (size_t bit = 0; bit < (size_t)COF_SNP_REPORT_SIZE * 8; bit += 5) {
        rig.report.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (snp_verify(&rig, AMD_RIG_NOW, NULL, &facts, &checks, &err) == COF_OK) {
            fail_msg("bit %zu", bit);
        }
        rig.report.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_ok(snp_verify(&rig, AMD_RIG_NOW, NULL, &facts, &checks, &err));
    amd_rig_free(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wrong_report_is_refused),
        cmocka_unit_test(each_wrong_leaf_is_refused),
        cmocka_unit_test(each_wrong_chain_is_refused),
        cmocka_unit_test(each_wrong_revocation_list_is_refused),
        cmocka_unit_test(any_flipped_bit_of_a_report_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
