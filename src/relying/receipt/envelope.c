/* The envelope (DSSE) and the statement (in-toto): their form. */
#include <string.h>

#include "relying/receipt/internal.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

static const char payload_type[] = "application/vnd.in-toto+json";

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

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

static cof_status get_base64(const json_t *object, const char *key, cof_buf *out, cof_err *err)
{
    const char *text = NULL;
    COF_TRY(cof_json_get_text(object, key, COF_RECEIPT_BYTES_MAX, &text, err));
    const cof_status status = cof_base64_decode(cof_view_text(text), out, err);
    if (status != COF_OK) {
        cof_err_context(err, "%s", key);
    }
    return status;
}

static cof_status read_envelope(cof_receipt_state *state, cof_view envelope, cof_err *err)
{
    static const char *const members[] = {"payload", "payloadType", "signatures"};
    static const char *const signature_members[] = {"keyid", "sig"};
    COF_JSON json_t *object = NULL;
    COF_TRY(cof_json_parse(envelope, COF_RECEIPT_BYTES_MAX, &object, err));
    if (!json_is_object(object)) {
        return COF_FAIL(err, BAD_FORMAT, "the envelope is not an object");
    }
    COF_TRY(cof_json_only(object, members, COUNT_OF(members), err));
    COF_TRY(expect_text(object, "payloadType", payload_type, err));
    json_t *signatures = NULL;
    COF_TRY(cof_json_get(object, "signatures", JSON_ARRAY, &signatures, err));
    const json_t *signature = json_array_get(signatures, 0);
    if (json_array_size(signatures) != 1 || !json_is_object(signature)) {
        return COF_FAIL(err, BAD_FORMAT, "signatures does not hold exactly one signature");
    }
    COF_TRY(cof_json_only(signature, signature_members, COUNT_OF(signature_members), err));
    COF_TRY(expect_text(signature, "keyid", "coffer-sign", err));
    COF_TRY(get_base64(signature, "sig", &state->signature, err));
    return get_base64(object, "payload", &state->payload, err);
}

cof_status cof_receipt_check_envelope(cof_receipt_state *state, cof_view envelope, cof_err *err)
{
    cof_err detail = {0};
    const cof_status status = read_envelope(state, envelope, &detail);
    if (status != COF_OK) {
        cof_buf_clear(&state->payload);
        cof_buf_clear(&state->signature);
    }
    return cof_receipt_record(state, "envelope", "a DSSE envelope with one signature", status,
                              &detail, err);
}

/* A member of an object and the type that it must have. */
typedef struct member {
    const char *key;
    json_type type;
} member;

/* The object has these members, and no other. */
static cof_status check_members(const json_t *object, const member *members, size_t count,
                                cof_err *err)
{
    json_t *ignored = NULL;
    for (size_t i = 0; i < count; i++) {
        COF_TRY(cof_json_get(object, members[i].key, members[i].type, &ignored, err));
    }
    if (json_object_size(object) != count) {
        return COF_FAIL(err, BAD_FORMAT, "%zu members where %zu are known, after %s",
                        json_object_size(object), count, members[0].key);
    }
    return COF_OK;
}

static cof_status check_each(const json_t *array, const char *name, const member *members,
                             size_t count, cof_err *err)
{
    size_t i = 0;
    json_t *element = NULL;
    json_array_foreach(array, i, element)
    {
        cof_status status = COF_OK;
        if (!json_is_object(element)) {
            status = COF_FAIL(err, BAD_FORMAT, "not an object");
        } else if (members != NULL) {
            status = check_members(element, members, count, err);
        }
        if (status != COF_OK) {
            cof_err_context(err, "%s[%zu]", name, i);
            return status;
        }
    }
    return COF_OK;
}

static cof_status check_predicate(const json_t *predicate, cof_err *err)
{
    static const member members[] = {
        {"contract", JSON_OBJECT}, {"contract_digest", JSON_STRING}, {"run", JSON_STRING},
        {"worker", JSON_OBJECT},   {"inputs", JSON_ARRAY},           {"outputs", JSON_ARRAY},
        {"metrics", JSON_OBJECT},  {"history", JSON_ARRAY},          {"log", JSON_OBJECT},
        {"timeline", JSON_ARRAY},  {"evidence", JSON_OBJECT},        {"attestation", JSON_OBJECT}};
    static const member worker[] = {{"version", JSON_STRING}, {"kernel", JSON_STRING}};
    static const member input[] = {
        {"name", JSON_STRING}, {"digests", JSON_ARRAY}, {"rows", JSON_INTEGER}};
    static const member output[] = {{"name", JSON_STRING},
                                    {"format", JSON_STRING},
                                    {"sha256", JSON_STRING},
                                    {"sealed", JSON_STRING}};
    static const member log[] = {{"events", JSON_INTEGER}, {"head", JSON_STRING}};
    static const member step[] = {{"step", JSON_STRING}, {"host_time", JSON_INTEGER}};
    static const member evidence[] = {
        {"type", JSON_STRING}, {"quote", JSON_STRING}, {"runtime", JSON_STRING}};
    static const member attestation[] = {{"token", JSON_STRING}};
    COF_TRY(check_members(predicate, members, COUNT_OF(members), err));
    COF_TRY(check_members(json_object_get(predicate, "worker"), worker, COUNT_OF(worker), err));
    COF_TRY(check_members(json_object_get(predicate, "log"), log, COUNT_OF(log), err));
    COF_TRY(
        check_members(json_object_get(predicate, "evidence"), evidence, COUNT_OF(evidence), err));
    COF_TRY(check_members(json_object_get(predicate, "attestation"), attestation,
                          COUNT_OF(attestation), err));
    COF_TRY(
        check_each(json_object_get(predicate, "inputs"), "inputs", input, COUNT_OF(input), err));
    COF_TRY(check_each(json_object_get(predicate, "outputs"), "outputs", output, COUNT_OF(output),
                       err));
    COF_TRY(
        check_each(json_object_get(predicate, "timeline"), "timeline", step, COUNT_OF(step), err));
    return check_each(json_object_get(predicate, "history"), "history", NULL, 0, err);
}

static cof_status check_subjects(const json_t *subjects, cof_err *err)
{
    static const member subject[] = {{"name", JSON_STRING}, {"digest", JSON_OBJECT}};
    static const member digest[] = {{"sha256", JSON_STRING}};
    COF_TRY(check_each(subjects, "subject", subject, COUNT_OF(subject), err));
    size_t i = 0;
    json_t *element = NULL;
    json_array_foreach(subjects, i, element)
    {
        COF_TRY(check_members(json_object_get(element, "digest"), digest, COUNT_OF(digest), err));
    }
    return COF_OK;
}

static cof_status read_statement(const cof_receipt_state *state, json_t **out_statement,
                                 cof_err *err)
{
    static const member members[] = {{"_type", JSON_STRING},
                                     {"subject", JSON_ARRAY},
                                     {"predicateType", JSON_STRING},
                                     {"predicate", JSON_OBJECT}};
    COF_JSON json_t *statement = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf again = {0};
    cof_buf_init(&again, COF_RECEIPT_BYTES_MAX);
    COF_TRY(cof_json_parse(cof_buf_view(&state->payload), COF_RECEIPT_BYTES_MAX, &statement, err));
    if (!json_is_object(statement)) {
        return COF_FAIL(err, BAD_FORMAT, "the statement is not an object");
    }
    COF_TRY(cof_json_canonical(statement, &again, err));
    if (!cof_view_equal(cof_buf_view(&again), cof_buf_view(&state->payload))) {
        return COF_FAIL(err, BAD_FORMAT, "the statement is not canonical JSON");
    }
    COF_TRY(check_members(statement, members, COUNT_OF(members), err));
    COF_TRY(expect_text(statement, "_type", "https://in-toto.io/Statement/v1", err));
    COF_TRY(expect_text(statement, "predicateType", "urn:coffer:receipt:v1", err));
    COF_TRY(check_subjects(json_object_get(statement, "subject"), err));
    COF_TRY(check_predicate(json_object_get(statement, "predicate"), err));
    *out_statement = json_incref(statement);
    return COF_OK;
}

cof_status cof_receipt_check_statement(cof_receipt_state *state, cof_err *err)
{
    cof_err detail = {0};
    const cof_status status = read_statement(state, &state->statement, &detail);
    if (status == COF_OK) {
        state->predicate = json_object_get(state->statement, "predicate");
    }
    return cof_receipt_record(state, "statement",
                              "an in-toto statement, canonical, with exactly the known members",
                              status, &detail, err);
}

cof_status cof_receipt_pae(cof_view payload, cof_buf *out, cof_err *err)
{
    COF_TRY(cof_buf_printf(out, err, "DSSEv1 %zu %s %zu ", sizeof payload_type - 1, payload_type,
                           payload.size));
    return cof_buf_append(out, payload, err);
}
