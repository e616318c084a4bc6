#include "local/vault/runs.h"

#include <string.h>

#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum { CONTRACT_DIGITS = 64, PREFIX_DIGITS = 32, RUN_DIGITS = 32, NO_LIMIT = -1 };

static const char expires_tag[] = "coffer.expires.";
static const char runs_tag[] = "coffer.runs.";
static const char own_tags[] = "coffer.";
static const char hex_digits[] = "0123456789abcdef";

static bool is_hex(const char *text, size_t digits)
{
    return text != NULL && strlen(text) == digits && strspn(text, hex_digits) == digits;
}

/* A whole number without sign, blanks or leading zeros. @return NO_LIMIT for anything else. */
static int64_t read_number(const char *text, int64_t low, int64_t high)
{
    const size_t size = text != NULL ? strlen(text) : 0;
    if (size == 0 || size > 15 || strspn(text, "0123456789") != size ||
        (text[0] == '0' && size > 1)) {
        return NO_LIMIT;
    }
    const int64_t value = strtoll(text, NULL, 10);
    return value >= low && value <= high ? value : NO_LIMIT;
}

static bool begins_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

cof_status cof_runs_check_tags(const json_t *tags, cof_err *err)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)tags, name, value)
    {
        const char *text = json_string_value(value);
        if (!begins_with(name, own_tags)) {
            continue;
        }
        const bool is_expiry = begins_with(name, expires_tag) &&
                               is_hex(name + sizeof expires_tag - 1, PREFIX_DIGITS) &&
                               read_number(text, 0, INT64_C(253402300799)) != NO_LIMIT;
        const bool is_count = begins_with(name, runs_tag) &&
                              is_hex(name + sizeof runs_tag - 1, PREFIX_DIGITS) &&
                              read_number(text, 1, COF_RUNS_MAX) != NO_LIMIT;
        if (!is_expiry && !is_count) {
            return COF_FAIL(
                err, BAD_FORMAT,
                "a tag that begins with \"coffer.\" is neither an expiry nor a number of runs");
        }
    }
    return COF_OK;
}

static bool has_limits(const json_t *tags)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)tags, name, value)
    {
        if (begins_with(name, own_tags)) {
            return true;
        }
    }
    return false;
}

/* The tag's number, or NO_LIMIT when there is no such tag. Tags were checked when they were set. */
static cof_status find_limit(const json_t *tags, const char *tag, const char *prefix, int64_t *out,
                             cof_err *err)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%s%s", tag, prefix);
    const json_t *value = json_object_get(tags, name);
    *out = NO_LIMIT;
    if (value == NULL) {
        return COF_OK;
    }
    *out = read_number(json_string_value(value), 0, INT64_C(253402300799));
    return *out != NO_LIMIT ? COF_OK : COF_FAIL(err, BAD_FORMAT, "tag %s cannot be read", name);
}

static cof_status read_count(const cof_state *state, const char *file, json_t **out, cof_err *err)
{
    COF_JSON json_t *record = NULL;
    json_t *runs = NULL;
    const cof_status status = cof_state_read_json(state, file, &record, err);
    if (status == COF_E_NOT_FOUND) {
        *out = json_array();
        return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "runs");
    }
    COF_TRY(status);
    COF_TRY(cof_json_get(record, "runs", JSON_ARRAY, &runs, err));
    for (size_t i = 0; i < json_array_size(runs); i++) {
        if (!is_hex(json_string_value(json_array_get(runs, i)), RUN_DIGITS)) {
            return COF_FAIL(err, BAD_FORMAT, "%s holds something that is no run", file);
        }
    }
    *out = json_incref(runs);
    return COF_OK;
}

static bool holds(const json_t *runs, const char *run)
{
    for (size_t i = 0; i < json_array_size(runs); i++) {
        if (strcmp(json_string_value(json_array_get(runs, i)), run) == 0) {
            return true;
        }
    }
    return false;
}

static cof_status count_run(const cof_state *state, const cof_stored_key *key, const char *prefix,
                            const char *run, int64_t limit, cof_err *err)
{
    COF_JSON json_t *runs = NULL;
    cof_path file;
    COF_TRY(
        cof_path_format(&file, err, "vault/runs/%s.%s.%s.json", key->name, key->version, prefix));
    COF_TRY(read_count(state, file.text, &runs, err));
    if (holds(runs, run)) {
        return COF_OK;
    }
    if ((int64_t)json_array_size(runs) >= limit) {
        return COF_FAIL(err, RUNS_EXHAUSTED, "%zu runs are counted, the contract allows %lld",
                        json_array_size(runs), (long long)limit);
    }
    COF_TRY(cof_json_append(runs, json_string(run), err));
    COF_JSON json_t *record = json_pack("{s:O}", "runs", runs);
    if (record == NULL) {
        return COF_FAIL(err, NO_MEMORY, "runs");
    }
    COF_TRY(cof_state_make_folder(state, "vault/runs", err));
    return cof_state_write_json(state, file.text, record, err);
}

cof_status cof_runs_admit(const cof_state *state, const cof_stored_key *key, const json_t *runtime,
                          cof_err *err)
{
    const json_t *tags = json_object_get(key->meta, "tags");
    const json_t *contract = json_object_get(runtime, "contract");
    if (contract == NULL && !has_limits(tags)) {
        return COF_OK;
    }
    /* Another spelling of the same digest must not be another contract. */
    if (!is_hex(json_string_value(contract), CONTRACT_DIGITS)) {
        return COF_FAIL(err, CONTRACT_MISMATCH, "the enclave names no contract");
    }
    char prefix[COF_RUN_PREFIX_SIZE];
    int64_t expires = NO_LIMIT;
    int64_t limit = NO_LIMIT;
    (void)snprintf(prefix, sizeof prefix, "%.*s", PREFIX_DIGITS, json_string_value(contract));
    COF_TRY(find_limit(tags, expires_tag, prefix, &expires, err));
    COF_TRY(find_limit(tags, runs_tag, prefix, &limit, err));
    if (expires != NO_LIMIT && cof_state_now(state) >= expires) {
        return COF_FAIL(err, CONTRACT_EXPIRED, "the contract expired at %lld", (long long)expires);
    }
    if (limit == NO_LIMIT) {
        return COF_OK;
    }
    const char *run = json_string_value(json_object_get(runtime, "run"));
    if (!is_hex(run, RUN_DIGITS)) {
        return COF_FAIL(err, CONTRACT_MISMATCH, "the enclave names no run");
    }
    return count_run(state, key, prefix, run, limit, err);
}
