#include <string.h>

#include "tcb/evidence/runtime.h"
#include "tcb/wire/writer.h"
#include "tcb/worker/talk.h"

static cof_status make_evidence(cof_worker *worker, cof_err *err)
{
    cof_runtime_spec spec = {.transfer = worker->transfer,
                             .sign = worker->sign,
                             .contract = worker->contract->digest,
                             .kernel = cof_path_name(worker->path),
                             .version = COF_VERSION};
    memcpy(spec.run, worker->run, sizeof spec.run);
    COF_TRY(cof_runtime_print(&spec, &worker->runtime, err));
    cof_quote_request request = {.contract = worker->contract->digest};
    COF_TRY(cof_runtime_report_data(cof_buf_view(&worker->runtime), request.report_data, err));
    return cof_quote_source_quote(worker->config->quotes, &request, &worker->evidence, err);
}

/* Three parts of base64url, or nothing. Who it convinces is not the worker's business; that it is
 * text is. */
static cof_status check_token(cof_view token, cof_err *err)
{
    for (size_t i = 0; i < token.size; i++) {
        const uint8_t c = token.data[i];
        const bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!is_letter && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.' && c != '=') {
            return COF_FAIL(err, PROTOCOL, "the attestation token is no JWS");
        }
    }
    return COF_OK;
}

cof_status cof_worker_give_evidence(cof_worker *worker, cof_err *err)
{
    COF_TRY(make_evidence(worker, err));
    const char *name = cof_quote_source_name(worker->config->quotes);
    COF_CLEANUP(cof_buf_free) cof_buf start;
    cof_buf_init(&start, COF_FRAME_EVIDENCE_HIGH);
    COF_TRY(cof_write_u32le(&start, (uint32_t)worker->runtime.size, err));
    COF_TRY(cof_buf_append(&start, cof_buf_view(&worker->runtime), err));
    COF_TRY(cof_write_u8(&start, (uint8_t)strlen(name), err));
    COF_TRY(cof_buf_append_text(&start, name, err));
    COF_TRY(cof_worker_say(worker, COF_FRAME_EVIDENCE, cof_buf_view(&start),
                           cof_buf_view(&worker->evidence), err));
    uint8_t type = 0;
    COF_TRY(cof_worker_hear(worker, &type, err));
    COF_TRY(check_token(cof_buf_view(&worker->frame), err));
    /* Kept for the receipt only: who releases keys judges the token, and who verifies the receipt.
     */
    COF_TRY(cof_buf_append(&worker->token, cof_buf_view(&worker->frame), err));
    return cof_worker_event(worker, "attested", json_object(), err);
}
