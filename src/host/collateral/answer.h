/*
 * What the vendors' services answer, made into items. Strict about form, since a proxy's error page
 * must not become collateral; whether the items are genuine is for the verifier.
 */
#ifndef COF_HOST_COLLATERAL_ANSWER_H
#define COF_HOST_COLLATERAL_ANSWER_H

#include "relying/verify/collateral.h"

/** The items of an answer: body is this item, in any form of forms.h. */
COF_MUST_USE cof_status cof_answer_item(cof_collateral_item item, cof_view body,
                                        cof_collateral *out, cof_err *err);

/** The chain that signed TCB info or QE identity, from the answer's header field. field NULL:
 * COF_E_COLLATERAL_INVALID. */
COF_MUST_USE cof_status cof_answer_chain(cof_collateral_item item, const char *field,
                                         cof_collateral *out, cof_err *err);

/** What Azure's metadata service says about the machine that it runs on. */
typedef struct cof_imds_answer {
    cof_collateral items; /* AMD_LEAF, AMD_CHAIN */
    uint64_t tcb;         /* "tcbm": the leaf's TCB version, as in a report */
    int64_t seconds;      /* "cacheControl"; 0 when it does not say */
} cof_imds_answer;

/** {"vcekCert":PEM,"certificateChain":PEM,"tcbm":hex,"cacheControl":"86400"}; other members are not
 * looked at. Free out->items in any case. */
COF_MUST_USE cof_status cof_answer_imds(cof_view body, cof_imds_answer *out, cof_err *err);

/* All: @return COF_OK, COF_E_COLLATERAL_INVALID (not such an answer), COF_E_NO_MEMORY. */

#endif
