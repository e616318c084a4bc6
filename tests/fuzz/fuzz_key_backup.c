/* A backup of a key: as it comes, and what would be inside. It is refused, or every version of it
 * has a key. */
#include <stdlib.h>

#include "local/vault/backup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const cof_root_key root = {{7}};
    COF_CLEANUP(cof_backup_free) cof_backup outer = {0};
    COF_CLEANUP(cof_backup_free) cof_backup inner = {0};
    (void)!cof_backup_read(&root, "tenant", cof_view_of(data, size), &outer, NULL);
    if (cof_backup_parse(cof_view_of(data, size), &inner, NULL) != COF_OK) {
        return 0;
    }
    if (!cof_key_name_is_valid(inner.name)) {
        abort();
    }
    for (size_t i = 0; i < inner.count; i++) {
        if (inner.copies[i].meta == NULL || inner.copies[i].material == NULL) {
            abort();
        }
    }
    return 0;
}
