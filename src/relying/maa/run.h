/* One evaluation: its claims, what it may still cost, and what it has issued. */
#ifndef COF_RELYING_MAA_RUN_H
#define COF_RELYING_MAA_RUN_H

#include "relying/maa/budget.h"
#include "relying/maa/tree.h"
#include "tcb/wire/json.h"

enum { COF_MAA_CLAIMS_MAX = 4096 };

typedef enum cof_maa_issuer { COF_MAA_BY_SERVICE, COF_MAA_BY_POLICY } cof_maa_issuer;

/** A claim. Its value is a string, an integer or a boolean; or JSON (an object or an array), which
 * the policy sees as its text. */
typedef struct cof_maa_claim {
    const char *type; /* borrowed from the incoming claims or the policy */
    json_t *value;
    cof_maa_issuer issuer;
    bool is_read_only; /* may be tested, not issued */
} cof_maa_claim;

typedef struct cof_maa_run {
    const cof_maa_policy *policy;
    cof_maa_claim *claims;
    size_t count, capacity;
    cof_maa_budget budget;
    json_t *issued;     /* type -> array of values */
    json_t *properties; /* likewise */
} cof_maa_run;

/** What an expression is: values in order, none for JSON null. */
typedef struct cof_maa_set {
    json_t *items; /* array */
    bool is_read_only;
} cof_maa_set;

/** The claims that a rule has bound so far. */
typedef struct cof_maa_frame {
    const cof_maa_rule *rule;
    size_t limit;                            /* claims that were there when the rule started */
    size_t bound[COF_MAA_CONDITIONS_MAX];    /* of each condition: the claim it stands for */
    size_t *matches[COF_MAA_CONDITIONS_MAX]; /* and all claims that satisfy it */
    size_t match_count[COF_MAA_CONDITIONS_MAX];
} cof_maa_frame;

/* run_claims.c */

/** Adds what comes in: arrays element by element, null not at all. */
COF_MUST_USE cof_status cof_maa_run_import(cof_maa_run *run, const json_t *claims, cof_err *err);
/** @return COF_OK, COF_E_POLICY_EVALUATION (too many claims), COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_maa_run_add(cof_maa_run *run, const cof_maa_claim *claim, cof_err *err);
void cof_maa_run_free(cof_maa_run *run);

/** The text of type, valueType or issuer. */
const char *cof_maa_claim_text(const cof_maa_claim *claim, cof_maa_property property);

/** A value as the policy sees it: JSON becomes its text. The caller owns it. */
COF_MUST_USE cof_status cof_maa_plain(cof_maa_run *run, json_t *value, json_t **out, cof_err *err);

/** Same type and same value. */
COF_MUST_USE cof_status cof_maa_equal(cof_maa_run *run, json_t *a, json_t *b, bool *out,
                                      cof_err *err);

/* run_expr.c */

/** Evaluates an expression. as_set: an identifier stands for all its claims. Free with
 * cof_maa_set_free. */
COF_MUST_USE cof_status cof_maa_expr_evaluate(cof_maa_run *run, const cof_maa_frame *frame,
                                              const cof_maa_expr *expr, bool as_set,
                                              cof_maa_set *out, cof_err *err);
void cof_maa_set_free(cof_maa_set *set);

/* run_call.c */

COF_MUST_USE cof_status cof_maa_call(cof_maa_run *run, cof_maa_function function,
                                     const cof_maa_set *arguments, cof_maa_set *out, cof_err *err);

/* run_match.c */

typedef cof_status (*cof_maa_fire)(void *context, const cof_maa_frame *frame, cof_err *err);

/** Calls fire for each combination of claims that satisfies a rule's conditions and that its action
 * can tell apart. fire may add claims: this rule does not see them. */
COF_MUST_USE cof_status cof_maa_match(cof_maa_run *run, const cof_maa_rule *rule, cof_maa_fire fire,
                                      void *context, cof_err *err);

#endif
