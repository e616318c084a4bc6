#include "tcb/evidence/runtime.h"

#include <string.h>

#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

/* Adds what a JWK needs beside its key: kid and the one operation it is for. */
static cof_status add_key(json_t *keys, json_t *jwk, const char *kid, const char *operation,
                          cof_err *err)
{
    COF_JSON json_t *owned = jwk;
    COF_TRY(cof_json_set(owned, "kid", json_string(kid), err));
    COF_TRY(cof_json_set(owned, "key_ops", json_pack("[s]", operation), err));
    return cof_json_append(keys, json_incref(owned), err);
}

static cof_status make_keys(const cof_runtime_spec *spec, json_t **out_keys, cof_err *err)
{
    json_t *jwk = NULL;
    COF_JSON json_t *keys = json_array();
    if (keys == NULL) {
        return COF_FAIL(err, NO_MEMORY, "runtime data");
    }
    COF_TRY(cof_rsa_to_jwk(spec->transfer, &jwk, err));
    COF_TRY(add_key(keys, jwk, "coffer-transfer", "encrypt", err));
    COF_TRY(cof_ec_to_jwk(spec->sign, &jwk, err));
    COF_TRY(add_key(keys, jwk, "coffer-sign", "verify", err));
    *out_keys = json_incref(keys);
    return COF_OK;
}

cof_status cof_runtime_print(const cof_runtime_spec *spec, cof_buf *out, cof_err *err)
{
    char contract[2 * COF_DIGEST_SIZE + 1];
    char run[2 * sizeof spec->run + 1];
    cof_digest_text(&spec->contract, contract);
    cof_hex_text(cof_view_of(spec->run, sizeof spec->run), run);
    COF_JSON json_t *keys = NULL;
    COF_TRY(make_keys(spec, &keys, err));
    COF_JSON json_t *object = json_object();
    if (object == NULL) {
        return COF_FAIL(err, NO_MEMORY, "runtime data");
    }
    COF_TRY(cof_json_set(object, "contract", json_string(contract), err));
    COF_TRY(cof_json_set(object, "kernel", json_string(spec->kernel), err));
    COF_TRY(cof_json_set(object, "keys", json_incref(keys), err));
    COF_TRY(cof_json_set(object, "run", json_string(run), err));
    COF_TRY(cof_json_set(object, "version", json_string(spec->version), err));
    return cof_json_canonical(object, out, err);
}

cof_status cof_runtime_report_data(cof_view runtime, uint8_t out[static COF_QUOTE_REPORT_DATA_SIZE],
                                   cof_err *err)
{
    cof_digest digest = {0};
    COF_TRY(cof_digest_of(runtime, &digest, err));
    memset(out, 0, COF_QUOTE_REPORT_DATA_SIZE);
    memcpy(out, digest.bytes, sizeof digest.bytes);
    return COF_OK;
}
