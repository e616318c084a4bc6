/*
 * The key that wraps a job's own objects (its checkpoints): derived from every owner's released
 * key, so that a checkpoint opens only where every owner's vault has released its key to this very
 * contract. docs/formats/sealed.md, "The job's wrap key".
 */
#ifndef COF_RELEASE_JOB_KEY_H
#define COF_RELEASE_JOB_KEY_H

#include "tcb/crypto/digest.h"
#include "tcb/crypto/keys.h"
#include "tcb/crypto/rsa.h"

/**
 * @param owners      released keys in the order of the contract's "owners", each a pair
 * @param owner_count 1 to COF_LIMIT_OWNERS
 * @param contract    the contract's digest
 * @param out_key     the caller wipes it
 * @param err         written on failure
 * @return COF_OK, COF_E_BAD_ARGUMENT (no owner, too many), COF_E_BAD_KEY (a public key),
 * COF_E_CRYPTO.
 */
COF_MUST_USE cof_status cof_job_key_derive(const cof_rsa_key *const *owners, size_t owner_count,
                                           const cof_digest *contract, cof_wrap_key *out_key,
                                           cof_err *err);

#endif
