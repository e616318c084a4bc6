/*
 * The directory and the grants over HTTPS, for those who have access/read and access/write: a
 * token for api://coffer. docs/formats/directory.md has every route.
 *
 *   /access/apps, /access/users, /access/groups, /access/roles, /access/assignments,
 *   /access/review
 *
 * Every change is in the audit trail before it is made. A secret is in the answer that makes it,
 * and nowhere else.
 */
#ifndef COF_LOCAL_ACCESS_API_H
#define COF_LOCAL_ACCESS_API_H

#include "host/http/http_server.h"
#include "local/identity/access.h"
#include "local/identity/issuer.h"
#include "local/state/trail.h"

/** What the routes stand on. */
typedef struct cof_access_parts {
    const cof_state *state;
    cof_trail *trail;
    const cof_issuer *identity;
    cof_directory *directory;
    cof_access *access;
} cof_access_parts;

/** Adds the routes. kept: parts, and what it names, as long as the server. */
COF_MUST_USE cof_status cof_access_serve(cof_access_parts *parts, cof_http_server *server,
                                         cof_err *err);

#endif
