/*
 * Implementation notes
 *
 * Bytes fill one block after the other; a full block is sent while the next one fills. Blocks on
 * their way are a ring: the oldest is waited for when there is no room. The ids of the blocks are
 * kept in two lists, head and body, since the head comes last in time and first in the blob.
 *
 * A blob of at most one block is sent at the commit by one Put Blob, and nothing before.
 */
#include <stdio.h>
#include <string.h>

#include "host/store/azure_parts.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/text.h"

enum {
    SLOTS = 9,               /* one fills, up to eight are on their way */
    FLIGHT_BYTES = 64 << 20, /* most bytes on their way, but two blocks at the least */
    LEVEL_BLOCKS = 7000,     /* so many blocks of each size */
    LEVELS = 7,              /* 4 MiB to 256 MiB: 3.4 TiB and 49 000 blocks in all */
    IDS_MAX = 50000 * COF_AZURE_BLOCK_ID_SIZE
};

typedef struct block {
    uint8_t *bytes;
    size_t capacity;
    size_t size;
    cof_blob_call *call; /* NULL: not on its way */
} block;

typedef struct azure_writer {
    cof_blob_writer base;
    cof_blob_client *client;
    char *blob;
    char id[COF_AZURE_WRITER_ID_SIZE];
    cof_azure_upload upload; /* before may be NULL */
    uint64_t head_size;
    cof_buf head; /* a small blob's, until the commit */
    bool has_head;
    bool is_committed;
    block blocks[SLOTS];
    size_t filling;
    size_t oldest;
    size_t flying;
    unsigned body_count;
    unsigned head_count;
    cof_buf body_ids;
    cof_buf head_ids;
} azure_writer;

static size_t block_size(unsigned index)
{
    return (size_t)COF_AZURE_BLOCK_SIZE << (index / LEVEL_BLOCKS);
}

static size_t flight_max(size_t size)
{
    const size_t fit = FLIGHT_BYTES / size;
    return fit < 2 ? 2 : fit < SLOTS - 1 ? fit : SLOTS - 1;
}

static cof_status await_oldest(azure_writer *writer, cof_err *err)
{
    block *oldest = &writer->blocks[writer->oldest];
    const cof_status status = oldest->call != NULL ? cof_blob_call_wait(oldest->call, err) : COF_OK;
    cof_blob_call_free(oldest->call);
    oldest->call = NULL;
    oldest->size = 0;
    writer->oldest = (writer->oldest + 1) % SLOTS;
    writer->flying--;
    return status;
}

cof_status cof_azure_block_id(const char *writer_id, char kind, unsigned index,
                              char out[static COF_AZURE_BLOCK_ID_SIZE], cof_err *err)
{
    char plain[32];
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_AZURE_BLOCK_ID_SIZE};
    const char *id = NULL;
    (void)snprintf(plain, sizeof plain, "%.16s%c%07u", writer_id, kind, index);
    COF_TRY(cof_base64_encode(cof_view_text(plain), &text, err));
    COF_TRY(cof_buf_text(&text, &id, err));
    memcpy(out, id, strlen(id) + 1);
    return COF_OK;
}

/* Sends the block that fills, unless the service has it, and goes on to the next one. */
static cof_status send_block(azure_writer *writer, char kind, cof_err *err)
{
    block *full = &writer->blocks[writer->filling];
    unsigned *count = kind == 'h' ? &writer->head_count : &writer->body_count;
    cof_buf *ids = kind == 'h' ? &writer->head_ids : &writer->body_ids;
    char id[COF_AZURE_BLOCK_ID_SIZE];
    bool is_there = false;
    if (writer->body_count >= LEVEL_BLOCKS * LEVELS) {
        return COF_FAIL(err, LIMIT, "the blob is over %d blocks", LEVEL_BLOCKS * LEVELS);
    }
    COF_TRY(cof_azure_block_id(writer->id, kind, *count, id, err));
    const cof_view bytes = cof_view_of(full->bytes, full->size);
    if (writer->upload.before != NULL) {
        COF_TRY(writer->upload.before(writer->upload.context, kind, id, bytes, &is_there, err));
    }
    COF_TRY(cof_buf_append(ids, cof_view_of(id, sizeof id), err));
    (*count)++;
    if (is_there) {
        full->size = 0;
        return COF_OK;
    }
    COF_TRY(cof_blob_block_start(writer->client, writer->blob, id, bytes, &full->call, err));
    writer->filling = (writer->filling + 1) % SLOTS;
    writer->flying++;
    while (writer->flying > flight_max(full->capacity)) {
        COF_TRY(await_oldest(writer, err));
    }
    return cof_transfers_step(writer->client->transfers, 0, err);
}

/* The block that fills, with memory for size bytes; it is empty or partly full. */
static cof_status room(azure_writer *writer, size_t size, block **out, cof_err *err)
{
    block *b = &writer->blocks[writer->filling];
    if (b->capacity < size) {
        uint8_t *bytes = realloc(b->bytes, size);
        if (bytes == NULL) {
            return COF_FAIL(err, NO_MEMORY, "a block of %zu bytes", size);
        }
        b->bytes = bytes;
        b->capacity = size;
    }
    *out = b;
    return COF_OK;
}

static cof_status add_bytes(azure_writer *writer, char kind, cof_view bytes, cof_err *err)
{
    while (bytes.size > 0) {
        const size_t full =
            kind == 'h' ? (size_t)COF_AZURE_BLOCK_SIZE : block_size(writer->body_count);
        block *b = NULL;
        COF_TRY(room(writer, full, &b, err));
        if (b->size == full) {
            COF_TRY(send_block(writer, kind, err)); /* there is more, so this was not the last */
            continue;
        }
        const size_t size = full - b->size < bytes.size ? full - b->size : bytes.size;
        memcpy(b->bytes + b->size, bytes.data, size);
        b->size += size;
        bytes = cof_view_of(bytes.data + size, bytes.size - size);
    }
    return COF_OK;
}

static cof_status writer_write(cof_blob_writer *self, cof_view bytes, cof_err *err)
{
    azure_writer *writer = (azure_writer *)self;
    if (writer->has_head || writer->is_committed) {
        return COF_FAIL(err, BAD_ARGUMENT, "bytes after the end of the blob");
    }
    COF_TRY(add_bytes(writer, 'b', bytes, err));
    return cof_transfers_step(writer->client->transfers, 0, err);
}

static cof_status writer_head(cof_blob_writer *self, cof_view bytes, cof_err *err)
{
    azure_writer *writer = (azure_writer *)self;
    const size_t waiting = writer->blocks[writer->filling].size;
    if (bytes.size != writer->head_size || writer->has_head) {
        return COF_FAIL(err, BAD_ARGUMENT, "a head of %zu bytes where %llu are due", bytes.size,
                        (unsigned long long)writer->head_size);
    }
    writer->has_head = true;
    if (writer->body_count == 0 && waiting + bytes.size <= COF_AZURE_BLOCK_SIZE) {
        cof_buf_init(&writer->head, bytes.size);
        return cof_buf_append(&writer->head, bytes, err);
    }
    if (waiting > 0) {
        COF_TRY(send_block(writer, 'b', err)); /* the last of the body */
    }
    return add_bytes(writer, 'h', bytes, err);
}

static cof_status commit_small(azure_writer *writer, const cof_blob_condition *condition,
                               cof_err *err)
{
    const block *b = &writer->blocks[writer->filling];
    COF_CLEANUP(cof_buf_free) cof_buf whole = {.limit = COF_AZURE_BLOCK_SIZE};
    COF_TRY(cof_buf_append(&whole, cof_buf_view(&writer->head), err));
    COF_TRY(cof_buf_append(&whole, cof_view_of(b->bytes, b->size), err));
    return cof_blob_client_put(writer->client, writer->blob, cof_buf_view(&whole), condition, err);
}

static cof_status commit_blocks(azure_writer *writer, const cof_blob_condition *condition,
                                cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf ids = {.limit = 2 * IDS_MAX};
    if (writer->blocks[writer->filling].size > 0) {
        COF_TRY(send_block(writer, writer->has_head ? 'h' : 'b', err));
    }
    while (writer->flying > 0) {
        COF_TRY(await_oldest(writer, err));
    }
    COF_TRY(cof_buf_append(&ids, cof_buf_view(&writer->head_ids), err));
    COF_TRY(cof_buf_append(&ids, cof_buf_view(&writer->body_ids), err));
    return cof_blob_block_commit(writer->client, writer->blob, cof_buf_view(&ids), condition, err);
}

static cof_status writer_commit(cof_blob_writer *self, cof_err *err)
{
    azure_writer *writer = (azure_writer *)self;
    const cof_blob_condition condition = {.only_new = writer->upload.only_new};
    if (writer->head_size > 0 && !writer->has_head) {
        return COF_FAIL(err, BAD_ARGUMENT, "the head of the blob is missing");
    }
    if (writer->is_committed) {
        return COF_FAIL(err, BAD_ARGUMENT, "the blob was committed before");
    }
    writer->is_committed = true;
    if (writer->body_count + writer->head_count == 0) {
        return commit_small(writer, &condition, err);
    }
    return commit_blocks(writer, &condition, err);
}

static void writer_free(cof_blob_writer *self)
{
    azure_writer *writer = (azure_writer *)self;
    for (size_t i = 0; i < SLOTS; i++) {
        cof_blob_call_free(writer->blocks[i].call);
        free(writer->blocks[i].bytes);
    }
    cof_buf_free(&writer->head);
    cof_buf_free(&writer->head_ids);
    cof_buf_free(&writer->body_ids);
    free(writer->blob);
    free(writer);
}

static const cof_blob_writer_ops writer_ops = {
    .write = writer_write, .head = writer_head, .commit = writer_commit, .free = writer_free};

static cof_status choose_id(azure_writer *writer, cof_err *err)
{
    uint8_t bytes[8];
    if (writer->upload.writer_id != NULL) {
        if (strlen(writer->upload.writer_id) != COF_AZURE_WRITER_ID_SIZE - 1) {
            return COF_FAIL(err, BAD_ARGUMENT, "a writer's id");
        }
        memcpy(writer->id, writer->upload.writer_id, sizeof writer->id);
        return COF_OK;
    }
    COF_TRY(cof_random((cof_span){bytes, sizeof bytes}, err));
    cof_hex_text(cof_view_of(bytes, sizeof bytes), writer->id);
    return COF_OK;
}

cof_status cof_azure_writer_new(cof_blob_client *client, const char *blob, uint64_t head_size,
                                const cof_azure_upload *upload, cof_blob_writer **out, cof_err *err)
{
    azure_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return COF_FAIL(err, NO_MEMORY, "blob writer");
    }
    COF_CLEANUP(cof_blob_writer_drop_) cof_blob_writer *base = &writer->base;
    writer->base.ops = &writer_ops;
    writer->client = client;
    writer->head_size = head_size;
    writer->upload = upload != NULL ? *upload : (cof_azure_upload){0};
    cof_buf_init(&writer->body_ids, IDS_MAX);
    cof_buf_init(&writer->head_ids, IDS_MAX);
    writer->blob = strdup(blob);
    if (writer->blob == NULL) {
        return COF_FAIL(err, NO_MEMORY, "blob writer");
    }
    COF_TRY(choose_id(writer, err));
    *out = cof_blob_writer_take(&base);
    return COF_OK;
}
