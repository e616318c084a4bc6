/*
 * How a program or a person signs in to Azure, or to coffer-local: one JSON file, readable by its
 * owner alone, whose members say which way.
 *
 *   {"authority":URL,"tenant":…,"client_id":…, one of:
 *      "client_secret":…                  a secret
 *      "certificate":PATH                 PEM: private key, then certificate (RFC 7523 assertion;
 *                                         "assertion_algorithm": "PS256", or "RS256")
 *      "federated_token_file":PATH        another issuer's token, read anew for each request
 *      "refresh_token":…                  of coffer login; replaced in the file when it is renewed
 *    "ca":PATH, optional: the only authorities that the token service may be certified by}
 *   {"managed_identity":{}}               IMDS; "client_id", "endpoint" optional inside
 *
 * Paths are relative to the file. docs/formats/credential.md.
 */
#ifndef COF_HOST_AZURE_CREDENTIAL_H
#define COF_HOST_AZURE_CREDENTIAL_H

#include "host/http/http_client.h"

typedef struct cof_credential cof_credential;

/**
 * Reads a credential file. Nothing is asked of the service yet.
 *
 * @return COF_OK, COF_E_NOT_FOUND, COF_E_PERMISSION (others can read it), COF_E_CONFIG (members are
 * missing, unknown or contradict), COF_E_BAD_JSON, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_credential_open(const char *path, cof_credential **out, cof_err *err);

/**
 * The same, with how requests for tokens are repeated and waited for. options: copied; ca_path and
 * allow_http are not looked at: the file says them. kept: pause_context.
 */
COF_MUST_USE cof_status cof_credential_open_with(const char *path,
                                                 const cof_http_client_options *options,
                                                 cof_credential **out, cof_err *err);

/**
 * A bearer token for a scope such as "https://vault.azure.net/.default"; kept until shortly before
 * it expires, for each of a few scopes.
 * @param out_token  borrowed until the next call
 * @return COF_OK, COF_E_UNAUTHORIZED (refused; err has the service's AADSTS code),
 * COF_E_REMOTE_ERROR, COF_E_NETWORK, …
 */
COF_MUST_USE cof_status cof_credential_token(cof_credential *credential, const char *scope,
                                             const char **out_token, cof_err *err);

/** Forgets the kept token of a scope: after a service answered 401. */
void cof_credential_forget(cof_credential *credential, const char *scope);

/** "secret", "certificate", "federated", "managed identity", "login": for people. */
const char *cof_credential_kind(const cof_credential *credential);
/** For challenges: the tenant, and the authority's base URL; "" for a managed identity. */
const char *cof_credential_tenant(const cof_credential *credential);
const char *cof_credential_authority(const cof_credential *credential);

/** Base URL of what gives the tokens: the authority, or the metadata service. */
const char *cof_credential_issuer(const cof_credential *credential);

void cof_credential_free(cof_credential *credential);
COF_OWNED(cof_credential, cof_credential_free);

#endif
