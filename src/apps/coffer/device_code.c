#include "apps/coffer/device_code.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum { TEXT_BYTES = 4096, LIFE_MAX_S = 3600, INTERVAL_MAX_S = 300, SLOWER_S = 5 };

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

static bool is_text(const json_t *body, const char *member, const char *text)
{
    const char *value = json_string_value(json_object_get(body, member));
    return value != NULL && strcmp(value, text) == 0;
}

/* Posts a form. A refusal of the service (400, 401) is an answer: COF_E_UNAUTHORIZED, with *out. */
static cof_status post(const cof_device_code_service *service, const char *path,
                       const cof_http_pair *form, size_t count, json_t **out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf url = {.limit = COF_LIMIT_URL_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf body = {.limit = COF_LIMIT_TOKEN_BYTES};
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    const char *url_text = NULL;
    COF_TRY(cof_buf_printf(&url, err, "%s/%s/oauth2/v2.0/%s", service->authority, service->tenant,
                           path));
    COF_TRY(cof_buf_text(&url, &url_text, err));
    COF_TRY(cof_form_encode(form, count, &body, err));
    const cof_http_call call = {.method = "POST",
                                .url = url_text,
                                .body = cof_buf_view(&body),
                                .content_type = "application/x-www-form-urlencoded",
                                .answer_limit = COF_LIMIT_JSON_BYTES};
    const cof_status status = cof_http_send(service->http, &call, &answer, err);
    const bool refused =
        status == COF_E_REMOTE_ERROR && (answer.status == 400 || answer.status == 401);
    if (status != COF_OK && !refused) {
        return status;
    }
    COF_JSON json_t *value = NULL;
    COF_TRY(cof_json_parse(cof_buf_view(&answer.body), COF_LIMIT_JSON_BYTES, &value, err));
    if (!json_is_object(value)) {
        return COF_FAIL(err, BAD_FORMAT, "the token service's answer is not an object");
    }
    *out = json_incref(value);
    if (!refused) {
        return COF_OK;
    }
    const char *why = json_string_value(json_object_get(value, "error_description"));
    return COF_FAIL(err, UNAUTHORIZED, "the token service refused: %.90s",
                    why != NULL ? why : "no description");
}

cof_status cof_device_code_start(const cof_device_code_service *service, cof_device_code *out,
                                 cof_err *err)
{
    const cof_http_pair form[] = {{"client_id", service->client_id}, {"scope", service->scope}};
    COF_CLEANUP(cof_device_code_free) cof_device_code code = {.interval = SLOWER_S};
    COF_TRY(post(service, "devicecode", form, sizeof form / sizeof form[0], &code.answer, err));
    COF_TRY(cof_json_get_text(code.answer, "device_code", TEXT_BYTES, &code.device_code, err));
    COF_TRY(cof_json_get_text(code.answer, "user_code", TEXT_BYTES, &code.user_code, err));
    COF_TRY(cof_json_get_text(code.answer, "verification_uri", TEXT_BYTES, &code.verification_uri,
                              err));
    COF_TRY(cof_json_get_int(code.answer, "expires_in", 1, LIFE_MAX_S, &code.expires_in, err));
    if (json_object_get(code.answer, "interval") != NULL) { /* RFC 8628 section 3.2: else 5 */
        COF_TRY(cof_json_get_int(code.answer, "interval", 1, INTERVAL_MAX_S, &code.interval, err));
    }
    *out = code;
    code = (cof_device_code){0};
    return COF_OK;
}

static int64_t clock_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec;
}

static cof_status pause_for(int64_t seconds, cof_err *err)
{
    struct timespec left = {.tv_sec = (time_t)seconds};
    while (interrupted == 0 && nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
    return interrupted == 0 ? COF_OK : COF_FAIL(err, CANCELLED, "interrupted: nobody signed in");
}

/* One poll. @param out_again  whether to ask again, after *interval */
static cof_status poll_once(const cof_device_code_service *service, const cof_device_code *code,
                            int64_t *interval, bool *out_again, json_t **out, cof_err *err)
{
    const cof_http_pair form[] = {{"grant_type", "urn:ietf:params:oauth:grant-type:device_code"},
                                  {"client_id", service->client_id},
                                  {"device_code", code->device_code}};
    COF_JSON json_t *body = NULL;
    const cof_status status =
        post(service, "token", form, sizeof form / sizeof form[0], &body, err);
    *out_again = false;
    if (status == COF_OK) {
        *out = json_incref(body);
        return COF_OK;
    }
    if (status == COF_E_NETWORK || status == COF_E_TIMEOUT) {
        *out_again = true; /* RFC 8628 section 3.5 */
        return COF_OK;
    }
    if (is_text(body, "error", "authorization_pending")) {
        *out_again = true;
        return COF_OK;
    }
    if (is_text(body, "error", "slow_down")) {
        *interval += SLOWER_S;
        *out_again = true;
        return COF_OK;
    }
    if (is_text(body, "error", "access_denied") ||
        is_text(body, "error", "authorization_declined")) {
        return COF_FAIL(err, FORBIDDEN, "the request was refused in the browser");
    }
    if (is_text(body, "error", "expired_token")) {
        return COF_FAIL(err, TIMEOUT, "the code has expired");
    }
    return status;
}

cof_status cof_device_code_wait(const cof_device_code_service *service, const cof_device_code *code,
                                json_t **out_tokens, cof_err *err)
{
    const struct sigaction action = {.sa_handler = on_interrupt};
    const int64_t deadline = clock_s() + code->expires_in;
    int64_t interval = code->interval;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    while (clock_s() < deadline) {
        bool again = false;
        COF_TRY(pause_for(interval, err));
        COF_TRY(poll_once(service, code, &interval, &again, out_tokens, err));
        if (!again) {
            return COF_OK;
        }
    }
    return COF_FAIL(err, TIMEOUT, "the code has expired");
}

cof_status cof_device_code_revoke(const cof_device_code_service *service, const char *refresh_token,
                                  cof_err *err)
{
    const cof_http_pair form[] = {{"client_id", service->client_id},
                                  {"token_type_hint", "refresh_token"},
                                  {"token", refresh_token}};
    COF_JSON json_t *body = NULL;
    return post(service, "revoke", form, sizeof form / sizeof form[0], &body, err);
}

void cof_device_code_free(cof_device_code *code)
{
    json_decref(code->answer);
    *code = (cof_device_code){0};
}
