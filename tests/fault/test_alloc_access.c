/*
 * Each allocation of a change of the directory or of the grants fails once, jansson's included:
 * the change is made whole, or memory and disk have what was there before.
 */
#include <string.h>

#include "harness/cof_alloc_fail.h"
#include "local/identity/access_edit.h"
#include "local/identity/directory_edit.h"
#include "tcb/wire/json.h"
#include "unit/local/local_fixture.h"

typedef struct world {
    cof_state *state;
    cof_directory *directory;
    cof_access *access;
    char owner[37];
} world;

static const cof_status only_memory[] = {COF_OK};

static void world_open(const local_fixture *f, world *w)
{
    cof_principal owner;
    w->state = f->state;
    assert_ok(cof_directory_open(f->state, &w->directory, NULL));
    assert_ok(cof_access_open(f->state, w->directory, &w->access, NULL));
    assert_true(cof_directory_by_name(w->directory, COF_PRINCIPAL_APP, "owner", &owner));
    memcpy(w->owner, owner.object_id, sizeof w->owner);
}

static void world_close(world *w)
{
    cof_access_free(w->access);
    cof_directory_free(w->directory);
    *w = (world){0};
}

/* What is on disk is what is in memory. */
static void check(const world *w)
{
    const unsigned long left = cof_alloc_fail_pause();
    COF_CLEANUP(cof_directory_drop_) cof_directory *directory = NULL;
    COF_JSON json_t *root = NULL;
    assert_ok(cof_directory_open(w->state, &directory, NULL));
    assert_int_equal(cof_directory_revision(directory), cof_directory_revision(w->directory));
    assert_true(json_equal(cof_directory_entries(directory, COF_PRINCIPAL_USER),
                           cof_directory_entries(w->directory, COF_PRINCIPAL_USER)));
    assert_ok(cof_state_read_json(w->state, "identity/access.json", &root, NULL));
    assert_true(
        json_equal(json_object_get(root, "assignments"), cof_access_assignments(w->access)));
    cof_alloc_fail_resume(left);
}

static cof_status add_user(void *context)
{
    world *w = context;
    cof_principal user;
    const cof_status status =
        cof_directory_add(w->directory, COF_PRINCIPAL_USER, "alice", &user, NULL);
    check(w);
    const unsigned long left = cof_alloc_fail_pause();
    if (cof_directory_by_name(w->directory, COF_PRINCIPAL_USER, "alice", &user)) {
        assert_int_equal(status, COF_OK);
        assert_ok(cof_directory_remove(w->directory, user.object_id, NULL));
    }
    cof_alloc_fail_resume(left);
    return status;
}

static cof_status grant(void *context)
{
    world *w = context;
    char id[37];
    const size_t before = json_array_size(cof_access_assignments(w->access));
    const cof_assignment asked = {
        .principal = w->owner, .role = "Key Vault Reader", .scope = "/keys/a", .by = ""};
    const cof_status status = cof_access_grant(w->access, &asked, id, NULL);
    check(w);
    const size_t after = json_array_size(cof_access_assignments(w->access));
    assert_int_equal(after, status == COF_OK ? before + 1 : before);
    const unsigned long left = cof_alloc_fail_pause();
    if (status == COF_OK) {
        assert_ok(cof_access_revoke(w->access, id, NULL));
    }
    cof_alloc_fail_resume(left);
    return status;
}

/* Without memory nobody gets what he does not have, and no grant is lost. */
static cof_status ask(void *context)
{
    world *w = context;
    unsigned long left = cof_alloc_fail_pause();
    COF_JSON json_t *claims = json_pack("{s:s}", "oid", w->owner);
    cof_alloc_fail_resume(left);
    assert_true(cof_access_allows(w->access, claims, COF_ACTION_KEY_GET, "/keys/a"));
    assert_false(cof_access_allows(w->access, claims, COF_ACTION_KEY_RELEASE, "/keys/a"));
    return COF_OK;
}

static void a_change_of_the_directory_is_whole_or_not_made(void **state)
{
    COF_CLEANUP(world_close) world w = {0};
    world_open(*state, &w);
    assert_true(cof_alloc_fail_each(add_user, &w, only_memory) > 50);
}

static void a_grant_is_whole_or_not_made(void **state)
{
    COF_CLEANUP(world_close) world w = {0};
    world_open(*state, &w);
    assert_true(cof_alloc_fail_each(grant, &w, only_memory) > 50);
}

static void a_decision_needs_no_memory(void **state)
{
    COF_CLEANUP(world_close) world w = {0};
    world_open(*state, &w);
    (void)cof_alloc_fail_each(ask, &w, only_memory);
}

int main(void)
{
    cof_alloc_fail_hook_jansson();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        local_test(a_change_of_the_directory_is_whole_or_not_made),
        local_test(a_grant_is_whole_or_not_made),
        local_test(a_decision_needs_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
