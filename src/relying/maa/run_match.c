/*
 * Implementation notes: a rule goes through combinations of claims, one claim for each condition
 * whose identifier something needs claim by claim. A condition that is only there to be met, or
 * whose identifier stands only for a set (IsSubsetOf, ContainsOnlyValue), is not gone through. Two
 * combinations that the action cannot tell apart run it once. Every claim that is looked at costs
 * a step, so the product of the sets is bounded by the budget.
 */
#include <string.h>

#include "relying/maa/run.h"

/* A combination as the action sees it: a claim, or NO_CLAIM, for each condition. */
typedef struct key {
    size_t claims[COF_MAA_CONDITIONS_MAX];
} key;

/* Combinations that have fired. */
typedef struct fired {
    key *keys;
    size_t count, capacity;
} fired;

typedef struct matcher {
    cof_maa_run *run;
    cof_maa_frame frame;
    cof_maa_fire fire;
    void *context;
    fired fired;
    bool is_done;
    cof_err *err;
} matcher;

enum { NO_CLAIM = COF_MAA_CLAIMS_MAX };

static cof_status match_from(matcher *m, size_t index);

static bool compare_integers(cof_maa_operator op, json_int_t a, json_int_t b)
{
    switch (op) {
    case COF_MAA_LESS:
        return a < b;
    case COF_MAA_LESS_OR_EQUAL:
        return a <= b;
    case COF_MAA_GREATER:
        return a > b;
    case COF_MAA_GREATER_OR_EQUAL:
        return a >= b;
    case COF_MAA_EQUAL:
    case COF_MAA_NOT_EQUAL:
        break;
    }
    return false;
}

/* Does one claim meet one test? expected: what the test's expression came to. */
static cof_status meets(matcher *m, const cof_maa_claim *claim, const cof_maa_test *test,
                        const cof_maa_set *expected, bool *out)
{
    json_t *wanted =
        json_array_size(expected->items) == 1 ? json_array_get(expected->items, 0) : NULL;
    const bool is_equality = test->op == COF_MAA_EQUAL || test->op == COF_MAA_NOT_EQUAL;
    bool is_equal = false;
    *out = false;
    if (wanted == NULL) {
        return COF_OK; /* none or several values: no comparison holds */
    }
    if (!is_equality) {
        *out = json_is_integer(claim->value) && json_is_integer(wanted) &&
               compare_integers(test->op, json_integer_value(claim->value),
                                json_integer_value(wanted));
        return COF_OK;
    }
    if (test->property == COF_MAA_VALUE) {
        COF_TRY(cof_maa_equal(m->run, claim->value, wanted, &is_equal, m->err));
    } else {
        is_equal = json_is_string(wanted) && strcmp(cof_maa_claim_text(claim, test->property),
                                                    json_string_value(wanted)) == 0;
    }
    *out = is_equal == (test->op == COF_MAA_EQUAL);
    return COF_OK;
}

typedef struct expectations {
    cof_maa_set sets[COF_MAA_TESTS_MAX];
} expectations;

static void free_expectations(expectations *e)
{
    for (size_t i = 0; i < COF_MAA_TESTS_MAX; i++) {
        cof_maa_set_free(&e->sets[i]);
    }
}

/* Does one claim meet all tests? An expression is evaluated when the first claim gets that far. */
static cof_status satisfies(matcher *m, const cof_maa_claim *claim,
                            const cof_maa_condition *condition, expectations *e, bool *out)
{
    *out = true;
    for (size_t i = 0; *out && i < condition->test_count; i++) {
        const cof_maa_test *test = &condition->tests[i];
        COF_TRY(cof_maa_spend(&m->run->budget, 1, 0, m->err));
        if (e->sets[i].items == NULL) {
            COF_TRY(
                cof_maa_expr_evaluate(m->run, &m->frame, test->expr, false, &e->sets[i], m->err));
        }
        COF_TRY(meets(m, claim, test, &e->sets[i], out));
    }
    return COF_OK;
}

/* Writes the claims that satisfy a condition; is_any: the first is enough. */
static cof_status gather(matcher *m, size_t index, bool is_any)
{
    const cof_maa_condition *condition = m->frame.rule->conditions[index];
    COF_CLEANUP(free_expectations) expectations e = {0};
    m->frame.match_count[index] = 0;
    for (size_t i = 0; i < m->frame.limit; i++) {
        bool is_match = false;
        COF_TRY(satisfies(m, &m->run->claims[i], condition, &e, &is_match));
        if (is_match) {
            m->frame.matches[index][m->frame.match_count[index]++] = i;
            if (is_any) {
                break;
            }
        }
    }
    return COF_OK;
}

/* Has the action run for this combination? If not, it is noted. */
static cof_status note(matcher *m, bool *out_is_new)
{
    key now = {{0}};
    for (size_t i = 0; i < m->frame.rule->condition_count; i++) {
        now.claims[i] = m->frame.rule->conditions[i]->is_in_key ? m->frame.bound[i] : NO_CLAIM;
    }
    COF_TRY(cof_maa_spend(&m->run->budget, 1 + m->fired.count / 4, 0, m->err));
    for (size_t i = 0; i < m->fired.count; i++) {
        if (memcmp(&m->fired.keys[i], &now, sizeof now) == 0) {
            *out_is_new = false;
            return COF_OK;
        }
    }
    if (m->fired.count == m->fired.capacity) {
        const size_t capacity = m->fired.capacity == 0 ? 16 : 2 * m->fired.capacity;
        key *keys = realloc(m->fired.keys, capacity * sizeof *keys);
        if (keys == NULL) {
            return COF_FAIL(m->err, NO_MEMORY, "claims");
        }
        m->fired.keys = keys;
        m->fired.capacity = capacity;
    }
    m->fired.keys[m->fired.count++] = now;
    *out_is_new = true;
    return COF_OK;
}

static cof_status fire(matcher *m)
{
    bool is_keyed = false;
    bool is_new = true;
    for (size_t i = 0; i < m->frame.rule->condition_count; i++) {
        is_keyed = is_keyed || m->frame.rule->conditions[i]->is_in_key;
    }
    m->is_done = !is_keyed;
    if (is_keyed) {
        COF_TRY(note(m, &is_new));
    }
    return is_new ? m->fire(m->context, &m->frame, m->err) : COF_OK;
}

static cof_status match_one(matcher *m, size_t index)
{
    const cof_maa_condition *condition = m->frame.rule->conditions[index];
    COF_TRY(gather(m, index, condition->is_negated || condition->name == NULL));
    const size_t count = m->frame.match_count[index];
    if (condition->is_negated) {
        return count == 0 ? match_from(m, index + 1) : COF_OK;
    }
    const size_t rounds = condition->is_iterated || count == 0 ? count : 1;
    for (size_t i = 0; i < rounds && !m->is_done; i++) {
        m->frame.bound[index] = m->frame.matches[index][i];
        COF_TRY(match_from(m, index + 1));
    }
    return COF_OK;
}

static cof_status match_from(matcher *m, size_t index)
{
    return index == m->frame.rule->condition_count ? fire(m) : match_one(m, index);
}

static void free_matcher(matcher *m)
{
    for (size_t i = 0; i < COF_MAA_CONDITIONS_MAX; i++) {
        free(m->frame.matches[i]);
    }
    free(m->fired.keys);
}

cof_status cof_maa_match(cof_maa_run *run, const cof_maa_rule *rule, cof_maa_fire fire_rule,
                         void *context, cof_err *err)
{
    COF_CLEANUP(free_matcher)
    matcher m = {.run = run,
                 .frame = {.rule = rule, .limit = run->count},
                 .fire = fire_rule,
                 .context = context,
                 .err = err};
    for (size_t i = 0; i < rule->condition_count; i++) {
        m.frame.matches[i] = calloc(run->count + 1, sizeof *m.frame.matches[i]);
        if (m.frame.matches[i] == NULL) {
            return COF_FAIL(err, NO_MEMORY, "claims");
        }
    }
    return match_from(&m, 0);
}
