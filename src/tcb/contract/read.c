#include "tcb/contract/read.h"

#include <string.h>

#include "tcb/wire/text.h"

cof_status cof_contract_read_list(const json_t *object, const char *key, size_t low, size_t high,
                                  json_t **out, cof_err *err)
{
    json_t *list = NULL;
    COF_TRY(cof_json_get(object, key, JSON_ARRAY, &list, err));
    if (json_array_size(list) < low || json_array_size(list) > high) {
        return COF_FAIL(err, BAD_FORMAT, "%s: %zu items, and %zu to %zu are allowed", key,
                        json_array_size(list), low, high);
    }
    *out = list;
    return COF_OK;
}

cof_status cof_contract_read_item(const json_t *list, size_t i, const char *const *keys,
                                  size_t count, json_t **out, cof_err *err)
{
    json_t *item = json_array_get(list, i);
    if (!json_is_object(item)) {
        return COF_FAIL(err, BAD_FORMAT, "not an object");
    }
    COF_TRY(cof_json_only(item, keys, count, err));
    *out = item;
    return COF_OK;
}

cof_status cof_contract_read_object(const json_t *object, const char *key, const char *const *keys,
                                    size_t count, json_t **out, cof_err *err)
{
    json_t *member = NULL;
    COF_TRY(cof_json_get(object, key, JSON_OBJECT, &member, err));
    const cof_status status = cof_json_only(member, keys, count, err);
    if (status != COF_OK) {
        cof_err_context(err, "%s", key);
        return status;
    }
    *out = member;
    return COF_OK;
}

cof_status cof_contract_read_choice(const json_t *object, const char *key, const cof_names *names,
                                    size_t *out_index, cof_err *err)
{
    const char *text = NULL;
    COF_TRY(cof_json_get_text(object, key, COF_LIMIT_NAME_BYTES, &text, err));
    if (!cof_names_find(names, text, out_index)) {
        return COF_FAIL(err, BAD_FORMAT, "%s: not one of its %zu names", key, names->count);
    }
    return COF_OK;
}

cof_status cof_contract_read_name(const json_t *object, const char *key, const char **out,
                                  cof_err *err)
{
    const char *text = NULL;
    COF_TRY(cof_json_get_text(object, key, COF_CONTRACT_NAME_CHARACTERS, &text, err));
    if (!cof_contract_is_name(text)) {
        return COF_FAIL(err, BAD_FORMAT, "%s: not a name", key);
    }
    *out = text;
    return COF_OK;
}

cof_status cof_contract_digest_of_hex(const char *text, const char *what, cof_digest *out,
                                      cof_err *err)
{
    const size_t size = strlen(text);
    if (size != (size_t)2 * COF_DIGEST_SIZE || strspn(text, "0123456789abcdef") != size) {
        return COF_FAIL(err, BAD_FORMAT, "%s: not 64 lower-case hex digits", what);
    }
    return cof_hex_decode(cof_view_of(text, size), out->bytes, sizeof out->bytes, err);
}

cof_status cof_contract_read_digest(const json_t *object, const char *key, cof_digest *out,
                                    cof_err *err)
{
    const char *text = NULL;
    COF_TRY(cof_json_get_text(object, key, (size_t)2 * COF_DIGEST_SIZE, &text, err));
    return cof_contract_digest_of_hex(text, key, out, err);
}

cof_status cof_contract_read_u32(const json_t *object, const char *key, uint32_t low, uint32_t high,
                                 uint32_t *out, cof_err *err)
{
    int64_t value = 0;
    COF_TRY(cof_json_get_int(object, key, low, high, &value, err));
    *out = (uint32_t)value;
    return COF_OK;
}

cof_status cof_contract_read_below(const json_t *object, const char *key, double low, double below,
                                   double *out, cof_err *err)
{
    double value = 0;
    COF_TRY(cof_json_get_number(object, key, low, below, &value, err));
    if (!(value < below)) {
        return COF_FAIL(err, BAD_FORMAT, "%s: must be below %g", key, below);
    }
    *out = value;
    return COF_OK;
}

cof_status cof_contract_read_positive(const json_t *object, const char *key, double high,
                                      double *out, cof_err *err)
{
    double value = 0;
    COF_TRY(cof_json_get_number(object, key, 0, high, &value, err));
    if (!(value > 0)) {
        return COF_FAIL(err, BAD_FORMAT, "%s: must be above 0", key);
    }
    *out = value;
    return COF_OK;
}
