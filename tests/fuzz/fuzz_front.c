/* A front from anywhere: it is refused, or it can be asked everything. */
#include <stdlib.h>

#include "tcb/seal/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const cof_view bytes = cof_view_of(data, size);
    COF_CLEANUP(cof_front_drop_) cof_front *front = NULL;
    size_t front_size = 0;
    if (cof_front_parse(bytes, &front, NULL) != COF_OK) {
        return 0;
    }
    if (cof_front_size(bytes, &front_size, NULL) != COF_OK || front_size != size) {
        abort(); /* what was parsed has the size that was announced */
    }
    const cof_wrap_key wrap = {{2}};
    COF_CLEANUP(cof_data_key_wipe) cof_data_key key = {{1}};
    for (size_t i = 0; i < cof_front_recipient_count(front); i++) {
        uint8_t algorithm = 0;
        cof_view wrapped = {0};
        if (cof_front_wrapped(front, cof_front_recipient(front, i, &algorithm), &wrapped, NULL) !=
            COF_OK) {
            abort();
        }
    }
    if (cof_front_key_job(front, &wrap, &key, NULL) == COF_OK) {
        abort(); /* nobody has sealed for this key */
    }
    COF_CLEANUP(cof_opener_drop_) cof_opener *opener = NULL;
    if (cof_opener_new(front, &key, &opener, NULL) == COF_OK) {
        abort();
    }
    return 0;
}
