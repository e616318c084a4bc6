/*
 * From a job to its contract: what was looked up is put in, the whole is made canonical and hashed,
 * and read back with the enclave's own reader.
 */
#ifndef COF_RELYING_CONTRACT_RESOLVE_H
#define COF_RELYING_CONTRACT_RESOLVE_H

#include "relying/contract/job.h"
#include "tcb/contract/contract.h"

/** An encrypted object. */
typedef struct cof_resolve_object {
    cof_digest digest; /* as in cof_contract_object */
    uint64_t size;     /* of its plaintext, in bytes */
    cof_contract_encryption encryption;
} cof_resolve_object;

/** What was looked up for one input. */
typedef struct cof_resolve_input {
    cof_resolve_object objects[COF_CONTRACT_OBJECTS]; /* csv: data; idx: data, labels */
    const json_t *schema; /* csv: {"columns":[…]} from the schema file or inferred; borrowed */
    uint32_t classes;     /* idx: as inferred; used when the job does not say */
} cof_resolve_input;

/** A person or an organisation by the name that job.yaml uses. Texts and keys are borrowed. */
typedef struct cof_resolve_identity {
    const char *name;
    const char *key; /* URL with version of the key that seals this owner's data; NULL: owns none */
    const json_t *sign;     /* EC JWK; members besides the key's own are dropped; NULL: owns none */
    const char *result_kid; /* NULL: can receive nothing */
    const json_t *result_jwk; /* RSA JWK; as above */
} cof_resolve_identity;

/** Everything that job.yaml does not hold itself; borrowed for the call. */
typedef struct cof_resolve_facts {
    const cof_resolve_input *inputs; /* as many as the job has, in its order */
    const cof_resolve_identity *identities;
    size_t identity_count;
    const cof_digest *installed[COF_CONTRACT_PLATFORMS]; /* the installed worker's measurement by
                                                            platform type; NULL: none */
    const cof_digest
        *root; /* of the simulated platform: SHA-256 of its SubjectPublicKeyInfo; NULL: none */
    const char *authority;                /* of attestation: https://host[:port] */
    const char *const *other_authorities; /* that are asked when it does not answer */
    size_t other_authority_count;
    uint32_t threads; /* cores of this host */
} cof_resolve_facts;

/**
 * Makes the contract.
 *
 * @param problems      made for the text of job.yaml; gets what does not fit, with its place
 * @param out_text      the canonical contract is appended; its limit should be
 * COF_LIMIT_CONTRACT_BYTES
 * @param out_contract  the same, read
 * @return COF_OK, COF_E_CONTRACT_INVALID (see problems), COF_E_NO_MEMORY, COF_E_LIMIT, COF_E_CRYPTO
 */
COF_MUST_USE cof_status cof_resolve(const cof_job *job, const cof_resolve_facts *facts,
                                    cof_diagnostics *problems, cof_buf *out_text,
                                    cof_contract **out_contract, cof_err *err);

#endif
