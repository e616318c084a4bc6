#include "local/vault/use_request.h"

#include "tcb/wire/json.h"

static cof_status read_bytes(const json_t *body, const char *name, bool is_needed, cof_buf *out,
                             cof_err *err)
{
    const json_t *value = json_object_get(body, name);
    if (!is_needed && (value == NULL || json_is_null(value))) {
        return COF_OK;
    }
    const cof_status status = cof_json_get_base64url(body, name, out, NULL);
    if (status == COF_E_NO_MEMORY) {
        return COF_FAIL(err, NO_MEMORY, "%s", name);
    }
    return status == COF_OK
               ? COF_OK
               : COF_FAIL(err, BAD_ARGUMENT, "%s is missing, or not base64url of at most %zu bytes",
                          name, out->limit);
}

cof_status cof_use_request_read(const json_t *body, cof_key_use use, cof_use_request *out,
                                cof_err *err)
{
    out->algorithm = cof_algorithm_find(json_string_value(json_object_get(body, "alg")), use);
    if (out->algorithm == NULL) {
        return COF_FAIL(err, BAD_ARGUMENT, "alg is not an algorithm for %s", cof_key_use_name(use));
    }
    cof_crypt_parts_init(&out->in);
    cof_buf_init(&out->digest, COF_CRYPT_VALUE_BYTES);
    COF_TRY(read_bytes(body, "value", true, &out->in.value, err));
    if (use == COF_USE_SIGN || use == COF_USE_VERIFY) {
        return use == COF_USE_VERIFY ? read_bytes(body, "digest", true, &out->digest, err) : COF_OK;
    }
    COF_TRY(read_bytes(body, "iv", false, &out->in.iv, err));
    COF_TRY(read_bytes(body, "aad", false, &out->in.aad, err));
    return read_bytes(body, "tag", false, &out->in.tag, err);
}

void cof_use_request_free(cof_use_request *request)
{
    cof_crypt_parts_free(&request->in);
    cof_buf_free(&request->digest);
}
