/*
 * The release policy of an owner's key, and the tags beside it: which contracts the key is released
 * to.
 *
 * One entry per contract. docs/formats/contract.md, "Consent".
 */
#ifndef COF_RELYING_CONTRACT_RELEASE_POLICY_H
#define COF_RELYING_CONTRACT_RELEASE_POLICY_H

#include <jansson.h>

#include "tcb/contract/contract.h"

enum { COF_RELEASE_POLICY_ENTRIES = 64 };

/**
 * Adds a contract to a key's release policy and tags.
 *
 * An entry for the same contract is replaced; entries stand in the order of their digests, so that
 * the order of consents does not show. Entries whose contract's expiry is in the tags and not after
 * now are dropped with their tags. Tags that are not Coffer's are kept.
 *
 * @param policy      the key's present policy, or NULL
 * @param tags        the key's present tags, an object of texts, or NULL
 * @param contract    to add; NULL only drops what has expired
 * @param now_unix_s  0: nothing is dropped
 * @param out_policy  the new policy; the caller owns it; NULL when no entry is left
 * @param out_tags    the new tags; the caller owns it
 * @return COF_OK, COF_E_CONFIG (the present policy has something that no consent has put there: it
 * could release the key to others), COF_E_CONTRACT_EXPIRED, COF_E_EXISTS (another contract has the
 * same tags), COF_E_LIMIT, COF_E_NO_MEMORY
 */
COF_MUST_USE cof_status cof_release_policy_merge(const json_t *policy, const json_t *tags,
                                                 const cof_contract *contract, int64_t now_unix_s,
                                                 json_t **out_policy, json_t **out_tags,
                                                 cof_err *err);

/**
 * Takes a contract out of a key's release policy and tags; other entries and tags stay.
 *
 * @param policy      the key's present policy
 * @param digest      of the contract, in hex
 * @param out_policy  the new policy; the caller owns it; NULL when no entry is left
 * @param out_tags    the new tags; the caller owns it
 * @param out_found   false: neither policy nor tags had it
 * @return COF_OK, COF_E_CONFIG (as above), COF_E_NO_MEMORY
 */
COF_MUST_USE cof_status cof_release_policy_withdraw(const json_t *policy, const json_t *tags,
                                                    const char *digest, json_t **out_policy,
                                                    json_t **out_tags, bool *out_found,
                                                    cof_err *err);

#endif
