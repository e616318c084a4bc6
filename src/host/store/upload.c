/*
 * Implementation notes
 *
 * Resuming seals the file again with the data key of the first try. Chunk nonces are counters, so
 * the same plaintext must stand at the same place: every block is compared with what was noted
 * before it was first sent, and another one ends the upload before it leaves the machine. The front
 * (head) is not compared: it is no ciphertext, and its wrapped keys are made anew.
 */
#include "host/store/upload.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "host/store/upload_state.h"
#include "tcb/crypto/random.h"

enum { HAD_MAX = 50000 };

/* A block that the service has: its id and its size. */
typedef struct had_block {
    char id[COF_AZURE_BLOCK_ID_SIZE];
    uint64_t size;
} had_block;

typedef struct upload {
    cof_blob_store *store;
    const cof_upload_request *request;
    cof_upload_state *state;
    had_block *had; /* sorted by id */
    size_t had_count;
    cof_upload_result result;
} upload;

static void upload_drop(upload *u)
{
    cof_upload_state_free(u->state);
    free(u->had);
}

static int compare_blocks(const void *a, const void *b)
{
    return strcmp(((const had_block *)a)->id, ((const had_block *)b)->id);
}

static cof_status keep_had(void *context, const char *id, uint64_t size, cof_err *err)
{
    upload *u = context;
    if (strlen(id) != COF_AZURE_BLOCK_ID_SIZE - 1 || u->had_count == HAD_MAX) {
        return COF_OK; /* of somebody else */
    }
    if (u->had == NULL) {
        u->had = calloc(HAD_MAX, sizeof *u->had);
        if (u->had == NULL) {
            return COF_FAIL(err, NO_MEMORY, "blocks of an upload");
        }
    }
    had_block *block = &u->had[u->had_count++];
    memcpy(block->id, id, sizeof block->id);
    block->size = size;
    return COF_OK;
}

static cof_status ask_had(upload *u, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf blob = {.limit = COF_STORAGE_BLOB_NAME_SIZE};
    const char *name = NULL;
    COF_TRY(cof_azure_store_name(u->store, u->request->name, &blob, err));
    COF_TRY(cof_buf_text(&blob, &name, err));
    COF_TRY(cof_blob_block_list(cof_azure_store_client(u->store), name, false, keep_had, u, err));
    if (u->had_count > 1) {
        qsort(u->had, u->had_count, sizeof *u->had, compare_blocks);
    }
    return COF_OK;
}

static bool service_has(const upload *u, const char *id, size_t size)
{
    had_block wanted = {.size = size};
    memcpy(wanted.id, id, sizeof wanted.id);
    const had_block *found =
        u->had_count > 0 ? bsearch(&wanted, u->had, u->had_count, sizeof *u->had, compare_blocks)
                         : NULL;
    return found != NULL && found->size == size;
}

static cof_status before_block(void *context, char kind, const char *id, cof_view bytes,
                               bool *out_is_there, cof_err *err)
{
    upload *u = context;
    cof_digest digest = {0};
    if (kind == 'h') {
        return COF_OK;
    }
    COF_TRY(cof_digest_of(bytes, &digest, err));
    COF_TRY(cof_upload_state_block(u->state, id, &digest, err));
    *out_is_there = service_has(u, id, bytes.size);
    *(*out_is_there ? &u->result.blocks_skipped : &u->result.blocks_sent) += 1;
    return COF_OK;
}

static cof_status begin(void *context, uint64_t head_size, cof_blob_writer **out, cof_err *err)
{
    upload *u = context;
    const cof_azure_upload how = {.writer_id =
                                      u->state != NULL ? cof_upload_state_writer(u->state) : NULL,
                                  .only_new = u->request->only_new,
                                  .before = u->state != NULL ? before_block : NULL,
                                  .context = u};
    return cof_azure_store_begin(u->store, u->request->name, head_size, &how, out, err);
}

/* The data key: of the first try, or a fresh one that is kept. */
static cof_status find_key(upload *u, const cof_upload_subject *subject, bool is_new,
                           cof_data_key *out, cof_err *err)
{
    const cof_upload_keys *keys = &u->request->keys;
    if (!is_new) {
        COF_TRY(keys->unwrap(keys->context, cof_upload_state_wrapped(u->state), out, err));
        u->result.was_resumed = true;
        return ask_had(u, err);
    }
    COF_CLEANUP(cof_buf_free) cof_buf wrapped = {.limit = COF_UPLOAD_WRAPPED_MAX};
    COF_TRY(cof_random((cof_span){out->bytes, sizeof out->bytes}, err));
    COF_TRY(keys->wrap(keys->context, out, &wrapped, err));
    return cof_upload_state_begin(u->state, subject, cof_buf_view(&wrapped), err);
}

static cof_status run_resumable(upload *u, const struct stat *source, cof_err *err)
{
    const cof_upload_request *request = u->request;
    COF_CLEANUP(cof_data_key_wipe) cof_data_key key = {0};
    bool is_new = false;
    const cof_upload_subject subject = {.where = request->where,
                                        .name = request->name,
                                        .source = request->source,
                                        .title = request->seal.header.name,
                                        .size = (uint64_t)source->st_size,
                                        .changed_s = source->st_mtim.tv_sec,
                                        .changed_ns = source->st_mtim.tv_nsec,
                                        .recipients = request->seal.recipients,
                                        .recipient_count = request->seal.recipient_count};
    COF_TRY(cof_upload_state_open(request->folder, &subject, request->restart, &u->state, &is_new,
                                  err));
    COF_TRY(find_key(u, &subject, is_new, &key, err));
    cof_seal_request seal = request->seal;
    seal.data_key = &key;
    memcpy(seal.header.object_id, cof_upload_state_object_id(u->state),
           sizeof seal.header.object_id);
    COF_TRY(cof_seal_file_with(request->source, &seal, begin, u, &u->result.sealed, err));
    cof_upload_state_finish(u->state);
    return COF_OK;
}

cof_status cof_upload_file(cof_blob_store *store, const cof_upload_request *request,
                           cof_upload_result *out, cof_err *err)
{
    COF_CLEANUP(upload_drop) upload u = {.store = store, .request = request};
    struct stat source;
    if (stat(request->source, &source) != 0) {
        return COF_FAIL_ERRNO(err, errno, "the file to seal");
    }
    if (S_ISREG(source.st_mode) && source.st_size > COF_AZURE_BLOCK_SIZE) {
        COF_TRY(run_resumable(&u, &source, err));
    } else {
        COF_TRY(
            cof_seal_file_with(request->source, &request->seal, begin, &u, &u.result.sealed, err));
    }
    *out = u.result;
    return COF_OK;
}
