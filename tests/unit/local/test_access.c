/* Grants: who may do what where, for how long; who may give that to others. */
#include "local_fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "local/identity/access_edit.h"
#include "local/identity/access_review.h"
#include "local/identity/directory_edit.h"
#include "tcb/wire/json.h"

#define FOREVER 0

typedef struct world {
    cof_directory *directory;
    cof_access *access;
} world;

static void world_open(const local_fixture *f, world *w)
{
    assert_ok(cof_directory_open(f->state, &w->directory, NULL));
    assert_ok(cof_access_open(f->state, w->directory, &w->access, NULL));
}

static void world_close(world *w)
{
    cof_access_free(w->access);
    cof_directory_free(w->directory);
    *w = (world){0};
}

static cof_principal find(const world *w, const char *name)
{
    cof_principal who = {0};
    assert_true(cof_directory_by_name(w->directory, COF_PRINCIPAL_APP, name, &who) ||
                cof_directory_by_name(w->directory, COF_PRINCIPAL_USER, name, &who) ||
                cof_directory_by_name(w->directory, COF_PRINCIPAL_GROUP, name, &who));
    return who;
}

static bool may(const world *w, const char *name, const char *action, const char *scope)
{
    COF_JSON json_t *claims = json_pack("{s:s}", "oid", find(w, name).object_id);
    return cof_access_allows(w->access, claims, action, scope);
}

static void make(const world *w, cof_principal_kind kind, const char *name)
{
    cof_principal who;
    assert_ok(cof_directory_add(w->directory, kind, name, &who, NULL));
}

static cof_status grant(const world *w, const char *name, const char *role, const char *scope,
                        int64_t expires, char id[static 37])
{
    const cof_assignment asked = {.principal = find(w, name).object_id,
                                  .role = role,
                                  .scope = scope,
                                  .by = "",
                                  .expires = expires};
    return cof_access_grant(w->access, &asked, id, NULL);
}

static cof_status may_grant(const world *w, const char *by, const char *role, const char *scope,
                            int64_t expires)
{
    const cof_assignment asked = {.principal = find(w, by).object_id,
                                  .role = role,
                                  .scope = scope,
                                  .by = "",
                                  .expires = expires};
    return cof_access_may_grant(w->access, find(w, by).object_id, &asked, NULL);
}

/* ---- the first start ---- */

static void the_first_applications_may_do_their_work_and_no_more(void **state)
{
    COF_CLEANUP(world_close) world w = {0};
    world_open(*state, &w);
    assert_true(may(&w, "owner", COF_ACTION_KEY_CREATE, "/keys/a"));
    assert_true(may(&w, "owner", COF_ACTION_SECRET_PURGE, "/secrets/a"));
    assert_true(may(&w, "owner", COF_ACTION_ATTEST_WRITE, "/attestation"));
    assert_true(may(&w, "owner", COF_ACTION_ACCESS_WRITE, "/access"));
    assert_true(may(&w, "owner", COF_ACTION_AUDIT_READ, "/audit"));
    assert_true(may(&w, "owner", COF_ACTION_AUTHORITY_WRITE, "/authorities"));
    assert_false(may(&w, "owner", COF_ACTION_KEY_RELEASE, "/keys/a"));
    assert_true(may(&w, "agent", COF_ACTION_KEY_RELEASE, "/keys/a"));
    assert_true(may(&w, "agent", COF_ACTION_ATTEST_READ, "/attestation"));
    assert_false(may(&w, "agent", COF_ACTION_KEY_GET, "/keys/a"));
    assert_false(may(&w, "agent", COF_ACTION_KEY_UNWRAP, "/keys/a"));
    assert_true(may(&w, "auditor", COF_ACTION_AUDIT_READ, "/"));
    assert_true(may(&w, "auditor", COF_ACTION_KEY_GET, "/keys/a"));
    assert_false(may(&w, "auditor", COF_ACTION_SECRET_GET, "/secrets/a"));
    assert_false(may(&w, "auditor", COF_ACTION_KEY_UPDATE, "/keys/a"));
}

static void roles_of_the_control_plane_are_given_by_name(void **state)
{
    COF_CLEANUP(world_close) world w = {0};
    COF_JSON json_t *owner = json_array();
    COF_JSON json_t *agent = json_array();
    COF_JSON json_t *expected =
        json_pack("[s,s,s,s]", "data-owner", "recipient", "auditor", "admin");
    COF_JSON json_t *operator= json_pack("[s]", "operator");
    world_open(*state, &w);
    assert_ok(cof_access_app_roles(w.access, find(&w, "owner").object_id, owner, NULL));
    assert_ok(cof_access_app_roles(w.access, find(&w, "agent").object_id, agent, NULL));
    assert_true(json_equal(owner, expected));
    assert_true(json_equal(agent, operator));
}

static void an_older_folder_keeps_what_its_clients_could_do(void **state)
{
    static const char clients[] =
        "{\"clients\":[{\"name\":\"robot\",\"client_id\":\"21111111-2222-4333-8444-555555555555\","
        "\"object_id\":\"baaaaaaa-2222-4333-8444-555555555555\",\"secret\":"
        "\"0000000000000000000000000000000000000000000000000000000000000000\",\"roles\":{"
        "\"https://vault.azure.net\":[\"keys/get\"],\"https://attest.azure.net\":[\"attestation/"
        "read\"],\"api://coffer\":[\"recipient\"]}},{\"name\":\"owner\",\"client_id\":"
        "\"31111111-2222-4333-8444-555555555555\",\"object_id\":\"caaaaaaa-2222-4333-8444-"
        "555555555555\",\"secret\":"
        "\"0000000000000000000000000000000000000000000000000000000000000000\",\"roles\":{"
        "\"https://vault.azure.net\":[\"keys/get\"]}}]}";
    const local_fixture *f = *state;
    COF_CLEANUP(world_close) world w = {0};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 4096};
    COF_JSON json_t *roles = json_array();
    assert_ok(cof_state_make_folder(f->state, "identity", NULL));
    assert_ok(cof_state_write(f->state, "identity/clients.json", cof_view_text(clients), NULL));
    world_open(f, &w);
    assert_true(may(&w, "robot", COF_ACTION_KEY_GET, "/keys/a"));
    assert_true(may(&w, "robot", COF_ACTION_ATTEST_READ, "/attestation"));
    assert_false(may(&w, "robot", COF_ACTION_KEY_UPDATE, "/keys/a"));
    assert_ok(cof_access_app_roles(w.access, find(&w, "robot").object_id, roles, NULL));
    assert_int_equal(json_array_size(roles), 1);
    /* Who is of the installation has the grants of a first start, and no role of its own. */
    assert_true(may(&w, "owner", COF_ACTION_ACCESS_WRITE, "/access"));
    assert_string_equal(find(&w, "owner").object_id, "caaaaaaa-2222-4333-8444-555555555555");
    assert_int_equal(json_array_size(cof_access_custom_roles(w.access)), 1);
    assert_status(cof_state_read(f->state, "identity/clients.json", &text, NULL), NOT_FOUND);
}

/* ---- asking ---- */

static void a_scope_counts_by_whole_segments(void **state)
{
    COF_CLEANUP(world_close) world w = {0};
    char id[37];
    world_open(*state, &w);
    make(&w, COF_PRINCIPAL_APP, "robot");
    assert_ok(grant(&w, "robot", "Key Vault Crypto User", "/keys/a", FOREVER, id));
    assert_true(may(&w, "robot", COF_ACTION_KEY_GET, "/keys/a"));
    assert_true(may(&w, "robot", COF_ACTION_KEY_GET, "/keys/a/version"));
    assert_false(may(&w, "robot", COF_ACTION_KEY_GET, "/keys/ab"));
    assert_false(may(&w, "robot", COF_ACTION_KEY_GET, "/keys/A"));
    assert_false(may(&w, "robot", COF_ACTION_KEY_GET, "/keys"));
    assert_false(may(&w, "robot", COF_ACTION_KEY_GET, "/"));
    assert_false(may(&w, "robot", COF_ACTION_KEY_GET, "/secrets/a"));
    assert_false(may(&w, "robot", COF_ACTION_KEY_GET, ""));
    assert_false(may(&w, "robot", COF_ACTION_KEY_GET, "keys/a"));
    assert_false(may(&w, "robot", COF_ACTION_KEY_PURGE, "/keys/a"));
    assert_false(may(&w, "robot", "keys/everything", "/keys/a"));
}

static void who_is_not_in_the_directory_may_nothing(void **state)
{
    COF_CLEANUP(world_close) world w = {0};
    COF_JSON json_t *nobody = json_pack("{s:s}", "oid", "aaaaaaaa-2222-4333-8444-555555555555");
    COF_JSON json_t *nameless = json_pack("{s:s}", "sub", "owner");
    COF_JSON json_t *number = json_pack("{s:i}", "oid", 1);
    world_open(*state, &w);
    assert_false(cof_access_allows(w.access, nobody, COF_ACTION_KEY_GET, "/keys/a"));
    assert_false(cof_access_allows(w.access, nameless, COF_ACTION_KEY_GET, "/keys/a"));
    assert_false(cof_access_allows(w.access, number, COF_ACTION_KEY_GET, "/keys/a"));
    assert_false(cof_access_allows(w.access, NULL, COF_ACTION_KEY_GET, "/keys/a"));
}

static void a_grant_ends_at_its_second_and_when_it_is_revoked(void **state)
{
    COF_CLEANUP(world_close) world w = {0};
    char id[37];
    world_open(*state, &w);
    make(&w, COF_PRINCIPAL_APP, "robot");
    assert_status(grant(&w, "robot", "Key Vault Reader", "/keys", fixture_now, id), BAD_ARGUMENT);
    assert_ok(grant(&w, "robot", "Key Vault Reader", "/keys", fixture_now + 5, id));
    assert_true(may(&w, "robot", COF_ACTION_KEY_GET, "/keys/a"));
    fixture_now += 5;
    assert_false(may(&w, "robot", COF_ACTION_KEY_GET, "/keys/a"));
    assert_ok(grant(&w, "robot", "Key Vault Reader", "/keys/a", FOREVER, id));
    assert_true(may(&w, "robot", COF_ACTION_KEY_GET, "/keys/a"));
    assert_ok(cof_access_revoke(w.access, id, NULL));
    assert_false(may(&w, "robot", COF_ACTION_KEY_GET, "/keys/a"));
    assert_status(cof_access_revoke(w.access, id, NULL), NOT_FOUND);
    /* What has expired does not stand in the way of the same again. */
    assert_ok(grant(&w, "robot", "Key Vault Reader", "/keys", FOREVER, id));
    assert_true(may(&w, "robot", COF_ACTION_KEY_GET, "/keys/b"));
}

static void a_group_gives_its_members_what_it_has(void **state)
{
    COF_CLEANUP(world_close) world w = {0};
    char id[37];
    world_open(*state, &w);
    make(&w, COF_PRINCIPAL_GROUP, "team");
    make(&w, COF_PRINCIPAL_USER, "alice");
    assert_ok(grant(&w, "team", "Key Vault Reader", "/", FOREVER, id));
    assert_ok(grant(&w, "team", "recipient", "/", FOREVER, id));
    assert_false(may(&w, "alice", COF_ACTION_KEY_GET, "/keys/a"));
    assert_ok(cof_directory_add_member(w.directory, find(&w, "team").object_id,
                                       find(&w, "alice").object_id, NULL));
    assert_true(may(&w, "alice", COF_ACTION_KEY_GET, "/keys/a"));
    COF_JSON json_t *roles = json_array();
    assert_ok(cof_access_app_roles(w.access, find(&w, "alice").object_id, roles, NULL));
    assert_int_equal(json_array_size(roles), 1);
    assert_false(may(&w, "team", COF_ACTION_KEY_GET, "/keys/a"));
    assert_ok(cof_directory_set_enabled(w.directory, find(&w, "alice").object_id, false, NULL));
    assert_false(may(&w, "alice", COF_ACTION_KEY_GET, "/keys/a"));
}

static void a_custom_role_holds_its_actions_only(void **state)
{
    COF_CLEANUP(world_close) world w = {0};
    COF_JSON json_t *actions = json_pack("[s,s]", "keys/get", "secrets/list");
    COF_JSON json_t *wrong = json_pack("[s]", "keys/fly");
    COF_JSON json_t *none = json_array();
    char id[37];
    cof_err err = {0};
    world_open(*state, &w);
    assert_ok(cof_access_add_role(w.access, "Peeker", actions, &err));
    assert_status(cof_access_add_role(w.access, "Peeker", actions, &err), EXISTS);
    assert_status(cof_access_add_role(w.access, "Key Vault Reader", actions, &err), EXISTS);
    assert_status(cof_access_add_role(w.access, "Flyer", wrong, &err), BAD_ARGUMENT);
    assert_status(cof_access_add_role(w.access, "None", none, &err), BAD_ARGUMENT);
    assert_status(cof_access_add_role(w.access, " ", actions, &err), BAD_ARGUMENT);
    make(&w, COF_PRINCIPAL_APP, "robot");
    assert_ok(grant(&w, "robot", "Peeker", "/", FOREVER, id));
    assert_true(may(&w, "robot", COF_ACTION_KEY_GET, "/keys/a"));
    assert_false(may(&w, "robot", COF_ACTION_KEY_LIST, "/keys"));
    assert_status(cof_access_remove_role(w.access, "Peeker", NULL), BUSY);
    assert_ok(cof_access_revoke(w.access, id, NULL));
    assert_ok(cof_access_remove_role(w.access, "Peeker", NULL));
    assert_status(cof_access_remove_role(w.access, "Peeker", NULL), NOT_FOUND);
}

static void a_grant_names_what_there_is(void **state)
{
    static const char *const scopes[] = {"",         "keys",     "/key",          "/keys/", "//",
                                         "/keys//a", "/keys/a*", "/keys/a/b/c/d", "/keys/ä"};
    COF_CLEANUP(world_close) world w = {0};
    char id[37];
    world_open(*state, &w);
    make(&w, COF_PRINCIPAL_APP, "robot");
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++) {
        assert_status(grant(&w, "robot", "Key Vault Reader", scopes[i], FOREVER, id), BAD_ARGUMENT);
    }
    assert_status(grant(&w, "robot", "Key Vault reader", "/", FOREVER, id), NOT_FOUND);
    assert_status(grant(&w, "robot", "operator", "/keys", FOREVER, id), BAD_ARGUMENT);
    assert_ok(grant(&w, "robot", "Key Vault Reader", "/keys/a", FOREVER, id));
    assert_status(grant(&w, "robot", "Key Vault Reader", "/keys/a", FOREVER, id), EXISTS);
}

/* ---- giving to others ---- */

static void nobody_gives_what_he_does_not_have(void **state)
{
    COF_CLEANUP(world_close) world w = {0};
    char id[37];
    world_open(*state, &w);
    make(&w, COF_PRINCIPAL_APP, "deputy");
    assert_ok(grant(&w, "deputy", "Access Administrator", "/", fixture_now + 100, id));
    assert_ok(grant(&w, "deputy", "Key Vault Crypto User", "/keys/a", FOREVER, id));
    assert_status(may_grant(&w, "deputy", "Key Vault Administrator", "/", FOREVER), FORBIDDEN);
    assert_status(may_grant(&w, "deputy", "Key Vault Crypto User", "/keys", FOREVER), FORBIDDEN);
    assert_status(may_grant(&w, "deputy", "Key Vault Crypto User", "/keys/ab", FOREVER), FORBIDDEN);
    assert_status(may_grant(&w, "deputy", "Key Vault Crypto Officer", "/keys/a", FOREVER),
                  FORBIDDEN);
    assert_ok(may_grant(&w, "deputy", "Key Vault Crypto User", "/keys/a", FOREVER));
    /* Not for longer than he has it himself. */
    assert_status(may_grant(&w, "deputy", "Access Administrator", "/", FOREVER), FORBIDDEN);
    assert_status(may_grant(&w, "deputy", "Access Administrator", "/", fixture_now + 101),
                  FORBIDDEN);
    assert_ok(may_grant(&w, "deputy", "Access Administrator", "/", fixture_now + 100));
    assert_status(may_grant(&w, "deputy", "admin", "/", FOREVER), FORBIDDEN);
    assert_status(may_grant(&w, "deputy", "no such role", "/", FOREVER), NOT_FOUND);
}

static void who_sets_release_policies_appoints_those_who_have_keys_released(void **state)
{
    static const char release[] = "Key Vault Crypto Service Release User";
    COF_CLEANUP(world_close) world w = {0};
    world_open(*state, &w);
    assert_ok(may_grant(&w, "owner", release, "/keys/a", FOREVER));
    assert_ok(may_grant(&w, "owner", "operator", "/", FOREVER));
    assert_status(may_grant(&w, "agent", "admin", "/", FOREVER), FORBIDDEN);
    assert_ok(may_grant(&w, "agent", release, "/keys/a", FOREVER));
    assert_status(may_grant(&w, "auditor", release, "/keys/a", FOREVER), FORBIDDEN);
}

static void nobody_makes_a_credential_for_one_who_has_more(void **state)
{
    COF_CLEANUP(world_close) world w = {0};
    char id[37];
    world_open(*state, &w);
    make(&w, COF_PRINCIPAL_APP, "deputy");
    make(&w, COF_PRINCIPAL_USER, "alice");
    make(&w, COF_PRINCIPAL_GROUP, "team");
    assert_ok(grant(&w, "deputy", "Access Administrator", "/", FOREVER, id));
    const char *deputy = find(&w, "deputy").object_id;
    assert_status(cof_access_may_act_for(w.access, deputy, find(&w, "owner").object_id, NULL),
                  FORBIDDEN);
    assert_ok(cof_access_may_act_for(w.access, deputy, find(&w, "alice").object_id, NULL));
    assert_ok(grant(&w, "team", "Key Vault Reader", "/", FOREVER, id));
    deputy = find(&w, "deputy").object_id;
    assert_status(cof_access_may_act_for(w.access, deputy, find(&w, "team").object_id, NULL),
                  FORBIDDEN);
    assert_ok(cof_directory_add_member(w.directory, find(&w, "team").object_id,
                                       find(&w, "alice").object_id, NULL));
    deputy = find(&w, "deputy").object_id;
    assert_status(cof_access_may_act_for(w.access, deputy, find(&w, "alice").object_id, NULL),
                  FORBIDDEN);
    const char *owner = find(&w, "owner").object_id;
    assert_ok(cof_access_may_act_for(w.access, owner, find(&w, "agent").object_id, NULL));
    assert_ok(cof_access_may_act_for(w.access, deputy, deputy, NULL));
}

static const char *assignment_of(const world *w, const char *name, const char *role)
{
    const json_t *value = NULL;
    size_t i = 0;
    json_array_foreach(cof_access_assignments(w->access), i, value)
    {
        if (strcmp(json_string_value(json_object_get(value, "principal")),
                   find(w, name).object_id) == 0 &&
            strcmp(json_string_value(json_object_get(value, "role")), role) == 0) {
            return json_string_value(json_object_get(value, "id"));
        }
    }
    return "";
}

static void the_last_administrator_stays(void **state)
{
    COF_CLEANUP(world_close) world w = {0};
    COF_CLEANUP(cof_buf_free) cof_buf secret = {.limit = 64};
    char id[37];
    char owner[37];
    world_open(*state, &w);
    memcpy(owner, find(&w, "owner").object_id, sizeof owner);
    const char *admin = assignment_of(&w, "owner", "Access Administrator");
    const char *secret_id = json_string_value(json_object_get(
        json_array_get(json_object_get(find(&w, "owner").entry, "secrets"), 0), "id"));
    assert_status(cof_access_revoke(w.access, admin, NULL), FORBIDDEN);
    assert_status(cof_access_revoke_all(w.access, owner, NULL), FORBIDDEN);
    assert_status(cof_directory_set_enabled(w.directory, owner, false, NULL), FORBIDDEN);
    assert_status(cof_directory_remove_credential(w.directory, owner, secret_id, NULL), FORBIDDEN);
    make(&w, COF_PRINCIPAL_APP, "deputy");
    make(&w, COF_PRINCIPAL_APP, "mute");
    assert_ok(
        cof_directory_add_secret(w.directory, find(&w, "deputy").object_id, 0, id, &secret, NULL));
    /* One who cannot prove himself does not count, nor one whose time is limited, nor one for
     * another place. */
    assert_ok(grant(&w, "mute", "Access Administrator", "/", FOREVER, id));
    assert_status(cof_directory_set_enabled(w.directory, owner, false, NULL), FORBIDDEN);
    assert_ok(grant(&w, "deputy", "Access Administrator", "/", fixture_now + 100, id));
    assert_status(cof_directory_set_enabled(w.directory, owner, false, NULL), FORBIDDEN);
    assert_ok(cof_access_revoke(w.access, id, NULL));
    assert_ok(grant(&w, "deputy", "Access Administrator", "/keys", FOREVER, id));
    assert_status(cof_directory_set_enabled(w.directory, owner, false, NULL), FORBIDDEN);
    assert_ok(grant(&w, "deputy", "Access Administrator", "/access", FOREVER, id));
    assert_ok(cof_directory_set_enabled(w.directory, owner, false, NULL));
    assert_status(cof_directory_remove(w.directory, find(&w, "deputy").object_id, NULL), FORBIDDEN);
}

/* ---- uses, and review ---- */

static bool has_finding(const json_t *findings, const char *kind, const char *principal)
{
    const json_t *value = NULL;
    size_t i = 0;
    json_array_foreach(findings, i, value)
    {
        if (strcmp(json_string_value(json_object_get(value, "kind")), kind) == 0 &&
            strcmp(json_string_value(json_object_get(value, "principal")), principal) == 0) {
            return true;
        }
    }
    return false;
}

static json_t *review(const world *w)
{
    json_t *findings = NULL;
    const cof_review_options options = {.now = fixture_now, .unused_s = 30 * 86400};
    assert_ok(cof_access_review(w->access, w->directory, &options, &findings, NULL));
    return findings;
}

static void review_finds_what_should_go(void **state)
{
    COF_CLEANUP(world_close) world w = {0};
    COF_CLEANUP(cof_buf_free) cof_buf secret = {.limit = 256};
    char id[37];
    world_open(*state, &w);
    make(&w, COF_PRINCIPAL_APP, "robot");
    make(&w, COF_PRINCIPAL_APP, "idle");
    make(&w, COF_PRINCIPAL_USER, "alice");
    assert_ok(grant(&w, "robot", "Key Vault Crypto Officer", "/", FOREVER, id));
    assert_ok(grant(&w, "idle", "Key Vault Reader", "/", FOREVER, id));
    assert_ok(cof_directory_add_secret(w.directory, find(&w, "robot").object_id,
                                       fixture_now + 40 * 86400, id, &secret, NULL));
    assert_ok(cof_directory_add_secret(w.directory, find(&w, "idle").object_id, fixture_now + 60,
                                       id, &secret, NULL));
    COF_JSON json_t *young = review(&w);
    assert_false(has_finding(young, "unused", "idle"));
    assert_true(has_finding(young, "no-group", "alice"));
    fixture_now += 31 * 86400;
    assert_true(may(&w, "robot", COF_ACTION_KEY_GET, "/keys/a"));
    assert_true(may(&w, "robot", COF_ACTION_KEY_WRAP, "/keys/b"));
    COF_JSON json_t *old = review(&w);
    assert_true(has_finding(old, "unused", "idle"));
    assert_false(has_finding(old, "unused", "robot"));
    assert_true(has_finding(old, "broad-scope", "robot"));
    assert_true(has_finding(old, "broad-role", "robot"));
    assert_true(has_finding(old, "expiring-credential", "robot"));
    assert_true(has_finding(old, "expired-credential", "idle"));
    assert_ok(cof_directory_set_enabled(w.directory, find(&w, "idle").object_id, false, NULL));
    COF_JSON json_t *disabled = review(&w);
    assert_true(has_finding(disabled, "disabled", "idle"));
}

static json_t *use_of(const world *w, const char *name, const char *role)
{
    json_t *use = NULL;
    assert_ok(cof_access_use_json(w->access, assignment_of(w, name, role), &use, NULL));
    return use;
}

static void uses_are_there_after_a_restart_and_after_changes(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(world_close) world w = {0};
    char id[37];
    world_open(f, &w);
    make(&w, COF_PRINCIPAL_APP, "robot");
    assert_ok(grant(&w, "robot", "Key Vault Reader", "/", FOREVER, id));
    assert_ok(grant(&w, "robot", "Key Vault Reader", "/keys", FOREVER, id));
    assert_true(may(&w, "robot", COF_ACTION_KEY_GET, "/keys/a"));
    fixture_now += 7;
    assert_true(may(&w, "robot", COF_ACTION_KEY_LIST, "/keys"));
    assert_ok(cof_access_revoke(w.access, assignment_of(&w, "robot", "Key Vault Reader"), NULL));
    world_close(&w);
    world_open(f, &w);
    /* The narrower one was used. */
    COF_JSON json_t *use = use_of(&w, "robot", "Key Vault Reader");
    assert_int_equal(json_integer_value(json_object_get(use, "last")), fixture_now);
    COF_JSON json_t *actions = json_pack("[s,s]", "keys/get", "keys/list");
    assert_true(json_equal(json_object_get(use, "actions"), actions));
    COF_JSON json_t *scopes = json_pack("[s,s]", "/keys/a", "/keys");
    assert_true(json_equal(json_object_get(use, "scopes"), scopes));
}

/* The vault asks before it looks for the object: its name may be anything. */
static void a_name_that_a_caller_made_up_is_not_noted(void **state)
{
    COF_CLEANUP(world_close) world w = {0};
    char id[37];
    char longest[400] = "/keys/";
    memset(longest + 6, 'a', sizeof longest - 7);
    world_open(*state, &w);
    make(&w, COF_PRINCIPAL_APP, "robot");
    assert_ok(grant(&w, "robot", "Key Vault Reader", "/", FOREVER, id));
    fixture_now += 31 * 86400;
    assert_true(may(&w, "robot", COF_ACTION_KEY_GET, "/keys/\xff\xfe"));
    assert_true(may(&w, "robot", COF_ACTION_KEY_GET, "/keys/a; reboot"));
    assert_true(may(&w, "robot", COF_ACTION_KEY_GET, longest));
    assert_true(may(&w, "robot", COF_ACTION_KEY_GET, "/keys/b"));
    COF_JSON json_t *list = NULL;
    assert_ok(cof_access_list_grants(w.access, w.directory, &list, NULL));
    COF_JSON json_t *use = use_of(&w, "robot", "Key Vault Reader");
    COF_JSON json_t *scopes = json_pack("[s]", "/keys/b");
    assert_true(json_equal(json_object_get(use, "scopes"), scopes));
    COF_JSON json_t *findings = review(&w);
    char *text = json_dumps(findings, 0);
    assert_true(has_finding(findings, "broad-scope", "robot"));
    assert_null(strstr(text, "reboot"));
    free(text);
}

static const char *remedy_of(const json_t *findings, const char *kind, const char *principal)
{
    const json_t *value = NULL;
    size_t i = 0;
    json_array_foreach(findings, i, value)
    {
        if (strcmp(json_string_value(json_object_get(value, "kind")), kind) == 0 &&
            strcmp(json_string_value(json_object_get(value, "principal")), principal) == 0) {
            return json_string_value(json_object_get(value, "remedy"));
        }
    }
    return "";
}

static void a_remedy_does_not_make_a_grant_longer(void **state)
{
    COF_CLEANUP(world_close) world w = {0};
    char id[37];
    char until[64];
    world_open(*state, &w);
    make(&w, COF_PRINCIPAL_APP, "robot");
    const int64_t expires = fixture_now + 90 * 86400;
    assert_ok(grant(&w, "robot", "Key Vault Crypto Officer", "/", expires, id));
    fixture_now += 31 * 86400;
    assert_true(may(&w, "robot", COF_ACTION_KEY_GET, "/keys/a"));
    COF_JSON json_t *findings = review(&w);
    (void)snprintf(until, sizeof until, " --expires %lld ", (long long)expires);
    assert_non_null(strstr(remedy_of(findings, "broad-role", "robot"), until));
    assert_non_null(strstr(remedy_of(findings, "broad-scope", "robot"), until));
}

static void uses_are_written_once_an_hour_at_most(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(world_close) world w = {0};
    cof_path path;
    world_open(f, &w);
    assert_ok(cof_state_path(f->state, "identity/access-used.json", &path, NULL));
    assert_true(may(&w, "owner", COF_ACTION_KEY_GET, "/keys/a"));
    assert_int_equal(unlink(path.text), 0);
    fixture_now += 3599;
    assert_true(may(&w, "owner", COF_ACTION_KEY_GET, "/keys/a"));
    assert_int_not_equal(access(path.text, F_OK), 0);
    fixture_now += 1;
    assert_true(may(&w, "owner", COF_ACTION_KEY_GET, "/keys/a"));
    assert_int_equal(access(path.text, F_OK), 0);
}

/* ---- the file ---- */

static void refused(const local_fixture *f, const char *from, const char *to, const char *status)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 1024 * 1024};
    COF_CLEANUP(cof_buf_free) cof_buf changed = {.limit = 1024 * 1024};
    COF_CLEANUP(world_close) world w = {0};
    const char *all = NULL;
    assert_ok(cof_state_read(f->state, "identity/access.json", &text, NULL));
    assert_ok(cof_buf_text(&text, &all, NULL));
    const char *at = strstr(all, from);
    assert_non_null(at);
    assert_ok(cof_buf_append(&changed, cof_view_of(all, (size_t)(at - all)), NULL));
    assert_ok(cof_buf_append_text(&changed, to, NULL));
    assert_ok(cof_buf_append_text(&changed, at + strlen(from), NULL));
    assert_ok(cof_state_write(f->state, "identity/access.json", cof_buf_view(&changed), NULL));
    assert_ok(cof_directory_open(f->state, &w.directory, NULL));
    assert_string_equal(
        cof_status_describe(cof_access_open(f->state, w.directory, &w.access, NULL))->name, status);
    assert_ok(cof_state_write(f->state, "identity/access.json", cof_buf_view(&text), NULL));
}

static void a_file_of_another_form_is_refused(void **state)
{
    const local_fixture *f = *state;
    world w = {0};
    world_open(f, &w);
    world_close(&w);
    refused(f, "\"access/v1\"", "\"access/v2\"", "BAD_VERSION");
    refused(f, "\"roles\":[]",
            "\"roles\":[{\"name\":\"x\",\"actions\":[\"keys/fly\"],\"created\":1}]", "BAD_FORMAT");
    refused(f, "\"roles\":[]",
            "\"roles\":[{\"name\":\"admin\",\"actions\":[\"keys/get\"],\"created\":1}]", "EXISTS");
    refused(f, "\"scope\":\"/\"", "\"scope\":\"/keyz\"", "BAD_FORMAT");
    refused(f, "\"role\":\"admin\"", "\"role\":\"Admin\"", "BAD_FORMAT");
    refused(f, "\"expires\":null", "\"expires\":\"never\"", "BAD_FORMAT");
    refused(f, "\"expires\":null", "\"expires\":null,\"more\":1", "BAD_FORMAT");
    refused(f, "\"expires\":null", "\"expires\":null,\"expires\":null", "BAD_JSON");
    world_open(f, &w);
    world_close(&w);
}

static void a_change_that_cannot_be_written_leaves_all_as_it_was(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(world_close) world w = {0};
    cof_path file;
    cof_path aside;
    char id[37];
    world_open(f, &w);
    assert_ok(cof_state_path(f->state, "identity/access.json", &file, NULL));
    assert_ok(cof_state_path(f->state, "identity/aside.json", &aside, NULL));
    assert_int_equal(rename(file.text, aside.text), 0);
    assert_int_equal(mkdir(file.text, 0700), 0);
    assert_int_not_equal(grant(&w, "agent", "Key Vault Reader", "/", FOREVER, id), COF_OK);
    assert_false(may(&w, "agent", COF_ACTION_KEY_GET, "/keys/a"));
    assert_int_not_equal(cof_access_revoke(w.access, assignment_of(&w, "agent", "operator"), NULL),
                         COF_OK);
    assert_string_not_equal(assignment_of(&w, "agent", "operator"), "");
    assert_int_equal(cof_access_revision(w.access), 1);
    assert_int_equal(rmdir(file.text), 0);
    assert_int_equal(rename(aside.text, file.text), 0);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        local_test(the_first_applications_may_do_their_work_and_no_more),
        local_test(roles_of_the_control_plane_are_given_by_name),
        local_test(an_older_folder_keeps_what_its_clients_could_do),
        local_test(a_scope_counts_by_whole_segments),
        local_test(who_is_not_in_the_directory_may_nothing),
        local_test(a_grant_ends_at_its_second_and_when_it_is_revoked),
        local_test(a_group_gives_its_members_what_it_has),
        local_test(a_custom_role_holds_its_actions_only),
        local_test(a_grant_names_what_there_is),
        local_test(nobody_gives_what_he_does_not_have),
        local_test(who_sets_release_policies_appoints_those_who_have_keys_released),
        local_test(nobody_makes_a_credential_for_one_who_has_more),
        local_test(the_last_administrator_stays),
        local_test(review_finds_what_should_go),
        local_test(uses_are_there_after_a_restart_and_after_changes),
        local_test(a_name_that_a_caller_made_up_is_not_noted),
        local_test(a_remedy_does_not_make_a_grant_longer),
        local_test(uses_are_written_once_an_hour_at_most),
        local_test(a_file_of_another_form_is_refused),
        local_test(a_change_that_cannot_be_written_leaves_all_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
