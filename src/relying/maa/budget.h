/* What one evaluation may cost: a policy and its claims come from outside. */
#ifndef COF_RELYING_MAA_BUDGET_H
#define COF_RELYING_MAA_BUDGET_H

#include <stddef.h>

#include "tcb/base/status.h"

enum {
    COF_MAA_STEPS = 1000 * 1000,          /* claims tested, nodes of queries evaluated, ... */
    COF_MAA_TEXT_BYTES = 1024 * 1024,     /* one string */
    COF_MAA_MADE_BYTES = 16 * 1024 * 1024 /* all strings that functions make and read */
};

typedef struct cof_maa_budget {
    size_t steps;
    size_t bytes;
} cof_maa_budget;

/** Takes from what is left. @return COF_OK, COF_E_POLICY_EVALUATION. */
COF_MUST_USE static inline cof_status cof_maa_spend(cof_maa_budget *budget, size_t steps,
                                                    size_t bytes, cof_err *err)
{
    if (budget->steps < steps || budget->bytes < bytes) {
        budget->steps = 0;
        return COF_FAIL(err, POLICY_EVALUATION, "the policy takes more than %d steps or %d bytes",
                        COF_MAA_STEPS, COF_MAA_MADE_BYTES);
    }
    budget->steps -= steps;
    budget->bytes -= bytes;
    return COF_OK;
}

#endif
