/*
 * Implementation notes: rules are gone through in the order of the text. What is sure when a rule
 * fires is what its conditions make sure, together; a condition on a claim that earlier rules add
 * makes sure what every one of those rules does. A deny() with a single condition makes sure the
 * opposite of it for every permit().
 */
#include <stdio.h>
#include <string.h>

#include "relying/maa/tree.h"
#include "relying/policy/lint_internal.h"

enum { WHERE_BYTES = 48 };

typedef struct rule_facts {
    const cof_maa_rule *rule;
    unsigned facts;
    bool is_possible;
} rule_facts;

typedef struct linter {
    const cof_maa_policy *policy;
    json_t *findings;
    cof_err *err;
    rule_facts rules[COF_MAA_RULES_MAX]; /* of authorizationrules */
    size_t count;
    unsigned denied; /* facts that deny() rules make sure */
    bool is_always_denied;
} linter;

static const char *at(cof_maa_place place, char out[static WHERE_BYTES])
{
    (void)snprintf(out, WHERE_BYTES, "%zu:%zu", place.line, place.column);
    return out;
}

/* The type that a condition names with ==, or NULL. */
static const char *type_of(const cof_maa_condition *condition)
{
    for (size_t i = 0; i < condition->test_count; i++) {
        const cof_maa_test *test = &condition->tests[i];
        if (test->property == COF_MAA_TYPE && test->op == COF_MAA_EQUAL &&
            test->expr->kind == COF_MAA_STRING) {
            return test->expr->text;
        }
    }
    return NULL;
}

static bool is_literal(const cof_maa_expr *expr)
{
    return expr->kind == COF_MAA_STRING || expr->kind == COF_MAA_INTEGER ||
           expr->kind == COF_MAA_BOOLEAN;
}

static bool same_literal(const cof_maa_expr *a, const cof_maa_expr *b)
{
    return a->kind == b->kind &&
           (a->kind == COF_MAA_STRING ? strcmp(a->text, b->text) == 0 : a->integer == b->integer);
}

static json_t *json_of(const cof_maa_expr *expr, bool is_negated)
{
    if (expr->kind == COF_MAA_STRING) {
        return json_string(expr->text);
    }
    return expr->kind == COF_MAA_INTEGER ? json_integer(expr->integer)
                                         : json_boolean((expr->integer != 0) != is_negated);
}

/* What one test of a value makes sure of a claim of this type. */
static cof_status test_fact(const linter *l, const char *type, const cof_maa_test *test,
                            unsigned *facts)
{
    const bool is_opposite = test->op == COF_MAA_NOT_EQUAL && test->expr->kind == COF_MAA_BOOLEAN;
    if (test->property != COF_MAA_VALUE) {
        return COF_OK;
    }
    if (!is_literal(test->expr) || (test->op != COF_MAA_EQUAL && !is_opposite)) {
        /* A bound, or a value that is computed: something is asked of the claim. */
        *facts |= test->op == COF_MAA_NOT_EQUAL ? 0U : cof_lint_fact(type, NULL);
        return COF_OK;
    }
    COF_JSON json_t *value = json_of(test->expr, is_opposite);
    if (value == NULL) {
        return COF_FAIL(l->err, NO_MEMORY, "findings");
    }
    *facts |= cof_lint_fact(type, value);
    return COF_OK;
}

/* Claims of the attestation service count only when no other issuer is asked for. */
static bool is_from_service(const cof_maa_condition *condition)
{
    for (size_t i = 0; i < condition->test_count; i++) {
        const cof_maa_test *test = &condition->tests[i];
        if (test->property == COF_MAA_ISSUER &&
            (test->op != COF_MAA_EQUAL || test->expr->kind != COF_MAA_STRING ||
             strcmp(test->expr->text, "AttestationService") != 0)) {
            return false;
        }
    }
    return true;
}

/* The type that a rule adds, or NULL. */
static const char *added_type(const cof_maa_rule *rule)
{
    if (rule->action.verb != COF_MAA_ADD) {
        return NULL;
    }
    return rule->action.has_claim ? type_of(rule->conditions[rule->action.condition])
                                  : rule->action.type;
}

/* Can a rule's new claim meet a condition? Not when both values are given and differ. */
static bool can_meet(const cof_maa_rule *rule, const cof_maa_condition *condition)
{
    const cof_maa_expr *made = rule->action.value;
    for (size_t i = 0; made != NULL && is_literal(made) && i < condition->test_count; i++) {
        const cof_maa_test *test = &condition->tests[i];
        if (test->property == COF_MAA_VALUE && test->op == COF_MAA_EQUAL &&
            is_literal(test->expr) && !same_literal(made, test->expr)) {
            return false;
        }
    }
    return true;
}

/* What every earlier rule that may have added such a claim makes sure. */
static unsigned added_facts(const linter *l, const cof_maa_condition *condition, const char *type)
{
    unsigned facts = 0;
    bool is_first = true;
    for (size_t i = 0; i < l->count; i++) {
        const char *added = added_type(l->rules[i].rule);
        if (added == NULL || strcmp(added, type) != 0 || !l->rules[i].is_possible ||
            !can_meet(l->rules[i].rule, condition)) {
            continue;
        }
        facts = is_first ? l->rules[i].facts : facts & l->rules[i].facts;
        is_first = false;
    }
    return facts;
}

static cof_status condition_facts(const linter *l, const cof_maa_condition *condition,
                                  unsigned *facts)
{
    const char *type = type_of(condition);
    if (type == NULL) {
        return COF_OK;
    }
    for (size_t i = 0; is_from_service(condition) && i < condition->test_count; i++) {
        COF_TRY(test_fact(l, type, &condition->tests[i], facts));
    }
    *facts |= added_facts(l, condition, type);
    return COF_OK;
}

/* The facts of the opposite of a test that denies: == becomes !=, and true false. */
static cof_status denied_facts(const linter *l, const cof_maa_condition *condition, unsigned *facts)
{
    const char *type = type_of(condition);
    if (type == NULL) {
        return COF_OK;
    }
    if (condition->is_negated) {
        cof_maa_condition positive = *condition;
        positive.is_negated = false;
        return condition_facts(l, &positive, facts);
    }
    for (size_t i = 0; condition->test_count == 2 && i < 2; i++) {
        cof_maa_test test = condition->tests[i];
        if (test.op == COF_MAA_EQUAL || test.op == COF_MAA_NOT_EQUAL) {
            test.op = test.op == COF_MAA_EQUAL ? COF_MAA_NOT_EQUAL : COF_MAA_EQUAL;
            COF_TRY(test_fact(l, type, &test, facts));
        } else {
            *facts |= cof_lint_fact(type, NULL);
        }
    }
    return COF_OK;
}

/* Two tests that no claim meets both? */
static bool contradict(const cof_maa_test *a, const cof_maa_test *b)
{
    if (a->property != b->property || !is_literal(a->expr) || !is_literal(b->expr)) {
        return false;
    }
    const bool is_same = same_literal(a->expr, b->expr);
    if (a->op == COF_MAA_EQUAL && b->op == COF_MAA_EQUAL) {
        return !is_same;
    }
    if (a->op == COF_MAA_EQUAL && b->op == COF_MAA_NOT_EQUAL) {
        return is_same;
    }
    if (a->op == COF_MAA_NOT_EQUAL || b->op == COF_MAA_NOT_EQUAL) {
        return false;
    }
    if (a->expr->kind != COF_MAA_INTEGER || b->expr->kind != COF_MAA_INTEGER) {
        return true; /* an order and text */
    }
    const int64_t low = a->expr->integer;
    const int64_t high = b->expr->integer;
    const bool has_low =
        a->op == COF_MAA_GREATER || a->op == COF_MAA_GREATER_OR_EQUAL || a->op == COF_MAA_EQUAL;
    const bool has_high =
        b->op == COF_MAA_LESS || b->op == COF_MAA_LESS_OR_EQUAL || b->op == COF_MAA_EQUAL;
    const bool is_open = a->op == COF_MAA_GREATER || b->op == COF_MAA_LESS;
    const bool is_empty_gap =
        a->op == COF_MAA_GREATER && b->op == COF_MAA_LESS && low < high && low + 1 == high;
    return has_low && has_high && (is_open ? low >= high || is_empty_gap : low > high);
}

static bool any_contradict(const cof_maa_condition *a, const cof_maa_condition *b)
{
    for (size_t i = 0; i < a->test_count; i++) {
        for (size_t k = 0; k < b->test_count; k++) {
            if (contradict(&a->tests[i], &b->tests[k])) {
                return true;
            }
        }
    }
    return false;
}

/* Can all conditions of a rule be met at once? Claims of the service have one value each. */
static bool is_possible(const cof_maa_rule *rule, const cof_maa_condition **out_culprit)
{
    for (size_t i = 0; i < rule->condition_count; i++) {
        const cof_maa_condition *a = rule->conditions[i];
        *out_culprit = a;
        if (!a->is_negated && any_contradict(a, a)) {
            return false;
        }
        const char *type = type_of(a);
        for (size_t k = 0; type != NULL && k < rule->condition_count; k++) {
            const cof_maa_condition *b = rule->conditions[k];
            const char *other = type_of(b);
            if (!a->is_negated && !b->is_negated && other != NULL && strcmp(type, other) == 0 &&
                cof_lint_is_service_claim(type) && is_from_service(a) && is_from_service(b) &&
                any_contradict(a, b)) {
                return false;
            }
        }
    }
    return true;
}

static cof_status lint_words(const linter *l, const cof_maa_rule *rule)
{
    char where[WHERE_BYTES];
    for (size_t i = 0; i < rule->condition_count; i++) {
        const cof_maa_condition *condition = rule->conditions[i];
        for (size_t k = 0; k < condition->test_count; k++) {
            if (condition->tests[k].has_single_equals) {
                COF_TRY(cof_lint_add(l->findings, "single-equals", COF_LINT_WARNING,
                                     at(condition->tests[k].place, where), l->err,
                                     "a condition compares with ==: Azure may refuse ="));
            }
        }
    }
    return COF_OK;
}

static cof_status lint_conditions(const linter *l, const cof_maa_rule *rule, unsigned facts)
{
    char where[WHERE_BYTES];
    for (size_t i = 0; i < rule->condition_count; i++) {
        if (type_of(rule->conditions[i]) == NULL) {
            COF_TRY(cof_lint_add(l->findings, "any-claim", COF_LINT_WARNING,
                                 at(rule->conditions[i]->place, where), l->err,
                                 "the condition does not say which type of claim it means"));
        }
    }
    if ((facts & COF_FACT_SIMULATED) != 0) {
        return cof_lint_add(l->findings, "simulated", COF_LINT_WARNING, at(rule->place, where),
                            l->err,
                            "permits a simulated platform: it protects nothing from its host");
    }
    return COF_OK;
}

/* Takes a rule of authorizationrules in. */
static cof_status take_rule(linter *l, const cof_maa_rule *rule)
{
    char where[WHERE_BYTES];
    const cof_maa_condition *culprit = NULL;
    rule_facts *entry = &l->rules[l->count];
    *entry = (rule_facts){.rule = rule, .is_possible = is_possible(rule, &culprit)};
    if (!entry->is_possible) {
        COF_TRY(cof_lint_add(l->findings, "contradiction", COF_LINT_WARNING,
                             at(culprit->place, where), l->err,
                             "no claim can meet this condition: the rule never runs"));
    }
    for (size_t i = 0; i < rule->condition_count; i++) {
        if (!rule->conditions[i]->is_negated) {
            COF_TRY(condition_facts(l, rule->conditions[i], &entry->facts));
        }
    }
    entry->facts = cof_lint_closed(entry->facts);
    if (rule->action.verb == COF_MAA_DENY && rule->condition_count == 0) {
        l->is_always_denied = true;
        COF_TRY(cof_lint_add(l->findings, "never-met", COF_LINT_ERROR, at(rule->place, where),
                             l->err, "everything is denied"));
    }
    if (rule->action.verb == COF_MAA_DENY && rule->condition_count == 1) {
        COF_TRY(denied_facts(l, rule->conditions[0], &l->denied));
    } else if (rule->action.verb != COF_MAA_DENY) {
        COF_TRY(lint_conditions(l, rule, entry->facts));
    }
    l->count++;
    return COF_OK;
}

static cof_status lint_permit(const linter *l, const rule_facts *permit, bool has_baseline)
{
    char where[WHERE_BYTES];
    const unsigned facts = cof_lint_closed(permit->facts | l->denied);
    at(permit->rule->place, where);
    if ((facts & COF_FACT_NOT_DEBUG) == 0) {
        COF_TRY(cof_lint_add(
            l->findings, "accepts-debug",
            (facts & COF_FACT_COMPLIANT) != 0 ? COF_LINT_WARNING : COF_LINT_ERROR, where, l->err,
            "permits a debuggable enclave or VM: no condition is-debuggable == false"));
    }
    if ((facts & COF_FACT_MEASURED) == 0) {
        COF_TRY(cof_lint_add(l->findings, "any-measurement", COF_LINT_WARNING, where, l->err,
                             "permits any program: no condition on MRENCLAVE, MRSIGNER with the "
                             "product, MRTD, launch measurement or PCRs; then the release policy "
                             "must have one"));
    }
    if ((facts & COF_FACT_TCB) == 0 && !has_baseline) {
        COF_TRY(cof_lint_add(l->findings, "stale-tcb", COF_LINT_INFO, where, l->err,
                             "no condition on the TCB, and no x-ms-sgx-tcbidentifier: the "
                             "service's own baseline counts"));
    }
    return COF_OK;
}

static bool names_baseline(const cof_maa_policy *policy)
{
    const cof_maa_rule *rule = policy->blocks[COF_MAA_CONFIGURATION].first;
    for (; rule != NULL; rule = rule->next) {
        if (rule->action.type != NULL && strcmp(rule->action.type, "x-ms-sgx-tcbidentifier") == 0) {
            return true;
        }
    }
    return false;
}

static cof_status lint_policy(linter *l)
{
    const cof_maa_block *block = &l->policy->blocks[COF_MAA_AUTHORIZATION];
    size_t permits = 0;
    char where[WHERE_BYTES];
    for (int i = 0; i < COF_MAA_SECTIONS; i++) {
        for (const cof_maa_rule *r = l->policy->blocks[i].first; r != NULL; r = r->next) {
            COF_TRY(lint_words(l, r));
        }
    }
    for (const cof_maa_rule *rule = block->first; rule != NULL; rule = rule->next) {
        COF_TRY(take_rule(l, rule));
    }
    for (size_t i = 0; i < l->count && !l->is_always_denied; i++) {
        if (l->rules[i].rule->action.verb == COF_MAA_PERMIT && l->rules[i].is_possible) {
            COF_TRY(lint_permit(l, &l->rules[i], names_baseline(l->policy)));
            permits++;
        }
    }
    if (permits > 0 || l->is_always_denied) {
        return COF_OK;
    }
    return cof_lint_add(l->findings, "never-met", COF_LINT_ERROR,
                        block->is_present ? at(block->place, where) : "authorizationrules", l->err,
                        "no rule can permit anything");
}

cof_status cof_lint_attestation(cof_view text, json_t *findings, cof_err *err)
{
    COF_CLEANUP(cof_maa_policy_drop_) cof_maa_policy *policy = NULL;
    cof_maa_place place = {0};
    cof_err why = {0};
    char where[WHERE_BYTES];
    const cof_status status = cof_maa_parse(text, &policy, &place, &why);
    if (status == COF_E_NO_MEMORY) {
        return COF_FAIL(err, NO_MEMORY, "attestation policy");
    }
    if (status != COF_OK) {
        return cof_lint_add(findings, "syntax", COF_LINT_ERROR,
                            status == COF_E_POLICY_SYNTAX ? at(place, where) : "policy", err, "%s",
                            why.detail);
    }
    COF_CLEANUP(cof_free_drop_) linter *l = calloc(1, sizeof *l);
    if (l == NULL) {
        return COF_FAIL(err, NO_MEMORY, "attestation policy");
    }
    l->policy = policy;
    l->findings = findings;
    l->err = err;
    return lint_policy(l);
}
