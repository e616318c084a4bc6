#include <inttypes.h>

#include "relying/maa/tree.h"

static cof_status print_string(const char *text, cof_buf *out, cof_err *err)
{
    COF_TRY(cof_buf_append_text(out, "\"", err));
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            COF_TRY(cof_buf_append_text(out, "\\", err));
        }
        COF_TRY(cof_buf_append(out, cof_view_of(c, 1), err));
    }
    return cof_buf_append_text(out, "\"", err);
}

static cof_status print_expr(const cof_maa_rule *rule, const cof_maa_expr *expr, cof_buf *out,
                             cof_err *err)
{
    switch (expr->kind) {
    case COF_MAA_STRING:
        return print_string(expr->text, out, err);
    case COF_MAA_INTEGER:
        return cof_buf_printf(out, err, "%" PRId64, expr->integer);
    case COF_MAA_BOOLEAN:
        return cof_buf_append_text(out, expr->integer != 0 ? "true" : "false", err);
    case COF_MAA_CLAIM:
        return cof_buf_printf(out, err, "%s.%s", rule->conditions[expr->condition]->name,
                              cof_maa_property_name(expr->property));
    case COF_MAA_CALL:
        break;
    }
    COF_TRY(cof_buf_printf(out, err, "%s(", cof_maa_function_name(expr->function)));
    for (size_t i = 0; i < cof_maa_function_arguments(expr->function); i++) {
        COF_TRY(cof_buf_append_text(out, i > 0 ? ", " : "", err));
        COF_TRY(print_expr(rule, expr->arguments[i], out, err));
    }
    return cof_buf_append_text(out, ")", err);
}

static cof_status print_condition(const cof_maa_rule *rule, const cof_maa_condition *condition,
                                  cof_buf *out, cof_err *err)
{
    COF_TRY(cof_buf_append_text(out, condition->is_negated ? "!" : "", err));
    if (condition->name != NULL) {
        COF_TRY(cof_buf_printf(out, err, "%s:", condition->name));
    }
    COF_TRY(cof_buf_append_text(out, "[", err));
    for (size_t i = 0; i < condition->test_count; i++) {
        const cof_maa_test *test = &condition->tests[i];
        COF_TRY(cof_buf_printf(out, err, "%s%s %s ", i > 0 ? ", " : "",
                               cof_maa_property_name(test->property),
                               cof_maa_operator_name(test->op)));
        COF_TRY(print_expr(rule, test->expr, out, err));
    }
    return cof_buf_append_text(out, "]", err);
}

static cof_status print_action(const cof_maa_rule *rule, cof_buf *out, cof_err *err)
{
    const cof_maa_action *action = &rule->action;
    COF_TRY(cof_buf_printf(out, err, "=> %s(", cof_maa_verb_name(action->verb)));
    if (action->has_claim) {
        COF_TRY(cof_buf_printf(out, err, "claim = %s", rule->conditions[action->condition]->name));
    } else if (action->value != NULL) {
        COF_TRY(cof_buf_append_text(out, "type = ", err));
        COF_TRY(print_string(action->type, out, err));
        COF_TRY(cof_buf_append_text(out, ", value = ", err));
        COF_TRY(print_expr(rule, action->value, out, err));
    }
    return cof_buf_append_text(out, ");\n", err);
}

static cof_status print_rule(const cof_maa_rule *rule, cof_buf *out, cof_err *err)
{
    COF_TRY(cof_buf_append_text(out, "    ", err));
    for (size_t i = 0; i < rule->condition_count; i++) {
        COF_TRY(cof_buf_append_text(out, i > 0 ? " && " : "", err));
        COF_TRY(print_condition(rule, rule->conditions[i], out, err));
    }
    COF_TRY(cof_buf_append_text(out, rule->condition_count > 0 ? " " : "", err));
    return print_action(rule, out, err);
}

cof_status cof_maa_print(const cof_maa_policy *policy, cof_buf *out, cof_err *err)
{
    COF_TRY(cof_buf_printf(out, err, "version= 1.%d;\n", policy->minor));
    for (int i = 0; i < COF_MAA_SECTIONS; i++) {
        if (!policy->blocks[i].is_present) {
            continue;
        }
        COF_TRY(cof_buf_printf(out, err, "%s\n{\n", cof_maa_section_name((cof_maa_section)i)));
        for (const cof_maa_rule *rule = policy->blocks[i].first; rule != NULL; rule = rule->next) {
            COF_TRY(print_rule(rule, out, err));
        }
        COF_TRY(cof_buf_append_text(out, "};\n", err));
    }
    return COF_OK;
}
