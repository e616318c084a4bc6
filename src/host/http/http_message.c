#include "host/http/http_message.h"

#include <event2/http.h>
#include <stdio.h>
#include <string.h>

#include "tcb/wire/json.h"

const char *cof_http_request_header(const cof_http_request *request, const char *name)
{
    return request->headers_ == NULL ? NULL : evhttp_find_header(request->headers_, name);
}

cof_status cof_http_response_header(cof_http_response *response, const char *name,
                                    const char *value, cof_err *err)
{
    if (strpbrk(name, "\r\n: ") != NULL || strpbrk(value, "\r\n") != NULL) {
        return COF_FAIL(err, BAD_ARGUMENT, "a header field has a line break");
    }
    if (response->header_count_ == COF_LIMIT_HTTP_HEADERS) {
        return COF_FAIL(err, LIMIT, "more than %d header fields", COF_LIMIT_HTTP_HEADERS);
    }
    char *own_name = strdup(name);
    char *own_value = strdup(value);
    if (own_name == NULL || own_value == NULL) {
        free(own_name);
        free(own_value);
        return COF_FAIL(err, NO_MEMORY, "header field");
    }
    response->headers_[response->header_count_++] = (cof_http_pair){own_name, own_value};
    return COF_OK;
}

cof_status cof_http_response_json(cof_http_response *response, int status, json_t *body,
                                  cof_err *err)
{
    COF_JSON json_t *owned = body;
    if (owned == NULL) {
        return COF_FAIL(err, NO_MEMORY, "answer");
    }
    cof_buf_clear(&response->body);
    COF_TRY(cof_json_print(owned, &response->body, err));
    response->status = status;
    response->content_type = "application/json; charset=utf-8";
    return COF_OK;
}

/* A text that may quote outside bytes: where it is not UTF-8, with '?' for what is not ASCII. */
static json_t *printable(const char *text)
{
    char clean[COF_ERR_DETAIL_SIZE];
    size_t size = 0;
    json_t *whole = json_string(text);
    if (whole != NULL) {
        return whole;
    }
    for (; size < sizeof clean && text[size] != '\0'; size++) {
        clean[size] = (unsigned char)text[size] < 0x80 ? text[size] : '?';
    }
    return json_stringn(clean, size);
}

cof_status cof_http_response_error(cof_http_response *response, int status, const char *code,
                                   const char *message, const char *inner, cof_err *err)
{
    if (inner == NULL) {
        return cof_http_response_json(
            response, status,
            json_pack("{s:{s:s,s:o}}", "error", "code", code, "message", printable(message)), err);
    }
    return cof_http_response_json(response, status,
                                  json_pack("{s:{s:s,s:o,s:{s:s}}}", "error", "code", code,
                                            "message", printable(message), "innererror", "code",
                                            inner),
                                  err);
}

void cof_http_response_clear(cof_http_response *response)
{
    for (size_t i = 0; i < response->header_count_; i++) {
        free((char *)response->headers_[i].name);
        free((char *)response->headers_[i].value);
    }
    const size_t limit = response->body.limit;
    cof_buf_free(&response->body);
    *response = (cof_http_response){.status = 200};
    cof_buf_init(&response->body, limit);
}
