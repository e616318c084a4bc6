/*
 * Finding, starting and stopping coffer-local. A server that a command started for itself ends with
 * the command, however the command ends; one started by coffer up stays.
 */
#ifndef COF_APP_SERVICES_H
#define COF_APP_SERVICES_H

#include <jansson.h>
#include <sys/types.h>

#include "host/azure/vault.h"
#include "host/config/config.h"
#include "host/files/files.h"

/** The services that a home uses, as its coffer.yaml says. Texts are borrowed from config and info.
 */
typedef struct cof_services {
    cof_config *config;
    json_t *info;    /* local/local.json; NULL: nothing of it is used */
    const char *url; /* of the vault */
    const char *attestation[COF_CONFIG_ATTESTATIONS];
    size_t attestation_count; /* at least 1 */
    const char *root;         /* hex: SHA-256 of the simulated root's public key; NULL: none */
    const char *agent;        /* the agent's credential file for the vault */
    const char *vault_ca;     /* NULL: the system's */
    const char *attest_ca;    /* NULL: the system's */
    pid_t child;              /* 0: it was running already, or is not used */
    int lifeline;             /* -1, or the end that keeps the child alive */
    cof_http_client *http;    /* for the vault */
    cof_http_client *attest_http;
    cof_credential *owner; /* how the owner signs in */
    cof_vault vault;
} cof_services;

/** Reads the configuration, and uses the running server of this home, or starts one that ends with
 * this program, where it says local. @return COF_OK, COF_E_NETWORK, COF_E_CONFIG, … */
COF_MUST_USE cof_status cof_services_open(const char *home, cof_services **out, cof_err *err);

/** Stops a server that this program started, and waits for its end. Accepts NULL. */
void cof_services_free(cof_services *services);
COF_OWNED(cof_services, cof_services_free);

/** How the server's root key is kept (docs/formats/vault.md). Zeroed: in its file. Borrowed. */
typedef struct cof_services_root {
    const char *way; /* "passphrase", "pkcs11:…"; NULL: a file */
    cof_view secret; /* passphrase or PIN */
} cof_services_root;

/** Starts a server that stays. *out_info is the caller's. @return COF_OK, COF_E_EXISTS (it runs
 * already), COF_E_NETWORK. */
COF_MUST_USE cof_status cof_services_up(const char *home, const cof_services_root *root,
                                        json_t **out_info, cof_err *err);
/** Stops the server of this home and waits for its end. @return COF_OK, COF_E_NOT_FOUND (none
 * runs), COF_E_TIMEOUT. */
COF_MUST_USE cof_status cof_services_down(const char *home, cof_err *err);
/** The running server's local.json, or NULL when none runs. */
COF_MUST_USE cof_status cof_services_running(const char *home, json_t **out_info, cof_err *err);

#endif
