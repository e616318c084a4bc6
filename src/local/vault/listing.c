/* Lists of keys, of a key's versions, and of deleted keys, in pages. */
#include <string.h>

#include "local/vault/page.h"
#include "tcb/wire/json.h"

enum { LIST_BYTES = 256 };

/* One key's file that was changed does not hide the others: it is left out, which is written down.
 */
static cof_status add_item(cof_page *p, const cof_key_name *name, size_t index, bool with_version,
                           cof_err *err)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_JSON json_t *item = NULL;
    cof_err why = {0};
    const cof_status status =
        cof_key_store_at(p->call->vault->store, name->name, index, &key, &why);
    if (status == COF_E_NO_MEMORY) {
        return status;
    }
    if (status != COF_OK) {
        return cof_keyvault_record(p->call, "list", NULL, "refused",
                                   cof_status_describe(status)->name,
                                   json_pack("{s:s}", "key", name->name), err);
    }
    COF_TRY(cof_key_meta_item(&key, cof_state_base(p->call->vault->parts.state), with_version,
                              &item, err));
    if (name->is_deleted) {
        COF_TRY(cof_keyvault_show_deleted(p->call->vault, name, item, err));
    }
    return cof_json_append(p->items, json_incref(item), err);
}

static cof_status list_names(cof_keyvault_call *call, const char *list, bool is_deleted,
                             cof_err *err)
{
    COF_CLEANUP(cof_page_free) cof_page p = {.call = call, .list = list};
    cof_key_name name;
    bool is_ready = false;
    COF_TRY(cof_page_start(&p, &is_ready, err));
    if (!is_ready) {
        return COF_OK;
    }
    while (cof_key_store_next(call->vault->store, p.place, is_deleted, &name)) {
        if (json_array_size(p.items) == p.max) {
            return cof_page_answer(&p, false, err);
        }
        COF_TRY(add_item(&p, &name, name.version_count - 1, false, err));
        (void)snprintf(p.place, sizeof p.place, "%s", name.name);
    }
    return cof_page_answer(&p, true, err);
}

cof_status cof_keyvault_list(cof_keyvault_call *call, cof_err *err)
{
    return list_names(call, "keys", false, err);
}

cof_status cof_keyvault_list_deleted(cof_keyvault_call *call, cof_err *err)
{
    return list_names(call, "deletedkeys", true, err);
}

/* The place is the number of versions that were shown: versions are only ever added, at the end. */
cof_status cof_keyvault_versions(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf list = {.limit = LIST_BYTES};
    COF_CLEANUP(cof_page_free) cof_page p = {.call = call};
    cof_key_name name;
    bool is_ready = false;
    if (!cof_key_store_look(call->vault->store, call->request->segments[0], &name) ||
        name.is_deleted) {
        return cof_keyvault_not_found(call, err);
    }
    COF_TRY(cof_buf_printf(&list, err, "keys/%s/versions", name.name));
    COF_TRY(cof_buf_text(&list, &p.list, err));
    COF_TRY(cof_page_start(&p, &is_ready, err));
    if (!is_ready) {
        return COF_OK;
    }
    size_t index = strtoul(p.place, NULL, 10);
    while (index < name.version_count && json_array_size(p.items) < p.max) {
        COF_TRY(add_item(&p, &name, index++, true, err));
    }
    (void)snprintf(p.place, sizeof p.place, "%zu", index);
    /* More: the key was purged and made anew. */
    return cof_page_answer(&p, index >= name.version_count, err);
}
