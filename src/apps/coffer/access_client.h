/* The local directory and its grants, asked over HTTPS (docs/formats/directory.md). */
#ifndef COF_APP_ACCESS_CLIENT_H
#define COF_APP_ACCESS_CLIENT_H

#include "apps/coffer/command.h"
#include "apps/coffer/services.h"
#include "host/azure/credential.h"

typedef struct cof_access_client {
    cof_services *services;
    cof_credential *credential;
    cof_http_client *http;
    const char *authority; /* borrowed from services, as the two below */
    const char *tenant;
    const char *ca;
} cof_access_client;

/** Opens the services, and signs in: with --credential FILE, else as the installation's owner.
 * @return also COF_E_CONFIG (this home uses no services of its own). */
COF_MUST_USE cof_status cof_access_client_open(const cof_app *app, const cof_args *args,
                                               cof_access_client *out, cof_err *err);
void cof_access_client_close(cof_access_client *client);

/**
 * One call. A refusal is the status that the service names, with its words.
 *
 * @param path  from "/access" on; names in it percent-encoded by cof_access_path
 * @param body  borrowed; NULL: none
 * @param out   the caller owns it; NULL when the answer is not wanted, or empty
 */
COF_MUST_USE cof_status cof_access_client_call(const cof_access_client *client, const char *method,
                                               const char *path, const json_t *body, json_t **out,
                                               cof_err *err);

/** Appends "/" and the segment, percent-encoded. */
COF_MUST_USE cof_status cof_access_path(cof_buf *path, const char *segment, cof_err *err);

/** Calls METHOD prefix/name[/rest]; name is encoded, prefix and rest are not. */
COF_MUST_USE cof_status cof_access_client_call_named(const cof_access_client *client,
                                                     const char *method, const char *prefix,
                                                     const char *name, const char *rest,
                                                     const json_t *body, json_t **out,
                                                     cof_err *err);

/** "90d", "12h", "30m": how many seconds. @return COF_OK, COF_E_USAGE. */
COF_MUST_USE cof_status cof_access_duration(const char *text, int64_t *out_s, cof_err *err);
/** A point in time: a duration from now, what cof_when reads, or NULL and "never": 0. */
COF_MUST_USE cof_status cof_access_time(const char *text, int64_t *out_unix_s, cof_err *err);
/** {"expires": time} or {"expires": null}. */
json_t *cof_access_expires(int64_t unix_s);

/** A text member of what the service answered; "" when it is none. */
const char *cof_access_text(const json_t *object, const char *key);
/** when as "2026-11-22 20:05", "-" for null; size at least 32. */
void cof_access_when_text(const json_t *when, char *out, size_t size);

#endif
