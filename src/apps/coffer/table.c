#include "apps/coffer/table.h"

#include "tcb/wire/json.h"

enum { GAP = 2, LINE_BYTES = 8192 };

cof_status cof_table_row(cof_table *table, const char *const *cells, size_t count, cof_err *err)
{
    COF_JSON json_t *row = json_array();
    if (table->rows == NULL) {
        table->rows = json_array();
        table->columns = count < COF_TABLE_COLUMNS ? count : COF_TABLE_COLUMNS;
    }
    for (size_t i = 0; i < count; i++) {
        COF_TRY(cof_json_append(row, json_string(cells[i] != NULL ? cells[i] : ""), err));
    }
    return cof_json_append(table->rows, json_incref(row), err);
}

/* How many places a text takes: one for each character of UTF-8. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return width;
}

static const char *cell(const json_t *row, size_t column)
{
    const char *text = json_string_value(json_array_get(row, column));
    return text != NULL ? text : "";
}

static cof_status print_row(const cof_table *table, const json_t *row, const size_t *widths,
                            cof_buf *line, cof_err *err)
{
    cof_buf_clear(line);
    for (size_t i = 0; i < table->columns; i++) {
        const char *text = cell(row, i);
        const size_t pad = i + 1 < table->columns ? widths[i] + GAP - width_of(text) : 0;
        COF_TRY(cof_buf_printf(line, err, "%s%*s", text, (int)pad, ""));
    }
    return COF_OK;
}

cof_status cof_table_print(const cof_table *table, cof_output *output, const char *none,
                           cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf line = {.limit = LINE_BYTES};
    size_t widths[COF_TABLE_COLUMNS] = {0};
    const json_t *row = NULL;
    size_t i = 0;
    if (json_array_size(table->rows) <= 1) {
        cof_output_line(output, COF_TONE_DIM, "%s", none);
        return COF_OK;
    }
    json_array_foreach(table->rows, i, row)
    {
        for (size_t k = 0; k < table->columns; k++) {
            const size_t width = width_of(cell(row, k));
            widths[k] = width > widths[k] ? width : widths[k];
        }
    }
    json_array_foreach(table->rows, i, row)
    {
        const char *text = NULL;
        COF_TRY(print_row(table, row, widths, &line, err));
        COF_TRY(cof_buf_text(&line, &text, err));
        cof_output_line(output, i == 0 ? COF_TONE_DIM : COF_TONE_PLAIN, "%s", text);
    }
    return COF_OK;
}

void cof_table_free(cof_table *table)
{
    json_decref(table->rows);
    *table = (cof_table){0};
}
