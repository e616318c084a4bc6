#include "host/http/http_client.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "host/http/http_curl.h"
#include "tcb/base/limits.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"

enum { OPERATION_MS = 180000, ORIGINS = 8, REASON_SIZE = 64 };

/* A service that was asked, and how it fares. */
typedef struct origin {
    bool is_https;
    uint16_t port;
    char host[COF_URL_HOST_SIZE];
    cof_breaker breaker;
    char reason[REASON_SIZE]; /* of the last failure */
    uint64_t used;            /* the one that was not used for longest gives its place away */
} origin;

struct cof_http_client {
    CURL *curl;
    cof_http_client_options options; /* without the texts */
    origin origins[ORIGINS];
    uint64_t uses;
    char detail[CURL_ERROR_SIZE];
};

/* One attempt, as libcurl's callbacks see it. */
typedef struct attempt {
    cof_http_client *client;
    cof_http_answer *answer;
    cof_err *err;
    cof_status status; /* why a callback stopped the transfer */
    bool is_hopeless;  /* the next would fail in the same way */
} attempt;

static int64_t now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static size_t on_body(char *data, size_t unit, size_t count, void *context)
{
    attempt *a = context;
    a->status = cof_buf_append(&a->answer->body, cof_view_of(data, unit * count), a->err);
    return a->status == COF_OK ? unit * count : 0;
}

static size_t on_header(char *data, size_t unit, size_t count, void *context)
{
    attempt *a = context;
    a->status = cof_curl_keep_header(a->answer, data, unit * count, a->err);
    return a->status == COF_OK ? unit * count : 0;
}

/* Called about once a second while a transfer is under way. */
static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    attempt *self = context;
    const cof_http_client_options *options = &self->client->options;
    if (self->status == COF_OK) {
        self->status = options->pause(options->pause_context, 0, self->err);
    }
    return self->status == COF_OK ? 0 : 1;
}

cof_status cof_http_client_new(const cof_http_client_options *options, cof_http_client **out,
                               cof_err *err)
{
    COF_CLEANUP(cof_http_client_drop_) cof_http_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return COF_FAIL(err, NO_MEMORY, "HTTP client");
    }
    client->options = *options;
    client->options.ca_path = NULL;
    client->options.proxy = NULL;
    client->curl = curl_easy_init();
    if (client->curl == NULL) {
        return COF_FAIL(err, NO_MEMORY, "HTTP client");
    }
    COF_TRY(cof_curl_set_up(client->curl, options, err));
    if (curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, on_body) != CURLE_OK ||
        curl_easy_setopt(client->curl, CURLOPT_HEADERFUNCTION, on_header) != CURLE_OK ||
        curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, client->detail) != CURLE_OK ||
        curl_easy_setopt(client->curl, CURLOPT_XFERINFOFUNCTION, on_progress) != CURLE_OK ||
        curl_easy_setopt(client->curl, CURLOPT_NOPROGRESS, options->pause == NULL ? 1L : 0L) !=
            CURLE_OK) {
        return COF_FAIL(err, INTERNAL, "libcurl");
    }
    *out = cof_http_client_take(&client);
    return COF_OK;
}

static void drop_list(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

/* ---- who is left alone ---- */

static origin *find_origin(cof_http_client *client, const cof_url *url)
{
    origin *oldest = &client->origins[0];
    client->uses++;
    for (size_t i = 0; i < ORIGINS; i++) {
        origin *one = &client->origins[i];
        if (one->used > 0 && one->is_https == url->is_https && one->port == url->port &&
            strcmp(one->host, url->host) == 0) {
            one->used = client->uses;
            return one;
        }
        oldest = one->used < oldest->used ? one : oldest;
    }
    *oldest = (origin){.is_https = url->is_https, .port = url->port, .used = client->uses};
    (void)snprintf(oldest->host, sizeof oldest->host, "%s", url->host);
    return oldest;
}

static cof_status check_breaker(cof_http_client *client, origin *one, cof_err *err)
{
    unsigned wait_ms = 0;
    struct tm parts;
    char text[16] = "";
    if (cof_breaker_may_pass(&one->breaker, &client->options.breaker, now_ms(), &wait_ms)) {
        return COF_OK;
    }
    const time_t next = time(NULL) + (time_t)(wait_ms / 1000) + 1;
    if (gmtime_r(&next, &parts) != NULL) {
        (void)strftime(text, sizeof text, "%H:%M:%SZ", &parts);
    }
    return COF_FAIL(err, NETWORK,
                    "%.80s port %u is not asked again before %s: it failed %u times in a row, "
                    "last: %s",
                    one->host, one->port, text, one->breaker.failures, one->reason);
}

static void note_outcome(cof_http_client *client, origin *one, cof_status status, int http_status)
{
    if (cof_breaker_is_alive(http_status)) {
        cof_breaker_worked(&one->breaker);
        return;
    }
    cof_breaker_failed(&one->breaker, &client->options.breaker, now_ms());
    if (http_status != 0) {
        (void)snprintf(one->reason, sizeof one->reason, "HTTP status %d", http_status);
    } else {
        (void)snprintf(one->reason, sizeof one->reason, "%s", cof_status_describe(status)->text);
    }
}

/* ---- attempts ---- */

static void reset_answer(cof_http_answer *answer, size_t limit)
{
    char id[COF_HTTP_ID_SIZE];
    memcpy(id, answer->request_id, sizeof id);
    cof_http_answer_free(answer);
    memcpy(answer->request_id, id, sizeof id);
    cof_buf_init(&answer->body, limit != 0 ? limit : COF_LIMIT_HTTP_ANSWER_BYTES);
    cof_buf_init(&answer->headers_, COF_LIMIT_HTTP_HEADER_BYTES);
}

static cof_status send_once(cof_http_client *client, const cof_http_call *call, const cof_url *url,
                            attempt *a, cof_err *err)
{
    CURL *curl = client->curl;
    reset_answer(a->answer, call->answer_limit);
    if (curl_easy_setopt(curl, CURLOPT_WRITEDATA, a) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_HEADERDATA, a) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_XFERINFODATA, a) != CURLE_OK) {
        return COF_FAIL(err, INTERNAL, "libcurl");
    }
    client->detail[0] = '\0';
    const CURLcode code = curl_easy_perform(curl);
    if (a->status != COF_OK) {
        a->is_hopeless = true;
        return a->status; /* err says which limit, or why it was stopped */
    }
    a->is_hopeless = cof_curl_is_wrong_certificate(code) || code == CURLE_OUT_OF_MEMORY;
    COF_TRY(cof_curl_failure(code, url, client->detail, err));
    long status = 0;
    if (curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status < 100 ||
        status > 599) {
        return COF_FAIL(err, NETWORK, "%s port %u: no HTTP status", url->host, url->port);
    }
    a->answer->status = (int)status;
    return COF_OK;
}

/* {"error":{"code":…}} of Azure's services, {"error":"…"} of OAuth, {"code":…} of problem+json. */
static void read_code(cof_http_answer *answer)
{
    COF_JSON json_t *body = NULL;
    answer->code[0] = '\0';
    if (cof_json_parse(cof_buf_view(&answer->body), COF_LIMIT_JSON_BYTES, &body, NULL) != COF_OK) {
        return;
    }
    const json_t *error = json_object_get(body, "error");
    const json_t *code = json_is_object(error) ? json_object_get(error, "code") : error;
    code = code != NULL ? code : json_object_get(body, "code");
    const char *text = json_string_value(code);
    for (size_t i = 0; text != NULL && text[i] != '\0' && i + 1 < sizeof answer->code; i++) {
        const bool is_plain = isalnum((unsigned char)text[i]) || strchr("_-.", text[i]) != NULL;
        answer->code[i] = is_plain ? text[i] : '?';
        answer->code[i + 1] = '\0';
    }
}

static cof_status judge(const cof_http_call *call, const cof_url *url, cof_http_answer *answer,
                        cof_err *err)
{
    char ids[COF_HTTP_IDS_SIZE];
    if ((answer->status >= 200 && answer->status <= 299) || answer->status == 304) {
        return COF_OK;
    }
    read_code(answer);
    cof_http_answer_ids(answer, ids);
    const size_t path_size = strcspn((const char *)url->target.data, "?");
    return COF_FAIL(err, REMOTE_ERROR, "%s %.60s port %u %.*s: %d %s (%s)", call->method, url->host,
                    url->port, (int)(path_size < 60 ? path_size : 60),
                    (const char *)url->target.data, answer->status, answer->code, ids);
}

static bool is_repeatable(const cof_http_call *call)
{
    static const char *const always[] = {"GET", "HEAD", "PUT", "DELETE"};
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        if (strcmp(call->method, always[i]) == 0) {
            return true;
        }
    }
    return call->is_repeatable;
}

/* Waits until the next attempt, when there is to be one. */
static cof_status wait_for_next(const cof_http_client *client, const cof_http_call *call,
                                const cof_http_answer *answer, cof_retry_outcome *outcome,
                                int64_t deadline_ms, bool *out_again, cof_err *err)
{
    const cof_http_client_options *options = &client->options;
    uint32_t random = 0;
    unsigned wait_ms = 0;
    (void)!cof_random((cof_span){(uint8_t *)&random, sizeof random},
                      NULL); /* without it: the shortest wait */
    outcome->http_status = answer->status;
    outcome->is_repeatable = is_repeatable(call);
    outcome->is_patient = call->is_patient;
    outcome->retry_after = cof_http_answer_header(answer, "retry-after");
    outcome->retry_after_ms = cof_http_answer_header(answer, "retry-after-ms");
    outcome->x_ms_retry_after_ms = cof_http_answer_header(answer, "x-ms-retry-after-ms");
    outcome->now_unix_s = (int64_t)time(NULL);
    *out_again = (call->attempts == 0 || outcome->attempt < call->attempts) &&
                 cof_retry_decide(&options->retry, outcome, random, &wait_ms) &&
                 now_ms() + (int64_t)wait_ms < deadline_ms;
    if (!*out_again) {
        return COF_OK;
    }
    outcome->waited_ms += wait_ms;
    outcome->attempt++;
    if (options->pause != NULL) {
        return options->pause(options->pause_context, wait_ms, err);
    }
    struct timespec left = {.tv_sec = (time_t)(wait_ms / 1000),
                            .tv_nsec = (long)(wait_ms % 1000) * 1000000};
    (void)nanosleep(&left, NULL);
    return COF_OK;
}

/* No attempt goes on after the operation's time. */
static cof_status limit_attempt(const cof_http_client *client, int64_t deadline_ms, cof_err *err)
{
    const long most = (long)(client->options.total_ms != 0 ? client->options.total_ms : 30000);
    const int64_t left = deadline_ms - now_ms();
    const long ms = left < (int64_t)most ? (long)(left > 1 ? left : 1) : most;
    return curl_easy_setopt(client->curl, CURLOPT_TIMEOUT_MS, ms) == CURLE_OK
               ? COF_OK
               : COF_FAIL(err, INTERNAL, "libcurl");
}

static cof_status send_all(cof_http_client *client, const cof_http_call *call, const cof_url *url,
                           cof_http_answer *out, cof_err *err)
{
    origin *one = find_origin(client, url);
    COF_TRY(check_breaker(client, one, err));
    const bool is_trial = one->breaker.state == COF_BREAKER_HALF_OPEN;
    const unsigned operation_ms =
        client->options.operation_ms != 0 ? client->options.operation_ms : OPERATION_MS;
    const int64_t deadline_ms = now_ms() + (int64_t)operation_ms;
    cof_retry_outcome outcome = {.attempt = 1};
    for (;;) {
        attempt a = {.client = client, .answer = out, .err = err};
        bool again = false;
        COF_TRY(limit_attempt(client, deadline_ms, err));
        const cof_status status = send_once(client, call, url, &a, err);
        if (status == COF_OK || status == COF_E_NETWORK || status == COF_E_TIMEOUT) {
            note_outcome(client, one, status, status == COF_OK ? out->status : 0);
        }
        const bool is_over = is_trial && one->breaker.state != COF_BREAKER_CLOSED;
        if (a.is_hopeless || is_over ||
            (status != COF_OK && status != COF_E_NETWORK && status != COF_E_TIMEOUT)) {
            return status;
        }
        COF_TRY(wait_for_next(client, call, out, &outcome, deadline_ms, &again, err));
        if (!again) {
            return status;
        }
    }
}

cof_status cof_http_send(cof_http_client *client, const cof_http_call *call, cof_http_answer *out,
                         cof_err *err)
{
    cof_url url;
    COF_TRY(cof_url_parse(call->url, &url, err));
    if (!url.is_https && !client->options.allow_http) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s is not https", url.host);
    }
    COF_CLEANUP(drop_list) struct curl_slist *headers = NULL;
    COF_TRY(cof_curl_headers(call, &headers, out->request_id, err));
    COF_TRY(cof_curl_request(client->curl, call, headers, err));
    const cof_status status = send_all(client, call, &url, out, err);
    /* libcurl keeps pointers to the list and the body, which end with this call. */
    (void)curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, NULL);
    (void)curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, NULL);
    return status == COF_OK ? judge(call, &url, out, err) : status;
}

const char *cof_http_answer_header(const cof_http_answer *answer, const char *name)
{
    size_t at = 0;
    while (at < answer->headers_.size) {
        const char *key = (const char *)answer->headers_.data + at;
        const char *value = key + strlen(key) + 1;
        if (strcasecmp(key, name) == 0) {
            return value;
        }
        at += strlen(key) + strlen(value) + 2;
    }
    return NULL;
}

void cof_http_answer_ids(const cof_http_answer *answer, char out[static COF_HTTP_IDS_SIZE])
{
    const char *theirs = cof_http_answer_header(answer, "x-ms-request-id");
    char clean[COF_HTTP_ID_SIZE] = "";
    for (size_t i = 0; theirs != NULL && theirs[i] != '\0' && i + 1 < sizeof clean; i++) {
        clean[i] = (char)(isalnum((unsigned char)theirs[i]) ? theirs[i] : '-');
    }
    (void)snprintf(out, COF_HTTP_IDS_SIZE, "request %s%s%s", answer->request_id,
                   clean[0] != '\0' ? ", answered as " : "", clean);
}

void cof_http_answer_free(cof_http_answer *answer)
{
    cof_buf_free(&answer->body);
    cof_buf_free(&answer->headers_);
    *answer = (cof_http_answer){0};
}

void cof_http_client_free(cof_http_client *client)
{
    if (client != NULL) {
        curl_easy_cleanup(client->curl);
        free(client);
    }
}
