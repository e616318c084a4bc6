/* The directory: first start, taking over an older folder, credentials, changes and their limits.
 */
#include "local_fixture.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "local/ca/cert.h"
#include "local/identity/directory_edit.h"
#include "tcb/crypto/digest.h"
#include "tcb/crypto/rsa.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

#define FILE_NAME "identity/directory.json"
#define PASSWORD  "correct horse battery"

static cof_directory *open_directory(const local_fixture *f)
{
    cof_directory *directory = NULL;
    assert_ok(cof_directory_open(f->state, &directory, NULL));
    return directory;
}

static cof_principal app_of(const cof_directory *directory, const char *name)
{
    cof_principal app = {0};
    assert_true(cof_directory_by_name(directory, COF_PRINCIPAL_APP, name, &app));
    return app;
}

static json_t *read_json(const local_fixture *f, const char *name)
{
    json_t *value = NULL;
    assert_ok(cof_state_read_json(f->state, name, &value, NULL));
    return value;
}

static void write_text(const local_fixture *f, const char *name, const char *text)
{
    assert_ok(cof_state_make_folder(f->state, "identity", NULL));
    assert_ok(cof_state_write(f->state, name, cof_view_text(text), NULL));
}

/* ---- the first start ---- */

static void a_first_start_makes_three_applications_whose_files_are_theirs(void **state)
{
    static const char *const names[] = {"owner", "agent", "auditor"};
    const local_fixture *f = *state;
    COF_CLEANUP(cof_directory_drop_) cof_directory *directory = open_directory(f);
    for (size_t i = 0; i < 3; i++) {
        const cof_principal app = app_of(directory, names[i]);
        cof_path path;
        struct stat info;
        char file[64];
        (void)snprintf(file, sizeof file, "clients/%s.json", names[i]);
        COF_JSON json_t *credential = read_json(f, file);
        const char *secret = json_string_value(json_object_get(credential, "client_secret"));
        assert_string_equal(json_string_value(json_object_get(credential, "client_id")),
                            app.client_id);
        assert_int_equal(cof_directory_check_secret(directory, &app, secret), COF_PROOF_FITS);
        assert_int_equal(json_object_size(credential), 5);
        assert_ok(cof_state_path(f->state, file, &path, NULL));
        assert_int_equal(stat(path.text, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
}

static void a_second_start_finds_what_the_first_made(void **state)
{
    const local_fixture *f = *state;
    cof_directory *first = open_directory(f);
    const cof_principal before = app_of(first, "owner");
    char id[37];
    memcpy(id, before.object_id, sizeof id);
    cof_directory_free(first);
    COF_CLEANUP(cof_directory_drop_) cof_directory *again = open_directory(f);
    assert_string_equal(app_of(again, "owner").object_id, id);
}

static void no_secret_is_in_the_file(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_directory_drop_) cof_directory *directory = open_directory(f);
    COF_JSON json_t *credential = read_json(f, "clients/owner.json");
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 1024 * 1024};
    const char *all = NULL;
    assert_ok(cof_state_read(f->state, FILE_NAME, &text, NULL));
    assert_ok(cof_buf_text(&text, &all, NULL));
    assert_null(strstr(all, json_string_value(json_object_get(credential, "client_secret"))));
}

/* The folder was moved, or the port changed: the secret goes on, the address is the new one. */
static void credential_files_follow_the_installation(void **state)
{
    const local_fixture *f = *state;
    assert_ok(cof_state_set_port(f->state, 2345, NULL));
    cof_directory_free(open_directory(f));
    COF_JSON json_t *before = read_json(f, "clients/owner.json");
    assert_ok(cof_state_set_port(f->state, 3456, NULL));
    COF_CLEANUP(cof_directory_drop_) cof_directory *directory = open_directory(f);
    COF_JSON json_t *after = read_json(f, "clients/owner.json");
    assert_string_equal(json_string_value(json_object_get(after, "authority")),
                        "https://localhost:3456");
    assert_ok(
        cof_json_set(after, "authority", json_incref(json_object_get(before, "authority")), NULL));
    assert_true(json_equal(before, after));
}

#define OLD_OWNER                                                                                  \
    "{\"name\":\"owner\",\"client_id\":\"11111111-2222-4333-8444-555555555555\","                  \
    "\"object_id\":\"aaaaaaaa-2222-4333-8444-555555555555\",\"secret\":\""
#define OLD_REST                                                                                   \
    "\",\"roles\":{}},{\"name\":\"robot\",\"client_id\":\"21111111-2222-4333-8444-555555555555\"," \
    "\"object_id\":\"baaaaaaa-2222-4333-8444-555555555555\",\"secret\":\""

static void write_old_clients(const local_fixture *f)
{
    cof_digest digest;
    char hex[65];
    char text[2048];
    assert_ok(cof_digest_of(cof_view_text("old secret"), &digest, NULL));
    cof_digest_text(&digest, hex);
    (void)snprintf(text, sizeof text,
                   "{\"clients\":[" OLD_OWNER "%s" OLD_REST "%s\",\"roles\":{}}]}", hex, hex);
    write_text(f, "identity/clients.json", text);
}

static void an_older_folder_keeps_its_ids_and_secrets(void **state)
{
    const local_fixture *f = *state;
    write_old_clients(f);
    COF_CLEANUP(cof_directory_drop_) cof_directory *directory = open_directory(f);
    const cof_principal owner = app_of(directory, "owner");
    const cof_principal robot = app_of(directory, "robot");
    assert_string_equal(owner.client_id, "11111111-2222-4333-8444-555555555555");
    assert_string_equal(robot.object_id, "baaaaaaa-2222-4333-8444-555555555555");
    assert_int_equal(cof_directory_check_secret(directory, &owner, "old secret"), COF_PROOF_FITS);
    assert_int_equal(cof_directory_check_secret(directory, &robot, "old secret"), COF_PROOF_FITS);
    assert_int_equal(cof_directory_check_secret(directory, &owner, "old secret "), COF_PROOF_WRONG);
    (void)app_of(directory, "agent");
    (void)app_of(directory, "auditor");
}

/* ---- strict reading ---- */

/* What was half taken over would stay broken after the old file was repaired. */
static void an_older_folder_that_is_damaged_is_left_as_it_is(void **state)
{
    static const char damaged[] =
        "{\"clients\":[{\"name\":\"owner\",\"client_id\":\"11111111-2222-4333-8444-555555555555\","
        "\"object_id\":\"aaaaaaaa-2222-4333-8444-555555555555\",\"secret\":\"no digest\"}]}";
    const local_fixture *f = *state;
    cof_directory *directory = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 65536};
    assert_ok(cof_state_make_folder(f->state, "identity", NULL));
    write_text(f, "identity/clients.json", damaged);
    assert_status(cof_directory_open(f->state, &directory, NULL), BAD_FORMAT);
    assert_status(cof_state_read(f->state, "identity/directory.json", &text, NULL), NOT_FOUND);
}

static void refused(const local_fixture *f, const char *from, const char *to, const char *status)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 1024 * 1024};
    COF_CLEANUP(cof_buf_free) cof_buf changed = {.limit = 1024 * 1024};
    const char *all = NULL;
    cof_directory *directory = NULL;
    cof_directory_free(open_directory(f));
    assert_ok(cof_state_read(f->state, FILE_NAME, &text, NULL));
    assert_ok(cof_buf_text(&text, &all, NULL));
    const char *at = strstr(all, from);
    assert_non_null(at);
    assert_ok(cof_buf_append(&changed, cof_view_of(all, (size_t)(at - all)), NULL));
    assert_ok(cof_buf_append_text(&changed, to, NULL));
    assert_ok(cof_buf_append_text(&changed, at + strlen(from), NULL));
    assert_ok(cof_state_write(f->state, FILE_NAME, cof_buf_view(&changed), NULL));
    assert_string_equal(cof_status_describe(cof_directory_open(f->state, &directory, NULL))->name,
                        status);
    assert_ok(cof_state_write(f->state, FILE_NAME, cof_buf_view(&text), NULL));
}

static void a_file_of_another_form_is_refused(void **state)
{
    const local_fixture *f = *state;
    refused(f, "\"directory/v1\"", "\"directory/v2\"", "BAD_VERSION");
    refused(f, "\"revision\":1", "\"revision\":0", "BAD_FORMAT");
    refused(f, "\"revision\":1", "\"revision\":1,\"more\":1", "BAD_FORMAT");
    refused(f, "\"revision\":1", "\"revision\":1,\"revision\":1", "BAD_JSON");
    refused(f, "\"name\":\"agent\"", "\"name\":\"Agent\"", "BAD_FORMAT");
    refused(f, "\"name\":\"agent\"", "\"name\":\"owner\"", "EXISTS");
    refused(f, "\"name\":\"agent\"", "\"name\":\"agent\",\"admin\":true", "BAD_FORMAT");
    refused(f, "\"enabled\":true", "\"enabled\":\"true\"", "BAD_FORMAT");
    refused(f, "\"sha256\":\"", "\"sha256\":\"0", "BAD_FORMAT");
    refused(f, "\"users\":[]", "\"users\":[1]", "BAD_FORMAT");
    refused(f, "\"users\":[]", "\"users\":{}", "BAD_FORMAT");
    refused(f, "\"groups\":[]",
            "\"groups\":[{\"name\":\"g\",\"object_id\":\"aaaaaaaa-2222-4333-8444-555555555555\","
            "\"created\":1,\"members\":[\"aaaaaaaa-2222-4333-8444-555555555556\"]}]",
            "BAD_FORMAT");
    cof_directory_free(open_directory(f));
}

/* ---- who is there ---- */

static void ids_are_found_without_regard_to_case(void **state)
{
    COF_CLEANUP(cof_directory_drop_) cof_directory *directory = open_directory(*state);
    const cof_principal owner = app_of(directory, "owner");
    char upper[37];
    cof_principal found = {0};
    for (size_t i = 0; i < sizeof upper; i++) {
        const char c = owner.client_id[i];
        upper[i] = c >= 'a' && c <= 'f' ? (char)(c - 32) : c;
    }
    assert_true(cof_directory_by_client_id(directory, upper, &found));
    assert_string_equal(found.name, "owner");
    assert_true(cof_directory_by_object_id(directory, owner.object_id, &found));
    assert_false(cof_directory_by_client_id(directory, owner.object_id, &found));
    assert_false(cof_directory_by_client_id(directory, "", &found));
    assert_false(
        cof_directory_by_client_id(directory, "11111111-2222-4333-8444-5555555555555555", &found));
}

static void names_are_unique_over_all_kinds(void **state)
{
    COF_CLEANUP(cof_directory_drop_) cof_directory *directory = open_directory(*state);
    cof_principal who;
    assert_status(cof_directory_add(directory, COF_PRINCIPAL_USER, "owner", &who, NULL), EXISTS);
    assert_ok(cof_directory_add(directory, COF_PRINCIPAL_USER, "alice", &who, NULL));
    assert_status(cof_directory_add(directory, COF_PRINCIPAL_GROUP, "alice", &who, NULL), EXISTS);
    assert_status(cof_directory_add(directory, COF_PRINCIPAL_APP, "A", &who, NULL), BAD_ARGUMENT);
    assert_status(cof_directory_add(directory, COF_PRINCIPAL_APP, "", &who, NULL), BAD_ARGUMENT);
    assert_status(cof_directory_add(directory, COF_PRINCIPAL_APP, "-a", &who, NULL), BAD_ARGUMENT);
    assert_int_equal(cof_directory_revision(directory), 2);
}

/* A grant names its principal by name or id: who could take another's id as a name would get it. */
static void an_id_is_no_name(void **state)
{
    COF_CLEANUP(cof_directory_drop_) cof_directory *directory = open_directory(*state);
    cof_principal agent;
    cof_principal who;
    char id[37];
    assert_true(cof_directory_by_name(directory, COF_PRINCIPAL_APP, "agent", &agent));
    memcpy(id, agent.object_id, sizeof id);
    assert_status(cof_directory_add(directory, COF_PRINCIPAL_APP, id, &who, NULL), BAD_ARGUMENT);
    assert_status(cof_directory_add(directory, COF_PRINCIPAL_USER,
                                    "11111111-2222-4333-8444-555555555555", &who, NULL),
                  BAD_ARGUMENT);
}

static void a_display_name_cannot_steer_a_terminal(void **state)
{
    static const char *const bad[] = {"\x1b[2J", "a\nb", "\x7f", "\xc2\x9b[", "\xff"};
    COF_CLEANUP(cof_directory_drop_) cof_directory *directory = open_directory(*state);
    cof_principal who;
    char id[37];
    assert_ok(cof_directory_add(directory, COF_PRINCIPAL_USER, "alice", &who, NULL));
    memcpy(id, who.object_id, sizeof id);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_status(cof_directory_set_display_name(directory, id, bad[i], NULL), BAD_ARGUMENT);
    }
    assert_ok(cof_directory_set_display_name(directory, id, "Alice \xc3\x84rmel \xc2\xa0", NULL));
}

static void a_group_knows_its_members_until_they_go(void **state)
{
    COF_CLEANUP(cof_directory_drop_) cof_directory *directory = open_directory(*state);
    cof_principal who;
    char group[37];
    char alice[37];
    assert_ok(cof_directory_add(directory, COF_PRINCIPAL_GROUP, "team", &who, NULL));
    memcpy(group, who.object_id, sizeof group);
    assert_ok(cof_directory_add(directory, COF_PRINCIPAL_USER, "alice", &who, NULL));
    memcpy(alice, who.object_id, sizeof alice);
    assert_false(cof_directory_is_member(directory, alice, group));
    assert_ok(cof_directory_add_member(directory, group, alice, NULL));
    assert_true(cof_directory_is_member(directory, alice, group));
    assert_status(cof_directory_add_member(directory, group, alice, NULL), EXISTS);
    assert_status(cof_directory_add_member(directory, group, group, NULL), NOT_FOUND);
    assert_ok(cof_directory_remove_member(directory, group, alice, NULL));
    assert_false(cof_directory_is_member(directory, alice, group));
    assert_ok(cof_directory_add_member(directory, group, alice, NULL));
    assert_ok(cof_directory_remove(directory, alice, NULL));
    assert_false(cof_directory_is_member(directory, alice, group));
}

static void the_installations_own_applications_stay(void **state)
{
    COF_CLEANUP(cof_directory_drop_) cof_directory *directory = open_directory(*state);
    assert_status(cof_directory_remove(directory, app_of(directory, "agent").object_id, NULL),
                  FORBIDDEN);
}

/* ---- credentials ---- */

static void a_secret_ends_at_its_second_and_a_second_one_goes_on(void **state)
{
    COF_CLEANUP(cof_directory_drop_) cof_directory *directory = open_directory(*state);
    COF_CLEANUP(cof_buf_free) cof_buf first = {.limit = 64};
    COF_CLEANUP(cof_buf_free) cof_buf second = {.limit = 64};
    const char *text = NULL;
    char id[37];
    cof_principal who;
    assert_ok(cof_directory_add(directory, COF_PRINCIPAL_APP, "robot", &who, NULL));
    char robot[37];
    memcpy(robot, who.object_id, sizeof robot);
    assert_ok(cof_directory_add_secret(directory, robot, fixture_now + 10, id, &first, NULL));
    assert_ok(cof_directory_add_secret(directory, robot, 0, id, &second, NULL));
    assert_status(cof_directory_add_secret(directory, robot, fixture_now, id, &second, NULL),
                  BAD_ARGUMENT);
    who = app_of(directory, "robot");
    assert_ok(cof_buf_text(&first, &text, NULL));
    assert_int_equal(cof_directory_check_secret(directory, &who, text), COF_PROOF_FITS);
    fixture_now += 10;
    assert_int_equal(cof_directory_check_secret(directory, &who, text), COF_PROOF_EXPIRED);
    assert_int_equal(cof_directory_check_secret(directory, &who, ""), COF_PROOF_WRONG);
    assert_ok(cof_buf_text(&second, &text, NULL));
    assert_int_equal(cof_directory_check_secret(directory, &who, text), COF_PROOF_FITS);
    assert_ok(cof_directory_remove_credential(directory, robot, id, NULL));
    who = app_of(directory, "robot");
    assert_int_equal(cof_directory_check_secret(directory, &who, text), COF_PROOF_WRONG);
    assert_status(cof_directory_remove_credential(directory, robot, id, NULL), NOT_FOUND);
}

static void an_application_has_eight_secrets_at_most(void **state)
{
    COF_CLEANUP(cof_directory_drop_) cof_directory *directory = open_directory(*state);
    COF_CLEANUP(cof_buf_free) cof_buf secret = {.limit = 1024};
    char id[37];
    cof_principal who;
    assert_ok(cof_directory_add(directory, COF_PRINCIPAL_APP, "robot", &who, NULL));
    char robot[37];
    memcpy(robot, who.object_id, sizeof robot);
    for (int i = 0; i < COF_DIRECTORY_SECRETS; i++) {
        assert_ok(cof_directory_add_secret(directory, robot, 0, id, &secret, NULL));
    }
    assert_status(cof_directory_add_secret(directory, robot, 0, id, &secret, NULL), LIMIT);
}

static void a_password_is_right_or_wrong(void **state)
{
    COF_CLEANUP(cof_directory_drop_) cof_directory *directory = open_directory(*state);
    cof_principal user;
    assert_ok(cof_directory_add(directory, COF_PRINCIPAL_USER, "alice", &user, NULL));
    char alice[37];
    memcpy(alice, user.object_id, sizeof alice);
    assert_int_equal(cof_directory_check_password(directory, &user, ""), COF_PROOF_WRONG);
    assert_status(cof_directory_set_password(directory, alice, "short", NULL), BAD_ARGUMENT);
    assert_ok(cof_directory_set_password(directory, alice, PASSWORD, NULL));
    assert_true(cof_directory_by_object_id(directory, alice, &user));
    assert_int_equal(cof_directory_check_password(directory, &user, PASSWORD), COF_PROOF_FITS);
    assert_int_equal(cof_directory_check_password(directory, &user, PASSWORD "1"), COF_PROOF_WRONG);
    assert_int_equal(cof_directory_check_password(directory, NULL, PASSWORD), COF_PROOF_WRONG);
}

/* A user whose password is cheap to look at, so that many tries cost a test little. */
static void write_cheap_user(const local_fixture *f)
{
    static const uint8_t salt[16] = {0};
    uint8_t hash[32];
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 64};
    cof_directory_free(open_directory(f));
    COF_JSON json_t *root = read_json(f, FILE_NAME);
    assert_int_equal(EVP_PBE_scrypt(PASSWORD, strlen(PASSWORD), salt, sizeof salt, 16, 1, 1, 0,
                                    hash, sizeof hash),
                     1);
    assert_ok(cof_base64url_encode(cof_view_of(hash, sizeof hash), &text, NULL));
    assert_ok(cof_json_append(
        json_object_get(root, "users"),
        json_pack("{s:s,s:s,s:b,s:i,s:s,s:{s:s,s:i,s:i,s:i,s:s%}}", "name", "alice", "object_id",
                  "aaaaaaaa-2222-4333-8444-555555555555", "enabled", 1, "created", 1,
                  "display_name", "Alice", "password", "salt", "AAAAAAAAAAAAAAAAAAAAAA", "n", 16,
                  "r", 1, "p", 1, "hash", text.data, text.size),
        NULL));
    assert_ok(cof_state_write_json(f->state, FILE_NAME, root, NULL));
}

static void ten_wrong_passwords_lock_for_a_minute_each(void **state)
{
    write_cheap_user(*state);
    COF_CLEANUP(cof_directory_drop_) cof_directory *directory = open_directory(*state);
    cof_principal user;
    assert_true(cof_directory_by_name(directory, COF_PRINCIPAL_USER, "alice", &user));
    for (int i = 0; i < 9; i++) {
        assert_int_equal(cof_directory_check_password(directory, &user, "x"), COF_PROOF_WRONG);
    }
    assert_int_equal(cof_directory_check_password(directory, &user, PASSWORD), COF_PROOF_FITS);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(cof_directory_check_password(directory, &user, "x"), COF_PROOF_WRONG);
    }
    assert_int_equal(cof_directory_check_password(directory, &user, PASSWORD), COF_PROOF_LOCKED);
    fixture_now += 60;
    assert_int_equal(cof_directory_check_password(directory, &user, "x"), COF_PROOF_WRONG);
    assert_int_equal(cof_directory_check_password(directory, &user, PASSWORD), COF_PROOF_LOCKED);
    fixture_now += 60;
    assert_int_equal(cof_directory_check_password(directory, &user, PASSWORD), COF_PROOF_FITS);
}

static void make_certificate(int64_t not_before, int days, cof_buf *pem, cof_buf *sha256)
{
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *key = NULL;
    COF_CLEANUP(X509_drop_) X509 *certificate = NULL;
    assert_ok(cof_rsa_generate(2048, &key, NULL));
    const cof_cert_request request = {
        .common_name = "robot", .key = cof_rsa_evp(key), .not_before = not_before, .days = days};
    assert_ok(cof_cert_make(&request, &certificate, NULL));
    assert_ok(cof_cert_to_pem(certificate, pem, NULL));
    assert_ok(cof_cert_thumbprint(certificate, EVP_sha256(), sha256, NULL));
}

static void a_certificate_is_found_by_its_thumbprint_while_it_is_valid(void **state)
{
    COF_CLEANUP(cof_directory_drop_) cof_directory *directory = open_directory(*state);
    COF_CLEANUP(cof_buf_free) cof_buf pem = {.limit = 8192};
    COF_CLEANUP(cof_buf_free) cof_buf sha256 = {.limit = 64};
    const char *der = NULL;
    char id[37];
    cof_principal who;
    assert_ok(cof_directory_add(directory, COF_PRINCIPAL_APP, "robot", &who, NULL));
    char robot[37];
    memcpy(robot, who.object_id, sizeof robot);
    make_certificate(fixture_now + 100, 2, &pem, &sha256);
    assert_ok(cof_directory_add_certificate(directory, robot, cof_buf_view(&pem), id, NULL));
    assert_status(cof_directory_add_certificate(directory, robot, cof_buf_view(&pem), id, NULL),
                  EXISTS);
    assert_status(cof_directory_add_certificate(directory, robot, cof_view_text("no"), id, NULL),
                  BAD_FORMAT);
    who = app_of(directory, "robot");
    const json_t *entry = json_array_get(json_object_get(who.entry, "certificates"), 0);
    const char *x5t = json_string_value(json_object_get(entry, "x5t"));
    const char *x5t_s256 = json_string_value(json_object_get(entry, "x5t_s256"));
    assert_false(cof_directory_certificate(directory, &who, x5t, NULL, &der));
    fixture_now += 100;
    assert_true(cof_directory_certificate(directory, &who, x5t, NULL, &der));
    assert_true(cof_directory_certificate(directory, &who, NULL, x5t_s256, &der));
    assert_true(cof_directory_certificate(directory, &who, x5t, x5t_s256, &der));
    assert_false(cof_directory_certificate(directory, &who, x5t, x5t, &der));
    assert_false(cof_directory_certificate(directory, &who, NULL, NULL, &der));
    const cof_principal owner = app_of(directory, "owner");
    assert_false(cof_directory_certificate(directory, &owner, x5t, NULL, &der));
    fixture_now += 2 * 86400;
    assert_false(cof_directory_certificate(directory, &who, x5t, NULL, &der));
    assert_status(
        cof_directory_add_certificate(directory, owner.object_id, cof_buf_view(&pem), id, NULL),
        BAD_ARGUMENT);
}

static void another_issuers_identity_is_trusted_with_its_keys(void **state)
{
    COF_CLEANUP(cof_directory_drop_) cof_directory *directory = open_directory(*state);
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *key = NULL;
    COF_JSON json_t *jwk = NULL;
    char id[37];
    assert_ok(cof_rsa_generate(2048, &key, NULL));
    assert_ok(cof_rsa_to_jwk(key, &jwk, NULL));
    assert_ok(cof_json_set(jwk, "kid", json_string("k1"), NULL));
    COF_JSON json_t *keys = json_pack("{s:[O]}", "keys", jwk);
    COF_JSON json_t *none = json_pack("{s:[]}", "keys");
    cof_federated identity = {.issuer = "https://ci.example", .subject = "repo:a", .keys = keys};
    char owner[37];
    memcpy(owner, app_of(directory, "owner").object_id, sizeof owner);
    assert_ok(cof_directory_add_federated(directory, owner, "ci", &identity, id, NULL));
    assert_status(cof_directory_add_federated(directory, owner, "ci", &identity, id, NULL), EXISTS);
    identity.subject = "repo:b";
    identity.keys = none;
    assert_status(cof_directory_add_federated(directory, owner, "ci", &identity, id, NULL),
                  BAD_ARGUMENT);
    identity.keys = keys;
    identity.issuer = "http://ci.example";
    assert_status(cof_directory_add_federated(directory, owner, "ci", &identity, id, NULL),
                  BAD_ARGUMENT);
    const cof_principal app = app_of(directory, "owner");
    assert_int_equal(cof_directory_federated_count(&app), 1);
    const cof_federated found = cof_directory_federated(&app, 0);
    assert_string_equal(found.issuer, "https://ci.example");
    assert_string_equal(found.audience, "api://AzureADTokenExchange");
    assert_true(json_equal(found.keys, keys));
}

/* ---- changes ---- */

static void what_was_changed_is_there_after_a_restart(void **state)
{
    const local_fixture *f = *state;
    cof_directory *directory = open_directory(f);
    cof_principal who;
    assert_ok(cof_directory_add(directory, COF_PRINCIPAL_USER, "alice", &who, NULL));
    char alice[37];
    memcpy(alice, who.object_id, sizeof alice);
    assert_ok(cof_directory_set_display_name(directory, alice, "Alice Ärmel", NULL));
    assert_ok(cof_directory_set_enabled(directory, alice, false, NULL));
    cof_directory_free(directory);
    COF_CLEANUP(cof_directory_drop_) cof_directory *again = open_directory(f);
    assert_true(cof_directory_by_object_id(again, alice, &who));
    assert_false(cof_principal_is_enabled(&who));
    assert_string_equal(json_string_value(json_object_get(who.entry, "display_name")),
                        "Alice Ärmel");
    assert_int_equal(cof_directory_revision(again), 4);
}

/* A folder stands where the file should be, so that it cannot be written (also not by root). */
static void a_change_that_cannot_be_written_leaves_all_as_it_was(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_directory_drop_) cof_directory *directory = open_directory(f);
    cof_path file;
    cof_path aside;
    cof_principal who;
    const int64_t before = cof_directory_revision(directory);
    assert_ok(cof_state_path(f->state, FILE_NAME, &file, NULL));
    assert_ok(cof_state_path(f->state, "identity/aside.json", &aside, NULL));
    assert_int_equal(rename(file.text, aside.text), 0);
    assert_int_equal(mkdir(file.text, 0700), 0);
    assert_int_not_equal(cof_directory_add(directory, COF_PRINCIPAL_USER, "alice", &who, NULL),
                         COF_OK);
    assert_false(cof_directory_by_name(directory, COF_PRINCIPAL_USER, "alice", &who));
    assert_int_equal(cof_directory_revision(directory), before);
    assert_int_equal(rmdir(file.text), 0);
    assert_int_equal(rename(aside.text, file.text), 0);
    assert_ok(cof_directory_add(directory, COF_PRINCIPAL_USER, "alice", &who, NULL));
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        local_test(a_first_start_makes_three_applications_whose_files_are_theirs),
        local_test(a_second_start_finds_what_the_first_made),
        local_test(no_secret_is_in_the_file),
        local_test(credential_files_follow_the_installation),
        local_test(an_older_folder_keeps_its_ids_and_secrets),
        local_test(an_older_folder_that_is_damaged_is_left_as_it_is),
        local_test(a_file_of_another_form_is_refused),
        local_test(ids_are_found_without_regard_to_case),
        local_test(names_are_unique_over_all_kinds),
        local_test(an_id_is_no_name),
        local_test(a_display_name_cannot_steer_a_terminal),
        local_test(a_group_knows_its_members_until_they_go),
        local_test(the_installations_own_applications_stay),
        local_test(a_secret_ends_at_its_second_and_a_second_one_goes_on),
        local_test(an_application_has_eight_secrets_at_most),
        local_test(a_password_is_right_or_wrong),
        local_test(ten_wrong_passwords_lock_for_a_minute_each),
        local_test(a_certificate_is_found_by_its_thumbprint_while_it_is_valid),
        local_test(another_issuers_identity_is_trusted_with_its_keys),
        local_test(what_was_changed_is_there_after_a_restart),
        local_test(a_change_that_cannot_be_written_leaves_all_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
