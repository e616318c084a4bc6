#include "relying/contract/job_table.h"

#include <string.h>

/*
 * Implementation notes: the tables below are docs/formats/contract.md, row by row. A key's place in
 * the struct is its offset, its default is what one would write.
 */

#define PURPOSE_REMEDY "write 1 to 200 characters in one line"

static void read_purpose(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    const cof_walk_key key = {.name = "purpose", .type = COF_WALK_TEXT};
    if (cof_walk_scalar(walk, node, &key, out) &&
        !cof_contract_is_plain_text(node->text, COF_CONTRACT_PURPOSE_CHARACTERS)) {
        cof_walk_problem(walk, node, PURPOSE_REMEDY,
                         "\"purpose\" is too long or has control characters");
    }
}

static void read_path(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    const cof_walk_key key = {.name = node->key->text, .type = COF_WALK_TEXT};
    if (cof_walk_scalar(walk, node, &key, out) && !cof_contract_is_plain_text(node->text, 1024)) {
        cof_walk_problem(walk, node, NULL,
                         "a path cannot be longer than 1024 characters or have control characters");
    }
}

/* inputs */

static void read_target(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    cof_job_input *input = out;
    const bool is_index = node->kind == COF_YAML_SCALAR && node->is_plain &&
                          node->text[0] != '\0' &&
                          strspn(node->text, "0123456789") == strlen(node->text);
    if (is_index) {
        const cof_walk_key key = {.type = COF_WALK_INTEGER, .high = COF_LIMIT_COLUMNS - 1};
        (void)cof_walk_scalar(walk, node, &key, &input->target_index);
        return;
    }
    const cof_walk_key key = {.type = COF_WALK_TEXT};
    (void)cof_walk_scalar(walk, node, &key, &input->target);
}

static const cof_walk_key csv_keys[] = {
    KEY(NAME, cof_job_input, name, .is_required = true),
    KEY(NAME, cof_job_input, owner, .is_required = true),
    KEY(CUSTOM, cof_job_input, data, .read = read_path),
    KEY(CUSTOM, cof_job_input, sealed, .read = read_path),
    KEY(CHOICE, cof_job_input, format, .is_required = true, .names = &cof_names_format),
    KEY(CHOICE, cof_job_input, use, .fallback = "train", .names = &cof_names_use),
    {.name = "target", .type = COF_WALK_CUSTOM, .is_required = true, .read = read_target},
    KEY(CUSTOM, cof_job_input, schema, .read = read_path),
};
static const cof_walk_key idx_keys[] = {
    KEY(NAME, cof_job_input, name, .is_required = true),
    KEY(NAME, cof_job_input, owner, .is_required = true),
    KEY(CUSTOM, cof_job_input, data, .read = read_path),
    KEY(CUSTOM, cof_job_input, sealed, .read = read_path),
    KEY(CHOICE, cof_job_input, format, .is_required = true, .names = &cof_names_format),
    KEY(CHOICE, cof_job_input, use, .fallback = "train", .names = &cof_names_use),
    KEY(CUSTOM, cof_job_input, labels, .read = read_path),
    KEY(CUSTOM, cof_job_input, sealed_labels, .read = read_path),
    KEY(INTEGER, cof_job_input, classes, .low = 2, .high = 256),
};
static const cof_walk_table input_tables[] = {TABLE(csv_keys), TABLE(idx_keys)};

/* Data that lies here is described by itself; data that was sealed elsewhere has to be described.
 */
static void check_source(cof_walk *walk, const cof_yaml_node *node, const cof_job_input *input)
{
    const bool is_idx = input->format == COF_CONTRACT_IDX;
    const bool is_sealed = cof_yaml_find(node, "sealed") != NULL;
    const bool has_data = cof_yaml_find(node, "data") != NULL;
    const char *labels = is_sealed ? "sealed_labels" : "labels";
    if (input->format == COF_JOB_UNKNOWN || node->kind != COF_YAML_MAP) {
        return;
    }
    if (is_sealed && has_data) {
        cof_walk_problem(walk, cof_yaml_find(node, "sealed"), "remove one",
                         "an input has either \"data\" or \"sealed\"");
        return;
    }
    if (!is_sealed && !has_data) {
        cof_walk_problem(walk, node, "or \"sealed\", for what its owner has sealed already",
                         "missing key \"data\" in an input");
    }
    if (is_idx && cof_yaml_find(node, labels) == NULL) {
        cof_walk_problem(walk, node, NULL, "missing key \"%s\" in an input", labels);
    }
    if (is_idx && cof_yaml_find(node, is_sealed ? "labels" : "sealed_labels") != NULL) {
        cof_walk_problem(walk, node, NULL,
                         "\"labels\" goes with \"data\", \"sealed_labels\" with \"sealed\"");
    }
    if (is_sealed && cof_yaml_find(node, is_idx ? "classes" : "schema") == NULL) {
        cof_walk_problem(walk, node, "what is sealed cannot be looked at: its owner has to say",
                         "missing key \"%s\" in a sealed input", is_idx ? "classes" : "schema");
    }
}

static void read_inputs(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    cof_job_inputs *inputs = out;
    if (!cof_walk_is_list(walk, node, "the list of inputs", 1, COF_LIMIT_INPUTS)) {
        return;
    }
    for (const cof_yaml_node *item = node->first; item != NULL; item = item->next) {
        cof_job_input *input = &inputs->items[inputs->count++];
        *input = (cof_job_input){.node = item, .format = COF_JOB_UNKNOWN};
        cof_walk_variant(walk, item, "an input", "format", &cof_names_format, input_tables, input);
        check_source(walk, item, input);
    }
}

/* model */

static void read_hidden(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    cof_job_hidden *hidden = out;
    const cof_walk_key units = {.type = COF_WALK_INTEGER, .low = 1, .high = COF_LIMIT_WIDTH};
    if (!cof_walk_is_list(walk, node, "the list of hidden layers", 1, COF_LIMIT_LAYERS)) {
        return;
    }
    for (const cof_yaml_node *item = node->first; item != NULL; item = item->next) {
        if (cof_walk_scalar(walk, item, &units, &hidden->units[hidden->count])) {
            hidden->count++;
        }
    }
}

static const cof_walk_key linear_keys[] = {
    KEY(CHOICE, cof_job_model, kind, .is_required = true, .names = &cof_names_model),
};
static const cof_walk_key mlp_keys[] = {
    KEY(CHOICE, cof_job_model, kind, .is_required = true, .names = &cof_names_model),
    KEY(CUSTOM, cof_job_model, hidden, .is_required = true, .read = read_hidden),
    KEY(CHOICE, cof_job_model, activation, .fallback = "relu", .names = &cof_names_activation),
};
static const cof_walk_table model_tables[] = {TABLE(linear_keys), TABLE(mlp_keys)};

static void read_model(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    cof_walk_variant(walk, node, "model", "kind", &cof_names_model, model_tables, out);
}

/* training */

#define RATE    .high = COF_CONTRACT_RATE
#define BELOW_1 .high = 1, .is_open = COF_WALK_BELOW

static const cof_walk_key sgd_keys[] = {
    KEY(CHOICE, cof_job_optimizer, kind, .is_required = true, .names = &cof_names_optimizer),
    KEY(NUMBER, cof_job_optimizer, learning_rate, .fallback = "0.001", RATE,
        .is_open = COF_WALK_ABOVE),
    KEY(NUMBER, cof_job_optimizer, weight_decay, .fallback = "0", RATE),
    KEY(NUMBER, cof_job_optimizer, momentum, .fallback = "0.9", BELOW_1),
};
static const cof_walk_key adamw_keys[] = {
    KEY(CHOICE, cof_job_optimizer, kind, .is_required = true, .names = &cof_names_optimizer),
    KEY(NUMBER, cof_job_optimizer, learning_rate, .fallback = "0.001", RATE,
        .is_open = COF_WALK_ABOVE),
    KEY(NUMBER, cof_job_optimizer, weight_decay, .fallback = "0.01", RATE),
    KEY(NUMBER, cof_job_optimizer, beta1, .fallback = "0.9", BELOW_1),
    KEY(NUMBER, cof_job_optimizer, beta2, .fallback = "0.999", BELOW_1),
    KEY(NUMBER, cof_job_optimizer, epsilon, .fallback = "1e-8", .high = 1,
        .is_open = COF_WALK_ABOVE),
};
static const cof_walk_table optimizer_tables[] = {TABLE(sgd_keys), TABLE(adamw_keys)};

/* As a default the node is the text "adamw": the whole optimizer by its name. */
static void read_optimizer(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    const bool is_default = walk->problems == NULL;
    if (is_default) {
        cof_job_optimizer *optimizer = out;
        optimizer->kind = COF_CONTRACT_ADAMW;
        cof_walk_defaults(&optimizer_tables[COF_CONTRACT_ADAMW], out);
        return;
    }
    cof_walk_variant(walk, node, "optimizer", "kind", &cof_names_optimizer, optimizer_tables, out);
}

static const cof_walk_key checkpoint_keys[] = {
    KEY(INTEGER, cof_job_checkpoint, every_epochs, .fallback = "1", .high = COF_LIMIT_EPOCHS),
};
static const cof_walk_table checkpoint_table = TABLE(checkpoint_keys);

static void read_stop_metric(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    /* Without "none": no stop is said by leaving it out. */
    const cof_names metrics = {cof_names_stop.count - 1, cof_names_stop.texts + 1};
    const cof_walk_key key = {.type = COF_WALK_CHOICE, .names = &metrics};
    int metric = 0;
    if (cof_walk_scalar(walk, node, &key, &metric)) {
        *(int *)out = metric + 1;
    }
}

static const cof_walk_key stop_keys[] = {
    KEY(CUSTOM, cof_job_stop, metric, .is_required = true, .read = read_stop_metric),
    KEY(INTEGER, cof_job_stop, patience, .is_required = true, .low = 1, .high = COF_LIMIT_EPOCHS),
};
static const cof_walk_table stop_table = TABLE(stop_keys);

#define FRACTION .high = COF_CONTRACT_FRACTION

static const cof_walk_key training_keys[] = {
    KEY(INTEGER, cof_job_training, epochs, .is_required = true, .low = 1, .high = COF_LIMIT_EPOCHS),
    KEY(INTEGER, cof_job_training, batch, .fallback = "32", .low = 1, .high = COF_LIMIT_BATCH),
    KEY(INTEGER, cof_job_training, seed, .fallback = "0", .high = (double)COF_CONTRACT_SEED),
    KEY(NUMBER, cof_job_training, validation, .fallback = "0.2", FRACTION),
    KEY(NUMBER, cof_job_training, test, .fallback = "0", FRACTION),
    KEY(CUSTOM, cof_job_training, optimizer, .fallback = "adamw", .read = read_optimizer),
    KEY(CHOICE, cof_job_training, class_weights, .fallback = "none", .names = &cof_names_weights),
    KEY(BOOLEAN, cof_job_training, standardize, .fallback = "true"),
    KEY(MAP, cof_job_training, checkpoint, .fallback = "{}", .inner = &checkpoint_table),
    KEY(MAP, cof_job_training, stop, .inner = &stop_table),
    KEY(INTEGER, cof_job_training, threads, .low = 1, .high = COF_LIMIT_THREADS),
    KEY(CHOICE, cof_job_training, precision, .fallback = "f32", .names = &cof_names_precision),
    KEY(CHOICE, cof_job_training, kernel, .fallback = "any", .names = &cof_names_kernel),
};
static const cof_walk_table training_table = TABLE(training_keys);

/* disclose, outputs, limits */

static void read_disclose(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    const cof_walk_key name = {.type = COF_WALK_CHOICE, .names = &cof_names_disclosure};
    unsigned *set = out;
    if (walk->problems == NULL) {
        *set = COF_CONTRACT_DISCLOSE_PROGRESS;
        return;
    }
    if (!cof_walk_is_list(walk, node, "the list of what is disclosed", 0,
                          cof_names_disclosure.count)) {
        return;
    }
    for (const cof_yaml_node *item = node->first; item != NULL; item = item->next) {
        int bit = 0;
        if (!cof_walk_scalar(walk, item, &name, &bit)) {
            continue;
        }
        if ((*set & 1U << bit) != 0) {
            cof_walk_problem(walk, item, "remove one", "\"%s\" is listed twice", item->text);
        }
        *set |= 1U << bit;
    }
}

static void read_recipients(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    cof_job_recipients *recipients = out;
    const cof_walk_key name = {.type = COF_WALK_NAME};
    if (!cof_walk_is_list(walk, node, "the list of recipients", 1, COF_LIMIT_RECIPIENTS)) {
        return;
    }
    for (const cof_yaml_node *item = node->first; item != NULL; item = item->next) {
        const char *text = NULL;
        if (!cof_walk_scalar(walk, item, &name, &text)) {
            continue;
        }
        for (size_t i = 0; i < recipients->count; i++) {
            if (strcmp(recipients->nodes[i]->text, text) == 0) {
                cof_walk_problem(walk, item, "remove one", "\"%s\" is listed twice", text);
            }
        }
        recipients->nodes[recipients->count++] = item;
    }
}

static const cof_walk_key output_keys[] = {
    KEY(NAME, cof_job_output, name, .is_required = true),
    KEY(CHOICE, cof_job_output, format, .is_required = true, .names = &cof_names_output_format),
    KEY(CUSTOM, cof_job_output, recipients, .is_required = true, .read = read_recipients),
};
static const cof_walk_table output_table = TABLE(output_keys);

static void read_outputs(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    cof_job_outputs *outputs = out;
    if (!cof_walk_is_list(walk, node, "the list of outputs", 1, cof_names_output_format.count)) {
        return;
    }
    for (const cof_yaml_node *item = node->first; item != NULL; item = item->next) {
        cof_job_output *output = &outputs->items[outputs->count++];
        *output = (cof_job_output){.node = item, .format = COF_JOB_UNKNOWN};
        cof_walk_map(walk, item, "an output", &output_table, output);
    }
}

#define MEMORY .low = (double)COF_CONTRACT_MEMORY_LOW, .high = (double)COF_CONTRACT_MEMORY_HIGH

static const cof_walk_key limits_keys[] = {
    KEY(TIME, cof_job_limits, expires, .is_required = true, .low = 1,
        .high = (double)COF_CONTRACT_EXPIRES),
    KEY(INTEGER, cof_job_limits, runs, .fallback = "1", .low = 1, .high = COF_CONTRACT_RUNS),
    KEY(SIZE, cof_job_limits, memory, .fallback = "256MiB", MEMORY),
    KEY(DURATION, cof_job_limits, wall_time, .fallback = "1h", .low = 1,
        .high = COF_CONTRACT_WALL_TIME_S),
};
static const cof_walk_table limits_table = TABLE(limits_keys);

static const cof_walk_key job_keys[] = {
    KEY(NAME, cof_job, name, .is_required = true),
    KEY(CUSTOM, cof_job, purpose, .is_required = true, .read = read_purpose),
    {.name = "platform",
     .type = COF_WALK_MAP,
     .offset = offsetof(cof_job, accept),
     .is_required = true,
     .inner = &cof_platform_table},
    KEY(CUSTOM, cof_job, inputs, .is_required = true, .read = read_inputs),
    KEY(CHOICE, cof_job, task, .names = &cof_names_task),
    KEY(CUSTOM, cof_job, model, .is_required = true, .read = read_model),
    KEY(MAP, cof_job, training, .is_required = true, .inner = &training_table),
    KEY(CUSTOM, cof_job, disclose, .fallback = "progress", .read = read_disclose),
    KEY(CUSTOM, cof_job, outputs, .is_required = true, .read = read_outputs),
    KEY(MAP, cof_job, limits, .is_required = true, .inner = &limits_table),
};
const cof_walk_table cof_job_table = TABLE(job_keys);
