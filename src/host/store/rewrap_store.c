#include <string.h>

#include "host/store/seal_file.h"
#include "host/store/sealed_source.h"
#include "tcb/base/limits.h"

/* Is kid a version of the key whose URL is given? */
static bool is_version(const char *kid, const char *key)
{
    const size_t size = strlen(key);
    return strncmp(kid, key, size) == 0 && kid[size] == '/' && strchr(kid + size + 1, '/') == NULL;
}

/* Everybody who could open the object, with the new version in place of every other one of its key.
 * false: there is no other one. */
static bool replace_recipient(const cof_front *front, const cof_rewrap_request *request,
                              cof_recipient *out, size_t *out_count)
{
    bool is_there = false;
    *out_count = 0;
    for (size_t i = 0; i < cof_front_recipient_count(front); i++) {
        uint8_t algorithm = 0;
        cof_view wrapped = {0};
        const char *kid = cof_front_recipient(front, i, &algorithm);
        const bool is_new = strcmp(kid, request->to.kid) == 0;
        if (!is_new && is_version(kid, request->key_url)) {
            is_there = true;
        } else if (!is_new && cof_front_wrapped(front, kid, &wrapped, NULL) == COF_OK) {
            out[(*out_count)++] = (cof_recipient){.kid = kid, .kept = wrapped};
        }
    }
    out[(*out_count)++] = request->to;
    return is_there;
}

/* The front with its new recipients area. */
static cof_status make_front(cof_buf *bytes, const cof_front *front, const cof_data_key *key,
                             const cof_recipient *recipients, size_t count, cof_err *err)
{
    const size_t capacity = cof_front_header(front)->recipients_capacity;
    COF_CLEANUP(cof_opener_drop_) cof_opener *opener = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf area = {0};
    cof_buf_init(&area, capacity);
    /* Entries are kept: so they must be the ones that the object was given. */
    COF_TRY(cof_opener_new(front, key, &opener, err));
    COF_TRY(cof_front_rewrap(front, key, recipients, count, &area, err));
    bytes->size -= capacity;
    return cof_buf_append(bytes, cof_buf_view(&area), err);
}

cof_status cof_rewrap_in_store(cof_blob_store *store, const char *name,
                               const cof_rewrap_request *request, bool *out_changed, cof_err *err)
{
    COF_CLEANUP(cof_sealed_source_close) cof_sealed_source source = {.fd = -1};
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    COF_CLEANUP(cof_buf_free) cof_buf was = {0};
    COF_CLEANUP(cof_front_drop_) cof_front *front = NULL;
    COF_CLEANUP(cof_data_key_wipe) cof_data_key key = {0};
    cof_recipient recipients[COF_LIMIT_RECIPIENTS + 1];
    size_t count = 0;
    cof_buf_init(&bytes, SIZE_MAX);
    COF_TRY(cof_sealed_source_in_store(store, name, &source, err));
    COF_TRY(cof_sealed_source_front(&source, &bytes, err));
    COF_TRY(cof_front_parse(cof_buf_view(&bytes), &front, err));
    *out_changed = false;
    if (!replace_recipient(front, request, recipients, &count)) {
        return COF_OK;
    }
    COF_TRY(request->key(request->key_context, front, &key, err));
    cof_buf_init(&was, bytes.size);
    COF_TRY(cof_buf_append(&was, cof_buf_view(&bytes), err));
    COF_TRY(make_front(&bytes, front, &key, recipients, count, err));
    COF_TRY(cof_blob_rehead(store, name, cof_buf_view(&was), cof_buf_view(&bytes), err));
    *out_changed = true;
    return COF_OK;
}
