/* Who made the receipt: contract, evidence, policy, binding, runtime data, signature. */
#include <string.h>

#include "relying/policy/policy.h"
#include "relying/receipt/internal.h"
#include "relying/verify/evidence.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

static cof_status read_contract(cof_receipt_state *state, cof_err *err)
{
    if (state->predicate == NULL) {
        return COF_FAIL(err, BAD_FORMAT, "there is no statement");
    }
    cof_digest named = {0};
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_CLEANUP(cof_contract_drop_) cof_contract *contract = NULL;
    cof_buf_init(&text, COF_LIMIT_CONTRACT_BYTES);
    COF_TRY(cof_json_get_hex(state->predicate, "contract_digest", named.bytes, sizeof named.bytes,
                             err));
    COF_TRY(cof_json_canonical(json_object_get(state->predicate, "contract"), &text, err));
    COF_TRY(cof_contract_parse(cof_buf_view(&text), &contract, err));
    if (!cof_digest_equal(&contract->digest, &named)) {
        char actual[2 * COF_DIGEST_SIZE + 1];
        cof_digest_text(&contract->digest, actual);
        return COF_FAIL(err, CONTRACT_MISMATCH, "the contract's digest is %s", actual);
    }
    COF_TRY(cof_policy_from_contract(contract, &state->policy, err));
    state->contract = cof_contract_take(&contract);
    return COF_OK;
}

cof_status cof_receipt_check_contract(cof_receipt_state *state, cof_err *err)
{
    cof_err detail = {0};
    const cof_status status = read_contract(state, &detail);
    const char *expected =
        state->predicate == NULL ? "" : cof_receipt_text(state->predicate, "contract_digest");
    return cof_receipt_record(state, "contract", expected, status, &detail, err);
}

static cof_status verify_quote(cof_receipt_state *state, const cof_policy *policy, cof_err *err)
{
    const json_t *evidence = json_object_get(state->predicate, "evidence");
    COF_CLEANUP(cof_buf_free) cof_buf quote = {0};
    cof_root_pin roots[COF_POLICY_ROOTS_MAX];
    cof_facts facts = {0};
    cof_buf_init(&quote, COF_LIMIT_QUOTE_BYTES);
    COF_TRY(cof_json_get_base64url(evidence, "quote", &quote, err));
    const size_t count = cof_policy_roots(policy, roots);
    const cof_evidence_input input = {.evidence = cof_buf_view(&quote),
                                      .collateral = state->options->collateral,
                                      .roots = roots,
                                      .root_count = count,
                                      .now_unix_s = state->options->now_unix_s};
    COF_TRY(cof_evidence_verify(&input, &facts, state->checks, err));
    if (strcmp(cof_receipt_text(evidence, "type"), cof_tee_name(facts.tee)) != 0) {
        return COF_FAIL(err, EVIDENCE_INVALID, "the evidence is of another type: %s",
                        cof_tee_name(facts.tee));
    }
    state->facts = facts;
    state->has_facts = true;
    return COF_OK;
}

static cof_status read_runtime(cof_receipt_state *state, cof_err *err)
{
    const json_t *worker = json_object_get(state->predicate, "worker");
    uint8_t run[COF_RUN_ID_SIZE];
    COF_TRY(cof_runtime_parse(cof_buf_view(&state->runtime_bytes), &state->runtime, err));
    state->has_runtime = true;
    COF_TRY(cof_json_get_hex(state->predicate, "run", run, sizeof run, err));
    if (!cof_digest_equal(&state->runtime.contract, &state->contract->digest)) {
        return COF_FAIL(err, CONTRACT_MISMATCH, "the runtime data names another contract");
    }
    if (memcmp(run, state->runtime.run, sizeof run) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "the runtime data names another run");
    }
    if (strcmp(cof_receipt_text(worker, "kernel"), state->runtime.kernel) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "the runtime data names another kernel: %s",
                        state->runtime.kernel);
    }
    if (strcmp(cof_receipt_text(worker, "version"), state->runtime.version) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "the runtime data names another version: %s",
                        state->runtime.version);
    }
    return COF_OK;
}

/* The four checks when what they need could not be read. */
static cof_status record_missing(cof_receipt_state *state, cof_err *err)
{
    static const char *const names[] = {"evidence", "policy", "binding", "runtime"};
    cof_err detail = {0};
    const cof_status missing =
        COF_FAIL(&detail, BAD_FORMAT, "not checked: there is no valid contract");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        COF_TRY(cof_receipt_record(state, names[i], "", missing, &detail, err));
    }
    return COF_OK;
}

static cof_status check_policy(cof_receipt_state *state, const cof_policy *policy, cof_err *err)
{
    if (!state->has_facts) {
        return COF_FAIL(err, EVIDENCE_INVALID, "not checked: the evidence is not genuine");
    }
    return cof_policy_judge(&state->facts, policy, state->checks, err);
}

static cof_status check_binding(cof_receipt_state *state, cof_err *err)
{
    cof_err detail = {0};
    const json_t *evidence = json_object_get(state->predicate, "evidence");
    cof_status status = cof_json_get_base64url(evidence, "runtime", &state->runtime_bytes, &detail);
    if (status == COF_OK && state->has_facts) {
        status = cof_runtime_check_binding(cof_buf_view(&state->runtime_bytes),
                                           state->facts.report_data, state->checks, &detail);
        return status == COF_E_EVIDENCE_BINDING ? COF_OK : status;
    }
    if (status == COF_OK) {
        status = COF_FAIL(&detail, EVIDENCE_INVALID, "not checked: the evidence is not genuine");
    }
    return cof_receipt_record(state, "binding", "report data is SHA-256(runtime data), then zeros",
                              status, &detail, err);
}

cof_status cof_receipt_check_evidence(cof_receipt_state *state, cof_err *err)
{
    if (state->contract == NULL) {
        return record_missing(state, err);
    }
    cof_err detail = {0};
    cof_status status = verify_quote(state, &state->policy, &detail);
    COF_TRY(cof_receipt_record(state, "evidence", "genuine under the root that the contract names",
                               status, &detail, err));
    status = check_policy(state, &state->policy, &detail);
    COF_TRY(cof_receipt_record(state, "policy",
                               "platform and measurement of the contract, not debuggable", status,
                               &detail, err));
    COF_TRY(check_binding(state, err));
    status = read_runtime(state, &detail);
    return cof_receipt_record(state, "runtime", "names this contract, run, kernel and version",
                              status, &detail, err);
}

static cof_status verify_signature(const cof_receipt_state *state, cof_err *err)
{
    if (!state->has_runtime) {
        return COF_FAIL(err, BAD_SIGNATURE, "not checked: the runtime data has no key");
    }
    COF_CLEANUP(cof_buf_free) cof_buf encoded = {0};
    cof_buf_init(&encoded, COF_RECEIPT_BYTES_MAX + 128);
    COF_TRY(cof_receipt_pae(cof_buf_view(&state->payload), &encoded, err));
    return cof_ec_verify_der(state->runtime.sign, cof_buf_view(&encoded),
                             cof_buf_view(&state->signature), err);
}

cof_status cof_receipt_check_signature(cof_receipt_state *state, cof_err *err)
{
    cof_err detail = {0};
    const cof_status status = verify_signature(state, &detail);
    return cof_receipt_record(state, "signature",
                              "the envelope is signed by coffer-sign of the runtime data", status,
                              &detail, err);
}
