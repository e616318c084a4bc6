/* Who calls the access API, and how it answers. */
#include "local/identity/access_call.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { ETAG_SIZE = 32, BODY_BYTES = 64 * 1024 };

/* ---- admission ---- */

static cof_status answer_unauthorized(const cof_access_call *call, const char *message,
                                      cof_err *err)
{
    const cof_state *state = call->parts->state;
    COF_CLEANUP(cof_buf_free) cof_buf header = {.limit = 512};
    const char *text = NULL;
    COF_TRY(cof_buf_printf(&header, err, "Bearer authorization=\"%s/%s\", resource=\"%s\"",
                           cof_state_base(state), cof_state_tenant(state), COF_RESOURCE_COFFER));
    COF_TRY(cof_buf_text(&header, &text, err));
    COF_TRY(cof_http_response_header(call->response, "WWW-Authenticate", text, err));
    return cof_http_response_error(call->response, 401, "Unauthorized", message, NULL, err);
}

/* What may stand in the trail: never a password, a certificate or keys. */
static cof_status copy_known(const json_t *body, json_t *record, cof_err *err)
{
    static const char *const shown[] = {"name",    "principal",    "role",    "scope",  "expires",
                                        "enabled", "display_name", "actions", "issuer", "subject"};
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        json_t *value = json_object_get(body, shown[i]);
        if (json_is_string(value)) {
            COF_TRY(cof_json_set(record, shown[i], cof_trail_text(json_string_value(value)), err));
        } else if (json_is_number(value) || json_is_boolean(value) || json_is_array(value)) {
            COF_TRY(cof_json_set(record, shown[i], json_incref(value), err));
        }
    }
    return COF_OK;
}

static cof_status record(const cof_access_call *call, const char *action, const char *decision,
                         const char *why, const char *detail, cof_err *err)
{
    cof_principal who = {.name = ""};
    (void)cof_directory_by_object_id(call->parts->directory, call->caller, &who);
    COF_JSON json_t *entry =
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:o}", "action", action, "request", call->request->id,
                  "who", who.name, "oid", call->caller, "decision", decision, "why", why, "path",
                  cof_trail_text(call->request->path));
    COF_TRY(entry != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "audit record"));
    if (detail != NULL) {
        COF_TRY(cof_json_set(entry, "detail", cof_trail_text(detail), err));
    }
    if (call->body != NULL) {
        COF_TRY(copy_known(call->body, entry, err));
    }
    return cof_trail_add(call->parts->trail, json_incref(entry), err);
}

/* ---- the request's form ---- */

static void etag(const cof_access_call *call, cof_access_subject subject,
                 char out[static ETAG_SIZE])
{
    const int64_t revision = subject == COF_ACCESS_DIRECTORY
                                 ? cof_directory_revision(call->parts->directory)
                                 : cof_access_revision(call->parts->access);
    (void)snprintf(out, ETAG_SIZE, "\"%c%lld\"", subject == COF_ACCESS_DIRECTORY ? 'd' : 'a',
                   (long long)revision);
}

static cof_status read_body(cof_access_call *call, const cof_access_operation *operation,
                            json_t **out, cof_err *err)
{
    COF_JSON json_t *body = NULL;
    size_t count = 0;
    while (count < COF_ACCESS_MEMBERS && operation->members[count] != NULL) {
        count++;
    }
    if (count == 0) {
        return call->request->body.size == 0
                   ? COF_OK
                   : COF_FAIL(err, BAD_ARGUMENT, "this request has no body");
    }
    COF_TRY(cof_json_parse(call->request->body, BODY_BYTES, &body, err));
    if (!json_is_object(body)) {
        return COF_FAIL(err, BAD_FORMAT, "the body is not an object");
    }
    COF_TRY(cof_json_only(body, operation->members, count, err));
    *out = body;
    call->body = body;
    body = NULL;
    return COF_OK;
}

/* ---- one call ---- */

static cof_status answer_failure(const cof_access_call *call, cof_status status, const char *detail,
                                 cof_err *err)
{
    const cof_status_info *info = cof_status_describe(status);
    /* The detail may quote a path, which can be any bytes, and is cut off anywhere. */
    const bool is_text = detail[0] != '\0' && cof_utf8_is_valid(cof_view_text(detail));
    cof_http_response_clear(call->response);
    return cof_http_response_error(call->response, info->http, info->name,
                                   is_text ? detail : info->text, NULL, err);
}

static cof_status admitted(cof_access_call *call, const cof_access_operation *operation,
                           cof_err *err)
{
    COF_JSON json_t *body = NULL;
    char tag[ETAG_SIZE];
    cof_err why = {0};
    const char *expected = cof_http_request_header(call->request, "If-Match");
    etag(call, operation->subject, tag);
    if (expected != NULL && strcmp(expected, "*") != 0 && strcmp(expected, tag) != 0) {
        return cof_http_response_error(call->response, 412, "PreconditionFailed",
                                       "It was changed since it was read; read it again.", NULL,
                                       err);
    }
    cof_status status = read_body(call, operation, &body, &why);
    if (status == COF_OK && operation->name != NULL) {
        COF_TRY(record(call, operation->name, "allowed", "", NULL, err));
    }
    if (status == COF_OK) {
        status = operation->run(call, &why);
    }
    if (status != COF_OK) {
        if (operation->name != NULL) {
            COF_TRY(record(call, operation->name, status == COF_E_FORBIDDEN ? "refused" : "failed",
                           cof_status_describe(status)->name, why.detail, err));
        }
        return answer_failure(call, status, why.detail, err);
    }
    etag(call, operation->subject, tag);
    return cof_http_response_header(call->response, "ETag", tag, err);
}

cof_status cof_access_run(void *context, const cof_http_request *request,
                          cof_http_response *response, const cof_access_operation *operation,
                          cof_err *err)
{
    COF_JSON json_t *claims = NULL;
    cof_err why = {0};
    const cof_access_parts *parts = context;
    cof_access_call call = {.parts = parts, .request = request, .response = response};
    const char *needed = operation->name != NULL ? COF_ACTION_ACCESS_WRITE : COF_ACTION_ACCESS_READ;
    COF_TRY(cof_http_response_header(response, "Cache-Control", "no-store", err));
    const cof_status status =
        cof_issuer_check(parts->identity, cof_http_request_header(request, "Authorization"),
                         COF_RESOURCE_COFFER, &claims, &why);
    if (status == COF_E_NO_MEMORY) {
        return COF_FAIL(err, NO_MEMORY, "token");
    }
    call.caller = json_string_value(json_object_get(claims, "oid"));
    if (status != COF_OK || call.caller == NULL) {
        return answer_unauthorized(
            &call, cof_status_describe(status != COF_OK ? status : COF_E_TOKEN_INVALID)->text, err);
    }
    if (!cof_access_allows(parts->access, claims, needed, "/access")) {
        COF_TRY(record(&call, operation->name != NULL ? operation->name : needed, "refused",
                       "FORBIDDEN", NULL, err));
        return cof_http_response_error(response, 403, "FORBIDDEN",
                                       operation->name != NULL
                                           ? "access/write at /access is needed for this"
                                           : "access/read at /access is needed for this",
                                       NULL, err);
    }
    return admitted(&call, operation, err);
}

/* ---- what the path and the body name ---- */

cof_status cof_access_find_named(const cof_access_call *call, cof_principal_kind kind,
                                 cof_principal *out, cof_err *err)
{
    static const char *const kinds[] = {"application", "user", "group"};
    const char *name = call->request->segments[0];
    const cof_directory *directory = call->parts->directory;
    if (cof_directory_by_name(directory, kind, name, out) ||
        (cof_directory_by_object_id(directory, name, out) && out->kind == kind)) {
        return COF_OK;
    }
    return COF_FAIL(err, NOT_FOUND, "there is no %s %.64s", kinds[kind], name);
}

cof_status cof_access_find_anybody(const cof_access_call *call, const char *name,
                                   cof_principal *out, cof_err *err)
{
    const cof_directory *directory = call->parts->directory;
    if (cof_directory_by_name(directory, COF_PRINCIPAL_APP, name, out) ||
        cof_directory_by_name(directory, COF_PRINCIPAL_USER, name, out) ||
        cof_directory_by_name(directory, COF_PRINCIPAL_GROUP, name, out) ||
        cof_directory_by_object_id(directory, name, out)) {
        return COF_OK;
    }
    return COF_FAIL(err, NOT_FOUND, "there is no application, user or group %.64s", name);
}

cof_status cof_access_body_text(const cof_access_call *call, const char *key, size_t limit,
                                const char **out, cof_err *err)
{
    const json_t *value = json_object_get(call->body, key);
    return value == NULL || json_is_null(value)
               ? COF_OK
               : cof_json_get_text(call->body, key, limit, out, err);
}

cof_status cof_access_body_time(const cof_access_call *call, const char *key, int64_t *out,
                                cof_err *err)
{
    const json_t *value = json_object_get(call->body, key);
    return value == NULL || json_is_null(value)
               ? COF_OK
               : cof_json_get_int(call->body, key, 1, INT64_MAX - 1, out, err);
}

/* The grants go first: a crash in between leaves somebody who may do nothing. */
cof_status cof_access_delete(const cof_access_call *call, const cof_principal *who, cof_err *err)
{
    char id[COF_HTTP_ID_SIZE];
    memcpy(id, who->object_id, sizeof id);
    if (json_is_true(json_object_get(who->entry, "builtin"))) {
        return COF_FAIL(err, FORBIDDEN, "%s belongs to this installation; disable it instead",
                        who->name);
    }
    COF_TRY(cof_access_revoke_all(call->parts->access, id, err));
    COF_TRY(cof_directory_remove(call->parts->directory, id, err));
    call->response->status = 204;
    return COF_OK;
}

cof_status cof_access_serve(cof_access_parts *parts, cof_http_server *server, cof_err *err)
{
    COF_TRY(cof_access_serve_apps(parts, server, err));
    COF_TRY(cof_access_serve_people(parts, server, err));
    return cof_access_serve_grants(parts, server, err);
}
