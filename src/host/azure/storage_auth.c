#include "host/azure/storage_auth.h"

#include <string.h>

#include "host/azure/secret_member.h"
#include "host/files/files.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { FILE_MAX = 64 * 1024, KEY_MAX = 256, SAS_MAX = 2048 };

static void drop_secrets(json_t **object)
{
    cof_secret_member_wipe(*object, "account_key");
    cof_secret_member_wipe(*object, "sas");
    json_decref(*object);
}

/* A signature's query: characters that stand in a URL, and "sig=" among its names. */
static cof_status take_sas(cof_view text, cof_storage_auth *out, cof_err *err)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "-._~%=&:/,+";
    if (text.size > 0 && text.data[0] == '?') {
        text = cof_view_of(text.data + 1, text.size - 1);
    }
    bool is_signed = false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == 0 || strchr(allowed, text.data[i]) == NULL) {
            return COF_FAIL(err, CONFIG, "a shared access signature, character %zu", i + 1);
        }
        is_signed = is_signed || ((i == 0 || text.data[i - 1] == '&') && text.size - i > 4 &&
                                  memcmp(text.data + i, "sig=", 4) == 0);
    }
    if (!is_signed) {
        return COF_FAIL(err, CONFIG, "a shared access signature has no sig=");
    }
    out->kind = COF_STORAGE_BY_SAS;
    cof_buf_init(&out->sas, SAS_MAX);
    return cof_buf_append(&out->sas, text, err);
}

static cof_status take_key(const char *text, cof_storage_auth *out, cof_err *err)
{
    out->kind = COF_STORAGE_BY_KEY;
    cof_buf_init(&out->key, KEY_MAX);
    if (cof_base64_decode(cof_view_text(text), &out->key, NULL) != COF_OK || out->key.size < 16) {
        return COF_FAIL(err, CONFIG, "account_key is not the base64 of a key");
    }
    return COF_OK;
}

/* *out_done says whether the file was one of the two forms that are read here. */
static cof_status read_own_form(const char *path, cof_storage_auth *out, bool *out_done,
                                cof_err *err)
{
    static const char *const members[] = {"account_key", "sas"};
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = FILE_MAX};
    COF_CLEANUP(drop_secrets) json_t *json = NULL;
    COF_TRY(cof_read_secret_file(path, &bytes, err));
    COF_TRY(cof_json_parse(cof_buf_view(&bytes), FILE_MAX, &json, err));
    const char *key = json_string_value(json_object_get(json, "account_key"));
    const char *sas = json_string_value(json_object_get(json, "sas"));
    *out_done = key != NULL || sas != NULL;
    if (!*out_done) {
        return COF_OK;
    }
    if (json_object_size(json) != 1 || cof_json_only(json, members, 2, NULL) != COF_OK) {
        return COF_FAIL(err, CONFIG, "%s: account_key or sas, and nothing else", path);
    }
    return key != NULL ? take_key(key, out, err) : take_sas(cof_view_text(sas), out, err);
}

static cof_status open_auth(const char *path, cof_view url_sas, cof_storage_auth *out, cof_err *err)
{
    bool is_done = false;
    if (url_sas.size > 0) {
        return take_sas(url_sas, out, err);
    }
    if (path == NULL) {
        return COF_FAIL(err, CONFIG,
                        "nothing authorizes access to storage: set storage_credential, or give "
                        "a URL with a shared access signature");
    }
    COF_TRY(read_own_form(path, out, &is_done, err));
    if (is_done) {
        return COF_OK;
    }
    out->kind = COF_STORAGE_BY_TOKEN;
    return cof_credential_open(path, &out->credential, err);
}

cof_status cof_storage_auth_open(const char *path, cof_view url_sas, cof_storage_auth *out,
                                 cof_err *err)
{
    cof_storage_auth auth = {0};
    const cof_status status = open_auth(path, url_sas, &auth, err);
    if (status != COF_OK) {
        cof_storage_auth_free(&auth);
        return status;
    }
    *out = auth;
    return COF_OK;
}

void cof_storage_auth_free(cof_storage_auth *auth)
{
    cof_buf_free(&auth->key);
    cof_buf_free(&auth->sas);
    cof_credential_free(auth->credential);
    *auth = (cof_storage_auth){0};
}
