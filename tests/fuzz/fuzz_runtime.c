/* Runtime data: what is accepted is canonical, and is accepted again in its own print. */
#include <stdlib.h>

#include "relying/verify/runtime.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const cof_view bytes = cof_view_of(data, size);
    COF_CLEANUP(cof_runtime_free) cof_runtime runtime = {0};
    COF_CLEANUP(cof_buf_free) cof_buf again = {.limit = COF_LIMIT_RUNTIME_BYTES};
    COF_JSON json_t *value = NULL;
    if (cof_runtime_parse(bytes, &runtime, NULL) != COF_OK) {
        return 0;
    }
    if (cof_json_parse(bytes, COF_LIMIT_RUNTIME_BYTES, &value, NULL) != COF_OK ||
        cof_json_canonical(value, &again, NULL) != COF_OK ||
        !cof_view_equal(cof_buf_view(&again), bytes) || runtime.sign == NULL ||
        runtime.transfer == NULL) {
        abort();
    }
    return 0;
}
