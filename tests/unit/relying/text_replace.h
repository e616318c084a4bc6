/* Edits of texts that tests alter. */
#ifndef TEST_TEXT_REPLACE_H
#define TEST_TEXT_REPLACE_H

#include <string.h>

#include "harness/cof_test.h"

/** Appends the text with the first of find replaced, which must be there. */
static inline void text_replace(const cof_buf *text, const char *find, const char *by, cof_buf *out)
{
    COF_CLEANUP(cof_buf_free) cof_buf copy = {.limit = text->size + 1};
    const char *whole = NULL;
    assert_ok(cof_buf_append(&copy, cof_buf_view(text), NULL));
    assert_ok(cof_buf_text(&copy, &whole, NULL));
    const char *at = strstr(whole, find);
    if (at == NULL) {
        fail_msg("%s is not there", find);
        return;
    }
    const size_t before = (size_t)(at - whole);
    const size_t after = before + strlen(find);
    assert_ok(cof_buf_append(out, cof_view_of(whole, before), NULL));
    assert_ok(cof_buf_append_text(out, by, NULL));
    assert_ok(cof_buf_append(out, cof_view_of(whole + after, text->size - after), NULL));
}

#endif
