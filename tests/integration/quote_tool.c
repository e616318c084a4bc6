/* Makes a quote of an installation's simulated platform: quote_tool FOLDER MRENCLAVE DEBUG
 * REPORT_DATA, base64url on stdout. */
#include <stdio.h>
#include <string.h>

#include "local/platform/quoting.h"
#include "tcb/wire/text.h"

static cof_status run(char **argv, cof_err *err)
{
    COF_CLEANUP(cof_quoting_drop_) cof_quoting *quoting = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf quote = {.limit = COF_QUOTING_QUOTE_MAX};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 2 * COF_QUOTING_QUOTE_MAX};
    uint8_t mrenclave[32];
    uint8_t report_data[64];
    COF_TRY(cof_hex_decode(cof_view_text(argv[2]), mrenclave, sizeof mrenclave, err));
    COF_TRY(cof_hex_decode(cof_view_text(argv[4]), report_data, sizeof report_data, err));
    COF_TRY(cof_quoting_open(argv[1], 0, &quoting, err));
    COF_TRY(
        cof_quoting_quote(quoting, mrenclave, strcmp(argv[3], "1") == 0, report_data, &quote, err));
    COF_TRY(cof_base64url_encode(cof_buf_view(&quote), &text, err));
    (void)printf("%.*s\n", (int)text.size, (const char *)text.data);
    return COF_OK;
}

int main(int argc, char **argv)
{
    cof_err err = {0};
    if (argc != 5 || run(argv, &err) != COF_OK) {
        (void)fprintf(stderr, "quote_tool: %s\n", err.detail);
        return 1;
    }
    return 0;
}
