/*
 * Implementation notes: values are shared, never copied: a result holds references into the data.
 * Nothing here changes a value that it did not make.
 */
#include <string.h>

#include "relying/maa/jmes_tree.h"

typedef struct search {
    const cof_jmes_query *query;
    cof_maa_budget *budget;
    cof_err *err;
} search;

static cof_status evaluate(const search *s, size_t index, json_t *data, json_t **out);

static bool is_true(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return json_string_length(value) > 0;
    case JSON_ARRAY:
        return json_array_size(value) > 0;
    case JSON_OBJECT:
        return json_object_size(value) > 0;
    case JSON_FALSE:
    case JSON_NULL:
        return false;
    case JSON_TRUE:
    case JSON_INTEGER:
    case JSON_REAL:
        break;
    }
    return true;
}

static bool is_null(const json_t *value)
{
    return json_is_null(value);
}

/* Gives a value that was made, NULL when it could not be. */
static cof_status give(const search *s, json_t *made, json_t **out)
{
    if (made == NULL) {
        return COF_FAIL(s->err, NO_MEMORY, "JmesPath");
    }
    *out = made;
    return COF_OK;
}

/* Gives a borrowed value, NULL: JSON null. */
static cof_status share(const search *s, json_t *value, json_t **out)
{
    return give(s, value == NULL ? json_null() : json_incref(value), out);
}

static cof_status equal_arrays(const json_t *a, const json_t *b, cof_maa_budget *budget, bool *out,
                               cof_err *err)
{
    *out = json_array_size(a) == json_array_size(b);
    for (size_t i = 0; *out && i < json_array_size(a); i++) {
        COF_TRY(cof_jmes_equal(json_array_get(a, i), json_array_get(b, i), budget, out, err));
    }
    return COF_OK;
}

static cof_status equal_objects(const json_t *a, const json_t *b, cof_maa_budget *budget, bool *out,
                                cof_err *err)
{
    const char *key = NULL;
    json_t *value = NULL;
    *out = json_object_size(a) == json_object_size(b);
    json_object_foreach((json_t *)(uintptr_t)a, key, value)
    {
        const json_t *other = json_object_get(b, key);
        if (!*out || other == NULL) {
            *out = false;
            return COF_OK;
        }
        COF_TRY(cof_jmes_equal(value, other, budget, out, err));
    }
    return COF_OK;
}

cof_status cof_jmes_equal(const json_t *a, const json_t *b, cof_maa_budget *budget, bool *out,
                          cof_err *err)
{
    COF_TRY(cof_maa_spend(budget, 1, json_string_length(a) / 16, err));
    if (json_is_array(a) && json_is_array(b)) {
        return equal_arrays(a, b, budget, out, err);
    }
    if (json_is_object(a) && json_is_object(b)) {
        return equal_objects(a, b, budget, out, err);
    }
    if (json_is_number(a) && json_is_number(b) && json_typeof(a) != json_typeof(b)) {
        *out = json_number_value(a) == json_number_value(b);
        return COF_OK;
    }
    *out = json_equal(a, b) == 1;
    return COF_OK;
}

static int order(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b)) {
        const json_int_t x = json_integer_value(a);
        const json_int_t y = json_integer_value(b);
        return (x > y) - (x < y);
    }
    const double x = json_number_value(a);
    const double y = json_number_value(b);
    return (x > y) - (x < y);
}

static cof_status compare(const search *s, const cof_jmes_node *node, const json_t *a,
                          const json_t *b, json_t **out)
{
    bool holds = false;
    if (node->number == COF_JMES_EQ || node->number == COF_JMES_NE) {
        COF_TRY(cof_jmes_equal(a, b, s->budget, &holds, s->err));
        return share(s, json_boolean(holds == (node->number == COF_JMES_EQ)), out);
    }
    if (!json_is_number(a) || !json_is_number(b)) {
        return share(s, NULL, out);
    }
    const int sign = order(a, b);
    switch ((cof_jmes_comparator)node->number) {
    case COF_JMES_LT:
        holds = sign < 0;
        break;
    case COF_JMES_LE:
        holds = sign <= 0;
        break;
    case COF_JMES_GT:
        holds = sign > 0;
        break;
    case COF_JMES_GE:
    case COF_JMES_EQ:
    case COF_JMES_NE:
        holds = sign >= 0;
        break;
    }
    return share(s, json_boolean(holds), out);
}

static cof_status evaluate_compare(const search *s, const cof_jmes_node *node, json_t *data,
                                   json_t **out)
{
    COF_JSON json_t *a = NULL;
    COF_JSON json_t *b = NULL;
    COF_TRY(evaluate(s, node->left, data, &a));
    COF_TRY(evaluate(s, node->right, data, &b));
    return compare(s, node, a, b, out);
}

static cof_status evaluate_index(const search *s, const cof_jmes_node *node, const json_t *data,
                                 json_t **out)
{
    const int64_t size = (int64_t)json_array_size(data); /* 0 for what is no array */
    const int64_t at = node->number < 0 ? size + node->number : node->number;
    return share(s, at >= 0 && at < size ? json_array_get(data, (size_t)at) : NULL, out);
}

/* Applies right to one element; null results are left out. */
static cof_status project_one(const search *s, size_t right, json_t *element, json_t *results)
{
    COF_JSON json_t *result = NULL;
    COF_TRY(evaluate(s, right, element, &result));
    return is_null(result) ? COF_OK : cof_json_append(results, json_incref(result), s->err);
}

static cof_status evaluate_project(const search *s, const cof_jmes_node *node, const json_t *list,
                                   json_t **out)
{
    COF_JSON json_t *results = NULL;
    if (!json_is_array(list)) {
        return share(s, NULL, out);
    }
    COF_TRY(give(s, json_array(), &results));
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *element = json_array_get(list, i);
        if (node->kind == COF_JMES_FILTER) {
            COF_JSON json_t *verdict = NULL;
            COF_TRY(evaluate(s, node->third, element, &verdict));
            if (!is_true(verdict)) {
                continue;
            }
        }
        COF_TRY(project_one(s, node->right, element, results));
    }
    return share(s, results, out);
}

static cof_status evaluate_values(const search *s, const cof_jmes_node *node, json_t *object,
                                  json_t **out)
{
    COF_JSON json_t *results = NULL;
    const char *key = NULL;
    json_t *value = NULL;
    if (!json_is_object(object)) {
        return share(s, NULL, out);
    }
    COF_TRY(give(s, json_array(), &results));
    json_object_foreach(object, key, value)
    {
        COF_TRY(project_one(s, node->right, value, results));
    }
    return share(s, results, out);
}

static cof_status evaluate_flatten(const search *s, const json_t *list, json_t **out)
{
    COF_JSON json_t *results = NULL;
    if (!json_is_array(list)) {
        return share(s, NULL, out);
    }
    COF_TRY(give(s, json_array(), &results));
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *element = json_array_get(list, i);
        COF_TRY(cof_maa_spend(s->budget, 1 + json_array_size(element), 0, s->err));
        if (!json_is_array(element)) {
            COF_TRY(cof_json_append(results, json_incref(element), s->err));
        } else if (json_array_extend(results, element) != 0) {
            return COF_FAIL(s->err, NO_MEMORY, "JmesPath");
        }
    }
    return share(s, results, out);
}

/* Nodes that look at the value of what stands to their left. */
static cof_status evaluate_on_left(const search *s, const cof_jmes_node *node, json_t *data,
                                   json_t **out)
{
    COF_JSON json_t *left = NULL;
    COF_TRY(evaluate(s, node->left, data, &left));
    switch ((int)node->kind) {
    case COF_JMES_CHAIN:
        return evaluate(s, node->right, left, out);
    case COF_JMES_VALUES:
        return evaluate_values(s, node, left, out);
    case COF_JMES_FLATTEN:
        return evaluate_flatten(s, left, out);
    case COF_JMES_OR:
        return is_true(left) ? share(s, left, out) : evaluate(s, node->right, data, out);
    case COF_JMES_AND:
        return is_true(left) ? evaluate(s, node->right, data, out) : share(s, left, out);
    case COF_JMES_NOT:
        return share(s, json_boolean(!is_true(left)), out);
    default: /* PROJECT, FILTER */
        return evaluate_project(s, node, left, out);
    }
}

static cof_status evaluate_list(const search *s, const cof_jmes_node *node, json_t *data,
                                json_t **out)
{
    COF_JSON json_t *list = NULL;
    if (is_null(data)) {
        return share(s, NULL, out);
    }
    COF_TRY(give(s, json_array(), &list));
    for (size_t i = node->first; i != COF_JMES_NONE; i = s->query->nodes[i].next) {
        COF_JSON json_t *item = NULL;
        COF_TRY(evaluate(s, i, data, &item));
        COF_TRY(cof_json_append(list, json_incref(item), s->err));
    }
    return share(s, list, out);
}

static cof_status evaluate_hash(const search *s, const cof_jmes_node *node, json_t *data,
                                json_t **out)
{
    COF_JSON json_t *hash = NULL;
    if (is_null(data)) {
        return share(s, NULL, out);
    }
    COF_TRY(give(s, json_object(), &hash));
    for (size_t i = node->first; i != COF_JMES_NONE; i = s->query->nodes[i].next) {
        COF_JSON json_t *value = NULL;
        COF_TRY(evaluate(s, s->query->nodes[i].left, data, &value));
        COF_TRY(cof_json_set(hash, s->query->nodes[i].text, json_incref(value), s->err));
    }
    return share(s, hash, out);
}

static cof_status evaluate_function(const search *s, const cof_jmes_node *node, json_t *data,
                                    json_t **out)
{
    COF_JSON json_t *arguments = NULL;
    json_t *values[COF_JMES_ARGUMENTS];
    size_t count = 0;
    COF_TRY(give(s, json_array(), &arguments));
    for (size_t i = node->first; i != COF_JMES_NONE; i = s->query->nodes[i].next) {
        COF_JSON json_t *value = NULL;
        COF_TRY(evaluate(s, i, data, &value));
        COF_TRY(cof_json_append(arguments, json_incref(value), s->err));
        values[count++] = value;
    }
    return cof_jmes_function_call((int)node->number, values, count, s->budget, out, s->err);
}

static cof_status evaluate(const search *s, size_t index, json_t *data, json_t **out)
{
    COF_TRY(cof_maa_spend(s->budget, 1, 0, s->err));
    if (index == COF_JMES_NONE) {
        return share(s, data, out);
    }
    const cof_jmes_node *node = &s->query->nodes[index];
    switch ((int)node->kind) {
    case COF_JMES_CURRENT:
        return share(s, data, out);
    case COF_JMES_FIELD:
        return share(s, json_object_get(data, node->text), out);
    case COF_JMES_INDEX:
        return evaluate_index(s, node, data, out);
    case COF_JMES_LITERAL:
        return share(s, node->literal, out);
    case COF_JMES_COMPARE:
        return evaluate_compare(s, node, data, out);
    case COF_JMES_LIST:
        return evaluate_list(s, node, data, out);
    case COF_JMES_HASH:
        return evaluate_hash(s, node, data, out);
    case COF_JMES_FUNCTION:
        return evaluate_function(s, node, data, out);
    default:
        return evaluate_on_left(s, node, data, out);
    }
}

cof_status cof_jmes_search(const cof_jmes_query *query, const json_t *data, cof_maa_budget *budget,
                           json_t **out, cof_err *err)
{
    const search s = {.query = query, .budget = budget, .err = err};
    /* jansson's reference count is the only thing that is written in data. */
    return evaluate(&s, query->root, (json_t *)(uintptr_t)data, out);
}
