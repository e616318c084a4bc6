/* A decoder accepts one text of any bytes: what decodes must encode to the same text. */
#include <stdlib.h>
#include <string.h>

#include "tcb/wire/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef cof_status codec(cof_view in, cof_buf *out, cof_err *err);

static void check(bool claim)
{
    if (!claim) {
        abort();
    }
}

static void check_base64(cof_view text, codec *decode, codec *encode, bool may_lack_padding)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = text.size};
    COF_CLEANUP(cof_buf_free) cof_buf again = {.limit = 2 * text.size + 4};
    if (decode(text, &bytes, NULL) != COF_OK) {
        check(bytes.size == 0);
        return;
    }
    check(encode(cof_buf_view(&bytes), &again, NULL) == COF_OK);
    while (may_lack_padding && again.size < text.size) {
        check(cof_buf_append_text(&again, "=", NULL) == COF_OK);
    }
    check(cof_view_equal(cof_buf_view(&again), text));
}

static void check_hex(cof_view text)
{
    uint8_t bytes[64];
    if (text.size / 2 > sizeof bytes ||
        cof_hex_decode(text, bytes, text.size / 2, NULL) != COF_OK) {
        return;
    }
    char again[2 * sizeof bytes + 1];
    cof_hex_text(cof_view_of(bytes, text.size / 2), again);
    check(strlen(again) == text.size &&
          (text.size == 0 || strncasecmp(again, (const char *)text.data, text.size) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const cof_view text = cof_view_of(data, size);
    check_base64(text, cof_base64url_decode, cof_base64url_encode, true);
    check_base64(text, cof_base64_decode, cof_base64_encode, false);
    check_hex(text);
    (void)cof_utf8_is_valid(text);
    return 0;
}
