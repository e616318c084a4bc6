/*
 * The clients of Azure's services, for the tests to drive:
 *   token FILE SCOPE…          a token for each scope in turn; "-SCOPE" forgets it before
 *   get CA URL…                each URL by one client; "+MS" waits
 *   attest CA EVIDENCE URL…    a token for an SGX quote of these bytes, from one of the services
 *   release CA FILE KID TOKEN  a key's release
 *   keys CA FILE BASE NAME     a key is made, unwraps, is rotated and listed
 *   certs CA URL               an attestation service's keys
 * One line for each: "ok …", or the status and what is said of it. CA may be "-".
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host/azure/attest.h"
#include "host/azure/vault.h"
#include "tcb/crypto/rsa.h"
#include "tcb/wire/json.h"

static int failures;

static void say(cof_status status, const cof_err *err, cof_view text)
{
    if (status == COF_OK) {
        (void)printf("ok %.*s\n", (int)text.size, (const char *)text.data);
    } else {
        failures++;
        (void)printf("%s %s\n", cof_status_describe(status)->name, err->detail);
    }
    (void)fflush(stdout);
}

static cof_http_client_options options_of(const char *ca)
{
    return (cof_http_client_options){.ca_path = strcmp(ca, "-") == 0 ? NULL : ca,
                                     .retry = {.base_ms = 20},
                                     .breaker = {.open_ms = 300}};
}

static cof_status tokens(const char *path, char **scopes, cof_err *err)
{
    COF_CLEANUP(cof_credential_drop_) cof_credential *credential = NULL;
    COF_TRY(cof_credential_open(path, &credential, err));
    (void)printf("kind %s\n", cof_credential_kind(credential));
    for (; *scopes != NULL; scopes++) {
        const char *token = "";
        const char *scope = *scopes;
        if (scope[0] == '-') {
            cof_credential_forget(credential, ++scope);
        }
        const cof_status status = cof_credential_token(credential, scope, &token, err);
        say(status, err, cof_view_text(token));
    }
    return COF_OK;
}

static cof_status gets(const char *ca, char **urls, cof_err *err)
{
    const cof_http_client_options options = options_of(ca);
    COF_CLEANUP(cof_http_client_drop_) cof_http_client *client = NULL;
    COF_TRY(cof_http_client_new(&options, &client, err));
    for (; *urls != NULL; urls++) {
        if ((*urls)[0] == '+') {
            const long ms = strtol(*urls + 1, NULL, 10);
            const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
            (void)nanosleep(&pause, NULL);
            continue;
        }
        COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
        const cof_http_call call = {.method = "GET", .url = *urls};
        const cof_status status = cof_http_send(client, &call, &answer, err);
        say(status, err, cof_buf_view(&answer.body));
    }
    return COF_OK;
}

static cof_status attest(const char *ca, const char *evidence, char **urls, size_t count,
                         cof_err *err)
{
    const cof_http_client_options options = options_of(ca);
    COF_CLEANUP(cof_http_client_drop_) cof_http_client *client = NULL;
    COF_CLEANUP(cof_attester_drop_) cof_attester *attester = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf token = {.limit = 64 * 1024};
    const char *service = "";
    const cof_attester_request request = {.evidence = cof_view_text(evidence),
                                          .runtime = cof_view_text("{}")};
    COF_TRY(cof_http_client_new(&options, &client, err));
    COF_TRY(cof_attester_new(client, (const char *const *)urls, count, &attester, err));
    const cof_status status = cof_attester_token(attester, &request, &token, &service, err);
    say(status, err, cof_buf_view(&token));
    return COF_OK;
}

static cof_status release(char **arguments, cof_err *err)
{
    const cof_http_client_options options = options_of(arguments[0]);
    COF_CLEANUP(cof_http_client_drop_) cof_http_client *client = NULL;
    COF_CLEANUP(cof_credential_drop_) cof_credential *credential = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf wrapped = {.limit = 16 * 1024};
    cof_released_wrap wrap = COF_RELEASED_RSA_AES_SHA1;
    COF_TRY(cof_http_client_new(&options, &client, err));
    COF_TRY(cof_credential_open(arguments[1], &credential, err));
    const cof_vault vault = {.http = client, .credential = credential};
    const cof_status status =
        cof_vault_release(&vault, arguments[2], cof_view_text(arguments[3]), &wrap, &wrapped, err);
    say(status, err, cof_buf_view(&wrapped));
    return COF_OK;
}

static cof_status name_item(void *context, const json_t *item, cof_err *err)
{
    (void)err;
    const char *kid = json_string_value(json_object_get(item, "kid"));
    (void)printf("%s %s\n", (const char *)context, kid != NULL ? kid : "?");
    return COF_OK;
}

static cof_status live(const cof_vault *vault, const char *base, const char *name, cof_err *err)
{
    static const char *const operations[] = {"wrapKey", "unwrapKey", NULL};
    const cof_vault_new_key wanted = {.name = name, .bits = 2048, .operations = operations};
    COF_JSON json_t *bundle = NULL;
    COF_JSON json_t *rotated = NULL;
    COF_JSON json_t *public = NULL;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *rsa = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf wrapped = {.limit = 1024};
    cof_data_key key = {{1, 2, 3}};
    cof_data_key back = {{0}};
    char path[256];
    COF_TRY(cof_vault_create(vault, base, &wanted, &bundle, err));
    const char *kid = json_string_value(json_object_get(json_object_get(bundle, "key"), "kid"));
    public = json_pack("{s:s,s:O,s:O}", "kty", "RSA", "n",
                       json_object_get(json_object_get(bundle, "key"), "n"), "e",
                       json_object_get(json_object_get(bundle, "key"), "e"));
    COF_TRY(cof_rsa_from_jwk(public, &rsa, err)); /* which refuses what is no object */
    COF_TRY(cof_rsa_encrypt(rsa, COF_OAEP_SHA256, cof_view_of(key.bytes, sizeof key.bytes),
                            &wrapped, err));
    COF_TRY(cof_vault_unwrap(vault, kid, cof_buf_view(&wrapped), &back, err));
    (void)printf("wrapped %zu, %s\n", wrapped.size,
                 memcmp(key.bytes, back.bytes, sizeof key.bytes) == 0 ? "same" : "other");
    (void)snprintf(path, sizeof path, "%s/keys/%s", base, name);
    COF_TRY(cof_vault_rotate(vault, path, &rotated, err));
    (void)snprintf(path, sizeof path, "/keys/%s/versions", name);
    COF_TRY(cof_vault_list(vault, base, path, name_item, (void *)(uintptr_t) "version", err));
    COF_TRY(cof_vault_list(vault, base, "/keys", name_item, (void *)(uintptr_t) "key", err));
    return COF_OK;
}

static cof_status keys(char **arguments, cof_err *err)
{
    const cof_http_client_options options = options_of(arguments[0]);
    COF_CLEANUP(cof_http_client_drop_) cof_http_client *client = NULL;
    COF_CLEANUP(cof_credential_drop_) cof_credential *credential = NULL;
    COF_TRY(cof_http_client_new(&options, &client, err));
    COF_TRY(cof_credential_open(arguments[1], &credential, err));
    const cof_vault vault = {.http = client, .credential = credential};
    return live(&vault, arguments[2], arguments[3], err);
}

static cof_status certs(const char *ca, const char *url, cof_err *err)
{
    const cof_http_client_options options = options_of(ca);
    COF_CLEANUP(cof_http_client_drop_) cof_http_client *client = NULL;
    COF_CLEANUP(cof_attester_drop_) cof_attester *attester = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 64 * 1024};
    COF_TRY(cof_http_client_new(&options, &client, err));
    COF_TRY(cof_attester_new(client, &url, 1, &attester, err));
    const cof_status status = cof_attester_keys(attester, url, &text, err);
    say(status, err, cof_buf_view(&text));
    return COF_OK;
}

int main(int argc, char **argv)
{
    cof_err err = {0};
    cof_status status = COF_E_USAGE;
    if (argc > 3 && strcmp(argv[1], "token") == 0) {
        status = tokens(argv[2], argv + 3, &err);
    } else if (argc > 3 && strcmp(argv[1], "get") == 0) {
        status = gets(argv[2], argv + 3, &err);
    } else if (argc > 4 && strcmp(argv[1], "attest") == 0) {
        status = attest(argv[2], argv[3], argv + 4, (size_t)argc - 4, &err);
    } else if (argc == 6 && strcmp(argv[1], "release") == 0) {
        status = release(argv + 2, &err);
    } else if (argc == 6 && strcmp(argv[1], "keys") == 0) {
        status = keys(argv + 2, &err);
    } else if (argc == 4 && strcmp(argv[1], "certs") == 0) {
        status = certs(argv[2], argv[3], &err);
    }
    if (status != COF_OK) {
        say(status, &err, (cof_view){0});
    }
    return failures > 0 ? 1 : 0;
}
