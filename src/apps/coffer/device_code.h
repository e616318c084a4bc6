/* Signing in with a device code (RFC 8628), as Entra ID and coffer-local offer it: this program
 * shows a code, a person enters it in a browser, and this program waits for its tokens. */
#ifndef COF_APP_DEVICE_CODE_H
#define COF_APP_DEVICE_CODE_H

#include <jansson.h>

#include "host/http/http_client.h"

/** Whom to sign in with. All is borrowed. */
typedef struct cof_device_code_service {
    cof_http_client *http;
    const char *authority; /* "https://login.microsoftonline.com" */
    const char *tenant;
    const char *client_id; /* of a public application */
    const char *scope;
} cof_device_code_service;

/** A code to be shown. Texts are borrowed from answer. */
typedef struct cof_device_code {
    json_t *answer;
    const char *device_code;
    const char *user_code;
    const char *verification_uri;
    int64_t expires_in; /* seconds */
    int64_t interval;
} cof_device_code;

/** Asks for a code. @return COF_OK, COF_E_UNAUTHORIZED (refused; err has the service's AADSTS
 * code), COF_E_NETWORK, COF_E_REMOTE_ERROR, COF_E_BAD_FORMAT, … */
COF_MUST_USE cof_status cof_device_code_start(const cof_device_code_service *service,
                                              cof_device_code *out, cof_err *err);

/**
 * Waits until the person has signed in. Ctrl-C ends it.
 *
 * @param out_tokens  the service's answer; the caller owns it
 * @return COF_OK, COF_E_CANCELLED (Ctrl-C), COF_E_FORBIDDEN (the person refused), COF_E_TIMEOUT
 * (the code has expired), or as above.
 */
COF_MUST_USE cof_status cof_device_code_wait(const cof_device_code_service *service,
                                             const cof_device_code *code, json_t **out_tokens,
                                             cof_err *err);

/** Ends the session of a refresh token, where the service offers that: coffer-local does. */
COF_MUST_USE cof_status cof_device_code_revoke(const cof_device_code_service *service,
                                               const char *refresh_token, cof_err *err);

void cof_device_code_free(cof_device_code *code);

#endif
