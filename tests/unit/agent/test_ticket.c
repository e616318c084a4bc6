/* Tickets: what a text must be, and what making one leaves behind. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/cof_tempdir.h"
#include "harness/cof_test.h"
#include "host/agent/ticket.h"
#include "host/files/files.h"

#define SECRET "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define KEY    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static void a_text_is_read_and_printed_the_same(void **state)
{
    static const char *const texts[] = {"coffer://127.0.0.1:7070/" SECRET "#" KEY,
                                        "coffer://agent.example:1/" SECRET "#" KEY,
                                        "coffer://[::1]:65535/" SECRET "#" KEY};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cof_ticket ticket;
        COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_TICKET_BYTES};
        assert_ok(cof_ticket_parse(texts[i], &ticket, NULL));
        assert_ok(cof_ticket_print(&ticket, &text, NULL));
        assert_view_text(cof_buf_view(&text), texts[i]);
        assert_string_equal(ticket.secret, SECRET);
    }
}

static void anything_else_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "coffer://",
        "https://127.0.0.1:7070/" SECRET "#" KEY,
        "coffer://127.0.0.1/" SECRET "#" KEY,
        "coffer://[::1]/" SECRET "#" KEY,
        "coffer://127.0.0.1:0x10/" SECRET "#" KEY,
        "coffer://127.0.0.1:99999/" SECRET "#" KEY,
        "coffer://u@127.0.0.1:7070/" SECRET "#" KEY,
        "coffer://127.0.0.1:7070?" SECRET "#" KEY,
        "coffer://127.0.0.1:7070/" SECRET,
        "coffer://127.0.0.1:7070/" SECRET "A#" KEY,
        "coffer://127.0.0.1:7070/x" SECRET "#" KEY,
        "coffer://127.0.0.1:7070/+AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8#" KEY,
        "coffer://127.0.0.1:7070/" SECRET "#" KEY "0",
        "coffer://127.0.0.1:7070/" SECRET "#0x" KEY,
        "coffer://127.0.0.1:7070/" SECRET "#"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cof_ticket ticket = {.port = 5};
        assert_status(cof_ticket_parse(texts[i], &ticket, NULL), BAD_FORMAT);
        assert_int_equal(ticket.port, 5);
    }
}

static void only_its_own_secret_is_accepted(void **state)
{
    cof_ticket ticket;
    (void)state;
    assert_ok(cof_ticket_parse("coffer://127.0.0.1:7070/" SECRET "#" KEY, &ticket, NULL));
    assert_true(cof_ticket_has_secret(&ticket, SECRET));
    assert_false(cof_ticket_has_secret(&ticket, ""));
    assert_false(cof_ticket_has_secret(&ticket, SECRET "A"));
    assert_false(cof_ticket_has_secret(&ticket, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh4"));
}

static void a_made_ticket_is_new_and_its_files_are_private(void **state)
{
    char folder[COF_TEMPDIR_SIZE];
    cof_url place;
    cof_ticket made[2];
    (void)state;
    cof_tempdir_make(folder);
    assert_ok(cof_ticket_parse_place("127.0.0.1:7070", &place, NULL));
    for (int i = 0; i < 2; i++) {
        cof_path paths[3];
        cof_ticket read;
        assert_ok(cof_path_format(&paths[0], NULL, "%s/%d.ticket", folder, i));
        assert_ok(cof_path_format(&paths[1], NULL, "%s/%d.pem", folder, i));
        assert_ok(cof_path_format(&paths[2], NULL, "%s/%d.key", folder, i));
        const cof_ticket_files files = {
            .ticket = paths[0].text, .certificate = paths[1].text, .key = paths[2].text};
        assert_ok(cof_ticket_make(&place, &files, &made[i], NULL));
        assert_ok(cof_ticket_read(files.ticket, &read, NULL));
        assert_string_equal(read.secret, made[i].secret);
        assert_string_equal(read.host, "127.0.0.1");
        assert_int_equal(read.port, 7070);
        assert_true(cof_digest_equal(&read.key, &made[i].key));
        for (int k = 0; k < 3; k++) {
            struct stat info;
            assert_int_equal(stat(paths[k].text, &info), 0);
            assert_int_equal(info.st_mode & 0777, 0600);
        }
    }
    assert_string_not_equal(made[0].secret, made[1].secret);
    assert_false(cof_digest_equal(&made[0].key, &made[1].key));
    cof_tempdir_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_read_and_printed_the_same),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(only_its_own_secret_is_accepted),
        cmocka_unit_test(a_made_ticket_is_new_and_its_files_are_private),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
