#include "relying/verify/azure/azure_cvm.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "relying/verify/azure/td_report.h"
#include "relying/verify/azure/tpm_key.h"
#include "relying/verify/hardware.h"
#include "relying/verify/pem.h"
#include "tcb/wire/text.h"

enum {
    HASH_SIZE_MAX = 64,
    HEX_64_SIZE = 2 * COF_REPORT_DATA_SIZE + 1,
    DER_HEAD_SIZE = 4,
    DER_SEQUENCE = 0x30,
    DER_TWO_BYTE_SIZE = 0x82
};

/* The evidence taken apart, and all that one verification gathers. */
typedef struct verification {
    const cof_azure_evidence *evidence;
    const cof_evidence_input *input;
    cof_checks *checks;
    bool is_tdx;
    cof_hcl_hash hash;
    cof_view snp_report;
    cof_view td_report; /* may be empty */
    cof_view claims;
    cof_facts facts;
} verification;

/* Adds a check for a step that gave status, and makes that the evidence's. */
static cof_status record(const verification *v, const char *name, const char *expected,
                         const char *actual, cof_status status, cof_err *err)
{
    (void)cof_check_add(v->checks, name, status == COF_OK, expected, "%s",
                        status == COF_OK ? actual : err->detail);
    return cof_hardware_as_invalid(status, err);
}

static cof_status take_hcl_report(verification *v, cof_err *err)
{
    cof_hcl_report report = {0};
    COF_TRY(cof_hcl_report_parse(cof_buf_view(&v->evidence->hcl_report), &report, err));
    v->is_tdx = report.type == COF_HCL_TDX;
    v->hash = report.hash;
    v->claims = report.claims;
    if (v->is_tdx) {
        v->td_report = report.hardware;
    } else {
        v->snp_report = report.hardware;
    }
    return COF_OK;
}

/* An AttestationInfo has the claims and either an SNP report or a TD quote. */
static void take_parts(verification *v)
{
    v->is_tdx = v->evidence->td_quote.size > 0;
    v->hash = COF_HCL_SHA256;
    v->claims = cof_buf_view(&v->evidence->claims);
    v->snp_report = cof_buf_view(&v->evidence->snp_report);
}

/* What belongs to other hardware has no place here: nobody would look at it. */
static cof_status check_parts(const verification *v, cof_err *err)
{
    const cof_azure_evidence *evidence = v->evidence;
    if (v->is_tdx && evidence->td_quote.size == 0) {
        return COF_FAIL(err, BAD_FORMAT, "the quote of the TDREPORT is missing");
    }
    if (v->is_tdx &&
        (evidence->snp_report.size > 0 || evidence->leaf.size > 0 || evidence->chain.size > 0)) {
        return COF_FAIL(err, BAD_FORMAT, "an SNP report or certificates beside a TD quote");
    }
    if (!v->is_tdx && (evidence->td_quote.size > 0 || v->snp_report.size == 0)) {
        return COF_FAIL(err, BAD_FORMAT, "a TD quote beside an SNP report, or neither");
    }
    return COF_OK;
}

static cof_status take_apart(verification *v, cof_err *err)
{
    const cof_azure_evidence *evidence = v->evidence;
    if (evidence->hcl_report.size > 0) {
        if (evidence->claims.size > 0 || evidence->snp_report.size > 0) {
            return COF_FAIL(err, BAD_FORMAT, "an HCL report, and its parts apart as well");
        }
        COF_TRY(take_hcl_report(v, err));
    } else {
        take_parts(v);
    }
    return check_parts(v, err);
}

static cof_status check_structure(verification *v, cof_err *err)
{
    const cof_status status = take_apart(v, err);
    cof_checks_from(v->checks, "HCL report");
    return record(v, "evidence.hcl_report", "an HCL report with the evidence of its hardware",
                  v->is_tdx ? "TDX" : "SEV-SNP", status, err);
}

static cof_status fill_brought(const cof_azure_evidence *evidence, cof_collateral *out,
                               cof_err *err)
{
    if (evidence->leaf.size > 0) {
        COF_TRY(
            cof_collateral_set(out, COF_COLLATERAL_AMD_LEAF, cof_buf_view(&evidence->leaf), err));
    }
    return evidence->chain.size == 0 ? COF_OK
                                     : cof_collateral_set(out, COF_COLLATERAL_AMD_CHAIN,
                                                          cof_buf_view(&evidence->chain), err);
}

static cof_status verify_hardware(verification *v, cof_err *err)
{
    const cof_tee expected = v->is_tdx ? COF_TEE_TDX : COF_TEE_SEV_SNP;
    if (v->is_tdx) {
        COF_TRY(cof_hardware_verify_quote(cof_buf_view(&v->evidence->td_quote), v->input, &v->facts,
                                          v->checks, err));
    } else {
        COF_CLEANUP(cof_collateral_free) cof_collateral brought = {0};
        COF_TRY(fill_brought(v->evidence, &brought, err));
        COF_TRY(
            cof_hardware_verify_snp(v->snp_report, &brought, v->input, &v->facts, v->checks, err));
    }
    /* An SGX enclave, or a simulated platform, is no machine under a paravisor. */
    cof_checks_from(v->checks, v->is_tdx ? "TD quote" : "SNP report");
    if (!cof_check_add(v->checks, "evidence.hardware", v->facts.tee == expected,
                       cof_tee_name(expected), "%s", cof_tee_name(v->facts.tee))) {
        return COF_FAIL(err, EVIDENCE_UNTRUSTED, "hardware %s, expected %s",
                        cof_tee_name(v->facts.tee), cof_tee_name(expected));
    }
    return COF_OK;
}

/* A TDREPORT is authenticated on its machine only. That it is of the TD that was quoted shows that
 * the paravisor's report and the quote belong together. */
static cof_status check_td_report(verification *v, cof_err *err)
{
    if (v->td_report.size == 0) {
        return COF_OK;
    }
    cof_checks_from(v->checks, "TDREPORT");
    return record(v, "evidence.td_report", "the TD that was quoted", "the same in all members",
                  cof_td_report_check(v->td_report, &v->facts.td, err), err);
}

static const EVP_MD *hash_of(cof_hcl_hash hash)
{
    switch (hash) {
    case COF_HCL_SHA256:
        return EVP_sha256();
    case COF_HCL_SHA384:
        return EVP_sha384();
    case COF_HCL_SHA512:
        return EVP_sha512();
    }
    return NULL;
}

/* All 64 bytes are compared: the hash, then zeros. */
static cof_status check_claims_binding(verification *v, cof_err *err)
{
    uint8_t expected[HASH_SIZE_MAX] = {0};
    char expected_text[HEX_64_SIZE];
    char actual_text[HEX_64_SIZE];
    unsigned size = 0;
    if (EVP_Digest(v->claims.data, v->claims.size, expected, &size, hash_of(v->hash), NULL) != 1) {
        ERR_clear_error();
        return COF_FAIL(err, CRYPTO, "hashing the claims");
    }
    cof_hex_text(cof_view_of(expected, sizeof expected), expected_text);
    cof_hex_text(cof_view_of(v->facts.report_data, sizeof v->facts.report_data), actual_text);
    cof_checks_from(v->checks, v->is_tdx ? "TD quote" : "SNP report");
    if (!cof_check_add(v->checks, "evidence.claims_binding",
                       memcmp(expected, v->facts.report_data, sizeof expected) == 0, expected_text,
                       "%s", actual_text)) {
        return COF_FAIL(err, EVIDENCE_INVALID,
                        "the hardware report's data is not the hash of the claims");
    }
    return COF_OK;
}

static cof_status check_claims(verification *v, cof_err *err)
{
    cof_hcl_claims *claims = &v->facts.azure.claims;
    const cof_status status = cof_hcl_claims_parse(v->claims, claims, err);
    cof_checks_from(v->checks, "HCL claims");
    return record(v, "evidence.claims", "claims with one RSA-2048 key HCLAkPub",
                  claims->vm_id[0] != '\0' ? claims->vm_id : "yes", status, err);
}

static cof_status check_quote(verification *v, cof_err *err)
{
    const cof_view quote = cof_buf_view(&v->evidence->quote);
    cof_tpm_quote *parsed = &v->facts.azure.quote;
    char actual[COF_CHECK_TEXT_SIZE];
    cof_checks_from(v->checks, "TPM quote");
    const cof_status status = cof_tpm_quote_parse(quote, parsed, err);
    (void)snprintf(actual, sizeof actual, "%zu bytes of extra data, reset count %u",
                   parsed->extra_size, (unsigned)parsed->reset_count);
    COF_TRY(record(v, "evidence.tpm_quote", "a quote made by a TPM, over the SHA-256 bank", actual,
                   status, err));
    return record(v, "evidence.tpm_signature", "quote signed by HCLAkPub", "yes",
                  cof_tpm_verify(v->facts.azure.claims.ak_modulus, quote,
                                 cof_buf_view(&v->evidence->signature), err),
                  err);
}

static cof_status check_pcrs(verification *v, cof_err *err)
{
    const cof_tpm_quote *quote = &v->facts.azure.quote;
    const cof_pcrs *pcrs = &v->evidence->pcrs;
    char expected[COF_CHECK_TEXT_SIZE];
    (void)snprintf(expected, sizeof expected, "the PCRs with values: mask 0x%06x",
                   (unsigned)pcrs->mask);
    if (!cof_check_add(v->checks, "evidence.pcr_selection", quote->pcr_mask == pcrs->mask, expected,
                       "mask 0x%06x", (unsigned)quote->pcr_mask)) {
        return COF_FAIL(err, EVIDENCE_INVALID,
                        "the quote selects other PCRs than there are values");
    }
    cof_digest_text(&quote->pcr_digest, expected);
    COF_TRY(record(v, "evidence.pcr_digest", expected, expected,
                   cof_tpm_quote_check_pcrs(quote, pcrs, err), err));
    v->facts.azure.pcrs = *pcrs;
    return COF_OK;
}

/* The NV index is larger than the certificate: zeros fill it. */
static cof_status cut_der(cof_view bytes, cof_view *out, cof_err *err)
{
    size_t size = 0;
    if (bytes.size > DER_HEAD_SIZE && bytes.data[0] == DER_SEQUENCE &&
        bytes.data[1] == DER_TWO_BYTE_SIZE) {
        size = DER_HEAD_SIZE + ((size_t)bytes.data[2] << 8 | bytes.data[3]);
    }
    if (size == 0 || size > bytes.size) {
        return COF_FAIL(err, BAD_FORMAT, "the AK certificate is not in DER form");
    }
    for (size_t i = size; i < bytes.size; i++) {
        if (bytes.data[i] != 0) {
            return COF_FAIL(err, BAD_FORMAT, "what follows the AK certificate is not zero");
        }
    }
    *out = cof_view_of(bytes.data, size);
    return COF_OK;
}

static cof_status compare_ak(const verification *v, cof_err *err)
{
    cof_view der = {0};
    uint8_t modulus[COF_RSA_2048_SIZE];
    BIGNUM *n = NULL;
    BIGNUM *e = NULL;
    COF_CLEANUP(cof_x509_drop_) X509 *certificate = NULL;
    COF_TRY(cut_der(cof_buf_view(&v->evidence->ak_certificate), &der, err));
    COF_TRY(cof_certificate_parse(der, &certificate, err));
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    const bool is_same = key != NULL && EVP_PKEY_is_a(key, "RSA") &&
                         EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
                         EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
                         BN_is_word(e, 65537) == 1 &&
                         BN_bn2binpad(n, modulus, COF_RSA_2048_SIZE) == COF_RSA_2048_SIZE &&
                         memcmp(modulus, v->facts.azure.claims.ak_modulus, sizeof modulus) == 0;
    BN_free(n);
    BN_free(e);
    ERR_clear_error();
    return is_same ? COF_OK
                   : COF_FAIL(err, EVIDENCE_INVALID, "the AK certificate is of another key");
}

static cof_status check_ak_certificate(verification *v, cof_err *err)
{
    if (v->evidence->ak_certificate.size == 0) {
        return COF_OK;
    }
    cof_checks_from(v->checks, "AK certificate");
    COF_TRY(record(v, "evidence.ak_certificate", "the key HCLAkPub", "the same key",
                   compare_ak(v, err), err));
    v->facts.azure.has_ak_certificate = true;
    return COF_OK;
}

static cof_status verify_encryption_key(verification *v, cof_err *err)
{
    const cof_azure_evidence *evidence = v->evidence;
    const cof_view certify = cof_buf_view(&evidence->encryption_certify);
    cof_tpm_decryption_key key = {0};
    cof_digest name = {0};
    COF_TRY(cof_tpm_decryption_key_parse(cof_buf_view(&evidence->encryption_key), &key, err));
    COF_TRY(cof_tpm_certify_parse(certify, &name, err));
    COF_TRY(cof_tpm_verify(v->facts.azure.claims.ak_modulus, certify,
                           cof_buf_view(&evidence->encryption_signature), err));
    if (!cof_digest_equal(&name, &key.name)) {
        return COF_FAIL(err, EVIDENCE_INVALID, "another key was certified");
    }
    memcpy(v->facts.azure.encryption_modulus, key.modulus, sizeof key.modulus);
    return COF_OK;
}

static cof_status check_encryption_key(verification *v, cof_err *err)
{
    const cof_azure_evidence *evidence = v->evidence;
    if (evidence->encryption_key.size == 0 && evidence->encryption_certify.size == 0 &&
        evidence->encryption_signature.size == 0) {
        return COF_OK;
    }
    cof_checks_from(v->checks, "TPM key certification");
    COF_TRY(record(v, "evidence.encryption_key", "a decryption key certified by HCLAkPub", "yes",
                   verify_encryption_key(v, err), err));
    v->facts.azure.has_encryption_key = true;
    return COF_OK;
}

static cof_status verify_all(verification *v, cof_err *err)
{
    COF_TRY(check_structure(v, err));
    COF_TRY(verify_hardware(v, err));
    COF_TRY(check_td_report(v, err));
    COF_TRY(check_claims_binding(v, err));
    COF_TRY(check_claims(v, err));
    COF_TRY(check_quote(v, err));
    COF_TRY(check_pcrs(v, err));
    COF_TRY(check_ak_certificate(v, err));
    return check_encryption_key(v, err);
}

cof_status cof_azure_cvm_verify(const cof_azure_evidence *evidence, const cof_evidence_input *input,
                                cof_facts *out_facts, cof_checks *checks, cof_err *err)
{
    cof_err local = {0};
    if (err == NULL) {
        err = &local;
    }
    verification v = {.evidence = evidence, .input = input, .checks = checks};
    COF_TRY(verify_all(&v, err));
    COF_TRY(cof_digest_of(input->evidence, &v.facts.evidence_digest, err));
    v.facts.hardware = v.facts.tee;
    v.facts.tee = COF_TEE_AZURE_CVM;
    memset(v.facts.report_data, 0, sizeof v.facts.report_data);
    memcpy(v.facts.report_data, v.facts.azure.quote.extra, v.facts.azure.quote.extra_size);
    *out_facts = v.facts;
    return COF_OK;
}

static cof_status read_need(const cof_azure_evidence *evidence, cof_collateral_need *out,
                            cof_err *err)
{
    const cof_evidence_input none = {0};
    verification v = {.evidence = evidence, .input = &none};
    COF_CLEANUP(cof_collateral_free) cof_collateral brought = {0};
    COF_TRY(take_apart(&v, err));
    if (v.is_tdx) {
        return cof_hardware_need_quote(cof_buf_view(&evidence->td_quote), out, err);
    }
    COF_TRY(fill_brought(evidence, &brought, err));
    return cof_hardware_need_snp(v.snp_report, &brought, out, err);
}

cof_status cof_azure_evidence_need(const cof_azure_evidence *evidence, cof_collateral_need *out,
                                   cof_err *err)
{
    return cof_hardware_as_invalid(read_need(evidence, out, err), err);
}
