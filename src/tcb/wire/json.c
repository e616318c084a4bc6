#include "tcb/wire/json.h"

#include <math.h>
#include <string.h>

#include "tcb/wire/text.h"

static const char *type_text(json_type type)
{
    switch (type) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a text";
    case JSON_INTEGER:
        return "an integer";
    case JSON_REAL:
        return "a real number";
    case JSON_TRUE:
        return "true";
    case JSON_FALSE:
        return "false";
    case JSON_NULL:
        return "null";
    }
    return "a value";
}

/* The member, of any type. */
static cof_status find(const json_t *object, const char *key, json_t **out, cof_err *err)
{
    if (!json_is_object(object)) {
        return COF_FAIL(err, BAD_FORMAT, "not an object, so there is no \"%s\"", key);
    }
    json_t *value = json_object_get(object, key);
    if (value == NULL) {
        return COF_FAIL(err, BAD_FORMAT, "\"%s\" is missing", key);
    }
    *out = value;
    return COF_OK;
}

cof_status cof_json_get(const json_t *object, const char *key, json_type type, json_t **out,
                        cof_err *err)
{
    json_t *value = NULL;
    COF_TRY(find(object, key, &value, err));
    if (json_typeof(value) != type) {
        return COF_FAIL(err, BAD_FORMAT, "\"%s\" is not %s", key, type_text(type));
    }
    *out = value;
    return COF_OK;
}

cof_status cof_json_get_text(const json_t *object, const char *key, size_t limit, const char **out,
                             cof_err *err)
{
    json_t *value = NULL;
    COF_TRY(cof_json_get(object, key, JSON_STRING, &value, err));
    const char *text = json_string_value(value);
    const size_t size = json_string_length(value);
    if (size > limit) {
        return COF_FAIL(err, LIMIT, "\"%s\" has %zu bytes where at most %zu are allowed", key, size,
                        limit);
    }
    if (strlen(text) != size) {
        return COF_FAIL(err, BAD_FORMAT, "\"%s\" holds a NUL", key);
    }
    *out = text;
    return COF_OK;
}

cof_status cof_json_get_int(const json_t *object, const char *key, int64_t low, int64_t high,
                            int64_t *out, cof_err *err)
{
    json_t *value = NULL;
    COF_TRY(cof_json_get(object, key, JSON_INTEGER, &value, err));
    const int64_t number = json_integer_value(value);
    if (number < low || number > high) {
        return COF_FAIL(err, BAD_FORMAT, "\"%s\" is not from %lld to %lld", key, (long long)low,
                        (long long)high);
    }
    *out = number;
    return COF_OK;
}

cof_status cof_json_get_number(const json_t *object, const char *key, double low, double high,
                               double *out, cof_err *err)
{
    json_t *value = NULL;
    COF_TRY(find(object, key, &value, err));
    if (!json_is_number(value)) {
        return COF_FAIL(err, BAD_FORMAT, "\"%s\" is not a number", key);
    }
    const double number = json_number_value(value);
    /* Written so that a NaN, as a bound or as the value, is refused. */
    if (!(number >= low && number <= high)) {
        return COF_FAIL(err, BAD_FORMAT, "\"%s\" is not from %g to %g", key, low, high);
    }
    *out = number;
    return COF_OK;
}

cof_status cof_json_get_bool(const json_t *object, const char *key, bool *out, cof_err *err)
{
    json_t *value = NULL;
    COF_TRY(find(object, key, &value, err));
    if (!json_is_boolean(value)) {
        return COF_FAIL(err, BAD_FORMAT, "\"%s\" is neither true nor false", key);
    }
    *out = json_is_true(value);
    return COF_OK;
}

static cof_status get_string_view(const json_t *object, const char *key, cof_view *out,
                                  cof_err *err)
{
    json_t *value = NULL;
    COF_TRY(cof_json_get(object, key, JSON_STRING, &value, err));
    *out = cof_view_of(json_string_value(value), json_string_length(value));
    return COF_OK;
}

cof_status cof_json_get_hex(const json_t *object, const char *key, void *out, size_t size,
                            cof_err *err)
{
    cof_view text = {0};
    COF_TRY(get_string_view(object, key, &text, err));
    const cof_status status = cof_hex_decode(text, out, size, err);
    if (status != COF_OK) {
        cof_err_context(err, "\"%s\"", key);
    }
    return status;
}

cof_status cof_json_get_base64url(const json_t *object, const char *key, cof_buf *out, cof_err *err)
{
    cof_view text = {0};
    COF_TRY(get_string_view(object, key, &text, err));
    const cof_status status = cof_base64url_decode(text, out, err);
    if (status != COF_OK) {
        cof_err_context(err, "\"%s\"", key);
    }
    return status;
}

static bool is_named(const char *key, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(key, keys[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The name comes from outside: what could not stand on one line of a log is replaced. */
static cof_status refuse_member(const char *key, cof_err *err)
{
    char shown[65] = {0};
    for (size_t i = 0; i < sizeof shown - 1 && key[i] != '\0'; i++) {
        shown[i] = key[i] >= ' ' && key[i] <= '~' && key[i] != '"' ? key[i] : '?';
    }
    return COF_FAIL(err, BAD_FORMAT, "\"%s\" is not known", shown);
}

cof_status cof_json_only(const json_t *object, const char *const *keys, size_t count, cof_err *err)
{
    if (!json_is_object(object)) {
        return COF_FAIL(err, BAD_FORMAT, "not an object");
    }
    const char *key = NULL;
    json_t *value = NULL;
    json_t *members = (json_t *)object; /* jansson's iterators take no const, and change nothing */
    json_object_foreach(members, key, value)
    {
        if (!is_named(key, keys, count)) {
            return refuse_member(key, err);
        }
    }
    return COF_OK;
}

cof_status cof_json_set(json_t *object, const char *key, json_t *value, cof_err *err)
{
    if (json_object_set_new(object, key, value) != 0) {
        return COF_FAIL(err, NO_MEMORY, "JSON member \"%s\"", key);
    }
    return COF_OK;
}

cof_status cof_json_append(json_t *array, json_t *value, cof_err *err)
{
    if (json_array_append_new(array, value) != 0) {
        return COF_FAIL(err, NO_MEMORY, "JSON array");
    }
    return COF_OK;
}
