/* The table of other attestation services, from its file: whatever is read can be found by its
 * issuer, and has keys. */
#include <stdlib.h>

#include "local/vault/authorities.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cof_authorities *authorities = NULL;
    if (cof_authorities_new(NULL, &authorities, NULL) != COF_OK) {
        return 0;
    }
    if (cof_authorities_read(authorities, cof_view_of(data, size), NULL) == COF_OK) {
        for (size_t i = 0; i < cof_authorities_count(authorities); i++) {
            const cof_authority *one = cof_authorities_at(authorities, i);
            const cof_jwks *keys = NULL;
            if (!cof_authorities_find(authorities, one->issuer, &keys) || keys != one->jwks ||
                cof_jwks_count(keys) == 0 || cof_authorities_by_id(authorities, one->id) != one) {
                abort();
            }
        }
    }
    cof_authorities_free(authorities);
    return 0;
}
