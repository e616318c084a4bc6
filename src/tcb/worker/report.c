#include "tcb/worker/report.h"

#include "tcb/wire/json.h"
#include "tcb/wire/text.h"
#include "tcb/worker/disclose.h"
#include "tcb/worker/spec.h"

/* Who made this model, from what, under which contract. */
static json_t *print_job(const cof_worker *worker)
{
    char digest[2 * COF_DIGEST_SIZE + 1];
    char run[2 * COF_RUN_ID_SIZE + 1];
    cof_digest_text(&worker->contract->digest, digest);
    cof_hex_text(cof_view_of(worker->run, sizeof worker->run), run);
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "name", worker->contract->name, "purpose",
                     worker->contract->purpose, "contract", digest, "run", run, "worker",
                     COF_VERSION, "kernel", cof_path_name(worker->path));
}

static json_t *print_model(const cof_worker *worker)
{
    const json_t *contract = worker->contract->json;
    const cof_train_spec *spec = cof_trainer_spec(worker->trainer);
    return json_pack("{s:O,s:O,s:O,s:I,s:I,s:I}", "task", json_object_get(contract, "task"),
                     "model", json_object_get(contract, "model"), "training",
                     json_object_get(contract, "training"), "parameters",
                     (json_int_t)cof_worker_parameter_count(spec), "features",
                     (json_int_t)spec->columns, "classes", (json_int_t)spec->classes);
}

/* Counts, as a model card needs them: what was trained on, what was held out. */
static json_t *print_data(const cof_worker *worker)
{
    const cof_split *split = cof_trainer_split(worker->trainer);
    COF_JSON json_t *inputs = json_array();
    for (size_t i = 0; i < worker->contract->input_count; i++) {
        const cof_contract_input *input = &worker->contract->inputs[i];
        json_t *one = json_pack("{s:s,s:s,s:s,s:s,s:I}", "name", input->name, "owner",
                                worker->contract->owners[input->owner].name, "format",
                                cof_contract_format_name(input->format), "use",
                                cof_contract_use_name(input->use), "rows",
                                (json_int_t)worker->inputs.row_counts[i]);
        if (json_array_append_new(inputs, one) != 0) {
            return NULL;
        }
    }
    return json_pack("{s:O,s:I,s:I,s:I}", "inputs", inputs, "train", (json_int_t)split->train,
                     "validation", (json_int_t)split->validation, "test",
                     (json_int_t)(split->test + worker->inputs.test.rows));
}

cof_status cof_worker_report_print(cof_worker *worker, cof_buf *out, cof_err *err)
{
    cof_train_report result;
    COF_TRY(cof_trainer_report(worker->trainer, &result, err));
    COF_JSON json_t *report = json_object();
    if (report == NULL) {
        return COF_FAIL(err, NO_MEMORY, "report");
    }
    COF_TRY(cof_json_set(report, "coffer", json_string("report/v1"), err));
    COF_TRY(cof_json_set(report, "job", print_job(worker), err));
    COF_TRY(cof_json_set(report, "model", print_model(worker), err));
    COF_TRY(cof_json_set(report, "data", print_data(worker), err));
    COF_TRY(cof_json_set(report, "stopped_early", json_boolean(result.is_stopped_early), err));
    COF_TRY(cof_json_set(report, "metrics", cof_disclose_metrics(&result, COF_DISCLOSE_EVERYTHING),
                         err));
    COF_TRY(cof_json_set(report, "history",
                         cof_disclose_history(worker->trainer, COF_DISCLOSE_EVERYTHING), err));
    return cof_json_canonical(report, out, err);
}
