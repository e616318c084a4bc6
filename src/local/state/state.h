/*
 * The folder of one installation's local services: who it is (tenant, port), and its files. One
 * server at a time.
 *
 * HOME/local/ has mode 0700 and every file in it 0600. All files
 * are written whole: a crash leaves the old one or the new one.
 */
#ifndef COF_LOCAL_STATE_H
#define COF_LOCAL_STATE_H

#include <jansson.h>
#include <stdint.h>

#include "host/files/files.h"

typedef struct cof_state cof_state;

/** Seconds since 1970 UTC; a parameter so that tests can move it. */
typedef int64_t (*cof_clock_now)(void);
int64_t cof_clock_system(void);

/**
 * Opens HOME/local, makes it at the first start, takes its lock, and removes what a crash left
 * half-written.
 *
 * @return COF_OK, COF_E_BUSY (another server has it), COF_E_PERMISSION (others may enter the
 * folder), COF_E_BAD_FORMAT, COF_E_IO, …
 */
COF_MUST_USE cof_status cof_state_open(const char *home, cof_clock_now now, cof_state **out,
                                       cof_err *err);

/** The tenant's GUID, made at the first start. */
const char *cof_state_tenant(const cof_state *state);
/** The port of the last start; 0 before the first. */
uint16_t cof_state_port(const cof_state *state);
/** Fixes the port, durably, and with it the base URL. */
COF_MUST_USE cof_status cof_state_set_port(cof_state *state, uint16_t port, cof_err *err);
/**
 * Makes every identifier begin with this URL instead of the server's own, for good: before the
 * first port is fixed. @return COF_OK, COF_E_CONFIG (not https://HOST[:PORT], or this installation
 * has another one already).
 */
COF_MUST_USE cof_status cof_state_set_url(cof_state *state, const char *url, cof_err *err);
/** "https://localhost:8443": what every identifier that the services give out begins with. ""
 * before a port is fixed. */
const char *cof_state_base(const cof_state *state);
int64_t cof_state_now(const cof_state *state);

/** The path of a file in the folder. name is ours, or was checked. @return COF_OK, COF_E_LIMIT. */
COF_MUST_USE cof_status cof_state_path(const cof_state *state, const char *name, cof_path *out,
                                       cof_err *err);
/** Makes a sub-folder, durably; one that exists is fine. */
COF_MUST_USE cof_status cof_state_make_folder(const cof_state *state, const char *name,
                                              cof_err *err);
/** Reads a whole file. @return COF_OK, COF_E_NOT_FOUND, … */
COF_MUST_USE cof_status cof_state_read(const cof_state *state, const char *name, cof_buf *out,
                                       cof_err *err);
COF_MUST_USE cof_status cof_state_write(const cof_state *state, const char *name, cof_view bytes,
                                        cof_err *err);
/** The same for JSON objects; the caller owns *out. @return also COF_E_BAD_JSON, COF_E_BAD_FORMAT.
 */
COF_MUST_USE cof_status cof_state_read_json(const cof_state *state, const char *name, json_t **out,
                                            cof_err *err);
COF_MUST_USE cof_status cof_state_write_json(const cof_state *state, const char *name,
                                             const json_t *value, cof_err *err);

void cof_state_free(cof_state *state);
COF_OWNED(cof_state, cof_state_free);

#endif
