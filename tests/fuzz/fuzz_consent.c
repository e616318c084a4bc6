/* Consents to one contract: nothing verifies but what its owner signed. The owner's key is made for
 * the run, so that no input is a consent. */
#include <stdlib.h>
#include <string.h>

#include "relying/contract/consent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A contract as far as consents look at one. */
static cof_contract *make_contract(void)
{
    cof_contract *contract = calloc(1, sizeof *contract);
    if (contract == NULL || cof_ec_generate(&contract->owners[0].sign, NULL) != COF_OK) {
        abort();
    }
    memset(contract->digest.bytes, 0xab, sizeof contract->digest.bytes);
    contract->owners[0].name = "hospital-a";
    contract->owner_count = 1;
    return contract;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static cof_contract *contract;
    size_t owner = 0;
    if (contract == NULL) {
        contract = make_contract();
    }
    if (cof_consent_verify(cof_view_of(data, size), contract, &owner, NULL) == COF_OK) {
        abort();
    }
    return 0;
}
