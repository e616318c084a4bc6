#include "relying/verify/evidence.h"

#include "relying/verify/amd/snp.h"
#include "relying/verify/azure/azure_cvm.h"
#include "relying/verify/hardware.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/reader.h"

enum {
    KEY_TYPE_ECDSA_P256 = 2,
    TEE_TYPE_TDX = 0x81,
    BODY_TYPE_SGX = 1,
    OPEN_ENCLAVE_VERSION = 1,
    OPEN_ENCLAVE_REMOTE = 2,
    VERSION_5_HEAD = COF_QUOTE_HEADER_SIZE + 2
};

/* By what only one form has; whether the rest is in order is for its reader to say. Fails only for
 * want of memory. */
static cof_status detect_json(cof_view bytes, cof_evidence_form *out, cof_err *err)
{
    COF_JSON json_t *object = NULL;
    const cof_status status = cof_json_parse(bytes, COF_EVIDENCE_MAX, &object, err);
    if (status == COF_E_NO_MEMORY) {
        return status;
    }
    if (json_object_get(object, "SnpReport") != NULL) {
        *out = COF_EVIDENCE_SNP_JSON;
    } else if (json_object_get(object, "hcl_report") != NULL ||
               (json_object_get(object, "report") != NULL &&
                json_object_get(object, "quote") != NULL)) {
        *out = COF_EVIDENCE_AZURE_CVM;
    } else {
        *out = COF_EVIDENCE_UNKNOWN;
    }
    return COF_OK;
}

static bool is_json(cof_view bytes)
{
    size_t at = 0;
    while (at < bytes.size && (bytes.data[at] == ' ' || bytes.data[at] == '\n' ||
                               bytes.data[at] == '\r' || bytes.data[at] == '\t')) {
        at++;
    }
    return at < bytes.size && bytes.data[at] == '{';
}

/* A quote of version 4 or 5 is SGX's or TDX's. */
static cof_evidence_form detect_quote(cof_view bytes, uint32_t version, uint32_t tee_type)
{
    uint16_t body_type = 0;
    if (version == 3) {
        return COF_EVIDENCE_SGX_QUOTE;
    }
    if (version == 4) {
        return tee_type == TEE_TYPE_TDX ? COF_EVIDENCE_TDX_QUOTE : COF_EVIDENCE_SGX_QUOTE;
    }
    if (bytes.size < VERSION_5_HEAD) {
        return COF_EVIDENCE_UNKNOWN;
    }
    body_type =
        (uint16_t)(bytes.data[COF_QUOTE_HEADER_SIZE] | bytes.data[COF_QUOTE_HEADER_SIZE + 1] << 8);
    return body_type == BODY_TYPE_SGX ? COF_EVIDENCE_SGX_QUOTE : COF_EVIDENCE_TDX_QUOTE;
}

static cof_evidence_form detect_binary(cof_view evidence)
{
    cof_reader reader = cof_reader_of(evidence);
    uint32_t first = 0;
    uint32_t second = 0;
    if (cof_read_u32le(&reader, &first, NULL) != COF_OK ||
        cof_read_u32le(&reader, &second, NULL) != COF_OK) {
        return COF_EVIDENCE_UNKNOWN;
    }
    if (first == OPEN_ENCLAVE_VERSION && second == OPEN_ENCLAVE_REMOTE) {
        return COF_EVIDENCE_OPEN_ENCLAVE;
    }
    /* A report's version fills four bytes; a quote's two, and its key type the other two. */
    if ((first >= 2 && first <= 5) || (first == 0 && second == COF_SNP_REPORT_SIZE)) {
        return COF_EVIDENCE_SNP_REPORT;
    }
    const uint32_t version = first & 0xffff;
    if (first >> 16 == KEY_TYPE_ECDSA_P256 && version >= 3 && version <= 5) {
        return detect_quote(evidence, version, second);
    }
    return COF_EVIDENCE_UNKNOWN;
}

static cof_status detect(cof_view evidence, cof_evidence_form *out, cof_err *err)
{
    if (evidence.size > COF_EVIDENCE_MAX) {
        *out = COF_EVIDENCE_UNKNOWN;
        return COF_OK;
    }
    if (is_json(evidence)) {
        return detect_json(evidence, out, err);
    }
    *out = detect_binary(evidence);
    return COF_OK;
}

cof_evidence_form cof_evidence_detect(cof_view evidence)
{
    cof_evidence_form form = COF_EVIDENCE_UNKNOWN;
    return detect(evidence, &form, NULL) == COF_OK ? form : COF_EVIDENCE_UNKNOWN;
}

static cof_status fail_unknown(cof_view evidence, cof_err *err)
{
    return COF_FAIL(err, EVIDENCE_INVALID, "%zu bytes that are evidence of no known form",
                    evidence.size);
}

static cof_status need_snp(cof_view bytes, bool is_json_form, cof_collateral_need *out,
                           cof_err *err)
{
    COF_CLEANUP(cof_collateral_free) cof_collateral brought = {0};
    COF_CLEANUP(cof_buf_free) cof_buf copy = {.limit = COF_SNP_REPORT_SIZE};
    cof_view report = {0};
    if (is_json_form) {
        COF_TRY(cof_snp_json_split(bytes, &copy, &brought, err));
        report = cof_buf_view(&copy);
    } else {
        COF_TRY(cof_snp_evidence_split(bytes, &report, &brought, err));
    }
    return cof_hardware_need_snp(report, &brought, out, err);
}

static cof_status need_azure(cof_view json, cof_collateral_need *out, cof_err *err)
{
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence parts = {0};
    COF_TRY(cof_azure_evidence_parse(json, &parts, err));
    return cof_azure_evidence_need(&parts, out, err);
}

static cof_status need_open_enclave(cof_view bytes, cof_collateral_need *out, cof_err *err)
{
    cof_view quote = {0};
    COF_TRY(cof_open_enclave_unwrap(bytes, &quote, err));
    return cof_hardware_need_quote(quote, out, err);
}

cof_status cof_evidence_need(cof_view evidence, cof_collateral_need *out, cof_err *err)
{
    cof_evidence_form form = COF_EVIDENCE_UNKNOWN;
    COF_TRY(detect(evidence, &form, err));
    switch (form) {
    case COF_EVIDENCE_SGX_QUOTE:
    case COF_EVIDENCE_TDX_QUOTE:
        return cof_hardware_need_quote(evidence, out, err);
    case COF_EVIDENCE_OPEN_ENCLAVE:
        return cof_hardware_as_invalid(need_open_enclave(evidence, out, err), err);
    case COF_EVIDENCE_SNP_REPORT:
        return cof_hardware_as_invalid(need_snp(evidence, false, out, err), err);
    case COF_EVIDENCE_SNP_JSON:
        return cof_hardware_as_invalid(need_snp(evidence, true, out, err), err);
    case COF_EVIDENCE_AZURE_CVM:
        return cof_hardware_as_invalid(need_azure(evidence, out, err), err);
    case COF_EVIDENCE_UNKNOWN:
        break;
    }
    return fail_unknown(evidence, err);
}

/* Where a form's parts cannot be told apart, the check that failed is of its structure. */
static cof_status fail_structure(cof_checks *checks, const char *expected, cof_status status,
                                 cof_err *err)
{
    cof_checks_from(checks, "evidence");
    (void)cof_check_add(checks, "evidence.structure", false, expected, "%s", err->detail);
    return cof_hardware_as_invalid(status, err);
}

static cof_status verify_open_enclave(const cof_evidence_input *input, cof_facts *out_facts,
                                      cof_checks *checks, cof_err *err)
{
    cof_view quote = {0};
    const cof_status status = cof_open_enclave_unwrap(input->evidence, &quote, err);
    if (status != COF_OK) {
        return fail_structure(checks, "Open Enclave's header and a quote", status, err);
    }
    return cof_hardware_verify_quote(quote, input, out_facts, checks, err);
}

static cof_status verify_snp(const cof_evidence_input *input, bool is_json_form,
                             cof_facts *out_facts, cof_checks *checks, cof_err *err)
{
    COF_CLEANUP(cof_collateral_free) cof_collateral brought = {0};
    COF_CLEANUP(cof_buf_free) cof_buf copy = {.limit = COF_SNP_REPORT_SIZE};
    cof_view report = {0};
    const cof_status status = is_json_form
                                  ? cof_snp_json_split(input->evidence, &copy, &brought, err)
                                  : cof_snp_evidence_split(input->evidence, &report, &brought, err);
    if (status != COF_OK) {
        return fail_structure(checks, "an SNP report, and certificates", status, err);
    }
    return cof_hardware_verify_snp(is_json_form ? cof_buf_view(&copy) : report, &brought, input,
                                   out_facts, checks, err);
}

static cof_status verify_azure(const cof_evidence_input *input, cof_facts *out_facts,
                               cof_checks *checks, cof_err *err)
{
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence parts = {0};
    const cof_status status = cof_azure_evidence_parse(input->evidence, &parts, err);
    if (status != COF_OK) {
        return fail_structure(checks, "azure-cvm evidence", status, err);
    }
    return cof_azure_cvm_verify(&parts, input, out_facts, checks, err);
}

cof_status cof_evidence_verify(const cof_evidence_input *input, cof_facts *out_facts,
                               cof_checks *checks, cof_err *err)
{
    cof_err local = {0};
    if (err == NULL) {
        err = &local;
    }
    cof_evidence_form form = COF_EVIDENCE_UNKNOWN;
    COF_TRY(detect(input->evidence, &form, err));
    switch (form) {
    case COF_EVIDENCE_SGX_QUOTE:
    case COF_EVIDENCE_TDX_QUOTE:
        return cof_hardware_verify_quote(input->evidence, input, out_facts, checks, err);
    case COF_EVIDENCE_OPEN_ENCLAVE:
        return verify_open_enclave(input, out_facts, checks, err);
    case COF_EVIDENCE_SNP_REPORT:
        return verify_snp(input, false, out_facts, checks, err);
    case COF_EVIDENCE_SNP_JSON:
        return verify_snp(input, true, out_facts, checks, err);
    case COF_EVIDENCE_AZURE_CVM:
        return verify_azure(input, out_facts, checks, err);
    case COF_EVIDENCE_UNKNOWN:
        break;
    }
    return fail_structure(checks, "a quote, an SNP report or azure-cvm evidence",
                          fail_unknown(input->evidence, err), err);
}
