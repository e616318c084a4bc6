/* Tokens over time: which keys sign and verify them as the clock goes on; and all without memory.
 */
#include "local_fixture.h"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include "harness/cof_alloc_fail.h"
#include "local/identity/issuer_internal.h"
#include "tcb/wire/json.h"

typedef struct services {
    cof_trail *trail;
    cof_directory *directory;
    cof_access *access;
    cof_issuer *issuer;
    char form[512];
} services;

static void read_form(const local_fixture *f, services *s)
{
    COF_JSON json_t *client = NULL;
    assert_ok(cof_state_read_json(f->state, "clients/owner.json", &client, NULL));
    (void)snprintf(s->form, sizeof s->form,
                   "grant_type=client_credentials&client_id=%s&client_secret=%s&scope=https%%3A%%2F"
                   "%%2Fvault.azure.net%%2F.default",
                   json_string_value(json_object_get(client, "client_id")),
                   json_string_value(json_object_get(client, "client_secret")));
}

static void open_services(const local_fixture *f, services *s)
{
    fixture_now = 1800000000; /* certificates want a time of this century */
    assert_ok(cof_state_set_port((cof_state *)f->state, 8443, NULL));
    assert_ok(cof_trail_open(f->state, &s->trail, NULL));
    assert_ok(cof_directory_open(f->state, &s->directory, NULL));
    assert_ok(cof_access_open(f->state, s->directory, &s->access, NULL));
    const cof_issuer_parts parts = {
        .state = f->state, .directory = s->directory, .access = s->access, .trail = s->trail};
    assert_ok(cof_issuer_open(&parts, &s->issuer, NULL));
    read_form(f, s);
}

static void close_services(services *s)
{
    cof_issuer_free(s->issuer);
    cof_access_free(s->access);
    cof_directory_free(s->directory);
    cof_trail_free(s->trail);
}

/* @return as the handler; *out_status and *out_bearer ("Bearer …") when it is COF_OK */
static cof_status ask(services *s, int *out_status, char *out_bearer, size_t size)
{
    struct evkeyvalq headers;
    const char *segments[] = {cof_state_tenant(s->issuer->parts.state)};
    cof_http_response response = {.status = 200, .body = {.limit = COF_LIMIT_HTTP_BODY_BYTES}};
    TAILQ_INIT(&headers);
    assert_int_equal(
        evhttp_add_header(&headers, "Content-Type", "application/x-www-form-urlencoded"), 0);
    const cof_http_request request = {.method = "POST",
                                      .segments = segments,
                                      .segment_count = 1,
                                      .body = cof_view_text(s->form),
                                      .id = "0",
                                      .headers_ = &headers};
    const cof_status status = cof_issuer_post_token_v2(s->issuer, &request, &response, NULL);
    const unsigned long left = cof_alloc_fail_pause();
    if (status == COF_OK) {
        *out_status = response.status;
        COF_JSON json_t *body =
            json_loadb((const char *)response.body.data, response.body.size, 0, NULL);
        const char *token = json_string_value(json_object_get(body, "access_token"));
        (void)snprintf(out_bearer, size, "Bearer %s", token != NULL ? token : "");
    }
    cof_alloc_fail_resume(left);
    cof_http_response_clear(&response);
    evhttp_clear_headers(&headers);
    return status;
}

static void get(services *s, char *out_bearer, size_t size)
{
    int status = 0;
    assert_ok(ask(s, &status, out_bearer, size));
    assert_int_equal(status, 200);
}

static cof_status check(const services *s, const char *bearer)
{
    COF_JSON json_t *claims = NULL;
    return cof_issuer_check(s->issuer, bearer, COF_RESOURCE_VAULT, &claims, NULL);
}

static size_t published(const services *s)
{
    return json_array_size(json_object_get(cof_signing_keys_published(s->issuer->keys), "keys"));
}

static void tokens_of_the_old_key_are_good_until_they_expire(void **state)
{
    const local_fixture *f = *state;
    services s = {0};
    char before[4096];
    char after[4096];
    open_services(f, &s);
    const int64_t start = fixture_now;
    get(&s, before, sizeof before);
    fixture_now = start + COF_SIGNING_LIFE_S - COF_SIGNING_AHEAD_S;
    get(&s, before, sizeof before);
    assert_int_equal(published(&s), 2);
    fixture_now = start + COF_SIGNING_LIFE_S - 1;
    get(&s, before, sizeof before);
    fixture_now++;
    get(&s, after, sizeof after);
    assert_memory_not_equal(before, after, 100); /* the kid */
    assert_ok(check(&s, before));
    assert_ok(check(&s, after));
    fixture_now += COF_ISSUER_LIFETIME_S + COF_ISSUER_SKEW_S - 2;
    assert_ok(check(&s, before));
    fixture_now++;
    assert_status(check(&s, before), TOKEN_EXPIRED);
    fixture_now = start + COF_SIGNING_LIFE_S + COF_SIGNING_AFTER_S;
    get(&s, after, sizeof after);
    assert_int_equal(published(&s), 1);
    assert_status(check(&s, before), TOKEN_UNTRUSTED);
    assert_ok(check(&s, after));
    close_services(&s);
}

static void a_restart_verifies_the_same_tokens(void **state)
{
    const local_fixture *f = *state;
    services s = {0};
    char bearer[4096];
    open_services(f, &s);
    get(&s, bearer, sizeof bearer);
    close_services(&s);
    open_services(f, &s);
    assert_ok(check(&s, bearer));
    close_services(&s);
}

static void a_turn_of_the_keys_is_in_the_audit_trail(void **state)
{
    const local_fixture *f = *state;
    services s = {0};
    char bearer[4096];
    COF_CLEANUP(cof_buf_free) cof_buf trail = {.limit = 65536};
    const char *text = NULL;
    open_services(f, &s);
    fixture_now += COF_SIGNING_LIFE_S - COF_SIGNING_AHEAD_S;
    get(&s, bearer, sizeof bearer);
    assert_ok(cof_state_read(f->state, "audit.jsonl", &trail, NULL));
    assert_ok(cof_buf_text(&trail, &text, NULL));
    assert_non_null(strstr(text, "\"keys/turn\""));
    close_services(&s);
}

static cof_status ask_once(void *context)
{
    services *s = context;
    char bearer[4096] = "";
    int http_status = 0;
    const cof_status status = ask(s, &http_status, bearer, sizeof bearer);
    if (status == COF_OK && http_status == 200) {
        const unsigned long left = cof_alloc_fail_pause();
        assert_ok(check(s, bearer));
        cof_alloc_fail_resume(left);
    }
    return status;
}

static void an_allocation_that_fails_gives_no_token_or_a_whole_one(void **state)
{
    const local_fixture *f = *state;
    services s = {0};
    const cof_status also[] = {COF_E_CRYPTO, COF_OK};
    open_services(f, &s);
    assert_true(cof_alloc_fail_each(ask_once, &s, also) > 50);
    close_services(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        local_test(tokens_of_the_old_key_are_good_until_they_expire),
        local_test(a_restart_verifies_the_same_tokens),
        local_test(a_turn_of_the_keys_is_in_the_audit_trail),
        local_test(an_allocation_that_fails_gives_no_token_or_a_whole_one),
    };
    cof_alloc_fail_hook_jansson();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
