/* The directory's file: its form, strictly, and what finds an entry in it. */
#include <string.h>

#include "local/identity/directory_internal.h"
#include "tcb/base/limits.h"
#include "tcb/crypto/digest.h"
#include "tcb/wire/json.h"

enum { TEXT_BYTES = 512, HINT_BYTES = 8, DER_BYTES = 16 * 1024, SHA1_BYTES = 20 };

#define DIRECTORY_KIND "directory/v1"

const char *const cof_directory_lists[COF_DIRECTORY_KINDS] = {"applications", "users", "groups"};

/* ---- forms ---- */

bool cof_guid_lower(const char *text, char out[static COF_GUID_SIZE])
{
    size_t i = 0;
    for (; i < COF_GUID_SIZE - 1 && text[i] != '\0'; i++) {
        const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        const char c = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] + 32) : text[i];
        const bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (is_dash ? c != '-' : !is_hex) {
            return false;
        }
        out[i] = c;
    }
    out[i] = '\0';
    return i == COF_GUID_SIZE - 1 && text[i] == '\0';
}

bool cof_directory_name_is_valid(const char *name)
{
    char id[COF_GUID_SIZE];
    const size_t size = strlen(name);
    return size > 0 && !cof_guid_lower(name, id) && size <= COF_DIRECTORY_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == size && name[0] != '-' &&
           name[size - 1] != '-';
}

static cof_status get_guid(const json_t *object, const char *key, const char **out, cof_err *err)
{
    char lower[COF_GUID_SIZE];
    COF_TRY(cof_json_get_text(object, key, COF_GUID_SIZE - 1, out, err));
    return cof_guid_lower(*out, lower) && strcmp(lower, *out) == 0
               ? COF_OK
               : COF_FAIL(err, BAD_FORMAT, "%s is not a GUID in lower case", key);
}

static cof_status check_time(const json_t *object, const char *key, bool may_be_null, cof_err *err)
{
    int64_t when = 0;
    if (may_be_null && json_is_null(json_object_get(object, key))) {
        return COF_OK;
    }
    return cof_json_get_int(object, key, 0, INT64_MAX, &when, err);
}

static cof_status check_bytes(const json_t *object, const char *key, size_t size, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = size};
    COF_TRY(cof_json_get_base64url(object, key, &bytes, err));
    return bytes.size == size ? COF_OK
                              : COF_FAIL(err, BAD_FORMAT, "%s is not of %zu bytes", key, size);
}

static cof_status check_secret(const json_t *value, cof_err *err)
{
    static const char *const members[] = {"id", "sha256", "created", "expires", "hint"};
    const char *text = NULL;
    uint8_t digest[COF_DIGEST_SIZE];
    COF_TRY(cof_json_only(value, members, sizeof members / sizeof members[0], err));
    COF_TRY(get_guid(value, "id", &text, err));
    COF_TRY(cof_json_get_hex(value, "sha256", digest, sizeof digest, err));
    COF_TRY(check_time(value, "created", false, err));
    COF_TRY(check_time(value, "expires", true, err));
    return cof_json_get_text(value, "hint", HINT_BYTES, &text, err);
}

static cof_status check_certificate(const json_t *value, cof_err *err)
{
    static const char *const members[] = {"id", "x5t", "x5t_s256", "der", "starts", "expires"};
    const char *text = NULL;
    COF_TRY(cof_json_only(value, members, sizeof members / sizeof members[0], err));
    COF_TRY(get_guid(value, "id", &text, err));
    COF_TRY(check_bytes(value, "x5t", SHA1_BYTES, err));
    COF_TRY(check_bytes(value, "x5t_s256", COF_DIGEST_SIZE, err));
    COF_TRY(cof_json_get_text(value, "der", DER_BYTES, &text, err));
    COF_TRY(check_time(value, "starts", false, err));
    return check_time(value, "expires", false, err);
}

static cof_status check_federated(const json_t *value, cof_err *err)
{
    static const char *const members[] = {"id", "name", "issuer", "subject", "audience", "keys"};
    const char *text = NULL;
    json_t *keys = NULL;
    json_t *list = NULL;
    COF_TRY(cof_json_only(value, members, sizeof members / sizeof members[0], err));
    COF_TRY(get_guid(value, "id", &text, err));
    COF_TRY(cof_json_get_text(value, "name", COF_LIMIT_NAME_BYTES, &text, err));
    COF_TRY(cof_json_get_text(value, "issuer", TEXT_BYTES, &text, err));
    COF_TRY(cof_json_get_text(value, "subject", TEXT_BYTES, &text, err));
    COF_TRY(cof_json_get_text(value, "audience", TEXT_BYTES, &text, err));
    COF_TRY(cof_json_get(value, "keys", JSON_OBJECT, &keys, err));
    return cof_json_get(keys, "keys", JSON_ARRAY, &list, err);
}

static cof_status check_list(const json_t *entry, const char *key, size_t maximum,
                             cof_status (*check)(const json_t *value, cof_err *err), cof_err *err)
{
    json_t *list = NULL;
    size_t i = 0;
    const json_t *value = NULL;
    COF_TRY(cof_json_get(entry, key, JSON_ARRAY, &list, err));
    if (json_array_size(list) > maximum) {
        return COF_FAIL(err, LIMIT, "%zu %s are more than the %zu that are allowed",
                        json_array_size(list), key, maximum);
    }
    json_array_foreach(list, i, value)
    {
        if (!json_is_object(value)) {
            return COF_FAIL(err, BAD_FORMAT, "%s[%zu] is not an object", key, i);
        }
        COF_TRY(check(value, err));
    }
    return COF_OK;
}

static cof_status check_app(const json_t *entry, cof_err *err)
{
    static const char *const members[] = {"name",         "object_id", "client_id",
                                          "enabled",      "builtin",   "created",
                                          "certificates", "secrets",   "federated"};
    const char *client_id = NULL;
    bool flag = false;
    COF_TRY(cof_json_only(entry, members, sizeof members / sizeof members[0], err));
    COF_TRY(get_guid(entry, "client_id", &client_id, err));
    COF_TRY(cof_json_get_bool(entry, "enabled", &flag, err));
    COF_TRY(cof_json_get_bool(entry, "builtin", &flag, err));
    COF_TRY(check_list(entry, "secrets", COF_DIRECTORY_SECRETS, check_secret, err));
    COF_TRY(check_list(entry, "certificates", COF_DIRECTORY_CERTIFICATES, check_certificate, err));
    return check_list(entry, "federated", COF_DIRECTORY_FEDERATED, check_federated, err);
}

static cof_status check_user(const json_t *entry, cof_err *err)
{
    static const char *const members[] = {"name",    "object_id",    "enabled",
                                          "created", "display_name", "password"};
    const char *text = NULL;
    bool flag = false;
    json_t *password = NULL;
    COF_TRY(cof_json_only(entry, members, sizeof members / sizeof members[0], err));
    COF_TRY(cof_json_get_bool(entry, "enabled", &flag, err));
    COF_TRY(cof_json_get_text(entry, "display_name", COF_LIMIT_NAME_BYTES, &text, err));
    if (json_is_null(json_object_get(entry, "password"))) {
        return COF_OK;
    }
    COF_TRY(cof_json_get(entry, "password", JSON_OBJECT, &password, err));
    return cof_password_check(password, err);
}

static cof_status check_group(const json_t *entry, cof_err *err)
{
    static const char *const members[] = {"name", "object_id", "created", "members"};
    json_t *list = NULL;
    COF_TRY(cof_json_only(entry, members, sizeof members / sizeof members[0], err));
    return cof_json_get(entry, "members", JSON_ARRAY, &list, err);
}

static cof_status check_entry(cof_principal_kind kind, const json_t *entry, cof_err *err)
{
    static cof_status (*const checks[COF_DIRECTORY_KINDS])(const json_t *entry, cof_err *err) = {
        check_app, check_user, check_group};
    const char *text = NULL;
    if (!json_is_object(entry)) {
        return COF_FAIL(err, BAD_FORMAT, "one of %s is not an object", cof_directory_lists[kind]);
    }
    COF_TRY(cof_json_get_text(entry, "name", COF_DIRECTORY_NAME_MAX, &text, err));
    if (!cof_directory_name_is_valid(text)) {
        return COF_FAIL(err, BAD_FORMAT, "a name has 1 to %d of a-z, 0-9 and '-'",
                        COF_DIRECTORY_NAME_MAX);
    }
    COF_TRY(get_guid(entry, "object_id", &text, err));
    COF_TRY(check_time(entry, "created", false, err));
    return checks[kind](entry, err);
}

/* ---- the index ---- */

static cof_status add_once(json_t *index, const char *key, json_t *entry, cof_err *err)
{
    if (json_object_get(index, key) != NULL) {
        return COF_FAIL(err, EXISTS, "%s stands there already", key);
    }
    return cof_json_set(index, key, json_incref(entry), err);
}

/* Names and ids are one space for all kinds, so that a grant's principal is never ambiguous. */
static bool is_taken(const cof_directory_table *t, const char *name, const char *object_id)
{
    for (size_t i = 0; i < COF_DIRECTORY_KINDS; i++) {
        if (json_object_get(t->by_name[i], name) != NULL ||
            json_object_get(t->by_object[i], object_id) != NULL) {
            return true;
        }
    }
    return false;
}

static cof_status add_entry(cof_directory_table *t, cof_principal_kind kind, json_t *entry,
                            cof_err *err)
{
    COF_TRY(check_entry(kind, entry, err));
    const cof_principal p = cof_directory_principal(kind, entry);
    if (is_taken(t, p.name, p.object_id)) {
        return COF_FAIL(err, EXISTS, "the name or id of %s is taken", p.name);
    }
    COF_TRY(add_once(t->by_name[kind], p.name, entry, err));
    COF_TRY(add_once(t->by_object[kind], p.object_id, entry, err));
    return p.client_id != NULL ? add_once(t->by_client, p.client_id, entry, err) : COF_OK;
}

static cof_status add_members(cof_directory_table *t, const json_t *group, cof_err *err)
{
    const json_t *list = json_object_get(group, "members");
    const json_t *value = NULL;
    json_t *members = json_object();
    size_t i = 0;
    COF_TRY(cof_json_set(t->members, json_string_value(json_object_get(group, "object_id")),
                         members, err));
    json_array_foreach(list, i, value)
    {
        const char *id = json_string_value(value);
        if (id == NULL || (json_object_get(t->by_object[COF_PRINCIPAL_USER], id) == NULL &&
                           json_object_get(t->by_object[COF_PRINCIPAL_APP], id) == NULL)) {
            return COF_FAIL(err, BAD_FORMAT, "a member of a group is nobody of this directory");
        }
        COF_TRY(add_once(members, id, json_true(), err));
    }
    return COF_OK;
}

static cof_status check_head(const json_t *root, int64_t *out_revision, cof_err *err)
{
    static const char *const members[] = {"coffer", "revision", "applications", "users", "groups"};
    const char *kind = NULL;
    COF_TRY(cof_json_only(root, members, sizeof members / sizeof members[0], err));
    COF_TRY(cof_json_get_text(root, "coffer", COF_LIMIT_NAME_BYTES, &kind, err));
    if (strcmp(kind, DIRECTORY_KIND) != 0) {
        return COF_FAIL(err, BAD_VERSION, "the directory is not of this version (%s)",
                        DIRECTORY_KIND);
    }
    return cof_json_get_int(root, "revision", 1, INT64_MAX, out_revision, err);
}

static cof_status fill(const json_t *root, cof_directory_table *t, cof_err *err)
{
    size_t i = 0;
    json_t *entry = NULL;
    t->by_client = json_object();
    t->members = json_object();
    COF_TRY(check_head(root, &t->revision, err));
    for (int kind = 0; kind < COF_DIRECTORY_KINDS; kind++) {
        json_t *list = NULL;
        t->by_name[kind] = json_object();
        t->by_object[kind] = json_object();
        COF_TRY(cof_json_get(root, cof_directory_lists[kind], JSON_ARRAY, &list, err));
        if (json_array_size(list) > COF_DIRECTORY_ENTRIES) {
            return COF_FAIL(err, LIMIT, "more than %d %s", COF_DIRECTORY_ENTRIES,
                            cof_directory_lists[kind]);
        }
        json_array_foreach(list, i, entry)
        {
            COF_TRY(add_entry(t, (cof_principal_kind)kind, entry, err));
        }
    }
    json_array_foreach(json_object_get(root, "groups"), i, entry)
    {
        COF_TRY(add_members(t, entry, err));
    }
    return COF_OK;
}

cof_status cof_directory_table_make(json_t *root, cof_directory_table *out, cof_err *err)
{
    COF_CLEANUP(cof_directory_table_free) cof_directory_table table = {0};
    COF_TRY(fill(root, &table, err));
    table.root = root;
    *out = table;
    table = (cof_directory_table){0};
    return COF_OK;
}

void cof_directory_table_free(cof_directory_table *table)
{
    for (size_t i = 0; i < COF_DIRECTORY_KINDS; i++) {
        json_decref(table->by_name[i]);
        json_decref(table->by_object[i]);
    }
    json_decref(table->by_client);
    json_decref(table->members);
    json_decref(table->root);
    *table = (cof_directory_table){0};
}
