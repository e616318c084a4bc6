/* coffer run: the five stages. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "apps/coffer/agent.h"
#include "apps/coffer/commands.h"
#include "apps/coffer/consent.h"
#include "apps/coffer/fetch.h"
#include "apps/coffer/receiving.h"
#include "apps/coffer/show_checks.h"
#include "apps/coffer/verify.h"
#include "tcb/wire/json.h"

enum { TEXT_SIZE = 400 };

static cof_status check_kernel(const char *kernel, cof_err *err)
{
    static const char *const names[] = {"best", "scalar", "avx2", "avx512"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(kernel, names[i]) == 0) {
            return COF_OK;
        }
    }
    return COF_FAIL(err, USAGE, "--kernel is best, scalar, avx2 or avx512");
}

static cof_status initialise(const cof_app *app, const cof_args *args, cof_request *request,
                             cof_progress_view *view, cof_err *err)
{
    char text[TEXT_SIZE];
    cof_progress_step(view, 1, "requested", request->path.text);
    COF_TRY(cof_request_resolve(request, err));
    COF_TRY(cof_consent_for_run(app, args, request, err));
    (void)snprintf(text, sizeof text, "contract %.16s…, %zu inputs, consent of %s%s",
                   request->digest, request->contract->input_count,
                   request->contract->owners[0].name,
                   request->contract->owner_count > 1 ? " and others" : "");
    cof_progress_step(view, 1, "configured", text);
    if (request->was_known) {
        (void)snprintf(text, sizeof text, "the inputs are sealed already");
    } else {
        (void)snprintf(text, sizeof text, "sealed %llu bytes of input",
                       (unsigned long long)request->sealed_bytes);
    }
    cof_progress_step(view, 1, "prepared", text);
    return COF_OK;
}

static cof_status drive(const cof_app *app, const cof_request *request, const cof_run_state *run,
                        const char *kernel, json_t *receive, cof_progress_view *view, cof_err *err)
{
    const cof_agent_run agent = {.home = app->home,
                                 .services = request->services,
                                 .contract_path = request->contract_path.text,
                                 .run_folder = run->folder.text,
                                 .run_hex = run->run,
                                 .kernel = kernel,
                                 .receive = receive};
    const cof_status status = cof_agent_drive(&agent, view, err);
    /* What may pass is left open, so that the same command goes on; the rest is over. */
    if (status != COF_OK && !cof_status_describe(status)->retry) {
        COF_TRY(cof_run_state_close(run, NULL));
    }
    return status;
}

static cof_status verify_result(const cof_app *app, const cof_request *request,
                                const cof_fetched *fetched, json_t **out_metrics, cof_err *err)
{
    const cof_verify_request verify = {.receipt_path = fetched->receipt.text,
                                       .contract = request->digest,
                                       .now_unix_s = (int64_t)time(NULL)};
    cof_checks checks = {0};
    cof_receipt receipt = {0};
    const cof_status status = cof_verify_with_files(&verify, &checks, &receipt, err);
    cof_output_line(app->output, COF_TONE_STRONG, "\nreceipt");
    cof_show_checks(app->output, &checks);
    *out_metrics =
        json_deep_copy(json_object_get(json_object_get(receipt.statement, "predicate"), "metrics"));
    cof_receipt_free(&receipt);
    return status;
}

static void show_next(const cof_app *app, const cof_fetched *fetched, const json_t *metrics)
{
    const char *name = NULL;
    json_t *value = NULL;
    cof_output_line(app->output, COF_TONE_STRONG, "\nresults");
    json_object_foreach(fetched->outputs, name, value)
    {
        cof_output_line(app->output, COF_TONE_PLAIN, "  %-14s %s", name, json_string_value(value));
    }
    if (fetched->others > 0) {
        cof_output_line(app->output, COF_TONE_DIM,
                        "  %zu results are for others too: give them NAME.sealed and the receipt",
                        fetched->others);
    }
    const json_t *test = json_object_get(metrics, "test");
    const json_t *shown = test != NULL ? test : json_object_get(metrics, "validation");
    json_object_foreach((json_t *)(uintptr_t)shown, name, value)
    {
        if (json_is_number(value)) {
            cof_output_line(app->output, COF_TONE_PLAIN, "  %-14s %.4f (%s rows)", name,
                            json_number_value(value), test != NULL ? "test" : "validation");
        }
    }
    cof_output_line(app->output, COF_TONE_STRONG, "\nnext");
    cof_output_line(app->output, COF_TONE_PLAIN,
                    "  coffer verify %s\n  give the whole folder to anyone who wants to check it; "
                    "they need no network and no trust in this machine's operator",
                    fetched->receipt.text);
}

static cof_status report(const cof_app *app, const cof_request *request, const cof_fetched *fetched,
                         const cof_progress_view *view, const json_t *metrics, cof_err *err)
{
    static const char *const names[COF_STAGES + 1] = {"",     "initialise", "environment",
                                                      "data", "training",   "completion"};
    COF_JSON json_t *seconds = json_object();
    for (int i = 1; i <= COF_STAGES; i++) {
        COF_TRY(cof_json_set(seconds, names[i], json_real(view->seconds[i]), err));
    }
    COF_TRY(cof_json_set(seconds, "first_step", json_real(view->first_step_s), err));
    COF_TRY(cof_json_set(seconds, "total", json_real(cof_progress_elapsed(view)), err));
    COF_JSON json_t *object = json_pack(
        "{s:s,s:s,s:s,s:O,s:O,s:O}", "status", "succeeded", "contract", request->digest, "receipt",
        fetched->receipt.text, "outputs", fetched->outputs, "metrics", metrics, "seconds", seconds);
    if (object == NULL) {
        return COF_FAIL(err, NO_MEMORY, "report");
    }
    cof_output_json(app->output, object);
    return COF_OK;
}

static cof_status complete(const cof_app *app, const cof_request *request, const cof_run_state *run,
                           const char *folder, cof_progress_view *view, cof_err *err)
{
    COF_CLEANUP(cof_fetched_drop_) cof_fetched fetched = {0};
    COF_JSON json_t *metrics = NULL;
    char text[TEXT_SIZE];
    COF_TRY(cof_fetch(request, run, folder, &fetched, err));
    COF_TRY(cof_run_state_close(run, err));
    (void)snprintf(text, sizeof text, "results and receipt are in %.300s", folder);
    cof_progress_step(view, COF_STAGES, "notified", text);
    cof_progress_end(view);
    COF_TRY(verify_result(app, request, &fetched, &metrics, err));
    show_next(app, &fetched, metrics);
    return report(app, request, &fetched, view, metrics, err);
}

static cof_status result_folder(const cof_args *args, const cof_job *job, cof_path *out,
                                cof_err *err)
{
    const char *given = cof_args_value(args, "out");
    return given != NULL ? cof_path_format(out, err, "%s", given)
                         : cof_path_format(out, err, "%s-results", job->name);
}

static cof_status prepare_receiving(const cof_app *app, const cof_args *args,
                                    const cof_request *request, const cof_run_state *run,
                                    json_t **out, cof_err *err)
{
    const cof_receiving receiving = {.listen = cof_args_value(args, "receive"),
                                     .run_folder = run->folder.text,
                                     .contract = request->contract,
                                     .store = request->store,
                                     .output = app->output};
    return receiving.listen != NULL ? cof_receiving_prepare(&receiving, out, err) : COF_OK;
}

COF_COMMAND(run)
{
    COF_JSON json_t *receive = NULL;
    const char *kernel =
        cof_args_value(args, "kernel") != NULL ? cof_args_value(args, "kernel") : "best";
    COF_CLEANUP(cof_request_drop_) cof_request request = {0};
    COF_CLEANUP(cof_run_state_drop_) cof_run_state run = {.lock = -1};
    COF_CLEANUP(cof_progress_drop_) cof_progress_view view = {0};
    cof_path folder;
    COF_TRY(check_kernel(kernel, err));
    cof_progress_begin(&view, app->output);
    COF_TRY(cof_request_read(app->home, app->output, cof_args_operand(args, 0), &request, err));
    COF_TRY(result_folder(args, request.job, &folder, err));
    COF_TRY(cof_make_folders(
        folder.text, err)); /* a folder that cannot be written is found out before training */
    COF_TRY(initialise(app, args, &request, &view, err));
    COF_TRY(
        cof_run_state_open(request.job_path.text, cof_args_count(args, "new-run") > 0, &run, err));
    if (run.is_resumed) {
        cof_output_line(app->output, COF_TONE_DIM, "     going on with run %.8s…", run.run);
    }
    COF_TRY(prepare_receiving(app, args, &request, &run, &receive, err));
    COF_TRY(drive(app, &request, &run, kernel, receive, &view, err));
    return complete(app, &request, &run, folder.text, &view, err);
}
