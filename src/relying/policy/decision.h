/*
 * A decision about evidence: genuine or not, wanted or not, and every check that led there. As
 * values, as JSON; text is made of its checks by whoever shows it.
 */
#ifndef COF_POLICY_DECISION_H
#define COF_POLICY_DECISION_H

#include "relying/policy/policy.h"
#include "relying/verify/evidence.h"

/** Large (about 60 KB). Zeroed is: not decided, never accepted. */
typedef struct cof_decision {
    bool is_accepted;
    cof_status status; /* COF_OK when accepted; else why not */
    cof_err why;       /* of a refusal */
    bool is_genuine;   /* facts are there */
    cof_tee claimed;   /* what the evidence looks like; for showing a refusal */
    cof_facts facts;
    cof_checks checks;
} cof_decision;

/**
 * Verifies evidence and judges it.
 *
 * @param policy       NULL: genuineness alone (cof_policy_judge_genuine)
 * @param report_data  what the evidence must be over; NULL: not looked at
 * @return COF_OK (whatever the decision), COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_decide(const cof_evidence_input *input, const cof_policy *policy,
                                   const uint8_t *report_data, cof_decision *out, cof_err *err);

/**
 * type is what the evidence proved to be, or, when it is not genuine, what it looks like.
 * {"verdict":"accepted"|"refused","type":"tdx","hardware"?,"status":"OutOfDate","code":"OK",
 * "reason":"","advisories":[…],"checks":[{"name","source","expected","actual","ok"}],"claims":{…}}.
 * status is the vendor's rating where there is one ("UpToDate", "Revoked", …), else "Genuine"
 * (genuine, not rated) or, when not genuine, the code. code is a name of the status table.
 *
 * @param claims   object, borrowed; NULL: {}
 * @param out      the caller owns it
 * @return COF_OK, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_decision_to_json(const cof_decision *decision, const json_t *claims,
                                             json_t **out, cof_err *err);

#endif
