#include "tcb/data/table.h"

#include "tcb/base/size.h"

cof_status cof_table_bytes(const cof_table_shape *shape, size_t rows, size_t *out_values,
                           size_t *out_labels, cof_err *err)
{
    size_t row = 0;
    size_t values = 0;
    size_t labels = 0;
    COF_TRY(cof_size_mul(shape->columns, cof_table_value_size(shape->values), &row, err));
    COF_TRY(cof_size_mul(row, rows, &values, err));
    COF_TRY(cof_size_mul(rows, COF_TABLE_LABEL_SIZE, &labels, err));
    *out_values = values;
    *out_labels = labels;
    return COF_OK;
}

bool cof_table_shape_equal(const cof_table_shape *a, const cof_table_shape *b)
{
    return a->values == b->values && a->labels == b->labels && a->columns == b->columns &&
           a->classes == b->classes;
}

cof_status cof_table_part(const cof_table *table, size_t first, size_t rows, cof_table *out,
                          cof_err *err)
{
    if (first > table->rows || rows > table->rows - first) {
        return COF_FAIL(err, BAD_ARGUMENT, "%zu rows from row %zu of a table of %zu rows", rows,
                        first, table->rows);
    }
    const size_t row_size = table->shape.columns * cof_table_value_size(table->shape.values);
    *out = (cof_table){.shape = table->shape,
                       .rows = rows,
                       .values = (uint8_t *)table->values + first * row_size,
                       .labels = (uint8_t *)table->labels + first * COF_TABLE_LABEL_SIZE};
    return COF_OK;
}
