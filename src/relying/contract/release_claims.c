/* What each kind of platform's token must say, and where an owner's values for it come from. */
#include <string.h>

#include "relying/contract/release_claims.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

const cof_accept *cof_release_accept(const cof_policy *policy, cof_tee tee)
{
    for (size_t i = 0; i < policy->count; i++) {
        if (policy->entries[i].tee == tee) {
            return &policy->entries[i];
        }
    }
    return NULL;
}

static bool has_text(const json_t *list, const char *text)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (strcmp(json_string_value(json_array_get(list, i)), text) == 0) {
            return true;
        }
    }
    return false;
}

static cof_status add_hex(json_t *list, const uint8_t *bytes, size_t size, cof_err *err)
{
    char text[COF_RELEASE_TEXT_SIZE];
    cof_hex_text(cof_view_of(bytes, size), text);
    return has_text(list, text) ? COF_OK : cof_json_append(list, json_string(text), err);
}

static cof_status add_measurements(const cof_accept *accept, json_t *list, cof_err *err)
{
    for (size_t i = 0; accept != NULL && i < accept->measurement_count; i++) {
        COF_TRY(
            add_hex(list, accept->measurements[i], cof_accept_measurement_size(accept->tee), err));
    }
    return COF_OK;
}

/* In the order of the contract. */
static cof_status enclaves(const cof_policy *policy, json_t *list, cof_err *err)
{
    for (size_t i = 0; i < policy->count; i++) {
        const cof_tee tee = policy->entries[i].tee;
        if (tee == COF_TEE_SIMULATED || tee == COF_TEE_SGX) {
            COF_TRY(add_measurements(&policy->entries[i], list, err));
        }
    }
    return COF_OK;
}

static cof_status signer(const cof_policy *policy, json_t *list, cof_err *err)
{
    const cof_accept *accept = cof_release_accept(policy, COF_TEE_SGX);
    return add_hex(list, accept->signer, sizeof accept->signer, err);
}

static cof_status product(const cof_policy *policy, json_t *list, cof_err *err)
{
    return cof_json_append(list, json_integer(cof_release_accept(policy, COF_TEE_SGX)->product),
                           err);
}

static cof_status svns(const cof_policy *policy, json_t *list, cof_err *err)
{
    const unsigned low = cof_release_accept(policy, COF_TEE_SGX)->minimum_svn;
    for (unsigned svn = low; svn < low + COF_RELEASE_SVNS && svn <= UINT16_MAX; svn++) {
        COF_TRY(cof_json_append(list, json_integer(svn), err));
    }
    return COF_OK;
}

static cof_status domains(const cof_policy *policy, json_t *list, cof_err *err)
{
    return add_measurements(cof_release_accept(policy, COF_TEE_TDX), list, err);
}

static cof_status add_rtmr(const cof_policy *policy, unsigned i, json_t *list, cof_err *err)
{
    const cof_accept *accept = cof_release_accept(policy, COF_TEE_TDX);
    return (accept->rtmr_mask >> i & 1U) == 0
               ? COF_OK
               : add_hex(list, accept->rtmrs[i], sizeof accept->rtmrs[i], err);
}

static cof_status rtmr0(const cof_policy *policy, json_t *list, cof_err *err)
{
    return add_rtmr(policy, 0, list, err);
}

static cof_status rtmr1(const cof_policy *policy, json_t *list, cof_err *err)
{
    return add_rtmr(policy, 1, list, err);
}

static cof_status rtmr2(const cof_policy *policy, json_t *list, cof_err *err)
{
    return add_rtmr(policy, 2, list, err);
}

static cof_status rtmr3(const cof_policy *policy, json_t *list, cof_err *err)
{
    return add_rtmr(policy, 3, list, err);
}

static cof_status statuses(const cof_policy *policy, json_t *list, cof_err *err)
{
    const cof_accept *accept = cof_release_accept(policy, COF_TEE_TDX);
    for (unsigned i = COF_TCB_UP_TO_DATE; i < COF_TCB_STATUS_COUNT; i++) {
        if ((accept->tcb.statuses >> i & 1U) != 0) {
            COF_TRY(
                cof_json_append(list, json_string(cof_tcb_status_name((cof_tcb_status)i)), err));
        }
    }
    return COF_OK;
}

static cof_status guests(const cof_policy *policy, json_t *list, cof_err *err)
{
    return add_measurements(cof_release_accept(policy, COF_TEE_SEV_SNP), list, err);
}

static cof_status host_data(const cof_policy *policy, json_t *list, cof_err *err)
{
    const cof_accept *accept = cof_release_accept(policy, COF_TEE_SEV_SNP);
    return accept->has_host_data ? add_hex(list, accept->host_data, sizeof accept->host_data, err)
                                 : COF_OK;
}

static cof_status id_keys(const cof_policy *policy, json_t *list, cof_err *err)
{
    const cof_accept *accept = cof_release_accept(policy, COF_TEE_SEV_SNP);
    for (size_t i = 0; i < accept->id_key_count; i++) {
        COF_TRY(add_hex(list, accept->id_keys[i], sizeof accept->id_keys[i], err));
    }
    return COF_OK;
}

static cof_status paravisors(const cof_policy *policy, json_t *list, cof_err *err)
{
    return add_measurements(cof_release_accept(policy, COF_TEE_AZURE_CVM), list, err);
}

#define TYPE(text_)                                                                                \
    {                                                                                              \
        .claim = "x-ms-attestation-type", .kind = COF_RELEASE_FIXED_TEXT, .text = (text_)          \
    }
#define FIXED(claim_, kind_)                                                                       \
    {                                                                                              \
        .claim = (claim_), .kind = (kind_)                                                         \
    }
#define HEX(claim_, kind_, size_, values_)                                                         \
    {                                                                                              \
        .claim = (claim_), .kind = (kind_), .size = (size_), .values = (values_)                   \
    }
#define CONTRACT  FIXED("x-ms-runtime.contract", COF_RELEASE_DIGEST)
#define TEE(name) "x-ms-isolation-tee." name

const cof_release_table cof_release_tables[] = {
    {.tee = COF_TEE_SGX,
     .count = 4,
     .conditions = {TYPE("sgx"), FIXED("x-ms-sgx-is-debuggable", COF_RELEASE_FIXED_FALSE),
                    HEX("x-ms-sgx-mrenclave", COF_RELEASE_ANY_HEX, 32, enclaves), CONTRACT}},
    {.tee = COF_TEE_SGX,
     .is_signer = true,
     .count = 6,
     .conditions = {TYPE("sgx"), FIXED("x-ms-sgx-is-debuggable", COF_RELEASE_FIXED_FALSE),
                    HEX("x-ms-sgx-mrsigner", COF_RELEASE_ONE_HEX, 32, signer),
                    HEX("x-ms-sgx-product-id", COF_RELEASE_ONE_INTEGER, 0, product),
                    HEX("x-ms-sgx-svn", COF_RELEASE_ANY_INTEGER, 0, svns), CONTRACT}},
    {.tee = COF_TEE_TDX,
     .count = 9,
     .conditions = {TYPE("tdxvm"), FIXED("tdx_td_attributes_debug", COF_RELEASE_FIXED_FALSE),
                    HEX("attester_tcb_status", COF_RELEASE_ANY_STATUS, 0, statuses),
                    HEX("tdx_mrtd", COF_RELEASE_ANY_HEX, 48, domains),
                    HEX("tdx_rtmr0", COF_RELEASE_OPTIONAL_HEX, 48, rtmr0),
                    HEX("tdx_rtmr1", COF_RELEASE_OPTIONAL_HEX, 48, rtmr1),
                    HEX("tdx_rtmr2", COF_RELEASE_OPTIONAL_HEX, 48, rtmr2),
                    HEX("tdx_rtmr3", COF_RELEASE_OPTIONAL_HEX, 48, rtmr3), CONTRACT}},
    {.tee = COF_TEE_SEV_SNP,
     .count = 8,
     .conditions = {TYPE("sevsnpvm"), FIXED("x-ms-sevsnpvm-is-debuggable", COF_RELEASE_FIXED_FALSE),
                    FIXED("x-ms-sevsnpvm-migration-allowed", COF_RELEASE_FIXED_FALSE),
                    FIXED("x-ms-sevsnpvm-vmpl", COF_RELEASE_FIXED_ZERO),
                    HEX("x-ms-sevsnpvm-launchmeasurement", COF_RELEASE_ANY_HEX, 48, guests),
                    HEX("x-ms-sevsnpvm-hostdata", COF_RELEASE_OPTIONAL_HEX, 32, host_data),
                    HEX("x-ms-sevsnpvm-idkeydigest", COF_RELEASE_OPTIONAL_ANY, 48, id_keys),
                    CONTRACT}},
    {.tee = COF_TEE_AZURE_CVM,
     .count = 7,
     .conditions = {TYPE("azurevm"),
                    {.claim = TEE("x-ms-attestation-type"),
                     .kind = COF_RELEASE_FIXED_TEXT,
                     .text = "sevsnpvm"},
                    FIXED(TEE("x-ms-sevsnpvm-is-debuggable"), COF_RELEASE_FIXED_FALSE),
                    FIXED(TEE("x-ms-sevsnpvm-migration-allowed"), COF_RELEASE_FIXED_FALSE),
                    HEX(TEE("x-ms-sevsnpvm-launchmeasurement"), COF_RELEASE_ANY_HEX, 48,
                        paravisors),
                    FIXED("secureboot", COF_RELEASE_FIXED_TRUE),
                    FIXED(TEE("x-ms-runtime.user-data"), COF_RELEASE_USER_DATA)}},
    {.tee = COF_TEE_AZURE_CVM,
     .count = 6,
     .conditions = {TYPE("azurevm"),
                    {.claim = TEE("x-ms-attestation-type"),
                     .kind = COF_RELEASE_FIXED_TEXT,
                     .text = "tdxvm"},
                    FIXED(TEE("tdx_td_attributes_debug"), COF_RELEASE_FIXED_FALSE),
                    HEX(TEE("tdx_mrtd"), COF_RELEASE_ANY_HEX, 48, paravisors),
                    FIXED("secureboot", COF_RELEASE_FIXED_TRUE),
                    FIXED(TEE("x-ms-runtime.user-data"), COF_RELEASE_USER_DATA)}},
};
const size_t cof_release_table_count = sizeof cof_release_tables / sizeof cof_release_tables[0];
