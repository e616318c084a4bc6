/* Giving consent and taking it back: the owner's signature, and the contract's digest in the
 * release policy of the owner's key. */
#ifndef COF_APP_AGREE_H
#define COF_APP_AGREE_H

#include "apps/coffer/identity.h"
#include "tcb/contract/contract.h"

/** A contract in this home. All is borrowed. */
typedef struct cof_agreement {
    const char *home;
    const cof_services *services;
    const cof_contract *contract;
    const char *digest; /* of the contract, in hex */
    const char *folder; /* jobs/DIGEST, where consents are */
} cof_agreement;

/**
 * Has one owner consent whose signing key is in this home; repeating it changes nothing. The
 * consent is in jobs/DIGEST/consent-OWNER.json.
 * @return COF_OK, COF_E_CONTRACT_EXPIRED, COF_E_NOT_FOUND (no such owner), COF_E_CONSENT_MISSING
 * (the owner is somebody else), or as cof_vault_update.
 */
COF_MUST_USE cof_status cof_agree_as(const cof_agreement *agreement, const char *owner,
                                     int64_t now_unix_s, cof_err *err);

/** Puts somebody's consent, a file, beside the contract, when it is genuine and to this contract.
 * @return COF_OK, or as cof_consent_verify. */
COF_MUST_USE cof_status cof_agree_take(const cof_agreement *agreement, const char *path,
                                       cof_err *err);

/** Which owners are somebody else and have not consented: their indexes, at most COF_LIMIT_OWNERS.
 * @return COF_OK, COF_E_BAD_SIGNATURE, … (a consent that lies there is not genuine) */
COF_MUST_USE cof_status cof_agree_missing(const cof_agreement *agreement, size_t *out_owners,
                                          size_t *out_count, cof_err *err);

/**
 * Has every owner of the contract consent whose signing key is in this home.
 * @return COF_OK, COF_E_CONSENT_MISSING (an owner is somebody else and has not consented; then
 * nobody's key is opened), COF_E_CONTRACT_EXPIRED, or as cof_vault_update.
 */
COF_MUST_USE cof_status cof_agree(const cof_agreement *agreement, int64_t now_unix_s, cof_err *err);

/**
 * Takes a contract out of the release policy and tags of every version of a key, since a new
 * version begins with the policy of the one before. It can be repeated.
 *
 * @param key        URL of the key, with one of its versions
 * @param digest     of the contract, in hex
 * @param out_found  false: no version was open for it
 * @return COF_OK, COF_E_CONFIG (a policy is not one of consents; the other versions are changed),
 * or as cof_vault_list and cof_vault_update.
 */
COF_MUST_USE cof_status cof_agree_withdraw(const char *home, const cof_services *services,
                                           const char *key, const char *digest, bool *out_found,
                                           cof_err *err);

#endif
