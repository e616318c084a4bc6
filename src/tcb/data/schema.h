/*
 * The schema of a CSV input: docs/formats/contract.md.
 *
 * A schema is public: it stands in the contract. So its names may be shown wherever a cell's value
 * may not.
 */
#ifndef COF_DATA_SCHEMA_H
#define COF_DATA_SCHEMA_H

#include "tcb/data/table.h"
#include "tcb/wire/json.h"

typedef enum cof_column_type {
    COF_COLUMN_NUMBER = 1,
    COF_COLUMN_INTEGER = 2,
    COF_COLUMN_CATEGORY = 3
} cof_column_type;

typedef enum cof_missing {
    COF_MISSING_REFUSE = 0,
    COF_MISSING_MEAN =
        1 /* an empty cell becomes the mean of the column's other cells in the same table */
} cof_missing;

/** One column; borrowed from its schema. */
typedef struct cof_column {
    const char *name;
    cof_column_type type;
    cof_missing missing;
    bool has_min;
    bool has_max;
    double min;                /* inclusive */
    double max;                /* inclusive */
    const char *const *values; /* of a category: class k is values[k] */
    size_t value_count;
} cof_column;

typedef enum cof_schema_task {
    COF_SCHEMA_REGRESSION = 1,
    COF_SCHEMA_BINARY = 2, /* the positive class is 1 */
    COF_SCHEMA_CLASSES = 3
} cof_schema_task;

typedef struct cof_schema cof_schema;

/**
 * Reads the schema object of a contract, {"columns":[{"name":…,"type":…},…]}, strictly: nothing is
 * left to defaults. `missing` must be there for number and integer and must not for category;
 * `values` the other way round. Names and values are texts of 1 to 256 bytes without control
 * characters, each once. `mean` is for numbers only.
 * @return COF_OK, COF_E_BAD_FORMAT (naming column and member), COF_E_LIMIT, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_schema_from_json(const json_t *json, cof_schema **out, cof_err *err);

/** The same object again, every member written out. The caller owns it. @return COF_OK,
 * COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_schema_to_json(const cof_schema *schema, json_t **out_json,
                                           cof_err *err);

size_t cof_schema_count(const cof_schema *schema);

/** Column index, which is below the count; borrowed. */
const cof_column *cof_schema_column(const cof_schema *schema, size_t index);

/** The index of a column by name. @return COF_OK, COF_E_NOT_FOUND (with "did you mean"). */
COF_MUST_USE cof_status cof_schema_find(const cof_schema *schema, const char *name,
                                        size_t *out_index, cof_err *err);

/** The target as a contract names it: a column's name, or its index. @return COF_OK,
 * COF_E_NOT_FOUND, COF_E_BAD_FORMAT. */
COF_MUST_USE cof_status cof_schema_target(const cof_schema *schema, const json_t *target,
                                          size_t *out_index, cof_err *err);

/** The value of a category, looked up by its bytes. @return false when it is none of them. */
bool cof_schema_value(const cof_schema *schema, size_t column, cof_view text, size_t *out_value);

/** What the column makes when it is the target and the contract does not say: see contract.md. */
cof_schema_task cof_schema_default_task(const cof_schema *schema, size_t target);

/**
 * The rows that this schema makes with this target for this task.
 * @return COF_OK, COF_E_SCHEMA_MISMATCH (the target does not fit the task, has one class only or
 * `missing: mean`, or no other column is left), COF_E_LIMIT (over COF_LIMIT_FEATURES).
 */
COF_MUST_USE cof_status cof_schema_shape(const cof_schema *schema, size_t target,
                                         cof_schema_task task, cof_table_shape *out_shape,
                                         cof_err *err);

/** Appends the name of class k of a classification's target: a value, or the integer. @return as
 * cof_buf_append. */
COF_MUST_USE cof_status cof_schema_class_name(const cof_schema *schema, size_t target, size_t k,
                                              cof_buf *out, cof_err *err);

/**
 * Appends the name of feature k of a row: "column", or "column=value" for one value of a category.
 * @return COF_E_BAD_ARGUMENT (there is no such feature), or as cof_buf_append.
 */
COF_MUST_USE cof_status cof_schema_feature_name(const cof_schema *schema, size_t target, size_t k,
                                                cof_buf *out, cof_err *err);

void cof_schema_free(cof_schema *schema);
COF_OWNED(cof_schema, cof_schema_free);

#endif
