#include "local/identity/directory.h"

#include <string.h>

#include "local/identity/directory_internal.h"
#include "tcb/base/wipe.h"
#include "tcb/crypto/digest.h"
#include "tcb/wire/json.h"

enum { FREE_TRIES = 10, PAUSE_S = 60 };

static const char directory_file[] = "identity/directory.json";

/* ---- the file ---- */

cof_status cof_directory_write(const cof_state *state, const json_t *root, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_DIRECTORY_BYTES};
    COF_TRY(cof_json_print(root, &text, err));
    COF_TRY(cof_buf_append_text(&text, "\n", err));
    return cof_state_write(state, directory_file, cof_buf_view(&text), err);
}

static cof_status read_root(const cof_state *state, json_t **out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_DIRECTORY_BYTES};
    COF_JSON json_t *root = NULL;
    COF_TRY(cof_state_read(state, directory_file, &text, err));
    COF_TRY(cof_json_parse(cof_buf_view(&text), COF_DIRECTORY_BYTES, &root, err));
    if (!json_is_object(root)) {
        return COF_FAIL(err, BAD_FORMAT, "it is not an object");
    }
    *out = root;
    root = NULL;
    return COF_OK;
}

/* The credential files are written before the directory: a crash in between makes new ones at the
 * next start, and nobody has the old. Nothing is written that could not be read again: what an
 * older version left may be damaged. */
static cof_status make_table(const cof_state *state, cof_directory_table *out, cof_err *err)
{
    COF_CLEANUP(cof_directory_table_free) cof_directory_table table = {0};
    COF_JSON json_t *root = NULL;
    COF_TRY(cof_state_make_folder(state, "identity", err));
    COF_TRY(cof_state_make_folder(state, "clients", err));
    COF_TRY(cof_directory_first(state, &root, err));
    COF_TRY(cof_directory_table_make(root, &table, err));
    root = NULL;
    COF_TRY(cof_directory_write(state, table.root, err));
    *out = table;
    table = (cof_directory_table){0};
    return COF_OK;
}

static cof_status read_or_make(const cof_state *state, cof_directory_table *out, cof_err *err)
{
    COF_JSON json_t *root = NULL;
    const cof_status status = read_root(state, &root, err);
    if (status == COF_E_NOT_FOUND) {
        return make_table(state, out, err);
    }
    COF_TRY(status);
    COF_TRY(cof_directory_table_make(root, out, err));
    root = NULL;
    return COF_OK;
}

cof_status cof_directory_open(const cof_state *state, cof_directory **out, cof_err *err)
{
    COF_CLEANUP(cof_directory_drop_) cof_directory *directory = calloc(1, sizeof *directory);
    if (directory == NULL) {
        return COF_FAIL(err, NO_MEMORY, "directory");
    }
    directory->state = state;
    const cof_status status = read_or_make(state, &directory->table, err);
    if (status != COF_OK) {
        cof_err_context(err, "%s", directory_file);
        return status;
    }
    COF_TRY(cof_directory_refresh_credentials(directory, err));
    *out = cof_directory_take(&directory);
    return COF_OK;
}

/* ---- who is there ---- */

cof_principal cof_directory_principal(cof_principal_kind kind, const json_t *entry)
{
    return (cof_principal){.kind = kind,
                           .name = json_string_value(json_object_get(entry, "name")),
                           .object_id = json_string_value(json_object_get(entry, "object_id")),
                           .client_id = json_string_value(json_object_get(entry, "client_id")),
                           .entry = entry};
}

bool cof_directory_by_client_id(const cof_directory *directory, const char *client_id,
                                cof_principal *out)
{
    char id[COF_GUID_SIZE];
    const json_t *entry =
        cof_guid_lower(client_id, id) ? json_object_get(directory->table.by_client, id) : NULL;
    if (entry != NULL) {
        *out = cof_directory_principal(COF_PRINCIPAL_APP, entry);
    }
    return entry != NULL;
}

bool cof_directory_by_object_id(const cof_directory *directory, const char *object_id,
                                cof_principal *out)
{
    char id[COF_GUID_SIZE];
    if (!cof_guid_lower(object_id, id)) {
        return false;
    }
    for (int kind = 0; kind < COF_DIRECTORY_KINDS; kind++) {
        const json_t *entry = json_object_get(directory->table.by_object[kind], id);
        if (entry != NULL) {
            *out = cof_directory_principal((cof_principal_kind)kind, entry);
            return true;
        }
    }
    return false;
}

bool cof_directory_by_name(const cof_directory *directory, cof_principal_kind kind,
                           const char *name, cof_principal *out)
{
    const json_t *entry = json_object_get(directory->table.by_name[kind], name);
    if (entry != NULL) {
        *out = cof_directory_principal(kind, entry);
    }
    return entry != NULL;
}

bool cof_directory_is_member(const cof_directory *directory, const char *object_id,
                             const char *group_object_id)
{
    const json_t *members = json_object_get(directory->table.members, group_object_id);
    return json_object_get(members, object_id) != NULL;
}

bool cof_principal_is_enabled(const cof_principal *principal)
{
    return principal->kind == COF_PRINCIPAL_GROUP ||
           json_is_true(json_object_get(principal->entry, "enabled"));
}

/* ---- how they prove it ---- */

static bool is_over(const json_t *credential, int64_t now)
{
    const json_t *expires = json_object_get(credential, "expires");
    return json_is_integer(expires) && json_integer_value(expires) <= now;
}

/* Every secret is looked at, whichever fits. */
cof_proof cof_directory_check_secret(const cof_directory *directory, const cof_principal *app,
                                     const char *secret)
{
    const json_t *list = json_object_get(app->entry, "secrets");
    const json_t *value = NULL;
    size_t i = 0;
    cof_digest digest;
    char text[2 * COF_DIGEST_SIZE + 1];
    cof_proof proof = COF_PROOF_WRONG;
    if (cof_digest_of(cof_view_text(secret), &digest, NULL) != COF_OK) {
        return COF_PROOF_WRONG;
    }
    cof_digest_text(&digest, text);
    json_array_foreach(list, i, value)
    {
        const char *stored = json_string_value(json_object_get(value, "sha256"));
        if (cof_secret_equal(stored, text, sizeof text - 1) && proof != COF_PROOF_FITS) {
            proof = is_over(value, cof_state_now(directory->state)) ? COF_PROOF_EXPIRED
                                                                    : COF_PROOF_FITS;
        }
    }
    return proof;
}

/* The user's row; a free one; else that of who was wrong the longest ago. */
static cof_directory_lock *find_lock(cof_directory *directory, const char *object_id)
{
    cof_directory_lock *oldest = &directory->locks[0];
    for (size_t i = 0; i < COF_DIRECTORY_LOCKS; i++) {
        cof_directory_lock *lock = &directory->locks[i];
        if (strcmp(lock->object_id, object_id) == 0) {
            return lock;
        }
        if (lock->last < oldest->last) {
            oldest = lock;
        }
    }
    *oldest = (cof_directory_lock){0};
    memcpy(oldest->object_id, object_id, COF_GUID_SIZE);
    return oldest;
}

cof_proof cof_directory_check_password(cof_directory *directory, const cof_principal *user,
                                       const char *password)
{
    const int64_t now = cof_state_now(directory->state);
    if (user == NULL) {
        (void)cof_password_fits(NULL, password);
        return COF_PROOF_WRONG;
    }
    cof_directory_lock *lock = find_lock(directory, user->object_id);
    if (now < lock->until) {
        return COF_PROOF_LOCKED;
    }
    const json_t *stored = json_object_get(user->entry, "password");
    if (cof_password_fits(json_is_object(stored) ? stored : NULL, password)) {
        *lock = (cof_directory_lock){0};
        return COF_PROOF_FITS;
    }
    lock->failures++;
    lock->last = now;
    lock->until = lock->failures >= FREE_TRIES ? now + PAUSE_S : 0;
    return COF_PROOF_WRONG;
}

void cof_directory_unlock(cof_directory *directory, const char *object_id)
{
    for (size_t i = 0; i < COF_DIRECTORY_LOCKS; i++) {
        if (strcmp(directory->locks[i].object_id, object_id) == 0) {
            directory->locks[i] = (cof_directory_lock){0};
        }
    }
}

static bool has_thumbprint(const json_t *certificate, const char *key, const char *asked)
{
    return asked == NULL ||
           strcmp(json_string_value(json_object_get(certificate, key)), asked) == 0;
}

bool cof_directory_certificate(const cof_directory *directory, const cof_principal *app,
                               const char *x5t, const char *x5t_s256, const char **out_der)
{
    const json_t *list = json_object_get(app->entry, "certificates");
    const int64_t now = cof_state_now(directory->state);
    const json_t *value = NULL;
    size_t i = 0;
    if (x5t == NULL && x5t_s256 == NULL) {
        return false;
    }
    json_array_foreach(list, i, value)
    {
        if (has_thumbprint(value, "x5t", x5t) && has_thumbprint(value, "x5t_s256", x5t_s256) &&
            json_integer_value(json_object_get(value, "starts")) <= now && !is_over(value, now)) {
            *out_der = json_string_value(json_object_get(value, "der"));
            return true;
        }
    }
    return false;
}

size_t cof_directory_federated_count(const cof_principal *app)
{
    return json_array_size(json_object_get(app->entry, "federated"));
}

cof_federated cof_directory_federated(const cof_principal *app, size_t index)
{
    const json_t *value = json_array_get(json_object_get(app->entry, "federated"), index);
    return (cof_federated){.issuer = json_string_value(json_object_get(value, "issuer")),
                           .subject = json_string_value(json_object_get(value, "subject")),
                           .audience = json_string_value(json_object_get(value, "audience")),
                           .keys = json_object_get(value, "keys")};
}

void cof_directory_free(cof_directory *directory)
{
    if (directory != NULL) {
        cof_directory_table_free(&directory->table);
        free(directory);
    }
}
