/*
 * Another head of a blob that is there: its body's blocks are named again, only the head's are sent
 * (a blob of one request has no blocks and is sent whole). The ETag under which the old head was
 * found is the condition of the end, so that nobody's work is lost.
 */
#include <stdio.h>
#include <string.h>

#include "host/store/azure_parts.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/text.h"

enum { IDS_MAX = 50001 * COF_AZURE_BLOCK_ID_SIZE };

/* What the blocks of a blob are found to be. */
typedef struct layout {
    uint64_t head_size; /* asked for */
    uint64_t end;       /* of the blocks so far */
    bool has_border;    /* a block ends where the head does */
    bool is_foreign;    /* an id that is not of our length */
    cof_buf body_ids;
} layout;

static void layout_drop(layout *l)
{
    cof_buf_free(&l->body_ids);
}

static cof_status visit_block(void *context, const char *id, uint64_t size, cof_err *err)
{
    layout *l = context;
    l->is_foreign = l->is_foreign || strlen(id) != COF_AZURE_BLOCK_ID_SIZE - 1;
    if (l->end >= l->head_size) {
        COF_TRY(cof_buf_append(&l->body_ids, cof_view_of(id, strlen(id) + 1), err));
    }
    l->end += size;
    l->has_border = l->has_border || l->end == l->head_size;
    return COF_OK;
}

static cof_status read_range(cof_blob_client *client, const char *blob, uint64_t offset,
                             cof_span out, const cof_blob_properties *version, cof_err *err)
{
    COF_CLEANUP(cof_blob_call_drop_) cof_blob_call *call = NULL;
    cof_blob_properties found = {0};
    if (out.size == 0) {
        return COF_OK;
    }
    COF_TRY(cof_blob_range_start(client, blob, offset, out, version->etag, &call, err));
    COF_TRY(cof_blob_range_finish(call, offset, out.size, &found, err));
    return strcmp(found.etag, version->etag) == 0
               ? COF_OK
               : COF_FAIL(err, BUSY, "%.100s was replaced meanwhile", blob);
}

static cof_status check_head(cof_blob_client *client, const char *blob, cof_view was,
                             const cof_blob_properties *version, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf found = {.limit = was.size};
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(&found, was.size, &place, err));
    COF_TRY(read_range(client, blob, 0, (cof_span){place, was.size}, version, err));
    return cof_view_equal(cof_buf_view(&found), was)
               ? COF_OK
               : COF_FAIL(err, BUSY, "%.100s was replaced before its head was changed", blob);
}

static cof_status send_whole(cof_blob_client *client, const char *blob,
                             const cof_blob_properties *version, cof_view head, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf whole = {.limit = COF_AZURE_BLOCK_SIZE};
    const cof_blob_condition same = {.if_match = version->etag};
    uint8_t *place = NULL;
    if (version->size > COF_AZURE_BLOCK_SIZE) {
        return COF_FAIL(err, UNSUPPORTED, "%.100s was written in another way", blob);
    }
    const size_t rest = (size_t)version->size - head.size;
    COF_TRY(cof_buf_append(&whole, head, err));
    COF_TRY(cof_buf_extend(&whole, rest, &place, err));
    COF_TRY(read_range(client, blob, head.size, (cof_span){place, rest}, version, err));
    return cof_blob_client_put(client, blob, cof_buf_view(&whole), &same, err);
}

static cof_status send_head(cof_blob_client *client, const char *blob, cof_view head,
                            cof_buf *out_ids, cof_err *err)
{
    uint8_t random[8];
    char writer[COF_AZURE_WRITER_ID_SIZE];
    COF_TRY(cof_random((cof_span){random, sizeof random}, err));
    cof_hex_text(cof_view_of(random, sizeof random), writer);
    for (unsigned i = 0; head.size > 0; i++) {
        COF_CLEANUP(cof_blob_call_drop_) cof_blob_call *call = NULL;
        const size_t size =
            head.size < COF_AZURE_BLOCK_SIZE ? head.size : (size_t)COF_AZURE_BLOCK_SIZE;
        char id[COF_AZURE_BLOCK_ID_SIZE];
        COF_TRY(cof_azure_block_id(writer, 'h', i, id, err));
        COF_TRY(cof_blob_block_start(client, blob, id, cof_view_of(head.data, size), &call, err));
        COF_TRY(cof_blob_call_wait(call, err));
        COF_TRY(cof_buf_append(out_ids, cof_view_of(id, sizeof id), err));
        head = cof_view_of(head.data + size, head.size - size);
    }
    return COF_OK;
}

cof_status cof_azure_rehead(cof_blob_client *client, const char *blob, cof_view was, cof_view head,
                            cof_err *err)
{
    cof_blob_properties version = {0};
    COF_CLEANUP(layout_drop) layout l = {.head_size = head.size};
    COF_CLEANUP(cof_buf_free) cof_buf ids = {.limit = IDS_MAX};
    cof_buf_init(&l.body_ids, IDS_MAX);
    COF_TRY(cof_blob_properties_get(client, blob, &version, err));
    if (head.size > version.size) {
        return COF_FAIL(err, TRUNCATED, "the blob has fewer bytes than its new head");
    }
    COF_TRY(check_head(client, blob, was, &version, err));
    COF_TRY(cof_blob_block_list(client, blob, true, visit_block, &l, err));
    if (l.end == 0) {
        return send_whole(client, blob, &version, head, err);
    }
    if (!l.has_border || l.is_foreign || l.end != version.size) {
        return COF_FAIL(err, UNSUPPORTED, "%.100s was not written with a head of %zu bytes", blob,
                        head.size);
    }
    COF_TRY(send_head(client, blob, head, &ids, err));
    COF_TRY(cof_buf_append(&ids, cof_buf_view(&l.body_ids), err));
    const cof_blob_condition same = {.if_match = version.etag};
    return cof_blob_block_commit(client, blob, cof_buf_view(&ids), &same, err);
}
