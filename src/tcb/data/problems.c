#include "tcb/data/problems.h"

#include <inttypes.h>

static const struct {
    const char *name;
    const char *text;
} kinds[COF_PROBLEM_KIND_COUNT] = {
#define COF_PROBLEM_ROW(code, name, text) [COF_PROBLEM_##code] = {name, text},
    COF_PROBLEM_KINDS(COF_PROBLEM_ROW)
#undef COF_PROBLEM_ROW
};

/* A header's problems each have their own place in the header, so that each is kept. */
static bool is_same(const cof_problem *a, const cof_problem *b)
{
    return a->kind == b->kind && a->column == b->column && a->position == b->position;
}

void cof_problems_add(cof_problems *problems, const cof_problem *problem)
{
    problems->total++;
    for (size_t i = 0; i < problems->kept_count; i++) {
        if (is_same(&problems->kept[i], problem)) {
            problems->kept[i].count++;
            return;
        }
    }
    if (problems->kept_count < COF_PROBLEMS_KEPT) {
        problems->kept[problems->kept_count] = *problem;
        problems->kept[problems->kept_count].count = 1;
        problems->kept_count++;
    }
}

const char *cof_problem_name(cof_problem_kind kind)
{
    return kinds[kind].name;
}

const char *cof_problem_text(cof_problem_kind kind)
{
    return kinds[kind].text;
}

static const char *column_name(const cof_schema *schema, size_t column)
{
    if (schema == NULL || column >= cof_schema_count(schema)) {
        return NULL;
    }
    return cof_schema_column(schema, column)->name;
}

static cof_status set_name(json_t *object, const char *key, const cof_schema *schema, size_t column,
                           cof_err *err)
{
    const char *name = column_name(schema, column);
    return name == NULL ? COF_OK : cof_json_set(object, key, json_string(name), err);
}

static cof_status problem_to_json(const cof_problem *problem, const cof_schema *schema,
                                  json_t *array, cof_err *err)
{
    COF_JSON json_t *object = json_object();
    if (object == NULL) {
        return COF_FAIL(err, NO_MEMORY, "problem");
    }
    COF_TRY(cof_json_set(object, "kind", json_string(cof_problem_name(problem->kind)), err));
    COF_TRY(set_name(object, "column", schema, problem->column, err));
    COF_TRY(cof_json_set(object, "count", json_integer((json_int_t)problem->count), err));
    COF_TRY(cof_json_set(object, "first_row", json_integer((json_int_t)problem->first_row), err));
    if (problem->position != COF_PROBLEM_NO_COLUMN) {
        COF_TRY(cof_json_set(object, "position", json_integer((json_int_t)problem->position), err));
    }
    COF_TRY(set_name(object, "did_you_mean", schema, problem->suggestion, err));
    return cof_json_append(array, json_incref(object), err);
}

cof_status cof_problems_to_json(const cof_problems *problems, const cof_schema *schema,
                                json_t **out_array, cof_err *err)
{
    COF_JSON json_t *array = json_array();
    if (array == NULL) {
        return COF_FAIL(err, NO_MEMORY, "problems");
    }
    for (size_t i = 0; i < problems->kept_count; i++) {
        COF_TRY(problem_to_json(&problems->kept[i], schema, array, err));
    }
    *out_array = json_incref(array);
    return COF_OK;
}

cof_status cof_problems_fail(const cof_problems *problems, const cof_schema *schema,
                             cof_status status, cof_err *err)
{
    if (problems->kept_count == 0) {
        return cof_err_set(err, status, __FILE__, __LINE__, "no problem is known");
    }
    const cof_problem *first = &problems->kept[0];
    const char *column = column_name(schema, first->column);
    const char *suggestion = column_name(schema, first->suggestion);
    return cof_err_set(err, status, __FILE__, __LINE__,
                       "row %" PRIu64 "%s%.64s%s: %s%s%.64s%s (%" PRIu64 " in all)",
                       first->first_row, column == NULL ? "" : ", column \"",
                       column == NULL ? "" : column, column == NULL ? "" : "\"",
                       cof_problem_text(first->kind), suggestion == NULL ? "" : "; did you mean \"",
                       suggestion == NULL ? "" : suggestion, suggestion == NULL ? "" : "\"?",
                       problems->total);
}
