#include "tcb/data/schema.h"

#include <math.h>
#include <string.h>

#include "tcb/base/limits.h"
#include "tcb/base/size.h"
#include "tcb/data/lookup.h"

/*
 * Implementation notes
 *
 * All names and values stand in one pool of texts, and all pointers to them in one list: the
 * columns' names first, then each category's values. Both sizes are counted before anything is
 * copied, so the lists never move.
 */
struct cof_schema {
    cof_column *columns;
    size_t column_count;
    char *pool;
    const char **texts; /* names, then values */
    cof_lookup names;
    cof_lookup *values; /* by column; empty for numbers */
};

#define WHOLE_LIMIT 9007199254740992.0 /* 2^53: every whole number up to it is exact */

static const struct {
    const char *name;
    cof_column_type type;
} types[] = {{"number", COF_COLUMN_NUMBER},
             {"integer", COF_COLUMN_INTEGER},
             {"category", COF_COLUMN_CATEGORY}};

static const char *type_name(cof_column_type type)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i].type == type) {
            return types[i].name;
        }
    }
    return "";
}

static cof_status check_text(const char *text, size_t size, size_t limit, cof_err *err)
{
    if (size == 0 || size > limit) {
        return COF_FAIL(err, BAD_FORMAT, "a text of %zu bytes, where 1 to %zu are allowed", size,
                        limit);
    }
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            return COF_FAIL(err, BAD_FORMAT, "a text with a control character");
        }
    }
    return COF_OK;
}

/* ---- reading ---- */

typedef struct text_sizes {
    size_t count;
    size_t bytes;
} text_sizes;

static cof_status measure_column(const json_t *json, text_sizes *sizes, cof_err *err)
{
    const char *name = NULL;
    if (!json_is_object(json)) {
        return COF_FAIL(err, BAD_FORMAT, "a column is an object");
    }
    COF_TRY(cof_json_get_text(json, "name", COF_LIMIT_COLUMN_BYTES, &name, err));
    sizes->count++;
    sizes->bytes += strlen(name) + 1;
    const json_t *values = json_object_get(json, "values");
    if (values == NULL) {
        return COF_OK;
    }
    if (!json_is_array(values) || json_array_size(values) == 0 ||
        json_array_size(values) > COF_LIMIT_CLASSES) {
        return COF_FAIL(err, BAD_FORMAT, "values: a list of 1 to %d texts is needed",
                        COF_LIMIT_CLASSES);
    }
    for (size_t i = 0; i < json_array_size(values); i++) {
        const json_t *value = json_array_get(values, i);
        if (!json_is_string(value)) {
            return COF_FAIL(err, BAD_FORMAT, "values: value %zu is not a text", i);
        }
        sizes->count++;
        sizes->bytes += json_string_length(value) + 1;
    }
    return COF_OK;
}

/* Copies a checked text to the pool and the list; both have room, as measured. */
static const char *put_text(const char *text, size_t size, char **pool_end, const char ***texts_end)
{
    char *place = *pool_end;
    memcpy(place, text, size);
    place[size] = '\0';
    *pool_end += size + 1;
    **texts_end = place;
    (*texts_end)++;
    return place;
}

static cof_status read_bound(const json_t *json, const char *key, cof_column_type type,
                             bool *out_has, double *out, cof_err *err)
{
    double bound = 0;
    if (json_object_get(json, key) == NULL) {
        return COF_OK;
    }
    const double limit = type == COF_COLUMN_INTEGER ? WHOLE_LIMIT : HUGE_VAL;
    COF_TRY(cof_json_get_number(json, key, -limit, limit, &bound, err));
    if (!isfinite(bound) || (type == COF_COLUMN_INTEGER && bound != trunc(bound))) {
        return COF_FAIL(err, BAD_FORMAT, "%s: %s number is needed", key,
                        type == COF_COLUMN_INTEGER ? "a whole" : "a finite");
    }
    *out_has = true;
    *out = bound;
    return COF_OK;
}

static cof_status read_numeric(const json_t *json, cof_column *column, cof_err *err)
{
    static const char *const keys[] = {"name", "type", "min", "max", "missing"};
    const char *missing = NULL;
    COF_TRY(cof_json_only(json, keys, sizeof keys / sizeof keys[0], err));
    COF_TRY(cof_json_get_text(json, "missing", 16, &missing, err));
    if (strcmp(missing, "mean") == 0 && column->type == COF_COLUMN_NUMBER) {
        column->missing = COF_MISSING_MEAN;
    } else if (strcmp(missing, "refuse") != 0) {
        return COF_FAIL(err, BAD_FORMAT, "missing: \"refuse\" is needed, or for a number \"mean\"");
    }
    COF_TRY(read_bound(json, "min", column->type, &column->has_min, &column->min, err));
    COF_TRY(read_bound(json, "max", column->type, &column->has_max, &column->max, err));
    if (column->has_min && column->has_max && column->min > column->max) {
        return COF_FAIL(err, BAD_FORMAT, "min is over max");
    }
    return COF_OK;
}

static cof_status read_category(const json_t *json, cof_column *column, cof_lookup *lookup,
                                char **pool_end, const char ***texts_end, cof_err *err)
{
    static const char *const keys[] = {"name", "type", "values"};
    json_t *values = NULL;
    size_t repeated = 0;
    COF_TRY(cof_json_only(json, keys, sizeof keys / sizeof keys[0], err));
    COF_TRY(cof_json_get(json, "values", JSON_ARRAY, &values, err));
    column->values = *texts_end;
    column->value_count = json_array_size(values);
    for (size_t i = 0; i < column->value_count; i++) {
        const json_t *value = json_array_get(values, i);
        const cof_status status = check_text(json_string_value(value), json_string_length(value),
                                             COF_LIMIT_VALUE_BYTES, err);
        if (status != COF_OK) {
            cof_err_context(err, "value %zu", i);
            return status;
        }
        put_text(json_string_value(value), json_string_length(value), pool_end, texts_end);
    }
    const cof_status status =
        cof_lookup_init(lookup, column->values, column->value_count, &repeated, err);
    return status != COF_E_EXISTS
               ? status
               : COF_FAIL(err, BAD_FORMAT, "value %zu stands there twice", repeated);
}

static cof_status read_type(const json_t *json, cof_column_type *out, cof_err *err)
{
    const char *name = NULL;
    COF_TRY(cof_json_get_text(json, "type", 16, &name, err));
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(name, types[i].name) == 0) {
            *out = types[i].type;
            return COF_OK;
        }
    }
    return COF_FAIL(err, BAD_FORMAT, "type: number, integer or category is needed");
}

static cof_status read_column(cof_schema *schema, size_t index, const json_t *json, char **pool_end,
                              const char ***names_end, const char ***values_end, cof_err *err)
{
    cof_column *column = &schema->columns[index];
    const char *name = NULL;
    COF_TRY(cof_json_get_text(json, "name", COF_LIMIT_COLUMN_BYTES, &name, err));
    COF_TRY(check_text(name, strlen(name), COF_LIMIT_COLUMN_BYTES, err));
    column->name = put_text(name, strlen(name), pool_end, names_end);
    COF_TRY(read_type(json, &column->type, err));
    if (column->type == COF_COLUMN_CATEGORY) {
        return read_category(json, column, &schema->values[index], pool_end, values_end, err);
    }
    return read_numeric(json, column, err);
}

static cof_status allocate(cof_schema *schema, size_t columns, const text_sizes *sizes,
                           cof_err *err)
{
    schema->columns = calloc(columns, sizeof *schema->columns);
    schema->values = calloc(columns, sizeof *schema->values);
    schema->texts = calloc(sizes->count, sizeof *schema->texts);
    schema->pool = malloc(sizes->bytes);
    if (schema->columns == NULL || schema->values == NULL || schema->texts == NULL ||
        schema->pool == NULL) {
        return COF_FAIL(err, NO_MEMORY, "schema of %zu columns", columns);
    }
    schema->column_count = columns;
    return COF_OK;
}

static cof_status measure(const json_t *columns, text_sizes *sizes, cof_err *err)
{
    const size_t count = json_array_size(columns);
    if (count == 0 || count > COF_LIMIT_COLUMNS) {
        return COF_FAIL(err, LIMIT, "%zu columns, where 1 to %d are allowed", count,
                        COF_LIMIT_COLUMNS);
    }
    for (size_t i = 0; i < count; i++) {
        const cof_status status = measure_column(json_array_get(columns, i), sizes, err);
        if (status != COF_OK) {
            cof_err_context(err, "column %zu", i);
            return status;
        }
    }
    return COF_OK;
}

static cof_status read_columns(cof_schema *schema, const json_t *columns, cof_err *err)
{
    char *pool_end = schema->pool;
    const char **names_end = schema->texts;
    const char **values_end = schema->texts + schema->column_count;
    for (size_t i = 0; i < schema->column_count; i++) {
        const cof_status status = read_column(schema, i, json_array_get(columns, i), &pool_end,
                                              &names_end, &values_end, err);
        if (status != COF_OK) {
            cof_err_context(err, "column %zu", i);
            return status;
        }
    }
    size_t repeated = 0;
    const cof_status status =
        cof_lookup_init(&schema->names, schema->texts, schema->column_count, &repeated, err);
    if (status == COF_E_EXISTS) {
        return COF_FAIL(err, BAD_FORMAT, "column %zu: the name \"%s\" stands there twice", repeated,
                        schema->texts[repeated]);
    }
    return status;
}

cof_status cof_schema_from_json(const json_t *json, cof_schema **out, cof_err *err)
{
    static const char *const keys[] = {"columns"};
    json_t *columns = NULL;
    text_sizes sizes = {0};
    if (!json_is_object(json)) {
        return COF_FAIL(err, BAD_FORMAT, "a schema is an object");
    }
    COF_TRY(cof_json_only(json, keys, 1, err));
    COF_TRY(cof_json_get(json, "columns", JSON_ARRAY, &columns, err));
    COF_TRY(measure(columns, &sizes, err));
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = calloc(1, sizeof *schema);
    if (schema == NULL) {
        return COF_FAIL(err, NO_MEMORY, "schema");
    }
    COF_TRY(allocate(schema, json_array_size(columns), &sizes, err));
    COF_TRY(read_columns(schema, columns, err));
    *out = cof_schema_take(&schema);
    return COF_OK;
}

void cof_schema_free(cof_schema *schema)
{
    if (schema == NULL) {
        return;
    }
    for (size_t i = 0; i < schema->column_count; i++) {
        cof_lookup_free(&schema->values[i]);
    }
    cof_lookup_free(&schema->names);
    free(schema->values);
    free(schema->columns);
    free(schema->texts);
    free(schema->pool);
    free(schema);
}

/* ---- writing ---- */

static json_t *bound_json(double bound)
{
    if (bound == trunc(bound) && fabs(bound) < WHOLE_LIMIT) {
        return json_integer((json_int_t)bound);
    }
    return json_real(bound);
}

static cof_status values_to_json(const cof_column *column, json_t *object, cof_err *err)
{
    COF_JSON json_t *values = json_array();
    if (values == NULL) {
        return COF_FAIL(err, NO_MEMORY, "values");
    }
    for (size_t i = 0; i < column->value_count; i++) {
        COF_TRY(cof_json_append(values, json_string(column->values[i]), err));
    }
    return cof_json_set(object, "values", json_incref(values), err);
}

static cof_status column_to_json(const cof_column *column, json_t *columns, cof_err *err)
{
    COF_JSON json_t *object = json_object();
    if (object == NULL) {
        return COF_FAIL(err, NO_MEMORY, "column");
    }
    COF_TRY(cof_json_set(object, "name", json_string(column->name), err));
    COF_TRY(cof_json_set(object, "type", json_string(type_name(column->type)), err));
    if (column->type == COF_COLUMN_CATEGORY) {
        COF_TRY(values_to_json(column, object, err));
        return cof_json_append(columns, json_incref(object), err);
    }
    if (column->has_min) {
        COF_TRY(cof_json_set(object, "min", bound_json(column->min), err));
    }
    if (column->has_max) {
        COF_TRY(cof_json_set(object, "max", bound_json(column->max), err));
    }
    COF_TRY(cof_json_set(object, "missing",
                         json_string(column->missing == COF_MISSING_MEAN ? "mean" : "refuse"),
                         err));
    return cof_json_append(columns, json_incref(object), err);
}

cof_status cof_schema_to_json(const cof_schema *schema, json_t **out_json, cof_err *err)
{
    COF_JSON json_t *object = json_object();
    COF_JSON json_t *columns = json_array();
    if (object == NULL || columns == NULL) {
        return COF_FAIL(err, NO_MEMORY, "schema");
    }
    for (size_t i = 0; i < schema->column_count; i++) {
        COF_TRY(column_to_json(&schema->columns[i], columns, err));
    }
    COF_TRY(cof_json_set(object, "columns", json_incref(columns), err));
    *out_json = json_incref(object);
    return COF_OK;
}

/* ---- asking ---- */

size_t cof_schema_count(const cof_schema *schema)
{
    return schema->column_count;
}

const cof_column *cof_schema_column(const cof_schema *schema, size_t index)
{
    return &schema->columns[index];
}

cof_status cof_schema_find(const cof_schema *schema, const char *name, size_t *out_index,
                           cof_err *err)
{
    size_t near = 0;
    if (cof_lookup_find(&schema->names, cof_view_text(name), out_index)) {
        return COF_OK;
    }
    if (cof_lookup_near(schema->texts, schema->column_count, cof_view_text(name), &near)) {
        return COF_FAIL(err, NOT_FOUND, "there is no column \"%.64s\"; did you mean \"%.64s\"?",
                        name, schema->texts[near]);
    }
    return COF_FAIL(err, NOT_FOUND, "there is no column \"%.64s\"", name);
}

cof_status cof_schema_target(const cof_schema *schema, const json_t *target, size_t *out_index,
                             cof_err *err)
{
    if (json_is_string(target)) {
        return cof_schema_find(schema, json_string_value(target), out_index, err);
    }
    if (!json_is_integer(target)) {
        return COF_FAIL(err, BAD_FORMAT, "target: the name or the index of a column is needed");
    }
    const json_int_t index = json_integer_value(target);
    if (index < 0 || (size_t)index >= schema->column_count) {
        return COF_FAIL(err, NOT_FOUND, "target: there is no column %lld; there are %zu",
                        (long long)index, schema->column_count);
    }
    *out_index = (size_t)index;
    return COF_OK;
}

bool cof_schema_value(const cof_schema *schema, size_t column, cof_view text, size_t *out_value)
{
    return cof_lookup_find(&schema->values[column], text, out_value);
}
