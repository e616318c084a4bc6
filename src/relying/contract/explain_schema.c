#include "relying/contract/explain_schema.h"

#include <stdio.h>
#include <string.h>

/* An item holds a name and SHOWN_VALUES values of 256 bytes each, whole: a cut could fall into a
 * character. */
enum { LINE_WIDTH = 100, INDENT = 12, SHOWN_COLUMNS = 256, SHOWN_VALUES = 8, ITEM_SIZE = 4096 };

static const char *type_name(cof_column_type type)
{
    return type == COF_COLUMN_INTEGER ? "integer" : "number";
}

/* "radius_mean number 0 to 100", "diagnosis: benign, malignant" */
static void describe(const cof_column *column, char out[static ITEM_SIZE])
{
    size_t size = 0;
    if (column->type == COF_COLUMN_CATEGORY) {
        size = (size_t)snprintf(out, ITEM_SIZE, "%s is", column->name);
        for (size_t i = 0; i < column->value_count && i < SHOWN_VALUES && size < ITEM_SIZE; i++) {
            size += (size_t)snprintf(out + size, ITEM_SIZE - size, "%s \"%s\"", i == 0 ? "" : " or",
                                     column->values[i]);
        }
        if (column->value_count > SHOWN_VALUES && size < ITEM_SIZE) {
            (void)snprintf(out + size, ITEM_SIZE - size, " or %zu more",
                           column->value_count - SHOWN_VALUES);
        }
        return;
    }
    size = (size_t)snprintf(out, ITEM_SIZE, "%s %s", column->name, type_name(column->type));
    if (column->has_min && size < ITEM_SIZE) {
        size += (size_t)snprintf(out + size, ITEM_SIZE - size, " from %g", column->min);
    }
    if (column->has_max && size < ITEM_SIZE) {
        size += (size_t)snprintf(out + size, ITEM_SIZE - size, " to %g", column->max);
    }
    if (column->missing == COF_MISSING_MEAN && size < ITEM_SIZE) {
        (void)snprintf(out + size, ITEM_SIZE - size, " (missing: the mean)");
    }
}

static cof_status print_columns(const cof_schema *schema, cof_buf *out, cof_err *err)
{
    const size_t count = cof_schema_count(schema);
    size_t width = INDENT;
    COF_TRY(cof_buf_append_text(out, "    columns ", err));
    for (size_t i = 0; i < count && i < SHOWN_COLUMNS; i++) {
        char text[ITEM_SIZE];
        describe(cof_schema_column(schema, i), text);
        if (i > 0) {
            const bool breaks = width + strlen(text) + 2 > LINE_WIDTH;
            COF_TRY(cof_buf_append_text(out, breaks ? ",\n            " : ", ", err));
            width = breaks ? INDENT : width + 2;
        }
        COF_TRY(cof_buf_append_text(out, text, err));
        width += strlen(text);
    }
    if (count > SHOWN_COLUMNS) {
        COF_TRY(cof_buf_printf(out, err, ", and %zu more", count - SHOWN_COLUMNS));
    }
    return cof_buf_append_text(out, "\n", err);
}

cof_status cof_explain_schema(const cof_contract *contract, size_t input, cof_buf *out,
                              cof_err *err)
{
    const json_t *schema = contract->inputs[input].schema_json;
    if (schema == NULL) {
        return COF_OK;
    }
    for (size_t i = 0; i < input; i++) {
        const json_t *other = contract->inputs[i].schema_json;
        if (other != NULL && json_equal(other, schema) != 0) {
            return cof_buf_printf(out, err, "    columns as of %s\n", contract->inputs[i].name);
        }
    }
    return print_columns(contract->inputs[input].schema, out, err);
}
