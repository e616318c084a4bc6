/* The metadata of a client-side encrypted blob: what is read is printed as a head, which must be
 * read as the same again. */
#include <stdlib.h>
#include <string.h>

#include "host/azure/encryption_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cof_cse_head head;
    cof_cse_head again;
    COF_CLEANUP(cof_buf_free)
    cof_buf bytes = {.limit = COF_CSE_FIXED_SIZE + COF_CSE_WRAPPED_HIGH};
    if (cof_encryption_data_parse(cof_view_of(data, size), &head, NULL) != COF_OK) {
        return 0;
    }
    if (cof_cse_head_print(&head, &bytes, NULL) != COF_OK ||
        cof_cse_head_parse(cof_buf_view(&bytes), &again, NULL) != COF_OK ||
        again.minor != head.minor || again.algorithm != head.algorithm ||
        again.region_size != head.region_size || again.wrapped_size != head.wrapped_size ||
        memcmp(again.wrapped, head.wrapped, head.wrapped_size) != 0) {
        abort();
    }
    return 0;
}
