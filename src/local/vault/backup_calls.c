/* The vault's calls to back up and to restore a key. */
#include "local/vault/backup.h"
#include "local/vault/vault_internal.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

cof_status cof_keyvault_backup(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_CLEANUP(cof_buf_free) cof_buf blob = {.limit = COF_BACKUP_BYTES};
    bool is_found = false;
    COF_TRY(cof_keyvault_find(call, &key, &is_found, err));
    if (!is_found) {
        return COF_OK;
    }
    const cof_status status = cof_backup_make(
        call->vault->store, cof_state_tenant(call->vault->parts.state), key.name, &blob, err);
    if (status == COF_E_LIMIT) {
        return cof_keyvault_bad(call, "The key has too many versions to be backed up.", err);
    }
    COF_TRY(status);
    COF_TRY(cof_keyvault_record(call, "backup", &key, "done", "", NULL, err));
    cof_buf *body = &call->response->body;
    COF_TRY(cof_buf_append_text(body, "{\"value\":\"", err));
    COF_TRY(cof_base64url_encode(cof_buf_view(&blob), body, err));
    COF_TRY(cof_buf_append_text(body, "\"}", err));
    call->response->content_type = "application/json; charset=utf-8";
    return COF_OK;
}

static cof_status restore(cof_keyvault_call *call, const cof_backup *backup, cof_err *err)
{
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    cof_key_name known;
    if (cof_key_store_look(call->vault->store, backup->name, &known)) {
        return cof_keyvault_conflict(
            call, known.is_deleted ? "ObjectIsDeletedButRecoverable" : NULL,
            "There is a key of this name already: a backup is restored where there is none.", err);
    }
    COF_TRY(cof_keyvault_record(call, "restore", NULL, "done", "",
                                json_pack("{s:s}", "key", backup->name), err));
    COF_TRY(cof_key_store_restore(call->vault->store, backup->name, backup->copies, backup->count,
                                  backup->rotation, err));
    COF_TRY(cof_key_store_get(call->vault->store, backup->name, "", &key, err));
    return cof_keyvault_answer_bundle(call, &key, err);
}

cof_status cof_keyvault_restore(cof_keyvault_call *call, cof_err *err)
{
    COF_JSON json_t *body = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf blob = {.limit = COF_BACKUP_BYTES};
    COF_CLEANUP(cof_backup_free) cof_backup backup = {0};
    COF_TRY(cof_keyvault_body(call, &body, err));
    if (body == NULL) {
        return COF_OK;
    }
    if (cof_json_get_base64url(body, "value", &blob, NULL) != COF_OK) {
        return cof_keyvault_bad(call, "value is not the base64url of a backup.", err);
    }
    const cof_status status = cof_backup_read(cof_key_store_root(call->vault->store),
                                              cof_state_tenant(call->vault->parts.state),
                                              cof_buf_view(&blob), &backup, err);
    if (status == COF_E_NO_MEMORY) {
        return status;
    }
    if (status != COF_OK) {
        COF_TRY(cof_keyvault_record(call, "restore", NULL, "refused",
                                    cof_status_describe(status)->name, NULL, err));
        return cof_keyvault_bad(
            call, "value is not a backup of a key of this vault, or it was changed.", err);
    }
    return restore(call, &backup, err);
}
