/* Attestation services of others: whose keys release keys of this vault. */
#include "local_fixture.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "local/ca/cert.h"
#include "local/vault/authorities.h"
#include "tcb/wire/json.h"

#define A "https://a.example:8443"
#define B "https://b.example"

static cof_rsa_key *first; /* made once: they take a while */
static cof_rsa_key *second;

/* {"keys":[{"kty","kid","n","e"}]}; the caller owns it. */
static json_t *set_of(const cof_rsa_key *key, const char *kid)
{
    json_t *jwk = NULL;
    assert_ok(cof_rsa_to_jwk(key, &jwk, NULL));
    assert_ok(cof_json_set(jwk, "kid", json_string(kid), NULL));
    return json_pack("{s:[o]}", "keys", jwk);
}

/* As Azure publishes a key: the certificate alone. */
static json_t *x5c_set_of(const cof_rsa_key *key, const char *kid)
{
    COF_CLEANUP(X509_drop_) X509 *certificate = NULL;
    json_t *text = NULL;
    const cof_cert_request request = {
        .common_name = B, .key = cof_rsa_evp(key), .not_before = 1600000000, .days = 3650};
    assert_ok(cof_cert_make(&request, &certificate, NULL));
    assert_ok(cof_cert_to_x5c(certificate, &text, NULL));
    return json_pack("{s:[{s:s,s:s,s:s,s:s,s:[o,s]}]}", "keys", "kty", "RSA", "use", "sig", "alg",
                     "RS256", "kid", kid, "x5c", text, "bm90IHJlYWQ=");
}

static void put(cof_authorities *authorities, const char *issuer, const cof_rsa_key *key)
{
    COF_JSON json_t *keys = set_of(key, "k");
    assert_ok(cof_authorities_put(authorities, issuer, keys, NULL));
}

static bool has_key(const cof_authorities *authorities, const char *issuer, const cof_rsa_key *key)
{
    const cof_jwks *found = NULL;
    if (!cof_authorities_find(authorities, issuer, &found)) {
        return false;
    }
    const cof_rsa_key *one = cof_jwks_find(found, "k");
    return one != NULL && EVP_PKEY_eq(cof_rsa_evp(one), cof_rsa_evp(key)) == 1;
}

static void an_authority_that_was_put_is_found_and_no_other(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_authorities_drop_) cof_authorities *authorities = NULL;
    assert_ok(cof_authorities_open(f->state, &authorities, NULL));
    assert_false(has_key(authorities, A, first));
    put(authorities, A, first);
    put(authorities, B, second);
    assert_true(has_key(authorities, A, first));
    assert_true(has_key(authorities, A "/", first));
    assert_true(has_key(authorities, B, second));
    static const char *const others[] = {"https://a.example",
                                         "https://a.example:84433",
                                         "https://a.example:844",
                                         "https://A.example:8443",
                                         "http://a.example:8443",
                                         A "//",
                                         A "/x",
                                         "",
                                         "/"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(has_key(authorities, others[i], first));
    }
    assert_false(has_key(authorities, NULL, first));
}

static void what_was_put_is_there_after_a_restart(void **state)
{
    const local_fixture *f = *state;
    {
        COF_CLEANUP(cof_authorities_drop_) cof_authorities *authorities = NULL;
        assert_ok(cof_authorities_open(f->state, &authorities, NULL));
        put(authorities, B, second);
        put(authorities, A, first);
    }
    COF_CLEANUP(cof_authorities_drop_) cof_authorities *again = NULL;
    assert_ok(cof_authorities_open(f->state, &again, NULL));
    assert_int_equal(cof_authorities_count(again), 2);
    assert_string_equal(cof_authorities_at(again, 0)->issuer, A);
    assert_string_equal(cof_authorities_at(again, 1)->issuer, B);
    assert_true(has_key(again, A, first));
    assert_true(has_key(again, B, second));
}

static void new_keys_take_the_place_of_the_old(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_authorities_drop_) cof_authorities *authorities = NULL;
    assert_ok(cof_authorities_open(f->state, &authorities, NULL));
    put(authorities, A, first);
    put(authorities, A, second);
    assert_int_equal(cof_authorities_count(authorities), 1);
    assert_true(has_key(authorities, A, second));
    assert_false(has_key(authorities, A, first));
}

static void a_removed_authority_is_gone_for_good(void **state)
{
    const local_fixture *f = *state;
    char id[COF_AUTHORITY_ID_SIZE];
    assert_ok(cof_authority_id(A, id, NULL));
    {
        COF_CLEANUP(cof_authorities_drop_) cof_authorities *authorities = NULL;
        assert_ok(cof_authorities_open(f->state, &authorities, NULL));
        put(authorities, A, first);
        put(authorities, B, second);
        assert_non_null(cof_authorities_by_id(authorities, id));
        assert_ok(cof_authorities_remove(authorities, id, NULL));
        assert_false(has_key(authorities, A, first));
        assert_true(has_key(authorities, B, second));
        assert_status(cof_authorities_remove(authorities, id, NULL), NOT_FOUND);
    }
    COF_CLEANUP(cof_authorities_drop_) cof_authorities *again = NULL;
    assert_ok(cof_authorities_open(f->state, &again, NULL));
    assert_false(has_key(again, A, first));
    assert_true(has_key(again, B, second));
}

static void a_key_that_is_a_certificate_alone_works(void **state)
{
    const local_fixture *f = *state;
    COF_JSON json_t *keys = x5c_set_of(first, "k");
    {
        COF_CLEANUP(cof_authorities_drop_) cof_authorities *authorities = NULL;
        assert_ok(cof_authorities_open(f->state, &authorities, NULL));
        assert_ok(cof_authorities_put(authorities, B, keys, NULL));
        assert_true(has_key(authorities, B, first));
    }
    COF_CLEANUP(cof_authorities_drop_) cof_authorities *again = NULL;
    assert_ok(cof_authorities_open(f->state, &again, NULL));
    assert_true(has_key(again, B, first));
}

static void only_what_a_key_is_made_of_is_kept(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_authorities_drop_) cof_authorities *authorities = NULL;
    COF_JSON json_t *keys = set_of(first, "k");
    json_t *jwk = json_array_get(json_object_get(keys, "keys"), 0);
    assert_ok(cof_json_set(jwk, "d", json_string("not for us"), NULL));
    assert_ok(cof_json_set(jwk, "jku", json_string("https://elsewhere.example"), NULL));
    assert_ok(cof_authorities_open(f->state, &authorities, NULL));
    assert_ok(cof_authorities_put(authorities, A, keys, NULL));
    const json_t *kept =
        json_array_get(json_object_get(cof_authorities_at(authorities, 0)->keys, "keys"), 0);
    assert_int_equal(json_object_size(kept), 4);
    assert_null(json_object_get(kept, "d"));
}

static void what_is_no_authority_is_refused_and_changes_nothing(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_authorities_drop_) cof_authorities *authorities = NULL;
    COF_JSON json_t *good = set_of(first, "k");
    COF_JSON json_t *none = json_pack("{s:[]}", "keys");
    COF_JSON json_t *twice =
        json_pack("{s:[O,O]}", "keys", json_array_get(json_object_get(good, "keys"), 0),
                  json_array_get(json_object_get(good, "keys"), 0));
    COF_JSON json_t *list = json_array();
    assert_ok(cof_authorities_open(f->state, &authorities, NULL));
    static const char *const bad[] = {"",        "http://a.example",  "https://a.example/",
                                      A "/path", "https://A.example", "https://user@a.example"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_status(cof_authorities_put(authorities, bad[i], good, NULL), BAD_ARGUMENT);
    }
    assert_status(cof_authorities_put(authorities, A, none, NULL), BAD_KEY);
    assert_status(cof_authorities_put(authorities, A, twice, NULL), BAD_FORMAT);
    assert_status(cof_authorities_put(authorities, A, list, NULL), BAD_FORMAT);
    assert_int_equal(cof_authorities_count(authorities), 0);
}

static void the_vaults_own_service_cannot_be_replaced(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_authorities_drop_) cof_authorities *authorities = NULL;
    COF_JSON json_t *keys = set_of(first, "k");
    assert_ok(cof_state_set_port(f->state, 23456, NULL));
    assert_ok(cof_authorities_open(f->state, &authorities, NULL));
    assert_status(cof_authorities_put(authorities, cof_state_base(f->state), keys, NULL),
                  FORBIDDEN);
}

static void there_is_a_most_of_authorities(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_authorities_drop_) cof_authorities *authorities = NULL;
    COF_JSON json_t *keys = set_of(first, "k");
    char issuer[64];
    assert_ok(cof_authorities_open(f->state, &authorities, NULL));
    for (int i = 0; i < COF_AUTHORITIES_MAX; i++) {
        (void)snprintf(issuer, sizeof issuer, "https://h%02d.example", i);
        assert_ok(cof_authorities_put(authorities, issuer, keys, NULL));
    }
    assert_status(cof_authorities_put(authorities, A, keys, NULL), LIMIT);
    assert_ok(cof_authorities_put(authorities, issuer, keys, NULL));
}

/* The folder cannot be written: neither disk nor memory changes. */
static void a_change_that_cannot_be_written_is_none(void **state)
{
    const local_fixture *f = *state;
    COF_CLEANUP(cof_authorities_drop_) cof_authorities *authorities = NULL;
    COF_JSON json_t *keys = set_of(second, "k");
    char id[COF_AUTHORITY_ID_SIZE];
    char folder[512];
    char aside[520];
    assert_ok(cof_authorities_open(f->state, &authorities, NULL));
    put(authorities, A, first);
    (void)snprintf(folder, sizeof folder, "%s/local/vault", f->home);
    (void)snprintf(aside, sizeof aside, "%s-aside", folder);
    assert_int_equal(rename(folder, aside), 0);
    assert_ok(cof_authority_id(A, id, NULL));
    assert_int_not_equal(cof_authorities_put(authorities, A, keys, NULL), COF_OK);
    assert_int_not_equal(cof_authorities_put(authorities, B, keys, NULL), COF_OK);
    assert_int_not_equal(cof_authorities_remove(authorities, id, NULL), COF_OK);
    assert_int_equal(rename(aside, folder), 0);
    assert_int_equal(cof_authorities_count(authorities), 1);
    assert_true(has_key(authorities, A, first));
}

static void a_file_that_is_not_ours_is_refused(void **state)
{
    const local_fixture *f = *state;
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"coffer\":\"authorities/v2\",\"authorities\":[]}",
        "{\"coffer\":\"authorities/v1\",\"authorities\":[],\"more\":1}",
        "{\"coffer\":\"authorities/v1\",\"authorities\":[],\"authorities\":[]}",
        "{\"coffer\":\"authorities/v1\",\"authorities\":[1]}",
        "{\"coffer\":\"authorities/v1\",\"authorities\":[{\"issuer\":\"" A "\",\"added\":1}]}",
        "{\"coffer\":\"authorities/v1\",\"authorities\":[{\"issuer\":\"" A
        "\",\"added\":1,\"keys\":{\"keys\":[]}}]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        COF_CLEANUP(cof_authorities_drop_) cof_authorities *authorities = NULL;
        assert_ok(cof_authorities_new(f->state, &authorities, NULL));
        assert_int_not_equal(cof_authorities_read(authorities, cof_view_text(bad[i]), NULL),
                             COF_OK);
    }
    COF_CLEANUP(cof_authorities_drop_) cof_authorities *empty = NULL;
    assert_ok(cof_authorities_new(f->state, &empty, NULL));
    assert_ok(cof_authorities_read(
        empty, cof_view_text("{\"coffer\":\"authorities/v1\",\"authorities\":[]}"), NULL));
}

/* In the file, an issuer that stood twice could have the keys of somebody else. */
static void an_issuer_stands_once_in_the_file(void **state)
{
    const local_fixture *f = *state;
    static const char *const orders[][2] = {{A, A}, {B, A}};
    for (size_t i = 0; i < 2; i++) {
        COF_CLEANUP(cof_authorities_drop_) cof_authorities *authorities = NULL;
        COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 64 * 1024};
        COF_JSON json_t *keys = set_of(first, "k");
        COF_JSON json_t *file =
            json_pack("{s:s,s:[{s:s,s:i,s:O},{s:s,s:i,s:O}]}", "coffer", "authorities/v1",
                      "authorities", "issuer", orders[i][0], "added", 1, "keys", keys, "issuer",
                      orders[i][1], "added", 1, "keys", keys);
        assert_ok(cof_json_print(file, &text, NULL));
        assert_ok(cof_authorities_new(f->state, &authorities, NULL));
        assert_status(cof_authorities_read(authorities, cof_buf_view(&text), NULL), BAD_FORMAT);
    }
}

static int make_keys(void **state)
{
    (void)state;
    return cof_rsa_generate(2048, &first, NULL) == COF_OK &&
                   cof_rsa_generate(2048, &second, NULL) == COF_OK
               ? 0
               : -1;
}

static int free_keys(void **state)
{
    (void)state;
    cof_rsa_key_free(first);
    cof_rsa_key_free(second);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        local_test(an_authority_that_was_put_is_found_and_no_other),
        local_test(what_was_put_is_there_after_a_restart),
        local_test(new_keys_take_the_place_of_the_old),
        local_test(a_removed_authority_is_gone_for_good),
        local_test(a_key_that_is_a_certificate_alone_works),
        local_test(only_what_a_key_is_made_of_is_kept),
        local_test(what_is_no_authority_is_refused_and_changes_nothing),
        local_test(the_vaults_own_service_cannot_be_replaced),
        local_test(there_is_a_most_of_authorities),
        local_test(a_change_that_cannot_be_written_is_none),
        local_test(a_file_that_is_not_ours_is_refused),
        local_test(an_issuer_stands_once_in_the_file),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("authorities", tests, make_keys, free_keys);
}
