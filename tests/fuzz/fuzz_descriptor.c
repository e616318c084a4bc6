/* Object descriptors: what is read prints as something that is read as the same again. */
#include <stdlib.h>

#include "relying/contract/descriptor.h"
#include "tcb/wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cof_descriptor first = {0};
    cof_descriptor second = {0};
    json_t *json = NULL;
    cof_buf text = {.limit = (size_t)4 * COF_DESCRIPTOR_BYTES};
    if (cof_descriptor_parse(cof_view_of(data, size), &first, NULL) == COF_OK) {
        if (cof_descriptor_print(&first, &json, NULL) != COF_OK ||
            cof_json_print(json, &text, NULL) != COF_OK) {
            abort();
        }
        if (text.size <= COF_DESCRIPTOR_BYTES &&
            (cof_descriptor_parse(cof_buf_view(&text), &second, NULL) != COF_OK ||
             !cof_digest_equal(&first.digest, &second.digest) || first.size != second.size ||
             first.encryption != second.encryption)) {
            abort();
        }
    }
    json_decref(json);
    cof_buf_free(&text);
    cof_descriptor_free(&first);
    cof_descriptor_free(&second);
    return 0;
}
