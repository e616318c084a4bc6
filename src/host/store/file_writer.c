#include "host/store/file_writer.h"

#include <stdlib.h>

typedef struct file_writer {
    cof_blob_writer base;
    cof_atomic_file *file;
    uint64_t head_size;
    uint64_t end; /* where the next bytes go */
    bool has_head;
} file_writer;

static cof_status writer_write(cof_blob_writer *self, cof_view bytes, cof_err *err)
{
    file_writer *writer = (file_writer *)self;
    COF_TRY(cof_atomic_file_write(writer->file, writer->end, bytes, err));
    writer->end += bytes.size;
    return COF_OK;
}

static cof_status writer_head(cof_blob_writer *self, cof_view bytes, cof_err *err)
{
    file_writer *writer = (file_writer *)self;
    if (bytes.size != writer->head_size || writer->has_head) {
        return COF_FAIL(err, BAD_ARGUMENT, "a head of %zu bytes where %llu are due", bytes.size,
                        (unsigned long long)writer->head_size);
    }
    COF_TRY(cof_atomic_file_write(writer->file, 0, bytes, err));
    writer->has_head = true;
    return COF_OK;
}

static cof_status writer_commit(cof_blob_writer *self, cof_err *err)
{
    file_writer *writer = (file_writer *)self;
    if (writer->head_size > 0 && !writer->has_head) {
        return COF_FAIL(err, BAD_ARGUMENT, "the head of the blob is missing");
    }
    return cof_atomic_file_commit(writer->file, err);
}

static void writer_free(cof_blob_writer *self)
{
    file_writer *writer = (file_writer *)self;
    cof_atomic_file_free(writer->file);
    free(writer);
}

static const cof_blob_writer_ops writer_ops = {
    .write = writer_write, .head = writer_head, .commit = writer_commit, .free = writer_free};

cof_status cof_file_writer_new(cof_atomic_file *file, uint64_t head_size, cof_blob_writer **out,
                               cof_err *err)
{
    file_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return COF_FAIL(err, NO_MEMORY, "file writer");
    }
    writer->base.ops = &writer_ops;
    writer->file = file;
    writer->head_size = head_size;
    writer->end = head_size;
    *out = &writer->base;
    return COF_OK;
}
