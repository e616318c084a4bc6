#include <string.h>
#include <strings.h>

#include "local/vault/key_store_internal.h"
#include "tcb/base/wipe.h"

/* Names that differ in case only were possible once: then the spelling decides. */
static int compare(const char *a, const char *b)
{
    const int order = strcasecmp(a, b);
    return order != 0 ? order : strcmp(a, b);
}

/* The first entry that is not before the name. */
static size_t lower_bound(const cof_key_store *store, const char *name,
                          int (*order)(const char *, const char *))
{
    size_t low = 0;
    size_t high = store->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (order(store->entries[middle]->name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

key_entry *cof_key_index_find(const cof_key_store *store, const char *name)
{
    size_t at = lower_bound(store, name, compare);
    if (at < store->count && strcmp(store->entries[at]->name, name) == 0) {
        return store->entries[at];
    }
    at = lower_bound(store, name, strcasecmp);
    return at < store->count && strcasecmp(store->entries[at]->name, name) == 0 ? store->entries[at]
                                                                                : NULL;
}

size_t cof_key_index_after(const cof_key_store *store, const char *name)
{
    const size_t at = lower_bound(store, name, compare);
    return at < store->count && strcmp(store->entries[at]->name, name) == 0 ? at + 1 : at;
}

static cof_status grow(cof_key_store *store, cof_err *err)
{
    if (store->count < store->capacity) {
        return COF_OK;
    }
    const size_t capacity = store->capacity == 0 ? 64 : 2 * store->capacity;
    key_entry **entries = reallocarray(store->entries, capacity, sizeof(key_entry *));
    if (entries == NULL) {
        return COF_FAIL(err, NO_MEMORY, "key store");
    }
    store->entries = entries;
    store->capacity = capacity;
    return COF_OK;
}

cof_status cof_key_index_insert(cof_key_store *store, const char *name, key_entry **out,
                                cof_err *err)
{
    COF_TRY(grow(store, err));
    key_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        return COF_FAIL(err, NO_MEMORY, "key store");
    }
    memcpy(entry->name, name, strlen(name) + 1);
    const size_t at = lower_bound(store, name, compare);
    memmove(store->entries + at + 1, store->entries + at,
            (store->count - at) * sizeof(key_entry *));
    store->entries[at] = entry;
    store->count++;
    *out = entry;
    return COF_OK;
}

void cof_key_version_clear(key_version *version)
{
    json_decref(version->meta);
    cof_buf_free(&version->sealed);
    *version = (key_version){0};
}

static void free_entry(key_entry *entry)
{
    for (size_t i = 0; i < entry->count; i++) {
        cof_key_version_clear(&entry->versions[i]);
    }
    json_decref(entry->rotation);
    free(entry->versions);
    free(entry);
}

void cof_key_index_remove(cof_key_store *store, const key_entry *entry)
{
    for (size_t i = 0; i < store->count; i++) {
        if (store->entries[i] == entry) {
            free_entry(store->entries[i]);
            memmove(store->entries + i, store->entries + i + 1,
                    (store->count - i - 1) * sizeof(key_entry *));
            store->count--;
            return;
        }
    }
}

cof_status cof_key_index_reserve(key_entry *entry, key_version **out, cof_err *err)
{
    if (entry->count == COF_KEY_VERSIONS_MAX) {
        return COF_FAIL(err, LIMIT, "a key has at most %d versions", COF_KEY_VERSIONS_MAX);
    }
    if (entry->count == entry->capacity) {
        const size_t capacity = entry->capacity == 0 ? 1 : 2 * entry->capacity;
        key_version *versions = reallocarray(entry->versions, capacity, sizeof *versions);
        if (versions == NULL) {
            return COF_FAIL(err, NO_MEMORY, "key store");
        }
        entry->versions = versions;
        entry->capacity = capacity;
    }
    entry->versions[entry->count] = (key_version){0};
    *out = &entry->versions[entry->count];
    return COF_OK;
}

void cof_key_store_free(cof_key_store *store)
{
    if (store != NULL) {
        for (size_t i = 0; i < store->count; i++) {
            free_entry(store->entries[i]);
        }
        free(store->entries);
        cof_wipe(store, sizeof *store);
        free(store);
    }
}
