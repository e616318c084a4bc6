/* Which parts make up coffer-local, and in which order they start. */
#ifndef COF_APP_LOCAL_WIRING_H
#define COF_APP_LOCAL_WIRING_H

#include <stdint.h>

#include "apps/coffer-local/collateral.h"
#include "apps/coffer-local/root_secret.h"
#include "tcb/base/own.h"
#include "tcb/base/status.h"

typedef struct cof_local cof_local;

/** What the command line says. */
typedef struct cof_local_options {
    const char *home;
    uint16_t port;          /* 0: that of the last start; at the first start one picked at random */
    const char *public_url; /* NULL: the server's own; kept once it was given */
    int ready_fd;           /* -1: none */
    int lifeline_fd;        /* -1: none */
    const char *collateral[COF_LOCAL_COLLATERAL_MAX]; /* folders and bundles */
    size_t collateral_count;
    cof_local_root root;     /* how the vault's root key is kept */
    cof_local_root new_root; /* with --change-root-key: how it is to be kept */
} cof_local_options;

/**
 * Opens the state, binds the port, starts every service and writes local/local.json.
 *
 * @return COF_OK, COF_E_BUSY (the home or the port is in use), COF_E_CONFIG, COF_E_IO, …
 */
COF_MUST_USE cof_status cof_local_start(const cof_local_options *options, cof_local **out,
                                        cof_err *err);

/** Keeps the vault's root key in another way, and serves nothing. @return COF_OK, COF_E_BUSY (a
 * server uses the home), or as cof_root_key_change. */
COF_MUST_USE cof_status cof_local_change_root(const cof_local_options *options, cof_err *err);

/** Serves until SIGTERM, SIGINT, or the end of the lifeline. */
COF_MUST_USE cof_status cof_local_run(cof_local *local, cof_err *err);

/** Stops everything and removes local/local.json. */
void cof_local_free(cof_local *local);
COF_OWNED(cof_local, cof_local_free);

#endif
