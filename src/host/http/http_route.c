#include <string.h>
#include <strings.h>

#include "host/http/http_server_internal.h"

/* After decoding, so that "%2e%2e" and "%2F" are seen for what they are. */
static cof_status check_segment(const char *segment, cof_err *err)
{
    if (strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0) {
        return COF_FAIL(err, BAD_ARGUMENT, "the path has a dot segment");
    }
    for (const unsigned char *c = (const unsigned char *)segment; *c != '\0'; c++) {
        if (*c < ' ' || *c == 0x7f || *c == '/' || *c == '\\') {
            return COF_FAIL(err, BAD_ARGUMENT,
                            "a path segment has a character that is not allowed");
        }
    }
    return COF_OK;
}

static cof_status add_segment(cof_http_path *path, cof_view text, cof_err *err)
{
    static const uint8_t nul = 0;
    if (path->count == COF_LIMIT_URL_SEGMENTS) {
        return COF_FAIL(err, LIMIT, "more than %d path segments", COF_LIMIT_URL_SEGMENTS);
    }
    const size_t start = path->text.size;
    if (cof_percent_decode(text, &path->text, err) != COF_OK) {
        return COF_FAIL(err, BAD_ARGUMENT, "the path has an escape that is not valid");
    }
    COF_TRY(cof_buf_append(&path->text, cof_view_of(&nul, 1), err));
    path->segments[path->count] = (const char *)path->text.data + start;
    return check_segment(path->segments[path->count++], err);
}

cof_status cof_http_path_parse(cof_view text, cof_http_path *path, cof_err *err)
{
    if (text.size == 0 || text.data[0] != '/') {
        return COF_FAIL(err, BAD_ARGUMENT, "the path does not begin with a slash");
    }
    /* Reserved whole: the segments point into it. A decoded segment with its NUL is never longer
     * than it was with its slash. */
    cof_buf_init(&path->text, text.size);
    COF_TRY(cof_buf_reserve(&path->text, text.size, err));
    size_t start = 1;
    while (start <= text.size) {
        const uint8_t *end =
            start < text.size ? memchr(text.data + start, '/', text.size - start) : NULL;
        const size_t size = end != NULL ? (size_t)(end - text.data) - start : text.size - start;
        COF_TRY(add_segment(path, cof_view_of(text.data + start, size), err));
        start += size + 1;
    }
    return COF_OK;
}

void cof_http_path_free(cof_http_path *path)
{
    cof_buf_free(&path->text);
    path->count = 0;
}

/* The pattern's next segment, and what comes after it. */
static cof_view next_segment(const char **pattern)
{
    const char *start = *pattern + 1;
    const size_t size = strcspn(start, "/");
    *pattern = start + size;
    return cof_view_of(start, size);
}

static bool match_segment(cof_view pattern, const char *segment, bool *is_placeholder)
{
    *is_placeholder = pattern.size >= 2 && pattern.data[0] == '{';
    if (!*is_placeholder) {
        return strlen(segment) == pattern.size &&
               strncasecmp(segment, (const char *)pattern.data, pattern.size) == 0;
    }
    const bool may_be_empty = pattern.data[pattern.size - 2] == '?';
    return may_be_empty || segment[0] != '\0';
}

bool cof_http_path_match(const cof_http_path *path, const char *pattern,
                         const char *out_segments[static COF_LIMIT_URL_SEGMENTS], size_t *out_count)
{
    size_t taken = 0;
    size_t at = 0;
    while (*pattern == '/' && at < path->count) {
        bool is_placeholder = false;
        if (!match_segment(next_segment(&pattern), path->segments[at], &is_placeholder)) {
            return false;
        }
        if (is_placeholder) {
            out_segments[taken++] = path->segments[at];
        }
        at++;
    }
    const bool has_slash_at_end = at > 0 && at + 1 == path->count && path->segments[at][0] == '\0';
    if (*pattern != '\0' || (at != path->count && !has_slash_at_end)) {
        return false;
    }
    *out_count = taken;
    return true;
}
