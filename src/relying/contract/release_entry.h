/*
 * One entry of a key's release policy: what one platform's token must say for one contract. In
 * Azure Attestation's claims, with the one comparison that Key Vault has: equality.
 */
#ifndef COF_RELYING_CONTRACT_RELEASE_ENTRY_H
#define COF_RELYING_CONTRACT_RELEASE_ENTRY_H

#include <jansson.h>

#include "relying/policy/policy.h"

enum {
    COF_RELEASE_DIGEST_SIZE = 2 * COF_DIGEST_SIZE + 1,
    /* Key Vault cannot compare for order: this many security versions from the minimum on are
     * named. */
    COF_RELEASE_SVNS = 16
};

/**
 * Appends the entries of a contract to a list: one for simulated and SGX measurements together
 * (simulated evidence is attested as sgx too), one for each other platform, two for azure-cvm (over
 * SEV-SNP and over TDX).
 *
 * @return COF_OK, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_release_entries_add(json_t *entries, const char *authority,
                                                const cof_policy *policy, const char *digest,
                                                cof_err *err);

/**
 * Is this an entry that cof_release_entries_add could have written? Gives the contract's digest in
 * hex.
 * @return COF_OK, COF_E_CONFIG.
 */
COF_MUST_USE cof_status cof_release_entry_read(const json_t *entry,
                                               char out_digest[static COF_RELEASE_DIGEST_SIZE],
                                               cof_err *err);

#endif
