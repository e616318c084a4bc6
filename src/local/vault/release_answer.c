#include <openssl/evp.h>

#include "local/vault/vault_internal.h"
#include "relying/token/jws.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { THUMBPRINT_BYTES = 64, TEXT_BYTES = 128, KEY_HSM_BYTES = 4 * COF_LIMIT_RELEASE_BYTES };

static cof_status set_encoded(json_t *object, const char *name, cof_view bytes, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = KEY_HSM_BYTES};
    COF_TRY(cof_base64url_encode(bytes, &text, err));
    return cof_json_set(object, name, json_stringn((const char *)text.data, text.size), err);
}

/* kid: upper-case hex of the SHA-1 of the leaf; x5t and x5t#S256 as RFC 7515 has them; x5c: leaf,
 * root. */
static cof_status make_header(const cof_keyvault *vault, json_t **out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf sha1 = {.limit = THUMBPRINT_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf sha256 = {.limit = THUMBPRINT_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf kid = {.limit = TEXT_BYTES};
    json_t *leaf = NULL;
    json_t *root = NULL;
    COF_TRY(cof_cert_thumbprint(vault->release_leaf, EVP_sha1(), &sha1, err));
    COF_TRY(cof_cert_thumbprint(vault->release_leaf, EVP_sha256(), &sha256, err));
    for (size_t i = 0; i < sha1.size; i++) {
        COF_TRY(cof_buf_printf(&kid, err, "%02X", sha1.data[i]));
    }
    COF_JSON json_t *header = json_pack("{s:s%,s:s}", "kid", kid.data, kid.size, "typ", "JWT");
    if (header == NULL) {
        return COF_FAIL(err, NO_MEMORY, "release");
    }
    COF_TRY(set_encoded(header, "x5t", cof_buf_view(&sha1), err));
    COF_TRY(set_encoded(header, "x5t#S256", cof_buf_view(&sha256), err));
    COF_TRY(cof_cert_to_x5c(vault->release_leaf, &leaf, err));
    COF_JSON json_t *owned_leaf = leaf;
    COF_TRY(cof_cert_to_x5c(cof_ca_root(vault->parts.ca), &root, err));
    COF_TRY(cof_json_set(header, "x5c", json_pack("[O,o]", owned_leaf, root), err));
    *out = json_incref(header);
    return COF_OK;
}

static cof_status add_key_hsm(json_t *bundle, const cof_release_answer *answer, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = KEY_HSM_BYTES};
    COF_JSON json_t *key_hsm =
        json_pack("{s:s,s:{s:s,s:s,s:s}}", "schema_version", "1.0", "header", "kid",
                  answer->target_kid, "alg", "dir", "enc", answer->enc);
    if (key_hsm == NULL) {
        return COF_FAIL(err, NO_MEMORY, "release");
    }
    COF_TRY(set_encoded(key_hsm, "ciphertext", answer->wrapped, err));
    COF_TRY(cof_json_print(key_hsm, &text, err));
    return set_encoded(json_object_get(bundle, "key"), "key_hsm", cof_buf_view(&text), err);
}

static cof_status make_payload(const cof_keyvault *vault, const cof_release_answer *answer,
                               json_t **out, cof_err *err)
{
    COF_JSON json_t *bundle = NULL;
    COF_TRY(cof_key_meta_bundle(answer->key, cof_state_base(vault->parts.state), &bundle, err));
    COF_TRY(add_key_hsm(bundle, answer, err));
    COF_JSON json_t *payload = json_pack(
        "{s:{s:s,s:s,s:s,s:s*},s:{s:O}}", "request", "api-version", answer->api_version, "enc",
        answer->enc, "kid", answer->kid_asked, "nonce", answer->nonce, "response", "key", bundle);
    if (payload == NULL) {
        return COF_FAIL(err, NO_MEMORY, "release");
    }
    *out = json_incref(payload);
    return COF_OK;
}

cof_status cof_release_answer_sign(const cof_keyvault *vault, const cof_release_answer *answer,
                                   cof_buf *out, cof_err *err)
{
    COF_JSON json_t *header = NULL;
    COF_JSON json_t *payload = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_LIMIT_TOKEN_BYTES};
    COF_TRY(make_header(vault, &header, err));
    COF_TRY(make_payload(vault, answer, &payload, err));
    COF_TRY(cof_json_print(payload, &text, err));
    return cof_jws_sign(vault->release_key, header, cof_buf_view(&text), out, err);
}
