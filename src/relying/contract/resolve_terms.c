/* How it is trained, what may be told of it, who gets what, and when it ends. */
#include "relying/contract/resolver.h"

static cof_status add_result_key(json_t *object, const json_t *jwk, cof_err *err)
{
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *key = NULL;
    json_t *printed = NULL;
    COF_TRY(cof_rsa_from_jwk(jwk, &key, err));
    COF_TRY(cof_rsa_to_jwk(key, &printed, err));
    return cof_json_set(object, "jwk", printed, err);
}

/* ---- model and training ---- */

cof_status cof_resolver_add_model(cof_resolver *r, cof_err *err)
{
    const cof_job_model *model = &r->job->model;
    json_t *object = NULL;
    json_t *hidden = NULL;
    COF_TRY(add_object(r->root, "model", &object, err));
    COF_TRY(set_text(object, "kind", cof_names_model.texts[model->kind], err));
    if (model->kind == COF_CONTRACT_LINEAR) {
        return COF_OK;
    }
    COF_TRY(add_list(object, "hidden", &hidden, err));
    for (size_t i = 0; i < model->hidden.count; i++) {
        COF_TRY(cof_json_append(hidden, json_integer(model->hidden.units[i]), err));
    }
    return set_text(object, "activation", cof_names_activation.texts[model->activation], err);
}

static cof_status add_optimizer(const cof_job_optimizer *optimizer, json_t *training, cof_err *err)
{
    json_t *object = NULL;
    COF_TRY(add_object(training, "optimizer", &object, err));
    COF_TRY(set_text(object, "kind", cof_names_optimizer.texts[optimizer->kind], err));
    COF_TRY(set_number(object, "learning_rate", optimizer->learning_rate, err));
    COF_TRY(set_number(object, "weight_decay", optimizer->weight_decay, err));
    if (optimizer->kind == COF_CONTRACT_SGD) {
        return set_number(object, "momentum", optimizer->momentum, err);
    }
    COF_TRY(set_number(object, "beta1", optimizer->beta1, err));
    COF_TRY(set_number(object, "beta2", optimizer->beta2, err));
    return set_number(object, "epsilon", optimizer->epsilon, err);
}

static cof_status add_stop(cof_resolver *r, json_t *training, cof_err *err)
{
    const cof_job_stop *stop = &r->job->training.stop;
    json_t *object = NULL;
    if (stop->metric == COF_CONTRACT_STOP_NONE) {
        return cof_json_set(training, "stop", json_null(), err);
    }
    COF_TRY(add_object(training, "stop", &object, err));
    COF_TRY(set_text(object, "metric", cof_names_stop.texts[stop->metric], err));
    return set_integer(object, "patience", stop->patience, err);
}

static void check_task(cof_resolver *r)
{
    const cof_job_training *training = &r->job->training;
    const cof_yaml_node *node = cof_yaml_find(cof_yaml_root(r->job->document), "training");
    const bool is_unfit =
        (training->stop.metric == COF_CONTRACT_STOP_AUC && r->task != COF_CONTRACT_BINARY) ||
        (training->stop.metric == COF_CONTRACT_STOP_ACCURACY && r->task == COF_CONTRACT_REGRESSION);
    if (r->task < 0) {
        return;
    }
    if (is_unfit) {
        cof_walk_problem(&r->walk, cof_yaml_find(cof_yaml_find(node, "stop"), "metric"),
                         "choose loss", "the task is %s, and has no %s",
                         cof_names_task.texts[r->task],
                         cof_names_stop.texts[training->stop.metric]);
    }
    if (training->class_weights == COF_CONTRACT_WEIGHTS_BALANCED &&
        r->task == COF_CONTRACT_REGRESSION) {
        cof_walk_problem(&r->walk, cof_yaml_find(node, "class_weights"), "remove it",
                         "the task is regression, and has no classes");
    }
}

cof_status cof_resolver_add_training(cof_resolver *r, cof_err *err)
{
    const cof_job_training *training = &r->job->training;
    const int64_t threads = training->threads > 0 ? training->threads : r->facts->threads;
    json_t *object = NULL;
    json_t *checkpoint = NULL;
    check_task(r);
    COF_TRY(add_object(r->root, "training", &object, err));
    COF_TRY(set_integer(object, "epochs", training->epochs, err));
    COF_TRY(set_integer(object, "batch", training->batch, err));
    COF_TRY(set_integer(object, "seed", training->seed, err));
    COF_TRY(set_number(object, "validation", training->validation, err));
    COF_TRY(set_number(object, "test", training->test, err));
    COF_TRY(
        set_text(object, "class_weights", cof_names_weights.texts[training->class_weights], err));
    COF_TRY(cof_json_set(object, "standardize", json_boolean(training->standardize), err));
    COF_TRY(add_optimizer(&training->optimizer, object, err));
    COF_TRY(add_object(object, "checkpoint", &checkpoint, err));
    COF_TRY(set_integer(checkpoint, "every_epochs", training->checkpoint.every_epochs, err));
    COF_TRY(add_stop(r, object, err));
    COF_TRY(set_integer(object, "threads",
                        threads < COF_LIMIT_THREADS ? threads : COF_LIMIT_THREADS, err));
    COF_TRY(set_text(object, "precision", cof_names_precision.texts[training->precision], err));
    return set_text(object, "kernel", cof_names_kernel.texts[training->kernel], err);
}

/* ---- what leaves, and when it ends ---- */

cof_status cof_resolver_add_disclose(cof_resolver *r, cof_err *err)
{
    json_t *list = NULL;
    COF_TRY(add_list(r->root, "disclose", &list, err));
    for (size_t i = 0; i < cof_names_disclosure.count; i++) {
        if ((r->job->disclose & 1U << i) != 0) {
            COF_TRY(cof_json_append(list, json_string(cof_names_disclosure.texts[i]), err));
        }
    }
    return COF_OK;
}

static cof_status add_recipient(cof_resolver *r, const cof_yaml_node *node, json_t *list,
                                cof_err *err)
{
    const cof_resolve_identity *identity = cof_resolver_identity(r, node);
    json_t *item = NULL;
    if (identity == NULL) {
        return COF_OK;
    }
    if (identity->result_kid == NULL || identity->result_jwk == NULL) {
        cof_walk_problem(&r->walk, node, "make its keys first: coffer key create",
                         "\"%s\" has no key for results", identity->name);
        return COF_OK;
    }
    COF_TRY(add_item(list, &item, err));
    COF_TRY(set_text(item, "name", identity->name, err));
    COF_TRY(set_text(item, "kid", identity->result_kid, err));
    return add_result_key(item, identity->result_jwk, err);
}

cof_status cof_resolver_add_outputs(cof_resolver *r, cof_err *err)
{
    json_t *list = NULL;
    COF_TRY(add_list(r->root, "outputs", &list, err));
    for (size_t i = 0; i < r->job->outputs.count; i++) {
        const cof_job_output *output = &r->job->outputs.items[i];
        json_t *item = NULL;
        json_t *recipients = NULL;
        COF_TRY(add_item(list, &item, err));
        COF_TRY(set_text(item, "name", output->name, err));
        COF_TRY(set_text(item, "format", cof_names_output_format.texts[output->format], err));
        COF_TRY(add_list(item, "recipients", &recipients, err));
        for (size_t j = 0; j < output->recipients.count; j++) {
            COF_TRY(add_recipient(r, output->recipients.nodes[j], recipients, err));
        }
    }
    return COF_OK;
}

cof_status cof_resolver_add_limits(cof_resolver *r, cof_err *err)
{
    const cof_job_limits *limits = &r->job->limits;
    json_t *object = NULL;
    COF_TRY(add_object(r->root, "limits", &object, err));
    COF_TRY(set_integer(object, "expires", limits->expires, err));
    COF_TRY(set_integer(object, "runs", limits->runs, err));
    COF_TRY(set_integer(object, "memory", limits->memory, err));
    return set_integer(object, "wall_time", limits->wall_time, err);
}
