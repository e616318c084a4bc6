/* What requests to set and change secrets ask for. */
#include <string.h>

#include "local/vault/secrets.h"
#include "tcb/wire/json.h"

enum { TAGS_MAX = 15, TAG_BYTES = 256, TYPE_BYTES = 255 };

static const json_t *member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_null(value) ? NULL : value;
}

static cof_status read_type(const json_t *request, json_t *meta, cof_err *err)
{
    const json_t *type = member(request, "contentType");
    if (type == NULL) {
        return COF_OK;
    }
    if (!json_is_string(type) || json_string_length(type) > TYPE_BYTES) {
        return COF_FAIL(err, BAD_ARGUMENT, "contentType is not a text of at most 255 bytes");
    }
    return cof_json_set(meta, "contentType", json_deep_copy(type), err);
}

static cof_status read_tags(const json_t *request, json_t *meta, cof_err *err)
{
    const json_t *tags = member(request, "tags");
    const char *name = NULL;
    json_t *value = NULL;
    if (tags == NULL) {
        return COF_OK;
    }
    if (!json_is_object(tags) || json_object_size(tags) > TAGS_MAX) {
        return COF_FAIL(err, BAD_ARGUMENT, "tags is not an object of at most 15 texts");
    }
    json_object_foreach((json_t *)tags, name, value)
    {
        if (!json_is_string(value) || json_string_length(value) > TAG_BYTES ||
            strlen(name) > TAG_BYTES) {
            return COF_FAIL(err, BAD_ARGUMENT, "a tag is not a text, or too long");
        }
    }
    return cof_json_set(meta, "tags", json_deep_copy(tags), err);
}

static cof_status read_time(const json_t *given, const char *name, json_t *attributes, cof_err *err)
{
    int64_t value = 0;
    if (member(given, name) == NULL) {
        return COF_OK;
    }
    if (cof_json_get_int(given, name, 0, INT64_C(253402300799), &value, NULL) != COF_OK) {
        return COF_FAIL(err, BAD_ARGUMENT, "attributes.%s is not a time", name);
    }
    return cof_json_set(attributes, name, json_integer(value), err);
}

static cof_status read_attributes(const json_t *request, json_t *attributes, cof_err *err)
{
    const json_t *given = member(request, "attributes");
    const json_t *enabled = member(given, "enabled");
    if (given == NULL) {
        return COF_OK;
    }
    if (!json_is_object(given) || (enabled != NULL && !json_is_boolean(enabled))) {
        return COF_FAIL(err, BAD_ARGUMENT, "attributes is not valid");
    }
    if (enabled != NULL) {
        COF_TRY(cof_json_set(attributes, "enabled", json_boolean(json_is_true(enabled)), err));
    }
    COF_TRY(read_time(given, "nbf", attributes, err));
    return read_time(given, "exp", attributes, err);
}

cof_status cof_secret_meta(const json_t *request, const json_t *old, int64_t now_unix_s,
                           json_t **out, cof_err *err)
{
    COF_JSON json_t *meta = old != NULL ? json_deep_copy(old)
                                        : json_pack("{s:{s:b,s:I},s:{}}", "attributes", "enabled",
                                                    1, "created", (json_int_t)now_unix_s, "tags");
    json_t *attributes = json_object_get(meta, "attributes");
    if (attributes == NULL) {
        return COF_FAIL(err, NO_MEMORY, "secret");
    }
    COF_TRY(read_type(request, meta, err));
    COF_TRY(read_tags(request, meta, err));
    COF_TRY(read_attributes(request, attributes, err));
    COF_TRY(cof_json_set(attributes, "updated", json_integer(now_unix_s), err));
    *out = json_incref(meta);
    return COF_OK;
}
