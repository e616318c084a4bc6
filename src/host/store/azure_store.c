#include "host/store/azure_store.h"

#include <string.h>

#include "host/store/azure_parts.h"

enum { COPY_WAIT_MS = 600000 };

typedef struct azure_store {
    cof_blob_store base;
    cof_blob_client *client;
    cof_azure_reader readers[COF_AZURE_READERS];
    uint64_t uses;
} azure_store;

/* A blob's whole name on the stack. */
typedef struct whole_name {
    char text[COF_STORAGE_BLOB_NAME_SIZE + COF_STORAGE_PREFIX_SIZE];
} whole_name;

static cof_status make_name(const azure_store *store, const char *name, whole_name *out,
                            cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_STORAGE_BLOB_NAME_SIZE - 1};
    const char *whole = NULL;
    COF_TRY(cof_storage_blob_name(&store->client->place, name, &text, err));
    COF_TRY(cof_buf_text(&text, &whole, err));
    memcpy(out->text, whole, strlen(whole) + 1);
    return COF_OK;
}

static cof_azure_reader *find_reader(azure_store *store, const char *blob)
{
    for (size_t i = 0; i < COF_AZURE_READERS; i++) {
        cof_azure_reader *reader = &store->readers[i];
        if (reader->blob != NULL && strcmp(reader->blob, blob) == 0) {
            return reader;
        }
    }
    return NULL;
}

/* What was known of a blob that changes. */
static void forget(azure_store *store, const char *blob)
{
    cof_azure_reader *reader = find_reader(store, blob);
    if (reader != NULL) {
        cof_azure_reader_reset(reader);
    }
}

/* The reader of a blob: its own, else the one that was used longest ago, made free. */
static cof_status take_reader(azure_store *store, const char *blob, cof_azure_reader **out,
                              cof_err *err)
{
    cof_azure_reader *reader = find_reader(store, blob);
    if (reader == NULL) {
        reader = &store->readers[0];
        for (size_t i = 1; i < COF_AZURE_READERS; i++) {
            if (store->readers[i].used < reader->used) {
                reader = &store->readers[i];
            }
        }
        cof_azure_reader_reset(reader);
        reader->expected = UINT64_MAX;
        reader->blob = strdup(blob);
        if (reader->blob == NULL) {
            return COF_FAIL(err, NO_MEMORY, "reading a blob");
        }
    }
    reader->used = ++store->uses;
    *out = reader;
    return COF_OK;
}

static cof_status store_begin(cof_blob_store *self, const char *name, uint64_t head_size,
                              cof_blob_writer **out, cof_err *err)
{
    return cof_azure_store_begin(self, name, head_size, NULL, out, err);
}

static cof_status pin(azure_store *store, const whole_name *blob, uint64_t *out_size, cof_err *err)
{
    cof_azure_reader *reader = NULL;
    cof_blob_properties properties = {0};
    forget(store, blob->text);
    COF_TRY(cof_blob_properties_get(store->client, blob->text, &properties, err));
    COF_TRY(take_reader(store, blob->text, &reader, err));
    reader->version = properties;
    *out_size = properties.size;
    return COF_OK;
}

static cof_status store_read(cof_blob_store *self, const char *name, uint64_t offset, cof_span out,
                             cof_err *err)
{
    azure_store *store = (azure_store *)self;
    whole_name blob;
    cof_azure_reader *reader = NULL;
    uint64_t size = 0;
    COF_TRY(make_name(store, name, &blob, err));
    if (out.size == 0 && find_reader(store, blob.text) == NULL) {
        COF_TRY(pin(store, &blob, &size, err)); /* no range is empty: the size answers */
    }
    COF_TRY(take_reader(store, blob.text, &reader, err));
    return cof_azure_reader_read(reader, store->client, offset, out, err);
}

static cof_status store_size(cof_blob_store *self, const char *name, uint64_t *out_size,
                             cof_err *err)
{
    azure_store *store = (azure_store *)self;
    whole_name blob;
    COF_TRY(make_name(store, name, &blob, err));
    return pin(store, &blob, out_size, err);
}

static cof_status store_remove(cof_blob_store *self, const char *name, cof_err *err)
{
    azure_store *store = (azure_store *)self;
    whole_name blob;
    COF_TRY(make_name(store, name, &blob, err));
    forget(store, blob.text);
    return cof_blob_client_delete(store->client, blob.text, NULL, err);
}

static cof_status store_move(cof_blob_store *self, const char *from, const char *to, cof_err *err)
{
    azure_store *store = (azure_store *)self;
    whole_name source;
    whole_name target;
    cof_blob_properties properties = {0};
    COF_TRY(make_name(store, from, &source, err));
    COF_TRY(make_name(store, to, &target, err));
    forget(store, source.text);
    forget(store, target.text);
    if (strcmp(from, to) == 0) {
        return cof_blob_properties_get(store->client, source.text, &properties, err);
    }
    COF_TRY(cof_blob_client_copy(store->client, source.text, target.text, COPY_WAIT_MS, err));
    return cof_blob_client_delete(store->client, source.text, NULL, err);
}

typedef struct listing {
    size_t skip; /* of a whole name: the store's prefix and its slash */
    cof_blob_visit visit;
    void *context;
} listing;

static cof_status visit_listed(void *context, const cof_storage_listed *blob, cof_err *err)
{
    const listing *l = context;
    if (blob->is_folder || strlen(blob->name) <= l->skip ||
        cof_blob_name_check(blob->name + l->skip, NULL) != COF_OK) {
        return COF_OK; /* somebody else's */
    }
    return l->visit(l->context, blob->name + l->skip, blob->size, err);
}

static cof_status store_list(cof_blob_store *self, const char *prefix, cof_blob_visit visit,
                             void *context, cof_err *err)
{
    azure_store *store = (azure_store *)self;
    const size_t own = strlen(store->client->place.prefix);
    listing l = {.skip = own > 0 ? own + 1 : 0, .visit = visit, .context = context};
    whole_name whole;
    COF_TRY(make_name(store, prefix, &whole, err));
    return cof_blob_client_list(store->client, whole.text, 0, visit_listed, &l, err);
}

static cof_status store_rehead(cof_blob_store *self, const char *name, cof_view was, cof_view head,
                               cof_err *err)
{
    azure_store *store = (azure_store *)self;
    whole_name blob;
    COF_TRY(make_name(store, name, &blob, err));
    forget(store, blob.text);
    return cof_azure_rehead(store->client, blob.text, was, head, err);
}

static void store_free(cof_blob_store *self)
{
    azure_store *store = (azure_store *)self;
    for (size_t i = 0; i < COF_AZURE_READERS; i++) {
        cof_azure_reader_reset(&store->readers[i]);
    }
    cof_blob_client_free(store->client);
    free(store);
}

static const cof_blob_store_ops store_ops = {.name = "azure",
                                             .begin = store_begin,
                                             .read = store_read,
                                             .size = store_size,
                                             .remove = store_remove,
                                             .move = store_move,
                                             .list = store_list,
                                             .rehead = store_rehead,
                                             .free = store_free};

cof_status cof_azure_store_open(const cof_blob_client_options *options, cof_blob_store **out,
                                cof_err *err)
{
    azure_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return COF_FAIL(err, NO_MEMORY, "blob store");
    }
    COF_CLEANUP(cof_blob_store_drop_) cof_blob_store *base = &store->base;
    store->base.ops = &store_ops;
    COF_TRY(cof_blob_client_open(options, &store->client, err));
    *out = cof_blob_store_take(&base);
    return COF_OK;
}

cof_blob_client *cof_azure_store_client(cof_blob_store *store)
{
    return store->ops == &store_ops ? ((azure_store *)store)->client : NULL;
}

cof_status cof_azure_store_name(cof_blob_store *store, const char *name, cof_buf *out, cof_err *err)
{
    return cof_storage_blob_name(&((azure_store *)store)->client->place, name, out, err);
}

cof_status cof_azure_store_begin(cof_blob_store *self, const char *name, uint64_t head_size,
                                 const cof_azure_upload *upload, cof_blob_writer **out,
                                 cof_err *err)
{
    azure_store *store = (azure_store *)self;
    whole_name blob;
    COF_TRY(cof_blob_name_check(name, err));
    COF_TRY(make_name(store, name, &blob, err));
    forget(store, blob.text);
    return cof_azure_writer_new(store->client, blob.text, head_size, upload, out, err);
}
