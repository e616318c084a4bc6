/*
 * Memory of the newest collateral seen, so that an attacker who holds the clock back or serves an
 * older file that has not expired yet is noticed (EVIDENCE pitfall 7). A value: whoever keeps it on
 * disk does so with cof_freshness_print and _parse.
 */
#ifndef COF_VERIFY_FRESHNESS_H
#define COF_VERIFY_FRESHNESS_H

#include "relying/policy/checks.h"
#include "tcb/base/buf.h"

enum { COF_FRESHNESS_MAX = 256, COF_FRESHNESS_KEY_SIZE = 96 };

/** The newest of one kind. key: "tcbinfo:tdx:00806f050000", "qeidentity:TD_QE",
 * "crl:<SHA-256 of the issuer's SubjectPublicKeyInfo>", "evaluation:sgx". */
typedef struct cof_freshness_item {
    char key[COF_FRESHNESS_KEY_SIZE];
    int64_t issued_unix_s; /* issueDate, thisUpdate */
    uint64_t number;       /* tcbEvaluationDataNumber, CRL number */
} cof_freshness_item;

/** Zeroed has seen nothing. */
typedef struct cof_freshness {
    size_t count;
    cof_freshness_item items[COF_FRESHNESS_MAX];
} cof_freshness;

/** Refuses what is older than what was seen, in date or in number. seen may be NULL. Adds a check.
 * @return COF_OK, COF_E_COLLATERAL_ROLLED_BACK. */
COF_MUST_USE cof_status cof_freshness_check(const cof_freshness *seen,
                                            const cof_freshness_item *item, cof_checks *checks,
                                            cof_err *err);

/** Remembers an item that was authenticated: only forward. The oldest item makes room. */
void cof_freshness_note(cof_freshness *seen, const cof_freshness_item *item);

/** JSON, canonical. @return COF_OK, COF_E_LIMIT, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_freshness_print(const cof_freshness *seen, cof_buf *out, cof_err *err);
/** @return COF_OK, COF_E_BAD_JSON, COF_E_BAD_FORMAT, COF_E_LIMIT, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_freshness_parse(cof_view text, cof_freshness *out, cof_err *err);

#endif
