#include "local/identity/access.h"

#include <string.h>
#include <unistd.h>

#include "local/identity/access_internal.h"
#include "local/identity/directory_internal.h"
#include "tcb/wire/json.h"

static const char access_file[] = "identity/access.json";

/* ---- the file ---- */

cof_status cof_access_write(const cof_state *state, const json_t *root, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_ACCESS_BYTES};
    COF_TRY(cof_json_print(root, &text, err));
    COF_TRY(cof_buf_append_text(&text, "\n", err));
    return cof_state_write(state, access_file, cof_buf_view(&text), err);
}

static cof_status read_root(const cof_state *state, json_t **out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_ACCESS_BYTES};
    COF_JSON json_t *root = NULL;
    COF_TRY(cof_state_read(state, access_file, &text, err));
    COF_TRY(cof_json_parse(cof_buf_view(&text), COF_ACCESS_BYTES, &root, err));
    if (!json_is_object(root)) {
        return COF_FAIL(err, BAD_FORMAT, "it is not an object");
    }
    *out = root;
    root = NULL;
    return COF_OK;
}

/* All of it is in the two new files. Best effort: what stays is not read again. */
static void forget_old_clients(const cof_state *state)
{
    cof_path path;
    if (cof_state_path(state, COF_OLD_CLIENTS_FILE, &path, NULL) == COF_OK) {
        (void)unlink(path.text);
    }
}

/* Nothing is written that could not be read again: what an older version left may be damaged. */
static cof_status make_table(const cof_state *state, const cof_directory *directory,
                             cof_access_table *out, cof_err *err)
{
    COF_CLEANUP(cof_access_table_free) cof_access_table table = {0};
    COF_JSON json_t *root = NULL;
    COF_TRY(cof_access_first(state, directory, &root, err));
    COF_TRY(cof_access_table_make(root, &table, err));
    root = NULL;
    COF_TRY(cof_access_write(state, table.root, err));
    forget_old_clients(state);
    *out = table;
    table = (cof_access_table){0};
    return COF_OK;
}

static cof_status read_or_make(const cof_state *state, const cof_directory *directory,
                               cof_access_table *out, cof_err *err)
{
    COF_JSON json_t *root = NULL;
    const cof_status status = read_root(state, &root, err);
    if (status == COF_E_NOT_FOUND) {
        return make_table(state, directory, out, err);
    }
    COF_TRY(status);
    COF_TRY(cof_access_table_make(root, out, err));
    root = NULL;
    return COF_OK;
}

/* A change of the directory that would lock everybody out is not made. One that leaves what was
 * so before is. */
static cof_status guard(void *context, const cof_directory *before, const cof_directory *after,
                        cof_err *err)
{
    const cof_access *access = context;
    const int64_t now = cof_state_now(access->state);
    if (cof_access_has_admin(before, &access->table, now) &&
        !cof_access_has_admin(after, &access->table, now)) {
        return COF_FAIL(err, FORBIDDEN,
                        "this would leave nobody who can change grants; give another one "
                        "\"Access Administrator\" at / first");
    }
    return COF_OK;
}

cof_status cof_access_open(const cof_state *state, cof_directory *directory, cof_access **out,
                           cof_err *err)
{
    COF_CLEANUP(cof_access_drop_) cof_access *access = calloc(1, sizeof *access);
    if (access == NULL) {
        return COF_FAIL(err, NO_MEMORY, "access");
    }
    access->state = state;
    access->directory = directory;
    const cof_status status = read_or_make(state, directory, &access->table, err);
    if (status != COF_OK) {
        cof_err_context(err, "%s", access_file);
        return status;
    }
    cof_access_load_uses(access);
    cof_directory_set_guard(directory, guard, access);
    *out = cof_access_take(&access);
    return COF_OK;
}

/* ---- asking ---- */

bool cof_access_row_is_of(const cof_directory *directory, const cof_access_row *row,
                          const char *object_id)
{
    return strcmp(row->principal, object_id) == 0 ||
           cof_directory_is_member(directory, object_id, row->principal);
}

/* Of several grants that allow it, the narrowest counts as the used one: review is to find those
 * that could go. */
bool cof_access_allows(cof_access *access, const json_t *claims, const char *action,
                       const char *scope)
{
    const char *object_id = json_string_value(json_object_get(claims, "oid"));
    const int index = cof_action_index(action);
    const int64_t now = cof_state_now(access->state);
    cof_access_row *best = NULL;
    cof_principal who;
    if (object_id == NULL || index < 0 || scope[0] != '/' ||
        !cof_directory_by_object_id(access->directory, object_id, &who) ||
        who.kind == COF_PRINCIPAL_GROUP || !cof_principal_is_enabled(&who)) {
        return false;
    }
    for (size_t i = 0; i < access->table.count; i++) {
        cof_access_row *row = &access->table.rows[i];
        if ((row->actions >> index & 1) != 0 && now < row->expires &&
            cof_access_row_is_of(access->directory, row, who.object_id) &&
            cof_scope_covers(row->scope, scope) &&
            (best == NULL || strlen(row->scope) > strlen(best->scope))) {
            best = row;
        }
    }
    if (best != NULL) {
        cof_access_note(access, best, (unsigned)index, scope, now);
    }
    return best != NULL;
}

static bool has_text(const json_t *list, const char *text)
{
    const json_t *value = NULL;
    size_t i = 0;
    json_array_foreach(list, i, value)
    {
        const char *other = json_string_value(value);
        if (other != NULL && strcmp(other, text) == 0) {
            return true;
        }
    }
    return false;
}

cof_status cof_access_app_roles(const cof_access *access, const char *object_id, json_t *out_roles,
                                cof_err *err)
{
    const int64_t now = cof_state_now(access->state);
    for (size_t i = 0; i < access->table.count; i++) {
        const cof_access_row *row = &access->table.rows[i];
        const cof_role *role = cof_role_find(row->role);
        if (role != NULL && role->is_app_role && now < row->expires &&
            cof_access_row_is_of(access->directory, row, object_id) &&
            !has_text(out_roles, role->name)) {
            COF_TRY(cof_json_append(out_roles, json_string(role->name), err));
        }
    }
    return COF_OK;
}

void cof_access_free(cof_access *access)
{
    if (access != NULL) {
        cof_directory_set_guard(access->directory, NULL, NULL);
        if (access->is_use_dirty) {
            cof_access_save_uses(access);
        }
        cof_access_table_free(&access->table);
        free(access);
    }
}
