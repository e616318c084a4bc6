#include "host/http/http_client.h"

#include <ctype.h>
#include <curl/curl.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "host/http/url.h"
#include "tcb/base/limits.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"

struct cof_http_client {
    CURL *curl;
    cof_retry_policy retry;
    bool allow_http;
};

/* One attempt, as libcurl's callbacks see it. */
typedef struct attempt {
    cof_http_answer *answer;
    cof_err *err;
    cof_status status; /* why a callback stopped the transfer */
} attempt;

static size_t on_body(char *data, size_t unit, size_t count, void *context)
{
    attempt *a = context;
    a->status = cof_buf_append(&a->answer->body, cof_view_of(data, unit * count), a->err);
    return a->status == COF_OK ? unit * count : 0;
}

static cof_status add_header(cof_http_answer *answer, const char *line, size_t size, cof_err *err)
{
    static const uint8_t nul = 0;
    if (size >= 5 && strncmp(line, "HTTP/", 5) == 0) {
        cof_buf_clear(&answer->headers_); /* a new answer: what came before was 1xx */
        return COF_OK;
    }
    const char *colon = memchr(line, ':', size);
    if (colon == NULL || memchr(line, 0, size) != NULL) {
        return COF_OK;
    }
    const char *value = colon + 1;
    const char *end = line + size;
    while (value < end && isspace((unsigned char)*value)) {
        value++;
    }
    while (end > value && isspace((unsigned char)end[-1])) {
        end--;
    }
    COF_TRY(cof_buf_append(&answer->headers_, cof_view_of(line, (size_t)(colon - line)), err));
    COF_TRY(cof_buf_append(&answer->headers_, cof_view_of(&nul, 1), err));
    COF_TRY(cof_buf_append(&answer->headers_, cof_view_of(value, (size_t)(end - value)), err));
    return cof_buf_append(&answer->headers_, cof_view_of(&nul, 1), err);
}

static size_t on_header(char *data, size_t unit, size_t count, void *context)
{
    attempt *a = context;
    a->status = add_header(a->answer, data, unit * count, a->err);
    return a->status == COF_OK ? unit * count : 0;
}

static cof_status set_up(CURL *curl, const cof_http_client_options *o, cof_err *err)
{
    CURLcode bad = CURLE_OK;
    const char *protocols = o->allow_http ? "https,http" : "https";
#define SET(option, value) bad = bad != CURLE_OK ? bad : curl_easy_setopt(curl, option, value)
    SET(CURLOPT_PROTOCOLS_STR, protocols);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, o->proxy != NULL ? o->proxy : "");
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(o->connect_ms != 0 ? o->connect_ms : 5000));
    SET(CURLOPT_TIMEOUT_MS, (long)(o->total_ms != 0 ? o->total_ms : 30000));
    SET(CURLOPT_TCP_NODELAY, 1L);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    if (o->ca_path != NULL) {
        if (access(o->ca_path, R_OK) != 0) {
            return COF_FAIL(err, CONFIG, "the CA file %s cannot be read", o->ca_path);
        }
        SET(CURLOPT_CAINFO, o->ca_path);
        SET(CURLOPT_CAPATH, NULL);
    }
#undef SET
    return bad == CURLE_OK ? COF_OK
                           : COF_FAIL(err, INTERNAL, "libcurl: %s", curl_easy_strerror(bad));
}

cof_status cof_http_client_new(const cof_http_client_options *options, cof_http_client **out,
                               cof_err *err)
{
    COF_CLEANUP(cof_http_client_drop_) cof_http_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return COF_FAIL(err, NO_MEMORY, "HTTP client");
    }
    client->retry = options->retry;
    client->allow_http = options->allow_http;
    client->curl = curl_easy_init();
    if (client->curl == NULL) {
        return COF_FAIL(err, NO_MEMORY, "HTTP client");
    }
    COF_TRY(set_up(client->curl, options, err));
    *out = cof_http_client_take(&client);
    return COF_OK;
}

static void drop_list(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

static cof_status add_line(struct curl_slist **list, cof_err *err, const char *name,
                           const char *prefix, const char *value)
{
    if (strpbrk(name, "\r\n:") != NULL || strpbrk(value, "\r\n") != NULL) {
        return COF_FAIL(err, BAD_ARGUMENT, "header field %.32s has a line break", name);
    }
    COF_CLEANUP(cof_buf_free) cof_buf line = {.limit = COF_LIMIT_TOKEN_BYTES + COF_LIMIT_URL_BYTES};
    const char *text = NULL;
    /* libcurl's own rule: "Name;" sends a field without a value. */
    COF_TRY(cof_buf_printf(&line, err,
                           value[0] != '\0' || prefix[0] != '\0' ? "%s: %s%s" : "%s;%s%s", name,
                           prefix, value));
    COF_TRY(cof_buf_text(&line, &text, err));
    struct curl_slist *longer = curl_slist_append(*list, text);
    if (longer == NULL) {
        return COF_FAIL(err, NO_MEMORY, "header field");
    }
    *list = longer;
    return COF_OK;
}

static cof_status make_headers(const cof_http_call *call, struct curl_slist **list, cof_err *err)
{
    for (size_t i = 0; i < call->header_count; i++) {
        COF_TRY(add_line(list, err, call->headers[i].name, "", call->headers[i].value));
    }
    if (call->bearer != NULL) {
        COF_TRY(add_line(list, err, "Authorization", "Bearer ", call->bearer));
    }
    if (call->content_type != NULL) {
        COF_TRY(add_line(list, err, "Content-Type", "", call->content_type));
    }
    /* libcurl would wait a second for "100 Continue" before a longer body. */
    struct curl_slist *longer = curl_slist_append(*list, "Expect:");
    if (longer == NULL) {
        return COF_FAIL(err, NO_MEMORY, "header field");
    }
    *list = longer;
    return COF_OK;
}

static cof_status prepare(CURL *curl, const cof_http_call *call, struct curl_slist *headers,
                          cof_err *err)
{
    CURLcode bad = CURLE_OK;
    const bool has_body = call->body.data != NULL || strcmp(call->method, "POST") == 0 ||
                          strcmp(call->method, "PUT") == 0 || strcmp(call->method, "PATCH") == 0;
#define SET(option, value) bad = bad != CURLE_OK ? bad : curl_easy_setopt(curl, option, value)
    SET(CURLOPT_URL, call->url);
    SET(CURLOPT_HTTPHEADER, headers);
    SET(CURLOPT_NOBODY, 0L);
    SET(CURLOPT_HTTPGET, 1L);
    if (has_body) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.size);
        SET(CURLOPT_POSTFIELDS, call->body.data != NULL ? (const char *)call->body.data : "");
    } else if (strcmp(call->method, "HEAD") == 0) {
        SET(CURLOPT_NOBODY, 1L);
    }
    SET(CURLOPT_CUSTOMREQUEST, call->method);
#undef SET
    return bad == CURLE_OK ? COF_OK
                           : COF_FAIL(err, NO_MEMORY, "libcurl: %s", curl_easy_strerror(bad));
}

static cof_status name_failure(CURLcode code, const cof_url *url, cof_err *err)
{
    switch ((int)code) {
    case CURLE_OK:
        return COF_OK;
    case CURLE_OPERATION_TIMEDOUT:
        return COF_FAIL(err, TIMEOUT, "%s port %u: no answer in time", url->host, url->port);
    case CURLE_OUT_OF_MEMORY:
        return COF_FAIL(err, NO_MEMORY, "HTTP request");
    default:
        return COF_FAIL(err, NETWORK, "%s port %u: %s", url->host, url->port,
                        curl_easy_strerror(code));
    }
}

static void reset_answer(cof_http_answer *answer, size_t limit)
{
    cof_http_answer_free(answer);
    cof_buf_init(&answer->body, limit != 0 ? limit : COF_LIMIT_HTTP_ANSWER_BYTES);
    cof_buf_init(&answer->headers_, COF_LIMIT_HTTP_HEADER_BYTES);
}

static cof_status send_once(CURL *curl, const cof_http_call *call, const cof_url *url,
                            cof_http_answer *answer, cof_err *err)
{
    attempt a = {.answer = answer, .err = err};
    reset_answer(answer, call->answer_limit);
    if (curl_easy_setopt(curl, CURLOPT_WRITEDATA, &a) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_HEADERDATA, &a) != CURLE_OK) {
        return COF_FAIL(err, INTERNAL, "libcurl");
    }
    const CURLcode code = curl_easy_perform(curl);
    if (a.status != COF_OK) {
        return a.status; /* err says which limit */
    }
    COF_TRY(name_failure(code, url, err));
    long status = 0;
    if (curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status < 100 ||
        status > 599) {
        return COF_FAIL(err, NETWORK, "%s port %u: no HTTP status", url->host, url->port);
    }
    answer->status = (int)status;
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
    if ((answer->status >= 200 && answer->status <= 299) || answer->status == 304) {
        return COF_OK;
    }
    read_code(answer);
    const size_t path_size = strcspn((const char *)url->target.data, "?");
    return COF_FAIL(err, REMOTE_ERROR, "%s %s port %u %.*s: %d %s", call->method, url->host,
                    url->port, (int)(path_size < 100 ? path_size : 100),
                    (const char *)url->target.data, answer->status, answer->code);
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

static bool wait_for_next(const cof_http_client *client, const cof_http_call *call,
                          const cof_http_answer *answer, unsigned attempt_number,
                          unsigned *waited_ms)
{
    uint32_t random = 0;
    unsigned wait_ms = 0;
    (void)!cof_random((cof_span){(uint8_t *)&random, sizeof random},
                      NULL); /* without it: the shortest wait */
    const cof_retry_outcome outcome = {.attempt = attempt_number,
                                       .waited_ms = *waited_ms,
                                       .http_status = answer->status,
                                       .is_repeatable = is_repeatable(call),
                                       .retry_after = cof_http_answer_header(answer, "retry-after"),
                                       .retry_after_ms =
                                           cof_http_answer_header(answer, "retry-after-ms")};
    if (!cof_retry_decide(&client->retry, &outcome, random, &wait_ms)) {
        return false;
    }
    struct timespec left = {.tv_sec = (time_t)(wait_ms / 1000),
                            .tv_nsec = (long)(wait_ms % 1000) * 1000000};
    (void)nanosleep(&left, NULL);
    *waited_ms += wait_ms;
    return true;
}

cof_status cof_http_send(cof_http_client *client, const cof_http_call *call, cof_http_answer *out,
                         cof_err *err)
{
    cof_url url;
    COF_TRY(cof_url_parse(call->url, &url, err));
    if (!url.is_https && !client->allow_http) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s is not https", url.host);
    }
    COF_CLEANUP(drop_list) struct curl_slist *headers = NULL;
    COF_TRY(make_headers(call, &headers, err));
    COF_TRY(prepare(client->curl, call, headers, err));
    unsigned waited_ms = 0;
    cof_status status = COF_OK;
    for (unsigned i = 1;; i++) {
        status = send_once(client->curl, call, &url, out, err);
        const bool may_repeat =
            status == COF_OK || status == COF_E_NETWORK || status == COF_E_TIMEOUT;
        if (!may_repeat || !wait_for_next(client, call, out, i, &waited_ms)) {
            break;
        }
    }
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
