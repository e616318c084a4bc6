#include "host/http/url.h"

#include <ctype.h>
#include <string.h>

#include "tcb/base/limits.h"

static cof_status check_characters(const char *text, cof_err *err)
{
    const size_t size = strnlen(text, COF_LIMIT_URL_BYTES + 1);
    if (size > COF_LIMIT_URL_BYTES) {
        return COF_FAIL(err, LIMIT, "URL over %d bytes", COF_LIMIT_URL_BYTES);
    }
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c <= ' ' || c >= 0x7f || strchr("\"<>\\^`{|}#", c) != NULL) {
            return COF_FAIL(err, BAD_FORMAT, "URL has a character that is not allowed at %zu", i);
        }
    }
    return COF_OK;
}

/* Copies a host, lower case. Brackets hold an IPv6 address, else letters, digits, "." and "-". */
static cof_status copy_host(cof_view host, bool is_bracketed, cof_url *url, cof_err *err)
{
    if (host.size == 0 || host.size >= sizeof url->host) {
        return COF_FAIL(err, BAD_FORMAT, "URL host of %zu bytes", host.size);
    }
    for (size_t i = 0; i < host.size; i++) {
        const unsigned char c = host.data[i];
        const bool is_fine = is_bracketed ? (isxdigit(c) || c == ':' || c == '.')
                                          : (isalnum(c) || c == '.' || c == '-');
        if (!is_fine) {
            return COF_FAIL(err, BAD_FORMAT, "URL host has a character that is not allowed");
        }
        url->host[i] = (char)tolower(c);
    }
    url->host[host.size] = '\0';
    return COF_OK;
}

static cof_status read_port(const char *text, size_t size, uint16_t *out, cof_err *err)
{
    unsigned value = 0;
    for (size_t i = 0; i < size; i++) {
        if (!isdigit((unsigned char)text[i]) || i >= 5) {
            return COF_FAIL(err, BAD_FORMAT, "URL port is not a number");
        }
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    if (size == 0 || value == 0 || value > UINT16_MAX) {
        return COF_FAIL(err, BAD_FORMAT, "URL port is out of range");
    }
    *out = (uint16_t)value;
    return COF_OK;
}

cof_status cof_url_parse(const char *text, cof_url *out, cof_err *err)
{
    cof_url url = {0};
    COF_TRY(check_characters(text, err));
    if (strncmp(text, "https://", 8) == 0) {
        url.is_https = true;
        text += 8;
    } else if (strncmp(text, "http://", 7) == 0) {
        text += 7;
    } else {
        return COF_FAIL(err, BAD_FORMAT, "URL is neither https nor http");
    }
    const size_t authority_size = strcspn(text, "/?");
    const char *end = text + authority_size;
    const char *rest = NULL; /* after the host */
    if (text[0] == '[') {
        const char *close = memchr(text, ']', authority_size);
        if (close == NULL) {
            return COF_FAIL(err, BAD_FORMAT, "URL host has no closing bracket");
        }
        COF_TRY(copy_host(cof_view_of(text + 1, (size_t)(close - text) - 1), true, &url, err));
        rest = close + 1;
    } else {
        const char *colon = memchr(text, ':', authority_size);
        rest = colon != NULL ? colon : end;
        COF_TRY(copy_host(cof_view_of(text, (size_t)(rest - text)), false, &url, err));
    }
    url.port = url.is_https ? 443 : 80;
    if (rest < end) {
        if (*rest != ':') {
            return COF_FAIL(err, BAD_FORMAT, "URL has something between its host and its port");
        }
        COF_TRY(read_port(rest + 1, (size_t)(end - rest) - 1, &url.port, err));
    }
    url.target = cof_view_text(end);
    *out = url;
    return COF_OK;
}

bool cof_url_same_origin(const cof_url *a, const cof_url *b)
{
    return a->is_https == b->is_https && a->port == b->port && strcmp(a->host, b->host) == 0;
}
