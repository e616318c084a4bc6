#include "relying/receipt/internal.h"

#include <string.h>

#include "tcb/base/limits.h"

const char *cof_receipt_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

cof_status cof_receipt_record(cof_receipt_state *state, const char *name, const char *expected,
                              cof_status status, const cof_err *detail, cof_err *err)
{
    if (status == COF_E_NO_MEMORY) {
        return COF_FAIL(err, NO_MEMORY, "%s", detail->detail);
    }
    const cof_status_info *info = cof_status_describe(status);
    if (status == COF_OK) {
        (void)cof_check_add(state->checks, name, true, expected, "%s", expected);
    } else {
        (void)cof_check_add(state->checks, name, false, expected, "%s: %s", info->name,
                            detail->detail);
    }
    return COF_OK;
}

static void state_free(cof_receipt_state *state)
{
    cof_buf_free(&state->payload);
    cof_buf_free(&state->signature);
    cof_buf_free(&state->runtime_bytes);
    cof_runtime_free(&state->runtime);
    cof_contract_free(state->contract);
    json_decref(state->statement);
}

typedef cof_status (*check_function)(cof_receipt_state *state, cof_err *err);

/* In the order of docs/formats/receipt.md; each uses what those before it have read. */
static const check_function checks_in_order[] = {
    cof_receipt_check_statement, cof_receipt_check_contract,   cof_receipt_check_evidence,
    cof_receipt_check_signature, cof_receipt_check_token,      cof_receipt_check_outputs,
    cof_receipt_check_inputs,    cof_receipt_check_disclosure, cof_receipt_check_consents,
    cof_receipt_check_files,     cof_receipt_check_log,
};

static cof_status run_checks(cof_receipt_state *state, cof_view envelope, cof_err *err)
{
    COF_TRY(cof_receipt_check_envelope(state, envelope, err));
    for (size_t i = 0; i < sizeof checks_in_order / sizeof checks_in_order[0]; i++) {
        COF_TRY(checks_in_order[i](state, err));
    }
    return COF_OK;
}

cof_status cof_receipt_verify(cof_view envelope, const cof_receipt_options *options,
                              cof_checks *checks, cof_receipt *out_receipt, cof_err *err)
{
    COF_CLEANUP(state_free) cof_receipt_state state = {.options = options, .checks = checks};
    *checks = (cof_checks){0};
    cof_buf_init(&state.payload, COF_RECEIPT_BYTES_MAX);
    cof_buf_init(&state.signature, 128);
    cof_buf_init(&state.runtime_bytes, COF_LIMIT_RUNTIME_BYTES);
    COF_TRY(run_checks(&state, envelope, err));
    if (out_receipt != NULL) {
        *out_receipt = (cof_receipt){.statement = json_incref(state.statement)};
        if (state.contract != NULL) {
            out_receipt->contract = state.contract->digest;
        }
    }
    if (cof_checks_all_ok(checks)) {
        return COF_OK;
    }
    const cof_check *failed = cof_checks_first_failed(checks);
    return COF_FAIL(err, VERIFY_FAILED, "%s: %s", failed == NULL ? "checks" : failed->name,
                    failed == NULL ? "" : failed->actual);
}

void cof_receipt_free(cof_receipt *receipt)
{
    json_decref(receipt->statement);
    *receipt = (cof_receipt){0};
}
