#include "apps/coffer/prepared.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "apps/coffer/commands.h"
#include "host/agent/names.h"
#include "host/files/files.h"
#include "host/store/seal_file.h"
#include "tcb/wire/json.h"

enum { PIECE_BYTES = 256 * 1024, MAGIC_BYTES = 8 };

void cof_prepared_drop_(cof_prepared *prepared)
{
    cof_descriptor_free(&prepared->object);
    cof_front_free(prepared->front);
    prepared->front = NULL;
}

static cof_status open_source(const char *path, int *out_fd, cof_err *err)
{
    *out_fd = open(path, O_RDONLY | O_CLOEXEC);
    return *out_fd >= 0 ? COF_OK : COF_FAIL_ERRNO(err, errno, path);
}

/* Reads until out is full or the file ends. */
static cof_status read_some(int fd, cof_span out, size_t *out_size, cof_err *err)
{
    size_t done = 0;
    while (done < out.size) {
        const ssize_t got = read(fd, out.data + done, out.size - done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return COF_FAIL_ERRNO(err, errno, "reading a sealed object");
        }
        if (got == 0) {
            break;
        }
        done += (size_t)got;
    }
    *out_size = done;
    return COF_OK;
}

static cof_status is_sealed_object(const char *path, bool *out, cof_err *err)
{
    COF_CLEANUP(cof_fd_drop_) int fd = -1;
    uint8_t start[MAGIC_BYTES];
    size_t size = 0;
    COF_TRY(open_source(path, &fd, err));
    COF_TRY(read_some(fd, (cof_span){start, sizeof start}, &size, err));
    *out = cof_view_equal(cof_view_of(start, size), cof_view_text("COFSEAL1"));
    return COF_OK;
}

static cof_status read_descriptor(const char *path, cof_descriptor *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    cof_buf_init(&text, COF_DESCRIPTOR_BYTES);
    cof_status status = cof_read_file(path, &text, err);
    if (status == COF_OK) {
        status = cof_descriptor_parse(cof_buf_view(&text), out, err);
    }
    if (status == COF_E_BAD_JSON || status == COF_E_LIMIT) {
        return COF_FAIL(err, BAD_FORMAT, "%s is neither a sealed object nor a descriptor of one",
                        path);
    }
    return status;
}

cof_status cof_prepared_read(const char *path, cof_prepared *out, cof_err *err)
{
    bool is_object = false;
    COF_TRY(is_sealed_object(path, &is_object, err));
    if (!is_object) {
        return read_descriptor(path, &out->object, err);
    }
    COF_TRY(cof_sealed_file_front(path, &out->front, err));
    const cof_seal_header *header = cof_front_header(out->front);
    if (header->kind != COF_SEAL_DATASET) {
        return COF_FAIL(err, BAD_FORMAT, "%s is sealed, but no data set", path);
    }
    out->object =
        (cof_descriptor){.digest = *cof_front_digest(out->front), .size = header->plaintext_size};
    return COF_OK;
}

/* A sealed object's front is written last, as by whoever seals. */
static cof_status copy(int fd, cof_blob_store *store, const char *name, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf front = {0};
    COF_CLEANUP(cof_buf_free) cof_buf piece = {0};
    COF_CLEANUP(cof_blob_writer_drop_) cof_blob_writer *writer = NULL;
    uint8_t start[COF_SEAL_FIXED_SIZE];
    uint8_t *place = NULL;
    size_t front_size = 0;
    size_t size = 0;
    COF_TRY(read_some(fd, (cof_span){start, sizeof start}, &size, err));
    COF_TRY(cof_front_size(cof_view_of(start, size), &front_size, err));
    cof_buf_init(&front, front_size);
    cof_buf_init(&piece, PIECE_BYTES);
    COF_TRY(cof_buf_extend(&front, front_size, &place, err));
    memcpy(place, start, sizeof start);
    COF_TRY(read_some(fd, (cof_span){place + sizeof start, front_size - sizeof start}, &size, err));
    if (size != front_size - sizeof start) {
        return COF_FAIL(err, TRUNCATED, "the sealed object changed while it was read");
    }
    COF_TRY(cof_blob_begin(store, name, front_size, &writer, err));
    COF_TRY(cof_buf_extend(&piece, PIECE_BYTES, &place, err));
    do {
        COF_TRY(read_some(fd, (cof_span){place, PIECE_BYTES}, &size, err));
        COF_TRY(cof_blob_write(writer, cof_view_of(place, size), err));
    } while (size == PIECE_BYTES);
    COF_TRY(cof_blob_write_head(writer, cof_buf_view(&front), err));
    return cof_blob_commit(writer, err);
}

cof_status cof_prepared_store(const char *path, const cof_prepared *prepared, cof_blob_store *store,
                              cof_err *err)
{
    cof_blob_name name;
    bool is_there = false;
    COF_CLEANUP(cof_fd_drop_) int fd = -1;
    if (prepared->front == NULL) {
        return COF_OK;
    }
    cof_name_input(&prepared->object.digest, &name);
    COF_TRY(cof_blob_exists(store, name.text, &is_there, err));
    if (is_there) {
        return COF_OK;
    }
    COF_TRY(open_source(path, &fd, err));
    return copy(fd, store, name.text, err);
}

/* coffer data describe */
COF_COMMAND(data_describe)
{
    COF_CLEANUP(cof_prepared_drop_) cof_prepared prepared = {0};
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_JSON json_t *json = NULL;
    const char *out = cof_args_value(args, "out");
    const char *line = NULL;
    cof_buf_init(&text, COF_DESCRIPTOR_BYTES);
    COF_TRY(cof_prepared_read(cof_args_operand(args, 0), &prepared, err));
    COF_TRY(cof_descriptor_print(&prepared.object, &json, err));
    COF_TRY(cof_json_print(json, &text, err));
    if (out != NULL) {
        COF_TRY(cof_write_file(out, cof_buf_view(&text), 0644, err));
    }
    COF_TRY(cof_buf_text(&text, &line, err));
    cof_output_line(app->output, COF_TONE_PLAIN, "%s", line);
    cof_output_json(app->output, json);
    return COF_OK;
}
