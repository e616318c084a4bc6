#include "apps/coffer/policy_input.h"

#include <stdio.h>

#include "host/files/files.h"
#include "relying/contract/policy_file.h"
#include "tcb/base/limits.h"

static cof_status read_policy_file(const char *path, cof_view text, cof_policy *out, cof_err *err)
{
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf shown = {.limit = COF_LIMIT_JSON_BYTES};
    COF_TRY(cof_diagnostics_new(path, text, &problems, err));
    const cof_status status = cof_policy_file_parse(text, problems, out, err);
    if (status != COF_OK && cof_diagnostics_count(problems) > 0) {
        COF_TRY(cof_diagnostics_print(problems, &shown, err));
        (void)fwrite(shown.data, 1, shown.size, stderr);
    }
    return status;
}

cof_status cof_policy_read(const char *path, cof_policy *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_LIMIT_CONTRACT_BYTES};
    COF_CLEANUP(cof_contract_drop_) cof_contract *contract = NULL;
    COF_TRY(cof_read_file(path, &text, err));
    if (cof_contract_parse(cof_buf_view(&text), &contract, NULL) == COF_OK) {
        return cof_policy_from_contract(contract, out, err);
    }
    return read_policy_file(path, cof_buf_view(&text), out, err);
}
