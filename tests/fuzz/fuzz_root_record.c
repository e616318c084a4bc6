/* vault/root.json, as somebody may have changed it: what is accepted names a way, and no work that
 * is too cheap or too dear. */
#include <stdlib.h>

#include "local/vault/root_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cof_root_kind kind = COF_ROOT_KIND_FILE;
    if (cof_root_record_check(cof_view_of(data, size), &kind, NULL) == COF_OK &&
        kind == COF_ROOT_KIND_FILE) {
        abort();
    }
    return 0;
}
