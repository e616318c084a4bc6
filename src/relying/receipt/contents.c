/* What the receipt says: outputs, inputs, and nothing that the contract does not disclose. */
#include <string.h>

#include "relying/receipt/internal.h"
#include "tcb/wire/json.h"

static cof_status without_contract(cof_err *err)
{
    return COF_FAIL(err, BAD_FORMAT, "not checked: there is no valid contract");
}

/* The only element of array that has this name; NULL when there is none, or more than one. */
static const json_t *find_by_name(const json_t *array, const char *name)
{
    const json_t *found = NULL;
    size_t i = 0;
    json_t *element = NULL;
    json_array_foreach(array, i, element)
    {
        if (strcmp(cof_receipt_text(element, "name"), name) == 0) {
            if (found != NULL) {
                return NULL;
            }
            found = element;
        }
    }
    return found;
}

static cof_status check_output(const cof_contract_output *wanted, const json_t *output,
                               const json_t *subject, cof_err *err)
{
    cof_digest digest = {0};
    cof_digest subject_digest = {0};
    cof_digest sealed = {0};
    if (output == NULL || subject == NULL) {
        return COF_FAIL(err, BAD_FORMAT, "output %s is not there exactly once", wanted->name);
    }
    COF_TRY(cof_json_get_hex(output, "sha256", digest.bytes, sizeof digest.bytes, err));
    COF_TRY(cof_json_get_hex(output, "sealed", sealed.bytes, sizeof sealed.bytes, err));
    COF_TRY(cof_json_get_hex(json_object_get(subject, "digest"), "sha256", subject_digest.bytes,
                             sizeof subject_digest.bytes, err));
    if (!cof_digest_equal(&digest, &subject_digest)) {
        return COF_FAIL(err, DIGEST_MISMATCH, "output %s and its subject have other digests",
                        wanted->name);
    }
    if (strcmp(cof_receipt_text(output, "format"),
               cof_contract_output_format_name(wanted->format)) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "output %s has another format", wanted->name);
    }
    return COF_OK;
}

static cof_status check_outputs(const cof_receipt_state *state, cof_err *err)
{
    if (state->contract == NULL) {
        return without_contract(err);
    }
    const json_t *outputs = json_object_get(state->predicate, "outputs");
    const json_t *subjects = json_object_get(state->statement, "subject");
    const size_t count = state->contract->output_count;
    if (json_array_size(outputs) != count || json_array_size(subjects) != count) {
        return COF_FAIL(err, BAD_FORMAT, "%zu outputs and %zu subjects where the contract has %zu",
                        json_array_size(outputs), json_array_size(subjects), count);
    }
    for (size_t i = 0; i < count; i++) {
        const cof_contract_output *wanted = &state->contract->outputs[i];
        COF_TRY(check_output(wanted, find_by_name(outputs, wanted->name),
                             find_by_name(subjects, wanted->name), err));
    }
    return COF_OK;
}

cof_status cof_receipt_check_outputs(cof_receipt_state *state, cof_err *err)
{
    cof_err detail = {0};
    const cof_status status = check_outputs(state, &detail);
    return cof_receipt_record(state, "outputs", "subjects and outputs are those of the contract",
                              status, &detail, err);
}

static cof_status check_input(const cof_contract_input *wanted, const json_t *input, cof_err *err)
{
    if (input == NULL) {
        return COF_FAIL(err, BAD_FORMAT, "input %s is not there exactly once", wanted->name);
    }
    const json_t *digests = json_object_get(input, "digests");
    bool is_same = json_array_size(digests) == wanted->object_count;
    for (size_t i = 0; is_same && i < wanted->object_count; i++) {
        char text[2 * COF_DIGEST_SIZE + 1];
        cof_digest_text(&wanted->objects[i].digest, text);
        const char *actual = json_string_value(json_array_get(digests, i));
        is_same = actual != NULL && strcmp(actual, text) == 0;
    }
    if (!is_same) {
        return COF_FAIL(err, DIGEST_MISMATCH, "input %s has other digests than the contract",
                        wanted->name);
    }
    int64_t rows = 0;
    return cof_json_get_int(input, "rows", 1, (int64_t)COF_LIMIT_ROWS, &rows, err);
}

static cof_status check_inputs(const cof_receipt_state *state, cof_err *err)
{
    if (state->contract == NULL) {
        return without_contract(err);
    }
    const json_t *inputs = json_object_get(state->predicate, "inputs");
    if (json_array_size(inputs) != state->contract->input_count) {
        return COF_FAIL(err, BAD_FORMAT, "%zu inputs where the contract has %zu",
                        json_array_size(inputs), state->contract->input_count);
    }
    for (size_t i = 0; i < state->contract->input_count; i++) {
        const cof_contract_input *wanted = &state->contract->inputs[i];
        COF_TRY(check_input(wanted, find_by_name(inputs, wanted->name), err));
    }
    return COF_OK;
}

cof_status cof_receipt_check_inputs(cof_receipt_state *state, cof_err *err)
{
    cof_err detail = {0};
    const cof_status status = check_inputs(state, &detail);
    return cof_receipt_record(state, "inputs", "digests are those of the contract", status, &detail,
                              err);
}

/* Is a quantity (loss, accuracy, …) disclosed? Unknown names are not. */
static bool is_disclosed(unsigned disclose, const char *name)
{
    for (unsigned bit = COF_CONTRACT_DISCLOSE_PROGRESS; bit <= COF_CONTRACT_DISCLOSE_CONFUSION;
         bit <<= 1) {
        if (bit != COF_CONTRACT_DISCLOSE_PROGRESS && (disclose & bit) != 0 &&
            strcmp(cof_contract_disclosure_name((cof_contract_disclosure)bit), name) == 0) {
            return true;
        }
    }
    return false;
}

/* The values of one split, or of one epoch: each name disclosed, each value a number (the confusion
 * matrix: lists of them). */
static bool is_number_tree(const json_t *value, int depth)
{
    size_t i = 0;
    json_t *element = NULL;
    if (!json_is_array(value)) {
        return json_is_number(value);
    }
    json_array_foreach(value, i, element)
    {
        if (depth == 0 || !is_number_tree(element, depth - 1)) {
            return false;
        }
    }
    return true;
}

static cof_status check_quantity(unsigned disclose, const char *name, const json_t *value,
                                 cof_err *err)
{
    if (!is_disclosed(disclose, name)) {
        return COF_FAIL(err, BAD_FORMAT, "%s is not disclosed by the contract", name);
    }
    const bool is_matrix = strcmp(name, "confusion") == 0;
    if (!(is_matrix ? is_number_tree(value, 2) : json_is_number(value))) {
        return COF_FAIL(err, BAD_FORMAT, "%s is not a number", name);
    }
    return COF_OK;
}

static cof_status check_metrics(unsigned disclose, const json_t *metrics, cof_err *err)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)metrics, key, value)
    {
        if (strcmp(key, "epochs") == 0 || strcmp(key, "best_epoch") == 0) {
            if ((disclose & COF_CONTRACT_DISCLOSE_PROGRESS) == 0 || !json_is_integer(value)) {
                return COF_FAIL(err, BAD_FORMAT,
                                "%s is not disclosed by the contract, or not a number", key);
            }
            continue;
        }
        const bool is_split =
            strcmp(key, "validation") == 0 || strcmp(key, "test") == 0 || strcmp(key, "train") == 0;
        if (!is_split || !json_is_object(value)) {
            return COF_FAIL(err, BAD_FORMAT, "metrics has %s", key);
        }
        const char *name = NULL;
        json_t *quantity = NULL;
        json_object_foreach(value, name, quantity)
        {
            COF_TRY(check_quantity(disclose, name, quantity, err));
        }
    }
    return COF_OK;
}

static cof_status check_epoch(unsigned disclose, const json_t *epoch, cof_err *err)
{
    static const char prefix[] = "validation_";
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)epoch, key, value)
    {
        if (strcmp(key, "epoch") == 0) {
            if (!json_is_integer(value)) {
                return COF_FAIL(err, BAD_FORMAT, "history: epoch is not a number");
            }
            continue;
        }
        const bool has_prefix = strncmp(key, prefix, sizeof prefix - 1) == 0;
        COF_TRY(check_quantity(disclose, has_prefix ? key + sizeof prefix - 1 : key, value, err));
    }
    return COF_OK;
}

static cof_status check_disclosure(const cof_receipt_state *state, cof_err *err)
{
    if (state->contract == NULL) {
        return without_contract(err);
    }
    const unsigned disclose = state->contract->disclose;
    const json_t *history = json_object_get(state->predicate, "history");
    COF_TRY(check_metrics(disclose, json_object_get(state->predicate, "metrics"), err));
    /* How many epochs there were is progress, even when the entries are empty. */
    if (json_array_size(history) > 0 && (disclose & COF_CONTRACT_DISCLOSE_PROGRESS) == 0) {
        return COF_FAIL(err, BAD_FORMAT, "history is not disclosed by the contract");
    }
    size_t i = 0;
    json_t *epoch = NULL;
    json_array_foreach(history, i, epoch)
    {
        COF_TRY(check_epoch(disclose, epoch, err));
    }
    return COF_OK;
}

cof_status cof_receipt_check_disclosure(cof_receipt_state *state, cof_err *err)
{
    cof_err detail = {0};
    const cof_status status = check_disclosure(state, &detail);
    return cof_receipt_record(state, "disclosure", "nothing that the contract does not disclose",
                              status, &detail, err);
}
