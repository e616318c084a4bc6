/* Makes a quote of an installation's simulated platform: quote_tool FOLDER MRENCLAVE DEBUG
 * REPORT_DATA [sgx | open-enclave], base64url on stdout. */
#include <stdio.h>
#include <string.h>

#include "local/platform/quoting.h"
#include "tcb/wire/text.h"

/* Open Enclave's header: version 1, a remote report, the quote's size. */
static cof_status put_header(size_t size, cof_buf *out, cof_err *err)
{
    uint8_t header[16] = {1, 0, 0, 0, 2};
    for (size_t i = 0; i < 8; i++) {
        header[8 + i] = (uint8_t)(size >> (8 * i));
    }
    return cof_buf_append(out, cof_view_of(header, sizeof header), err);
}

static cof_status run(char **argv, bool is_open_enclave, cof_err *err)
{
    COF_CLEANUP(cof_quoting_drop_) cof_quoting *quoting = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf quote = {.limit = COF_QUOTING_QUOTE_MAX};
    COF_CLEANUP(cof_buf_free) cof_buf whole = {.limit = COF_QUOTING_QUOTE_MAX + 16};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 2 * COF_QUOTING_QUOTE_MAX};
    uint8_t mrenclave[32];
    uint8_t report_data[64];
    COF_TRY(cof_hex_decode(cof_view_text(argv[2]), mrenclave, sizeof mrenclave, err));
    COF_TRY(cof_hex_decode(cof_view_text(argv[4]), report_data, sizeof report_data, err));
    COF_TRY(cof_quoting_open(argv[1], 0, &quoting, err));
    COF_TRY(
        cof_quoting_quote(quoting, mrenclave, strcmp(argv[3], "1") == 0, report_data, &quote, err));
    if (is_open_enclave) {
        COF_TRY(put_header(quote.size, &whole, err));
    }
    COF_TRY(cof_buf_append(&whole, cof_buf_view(&quote), err));
    COF_TRY(cof_base64url_encode(cof_buf_view(&whole), &text, err));
    (void)printf("%.*s\n", (int)text.size, (const char *)text.data);
    return COF_OK;
}

int main(int argc, char **argv)
{
    cof_err err = {0};
    const bool is_open_enclave = argc == 6 && strcmp(argv[5], "open-enclave") == 0;
    if (argc < 5 || argc > 6 || run(argv, is_open_enclave, &err) != COF_OK) {
        (void)fprintf(stderr, "quote_tool: %s\n", err.detail);
        return 1;
    }
    return 0;
}
