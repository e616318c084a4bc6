#include <string.h>
#include <strings.h>

#include "local/identity/issuer_internal.h"
#include "tcb/base/limits.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { TOKEN_LIFETIME_S = 3600, RESOURCE_SIZE = 128 };

/* Why a request gets no token: one row of Entra ID's table of errors. */
typedef struct refusal {
    int status;
    const char *error;
    int code;
    const char *text;
} refusal;

static const refusal wrong_type = {400, "invalid_request", 900144,
                                   "The request body must be a form."};
static const refusal wrong_grant = {400, "unsupported_grant_type", 70003,
                                    "The app requested an unsupported grant type."};
static const refusal missing_client = {400, "invalid_request", 900144,
                                       "The request body must contain 'client_id'."};
static const refusal missing_scope = {400, "invalid_request", 900144,
                                      "The request body must contain 'scope'."};
static const refusal missing_secret = {401, "invalid_client", 7000218,
                                       "The request body must contain 'client_secret'."};
static const refusal no_assertions = {401, "invalid_client", 50027,
                                      "Client assertions are not offered here."};
static const refusal unknown_client = {400, "unauthorized_client", 700016,
                                       "Application was not found in the directory."};
static const refusal wrong_secret = {401, "invalid_client", 7000215,
                                     "Invalid client secret provided."};
static const refusal wrong_scope = {400, "invalid_scope", 1002012,
                                    "The scope must be a resource followed by '/.default'."};
static const refusal unknown_resource = {400, "invalid_resource", 500011,
                                         "The resource principal was not found."};
static const refusal unknown_tenant = {400, "invalid_request", 90002, "Tenant not found."};

static const char *const resources[] = {COF_RESOURCE_VAULT, COF_RESOURCE_ATTEST,
                                        COF_RESOURCE_COFFER};

/* "https://vault.localhost" is the vault under the name that lets the official clients verify its
 * challenge. */
static const char vault_alias[] = "https://vault.localhost";

static bool read_scope(const char *scope, char resource[static RESOURCE_SIZE])
{
    static const char suffix[] = "/.default";
    const size_t size = strlen(scope);
    if (size < sizeof suffix || size - (sizeof suffix - 1) >= RESOURCE_SIZE ||
        strcmp(scope + size - (sizeof suffix - 1), suffix) != 0) {
        return false;
    }
    memcpy(resource, scope, size - (sizeof suffix - 1));
    resource[size - (sizeof suffix - 1)] = '\0';
    return true;
}

static bool is_form(const cof_http_request *request)
{
    static const char type[] = "application/x-www-form-urlencoded";
    const char *given = cof_http_request_header(request, "Content-Type");
    return given != NULL && strncasecmp(given, type, sizeof type - 1) == 0;
}

static const refusal *check_client(const cof_issuer *issuer, const cof_form *form, cof_client *out)
{
    const char *client_id = cof_form_get(form, "client_id");
    const char *secret = cof_form_get(form, "client_secret");
    if (client_id == NULL) {
        return &missing_client;
    }
    if (cof_form_get(form, "client_assertion") != NULL) {
        return &no_assertions;
    }
    if (!cof_clients_find(issuer->apps, client_id, out)) {
        return &unknown_client;
    }
    if (secret == NULL) {
        return &missing_secret;
    }
    return cof_client_secret_fits(out, secret) ? NULL : &wrong_secret;
}

/* The resource asked for, and the one whose roles it has. */
static const refusal *check_scope(const cof_form *form, char resource[static RESOURCE_SIZE],
                                  const char **out_roles_of)
{
    const char *scope = cof_form_get(form, "scope");
    if (scope == NULL || scope[0] == '\0') {
        return &missing_scope;
    }
    if (!read_scope(scope, resource)) {
        return &wrong_scope;
    }
    if (strcmp(resource, vault_alias) == 0) {
        *out_roles_of = COF_RESOURCE_VAULT;
        return NULL;
    }
    for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++) {
        if (strcmp(resource, resources[i]) == 0) {
            *out_roles_of = resources[i];
            return NULL;
        }
    }
    return &unknown_resource;
}

static cof_status make_claims(const cof_issuer *issuer, const cof_client *app, const char *audience,
                              const json_t *roles, json_t **out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf uti = {.limit = 32};
    COF_JSON json_t *claims = NULL;
    uint8_t random[16];
    const char *uti_text = NULL;
    COF_TRY(cof_random((cof_span){random, sizeof random}, err));
    COF_TRY(cof_base64url_encode(cof_view_of(random, sizeof random), &uti, err));
    COF_TRY(cof_buf_text(&uti, &uti_text, err));
    COF_TRY(cof_token_claims_new(issuer->issuer, audience, cof_state_now(issuer->state),
                                 TOKEN_LIFETIME_S, &claims, err));
    COF_TRY(cof_json_set(claims, "appid", json_string(app->client_id), err));
    COF_TRY(cof_json_set(claims, "appidacr", json_string("1"), err));
    COF_TRY(cof_json_set(claims, "idp", json_string(issuer->issuer), err));
    COF_TRY(cof_json_set(claims, "idtyp", json_string("app"), err));
    COF_TRY(cof_json_set(claims, "app_displayname", json_string(app->name), err));
    COF_TRY(cof_json_set(claims, "oid", json_string(app->object_id), err));
    COF_TRY(cof_json_set(claims, "sub", json_string(app->object_id), err));
    COF_TRY(cof_json_set(claims, "tid", json_string(cof_state_tenant(issuer->state)), err));
    COF_TRY(cof_json_set(claims, "uti", json_string(uti_text), err));
    COF_TRY(cof_json_set(claims, "ver", json_string("1.0"), err));
    if (json_array_size(roles) > 0) {
        COF_TRY(cof_json_set(claims, "roles", json_deep_copy(roles), err));
    }
    *out = claims;
    claims = NULL;
    return COF_OK;
}

static cof_status answer_token(const cof_issuer *issuer, const cof_client *app,
                               const char *audience, const json_t *roles,
                               cof_http_response *response, cof_err *err)
{
    COF_JSON json_t *claims = NULL;
    COF_JSON json_t *header = json_pack("{s:s}", "x5t", issuer->kid);
    COF_CLEANUP(cof_buf_free) cof_buf token = {.limit = COF_LIMIT_TOKEN_BYTES};
    if (header == NULL) {
        return COF_FAIL(err, NO_MEMORY, "token");
    }
    COF_TRY(make_claims(issuer, app, audience, roles, &claims, err));
    COF_TRY(cof_token_sign(issuer->key, issuer->kid, header, claims, &token, err));
    return cof_http_response_json(
        response, 200,
        json_pack("{s:s,s:i,s:i,s:s%}", "token_type", "Bearer", "expires_in", TOKEN_LIFETIME_S - 1,
                  "ext_expires_in", TOKEN_LIFETIME_S - 1, "access_token", token.data, token.size),
        err);
}

cof_status cof_issuer_token(void *context, const cof_http_request *request,
                            cof_http_response *response, cof_err *err)
{
    const cof_issuer *issuer = context;
    COF_CLEANUP(cof_form_drop_) cof_form *form = NULL;
    char resource[RESOURCE_SIZE];
    const char *roles_of = NULL;
    cof_client app = {0};
    const refusal *why = NULL;
    if (!cof_issuer_is_tenant(issuer, request)) {
        why = &unknown_tenant;
    } else if (!is_form(request) || cof_form_parse(request->body, &form, err) != COF_OK) {
        why = &wrong_type;
    } else if (cof_form_get(form, "grant_type") == NULL ||
               strcmp(cof_form_get(form, "grant_type"), "client_credentials") != 0) {
        why = &wrong_grant;
    } else {
        why = check_client(issuer, form, &app);
        why = why != NULL ? why : check_scope(form, resource, &roles_of);
    }
    if (why != NULL) {
        return cof_issuer_refuse(issuer, request, response, why->status, why->error, why->code,
                                 why->text, err);
    }
    return answer_token(issuer, &app, resource, cof_client_roles(&app, roles_of), response, err);
}
