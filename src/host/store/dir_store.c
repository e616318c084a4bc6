/*
 * Implementation notes
 *
 * Every name is walked component by component with O_NOFOLLOW, from the folder's own descriptor:
 * nothing that somebody puts into the folder can lead out of it. Writing is left to atomic_file.
 */
#include "host/store/dir_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/store/atomic_file.h"
#include "host/store/file_writer.h"

typedef struct dir_store {
    cof_blob_store base;
    int fd;
} dir_store;

static void close_fd(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static cof_status fail_walk(int errno_value, cof_err *err)
{
    if (errno_value == ENOTDIR || errno_value == ELOOP || errno_value == EISDIR) {
        return COF_FAIL(err, EXISTS, "something that is not a blob or not a folder is in the way");
    }
    return COF_FAIL_ERRNO(err, errno_value, "opening a folder of the store");
}

/* Opens a sub-folder; makes it, durably, when asked. */
static cof_status open_folder(int fd, const char *name, bool make, int *out_fd, cof_err *err)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int found = openat(fd, name, flags);
    if (found < 0 && errno == ENOENT && make) {
        if (mkdirat(fd, name, 0700) != 0 && errno != EEXIST) {
            return fail_walk(errno, err);
        }
        if (fsync(fd) != 0) {
            return fail_walk(errno, err);
        }
        found = openat(fd, name, flags);
    }
    if (found < 0) {
        return fail_walk(errno, err);
    }
    *out_fd = found;
    return COF_OK;
}

/*
 * The folder of a blob and the blob's last component, which points into name. The caller closes
 * *out_fd.
 */
static cof_status walk(const dir_store *store, const char *name, bool make, int *out_fd,
                       const char **out_leaf, cof_err *err)
{
    int fd = fcntl(store->fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0) {
        return fail_walk(errno, err);
    }
    for (const char *slash = strchr(name, '/'); slash != NULL; slash = strchr(name, '/')) {
        char component[COF_BLOB_COMPONENT_SIZE + 1] = {0};
        memcpy(component, name, (size_t)(slash - name));
        int next = -1;
        const cof_status status = open_folder(fd, component, make, &next, err);
        (void)close(fd);
        COF_TRY(status);
        fd = next;
        name = slash + 1;
    }
    *out_fd = fd;
    *out_leaf = name;
    return COF_OK;
}

/* Opens a blob for reading. Whatever is not a regular file is not a blob. */
static cof_status open_blob(const dir_store *store, const char *name, int *out_fd,
                            uint64_t *out_size, cof_err *err)
{
    COF_CLEANUP(close_fd) int folder = -1;
    const char *leaf = NULL;
    const cof_status walked = walk(store, name, false, &folder, &leaf, err);
    if (walked == COF_E_EXISTS) {
        return COF_FAIL(err, NOT_FOUND, "%.100s", name);
    }
    COF_TRY(walked);
    const int fd = openat(folder, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ELOOP || errno == ENXIO)) {
        return COF_FAIL(err, NOT_FOUND, "%.100s", name);
    }
    if (fd < 0) {
        return COF_FAIL_ERRNO(err, errno, "opening a blob");
    }
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        (void)close(fd);
        return COF_FAIL(err, NOT_FOUND, "%.100s", name);
    }
    *out_fd = fd;
    *out_size = (uint64_t)info.st_size;
    return COF_OK;
}

static cof_status store_begin(cof_blob_store *self, const char *name, uint64_t head_size,
                              cof_blob_writer **out, cof_err *err)
{
    COF_CLEANUP(close_fd) int folder = -1;
    const char *leaf = NULL;
    COF_TRY(walk((dir_store *)self, name, true, &folder, &leaf, err));
    COF_CLEANUP(cof_atomic_file_drop_) cof_atomic_file *file = NULL;
    COF_TRY(cof_atomic_file_begin(folder, leaf, 0600, &file, err));
    COF_TRY(cof_file_writer_new(file, head_size, out, err));
    (void)cof_atomic_file_take(&file);
    return COF_OK;
}

/* ---- reading ---- */

/* Reads exactly. */
static cof_status read_blob(int fd, uint64_t offset, cof_span out, cof_err *err)
{
    size_t done = 0;
    while (done < out.size) {
        const ssize_t n = pread(fd, out.data + done, out.size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return COF_FAIL_ERRNO(err, errno, "reading a blob");
        }
        if (n == 0) {
            return COF_FAIL(err, TRUNCATED, "a blob became shorter while it was read");
        }
        done += (size_t)n;
    }
    return COF_OK;
}

static cof_status store_read(cof_blob_store *self, const char *name, uint64_t offset, cof_span out,
                             cof_err *err)
{
    COF_CLEANUP(close_fd) int fd = -1;
    uint64_t size = 0;
    COF_TRY(open_blob((dir_store *)self, name, &fd, &size, err));
    if (offset > size || out.size > size - offset) {
        return COF_FAIL(err, TRUNCATED, "a blob of %llu bytes ends before",
                        (unsigned long long)size);
    }
    return read_blob(fd, offset, out, err);
}

static cof_status store_size(cof_blob_store *self, const char *name, uint64_t *out_size,
                             cof_err *err)
{
    COF_CLEANUP(close_fd) int fd = -1;
    return open_blob((dir_store *)self, name, &fd, out_size, err);
}

static cof_status store_remove(cof_blob_store *self, const char *name, cof_err *err)
{
    COF_CLEANUP(close_fd) int blob = -1;
    uint64_t size = 0;
    COF_TRY(open_blob((dir_store *)self, name, &blob, &size, err));
    COF_CLEANUP(close_fd) int folder = -1;
    const char *leaf = NULL;
    COF_TRY(walk((dir_store *)self, name, false, &folder, &leaf, err));
    if (unlinkat(folder, leaf, 0) != 0 || fsync(folder) != 0) {
        return COF_FAIL_ERRNO(err, errno, "removing a blob");
    }
    return COF_OK;
}

static cof_status store_move(cof_blob_store *self, const char *from, const char *to, cof_err *err)
{
    COF_CLEANUP(close_fd) int from_folder = -1;
    COF_CLEANUP(close_fd) int to_folder = -1;
    const char *from_leaf = NULL;
    const char *to_leaf = NULL;
    COF_TRY(walk((dir_store *)self, from, false, &from_folder, &from_leaf, err));
    COF_TRY(walk((dir_store *)self, to, true, &to_folder, &to_leaf, err));
    if (renameat(from_folder, from_leaf, to_folder, to_leaf) != 0) {
        return COF_FAIL_ERRNO(err, errno, "moving a blob");
    }
    if (fsync(to_folder) != 0 || fsync(from_folder) != 0) {
        return COF_FAIL_ERRNO(err, errno, "moving a blob");
    }
    return COF_OK;
}

static cof_status check_head(int fd, cof_view was, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf found = {.limit = was.size};
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(&found, was.size, &place, err));
    COF_TRY(read_blob(fd, 0, (cof_span){place, was.size}, err));
    return cof_view_equal(cof_buf_view(&found), was)
               ? COF_OK
               : COF_FAIL(err, BUSY, "the blob was replaced before its head was changed");
}

static cof_status store_rehead(cof_blob_store *self, const char *name, cof_view was, cof_view head,
                               cof_err *err)
{
    COF_CLEANUP(close_fd) int blob = -1;
    COF_CLEANUP(close_fd) int folder = -1;
    COF_CLEANUP(cof_atomic_file_drop_) cof_atomic_file *file = NULL;
    uint64_t size = 0;
    const char *leaf = NULL;
    struct stat before;
    struct stat after;
    COF_TRY(open_blob((dir_store *)self, name, &blob, &size, err));
    if (head.size > size) {
        return COF_FAIL(err, TRUNCATED, "the blob has fewer bytes than its new head");
    }
    COF_TRY(check_head(blob, was, err));
    COF_TRY(walk((dir_store *)self, name, false, &folder, &leaf, err));
    COF_TRY(cof_atomic_file_begin(folder, leaf, 0600, &file, err));
    COF_TRY(cof_atomic_file_write(file, 0, head, err));
    COF_TRY(cof_atomic_file_copy(file, head.size, blob, head.size, size - head.size, err));
    /* Somebody else may have replaced it meanwhile: their work must not be lost silently. */
    if (fstat(blob, &before) != 0 || fstatat(folder, leaf, &after, AT_SYMLINK_NOFOLLOW) != 0 ||
        before.st_ino != after.st_ino || before.st_dev != after.st_dev) {
        return COF_FAIL(err, BUSY, "the blob was replaced while its head was changed");
    }
    return cof_atomic_file_commit(file, err);
}

/* ---- folders as a whole ---- */
typedef struct name_list {
    char **names; /* folders end in '/' */
    size_t count;
    size_t capacity;
} name_list;

static void name_list_free(name_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->names[i]);
    }
    free(list->names);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static cof_status add_name(name_list *list, const char *name, bool is_folder, cof_err *err)
{
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        char **names = reallocarray(list->names, capacity, sizeof *names);
        if (names == NULL) {
            return COF_FAIL(err, NO_MEMORY, "names of a folder");
        }
        list->names = names;
        list->capacity = capacity;
    }
    const size_t size = strlen(name);
    char *copy = malloc(size + 2);
    if (copy == NULL) {
        return COF_FAIL(err, NO_MEMORY, "name of a blob");
    }
    memcpy(copy, name, size);
    copy[size] = is_folder ? '/' : 0;
    copy[size + 1] = 0;
    list->names[list->count++] = copy;
    return COF_OK;
}

/* Adds an entry of the folder if it is a blob or a folder of blobs. */
static cof_status add_entry(int fd, const char *name, name_list *list, cof_err *err)
{
    struct stat info;
    if (strchr(name, '~') != NULL || cof_blob_name_check(name, NULL) != COF_OK ||
        fstatat(fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return COF_OK; /* not ours, or removed in this moment */
    }
    if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) {
        return COF_OK;
    }
    return add_name(list, name, S_ISDIR(info.st_mode), err);
}

static cof_status read_folder(int fd, name_list *list, cof_err *err)
{
    const int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = copy < 0 ? NULL : fdopendir(copy);
    if (folder == NULL) {
        const int saved = errno;
        close_fd(&copy);
        return COF_FAIL_ERRNO(err, saved, "reading a folder of the store");
    }
    cof_status status = COF_OK;
    for (const struct dirent *entry = readdir(folder); entry != NULL && status == COF_OK;
         entry = readdir(folder)) {
        status = add_entry(fd, entry->d_name, list, err);
    }
    (void)closedir(folder);
    if (list->count > 0) {
        qsort(list->names, list->count, sizeof *list->names, compare_names);
    }
    return status;
}

typedef struct listing {
    const dir_store *store;
    const char *prefix;
    cof_blob_visit visit;
    void *context;
} listing;

static cof_status visit_blob(const listing *what, const char *name, cof_err *err)
{
    if (strncmp(name, what->prefix, strlen(what->prefix)) != 0) {
        return COF_OK;
    }
    COF_CLEANUP(close_fd) int fd = -1;
    uint64_t size = 0;
    const cof_status status = open_blob(what->store, name, &fd, &size, err);
    if (status == COF_E_NOT_FOUND) {
        return COF_OK; /* removed since the folder was read */
    }
    COF_TRY(status);
    return what->visit(what->context, name, size, err);
}

/*
 * base is the folder's name with a '/' at its end, or "". depth: components that are still allowed.
 */
static cof_status list_folder(const listing *what, int fd, const char *base, int depth,
                              cof_err *err)
{
    COF_CLEANUP(name_list_free) name_list list = {0};
    COF_TRY(read_folder(fd, &list, err));
    for (size_t i = 0; i < list.count; i++) {
        char name[COF_BLOB_NAME_SIZE + 2];
        const size_t base_size = strlen(base);
        const size_t size = strlen(list.names[i]);
        if (base_size + size >= sizeof name) {
            continue; /* no blob has so long a name */
        }
        memcpy(name, base, base_size);
        memcpy(name + base_size, list.names[i], size);
        name[base_size + size] = '\0';
        if (list.names[i][size - 1] != '/') {
            COF_TRY(visit_blob(what, name, err));
            continue;
        }
        list.names[i][size - 1] = 0;
        COF_CLEANUP(close_fd) int sub = -1;
        if (depth > 1 && open_folder(fd, list.names[i], false, &sub, err) == COF_OK) {
            COF_TRY(list_folder(what, sub, name, depth - 1, err));
        }
    }
    return COF_OK;
}

static cof_status store_list(cof_blob_store *self, const char *prefix, cof_blob_visit visit,
                             void *context, cof_err *err)
{
    const dir_store *store = (const dir_store *)self;
    const listing what = {store, prefix, visit, context};
    return list_folder(&what, store->fd, "", COF_BLOB_DEPTH, err);
}

static void sweep_folder(int fd, int depth)
{
    cof_atomic_file_sweep(fd);
    COF_CLEANUP(name_list_free) name_list list = {0};
    if (depth <= 1 || read_folder(fd, &list, NULL) != COF_OK) {
        return;
    }
    for (size_t i = 0; i < list.count; i++) {
        const size_t size = strlen(list.names[i]);
        if (list.names[i][size - 1] != '/') {
            continue;
        }
        list.names[i][size - 1] = 0;
        COF_CLEANUP(close_fd) int sub = -1;
        if (open_folder(fd, list.names[i], false, &sub, NULL) == COF_OK) {
            sweep_folder(sub, depth - 1);
        }
    }
}

static void store_free(cof_blob_store *self)
{
    dir_store *store = (dir_store *)self;
    close_fd(&store->fd);
    free(store);
}

static const cof_blob_store_ops store_ops = {.name = "dir",
                                             .begin = store_begin,
                                             .read = store_read,
                                             .size = store_size,
                                             .remove = store_remove,
                                             .move = store_move,
                                             .list = store_list,
                                             .rehead = store_rehead,
                                             .free = store_free};

cof_status cof_dir_store_open(const char *path, cof_blob_store **out, cof_err *err)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return COF_FAIL_ERRNO(err, errno, "making the store's folder");
    }
    dir_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return COF_FAIL(err, NO_MEMORY, "store");
    }
    store->base.ops = &store_ops;
    store->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    COF_CLEANUP(cof_blob_store_drop_) cof_blob_store *owner = &store->base;
    if (store->fd < 0) {
        return COF_FAIL_ERRNO(err, errno, "opening the store's folder");
    }
    sweep_folder(store->fd, COF_BLOB_DEPTH);
    *out = cof_blob_store_take(&owner);
    return COF_OK;
}
