/* What a TPM signs: every byte of an accepted structure is accounted for. */
#include <stdlib.h>

#include "relying/verify/azure/tpm_key.h"
#include "relying/verify/azure/tpm_quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const cof_view bytes = cof_view_of(data, size);
    const cof_pcrs none = {0};
    cof_tpm_quote quote = {0};
    cof_tpm_decryption_key key = {0};
    cof_digest name = {0};
    cof_view signature = {0};
    if (cof_tpm_quote_parse(bytes, &quote, NULL) == COF_OK) {
        /* magic and type 6, names 36, extra, clock 17, firmware 8, selection 10, digest 34 */
        if (size != 6 + 36 + 2 + quote.extra_size + 17 + 8 + 10 + 34 || quote.pcr_mask == 0 ||
            quote.pcr_mask >> COF_PCR_COUNT != 0 ||
            cof_tpm_quote_check_pcrs(&quote, &none, NULL) == COF_OK) {
            abort();
        }
    }
    if (cof_tpm_decryption_key_parse(bytes, &key, NULL) == COF_OK &&
        ((key.modulus[0] & 0x80) == 0 || size < COF_RSA_2048_SIZE)) {
        abort();
    }
    if (cof_tpm_signature(bytes, &signature, NULL) == COF_OK &&
        (signature.size != COF_RSA_2048_SIZE || signature.data < data ||
         signature.data + signature.size != data + size)) {
        abort();
    }
    /* head 6, name 36, extra, clock 17, firmware 8, names 36 + 36 */
    if (cof_tpm_certify_parse(bytes, &name, NULL) == COF_OK &&
        (quote.pcr_mask != 0 || size < 6 + 36 + 2 + 17 + 8 + 36 + 36)) {
        abort();
    }
    (void)cof_tpm2b_unwrap(bytes, cof_view_text("\377TCG"));
    return 0;
}
