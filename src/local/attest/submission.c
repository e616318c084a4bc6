#include "local/attest/submission.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tcb/base/limits.h"
#include "tcb/crypto/digest.h"

void cof_submission_free(cof_submission *s)
{
    json_decref(s->body);
    json_decref(s->runtime);
    json_decref(s->init_time);
    cof_buf_free(&s->quote);
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

cof_status cof_submission_read(cof_view text, cof_submission *s, cof_err *err)
{
    bool has_runtime = false;
    bool has_init = false;
    cof_buf_init(&s->quote, COF_LIMIT_QUOTE_BYTES);
    cof_buf_init(&s->runtime_bytes, COF_LIMIT_RUNTIME_BYTES);
    cof_buf_init(&s->init_bytes, COF_LIMIT_RUNTIME_BYTES);
    COF_TRY(cof_json_parse(text, COF_LIMIT_HTTP_BODY_BYTES, &s->body, err));
    if (!json_is_object(s->body)) {
        return COF_FAIL(err, BAD_FORMAT, "the request is not an object");
    }
    if (json_is_string(json_object_get(s->body, "draftPolicyForAttestation"))) {
        return COF_FAIL(err, UNSUPPORTED, "draft policies are not offered here");
    }
    COF_TRY(cof_json_get_base64url(s->body, "quote", &s->quote, err));
    COF_TRY(read_data(s->body, "runtimeData", &s->runtime_bytes, &s->runtime, &has_runtime, err));
    COF_TRY(read_data(s->body, "initTimeData", &s->init_bytes, &s->init_time, &has_init, err));
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

bool cof_submission_has_runtime(const cof_submission *s)
{
    return s->extra.runtime != NULL || s->extra.held_data.data != NULL;
}

/* initTimeData is bound by the low half of CONFIGID. */
cof_status cof_submission_check_init_time(const cof_submission *s, const cof_facts *facts,
                                          cof_err *err)
{
    cof_digest digest;
    if (s->init_bytes.size == 0) {
        return COF_OK;
    }
    COF_TRY(cof_digest_of(cof_buf_view(&s->init_bytes), &digest, err));
    return memcmp(digest.bytes, facts->sgx.config_id, sizeof digest.bytes) == 0
               ? COF_OK
               : COF_FAIL(err, EVIDENCE_BINDING,
                          "initTimeData is not what the enclave was configured with");
}
