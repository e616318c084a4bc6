/*
 * Rotation: a new version of a key in place of the current one, because somebody asks, or because
 * its policy's time has come. rotation.json:
 *
 *   {"coffer":"key-rotation/v1","policy":{…},"notified":"<version>"}
 *
 * where notified is the version whose expiry was announced already.
 */
#include <string.h>

#include "local/vault/rotation_policy.h"
#include "local/vault/vault_internal.h"
#include "tcb/wire/json.h"

static int64_t now_of(const cof_keyvault *vault)
{
    return cof_state_now(vault->parts.state);
}

static const json_t *policy_of(const cof_key_name *name)
{
    return json_object_get(name->rotation, "policy");
}

/* A new version like the current one. */
static cof_status rotate(const cof_keyvault_call *call, const cof_stored_key *current,
                         const json_t *policy, cof_stored_key *out, cof_err *err)
{
    const int64_t now = now_of(call->vault);
    cof_key_wish wish = {0};
    COF_CLEANUP(cof_key_material_drop_) cof_key_material *old = NULL;
    COF_CLEANUP(cof_key_material_drop_) cof_key_material *made = NULL;
    COF_TRY(cof_key_store_material(call->vault->store, current, &old, err));
    COF_TRY(cof_key_material_generate(cof_key_material_kind(old), &made, err));
    COF_TRY(cof_key_meta_rotate(current->meta, now, cof_rotation_policy_expiry(policy, now), &wish,
                                err));
    COF_JSON json_t *meta = wish.meta;
    return cof_keyvault_put(call, "rotate", current->name, meta, made, out, err);
}

cof_status cof_keyvault_rotate(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key current = {0};
    COF_CLEANUP(cof_stored_key_free) cof_stored_key next = {0};
    cof_key_name name;
    bool is_found = false;
    COF_TRY(cof_keyvault_find(call, &current, &is_found, err));
    if (!is_found) {
        return COF_OK;
    }
    if (!cof_key_meta_is_enabled(current.meta)) {
        COF_TRY(cof_keyvault_record(call, "rotate", &current, "refused", "KeyDisabled", NULL, err));
        return cof_keyvault_forbid(call, "KeyDisabled",
                                   "Operation is not allowed on a disabled key.", err);
    }
    (void)cof_key_store_look(call->vault->store, current.name, &name);
    COF_TRY(rotate(call, &current, policy_of(&name), &next, err));
    return cof_keyvault_answer_bundle(call, &next, err);
}

static cof_status answer_policy(cof_keyvault_call *call, const char *name, const json_t *policy,
                                cof_err *err)
{
    COF_JSON json_t *shown = json_deep_copy(policy);
    if (shown == NULL) {
        return COF_FAIL(err, NO_MEMORY, "rotation policy");
    }
    COF_TRY(cof_json_set(
        shown, "id",
        json_sprintf("%s/keys/%s/rotationpolicy", cof_state_base(call->vault->parts.state), name),
        err));
    return cof_http_response_json(call->response, 200, json_incref(shown), err);
}

cof_status cof_keyvault_get_rotation(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_JSON json_t *by_default = NULL;
    cof_key_name name;
    bool is_found = false;
    COF_TRY(cof_keyvault_find(call, &key, &is_found, err));
    if (!is_found) {
        return COF_OK;
    }
    (void)cof_key_store_look(call->vault->store, key.name, &name);
    if (name.rotation != NULL) {
        return answer_policy(call, name.name, policy_of(&name), err);
    }
    const json_t *created = json_object_get(json_object_get(key.meta, "attributes"), "created");
    COF_TRY(cof_rotation_policy_default(json_integer_value(created), &by_default, err));
    return answer_policy(call, name.name, by_default, err);
}

static cof_status save(cof_keyvault *vault, const char *name, json_t *policy, const char *notified,
                       cof_err *err)
{
    COF_JSON json_t *rotation = json_pack("{s:s,s:O,s:s}", "coffer", "key-rotation/v1", "policy",
                                          policy, "notified", notified);
    return rotation != NULL ? cof_key_store_set_rotation(vault->store, name, rotation, err)
                            : COF_FAIL(err, NO_MEMORY, "rotation policy");
}

cof_status cof_keyvault_set_rotation(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_JSON json_t *body = NULL;
    COF_JSON json_t *policy = NULL;
    cof_key_name name;
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
    (void)cof_key_store_look(call->vault->store, key.name, &name);
    const cof_status status =
        cof_rotation_policy_read(body, policy_of(&name), now_of(call->vault), &policy, &why);
    if (status == COF_E_BAD_ARGUMENT) {
        return cof_keyvault_bad(call, why.detail, err);
    }
    COF_TRY(status);
    COF_TRY(cof_keyvault_record(call, "setrotationpolicy", &key, "done", "",
                                json_pack("{s:O}", "policy", policy), err));
    COF_TRY(save(call->vault, key.name, policy, "", err));
    return answer_policy(call, key.name, policy, err);
}

/* Written down before it is remembered: told twice at worst. */
static cof_status notify(const cof_keyvault_call *call, const cof_stored_key *key, json_t *policy,
                         cof_err *err)
{
    const json_t *exp = json_object_get(json_object_get(key->meta, "attributes"), "exp");
    COF_TRY(cof_keyvault_record(call, "notify", key, "done", "",
                                json_pack("{s:I}", "expires", json_integer_value(exp)), err));
    return save(call->vault, key->name, policy, key->version, err);
}

static cof_status run_policy(const cof_keyvault_call *call, const cof_key_name *name, cof_err *err)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_CLEANUP(cof_stored_key_free) cof_stored_key next = {0};
    COF_JSON json_t *policy = json_incref(json_object_get(name->rotation, "policy"));
    const char *notified = json_string_value(json_object_get(name->rotation, "notified"));
    const int64_t now = now_of(call->vault);
    COF_TRY(cof_key_store_get(call->vault->store, name->name, "", &key, err));
    if (cof_key_meta_is_enabled(key.meta) &&
        cof_rotation_policy_is_due(policy, COF_ROTATION_ROTATE, key.meta, now)) {
        return rotate(call, &key, policy, &next, err);
    }
    if ((notified == NULL || strcmp(notified, key.version) != 0) &&
        cof_rotation_policy_is_due(policy, COF_ROTATION_NOTIFY, key.meta, now)) {
        return notify(call, &key, policy, err);
    }
    return COF_OK;
}

cof_status cof_keyvault_rotate_due(cof_keyvault *vault, cof_err *err)
{
    const cof_keyvault_call call = {.vault = vault};
    char after[COF_KEY_NAME_SIZE] = "";
    cof_key_name name;
    cof_status worst = COF_OK;
    while (cof_key_store_next(vault->store, after, false, &name)) {
        (void)snprintf(after, sizeof after, "%s", name.name);
        if (name.rotation == NULL || name.is_damaged) {
            continue;
        }
        /* One key that cannot be rotated now is no reason to leave the others: tried again. */
        const cof_status status = run_policy(&call, &name, err);
        worst = status != COF_OK ? status : worst;
    }
    return worst;
}
