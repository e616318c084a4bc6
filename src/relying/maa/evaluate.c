#include <string.h>

#include "relying/maa/run.h"

typedef struct evaluation {
    cof_maa_run run;
    cof_maa_outcome outcome;
    const cof_maa_rule *rule;
    size_t number; /* of the rule in its section, from 1 */
} evaluation;

static void free_evaluation(evaluation *e)
{
    cof_maa_run_free(&e->run);
    cof_maa_outcome_free(&e->outcome);
}

static cof_status start(const cof_maa_policy *policy, evaluation *e, cof_err *err)
{
    e->run = (cof_maa_run){
        .policy = policy,
        .budget = {.steps = COF_MAA_STEPS, .bytes = COF_MAA_MADE_BYTES},
        .issued = json_object(),
        .properties = json_object(),
    };
    if (e->run.issued == NULL || e->run.properties == NULL) {
        return COF_FAIL(err, NO_MEMORY, "attestation policy");
    }
    return COF_OK;
}

/* Adds a value to those of a type. */
static cof_status collect(json_t *into, const char *type, json_t *value, cof_err *err)
{
    json_t *list = json_object_get(into, type);
    if (list == NULL) {
        list = json_array();
        COF_TRY(cof_json_set(into, type, list, err));
    }
    return cof_json_append(list, json_incref(value), err);
}

static cof_status put(evaluation *e, const char *type, const cof_maa_set *set, cof_err *err)
{
    const cof_maa_verb verb = e->rule->action.verb;
    if (verb != COF_MAA_ADD && set->is_read_only) {
        return COF_FAIL(err, POLICY_EVALUATION,
                        "line %zu, column %zu: a read-only claim cannot be issued",
                        e->rule->action.place.line, e->rule->action.place.column);
    }
    for (size_t i = 0; i < json_array_size(set->items); i++) {
        json_t *value = json_array_get(set->items, i);
        const cof_maa_claim claim = {.type = type,
                                     .value = value,
                                     .issuer = COF_MAA_BY_POLICY,
                                     .is_read_only = set->is_read_only};
        COF_TRY(cof_maa_run_add(&e->run, &claim, err));
        if (verb == COF_MAA_ISSUE) {
            COF_TRY(collect(e->run.issued, type, value, err));
        }
        if (verb == COF_MAA_ISSUE_PROPERTY) {
            COF_TRY(collect(e->run.properties, type, value, err));
        }
    }
    return COF_OK;
}

static cof_status put_claim(evaluation *e, const cof_maa_frame *frame, cof_err *err)
{
    const cof_maa_claim *claim = &e->run.claims[frame->bound[e->rule->action.condition]];
    COF_JSON json_t *items = json_pack("[O]", claim->value);
    if (items == NULL) {
        return COF_FAIL(err, NO_MEMORY, "claims");
    }
    const cof_maa_set set = {.items = items, .is_read_only = claim->is_read_only};
    return put(e, claim->type, &set, err);
}

static cof_status act(void *context, const cof_maa_frame *frame, cof_err *err)
{
    evaluation *e = context;
    const cof_maa_action *action = &e->rule->action;
    if (action->verb == COF_MAA_PERMIT) {
        e->outcome.rule = e->outcome.is_permitted ? e->outcome.rule : e->number;
        e->outcome.is_permitted = true;
        return COF_OK;
    }
    if (action->verb == COF_MAA_DENY) {
        e->outcome.is_denied = true;
        e->outcome.rule = e->number;
        return COF_OK;
    }
    if (action->has_claim) {
        return put_claim(e, frame, err);
    }
    COF_CLEANUP(cof_maa_set_free) cof_maa_set set = {0};
    COF_TRY(cof_maa_expr_evaluate(&e->run, frame, action->value, false, &set, err));
    return put(e, action->type, &set, err);
}

/* The rules of a section in the order of the text, until one denies. */
static cof_status run_section(evaluation *e, cof_maa_section section, bool unconditional_only,
                              cof_err *err)
{
    const cof_maa_rule *rule = e->run.policy->blocks[section].first;
    for (e->number = 1; rule != NULL && !e->outcome.is_denied; rule = rule->next, e->number++) {
        e->rule = rule;
        if (!unconditional_only || rule->condition_count == 0) {
            COF_TRY(cof_maa_match(&e->run, rule, act, e, err));
        }
    }
    return COF_OK;
}

/* One value stands for itself, several as an array. */
static cof_status collapse(const json_t *lists, json_t **out, cof_err *err)
{
    COF_JSON json_t *object = json_object();
    const char *type = NULL;
    json_t *list = NULL;
    if (object == NULL) {
        return COF_FAIL(err, NO_MEMORY, "claims");
    }
    json_object_foreach((json_t *)(uintptr_t)lists, type, list)
    {
        json_t *value = json_array_size(list) == 1 ? json_array_get(list, 0) : list;
        COF_TRY(cof_json_set(object, type, json_incref(value), err));
    }
    *out = json_incref(object);
    return COF_OK;
}

cof_status cof_maa_evaluate(const cof_maa_policy *policy, const json_t *claims,
                            cof_maa_outcome *out, cof_err *err)
{
    COF_CLEANUP(free_evaluation) evaluation e = {0};
    if (!json_is_object(claims)) {
        return COF_FAIL(err, BAD_ARGUMENT, "claims are not an object");
    }
    COF_TRY(start(policy, &e, err));
    COF_TRY(cof_maa_run_import(&e.run, claims, err));
    COF_TRY(run_section(&e, COF_MAA_CONFIGURATION, false, err));
    COF_TRY(run_section(&e, COF_MAA_AUTHORIZATION, false, err));
    e.outcome.is_permitted = e.outcome.is_permitted && !e.outcome.is_denied;
    const size_t rule = e.outcome.rule;
    if (e.outcome.is_permitted) {
        COF_TRY(run_section(&e, COF_MAA_ISSUANCE, false, err));
    }
    COF_TRY(collapse(e.run.issued, &e.outcome.issued, err));
    COF_TRY(collapse(e.run.properties, &e.outcome.properties, err));
    *out = e.outcome;
    out->rule = rule;
    e.outcome = (cof_maa_outcome){0};
    return COF_OK;
}

cof_status cof_maa_configuration(const cof_maa_policy *policy, json_t **out, cof_err *err)
{
    COF_CLEANUP(free_evaluation) evaluation e = {0};
    COF_TRY(start(policy, &e, err));
    COF_TRY(run_section(&e, COF_MAA_CONFIGURATION, true, err));
    return collapse(e.run.properties, out, err);
}

void cof_maa_outcome_free(cof_maa_outcome *outcome)
{
    json_decref(outcome->issued);
    json_decref(outcome->properties);
    *outcome = (cof_maa_outcome){0};
}
