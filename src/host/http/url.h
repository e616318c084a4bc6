/* The URLs that our clients use: http or https, a host, no user, no fragment (RFC 3986, strict). */
#ifndef COF_HOST_HTTP_URL_H
#define COF_HOST_HTTP_URL_H

#include <stdint.h>

#include "tcb/base/buf.h"

enum { COF_URL_HOST_SIZE = 256 };

typedef struct cof_url {
    bool is_https;
    char host[COF_URL_HOST_SIZE]; /* lower case; an IPv6 address without its brackets */
    uint16_t port;                /* the scheme's own when none is given */
    cof_view
        target; /* path and query as given, "" when none; borrowed from the text that was parsed */
} cof_url;

/** @return COF_OK, COF_E_BAD_FORMAT, COF_E_LIMIT (over COF_LIMIT_URL_BYTES). */
COF_MUST_USE cof_status cof_url_parse(const char *text, cof_url *out, cof_err *err);

/** Same scheme, host and port. */
bool cof_url_same_origin(const cof_url *a, const cof_url *b);

#endif
