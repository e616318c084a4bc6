/* cmocka with the headers that it needs before it, and checks of statuses. */
#ifndef COF_HARNESS_TEST_H
#define COF_HARNESS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcb/base/buf.h"

/* The name of the status that came stands in the message. */
#define assert_status(call, code) assert_string_equal(cof_status_describe(call)->name, #code)
#define assert_ok(call)           assert_status(call, OK)

#define assert_view_text(view, text)                                                               \
    do {                                                                                           \
        const cof_view view_ = (view);                                                             \
        const char *text_ = (text);                                                                \
        assert_int_equal(view_.size, strlen(text_));                                               \
        assert_memory_equal(view_.size == 0 ? (const void *)"" : view_.data, text_, view_.size);   \
    } while (0)

#endif
