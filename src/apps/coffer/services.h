/*
 * Finding, starting and stopping coffer-local. A server that a command started for itself ends with
 * the command, however the command ends; one started by coffer up stays.
 */
#ifndef COF_APP_SERVICES_H
#define COF_APP_SERVICES_H

#include <jansson.h>
#include <sys/types.h>

#include "host/azure/vault.h"
#include "host/files/files.h"

/** The local services as a client sees them. Texts are borrowed from info. */
typedef struct cof_services {
    json_t *info;    /* local/local.json */
    const char *url; /* vault and attestation */
    const char *authority;
    const char *tenant;
    const char *ca;
    const char *root; /* hex: SHA-256 of the simulated root's public key */
    pid_t child;      /* 0: it was running already */
    int lifeline;     /* -1, or the end that keeps the child alive */
    cof_http_client *http;
    cof_entra *owner; /* tokens for the owner's operations */
    cof_vault vault;
} cof_services;

/** Uses the running server of this home, or starts one that ends with this program. @return COF_OK,
 * COF_E_NETWORK, COF_E_CONFIG, … */
COF_MUST_USE cof_status cof_services_open(const char *home, cof_services **out, cof_err *err);

/** Stops a server that this program started, and waits for its end. Accepts NULL. */
void cof_services_free(cof_services *services);
COF_OWNED(cof_services, cof_services_free);

/** Starts a server that stays. *out_info is the caller's. @return COF_OK, COF_E_EXISTS (it runs
 * already), COF_E_NETWORK. */
COF_MUST_USE cof_status cof_services_up(const char *home, json_t **out_info, cof_err *err);
/** Stops the server of this home and waits for its end. @return COF_OK, COF_E_NOT_FOUND (none
 * runs), COF_E_TIMEOUT. */
COF_MUST_USE cof_status cof_services_down(const char *home, cof_err *err);
/** The running server's local.json, or NULL when none runs. */
COF_MUST_USE cof_status cof_services_running(const char *home, json_t **out_info, cof_err *err);

#endif
