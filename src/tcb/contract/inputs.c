/* What is trained on: inputs, their pinned objects, and the task that their target allows. */
#include <string.h>

#include "tcb/contract/read.h"

static cof_status find_owner(const json_t *item, const cof_contract *contract, size_t *out,
                             cof_err *err)
{
    const char *name = NULL;
    COF_TRY(cof_contract_read_name(item, "owner", &name, err));
    for (size_t i = 0; i < contract->owner_count; i++) {
        if (strcmp(contract->owners[i].name, name) == 0) {
            *out = i;
            return COF_OK;
        }
    }
    return COF_FAIL(err, BAD_FORMAT, "owner: not one of owners");
}

/* The sealed format is not named: a contract has one text. */
static cof_status read_encryption(const json_t *item, cof_contract_encryption *out, cof_err *err)
{
    size_t index = COF_CONTRACT_SEALED;
    if (json_object_get(item, "encryption") != NULL) {
        COF_TRY(cof_contract_read_choice(item, "encryption", &cof_names_encryption, &index, err));
        if (index == COF_CONTRACT_SEALED) {
            return COF_FAIL(err, BAD_FORMAT, "encryption: empty");
        }
    }
    *out = (cof_contract_encryption)index;
    return COF_OK;
}

static cof_status read_object(const json_t *list, size_t i, cof_contract_object *object,
                              cof_err *err)
{
    static const char *const keys[] = {"part", "digest", "size", "encryption"};
    json_t *item = NULL;
    size_t part = 0;
    int64_t size = 0;
    COF_TRY(cof_contract_read_item(list, i, keys, COF_COUNT_OF(keys), &item, err));
    COF_TRY(cof_contract_read_choice(item, "part", &cof_names_part, &part, err));
    if (part != i) {
        return COF_FAIL(err, BAD_FORMAT, "part: out of order");
    }
    object->part = cof_names_part.texts[part];
    COF_TRY(cof_contract_read_digest(item, "digest", &object->digest, err));
    COF_TRY(cof_json_get_int(item, "size", 0, (int64_t)COF_LIMIT_OBJECT_BYTES, &size, err));
    object->size = (uint64_t)size;
    return read_encryption(item, &object->encryption, err);
}

static cof_status read_objects(const json_t *item, cof_contract_input *input, cof_err *err)
{
    const size_t count = input->format == COF_CONTRACT_IDX ? 2 : 1;
    json_t *list = NULL;
    COF_TRY(cof_contract_read_list(item, "objects", count, count, &list, err));
    for (size_t i = 0; i < count; i++) {
        const cof_status status = read_object(list, i, &input->objects[i], err);
        if (status != COF_OK) {
            cof_err_context(err, "objects[%zu]", i);
            return status;
        }
    }
    input->object_count = count;
    return COF_OK;
}

static cof_status read_schema(const json_t *item, cof_contract_input *input, cof_err *err)
{
    json_t *schema = NULL;
    COF_TRY(cof_json_get_text(item, "target", COF_LIMIT_COLUMN_BYTES, &input->target, err));
    if (!cof_contract_is_plain_text(input->target, COF_LIMIT_COLUMN_BYTES)) {
        return COF_FAIL(err, BAD_FORMAT, "target: not a plain text");
    }
    COF_TRY(cof_json_get(item, "schema", JSON_OBJECT, &schema, err));
    COF_TRY(cof_schema_from_json(schema, &input->schema, err));
    input->schema_json = schema;
    return cof_schema_find(input->schema, input->target, &input->target_column, err);
}

static cof_status read_input(const json_t *list, size_t i, cof_contract *contract, cof_err *err)
{
    static const char *const csv_keys[] = {"name",    "owner",  "format", "use",
                                           "objects", "target", "schema"};
    static const char *const idx_keys[] = {"name", "owner", "format", "use", "objects", "classes"};
    cof_contract_input *input = &contract->inputs[i];
    json_t *item = json_array_get(list, i);
    size_t format = 0;
    size_t use = 0;
    if (!json_is_object(item)) {
        return COF_FAIL(err, BAD_FORMAT, "not an object");
    }
    COF_TRY(cof_contract_read_choice(item, "format", &cof_names_format, &format, err));
    input->format = (cof_contract_format)format;
    if (input->format == COF_CONTRACT_CSV) {
        COF_TRY(cof_json_only(item, csv_keys, COF_COUNT_OF(csv_keys), err));
        COF_TRY(read_schema(item, input, err));
    } else {
        COF_TRY(cof_json_only(item, idx_keys, COF_COUNT_OF(idx_keys), err));
        COF_TRY(cof_contract_read_u32(item, "classes", 2, 256, &input->classes, err));
    }
    COF_TRY(cof_contract_read_name(item, "name", &input->name, err));
    COF_TRY(find_owner(item, contract, &input->owner, err));
    COF_TRY(cof_contract_read_choice(item, "use", &cof_names_use, &use, err));
    input->use = (cof_contract_use)use;
    return read_objects(item, input, err);
}

static bool shares_an_object(const cof_contract_input *a, const cof_contract_input *b)
{
    for (size_t i = 0; i < a->object_count; i++) {
        for (size_t j = 0; j < b->object_count; j++) {
            if (cof_digest_equal(&a->objects[i].digest, &b->objects[j].digest)) {
                return true;
            }
        }
    }
    return false;
}

static bool has_same_values(const cof_column *a, const cof_column *b)
{
    if (a->value_count != b->value_count) {
        return false;
    }
    for (size_t i = 0; i < a->value_count; i++) {
        if (strcmp(a->values[i], b->values[i]) != 0) {
            return false;
        }
    }
    return true;
}

/* Rows of two inputs mean the same: ranges may differ, but not those of the target, which make its
 * classes. */
static bool has_same_columns(const cof_contract_input *a, const cof_contract_input *b)
{
    if (cof_schema_count(a->schema) != cof_schema_count(b->schema) ||
        a->target_column != b->target_column) {
        return false;
    }
    for (size_t i = 0; i < cof_schema_count(a->schema); i++) {
        const cof_column *x = cof_schema_column(a->schema, i);
        const cof_column *y = cof_schema_column(b->schema, i);
        if (strcmp(x->name, y->name) != 0 || x->type != y->type || !has_same_values(x, y)) {
            return false;
        }
    }
    const cof_column *x = cof_schema_column(a->schema, a->target_column);
    const cof_column *y = cof_schema_column(b->schema, b->target_column);
    return x->has_min == y->has_min && x->has_max == y->has_max &&
           (!x->has_min || x->min == y->min) && (!x->has_max || x->max == y->max);
}

static bool can_be_joined(const cof_contract_input *a, const cof_contract_input *b)
{
    if (a->format != b->format) {
        return false;
    }
    return a->format == COF_CONTRACT_IDX ? a->classes == b->classes : has_same_columns(a, b);
}

static cof_status check_pairs(const cof_contract *contract, size_t i, cof_err *err)
{
    const cof_contract_input *input = &contract->inputs[i];
    if (input->object_count == 2 &&
        cof_digest_equal(&input->objects[0].digest, &input->objects[1].digest)) {
        return COF_FAIL(err, BAD_FORMAT, "objects: the same digest twice");
    }
    for (size_t j = 0; j < i; j++) {
        const cof_contract_input *earlier = &contract->inputs[j];
        if (strcmp(earlier->name, input->name) == 0) {
            return COF_FAIL(err, BAD_FORMAT, "name: stands there twice");
        }
        if (shares_an_object(earlier, input)) {
            return COF_FAIL(err, BAD_FORMAT, "objects: the same digest as of inputs[%zu]", j);
        }
        if (!can_be_joined(earlier, input)) {
            return COF_FAIL(err, BAD_FORMAT, "not of the same shape as inputs[%zu]", j);
        }
    }
    return COF_OK;
}

/* Owners stand in order of first use, and nobody else: one contract for one meaning. */
static cof_status check_owners(const cof_contract *contract, cof_err *err)
{
    size_t met = 0;
    for (size_t i = 0; i < contract->input_count; i++) {
        if (contract->inputs[i].owner > met) {
            return COF_FAIL(err, BAD_FORMAT, "owners: not in order of first use");
        }
        met += contract->inputs[i].owner == met;
    }
    if (met != contract->owner_count) {
        return COF_FAIL(err, BAD_FORMAT, "owners[%zu]: owns no input", met);
    }
    return COF_OK;
}

static cof_status check_uses(const cof_contract *contract, cof_err *err)
{
    for (size_t i = 0; i < contract->input_count; i++) {
        if (contract->inputs[i].use == COF_CONTRACT_TRAIN) {
            return COF_OK;
        }
    }
    return COF_FAIL(err, BAD_FORMAT, "inputs: none to train on");
}

static cof_schema_task schema_task(cof_contract_task task)
{
    switch (task) {
    case COF_CONTRACT_BINARY:
        return COF_SCHEMA_BINARY;
    case COF_CONTRACT_CLASSES:
        return COF_SCHEMA_CLASSES;
    case COF_CONTRACT_REGRESSION:
        break;
    }
    return COF_SCHEMA_REGRESSION;
}

static cof_status check_idx_task(const cof_contract_input *input, cof_contract_task task,
                                 cof_err *err)
{
    if (task == COF_CONTRACT_REGRESSION || (task == COF_CONTRACT_BINARY && input->classes != 2)) {
        return COF_FAIL(err, BAD_FORMAT, "task: does not fit %u classes", (unsigned)input->classes);
    }
    return COF_OK;
}

static cof_status read_task(const json_t *root, cof_contract *contract, cof_err *err)
{
    size_t task = 0;
    COF_TRY(cof_contract_read_choice(root, "task", &cof_names_task, &task, err));
    contract->task = (cof_contract_task)task;
    for (size_t i = 0; i < contract->input_count; i++) {
        cof_contract_input *input = &contract->inputs[i];
        if (input->format == COF_CONTRACT_IDX) {
            COF_TRY(check_idx_task(input, contract->task, err));
        } else {
            cof_table_shape shape = {0};
            COF_TRY(cof_schema_shape(input->schema, input->target_column,
                                     schema_task(contract->task), &shape, err));
            input->classes = (uint32_t)shape.classes;
        }
    }
    contract->classes = contract->inputs[0].classes;
    return COF_OK;
}

cof_status cof_contract_read_inputs(const json_t *root, cof_contract *contract, cof_err *err)
{
    json_t *list = NULL;
    COF_TRY(cof_contract_read_list(root, "inputs", 1, COF_LIMIT_INPUTS, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        cof_status status = read_input(list, i, contract, err);
        if (status == COF_OK) {
            status = check_pairs(contract, i, err);
        }
        if (status != COF_OK) {
            cof_err_context(err, "inputs[%zu]", i);
            return status;
        }
        contract->input_count = i + 1;
    }
    COF_TRY(check_owners(contract, err));
    COF_TRY(check_uses(contract, err));
    return read_task(root, contract, err);
}
