/* What a schema's target makes of it: task, classes, and the features of a row. */
#include <inttypes.h>

#include "tcb/base/limits.h"
#include "tcb/data/schema.h"

/* The largest spread of an integer target that makes a classification. */
#define INTEGER_SPREAD 19.0

/* Classes that a column makes as a target; 0 when it can only be a number. */
static size_t class_count(const cof_column *column)
{
    if (column->type == COF_COLUMN_CATEGORY) {
        return column->value_count;
    }
    if (column->type == COF_COLUMN_INTEGER && column->has_min && column->has_max &&
        column->max - column->min <= INTEGER_SPREAD) {
        return (size_t)(column->max - column->min) + 1;
    }
    return 0;
}

cof_schema_task cof_schema_default_task(const cof_schema *schema, size_t target)
{
    const size_t classes = class_count(cof_schema_column(schema, target));
    if (classes == 0) {
        return COF_SCHEMA_REGRESSION;
    }
    return classes == 2 ? COF_SCHEMA_BINARY : COF_SCHEMA_CLASSES;
}

static size_t column_width(const cof_column *column)
{
    return column->type == COF_COLUMN_CATEGORY ? column->value_count : 1;
}

/* At most COF_LIMIT_COLUMNS times COF_LIMIT_CLASSES: far from overflow. */
static size_t feature_count(const cof_schema *schema, size_t target)
{
    size_t width = 0;
    for (size_t i = 0; i < cof_schema_count(schema); i++) {
        width += i == target ? 0 : column_width(cof_schema_column(schema, i));
    }
    return width;
}

static cof_status check_target(const cof_column *column, cof_schema_task task, size_t *out_classes,
                               cof_err *err)
{
    const size_t classes = class_count(column);
    if (column->missing == COF_MISSING_MEAN) {
        return COF_FAIL(err, SCHEMA_MISMATCH,
                        "target \"%.64s\": a missing target cannot be its mean", column->name);
    }
    if (task == COF_SCHEMA_REGRESSION) {
        if (column->type == COF_COLUMN_CATEGORY) {
            return COF_FAIL(err, SCHEMA_MISMATCH, "target \"%.64s\": a category has no regression",
                            column->name);
        }
        *out_classes = 0;
        return COF_OK;
    }
    if (classes == 0) {
        return COF_FAIL(err, SCHEMA_MISMATCH,
                        "target \"%.64s\": classes need a category, or an integer with min and max "
                        "at most 19 apart",
                        column->name);
    }
    if (classes == 1) {
        return COF_FAIL(err, SCHEMA_MISMATCH, "target \"%.64s\": there is one class only",
                        column->name);
    }
    if (task == COF_SCHEMA_BINARY && classes != 2) {
        return COF_FAIL(err, SCHEMA_MISMATCH, "target \"%.64s\": a binary task with %zu classes",
                        column->name, classes);
    }
    *out_classes = classes;
    return COF_OK;
}

cof_status cof_schema_shape(const cof_schema *schema, size_t target, cof_schema_task task,
                            cof_table_shape *out_shape, cof_err *err)
{
    size_t classes = 0;
    if (target >= cof_schema_count(schema)) {
        return COF_FAIL(err, SCHEMA_MISMATCH, "target: there is no column %zu", target);
    }
    COF_TRY(check_target(cof_schema_column(schema, target), task, &classes, err));
    const size_t width = feature_count(schema, target);
    if (width == 0) {
        return COF_FAIL(err, SCHEMA_MISMATCH, "there is no column but the target");
    }
    if (width > COF_LIMIT_FEATURES) {
        return COF_FAIL(err, LIMIT, "%zu features, where at most %d are allowed", width,
                        COF_LIMIT_FEATURES);
    }
    *out_shape = (cof_table_shape){.values = COF_TABLE_F32,
                                   .labels = classes == 0 ? COF_TABLE_NUMBER : COF_TABLE_CLASS,
                                   .columns = width,
                                   .classes = classes};
    return COF_OK;
}

cof_status cof_schema_class_name(const cof_schema *schema, size_t target, size_t k, cof_buf *out,
                                 cof_err *err)
{
    const cof_column *column = cof_schema_column(schema, target);
    if (k >= class_count(column)) {
        return COF_FAIL(err, BAD_ARGUMENT, "target \"%.64s\" has no class %zu", column->name, k);
    }
    if (column->type == COF_COLUMN_CATEGORY) {
        return cof_buf_append_text(out, column->values[k], err);
    }
    return cof_buf_printf(out, err, "%" PRId64, (int64_t)column->min + (int64_t)k);
}

cof_status cof_schema_feature_name(const cof_schema *schema, size_t target, size_t k, cof_buf *out,
                                   cof_err *err)
{
    size_t left = k;
    for (size_t i = 0; i < cof_schema_count(schema); i++) {
        const cof_column *column = cof_schema_column(schema, i);
        const size_t width = i == target ? 0 : column_width(column);
        if (left < width) {
            COF_TRY(cof_buf_append_text(out, column->name, err));
            if (column->type != COF_COLUMN_CATEGORY) {
                return COF_OK;
            }
            COF_TRY(cof_buf_append_text(out, "=", err));
            return cof_buf_append_text(out, column->values[left], err);
        }
        left -= width;
    }
    return COF_FAIL(err, BAD_ARGUMENT, "there is no feature %zu", k);
}
