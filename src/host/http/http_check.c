#include <ctype.h>
#include <event2/keyvalq_struct.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "host/http/http_server_internal.h"

/* RFC 9110 section 5.6.2: what a field's name is made of. "Content-Length " with a space is not the
 * field it looks like. */
static bool is_token(const char *text)
{
    const size_t size = strlen(text);
    for (size_t i = 0; i < size; i++) {
        if (!isalnum((unsigned char)text[i]) && strchr("!#$%&'*+-.^_`|~", text[i]) == NULL) {
            return false;
        }
    }
    return size > 0;
}

static bool is_clean_value(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if ((*c < ' ' && *c != '\t') || *c == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool is_number(const char *text)
{
    const size_t size = strlen(text);
    return size > 0 && size <= 15 && strspn(text, "0123456789") == size;
}

cof_status cof_http_check_headers(const struct evkeyvalq *headers, cof_err *err)
{
    unsigned host = 0;
    unsigned length = 0;
    unsigned coding = 0;
    unsigned authorization = 0;
    unsigned count = 0;
    const struct evkeyval *field = NULL;
    TAILQ_FOREACH(field, headers, next)
    {
        if (++count > COF_LIMIT_HTTP_HEADERS || !is_token(field->key) ||
            !is_clean_value(field->value)) {
            return COF_FAIL(err, BAD_ARGUMENT, "header field %u is not valid", count);
        }
        if (strcasecmp(field->key, "Host") == 0) {
            host++;
        } else if (strcasecmp(field->key, "Authorization") == 0) {
            authorization++;
        } else if (strcasecmp(field->key, "Content-Length") == 0) {
            length++;
            if (!is_number(field->value)) {
                return COF_FAIL(err, BAD_ARGUMENT, "Content-Length is not a number");
            }
        } else if (strcasecmp(field->key, "Transfer-Encoding") == 0) {
            coding++;
            if (strcasecmp(field->value, "chunked") != 0) {
                return COF_FAIL(err, BAD_ARGUMENT, "Transfer-Encoding is not supported");
            }
        }
    }
    if (host != 1) {
        return COF_FAIL(err, BAD_ARGUMENT, "Host must be given once");
    }
    if (length + coding > 1) {
        return COF_FAIL(err, BAD_ARGUMENT, "the length must be given once");
    }
    if (authorization > 1) {
        return COF_FAIL(err, BAD_ARGUMENT, "Authorization must be given once");
    }
    return COF_OK;
}
