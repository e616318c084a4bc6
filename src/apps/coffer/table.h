/* A table for people: columns as wide as their widest cell. Nothing with --json. */
#ifndef COF_APP_TABLE_H
#define COF_APP_TABLE_H

#include "apps/coffer/output.h"

enum { COF_TABLE_COLUMNS = 6 };

typedef struct cof_table {
    json_t *rows; /* [[text, …]] */
    size_t columns;
} cof_table;

/** Adds a row of so many texts as the first row (the heading) has; NULL counts as "". @return
 * COF_OK, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_table_row(cof_table *table, const char *const *cells, size_t count,
                                      cof_err *err);
#define COF_TABLE_ROW(table, err, ...)                                                             \
    cof_table_row(table, (const char *const[]){__VA_ARGS__},                                       \
                  sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), err)

/** Prints it; one without rows but the heading says so with none. */
COF_MUST_USE cof_status cof_table_print(const cof_table *table, cof_output *output,
                                        const char *none, cof_err *err);

void cof_table_free(cof_table *table);

#endif
