/*
 * Receipts. The input is taken as an envelope, and, so that the fuzzer need not learn base64, as
 * the statement in one. Nothing that it makes verifies: it cannot sign.
 */
#include <stdlib.h>

#include "relying/receipt/receipt.h"
#include "tcb/wire/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void verify(cof_view envelope)
{
    static cof_checks checks;
    static const uint8_t log[] = "{\"event\":\"attested\",\"n\":0}\n";
    const cof_receipt_file file = {.output = "model"};
    const cof_view consent = cof_view_text("{}");
    const cof_receipt_options options = {.now_unix_s = 1798761600,
                                         .files = &file,
                                         .file_count = 1,
                                         .consents = &consent,
                                         .consent_count = 1,
                                         .log = cof_view_of(log, sizeof log - 1)};
    cof_receipt receipt = {0};
    if (cof_receipt_verify(envelope, &options, &checks, &receipt, NULL) == COF_OK ||
        checks.count < 15) {
        abort();
    }
    cof_receipt_free(&receipt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    COF_CLEANUP(cof_buf_free) cof_buf envelope = {.limit = COF_RECEIPT_BYTES_MAX};
    verify(cof_view_of(data, size));
    if (cof_buf_append_text(&envelope, "{\"payload\":\"", NULL) == COF_OK &&
        cof_base64_encode(cof_view_of(data, size), &envelope, NULL) == COF_OK &&
        cof_buf_append_text(&envelope,
                            "\",\"payloadType\":\"application/"
                            "vnd.in-toto+json\",\"signatures\":[{\"keyid\":\"coffer-sign\",\"sig\":"
                            "\"MAYCAQECAQE=\"}]}",
                            NULL) == COF_OK) {
        verify(cof_buf_view(&envelope));
    }
    return 0;
}
