/* coffer data validate */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "apps/coffer/commands.h"
#include "apps/coffer/inputs.h"
#include "host/infer/infer.h"
#include "tcb/wire/json.h"

/* Digits are an index, anything else a name. Without --target: the last column. */
static cof_status read_target(const char *given, const json_t *schema, json_t **out, cof_err *err)
{
    char *end = NULL;
    const size_t count = json_array_size(json_object_get(schema, "columns"));
    if (given == NULL) {
        *out = json_integer((json_int_t)count - 1);
    } else {
        errno = 0;
        const unsigned long index = strtoul(given, &end, 10);
        const bool is_index =
            errno == 0 && end != given && *end == '\0' && given[0] >= '0' && given[0] <= '9';
        *out = is_index ? json_integer((json_int_t)index) : json_string(given);
    }
    return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "target");
}

static cof_status validate_csv(const cof_app *app, const cof_args *args, const char *path,
                               cof_err *err)
{
    const char *schema_path = cof_args_value(args, "schema");
    COF_JSON json_t *schema = NULL;
    COF_JSON json_t *target = NULL;
    cof_validation validation;
    if (cof_args_value(args, "target") != NULL) {
        COF_TRY(read_target(cof_args_value(args, "target"), NULL, &target, err));
    }
    COF_TRY(cof_inputs_schema(path, schema_path, target, &schema, err));
    if (target == NULL) {
        COF_TRY(read_target(NULL, schema, &target, err));
    }
    COF_TRY(cof_inputs_validate_csv(app->output, path, schema, target, -1, &validation, err));
    cof_output_step(app->output, true, "valid", "%llu rows, %zu columns of features",
                    (unsigned long long)validation.rows, validation.shape.columns);
    if (schema_path == NULL && !app->output->json) {
        cof_output_line(app->output, COF_TONE_DIM, "The schema was inferred:");
        (void)json_dumpf(schema, stdout, JSON_INDENT(2));
        (void)printf("\n");
    }
    COF_JSON json_t *object =
        json_pack("{s:s,s:I,s:I,s:O}", "status", "valid", "rows", (json_int_t)validation.rows,
                  "columns", (json_int_t)validation.shape.columns, "schema", schema);
    cof_output_json(app->output, object);
    return COF_OK;
}

static cof_status validate_labels(const cof_app *app, const char *path, cof_err *err)
{
    size_t classes = 0;
    COF_TRY(cof_infer_idx_classes(path, &classes, err));
    cof_output_step(app->output, true, "valid", "labels of %zu classes", classes);
    COF_JSON json_t *object =
        json_pack("{s:s,s:I}", "status", "valid", "classes", (json_int_t)classes);
    cof_output_json(app->output, object);
    return COF_OK;
}

static cof_status validate_idx(const cof_app *app, const char *path, const char *labels,
                               cof_err *err)
{
    size_t classes = 0;
    cof_validation validation;
    COF_TRY(cof_infer_idx_classes(labels, &classes, err));
    COF_TRY(cof_validate_idx(path, labels, classes, SIZE_MAX / 4, &validation, err));
    cof_output_step(app->output, true, "valid", "%llu rows, %zu columns, %zu classes",
                    (unsigned long long)validation.rows, validation.shape.columns, classes);
    COF_JSON json_t *object =
        json_pack("{s:s,s:I,s:I,s:I}", "status", "valid", "rows", (json_int_t)validation.rows,
                  "columns", (json_int_t)validation.shape.columns, "classes", (json_int_t)classes);
    cof_output_json(app->output, object);
    return COF_OK;
}

COF_COMMAND(data_validate)
{
    const char *path = cof_args_operand(args, 0);
    const char *format = cof_args_value(args, "format");
    const char *labels = cof_args_value(args, "labels");
    if (format == NULL || strcmp(format, "csv") == 0) {
        return validate_csv(app, args, path, err);
    }
    if (strcmp(format, "idx") != 0) {
        return COF_FAIL(err, USAGE, "--format is csv or idx");
    }
    return labels != NULL ? validate_idx(app, path, labels, err) : validate_labels(app, path, err);
}
