/* What the identity service's files share. */
#ifndef COF_LOCAL_ISSUER_INTERNAL_H
#define COF_LOCAL_ISSUER_INTERNAL_H

#include "local/identity/devices.h"
#include "local/identity/issuer.h"
#include "local/identity/refusal.h"
#include "local/identity/replay.h"
#include "local/identity/sessions.h"
#include "local/identity/signing_keys.h"
#include "local/identity/throttle.h"

enum {
    COF_ISSUER_URL_SIZE = 160,
    COF_ISSUER_RESOURCE_SIZE = 128,
    COF_ISSUER_SKEW_S = 300,
    COF_ISSUER_LIFETIME_S = 3600, /* of access tokens */
    COF_ISSUER_PAGE_KEY_SIZE = 32
};

struct cof_issuer {
    cof_issuer_parts parts;
    char url[COF_ISSUER_URL_SIZE];
    cof_signing_keys *keys;
    cof_throttle *throttle; /* by client id; and codes of people, under one name */
    cof_replay *assertions;
    cof_sessions *sessions;
    cof_devices *devices;
    uint8_t page_key[COF_ISSUER_PAGE_KEY_SIZE]; /* of this process: ties a form to its browser */
};

/** What a request for a token gets. */
typedef struct cof_grant {
    cof_principal subject; /* whose token it is: an application's own, or a user's */
    const char *client_id; /* of the application that asked */
    const char *app_name;
    const char *strength; /* appidacr: "0" public, "1" secret, "2" certificate or assertion */
    char resource[COF_ISSUER_RESOURCE_SIZE]; /* aud */
    bool wants_id;
    bool wants_client_info;
    bool is_v1;
    cof_buf session; /* a new refresh token, or empty */
} cof_grant;

/* ---- issuer.c ---- */

bool cof_issuer_is_tenant(const cof_issuer *issuer, const cof_http_request *request);
int64_t cof_issuer_now(const cof_issuer *issuer);
/** Does what is due with the keys; a failure is recorded, and tokens go on. */
void cof_issuer_turn_keys(cof_issuer *issuer);
/** A line of the audit trail: {"service":"identity","action","who","oid","decision","why"}. */
COF_MUST_USE cof_status cof_issuer_record(const cof_issuer *issuer, const char *action,
                                          const char *who, const char *object_id,
                                          const char *decision, const char *why, cof_err *err);

/* ---- answer.c ---- */

/** Answers as Entra ID refuses: {"error","error_description","error_codes",…}. */
COF_MUST_USE cof_status cof_issuer_refuse(const cof_issuer *issuer, const cof_http_request *request,
                                          cof_http_response *response, cof_refusal reason,
                                          cof_err *err);
/** Answers with the tokens of a grant. */
COF_MUST_USE cof_status cof_issuer_answer_tokens(const cof_issuer *issuer, const cof_grant *grant,
                                                 cof_http_response *response, cof_err *err);

/* ---- access_token.c ---- */

/** Appends an access token. */
COF_MUST_USE cof_status cof_issuer_make_access_token(const cof_issuer *issuer,
                                                     const cof_grant *grant, cof_buf *out,
                                                     cof_err *err);
/** Appends an ID token: who has signed in, for the application that asked. */
COF_MUST_USE cof_status cof_issuer_make_id_token(const cof_issuer *issuer, const cof_grant *grant,
                                                 cof_buf *out, cof_err *err);

/* ---- scope.c ---- */

/** What a scope asks for. */
typedef struct cof_scope {
    char resource[COF_ISSUER_RESOURCE_SIZE];
    bool wants_refresh; /* offline_access */
    bool wants_id;      /* openid */
} cof_scope;

/** Reads "<resource>/.default"; of a person also "<resource>/user_impersonation", and with openid,
 * profile, email, offline_access. @param scope  or NULL */
cof_refusal cof_scope_read(const char *scope, bool is_person, cof_scope *out);
/** Reads the resource of the v1 endpoint. @param resource  or NULL */
cof_refusal cof_scope_read_resource(const char *resource, cof_scope *out);

/* ---- client.c ---- */

/** The form of a request, which must be one. */
cof_refusal cof_issuer_read_form(const cof_http_request *request, cof_form **out);
/**
 * Finds and authenticates the application of a form by its secret or its assertion.
 *
 * @param resource      what the token is for: an assertion gets one token for each
 * @param out_strength  as cof_grant.strength
 * @param out_wait_s    how long to wait, when that is the reason
 */
cof_refusal cof_issuer_check_client(cof_issuer *issuer, const cof_form *form, const char *resource,
                                    cof_principal *out_app, const char **out_strength,
                                    int64_t *out_wait_s);
/** Checks that the form's application is the public one, and offers no secret. */
cof_refusal cof_issuer_check_public_client(const cof_issuer *issuer, const cof_form *form);

/* ---- people.c ---- */

/** Of what a user signs in with: a session or sign-in with another one is over. */
COF_MUST_USE cof_status cof_issuer_digest_credential(const cof_principal *user, cof_digest *out,
                                                     cof_err *err);
cof_refusal cof_issuer_grant_device(cof_issuer *issuer, const cof_form *form, cof_grant *out,
                                    cof_err *err);
cof_refusal cof_issuer_grant_refresh(cof_issuer *issuer, const cof_form *form, cof_grant *out,
                                     cof_err *err);

/* ---- handlers of routes ---- */

cof_status cof_issuer_get_configuration_v1(void *context, const cof_http_request *request,
                                           cof_http_response *response, cof_err *err);
cof_status cof_issuer_get_configuration_v2(void *context, const cof_http_request *request,
                                           cof_http_response *response, cof_err *err);
cof_status cof_issuer_get_keys(void *context, const cof_http_request *request,
                               cof_http_response *response, cof_err *err);
cof_status cof_issuer_get_instance(void *context, const cof_http_request *request,
                                   cof_http_response *response, cof_err *err);
cof_status cof_issuer_post_token_v1(void *context, const cof_http_request *request,
                                    cof_http_response *response, cof_err *err);
cof_status cof_issuer_post_token_v2(void *context, const cof_http_request *request,
                                    cof_http_response *response, cof_err *err);
cof_status cof_issuer_post_device_code(void *context, const cof_http_request *request,
                                       cof_http_response *response, cof_err *err);
cof_status cof_issuer_post_revoke(void *context, const cof_http_request *request,
                                  cof_http_response *response, cof_err *err);
cof_status cof_issuer_get_page(void *context, const cof_http_request *request,
                               cof_http_response *response, cof_err *err);
cof_status cof_issuer_post_page(void *context, const cof_http_request *request,
                                cof_http_response *response, cof_err *err);

#endif
