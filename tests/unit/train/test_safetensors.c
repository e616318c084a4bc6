/* The model file, read by its description alone (docs/formats/model.md), predicts what the trainer
 * predicts. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "tcb/train/safetensors.h"
#include "train_kit.h"

typedef struct model_file {
    json_t *header;
    const uint8_t *data;
    size_t data_size;
    double *numbers; /* everything behind the header, in doubles */
} model_file;

static void open_file(cof_view bytes, model_file *out)
{
    uint64_t size = 0;
    assert_true(bytes.size > 8);
    memcpy(&size, bytes.data, 8);
    assert_true(size % 8 == 0 && size <= bytes.size - 8);
    json_error_t error;
    out->header = json_loadb((const char *)bytes.data + 8, size, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(out->header);
    out->data = bytes.data + 8 + size;
    out->data_size = bytes.size - 8 - size;
    out->numbers = calloc(out->data_size / 4 + 1, sizeof(double));
    assert_non_null(out->numbers);
    for (size_t i = 0; i < out->data_size / 4; i++) {
        float value = 0;
        memcpy(&value, out->data + 4 * i, sizeof value);
        out->numbers[i] = (double)value;
    }
}

static void close_file(model_file *file)
{
    json_decref(file->header);
    free(file->numbers);
}

static double *tensor(const model_file *file, const char *name, size_t dimension, size_t *out_size)
{
    json_t *entry = json_object_get(file->header, name);
    assert_non_null(entry);
    assert_string_equal(json_string_value(json_object_get(entry, "dtype")), "F32");
    json_t *shape = json_object_get(entry, "shape");
    size_t count = 1;
    for (size_t i = 0; i < json_array_size(shape); i++) {
        count *= (size_t)json_integer_value(json_array_get(shape, i));
    }
    json_t *offsets = json_object_get(entry, "data_offsets");
    const size_t begin = (size_t)json_integer_value(json_array_get(offsets, 0));
    assert_int_equal(json_integer_value(json_array_get(offsets, 1)), begin + 4 * count);
    assert_true(begin + 4 * count <= file->data_size);
    *out_size = (size_t)json_integer_value(json_array_get(shape, dimension));
    return file->numbers + begin / 4;
}

static kit_model model_of(const model_file *file, const cof_train_spec *spec)
{
    json_t *metadata = json_object_get(file->header, "__metadata__");
    assert_string_equal(json_string_value(json_object_get(metadata, "coffer")), "model/v1");
    assert_string_equal(json_string_value(json_object_get(metadata, "task")),
                        cof_task_name(spec->task));
    assert_string_equal(json_string_value(json_object_get(metadata, "kind")),
                        cof_model_kind_name(spec->model));
    const char *activation = json_string_value(json_object_get(metadata, "activation"));
    assert_true((activation == NULL) == (spec->model == COF_MODEL_LINEAR));
    kit_model model = {.task = spec->task, .layer_count = spec->hidden_count + 1};
    model.activation = activation != NULL && strcmp(activation, "tanh") == 0 ? COF_ACTIVATION_TANH
                                                                             : COF_ACTIVATION_RELU;
    for (size_t l = 0; l < model.layer_count; l++) {
        char name[64];
        kit_layer *layer = &model.layers[l];
        (void)snprintf(name, sizeof name, "layers.%zu.weight", l);
        layer->w = tensor(file, name, 0, &layer->out);
        (void)tensor(file, name, 1, &layer->in);
        (void)snprintf(name, sizeof name, "layers.%zu.bias", l);
        size_t out = 0;
        layer->b = tensor(file, name, 0, &out);
        assert_int_equal(out, layer->out);
    }
    return model;
}

/* Probabilities or value of row r, as the description says. */
static void predict(const model_file *file, const kit_model *model, const kit_table *kit, size_t r,
                    double *out)
{
    size_t means = 0;
    const double *mean = tensor(file, "input.mean", 0, &means);
    const double *scale = tensor(file, "input.scale", 0, &means);
    const size_t columns = kit->table.shape.columns;
    double x[64];
    for (size_t c = 0; c < columns; c++) {
        const size_t at = r * columns + c;
        const double raw = kit->table.shape.values == COF_TABLE_U8 ? (double)kit->bytes[at]
                                                                   : (double)kit->numbers[at];
        x[c] = (raw - mean[means == 1 ? 0 : c]) * scale[means == 1 ? 0 : c];
    }
    kit_forward(model, x, out);
    const size_t outputs = model->layers[model->layer_count - 1].out;
    if (model->task == COF_TASK_BINARY) {
        out[0] = 1 / (1 + exp(-out[0]));
    } else if (model->task == COF_TASK_CLASSES) {
        double sum = 0;
        for (size_t c = 0; c < outputs; c++) {
            out[c] = exp(out[c]);
            sum += out[c];
        }
        for (size_t c = 0; c < outputs; c++) {
            out[c] /= sum;
        }
    }
}

static void check_model(const cof_train_spec *spec, bool bytes)
{
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(spec->task, 90, spec->columns, spec->classes, bytes, 4);
    COF_CLEANUP(cof_trainer_drop_) cof_trainer *trainer = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 1 << 20};
    assert_ok(cof_trainer_new(spec, &kit->table, NULL, &trainer, NULL));
    assert_status(cof_safetensors_write(trainer, NULL, &out, NULL), BAD_ARGUMENT);
    kit_train(trainer);
    assert_ok(cof_safetensors_write(trainer, NULL, &out, NULL));
    model_file file;
    open_file(cof_buf_view(&out), &file);
    const kit_model model = model_of(&file, spec);
    const size_t outputs = cof_train_outputs(spec);
    COF_CLEANUP(cof_free_drop_) float *found = calloc(90 * outputs, sizeof *found);
    assert_non_null(found);
    assert_ok(cof_trainer_predict(trainer, &kit->table, 0, 90, found, NULL));
    for (size_t r = 0; r < 90; r++) {
        double expected[256];
        predict(&file, &model, kit, r, expected);
        for (size_t o = 0; o < outputs; o++) {
            assert_true(fabs((double)found[r * outputs + o] - expected[o]) < 1e-5);
        }
    }
    close_file(&file);
}

static void the_file_predicts_what_the_trainer_predicts(void **state)
{
    (void)state;
    static const size_t classes[] = {0, 2, 5};
    for (int task = 0; task < 3; task++) {
        for (size_t hidden = 0; hidden <= 20; hidden += 20) {
            for (int bytes = 0; bytes < 2; bytes++) {
                cof_train_spec spec = kit_spec((cof_task)task, 7, classes[task], hidden);
                spec.activation = bytes == 0 ? COF_ACTIVATION_TANH : COF_ACTIVATION_RELU;
                spec.optimizer.learning_rate = 0.02;
                check_model(&spec, bytes == 1);
            }
        }
    }
}

static void names_of_any_kind_come_through(void **state)
{
    (void)state;
    COF_CLEANUP(kit_table_drop_)
    kit_table *kit = kit_table_new(COF_TASK_BINARY, 30, 3, 2, false, 4);
    const cof_train_spec spec = kit_spec(COF_TASK_BINARY, 3, 2, 0);
    COF_CLEANUP(cof_trainer_drop_) cof_trainer *trainer = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 1 << 20};
    assert_ok(cof_trainer_new(&spec, &kit->table, NULL, &trainer, NULL));
    kit_train(trainer);
    static const char *const columns[] = {"plain", "quote\" and \\ back",
                                          "tab\t, gr\xc3\xb6\xc3\x9f!"};
    static const char *const labels[] = {"", "\x01\x1f"};
    const cof_model_names names = {.columns = columns, .classes = labels};
    assert_ok(cof_safetensors_write(trainer, &names, &out, NULL));
    model_file file;
    open_file(cof_buf_view(&out), &file);
    json_t *metadata = json_object_get(file.header, "__metadata__");
    json_error_t error;
    json_t *lists[2] = {
        json_loads(json_string_value(json_object_get(metadata, "columns")), 0, &error),
        json_loads(json_string_value(json_object_get(metadata, "classes")), 0, &error)};
    assert_int_equal(json_array_size(lists[0]), 3);
    assert_int_equal(json_array_size(lists[1]), 2);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(json_string_value(json_array_get(lists[0], i)), columns[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(json_string_value(json_array_get(lists[1], i)), labels[i]);
    }
    json_decref(lists[0]);
    json_decref(lists[1]);
    close_file(&file);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_predicts_what_the_trainer_predicts),
        cmocka_unit_test(names_of_any_kind_come_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
