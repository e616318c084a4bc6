/*
 * Names and values of a URL's query and of an application/x-www-form-urlencoded body, and percent
 * encoding (RFC 3986 section 2.1). Strict: an incomplete escape, a NUL and a repeated name are
 * refused.
 */
#ifndef COF_HOST_HTTP_FORM_H
#define COF_HOST_HTTP_FORM_H

#include "tcb/base/buf.h"

typedef struct cof_http_pair {
    const char *name;
    const char *value;
} cof_http_pair;

typedef struct cof_form cof_form;

/**
 * Parses "a=1&b=%20x"; "+" is a space, a pair without "=" has the value "", an empty text has no
 * pairs.
 *
 * @return COF_OK, COF_E_BAD_FORMAT, COF_E_LIMIT (more than COF_LIMIT_FORM_PAIRS pairs),
 * COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_form_parse(cof_view text, cof_form **out, cof_err *err);

/** The value of a name (names are compared exactly), or NULL. Borrowed from form, which may be
 * NULL. */
const char *cof_form_get(const cof_form *form, const char *name);

size_t cof_form_count(const cof_form *form);
cof_http_pair cof_form_at(const cof_form *form, size_t index);

/** Appends the pairs in the form's encoding. @return as cof_buf_append. */
COF_MUST_USE cof_status cof_form_encode(const cof_http_pair *pairs, size_t count, cof_buf *out,
                                        cof_err *err);

/** Wipes (a form may hold a client's secret) and frees. */
void cof_form_free(cof_form *form);
COF_OWNED(cof_form, cof_form_free);

/** Appends text with everything but RFC 3986's unreserved characters escaped. @return as
 * cof_buf_append. */
COF_MUST_USE cof_status cof_percent_encode(cof_view text, cof_buf *out, cof_err *err);

/**
 * Appends text with its escapes resolved. @return COF_OK, COF_E_BAD_FORMAT (an incomplete escape,
 * or a NUL), or as cof_buf_append.
 */
COF_MUST_USE cof_status cof_percent_decode(cof_view text, cof_buf *out, cof_err *err);

#endif
