#include "apps/coffer/inputs.h"

#include <stdio.h>
#include <string.h>

#include "apps/coffer/prepared.h"
#include "host/agent/names.h"
#include "host/files/hash_file.h"
#include "host/infer/infer.h"
#include "host/infer/validate.h"
#include "host/store/seal_file.h"
#include "relying/contract/schema_file.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

void cof_inputs_drop_(cof_inputs *inputs)
{
    for (size_t i = 0; i < COF_LIMIT_INPUTS; i++) {
        json_decref(inputs->schemas[i]);
        inputs->schemas[i] = NULL;
    }
}

/* Paths in a job are relative to where job.yaml lies. */
static cof_status path_of(const cof_request *request, const char *written, cof_path *out,
                          cof_err *err)
{
    if (written[0] == '/') {
        return cof_path_format(out, err, "%s", written);
    }
    return cof_path_format(out, err, "%s/%s", request->folder.text, written);
}

/* A file that job.yaml names and that cannot be read is a problem of job.yaml, with its place. */
static cof_status missing(const cof_request *request, const cof_job_input *input, const char *path,
                          cof_status status, cof_err *err)
{
    if (status == COF_E_NOT_FOUND || status == COF_E_PERMISSION) {
        cof_diagnostics_add(request->problems, input->node->line, input->node->column,
                            "paths are relative to the job file's folder", "input \"%s\": %s",
                            input->name, err->detail);
        return COF_FAIL(err, NOT_FOUND, "input %s: %s", input->name, path);
    }
    return status;
}

static cof_status hash_path(const cof_request *request, const cof_job_input *input,
                            const char *written, cof_sha256 *hash, cof_err *err)
{
    cof_path path;
    if (written == NULL) {
        return COF_OK;
    }
    COF_TRY(path_of(request, written, &path, err));
    const cof_status status = cof_hash_add_file(hash, path.text, err);
    return status == COF_OK ? COF_OK : missing(request, input, path.text, status, err);
}

/* An input that was sealed elsewhere is known by its digest: it need not be read whole. */
static cof_status read_prepared(const cof_request *request, const cof_job_input *input,
                                const char *written, cof_path *out_path, cof_prepared *out,
                                cof_err *err)
{
    COF_TRY(path_of(request, written, out_path, err));
    const cof_status status = cof_prepared_read(out_path->text, out, err);
    if (status != COF_OK) {
        cof_err_context(err, "input %s", input->name);
        return missing(request, input, out_path->text, status, err);
    }
    return COF_OK;
}

static cof_status hash_prepared(const cof_request *request, const cof_job_input *input,
                                const char *written, cof_sha256 *hash, cof_err *err)
{
    COF_CLEANUP(cof_prepared_drop_) cof_prepared prepared = {0};
    cof_path path;
    if (written == NULL) {
        return COF_OK;
    }
    COF_TRY(read_prepared(request, input, written, &path, &prepared, err));
    const cof_descriptor *object = &prepared.object;
    const uint64_t numbers[] = {object->size, object->encryption};
    COF_TRY(cof_sha256_update(hash, cof_view_of(object->digest.bytes, COF_DIGEST_SIZE), err));
    return cof_sha256_update(hash, cof_view_of(numbers, sizeof numbers), err);
}

cof_status cof_inputs_hash(const cof_request *request, cof_sha256 *hash, cof_err *err)
{
    for (size_t i = 0; i < request->job->inputs.count; i++) {
        const cof_job_input *input = &request->job->inputs.items[i];
        COF_TRY(hash_prepared(request, input, input->sealed, hash, err));
        COF_TRY(hash_prepared(request, input, input->sealed_labels, hash, err));
        COF_TRY(hash_path(request, input, input->data, hash, err));
        COF_TRY(hash_path(request, input, input->labels, hash, err));
        COF_TRY(hash_path(request, input, input->schema, hash, err));
    }
    return COF_OK;
}

static cof_status read_schema_file(const char *path, json_t **out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_CLEANUP(cof_buf_free) cof_buf shown = {0};
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
    cof_buf_init(&text, COF_YAML_BYTES);
    cof_buf_init(&shown, COF_LIMIT_JSON_BYTES);
    COF_TRY(cof_read_file(path, &text, err));
    COF_TRY(cof_diagnostics_new(path, cof_buf_view(&text), &problems, err));
    const cof_status status = cof_schema_file_parse(cof_buf_view(&text), problems, out, err);
    if (status != COF_OK && cof_diagnostics_count(problems) > 0) {
        COF_TRY(cof_diagnostics_print(problems, &shown, err));
        (void)fwrite(shown.data, 1, shown.size, stderr);
    }
    return status;
}

cof_status cof_inputs_schema(const char *data_path, const char *schema_path, const json_t *target,
                             json_t **out, cof_err *err)
{
    if (schema_path != NULL) {
        return read_schema_file(schema_path, out, err);
    }
    return cof_infer_schema(data_path, target, out, err);
}

cof_status cof_inputs_validate_csv(cof_output *output, const char *path, const json_t *schema_json,
                                   const json_t *target, int task, cof_validation *out,
                                   cof_err *err)
{
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf shown = {0};
    size_t column = 0;
    COF_TRY(cof_schema_from_json(schema_json, &schema, err));
    COF_TRY(cof_schema_target(schema, target, &column, err));
    const cof_schema_task chosen =
        task < 0 ? cof_schema_default_task(schema, column) : (cof_schema_task)(task + 1);
    const cof_status status = cof_validate_csv(path, schema, column, chosen, out, err);
    if (out->problems.total > 0) {
        COF_JSON json_t *json = NULL;
        cof_buf_init(&shown, COF_LIMIT_JSON_BYTES);
        COF_TRY(cof_validation_print(out, schema, path, &shown, err));
        COF_TRY(cof_validation_to_json(out, schema, &json, err));
        (void)fwrite(shown.data, 1, shown.size, stderr);
        cof_output_json(output, json);
    }
    return status;
}

json_t *cof_inputs_target(const char *name, int64_t index)
{
    return name != NULL ? json_string(name) : json_integer((json_int_t)index);
}

/* What was sealed elsewhere is as its owner says: the schema file, the number of classes. */
static cof_status describe_prepared(const cof_request *request, size_t index, cof_inputs *out,
                                    cof_err *err)
{
    const cof_job_input *input = &request->job->inputs.items[index];
    cof_path schema;
    if (input->format == COF_CONTRACT_IDX) {
        out->facts[index].classes = (uint32_t)input->classes;
        return COF_OK;
    }
    COF_TRY(path_of(request, input->schema, &schema, err));
    const cof_status status = read_schema_file(schema.text, &out->schemas[index], err);
    if (status != COF_OK) {
        return missing(request, input, schema.text, status, err);
    }
    out->facts[index].schema = out->schemas[index];
    return COF_OK;
}

static cof_status describe_csv(const cof_request *request, size_t index, cof_inputs *out,
                               cof_err *err)
{
    const cof_job_input *input = &request->job->inputs.items[index];
    cof_path data;
    cof_path schema;
    cof_validation validation;
    COF_JSON json_t *target = cof_inputs_target(input->target, input->target_index);
    COF_TRY(path_of(request, input->data, &data, err));
    if (input->schema != NULL) {
        COF_TRY(path_of(request, input->schema, &schema, err));
    }
    COF_TRY(cof_inputs_schema(data.text, input->schema != NULL ? schema.text : NULL, target,
                              &out->schemas[index], err));
    COF_TRY(cof_inputs_validate_csv(request->output, data.text, out->schemas[index], target,
                                    request->job->task, &validation, err));
    out->facts[index].schema = out->schemas[index];
    return COF_OK;
}

static cof_status describe_idx(const cof_request *request, size_t index, cof_inputs *out,
                               cof_err *err)
{
    const cof_job_input *input = &request->job->inputs.items[index];
    cof_path labels;
    size_t classes = 0;
    COF_TRY(path_of(request, input->labels, &labels, err));
    COF_TRY(cof_infer_idx_classes(labels.text, &classes, err));
    if (input->classes > 0 && classes > (size_t)input->classes) {
        return COF_FAIL(err, DATA_INVALID, "input %s: labels up to %zu where classes is %lld",
                        input->name, classes - 1, (long long)input->classes);
    }
    out->facts[index].classes = (uint32_t)classes;
    return COF_OK;
}

/* What progress is shown with. */
typedef struct seal_view {
    cof_output *output;
    const char *name;
} seal_view;

static void report(void *context, uint64_t done, uint64_t total)
{
    const seal_view *view = context;
    char text[64];
    if (view->output->terminal && total > 8U << 20U) {
        (void)snprintf(text, sizeof text, "%.0f of %.0f MiB", (double)done / 1048576,
                       (double)total / 1048576);
        cof_output_progress(view->output, view->name, total > 0 ? (double)done / (double)total : 1,
                            text);
    }
}

/* Sealed under a passing name; its digest, which is known then, becomes its name. */
static cof_status seal_object(const cof_request *request, const cof_job_input *input,
                              const char *written, const char *part, cof_resolve_object *out,
                              cof_err *err)
{
    const cof_identity *owner = cof_request_identity(request, input->owner);
    const cof_recipient recipient = {.kid = owner->data_kid, .rsa = owner->data_key};
    seal_view view = {.output = request->output, .name = input->name};
    cof_seal_request seal = {.header = {.kind = COF_SEAL_DATASET},
                             .recipients = &recipient,
                             .recipient_count = 1,
                             .progress = {report, &view}};
    cof_sealed_file sealed;
    cof_path path;
    cof_blob_name name;
    uint8_t random[8];
    char suffix[2 * sizeof random + 1];
    char passing[64];
    COF_TRY(path_of(request, written, &path, err));
    COF_TRY(cof_random((cof_span){random, sizeof random}, err));
    cof_hex_text(cof_view_of(random, sizeof random), suffix);
    (void)snprintf(passing, sizeof passing, "objects/incoming-%s", suffix);
    (void)snprintf(seal.header.name, sizeof seal.header.name, "%.100s.%s", input->name, part);
    const cof_status status =
        cof_seal_file_to_store(path.text, &seal, request->store, passing, &sealed, err);
    if (status != COF_OK) {
        return missing(request, input, path.text, status, err);
    }
    cof_name_input(&sealed.digest, &name);
    COF_TRY(cof_blob_move(request->store, passing, name.text, err));
    *out = (cof_resolve_object){.digest = sealed.digest, .size = sealed.plaintext_size};
    return COF_OK;
}

/* The worker opens it with the owner's data key and no other. */
static cof_status check_sealed_for(const cof_request *request, const cof_job_input *input,
                                   const cof_prepared *prepared, cof_err *err)
{
    const cof_identity *owner = cof_request_identity(request, input->owner);
    cof_view wrapped = {0};
    if (prepared->front == NULL ||
        cof_front_wrapped(prepared->front, owner->data_kid, &wrapped, NULL) == COF_OK) {
        return COF_OK;
    }
    return COF_FAIL(err, NOT_A_RECIPIENT, "input %s is not sealed for %s, whose data key is %.200s",
                    input->name, owner->name, owner->data_kid);
}

static cof_status take_prepared(const cof_request *request, const cof_job_input *input,
                                const char *written, cof_resolve_object *out, cof_err *err)
{
    COF_CLEANUP(cof_prepared_drop_) cof_prepared prepared = {0};
    cof_path path;
    COF_TRY(read_prepared(request, input, written, &path, &prepared, err));
    COF_TRY(check_sealed_for(request, input, &prepared, err));
    COF_TRY(cof_prepared_store(path.text, &prepared, request->store, err));
    *out = (cof_resolve_object){.digest = prepared.object.digest,
                                .size = prepared.object.size,
                                .encryption = prepared.object.encryption};
    return COF_OK;
}

cof_status cof_inputs_store_prepared(const cof_request *request, cof_err *err)
{
    cof_resolve_object unused;
    for (size_t i = 0; i < request->job->inputs.count; i++) {
        const cof_job_input *input = &request->job->inputs.items[i];
        if (input->sealed != NULL) {
            COF_TRY(take_prepared(request, input, input->sealed, &unused, err));
        }
        if (input->sealed_labels != NULL) {
            COF_TRY(take_prepared(request, input, input->sealed_labels, &unused, err));
        }
    }
    return COF_OK;
}

static cof_status seal_input(const cof_request *request, size_t index, cof_inputs *out,
                             cof_err *err)
{
    const cof_job_input *input = &request->job->inputs.items[index];
    cof_resolve_input *facts = &out->facts[index];
    if (input->sealed != NULL) {
        COF_TRY(take_prepared(request, input, input->sealed, &facts->objects[0], err));
        return input->sealed_labels == NULL
                   ? COF_OK
                   : take_prepared(request, input, input->sealed_labels, &facts->objects[1], err);
    }
    COF_TRY(seal_object(request, input, input->data, "data", &facts->objects[0], err));
    out->sealed_bytes += facts->objects[0].size;
    if (input->format == COF_CONTRACT_IDX) {
        COF_TRY(seal_object(request, input, input->labels, "labels", &facts->objects[1], err));
        out->sealed_bytes += facts->objects[1].size;
    }
    return COF_OK;
}

cof_status cof_inputs_seal(const cof_request *request, cof_inputs *out, cof_err *err)
{
    /* All are checked before any is sealed: nothing half-done is left by wrong data. */
    for (size_t i = 0; i < request->job->inputs.count; i++) {
        const cof_job_input *input = &request->job->inputs.items[i];
        COF_TRY(input->sealed != NULL               ? describe_prepared(request, i, out, err)
                : input->format == COF_CONTRACT_CSV ? describe_csv(request, i, out, err)
                                                    : describe_idx(request, i, out, err));
    }
    for (size_t i = 0; i < request->job->inputs.count; i++) {
        COF_TRY(seal_input(request, i, out, err));
    }
    return COF_OK;
}
