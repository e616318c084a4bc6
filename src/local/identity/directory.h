/*
 * The directory of one tenant: applications, users and groups, with how each proves who it is.
 *
 * identity/directory.json, written whole at every change (docs/formats/directory.md). Secrets and
 * passwords are kept as digests. Three applications are made at the first start: "owner" (this
 * installation's own), "agent" (releases keys) and "auditor" (reads decisions); their credential
 * files are clients/<name>.json. A folder of an older version (identity/clients.json) is taken over
 * with its ids and secrets.
 */
#ifndef COF_LOCAL_DIRECTORY_H
#define COF_LOCAL_DIRECTORY_H

#include "local/state/state.h"

/** The resources that tokens are given for, as their audience (aud). */
#define COF_RESOURCE_VAULT  "https://vault.azure.net"
#define COF_RESOURCE_ATTEST "https://attest.azure.net"
#define COF_RESOURCE_COFFER "api://coffer"

enum {
    COF_DIRECTORY_NAME_MAX = 63, /* of an application, user or group: a-z, 0-9, '-' */
    COF_DIRECTORY_SECRETS = 8,   /* of one application, each with its own expiry */
    COF_DIRECTORY_CERTIFICATES = 8,
    COF_DIRECTORY_FEDERATED = 8,
    COF_DIRECTORY_ENTRIES = 1000 /* of each kind */
};

typedef enum cof_principal_kind {
    COF_PRINCIPAL_APP,
    COF_PRINCIPAL_USER,
    COF_PRINCIPAL_GROUP
} cof_principal_kind;

/** Somebody, or a group. Borrowed from the directory until it is changed. */
typedef struct cof_principal {
    cof_principal_kind kind;
    const char *name;
    const char *object_id; /* GUID; also an access token's oid */
    const char *client_id; /* of an application: GUID; else NULL */
    const json_t *entry;   /* the whole entry, as docs/formats/directory.md has it */
} cof_principal;

typedef struct cof_directory cof_directory;

/** @return COF_OK, COF_E_BAD_FORMAT, or as the state's functions. kept: state. */
COF_MUST_USE cof_status cof_directory_open(const cof_state *state, cof_directory **out,
                                           cof_err *err);

/** @return false when there is none. GUIDs without regard to case. */
bool cof_directory_by_client_id(const cof_directory *directory, const char *client_id,
                                cof_principal *out);
bool cof_directory_by_object_id(const cof_directory *directory, const char *object_id,
                                cof_principal *out);
bool cof_directory_by_name(const cof_directory *directory, cof_principal_kind kind,
                           const char *name, cof_principal *out);

/** A user or application that was disabled proves nothing and may do nothing. Groups are always
 * enabled. */
bool cof_principal_is_enabled(const cof_principal *principal);

/** Is this user, or application, in the group? Groups do not hold groups. */
bool cof_directory_is_member(const cof_directory *directory, const char *object_id,
                             const char *group_object_id);

/** Appends the object ids of the groups that this user, or application, is in to the JSON array. */
COF_MUST_USE cof_status cof_directory_groups(const cof_directory *directory, const char *object_id,
                                             json_t *out_ids, cof_err *err);

/** What came of a credential that was offered. */
typedef enum cof_proof {
    COF_PROOF_FITS,
    COF_PROOF_WRONG,
    COF_PROOF_EXPIRED, /* it is the right one, and its time is over */
    COF_PROOF_LOCKED   /* too many wrong passwords: try later */
} cof_proof;

/** A client secret, in time that does not depend on where it differs. */
cof_proof cof_directory_check_secret(const cof_directory *directory, const cof_principal *app,
                                     const char *secret);
/** A user's password (scrypt). Counts failures: after ten, a minute's pause for each further one.
 * user NULL, for a name that nobody has: takes as long, and is wrong. */
cof_proof cof_directory_check_password(cof_directory *directory, const cof_principal *user,
                                       const char *password);

/**
 * The application's certificate with this SHA-1 thumbprint (x5t) or SHA-256 thumbprint (x5t#S256),
 * both base64url; either may be NULL. @param out_der  borrowed base64 text of the DER
 * @return false when there is none, or it is not valid now.
 */
bool cof_directory_certificate(const cof_directory *directory, const cof_principal *app,
                               const char *x5t, const char *x5t_s256, const char **out_der);

/** One trusted identity of another issuer. Borrowed. */
typedef struct cof_federated {
    const char *issuer;
    const char *subject;
    const char *audience; /* "api://AzureADTokenExchange" unless said otherwise */
    const json_t *keys;   /* the issuer's JWK set, pinned when it was added */
} cof_federated;

size_t cof_directory_federated_count(const cof_principal *app);
cof_federated cof_directory_federated(const cof_principal *app, size_t index);

void cof_directory_free(cof_directory *directory);
COF_OWNED(cof_directory, cof_directory_free);

#endif
