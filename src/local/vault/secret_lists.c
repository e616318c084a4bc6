/* Lists of secrets, of a secret's versions, and of deleted secrets, in pages. */
#include <stdio.h>
#include <string.h>

#include "local/vault/page.h"
#include "local/vault/secrets.h"
#include "tcb/wire/json.h"

enum { LIST_BYTES = 256 };

/* A file that was changed, or is gone, does not hide the others: it is left out, which is written
 * down. */
static cof_status add_item(cof_page *p, const cof_secret_index *index, const char *version,
                           cof_err *err)
{
    COF_CLEANUP(cof_secret_free) cof_secret secret = {0};
    COF_JSON json_t *item = NULL;
    const cof_secret_store store = cof_secrets_store(p->call);
    cof_err why = {0};
    const cof_status status =
        cof_secret_read(&store, index, version != NULL ? version : "", &secret, &why);
    if (status == COF_E_NO_MEMORY) {
        return status;
    }
    if (status != COF_OK) {
        return cof_secrets_record(p->call, "secret-list", index->name, version, "refused",
                                  cof_status_describe(status)->name, err);
    }
    COF_TRY(cof_secrets_show(p->call, index, version, secret.meta, &item, err));
    return cof_json_append(p->items, json_incref(item), err);
}

static cof_status list_names(cof_keyvault_call *call, const char *list, bool is_deleted,
                             cof_err *err)
{
    COF_CLEANUP(cof_page_free) cof_page p = {.call = call, .list = list};
    const cof_secret_store store = cof_secrets_store(call);
    bool is_ready = false;
    bool is_found = true;
    COF_TRY(cof_page_start(&p, &is_ready, err));
    if (!is_ready) {
        return COF_OK;
    }
    for (;;) {
        COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
        COF_TRY(cof_secret_next(&store, p.place, is_deleted, &index, &is_found, err));
        if (!is_found || json_array_size(p.items) == p.max) {
            return cof_page_answer(&p, !is_found, err);
        }
        COF_TRY(add_item(&p, &index, NULL, err));
        (void)snprintf(p.place, sizeof p.place, "%s", index.name);
    }
}

cof_status cof_secrets_list(cof_keyvault_call *call, cof_err *err)
{
    return list_names(call, "secrets", false, err);
}

cof_status cof_secrets_list_deleted(cof_keyvault_call *call, cof_err *err)
{
    return list_names(call, "deletedsecrets", true, err);
}

/* The place is the number of versions that were shown: versions are only ever added, at the end. */
cof_status cof_secrets_versions(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf list = {.limit = LIST_BYTES};
    COF_CLEANUP(cof_page_free) cof_page p = {.call = call};
    COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
    bool is_ready = false;
    COF_TRY(cof_secrets_find(call, false, &index, &is_ready, err));
    if (!is_ready) {
        return COF_OK;
    }
    COF_TRY(cof_buf_printf(&list, err, "secrets/%s/versions", index.name));
    COF_TRY(cof_buf_text(&list, &p.list, err));
    COF_TRY(cof_page_start(&p, &is_ready, err));
    if (!is_ready) {
        return COF_OK;
    }
    const size_t count = json_array_size(index.versions);
    size_t at = strtoul(p.place, NULL, 10);
    while (at < count && json_array_size(p.items) < p.max) {
        COF_TRY(add_item(&p, &index, json_string_value(json_array_get(index.versions, at++)), err));
    }
    (void)snprintf(p.place, sizeof p.place, "%zu", at);
    return cof_page_answer(&p, at >= count, err);
}
