#include "apps/coffer/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const stage_names[COF_STAGES + 1] = {"",     "initialise", "environment",
                                                        "data", "training",   "completion"};

static double monotonic_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void cof_progress_begin(cof_progress_view *view, cof_output *output)
{
    *view = (cof_progress_view){.output = output, .curve_name = "loss"};
    view->started[0] = monotonic_s();
}

double cof_progress_elapsed(const cof_progress_view *view)
{
    return monotonic_s() - view->started[0];
}

void cof_progress_drop_(cof_progress_view *view)
{
    json_decref(view->problems);
    view->problems = NULL;
}

/* Stages only go forward: a worker that was started again repeats steps of earlier ones. */
static void enter_stage(cof_progress_view *view, int stage)
{
    if (stage <= view->stage || stage > COF_STAGES) {
        return;
    }
    const double now = monotonic_s();
    if (view->stage > 0) {
        view->seconds[view->stage] = now - view->started[view->stage];
    }
    view->stage = stage;
    view->started[stage] = now;
    cof_output_stage(view->output, stage, stage_names[stage]);
}

static void append(char *text, size_t size, const char *name, double value)
{
    const size_t used = strlen(text);
    (void)snprintf(text + used, size - used, "%s%s %.4f", used > 0 ? "  " : "", name, value);
}

static void remember_loss(cof_progress_view *view, const json_t *detail)
{
    const json_t *validation = json_object_get(detail, "validation_loss");
    const json_t *loss = validation != NULL ? validation : json_object_get(detail, "loss");
    if (json_is_number(loss) && view->curve_count < COF_CURVE_MAX) {
        view->curve[view->curve_count++] = json_number_value(loss);
        view->curve_name = validation != NULL ? "validation loss" : "loss";
    }
}

static void show_training(cof_progress_view *view, const json_t *detail)
{
    static const char *const names[] = {"loss", "validation_loss", "accuracy", "auc", "f1", "rmse",
                                        "mae"};
    char text[200] = "";
    const json_int_t epoch = json_integer_value(json_object_get(detail, "epoch"));
    const json_int_t epochs = json_integer_value(json_object_get(detail, "epochs"));
    if (view->first_step_s == 0) {
        view->first_step_s = cof_progress_elapsed(view);
    }
    if (view->curve_count > 0 && epoch > 0 && (size_t)epoch <= view->curve_count) {
        view->curve_count = (size_t)epoch - 1; /* the worker went on from a checkpoint */
    }
    view->epochs = epochs;
    remember_loss(view, detail);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const json_t *value = json_object_get(detail, names[i]);
        if (json_is_number(value)) {
            append(text, sizeof text, names[i], json_number_value(value));
        }
    }
    char name[32];
    (void)snprintf(name, sizeof name, "epoch %lld/%lld", (long long)epoch, (long long)epochs);
    const bool worth_a_line = view->output->terminal || epochs <= 10 || epoch == 1 ||
                              epoch == epochs || epoch % ((epochs + 9) / 10) == 0;
    if (worth_a_line) {
        cof_output_progress(view->output, name, epochs > 0 ? (double)epoch / (double)epochs : 0,
                            text);
    }
}

/* The members of a detail as "name value, name value": places and counts, all public. */
static void describe(const json_t *detail, char *text, size_t size)
{
    const char *key = NULL;
    json_t *value = NULL;
    text[0] = '\0';
    json_object_foreach((json_t *)(uintptr_t)detail, key, value)
    {
        const size_t used = strlen(text);
        const char *separator = used > 0 ? ", " : "";
        if (strcmp(key, "event") == 0 || strcmp(key, "n") == 0 || strcmp(key, "text") == 0) {
            continue;
        }
        if (json_is_string(value)) {
            const char *said = json_string_value(value);
            const bool is_long =
                strlen(said) > 48; /* a digest: its beginning is enough for people */
            (void)snprintf(text + used, size - used, "%s%s %.*s%s", separator, key,
                           is_long ? 16 : 48, said, is_long ? "..." : "");
        } else if (json_is_integer(value)) {
            (void)snprintf(text + used, size - used, "%s%s %lld", separator, key,
                           (long long)json_integer_value(value));
        } else if (json_is_real(value)) {
            (void)snprintf(text + used, size - used, "%s%s %.4g", separator, key,
                           json_real_value(value));
        } else if (json_is_array(value)) {
            (void)snprintf(text + used, size - used, "%s%zu %s", separator, json_array_size(value),
                           key);
        }
    }
}

static void remember_failure(cof_progress_view *view, const json_t *detail)
{
    const char *code = json_string_value(json_object_get(detail, "code"));
    const char *text = json_string_value(json_object_get(detail, "detail"));
    view->failure = COF_E_INTERNAL;
    if (code != NULL) {
        (void)cof_status_from_name(code, &view->failure);
    }
    (void)snprintf(view->failure_detail, sizeof view->failure_detail, "%s",
                   text != NULL ? text : "");
}

static void show_problems(cof_progress_view *view, const json_t *detail)
{
    const json_t *problems = json_object_get(detail, "problems");
    size_t index = 0;
    json_t *problem = NULL;
    json_array_foreach(problems, index, problem)
    {
        char text[200];
        describe(problem, text, sizeof text);
        cof_output_step(view->output, false, "invalid", "%s", text);
    }
    json_decref(view->problems);
    view->problems = json_deep_copy(problems);
}

static void show_step(cof_progress_view *view, const char *step, const json_t *detail)
{
    char text[400];
    if (strcmp(step, "training") == 0) {
        show_training(view, detail);
    } else if (strcmp(step, "invalid") == 0) {
        show_problems(view, detail);
    } else if (strcmp(step, "checkpointed") == 0) {
        view->checkpoints++; /* too many to show: the progress line says where training is */
    } else if (strcmp(step, "succeeded") == 0) {
        return; /* the agent's part: the results are still to be fetched and verified */
    } else if (strcmp(step, "failed") == 0) {
        remember_failure(view, detail);
    } else {
        describe(detail, text, sizeof text);
        cof_output_step(view->output, true, step, "%s", text);
    }
}

void cof_progress_event(cof_progress_view *view, const json_t *event)
{
    const char *step = json_string_value(json_object_get(event, "step"));
    const char *note = json_string_value(json_object_get(event, "note"));
    const json_t *detail = json_object_get(event, "detail");
    cof_output_json(view->output, event);
    if (step != NULL) {
        enter_stage(view, (int)json_integer_value(json_object_get(event, "stage")));
        show_step(view, step, detail);
    } else if (note != NULL) {
        char text[400];
        describe(detail, text, sizeof text);
        cof_output_line(view->output, COF_TONE_DIM, "     %s %s", note, text);
    }
}

void cof_progress_step(cof_progress_view *view, int stage, const char *step, const char *detail)
{
    enter_stage(view, stage);
    cof_output_step(view->output, true, step, "%s", detail);
    json_t *event = json_pack("{s:i,s:s,s:{s:s},s:I}", "stage", stage, "step", step, "detail",
                              "text", detail, "time", (json_int_t)time(NULL));
    cof_output_json(view->output, event);
    json_decref(event);
}

void cof_progress_end(cof_progress_view *view)
{
    if (view->stage > 0) {
        view->seconds[view->stage] = monotonic_s() - view->started[view->stage];
    }
    cof_output_curve(view->output, view->curve_name, view->curve, view->curve_count);
}
