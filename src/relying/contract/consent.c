#include "relying/contract/consent.h"

#include <string.h>

#include "tcb/contract/names.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

/* "coffer/consent/v1\n", hex digest, "\n", owner: no part can hold the character that ends it. */
static cof_status signed_bytes(const cof_contract *contract, const char *owner, cof_buf *out,
                               cof_err *err)
{
    char digest[2 * COF_DIGEST_SIZE + 1];
    cof_digest_text(&contract->digest, digest);
    return cof_buf_printf(out, err, "coffer/consent/v1\n%s\n%s", digest, owner);
}

static cof_status find_owner(const cof_contract *contract, const char *name, size_t *out,
                             cof_err *err)
{
    for (size_t i = 0; i < contract->owner_count; i++) {
        if (strcmp(contract->owners[i].name, name) == 0) {
            *out = i;
            return COF_OK;
        }
    }
    return COF_FAIL(err, NOT_FOUND, "\"%.64s\" owns no input of this contract", name);
}

static cof_status consent_json(const cof_contract *contract, const char *owner,
                               const uint8_t signature[static COF_EC_RAW_SIZE], json_t **out,
                               cof_err *err)
{
    COF_JSON json_t *consent = json_object();
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = (size_t)2 * COF_EC_RAW_SIZE};
    char digest[2 * COF_DIGEST_SIZE + 1];
    cof_digest_text(&contract->digest, digest);
    COF_TRY(cof_base64url_encode(cof_view_of(signature, COF_EC_RAW_SIZE), &text, err));
    COF_TRY(cof_json_set(consent, "coffer", json_string("consent/v1"), err));
    COF_TRY(cof_json_set(consent, "contract", json_string(digest), err));
    COF_TRY(cof_json_set(consent, "owner", json_string(owner), err));
    COF_TRY(
        cof_json_set(consent, "signature", json_stringn((const char *)text.data, text.size), err));
    *out = consent;
    consent = NULL;
    return COF_OK;
}

cof_status cof_consent_make(const cof_contract *contract, const char *owner, const cof_ec_key *key,
                            json_t **out_json, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = 1024};
    uint8_t signature[COF_EC_RAW_SIZE];
    size_t index = 0;
    COF_TRY(find_owner(contract, owner, &index, err));
    COF_TRY(signed_bytes(contract, owner, &bytes, err));
    COF_TRY(cof_ec_sign(key, cof_buf_view(&bytes), signature, err));
    /* A consent that nobody can verify is worse than none. */
    const cof_status status =
        cof_ec_verify(contract->owners[index].sign, cof_buf_view(&bytes), signature, err);
    if (status == COF_E_BAD_SIGNATURE) {
        return COF_FAIL(err, BAD_KEY, "the contract names another signing key for \"%s\"", owner);
    }
    COF_TRY(status);
    return consent_json(contract, owner, signature, out_json, err);
}

static cof_status read_signature(const json_t *consent, uint8_t out[static COF_EC_RAW_SIZE],
                                 cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = COF_EC_RAW_SIZE};
    COF_TRY(cof_json_get_base64url(consent, "signature", &bytes, err));
    if (bytes.size != COF_EC_RAW_SIZE) {
        return COF_FAIL(err, BAD_FORMAT, "signature: %zu bytes, not %d", bytes.size,
                        COF_EC_RAW_SIZE);
    }
    memcpy(out, bytes.data, COF_EC_RAW_SIZE);
    return COF_OK;
}

static cof_status check_head(const json_t *consent, const cof_contract *contract, cof_err *err)
{
    static const char *const keys[] = {"coffer", "contract", "owner", "signature"};
    const char *version = NULL;
    const char *digest = NULL;
    char expected[2 * COF_DIGEST_SIZE + 1];
    if (!json_is_object(consent)) {
        return COF_FAIL(err, BAD_FORMAT, "not an object");
    }
    COF_TRY(cof_json_only(consent, keys, sizeof keys / sizeof keys[0], err));
    COF_TRY(cof_json_get_text(consent, "coffer", 32, &version, err));
    COF_TRY(cof_json_get_text(consent, "contract", (size_t)2 * COF_DIGEST_SIZE, &digest, err));
    if (strcmp(version, "consent/v1") != 0) {
        return COF_FAIL(err, BAD_FORMAT, "coffer: not consent/v1");
    }
    cof_digest_text(&contract->digest, expected);
    if (strcmp(digest, expected) != 0) {
        return COF_FAIL(err, CONTRACT_MISMATCH, "a consent to another contract");
    }
    return COF_OK;
}

cof_status cof_consent_verify(cof_view text, const cof_contract *contract, size_t *out_owner,
                              cof_err *err)
{
    COF_JSON json_t *consent = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = 1024};
    const char *owner = NULL;
    uint8_t signature[COF_EC_RAW_SIZE];
    size_t index = 0;
    COF_TRY(cof_json_parse(text, COF_CONSENT_BYTES, &consent, err));
    COF_TRY(check_head(consent, contract, err));
    COF_TRY(cof_json_get_text(consent, "owner", COF_CONTRACT_NAME_CHARACTERS, &owner, err));
    COF_TRY(find_owner(contract, owner, &index, err));
    COF_TRY(read_signature(consent, signature, err));
    COF_TRY(signed_bytes(contract, owner, &bytes, err));
    COF_TRY(cof_ec_verify(contract->owners[index].sign, cof_buf_view(&bytes), signature, err));
    *out_owner = index;
    return COF_OK;
}

cof_status cof_consent_verify_all(const cof_view *texts, size_t count, const cof_contract *contract,
                                  cof_err *err)
{
    bool has_consented[COF_LIMIT_OWNERS] = {false};
    for (size_t i = 0; i < count; i++) {
        size_t owner = 0;
        const cof_status status = cof_consent_verify(texts[i], contract, &owner, err);
        if (status != COF_OK) {
            cof_err_context(err, "consent %zu", i);
            return status;
        }
        has_consented[owner] = true;
    }
    for (size_t i = 0; i < contract->owner_count; i++) {
        if (!has_consented[i]) {
            return COF_FAIL(err, CONSENT_MISSING, "\"%s\" has not consented",
                            contract->owners[i].name);
        }
    }
    return COF_OK;
}
