/*
 * What each assignment was used for: for review, never for a decision. In memory; made durable at
 * most once an hour, and at the end. identity/access-used.json:
 *
 *   {"coffer":"access-used/v1","used":{ID:{"last":time,"actions":[…],"scopes":[…],"more":bool}}}
 */
#include <string.h>

#include "local/identity/access_internal.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum { SAVE_S = 3600 };

static const char used_file[] = "identity/access-used.json";

void cof_access_use_free(cof_access_use *use)
{
    for (size_t i = 0; i < COF_ACCESS_USED_SCOPES; i++) {
        free(use->scopes[i]);
    }
    *use = (cof_access_use){0};
}

/* A call is admitted before its object is looked for, so its name may be anything: what no grant
 * could name is not noted, for it stands in remedies, which are command lines. */
static void note_scope(cof_access_use *use, const char *scope)
{
    if (use->scope_count > COF_ACCESS_USED_SCOPES || !cof_scope_is_valid(scope)) {
        return;
    }
    for (size_t i = 0; i < use->scope_count; i++) {
        if (strcmp(use->scopes[i], scope) == 0) {
            return;
        }
    }
    if (use->scope_count == COF_ACCESS_USED_SCOPES) {
        use->scope_count = COF_ACCESS_USED_SCOPES + 1;
        return;
    }
    use->scopes[use->scope_count] = strdup(scope);
    if (use->scopes[use->scope_count] != NULL) {
        use->scope_count++;
    }
}

void cof_access_note(cof_access *access, cof_access_row *row, unsigned action, const char *scope,
                     int64_t now)
{
    row->use.last = now;
    row->use.actions |= (cof_actions)1 << action;
    note_scope(&row->use, scope);
    access->is_use_dirty = true;
    if (now - access->use_written >= SAVE_S) {
        cof_access_save_uses(access);
    }
}

static cof_status use_json(const cof_access_use *use, json_t **out, cof_err *err)
{
    COF_JSON json_t *actions = json_array();
    COF_JSON json_t *scopes = json_array();
    for (size_t i = 0; cof_action_name(i) != NULL; i++) {
        if ((use->actions >> i & 1) != 0) {
            COF_TRY(cof_json_append(actions, json_string(cof_action_name(i)), err));
        }
    }
    for (size_t i = 0; i < COF_ACCESS_USED_SCOPES && use->scopes[i] != NULL; i++) {
        COF_TRY(cof_json_append(scopes, json_string(use->scopes[i]), err));
    }
    *out = json_pack("{s:o,s:O,s:O,s:b}", "last",
                     use->last != 0 ? json_integer((json_int_t)use->last) : json_null(), "actions",
                     actions, "scopes", scopes, "more", use->scope_count > COF_ACCESS_USED_SCOPES);
    return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "uses");
}

cof_status cof_access_use_json(const cof_access *access, const char *id, json_t **out, cof_err *err)
{
    for (size_t i = 0; i < access->table.count; i++) {
        if (strcmp(access->table.rows[i].id, id) == 0) {
            return use_json(&access->table.rows[i].use, out, err);
        }
    }
    return COF_FAIL(err, NOT_FOUND, "there is no assignment %s", id);
}

static cof_status save(const cof_access *access, cof_err *err)
{
    COF_JSON json_t *used = json_object();
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_ACCESS_BYTES};
    for (size_t i = 0; i < access->table.count; i++) {
        const cof_access_row *row = &access->table.rows[i];
        json_t *use = NULL;
        if (row->use.last != 0) {
            COF_TRY(use_json(&row->use, &use, err));
            COF_TRY(cof_json_set(used, row->id, use, err));
        }
    }
    COF_JSON json_t *root = json_pack("{s:s,s:O}", "coffer", "access-used/v1", "used", used);
    COF_TRY(root != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "uses"));
    COF_TRY(cof_json_print(root, &text, err));
    COF_TRY(cof_buf_append_text(&text, "\n", err));
    return cof_state_write(access->state, used_file, cof_buf_view(&text), err);
}

/* A failure is not repeated at every call: the next try is an hour later. */
void cof_access_save_uses(cof_access *access)
{
    access->use_written = cof_state_now(access->state);
    if (save(access, NULL) == COF_OK) {
        access->is_use_dirty = false;
    }
}

static cof_status read_use(const json_t *value, cof_access_use *use, cof_err *err)
{
    json_t *actions = NULL;
    json_t *scopes = NULL;
    const json_t *text = NULL;
    size_t i = 0;
    bool is_more = false;
    if (!json_is_object(value)) {
        return COF_FAIL(err, BAD_FORMAT, "a use is not an object");
    }
    COF_TRY(cof_json_get(value, "actions", JSON_ARRAY, &actions, err));
    COF_TRY(cof_json_get(value, "scopes", JSON_ARRAY, &scopes, err));
    COF_TRY(cof_json_get_bool(value, "more", &is_more, err));
    COF_TRY(cof_json_get_int(value, "last", 1, INT64_MAX, &use->last, err));
    json_array_foreach(actions, i, text)
    {
        const int index = json_is_string(text) ? cof_action_index(json_string_value(text)) : -1;
        use->actions |= index >= 0 ? (cof_actions)1 << index : 0;
    }
    json_array_foreach(scopes, i, text)
    {
        if (json_is_string(text)) {
            note_scope(use, json_string_value(text));
        }
    }
    if (is_more) {
        use->scope_count = COF_ACCESS_USED_SCOPES + 1;
    }
    return COF_OK;
}

void cof_access_load_uses(cof_access *access)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_ACCESS_BYTES};
    COF_JSON json_t *root = NULL;
    if (cof_state_read(access->state, used_file, &text, NULL) != COF_OK ||
        cof_json_parse(cof_buf_view(&text), COF_ACCESS_BYTES, &root, NULL) != COF_OK ||
        !json_is_object(root)) {
        return;
    }
    const json_t *used = json_object_get(root, "used");
    for (size_t i = 0; i < access->table.count; i++) {
        cof_access_row *row = &access->table.rows[i];
        const json_t *value = json_object_get(used, row->id);
        if (value != NULL && read_use(value, &row->use, NULL) != COF_OK) {
            cof_access_use_free(&row->use);
        }
    }
}
