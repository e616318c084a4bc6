/* Lists of keys, of a key's versions, and of deleted keys, in pages. */
#include <string.h>

#include "local/vault/skip_token.h"
#include "local/vault/vault_internal.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum { PAGE_MAX = 25, LIST_BYTES = 256 };

/* One page that is being made. */
typedef struct page {
    cof_keyvault_call *call;
    const char *list; /* of the skip token, and the path of the next link */
    size_t max;
    char place[COF_SKIP_PLACE_SIZE]; /* the last entry that was shown; "": none */
    json_t *items;
    bool is_whole; /* nothing comes after it */
} page;

static void free_page(page *p)
{
    json_decref(p->items);
}

static bool read_max(const char *text, size_t *out)
{
    const size_t size = text != NULL ? strlen(text) : 0;
    *out = PAGE_MAX;
    if (text == NULL) {
        return true;
    }
    if (size == 0 || size > 2 || strspn(text, "0123456789") != size) {
        return false;
    }
    *out = strtoul(text, NULL, 10);
    return *out >= 1 && *out <= PAGE_MAX;
}

/* False when the answer is written. */
static cof_status start(page *p, bool *out_ready, cof_err *err)
{
    const cof_form *query = p->call->request->query;
    const char *token = cof_form_get(query, "$skiptoken");
    *out_ready = false;
    if (!read_max(cof_form_get(query, "maxresults"), &p->max)) {
        return cof_keyvault_bad(p->call, "maxresults is not a number from 1 to 25.", err);
    }
    if (token != NULL) {
        const cof_status status = cof_skip_token_read(cof_key_store_root(p->call->vault->store),
                                                      p->list, token, p->place, err);
        if (status == COF_E_BAD_FORMAT) {
            return cof_keyvault_bad(p->call, "$skiptoken is not one of this list.", err);
        }
        COF_TRY(status);
    }
    p->items = json_array();
    *out_ready = p->items != NULL;
    return p->items != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "list");
}

static cof_status next_link(const page *p, cof_buf *out, cof_err *err)
{
    const cof_keyvault *vault = p->call->vault;
    COF_TRY(cof_buf_printf(out, err,
                           "%s/%s?api-version=%s&$skiptoken=", cof_state_base(vault->parts.state),
                           p->list, cof_form_get(p->call->request->query, "api-version")));
    COF_TRY(cof_skip_token_make(cof_key_store_root(vault->store), p->list, p->place, out, err));
    return cof_buf_printf(out, err, "&maxresults=%zu", p->max);
}

static cof_status answer(const page *p, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf link = {.limit = COF_LIMIT_URL_BYTES};
    if (p->is_whole) {
        return cof_http_response_json(p->call->response, 200,
                                      json_pack("{s:O,s:n}", "value", p->items, "nextLink"), err);
    }
    COF_TRY(next_link(p, &link, err));
    return cof_http_response_json(
        p->call->response, 200,
        json_pack("{s:O,s:s%}", "value", p->items, "nextLink", link.data, link.size), err);
}

/* One key's file that was changed does not hide the others: it is left out, which is written down.
 */
static cof_status add_item(page *p, const cof_key_name *name, size_t index, bool with_version,
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
    COF_CLEANUP(free_page) page p = {.call = call, .list = list};
    cof_key_name name;
    bool is_ready = false;
    COF_TRY(start(&p, &is_ready, err));
    if (!is_ready) {
        return COF_OK;
    }
    while (cof_key_store_next(call->vault->store, p.place, is_deleted, &name)) {
        if (json_array_size(p.items) == p.max) {
            return answer(&p, err);
        }
        COF_TRY(add_item(&p, &name, name.version_count - 1, false, err));
        (void)snprintf(p.place, sizeof p.place, "%s", name.name);
    }
    p.is_whole = true;
    return answer(&p, err);
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
    COF_CLEANUP(free_page) page p = {.call = call};
    cof_key_name name;
    bool is_ready = false;
    if (!cof_key_store_look(call->vault->store, call->request->segments[0], &name) ||
        name.is_deleted) {
        return cof_keyvault_not_found(call, err);
    }
    COF_TRY(cof_buf_printf(&list, err, "keys/%s/versions", name.name));
    COF_TRY(cof_buf_text(&list, &p.list, err));
    COF_TRY(start(&p, &is_ready, err));
    if (!is_ready) {
        return COF_OK;
    }
    size_t index = strtoul(p.place, NULL, 10);
    while (index < name.version_count && json_array_size(p.items) < p.max) {
        COF_TRY(add_item(&p, &name, index++, true, err));
    }
    (void)snprintf(p.place, sizeof p.place, "%zu", index);
    p.is_whole = index >= name.version_count; /* more: the key was purged and made anew */
    return answer(&p, err);
}
