#include "host/store/blob_store.h"

#include <string.h>

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

static bool is_component(const char *component, size_t size)
{
    if (size < 1 || size > COF_BLOB_COMPONENT_SIZE) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (!is_name_character(component[i])) {
            return false;
        }
    }
    return !(size == 1 && component[0] == '.') && !(size == 2 && memcmp(component, "..", 2) == 0);
}

cof_status cof_blob_name_check(const char *name, cof_err *err)
{
    if (strnlen(name, COF_BLOB_NAME_SIZE + 1) > COF_BLOB_NAME_SIZE) {
        return COF_FAIL(err, BAD_ARGUMENT, "a blob's name has more than %d bytes",
                        COF_BLOB_NAME_SIZE);
    }
    const char *at = name;
    for (size_t depth = 1;; depth++) {
        const size_t size = strcspn(at, "/");
        if (!is_component(at, size) || depth > COF_BLOB_DEPTH) {
            return COF_FAIL(err, BAD_ARGUMENT, "not a blob's name, at byte %td", at - name);
        }
        if (at[size] == 0) {
            return COF_OK;
        }
        at += size + 1;
    }
}

cof_status cof_blob_begin(cof_blob_store *store, const char *name, uint64_t head_size,
                          cof_blob_writer **out, cof_err *err)
{
    COF_TRY(cof_blob_name_check(name, err));
    return store->ops->begin(store, name, head_size, out, err);
}

cof_status cof_blob_write(cof_blob_writer *writer, cof_view bytes, cof_err *err)
{
    return writer->ops->write(writer, bytes, err);
}

cof_status cof_blob_write_head(cof_blob_writer *writer, cof_view bytes, cof_err *err)
{
    return writer->ops->head(writer, bytes, err);
}

cof_status cof_blob_commit(cof_blob_writer *writer, cof_err *err)
{
    return writer->ops->commit(writer, err);
}

void cof_blob_writer_free(cof_blob_writer *writer)
{
    if (writer != NULL) {
        writer->ops->free(writer);
    }
}

cof_status cof_blob_put(cof_blob_store *store, const char *name, cof_view bytes, cof_err *err)
{
    COF_CLEANUP(cof_blob_writer_drop_) cof_blob_writer *writer = NULL;
    COF_TRY(cof_blob_begin(store, name, 0, &writer, err));
    COF_TRY(cof_blob_write(writer, bytes, err));
    return cof_blob_commit(writer, err);
}

cof_status cof_blob_read(cof_blob_store *store, const char *name, uint64_t offset, cof_span out,
                         cof_err *err)
{
    COF_TRY(cof_blob_name_check(name, err));
    return store->ops->read(store, name, offset, out, err);
}

cof_status cof_blob_get(cof_blob_store *store, const char *name, cof_buf *out, cof_err *err)
{
    uint64_t size = 0;
    COF_TRY(cof_blob_size(store, name, &size, err));
    if (size > out->limit - out->size) {
        return COF_FAIL(err, LIMIT, "a blob of %llu bytes where at most %zu fit",
                        (unsigned long long)size, out->limit - out->size);
    }
    const size_t start = out->size;
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(out, (size_t)size, &place, err));
    const cof_status status = cof_blob_read(store, name, 0, (cof_span){place, (size_t)size}, err);
    if (status != COF_OK) {
        out->size = start;
    }
    return status;
}

cof_status cof_blob_size(cof_blob_store *store, const char *name, uint64_t *out_size, cof_err *err)
{
    COF_TRY(cof_blob_name_check(name, err));
    return store->ops->size(store, name, out_size, err);
}

cof_status cof_blob_exists(cof_blob_store *store, const char *name, bool *out_exists, cof_err *err)
{
    uint64_t size = 0;
    const cof_status status = cof_blob_size(store, name, &size, err);
    if (status != COF_OK && status != COF_E_NOT_FOUND) {
        return status;
    }
    *out_exists = status == COF_OK;
    return COF_OK;
}

cof_status cof_blob_remove(cof_blob_store *store, const char *name, cof_err *err)
{
    COF_TRY(cof_blob_name_check(name, err));
    return store->ops->remove(store, name, err);
}

cof_status cof_blob_move(cof_blob_store *store, const char *from, const char *to, cof_err *err)
{
    COF_TRY(cof_blob_name_check(from, err));
    COF_TRY(cof_blob_name_check(to, err));
    return store->ops->move(store, from, to, err);
}

cof_status cof_blob_rehead(cof_blob_store *store, const char *name, cof_view was, cof_view head,
                           cof_err *err)
{
    COF_TRY(cof_blob_name_check(name, err));
    if (was.size != head.size) {
        return COF_FAIL(err, BAD_ARGUMENT, "a head of %zu bytes for one of %zu", head.size,
                        was.size);
    }
    if (store->ops->rehead == NULL) {
        return COF_FAIL(err, UNSUPPORTED, "a %s store cannot change a blob", store->ops->name);
    }
    return store->ops->rehead(store, name, was, head, err);
}

cof_status cof_blob_list(cof_blob_store *store, const char *prefix, cof_blob_visit visit,
                         void *context, cof_err *err)
{
    return store->ops->list(store, prefix, visit, context, err);
}

void cof_blob_store_free(cof_blob_store *store)
{
    if (store != NULL) {
        store->ops->free(store);
    }
}
