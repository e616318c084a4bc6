/*
 * A table in memory: what the readers of this folder give and what an engine trains on.
 *
 * The struct is a plain view: it borrows its two arrays, which usually stand in the trainer's
 * arena. Readers collect rows while they stream in (rows.h), so the count is known before the arena
 * is planned:
 *
 *     feed the reader … finish → cof_rows_count, cof_rows_shape → plan and take the arena
 *     → point a cof_table at its place in the arena → cof_rows_move fills it and gives the rows'
 * memory back
 *
 * Several inputs of the same use are joined by moving each to its own rows of one larger table
 * (cof_table_part).
 */
#ifndef COF_DATA_TABLE_H
#define COF_DATA_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "tcb/base/status.h"

typedef enum cof_table_values {
    COF_TABLE_F32 = 1, /* finite single-precision numbers */
    COF_TABLE_U8 = 2   /* bytes 0 to 255, as read: nothing is scaled */
} cof_table_values;

typedef enum cof_table_labels {
    COF_TABLE_CLASS = 1, /* int32, 0 to classes - 1 */
    COF_TABLE_NUMBER = 2 /* f32, finite: a regression's target */
} cof_table_labels;

/** What every row of a table looks like; tables can be joined when their shapes are equal. */
typedef struct cof_table_shape {
    cof_table_values values;
    cof_table_labels labels;
    size_t columns; /* features of a row, after categories became 0/1 columns; without the target */
    size_t classes; /* 2 or more for COF_TABLE_CLASS, 0 for COF_TABLE_NUMBER */
} cof_table_shape;

/** Rows in memory; borrows values and labels. */
typedef struct cof_table {
    cof_table_shape shape;
    size_t rows;
    void *values; /* (rows, columns) row-major, float or uint8_t */
    void *labels; /* (rows) int32_t or float */
} cof_table;

/** Bytes of one feature: 4 or 1. */
static inline size_t cof_table_value_size(cof_table_values values)
{
    return values == COF_TABLE_F32 ? sizeof(float) : sizeof(uint8_t);
}

enum { COF_TABLE_LABEL_SIZE = 4 }; /* bytes of one label of either kind */

/** Bytes of the two arrays of a table of so many rows. @return COF_OK, COF_E_LIMIT on overflow. */
COF_MUST_USE cof_status cof_table_bytes(const cof_table_shape *shape, size_t rows,
                                        size_t *out_values, size_t *out_labels, cof_err *err);

/** Whether rows of both can stand in one table. */
bool cof_table_shape_equal(const cof_table_shape *a, const cof_table_shape *b);

/** Rows first to first + rows - 1 of a table as a table of their own; borrows the same arrays.
 * @return COF_OK, COF_E_BAD_ARGUMENT. */
COF_MUST_USE cof_status cof_table_part(const cof_table *table, size_t first, size_t rows,
                                       cof_table *out, cof_err *err);

/** Borrowed typed views; the caller knows the type from the shape. */
static inline const float *cof_table_f32(const cof_table *table)
{
    return (const float *)table->values;
}
static inline const uint8_t *cof_table_u8(const cof_table *table)
{
    return (const uint8_t *)table->values;
}
static inline const int32_t *cof_table_classes(const cof_table *table)
{
    return (const int32_t *)table->labels;
}
static inline const float *cof_table_numbers(const cof_table *table)
{
    return (const float *)table->labels;
}

#endif
