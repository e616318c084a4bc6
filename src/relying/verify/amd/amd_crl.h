/* The ARK's revocation list: is it genuine, valid and not older than one seen before, and is the
 * CA (ASK or ASVK) not on it? */
#ifndef COF_VERIFY_AMD_CRL_H
#define COF_VERIFY_AMD_CRL_H

#include "relying/verify/amd/amd_chain.h"
#include "relying/verify/freshness.h"

typedef struct cof_amd_crl_input {
    cof_view crl;               /* DER */
    const cof_amd_chain *chain; /* verified */
    int64_t now_unix_s;
    const cof_freshness *seen; /* may be NULL */
} cof_amd_crl_input;

/**
 * AMD's lists name CAs: all leaves have the serial number 0, so that no list can name one.
 *
 * @param out_item  what to remember of the list, once everything else held too
 * @param checks    may be NULL
 * @return COF_OK, COF_E_COLLATERAL_MISSING (no list), COF_E_COLLATERAL_INVALID,
 * COF_E_COLLATERAL_MISMATCH (another issuer's), COF_E_COLLATERAL_OLD, COF_E_COLLATERAL_EARLY,
 * COF_E_COLLATERAL_ROLLED_BACK, COF_E_EVIDENCE_REVOKED, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_amd_crl_check(const cof_amd_crl_input *input,
                                          cof_freshness_item *out_item, cof_checks *checks,
                                          cof_err *err);

#endif
