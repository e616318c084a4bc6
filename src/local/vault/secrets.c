/* Setting, reading and changing secrets. A value passes through jansson once, when it is set, and
 * is wiped there; it is in no record and no message. */
#include "local/vault/secrets.h"

#include <stdio.h>
#include <string.h>

#include "tcb/base/limits.h"
#include "tcb/base/wipe.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { RETENTION_DAYS = 90, DAY_S = 24 * 60 * 60 };

cof_secret_store cof_secrets_store(const cof_keyvault_call *call)
{
    return (cof_secret_store){.state = call->vault->parts.state,
                              .root = cof_key_store_root(call->vault->store)};
}

cof_status cof_secrets_record(const cof_keyvault_call *call, const char *action, const char *name,
                              const char *version, const char *decision, const char *why,
                              cof_err *err)
{
    return cof_keyvault_record(call, action, NULL, decision, why,
                               json_pack("{s:o,s:s}", "secret", cof_trail_text(name), "version",
                                         version != NULL ? version : ""),
                               err);
}

cof_status cof_secrets_not_found(cof_keyvault_call *call, cof_err *err)
{
    return cof_http_response_error(
        call->response, 404, "SecretNotFound",
        "A secret with this name or id was not found in this key vault. If you recently deleted "
        "this secret you may be able to recover it.",
        NULL, err);
}

cof_status cof_secrets_find(cof_keyvault_call *call, bool is_deleted, cof_secret_index *out,
                            bool *out_found, cof_err *err)
{
    COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
    const cof_secret_store store = cof_secrets_store(call);
    const cof_status status =
        cof_secret_index_read(&store, call->request->segments[0], &index, err);
    *out_found = status == COF_OK && index.is_deleted == is_deleted;
    if (status == COF_E_NOT_FOUND || (status == COF_OK && !*out_found)) {
        return cof_secrets_not_found(call, err);
    }
    COF_TRY(status);
    *out = index;
    index = (cof_secret_index){0};
    return COF_OK;
}

static cof_status show_deleted(const cof_keyvault_call *call, const cof_secret_index *index,
                               json_t *shown, cof_err *err)
{
    COF_TRY(cof_json_set(
        shown, "recoveryId",
        json_sprintf("%s/deletedsecrets/%s", cof_state_base(call->vault->parts.state), index->name),
        err));
    COF_TRY(cof_json_set(shown, "deletedDate", json_integer(index->deleted_unix_s), err));
    return cof_json_set(shown, "scheduledPurgeDate", json_integer(index->purge_unix_s), err);
}

cof_status cof_secrets_show(const cof_keyvault_call *call, const cof_secret_index *index,
                            const char *version, const json_t *meta, json_t **out, cof_err *err)
{
    const char *base = cof_state_base(call->vault->parts.state);
    COF_JSON json_t *shown = json_deep_copy(meta);
    json_t *attributes = json_object_get(shown, "attributes");
    if (attributes == NULL) {
        return COF_FAIL(err, NO_MEMORY, "secret");
    }
    COF_TRY(cof_json_set(shown, "id",
                         json_sprintf("%s/secrets/%s%s%s", base, index->name,
                                      version != NULL ? "/" : "", version != NULL ? version : ""),
                         err));
    COF_TRY(cof_json_set(attributes, "recoveryLevel", json_string("Recoverable+Purgeable"), err));
    COF_TRY(cof_json_set(attributes, "recoverableDays", json_integer(RETENTION_DAYS), err));
    if (index->is_deleted) {
        COF_TRY(show_deleted(call, index, shown, err));
    }
    *out = json_incref(shown);
    return COF_OK;
}

/* A JSON text of UTF-8 bytes (RFC 8259 section 7). */
static cof_status print_text(cof_view text, cof_buf *out, cof_err *err)
{
    COF_TRY(cof_buf_append_text(out, "\"", err));
    for (size_t i = 0; i < text.size; i++) {
        const uint8_t c = text.data[i];
        if (c == '"' || c == '\\') {
            COF_TRY(cof_buf_append_text(out, "\\", err));
        }
        COF_TRY(c < ' ' ? cof_buf_printf(out, err, "\\u%04x", (unsigned)c)
                        : cof_buf_append(out, cof_view_of(&c, 1), err));
    }
    return cof_buf_append_text(out, "\"", err);
}

/* The value is printed by hand, in front of the other members: jansson would leave copies behind.
 */
cof_status cof_secrets_answer(cof_keyvault_call *call, const cof_secret_index *index,
                              const cof_secret *secret, const cof_buf *value, cof_err *err)
{
    COF_JSON json_t *shown = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf rest = {.limit = COF_LIMIT_JSON_BYTES};
    cof_buf *body = &call->response->body;
    COF_TRY(cof_secrets_show(call, index, secret->version, secret->meta, &shown, err));
    if (value == NULL) {
        return cof_http_response_json(call->response, 200, json_incref(shown), err);
    }
    COF_TRY(cof_json_print(shown, &rest, err));
    COF_TRY(cof_buf_append_text(body, "{\"value\":", err));
    COF_TRY(print_text(cof_buf_view(value), body, err));
    COF_TRY(cof_buf_append_text(body, ",", err));
    COF_TRY(cof_buf_append(body, cof_view_of(rest.data + 1, rest.size - 1), err));
    call->response->content_type = "application/json; charset=utf-8";
    return COF_OK;
}

/* Whether a secret of the path's name can be set; when it cannot, the answer is written. */
static cof_status check_name(cof_keyvault_call *call, const cof_secret_store *store,
                             cof_secret_index *out, bool *out_free, cof_err *err)
{
    const char *name = call->request->segments[0];
    *out_free = false;
    if (!cof_key_name_is_valid(name)) {
        return cof_keyvault_bad(
            call, "The secret's name is not 1 to 127 letters, digits and dashes.", err);
    }
    const cof_status status = cof_secret_index_read(store, name, out, err);
    if (status == COF_E_NOT_FOUND) {
        memcpy(out->name, name, strlen(name) + 1);
    } else {
        COF_TRY(status);
    }
    if (out->is_deleted) {
        return cof_keyvault_conflict(
            call, "ObjectIsDeletedButRecoverable",
            "Secret is currently in a deleted but recoverable state, and its name cannot be "
            "reused; in this state, the secret can only be recovered or purged.",
            err);
    }
    *out_free = true;
    return COF_OK;
}

static cof_status set(cof_keyvault_call *call, json_t *body, cof_err *err)
{
    COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
    COF_CLEANUP(cof_secret_free) cof_secret secret = {0};
    COF_CLEANUP(cof_buf_free) cof_buf value = {.limit = COF_SECRET_VALUE_BYTES};
    COF_JSON json_t *meta = NULL;
    const cof_secret_store store = cof_secrets_store(call);
    const json_t *given = json_object_get(body, "value");
    cof_err why = {0};
    bool is_free = false;
    COF_TRY(check_name(call, &store, &index, &is_free, err));
    if (!is_free) {
        return COF_OK;
    }
    if (!json_is_string(given) || json_string_length(given) > COF_SECRET_VALUE_BYTES) {
        return cof_keyvault_bad(call, "value is not a text of at most 25 KiB.", err);
    }
    const cof_status status = cof_secret_meta(body, NULL, cof_state_now(store.state), &meta, &why);
    if (status == COF_E_BAD_ARGUMENT) {
        return cof_keyvault_bad(call, why.detail, err);
    }
    COF_TRY(status);
    if (json_array_size(index.versions) >= COF_SECRET_VERSIONS_MAX) {
        return cof_keyvault_conflict(call, NULL, "The secret has too many versions.", err);
    }
    COF_TRY(cof_buf_append(&value, cof_view_of(json_string_value(given), json_string_length(given)),
                           err));
    COF_TRY(cof_secret_write(&store, &index, "", meta, cof_buf_view(&value), &secret, err));
    COF_TRY(cof_secrets_record(call, "secret-set", index.name, secret.version, "done", "", err));
    COF_TRY(cof_secret_add(&store, &index, secret.version, err));
    return cof_secrets_answer(call, &index, &secret, &value, err);
}

cof_status cof_secrets_set(cof_keyvault_call *call, cof_err *err)
{
    COF_JSON json_t *body = NULL;
    COF_TRY(cof_keyvault_body(call, &body, err));
    if (body == NULL) {
        return COF_OK;
    }
    const cof_status status = set(call, body, err);
    const json_t *value = json_object_get(body, "value");
    if (json_is_string(value)) {
        cof_wipe((char *)(uintptr_t)json_string_value(value), json_string_length(value));
    }
    return status;
}

/* The version of the path; when there is none, the answer is written. */
static cof_status find_version(cof_keyvault_call *call, const cof_secret_index *index,
                               cof_secret *out, bool *out_found, cof_err *err)
{
    const cof_secret_store store = cof_secrets_store(call);
    const char *version = call->request->segment_count > 1 ? call->request->segments[1] : "";
    const cof_status status = cof_secret_read(&store, index, version, out, err);
    *out_found = status == COF_OK;
    return status == COF_E_NOT_FOUND ? cof_secrets_not_found(call, err) : status;
}

cof_status cof_secrets_get(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
    COF_CLEANUP(cof_secret_free) cof_secret secret = {0};
    COF_CLEANUP(cof_buf_free) cof_buf value = {.limit = COF_SECRET_VALUE_BYTES};
    const cof_secret_store store = cof_secrets_store(call);
    bool is_found = false;
    COF_TRY(cof_secrets_find(call, false, &index, &is_found, err));
    if (is_found) {
        COF_TRY(find_version(call, &index, &secret, &is_found, err));
    }
    if (!is_found) {
        return COF_OK;
    }
    if (!json_is_true(json_object_get(json_object_get(secret.meta, "attributes"), "enabled"))) {
        COF_TRY(cof_secrets_record(call, "secret-get", index.name, secret.version, "refused",
                                   "SecretDisabled", err));
        return cof_keyvault_forbid(call, "SecretDisabled",
                                   "Operation get is not allowed on a disabled secret.", err);
    }
    COF_TRY(cof_secret_value(&store, &index, &secret, &value, err));
    COF_TRY(cof_secrets_record(call, "secret-get", index.name, secret.version, "done", "", err));
    return cof_secrets_answer(call, &index, &secret, &value, err);
}

cof_status cof_secrets_update(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
    COF_CLEANUP(cof_secret_free) cof_secret secret = {0};
    COF_JSON json_t *body = NULL;
    COF_JSON json_t *meta = NULL;
    const cof_secret_store store = cof_secrets_store(call);
    cof_err why = {0};
    bool is_found = false;
    COF_TRY(cof_secrets_find(call, false, &index, &is_found, err));
    if (is_found) {
        COF_TRY(find_version(call, &index, &secret, &is_found, err));
    }
    if (is_found) {
        COF_TRY(cof_keyvault_body(call, &body, err));
    }
    if (body == NULL) {
        return COF_OK;
    }
    const cof_status status =
        cof_secret_meta(body, secret.meta, cof_state_now(store.state), &meta, &why);
    if (status == COF_E_BAD_ARGUMENT) {
        return cof_keyvault_bad(call, why.detail, err);
    }
    COF_TRY(status);
    COF_TRY(cof_secrets_record(call, "secret-update", index.name, secret.version, "done", "", err));
    COF_TRY(cof_secret_update(&store, &index, &secret, meta, err));
    return cof_secrets_answer(call, &index, &secret, NULL, err);
}

/* Answers with the newest version, without its value. */
static cof_status answer_newest(cof_keyvault_call *call, const cof_secret_index *index,
                                cof_err *err)
{
    COF_CLEANUP(cof_secret_free) cof_secret secret = {0};
    const cof_secret_store store = cof_secrets_store(call);
    COF_TRY(cof_secret_read(&store, index, "", &secret, err));
    return cof_secrets_answer(call, index, &secret, NULL, err);
}

cof_status cof_secrets_delete(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
    const cof_secret_store store = cof_secrets_store(call);
    bool is_found = false;
    COF_TRY(cof_secrets_find(call, false, &index, &is_found, err));
    if (!is_found) {
        return COF_OK;
    }
    index.is_deleted = true;
    index.deleted_unix_s = cof_state_now(store.state);
    index.purge_unix_s = index.deleted_unix_s + (int64_t)RETENTION_DAYS * DAY_S;
    COF_TRY(cof_secrets_record(call, "secret-delete", index.name, NULL, "done", "", err));
    COF_TRY(cof_secret_index_write(&store, &index, err));
    return answer_newest(call, &index, err);
}

cof_status cof_secrets_deleted(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
    bool is_found = false;
    COF_TRY(cof_secrets_find(call, true, &index, &is_found, err));
    return is_found ? answer_newest(call, &index, err) : COF_OK;
}

cof_status cof_secrets_recover(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
    const cof_secret_store store = cof_secrets_store(call);
    bool is_found = false;
    COF_TRY(cof_secrets_find(call, true, &index, &is_found, err));
    if (!is_found) {
        return COF_OK;
    }
    index.is_deleted = false;
    COF_TRY(cof_secrets_record(call, "secret-recover", index.name, NULL, "done", "", err));
    COF_TRY(cof_secret_index_write(&store, &index, err));
    return answer_newest(call, &index, err);
}

cof_status cof_secrets_purge(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
    const cof_secret_store store = cof_secrets_store(call);
    bool is_found = false;
    COF_TRY(cof_secrets_find(call, true, &index, &is_found, err));
    if (!is_found) {
        return COF_OK;
    }
    COF_TRY(cof_secrets_record(call, "secret-purge", index.name, NULL, "done", "", err));
    COF_TRY(cof_secret_remove(&store, &index, err));
    call->response->status = 204;
    return COF_OK;
}

cof_status cof_secrets_backup(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
    COF_CLEANUP(cof_buf_free) cof_buf blob = {.limit = COF_SECRET_BACKUP_BYTES};
    const cof_secret_store store = cof_secrets_store(call);
    cof_buf *body = &call->response->body;
    bool is_found = false;
    COF_TRY(cof_secrets_find(call, false, &index, &is_found, err));
    if (!is_found) {
        return COF_OK;
    }
    const cof_status status =
        cof_secret_backup_make(&store, cof_state_tenant(store.state), &index, &blob, err);
    if (status == COF_E_LIMIT) {
        return cof_keyvault_bad(call, "The secret's versions are too many for a backup.", err);
    }
    COF_TRY(status);
    COF_TRY(cof_secrets_record(call, "secret-backup", index.name, NULL, "done", "", err));
    COF_TRY(cof_buf_append_text(body, "{\"value\":\"", err));
    COF_TRY(cof_base64url_encode(cof_buf_view(&blob), body, err));
    COF_TRY(cof_buf_append_text(body, "\"}", err));
    call->response->content_type = "application/json; charset=utf-8";
    return COF_OK;
}

cof_status cof_secrets_restore(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(cof_secret_index_free) cof_secret_index index = {0};
    COF_CLEANUP(cof_buf_free) cof_buf blob = {.limit = COF_SECRET_BACKUP_BYTES};
    COF_JSON json_t *body = NULL;
    const cof_secret_store store = cof_secrets_store(call);
    COF_TRY(cof_keyvault_body(call, &body, err));
    if (body == NULL) {
        return COF_OK;
    }
    cof_status status = cof_json_get_base64url(body, "value", &blob, NULL);
    if (status == COF_OK) {
        status = cof_secret_backup_restore(&store, cof_state_tenant(store.state),
                                           cof_buf_view(&blob), &index, err);
    } else if (status != COF_E_NO_MEMORY) {
        status = COF_E_BAD_FORMAT;
    }
    if (status == COF_E_EXISTS) {
        return cof_keyvault_conflict(call,
                                     index.is_deleted ? "ObjectIsDeletedButRecoverable" : NULL,
                                     "A secret of this name exists already.", err);
    }
    if (status == COF_E_BAD_FORMAT || status == COF_E_TAG_MISMATCH || status == COF_E_LIMIT ||
        status == COF_E_BAD_JSON) {
        COF_TRY(cof_secrets_record(call, "secret-restore", "", NULL, "refused",
                                   cof_status_describe(status)->name, err));
        return cof_keyvault_bad(call, "value is not a backup of a secret of this vault.", err);
    }
    COF_TRY(status);
    COF_TRY(cof_secrets_record(call, "secret-restore", index.name, NULL, "done", "", err));
    COF_TRY(cof_secret_index_write(&store, &index, err));
    return answer_newest(call, &index, err);
}
