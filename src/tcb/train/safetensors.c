#include "tcb/train/safetensors.h"

#include <stdio.h>
#include <string.h>

#include "tcb/train/trainer_internal.h"
#include "tcb/wire/writer.h"

/* A safetensors header is aligned by spaces at its end. */
enum { ALIGN = 8 };

/* Of all names and entries: features times the longest escaped names. */
#define HEADER_LIMIT ((size_t)1 << 30)

/* Appends a text as the inside of a JSON string. */
static cof_status escape(cof_view text, cof_buf *out, cof_err *err)
{
    for (size_t i = 0; i < text.size; i++) {
        const uint8_t c = text.data[i];
        if (c == '"' || c == '\\') {
            COF_TRY(cof_write_u8(out, '\\', err));
            COF_TRY(cof_write_u8(out, c, err));
        } else if (c < 0x20) {
            COF_TRY(cof_buf_printf(out, err, "\\u%04x", c));
        } else {
            COF_TRY(cof_write_u8(out, c, err));
        }
    }
    return COF_OK;
}

/* ,"key":"[\"a\",\"b\"]": metadata values are strings, so a list is JSON inside a JSON string. */
static cof_status write_names(const char *key, const char *const *names, size_t count, cof_buf *out,
                              cof_err *err)
{
    if (names == NULL) {
        return COF_OK;
    }
    COF_CLEANUP(cof_buf_free) cof_buf list = {0};
    cof_buf_init(&list, HEADER_LIMIT);
    for (size_t i = 0; i < count; i++) {
        COF_TRY(cof_buf_append_text(&list, i == 0 ? "[\"" : "\",\"", err));
        COF_TRY(escape(cof_view_text(names[i]), &list, err));
    }
    COF_TRY(cof_buf_append_text(&list, "\"]", err));
    COF_TRY(cof_buf_printf(out, err, ",\"%s\":\"", key));
    COF_TRY(escape(cof_buf_view(&list), out, err));
    return cof_buf_append_text(out, "\"", err);
}

static cof_status write_metadata(const cof_trainer *trainer, const cof_model_names *names,
                                 cof_buf *out, cof_err *err)
{
    const cof_train_spec *spec = &trainer->spec;
    COF_TRY(cof_buf_printf(
        out, err, "{\"__metadata__\":{\"coffer\":\"model/v1\",\"kind\":\"%s\",\"task\":\"%s\"",
        cof_model_kind_name(spec->model), cof_task_name(spec->task)));
    if (spec->model == COF_MODEL_MLP) {
        COF_TRY(cof_buf_printf(out, err, ",\"activation\":\"%s\"",
                               cof_activation_name(spec->activation)));
    }
    if (names != NULL) {
        COF_TRY(write_names("columns", names->columns, spec->columns, out, err));
        COF_TRY(write_names("classes", names->classes, spec->classes, out, err));
    }
    return cof_buf_append_text(out, "}", err);
}

/* One entry of the header; offset moves on behind the tensor. */
static cof_status write_entry(const char *name, size_t rows, size_t columns, size_t *offset,
                              cof_buf *out, cof_err *err)
{
    const size_t end = *offset + (rows > 0 ? rows : 1) * columns * sizeof(float);
    COF_TRY(cof_buf_printf(out, err, ",\"%s\":{\"dtype\":\"F32\",\"shape\":[", name));
    if (rows > 0) {
        COF_TRY(cof_buf_printf(out, err, "%zu,", rows));
    }
    COF_TRY(cof_buf_printf(out, err, "%zu],\"data_offsets\":[%zu,%zu]}", columns, *offset, end));
    *offset = end;
    return COF_OK;
}

static cof_status write_header(const cof_trainer *trainer, const cof_model_names *names,
                               cof_buf *out, cof_err *err)
{
    size_t offset = 0;
    COF_TRY(write_metadata(trainer, names, out, err));
    COF_TRY(write_entry("input.mean", 0, trainer->standard.count, &offset, out, err));
    COF_TRY(write_entry("input.scale", 0, trainer->standard.count, &offset, out, err));
    for (size_t l = 0; l < trainer->network.layer_count; l++) {
        const cof_layer *layer = &trainer->network.layers[l];
        char name[48];
        (void)snprintf(name, sizeof name, "layers.%zu.weight", l);
        COF_TRY(write_entry(name, layer->out, layer->in, &offset, out, err));
        (void)snprintf(name, sizeof name, "layers.%zu.bias", l);
        COF_TRY(write_entry(name, 0, layer->out, &offset, out, err));
    }
    COF_TRY(cof_buf_append_text(out, "}", err));
    while (out->size % ALIGN != 0) {
        COF_TRY(cof_write_u8(out, ' ', err));
    }
    return COF_OK;
}

/* Weights (out, in), then the bias (out). */
static cof_status write_layer(const cof_trainer *trainer, const cof_layer *layer, cof_buf *out,
                              cof_err *err)
{
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(out, (layer->in + 1) * layer->out * sizeof(float), &place, err));
    for (size_t o = 0; o < layer->out; o++) {
        for (size_t i = 0; i <= layer->in; i++) {
            const float value = cof_network_weight(layer, trainer->network.parameters, i, o);
            const size_t at = i < layer->in ? o * layer->in + i : layer->in * layer->out + o;
            memcpy(place + at * sizeof value, &value, sizeof value);
        }
    }
    return COF_OK;
}

cof_status cof_safetensors_write(const cof_trainer *trainer, const cof_model_names *names,
                                 cof_buf *out, cof_err *err)
{
    if (!trainer->position.is_finished) {
        return COF_FAIL(err, BAD_ARGUMENT, "training has not finished");
    }
    COF_CLEANUP(cof_buf_free) cof_buf header = {0};
    cof_buf_init(&header, HEADER_LIMIT);
    COF_TRY(write_header(trainer, names, &header, err));
    COF_TRY(cof_write_u64le(out, header.size, err));
    COF_TRY(cof_buf_append(out, cof_buf_view(&header), err));
    COF_TRY(cof_buf_append(
        out, cof_view_of(trainer->standard.mean, trainer->standard.count * sizeof(float)), err));
    COF_TRY(cof_buf_append(
        out, cof_view_of(trainer->standard.scale, trainer->standard.count * sizeof(float)), err));
    for (size_t l = 0; l < trainer->network.layer_count; l++) {
        COF_TRY(write_layer(trainer, &trainer->network.layers[l], out, err));
    }
    return COF_OK;
}
