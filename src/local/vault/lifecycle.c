/* Making, importing, showing and changing keys. What is decided is written down before it is done.
 */
#include <string.h>

#include "local/vault/vault_internal.h"
#include "tcb/wire/json.h"

static int64_t now(const cof_keyvault_call *call)
{
    return cof_state_now(call->vault->parts.state);
}

/* Can a key of the path's name be made? When it cannot, the answer is written. */
static cof_status check_name(cof_keyvault_call *call, bool *out_free, cof_err *err)
{
    const char *name = call->request->segments[0];
    cof_key_name known;
    *out_free = false;
    if (!cof_key_name_is_valid(name)) {
        return cof_keyvault_bad(call, "The key's name is not 1 to 127 letters, digits and dashes.",
                                err);
    }
    if (cof_key_store_look(call->vault->store, name, &known) && known.is_deleted) {
        return cof_keyvault_conflict(
            call, "ObjectIsDeletedButRecoverable",
            "A key of this name is currently in a deleted but recoverable state, and its name "
            "cannot be reused; in this state, the key can only be recovered or purged.",
            err);
    }
    *out_free = true;
    return COF_OK;
}

cof_status cof_keyvault_put(const cof_keyvault_call *call, const char *action, const char *name,
                            json_t *meta, const cof_key_material *material, cof_stored_key *out,
                            cof_err *err)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_TRY(cof_key_meta_set_public(meta, material, err));
    COF_TRY(cof_key_store_prepare(call->vault->store, name, meta, material, &key, err));
    COF_TRY(cof_keyvault_record(call, action, &key, "done", "", NULL, err));
    COF_TRY(cof_key_store_commit(call->vault->store, &key, err));
    *out = key;
    key = (cof_stored_key){0};
    return COF_OK;
}

static cof_status put_and_answer(cof_keyvault_call *call, const char *action, json_t *meta,
                                 const cof_key_material *material, cof_err *err)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_TRY(cof_keyvault_put(call, action, call->request->segments[0], meta, material, &key, err));
    return cof_keyvault_answer_bundle(call, &key, err);
}

cof_status cof_keyvault_create(cof_keyvault_call *call, cof_err *err)
{
    COF_JSON json_t *body = NULL;
    COF_CLEANUP(cof_key_material_drop_) cof_key_material *material = NULL;
    cof_key_wish wish = {0};
    cof_err why = {0};
    bool is_free = false;
    COF_TRY(check_name(call, &is_free, err));
    if (!is_free) {
        return COF_OK;
    }
    COF_TRY(cof_keyvault_body(call, &body, err));
    if (body == NULL) {
        return COF_OK;
    }
    const cof_status status = cof_key_meta_create(body, now(call), &wish, &why);
    if (status == COF_E_BAD_ARGUMENT) {
        return cof_keyvault_bad(call, why.detail, err);
    }
    COF_TRY(status);
    COF_JSON json_t *meta = wish.meta;
    COF_TRY(cof_key_material_generate(&wish.kind, &material, err));
    return put_and_answer(call, "create", meta, material, err);
}

cof_status cof_keyvault_import(cof_keyvault_call *call, cof_err *err)
{
    COF_JSON json_t *body = NULL;
    cof_key_import import = {0};
    cof_err why = {0};
    bool is_free = false;
    COF_TRY(check_name(call, &is_free, err));
    if (!is_free) {
        return COF_OK;
    }
    COF_TRY(cof_keyvault_body(call, &body, err));
    if (body == NULL) {
        return COF_OK;
    }
    const cof_status status = cof_key_meta_import(body, now(call), &import, &why);
    if (status == COF_E_BAD_ARGUMENT) {
        return cof_keyvault_bad(call, why.detail, err);
    }
    COF_TRY(status);
    COF_JSON json_t *meta = import.meta;
    COF_CLEANUP(cof_key_material_drop_) cof_key_material *material = import.material;
    return put_and_answer(call, "import", meta, material, err);
}

cof_status cof_keyvault_get(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    bool is_found = false;
    COF_TRY(cof_keyvault_find(call, &key, &is_found, err));
    return is_found ? cof_keyvault_answer_bundle(call, &key, err) : COF_OK;
}

/* What an update asked for, as it was understood: what else stands in a request may be anything. */
static json_t *changes(const json_t *body, const json_t *meta)
{
    static const char *const members[] = {"key_ops", "attributes", "tags", "release_policy"};
    COF_JSON json_t *changed = json_object();
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const json_t *asked = json_object_get(body, members[i]);
        if (asked != NULL && !json_is_null(asked) &&
            json_object_set(changed, members[i], json_object_get(meta, members[i])) != 0) {
            return NULL;
        }
    }
    return json_pack("{s:O}", "changed", changed);
}

cof_status cof_keyvault_update(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_JSON json_t *body = NULL;
    COF_JSON json_t *meta = NULL;
    bool is_found = false;
    cof_err why = {0};
    COF_TRY(cof_keyvault_find(call, &key, &is_found, err));
    if (!is_found) {
        return COF_OK;
    }
    COF_TRY(cof_keyvault_body(call, &body, err));
    if (body == NULL) {
        return COF_OK;
    }
    const cof_status status = cof_key_meta_update(key.meta, body, now(call), &meta, &why);
    if (status == COF_E_BAD_ARGUMENT) {
        COF_TRY(cof_keyvault_record(call, "update", &key, "refused", "BadParameter", NULL, err));
        return cof_keyvault_bad(call, why.detail, err);
    }
    COF_TRY(status);
    json_t *changed = changes(body, meta);
    if (changed == NULL) {
        return COF_FAIL(err, NO_MEMORY, "key");
    }
    COF_TRY(cof_keyvault_record(call, "update", &key, "done", "", changed, err));
    COF_TRY(cof_key_store_update(call->vault->store, &key, meta, err));
    return cof_keyvault_answer_bundle(call, &key, err);
}
