/*
 * A schema from the data itself, for an owner who has written none. Runs where the owner seals, on
 * the owner's plaintext.
 *
 * The schema becomes part of the contract, which is public. So of the features' values nothing goes
 * into it but the texts of categories; ranges are inferred for the target only.
 */
#ifndef COF_HOST_INFER_H
#define COF_HOST_INFER_H

#include "tcb/data/schema.h"

/**
 * Infers the schema of a CSV file, in two passes and bounded memory.
 *
 * A column whose cells are all decimal numbers is a number, or an integer when all are whole; any
 * other is a category of its texts, sorted, at most 1000. A target of whole numbers with at most 20
 * different values is a class: an integer with min and max when the values follow each other, else
 * a category of its values in numeric order. Missing cells are refused: what to do with them is not
 * for a guess to decide.
 *
 * @param target    the target column's name or index, as a contract names it; NULL: none is a
 * target
 * @param out_json  {"columns":[…]}, valid for this target; the caller owns it
 * @return COF_OK, COF_E_SCHEMA_MISMATCH or COF_E_DATA_INVALID (with line and column),
 * COF_E_DATA_EMPTY, COF_E_NOT_FOUND, COF_E_LIMIT, COF_E_IO, COF_E_NO_MEMORY
 */
COF_MUST_USE cof_status cof_infer_schema(const char *path, const json_t *target, json_t **out_json,
                                         cof_err *err);

/**
 * The number of classes of an IDX file of labels: 1 + the largest label, at least 2.
 * @return COF_OK, COF_E_BAD_FORMAT, COF_E_UNSUPPORTED, COF_E_TRUNCATED, COF_E_TRAILING_BYTES,
 * COF_E_DATA_EMPTY, COF_E_NOT_FOUND, COF_E_IO
 */
COF_MUST_USE cof_status cof_infer_idx_classes(const char *path, size_t *out_classes, cof_err *err);

#endif
