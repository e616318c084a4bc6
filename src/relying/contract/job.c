#include "relying/contract/job.h"

#include <string.h>

#include "relying/contract/job_table.h"

/* What no single key can say. */

static void check_inputs(cof_walk *walk, const cof_job *job)
{
    bool has_train = false;
    for (size_t i = 0; i < job->inputs.count; i++) {
        const cof_job_input *input = &job->inputs.items[i];
        has_train = has_train || input->use == COF_CONTRACT_TRAIN;
        const int first = job->inputs.items[0].format;
        if (input->format != first && input->format != COF_JOB_UNKNOWN &&
            first != COF_JOB_UNKNOWN) {
            cof_walk_problem(walk, input->node, NULL, "all inputs must have the same format");
        }
        if (input->use == COF_CONTRACT_TEST && job->training.test > 0) {
            cof_walk_problem(walk, input->node, "set training.test to 0",
                             "there are test rows twice: \"use: test\" and \"test\"");
        }
        for (size_t j = 0; j < i && input->name != NULL; j++) {
            const char *earlier = job->inputs.items[j].name;
            if (earlier != NULL && strcmp(earlier, input->name) == 0) {
                cof_walk_problem(walk, cof_yaml_find(input->node, "name"),
                                 "give each input its own name", "there is another input \"%s\"",
                                 input->name);
            }
        }
    }
    const cof_yaml_node *list = cof_yaml_find(cof_yaml_root(job->document), "inputs");
    if (job->inputs.count > 0 && !has_train) {
        cof_walk_problem(walk, list, "give one \"use: train\"", "there is no input to train on");
    }
}

static void check_outputs(cof_walk *walk, const cof_job *job)
{
    for (size_t i = 1; i < job->outputs.count; i++) {
        const cof_job_output *output = &job->outputs.items[i];
        const cof_job_output *first = &job->outputs.items[0];
        if (output->format == first->format && output->format != COF_JOB_UNKNOWN) {
            cof_walk_problem(walk, cof_yaml_find(output->node, "format"),
                             "put all recipients into one",
                             "there is another output of this format");
        }
        if (output->name != NULL && first->name != NULL && strcmp(output->name, first->name) == 0) {
            cof_walk_problem(walk, cof_yaml_find(output->node, "name"),
                             "give each output its own name", "there is another output \"%s\"",
                             output->name);
        }
    }
}

static void check_training(cof_walk *walk, const cof_job *job)
{
    const cof_job_training *training = &job->training;
    const cof_yaml_node *node = cof_yaml_find(cof_yaml_root(job->document), "training");
    if (node == NULL || node->kind != COF_YAML_MAP) {
        return;
    }
    if (training->validation + training->test >= 1) {
        cof_walk_problem(walk, node, "make them smaller",
                         "validation and test leave no rows to train on");
    }
    if (training->stop.metric != COF_CONTRACT_STOP_NONE && training->validation <= 0) {
        cof_walk_problem(walk, cof_yaml_find(node, "stop"), "set validation above 0",
                         "\"stop\" watches the validation rows, and there are none");
    }
}

static void check_target(cof_walk *walk, const cof_job *job)
{
    for (size_t i = 0; i < job->inputs.count; i++) {
        const cof_job_input *input = &job->inputs.items[i];
        if (input->target != NULL && strlen(input->target) > COF_LIMIT_COLUMN_BYTES) {
            cof_walk_problem(walk, cof_yaml_find(input->node, "target"), NULL,
                             "no column's name is so long");
        }
    }
}

void cof_job_free(cof_job *job)
{
    if (job != NULL) {
        cof_yaml_free(job->document);
        free(job);
    }
}

cof_status cof_job_parse(cof_view text, cof_diagnostics *problems, cof_job **out, cof_err *err)
{
    COF_CLEANUP(cof_job_drop_) cof_job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        return COF_FAIL(err, NO_MEMORY, "job");
    }
    COF_TRY(cof_yaml_parse(text, problems, &job->document, err));
    cof_walk walk = {problems};
    job->task = COF_JOB_UNKNOWN;
    cof_walk_map(&walk, cof_yaml_root(job->document), "the job", &cof_job_table, job);
    if (cof_yaml_root(job->document)->kind == COF_YAML_MAP) {
        check_inputs(&walk, job);
        check_outputs(&walk, job);
        check_training(&walk, job);
        check_target(&walk, job);
    }
    cof_diagnostics_sort(problems);
    COF_TRY(cof_diagnostics_status(problems, err));
    *out = cof_job_take(&job);
    return COF_OK;
}
