/* Credentials of applications as the command line makes them, and what commands of several kinds of
 * principals share. */
#ifndef COF_APP_ACCESS_CREDENTIAL_H
#define COF_APP_ACCESS_CREDENTIAL_H

#include "apps/coffer/access_client.h"

/** What goes into a credential file. All is borrowed. */
typedef struct cof_access_new_credential {
    const cof_access_client *client;
    const char *client_id;
    const char *secret;
    const char *path; /* NULL: none is written */
} cof_access_new_credential;

/** Where the credential file of an application goes: --out, else NAME.json here. Checked before
 * anything is made for it: one that is there is replaced with --force only.
 * @param out_is_file  false: with --json and no --out none is written */
COF_MUST_USE cof_status cof_access_credential_path(const cof_app *app, const cof_args *args,
                                                   const char *name, cof_path *out,
                                                   bool *out_is_file, cof_err *err);

/** Writes it, mode 0600 (host/azure/credential.h reads it). */
COF_MUST_USE cof_status cof_access_write_credential(const cof_access_new_credential *credential,
                                                    cof_err *err);

/** Makes a secret: {"id","secret","expires"}. @param ttl  "90d"; "never"; NULL: 90 days */
COF_MUST_USE cof_status cof_access_make_secret(const cof_access_client *client, const char *name,
                                               const char *ttl, json_t **out, cof_err *err);

/** DELETE and PATCH {"enabled"} of the first operand. */
COF_MUST_USE cof_status cof_access_delete_named(const cof_app *app, const cof_args *args,
                                                const char *prefix, cof_err *err);
COF_MUST_USE cof_status cof_access_enable_named(const cof_app *app, const cof_args *args,
                                                const char *prefix, bool is_enabled, cof_err *err);

#endif
