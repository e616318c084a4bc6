#include "tcb/train/safetensors.h"
#include "tcb/wire/json.h"
#include "tcb/worker/names.h"
#include "tcb/worker/report.h"
#include "tcb/worker/talk.h"

/* A model file is parameters, names and a header; 64 MiB beside the parameters hold any names. */
static const size_t MODEL_EXTRA = (size_t)64 * 1024 * 1024;
static const size_t REPORT_LIMIT = (size_t)16 * 1024 * 1024;

static cof_status make_model(cof_worker *worker, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_worker_names_free) cof_worker_names names = {0};
    COF_TRY(
        cof_worker_names_make(worker->contract, worker->inputs.train.shape.columns, &names, err));
    cof_buf_init(out, cof_trainer_save_size(worker->trainer) + MODEL_EXTRA);
    return cof_safetensors_write(worker->trainer, &names.model, out, err);
}

static cof_status make_output(cof_worker *worker, const cof_contract_output *output, cof_buf *out,
                              cof_seal_kind *out_kind, cof_err *err)
{
    switch (output->format) {
    case COF_CONTRACT_SAFETENSORS:
        *out_kind = COF_SEAL_MODEL;
        return make_model(worker, out, err);
    case COF_CONTRACT_JSON:
        *out_kind = COF_SEAL_REPORT;
        cof_buf_init(out, REPORT_LIMIT);
        return cof_worker_report_print(worker, out, err);
    }
    return COF_FAIL(err, INTERNAL, "output format");
}

static cof_status put_output(cof_worker *worker, size_t index, cof_err *err)
{
    const cof_contract_output *output = &worker->contract->outputs[index];
    cof_worker_output *result = &worker->outputs[index];
    COF_CLEANUP(cof_buf_free) cof_buf plain = {0};
    cof_recipient recipients[COF_LIMIT_RECIPIENTS];
    cof_worker_seal seal = {.put_kind = COF_PUT_OUTPUT,
                            .name = output->name,
                            .recipients = recipients,
                            .recipient_count = output->recipient_count};
    for (size_t i = 0; i < output->recipient_count; i++) {
        recipients[i] =
            (cof_recipient){.kid = output->recipients[i].kid, .rsa = output->recipients[i].key};
    }
    COF_TRY(make_output(worker, output, &plain, &seal.kind, err));
    COF_TRY(cof_digest_of(cof_buf_view(&plain), &result->plain, err));
    uint64_t size = 0;
    COF_TRY(cof_worker_put_sealed(worker, &seal, &plain, &result->sealed, &size, err));
    char digest[2 * COF_DIGEST_SIZE + 1];
    cof_digest_text(&result->sealed, digest);
    return cof_worker_event(worker, "sealed",
                            json_pack("{s:s,s:s,s:I}", "output", output->name, "digest", digest,
                                      "size", (json_int_t)size),
                            err);
}

cof_status cof_worker_put_results(cof_worker *worker, cof_err *err)
{
    COF_TRY(cof_worker_event(worker, "saved", json_object(), err));
    for (size_t i = 0; i < worker->contract->output_count; i++) {
        COF_TRY(put_output(worker, i, err));
    }
    return COF_OK;
}
