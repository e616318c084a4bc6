#include "relying/verify/runtime.h"

#include <string.h>

#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

/* Reading, printing canonically and comparing refuses every second way to write the same data. */
static cof_status check_canonical(cof_view bytes, const json_t *value, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf again = {0};
    cof_buf_init(&again, COF_LIMIT_RUNTIME_BYTES);
    COF_TRY(cof_json_canonical(value, &again, err));
    if (!cof_view_equal(cof_buf_view(&again), bytes)) {
        return COF_FAIL(err, BAD_FORMAT, "the runtime data is not canonical JSON");
    }
    return COF_OK;
}

static cof_status expect_text(const json_t *object, const char *key, const char *expected,
                              cof_err *err)
{
    const char *text = NULL;
    COF_TRY(cof_json_get_text(object, key, COF_LIMIT_NAME_BYTES, &text, err));
    if (strcmp(text, expected) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "%s is not \"%s\"", key, expected);
    }
    return COF_OK;
}

/* key_ops holds exactly one operation. */
static cof_status expect_operation(const json_t *jwk, const char *operation, cof_err *err)
{
    json_t *operations = NULL;
    COF_TRY(cof_json_get(jwk, "key_ops", JSON_ARRAY, &operations, err));
    const char *first = json_string_value(json_array_get(operations, 0));
    if (json_array_size(operations) != 1 || first == NULL || strcmp(first, operation) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "key_ops is not [\"%s\"]", operation);
    }
    return COF_OK;
}

static cof_status read_transfer_key(const json_t *jwk, cof_rsa_key **out, cof_err *err)
{
    static const char *const members[] = {"e", "key_ops", "kid", "kty", "n"};
    COF_TRY(cof_json_only(jwk, members, sizeof members / sizeof members[0], err));
    COF_TRY(expect_text(jwk, "kid", "coffer-transfer", err));
    COF_TRY(expect_text(jwk, "kty", "RSA", err));
    COF_TRY(expect_operation(jwk, "encrypt", err));
    return cof_rsa_from_jwk(jwk, out, err);
}

static cof_status read_sign_key(const json_t *jwk, cof_ec_key **out, cof_err *err)
{
    static const char *const members[] = {"crv", "key_ops", "kid", "kty", "x", "y"};
    COF_TRY(cof_json_only(jwk, members, sizeof members / sizeof members[0], err));
    COF_TRY(expect_text(jwk, "kid", "coffer-sign", err));
    COF_TRY(expect_text(jwk, "kty", "EC", err));
    COF_TRY(expect_operation(jwk, "verify", err));
    return cof_ec_from_jwk(jwk, out, err);
}

static cof_status read_keys(const json_t *object, cof_runtime *runtime, cof_err *err)
{
    json_t *keys = NULL;
    COF_TRY(cof_json_get(object, "keys", JSON_ARRAY, &keys, err));
    if (json_array_size(keys) != 2 || !json_is_object(json_array_get(keys, 0)) ||
        !json_is_object(json_array_get(keys, 1))) {
        return COF_FAIL(err, BAD_FORMAT, "keys does not hold two keys");
    }
    COF_TRY(read_transfer_key(json_array_get(keys, 0), &runtime->transfer, err));
    return read_sign_key(json_array_get(keys, 1), &runtime->sign, err);
}

/* Lower-case hex: one way to write it, as in every comparison of texts elsewhere. */
static cof_status read_hex(const json_t *object, const char *key, uint8_t *out, size_t size,
                           cof_err *err)
{
    const char *text = NULL;
    char again[2 * COF_DIGEST_SIZE + 1];
    COF_TRY(cof_json_get_hex(object, key, out, size, err));
    COF_TRY(cof_json_get_text(object, key, sizeof again - 1, &text, err));
    cof_hex_text(cof_view_of(out, size), again);
    return strcmp(text, again) == 0 ? COF_OK
                                    : COF_FAIL(err, BAD_FORMAT, "%s is not in lower case", key);
}

static cof_status read_text(const json_t *object, const char *key,
                            char out[static COF_RUNTIME_TEXT_SIZE], cof_err *err)
{
    const char *text = NULL;
    COF_TRY(cof_json_get_text(object, key, COF_RUNTIME_TEXT_SIZE - 1, &text, err));
    if (text[0] == '\0') {
        return COF_FAIL(err, BAD_FORMAT, "%s is empty", key);
    }
    memcpy(out, text, strlen(text) + 1);
    return COF_OK;
}

cof_status cof_runtime_parse(cof_view bytes, cof_runtime *out_runtime, cof_err *err)
{
    static const char *const members[] = {"contract", "kernel", "keys", "run", "version"};
    COF_JSON json_t *object = NULL;
    COF_TRY(cof_json_parse(bytes, COF_LIMIT_RUNTIME_BYTES, &object, err));
    if (!json_is_object(object)) {
        return COF_FAIL(err, BAD_FORMAT, "the runtime data is not an object");
    }
    COF_TRY(cof_json_only(object, members, sizeof members / sizeof members[0], err));
    COF_TRY(check_canonical(bytes, object, err));
    COF_CLEANUP(cof_runtime_free) cof_runtime runtime = {0};
    COF_TRY(
        read_hex(object, "contract", runtime.contract.bytes, sizeof runtime.contract.bytes, err));
    COF_TRY(read_hex(object, "run", runtime.run, sizeof runtime.run, err));
    COF_TRY(read_text(object, "kernel", runtime.kernel, err));
    COF_TRY(read_text(object, "version", runtime.version, err));
    COF_TRY(read_keys(object, &runtime, err));
    *out_runtime = runtime;
    runtime = (cof_runtime){0};
    return COF_OK;
}

void cof_runtime_free(cof_runtime *runtime)
{
    cof_rsa_key_free(runtime->transfer);
    cof_ec_key_free(runtime->sign);
    *runtime = (cof_runtime){0};
}

cof_status cof_runtime_check_binding(cof_view bytes,
                                     const uint8_t report_data[static COF_REPORT_DATA_SIZE],
                                     cof_checks *checks, cof_err *err)
{
    uint8_t expected[COF_REPORT_DATA_SIZE] = {0};
    cof_digest digest = {0};
    COF_TRY(cof_digest_of(bytes, &digest, err));
    memcpy(expected, digest.bytes, sizeof digest.bytes);
    char expected_text[2 * COF_REPORT_DATA_SIZE + 1];
    char actual_text[2 * COF_REPORT_DATA_SIZE + 1];
    cof_hex_text(cof_view_of(expected, sizeof expected), expected_text);
    cof_hex_text(cof_view_of(report_data, COF_REPORT_DATA_SIZE), actual_text);
    const bool is_bound = memcmp(expected, report_data, sizeof expected) == 0;
    cof_checks_from(checks, "report data");
    if (!cof_check_add(checks, "binding", is_bound, expected_text, "%s", actual_text)) {
        return COF_FAIL(err, EVIDENCE_BINDING, "the report data is not that of the runtime data");
    }
    return COF_OK;
}
