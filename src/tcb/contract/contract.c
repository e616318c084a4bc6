#include "tcb/contract/contract.h"

#include <string.h>

#include "tcb/contract/read.h"

void cof_contract_free(cof_contract *contract)
{
    if (contract == NULL) {
        return;
    }
    for (size_t i = 0; i < COF_COUNT_OF(contract->owners); i++) {
        cof_ec_key_free(contract->owners[i].sign);
    }
    for (size_t i = 0; i < COF_COUNT_OF(contract->inputs); i++) {
        cof_schema_free(contract->inputs[i].schema);
    }
    for (size_t i = 0; i < COF_COUNT_OF(contract->outputs); i++) {
        for (size_t j = 0; j < COF_COUNT_OF(contract->outputs[i].recipients); j++) {
            cof_rsa_key_free(contract->outputs[i].recipients[j].key);
        }
    }
    json_decref(contract->json);
    free(contract);
}

bool cof_contract_is_expired(const cof_contract *contract, int64_t now_unix_s)
{
    return contract->limits.expires_unix_s <= now_unix_s;
}

static cof_status check_canonical(const json_t *json, cof_view text, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf printed = {0};
    cof_buf_init(&printed, COF_LIMIT_CONTRACT_BYTES);
    COF_TRY(cof_json_canonical(json, &printed, err));
    if (!cof_view_equal(cof_buf_view(&printed), text)) {
        return COF_FAIL(err, BAD_FORMAT, "not in the canonical form of RFC 8785");
    }
    return COF_OK;
}

static bool is_named(const cof_contract *contract, const char *authority)
{
    for (size_t i = 0; i < contract->other_authority_count; i++) {
        if (strcmp(contract->other_authorities[i], authority) == 0) {
            return true;
        }
    }
    return strcmp(contract->authority, authority) == 0;
}

/* Without others the member is not there: a contract has one text. */
static cof_status read_others(const json_t *attestation, cof_contract *contract, cof_err *err)
{
    json_t *list = NULL;
    if (json_object_get(attestation, "others") == NULL) {
        return COF_OK;
    }
    COF_TRY(cof_json_get(attestation, "others", JSON_ARRAY, &list, err));
    const size_t count = json_array_size(list);
    if (count < 1 || count > COF_CONTRACT_OTHER_AUTHORITIES) {
        return COF_FAIL(err, BAD_FORMAT, "attestation.others: not 1 to %d authorities",
                        COF_CONTRACT_OTHER_AUTHORITIES);
    }
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text == NULL || strlen(text) > COF_CONTRACT_URL_BYTES ||
            !cof_contract_is_authority(text) || is_named(contract, text)) {
            return COF_FAIL(err, BAD_FORMAT,
                            "attestation.others: not https://host[:port], or named twice");
        }
        contract->other_authorities[contract->other_authority_count++] = text;
    }
    return COF_OK;
}

static cof_status read_head(const json_t *root, cof_contract *contract, cof_err *err)
{
    static const char *const keys[] = {"coffer",   "name",    "purpose", "platform", "attestation",
                                       "owners",   "inputs",  "task",    "model",    "training",
                                       "disclose", "outputs", "limits"};
    static const char *const attestation_keys[] = {"authority", "others"};
    const char *version = NULL;
    json_t *attestation = NULL;
    COF_TRY(cof_json_get_text(root, "coffer", COF_LIMIT_NAME_BYTES, &version, err));
    if (strcmp(version, "contract/v1") != 0) {
        return COF_FAIL(err, BAD_VERSION, "coffer: not contract/v1");
    }
    COF_TRY(cof_json_only(root, keys, COF_COUNT_OF(keys), err));
    COF_TRY(cof_contract_read_name(root, "name", &contract->name, err));
    /* A character of UTF-8 has at most 4 bytes. */
    COF_TRY(cof_json_get_text(root, "purpose", (size_t)4 * COF_CONTRACT_PURPOSE_CHARACTERS,
                              &contract->purpose, err));
    if (!cof_contract_is_plain_text(contract->purpose, COF_CONTRACT_PURPOSE_CHARACTERS)) {
        return COF_FAIL(err, BAD_FORMAT, "purpose: not a plain text of 1 to %d characters",
                        COF_CONTRACT_PURPOSE_CHARACTERS);
    }
    COF_TRY(cof_contract_read_object(root, "attestation", attestation_keys,
                                     COF_COUNT_OF(attestation_keys), &attestation, err));
    COF_TRY(cof_json_get_text(attestation, "authority", COF_CONTRACT_URL_BYTES,
                              &contract->authority, err));
    if (!cof_contract_is_authority(contract->authority)) {
        return COF_FAIL(err, BAD_FORMAT, "attestation.authority: not https://host[:port]");
    }
    return read_others(attestation, contract, err);
}

static cof_status read_contract(cof_view text, cof_contract *contract, cof_err *err)
{
    COF_TRY(cof_json_parse(text, COF_LIMIT_CONTRACT_BYTES, &contract->json, err));
    const json_t *root = contract->json;
    if (!json_is_object(root)) {
        return COF_FAIL(err, BAD_FORMAT, "not an object");
    }
    COF_TRY(check_canonical(root, text, err));
    COF_TRY(read_head(root, contract, err));
    COF_TRY(cof_contract_read_platform(root, contract, err));
    COF_TRY(cof_contract_read_owners(root, contract, err));
    COF_TRY(cof_contract_read_inputs(root, contract, err));
    COF_TRY(cof_contract_read_model(root, contract, err));
    COF_TRY(cof_contract_read_training(root, contract, err));
    COF_TRY(cof_contract_read_disclose(root, contract, err));
    COF_TRY(cof_contract_read_outputs(root, contract, err));
    COF_TRY(cof_contract_read_limits(root, contract, err));
    return cof_digest_of(text, &contract->digest, err);
}

/* Whatever is wrong with the text, the answer is one: the contract is not valid. What is wrong with
 * the machine is not. */
static cof_status as_contract_status(cof_status status, cof_err *err)
{
    if (status == COF_OK || status == COF_E_NO_MEMORY || status == COF_E_CRYPTO ||
        status == COF_E_INTERNAL) {
        return status;
    }
    if (err != NULL) {
        err->status = COF_E_CONTRACT_INVALID;
    }
    return COF_E_CONTRACT_INVALID;
}

cof_status cof_contract_parse(cof_view text, cof_contract **out, cof_err *err)
{
    COF_CLEANUP(cof_contract_drop_) cof_contract *contract = calloc(1, sizeof *contract);
    if (contract == NULL) {
        return COF_FAIL(err, NO_MEMORY, "contract");
    }
    COF_TRY(as_contract_status(read_contract(text, contract, err), err));
    *out = cof_contract_take(&contract);
    return COF_OK;
}
