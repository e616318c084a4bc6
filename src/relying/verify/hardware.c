#include "relying/verify/hardware.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "relying/verify/amd/snp.h"
#include "relying/verify/intel/dcap.h"
#include "relying/verify/pem.h"
#include "relying/verify/x509.h"

cof_status cof_hardware_as_invalid(cof_status status, cof_err *err)
{
    if (status == COF_OK || status == COF_E_NO_MEMORY) {
        return status;
    }
    if (err != NULL) {
        err->status = COF_E_EVIDENCE_INVALID;
    }
    return COF_E_EVIDENCE_INVALID;
}

static const cof_root_pin *intel_root(const cof_evidence_input *input)
{
    for (size_t i = 0; i < input->root_count; i++) {
        if (input->roots[i].family == COF_ROOT_INTEL) {
            return &input->roots[i];
        }
    }
    return NULL;
}

cof_status cof_hardware_verify_quote(cof_view quote, const cof_evidence_input *input,
                                     cof_facts *out_facts, cof_checks *checks, cof_err *err)
{
    COF_CLEANUP(cof_intel_collateral_drop_) cof_intel_collateral *opened = NULL;
    const cof_root_pin *root = intel_root(input);
    if (input->intel == NULL && input->collateral != NULL && root != NULL) {
        COF_TRY(cof_intel_collateral_new(input->collateral, root, &opened, err));
    }
    const cof_dcap_input dcap = {.quote = quote,
                                 .collateral = input->intel != NULL ? input->intel : opened,
                                 .roots = input->roots,
                                 .root_count = input->root_count,
                                 .now_unix_s = input->now_unix_s,
                                 .seen = input->seen};
    return cof_dcap_verify(&dcap, out_facts, checks, err);
}

/* Copies an item from the first that has it. */
static cof_status choose(const cof_collateral *first, const cof_collateral *second,
                         cof_collateral_item item, cof_collateral *out, cof_err *err)
{
    cof_view bytes = cof_collateral_view(first, item);
    if (bytes.size == 0) {
        bytes = cof_collateral_view(second, item);
    }
    return bytes.size == 0 ? COF_OK : cof_collateral_set(out, item, bytes, err);
}

cof_status cof_hardware_verify_snp(cof_view report, const cof_collateral *brought,
                                   const cof_evidence_input *input, cof_facts *out_facts,
                                   cof_checks *checks, cof_err *err)
{
    COF_CLEANUP(cof_collateral_free) cof_collateral merged = {0};
    COF_TRY(choose(input->collateral, brought, COF_COLLATERAL_AMD_LEAF, &merged, err));
    COF_TRY(choose(input->collateral, brought, COF_COLLATERAL_AMD_CHAIN, &merged, err));
    COF_TRY(choose(input->collateral, NULL, COF_COLLATERAL_AMD_CRL, &merged, err));
    const cof_snp_input snp = {.report = report,
                               .collateral = &merged,
                               .roots = input->roots,
                               .root_count = input->root_count,
                               .now_unix_s = input->now_unix_s,
                               .seen = input->seen};
    return cof_snp_verify(&snp, out_facts, checks, err);
}

/* The platform that the PCK certificate names. */
static cof_status read_platform(const X509 *leaf, cof_pck *out, cof_err *err)
{
    ASN1_OBJECT *object = OBJ_txt2obj("1.2.840.113741.1.13.1", 1);
    const int at = object == NULL ? -1 : X509_get_ext_by_OBJ(leaf, object, -1);
    ASN1_OBJECT_free(object);
    ERR_clear_error();
    if (at < 0) {
        return COF_FAIL(err, EVIDENCE_INVALID, "the PCK certificate has no SGX extension");
    }
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509_get_ext(leaf, at));
    const cof_view der =
        cof_view_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
    return cof_pck_parse(der, out, err);
}

static cof_status read_quote_need(cof_view bytes, cof_collateral_need *need, cof_err *err)
{
    cof_quote quote = {0};
    cof_pck pck = {0};
    COF_CLEANUP(cof_pem_chain_free) cof_pem_chain chain = {0};
    COF_TRY(cof_quote_parse(bytes, &quote, err));
    COF_TRY(cof_pem_chain_parse(quote.chain, &chain, err));
    if (cof_x509_has_common_name(chain.certificates[0], "SIMULATED PCK Certificate")) {
        need->hardware = COF_TEE_SIMULATED;
        return COF_OK;
    }
    COF_TRY(read_platform(chain.certificates[0], &pck, err));
    need->hardware = quote.kind == COF_QUOTE_TDX ? COF_TEE_TDX : COF_TEE_SGX;
    memcpy(need->fmspc, pck.fmspc, sizeof need->fmspc);
    need->is_platform_ca =
        cof_x509_has_common_name(chain.certificates[1], "Intel SGX PCK Platform CA");
    return COF_OK;
}

cof_status cof_hardware_need_quote(cof_view quote, cof_collateral_need *out, cof_err *err)
{
    cof_collateral_need need = {0};
    COF_TRY(cof_hardware_as_invalid(read_quote_need(quote, &need, err), err));
    *out = need;
    return COF_OK;
}

/* A report of version 2 does not say; a leaf's issuer does. */
static cof_snp_product product_of(const cof_collateral *brought)
{
    static const cof_snp_product products[] = {COF_SNP_MILAN, COF_SNP_GENOA, COF_SNP_TURIN};
    static const char *const issuers[][2] = {{"SEV-Milan", "SEV-VLEK-Milan"},
                                             {"SEV-Genoa", "SEV-VLEK-Genoa"},
                                             {"SEV-Turin", "SEV-VLEK-Turin"}};
    const cof_view leaf = cof_collateral_view(brought, COF_COLLATERAL_AMD_LEAF);
    cof_view rest = leaf;
    COF_CLEANUP(cof_x509_drop_) X509 *certificate = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = COF_CERTIFICATE_DER_MAX};
    const bool is_pem = leaf.size > 0 && leaf.data[0] == '-';
    if (is_pem && cof_pem_cut(&rest, &der, NULL) != COF_OK) {
        return COF_SNP_NONE;
    }
    if (cof_certificate_parse(is_pem ? cof_buf_view(&der) : leaf, &certificate, NULL) != COF_OK) {
        return COF_SNP_NONE;
    }
    char name[24];
    const int size = X509_NAME_get_text_by_NID(X509_get_issuer_name(certificate), NID_commonName,
                                               name, (int)sizeof name);
    ERR_clear_error();
    for (size_t i = 0; size > 0 && i < sizeof products / sizeof products[0]; i++) {
        if (strcmp(name, issuers[i][0]) == 0 || strcmp(name, issuers[i][1]) == 0) {
            return products[i];
        }
    }
    return COF_SNP_NONE;
}

cof_status cof_hardware_need_snp(cof_view bytes, const cof_collateral *brought,
                                 cof_collateral_need *out, cof_err *err)
{
    cof_snp_report report = {0};
    COF_TRY(cof_hardware_as_invalid(cof_snp_report_parse(bytes, &report, err), err));
    cof_collateral_need need = {
        .hardware = COF_TEE_SEV_SNP,
        .product = report.product,
        .reported_tcb = report.reported_tcb,
        .is_vlek = report.signer == COF_SNP_VLEK,
        .has_leaf = cof_collateral_view(brought, COF_COLLATERAL_AMD_LEAF).size > 0,
        .has_chain = cof_collateral_view(brought, COF_COLLATERAL_AMD_CHAIN).size > 0};
    memcpy(need.chip_id, report.chip_id, sizeof need.chip_id);
    if (need.product == COF_SNP_NONE && need.has_leaf) {
        need.product = product_of(brought);
    }
    *out = need;
    return COF_OK;
}
