/*
 * Rows collected while they stream in: their count is not known before the last.
 *
 * Values and labels each stand in a sequence of blocks that are mapped as they are needed, never
 * moved, kept out of core dumps and wiped when given back. So growing copies nothing and leaves
 * nothing behind, and moving the rows to their final place needs one block more than the rows
 * themselves.
 */
#ifndef COF_DATA_ROWS_H
#define COF_DATA_ROWS_H

#include "tcb/base/arena.h"
#include "tcb/base/own.h"
#include "tcb/data/table.h"

/** A growing sequence of elements of one size. Zeroed is valid and empty. */
typedef struct cof_store {
    cof_arena *blocks;
    size_t block_count;
    size_t block_capacity;
    size_t element_size;
    size_t per_block; /* elements of a block */
    size_t count;
} cof_store;

typedef struct cof_rows {
    cof_table_shape shape;
    size_t memory_limit;
    size_t row_limit; /* rows that fit memory_limit */
    cof_store values; /* one element is a row's values */
    cof_store labels;
} cof_rows;

/** No rows yet. memory_limit: bytes that values and labels may take together. @return COF_OK,
 * COF_E_NO_MEMORY, COF_E_LIMIT. */
COF_MUST_USE cof_status cof_rows_new(const cof_table_shape *shape, size_t memory_limit,
                                     cof_rows **out, cof_err *err);

/*
 * The place of the next row's values (or label), zeroed unless something was written to it before;
 * it counts only after the commit, and the same place is given until then.
 * @return COF_OK, COF_E_MEMORY_LIMIT (with both numbers), COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_rows_values_place(cof_rows *rows, void **out_place, cof_err *err);
COF_MUST_USE cof_status cof_rows_label_place(cof_rows *rows, void **out_place, cof_err *err);
void cof_rows_values_commit(cof_rows *rows);
void cof_rows_label_commit(cof_rows *rows);

/** Rows that have a label; the values are as many when a reader has finished. */
size_t cof_rows_count(const cof_rows *rows);
const cof_table_shape *cof_rows_shape(const cof_rows *rows);

/** The values of row i, below the count of values. Borrowed. */
void *cof_rows_values_at(const cof_rows *rows, size_t i);

/** Bytes of memory that the rows take now. */
size_t cof_rows_memory(const cof_rows *rows);

/**
 * Moves all rows into a table of the same shape and count, block by block: each is wiped and given
 * back as soon as it is copied, so the peak is the rows and one block. The rows are empty
 * afterwards.
 * @return COF_OK, COF_E_BAD_ARGUMENT (another shape or count).
 */
COF_MUST_USE cof_status cof_rows_move(cof_rows *rows, cof_table *table, cof_err *err);

/** Wipes and frees; accepts NULL. */
void cof_rows_free(cof_rows *rows);
COF_OWNED(cof_rows, cof_rows_free);

#endif
