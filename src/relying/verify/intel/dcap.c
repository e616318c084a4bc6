/*
 * Implementation notes
 *
 * The order keeps expensive work behind cheap checks and trusts nothing before its signature was
 * verified: structure, PCK chain, revocation, TCB info, QE identity, platform, QE report, quote,
 * module, level. There is one way to success, the last line of cof_dcap_verify; every other way out
 * is a failure with its own status.
 */
#include "relying/verify/intel/dcap.h"

#include <inttypes.h>
#include <string.h>

#include "relying/verify/intel/qe.h"
#include "relying/verify/intel/record.h"
#include "relying/verify/intel/tcb.h"
#include "relying/verify/intel/td.h"
#include "tcb/wire/text.h"

/* A verification in progress. */
typedef struct verification {
    const cof_dcap_input *input;
    cof_checks *checks;
    cof_quote quote;
    cof_pck_chain chain;
    cof_chain_top own_top;         /* where there is no collateral to remember the chain's top */
    const cof_tcb_info *info;      /* borrowed from the collateral; NULL: simulated */
    const cof_svn_level *qe_level; /* the same */
    cof_intel_use use;
    cof_tcb_rating rating;
} verification;

static void verification_free(verification **owner)
{
    if (*owner != NULL) {
        cof_pck_chain_free(&(*owner)->chain);
        cof_chain_top_free(&(*owner)->own_top);
        free(*owner);
    }
}

/* Failures of parsers and keys are all one to a caller: the evidence is not genuine. The detail
 * says more. */
static cof_status as_evidence(cof_status status, cof_err *err)
{
    if (status == COF_OK || status == COF_E_NO_MEMORY ||
        cof_status_describe(status)->category == COF_CATEGORY_ATTEST) {
        return status;
    }
    err->status = COF_E_EVIDENCE_INVALID;
    return COF_E_EVIDENCE_INVALID;
}

static cof_status check_structure(verification *run, cof_err *err)
{
    cof_checks_from(run->checks, "quote");
    return cof_record(run->checks, "evidence.structure",
                      "a quote of version 3, 4 or 5, every length exact", "yes",
                      as_evidence(cof_quote_parse(run->input->quote, &run->quote, err), err), err);
}

static cof_status check_chain(verification *run, cof_err *err)
{
    const cof_dcap_input *input = run->input;
    cof_chain_top *top =
        input->collateral == NULL ? &run->own_top : cof_intel_collateral_top(input->collateral);
    cof_checks_from(run->checks, "PCK certificate");
    return cof_record(
        run->checks, "evidence.chain", "leaf, CA and a pinned root, valid at that time", "yes",
        as_evidence(cof_pck_chain_verify(run->quote.chain, input->roots, input->root_count,
                                         input->now_unix_s, top, &run->chain, err),
                    err),
        err);
}

/* The root that the quote chains to has collateral. */
static cof_status find_collateral(const verification *run, cof_err *err)
{
    const cof_intel_collateral *collateral = run->input->collateral;
    cof_checks_from(run->checks, "collateral");
    if (!cof_check_add(run->checks, "evidence.collateral", collateral != NULL, "present", "%s",
                       collateral == NULL ? "none" : "present")) {
        return COF_FAIL(err, COLLATERAL_MISSING, "there is no collateral");
    }
    const cof_root_pin *root = cof_intel_collateral_root(collateral);
    const bool is_same = root->family == run->chain.root.family &&
                         cof_digest_equal(&root->spki, &run->chain.root.spki);
    if (!cof_check_add(run->checks, "evidence.collateral_root", is_same, "the quote's root", "%s",
                       is_same ? "the same" : "another")) {
        return COF_FAIL(err, COLLATERAL_MISMATCH, "the collateral is for another root");
    }
    return COF_OK;
}

static cof_status check_hex(verification *run, const char *name, cof_view actual, cof_view expected,
                            cof_err *err)
{
    enum { SIZE_MAX_ = 8 };
    char actual_text[2 * SIZE_MAX_ + 1];
    char expected_text[2 * SIZE_MAX_ + 1];
    cof_hex_text(actual, actual_text);
    cof_hex_text(expected, expected_text);
    if (!cof_check_add(run->checks, name, cof_view_equal(actual, expected), expected_text, "%s",
                       actual_text)) {
        return COF_FAIL(err, COLLATERAL_MISMATCH, "%s: %s in the certificate, %s in the TCB info",
                        name, actual_text, expected_text);
    }
    return COF_OK;
}

/* The TCB info is about this platform. */
static cof_status check_platform(verification *run, cof_err *err)
{
    const cof_pck *pck = &run->chain.pck;
    const cof_tcb_info *info = run->info;
    cof_checks_from(run->checks, "PCK certificate");
    COF_TRY(check_hex(run, "evidence.fmspc", cof_view_of(pck->fmspc, sizeof pck->fmspc),
                      cof_view_of(info->fmspc, sizeof info->fmspc), err));
    return check_hex(run, "evidence.pce_id", cof_view_of(pck->pce_id, sizeof pck->pce_id),
                     cof_view_of(info->pce_id, sizeof info->pce_id), err);
}

static cof_status check_collateral(verification *run, const cof_qe_identity **out_identity,
                                   cof_err *err)
{
    cof_intel_collateral *collateral = run->input->collateral;
    const bool is_tdx = run->quote.kind == COF_QUOTE_TDX;
    COF_TRY(find_collateral(run, err));
    COF_TRY(cof_intel_check_revocation(collateral, run->chain.leaf, &run->use, err));
    COF_TRY(cof_intel_get_tcb_info(collateral, is_tdx, &run->use, &run->info, err));
    COF_TRY(cof_intel_get_qe_identity(collateral, is_tdx, &run->use, out_identity, err));
    return check_platform(run, err);
}

static cof_status check_body_signature(const cof_quote *quote, cof_err *err)
{
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
    COF_TRY(cof_ec_from_point(quote->attestation_key, &key, err));
    return cof_ec_verify(key, quote->signed_bytes, quote->signature, err);
}

static cof_status check_initialised(const cof_sgx_report *body, cof_err *err)
{
    if ((body->flags & COF_SGX_FLAG_INIT) == 0) {
        return COF_FAIL(err, EVIDENCE_INVALID, "the enclave is not initialised");
    }
    return COF_OK;
}

static cof_status check_body(verification *run, cof_err *err)
{
    const cof_quote *quote = &run->quote;
    cof_checks_from(run->checks, "quote");
    COF_TRY(cof_record(run->checks, "evidence.signature", "quote signed by the attestation key",
                       "yes", as_evidence(check_body_signature(quote, err), err), err));
    if (quote->kind == COF_QUOTE_SGX) {
        return cof_record(run->checks, "evidence.body", "enclave initialised", "yes",
                          check_initialised(&quote->body, err), err);
    }
    /* A simulated root stands for an SGX platform: it has no module that could be judged. */
    if (!cof_check_add(run->checks, "evidence.body", run->info != NULL,
                       "an enclave, or a TD of a platform with collateral", "TD")) {
        return COF_FAIL(err, EVIDENCE_INVALID, "a TD under a simulated root");
    }
    return cof_td_check(&quote->td, run->info, run->checks, err);
}

static cof_status check_level(verification *run, cof_err *err)
{
    const cof_quote *quote = &run->quote;
    cof_checks_from(run->checks, "PCK certificate");
    COF_TRY(cof_tcb_rate(run->info, &run->chain.pck,
                         quote->kind == COF_QUOTE_TDX ? &quote->td : NULL, run->qe_level,
                         &run->rating, run->checks, err));
    run->rating.collateral_expires_unix_s = run->use.expires_unix_s;
    return COF_OK;
}

static void fill_facts(const verification *run, cof_facts *facts)
{
    const cof_quote *quote = &run->quote;
    const bool is_simulated = run->chain.root.family == COF_ROOT_SIMULATED;
    facts->root = run->chain.root;
    facts->pck = run->chain.pck;
    facts->tcb = run->rating;
    if (quote->kind == COF_QUOTE_TDX) {
        facts->tee = COF_TEE_TDX;
        facts->td = quote->td;
        facts->is_debuggable = (quote->td.td_attributes & COF_TD_ATTRIBUTE_DEBUG) != 0;
        memcpy(facts->report_data, quote->td.report_data, sizeof facts->report_data);
    } else {
        facts->tee = is_simulated ? COF_TEE_SIMULATED : COF_TEE_SGX;
        facts->sgx = quote->body;
        facts->is_debuggable = (quote->body.flags & COF_SGX_FLAG_DEBUG) != 0;
        memcpy(facts->report_data, quote->body.report_data, sizeof facts->report_data);
    }
    facts->hardware = facts->tee;
    if (!is_simulated) {
        facts->collateral = *cof_intel_collateral_digests(run->input->collateral);
    }
}

/* All checks, in order. */
static cof_status verify(verification *run, cof_facts *facts, cof_err *err)
{
    const cof_qe_identity *identity = NULL;
    COF_TRY(check_structure(run, err));
    COF_TRY(check_chain(run, err));
    const bool is_rated = run->chain.root.family != COF_ROOT_SIMULATED;
    if (is_rated) {
        COF_TRY(check_collateral(run, &identity, err));
    }
    COF_TRY(as_evidence(cof_qe_check_report(&run->quote, run->chain.key, run->checks, err), err));
    if (is_rated) {
        COF_TRY(cof_qe_check_identity(&run->quote.qe_report, identity, &run->qe_level, run->checks,
                                      err));
    }
    COF_TRY(check_body(run, err));
    if (is_rated) {
        COF_TRY(check_level(run, err));
    }
    fill_facts(run, facts);
    return cof_digest_of(run->quote.quote_bytes, &facts->evidence_digest, err);
}

cof_status cof_dcap_verify(const cof_dcap_input *input, cof_facts *out_facts, cof_checks *checks,
                           cof_err *err)
{
    cof_err local = {0};
    cof_err *const said = err == NULL ? &local : err; /* what failed is also said in the checks */
    COF_CLEANUP(verification_free) verification *state = calloc(1, sizeof *state);
    COF_CLEANUP(cof_free_drop_) cof_facts *facts = calloc(1, sizeof *facts);
    if (state == NULL || facts == NULL) {
        return COF_FAIL(said, NO_MEMORY, "verification");
    }
    state->input = input;
    state->checks = checks;
    state->use = (cof_intel_use){.now_unix_s = input->now_unix_s,
                                 .seen = input->seen,
                                 .checks = checks,
                                 .expires_unix_s = INT64_MAX};
    COF_TRY(verify(state, facts, said));
    for (size_t i = 0; input->seen != NULL && i < state->use.item_count; i++) {
        cof_freshness_note(input->seen, &state->use.items[i]);
    }
    *out_facts = *facts;
    return COF_OK;
}
