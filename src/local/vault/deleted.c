/* Deleting keys, and what can be done with deleted ones for 90 days (soft delete). */
#include "local/vault/vault_internal.h"
#include "tcb/wire/json.h"

enum { RETENTION_S = 90 * 24 * 60 * 60 };

/* What a deleted key has beside a KeyBundle's or a KeyItem's members. */
cof_status cof_keyvault_show_deleted(const cof_keyvault *vault, const cof_key_name *name,
                                     json_t *shown, cof_err *err)
{
    COF_TRY(cof_json_set(
        shown, "recoveryId",
        json_sprintf("%s/deletedkeys/%s", cof_state_base(vault->parts.state), name->name), err));
    COF_TRY(cof_json_set(shown, "deletedDate", json_integer(name->deleted_unix_s), err));
    return cof_json_set(shown, "scheduledPurgeDate", json_integer(name->purge_unix_s), err);
}

static cof_status answer_deleted(cof_keyvault_call *call, const cof_key_name *name,
                                 const cof_stored_key *key, cof_err *err)
{
    COF_JSON json_t *bundle = NULL;
    COF_TRY(cof_key_meta_bundle(key, cof_state_base(call->vault->parts.state), &bundle, err));
    COF_TRY(cof_keyvault_show_deleted(call->vault, name, bundle, err));
    return cof_http_response_json(call->response, 200, json_incref(bundle), err);
}

/* The current version of the path's key, deleted or not; when there is none, the answer is written.
 */
static cof_status find_in_state(cof_keyvault_call *call, bool is_deleted, cof_key_name *out_name,
                                cof_stored_key *out_key, bool *out_found, cof_err *err)
{
    const char *name = call->request->segments[0];
    *out_found = false;
    if (!cof_key_store_look(call->vault->store, name, out_name) ||
        out_name->is_deleted != is_deleted) {
        return cof_keyvault_not_found(call, err);
    }
    COF_TRY(cof_key_store_at(call->vault->store, name, out_name->version_count - 1, out_key, err));
    *out_found = true;
    return COF_OK;
}

cof_status cof_keyvault_delete(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    cof_key_name name;
    bool is_found = false;
    const int64_t now = cof_state_now(call->vault->parts.state);
    COF_TRY(find_in_state(call, false, &name, &key, &is_found, err));
    if (!is_found) {
        return COF_OK;
    }
    COF_TRY(cof_keyvault_record(call, "delete", &key, "done", "", NULL, err));
    COF_TRY(cof_key_store_delete(call->vault->store, name.name, now, now + RETENTION_S, err));
    (void)cof_key_store_look(call->vault->store, key.name, &name);
    return answer_deleted(call, &name, &key, err);
}

cof_status cof_keyvault_deleted(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    cof_key_name name;
    bool is_found = false;
    COF_TRY(find_in_state(call, true, &name, &key, &is_found, err));
    return is_found ? answer_deleted(call, &name, &key, err) : COF_OK;
}

cof_status cof_keyvault_recover(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    cof_key_name name;
    bool is_found = false;
    COF_TRY(find_in_state(call, true, &name, &key, &is_found, err));
    if (!is_found) {
        return COF_OK;
    }
    COF_TRY(cof_keyvault_record(call, "recover", &key, "done", "", NULL, err));
    COF_TRY(cof_key_store_recover(call->vault->store, name.name, err));
    return cof_keyvault_answer_bundle(call, &key, err);
}

cof_status cof_keyvault_purge(cof_keyvault_call *call, cof_err *err)
{
    cof_key_name name;
    const char *asked = call->request->segments[0];
    /* A key whose files were changed can be purged too: so it is not read. */
    if (!cof_key_store_look(call->vault->store, asked, &name) || !name.is_deleted) {
        return cof_keyvault_not_found(call, err);
    }
    COF_TRY(cof_keyvault_record(call, "purge", NULL, "done", "",
                                json_pack("{s:s}", "key", name.name), err));
    COF_TRY(cof_key_store_purge(call->vault->store, name.name, err));
    call->response->status = 204;
    return COF_OK;
}

/* The names are copied: purging moves what the store lent. */
static cof_status purge_one(cof_keyvault *vault, const cof_key_name *name, cof_err *err)
{
    COF_JSON json_t *record = json_pack("{s:s,s:s,s:s,s:s}", "action", "purge", "key", name->name,
                                        "decision", "done", "why", "scheduledPurgeDate");
    COF_TRY(cof_trail_add(vault->parts.trail, json_incref(record), err));
    return cof_key_store_purge(vault->store, name->name, err);
}

cof_status cof_keyvault_purge_due(cof_keyvault *vault, cof_err *err)
{
    const int64_t now = cof_state_now(vault->parts.state);
    char after[COF_KEY_NAME_SIZE] = "";
    cof_key_name name;
    cof_status worst = COF_OK;
    while (cof_key_store_next(vault->store, after, true, &name)) {
        (void)snprintf(after, sizeof after, "%s", name.name);
        if (!name.is_damaged && name.purge_unix_s <= now) {
            const cof_status status = purge_one(vault, &name, err);
            worst = status != COF_OK ? status : worst;
        }
    }
    return worst;
}
