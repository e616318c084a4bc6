/* What is read can be printed, and reads back as the same value; so does its canonical form. */
#include <stdlib.h>

#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool claim)
{
    if (!claim) {
        abort();
    }
}

/* Canonical text is a fixed point, unless it has an integer that only a real can hold. */
static void check_canonical(const json_t *value)
{
    COF_CLEANUP(cof_buf_free) cof_buf once = {.limit = (size_t)32 * COF_LIMIT_JSON_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf twice = {.limit = (size_t)32 * COF_LIMIT_JSON_BYTES};
    COF_JSON json_t *again = NULL;
    if (cof_json_canonical(value, &once, NULL) != COF_OK) {
        check(once.size == 0);
        return;
    }
    if (cof_json_parse(cof_buf_view(&once), once.limit, &again, NULL) == COF_OK &&
        cof_json_canonical(again, &twice, NULL) == COF_OK) {
        check(cof_view_equal(cof_buf_view(&once), cof_buf_view(&twice)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    COF_JSON json_t *value = NULL;
    COF_JSON json_t *again = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = (size_t)32 * COF_LIMIT_JSON_BYTES};
    if (cof_json_parse(cof_view_of(data, size), COF_LIMIT_JSON_BYTES, &value, NULL) != COF_OK) {
        check(value == NULL);
        return 0;
    }
    check(cof_json_print(value, &text, NULL) == COF_OK);
    check(cof_json_parse(cof_buf_view(&text), text.limit, &again, NULL) == COF_OK);
    check(json_equal(value, again));
    check_canonical(value);
    return 0;
}
