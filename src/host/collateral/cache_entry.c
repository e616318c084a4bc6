#include "host/collateral/cache_entry.h"

#include <string.h>

#include "host/collateral/summary.h"
#include "host/store/atomic_file.h"
#include "relying/verify/bundle.h"
#include "tcb/wire/json.h"

enum { KEY_MAX = 1024, EXPIRED_RETRY_S = 600 };
static const char format_name[] = "coffer-collateral-cache/1";
static const int64_t time_max = INT64_C(1) << 40;

static cof_status set_expiry(cof_cache_entry *entry, cof_err *err)
{
    bool is_first = true;
    for (cof_collateral_item item = 0; item < COF_COLLATERAL_COUNT; item++) {
        cof_summary summary = {0};
        const cof_view bytes = cof_collateral_view(&entry->items, item);
        if (bytes.size == 0) {
            continue;
        }
        COF_TRY(cof_summarise(item, bytes, &summary, err));
        if (is_first || summary.next_update_unix_s < entry->expires_unix_s) {
            entry->expires_unix_s = summary.next_update_unix_s;
        }
        is_first = false;
    }
    return is_first ? COF_FAIL(err, BAD_FORMAT, "an entry without items") : COF_OK;
}

/* ---- reading ---- */

static cof_status read_entry(const json_t *json, const char *key, cof_cache_entry *out,
                             cof_err *err)
{
    static const char *const members[] = {"format", "key", "fetched", "refresh", "items"};
    const char *text = NULL;
    json_t *items = NULL;
    COF_TRY(cof_json_only(json, members, sizeof members / sizeof members[0], err));
    COF_TRY(cof_json_get_text(json, "format", sizeof format_name, &text, err));
    if (strcmp(text, format_name) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "the format is not %s", format_name);
    }
    COF_TRY(cof_json_get_text(json, "key", KEY_MAX, &text, err));
    if (strcmp(text, key) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "it is for another key");
    }
    COF_TRY(cof_json_get_int(json, "fetched", 0, time_max, &out->fetched_unix_s, err));
    COF_TRY(cof_json_get_int(json, "refresh", 0, time_max, &out->refresh_unix_s, err));
    COF_TRY(cof_json_get(json, "items", JSON_OBJECT, &items, err));
    out->is_there = true;
    out->is_absent = json_object_size(items) == 0;
    if (out->is_absent) {
        return COF_OK;
    }
    COF_TRY(cof_bundle_items_from_json(items, &out->items, err));
    return set_expiry(out, err);
}

cof_status cof_cache_entry_parse(cof_view text, const char *key, cof_cache_entry *out, cof_err *err)
{
    COF_JSON json_t *json = NULL;
    COF_CLEANUP(cof_cache_entry_free) cof_cache_entry entry = {0};
    COF_TRY(cof_json_parse(text, COF_BUNDLE_MAX, &json, err));
    if (!json_is_object(json)) {
        return COF_FAIL(err, BAD_FORMAT, "an entry of the cache is an object");
    }
    COF_TRY(read_entry(json, key, &entry, err));
    *out = entry;
    entry = (cof_cache_entry){0};
    return COF_OK;
}

cof_status cof_cache_entry_read(const char *path, const char *key, cof_cache_entry *out,
                                cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_BUNDLE_MAX};
    cof_status status = cof_read_file(path, &text, err);
    if (status == COF_OK) {
        status = cof_cache_entry_parse(cof_buf_view(&text), key, out, err);
    }
    if (status == COF_E_IO || status == COF_E_PERMISSION || status == COF_E_NO_MEMORY) {
        return status;
    }
    if (status != COF_OK) {
        *out = (cof_cache_entry){0};
    }
    return COF_OK;
}

/* ---- writing ---- */

cof_status cof_cache_entry_write(const char *path, const char *key, const cof_cache_entry *entry,
                                 cof_err *err)
{
    COF_CLEANUP(cof_atomic_file_drop_) cof_atomic_file *file = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_BUNDLE_MAX};
    COF_JSON json_t *items = NULL;
    COF_TRY(cof_bundle_items_to_json(&entry->items, &items, err));
    COF_JSON json_t *json = json_pack("{s:s,s:s,s:I,s:I,s:O}", "format", format_name, "key", key,
                                      "fetched", (json_int_t)entry->fetched_unix_s, "refresh",
                                      (json_int_t)entry->refresh_unix_s, "items", items);
    if (json == NULL) {
        return COF_FAIL(err, NO_MEMORY, "cache entry");
    }
    COF_TRY(cof_json_print(json, &text, err));
    COF_TRY(cof_atomic_file_begin_path(path, 0600, &file, err));
    COF_TRY(cof_atomic_file_write(file, 0, cof_buf_view(&text), err));
    return cof_atomic_file_commit(file, err);
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

cof_status cof_cache_entry_make(cof_collateral *items, cof_lifetime lifetime, int64_t usual_s,
                                int64_t now_unix_s, cof_cache_entry *out, cof_err *err)
{
    COF_CLEANUP(cof_cache_entry_free)
    cof_cache_entry entry = {.is_there = true, .fetched_unix_s = now_unix_s, .items = *items};
    *items = (cof_collateral){0};
    COF_TRY(set_expiry(&entry, err));
    const int64_t left_s = entry.expires_unix_s - now_unix_s;
    const int64_t asked_s = lifetime.is_known ? lifetime.seconds : usual_s;
    entry.refresh_unix_s =
        now_unix_s + (left_s > 0 ? smaller(asked_s, left_s - left_s / 4) : EXPIRED_RETRY_S);
    *out = entry;
    entry = (cof_cache_entry){0};
    return COF_OK;
}

void cof_cache_entry_free(cof_cache_entry *entry)
{
    cof_collateral_free(&entry->items);
    *entry = (cof_cache_entry){0};
}
