/* Any JSON as a schema: what is accepted prints to a schema that is accepted and prints alike. */
#include <stdlib.h>

#include "tcb/base/limits.h"
#include "tcb/data/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print(const cof_schema *schema, cof_buf *out, json_t **out_json)
{
    cof_buf_init(out, (size_t)16 << 20);
    if (cof_schema_to_json(schema, out_json, NULL) != COF_OK ||
        cof_json_canonical(*out_json, out, NULL) != COF_OK) {
        abort();
    }
}

/* Asks all that can be asked of each column as a target. */
static void ask(const cof_schema *schema)
{
    for (size_t i = 0; i < cof_schema_count(schema) && i < 64; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf name = {0};
        cof_table_shape shape = {0};
        size_t index = 0;
        cof_buf_init(&name, 4096);
        if (cof_schema_find(schema, cof_schema_column(schema, i)->name, &index, NULL) != COF_OK ||
            index != i) {
            abort();
        }
        if (cof_schema_shape(schema, i, cof_schema_default_task(schema, i), &shape, NULL) !=
            COF_OK) {
            continue;
        }
        if (cof_schema_feature_name(schema, i, shape.columns - 1, &name, NULL) != COF_OK ||
            cof_schema_feature_name(schema, i, shape.columns, &name, NULL) == COF_OK ||
            (shape.classes > 0 &&
             cof_schema_class_name(schema, i, shape.classes - 1, &name, NULL) != COF_OK)) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    COF_JSON json_t *json = NULL;
    COF_JSON json_t *first = NULL;
    COF_JSON json_t *second = NULL;
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = NULL;
    COF_CLEANUP(cof_schema_drop_) cof_schema *again = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf before = {0};
    COF_CLEANUP(cof_buf_free) cof_buf after = {0};
    if (cof_json_parse(cof_view_of(data, size), COF_LIMIT_JSON_BYTES, &json, NULL) != COF_OK ||
        cof_schema_from_json(json, &schema, NULL) != COF_OK) {
        return 0;
    }
    ask(schema);
    print(schema, &before, &first);
    if (cof_schema_from_json(first, &again, NULL) != COF_OK) {
        abort();
    }
    print(again, &after, &second);
    if (!cof_view_equal(cof_buf_view(&before), cof_buf_view(&after))) {
        abort();
    }
    return 0;
}
