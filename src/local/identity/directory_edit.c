/* Changes of the directory: a copy is changed, checked as if it had been read, written, and put in
 * place. */
#include "local/identity/directory_edit.h"

#include <string.h>

#include "local/identity/directory_internal.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

/* ---- one change ---- */

static cof_status begin(const cof_directory *directory, json_t **out, cof_err *err)
{
    *out = json_deep_copy(directory->table.root);
    return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "directory");
}

/* Takes *next over when it succeeds. */
static cof_status commit(cof_directory *directory, json_t **next, cof_err *err)
{
    COF_CLEANUP(cof_directory_table_free) cof_directory_table table = {0};
    COF_TRY(cof_json_set(*next, "revision", json_integer((json_int_t)directory->table.revision + 1),
                         err));
    COF_TRY(cof_directory_table_make(*next, &table, err));
    *next = NULL;
    if (directory->guard != NULL) {
        const cof_directory after = {.state = directory->state, .table = table};
        COF_TRY(directory->guard(directory->guard_context, directory, &after, err));
    }
    COF_TRY(cof_directory_write(directory->state, table.root, err));
    const cof_directory_table old = directory->table;
    directory->table = table;
    table = old;
    return COF_OK;
}

static cof_status find_of(json_t *root, cof_principal_kind kind, const char *object_id,
                          json_t **out)
{
    json_t *entry = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(root, cof_directory_lists[kind]), i, entry)
    {
        if (strcmp(json_string_value(json_object_get(entry, "object_id")), object_id) == 0) {
            *out = entry;
            return COF_OK;
        }
    }
    return COF_E_NOT_FOUND;
}

static cof_status find(json_t *root, cof_principal_kind kind, const char *object_id, json_t **out,
                       cof_err *err)
{
    static const char *const kinds[COF_DIRECTORY_KINDS] = {"application", "user", "group"};
    return find_of(root, kind, object_id, out) == COF_OK
               ? COF_OK
               : COF_FAIL(err, NOT_FOUND, "there is no %s with id %.36s", kinds[kind], object_id);
}

/* ---- entries ---- */

cof_status cof_directory_add(cof_directory *directory, cof_principal_kind kind, const char *name,
                             cof_principal *out, cof_err *err)
{
    COF_JSON json_t *next = NULL;
    COF_JSON json_t *entry = NULL;
    cof_principal made;
    COF_TRY(begin(directory, &next, err));
    COF_TRY(cof_directory_make_entry(kind, name, cof_state_now(directory->state), &entry, err));
    COF_TRY(
        cof_json_append(json_object_get(next, cof_directory_lists[kind]), json_incref(entry), err));
    COF_TRY(commit(directory, &next, err));
    if (!cof_directory_by_name(directory, kind, name, &made)) {
        return COF_FAIL(err, INTERNAL, "the new entry is not there");
    }
    *out = made;
    return COF_OK;
}

static void drop_text(json_t *list, const char *text)
{
    for (size_t i = json_array_size(list); i-- > 0;) {
        const char *value = json_string_value(json_array_get(list, i));
        if (value != NULL && strcmp(value, text) == 0) {
            (void)json_array_remove(list, i);
        }
    }
}

static void drop_by(json_t *list, const char *key, const char *text)
{
    for (size_t i = json_array_size(list); i-- > 0;) {
        const char *value = json_string_value(json_object_get(json_array_get(list, i), key));
        if (value != NULL && strcmp(value, text) == 0) {
            (void)json_array_remove(list, i);
        }
    }
}

cof_status cof_directory_remove(cof_directory *directory, const char *object_id, cof_err *err)
{
    COF_JSON json_t *next = NULL;
    json_t *group = NULL;
    cof_principal who;
    size_t i = 0;
    if (!cof_directory_by_object_id(directory, object_id, &who)) {
        return COF_FAIL(err, NOT_FOUND, "there is nobody with id %.36s", object_id);
    }
    if (json_is_true(json_object_get(who.entry, "builtin"))) {
        return COF_FAIL(err, FORBIDDEN, "%s belongs to this installation; disable it instead",
                        who.name);
    }
    COF_TRY(begin(directory, &next, err));
    drop_by(json_object_get(next, cof_directory_lists[who.kind]), "object_id", who.object_id);
    json_array_foreach(json_object_get(next, "groups"), i, group)
    {
        drop_text(json_object_get(group, "members"), who.object_id);
    }
    return commit(directory, &next, err);
}

cof_status cof_directory_set_enabled(cof_directory *directory, const char *object_id,
                                     bool is_enabled, cof_err *err)
{
    COF_JSON json_t *next = NULL;
    json_t *entry = NULL;
    COF_TRY(begin(directory, &next, err));
    if (find_of(next, COF_PRINCIPAL_USER, object_id, &entry) != COF_OK) {
        COF_TRY(find(next, COF_PRINCIPAL_APP, object_id, &entry, err));
    }
    COF_TRY(cof_json_set(entry, "enabled", json_boolean(is_enabled), err));
    return commit(directory, &next, err);
}

/* Neither C0, DEL nor C1 (two bytes from 0xc2 0x80 on): names are printed to terminals. */
static bool has_controls(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    for (; *c != '\0'; c++) {
        if (*c < ' ' || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0)) {
            return true;
        }
    }
    return false;
}

cof_status cof_directory_set_display_name(cof_directory *directory, const char *object_id,
                                          const char *text, cof_err *err)
{
    COF_JSON json_t *next = NULL;
    json_t *entry = NULL;
    if (strlen(text) > COF_LIMIT_NAME_BYTES || !cof_utf8_is_valid(cof_view_text(text)) ||
        has_controls(text)) {
        return COF_FAIL(err, BAD_ARGUMENT,
                        "a display name has at most %d bytes of UTF-8, and no control characters",
                        COF_LIMIT_NAME_BYTES);
    }
    COF_TRY(begin(directory, &next, err));
    COF_TRY(find(next, COF_PRINCIPAL_USER, object_id, &entry, err));
    COF_TRY(cof_json_set(entry, "display_name", json_string(text), err));
    return commit(directory, &next, err);
}

cof_status cof_directory_set_password(cof_directory *directory, const char *object_id,
                                      const char *password, cof_err *err)
{
    COF_JSON json_t *next = NULL;
    json_t *entry = NULL;
    json_t *stored = NULL;
    const size_t size = strlen(password);
    if (size < COF_PASSWORD_MIN || size > COF_PASSWORD_MAX) {
        return COF_FAIL(err, BAD_ARGUMENT, "a password has %d to %d bytes", COF_PASSWORD_MIN,
                        COF_PASSWORD_MAX);
    }
    COF_TRY(begin(directory, &next, err));
    COF_TRY(find(next, COF_PRINCIPAL_USER, object_id, &entry, err));
    COF_TRY(cof_password_make(password, &stored, err));
    COF_TRY(cof_json_set(entry, "password", stored, err));
    COF_TRY(commit(directory, &next, err));
    cof_directory_unlock(directory, object_id);
    return COF_OK;
}

/* ---- groups ---- */

cof_status cof_directory_add_member(cof_directory *directory, const char *group, const char *member,
                                    cof_err *err)
{
    COF_JSON json_t *next = NULL;
    json_t *entry = NULL;
    cof_principal who;
    if (!cof_directory_by_object_id(directory, member, &who) || who.kind == COF_PRINCIPAL_GROUP) {
        return COF_FAIL(err, NOT_FOUND, "there is no user or application with id %.36s", member);
    }
    if (cof_directory_is_member(directory, who.object_id, group)) {
        return COF_FAIL(err, EXISTS, "%s is a member already", who.name);
    }
    COF_TRY(begin(directory, &next, err));
    COF_TRY(find(next, COF_PRINCIPAL_GROUP, group, &entry, err));
    COF_TRY(cof_json_append(json_object_get(entry, "members"), json_string(who.object_id), err));
    return commit(directory, &next, err);
}

cof_status cof_directory_remove_member(cof_directory *directory, const char *group,
                                       const char *member, cof_err *err)
{
    COF_JSON json_t *next = NULL;
    json_t *entry = NULL;
    COF_TRY(begin(directory, &next, err));
    COF_TRY(find(next, COF_PRINCIPAL_GROUP, group, &entry, err));
    if (!cof_directory_is_member(directory, member, group)) {
        return COF_FAIL(err, NOT_FOUND, "%.36s is not a member", member);
    }
    drop_text(json_object_get(entry, "members"), member);
    return commit(directory, &next, err);
}

/* ---- credentials ---- */

cof_status cof_directory_add_secret(cof_directory *directory, const char *object_id,
                                    int64_t expires, char out_id[static 37], cof_buf *out_secret,
                                    cof_err *err)
{
    COF_JSON json_t *next = NULL;
    json_t *entry = NULL;
    char id[COF_GUID_SIZE];
    const int64_t now = cof_state_now(directory->state);
    COF_CLEANUP(cof_buf_free) cof_buf secret = {.limit = 64};
    if (expires != 0 && expires <= now) {
        return COF_FAIL(err, BAD_ARGUMENT, "the time is over already");
    }
    COF_TRY(begin(directory, &next, err));
    COF_TRY(find(next, COF_PRINCIPAL_APP, object_id, &entry, err));
    COF_TRY(cof_directory_make_secret(entry, now, expires, id, &secret, err));
    COF_TRY(cof_buf_reserve(out_secret, secret.size, err));
    COF_TRY(commit(directory, &next, err));
    memcpy(out_id, id, COF_GUID_SIZE);
    return cof_buf_append(out_secret, cof_buf_view(&secret), err);
}

cof_status cof_directory_add_certificate(cof_directory *directory, const char *object_id,
                                         cof_view pem, char out_id[static 37], cof_err *err)
{
    COF_JSON json_t *next = NULL;
    COF_JSON json_t *certificate = NULL;
    json_t *entry = NULL;
    const json_t *other = NULL;
    size_t i = 0;
    COF_TRY(begin(directory, &next, err));
    COF_TRY(find(next, COF_PRINCIPAL_APP, object_id, &entry, err));
    COF_TRY(
        cof_directory_read_certificate(pem, cof_state_now(directory->state), &certificate, err));
    json_t *list = json_object_get(entry, "certificates");
    const json_t *thumbprint = json_object_get(certificate, "x5t_s256");
    json_array_foreach(list, i, other)
    {
        if (json_equal(json_object_get(other, "x5t_s256"), thumbprint)) {
            return COF_FAIL(err, EXISTS, "the application has this certificate already");
        }
    }
    COF_TRY(cof_json_append(list, json_incref(certificate), err));
    COF_TRY(commit(directory, &next, err));
    memcpy(out_id, json_string_value(json_object_get(certificate, "id")), COF_GUID_SIZE);
    return COF_OK;
}

cof_status cof_directory_add_federated(cof_directory *directory, const char *object_id,
                                       const char *name, const cof_federated *identity,
                                       char out_id[static 37], cof_err *err)
{
    COF_JSON json_t *next = NULL;
    COF_JSON json_t *federated = NULL;
    json_t *entry = NULL;
    const json_t *other = NULL;
    size_t i = 0;
    COF_TRY(begin(directory, &next, err));
    COF_TRY(find(next, COF_PRINCIPAL_APP, object_id, &entry, err));
    COF_TRY(cof_directory_read_federated(name, identity, &federated, err));
    json_t *list = json_object_get(entry, "federated");
    json_array_foreach(list, i, other)
    {
        if (json_equal(json_object_get(other, "issuer"), json_object_get(federated, "issuer")) &&
            json_equal(json_object_get(other, "subject"), json_object_get(federated, "subject"))) {
            return COF_FAIL(err, EXISTS, "the application trusts this identity already");
        }
    }
    COF_TRY(cof_json_append(list, json_incref(federated), err));
    COF_TRY(commit(directory, &next, err));
    memcpy(out_id, json_string_value(json_object_get(federated, "id")), COF_GUID_SIZE);
    return COF_OK;
}

cof_status cof_directory_remove_credential(cof_directory *directory, const char *object_id,
                                           const char *id, cof_err *err)
{
    static const char *const lists[] = {"secrets", "certificates", "federated"};
    COF_JSON json_t *next = NULL;
    json_t *entry = NULL;
    size_t before = 0;
    size_t after = 0;
    COF_TRY(begin(directory, &next, err));
    COF_TRY(find(next, COF_PRINCIPAL_APP, object_id, &entry, err));
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        json_t *list = json_object_get(entry, lists[i]);
        before += json_array_size(list);
        drop_by(list, "id", id);
        after += json_array_size(list);
    }
    if (before == after) {
        return COF_FAIL(err, NOT_FOUND, "the application has no credential %.36s", id);
    }
    return commit(directory, &next, err);
}

/* ---- looking ---- */

int64_t cof_directory_revision(const cof_directory *directory)
{
    return directory->table.revision;
}

const json_t *cof_directory_entries(const cof_directory *directory, cof_principal_kind kind)
{
    return json_object_get(directory->table.root, cof_directory_lists[kind]);
}

void cof_directory_set_guard(cof_directory *directory, cof_directory_guard guard, void *context)
{
    directory->guard = guard;
    directory->guard_context = context;
}
