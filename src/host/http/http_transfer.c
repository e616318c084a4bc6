/*
 * Implementation notes
 *
 * A run is one transfer under way: it owns the libcurl handle and the header list, and is either
 * inside the multi handle or waits for its next attempt. The multi handle keeps the connections, so
 * that handles can come and go.
 */
#include "host/http/http_transfer.h"

#include <string.h>
#include <time.h>

#include "host/http/http_curl.h"
#include "tcb/base/limits.h"
#include "tcb/crypto/random.h"

enum { TOTAL_MS = 600000, SLOW_BYTES = 1024, SLOW_S = 20 };

typedef struct transfer_run {
    cof_transfer *transfer;
    struct transfer_run *next;
    CURL *curl;
    struct curl_slist *headers;
    cof_url url;
    unsigned attempt;
    unsigned waited_ms;
    int64_t due_ms;    /* of the next attempt, while it is not active */
    bool is_active;    /* inside the multi handle */
    cof_status status; /* why a callback stopped the attempt */
    char detail[CURL_ERROR_SIZE];
} transfer_run;

struct cof_transfers {
    CURLM *multi;
    transfer_run *runs;
    cof_http_client_options options;
    char *ca_path;
};

static int64_t now_ms(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

cof_status cof_transfers_new(const cof_http_client_options *options, cof_transfers **out,
                             cof_err *err)
{
    COF_CLEANUP(cof_transfers_drop_) cof_transfers *transfers = calloc(1, sizeof *transfers);
    if (transfers == NULL) {
        return COF_FAIL(err, NO_MEMORY, "transfers");
    }
    transfers->options = *options;
    transfers->options.pin = NULL;
    transfers->options.proxy = NULL;
    transfers->options.total_ms = options->total_ms != 0 ? options->total_ms : TOTAL_MS;
    transfers->ca_path = options->ca_path != NULL ? strdup(options->ca_path) : NULL;
    transfers->options.ca_path = transfers->ca_path;
    transfers->multi = curl_multi_init();
    if (transfers->multi == NULL || (options->ca_path != NULL && transfers->ca_path == NULL)) {
        return COF_FAIL(err, NO_MEMORY, "transfers");
    }
    *out = cof_transfers_take(&transfers);
    return COF_OK;
}

static bool is_success(CURL *curl)
{
    long status = 0;
    return curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status >= 200 &&
           status <= 299;
}

static size_t on_body(char *data, size_t unit, size_t count, void *context)
{
    transfer_run *run = context;
    cof_transfer *transfer = run->transfer;
    const size_t size = unit * count;
    if (transfer->into.data == NULL || !is_success(run->curl)) {
        run->status =
            cof_buf_append(&transfer->answer.body, cof_view_of(data, size), &transfer->err);
        return run->status == COF_OK ? size : 0;
    }
    if (size > transfer->into.size - transfer->received) {
        run->status = COF_FAIL(&transfer->err, LIMIT, "%s: the answer has more than %zu bytes",
                               run->url.host, transfer->into.size);
        return 0;
    }
    memcpy(transfer->into.data + transfer->received, data, size);
    transfer->received += size;
    return size;
}

static size_t on_header(char *data, size_t unit, size_t count, void *context)
{
    transfer_run *run = context;
    run->status =
        cof_curl_keep_header(&run->transfer->answer, data, unit * count, &run->transfer->err);
    return run->status == COF_OK ? unit * count : 0;
}

#define SET(option, value) bad = bad != CURLE_OK ? bad : curl_easy_setopt(run->curl, option, value)

/* What is of this transfer, beside what all requests say. */
static cof_status set_own(transfer_run *run, cof_err *err)
{
    CURLcode bad = CURLE_OK;
    SET(CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
    SET(CURLOPT_LOW_SPEED_TIME, (long)SLOW_S);
    SET(CURLOPT_BUFFERSIZE, 512L * 1024);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, 1024L * 1024);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, run);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, run);
    SET(CURLOPT_ERRORBUFFER, run->detail);
    SET(CURLOPT_PRIVATE, run);
    return bad == CURLE_OK ? COF_OK
                           : COF_FAIL(err, INTERNAL, "libcurl: %s", curl_easy_strerror(bad));
}

#undef SET

static void free_run(cof_transfers *transfers, transfer_run *run)
{
    if (run->is_active) {
        (void)curl_multi_remove_handle(transfers->multi, run->curl);
    }
    curl_easy_cleanup(run->curl);
    curl_slist_free_all(run->headers);
    free(run);
}

/* Takes a run out of the list and ends it; its transfer keeps the answer. */
static void end_run(cof_transfers *transfers, transfer_run *run)
{
    for (transfer_run **at = &transfers->runs; *at != NULL; at = &(*at)->next) {
        if (*at == run) {
            *at = run->next;
            break;
        }
    }
    run->transfer->run_ = NULL;
    free_run(transfers, run);
}

static void begin_attempt(cof_transfers *transfers, transfer_run *run)
{
    cof_transfer *transfer = run->transfer;
    const size_t limit = transfer->call.answer_limit;
    cof_buf_free(&transfer->answer.body);
    cof_buf_free(&transfer->answer.headers_);
    transfer->answer.status = 0;
    cof_buf_init(&transfer->answer.body, limit != 0 ? limit : COF_LIMIT_HTTP_ANSWER_BYTES);
    cof_buf_init(&transfer->answer.headers_, COF_LIMIT_HTTP_HEADER_BYTES);
    transfer->received = 0;
    run->status = COF_OK;
    run->detail[0] = '\0';
    run->attempt++;
    run->is_active = curl_multi_add_handle(transfers->multi, run->curl) == CURLM_OK;
    if (!run->is_active) {
        transfer->status = COF_FAIL(&transfer->err, NO_MEMORY, "HTTP request");
        transfer->is_done = true;
    }
}

static cof_status prepare(cof_transfers *transfers, transfer_run *run, cof_err *err)
{
    const cof_http_call *call = &run->transfer->call;
    COF_TRY(cof_url_parse(call->url, &run->url, err));
    if (!run->url.is_https && !transfers->options.allow_http) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s is not https", run->url.host);
    }
    run->curl = curl_easy_init();
    if (run->curl == NULL) {
        return COF_FAIL(err, NO_MEMORY, "HTTP request");
    }
    COF_TRY(cof_curl_set_up(run->curl, &transfers->options, err));
    COF_TRY(set_own(run, err));
    COF_TRY(cof_curl_headers(call, &run->headers, run->transfer->answer.request_id, err));
    return cof_curl_request(run->curl, call, run->headers, err);
}

cof_status cof_transfers_start(cof_transfers *transfers, cof_transfer *transfer, cof_err *err)
{
    transfer_run *run = calloc(1, sizeof *run);
    if (run == NULL) {
        return COF_FAIL(err, NO_MEMORY, "HTTP request");
    }
    run->transfer = transfer;
    const cof_status status = prepare(transfers, run, err);
    if (status != COF_OK) {
        free_run(transfers, run);
        return status;
    }
    transfer->is_done = false;
    transfer->run_ = run;
    run->next = transfers->runs;
    transfers->runs = run;
    begin_attempt(transfers, run);
    if (transfer->is_done) {
        end_run(transfers, run);
    }
    return COF_OK;
}

/* What one attempt came to. */
static cof_status judge_attempt(transfer_run *run, CURLcode code)
{
    cof_transfer *transfer = run->transfer;
    long status = 0;
    if (run->status != COF_OK) {
        return run->status; /* the transfer's err says which limit */
    }
    COF_TRY(cof_curl_failure(code, &run->url, run->detail, &transfer->err));
    (void)curl_easy_getinfo(run->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status < 100 || status > 599) {
        return COF_FAIL(&transfer->err, NETWORK, "%s port %u: no HTTP status", run->url.host,
                        run->url.port);
    }
    transfer->answer.status = (int)status;
    return COF_OK;
}

static bool is_repeatable(const cof_http_call *call)
{
    return strcmp(call->method, "POST") != 0 || call->is_repeatable;
}

static bool will_repeat(const cof_transfers *transfers, transfer_run *run, CURLcode code,
                        cof_status status)
{
    const cof_http_answer *answer = &run->transfer->answer;
    uint32_t random = 0;
    unsigned wait_ms = 0;
    if ((status != COF_OK && status != COF_E_NETWORK && status != COF_E_TIMEOUT) ||
        cof_curl_is_wrong_certificate(code)) {
        return false;
    }
    (void)!cof_random((cof_span){(uint8_t *)&random, sizeof random},
                      NULL); /* without it: the shortest wait */
    const cof_retry_outcome outcome = {.attempt = run->attempt,
                                       .waited_ms = run->waited_ms,
                                       .http_status = status == COF_OK ? answer->status : 0,
                                       .is_repeatable = is_repeatable(&run->transfer->call),
                                       .retry_after = cof_http_answer_header(answer, "retry-after"),
                                       .retry_after_ms =
                                           cof_http_answer_header(answer, "x-ms-retry-after-ms")};
    if (!cof_retry_decide(&transfers->options.retry, &outcome, random, &wait_ms)) {
        return false;
    }
    run->waited_ms += wait_ms;
    run->due_ms = now_ms() + wait_ms;
    return true;
}

static void finish_attempt(cof_transfers *transfers, transfer_run *run, CURLcode code)
{
    const cof_status status = judge_attempt(run, code);
    (void)curl_multi_remove_handle(transfers->multi, run->curl);
    run->is_active = false;
    if (will_repeat(transfers, run, code, status)) {
        return;
    }
    run->transfer->status = status;
    run->transfer->is_done = true;
    end_run(transfers, run);
}

/* Starts the attempts that are due. @return milliseconds until the next, at most wait_ms. */
static unsigned start_due(cof_transfers *transfers, unsigned wait_ms)
{
    const int64_t now = now_ms();
    transfer_run *next = NULL;
    for (transfer_run *run = transfers->runs; run != NULL; run = next) {
        next = run->next;
        if (run->is_active) {
            continue;
        }
        if (run->due_ms <= now) {
            begin_attempt(transfers, run);
            if (run->transfer->is_done) {
                end_run(transfers, run);
            }
        } else if (run->due_ms - now < (int64_t)wait_ms) {
            wait_ms = (unsigned)(run->due_ms - now);
        }
    }
    return wait_ms;
}

cof_status cof_transfers_step(cof_transfers *transfers, unsigned wait_ms, cof_err *err)
{
    int running = 0;
    int left = 0;
    wait_ms = start_due(transfers, wait_ms);
    if (curl_multi_perform(transfers->multi, &running) != CURLM_OK) {
        return COF_FAIL(err, INTERNAL, "libcurl");
    }
    const CURLMsg *message = curl_multi_info_read(transfers->multi, &left);
    if (message == NULL && wait_ms > 0) {
        if (curl_multi_poll(transfers->multi, NULL, 0, (int)wait_ms, NULL) != CURLM_OK ||
            curl_multi_perform(transfers->multi, &running) != CURLM_OK) {
            return COF_FAIL(err, INTERNAL, "libcurl");
        }
        message = curl_multi_info_read(transfers->multi, &left);
    }
    for (; message != NULL; message = curl_multi_info_read(transfers->multi, &left)) {
        transfer_run *run = NULL;
        if (message->msg == CURLMSG_DONE &&
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &run) == CURLE_OK) {
            finish_attempt(transfers, run, message->data.result);
        }
    }
    return COF_OK;
}

cof_status cof_transfers_wait(cof_transfers *transfers, cof_transfer *transfer, cof_err *err)
{
    while (!transfer->is_done) {
        COF_TRY(cof_transfers_step(transfers, 1000, err));
    }
    return COF_OK;
}

void cof_transfers_cancel(cof_transfers *transfers, cof_transfer *transfer)
{
    if (transfer->run_ != NULL) {
        end_run(transfers, transfer->run_);
        transfer->status = COF_E_CANCELLED;
        transfer->is_done = true;
    }
}

void cof_transfer_clear(cof_transfer *transfer)
{
    cof_http_answer_free(&transfer->answer);
}

void cof_transfers_free(cof_transfers *transfers)
{
    if (transfers == NULL) {
        return;
    }
    while (transfers->runs != NULL) {
        cof_transfers_cancel(transfers, transfers->runs->transfer);
    }
    if (transfers->multi != NULL) {
        (void)curl_multi_cleanup(transfers->multi);
    }
    free(transfers->ca_path);
    free(transfers);
}
