/* The six functions of version 1.2 (Microsoft, "Claim rule functions supported in policy version
 * 1.2+"). */
#include <string.h>

#include "relying/maa/jmespath.h"
#include "relying/maa/run.h"

enum { QUERY_STEPS = 256 }; /* what reading a query costs, whatever its size */

static cof_status give(json_t *made, bool is_read_only, cof_maa_set *out, cof_err *err)
{
    COF_JSON json_t *owned = made;
    COF_JSON json_t *items = json_array();
    if (items == NULL) {
        return COF_FAIL(err, NO_MEMORY, "claims");
    }
    COF_TRY(cof_json_append(items, json_incref(owned), err));
    *out = (cof_maa_set){.items = json_incref(items), .is_read_only = is_read_only};
    return COF_OK;
}

static cof_status refuse(cof_maa_function function, const char *what, cof_err *err)
{
    return COF_FAIL(err, POLICY_EVALUATION, "%s takes %s", cof_maa_function_name(function), what);
}

/* The one value of an argument, borrowed; NULL when it is not one. */
static json_t *single(const cof_maa_set *set)
{
    return json_array_size(set->items) == 1 ? json_array_get(set->items, 0) : NULL;
}

/* The one value as text; the caller owns it. */
static cof_status text_of(cof_maa_run *run, cof_maa_function function, const cof_maa_set *set,
                          json_t **out, cof_err *err)
{
    COF_JSON json_t *text = NULL;
    json_t *value = single(set);
    if (value == NULL) {
        return refuse(function, "one string, not none or several", err);
    }
    COF_TRY(cof_maa_plain(run, value, &text, err));
    if (!json_is_string(text)) {
        return refuse(function, "a string", err);
    }
    *out = json_incref(text);
    return COF_OK;
}

/* JSON that an argument holds: parsed from a string, or as it came in. */
static cof_status json_of(cof_maa_run *run, cof_maa_function function, const cof_maa_set *set,
                          json_t **out, cof_err *err)
{
    json_t *value = single(set);
    if (json_is_object(value) || json_is_array(value)) {
        *out = json_incref(value);
        return COF_OK;
    }
    COF_JSON json_t *text = NULL;
    cof_err why = {0};
    COF_TRY(text_of(run, function, set, &text, err));
    const size_t size = json_string_length(text);
    COF_TRY(cof_maa_spend(&run->budget, 1 + size / 64, size, err));
    const cof_status status =
        cof_json_parse(cof_view_of(json_string_value(text), size), COF_MAA_TEXT_BYTES, out, &why);
    if (status == COF_OK) {
        return COF_OK;
    }
    if (status == COF_E_NO_MEMORY) {
        return COF_FAIL(err, NO_MEMORY, "claims");
    }
    return refuse(function, "a string that is JSON", err);
}

static cof_status jmes_path(cof_maa_run *run, const cof_maa_set *arguments, cof_maa_set *out,
                            cof_err *err)
{
    COF_JSON json_t *data = NULL;
    COF_JSON json_t *text = NULL;
    COF_JSON json_t *result = NULL;
    COF_CLEANUP(cof_jmes_query_drop_) cof_jmes_query *query = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf printed = {.limit = COF_MAA_TEXT_BYTES};
    COF_TRY(json_of(run, COF_MAA_JMES_PATH, &arguments[0], &data, err));
    COF_TRY(text_of(run, COF_MAA_JMES_PATH, &arguments[1], &text, err));
    COF_TRY(cof_maa_spend(&run->budget, QUERY_STEPS, json_string_length(text), err));
    COF_TRY(cof_jmes_parse(json_string_value(text), &query, err));
    COF_TRY(cof_jmes_search(query, data, &run->budget, &result, err));
    const cof_status status = cof_json_print(result, &printed, err);
    if (status == COF_E_LIMIT || status == COF_E_BAD_JSON) {
        return COF_FAIL(err, POLICY_EVALUATION, "the result of JmesPath is over %d bytes",
                        COF_MAA_TEXT_BYTES);
    }
    COF_TRY(status);
    COF_TRY(cof_maa_spend(&run->budget, 1 + printed.size / 64, printed.size, err));
    json_t *made = json_stringn((const char *)printed.data, printed.size);
    return give(made, arguments[0].is_read_only || arguments[1].is_read_only, out, err);
}

static cof_status put_converted(const json_t *value, bool in_array, json_t *items, cof_err *err)
{
    if (json_is_null(value)) {
        return COF_OK;
    }
    if (json_is_real(value)) {
        return COF_FAIL(err, POLICY_EVALUATION, "JsonToClaimValue cannot convert a fraction");
    }
    if (json_is_object(value) || json_is_array(value)) {
        return COF_FAIL(err, POLICY_EVALUATION, "JsonToClaimValue cannot convert %s",
                        in_array ? "an array of objects or arrays" : "an object");
    }
    return cof_json_append(items, json_incref((json_t *)(uintptr_t)value), err);
}

static cof_status json_to_claim_value(cof_maa_run *run, const cof_maa_set *arguments,
                                      cof_maa_set *out, cof_err *err)
{
    COF_JSON json_t *value = NULL;
    COF_JSON json_t *items = json_array();
    if (items == NULL) {
        return COF_FAIL(err, NO_MEMORY, "claims");
    }
    COF_TRY(json_of(run, COF_MAA_JSON_TO_CLAIM_VALUE, &arguments[0], &value, err));
    if (!json_is_array(value)) {
        COF_TRY(put_converted(value, false, items, err));
    }
    COF_TRY(cof_maa_spend(&run->budget, json_array_size(value), 0, err));
    for (size_t i = 0; i < json_array_size(value); i++) {
        COF_TRY(put_converted(json_array_get(value, i), true, items, err));
    }
    *out = (cof_maa_set){.items = json_incref(items), .is_read_only = arguments[0].is_read_only};
    return COF_OK;
}

static cof_status is_in(cof_maa_run *run, json_t *value, const json_t *items, bool *out,
                        cof_err *err)
{
    *out = false;
    for (size_t i = 0; !*out && i < json_array_size(items); i++) {
        COF_TRY(cof_maa_equal(run, value, json_array_get(items, i), out, err));
    }
    return COF_OK;
}

static cof_status is_subset_of(cof_maa_run *run, const cof_maa_set *arguments, cof_maa_set *out,
                               cof_err *err)
{
    bool holds = true;
    for (size_t i = 0; holds && i < json_array_size(arguments[0].items); i++) {
        COF_TRY(is_in(run, json_array_get(arguments[0].items, i), arguments[1].items, &holds, err));
    }
    return give(json_boolean(holds), false, out, err);
}

static cof_status contains_only_value(cof_maa_run *run, const cof_maa_set *arguments,
                                      cof_maa_set *out, cof_err *err)
{
    json_t *value = single(&arguments[1]);
    if (value == NULL) {
        return refuse(COF_MAA_CONTAINS_ONLY_VALUE, "one value second", err);
    }
    bool holds = json_array_size(arguments[0].items) > 0;
    for (size_t i = 0; holds && i < json_array_size(arguments[0].items); i++) {
        COF_TRY(cof_maa_equal(run, json_array_get(arguments[0].items, i), value, &holds, err));
    }
    return give(json_boolean(holds), false, out, err);
}

static cof_status append_string(cof_maa_run *run, const cof_maa_set *arguments, cof_maa_set *out,
                                cof_err *err)
{
    COF_JSON json_t *a = NULL;
    COF_JSON json_t *b = NULL;
    COF_TRY(text_of(run, COF_MAA_APPEND_STRING, &arguments[0], &a, err));
    COF_TRY(text_of(run, COF_MAA_APPEND_STRING, &arguments[1], &b, err));
    const size_t size = json_string_length(a) + json_string_length(b);
    COF_TRY(cof_maa_spend(&run->budget, 1 + size / 64, size, err));
    if (size > COF_MAA_TEXT_BYTES) {
        return COF_FAIL(err, POLICY_EVALUATION, "AppendString makes %zu bytes, at most %d", size,
                        COF_MAA_TEXT_BYTES);
    }
    COF_CLEANUP(cof_free_drop_) char *text = malloc(size + 1);
    if (text == NULL) {
        return COF_FAIL(err, NO_MEMORY, "claims");
    }
    memcpy(text, json_string_value(a), json_string_length(a));
    memcpy(text + json_string_length(a), json_string_value(b), json_string_length(b));
    return give(json_stringn(text, size), arguments[0].is_read_only || arguments[1].is_read_only,
                out, err);
}

static cof_status negate_bool(const cof_maa_set *arguments, cof_maa_set *out, cof_err *err)
{
    const json_t *value = single(&arguments[0]);
    if (!json_is_boolean(value)) {
        return refuse(COF_MAA_NEGATE_BOOL, "true or false", err);
    }
    return give(json_boolean(json_is_false(value)), arguments[0].is_read_only, out, err);
}

cof_status cof_maa_call(cof_maa_run *run, cof_maa_function function, const cof_maa_set *arguments,
                        cof_maa_set *out, cof_err *err)
{
    switch (function) {
    case COF_MAA_JMES_PATH:
        return jmes_path(run, arguments, out, err);
    case COF_MAA_JSON_TO_CLAIM_VALUE:
        return json_to_claim_value(run, arguments, out, err);
    case COF_MAA_IS_SUBSET_OF:
        return is_subset_of(run, arguments, out, err);
    case COF_MAA_CONTAINS_ONLY_VALUE:
        return contains_only_value(run, arguments, out, err);
    case COF_MAA_APPEND_STRING:
        return append_string(run, arguments, out, err);
    case COF_MAA_NEGATE_BOOL:
    case COF_MAA_FUNCTIONS:
        break;
    }
    return negate_bool(arguments, out, err);
}
