#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "local/vault/root_key.h"
#include "local_fixture.h"
#include "tcb/wire/json.h"

static const cof_root_source file = {.kind = COF_ROOT_KIND_FILE};

static cof_root_source passphrase(const char *text)
{
    return (cof_root_source){.kind = COF_ROOT_KIND_PASSPHRASE, .secret = cof_view_text(text)};
}

static bool exists(const local_fixture *f, const char *name)
{
    cof_path path;
    assert_ok(cof_state_path(f->state, name, &path, NULL));
    return access(path.text, F_OK) == 0;
}

static void assert_kind(const local_fixture *f, cof_root_kind kind)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 8192};
    cof_root_kind found = COF_ROOT_KIND_FILE;
    if (kind != COF_ROOT_KIND_FILE) {
        assert_ok(cof_state_read(f->state, "vault/root.json", &text, NULL));
        assert_ok(cof_root_record_check(cof_buf_view(&text), &found, NULL));
    }
    assert_int_equal(found, kind);
    assert_int_equal(exists(f, "vault/root.key"), kind == COF_ROOT_KIND_FILE);
    assert_int_equal(exists(f, "vault/root.json"), kind != COF_ROOT_KIND_FILE);
}

static void a_file_holds_it_by_default(void **state)
{
    const local_fixture *f = *state;
    cof_root_key first = {{0}};
    cof_root_key second = {{0}};
    assert_ok(cof_root_key_open(f->state, NULL, &first, NULL));
    assert_ok(cof_root_key_open(f->state, &file, &second, NULL));
    assert_memory_equal(&first, &second, sizeof first);
    assert_kind(f, COF_ROOT_KIND_FILE);
}

static void a_passphrase_holds_it_and_no_other_opens_it(void **state)
{
    const local_fixture *f = *state;
    const cof_root_source right = passphrase("correct horse");
    const cof_root_source wrong = passphrase("correct horsf");
    cof_root_key first = {{0}};
    cof_root_key second = {{1}};
    cof_root_key untouched = {{7}};
    assert_ok(cof_root_key_open(f->state, &right, &first, NULL));
    assert_kind(f, COF_ROOT_KIND_PASSPHRASE);
    assert_ok(cof_root_key_open(f->state, &right, &second, NULL));
    assert_memory_equal(&first, &second, sizeof first);
    assert_status(cof_root_key_open(f->state, &wrong, &untouched, NULL), UNAUTHORIZED);
    assert_int_equal(untouched.bytes[0], 7);
}

static void the_key_stays_the_same_when_its_keeping_changes(void **state)
{
    const local_fixture *f = *state;
    const cof_root_source one = passphrase("one");
    const cof_root_source two = passphrase("two");
    cof_root_key first = {{0}};
    cof_root_key now = {{0}};
    assert_ok(cof_root_key_open(f->state, &file, &first, NULL));
    assert_ok(cof_root_key_change(f->state, &file, &one, NULL));
    assert_kind(f, COF_ROOT_KIND_PASSPHRASE);
    assert_ok(cof_root_key_change(f->state, &one, &two, NULL));
    assert_status(cof_root_key_change(f->state, &one, &file, NULL), UNAUTHORIZED);
    assert_kind(f, COF_ROOT_KIND_PASSPHRASE);
    assert_ok(cof_root_key_change(f->state, &two, &file, NULL));
    assert_kind(f, COF_ROOT_KIND_FILE);
    assert_ok(cof_root_key_open(f->state, &file, &now, NULL));
    assert_memory_equal(&first, &now, sizeof first);
}

static void another_way_than_the_one_it_is_kept_in_is_refused(void **state)
{
    const local_fixture *f = *state;
    const cof_root_source right = passphrase("x");
    cof_root_key root = {{0}};
    cof_err err = {0};
    assert_ok(cof_root_key_open(f->state, &file, &root, NULL));
    assert_status(cof_root_key_open(f->state, &right, &root, &err), CONFIG);
    assert_non_null(strstr(err.detail, "\"file\""));
    assert_kind(f, COF_ROOT_KIND_FILE);
}

/* A crash between the new file and the removal of the old one. */
static void an_interrupted_change_is_ended_at_the_next_start(void **state)
{
    const local_fixture *f = *state;
    const cof_root_source right = passphrase("x");
    cof_root_key root = {{0}};
    cof_root_key again = {{0}};
    assert_ok(cof_root_key_open(f->state, &right, &root, NULL));
    assert_ok(cof_state_write(f->state, "vault/root.key",
                              cof_view_of(root.bytes, sizeof root.bytes), NULL));
    assert_status(cof_root_key_open(f->state, &file, &again, NULL), CONFIG);
    assert_ok(cof_root_key_open(f->state, &right, &again, NULL));
    assert_memory_equal(&root, &again, sizeof root);
    assert_kind(f, COF_ROOT_KIND_PASSPHRASE);
}

static void two_different_root_keys_are_refused(void **state)
{
    const local_fixture *f = *state;
    const cof_root_source right = passphrase("x");
    cof_root_key root = {{0}};
    assert_ok(cof_root_key_open(f->state, &right, &root, NULL));
    root.bytes[3] ^= 1;
    assert_ok(cof_state_write(f->state, "vault/root.key",
                              cof_view_of(root.bytes, sizeof root.bytes), NULL));
    assert_status(cof_root_key_open(f->state, &right, &root, NULL), CONFIG);
    assert_true(exists(f, "vault/root.key"));
    assert_true(exists(f, "vault/root.json"));
}

static void a_root_key_of_another_size_is_refused(void **state)
{
    const local_fixture *f = *state;
    cof_root_key root = {{0}};
    assert_ok(cof_state_make_folder(f->state, "vault", NULL));
    assert_ok(cof_state_write(f->state, "vault/root.key", cof_view_text("short"), NULL));
    assert_status(cof_root_key_open(f->state, &file, &root, NULL), BAD_FORMAT);
}

static void an_empty_passphrase_is_refused(void **state)
{
    const local_fixture *f = *state;
    const cof_root_source empty = passphrase("");
    cof_root_key root = {{0}};
    assert_ok(cof_root_key_open(f->state, &file, &root, NULL));
    assert_status(cof_root_key_change(f->state, &file, &empty, NULL), UNAUTHORIZED);
    assert_kind(f, COF_ROOT_KIND_FILE);
}

#define SEALED "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define OF_TOKEN(iv, sealed)                                                                       \
    ("{\"coffer\":\"root/v1\",\"kind\":\"pkcs11\",\"iv\":\"" iv "\",\"sealed\":\"" sealed "\"}")
#define SALT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static cof_status check_kdf(const char *kdf)
{
    char text[1024];
    cof_root_kind kind;
    (void)snprintf(text, sizeof text,
                   "{\"coffer\":\"root/v1\",\"kind\":\"passphrase\",\"kdf\":{%s,\"salt\":\"" SALT
                   "\"},\"sealed\":\"" SEALED "\"}",
                   kdf);
    return cof_root_record_check(cof_view_text(text), &kind, NULL);
}

/* Cheaper work would make the passphrase easy to guess for who can write the file; dearer work
 * would stop the service. */
static void work_outside_its_bounds_is_refused(void **state)
{
    (void)state;
    assert_ok(check_kdf("\"name\":\"scrypt\",\"n\":131072,\"r\":8,\"p\":1"));
    assert_status(check_kdf("\"name\":\"scrypt\",\"n\":16384,\"r\":8,\"p\":1"), BAD_FORMAT);
    assert_status(check_kdf("\"name\":\"scrypt\",\"n\":131073,\"r\":8,\"p\":1"), BAD_FORMAT);
    assert_status(check_kdf("\"name\":\"scrypt\",\"n\":2097152,\"r\":8,\"p\":1"), BAD_FORMAT);
    assert_status(check_kdf("\"name\":\"scrypt\",\"n\":131072,\"r\":1,\"p\":1"), BAD_FORMAT);
    assert_status(check_kdf("\"name\":\"scrypt\",\"n\":131072,\"r\":8,\"p\":2"), BAD_FORMAT);
    assert_status(check_kdf("\"name\":\"pbkdf2\",\"n\":131072,\"r\":8,\"p\":1"), BAD_FORMAT);
    assert_status(check_kdf("\"name\":\"scrypt\",\"n\":131072,\"r\":8,\"p\":1,\"x\":1"),
                  BAD_FORMAT);
}

static void other_records_are_refused(void **state)
{
    (void)state;
    cof_root_kind kind;
    static const char *const texts[] = {"[]",
                                        "{}",
                                        "{\"coffer\":\"root/v2\",\"kind\":\"passphrase\"}",
                                        "{\"coffer\":\"root/v1\",\"kind\":\"file\"}",
                                        OF_TOKEN("AAAA", SEALED),
                                        OF_TOKEN("AAAAAAAAAAAAAAAA", "AA")};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_status(cof_root_record_check(cof_view_text(texts[i]), &kind, NULL), BAD_FORMAT);
    }
    assert_ok(
        cof_root_record_check(cof_view_text(OF_TOKEN("AAAAAAAAAAAAAAAA", SEALED)), &kind, NULL));
    assert_int_equal(kind, COF_ROOT_KIND_PKCS11);
}

static void a_source_is_one_of_three(void **state)
{
    (void)state;
    cof_root_source source = {0};
    assert_ok(cof_root_source_parse("passphrase", &source, NULL));
    assert_int_equal(source.kind, COF_ROOT_KIND_PASSPHRASE);
    assert_ok(cof_root_source_parse("pkcs11:token=a;object=b", &source, NULL));
    assert_string_equal(source.uri, "pkcs11:token=a;object=b");
    assert_ok(cof_root_source_parse("file", &source, NULL));
    assert_int_equal(source.kind, COF_ROOT_KIND_FILE);
    assert_status(cof_root_source_parse("File", &source, NULL), BAD_ARGUMENT);
    assert_status(cof_root_source_parse("", &source, NULL), BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        local_test(a_file_holds_it_by_default),
        local_test(a_passphrase_holds_it_and_no_other_opens_it),
        local_test(the_key_stays_the_same_when_its_keeping_changes),
        local_test(another_way_than_the_one_it_is_kept_in_is_refused),
        local_test(an_interrupted_change_is_ended_at_the_next_start),
        local_test(two_different_root_keys_are_refused),
        local_test(a_root_key_of_another_size_is_refused),
        local_test(an_empty_passphrase_is_refused),
        cmocka_unit_test(work_outside_its_bounds_is_refused),
        cmocka_unit_test(other_records_are_refused),
        cmocka_unit_test(a_source_is_one_of_three),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
