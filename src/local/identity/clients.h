/*
 * The applications that this installation's identity service knows: client id, object id, a digest
 * of the secret, and the roles that they have for each resource. Two are made at the first start:
 * "owner" and "agent".
 */
#ifndef COF_LOCAL_CLIENTS_H
#define COF_LOCAL_CLIENTS_H

#include "local/state/state.h"

/** The resources that tokens are given for, as their audience (aud). */
#define COF_RESOURCE_VAULT  "https://vault.azure.net"
#define COF_RESOURCE_ATTEST "https://attest.azure.net"
#define COF_RESOURCE_COFFER "api://coffer"

/** Roles for COF_RESOURCE_VAULT. */
#define COF_ROLE_KEY_CREATE  "keys/create"
#define COF_ROLE_KEY_GET     "keys/get"
#define COF_ROLE_KEY_UPDATE  "keys/update"
#define COF_ROLE_KEY_WRAP    "keys/wrapkey"
#define COF_ROLE_KEY_UNWRAP  "keys/unwrapkey"
#define COF_ROLE_KEY_RELEASE "keys/release"

/** Roles for COF_RESOURCE_ATTEST: policies, those who sign them, baselines. Attesting needs none.
 */
#define COF_ROLE_ATTEST_READ   "attestation/read"
#define COF_ROLE_ATTEST_WRITE  "attestation/write"
#define COF_ROLE_ATTEST_DELETE "attestation/delete"

typedef struct cof_clients cof_clients;

/** One application; borrowed from the table. */
typedef struct cof_client {
    const char *name;
    const char *client_id;
    const char *object_id;
    const char *secret_digest; /* hex SHA-256 of the secret, which is 32 random bytes: no salt or
                                  stretching would help */
    const json_t *roles;       /* {"<resource>": ["role", …]} */
} cof_client;

/**
 * Reads identity/clients.json, making it and the two applications at the first start, with their
 * credentials in clients/<name>.json: {"authority","tenant","client_id","client_secret","ca"}.
 */
COF_MUST_USE cof_status cof_clients_open(const cof_state *state, cof_clients **out, cof_err *err);

/** @return false when there is none. */
bool cof_clients_find(const cof_clients *clients, const char *client_id, cof_client *out);

/** Is this the application's secret? In time that does not depend on where they differ. */
bool cof_client_secret_fits(const cof_client *client, const char *secret);

/** The roles for a resource, borrowed; NULL when the application has none. */
const json_t *cof_client_roles(const cof_client *client, const char *resource);

void cof_clients_free(cof_clients *clients);
COF_OWNED(cof_clients, cof_clients_free);

#endif
