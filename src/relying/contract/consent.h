/*
 * An owner's consent to one exact contract: a signature, and what the owner's key then requires.
 *
 * docs/formats/contract.md, "Consent".
 */
#ifndef COF_RELYING_CONTRACT_CONSENT_H
#define COF_RELYING_CONTRACT_CONSENT_H

#include <jansson.h>

#include "tcb/contract/contract.h"

enum { COF_CONSENT_BYTES = 4096 }; /* of a consent's JSON text */

/**
 * Signs a contract.
 *
 * @param owner     name, as it stands in the contract's owners
 * @param key       the pair of that owner's sign key
 * @param out_json  the consent object; the caller owns it
 * @return COF_OK, COF_E_NOT_FOUND (no such owner), COF_E_BAD_KEY (another key than the contract's),
 * COF_E_CRYPTO, COF_E_NO_MEMORY
 */
COF_MUST_USE cof_status cof_consent_make(const cof_contract *contract, const char *owner,
                                         const cof_ec_key *key, json_t **out_json, cof_err *err);

/**
 * Verifies a consent.
 *
 * @param text       the JSON text, at most COF_CONSENT_BYTES
 * @param out_owner  index into the contract's owners
 * @return COF_OK, COF_E_BAD_JSON or COF_E_BAD_FORMAT, COF_E_CONTRACT_MISMATCH (consent to another
 * contract), COF_E_NOT_FOUND (not an owner), COF_E_BAD_SIGNATURE
 */
COF_MUST_USE cof_status cof_consent_verify(cof_view text, const cof_contract *contract,
                                           size_t *out_owner, cof_err *err);

/**
 * Verifies that every owner consents.
 *
 * @param texts  count consents, in any order
 * @return COF_OK, COF_E_CONSENT_MISSING (naming the first owner without one), or as
 * cof_consent_verify
 */
COF_MUST_USE cof_status cof_consent_verify_all(const cof_view *texts, size_t count,
                                               const cof_contract *contract, cof_err *err);

#endif
