/*
 * Role-based access control: role definitions (named sets of actions), and assignments of a role to
 * a principal at a scope. Asked at every call, not when a token is made: a revoked grant ends at
 * once.
 *
 * Actions are "keys/get", "secrets/set", "attestation/write", …: the permission names of Azure Key
 * Vault's access policies. A scope is "/" (everything), "/keys", "/keys/NAME", "/secrets",
 * "/secrets/NAME", "/attestation", "/access", "/audit", "/authorities": an assignment counts for
 * its scope and all below it. Roles have the names of Azure's built-in ones where there is one
 * ("Key Vault Crypto Officer"), and those of Coffer for api://coffer (data-owner, recipient,
 * operator, auditor, admin), which tokens for that resource carry in their roles claim.
 *
 * identity/access.json, written whole at every change (docs/formats/directory.md).
 */
#ifndef COF_LOCAL_ACCESS_H
#define COF_LOCAL_ACCESS_H

#include "local/identity/directory.h"

/* keys */
#define COF_ACTION_KEY_CREATE       "keys/create"
#define COF_ACTION_KEY_IMPORT       "keys/import"
#define COF_ACTION_KEY_GET          "keys/get"
#define COF_ACTION_KEY_LIST         "keys/list"
#define COF_ACTION_KEY_UPDATE       "keys/update"
#define COF_ACTION_KEY_DELETE       "keys/delete"
#define COF_ACTION_KEY_RECOVER      "keys/recover"
#define COF_ACTION_KEY_PURGE        "keys/purge"
#define COF_ACTION_KEY_BACKUP       "keys/backup"
#define COF_ACTION_KEY_RESTORE      "keys/restore"
#define COF_ACTION_KEY_ROTATE       "keys/rotate"
#define COF_ACTION_KEY_GET_ROTATION "keys/getrotationpolicy"
#define COF_ACTION_KEY_SET_ROTATION "keys/setrotationpolicy"
#define COF_ACTION_KEY_ENCRYPT      "keys/encrypt"
#define COF_ACTION_KEY_DECRYPT      "keys/decrypt"
#define COF_ACTION_KEY_WRAP         "keys/wrapkey"
#define COF_ACTION_KEY_UNWRAP       "keys/unwrapkey"
#define COF_ACTION_KEY_SIGN         "keys/sign"
#define COF_ACTION_KEY_VERIFY       "keys/verify"
#define COF_ACTION_KEY_RELEASE      "keys/release"
#define COF_ACTION_KEY_RANDOM       "keys/random"
/* secrets */
#define COF_ACTION_SECRET_GET     "secrets/get"
#define COF_ACTION_SECRET_LIST    "secrets/list"
#define COF_ACTION_SECRET_SET     "secrets/set"
#define COF_ACTION_SECRET_DELETE  "secrets/delete"
#define COF_ACTION_SECRET_RECOVER "secrets/recover"
#define COF_ACTION_SECRET_PURGE   "secrets/purge"
#define COF_ACTION_SECRET_BACKUP  "secrets/backup"
#define COF_ACTION_SECRET_RESTORE "secrets/restore"
/* attestation: policies, those who sign them, baselines. Attesting needs none. */
#define COF_ACTION_ATTEST_READ   "attestation/read"
#define COF_ACTION_ATTEST_WRITE  "attestation/write"
#define COF_ACTION_ATTEST_DELETE "attestation/delete"
/* the directory and these grants */
#define COF_ACTION_ACCESS_READ  "access/read"
#define COF_ACTION_ACCESS_WRITE "access/write"
/* decisions of the vault */
#define COF_ACTION_AUDIT_READ "audit/read"
/* attestation services of others that release policies may name */
#define COF_ACTION_AUTHORITY_WRITE "authorities/write"

typedef struct cof_access cof_access;

/** Makes the assignments of the first applications at the first start. kept: state, directory. */
COF_MUST_USE cof_status cof_access_open(const cof_state *state, cof_directory *directory,
                                        cof_access **out, cof_err *err);

/**
 * May the caller do this?
 *
 * @param claims  of its verified access token: "oid" says who
 * @param action  one of the above
 * @param scope   "/keys/NAME", …, as the call has it; "/" for what has no place of its own
 */
bool cof_access_allows(cof_access *access, const json_t *claims, const char *action,
                       const char *scope);

/** Appends the names of the roles that a token for api://coffer carries to the JSON array. */
COF_MUST_USE cof_status cof_access_app_roles(const cof_access *access, const char *object_id,
                                             json_t *out_roles, cof_err *err);

void cof_access_free(cof_access *access);
COF_OWNED(cof_access, cof_access_free);

#endif
