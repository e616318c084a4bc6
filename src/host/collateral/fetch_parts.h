/* Between fetcher.c and the vendors' protocols: not for others. */
#ifndef COF_HOST_COLLATERAL_FETCH_PARTS_H
#define COF_HOST_COLLATERAL_FETCH_PARTS_H

#include "host/collateral/fetcher.h"

/** An answer of status 200, and how long it may be kept. Free with cof_part_answer_free. */
typedef struct cof_part_answer {
    cof_http_answer http;
    cof_lifetime lifetime;
} cof_part_answer;

/** GET of a URL. Notes a Warning. @return COF_OK, COF_E_NOT_FOUND (404, 410), as cof_http_send. */
COF_MUST_USE cof_status cof_part_get(cof_fetcher *fetcher, const char *url, int64_t now_unix_s,
                                     cof_part_answer *out, cof_err *err);
void cof_part_answer_free(cof_part_answer *answer);

/** GET of a URL whose body is one item: adds it and the lifetime to *out. */
COF_MUST_USE cof_status cof_part_get_item(cof_fetcher *fetcher, const char *url,
                                          cof_collateral_item item, int64_t now_unix_s,
                                          cof_fetched *out, cof_err *err);

const cof_collateral_origin *cof_fetcher_origin(const cof_fetcher *fetcher);
void cof_fetcher_note(cof_fetcher *fetcher, const char *text);

typedef cof_status cof_part_fetch(cof_fetcher *fetcher, const cof_collateral_need *need,
                                  int64_t now_unix_s, cof_fetched *out, cof_err *err);
cof_part_fetch cof_fetch_intel_tcb, cof_fetch_intel_pck_crl, cof_fetch_intel_root_crl;
cof_part_fetch cof_fetch_amd_leaf, cof_fetch_amd_chain, cof_fetch_amd_crl;

#endif
