#include <string.h>
#include <strings.h>

#include "relying/policy/lint.h"
#include "tcb/base/limits.h"
#include "tcb/wire/text.h"

enum { LAYERS_MAX = 6 };

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static cof_view trimmed(cof_view text)
{
    while (text.size > 0 && is_space(text.data[0])) {
        text = cof_view_of(text.data + 1, text.size - 1);
    }
    while (text.size > 0 && is_space(text.data[text.size - 1])) {
        text.size--;
    }
    return text;
}

/* Past white space and comments: does the text start with "version" and "="? */
static bool is_attestation(cof_view text)
{
    static const char word[] = "version";
    text = trimmed(text);
    while (text.size > 2 && text.data[0] == '/' && text.data[1] == '/') {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        if (end == NULL) {
            return false;
        }
        text = trimmed(cof_view_of(end, text.size - (size_t)(end - text.data)));
    }
    const size_t size = sizeof word - 1;
    if (text.size < size || strncasecmp((const char *)text.data, word, size) != 0) {
        return false;
    }
    text = trimmed(cof_view_of(text.data + size, text.size - size));
    return text.size > 0 && text.data[0] == '=';
}

/* base64url, or the standard alphabet that Microsoft's own scripts use here. */
static cof_status decode(cof_view text, cof_buf *out, cof_err *err)
{
    const size_t before = out->size;
    if (cof_base64url_decode(text, out, NULL) == COF_OK) {
        return COF_OK;
    }
    out->size = before;
    return cof_base64_decode(text, out, err);
}

/* The payload of a token, whose signature does not matter here. */
static bool payload_of(cof_view text, cof_view *out)
{
    const uint8_t *first = text.size > 0 ? memchr(text.data, '.', text.size) : NULL;
    if (first == NULL || text.size < 3 || memcmp(text.data, "eyJ", 3) != 0) {
        return false;
    }
    const size_t rest = text.size - (size_t)(first - text.data) - 1;
    const uint8_t *second = memchr(first + 1, '.', rest);
    if (second == NULL) {
        return false;
    }
    *out = cof_view_of(first + 1, (size_t)(second - first) - 1);
    return true;
}

static bool is_release(const json_t *object)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (strcasecmp(key, "anyOf") == 0 || strcasecmp(key, "allOf") == 0) {
            return true;
        }
    }
    return false;
}

/* What one layer of wrapping holds, into out. out_is_done: object is no wrapping. */
static cof_status open_object(const json_t *object, cof_buf *out, bool *out_is_done, cof_err *err)
{
    static const char *const encoded[] = {"data", "AttestationPolicy"};
    static const char *const plain[] = {"token", "x-ms-policy"};
    const json_t *inner = json_object_get(object, "release_policy");
    *out_is_done = false;
    if (json_is_object(inner)) {
        return cof_json_print(inner, out, err);
    }
    for (size_t i = 0; i < 2; i++) {
        const char *text = json_string_value(json_object_get(object, encoded[i]));
        if (text != NULL && is_attestation(cof_view_text(text))) {
            return cof_buf_append_text(out, text, err);
        }
        if (text != NULL) {
            return decode(cof_view_text(text), out, err);
        }
    }
    for (size_t i = 0; i < 2; i++) {
        const char *text = json_string_value(json_object_get(object, plain[i]));
        if (text != NULL) {
            return cof_buf_append_text(out, text, err);
        }
    }
    *out_is_done = true;
    return COF_OK;
}

static cof_status move(cof_view text, cof_buf *out, cof_err *err)
{
    return cof_buf_append(out, text, err);
}

/* Takes one layer off text into inner; or, when there is none, gives the kind. */
static cof_status unwrap_one(cof_view text, cof_buf *inner, bool *out_is_done,
                             cof_lint_kind *out_kind, cof_err *err)
{
    COF_JSON json_t *object = NULL;
    cof_view payload = {0};
    *out_is_done = true;
    if (is_attestation(text)) {
        *out_kind = COF_LINT_ATTESTATION;
        return COF_OK;
    }
    if (payload_of(trimmed(text), &payload)) {
        *out_is_done = false;
        return decode(payload, inner, err);
    }
    *out_kind = COF_LINT_PLATFORM;
    const cof_view body = trimmed(text);
    if (body.size == 0 || body.data[0] != '{' ||
        cof_json_parse(body, COF_LIMIT_JSON_BYTES, &object, NULL) != COF_OK) {
        return COF_OK;
    }
    if (is_release(object)) {
        *out_kind = COF_LINT_RELEASE;
        return COF_OK;
    }
    return open_object(object, inner, out_is_done, err);
}

cof_status cof_lint_unwrap(cof_view text, cof_lint_kind *out_kind, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf outer = {.limit = COF_LIMIT_JSON_BYTES};
    COF_TRY(move(text, &outer, err));
    for (int i = 0; i < LAYERS_MAX; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf inner = {.limit = COF_LIMIT_JSON_BYTES};
        bool is_done = false;
        COF_TRY(unwrap_one(cof_buf_view(&outer), &inner, &is_done, out_kind, err));
        if (is_done) {
            return move(cof_buf_view(&outer), out, err);
        }
        cof_buf_clear(&outer);
        COF_TRY(move(cof_buf_view(&inner), &outer, err));
    }
    return COF_FAIL(err, BAD_FORMAT, "the policy is wrapped more than %d times", LAYERS_MAX);
}
