/*
 * Claims of an Azure virtual machine: what its vTPM quoted, and below it, in x-ms-isolation-tee,
 * the claims of the hardware. Claims that Azure reads from the boot log (debugging, signing,
 * key databases) are not made: the log is not looked at.
 */
#include "local/attest/claims_internal.h"

static cof_status make_hardware(const cof_facts *facts, const cof_guest_claims *guest, json_t **out,
                                cof_err *err)
{
    COF_JSON json_t *claims = json_object();
    if (claims == NULL) {
        return COF_FAIL(err, NO_MEMORY, "claims");
    }
    COF_TRY(facts->hardware == COF_TEE_SEV_SNP ? cof_claims_of_snp(claims, facts, err)
                                               : cof_claims_of_tdx(claims, facts, err));
    if (guest->hardware_runtime != NULL) {
        COF_TRY(cof_json_set(claims, "x-ms-runtime", json_deep_copy(guest->hardware_runtime), err));
    }
    *out = json_incref(claims);
    return COF_OK;
}

static cof_status add_system(json_t *claims, const cof_guest_claims *guest, cof_err *err)
{
    const char *const texts[][2] = {{"x-ms-azurevm-ostype", guest->os_type},
                                    {"x-ms-azurevm-osdistro", guest->os_distro},
                                    {"x-ms-azurevm-osbuild", guest->os_build}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i][1] != NULL) {
            COF_TRY(cof_claims_text(claims, texts[i][0], texts[i][1], err));
        }
    }
    COF_TRY(
        cof_json_set(claims, "x-ms-azurevm-osversion-major", json_integer(guest->os_major), err));
    return cof_json_set(claims, "x-ms-azurevm-osversion-minor", json_integer(guest->os_minor), err);
}

static cof_status add_pcrs(json_t *claims, uint32_t mask, cof_err *err)
{
    COF_JSON json_t *list = json_array();
    if (list == NULL) {
        return COF_FAIL(err, NO_MEMORY, "claims");
    }
    for (int i = 0; i < COF_PCR_COUNT; i++) {
        if ((mask >> i & 1) != 0) {
            COF_TRY(cof_json_append(list, json_integer(i), err));
        }
    }
    return cof_json_set(claims, "x-ms-azurevm-attested-pcrs", json_incref(list), err);
}

static cof_status add_runtime(json_t *claims, const cof_guest_claims *guest, cof_err *err)
{
    COF_JSON json_t *runtime = json_object();
    if (runtime == NULL) {
        return COF_FAIL(err, NO_MEMORY, "claims");
    }
    if (guest->client_payload != NULL) {
        COF_TRY(
            cof_json_set(runtime, "client-payload", json_deep_copy(guest->client_payload), err));
    }
    if (guest->encryption_key != NULL) {
        COF_TRY(cof_json_set(runtime, "keys",
                             json_pack("[o]", json_deep_copy(guest->encryption_key)), err));
    }
    return cof_json_set(claims, "x-ms-runtime", json_incref(runtime), err);
}

cof_status cof_claims_of_azure(json_t *claims, const cof_facts *facts,
                               const cof_guest_claims *guest, cof_err *err)
{
    json_t *hardware = NULL;
    const cof_azure_facts *azure = &facts->azure;
    COF_TRY(cof_claims_text(claims, "x-ms-attestation-type", "azurevm", err));
    COF_TRY(cof_claims_text(claims, "x-ms-azurevm-attestation-protocol-ver", "2.0", err));
    COF_TRY(cof_json_set(claims, "secureboot", json_boolean(azure->claims.is_secure_boot), err));
    if (azure->claims.vm_id[0] != '\0') {
        COF_TRY(cof_claims_text(claims, "x-ms-azurevm-vmid", azure->claims.vm_id, err));
    }
    COF_TRY(add_system(claims, guest, err));
    COF_TRY(add_pcrs(claims, azure->quote.pcr_mask, err));
    COF_TRY(make_hardware(facts, guest, &hardware, err));
    COF_TRY(cof_json_set(claims, "x-ms-isolation-tee", hardware, err));
    return add_runtime(claims, guest, err);
}
