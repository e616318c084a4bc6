/*
 * Implementation notes
 *
 *   blob   ........[ range 0 ][ range 1 ][ range 2 ]........
 *                       ^ position
 *
 * A read inside the ranges is served from them; those that lie before it are given back and new
 * ones are asked for behind the last. A read elsewhere starts anew with exactly what it wants; only
 * reading in order makes ranges that run ahead, twice as many with each read.
 */
#include <string.h>

#include "host/store/azure_parts.h"

static void drop_range(cof_azure_range *range)
{
    cof_blob_call_free(range->call);
    range->call = NULL;
    range->is_here = false;
    range->size = 0;
}

static void drop_ranges(cof_azure_reader *reader)
{
    for (size_t i = 0; i < COF_AZURE_AHEAD; i++) {
        drop_range(&reader->ranges[i]);
        free(reader->ranges[i].bytes);
        reader->ranges[i].bytes = NULL;
    }
    reader->count = 0;
}

void cof_azure_reader_reset(cof_azure_reader *reader)
{
    drop_ranges(reader);
    free(reader->blob);
    *reader = (cof_azure_reader){0};
}

/* Gives back the first range; its memory goes to the end of the row. */
static void pass_first(cof_azure_reader *reader)
{
    cof_azure_range first = reader->ranges[0];
    drop_range(&first);
    memmove(reader->ranges, reader->ranges + 1, (COF_AZURE_AHEAD - 1) * sizeof reader->ranges[0]);
    reader->ranges[COF_AZURE_AHEAD - 1] = first;
    reader->count--;
}

static cof_status ask(cof_azure_reader *reader, cof_blob_client *client, uint64_t offset,
                      size_t size, cof_err *err)
{
    cof_azure_range *range = &reader->ranges[reader->count];
    if (range->bytes == NULL) {
        range->bytes = malloc(COF_AZURE_BLOCK_SIZE);
        if (range->bytes == NULL) {
            return COF_FAIL(err, NO_MEMORY, "reading a blob");
        }
    }
    COF_TRY(cof_blob_range_start(client, reader->blob, offset, (cof_span){range->bytes, size},
                                 reader->version.etag, &range->call, err));
    range->offset = offset;
    range->size = size;
    range->is_here = false;
    reader->count++;
    return COF_OK;
}

/* Asks for what follows, as far ahead as is wanted: wanted bytes from position on, at the least. */
static cof_status ask_ahead(cof_azure_reader *reader, cof_blob_client *client, uint64_t position,
                            size_t wanted, cof_err *err)
{
    const bool is_known = reader->version.etag[0] != '\0';
    const size_t needed = (wanted + COF_AZURE_BLOCK_SIZE - 1) / COF_AZURE_BLOCK_SIZE;
    size_t target = needed > reader->ahead ? needed : reader->ahead;
    target = target < COF_AZURE_AHEAD ? target : COF_AZURE_AHEAD;
    while (reader->count < (is_known ? target : 1)) {
        const cof_azure_range *last = reader->count > 0 ? &reader->ranges[reader->count - 1] : NULL;
        const uint64_t next = last != NULL ? last->offset + last->size : position;
        const uint64_t end = position + wanted;
        uint64_t size = reader->ahead > 0 ? COF_AZURE_BLOCK_SIZE : end - next;
        if (next >= end && reader->ahead == 0) {
            break;
        }
        size = size < COF_AZURE_BLOCK_SIZE ? size : COF_AZURE_BLOCK_SIZE;
        if (is_known && next >= reader->version.size) {
            break;
        }
        if (is_known && reader->version.size - next < size) {
            size = reader->version.size - next;
        }
        COF_TRY(ask(reader, client, next, (size_t)size, err));
    }
    return COF_OK;
}

/* Makes the first range be here and hold position. */
static cof_status await_first(cof_azure_reader *reader, cof_err *err)
{
    cof_azure_range *first = &reader->ranges[0];
    cof_blob_properties found = {0};
    if (first->is_here) {
        return COF_OK;
    }
    COF_TRY(cof_blob_range_finish(first->call, first->offset, first->size, &found, err));
    if (reader->version.etag[0] != '\0' && strcmp(reader->version.etag, found.etag) != 0) {
        return COF_FAIL(err, BUSY, "%.100s was replaced while it was read", reader->blob);
    }
    reader->version = found;
    cof_blob_call_free(first->call);
    first->call = NULL;
    first->is_here = true;
    return COF_OK;
}

static bool is_in_ranges(const cof_azure_reader *reader, uint64_t position)
{
    if (reader->count == 0) {
        return false;
    }
    const cof_azure_range *last = &reader->ranges[reader->count - 1];
    return position >= reader->ranges[0].offset && position < last->offset + last->size;
}

static cof_status read_pieces(cof_azure_reader *reader, cof_blob_client *client, uint64_t position,
                              cof_span out, cof_err *err)
{
    while (out.size > 0) {
        if (!is_in_ranges(reader, position)) {
            while (reader->count > 0) {
                pass_first(reader);
            }
        }
        while (reader->count > 0 && position >= reader->ranges[0].offset + reader->ranges[0].size) {
            pass_first(reader);
        }
        COF_TRY(ask_ahead(reader, client, position, out.size, err));
        if (reader->count == 0) { /* the size became known on the way, and this is beyond it */
            return COF_FAIL(err, TRUNCATED, "%.100s has %llu bytes", reader->blob,
                            (unsigned long long)reader->version.size);
        }
        COF_TRY(await_first(reader, err));
        const cof_azure_range *first = &reader->ranges[0];
        const size_t at = (size_t)(position - first->offset);
        const size_t size = first->size - at < out.size ? first->size - at : out.size;
        memcpy(out.data, first->bytes + at, size);
        out = (cof_span){out.data + size, out.size - size};
        position += size;
    }
    reader->expected = position;
    if (position == reader->version.size) {
        drop_ranges(reader); /* the end: nothing will be asked for again soon */
    }
    return COF_OK;
}

cof_status cof_azure_reader_read(cof_azure_reader *reader, cof_blob_client *client, uint64_t offset,
                                 cof_span out, cof_err *err)
{
    const bool is_known = reader->version.etag[0] != '\0';
    cof_status status = COF_OK;
    if (is_known && (offset > reader->version.size || out.size > reader->version.size - offset)) {
        return COF_FAIL(err, TRUNCATED, "%.100s has %llu bytes", reader->blob,
                        (unsigned long long)reader->version.size);
    }
    if (offset == reader->expected && is_known) {
        reader->ahead = reader->ahead == 0 ? 1 : 2 * reader->ahead;
        reader->ahead = reader->ahead < COF_AZURE_AHEAD ? reader->ahead : COF_AZURE_AHEAD;
    } else if (!is_in_ranges(reader, offset)) {
        reader->ahead = 0;
    }
    status = read_pieces(reader, client, offset, out, err);
    if (status != COF_OK) {
        cof_azure_reader_reset(reader);
    }
    return status;
}
