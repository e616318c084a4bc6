#include <string.h>

#include "relying/maa/run.h"

/* Microsoft's documentation of version 1.2: "PCRS are only read-only". */
static const char read_only_type[] = "pcrs";

cof_status cof_maa_run_add(cof_maa_run *run, const cof_maa_claim *claim, cof_err *err)
{
    if (run->count == COF_MAA_CLAIMS_MAX) {
        return COF_FAIL(err, POLICY_EVALUATION, "more than %d claims", COF_MAA_CLAIMS_MAX);
    }
    if (run->count == run->capacity) {
        const size_t capacity = run->capacity == 0 ? 64 : 2 * run->capacity;
        cof_maa_claim *claims = realloc(run->claims, capacity * sizeof *claims);
        if (claims == NULL) {
            return COF_FAIL(err, NO_MEMORY, "claims");
        }
        run->claims = claims;
        run->capacity = capacity;
    }
    run->claims[run->count] = *claim;
    json_incref(claim->value);
    run->count++;
    return COF_OK;
}

/* A fraction is JSON too: the language has no such value, so it is seen as its text. */
static cof_status import_value(cof_maa_run *run, const char *type, json_t *value, cof_err *err)
{
    COF_JSON json_t *owned = json_incref(value);
    if (json_is_null(value)) {
        return COF_OK;
    }
    if (json_is_real(value)) {
        COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 64};
        COF_TRY(cof_json_print(value, &text, err));
        json_decref(owned);
        owned = json_stringn((const char *)text.data, text.size);
        if (owned == NULL) {
            return COF_FAIL(err, NO_MEMORY, "claims");
        }
    }
    const cof_maa_claim claim = {.type = type,
                                 .value = owned,
                                 .issuer = COF_MAA_BY_SERVICE,
                                 .is_read_only = strcmp(type, read_only_type) == 0};
    return cof_maa_run_add(run, &claim, err);
}

cof_status cof_maa_run_import(cof_maa_run *run, const json_t *claims, cof_err *err)
{
    const char *type = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)claims, type, value)
    {
        if (!json_is_array(value)) {
            COF_TRY(import_value(run, type, value, err));
        }
        for (size_t i = 0; i < json_array_size(value); i++) {
            COF_TRY(import_value(run, type, json_array_get(value, i), err));
        }
    }
    return COF_OK;
}

void cof_maa_run_free(cof_maa_run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        json_decref(run->claims[i].value);
    }
    free(run->claims);
    json_decref(run->issued);
    json_decref(run->properties);
    *run = (cof_maa_run){0};
}

const char *cof_maa_claim_text(const cof_maa_claim *claim, cof_maa_property property)
{
    if (property == COF_MAA_TYPE) {
        return claim->type;
    }
    if (property == COF_MAA_ISSUER) {
        return claim->issuer == COF_MAA_BY_SERVICE ? "AttestationService" : "AttestationPolicy";
    }
    if (json_is_integer(claim->value)) {
        return "Integer";
    }
    return json_is_boolean(claim->value) ? "Boolean" : "String";
}

cof_status cof_maa_plain(cof_maa_run *run, json_t *value, json_t **out, cof_err *err)
{
    if (!json_is_object(value) && !json_is_array(value)) {
        *out = json_incref(value);
        return COF_OK;
    }
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_MAA_TEXT_BYTES};
    const cof_status status = cof_json_print(value, &text, err);
    if (status == COF_E_LIMIT) {
        return COF_FAIL(err, POLICY_EVALUATION, "a claim's JSON is over %d bytes",
                        COF_MAA_TEXT_BYTES);
    }
    COF_TRY(status);
    COF_TRY(cof_maa_spend(&run->budget, 1 + text.size / 64, text.size, err));
    json_t *made = json_stringn((const char *)text.data, text.size);
    if (made == NULL) {
        return COF_FAIL(err, NO_MEMORY, "claims");
    }
    *out = made;
    return COF_OK;
}

cof_status cof_maa_equal(cof_maa_run *run, json_t *a, json_t *b, bool *out, cof_err *err)
{
    COF_JSON json_t *left = NULL;
    COF_JSON json_t *right = NULL;
    COF_TRY(cof_maa_plain(run, a, &left, err));
    COF_TRY(cof_maa_plain(run, b, &right, err));
    COF_TRY(cof_maa_spend(&run->budget, 1 + json_string_length(left) / 64, 0, err));
    /* json_equal compares types first: "1" and 1, or 1 and true, are not equal. */
    *out = json_equal(left, right) == 1;
    return COF_OK;
}
