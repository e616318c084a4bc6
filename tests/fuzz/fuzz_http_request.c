/* What of a request we parse ourselves: a form or query, a path and its routes, a URL. Each is
 * refused, or says the same when printed and parsed again. */
#include <stdlib.h>
#include <string.h>

#include "host/http/form.h"
#include "host/http/http_server_internal.h"
#include "host/http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_form(cof_view text)
{
    COF_CLEANUP(cof_form_drop_) cof_form *form = NULL;
    COF_CLEANUP(cof_form_drop_) cof_form *again = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf printed = {.limit = (size_t)1 << 24};
    cof_http_pair pairs[COF_LIMIT_FORM_PAIRS];
    if (cof_form_parse(text, &form, NULL) != COF_OK) {
        return;
    }
    for (size_t i = 0; i < cof_form_count(form); i++) {
        pairs[i] = cof_form_at(form, i);
    }
    if (cof_form_encode(pairs, cof_form_count(form), &printed, NULL) != COF_OK ||
        cof_form_parse(cof_buf_view(&printed), &again, NULL) != COF_OK ||
        cof_form_count(again) != cof_form_count(form)) {
        abort();
    }
    for (size_t i = 0; i < cof_form_count(form); i++) {
        const char *value = cof_form_get(again, pairs[i].name);
        if (value == NULL || strcmp(value, pairs[i].value) != 0) {
            abort();
        }
    }
}

static void try_path(cof_view text)
{
    static const char *const patterns[] = {"/", "/certs", "/keys/{name}",
                                           "/keys/{name}/{version?}/release", "/{a}/{b}/{c?}"};
    COF_CLEANUP(cof_http_path_free) cof_http_path path = {0};
    if (cof_http_path_parse(text, &path, NULL) != COF_OK) {
        return;
    }
    for (size_t i = 0; i < path.count; i++) {
        if (strchr(path.segments[i], '/') != NULL || strcmp(path.segments[i], "..") == 0) {
            abort();
        }
    }
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        const char *segments[COF_LIMIT_URL_SEGMENTS];
        size_t count = 0;
        if (cof_http_path_match(&path, patterns[i], segments, &count) && count > path.count) {
            abort();
        }
    }
}

static void try_url(cof_view text)
{
    cof_url url;
    char *copy = calloc(1, text.size + 1);
    if (copy == NULL) {
        return;
    }
    if (text.size > 0) {
        memcpy(copy, text.data, text.size);
    }
    if (cof_url_parse(copy, &url, NULL) == COF_OK &&
        (url.port == 0 || url.host[0] == '\0' || strpbrk(url.host, "/@?#\\ ") != NULL)) {
        abort();
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const cof_view text = cof_view_of(data, size);
    try_form(text);
    try_path(text);
    try_url(text);
    return 0;
}
