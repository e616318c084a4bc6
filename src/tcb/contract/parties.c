/* Who takes part: platforms, owners, recipients of the outputs. */
#include <string.h>

#include "tcb/contract/read.h"

/* Which program is accepted on a platform is for those to judge who look at its evidence
 * (relying/policy reads the other members, as strictly); the enclave only keeps the contract's
 * bytes. */
static cof_status read_accepted(const json_t *list, size_t i, cof_contract *contract, cof_err *err)
{
    const json_t *item = json_array_get(list, i);
    size_t type = 0;
    if (!json_is_object(item)) {
        return COF_FAIL(err, BAD_FORMAT, "not an object");
    }
    COF_TRY(cof_contract_read_choice(item, "type", &cof_names_platform, &type, err));
    for (size_t j = 0; j < i; j++) {
        if (contract->platforms[j] == (cof_contract_platform_type)type) {
            return COF_FAIL(err, BAD_FORMAT, "type: stands there twice");
        }
    }
    contract->platforms[i] = (cof_contract_platform_type)type;
    return COF_OK;
}

cof_status cof_contract_read_platform(const json_t *root, cof_contract *contract, cof_err *err)
{
    static const char *const keys[] = {"accept"};
    json_t *platform = NULL;
    json_t *list = NULL;
    COF_TRY(cof_contract_read_object(root, "platform", keys, COF_COUNT_OF(keys), &platform, err));
    COF_TRY(cof_contract_read_list(platform, "accept", 1, COF_CONTRACT_PLATFORMS, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const cof_status status = read_accepted(list, i, contract, err);
        if (status != COF_OK) {
            cof_err_context(err, "platform.accept[%zu]", i);
            return status;
        }
        contract->platform_count = i + 1;
    }
    return COF_OK;
}

/* A key must stand there in the one form that our own writer gives it: no members, zeros or bits
 * besides. */
static cof_status check_same_jwk(const json_t *given, const json_t *printed, const char *what,
                                 cof_err *err)
{
    if (!json_equal(given, printed)) {
        return COF_FAIL(err, BAD_FORMAT, "%s: not the shortest form of this key", what);
    }
    return COF_OK;
}

static cof_status read_sign_key(const json_t *item, cof_ec_key **out, cof_err *err)
{
    json_t *jwk = NULL;
    COF_JSON json_t *printed = NULL;
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
    COF_TRY(cof_json_get(item, "sign", JSON_OBJECT, &jwk, err));
    COF_TRY(cof_ec_from_jwk(jwk, &key, err));
    COF_TRY(cof_ec_to_jwk(key, &printed, err));
    COF_TRY(check_same_jwk(jwk, printed, "sign", err));
    *out = cof_ec_key_take(&key);
    return COF_OK;
}

static cof_status read_owner(const json_t *list, size_t i, cof_contract *contract, cof_err *err)
{
    static const char *const keys[] = {"name", "key", "sign"};
    cof_contract_owner *owner = &contract->owners[i];
    json_t *item = NULL;
    COF_TRY(cof_contract_read_item(list, i, keys, COF_COUNT_OF(keys), &item, err));
    COF_TRY(cof_contract_read_name(item, "name", &owner->name, err));
    COF_TRY(cof_json_get_text(item, "key", COF_CONTRACT_URL_BYTES, &owner->key, err));
    if (!cof_contract_is_key_url(owner->key)) {
        return COF_FAIL(err, BAD_FORMAT, "key: not https://host/keys/name/version");
    }
    for (size_t j = 0; j < i; j++) {
        if (strcmp(contract->owners[j].name, owner->name) == 0) {
            return COF_FAIL(err, BAD_FORMAT, "name: stands there twice");
        }
    }
    return read_sign_key(item, &owner->sign, err);
}

cof_status cof_contract_read_owners(const json_t *root, cof_contract *contract, cof_err *err)
{
    json_t *list = NULL;
    COF_TRY(cof_contract_read_list(root, "owners", 1, COF_LIMIT_OWNERS, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const cof_status status = read_owner(list, i, contract, err);
        if (status != COF_OK) {
            cof_err_context(err, "owners[%zu]", i);
            return status;
        }
        contract->owner_count = i + 1;
    }
    return COF_OK;
}

static cof_status read_result_key(const json_t *item, cof_rsa_key **out, cof_err *err)
{
    json_t *jwk = NULL;
    COF_JSON json_t *printed = NULL;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *key = NULL;
    COF_TRY(cof_json_get(item, "jwk", JSON_OBJECT, &jwk, err));
    COF_TRY(cof_rsa_from_jwk(jwk, &key, err));
    COF_TRY(cof_rsa_to_jwk(key, &printed, err));
    COF_TRY(check_same_jwk(jwk, printed, "jwk", err));
    *out = cof_rsa_key_take(&key);
    return COF_OK;
}

static cof_status read_recipient(const json_t *list, size_t i, cof_contract_output *output,
                                 cof_err *err)
{
    static const char *const keys[] = {"name", "kid", "jwk"};
    cof_contract_recipient *recipient = &output->recipients[i];
    json_t *item = NULL;
    COF_TRY(cof_contract_read_item(list, i, keys, COF_COUNT_OF(keys), &item, err));
    COF_TRY(cof_contract_read_name(item, "name", &recipient->name, err));
    COF_TRY(cof_json_get_text(item, "kid", COF_CONTRACT_URL_BYTES, &recipient->kid, err));
    if (!cof_contract_is_kid(recipient->kid)) {
        return COF_FAIL(err, BAD_FORMAT, "kid: not printable ASCII");
    }
    for (size_t j = 0; j < i; j++) {
        if (strcmp(output->recipients[j].name, recipient->name) == 0 ||
            strcmp(output->recipients[j].kid, recipient->kid) == 0) {
            return COF_FAIL(err, BAD_FORMAT, "name or kid: stands there twice");
        }
    }
    return read_result_key(item, &recipient->key, err);
}

static cof_status read_recipients(const json_t *item, cof_contract_output *output, cof_err *err)
{
    json_t *list = NULL;
    COF_TRY(cof_contract_read_list(item, "recipients", 1, COF_LIMIT_RECIPIENTS, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const cof_status status = read_recipient(list, i, output, err);
        if (status != COF_OK) {
            cof_err_context(err, "recipients[%zu]", i);
            return status;
        }
        output->recipient_count = i + 1;
    }
    return COF_OK;
}

static cof_status read_output(const json_t *list, size_t i, cof_contract *contract, cof_err *err)
{
    static const char *const keys[] = {"name", "format", "recipients"};
    cof_contract_output *output = &contract->outputs[i];
    json_t *item = NULL;
    size_t format = 0;
    COF_TRY(cof_contract_read_item(list, i, keys, COF_COUNT_OF(keys), &item, err));
    COF_TRY(cof_contract_read_name(item, "name", &output->name, err));
    COF_TRY(cof_contract_read_choice(item, "format", &cof_names_output_format, &format, err));
    output->format = (cof_contract_output_format)format;
    for (size_t j = 0; j < i; j++) {
        if (contract->outputs[j].format == output->format ||
            strcmp(contract->outputs[j].name, output->name) == 0) {
            return COF_FAIL(err, BAD_FORMAT, "name or format: stands there twice");
        }
    }
    return read_recipients(item, output, err);
}

cof_status cof_contract_read_outputs(const json_t *root, cof_contract *contract, cof_err *err)
{
    json_t *list = NULL;
    COF_TRY(cof_contract_read_list(root, "outputs", 1, COF_LIMIT_OUTPUTS, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const cof_status status = read_output(list, i, contract, err);
        if (status != COF_OK) {
            cof_err_context(err, "outputs[%zu]", i);
            return status;
        }
        contract->output_count = i + 1;
    }
    return COF_OK;
}
