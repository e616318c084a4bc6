/* How long an answer may be kept without asking again (RFC 9111 §4.2). Pure. */
#ifndef COF_HOST_COLLATERAL_LIFETIME_H
#define COF_HOST_COLLATERAL_LIFETIME_H

#include <stdbool.h>
#include <stdint.h>

/** The fields of an answer that speak of it; NULL: absent. */
typedef struct cof_lifetime_fields {
    const char *cache_control;
    const char *expires;
    const char *date;
    const char *age;
} cof_lifetime_fields;

typedef struct cof_lifetime {
    bool is_known;   /* the answer says */
    bool may_store;  /* no "no-store" */
    int64_t seconds; /* from now on; 0: ask again at once */
} cof_lifetime;

/** Cache-Control max-age less Age, else Expires less Date (or less now). What cannot be read counts
 * as expired, as RFC 9111 §4.2.1 asks. */
cof_lifetime cof_lifetime_of(const cof_lifetime_fields *fields, int64_t now_unix_s);

/** The shorter of two. */
cof_lifetime cof_lifetime_shorter(cof_lifetime a, cof_lifetime b);

/** HTTP-date, preferred form (RFC 9110 §5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT". */
bool cof_http_date(const char *text, int64_t *out_unix_s);

#endif
