/* Giving consent: the owner's signature, and the contract's digest in the release policy of the
 * owner's key. */
#ifndef COF_APP_AGREE_H
#define COF_APP_AGREE_H

#include "apps/coffer/request.h"

/**
 * Has every owner of the contract consent whose signing key is in this home; repeating it changes
 * nothing. Consents stand in jobs/DIGEST/consent-OWNER.json.
 * @return COF_OK, COF_E_CONSENT_MISSING (an owner is somebody else and has not consented),
 * COF_E_CONTRACT_EXPIRED, or as cof_vault_update.
 */
COF_MUST_USE cof_status cof_agree(const cof_request *request, int64_t now_unix_s, cof_err *err);

#endif
