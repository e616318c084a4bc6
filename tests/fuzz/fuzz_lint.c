/* A policy of any kind, wrapped or not: it is unwrapped and linted without a fault, and what cannot
 * be read has an error. */
#include <stdlib.h>

#include "relying/policy/lint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool lints(cof_status (*lint)(cof_view, json_t *, cof_err *), cof_view text)
{
    COF_JSON json_t *findings = NULL;
    if (cof_lint_new(&findings, NULL) != COF_OK) {
        abort();
    }
    const cof_status status = lint(text, findings, NULL);
    if (status != COF_OK && status != COF_E_LIMIT) {
        abort();
    }
    return status == COF_OK && !cof_lint_has_errors(findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    COF_CLEANUP(cof_buf_free) cof_buf content = {.limit = 1 << 20};
    cof_lint_kind kind = COF_LINT_PLATFORM;
    if (cof_lint_unwrap(cof_view_of(data, size), &kind, &content, NULL) != COF_OK) {
        return 0;
    }
    const bool as_attestation = lints(cof_lint_attestation, cof_buf_view(&content));
    const bool as_release = lints(cof_lint_release, cof_buf_view(&content));
    if (as_attestation && as_release) { /* no text is both */
        abort();
    }
    return 0;
}
