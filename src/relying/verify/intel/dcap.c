#include "relying/verify/intel/dcap.h"

#include <string.h>

#include "relying/verify/intel/chain.h"
#include "tcb/crypto/ec.h"

/* Failures of parsers and keys are all one to a caller: the evidence is not genuine. The detail
 * says more. */
static cof_status as_evidence(cof_status status, cof_err *err)
{
    if (status == COF_OK || status == COF_E_NO_MEMORY || status == COF_E_EVIDENCE_UNTRUSTED ||
        status == COF_E_EVIDENCE_OLD || status == COF_E_COLLATERAL_MISSING) {
        return status;
    }
    err->status = COF_E_EVIDENCE_INVALID;
    return COF_E_EVIDENCE_INVALID;
}

/* Records a step by its status and gives the status that a verifier answers with. */
static cof_status record(cof_checks *checks, const char *name, const char *expected,
                         cof_status status, cof_err *err)
{
    (void)cof_check_add(checks, name, status == COF_OK, expected, "%s",
                        status == COF_OK ? "yes" : err->detail);
    return as_evidence(status, err);
}

/* The QE report says which attestation key and authentication data the PCK key vouches for. */
static cof_status check_qe_binding(const cof_quote *quote, cof_err *err)
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

static cof_status check_qe_attributes(const cof_quote *quote, cof_err *err)
{
    const uint64_t flags = quote->qe_report.flags;
    if ((flags & COF_SGX_FLAG_INIT) == 0 || (flags & COF_SGX_FLAG_DEBUG) != 0) {
        return COF_FAIL(err, EVIDENCE_INVALID, "the quoting enclave's attributes are 0x%llx",
                        (unsigned long long)flags);
    }
    return COF_OK;
}

static cof_status check_body_signature(const cof_quote *quote, cof_err *err)
{
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
    COF_TRY(cof_ec_from_point(quote->attestation_key, &key, err));
    return cof_ec_verify(key, quote->signed_bytes, quote->signature, err);
}

static cof_status check_body(const cof_quote *quote, cof_err *err)
{
    if ((quote->body.flags & COF_SGX_FLAG_INIT) == 0) {
        return COF_FAIL(err, EVIDENCE_INVALID, "the enclave is not initialised");
    }
    return COF_OK;
}

static void fill_facts(const cof_quote *quote, const cof_chain_facts *chain, cof_facts *facts)
{
    facts->tee = chain->root.family == COF_ROOT_SIMULATED ? COF_TEE_SIMULATED : COF_TEE_SGX;
    facts->hardware = facts->tee;
    facts->root = chain->root;
    facts->pck = chain->pck;
    facts->sgx = quote->body;
    facts->is_debuggable = (quote->body.flags & COF_SGX_FLAG_DEBUG) != 0;
    memcpy(facts->report_data, quote->body.report_data, sizeof facts->report_data);
}

/* Collateral is required under Intel's root. */
static cof_status check_collateral(const cof_dcap_input *input, const cof_chain_facts *chain,
                                   cof_err *err)
{
    if (chain->root.family == COF_ROOT_SIMULATED) {
        return COF_OK;
    }
    (void)input;
    return COF_FAIL(err, COLLATERAL_MISSING, "no TCB info");
}

cof_status cof_dcap_verify(const cof_dcap_input *input, cof_facts *out_facts, cof_checks *checks,
                           cof_err *err)
{
    cof_err local = {0};
    if (err == NULL) {
        err = &local;
    }
    cof_quote quote = {0};
    cof_chain_facts chain = {0};
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *pck_key = NULL;
    COF_TRY(record(checks, "evidence.structure", "an SGX quote of version 3, every length exact",
                   cof_quote_parse(input->quote, &quote, err), err));
    COF_TRY(record(checks, "evidence.chain", "leaf, CA and a pinned root, valid at that time",
                   cof_chain_verify(quote.chain, input->roots, input->root_count, input->now_unix_s,
                                    &chain, &pck_key, err),
                   err));
    COF_TRY(record(checks, "evidence.qe_signature", "QE report signed by the PCK key",
                   cof_ec_verify(pck_key, quote.qe_report_bytes, quote.qe_signature, err), err));
    COF_TRY(record(checks, "evidence.qe_attributes", "quoting enclave initialised, not debuggable",
                   check_qe_attributes(&quote, err), err));
    COF_TRY(record(checks, "evidence.qe_binding",
                   "QE report data is the hash of the attestation key",
                   check_qe_binding(&quote, err), err));
    COF_TRY(record(checks, "evidence.signature", "quote signed by the attestation key",
                   check_body_signature(&quote, err), err));
    COF_TRY(record(checks, "evidence.body", "enclave initialised", check_body(&quote, err), err));
    COF_TRY(record(checks, "evidence.collateral", "TCB info, QE identity and revocation lists",
                   check_collateral(input, &chain, err), err));
    cof_facts facts = {0};
    fill_facts(&quote, &chain, &facts);
    COF_TRY(cof_digest_of(quote.quote_bytes, &facts.evidence_digest, err));
    *out_facts = facts;
    return COF_OK;
}
