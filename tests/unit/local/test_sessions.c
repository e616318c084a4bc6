#include "local_fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "local/identity/sessions.h"
#include "tcb/wire/json.h"

#define ALICE  "11111111-1111-4111-8111-111111111111"
#define CLIENT "22222222-2222-4222-8222-222222222222"

static cof_sessions *open_sessions(const local_fixture *f)
{
    cof_sessions *sessions = NULL;
    assert_ok(cof_state_make_folder(f->state, "identity", NULL));
    assert_ok(cof_sessions_open(f->state, &sessions, NULL));
    return sessions;
}

typedef struct token {
    char text[COF_SESSION_TOKEN_BYTES + 1];
} token;

static token text_of(cof_buf *buf)
{
    token t;
    const char *text = NULL;
    assert_ok(cof_buf_text(buf, &text, NULL));
    (void)snprintf(t.text, sizeof t.text, "%s", text);
    cof_buf_free(buf);
    return t;
}

static token start(cof_sessions *sessions, const char *user)
{
    const cof_session session = {.user = user, .client_id = CLIENT, .credential = {{7}}};
    cof_buf buf = {.limit = COF_SESSION_TOKEN_BYTES};
    assert_ok(cof_sessions_start(sessions, &session, &buf, NULL));
    return text_of(&buf);
}

static token renew(cof_sessions *sessions, const token *t)
{
    cof_buf buf = {.limit = COF_SESSION_TOKEN_BYTES};
    assert_ok(cof_sessions_renew(sessions, t->text, &buf, NULL));
    return text_of(&buf);
}

static cof_status find(cof_sessions *sessions, const token *t)
{
    cof_session session;
    return cof_sessions_find(sessions, t->text, &session, NULL);
}

static void a_token_finds_whose_it_is(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_sessions_drop_) cof_sessions *sessions = open_sessions(f);
    const token t = start(sessions, ALICE);
    cof_session session;
    assert_ok(cof_sessions_find(sessions, t.text, &session, NULL));
    assert_string_equal(session.user, ALICE);
    assert_string_equal(session.client_id, CLIENT);
    assert_int_equal(session.credential.bytes[0], 7);
    assert_int_equal(strlen(t.text), 32 + 1 + 43);
}

static void a_renewed_token_replaces_the_old_one_and_survives_a_restart(void **state)
{
    const local_fixture *f = *state;
    cof_sessions *sessions = open_sessions(f);
    const token first = start(sessions, ALICE);
    const token second = renew(sessions, &first);
    assert_string_not_equal(first.text, second.text);
    assert_ok(find(sessions, &second));
    cof_sessions_free(sessions);
    sessions = open_sessions(f);
    assert_ok(find(sessions, &second));
    cof_sessions_free(sessions);
}

static void reuse_of_an_old_token_ends_the_session_for_good(void **state)
{
    const local_fixture *f = *state;
    cof_sessions *sessions = open_sessions(f);
    const token other = start(sessions, ALICE);
    const token first = start(sessions, ALICE);
    const token second = renew(sessions, &first);
    assert_status(find(sessions, &first), FORBIDDEN);
    assert_status(find(sessions, &second), NOT_FOUND);
    assert_ok(find(sessions, &other));
    cof_sessions_free(sessions);
    sessions = open_sessions(f);
    assert_status(find(sessions, &second), NOT_FOUND);
    cof_sessions_free(sessions);
}

static void ninety_days_without_use_end_a_session(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_sessions_drop_) cof_sessions *sessions = open_sessions(f);
    const token unused = start(sessions, ALICE);
    const token used = start(sessions, ALICE);
    fixture_now += COF_SESSION_LIFE_S - 1;
    assert_ok(find(sessions, &unused));
    const token renewed = renew(sessions, &used);
    fixture_now++;
    assert_status(find(sessions, &unused), NOT_FOUND);
    assert_ok(find(sessions, &renewed));
}

static void what_is_no_token_finds_nothing(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_sessions_drop_) cof_sessions *sessions = open_sessions(f);
    const token t = start(sessions, ALICE);
    token cut = t;
    static const char *const texts[] = {"", ".", "abc", "0123456789abcdef0123456789abcdef.",
                                        "0123456789abcdef0123456789abcdef"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        token none = {{0}};
        (void)snprintf(none.text, sizeof none.text, "%s", texts[i]);
        assert_status(find(sessions, &none), NOT_FOUND);
    }
    /* The right session and another secret: as an old token. */
    cut.text[strlen(cut.text) - 1] = '\0';
    assert_status(find(sessions, &cut), FORBIDDEN);
    assert_status(find(sessions, &t), NOT_FOUND);
}

static void secrets_are_not_in_the_file(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_sessions_drop_) cof_sessions *sessions = open_sessions(f);
    COF_CLEANUP(cof_buf_free) cof_buf file = {.limit = 65536};
    const token t = start(sessions, ALICE);
    const char *text = NULL;
    assert_ok(cof_state_read(f->state, "identity/sessions.json", &file, NULL));
    assert_ok(cof_buf_text(&file, &text, NULL));
    assert_null(strstr(text, t.text + 33));
    assert_non_null(strstr(text, ALICE));
}

static void a_user_has_at_most_sixteen_sessions(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_sessions_drop_) cof_sessions *sessions = open_sessions(f);
    const token first = start(sessions, ALICE);
    fixture_now++;
    const token second = start(sessions, ALICE);
    for (int i = 2; i < COF_SESSIONS_PER_USER; i++) {
        (void)start(sessions, ALICE);
    }
    assert_ok(find(sessions, &first));
    (void)start(sessions, ALICE);
    assert_status(find(sessions, &first), NOT_FOUND);
    assert_ok(find(sessions, &second));
}

static void a_write_that_fails_leaves_the_session_as_it_was(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_sessions_drop_) cof_sessions *sessions = open_sessions(f);
    COF_CLEANUP(cof_buf_free) cof_buf buf = {.limit = COF_SESSION_TOKEN_BYTES};
    const token t = start(sessions, ALICE);
    cof_path file;
    assert_ok(cof_state_path(f->state, "identity/sessions.json", &file, NULL));
    assert_int_equal(remove(file.text), 0);
    assert_int_equal(mkdir(file.text, 0700), 0);
    assert_true(cof_sessions_renew(sessions, t.text, &buf, NULL) != COF_OK);
    assert_int_equal(buf.size, 0);
    assert_ok(find(sessions, &t));
    assert_true(cof_sessions_end(sessions, t.text, NULL) != COF_OK);
    assert_ok(find(sessions, &t));
    assert_int_equal(remove(file.text), 0);
    assert_ok(cof_sessions_end(sessions, t.text, NULL));
    assert_status(find(sessions, &t), NOT_FOUND);
    assert_ok(cof_sessions_end(sessions, t.text, NULL));
}

static void a_file_that_was_altered_is_refused(void **state)
{
    const local_fixture *f = *state;
    static const char *const texts[] = {
        "{}", "{\"sessions\":{}}", "{\"sessions\":[1]}", "{\"sessions\":[{}]}",
        "{\"sessions\":[{\"id\":\"00112233445566778899aabbccddeeff\"}]}"};
    cof_sessions_free(open_sessions(f));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cof_sessions *sessions = NULL;
        assert_ok(
            cof_state_write(f->state, "identity/sessions.json", cof_view_text(texts[i]), NULL));
        assert_status(cof_sessions_open(f->state, &sessions, NULL), BAD_FORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        local_test(a_token_finds_whose_it_is),
        local_test(a_renewed_token_replaces_the_old_one_and_survives_a_restart),
        local_test(reuse_of_an_old_token_ends_the_session_for_good),
        local_test(ninety_days_without_use_end_a_session),
        local_test(what_is_no_token_finds_nothing),
        local_test(secrets_are_not_in_the_file),
        local_test(a_user_has_at_most_sixteen_sessions),
        local_test(a_write_that_fails_leaves_the_session_as_it_was),
        local_test(a_file_that_was_altered_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
