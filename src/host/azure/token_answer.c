#include "host/azure/token_answer.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "host/azure/secret_member.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum { LIFETIME_MAX_S = 30 * 24 * 3600, DIGITS_MAX = 9, DESCRIPTION_SIZE = 101 };

/* A token becomes part of a header: visible ASCII. */
static bool is_header_text(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~') {
            return false;
        }
    }
    return *text != '\0';
}

static cof_status get_text(const json_t *object, const char *key, cof_buf *out, cof_err *err)
{
    const char *text = NULL;
    COF_TRY(cof_json_get_text(object, key, COF_LIMIT_TOKEN_BYTES, &text, err));
    if (!is_header_text(text)) {
        return COF_FAIL(err, BAD_FORMAT, "%s of the token service's answer is not a token", key);
    }
    return cof_buf_append_text(out, text, err);
}

static cof_status get_seconds(const json_t *object, const char *key, int64_t *out, cof_err *err)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (text == NULL) {
        return cof_json_get_int(object, key, 0, LIFETIME_MAX_S, out, err);
    }
    const size_t size = strlen(text);
    if (size == 0 || size > DIGITS_MAX || strspn(text, "0123456789") != size ||
        strtol(text, NULL, 10) > LIFETIME_MAX_S) {
        return COF_FAIL(err, BAD_FORMAT, "%s is not a number of seconds", key);
    }
    *out = strtol(text, NULL, 10);
    return COF_OK;
}

static cof_status check_type(const json_t *object, cof_err *err)
{
    const char *type = NULL;
    if (json_object_get(object, "token_type") == NULL) {
        return COF_OK;
    }
    COF_TRY(cof_json_get_text(object, "token_type", 16, &type, err));
    return strcasecmp(type, "Bearer") == 0
               ? COF_OK
               : COF_FAIL(err, BAD_FORMAT, "the token is not a Bearer token");
}

static cof_status read_members(const json_t *body, cof_token_answer *out, cof_err *err)
{
    if (!json_is_object(body)) {
        return COF_FAIL(err, BAD_FORMAT, "the token service's answer is not a JSON object");
    }
    COF_TRY(check_type(body, err));
    COF_TRY(get_seconds(body, "expires_in", &out->lifetime_s, err));
    if (json_object_get(body, "refresh_in") != NULL) {
        COF_TRY(get_seconds(body, "refresh_in", &out->refresh_in_s, err));
    }
    /* A metadata service sends an empty one. */
    if (json_string_length(json_object_get(body, "refresh_token")) > 0) {
        COF_TRY(get_text(body, "refresh_token", &out->refresh, err));
    }
    return get_text(body, "access_token", &out->access, err);
}

cof_status cof_token_answer_parse(cof_view body, cof_token_answer *out, cof_err *err)
{
    COF_JSON json_t *json = NULL;
    COF_CLEANUP(cof_token_answer_free) cof_token_answer answer = {0};
    cof_buf_init(&answer.access, COF_LIMIT_TOKEN_BYTES);
    cof_buf_init(&answer.refresh, COF_LIMIT_TOKEN_BYTES);
    COF_TRY(cof_json_parse(body, COF_LIMIT_JSON_BYTES, &json, err));
    const cof_status status = read_members(json, &answer, err);
    cof_secret_member_wipe(json, "access_token");
    cof_secret_member_wipe(json, "refresh_token");
    COF_TRY(status);
    *out = answer;
    answer = (cof_token_answer){0};
    return COF_OK;
}

void cof_token_answer_free(cof_token_answer *answer)
{
    cof_buf_free(&answer->access);
    cof_buf_free(&answer->refresh);
    *answer = (cof_token_answer){0};
}

void cof_token_refusal_text(cof_view body, cof_view secret, char *out, size_t size)
{
    COF_JSON json_t *json = NULL;
    char text[DESCRIPTION_SIZE] = "";
    out[0] = '\0';
    if (cof_json_parse(body, COF_LIMIT_JSON_BYTES, &json, NULL) != COF_OK) {
        return;
    }
    const char *error = json_string_value(json_object_get(json, "error"));
    const char *description = json_string_value(json_object_get(json, "error_description"));
    if (description != NULL && secret.size > 0 &&
        memmem(description, strlen(description), secret.data, secret.size) != NULL) {
        description = NULL;
    }
    if (error != NULL && secret.size > 0 &&
        memmem(error, strlen(error), secret.data, secret.size) != NULL) {
        error = NULL;
    }
    (void)snprintf(text, sizeof text, "%.40s%s%s", error != NULL ? error : "",
                   error != NULL && description != NULL ? ": " : "",
                   description != NULL ? description : "");
    for (char *c = text; *c != '\0'; c++) {
        *c = (char)(isprint((unsigned char)*c) ? *c : ' ');
    }
    (void)snprintf(out, size, "%s", text);
}
