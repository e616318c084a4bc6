/*
 * Changing the directory. Every change is checked and written whole before it counts: after a
 * failure, memory and disk have the old state. What was borrowed before a change is gone after it.
 */
#ifndef COF_LOCAL_DIRECTORY_EDIT_H
#define COF_LOCAL_DIRECTORY_EDIT_H

#include "local/identity/directory.h"

enum { COF_PASSWORD_MIN = 12, COF_PASSWORD_MAX = 256 }; /* bytes; NIST SP 800-63B section 5.1.1 */

/** Makes an application without credentials, a user without a password, or an empty group.
 *
 * @return COF_OK, COF_E_BAD_ARGUMENT (name), COF_E_EXISTS (names are unique over all kinds),
 * COF_E_LIMIT, or as the state's functions; so do the functions below. */
COF_MUST_USE cof_status cof_directory_add(cof_directory *directory, cof_principal_kind kind,
                                          const char *name, cof_principal *out, cof_err *err);

/** Removes somebody, or a group; from groups too. @return also COF_E_NOT_FOUND, COF_E_FORBIDDEN
 * (one of the installation's own applications, or the last who could change grants). */
COF_MUST_USE cof_status cof_directory_remove(cof_directory *directory, const char *object_id,
                                             cof_err *err);

/** Of applications and users. @return also COF_E_NOT_FOUND, COF_E_FORBIDDEN. */
COF_MUST_USE cof_status cof_directory_set_enabled(cof_directory *directory, const char *object_id,
                                                  bool is_enabled, cof_err *err);

/** Of a user, at most 128 bytes of UTF-8 without control characters. */
COF_MUST_USE cof_status cof_directory_set_display_name(cof_directory *directory,
                                                       const char *object_id, const char *text,
                                                       cof_err *err);

/** Of a user. Forgets its failed tries. @return also COF_E_BAD_ARGUMENT (its length). */
COF_MUST_USE cof_status cof_directory_set_password(cof_directory *directory, const char *object_id,
                                                   const char *password, cof_err *err);

/**
 * Makes a secret for an application.
 *
 * @param expires     Unix seconds; 0: never
 * @param out_id      a GUID and a NUL
 * @param out_secret  appended; it is nowhere else
 */
COF_MUST_USE cof_status cof_directory_add_secret(cof_directory *directory, const char *object_id,
                                                 int64_t expires, char out_id[static 37],
                                                 cof_buf *out_secret, cof_err *err);

/** Adds the first certificate of a PEM text to an application: RSA of 2048 to 4096 bits, not
 * expired. @return also COF_E_BAD_FORMAT, COF_E_BAD_KEY, COF_E_EXISTS. */
COF_MUST_USE cof_status cof_directory_add_certificate(cof_directory *directory,
                                                      const char *object_id, cof_view pem,
                                                      char out_id[static 37], cof_err *err);

/**
 * Trusts one identity of another issuer to be this application.
 *
 * @param name      for people
 * @param identity  issuer: https; audience: NULL for api://AzureADTokenExchange; keys: a JWK set
 * @return also COF_E_BAD_ARGUMENT, COF_E_BAD_KEY, COF_E_EXISTS (the same issuer and subject).
 */
COF_MUST_USE cof_status cof_directory_add_federated(cof_directory *directory, const char *object_id,
                                                    const char *name, const cof_federated *identity,
                                                    char out_id[static 37], cof_err *err);

/** Removes a secret, certificate or federated identity by its id. @return also COF_E_NOT_FOUND,
 * COF_E_FORBIDDEN. */
COF_MUST_USE cof_status cof_directory_remove_credential(cof_directory *directory,
                                                        const char *object_id, const char *id,
                                                        cof_err *err);

/** @param member  object id of a user or application. @return also COF_E_NOT_FOUND, COF_E_EXISTS.
 */
COF_MUST_USE cof_status cof_directory_add_member(cof_directory *directory, const char *group,
                                                 const char *member, cof_err *err);
COF_MUST_USE cof_status cof_directory_remove_member(cof_directory *directory, const char *group,
                                                    const char *member, cof_err *err);

/** Counts up with every change. */
int64_t cof_directory_revision(const cof_directory *directory);

/** The entries of a kind, as docs/formats/directory.md has them: with digests. Borrowed. */
const json_t *cof_directory_entries(const cof_directory *directory, cof_principal_kind kind);

/** Asked before a change is written: not COF_OK refuses it. */
typedef cof_status (*cof_directory_guard)(void *context, const cof_directory *before,
                                          const cof_directory *after, cof_err *err);
/** kept: context. NULL: none. */
void cof_directory_set_guard(cof_directory *directory, cof_directory_guard guard, void *context);

#endif
