/* GET /decisions: the audit trail for those who may read it. An own interface of coffer-local. */
#include <stdlib.h>
#include <string.h>

#include "local/vault/decisions.h"
#include "local/vault/vault_internal.h"

enum { DEFAULT_MAX = 20 };

/* A whole number of at most 15 digits; absent: what was there. */
static bool read_number(const cof_form *query, const char *name, int64_t *number)
{
    const char *text = cof_form_get(query, name);
    const size_t size = text != NULL ? strlen(text) : 0;
    if (text == NULL) {
        return true;
    }
    if (size == 0 || size > 15 || strspn(text, "0123456789") != size) {
        return false;
    }
    *number = strtoll(text, NULL, 10);
    return true;
}

cof_status cof_keyvault_decisions(cof_keyvault_call *call, cof_err *err)
{
    const cof_form *query = call->request->query;
    cof_decision_filter filter = {.key = cof_form_get(query, "key"),
                                  .action = cof_form_get(query, "action"),
                                  .run = cof_form_get(query, "run"),
                                  .decision = cof_form_get(query, "decision")};
    COF_JSON json_t *records = NULL;
    int64_t max = DEFAULT_MAX;
    bool is_complete = false;
    if (!read_number(query, "since", &filter.since_unix_s) || !read_number(query, "max", &max) ||
        max < 1 || max > COF_DECISIONS_MAX) {
        return cof_keyvault_bad(call, "since or max is not a number in its range.", err);
    }
    filter.max = (size_t)max;
    COF_TRY(cof_decisions_read(call->vault->parts.state, &filter, &records, &is_complete, err));
    return cof_http_response_json(
        call->response, 200, json_pack("{s:O,s:b}", "value", records, "complete", (int)is_complete),
        err);
}
