#include "relying/policy/lint.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "relying/policy/lint_internal.h"

enum { TEXT_BYTES = 400 };

cof_status cof_lint_new(json_t **out_findings, cof_err *err)
{
    json_t *findings = json_array();
    if (findings == NULL) {
        return COF_FAIL(err, NO_MEMORY, "findings");
    }
    *out_findings = findings;
    return COF_OK;
}

cof_status cof_lint_add(json_t *findings, const char *code, cof_lint_severity severity,
                        const char *where, cof_err *err, const char *format, ...)
{
    static const char *const names[] = {"info", "warning", "error"};
    char text[TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    /* A long name from the policy may have been cut inside a character. */
    for (char *c = text; *c != '\0'; c++) {
        *c = (unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7f ? *c : '?';
    }
    COF_JSON json_t *finding = json_object();
    COF_TRY(cof_json_set(finding, "code", json_string(code), err));
    COF_TRY(cof_json_set(finding, "severity", json_string(names[severity]), err));
    COF_TRY(cof_json_set(finding, "where", json_string(where), err));
    COF_TRY(cof_json_set(finding, "text", json_string(text), err));
    return cof_json_append(findings, json_incref(finding), err);
}

bool cof_lint_has_errors(const json_t *findings)
{
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *severity = json_object_get(json_array_get(findings, i), "severity");
        if (strcmp(json_string_value(severity), "error") == 0) {
            return true;
        }
    }
    return false;
}

/* Claims whose being false (or true) rules debugging out. */
static const struct {
    const char *claim;
    bool value;
} debug_claims[] = {
    {"x-ms-sgx-is-debuggable", false},        {"is-debuggable", false},
    {"x-ms-sevsnpvm-is-debuggable", false},   {"tdx_td_attributes_debug", false},
    {"x-ms-azurevm-debuggersdisabled", true},
};

static const struct {
    const char *claim;
    unsigned fact;
} value_claims[] = {
    {"x-ms-sgx-mrenclave", COF_FACT_MEASURED},
    {"sgx-mrenclave", COF_FACT_MEASURED},
    {"x-ms-sevsnpvm-launchmeasurement", COF_FACT_MEASURED},
    {"tdx_mrtd", COF_FACT_MEASURED},
    {"x-ms-sgx-mrsigner", COF_FACT_SIGNER},
    {"sgx-mrsigner", COF_FACT_SIGNER},
    {"x-ms-sgx-product-id", COF_FACT_PRODUCT},
    {"product-id", COF_FACT_PRODUCT},
    {"x-ms-sevsnpvm-hostdata", COF_FACT_HOST_DATA},
    {"x-ms-policy-hash", COF_FACT_POLICY_PINNED},
};

/* Claims of which a bound says something of the TCB. */
static const char *const tcb_claims[] = {
    "attester_tcb_status",
    "coffer-tcb-status",
    "coffer-tcb-evaluation-data-number",
    "tdx_tee_tcb_svn",
    "x-ms-sevsnpvm-bootloader-svn",
    "x-ms-sevsnpvm-microcode-svn",
    "x-ms-sevsnpvm-snpfw-svn",
    "x-ms-sevsnpvm-tee-svn",
};

/* "0" and "false" are what some writers of release policies have for booleans. */
static bool is_bool(const json_t *value, bool wanted)
{
    if (json_is_string(value)) {
        return strcasecmp(json_string_value(value), wanted ? "true" : "false") == 0;
    }
    return json_is_boolean(value) && json_is_true(value) == wanted;
}

static bool is_text(const json_t *value, const char *wanted)
{
    return json_is_string(value) && strcasecmp(json_string_value(value), wanted) == 0;
}

static unsigned debug_fact(const char *claim, const json_t *value)
{
    for (size_t i = 0; i < sizeof debug_claims / sizeof debug_claims[0]; i++) {
        if (strcmp(claim, debug_claims[i].claim) == 0) {
            return is_bool(value, debug_claims[i].value) ? COF_FACT_NOT_DEBUG : 0;
        }
    }
    if (strcmp(claim, "dbgstat") == 0) {
        return is_text(value, "disabled") ? COF_FACT_NOT_DEBUG : 0;
    }
    return 0;
}

static unsigned named_fact(const char *claim, const json_t *value)
{
    if (strcmp(claim, "x-ms-compliance-status") == 0) {
        return (is_text(value, "azure-compliant-cvm") ? COF_FACT_COMPLIANT : 0U) |
               (is_text(value, "azure-compliant-uvm") ? COF_FACT_COMPLIANT | COF_FACT_UTILITY_VM
                                                      : 0U);
    }
    if (strcmp(claim, "coffer-platform") == 0 && value != NULL) {
        return is_text(value, "simulated") ? COF_FACT_SIMULATED : COF_FACT_REAL;
    }
    /* Values of PCRs have no claims of Azure's own: policies add them under names of theirs. */
    return value != NULL && strcasestr(claim, "pcr") != NULL ? COF_FACT_MEASURED : 0;
}

unsigned cof_lint_fact(const char *claim, const json_t *value)
{
    for (size_t i = 0; i < sizeof tcb_claims / sizeof tcb_claims[0]; i++) {
        if (strcmp(claim, tcb_claims[i]) == 0) {
            return COF_FACT_TCB;
        }
    }
    for (size_t i = 0; value != NULL && i < sizeof value_claims / sizeof value_claims[0]; i++) {
        if (strcmp(claim, value_claims[i].claim) == 0) {
            return value_claims[i].fact;
        }
    }
    return debug_fact(claim, value) | named_fact(claim, value);
}

unsigned cof_lint_closed(unsigned facts)
{
    const unsigned signed_program = COF_FACT_SIGNER | COF_FACT_PRODUCT;
    const unsigned container = COF_FACT_HOST_DATA | COF_FACT_UTILITY_VM;
    if ((facts & signed_program) == signed_program || (facts & container) == container) {
        facts |= COF_FACT_MEASURED;
    }
    return facts;
}

bool cof_lint_is_service_claim(const char *claim)
{
    return strncmp(claim, "x-ms-", 5) == 0 || strncmp(claim, "tdx_", 4) == 0 ||
           strncmp(claim, "coffer-", 7) == 0 || strcmp(claim, "attester_tcb_status") == 0 ||
           strcmp(claim, "dbgstat") == 0 || strcmp(claim, "secureboot") == 0;
}
