#include "host/store/seal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/store/file_writer.h"

/* As for opening: fewer system calls count for more than staying in the second-level cache. */
enum { PIECE_SIZE = 16 * COF_SEAL_CHUNK_SIZE };

/* A plaintext file while it is sealed. */
typedef struct plain_file {
    int fd;
    struct stat before;
} plain_file;

static void plain_file_close(const plain_file *file)
{
    if (file->fd >= 0) {
        (void)close(file->fd);
    }
}

static cof_status open_plain(const char *path, plain_file *out, cof_err *err)
{
    /* Not blocking: opening a FIFO must not wait for a writer that never comes. */
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        return COF_FAIL_ERRNO(err, errno, "opening the file to seal");
    }
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        (void)close(fd);
        return COF_FAIL(err, BAD_ARGUMENT, "only a regular file can be sealed");
    }
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    out->fd = fd;
    out->before = info;
    return COF_OK;
}

/* The file must end where it ended at the start, and not have been written meanwhile. */
static cof_status check_unchanged(const plain_file *file, cof_err *err)
{
    struct stat after;
    if (fstat(file->fd, &after) != 0) {
        return COF_FAIL_ERRNO(err, errno, "reading the file to seal");
    }
    if (after.st_size != file->before.st_size ||
        after.st_mtim.tv_sec != file->before.st_mtim.tv_sec ||
        after.st_mtim.tv_nsec != file->before.st_mtim.tv_nsec) {
        return COF_FAIL(err, BUSY, "the file changed while it was read");
    }
    return COF_OK;
}

static cof_status read_plain(const plain_file *file, uint64_t offset, cof_span out, cof_err *err)
{
    size_t done = 0;
    while (done < out.size) {
        const ssize_t n = pread(file->fd, out.data + done, out.size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return COF_FAIL_ERRNO(err, errno, "reading the file to seal");
        }
        if (n == 0) {
            return COF_FAIL(err, BUSY, "the file became shorter while it was read");
        }
        done += (size_t)n;
    }
    return COF_OK;
}

/* Seals the chunks of a piece where they stand. */
static cof_status seal_piece(cof_sealer *sealer, cof_span piece, cof_err *err)
{
    size_t at = 0;
    do {
        const size_t left = piece.size - at;
        const size_t size = left < COF_SEAL_CHUNK_SIZE ? left : COF_SEAL_CHUNK_SIZE;
        COF_TRY(cof_sealer_chunk(sealer, cof_view_of(piece.data + at, size), piece.data + at, err));
        at += size;
    } while (at < piece.size);
    return COF_OK;
}

static cof_status seal_pieces(const plain_file *file, uint64_t total, const cof_progress *progress,
                              cof_sealer *sealer, cof_blob_writer *writer, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf piece = {0}; /* wiped: it held plaintext */
    cof_buf_init(&piece, PIECE_SIZE);
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(&piece, PIECE_SIZE, &place, err));
    uint64_t done = 0;
    do {
        const size_t size = total - done < PIECE_SIZE ? (size_t)(total - done) : PIECE_SIZE;
        COF_TRY(read_plain(file, done, (cof_span){place, size}, err));
        COF_TRY(seal_piece(sealer, (cof_span){place, size}, err));
        COF_TRY(cof_blob_write(writer, cof_view_of(place, size), err));
        done += size;
        if (progress->report != NULL) {
            progress->report(progress->context, done, total);
        }
    } while (done < total);
    return check_unchanged(file, err);
}

static cof_status make_sealer(const cof_seal_request *request, const cof_seal_header *header,
                              cof_sealer **out, cof_err *err)
{
    if (request->data_key != NULL) {
        return cof_sealer_again(header, request->data_key, request->recipients,
                                request->recipient_count, out, err);
    }
    return cof_sealer_new(header, request->recipients, request->recipient_count, out, err);
}

cof_status cof_seal_file_with(const char *source_path, const cof_seal_request *request,
                              cof_seal_begin begin, void *context, cof_sealed_file *out,
                              cof_err *err)
{
    COF_CLEANUP(plain_file_close) plain_file file = {.fd = -1};
    COF_TRY(open_plain(source_path, &file, err));
    cof_seal_header header = request->header;
    header.plaintext_size = (uint64_t)file.before.st_size;
    COF_CLEANUP(cof_sealer_drop_) cof_sealer *sealer = NULL;
    COF_TRY(make_sealer(request, &header, &sealer, err));
    const size_t front_size = cof_sealer_front_size(sealer);
    COF_CLEANUP(cof_blob_writer_drop_) cof_blob_writer *writer = NULL;
    COF_TRY(begin(context, front_size, &writer, err));
    COF_TRY(seal_pieces(&file, header.plaintext_size, &request->progress, sealer, writer, err));
    COF_CLEANUP(cof_buf_free) cof_buf front = {0};
    cof_buf_init(&front, front_size);
    cof_digest digest = {0};
    COF_TRY(cof_sealer_front(sealer, &front, &digest, err));
    COF_TRY(cof_blob_write_head(writer, cof_buf_view(&front), err));
    COF_TRY(cof_blob_commit(writer, err));
    *out = (cof_sealed_file){.digest = digest,
                             .plaintext_size = header.plaintext_size,
                             .sealed_size = front_size + header.plaintext_size};
    return COF_OK;
}

static cof_status begin_path(void *context, uint64_t head_size, cof_blob_writer **out, cof_err *err)
{
    const char *path = context;
    COF_CLEANUP(cof_atomic_file_drop_) cof_atomic_file *file = NULL;
    COF_TRY(cof_atomic_file_begin_path(path, 0666, &file, err));
    COF_TRY(cof_file_writer_new(file, head_size, out, err));
    (void)cof_atomic_file_take(&file);
    return COF_OK;
}

cof_status cof_seal_file(const char *source_path, const cof_seal_request *request,
                         const char *target_path, cof_sealed_file *out, cof_err *err)
{
    return cof_seal_file_with(source_path, request, begin_path, (void *)(uintptr_t)target_path, out,
                              err);
}

typedef struct store_target {
    cof_blob_store *store;
    const char *name;
} store_target;

static cof_status begin_in_store(void *context, uint64_t head_size, cof_blob_writer **out,
                                 cof_err *err)
{
    const store_target *target = context;
    return cof_blob_begin(target->store, target->name, head_size, out, err);
}

cof_status cof_seal_file_to_store(const char *source_path, const cof_seal_request *request,
                                  cof_blob_store *store, const char *name, cof_sealed_file *out,
                                  cof_err *err)
{
    store_target target = {store, name};
    return cof_seal_file_with(source_path, request, begin_in_store, &target, out, err);
}

cof_status cof_seal_bytes_to_store(cof_view plain, const cof_seal_request *request,
                                   cof_blob_store *store, const char *name, cof_sealed_file *out,
                                   cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf object = {0};
    cof_buf_init(&object, SIZE_MAX);
    cof_digest digest = {0};
    COF_TRY(cof_seal_bytes(&request->header, request->recipients, request->recipient_count, plain,
                           &object, &digest, err));
    COF_TRY(cof_blob_put(store, name, cof_buf_view(&object), err));
    *out = (cof_sealed_file){
        .digest = digest, .plaintext_size = plain.size, .sealed_size = object.size};
    return COF_OK;
}
