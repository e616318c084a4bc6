#include "relying/verify/facts.h"

#include <string.h>

const char *cof_tee_name(cof_tee tee)
{
    switch (tee) {
    case COF_TEE_SIMULATED:
        return "simulated";
    case COF_TEE_SGX:
        return "sgx";
    case COF_TEE_TDX:
        return "tdx";
    case COF_TEE_SEV_SNP:
        return "sev-snp";
    case COF_TEE_AZURE_CVM:
        return "azure-cvm";
    case COF_TEE_NONE:
        break;
    }
    return "none";
}

static const char *const tcb_names[COF_TCB_STATUS_COUNT] = {
    [COF_TCB_UNRATED] = "Unrated",
    [COF_TCB_UP_TO_DATE] = "UpToDate",
    [COF_TCB_SW_HARDENING_NEEDED] = "SWHardeningNeeded",
    [COF_TCB_CONFIGURATION_NEEDED] = "ConfigurationNeeded",
    [COF_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED] = "ConfigurationAndSWHardeningNeeded",
    [COF_TCB_TD_RELAUNCH_ADVISED] = "TDRelaunchAdvised",
    [COF_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED] = "TDRelaunchAdvisedConfigurationNeeded",
    [COF_TCB_OUT_OF_DATE] = "OutOfDate",
    [COF_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED] = "OutOfDateConfigurationNeeded",
    [COF_TCB_REVOKED] = "Revoked",
};

const char *cof_tcb_status_name(cof_tcb_status status)
{
    const size_t index = (size_t)status;
    return index < COF_TCB_STATUS_COUNT ? tcb_names[index] : "?";
}

bool cof_tcb_status_from_name(cof_view name, cof_tcb_status *out)
{
    for (size_t i = COF_TCB_UP_TO_DATE; i < COF_TCB_STATUS_COUNT; i++) {
        if (cof_view_equal(name, cof_view_text(tcb_names[i]))) {
            *out = (cof_tcb_status)i;
            return true;
        }
    }
    return false;
}

static bool is_advisory_character(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

cof_status cof_advisories_add(cof_advisories *advisories, cof_view id, cof_err *err)
{
    char text[COF_ADVISORY_SIZE] = "";
    if (id.size == 0 || id.size >= sizeof text) {
        return COF_FAIL(err, LIMIT, "an advisory's id of %zu bytes", id.size);
    }
    for (size_t i = 0; i < id.size; i++) {
        if (!is_advisory_character(id.data[i])) {
            return COF_FAIL(err, BAD_FORMAT, "an advisory's id: byte %zu", i);
        }
    }
    memcpy(text, id.data, id.size);
    if (cof_advisories_has(advisories, text)) {
        return COF_OK;
    }
    if (advisories->count == COF_ADVISORIES_MAX) {
        return COF_FAIL(err, LIMIT, "more than %d advisories", COF_ADVISORIES_MAX);
    }
    memcpy(advisories->ids[advisories->count++], text, sizeof text);
    return COF_OK;
}

bool cof_advisories_has(const cof_advisories *advisories, const char *id)
{
    for (size_t i = 0; i < advisories->count; i++) {
        if (strcmp(advisories->ids[i], id) == 0) {
            return true;
        }
    }
    return false;
}
