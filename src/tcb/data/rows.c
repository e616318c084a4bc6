#include "tcb/data/rows.h"

#include <string.h>

#include "tcb/base/limits.h"
#include "tcb/base/size.h"

/* Small enough that little is lost at the end, large enough that a map call is nothing beside
 * filling it. */
enum { BLOCK_BYTES = 1024 * 1024 };

static void store_init(cof_store *store, size_t element_size)
{
    *store = (cof_store){.element_size = element_size};
    store->per_block = element_size < BLOCK_BYTES ? BLOCK_BYTES / element_size : 1;
}

/* The list of blocks holds addresses only, so an ordinary realloc may move it. */
static cof_status grow_list(cof_store *store, cof_err *err)
{
    if (store->block_count < store->block_capacity) {
        return COF_OK;
    }
    const size_t capacity = store->block_capacity == 0 ? 16 : 2 * store->block_capacity;
    size_t bytes = 0;
    COF_TRY(cof_size_mul(capacity, sizeof *store->blocks, &bytes, err));
    cof_arena *blocks = realloc(store->blocks, bytes);
    if (blocks == NULL) {
        return COF_FAIL(err, NO_MEMORY, "list of %zu blocks", capacity);
    }
    store->blocks = blocks;
    store->block_capacity = capacity;
    return COF_OK;
}

static cof_status store_place(cof_store *store, void **out_place, cof_err *err)
{
    const size_t block = store->count / store->per_block;
    const size_t index = store->count % store->per_block;
    if (block == store->block_count) {
        COF_TRY(grow_list(store, err));
        COF_TRY(cof_arena_init(&store->blocks[block], store->per_block * store->element_size, err));
        store->block_count++;
    }
    cof_arena *arena = &store->blocks[block];
    /* The arena's mark follows the rows, so that freeing wipes what was touched and no more. */
    arena->used = (index + 1) * store->element_size;
    *out_place = arena->base + index * store->element_size;
    return COF_OK;
}

static size_t store_memory(const cof_store *store)
{
    size_t bytes = store->block_capacity * sizeof *store->blocks;
    for (size_t i = 0; i < store->block_count; i++) {
        bytes += store->blocks[i].used;
    }
    return bytes;
}

static void store_move(cof_store *store, uint8_t *to)
{
    size_t left = store->count;
    for (size_t i = 0; i < store->block_count; i++) {
        const size_t count = left < store->per_block ? left : store->per_block;
        memcpy(to, store->blocks[i].base, count * store->element_size);
        to += count * store->element_size;
        left -= count;
        cof_arena_free(&store->blocks[i]);
    }
    store->block_count = 0;
    store->count = 0;
}

static void store_free(cof_store *store)
{
    for (size_t i = 0; i < store->block_count; i++) {
        cof_arena_free(&store->blocks[i]);
    }
    free(store->blocks);
    *store = (cof_store){0};
}

cof_status cof_rows_new(const cof_table_shape *shape, size_t memory_limit, cof_rows **out,
                        cof_err *err)
{
    size_t row_size = 0;
    size_t label_size = 0;
    if (shape->columns == 0 || shape->columns > COF_LIMIT_FEATURES) {
        return COF_FAIL(err, LIMIT, "%zu features, where 1 to %d are allowed", shape->columns,
                        COF_LIMIT_FEATURES);
    }
    COF_TRY(cof_table_bytes(shape, 1, &row_size, &label_size, err));
    COF_CLEANUP(cof_rows_drop_) cof_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL) {
        return COF_FAIL(err, NO_MEMORY, "rows");
    }
    rows->shape = *shape;
    rows->memory_limit = memory_limit;
    rows->row_limit = memory_limit / (row_size + label_size);
    store_init(&rows->values, row_size);
    store_init(&rows->labels, label_size);
    *out = cof_rows_take(&rows);
    return COF_OK;
}

static cof_status place(cof_rows *rows, cof_store *store, void **out_place, cof_err *err)
{
    if (store->count >= rows->row_limit) {
        size_t values = 0;
        size_t labels = 0;
        COF_TRY(cof_table_bytes(&rows->shape, store->count + 1, &values, &labels, err));
        return COF_FAIL(err, MEMORY_LIMIT, "row %zu: the rows need %zu bytes, and %zu are allowed",
                        store->count + 1, values + labels, rows->memory_limit);
    }
    if (store->count >= COF_LIMIT_ROWS) {
        return COF_FAIL(err, LIMIT, "more than %llu rows", (unsigned long long)COF_LIMIT_ROWS);
    }
    return store_place(store, out_place, err);
}

cof_status cof_rows_values_place(cof_rows *rows, void **out_place, cof_err *err)
{
    return place(rows, &rows->values, out_place, err);
}

cof_status cof_rows_label_place(cof_rows *rows, void **out_place, cof_err *err)
{
    return place(rows, &rows->labels, out_place, err);
}

void cof_rows_values_commit(cof_rows *rows)
{
    rows->values.count++;
}

void cof_rows_label_commit(cof_rows *rows)
{
    rows->labels.count++;
}

size_t cof_rows_count(const cof_rows *rows)
{
    return rows->labels.count;
}

const cof_table_shape *cof_rows_shape(const cof_rows *rows)
{
    return &rows->shape;
}

void *cof_rows_values_at(const cof_rows *rows, size_t i)
{
    const cof_store *store = &rows->values;
    return store->blocks[i / store->per_block].base + (i % store->per_block) * store->element_size;
}

size_t cof_rows_memory(const cof_rows *rows)
{
    return sizeof *rows + store_memory(&rows->values) + store_memory(&rows->labels);
}

cof_status cof_rows_move(cof_rows *rows, cof_table *table, cof_err *err)
{
    const size_t count = rows->labels.count;
    if (rows->values.count != count || table->rows != count ||
        !cof_table_shape_equal(&rows->shape, &table->shape)) {
        return COF_FAIL(err, BAD_ARGUMENT,
                        "%zu rows of %zu columns do not fit a table of %zu rows of %zu columns",
                        count, rows->shape.columns, table->rows, table->shape.columns);
    }
    if (count > 0) {
        store_move(&rows->values, table->values);
        store_move(&rows->labels, table->labels);
    }
    return COF_OK;
}

void cof_rows_free(cof_rows *rows)
{
    if (rows != NULL) {
        store_free(&rows->values);
        store_free(&rows->labels);
        free(rows);
    }
}
