#include "local/identity/access_review.h"

#include <stdio.h>
#include <string.h>

#include "local/identity/access_internal.h"
#include "local/identity/directory_internal.h"
#include "tcb/wire/json.h"

enum { DAY_S = 86400, SOON_S = 30 * DAY_S, REMEDY_BYTES = 4096, EXPIRY_SIZE = 40 };

static const char *const kinds[] = {"app", "user", "group"};

typedef struct review {
    const cof_access *access;
    const cof_directory *directory;
    const cof_review_options *options;
    json_t *out;
} review;

/* text and remedy are taken over. */
static cof_status add(const review *r, const char *kind, const char *principal, const char *member,
                      const char *id, json_t *text, json_t *remedy, cof_err *err)
{
    return cof_json_append(r->out,
                           json_pack("{s:s,s:s,s:s,s:o,s:o}", "kind", kind, "principal", principal,
                                     member, id, "text", text, "remedy", remedy),
                           err);
}

/* ---- assignments ---- */

static unsigned count_of(cof_actions set)
{
    return (unsigned)__builtin_popcountll(set);
}

/* A smaller built-in role that is enough for what was done. */
static const cof_role *find_smaller(const cof_access_row *row)
{
    const cof_role *best = NULL;
    unsigned least = count_of(row->actions);
    for (size_t i = 0; cof_role_at(i) != NULL; i++) {
        const cof_actions actions = cof_role_actions(cof_role_at(i));
        if ((row->use.actions & ~actions) == 0 && count_of(actions) < least &&
            (actions & ~row->actions) == 0) {
            best = cof_role_at(i);
            least = count_of(actions);
        }
    }
    return best;
}

/* A grant that ends is replaced by one that ends then. */
static const char *expiry_option(const cof_access_row *row, char out[static EXPIRY_SIZE])
{
    out[0] = '\0';
    if (row->expires != INT64_MAX) {
        (void)snprintf(out, EXPIRY_SIZE, " --expires %lld", (long long)row->expires);
    }
    return out;
}

static cof_status review_role(const review *r, const cof_access_row *row, const char *name,
                              cof_err *err)
{
    char expires[EXPIRY_SIZE];
    const cof_role *smaller = find_smaller(row);
    if (smaller == NULL) {
        return COF_OK;
    }
    return add(r, "broad-role", name, "assignment", row->id,
               json_sprintf("%s used %u of the %u actions of %s", name, count_of(row->use.actions),
                            count_of(row->actions), row->role),
               json_sprintf("coffer access grant %s \"%s\" --scope %s%s && coffer access revoke %s",
                            name, smaller->name, row->scope, expiry_option(row, expires), row->id),
               err);
}

/* The places that a wide grant was used for, when they are few and narrower than it. */
static cof_status review_scope(const review *r, const cof_access_row *row, const char *name,
                               cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf remedy = {.limit = REMEDY_BYTES};
    const char *text = NULL;
    char expires[EXPIRY_SIZE];
    if (row->use.scope_count == 0 || row->use.scope_count > COF_ACCESS_USED_SCOPES) {
        return COF_OK;
    }
    for (size_t i = 0; i < row->use.scope_count; i++) {
        const char *scope = row->use.scopes[i];
        if (strncmp(scope, "/keys/", 6) != 0 && strncmp(scope, "/secrets/", 9) != 0) {
            return COF_OK;
        }
        if (strcmp(scope, row->scope) == 0 ||
            cof_buf_printf(&remedy, NULL, "coffer access grant %s \"%s\" --scope %s%s && ", name,
                           row->role, scope, expiry_option(row, expires)) != COF_OK) {
            return COF_OK;
        }
    }
    COF_TRY(cof_buf_printf(&remedy, err, "coffer access revoke %s", row->id));
    COF_TRY(cof_buf_text(&remedy, &text, err));
    return add(r, "broad-scope", name, "assignment", row->id,
               json_sprintf("%s has %s at %s, and used it for %zu place%s only", name, row->role,
                            row->scope, row->use.scope_count, row->use.scope_count == 1 ? "" : "s"),
               json_string(text), err);
}

static cof_status review_unused(const review *r, const cof_access_row *row, const char *name,
                                cof_err *err)
{
    const long long days = (long long)(r->options->unused_s / DAY_S);
    return add(
        r, "unused", name, "assignment", row->id,
        json_sprintf("%s did not use %s at %s for %lld days", name, row->role, row->scope, days),
        json_sprintf("coffer access revoke %s", row->id), err);
}

static cof_status review_gone(const review *r, const cof_access_row *row, const char *name,
                              const char *kind, const char *why, cof_err *err)
{
    return add(r, kind, name, "assignment", row->id,
               json_sprintf("%s %s: %s at %s", name, why, row->role, row->scope),
               json_sprintf("coffer access revoke %s", row->id), err);
}

static cof_status review_row(const review *r, const json_t *assignment, const cof_access_row *row,
                             cof_err *err)
{
    cof_principal who;
    const int64_t since = r->options->now - r->options->unused_s;
    const cof_role *role = cof_role_find(row->role);
    if (!cof_directory_by_object_id(r->directory, row->principal, &who)) {
        return review_gone(r, row, row->principal, "orphan", "is nobody of the directory", err);
    }
    if (row->expires <= r->options->now) {
        return review_gone(r, row, who.name, "expired-grant", "has a grant that has expired", err);
    }
    if (!cof_principal_is_enabled(&who)) {
        return review_gone(r, row, who.name, "disabled", "is disabled, and has a grant", err);
    }
    /* The control plane's roles are used there, which is not seen here. */
    if (role != NULL && role->is_app_role) {
        return COF_OK;
    }
    if (json_integer_value(json_object_get(assignment, "created")) > since) {
        return COF_OK; /* too young to say */
    }
    if (row->use.last <= since) {
        return review_unused(r, row, who.name, err);
    }
    COF_TRY(review_scope(r, row, who.name, err));
    return review_role(r, row, who.name, err);
}

/* ---- credentials ---- */

static cof_status review_credential(const review *r, const char *name, const char *what,
                                    const json_t *credential, cof_err *err)
{
    const json_t *expires = json_object_get(credential, "expires");
    const char *id = json_string_value(json_object_get(credential, "id"));
    const int64_t left = json_integer_value(expires) - r->options->now;
    if (json_is_null(expires)) {
        return add(r, "endless-secret", name, "credential", id,
                   json_sprintf("%s has a secret that never expires", name),
                   json_sprintf("coffer access app secret add %s --ttl 90d && coffer access app "
                                "secret remove %s %s",
                                name, name, id),
                   err);
    }
    if (left <= 0) {
        return add(r, "expired-credential", name, "credential", id,
                   json_sprintf("a %s of %s has expired", what, name),
                   json_sprintf("coffer access app %s remove %s %s", what, name, id), err);
    }
    if (left < SOON_S) {
        return add(
            r, "expiring-credential", name, "credential", id,
            json_sprintf("a %s of %s expires in %lld days", what, name, (long long)(left / DAY_S)),
            json_sprintf(strcmp(what, "secret") == 0 ? "coffer access app secret add %s --ttl 90d"
                                                     : "coffer access app certificate add %s FILE",
                         name),
            err);
    }
    return COF_OK;
}

static cof_status review_app(const review *r, const json_t *app, cof_err *err)
{
    const char *name = json_string_value(json_object_get(app, "name"));
    const bool is_built_in = json_is_true(json_object_get(app, "builtin"));
    const json_t *value = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(app, "secrets"), i, value)
    {
        /* Those of the installation itself lie in its own folder and are meant to last. */
        if (!is_built_in || !json_is_null(json_object_get(value, "expires"))) {
            COF_TRY(review_credential(r, name, "secret", value, err));
        }
    }
    json_array_foreach(json_object_get(app, "certificates"), i, value)
    {
        COF_TRY(review_credential(r, name, "certificate", value, err));
    }
    return COF_OK;
}

static cof_status review_user(const review *r, const json_t *user, cof_err *err)
{
    const char *name = json_string_value(json_object_get(user, "name"));
    const char *id = json_string_value(json_object_get(user, "object_id"));
    const json_t *group = NULL;
    size_t i = 0;
    json_array_foreach(cof_directory_entries(r->directory, COF_PRINCIPAL_GROUP), i, group)
    {
        if (cof_directory_is_member(r->directory, id,
                                    json_string_value(json_object_get(group, "object_id")))) {
            return COF_OK;
        }
    }
    return add(r, "no-group", name, "user", id, json_sprintf("%s is in no group", name),
               json_sprintf("coffer access group add GROUP %s", name), err);
}

static cof_status review_all(const review *r, cof_err *err)
{
    const json_t *assignments = cof_access_assignments(r->access);
    const json_t *entry = NULL;
    size_t i = 0;
    for (size_t k = 0; k < r->access->table.count; k++) {
        COF_TRY(review_row(r, json_array_get(assignments, k), &r->access->table.rows[k], err));
    }
    json_array_foreach(cof_directory_entries(r->directory, COF_PRINCIPAL_APP), i, entry)
    {
        COF_TRY(review_app(r, entry, err));
    }
    json_array_foreach(cof_directory_entries(r->directory, COF_PRINCIPAL_USER), i, entry)
    {
        COF_TRY(review_user(r, entry, err));
    }
    return COF_OK;
}

cof_status cof_access_review(const cof_access *access, const cof_directory *directory,
                             const cof_review_options *options, json_t **out, cof_err *err)
{
    COF_JSON json_t *findings = json_array();
    const review r = {
        .access = access, .directory = directory, .options = options, .out = findings};
    COF_TRY(review_all(&r, err));
    *out = json_incref(findings);
    return COF_OK;
}

cof_status cof_access_list_grants(const cof_access *access, const cof_directory *directory,
                                  json_t **out, cof_err *err)
{
    COF_JSON json_t *list = json_array();
    const json_t *assignments = cof_access_assignments(access);
    for (size_t i = 0; i < access->table.count; i++) {
        const cof_access_row *row = &access->table.rows[i];
        cof_principal who = {.name = ""};
        const bool is_known = cof_directory_by_object_id(directory, row->principal, &who);
        COF_JSON json_t *shown = json_deep_copy(json_array_get(assignments, i));
        json_t *use = NULL;
        COF_TRY(cof_json_set(shown, "principal_name", json_string(who.name), err));
        COF_TRY(cof_json_set(shown, "principal_kind",
                             is_known ? json_string(kinds[who.kind]) : json_null(), err));
        COF_TRY(cof_access_use_json(access, row->id, &use, err));
        COF_TRY(cof_json_set(shown, "use", use, err));
        COF_TRY(cof_json_append(list, json_incref(shown), err));
    }
    *out = json_incref(list);
    return COF_OK;
}
