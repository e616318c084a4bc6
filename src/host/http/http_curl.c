#include "host/http/http_curl.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "tcb/base/limits.h"

#define SET(option, value) bad = bad != CURLE_OK ? bad : curl_easy_setopt(curl, option, value)

static const char client_request_id[] = "x-ms-client-request-id";

cof_status cof_curl_set_up(CURL *curl, const cof_http_client_options *options, cof_err *err)
{
    const cof_http_client_options *o = options;
    CURLcode bad = CURLE_OK;
    SET(CURLOPT_PROTOCOLS_STR, o->allow_http ? "https,http" : "https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PATH_AS_IS, 1L); /* what was checked and signed is what is sent */
    SET(CURLOPT_PROXY, o->proxy != NULL ? o->proxy : "");
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(o->connect_ms != 0 ? o->connect_ms : 5000));
    SET(CURLOPT_TIMEOUT_MS, (long)(o->total_ms != 0 ? o->total_ms : 30000));
    SET(CURLOPT_TCP_NODELAY, 1L);
    if (o->ca_path != NULL) {
        if (access(o->ca_path, R_OK) != 0) {
            return COF_FAIL(err, CONFIG, "the CA file %s cannot be read", o->ca_path);
        }
        SET(CURLOPT_CAINFO, o->ca_path);
        SET(CURLOPT_CAPATH, NULL);
    }
    if (o->pin != NULL) {
        SET(CURLOPT_SSL_VERIFYPEER, 0L);
        SET(CURLOPT_SSL_VERIFYHOST, 0L);
        SET(CURLOPT_PINNEDPUBLICKEY, o->pin);
    }
    return bad == CURLE_OK ? COF_OK
                           : COF_FAIL(err, INTERNAL, "libcurl: %s", curl_easy_strerror(bad));
}

static cof_status add_raw(struct curl_slist **list, const char *line, cof_err *err)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer == NULL) {
        return COF_FAIL(err, NO_MEMORY, "header field");
    }
    *list = longer;
    return COF_OK;
}

static cof_status add_line(struct curl_slist **list, const char *name, const char *prefix,
                           const char *value, cof_err *err)
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
    return add_raw(list, text, err);
}

cof_status cof_curl_headers(const cof_http_call *call, struct curl_slist **list,
                            char out_id[static COF_HTTP_ID_SIZE], cof_err *err)
{
    out_id[0] = '\0';
    for (size_t i = 0; i < call->header_count; i++) {
        const cof_http_pair *pair = &call->headers[i];
        COF_TRY(add_line(list, pair->name, "", pair->value, err));
        if (strcasecmp(pair->name, client_request_id) == 0 &&
            strlen(pair->value) < COF_HTTP_ID_SIZE) {
            memcpy(out_id, pair->value, strlen(pair->value) + 1);
        }
    }
    if (out_id[0] == '\0') {
        COF_TRY(cof_http_make_id(out_id, err));
        COF_TRY(add_line(list, client_request_id, "", out_id, err));
    }
    if (call->bearer != NULL) {
        COF_TRY(add_line(list, "Authorization", "Bearer ", call->bearer, err));
    }
    if (call->content_type != NULL) {
        COF_TRY(add_line(list, "Content-Type", "", call->content_type, err));
    } else {
        COF_TRY(add_raw(list, "Content-Type:", err)); /* libcurl would name a form's */
    }
    /* libcurl would wait a second for "100 Continue" before a longer body. */
    return add_raw(list, "Expect:", err);
}

cof_status cof_curl_request(CURL *curl, const cof_http_call *call, struct curl_slist *headers,
                            cof_err *err)
{
    CURLcode bad = CURLE_OK;
    const bool has_body = call->body.data != NULL || strcmp(call->method, "POST") == 0 ||
                          strcmp(call->method, "PUT") == 0 || strcmp(call->method, "PATCH") == 0;
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
    return bad == CURLE_OK ? COF_OK
                           : COF_FAIL(err, NO_MEMORY, "libcurl: %s", curl_easy_strerror(bad));
}

#undef SET

cof_status cof_curl_keep_header(cof_http_answer *answer, const char *line, size_t size,
                                cof_err *err)
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

bool cof_curl_is_wrong_certificate(CURLcode code)
{
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
           code == CURLE_SSL_ISSUER_ERROR || code == CURLE_SSL_PINNEDPUBKEYNOTMATCH;
}

cof_status cof_curl_failure(CURLcode code, const cof_url *url, const char *detail, cof_err *err)
{
    if (cof_curl_is_wrong_certificate(code)) {
        return COF_FAIL(err, NETWORK,
                        "%.80s port %u has a certificate that is not trusted, nothing was sent "
                        "(%.90s): if the service is right, name its authority as ca",
                        url->host, url->port, detail[0] != '\0' ? detail : "wrong certificate");
    }
    switch ((int)code) {
    case CURLE_OK:
        return COF_OK;
    case CURLE_OPERATION_TIMEDOUT:
        return COF_FAIL(err, TIMEOUT, "%.100s port %u: no answer in time", url->host, url->port);
    case CURLE_OUT_OF_MEMORY:
        return COF_FAIL(err, NO_MEMORY, "HTTP request");
    case CURLE_COULDNT_RESOLVE_HOST:
        return COF_FAIL(err, NETWORK,
                        "the name %.100s cannot be resolved: is the URL right, and does this "
                        "machine's DNS answer?",
                        url->host);
    case CURLE_COULDNT_CONNECT:
        return COF_FAIL(err, NETWORK,
                        "%.100s port %u takes no connection: does the service run, and is the "
                        "port right?",
                        url->host, url->port);
    default:
        return COF_FAIL(err, NETWORK, "%.100s port %u: %s", url->host, url->port,
                        curl_easy_strerror(code));
    }
}
