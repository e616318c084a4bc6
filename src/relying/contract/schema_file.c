#include "relying/contract/schema_file.h"

#include <math.h>
#include <string.h>

#include "relying/contract/scalar.h"
#include "relying/contract/walk.h"
#include "tcb/contract/contract.h"
#include "tcb/data/schema.h"
#include "tcb/wire/json.h"

typedef struct column_file {
    const char *name;
    int type;
    const cof_yaml_node *min; /* NULL: none */
    const cof_yaml_node *max;
    int missing;
    const cof_yaml_node *values; /* a list of texts */
} column_file;

static const char *const type_texts[] = {"number", "integer", "category"};
static const cof_names type_names = {3, type_texts};
enum { NUMBER, INTEGER, CATEGORY };
static const char *const missing_texts[] = {"refuse", "mean"};
static const cof_names missing_names = {2, missing_texts};

static void read_text(cof_walk *walk, const cof_yaml_node *node, size_t limit, const char **out)
{
    const cof_walk_key key = {.type = COF_WALK_TEXT};
    const char *text = NULL;
    if (!cof_walk_scalar(walk, node, &key, &text)) {
        return;
    }
    /* In bytes, and as strict as any text of a contract: column names are shown to people. */
    if (strlen(text) > limit || !cof_contract_is_plain_text(text, limit)) {
        cof_walk_problem(walk, node, NULL,
                         "this text is longer than %zu bytes or has control characters", limit);
        return;
    }
    *out = text;
}

static void read_name(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    read_text(walk, node, COF_LIMIT_COLUMN_BYTES, out);
}

static void read_bound(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    const cof_walk_key key = {.type = COF_WALK_NUMBER, .low = -1e300, .high = 1e300};
    double value = 0;
    if (cof_walk_scalar(walk, node, &key, &value)) {
        *(const cof_yaml_node **)out = node;
    }
}

static void read_whole_bound(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    const cof_walk_key key = {.type = COF_WALK_INTEGER,
                              .low = -(double)COF_CONTRACT_SEED,
                              .high = (double)COF_CONTRACT_SEED};
    int64_t value = 0;
    if (cof_walk_scalar(walk, node, &key, &value)) {
        *(const cof_yaml_node **)out = node;
    }
}

static void read_values(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    if (!cof_walk_is_list(walk, node, "the list of values", 1, COF_LIMIT_CLASSES)) {
        return;
    }
    for (const cof_yaml_node *item = node->first; item != NULL; item = item->next) {
        const char *text = NULL;
        read_text(walk, item, COF_LIMIT_COLUMN_BYTES, &text);
        for (const cof_yaml_node *earlier = node->first; text != NULL && earlier != item;
             earlier = earlier->next) {
            if (strcmp(earlier->text, text) == 0) {
                cof_walk_problem(walk, item, "remove one", "this value is listed twice");
                break;
            }
        }
    }
    *(const cof_yaml_node **)out = node;
}

#define NAME_AND_TYPE                                                                              \
    {.name = "name",                                                                               \
     .type = COF_WALK_CUSTOM,                                                                      \
     .offset = offsetof(column_file, name),                                                        \
     .is_required = true,                                                                          \
     .read = read_name},                                                                           \
    {                                                                                              \
        .name = "type", .type = COF_WALK_CHOICE, .offset = offsetof(column_file, type),            \
        .is_required = true, .names = &type_names                                                  \
    }

static const cof_walk_key number_keys[] = {
    NAME_AND_TYPE,
    {.name = "min",
     .type = COF_WALK_CUSTOM,
     .offset = offsetof(column_file, min),
     .read = read_bound},
    {.name = "max",
     .type = COF_WALK_CUSTOM,
     .offset = offsetof(column_file, max),
     .read = read_bound},
    {.name = "missing",
     .type = COF_WALK_CHOICE,
     .offset = offsetof(column_file, missing),
     .fallback = "refuse",
     .names = &missing_names},
};
static const cof_walk_key integer_keys[] = {
    NAME_AND_TYPE,
    {.name = "min",
     .type = COF_WALK_CUSTOM,
     .offset = offsetof(column_file, min),
     .read = read_whole_bound},
    {.name = "max",
     .type = COF_WALK_CUSTOM,
     .offset = offsetof(column_file, max),
     .read = read_whole_bound},
    {.name = "missing",
     .type = COF_WALK_CHOICE,
     .offset = offsetof(column_file, missing),
     .fallback = "refuse",
     .names = &missing_names},
};
static const cof_walk_key category_keys[] = {
    NAME_AND_TYPE,
    {.name = "values",
     .type = COF_WALK_CUSTOM,
     .offset = offsetof(column_file, values),
     .is_required = true,
     .read = read_values},
};
static const cof_walk_table column_tables[] = {
    {5, number_keys}, {5, integer_keys}, {3, category_keys}};

static double bound_value(const cof_yaml_node *node, double otherwise)
{
    double value = otherwise;
    if (node != NULL) {
        (void)cof_scalar_number(node->text, &value);
    }
    return value;
}

static void check_column(cof_walk *walk, const cof_yaml_node *node, const column_file *column)
{
    if (bound_value(column->min, -HUGE_VAL) > bound_value(column->max, HUGE_VAL)) {
        cof_walk_problem(walk, column->min, NULL, "\"min\" is greater than \"max\"");
    }
    if (column->type == INTEGER && column->missing == 1) {
        cof_walk_problem(walk, cof_yaml_find(node, "missing"), "make it a number",
                         "\"mean\" is for numbers only: a mean of integers is none");
    }
}

/* A bound that is written as an integer stays one. */
static json_t *bound_json(const cof_yaml_node *node)
{
    int64_t whole = 0;
    if (cof_scalar_integer(node->text, &whole) && whole <= COF_CONTRACT_SEED &&
        whole >= -COF_CONTRACT_SEED) {
        return json_integer(whole);
    }
    return json_real(bound_value(node, 0));
}

static cof_status values_json(const cof_yaml_node *list, json_t **out, cof_err *err)
{
    COF_JSON json_t *array = json_array();
    for (const cof_yaml_node *item = list->first; item != NULL; item = item->next) {
        COF_TRY(cof_json_append(array, json_string(item->text), err));
    }
    *out = array;
    array = NULL;
    return COF_OK;
}

static cof_status column_json(const column_file *column, json_t *columns, cof_err *err)
{
    COF_JSON json_t *object = json_object();
    COF_TRY(cof_json_set(object, "name", json_string(column->name), err));
    COF_TRY(cof_json_set(object, "type", json_string(type_texts[column->type]), err));
    if (column->type == CATEGORY) {
        json_t *values = NULL;
        COF_TRY(values_json(column->values, &values, err));
        COF_TRY(cof_json_set(object, "values", values, err));
        return cof_json_append(columns, json_incref(object), err);
    }
    if (column->min != NULL) {
        COF_TRY(cof_json_set(object, "min", bound_json(column->min), err));
    }
    if (column->max != NULL) {
        COF_TRY(cof_json_set(object, "max", bound_json(column->max), err));
    }
    COF_TRY(cof_json_set(object, "missing", json_string(missing_texts[column->missing]), err));
    return cof_json_append(columns, json_incref(object), err);
}

static void check_name(cof_walk *walk, const cof_yaml_node *list, const cof_yaml_node *item)
{
    const cof_yaml_node *name = cof_yaml_find(item, "name");
    for (const cof_yaml_node *earlier = list->first; name != NULL && earlier != item;
         earlier = earlier->next) {
        const cof_yaml_node *other = cof_yaml_find(earlier, "name");
        char quoted[COF_DIAGNOSTICS_QUOTED];
        if (other != NULL && strcmp(other->text, name->text) == 0) {
            cof_walk_problem(walk, name, "give each column its own name",
                             "there is another column \"%s\"",
                             cof_diagnostics_quote(name->text, quoted));
            return;
        }
    }
}

static cof_status read_columns(cof_walk *walk, const cof_yaml_node *list, json_t *columns,
                               cof_err *err)
{
    if (!cof_walk_is_list(walk, list, "the list of columns", 1, COF_LIMIT_COLUMNS)) {
        return COF_OK;
    }
    for (const cof_yaml_node *item = list->first; item != NULL; item = item->next) {
        column_file column = {0};
        cof_walk_variant(walk, item, "a column", "type", &type_names, column_tables, &column);
        check_column(walk, item, &column);
        check_name(walk, list, item);
        if (cof_diagnostics_count(walk->problems) == 0) {
            COF_TRY(column_json(&column, columns, err));
        }
    }
    return COF_OK;
}

/* The reader of the enclave has the last word. */
static cof_status check_schema(const json_t *schema, cof_diagnostics *problems, cof_err *err)
{
    COF_CLEANUP(cof_schema_drop_) cof_schema *read = NULL;
    cof_err refusal = {0};
    const cof_status status = cof_schema_from_json(schema, &read, &refusal);
    if (status == COF_E_NO_MEMORY) {
        return COF_FAIL(err, NO_MEMORY, "schema");
    }
    if (status != COF_OK) {
        cof_diagnostics_add(problems, 1, 1, NULL, "%s", refusal.detail);
    }
    return cof_diagnostics_status(problems, err);
}

static void leave_to_caller(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    (void)walk;
    *(const cof_yaml_node **)out = node;
}

cof_status cof_schema_file_parse(cof_view text, cof_diagnostics *problems, json_t **out_json,
                                 cof_err *err)
{
    static const cof_walk_key keys[] = {
        {.name = "columns", .type = COF_WALK_CUSTOM, .is_required = true, .read = leave_to_caller}};
    static const cof_walk_table table = {1, keys};
    COF_CLEANUP(cof_yaml_drop_) cof_yaml *document = NULL;
    COF_JSON json_t *schema = json_object();
    json_t *columns = json_array();
    COF_TRY(cof_json_set(schema, "columns", columns, err));
    COF_TRY(cof_yaml_parse(text, problems, &document, err));
    cof_walk walk = {problems};
    const cof_yaml_node *list = NULL;
    cof_walk_map(&walk, cof_yaml_root(document), "the schema", &table, &list);
    if (list != NULL) {
        COF_TRY(read_columns(&walk, list, columns, err));
    }
    cof_diagnostics_sort(problems);
    COF_TRY(cof_diagnostics_status(problems, err));
    COF_TRY(check_schema(schema, problems, err));
    *out_json = schema;
    schema = NULL;
    return COF_OK;
}
