#include "relying/verify/intel/qe.h"

#include <stdio.h>
#include <string.h>

#include "relying/verify/intel/record.h"
#include "relying/verify/intel/tcb.h"
#include "tcb/crypto/digest.h"
#include "tcb/wire/text.h"

enum { ATTRIBUTES_SIZE = 16 };

/* A signature that does not hold, or a key that is none, is a failure of the evidence. */
static cof_status check_signature(const cof_quote *quote, const cof_ec_key *pck_key, cof_err *err)
{
    const cof_status status =
        cof_ec_verify(pck_key, quote->qe_report_bytes, quote->qe_signature, err);
    if (status == COF_E_BAD_SIGNATURE) {
        return COF_FAIL(err, EVIDENCE_INVALID, "the QE report's signature does not verify");
    }
    return status;
}

static cof_status check_flags(const cof_sgx_report *report, cof_err *err)
{
    if ((report->flags & COF_SGX_FLAG_INIT) == 0 || (report->flags & COF_SGX_FLAG_DEBUG) != 0) {
        return COF_FAIL(err, EVIDENCE_INVALID, "the quoting enclave's attributes are 0x%llx",
                        (unsigned long long)report->flags);
    }
    return COF_OK;
}

/* The QE report says which attestation key and authentication data the PCK key vouches for. */
static cof_status check_binding(const cof_quote *quote, cof_err *err)
{
    uint8_t bound[COF_EC_RAW_SIZE + COF_QUOTE_AUTH_MAX];
    memcpy(bound, quote->attestation_key, COF_EC_RAW_SIZE);
    if (quote->qe_auth.size > 0) {
        memcpy(bound + COF_EC_RAW_SIZE, quote->qe_auth.data, quote->qe_auth.size);
    }
    cof_digest digest = {0};
    COF_TRY(cof_digest_of(cof_view_of(bound, COF_EC_RAW_SIZE + quote->qe_auth.size), &digest, err));
    uint8_t expected[COF_REPORT_DATA_SIZE] = {0};
    memcpy(expected, digest.bytes, sizeof digest.bytes);
    if (memcmp(expected, quote->qe_report.report_data, sizeof expected) != 0) {
        return COF_FAIL(err, EVIDENCE_INVALID, "the QE report is for another attestation key");
    }
    return COF_OK;
}

cof_status cof_qe_check_report(const cof_quote *quote, const cof_ec_key *pck_key,
                               cof_checks *checks, cof_err *err)
{
    cof_checks_from(checks, "QE report");
    COF_TRY(cof_record(checks, "evidence.qe_signature", "QE report signed by the PCK key", "yes",
                       check_signature(quote, pck_key, err), err));
    COF_TRY(cof_record(checks, "evidence.qe_attributes",
                       "quoting enclave initialised, not debuggable", "yes",
                       check_flags(&quote->qe_report, err), err));
    return cof_record(checks, "evidence.qe_binding",
                      "QE report data is the hash of the attestation key", "yes",
                      check_binding(quote, err), err);
}

static cof_status check_misc_select(const cof_sgx_report *report, const cof_qe_identity *identity,
                                    cof_checks *checks, cof_err *err)
{
    char expected[COF_CHECK_TEXT_SIZE];
    (void)snprintf(expected, sizeof expected, "0x%08x under the mask 0x%08x", identity->misc_select,
                   identity->misc_select_mask);
    const bool is_right =
        (report->misc_select & identity->misc_select_mask) == identity->misc_select;
    if (!cof_check_add(checks, "evidence.qe_misc_select", is_right, expected, "0x%08x",
                       report->misc_select)) {
        return COF_FAIL(err, EVIDENCE_INVALID, "the quoting enclave's MISCSELECT is 0x%08x",
                        report->misc_select);
    }
    return COF_OK;
}

static cof_status check_attributes(const cof_sgx_report *report, const cof_qe_identity *identity,
                                   cof_checks *checks, cof_err *err)
{
    uint8_t actual[ATTRIBUTES_SIZE];
    char actual_text[2 * ATTRIBUTES_SIZE + 1];
    char value[2 * ATTRIBUTES_SIZE + 1];
    char mask[2 * ATTRIBUTES_SIZE + 1];
    char expected[COF_CHECK_TEXT_SIZE];
    bool is_right = true;
    for (size_t i = 0; i < ATTRIBUTES_SIZE; i++) {
        const uint64_t half = i < 8 ? report->flags : report->xfrm;
        actual[i] = (uint8_t)(half >> (8 * (i % 8)));
        is_right =
            is_right && (actual[i] & identity->attributes_mask[i]) == identity->attributes[i];
    }
    cof_hex_text(cof_view_of(actual, sizeof actual), actual_text);
    cof_hex_text(cof_view_of(identity->attributes, ATTRIBUTES_SIZE), value);
    cof_hex_text(cof_view_of(identity->attributes_mask, ATTRIBUTES_SIZE), mask);
    (void)snprintf(expected, sizeof expected, "%s under the mask %s", value, mask);
    if (!cof_check_add(checks, "evidence.qe_identity_attributes", is_right, expected, "%s",
                       actual_text)) {
        return COF_FAIL(err, EVIDENCE_INVALID, "the quoting enclave's attributes are %s",
                        actual_text);
    }
    return COF_OK;
}

static cof_status check_signer(const cof_sgx_report *report, const cof_qe_identity *identity,
                               cof_checks *checks, cof_err *err)
{
    char actual[2 * sizeof report->mrsigner + 1];
    char expected[2 * sizeof report->mrsigner + 1];
    cof_hex_text(cof_view_of(report->mrsigner, sizeof report->mrsigner), actual);
    cof_hex_text(cof_view_of(identity->mrsigner, sizeof identity->mrsigner), expected);
    const bool is_right =
        memcmp(report->mrsigner, identity->mrsigner, sizeof report->mrsigner) == 0;
    if (!cof_check_add(checks, "evidence.qe_mrsigner", is_right, expected, "%s", actual)) {
        return COF_FAIL(err, EVIDENCE_INVALID, "the quoting enclave's MRSIGNER is %s", actual);
    }
    (void)snprintf(expected, sizeof expected, "%u", identity->isv_prod_id);
    if (!cof_check_add(checks, "evidence.qe_product_id",
                       report->isv_prod_id == identity->isv_prod_id, expected, "%u",
                       report->isv_prod_id)) {
        return COF_FAIL(err, EVIDENCE_INVALID, "the quoting enclave's product id is %u",
                        report->isv_prod_id);
    }
    return COF_OK;
}

cof_status cof_qe_check_identity(const cof_sgx_report *qe_report, const cof_qe_identity *identity,
                                 const cof_svn_level **out_level, cof_checks *checks, cof_err *err)
{
    cof_checks_from(checks, "QE report");
    COF_TRY(check_misc_select(qe_report, identity, checks, err));
    COF_TRY(check_attributes(qe_report, identity, checks, err));
    COF_TRY(check_signer(qe_report, identity, checks, err));
    const cof_svn_level *level =
        cof_svn_level_find(identity->levels, identity->level_count, qe_report->isv_svn);
    if (!cof_check_add(checks, "evidence.qe_level", level != NULL, "a level of the QE identity",
                       "security version %u: %s", qe_report->isv_svn,
                       level == NULL ? "none" : cof_tcb_status_name(level->status))) {
        return COF_FAIL(err, TCB_UNKNOWN, "no level of the QE identity for security version %u",
                        qe_report->isv_svn);
    }
    *out_level = level;
    return COF_OK;
}
