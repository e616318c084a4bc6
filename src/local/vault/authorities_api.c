#include "local/vault/authorities_api.h"

#include <string.h>

#include "tcb/wire/json.h"

/* One call of an admitted caller. */
typedef struct call {
    cof_authorities_api *api;
    const cof_http_request *request;
    cof_http_response *response;
    const json_t *caller;
} call;

static cof_status record(const call *c, const char *action, const char *issuer, const char *id,
                         const char *decision, const char *why, cof_err *err)
{
    const char *who = json_string_value(json_object_get(c->caller, "app_displayname"));
    const char *object_id = json_string_value(json_object_get(c->caller, "oid"));
    return cof_trail_add(c->api->trail,
                         json_pack("{s:s,s:s,s:o,s:s,s:o,s:o,s:s,s:s}", "action", action, "request",
                                   c->request->id, "who", cof_trail_text(who != NULL ? who : ""),
                                   "oid", object_id != NULL ? object_id : "", "issuer",
                                   cof_trail_text(issuer), "authority", cof_trail_text(id),
                                   "decision", decision, "why", why),
                         err);
}

static cof_status unauthorized(const call *c, const char *message, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf header = {.limit = 512};
    const char *text = NULL;
    COF_TRY(cof_buf_printf(&header, err, "Bearer authorization=\"%s/%s\", resource=\"%s\"",
                           cof_state_base(c->api->state), cof_state_tenant(c->api->state),
                           COF_RESOURCE_VAULT));
    COF_TRY(cof_buf_text(&header, &text, err));
    COF_TRY(cof_http_response_header(c->response, "WWW-Authenticate", text, err));
    return cof_http_response_error(c->response, 401, "Unauthorized", message, NULL, err);
}

static cof_status admit(void *context, const cof_http_request *request, cof_http_response *response,
                        const char *name, cof_status (*operation)(const call *c, cof_err *err),
                        cof_err *err)
{
    COF_JSON json_t *caller = NULL;
    call c = {.api = context, .request = request, .response = response};
    cof_err why = {0};
    const cof_status status =
        cof_issuer_check(c.api->identity, cof_http_request_header(request, "Authorization"),
                         COF_RESOURCE_VAULT, &caller, &why);
    if (status == COF_E_NO_MEMORY) {
        return COF_FAIL(err, NO_MEMORY, "token");
    }
    if (status != COF_OK) {
        return unauthorized(&c, cof_status_describe(status)->text, err);
    }
    c.caller = caller;
    if (!cof_access_allows(c.api->access, caller, COF_ACTION_AUTHORITY_WRITE, "/authorities")) {
        COF_TRY(record(&c, name, "", request->segment_count > 0 ? request->segments[0] : "",
                       "refused", "ForbiddenByRbac", err));
        return cof_http_response_error(response, 403, "Forbidden",
                                       "Caller is not authorized to perform action on resource.",
                                       "ForbiddenByRbac", err);
    }
    return operation(&c, err);
}

/* The kids of a key set: what a person compares. */
static json_t *kids_of(const cof_authority *authority)
{
    json_t *kids = json_array();
    size_t i = 0;
    json_t *jwk = NULL;
    json_array_foreach(json_object_get(authority->keys, "keys"), i, jwk)
    {
        json_t *kid = json_object_get(jwk, "kid");
        if (json_is_string(kid) && json_array_append(kids, kid) != 0) {
            json_decref(kids);
            return NULL;
        }
    }
    return kids;
}

static json_t *shown(const cof_authority *authority)
{
    return json_pack("{s:s,s:s,s:I,s:o}", "id", authority->id, "issuer", authority->issuer, "added",
                     (json_int_t)authority->added_unix_s, "kids", kids_of(authority));
}

static cof_status list(const call *c, cof_err *err)
{
    COF_JSON json_t *answer = json_object();
    json_t *items = json_array();
    COF_TRY(cof_json_set(answer, "authorities", items, err));
    for (size_t i = 0; i < cof_authorities_count(c->api->authorities); i++) {
        COF_TRY(cof_json_append(items, shown(cof_authorities_at(c->api->authorities, i)), err));
    }
    return cof_http_response_json(c->response, 200, json_incref(answer), err);
}

static cof_status bad(const call *c, const char *message, cof_err *err)
{
    return cof_http_response_error(c->response, 400, "BadParameter", message, NULL, err);
}

/* The body: {"issuer","keys"}. NULL in *out_issuer: it was refused. */
static cof_status read_body(const call *c, json_t **out, const char **out_issuer, json_t **out_keys,
                            cof_err *err)
{
    static const char *const members[] = {"issuer", "keys"};
    COF_JSON json_t *body = NULL;
    *out_issuer = NULL;
    cof_status status = cof_json_parse(c->request->body, COF_LIMIT_HTTP_BODY_BYTES, &body, err);
    if (status == COF_E_NO_MEMORY) {
        return status;
    }
    const bool is_good =
        status == COF_OK && json_is_object(body) &&
        cof_json_only(body, members, 2, NULL) == COF_OK &&
        cof_json_get(body, "keys", JSON_OBJECT, out_keys, NULL) == COF_OK &&
        cof_json_get_text(body, "issuer", COF_LIMIT_URL_BYTES, out_issuer, NULL) == COF_OK;
    if (!is_good) {
        *out_issuer = NULL;
        return bad(c, "The request body is not {\"issuer\",\"keys\"}.", err);
    }
    *out = json_incref(body);
    return COF_OK;
}

static cof_status put(const call *c, cof_err *err)
{
    COF_JSON json_t *body = NULL;
    const char *id = c->request->segments[0];
    char expected[COF_AUTHORITY_ID_SIZE];
    const char *issuer = NULL;
    json_t *keys = NULL;
    cof_err why = {0};
    COF_TRY(read_body(c, &body, &issuer, &keys, err));
    if (issuer == NULL) {
        return COF_OK;
    }
    COF_TRY(cof_authority_id(issuer, expected, err));
    if (strcmp(expected, id) != 0) {
        return bad(c, "The path does not name this issuer.", err);
    }
    COF_TRY(record(c, "authorities/put", issuer, id, "asked", "", err));
    const cof_status status = cof_authorities_put(c->api->authorities, issuer, keys, &why);
    if (status == COF_OK) {
        COF_TRY(record(c, "authorities/put", issuer, id, "done", "", err));
        return cof_http_response_json(c->response, 200,
                                      shown(cof_authorities_by_id(c->api->authorities, id)), err);
    }
    COF_TRY(record(c, "authorities/put", issuer, id, "refused", cof_status_describe(status)->name,
                   err));
    if (cof_status_describe(status)->http >= 500) {
        *err = why;
        return status;
    }
    return bad(c, why.detail, err);
}

static cof_status remove_one(const call *c, cof_err *err)
{
    const cof_authority *authority =
        cof_authorities_by_id(c->api->authorities, c->request->segments[0]);
    if (authority == NULL) {
        return cof_http_response_error(c->response, 404, "AuthorityNotFound",
                                       "There is no such authority.", NULL, err);
    }
    COF_TRY(record(c, "authorities/delete", authority->issuer, authority->id, "done", "", err));
    COF_JSON json_t *answer = shown(authority);
    COF_TRY(cof_authorities_remove(c->api->authorities, c->request->segments[0], err));
    return cof_http_response_json(c->response, 200, json_incref(answer), err);
}

#define ROUTE(function, name, operation)                                                           \
    static cof_status function(void *context, const cof_http_request *request,                     \
                               cof_http_response *response, cof_err *err)                          \
    {                                                                                              \
        return admit(context, request, response, name, operation, err);                            \
    }                                                                                              \
    struct cof_route_semicolon_

ROUTE(route_list, "authorities/list", list);
ROUTE(route_put, "authorities/put", put);
ROUTE(route_remove, "authorities/delete", remove_one);

static const cof_http_route routes[] = {
    {"GET", "/authorities", route_list},
    {"PUT", "/authorities/{id}", route_put},
    {"DELETE", "/authorities/{id}", route_remove},
};

cof_status cof_authorities_serve(cof_authorities_api *api, cof_http_server *server, cof_err *err)
{
    return cof_http_server_add(server, routes, sizeof routes / sizeof routes[0], api, err);
}
