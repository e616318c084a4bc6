/* The attestation services of others that this home's vault believes. */
#ifndef COF_APP_AUTHORITY_H
#define COF_APP_AUTHORITY_H

#include "apps/coffer/services.h"

/** Can a key of this home's vault be released on the word of this attestation service? Of a vault
 * that is not local: yes, when a policy names it. @return COF_OK, or as asking the vault. */
COF_MUST_USE cof_status cof_authority_is_known(const cof_services *services, const char *issuer,
                                               bool *out, cof_err *err);

#endif
