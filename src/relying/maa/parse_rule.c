#include "relying/maa/parser.h"

/* Marks the conditions whose claims an expression needs one by one. */
static void mark_iterated(cof_maa_rule *rule, const cof_maa_expr *expr, bool as_set, bool in_action)
{
    if (expr->kind == COF_MAA_CLAIM && !as_set) {
        cof_maa_condition *condition = rule->conditions[expr->condition];
        condition->is_iterated = true;
        condition->is_in_key = condition->is_in_key || in_action;
    }
    if (expr->kind == COF_MAA_CALL) {
        for (size_t i = 0; i < cof_maa_function_arguments(expr->function); i++) {
            mark_iterated(rule, expr->arguments[i], cof_maa_takes_set(expr->function, i),
                          in_action);
        }
    }
}

static bool uses_set(const cof_maa_expr *expr, bool as_set)
{
    if (expr->kind == COF_MAA_CLAIM) {
        return as_set;
    }
    bool found = false;
    if (expr->kind == COF_MAA_CALL) {
        for (size_t i = 0; i < cof_maa_function_arguments(expr->function); i++) {
            found = found || uses_set(expr->arguments[i], cof_maa_takes_set(expr->function, i));
        }
    }
    return found;
}

static void mark_action(cof_maa_rule *rule)
{
    const cof_maa_action *action = &rule->action;
    if (action->has_claim) {
        rule->conditions[action->condition]->is_iterated = true;
        rule->conditions[action->condition]->is_in_key = true;
    }
    if (action->value == NULL) {
        return;
    }
    mark_iterated(rule, action->value, false, true);
    /* A set may depend on any claim that is gone through before it: then each of them counts. */
    for (size_t i = 0; uses_set(action->value, false) && i < rule->condition_count; i++) {
        rule->conditions[i]->is_in_key = rule->conditions[i]->is_iterated;
    }
}

static cof_status parse_operator(cof_maa_parser *parser, cof_maa_test *test)
{
    for (int i = COF_MAA_EQUAL; i <= COF_MAA_GREATER_OR_EQUAL; i++) {
        if (cof_maa_token_is(&parser->token, cof_maa_operator_name((cof_maa_operator)i))) {
            test->op = (cof_maa_operator)i;
            return cof_maa_step(parser);
        }
    }
    if (cof_maa_token_is(&parser->token, "=")) {
        test->op = COF_MAA_EQUAL;
        test->has_single_equals = true;
        return cof_maa_step(parser);
    }
    return cof_maa_unexpected(parser, "'==', '!=', '<', '<=', '>' or '>='");
}

/* Types that can never fit are refused while the policy is read. */
static cof_status check_test(cof_maa_parser *parser, const cof_maa_test *test)
{
    const cof_maa_expr_kind kind = test->expr->kind;
    const bool is_literal =
        kind == COF_MAA_STRING || kind == COF_MAA_INTEGER || kind == COF_MAA_BOOLEAN;
    const bool is_ordered = test->op != COF_MAA_EQUAL && test->op != COF_MAA_NOT_EQUAL;
    if (test->property != COF_MAA_VALUE && is_ordered) {
        return cof_maa_syntax(parser->lexer.out_place, test->place, parser->err,
                              "%s is text: it can be == or != only",
                              cof_maa_property_name(test->property));
    }
    if (test->property != COF_MAA_VALUE && is_literal && kind != COF_MAA_STRING) {
        return cof_maa_syntax(parser->lexer.out_place, test->expr->place, parser->err,
                              "%s is compared with a string",
                              cof_maa_property_name(test->property));
    }
    if (is_ordered && is_literal && kind != COF_MAA_INTEGER) {
        return cof_maa_syntax(parser->lexer.out_place, test->expr->place, parser->err,
                              "%s compares whole numbers only", cof_maa_operator_name(test->op));
    }
    return COF_OK;
}

static cof_status parse_test(cof_maa_parser *parser, const cof_maa_rule *rule, cof_maa_test *test)
{
    test->place = parser->token.place;
    COF_TRY(cof_maa_parse_property(parser, &test->property));
    COF_TRY(parse_operator(parser, test));
    COF_TRY(cof_maa_parse_expr(parser, rule, &test->expr));
    return check_test(parser, test);
}

static cof_status parse_name(cof_maa_parser *parser, const cof_maa_rule *rule,
                             cof_maa_condition *condition)
{
    const cof_maa_token name = parser->token;
    if (condition->is_negated) {
        return cof_maa_unexpected(parser, "'[' (what is absent has no identifier)");
    }
    COF_TRY(cof_maa_parse_identifier(parser, &condition->name));
    for (size_t i = 0; i < rule->condition_count; i++) {
        const char *other = rule->conditions[i]->name;
        if (other != NULL && cof_view_equal(cof_view_text(other), name.text)) {
            char shown[COF_MAA_SHOWN_BYTES];
            return cof_maa_syntax(parser->lexer.out_place, name.place, parser->err,
                                  "%s is bound twice", cof_maa_token_show(&name, shown));
        }
    }
    return cof_maa_expect(parser, ":");
}

static cof_status parse_condition(cof_maa_parser *parser, cof_maa_rule *rule)
{
    if (rule->condition_count == COF_MAA_CONDITIONS_MAX) {
        return COF_FAIL(parser->err, LIMIT, "a rule has at most %d conditions",
                        COF_MAA_CONDITIONS_MAX);
    }
    void *place = NULL;
    COF_TRY(cof_maa_take(parser->policy, sizeof(cof_maa_condition), &place, parser->err));
    cof_maa_condition *condition = place;
    condition->place = parser->token.place;
    if (cof_maa_token_is(&parser->token, "!")) {
        if (parser->policy->minor < 2) {
            return cof_maa_syntax(parser->lexer.out_place, parser->token.place, parser->err,
                                  "'!' needs version 1.2");
        }
        condition->is_negated = true;
        COF_TRY(cof_maa_step(parser));
    }
    if (parser->token.kind == COF_MAA_TOKEN_NAME) {
        COF_TRY(parse_name(parser, rule, condition));
    }
    COF_TRY(cof_maa_expect(parser, "["));
    for (;;) {
        if (condition->test_count == COF_MAA_TESTS_MAX) {
            return COF_FAIL(parser->err, LIMIT, "a condition has at most %d tests",
                            COF_MAA_TESTS_MAX);
        }
        cof_maa_test *test = &condition->tests[condition->test_count];
        COF_TRY(parse_test(parser, rule, test));
        mark_iterated(rule, test->expr, false, false);
        condition->test_count++;
        if (!cof_maa_token_is(&parser->token, ",")) {
            break;
        }
        COF_TRY(cof_maa_step(parser));
    }
    COF_TRY(cof_maa_expect(parser, "]"));
    rule->conditions[rule->condition_count++] = condition;
    return COF_OK;
}

static bool is_allowed(cof_maa_section section, cof_maa_verb verb)
{
    static const bool allowed[COF_MAA_SECTIONS][COF_MAA_VERBS] = {
        [COF_MAA_CONFIGURATION] = {[COF_MAA_ISSUE_PROPERTY] = true},
        [COF_MAA_AUTHORIZATION] =
            {[COF_MAA_PERMIT] = true, [COF_MAA_DENY] = true, [COF_MAA_ADD] = true},
        [COF_MAA_ISSUANCE] =
            {[COF_MAA_ADD] = true, [COF_MAA_ISSUE] = true, [COF_MAA_ISSUE_PROPERTY] = true},
    };
    return allowed[section][verb];
}

static cof_status parse_verb(cof_maa_parser *parser, cof_maa_verb *out)
{
    for (int i = 0; i < COF_MAA_VERBS; i++) {
        const char *name = cof_maa_verb_name((cof_maa_verb)i);
        if (!cof_maa_token_is(&parser->token, name)) {
            continue;
        }
        if (!is_allowed(parser->section, (cof_maa_verb)i)) {
            return cof_maa_syntax(parser->lexer.out_place, parser->token.place, parser->err,
                                  "%s is not an action of %s", name,
                                  cof_maa_section_name(parser->section));
        }
        *out = (cof_maa_verb)i;
        return cof_maa_step(parser);
    }
    return cof_maa_unexpected(parser, "permit, deny, add, issue or issueproperty");
}

/* claim = identifier */
static cof_status parse_whole_claim(cof_maa_parser *parser, const cof_maa_rule *rule,
                                    cof_maa_action *action)
{
    COF_TRY(cof_maa_step(parser));
    COF_TRY(cof_maa_expect(parser, "="));
    const cof_maa_token name = parser->token;
    const char *text = NULL;
    COF_TRY(cof_maa_parse_identifier(parser, &text));
    for (size_t i = 0; i < rule->condition_count; i++) {
        const char *bound = rule->conditions[i]->name;
        if (bound != NULL && cof_view_equal(cof_view_text(bound), name.text)) {
            action->has_claim = true;
            action->condition = i;
            return COF_OK;
        }
    }
    char shown[COF_MAA_SHOWN_BYTES];
    return cof_maa_syntax(parser->lexer.out_place, name.place, parser->err,
                          "no condition of this rule binds %s", cof_maa_token_show(&name, shown));
}

/* type = string , value = expression */
static cof_status parse_new_claim(cof_maa_parser *parser, const cof_maa_rule *rule,
                                  cof_maa_action *action)
{
    COF_TRY(cof_maa_expect(parser, "type"));
    COF_TRY(cof_maa_expect(parser, "="));
    COF_TRY(cof_maa_parse_string(parser, "a string", &action->type));
    COF_TRY(cof_maa_expect(parser, ","));
    COF_TRY(cof_maa_expect(parser, "value"));
    COF_TRY(cof_maa_expect(parser, "="));
    return cof_maa_parse_expr(parser, rule, &action->value);
}

static cof_status parse_action(cof_maa_parser *parser, cof_maa_rule *rule)
{
    cof_maa_action *action = &rule->action;
    action->place = parser->token.place;
    COF_TRY(parse_verb(parser, &action->verb));
    COF_TRY(cof_maa_expect(parser, "("));
    if (action->verb == COF_MAA_PERMIT || action->verb == COF_MAA_DENY) {
        return cof_maa_expect(parser, ")");
    }
    if (cof_maa_token_is(&parser->token, "claim")) {
        COF_TRY(parse_whole_claim(parser, rule, action));
    } else if (cof_maa_token_is(&parser->token, "type")) {
        COF_TRY(parse_new_claim(parser, rule, action));
    } else {
        return cof_maa_unexpected(parser, "claim or type");
    }
    return cof_maa_expect(parser, ")");
}

cof_status cof_maa_parse_rule(cof_maa_parser *parser, cof_maa_rule **out)
{
    void *place = NULL;
    COF_TRY(cof_maa_take(parser->policy, sizeof(cof_maa_rule), &place, parser->err));
    cof_maa_rule *rule = place;
    rule->place = parser->token.place;
    if (!cof_maa_token_is(&parser->token, "=>")) {
        COF_TRY(parse_condition(parser, rule));
        while (cof_maa_token_is(&parser->token, "&&")) {
            COF_TRY(cof_maa_step(parser));
            COF_TRY(parse_condition(parser, rule));
        }
    }
    COF_TRY(cof_maa_expect(parser, "=>"));
    COF_TRY(parse_action(parser, rule));
    COF_TRY(cof_maa_expect(parser, ";"));
    mark_action(rule);
    *out = rule;
    return COF_OK;
}
