/*
 * A released key from anywhere; byte 0 is the algorithm. The transfer key is fixed, so that a
 * corpus lasts.
 */
#include <stdlib.h>

#include "fuzz_release_key.h"
#include "tcb/release/release.h"
#include "tcb/wire/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const cof_rsa_key *transfer_key(void)
{
    static cof_rsa_key *key;
    if (key == NULL) {
        COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = 4096};
        if (cof_base64_decode(cof_view_text(fuzz_transfer_key), &der, NULL) != COF_OK ||
            cof_rsa_from_pkcs8(cof_buf_view(&der), &key, NULL) != COF_OK) {
            abort();
        }
    }
    return key;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *out = NULL;
    const cof_status status =
        cof_release_unwrap(transfer_key(), data[0], cof_view_of(data + 1, size - 1), &out, NULL);
    if ((status == COF_OK) != (out != NULL)) {
        abort();
    }
    return 0;
}
