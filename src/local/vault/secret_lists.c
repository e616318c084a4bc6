/* Lists of secrets, of a secret's versions, and of deleted secrets, in pages. */
#include <stdio.h>
#include <string.h>

#include "local/vault/secrets.h"
#include "local/vault/skip_token.h"
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

static cof_status answer(const page *p, bool is_whole, cof_err *err)
{
    const cof_keyvault *vault = p->call->vault;
    COF_CLEANUP(cof_buf_free) cof_buf link = {.limit = COF_LIMIT_URL_BYTES};
    if (is_whole) {
        return cof_http_response_json(p->call->response, 200,
                                      json_pack("{s:O,s:n}", "value", p->items, "nextLink"), err);
    }
    COF_TRY(cof_buf_printf(&link, err,
                           "%s/%s?api-version=%s&$skiptoken=", cof_state_base(vault->parts.state),
                           p->list, cof_form_get(p->call->request->query, "api-version")));
    COF_TRY(cof_skip_token_make(cof_key_store_root(vault->store), p->list, p->place, &link, err));
    COF_TRY(cof_buf_printf(&link, err, "&maxresults=%zu", p->max));
    return cof_http_response_json(
        p->call->response, 200,
        json_pack("{s:O,s:s%}", "value", p->items, "nextLink", link.data, link.size), err);
}

/* A file that was changed, or is gone, does not hide the others: it is left out, which is written
 * down. */
static cof_status add_item(page *p, const cof_secret_index *index, const char *version,
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
    COF_CLEANUP(free_page) page p = {.call = call, .list = list};
    const cof_secret_store store = cof_secrets_store(call);
    bool is_ready = false;
    bool is_found = true;
    COF_TRY(start(&p, &is_ready, err));
    if (!is_ready) {
        return COF_OK;
    }
    for (;;) {
        COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
        COF_TRY(cof_secret_next(&store, p.place, is_deleted, &index, &is_found, err));
        if (!is_found || json_array_size(p.items) == p.max) {
            return answer(&p, !is_found, err);
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
    COF_CLEANUP(free_page) page p = {.call = call};
    COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
    bool is_ready = false;
    COF_TRY(cof_secrets_find(call, false, &index, &is_ready, err));
    if (!is_ready) {
        return COF_OK;
    }
    COF_TRY(cof_buf_printf(&list, err, "secrets/%s/versions", index.name));
    COF_TRY(cof_buf_text(&list, &p.list, err));
    COF_TRY(start(&p, &is_ready, err));
    if (!is_ready) {
        return COF_OK;
    }
    const size_t count = json_array_size(index.versions);
    size_t at = strtoul(p.place, NULL, 10);
    while (at < count && json_array_size(p.items) < p.max) {
        COF_TRY(add_item(&p, &index, json_string_value(json_array_get(index.versions, at++)), err));
    }
    (void)snprintf(p.place, sizeof p.place, "%zu", at);
    return answer(&p, at >= count, err);
}
