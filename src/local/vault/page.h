/* One page of a list of keys or secrets: maxresults, $skiptoken, nextLink. */
#ifndef COF_LOCAL_PAGE_H
#define COF_LOCAL_PAGE_H

#include "local/vault/skip_token.h"
#include "local/vault/vault_internal.h"

/** One page that is being made; zeroed but for call and list, then started. */
typedef struct cof_page {
    cof_keyvault_call *call;
    const char *list; /* of the skip token, and the path of the next link */
    size_t max;
    char place[COF_SKIP_PLACE_SIZE]; /* the last entry that was shown; "": none */
    json_t *items;
} cof_page;

/** Reads where the list goes on. When the request is wrong, *out_ready is false and the answer is
 * written. */
COF_MUST_USE cof_status cof_page_start(cof_page *page, bool *out_ready, cof_err *err);

/** Answers {"value","nextLink"}. @param is_whole  nothing comes after this page */
COF_MUST_USE cof_status cof_page_answer(const cof_page *page, bool is_whole, cof_err *err);

void cof_page_free(cof_page *page);

#endif
