/*
 * Evidence of SGX and TDX that is wrong in one place while everything around it is right and
 * rightly signed: each is refused, with its own status, at the check that is there for it.
 */
#include <string.h>

#include "unit/relying/intel_case.h"

/* The reports of the evidence that is made next; good ones before each change. */
static cof_sgx_report body;
static cof_sgx_report qe_report;
static cof_td_report td;

typedef struct mutation {
    const char *what;
    intel_rig_options options;
    void (*change)(void); /* of the reports above; may be NULL */
    int64_t shift_s;      /* of the time of verification */
    cof_status status;
    const char *check; /* the first that fails */
} mutation;

#define DAY  INTEL_RIG_DAY_S
#define NOW  INTEL_RIG_NOW
#define CERT certificates

static const uint8_t other_16[16] = {0x11, 1};
static const uint8_t other_32[32] = {9};
static const uint8_t other_48[48] = {9};
static const uint8_t other_fmspc[6] = {0, 0x80, 0x6f, 5, 0, 1};
static const uint8_t other_pce_id[2] = {1, 0};
static const uint8_t low_components[16] = {7, 8, 2, 2, 255, 1, 0, 2};

static void qe_debug(void)
{
    qe_report.flags |= COF_SGX_FLAG_DEBUG;
}
static void qe_not_initialised(void)
{
    qe_report.flags &= ~COF_SGX_FLAG_INIT;
}
static void qe_misc(void)
{
    qe_report.misc_select = 1;
}
static void qe_attribute(void)
{
    qe_report.flags |= (uint64_t)1 << 7;
}
static void qe_signer(void)
{
    qe_report.mrsigner[31] ^= 1;
}
static void qe_product(void)
{
    qe_report.isv_prod_id = 3;
}
static void qe_svn(void)
{
    qe_report.isv_svn = 5;
}

/* For enclaves and TDs alike. */
static const mutation common[] = {
    {"leaf expired",
     {.CERT[INTEL_RIG_LEAF].not_after_unix_s = NOW - 1},
     .status = COF_E_EVIDENCE_OLD,
     .check = "evidence.chain"},
    {"leaf of tomorrow",
     {.CERT[INTEL_RIG_LEAF].not_before_unix_s = NOW + 1},
     .status = COF_E_EVIDENCE_EARLY,
     .check = "evidence.chain"},
    {"CA expired",
     {.CERT[INTEL_RIG_CA].not_after_unix_s = NOW - 1},
     .status = COF_E_EVIDENCE_OLD,
     .check = "evidence.chain"},
    {"CA of tomorrow",
     {.CERT[INTEL_RIG_CA].not_before_unix_s = NOW + 1},
     .status = COF_E_EVIDENCE_EARLY,
     .check = "evidence.chain"},
    {"root expired",
     {.CERT[INTEL_RIG_ROOT].not_after_unix_s = NOW - 1},
     .status = COF_E_EVIDENCE_OLD,
     .check = "evidence.chain"},
    {"root of tomorrow",
     {.CERT[INTEL_RIG_ROOT].not_before_unix_s = NOW + 1},
     .status = COF_E_EVIDENCE_EARLY,
     .check = "evidence.chain"},
    {"TCB signer expired",
     {.CERT[INTEL_RIG_SIGNER].not_after_unix_s = NOW - 1},
     .status = COF_E_COLLATERAL_OLD,
     .check = "evidence.tcb_info_chain"},
    {"TCB signer of tomorrow",
     {.CERT[INTEL_RIG_SIGNER].not_before_unix_s = NOW + 1},
     .status = COF_E_COLLATERAL_EARLY,
     .check = "evidence.tcb_info_chain"},
    {"leaf's signature",
     {.CERT[INTEL_RIG_LEAF].is_broken = true},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"CA's signature",
     {.CERT[INTEL_RIG_CA].is_broken = true},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"root's signature",
     {.CERT[INTEL_RIG_ROOT].is_broken = true},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"TCB signer's signature",
     {.CERT[INTEL_RIG_SIGNER].is_broken = true},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.tcb_info_chain"},
    {"leaf signed by a stranger",
     {.CERT[INTEL_RIG_LEAF].signed_by = INTEL_RIG_STRANGER},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"leaf of the other CA",
     {.CERT[INTEL_RIG_LEAF].issuer = INTEL_RIG_OTHER_CA},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"leaf of the other CA under this one's name",
     {.CERT[INTEL_RIG_LEAF] = {.issuer = INTEL_RIG_OTHER_CA,
                               .issuer_common_name = "Intel SGX PCK Platform CA"}},
     .status = COF_E_EVIDENCE_UNTRUSTED,
     .check = "evidence.chain"},
    {"leaf of the root",
     {.CERT[INTEL_RIG_LEAF].issuer = INTEL_RIG_ROOT},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"CA signed by a stranger",
     {.CERT[INTEL_RIG_CA].signed_by = INTEL_RIG_STRANGER},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"root signed by a stranger",
     {.CERT[INTEL_RIG_ROOT].signed_by = INTEL_RIG_STRANGER},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"root whose pinned key did not sign it",
     {.CERT[INTEL_RIG_ROOT].key_of = INTEL_RIG_STRANGER},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"leaf's name",
     {.CERT[INTEL_RIG_LEAF].common_name = "Intel SGX PCK Certificate 2"},
     .status = COF_E_EVIDENCE_UNTRUSTED,
     .check = "evidence.chain"},
    {"CA's name",
     {.CERT[INTEL_RIG_CA].common_name = "Intel SGX PCK Other CA"},
     .status = COF_E_EVIDENCE_UNTRUSTED,
     .check = "evidence.chain"},
    {"root's name",
     {.CERT[INTEL_RIG_ROOT].common_name = "Intel SGX Root"},
     .status = COF_E_EVIDENCE_UNTRUSTED,
     .check = "evidence.chain"},
    {"TCB signer's name",
     {.CERT[INTEL_RIG_SIGNER].common_name = "Intel SGX TCB Signing 2"},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.tcb_info_chain"},
    {"name of the leaf's issuer, in capitals",
     {.CERT[INTEL_RIG_LEAF].issuer_common_name = "INTEL SGX PCK PLATFORM CA"},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"a TCB signer as PCK",
     {.CERT[INTEL_RIG_LEAF].common_name = "Intel SGX TCB Signing"},
     .status = COF_E_EVIDENCE_UNTRUSTED,
     .check = "evidence.chain"},
    {"a PCK as TCB signer",
     {.tcb.document.signed_by = INTEL_RIG_LEAF},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.tcb_info_chain"},
    {"a CA as TCB signer",
     {.tcb.document.signed_by = INTEL_RIG_CA},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.tcb_info_chain"},
    {"a PCK as signer of the QE identity",
     {.identity.document.signed_by = INTEL_RIG_LEAF},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.qe_identity_chain"},
    {"leaf that is a CA",
     {.CERT[INTEL_RIG_LEAF].basic_constraints = "critical,CA:TRUE"},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"leaf without basic constraints",
     {.CERT[INTEL_RIG_LEAF].basic_constraints = ""},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"leaf that may sign certificates",
     {.CERT[INTEL_RIG_LEAF].key_usage = "critical,digitalSignature,keyCertSign"},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"leaf that may not sign",
     {.CERT[INTEL_RIG_LEAF].key_usage = "critical,keyAgreement"},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"leaf without key usage",
     {.CERT[INTEL_RIG_LEAF].key_usage = ""},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"CA that is none",
     {.CERT[INTEL_RIG_CA].basic_constraints = "critical,CA:FALSE"},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"CA with a longer path",
     {.CERT[INTEL_RIG_CA].basic_constraints = "critical,CA:TRUE,pathlen:1"},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"CA without a path length",
     {.CERT[INTEL_RIG_CA].basic_constraints = "critical,CA:TRUE"},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"CA whose constraints are not critical",
     {.CERT[INTEL_RIG_CA].basic_constraints = "CA:TRUE,pathlen:0"},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"CA that may not sign certificates",
     {.CERT[INTEL_RIG_CA].key_usage = "critical,cRLSign"},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"root that is no CA",
     {.CERT[INTEL_RIG_ROOT].basic_constraints = "critical,CA:FALSE"},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"root with no room for a CA",
     {.CERT[INTEL_RIG_ROOT].basic_constraints = "critical,CA:TRUE,pathlen:0"},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"TCB signer that is a CA",
     {.CERT[INTEL_RIG_SIGNER].basic_constraints = "critical,CA:TRUE"},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.tcb_info_chain"},
    {"unknown critical extension of the leaf",
     {.CERT[INTEL_RIG_LEAF].has_unknown_critical = true},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"unknown critical extension of the CA",
     {.CERT[INTEL_RIG_CA].has_unknown_critical = true},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"unknown critical extension of the root",
     {.CERT[INTEL_RIG_ROOT].has_unknown_critical = true},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"unknown critical extension of the TCB signer",
     {.CERT[INTEL_RIG_SIGNER].has_unknown_critical = true},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.tcb_info_chain"},
    {"leaf without key identifiers",
     {.CERT[INTEL_RIG_LEAF].has_no_key_identifiers = true},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"CA's key on P-384",
     {.CERT[INTEL_RIG_CA].is_p384 = true},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"TCB signer's key on P-384",
     {.CERT[INTEL_RIG_SIGNER].is_p384 = true},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.tcb_info_chain"},
    {"leaf signed with SHA-384",
     {.CERT[INTEL_RIG_LEAF].is_sha384 = true},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"CA signed with SHA-384",
     {.CERT[INTEL_RIG_CA].is_sha384 = true},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},
    {"leaf without SGX extension",
     {.platform.has_no_extension = true},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.chain"},

    {"root CRL missing",
     {.root_crl.is_missing = true},
     .status = COF_E_COLLATERAL_MISSING,
     .check = "evidence.root_crl"},
    {"PCK CRL missing",
     {.pck_crl.is_missing = true},
     .status = COF_E_COLLATERAL_MISSING,
     .check = "evidence.pck_crl"},
    {"root CRL's signature",
     {.root_crl.is_broken = true},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.root_crl_signature"},
    {"PCK CRL's signature",
     {.pck_crl.is_broken = true},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.pck_crl_signature"},
    {"root CRL signed by a stranger",
     {.root_crl.signed_by = INTEL_RIG_STRANGER},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.root_crl_signature"},
    {"PCK CRL of the other CA",
     {.pck_crl.issuer = INTEL_RIG_OTHER_CA},
     .status = COF_E_COLLATERAL_MISMATCH,
     .check = "evidence.pck_crl_signature"},
    {"PCK CRL signed by the other CA",
     {.pck_crl.signed_by = INTEL_RIG_OTHER_CA},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.pck_crl_signature"},
    {"the root's CRL for the PCK's",
     {.pck_crl.issuer = INTEL_RIG_ROOT},
     .status = COF_E_COLLATERAL_MISMATCH,
     .check = "evidence.pck_crl_signature"},
    {"the CA's CRL for the root's",
     {.root_crl.issuer = INTEL_RIG_CA},
     .status = COF_E_COLLATERAL_MISMATCH,
     .check = "evidence.root_crl_signature"},
    {"root CRL expired",
     {.root_crl.next_update_unix_s = NOW - 1},
     .status = COF_E_COLLATERAL_OLD,
     .check = "evidence.root_crl_time"},
    {"root CRL of tomorrow",
     {.root_crl.this_update_unix_s = NOW + 1},
     .status = COF_E_COLLATERAL_EARLY,
     .check = "evidence.root_crl_time"},
    {"PCK CRL expired",
     {.pck_crl.next_update_unix_s = NOW - 1},
     .status = COF_E_COLLATERAL_OLD,
     .check = "evidence.pck_crl_time"},
    {"PCK CRL of tomorrow",
     {.pck_crl.this_update_unix_s = NOW + 1},
     .status = COF_E_COLLATERAL_EARLY,
     .check = "evidence.pck_crl_time"},
    {"root CRL without an end",
     {.root_crl.has_no_next_update = true},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.root_crl_signature"},
    {"PCK CRL without a number",
     {.pck_crl.has_no_number = true},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.pck_crl_signature"},
    {"PCK CRL of version 1",
     {.pck_crl.is_version_1 = true},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.pck_crl_signature"},
    {"PCK CRL with an unknown critical extension",
     {.pck_crl.has_unknown_critical = true},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.pck_crl_signature"},
    {"root CRL with a critical extension of an entry",
     {.root_crl.has_critical_entry = true},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.root_crl_signature"},
    {"PCK revoked",
     {.pck_crl.revoked = {INTEL_RIG_LEAF}},
     .status = COF_E_EVIDENCE_REVOKED,
     .check = "evidence.pck_revocation"},
    {"CA revoked",
     {.root_crl.revoked = {INTEL_RIG_CA}},
     .status = COF_E_EVIDENCE_REVOKED,
     .check = "evidence.ca_revocation"},
    {"TCB signer revoked",
     {.root_crl.revoked = {INTEL_RIG_SIGNER}},
     .status = COF_E_EVIDENCE_REVOKED,
     .check = "evidence.tcb_info_signer_revocation"},

    {"TCB info missing",
     {.tcb.document.is_missing = true},
     .status = COF_E_COLLATERAL_MISSING,
     .check = "evidence.tcb_info"},
    {"TCB info's chain missing",
     {.tcb.document.is_chain_missing = true},
     .status = COF_E_COLLATERAL_MISSING,
     .check = "evidence.tcb_info_chain"},
    {"TCB info signed by a stranger",
     {.tcb.document.signed_by = INTEL_RIG_STRANGER},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.tcb_info_signature"},
    {"white space in signed TCB info",
     {.tcb.document.late_edits = {{"\"pceId\":", "\"pceId\": "}}},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.tcb_info_signature"},
    {"TCB info's status changed",
     {.tcb.document.late_edits = {{"OutOfDate", "UpToDate"}}},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.tcb_info_signature"},
    {"a member of TCB info twice",
     {.tcb.document.edits = {{"\"tcbType\":0", "\"tcbType\":0,\"tcbType\":0"}}},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.tcb_info_signature"},
    {"an unknown member of TCB info",
     {.tcb.document.edits = {{"\"tcbType\":0", "\"tcbType\":0,\"more\":0"}}},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.tcb_info_form"},
    {"TCB info without its type",
     {.tcb.document.edits = {{"\"tcbType\":0,", ""}}},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.tcb_info_form"},
    {"an unknown status in TCB info",
     {.tcb.document.edits = {{"\"OutOfDate\"", "\"Fine\""}}},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.tcb_info_form"},
    {"TCB info of version 4",
     {.tcb.document.edits = {{"\"version\":3", "\"version\":4"}}},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.tcb_info_form"},
    {"bytes after TCB info",
     {.tcb.document.late_edits = {{"{\"tcbInfo\"", "{} {\"tcbInfo\""}}},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.tcb_info_signature"},
    {"TCB info expired",
     {.tcb.document.next_update = "2026-12-31T23:59:59Z"},
     .status = COF_E_COLLATERAL_OLD,
     .check = "evidence.tcb_info_time"},
    {"TCB info of tomorrow",
     {.tcb.document.issue_date = "2027-01-01T00:00:01Z"},
     .status = COF_E_COLLATERAL_EARLY,
     .check = "evidence.tcb_info_time"},
    {"TCB info of another platform",
     {.tcb.fmspc = other_fmspc},
     .status = COF_E_COLLATERAL_MISMATCH,
     .check = "evidence.fmspc"},
    {"TCB info of another PCE",
     {.tcb.pce_id = other_pce_id},
     .status = COF_E_COLLATERAL_MISMATCH,
     .check = "evidence.pce_id"},
    {"a platform below every level",
     {.platform.components = low_components},
     .status = COF_E_TCB_UNKNOWN,
     .check = "evidence.tcb_level"},
    {"a PCE below every level",
     {.platform.pce_svn = 10},
     .status = COF_E_TCB_UNKNOWN,
     .check = "evidence.tcb_level"},

    {"QE identity missing",
     {.identity.document.is_missing = true},
     .status = COF_E_COLLATERAL_MISSING,
     .check = "evidence.qe_identity"},
    {"QE identity's chain missing",
     {.identity.document.is_chain_missing = true},
     .status = COF_E_COLLATERAL_MISSING,
     .check = "evidence.qe_identity_chain"},
    {"QE identity signed by a stranger",
     {.identity.document.signed_by = INTEL_RIG_STRANGER},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.qe_identity_signature"},
    {"white space in signed QE identity",
     {.identity.document.late_edits = {{"\"isvprodid\":", "\"isvprodid\": "}}},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.qe_identity_signature"},
    {"an unknown member of QE identity",
     {.identity.document.edits = {{"\"version\":2", "\"version\":2,\"more\":0"}}},
     .status = COF_E_COLLATERAL_INVALID,
     .check = "evidence.qe_identity_form"},
    {"QE identity expired",
     {.identity.document.next_update = "2026-12-31T23:59:59Z"},
     .status = COF_E_COLLATERAL_OLD,
     .check = "evidence.qe_identity_time"},
    {"QE identity of tomorrow",
     {.identity.document.issue_date = "2027-01-01T00:00:01Z"},
     .status = COF_E_COLLATERAL_EARLY,
     .check = "evidence.qe_identity_time"},
    {"the verifying enclave's identity",
     {.identity.id = "QVE"},
     .status = COF_E_COLLATERAL_MISMATCH,
     .check = "evidence.qe_identity_kind"},
    {"QE identity of another evaluation",
     {.identity.document.evaluation_number = 16},
     .status = COF_E_COLLATERAL_MISMATCH,
     .check = "evidence.evaluation_number"},
    {"TCB info of another evaluation",
     {.tcb.document.evaluation_number = 16},
     .status = COF_E_COLLATERAL_MISMATCH,
     .check = "evidence.evaluation_number"},
    {"QE identity with another MISCSELECT",
     {.identity.misc_select = 1},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.qe_misc_select"},
    {"QE identity with other attributes",
     {.identity.attributes = other_16},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.qe_identity_attributes"},
    {"QE identity with another signer",
     {.identity.mrsigner = other_32},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.qe_mrsigner"},
    {"QE identity with another product",
     {.identity.isv_prod_id = 7},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.qe_product_id"},

    {"QE report signed by a stranger",
     {.quote.qe_signed_by = INTEL_RIG_STRANGER},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.qe_signature"},
    {"QE report signed by the CA",
     {.quote.qe_signed_by = INTEL_RIG_CA},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.qe_signature"},
    {"QE report over something else",
     {.quote.keeps_qe_report_data = true},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.qe_binding"},
    {"debuggable QE",
     {0},
     qe_debug,
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.qe_attributes"},
    {"QE not initialised",
     {0},
     qe_not_initialised,
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.qe_attributes"},
    {"QE with another MISCSELECT",
     {0},
     qe_misc,
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.qe_misc_select"},
    {"QE with another attribute",
     {0},
     qe_attribute,
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.qe_identity_attributes"},
    {"QE of another signer",
     {0},
     qe_signer,
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.qe_mrsigner"},
    {"QE of another product",
     {0},
     qe_product,
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.qe_product_id"},
    {"QE below every level",
     {0},
     qe_svn,
     .status = COF_E_TCB_UNKNOWN,
     .check = "evidence.qe_level"},
    {"quote signed by a stranger",
     {.quote.is_signed_by_stranger = true},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.signature"},
    {"header changed after signing",
     {.quote.late_patches = {{28, 1}}},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.signature"},
    {"vendor id",
     {.quote.patches = {{12, 1}}},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.structure"},
    {"version",
     {.quote.patches = {{0, 1 ^ 7}}},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.structure"},
    {"attestation key type",
     {.quote.patches = {{2, 1}}},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.structure"},
    {"TEE type",
     {.quote.patches = {{4, 1}}},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.structure"},
    {"certification data of type 4",
     {.quote.certification_type = 4},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.structure"},
    {"a year later", {0}, NULL, 366 * DAY, .status = COF_E_EVIDENCE_OLD, .check = "evidence.chain"},
    {"a year earlier",
     {0},
     NULL,
     -366 * DAY,
     .status = COF_E_EVIDENCE_EARLY,
     .check = "evidence.chain"},
    {"a month later",
     {0},
     NULL,
     30 * DAY,
     .status = COF_E_COLLATERAL_OLD,
     .check = "evidence.root_crl_time"},
    {"a month earlier",
     {0},
     NULL,
     -30 * DAY,
     .status = COF_E_COLLATERAL_EARLY,
     .check = "evidence.root_crl_time"},
};

static void body_not_initialised(void)
{
    body.flags = COF_SGX_FLAG_MODE64;
}

static const mutation of_enclaves[] = {
    {"enclave not initialised",
     {0},
     body_not_initialised,
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.body"},
    {"identity of the TD's QE",
     {.identity.id = "TD_QE"},
     .status = COF_E_COLLATERAL_MISMATCH,
     .check = "evidence.qe_identity_kind"},
    {"report data changed",
     {.quote.late_patches = {{368, 1}}},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.signature"},
    {"MRENCLAVE changed",
     {.quote.late_patches = {{112, 1}}},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.signature"},
};

static void td_seam_signer(void)
{
    td.mrsignerseam[0] = 1;
}
static void td_seam_attributes(void)
{
    td.seam_attributes = 1;
}
static void td_reserved_low(void)
{
    td.td_attributes |= 2;
}
static void td_reserved_high(void)
{
    td.td_attributes |= 0x80;
}
static void td_unknown_module(void)
{
    td.tee_tcb_svn[1] = 2;
}
static void td_old_module(void)
{
    td.tee_tcb_svn[0] = 2;
}
static void td_old_loader(void)
{
    td.tee_tcb_svn[2] = 1;
}
static void td_old_unnamed_module(void)
{
    td.tee_tcb_svn[0] = 2;
    td.tee_tcb_svn[1] = 0;
}

static const intel_rig_svn_level module_levels[] = {{.isv_svn = 5}};
static const intel_rig_module foreign_module[] = {
    {.id = "TDX_03", .mrsigner = other_48, .levels = module_levels, .level_count = 1}};
static const intel_rig_module attributed_module[] = {
    {.id = "TDX_03", .attributes = 1, .levels = module_levels, .level_count = 1}};

static const mutation of_tds[] = {
    {"identity of the enclaves' QE",
     {.identity.id = "QE"},
     .status = COF_E_COLLATERAL_MISMATCH,
     .check = "evidence.qe_identity_kind"},
    {"MRSIGNERSEAM",
     {0},
     td_seam_signer,
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.tdx_module_signer"},
    {"another signer of the module",
     {.tcb = {.modules = foreign_module, .module_count = 1}},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.tdx_module_signer"},
    {"SEAMATTRIBUTES",
     {0},
     td_seam_attributes,
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.tdx_module_attributes"},
    {"other attributes of the module",
     {.tcb = {.modules = attributed_module, .module_count = 1}},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.tdx_module_attributes"},
    {"SEAMATTRIBUTES that the module has",
     {.tcb = {.modules = attributed_module, .module_count = 1}},
     td_seam_attributes,
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.tdx_module_attributes"},
    {"reserved TD attribute, bit 1",
     {0},
     td_reserved_low,
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.td_attributes"},
    {"reserved TD attribute, bit 7",
     {0},
     td_reserved_high,
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.td_attributes"},
    {"a module without an identity",
     {0},
     td_unknown_module,
     .status = COF_E_TCB_UNKNOWN,
     .check = "evidence.tdx_module"},
    {"a module below every level",
     {0},
     td_old_module,
     .status = COF_E_TCB_UNKNOWN,
     .check = "evidence.tdx_module_level"},
    {"a loader below every level",
     {0},
     td_old_loader,
     .status = COF_E_TCB_UNKNOWN,
     .check = "evidence.tcb_level"},
    {"an unnamed module below every level",
     {0},
     td_old_unnamed_module,
     .status = COF_E_TCB_UNKNOWN,
     .check = "evidence.tcb_level"},
    {"another signer of the unnamed module",
     {.tcb.module_mrsigner = other_48},
     td_old_unnamed_module,
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.tdx_module_signer"},
    {"MRTD changed",
     {.quote.late_patches = {{190, 1}}},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.signature"},
    {"report data changed",
     {.quote.late_patches = {{600, 1}}},
     .status = COF_E_EVIDENCE_INVALID,
     .check = "evidence.signature"},
};

static bool is_refused(const mutation *row, intel_rig_form form)
{
    static cof_facts facts;
    static cof_facts none;
    static cof_checks checks;
    intel_rig rig;
    cof_err err = {0};
    intel_rig_options options = row->options;
    const bool is_tdx = form >= INTEL_RIG_TDX_V4;
    body = intel_rig_good_body();
    td = intel_rig_good_td(form == INTEL_RIG_TDX_V5_1_5);
    qe_report = intel_rig_good_qe_report(is_tdx);
    if (row->change != NULL) {
        row->change();
    }
    options.form = form;
    options.quote.body = &body;
    options.quote.td = &td;
    options.quote.qe_report = &qe_report;
    checks = (cof_checks){0};
    facts = none;
    assert_ok(intel_rig_make(&rig, &options, &err));
    const cof_status status = intel_verify(&rig, cof_buf_view(&rig.quote),
                                           INTEL_RIG_NOW + row->shift_s, &facts, &checks, &err);
    intel_rig_free(&rig);
    const cof_check *failed = cof_checks_first_failed(&checks);
    const char *name = failed == NULL ? "none" : failed->name;
    const bool is_right = status == row->status && err.status == status &&
                          strcmp(name, row->check) == 0 && memcmp(&facts, &none, sizeof facts) == 0;
    if (!is_right) {
        print_error("form %d, %s: %s at %s (%s)\n", (int)form, row->what,
                    cof_status_describe(status)->name, name, err.detail);
    }
    return is_right;
}

static void are_refused(const mutation *rows, size_t count, intel_rig_form form)
{
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        wrong += is_refused(&rows[i], form) ? 0 : 1;
    }
    assert_int_equal(wrong, 0);
}

#define ROWS(table) (table), sizeof(table) / sizeof(table)[0]

static void what_is_wrong_in_one_place_is_refused_for_enclaves(void **state)
{
    (void)state;
    are_refused(ROWS(common), INTEL_RIG_SGX_V3);
    are_refused(ROWS(of_enclaves), INTEL_RIG_SGX_V3);
}

static void what_is_wrong_in_one_place_is_refused_for_tds(void **state)
{
    (void)state;
    are_refused(ROWS(common), INTEL_RIG_TDX_V4);
    are_refused(ROWS(of_tds), INTEL_RIG_TDX_V4);
    are_refused(ROWS(of_tds), INTEL_RIG_TDX_V5_1_0);
    are_refused(ROWS(of_tds), INTEL_RIG_TDX_V5_1_5);
}

static void no_row_is_refused_for_a_reason_of_its_own(void **state)
{
    (void)state;
    /* What every row changes is good before the change: in every form. */
    static cof_facts facts;
    for (int form = 0; form < INTEL_RIG_FORM_COUNT; form++) {
        intel_facts(&(intel_rig_options){.form = (intel_rig_form)form}, &facts);
        assert_int_equal(facts.tcb.status, COF_TCB_UP_TO_DATE);
    }
}

/* Every bit of what is signed matters, and every byte of the rest has to be there. */
static void bits_and_lengths(intel_rig_form form)
{
    intel_rig rig;
    static cof_facts facts;
    assert_ok(intel_rig_make(&rig, &(intel_rig_options){.form = form}, NULL));
    COF_CLEANUP(cof_intel_collateral_drop_) cof_intel_collateral *collateral = NULL;
    assert_ok(cof_intel_collateral_new(&rig.collateral, &rig.pin, &collateral, NULL));
    cof_dcap_input input = {
        .collateral = collateral, .roots = &rig.pin, .root_count = 1, .now_unix_s = INTEL_RIG_NOW};
    const size_t size = rig.quote.size;
    for (size_t at = 0; at < size; at++) {
        input.quote = cof_view_of(rig.quote.data, at);
        assert_status(cof_dcap_verify(&input, &facts, NULL, NULL), EVIDENCE_INVALID);
    }
    input.quote = cof_view_of(rig.quote.data, size);
    for (size_t at = 0; at < size; at++) {
        const uint8_t flip = (uint8_t)(1u << (at % 8));
        rig.quote.data[at] ^= flip;
        if (cof_dcap_verify(&input, &facts, NULL, NULL) == COF_OK) {
            fail_msg("form %d, byte %zu ^ 0x%02x verifies", (int)form, at, flip);
        }
        rig.quote.data[at] ^= flip;
    }
    assert_ok(cof_dcap_verify(&input, &facts, NULL, NULL));
    intel_rig_free(&rig);
}

static void no_bit_of_a_quote_can_be_flipped_and_none_is_missing(void **state)
{
    (void)state;
    bits_and_lengths(INTEL_RIG_SGX_V3);
    bits_and_lengths(INTEL_RIG_TDX_V5_1_5);
}

static void padding_is_zero_and_counts_for_nothing(void **state)
{
    (void)state;
    static cof_facts plain;
    static cof_facts padded;
    intel_rig rig;
    assert_ok(intel_rig_make(&rig, &(intel_rig_options){.quote.padding = 100}, NULL));
    const cof_view all = cof_buf_view(&rig.quote);
    assert_ok(intel_verify(&rig, all, INTEL_RIG_NOW, &padded, NULL, NULL));
    assert_ok(intel_verify(&rig, cof_view_of(all.data, all.size - 100), INTEL_RIG_NOW, &plain, NULL,
                           NULL));
    assert_true(cof_digest_equal(&plain.evidence_digest, &padded.evidence_digest));
    rig.quote.data[all.size - 1] = 1;
    assert_status(intel_verify(&rig, all, INTEL_RIG_NOW, &padded, NULL, NULL), EVIDENCE_INVALID);
    intel_rig_free(&rig);
}

/* One bit of every 7th byte of each item of collateral; never the one that tells capitals from
 * small letters, since signatures are written in hexadecimal digits of either kind. */
static void no_bit_of_collateral_can_be_flipped(void **state)
{
    (void)state;
    static cof_facts facts;
    intel_rig rig;
    assert_ok(intel_rig_make(&rig, &(intel_rig_options){.form = INTEL_RIG_TDX_V4}, NULL));
    for (int i = COF_COLLATERAL_TCB_INFO; i <= COF_COLLATERAL_PCK_CRL; i++) {
        cof_buf *item = &rig.collateral.items[i];
        for (size_t at = 0; at < item->size; at += 7) {
            const uint8_t flip = (uint8_t)(1u << (at % 5));
            item->data[at] ^= flip;
            if (intel_verify(&rig, cof_buf_view(&rig.quote), INTEL_RIG_NOW, &facts, NULL, NULL) ==
                COF_OK) {
                fail_msg("%s: byte %zu ^ 0x%02x verifies",
                         cof_collateral_file_name((cof_collateral_item)i), at, flip);
            }
            item->data[at] ^= flip;
        }
    }
    assert_ok(intel_verify(&rig, cof_buf_view(&rig.quote), INTEL_RIG_NOW, &facts, NULL, NULL));
    intel_rig_free(&rig);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_row_is_refused_for_a_reason_of_its_own),
        cmocka_unit_test(what_is_wrong_in_one_place_is_refused_for_enclaves),
        cmocka_unit_test(what_is_wrong_in_one_place_is_refused_for_tds),
        cmocka_unit_test(no_bit_of_a_quote_can_be_flipped_and_none_is_missing),
        cmocka_unit_test(padding_is_zero_and_counts_for_nothing),
        cmocka_unit_test(no_bit_of_collateral_can_be_flipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
