#include "local_fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "local/identity/signing_keys.h"
#include "tcb/wire/json.h"

static const int64_t life = COF_SIGNING_LIFE_S;
static const int64_t day = COF_SIGNING_AHEAD_S;

static cof_signing_keys *open_keys(const local_fixture *f)
{
    cof_signing_keys *keys = NULL;
    assert_ok(cof_state_make_folder(f->state, "identity", NULL));
    assert_ok(cof_signing_keys_open(f->state, "https://localhost/t/", &keys, NULL));
    return keys;
}

static size_t published(const cof_signing_keys *keys)
{
    const size_t count = json_array_size(json_object_get(cof_signing_keys_published(keys), "keys"));
    assert_int_equal(cof_jwks_count(cof_signing_keys_jwks(keys)), count);
    return count;
}

static const char *signer(const cof_signing_keys *keys)
{
    const char *kid = NULL;
    const cof_rsa_key *key = cof_signing_keys_current(keys, &kid);
    assert_true(cof_rsa_has_private(key));
    assert_non_null(cof_jwks_find(cof_signing_keys_jwks(keys), kid));
    return kid;
}

static bool turn(cof_signing_keys *keys)
{
    bool changed = false;
    assert_ok(cof_signing_keys_turn(keys, &changed, NULL));
    return changed;
}

static bool exists(const local_fixture *f, const char *name)
{
    cof_path path;
    struct stat info;
    assert_ok(cof_state_path(f->state, name, &path, NULL));
    return stat(path.text, &info) == 0;
}

static void the_next_key_is_published_a_day_before_it_signs(void **state)
{
    const local_fixture *f = *state;
    const int64_t start = fixture_now;
    COF_CLEANUP(cof_signing_keys_drop_) cof_signing_keys *keys = open_keys(f);
    char first[64];
    (void)snprintf(first, sizeof first, "%s", signer(keys));
    fixture_now = start + life - day - 1;
    assert_false(turn(keys));
    assert_int_equal(published(keys), 1);
    fixture_now = start + life - day;
    assert_true(turn(keys));
    assert_int_equal(published(keys), 2);
    assert_string_equal(signer(keys), first);
    fixture_now = start + life - 1;
    assert_false(turn(keys));
    assert_string_equal(signer(keys), first);
    fixture_now = start + life;
    assert_false(turn(keys));
    assert_string_not_equal(signer(keys), first);
    assert_non_null(cof_jwks_find(cof_signing_keys_jwks(keys), first));
}

static void an_old_key_is_taken_back_when_its_tokens_are_over(void **state)
{
    const local_fixture *f = *state;
    const int64_t start = fixture_now;
    COF_CLEANUP(cof_signing_keys_drop_) cof_signing_keys *keys = open_keys(f);
    char first[64];
    (void)snprintf(first, sizeof first, "%s", signer(keys));
    fixture_now = start + life - day;
    assert_true(turn(keys));
    fixture_now = start + life + COF_SIGNING_AFTER_S - 1;
    assert_false(turn(keys));
    assert_true(exists(f, "identity/signing.key"));
    fixture_now++;
    assert_true(turn(keys));
    assert_int_equal(published(keys), 1);
    assert_null(cof_jwks_find(cof_signing_keys_jwks(keys), first));
    assert_false(exists(f, "identity/signing.key"));
    assert_false(exists(f, "identity/signing.pem"));
    assert_true(exists(f, "identity/signing-2.key"));
}

static void after_a_long_pause_the_old_key_signs_until_the_new_one_was_published_a_day(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_signing_keys_drop_) cof_signing_keys *keys = open_keys(f);
    char first[64];
    (void)snprintf(first, sizeof first, "%s", signer(keys));
    fixture_now += 3 * life;
    assert_true(turn(keys));
    assert_string_equal(signer(keys), first);
    fixture_now += day;
    assert_string_not_equal(signer(keys), first);
}

static void a_restart_finds_the_same_keys(void **state)
{
    const local_fixture *f = *state;
    const int64_t start = fixture_now;
    char kid[64];
    cof_signing_keys *keys = open_keys(f);
    fixture_now = start + life - day;
    assert_true(turn(keys));
    fixture_now = start + life;
    (void)snprintf(kid, sizeof kid, "%s", signer(keys));
    cof_signing_keys_free(keys);
    keys = open_keys(f);
    assert_int_equal(published(keys), 2);
    assert_string_equal(signer(keys), kid);
    cof_signing_keys_free(keys);
}

static void a_folder_from_before_rollover_keeps_its_key(void **state)
{
    const local_fixture *f = *state;
    char kid[64];
    cof_path list;
    cof_signing_keys *keys = open_keys(f);
    (void)snprintf(kid, sizeof kid, "%s", signer(keys));
    cof_signing_keys_free(keys);
    assert_ok(cof_state_path(f->state, "identity/keys.json", &list, NULL));
    assert_int_equal(remove(list.text), 0);
    keys = open_keys(f);
    assert_string_equal(signer(keys), kid);
    cof_signing_keys_free(keys);
}

static void a_key_that_cannot_be_written_changes_nothing_and_is_tried_later(void **state)
{
    const local_fixture *f = *state;
    const int64_t start = fixture_now;
    cof_path list;
    bool changed = true;
    COF_CLEANUP(cof_signing_keys_drop_) cof_signing_keys *keys = open_keys(f);
    assert_ok(cof_state_path(f->state, "identity/keys.json", &list, NULL));
    assert_int_equal(remove(list.text), 0);
    assert_int_equal(mkdir(list.text, 0700), 0); /* nothing can be renamed over a folder */
    fixture_now = start + life - day;
    assert_true(cof_signing_keys_turn(keys, &changed, NULL) != COF_OK);
    assert_false(changed);
    assert_int_equal(published(keys), 1);
    assert_int_equal(remove(list.text), 0);
    assert_false(turn(keys));
    fixture_now += COF_SIGNING_RETRY_S;
    assert_true(turn(keys));
    assert_int_equal(published(keys), 2);
}

static void a_clock_that_is_set_back_finds_a_key_to_sign_with(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_signing_keys_drop_) cof_signing_keys *keys = open_keys(f);
    fixture_now -= 500000;
    assert_false(turn(keys));
    assert_non_null(signer(keys));
}

static void a_list_that_was_altered_is_refused(void **state)
{
    const local_fixture *f = *state;
    static const char *const texts[] = {
        "{}",
        "{\"keys\":[]}",
        "{\"keys\":[7]}",
        "{\"keys\":[{\"number\":0,\"signs_from\":0}]}",
        "{\"keys\":[{\"number\":1}]}",
        "{\"keys\":[{\"number\":1,\"signs_from\":5},{\"number\":1,\"signs_from\":6}]}",
        "{\"keys\":[{\"number\":1,\"signs_from\":5},{\"number\":2,\"signs_from\":5}]}",
        "{\"keys\":[{\"number\":\"../x\",\"signs_from\":5}]}"};
    cof_signing_keys_free(open_keys(f));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cof_signing_keys *keys = NULL;
        assert_ok(cof_state_write(f->state, "identity/keys.json", cof_view_text(texts[i]), NULL));
        assert_status(cof_signing_keys_open(f->state, "i", &keys, NULL), BAD_FORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        local_test(the_next_key_is_published_a_day_before_it_signs),
        local_test(an_old_key_is_taken_back_when_its_tokens_are_over),
        local_test(after_a_long_pause_the_old_key_signs_until_the_new_one_was_published_a_day),
        local_test(a_restart_finds_the_same_keys),
        local_test(a_folder_from_before_rollover_keeps_its_key),
        local_test(a_key_that_cannot_be_written_changes_nothing_and_is_tried_later),
        local_test(a_clock_that_is_set_back_finds_a_key_to_sign_with),
        local_test(a_list_that_was_altered_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
