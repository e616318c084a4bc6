/* What token services and metadata services answer: byte 0 says which parser. */
#include <stdlib.h>
#include <string.h>

#include "host/agent/hardware.h"
#include "host/azure/token_answer.h"
#include "tcb/base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse_token(cof_view bytes)
{
    cof_token_answer answer = {0};
    if (cof_token_answer_parse(bytes, &answer, NULL) == COF_OK) {
        if (answer.access.size == 0 || answer.lifetime_s < 0 ||
            memchr(answer.access.data, '\n', answer.access.size) != NULL) {
            abort();
        }
        cof_token_answer_free(&answer);
    }
}

static void parse_refusal(cof_view bytes)
{
    char text[64];
    memset(text, 1, sizeof text);
    cof_token_refusal_text(bytes, cof_view_text("hunter2hunter2"), text, sizeof text);
    if (memchr(text, 0, sizeof text) == NULL || strstr(text, "hunter2hunter2") != NULL) {
        abort();
    }
}

static void parse_td_quote(cof_view bytes)
{
    cof_buf quote = {.limit = COF_LIMIT_QUOTE_BYTES};
    (void)!cof_td_quote_parse(bytes, &quote, NULL);
    cof_buf_free(&quote);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const parsers[])(cof_view) = {parse_token, parse_refusal, parse_td_quote};
    if (size > 0) {
        parsers[data[0] % 3](cof_view_of(data + 1, size - 1));
    }
    return 0;
}
