#include "relying/maa/run.h"

void cof_maa_set_free(cof_maa_set *set)
{
    json_decref(set->items);
    *set = (cof_maa_set){0};
}

static cof_status put_claim(const cof_maa_run *run, size_t index, cof_maa_property property,
                            cof_maa_set *set, cof_err *err)
{
    const cof_maa_claim *claim = &run->claims[index];
    if (property == COF_MAA_VALUE) {
        set->is_read_only = set->is_read_only || claim->is_read_only;
        return cof_json_append(set->items, json_incref(claim->value), err);
    }
    return cof_json_append(set->items, json_string(cof_maa_claim_text(claim, property)), err);
}

static cof_status put_claims(cof_maa_run *run, const cof_maa_frame *frame, const cof_maa_expr *expr,
                             bool as_set, cof_maa_set *set, cof_err *err)
{
    const size_t condition = expr->condition;
    if (!as_set) {
        return put_claim(run, frame->bound[condition], expr->property, set, err);
    }
    COF_TRY(cof_maa_spend(&run->budget, frame->match_count[condition], 0, err));
    for (size_t i = 0; i < frame->match_count[condition]; i++) {
        COF_TRY(put_claim(run, frame->matches[condition][i], expr->property, set, err));
    }
    return COF_OK;
}

static void free_arguments(cof_maa_set (*arguments)[COF_MAA_ARGUMENTS_MAX])
{
    for (size_t i = 0; i < COF_MAA_ARGUMENTS_MAX; i++) {
        cof_maa_set_free(&(*arguments)[i]);
    }
}

/* Arguments are evaluated from left to right, then the function. */
static cof_status call(cof_maa_run *run, const cof_maa_frame *frame, const cof_maa_expr *expr,
                       cof_maa_set *out, cof_err *err)
{
    COF_CLEANUP(free_arguments) cof_maa_set arguments[COF_MAA_ARGUMENTS_MAX] = {0};
    for (size_t i = 0; i < cof_maa_function_arguments(expr->function); i++) {
        COF_TRY(cof_maa_expr_evaluate(run, frame, expr->arguments[i],
                                      cof_maa_takes_set(expr->function, i), &arguments[i], err));
    }
    const cof_status status = cof_maa_call(run, expr->function, arguments, out, err);
    if (status != COF_OK) {
        cof_err_context(err, "line %zu, column %zu", expr->place.line, expr->place.column);
    }
    return status;
}

cof_status cof_maa_expr_evaluate(cof_maa_run *run, const cof_maa_frame *frame,
                                 const cof_maa_expr *expr, bool as_set, cof_maa_set *out,
                                 cof_err *err)
{
    COF_TRY(cof_maa_spend(&run->budget, 1, 0, err));
    if (expr->kind == COF_MAA_CALL) {
        return call(run, frame, expr, out, err);
    }
    COF_CLEANUP(cof_maa_set_free) cof_maa_set set = {.items = json_array()};
    if (set.items == NULL) {
        return COF_FAIL(err, NO_MEMORY, "claims");
    }
    if (expr->kind == COF_MAA_STRING) {
        COF_TRY(cof_json_append(set.items, json_string(expr->text), err));
    } else if (expr->kind == COF_MAA_INTEGER) {
        COF_TRY(cof_json_append(set.items, json_integer(expr->integer), err));
    } else if (expr->kind == COF_MAA_BOOLEAN) {
        COF_TRY(cof_json_append(set.items, json_boolean(expr->integer != 0), err));
    } else {
        COF_TRY(put_claims(run, frame, expr, as_set, &set, err));
    }
    *out = set;
    set.items = NULL;
    return COF_OK;
}
