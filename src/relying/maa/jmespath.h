/*
 * A bounded part of JMESPath (jmespath.org, specification of 2015): what attestation policies use.
 * docs/formats/attestation-policy.md says exactly which part; the rest is refused.
 */
#ifndef COF_RELYING_MAA_JMESPATH_H
#define COF_RELYING_MAA_JMESPATH_H

#include "relying/maa/budget.h"
#include "tcb/wire/json.h"

enum {
    COF_JMES_QUERY_BYTES = 16 * 1024,
    COF_JMES_NODES = 1024, /* of a query */
    COF_JMES_DEPTH = 32    /* brackets inside each other */
};

typedef struct cof_jmes_query cof_jmes_query;

/** Reads a query. @return COF_OK, COF_E_POLICY_EVALUATION ("JmesPath column 5: expected ']'"; also
 * when it is over a limit), COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_jmes_parse(const char *text, cof_jmes_query **out, cof_err *err);

/**
 * Evaluates a query.
 *
 * @param out  the result, JSON null when there is none; the caller owns it
 * @return COF_OK, COF_E_POLICY_EVALUATION (a function's argument has the wrong type, the budget is
 * used up), COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_jmes_search(const cof_jmes_query *query, const json_t *data,
                                        cof_maa_budget *budget, json_t **out, cof_err *err);

void cof_jmes_query_free(cof_jmes_query *query);
COF_OWNED(cof_jmes_query, cof_jmes_query_free);

#endif
