#include "local/vault/page.h"

#include <string.h>

#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum { PAGE_MAX = 25 };

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

cof_status cof_page_start(cof_page *p, bool *out_ready, cof_err *err)
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

static cof_status next_link(const cof_page *p, cof_buf *out, cof_err *err)
{
    const cof_keyvault *vault = p->call->vault;
    COF_TRY(cof_buf_printf(out, err,
                           "%s/%s?api-version=%s&$skiptoken=", cof_state_base(vault->parts.state),
                           p->list, cof_form_get(p->call->request->query, "api-version")));
    COF_TRY(cof_skip_token_make(cof_key_store_root(vault->store), p->list, p->place, out, err));
    return cof_buf_printf(out, err, "&maxresults=%zu", p->max);
}

cof_status cof_page_answer(const cof_page *p, bool is_whole, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf link = {.limit = COF_LIMIT_URL_BYTES};
    if (is_whole) {
        return cof_http_response_json(p->call->response, 200,
                                      json_pack("{s:O,s:n}", "value", p->items, "nextLink"), err);
    }
    COF_TRY(next_link(p, &link, err));
    return cof_http_response_json(
        p->call->response, 200,
        json_pack("{s:O,s:s%}", "value", p->items, "nextLink", link.data, link.size), err);
}

void cof_page_free(cof_page *p)
{
    json_decref(p->items);
}
