#include "tcb/data/idx.h"

#include <string.h>

#include "tcb/base/limits.h"
#include "tcb/base/size.h"
#include "tcb/wire/reader.h"

enum {
    MAGIC_BYTES = 4,
    TYPE_U8 = 0x08,
    DIMENSIONS = 4,
    HEADER_BYTES = MAGIC_BYTES + 4 * DIMENSIONS
};

/* One of the two files. */
typedef struct idx_stream {
    const char *what;
    uint8_t max_dimensions;
    uint8_t header[HEADER_BYTES];
    size_t header_size; /* bytes of it so far */
    size_t header_need; /* known after the magic */
    size_t rows;
    size_t columns;
    size_t left; /* bytes of the body to come */
} idx_stream;

struct cof_idx {
    size_t classes;
    size_t memory_limit;
    cof_status failed; /* what ended the reading */
    idx_stream values;
    idx_stream labels;
    cof_rows *rows; /* made when the values' header is known */
    size_t fill;    /* bytes of the row that is being filled */
    cof_problems problems;
};

cof_status cof_idx_new(size_t classes, size_t memory_limit, cof_idx **out, cof_err *err)
{
    if (classes < 2 || classes > COF_LIMIT_CLASSES) {
        return COF_FAIL(err, BAD_ARGUMENT, "%zu classes, where 2 to %d are allowed", classes,
                        COF_LIMIT_CLASSES);
    }
    cof_idx *idx = calloc(1, sizeof *idx);
    if (idx == NULL) {
        return COF_FAIL(err, NO_MEMORY, "IDX reader");
    }
    idx->classes = classes;
    idx->memory_limit = memory_limit;
    idx->values =
        (idx_stream){.what = "values", .max_dimensions = DIMENSIONS, .header_need = MAGIC_BYTES};
    idx->labels = (idx_stream){.what = "labels", .max_dimensions = 1, .header_need = MAGIC_BYTES};
    *out = idx;
    return COF_OK;
}

void cof_idx_free(cof_idx *idx)
{
    if (idx != NULL) {
        cof_rows_free(idx->rows);
        free(idx);
    }
}

/* ---- headers ---- */

static cof_status read_magic(idx_stream *stream, cof_err *err)
{
    const uint8_t *magic = stream->header;
    if (magic[0] != 0 || magic[1] != 0) {
        return COF_FAIL(err, BAD_FORMAT, "%s: not an IDX file", stream->what);
    }
    if (magic[2] != TYPE_U8) {
        return COF_FAIL(err, UNSUPPORTED,
                        "%s: elements of type 0x%02x, where unsigned bytes (0x08) are needed",
                        stream->what, magic[2]);
    }
    if (magic[3] == 0 || magic[3] > stream->max_dimensions) {
        return COF_FAIL(err, UNSUPPORTED, "%s: %u dimensions, where 1 to %u are needed",
                        stream->what, magic[3], stream->max_dimensions);
    }
    stream->header_need = MAGIC_BYTES + 4u * magic[3];
    return COF_OK;
}

static cof_status read_dimensions(idx_stream *stream, cof_err *err)
{
    cof_reader reader =
        cof_reader_of(cof_view_of(stream->header + MAGIC_BYTES, stream->header_size - MAGIC_BYTES));
    uint32_t dimension = 0;
    COF_TRY(cof_read_u32be(&reader, &dimension, err));
    stream->rows = dimension;
    stream->columns = 1;
    while (cof_reader_left(&reader) > 0 && dimension > 0) {
        COF_TRY(cof_read_u32be(&reader, &dimension, err));
        if (dimension > COF_LIMIT_FEATURES || stream->columns * dimension > COF_LIMIT_FEATURES) {
            return COF_FAIL(err, LIMIT, "%s: rows of more than %d elements", stream->what,
                            COF_LIMIT_FEATURES);
        }
        stream->columns *= dimension;
    }
    if (dimension == 0) {
        return COF_FAIL(err, DATA_EMPTY, "%s: a dimension is 0", stream->what);
    }
    return cof_size_mul(stream->rows, stream->columns, &stream->left, err);
}

/* Takes what the header still needs from the piece; *out_done when it is whole and read. */
static cof_status take_header(idx_stream *stream, cof_view *piece, bool *out_done, cof_err *err)
{
    *out_done = false;
    while (piece->size > 0 && stream->header_size < stream->header_need) {
        stream->header[stream->header_size++] = *piece->data;
        *piece = cof_view_of(piece->data + 1, piece->size - 1);
        if (stream->header_size == MAGIC_BYTES) {
            COF_TRY(read_magic(stream, err));
        } else if (stream->header_size == stream->header_need) {
            COF_TRY(read_dimensions(stream, err));
            *out_done = true;
        }
    }
    return COF_OK;
}

static bool has_header(const idx_stream *stream)
{
    return stream->header_need > MAGIC_BYTES && stream->header_size == stream->header_need;
}

static bool is_whole(const idx_stream *stream)
{
    return has_header(stream) && stream->left == 0;
}

/* The size of all is known before the first value, so a job that is too large ends here. */
static cof_status start_rows(cof_idx *idx, cof_err *err)
{
    const cof_table_shape shape = {.values = COF_TABLE_U8,
                                   .labels = COF_TABLE_CLASS,
                                   .columns = idx->values.columns,
                                   .classes = idx->classes};
    size_t values = 0;
    size_t labels = 0;
    size_t all = 0;
    COF_TRY(cof_table_bytes(&shape, idx->values.rows, &values, &labels, err));
    COF_TRY(cof_size_add(values, labels, &all, err));
    if (all > idx->memory_limit) {
        return COF_FAIL(err, MEMORY_LIMIT,
                        "%zu rows of %zu bytes need %zu bytes, and %zu are allowed",
                        idx->values.rows, idx->values.columns, all, idx->memory_limit);
    }
    return cof_rows_new(&shape, idx->memory_limit, &idx->rows, err);
}

/* ---- bodies ---- */

static cof_status take_from_body(idx_stream *stream, size_t size, cof_err *err)
{
    if (size > stream->left) {
        return COF_FAIL(err, TRAILING_BYTES, "%s: %zu bytes too many", stream->what,
                        size - stream->left);
    }
    stream->left -= size;
    return COF_OK;
}

static cof_status take_values(cof_idx *idx, cof_view piece, cof_err *err)
{
    bool is_done = false;
    COF_TRY(take_header(&idx->values, &piece, &is_done, err));
    if (is_done) {
        COF_TRY(start_rows(idx, err));
    }
    COF_TRY(take_from_body(&idx->values, piece.size, err));
    while (piece.size > 0) {
        void *place = NULL;
        const size_t missing = idx->values.columns - idx->fill;
        const size_t size = piece.size < missing ? piece.size : missing;
        COF_TRY(cof_rows_values_place(idx->rows, &place, err));
        memcpy((uint8_t *)place + idx->fill, piece.data, size);
        piece = cof_view_of(piece.data + size, piece.size - size);
        idx->fill += size;
        if (idx->fill == idx->values.columns) {
            cof_rows_values_commit(idx->rows);
            idx->fill = 0;
        }
    }
    return COF_OK;
}

static cof_status take_labels(cof_idx *idx, cof_view piece, cof_err *err)
{
    bool is_done = false;
    if (!is_whole(&idx->values)) {
        return COF_FAIL(err, TRUNCATED, "labels before the end of the values");
    }
    COF_TRY(take_header(&idx->labels, &piece, &is_done, err));
    if (is_done && idx->labels.rows != idx->values.rows) {
        return COF_FAIL(err, SCHEMA_MISMATCH, "%zu labels for %zu rows", idx->labels.rows,
                        idx->values.rows);
    }
    COF_TRY(take_from_body(&idx->labels, piece.size, err));
    for (size_t i = 0; i < piece.size; i++) {
        void *place = NULL;
        COF_TRY(cof_rows_label_place(idx->rows, &place, err));
        *(int32_t *)place = piece.data[i];
        cof_rows_label_commit(idx->rows);
        if (piece.data[i] >= idx->classes) {
            cof_problems_add(&idx->problems,
                             &(cof_problem){.kind = COF_PROBLEM_BAD_LABEL,
                                            .column = COF_PROBLEM_NO_COLUMN,
                                            .position = COF_PROBLEM_NO_COLUMN,
                                            .suggestion = COF_PROBLEM_NO_COLUMN,
                                            .first_row = cof_rows_count(idx->rows)});
        }
    }
    return COF_OK;
}

static cof_status fail_again(const cof_idx *idx, cof_err *err)
{
    return cof_err_set(err, idx->failed, __FILE__, __LINE__, "the reader has ended");
}

cof_status cof_idx_values(cof_idx *idx, cof_view piece, cof_err *err)
{
    if (idx->failed != COF_OK) {
        return fail_again(idx, err);
    }
    idx->failed = take_values(idx, piece, err);
    return idx->failed;
}

cof_status cof_idx_labels(cof_idx *idx, cof_view piece, cof_err *err)
{
    if (idx->failed != COF_OK) {
        return fail_again(idx, err);
    }
    idx->failed = take_labels(idx, piece, err);
    return idx->failed;
}

static cof_status judge(const cof_idx *idx, cof_err *err)
{
    if (!is_whole(&idx->values)) {
        return COF_FAIL(err, TRUNCATED, "values: %zu bytes are missing", idx->values.left);
    }
    if (!is_whole(&idx->labels)) {
        return COF_FAIL(err, TRUNCATED, "labels: %zu bytes are missing", idx->labels.left);
    }
    if (idx->problems.total > 0) {
        return cof_problems_fail(&idx->problems, NULL, COF_E_DATA_INVALID, err);
    }
    return COF_OK;
}

cof_status cof_idx_finish(cof_idx *idx, cof_rows **out_rows, cof_err *err)
{
    if (idx->failed != COF_OK) {
        return fail_again(idx, err);
    }
    const cof_status status = judge(idx, err);
    idx->failed = status == COF_OK ? COF_E_BAD_ARGUMENT : status;
    COF_TRY(status);
    if (out_rows != NULL) {
        *out_rows = cof_rows_take(&idx->rows);
    }
    return COF_OK;
}

const cof_problems *cof_idx_problems(const cof_idx *idx)
{
    return &idx->problems;
}

size_t cof_idx_memory(const cof_idx *idx)
{
    return sizeof *idx + (idx->rows != NULL ? cof_rows_memory(idx->rows) : 0);
}
