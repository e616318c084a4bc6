/* Access tokens from Entra ID, or from coffer-local: OAuth 2.0 client credentials (RFC 6749
 * section 4.4). */
#ifndef COF_HOST_AZURE_ENTRA_H
#define COF_HOST_AZURE_ENTRA_H

#include "host/http/http_client.h"

typedef struct cof_entra cof_entra;

/** Who asks. Texts are copied; the secret is wiped with the object. */
typedef struct cof_entra_options {
    const char *authority; /* "https://login.microsoftonline.com" */
    const char *tenant;
    const char *client_id;
    const char *client_secret;
} cof_entra_options;

/** @param http  kept: must outlive the object. @return COF_OK, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_entra_new(cof_http_client *http, const cof_entra_options *options,
                                      cof_entra **out, cof_err *err);

/**
 * Reads {"client_id","client_secret"} from a file that nobody else can read, and goes on as above.
 * @return also COF_E_CONFIG, COF_E_NOT_FOUND, COF_E_PERMISSION (the file is open to others).
 */
COF_MUST_USE cof_status cof_entra_from_file(cof_http_client *http, const char *authority,
                                            const char *tenant, const char *path, cof_entra **out,
                                            cof_err *err);

/**
 * A bearer token for a scope such as "https://vault.azure.net/.default"; kept until a minute before
 * it expires.
 * @param out_token  borrowed until the next call
 * @return COF_OK, COF_E_UNAUTHORIZED (the client is refused), COF_E_REMOTE_ERROR, COF_E_NETWORK, …
 */
COF_MUST_USE cof_status cof_entra_token(cof_entra *entra, const char *scope, const char **out_token,
                                        cof_err *err);

/** Forgets the kept token: after a service answered 401. */
void cof_entra_forget(cof_entra *entra);

void cof_entra_free(cof_entra *entra);
COF_OWNED(cof_entra, cof_entra_free);

#endif
