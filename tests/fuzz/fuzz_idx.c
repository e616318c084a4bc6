/* Any bytes as two IDX files: the first two bytes say where the second starts and how both are cut.
 */
#include <stdlib.h>
#include <string.h>

#include "tcb/data/idx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static cof_status feed(cof_idx *idx, cof_status (*take)(cof_idx *, cof_view, cof_err *),
                       cof_view bytes, size_t piece)
{
    for (size_t at = 0; at < bytes.size;) {
        const size_t count = bytes.size - at < piece ? bytes.size - at : piece;
        COF_TRY(take(idx, cof_view_of(bytes.data + at, count), NULL));
        at += count;
    }
    return COF_OK;
}

static cof_status run(cof_view values, cof_view labels, size_t piece, size_t *out_rows)
{
    COF_CLEANUP(cof_idx_drop_) cof_idx *idx = NULL;
    COF_CLEANUP(cof_rows_drop_) cof_rows *rows = NULL;
    if (cof_idx_new(10, 1 << 20, &idx, NULL) != COF_OK) {
        abort();
    }
    COF_TRY(feed(idx, cof_idx_values, values, piece));
    COF_TRY(feed(idx, cof_idx_labels, labels, piece));
    COF_TRY(cof_idx_finish(idx, &rows, NULL));
    *out_rows = cof_rows_count(rows);
    /* Every byte of a good pair is in a header or in the table. */
    if (*out_rows * (cof_rows_shape(rows)->columns + 1) > values.size + labels.size) {
        abort();
    }
    return COF_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t whole = 0;
    size_t cut = 0;
    if (size < 2) {
        return 0;
    }
    const size_t left = size - 2;
    const size_t split = data[0] < left ? data[0] : left;
    const cof_view values = cof_view_of(data + 2, split);
    const cof_view labels = cof_view_of(data + 2 + split, left - split);
    if (run(values, labels, SIZE_MAX, &whole) != run(values, labels, (size_t)data[1] + 1, &cut) ||
        whole != cut) {
        abort();
    }
    return 0;
}
