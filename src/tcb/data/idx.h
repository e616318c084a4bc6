/*
 * Streaming IDX reader (the format of MNIST): magic 00 00 08 n, n big-endian u32 dimensions, then
 * unsigned bytes.
 *
 * Values come from a file of 1 to 4 dimensions, whose first is the rows and whose others are
 * flattened to columns; labels from a file of one dimension. All values are fed first, then all
 * labels, in pieces of any size.
 */
#ifndef COF_DATA_IDX_H
#define COF_DATA_IDX_H

#include "tcb/data/problems.h"
#include "tcb/data/rows.h"

typedef struct cof_idx cof_idx;

/** classes: 2 to COF_LIMIT_CLASSES. memory_limit: bytes that the rows may take. @return COF_OK,
 * COF_E_BAD_ARGUMENT, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_idx_new(size_t classes, size_t memory_limit, cof_idx **out,
                                    cof_err *err);

/**
 * The next bytes of the values. After a failure every further call fails alike.
 * @return COF_OK, COF_E_BAD_FORMAT (magic), COF_E_UNSUPPORTED (another element type), COF_E_LIMIT
 * (a dimension), COF_E_DATA_EMPTY (a dimension is 0), COF_E_TRAILING_BYTES, COF_E_MEMORY_LIMIT
 * (known from the header), COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_idx_values(cof_idx *idx, cof_view piece, cof_err *err);

/**
 * The next bytes of the labels. A label out of range is counted, and reading goes on.
 * @return as cof_idx_values; COF_E_TRUNCATED (the values are not whole yet), COF_E_SCHEMA_MISMATCH
 * (not as many labels as rows).
 */
COF_MUST_USE cof_status cof_idx_labels(cof_idx *idx, cof_view piece, cof_err *err);

/**
 * Ends both files and gives the rows, u8 values and int32 classes, which the caller owns. out_rows
 * may be NULL.
 * @return COF_OK, COF_E_TRUNCATED, COF_E_DATA_INVALID (labels; see cof_idx_problems), or as the
 * call that failed before.
 */
COF_MUST_USE cof_status cof_idx_finish(cof_idx *idx, cof_rows **out_rows, cof_err *err);

const cof_problems *cof_idx_problems(const cof_idx *idx);

/** Bytes of memory that the reader and its rows take now. */
size_t cof_idx_memory(const cof_idx *idx);

/** Wipes and frees; accepts NULL. */
void cof_idx_free(cof_idx *idx);
COF_OWNED(cof_idx, cof_idx_free);

#endif
