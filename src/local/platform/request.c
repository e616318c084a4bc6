#include "local/platform/request.h"

#include <string.h>

#include "tcb/wire/json.h"

enum { ARGUMENT_MAX = 256 };

static cof_status read_arguments(const json_t *launch, cof_request *request, cof_err *err)
{
    json_t *array = NULL;
    COF_TRY(cof_json_get(launch, "arguments", JSON_ARRAY, &array, err));
    const size_t count = json_array_size(array);
    if (count > COF_PLATFORM_ARGUMENTS_MAX) {
        return COF_FAIL(err, LIMIT, "%zu arguments, at most %d", count, COF_PLATFORM_ARGUMENTS_MAX);
    }
    if (count > 0 && !request->debug) {
        return COF_FAIL(err, BAD_FORMAT, "arguments are not measured: allowed in debug only");
    }
    for (size_t i = 0; i <= count; i++) {
        const char *text =
            i == 0 ? "coffer-worker" : json_string_value(json_array_get(array, i - 1));
        if (text == NULL || strlen(text) > ARGUMENT_MAX) {
            return COF_FAIL(err, BAD_FORMAT, "arguments[%zu] is not a text of at most %d bytes",
                            i - 1, ARGUMENT_MAX);
        }
        request->arguments[i] = strdup(text);
        if (request->arguments[i] == NULL) {
            return COF_FAIL(err, NO_MEMORY, "arguments");
        }
    }
    return COF_OK;
}

cof_status cof_request_parse(cof_view message, cof_request *out_request, cof_err *err)
{
    static const char *const members[] = {"launch"};
    static const char *const launch_members[] = {"memory", "debug", "arguments"};
    COF_JSON json_t *object = NULL;
    json_t *launch = NULL;
    int64_t memory = 0;
    COF_CLEANUP(cof_request_free) cof_request request = {0};
    COF_TRY(cof_json_parse(message, COF_PLATFORM_REQUEST_MAX, &object, err));
    if (!json_is_object(object)) {
        return COF_FAIL(err, BAD_FORMAT, "the message is not an object");
    }
    COF_TRY(cof_json_only(object, members, 1, err));
    COF_TRY(cof_json_get(object, "launch", JSON_OBJECT, &launch, err));
    COF_TRY(cof_json_only(launch, launch_members, 3, err));
    COF_TRY(cof_json_get_int(launch, "memory", 0, INT64_C(1) << 50, &memory, err));
    COF_TRY(cof_json_get_bool(launch, "debug", &request.debug, err));
    request.memory_bytes = (uint64_t)memory;
    COF_TRY(read_arguments(launch, &request, err));
    *out_request = request;
    request = (cof_request){0};
    return COF_OK;
}

void cof_request_free(cof_request *request)
{
    for (size_t i = 0; i < sizeof request->arguments / sizeof request->arguments[0]; i++) {
        free(request->arguments[i]);
    }
    *request = (cof_request){0};
}

static cof_status print(json_t *message, cof_buf *out, cof_err *err)
{
    COF_JSON json_t *owned = message;
    if (owned == NULL) {
        return COF_FAIL(err, NO_MEMORY, "answer");
    }
    return cof_json_print(owned, out, err);
}

cof_status cof_answer_launched(const cof_child *child, const cof_digest *mrenclave, cof_buf *out,
                               cof_err *err)
{
    char text[2 * COF_DIGEST_SIZE + 1];
    cof_digest_text(mrenclave, text);
    COF_JSON json_t *namespaces = json_array();
    if (namespaces == NULL) {
        return COF_FAIL(err, NO_MEMORY, "answer");
    }
    for (size_t i = 0; i < child->namespace_count; i++) {
        COF_TRY(cof_json_append(namespaces, json_string(child->namespaces[i]), err));
    }
    return print(json_pack("{s:{s:i, s:s, s:O}}", "launched", "pid", (int)child->pid, "mrenclave",
                           text, "namespaces", namespaces),
                 out, err);
}

cof_status cof_answer_exited(const cof_child_exit *how, cof_buf *out, cof_err *err)
{
    return print(json_pack("{s:{s:i}}", "exited", how->is_signal ? "signal" : "code", how->value),
                 out, err);
}

cof_status cof_answer_error(cof_status status, const char *message, cof_buf *out, cof_err *err)
{
    return print(json_pack("{s:{s:s, s:s}}", "error", "code", cof_status_describe(status)->name,
                           "message", message),
                 out, err);
}
