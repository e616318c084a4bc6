#include "local/attest/submission.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "relying/verify/azure/azure_cvm.h"
#include "tcb/base/limits.h"
#include "tcb/crypto/digest.h"
#include "tcb/wire/text.h"

enum { SHA384_SIZE = 48 };

void cof_submission_free(cof_submission *s)
{
    json_decref(s->body);
    json_decref(s->runtime);
    json_decref(s->init_time);
    cof_buf_free(&s->evidence);
    cof_buf_free(&s->runtime_bytes);
    cof_buf_free(&s->init_bytes);
}

/* {"data":…,"dataType":"JSON"|"Binary"}. *out_json stays NULL for Binary, and when there is no such
 * member. */
static cof_status read_data(const json_t *body, const char *name, cof_buf *out_bytes,
                            json_t **out_json, bool *out_is_there, cof_err *err)
{
    json_t *data = NULL;
    const char *type = NULL;
    const json_t *member = json_object_get(body, name);
    if (member == NULL || json_is_null(member)) {
        return COF_OK;
    }
    COF_TRY(cof_json_get(body, name, JSON_OBJECT, &data, err));
    COF_TRY(cof_json_get_base64url(data, "data", out_bytes, err));
    COF_TRY(cof_json_get_text(data, "dataType", 16, &type, err));
    *out_is_there = true;
    if (strcasecmp(type, "Binary") == 0) {
        return COF_OK;
    }
    if (strcasecmp(type, "JSON") != 0) {
        return COF_FAIL(err, BAD_FORMAT, "%s.dataType is neither JSON nor Binary", name);
    }
    COF_JSON json_t *value = NULL;
    COF_TRY(cof_json_parse(cof_buf_view(out_bytes), COF_LIMIT_RUNTIME_BYTES, &value, err));
    if (!json_is_object(value)) {
        return COF_FAIL(err, BAD_FORMAT, "%s is not a JSON object", name);
    }
    *out_json = json_incref(value);
    return COF_OK;
}

static cof_status read_nonce(cof_submission *s, cof_err *err)
{
    const json_t *nonce = json_object_get(s->body, "nonce");
    if (nonce == NULL || json_is_null(nonce)) {
        return COF_OK;
    }
    if (json_is_integer(nonce)) {
        (void)snprintf(s->nonce, sizeof s->nonce, "%" JSON_INTEGER_FORMAT,
                       json_integer_value(nonce));
    } else if (json_is_string(nonce) && json_string_length(nonce) < sizeof s->nonce) {
        memcpy(s->nonce, json_string_value(nonce), json_string_length(nonce) + 1);
    } else {
        return COF_FAIL(err, BAD_FORMAT, "nonce is not a text of at most %d bytes",
                        COF_NONCE_BYTES - 1);
    }
    s->extra.nonce = s->nonce;
    return COF_OK;
}

static cof_status read_draft(cof_submission *s, cof_err *err)
{
    json_t *draft = NULL;
    const json_t *member = json_object_get(s->body, "draftPolicyForAttestation");
    if (member == NULL || json_is_null(member)) {
        return COF_OK;
    }
    COF_TRY(cof_json_get(s->body, "draftPolicyForAttestation", JSON_STRING, &draft, err));
    s->draft = json_string_value(draft);
    return COF_OK;
}

/* The specification and the clients differ in the first letter. */
static cof_status read_guest(cof_submission *s, const char *member, cof_err *err)
{
    const char *key = NULL;
    const char *found = NULL;
    json_t *value = NULL;
    json_object_foreach(s->body, key, value)
    {
        if (strcasecmp(key, member) == 0) {
            if (found != NULL) {
                return COF_FAIL(err, BAD_FORMAT, "\"%s\" is there twice", member);
            }
            found = key;
        }
    }
    return cof_json_get_base64url(s->body, found != NULL ? found : member, &s->evidence, err);
}

static cof_status read_enclave(cof_submission *s, const char *member, cof_err *err)
{
    bool has_runtime = false;
    COF_TRY(cof_json_get_base64url(s->body, member, &s->evidence, err));
    COF_TRY(read_data(s->body, "runtimeData", &s->runtime_bytes, &s->runtime, &has_runtime, err));
    COF_TRY(
        read_data(s->body, "initTimeData", &s->init_bytes, &s->init_time, &s->has_init_time, err));
    s->extra.runtime = s->runtime;
    s->extra.init_time = s->init_time;
    if (has_runtime && s->runtime == NULL) {
        s->extra.held_data =
            cof_view_of(s->runtime_bytes.data != NULL ? s->runtime_bytes.data : (const uint8_t *)"",
                        s->runtime_bytes.size);
    }
    if (!has_runtime) {
        cof_buf_free(&s->runtime_bytes);
    }
    return read_nonce(s, err);
}

cof_status cof_submission_read(cof_attest_kind kind, cof_view text, cof_submission *s, cof_err *err)
{
    const char *member = cof_attest_kind_of(kind)->evidence;
    const bool is_guest = kind == COF_ATTEST_AZURE_GUEST;
    cof_buf_init(&s->evidence,
                 is_guest ? (size_t)COF_AZURE_ATTESTATION_INFO_MAX : (size_t)COF_EVIDENCE_MAX);
    cof_buf_init(&s->runtime_bytes, COF_LIMIT_RUNTIME_BYTES);
    cof_buf_init(&s->init_bytes, COF_LIMIT_RUNTIME_BYTES);
    COF_TRY(cof_json_parse(text, COF_LIMIT_HTTP_BODY_BYTES, &s->body, err));
    if (!json_is_object(s->body)) {
        return COF_FAIL(err, BAD_FORMAT, "the request is not an object");
    }
    COF_TRY(read_draft(s, err));
    return is_guest ? read_guest(s, member, err) : read_enclave(s, member, err);
}

bool cof_submission_has_runtime(const cof_submission *s)
{
    return s->extra.runtime != NULL || s->extra.held_data.data != NULL;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

static bool is_sha384_of(cof_view bytes, const uint8_t expected[static SHA384_SIZE])
{
    uint8_t digest[SHA384_SIZE];
    static const uint8_t none = 0;
    const uint8_t *data = bytes.data != NULL ? bytes.data : &none;
    return EVP_Digest(data, bytes.size, digest, NULL, EVP_sha384(), NULL) == 1 &&
           memcmp(digest, expected, sizeof digest) == 0;
}

cof_status cof_submission_check_init_time(const cof_submission *s, const cof_facts *facts,
                                          cof_checks *checks, cof_err *err)
{
    const char *place = "CONFIGID";
    const uint8_t *bound = facts->sgx.config_id;
    cof_digest digest;
    char expected[2 * COF_DIGEST_SIZE + 1];
    char actual[2 * COF_DIGEST_SIZE + 1];
    bool is_bound = false;
    if (!s->has_init_time) {
        return COF_OK;
    }
    COF_TRY(cof_digest_of(cof_buf_view(&s->init_bytes), &digest, err));
    if (facts->tee == COF_TEE_SEV_SNP) {
        place = "HOST_DATA";
        bound = facts->snp.host_data;
    } else if (facts->tee == COF_TEE_TDX) {
        place = "MRCONFIGID";
        bound = facts->td.mrconfigid;
    }
    is_bound = memcmp(digest.bytes, bound, sizeof digest.bytes) == 0;
    if (facts->tee == COF_TEE_TDX) {
        is_bound = (is_bound && is_zero(bound + COF_DIGEST_SIZE, SHA384_SIZE - COF_DIGEST_SIZE)) ||
                   is_sha384_of(cof_buf_view(&s->init_bytes), bound);
    }
    cof_digest_text(&digest, expected);
    cof_hex_text(cof_view_of(bound, COF_DIGEST_SIZE), actual);
    cof_checks_from(checks, place);
    if (!cof_check_add(checks, "init_time_binding", is_bound, expected, "%s", actual)) {
        return COF_FAIL(err, EVIDENCE_BINDING, "initTimeData is not what %s holds the hash of",
                        place);
    }
    return COF_OK;
}
