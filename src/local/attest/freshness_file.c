#include "local/attest/freshness_file.h"

static const char freshness_file[] = "attest/freshness.json";

enum { FILE_BYTES = 128 * 1024 };

cof_status cof_attest_freshness_open(const cof_state *state, cof_freshness **out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = FILE_BYTES};
    cof_freshness *freshness = calloc(1, sizeof *freshness);
    if (freshness == NULL) {
        return COF_FAIL(err, NO_MEMORY, "memory of collateral");
    }
    cof_status status = cof_state_read(state, freshness_file, &text, err);
    if (status == COF_OK) {
        status = cof_freshness_parse(cof_buf_view(&text), freshness, err);
    } else if (status == COF_E_NOT_FOUND) {
        status = COF_OK;
    }
    if (status != COF_OK) {
        cof_err_context(err, "%s", freshness_file);
        free(freshness);
        return status;
    }
    *out = freshness;
    return COF_OK;
}

cof_status cof_attest_freshness_save(const cof_state *state, const cof_freshness *freshness,
                                     cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = FILE_BYTES};
    COF_TRY(cof_freshness_print(freshness, &text, err));
    return cof_state_write(state, freshness_file, cof_buf_view(&text), err);
}
