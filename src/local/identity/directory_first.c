/* The first applications, their credential files, and what an older version left. */
#include <string.h>

#include "host/http/http_message.h"
#include "local/identity/directory_internal.h"
#include "tcb/base/limits.h"
#include "tcb/base/wipe.h"
#include "tcb/crypto/digest.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { SECRET_SIZE = 32, HINT_SIZE = 3 };

/* ---- entries ---- */

cof_status cof_directory_make_entry(cof_principal_kind kind, const char *name, int64_t now,
                                    json_t **out, cof_err *err)
{
    char object_id[COF_HTTP_ID_SIZE];
    char client_id[COF_HTTP_ID_SIZE];
    if (!cof_directory_name_is_valid(name)) {
        return COF_FAIL(err, BAD_ARGUMENT,
                        "a name has 1 to %d of a-z, 0-9 and '-', not at an end, and is no GUID",
                        COF_DIRECTORY_NAME_MAX);
    }
    COF_TRY(cof_http_make_id(object_id, err));
    COF_TRY(cof_http_make_id(client_id, err));
    switch (kind) {
    case COF_PRINCIPAL_APP:
        *out = json_pack("{s:s,s:s,s:s,s:b,s:b,s:I,s:[],s:[],s:[]}", "name", name, "object_id",
                         object_id, "client_id", client_id, "enabled", 1, "builtin", 0, "created",
                         (json_int_t)now, "secrets", "certificates", "federated");
        break;
    case COF_PRINCIPAL_USER:
        *out =
            json_pack("{s:s,s:s,s:b,s:I,s:s,s:n}", "name", name, "object_id", object_id, "enabled",
                      1, "created", (json_int_t)now, "display_name", name, "password");
        break;
    case COF_PRINCIPAL_GROUP:
        *out = json_pack("{s:s,s:s,s:I,s:[]}", "name", name, "object_id", object_id, "created",
                         (json_int_t)now, "members");
        break;
    }
    return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "directory entry");
}

static cof_status add_digest(json_t *entry, const char *id, const char *digest, const char *hint,
                             const int64_t times[static 2], cof_err *err)
{
    return cof_json_append(
        json_object_get(entry, "secrets"),
        json_pack("{s:s,s:s,s:I,s:o,s:s}", "id", id, "sha256", digest, "created",
                  (json_int_t)times[0], "expires",
                  times[1] != 0 ? json_integer((json_int_t)times[1]) : json_null(), "hint", hint),
        err);
}

cof_status cof_directory_make_secret(json_t *entry, int64_t now, int64_t expires,
                                     char out_id[static COF_GUID_SIZE], cof_buf *out_secret,
                                     cof_err *err)
{
    const int64_t times[2] = {now, expires};
    uint8_t random[SECRET_SIZE];
    char id[COF_HTTP_ID_SIZE];
    char text[2 * COF_DIGEST_SIZE + 1];
    char hint[HINT_SIZE + 1] = {0};
    cof_digest digest;
    const size_t start = out_secret->size;
    COF_TRY(cof_http_make_id(id, err));
    COF_TRY(cof_random((cof_span){random, sizeof random}, err));
    const cof_status status =
        cof_base64url_encode(cof_view_of(random, sizeof random), out_secret, err);
    cof_wipe(random, sizeof random);
    COF_TRY(status);
    const cof_view secret = cof_view_of(out_secret->data + start, out_secret->size - start);
    COF_TRY(cof_digest_of(secret, &digest, err));
    cof_digest_text(&digest, text);
    memcpy(hint, secret.data, HINT_SIZE);
    COF_TRY(add_digest(entry, id, text, hint, times, err));
    memcpy(out_id, id, COF_GUID_SIZE);
    return COF_OK;
}

static cof_status make_app(const cof_state *state, const char *name, json_t *apps, cof_err *err)
{
    COF_JSON json_t *entry = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf secret = {.limit = (size_t)2 * SECRET_SIZE};
    char id[COF_GUID_SIZE];
    const int64_t now = cof_state_now(state);
    COF_TRY(cof_directory_make_entry(COF_PRINCIPAL_APP, name, now, &entry, err));
    COF_TRY(cof_json_set(entry, "builtin", json_true(), err));
    COF_TRY(cof_directory_make_secret(entry, now, 0, id, &secret, err));
    const cof_principal app = cof_directory_principal(COF_PRINCIPAL_APP, entry);
    COF_TRY(cof_directory_write_credential(state, &app, cof_buf_view(&secret), err));
    return cof_json_append(apps, json_incref(entry), err);
}

/* ---- an older version's clients ---- */

static bool is_first_app(const char *name)
{
    for (size_t i = 0; cof_directory_first_apps[i] != NULL; i++) {
        if (strcmp(cof_directory_first_apps[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Ids and secrets stay as they are: those who have the credential files go on. */
static cof_status take_over(const cof_state *state, const json_t *client, json_t *apps,
                            cof_err *err)
{
    COF_JSON json_t *entry = NULL;
    const int64_t times[2] = {cof_state_now(state), 0};
    const char *name = NULL;
    const char *object_id = NULL;
    const char *client_id = NULL;
    const char *digest = NULL;
    char id[COF_HTTP_ID_SIZE];
    char object_lower[COF_GUID_SIZE];
    char client_lower[COF_GUID_SIZE];
    COF_TRY(cof_json_get_text(client, "name", COF_DIRECTORY_NAME_MAX, &name, err));
    COF_TRY(cof_json_get_text(client, "object_id", COF_GUID_SIZE - 1, &object_id, err));
    COF_TRY(cof_json_get_text(client, "client_id", COF_GUID_SIZE - 1, &client_id, err));
    COF_TRY(cof_json_get_text(client, "secret", (size_t)2 * COF_DIGEST_SIZE, &digest, err));
    if (!cof_guid_lower(object_id, object_lower) || !cof_guid_lower(client_id, client_lower)) {
        return COF_FAIL(err, BAD_FORMAT, "an id is not a GUID");
    }
    COF_TRY(cof_http_make_id(id, err));
    COF_TRY(cof_directory_make_entry(COF_PRINCIPAL_APP, name, times[0], &entry, err));
    COF_TRY(cof_json_set(entry, "object_id", json_string(object_lower), err));
    COF_TRY(cof_json_set(entry, "client_id", json_string(client_lower), err));
    COF_TRY(cof_json_set(entry, "builtin", json_boolean(is_first_app(name)), err));
    COF_TRY(add_digest(entry, id, digest, "", times, err));
    return cof_json_append(apps, json_incref(entry), err);
}

static cof_status take_over_all(const cof_state *state, json_t *apps, cof_err *err)
{
    COF_JSON json_t *old = NULL;
    json_t *clients = NULL;
    const json_t *client = NULL;
    size_t i = 0;
    const cof_status status = cof_state_read_json(state, COF_OLD_CLIENTS_FILE, &old, err);
    if (status == COF_E_NOT_FOUND) {
        return COF_OK;
    }
    COF_TRY(status);
    COF_TRY(cof_json_get(old, "clients", JSON_ARRAY, &clients, err));
    json_array_foreach(clients, i, client)
    {
        if (!json_is_object(client)) {
            return COF_FAIL(err, BAD_FORMAT, "a client is not an object");
        }
        COF_TRY(take_over(state, client, apps, err));
    }
    return COF_OK;
}

static bool has_app(const json_t *apps, const char *name)
{
    const json_t *app = NULL;
    size_t i = 0;
    json_array_foreach(apps, i, app)
    {
        if (strcmp(json_string_value(json_object_get(app, "name")), name) == 0) {
            return true;
        }
    }
    return false;
}

cof_status cof_directory_first(const cof_state *state, json_t **out, cof_err *err)
{
    COF_JSON json_t *apps = json_array();
    if (apps == NULL) {
        return COF_FAIL(err, NO_MEMORY, "directory");
    }
    const cof_status status = take_over_all(state, apps, err);
    if (status != COF_OK) {
        cof_err_context(err, COF_OLD_CLIENTS_FILE);
        return status;
    }
    for (size_t i = 0; cof_directory_first_apps[i] != NULL; i++) {
        if (!has_app(apps, cof_directory_first_apps[i])) {
            COF_TRY(make_app(state, cof_directory_first_apps[i], apps, err));
        }
    }
    *out = json_pack("{s:s,s:i,s:O,s:[],s:[]}", "coffer", "directory/v1", "revision", 1,
                     "applications", apps, "users", "groups");
    return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "directory");
}
