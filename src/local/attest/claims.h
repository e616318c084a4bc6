/* The claims of an attestation token for an SGX enclave, by their exact names and types. */
#ifndef COF_LOCAL_CLAIMS_H
#define COF_LOCAL_CLAIMS_H

#include "relying/verify/evidence.h"
#include "tcb/wire/json.h"

/** The policy that every token was judged by: the service's default one, which permits everything
 * that is genuine. */
extern const char cof_attest_policy[];

/** What a caller sent along with the quote, checked. All is borrowed. */
typedef struct cof_attest_extra {
    const json_t *runtime; /* of dataType JSON: the object; NULL when there is none */
    cof_view held_data;    /* of dataType Binary; {NULL, 0} when there is none */
    const json_t
        *init_time;    /* the object of initTimeData of dataType JSON; NULL when there is none */
    const char *nonce; /* NULL when there is none */
} cof_attest_extra;

/** Adds the claims about an enclave to the object claims. @return COF_OK, COF_E_NO_MEMORY,
 * COF_E_CRYPTO. */
COF_MUST_USE cof_status cof_attest_add_claims(json_t *claims, const cof_facts *facts,
                                              const cof_attest_extra *extra, cof_err *err);

#endif
