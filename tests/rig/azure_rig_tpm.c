/* What a TPM makes: quotes, certifications, and AttestationInfo around them. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <string.h>

#include "relying/verify/azure/tpm_attest.h"
#include "relying/verify/azure/tpm_key.h"
#include "rig/azure_rig_parts.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { TEXT_MAX = 256 * 1024 };

/* Big-endian. */
static cof_status put(cof_buf *out, uint64_t value, size_t size, cof_err *err)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    }
    return cof_buf_append(out, cof_view_of(bytes, size), err);
}

static cof_status put_name(cof_buf *out, const cof_digest *digest, cof_err *err)
{
    COF_TRY(put(out, COF_TPM_NAME_SIZE, 2, err));
    COF_TRY(put(out, COF_TPM_ALG_SHA256, 2, err));
    return cof_buf_append(out, cof_view_of(digest->bytes, sizeof digest->bytes), err);
}

static cof_status put_head(cof_buf *out, uint16_t type, cof_view extra, cof_err *err)
{
    const cof_digest signer = {{0x51}};
    COF_TRY(put(out, COF_TPM_GENERATED, 4, err));
    COF_TRY(put(out, type, 2, err));
    COF_TRY(put_name(out, &signer, err));
    COF_TRY(put(out, extra.size, 2, err));
    COF_TRY(cof_buf_append(out, extra, err));
    COF_TRY(put(out, 123456789, 8, err)); /* clock */
    COF_TRY(put(out, 7, 4, err));         /* reset count */
    COF_TRY(put(out, 3, 4, err));         /* restart count */
    COF_TRY(put(out, 1, 1, err));         /* safe */
    return put(out, UINT64_C(0x2020031200120003), 8, err);
}

static cof_status put_selection(const azure_rig_options *options, uint32_t mask, cof_buf *out,
                                cof_err *err)
{
    const uint16_t count = options->bank_count == 0 ? 1 : options->bank_count;
    COF_TRY(put(out, count, 4, err));
    for (uint16_t i = 0; i < count; i++) {
        COF_TRY(put(out, options->bank == 0 ? COF_TPM_ALG_SHA256 : options->bank, 2, err));
        COF_TRY(put(out, 3, 1, err));
        for (unsigned byte = 0; byte < 3; byte++) {
            COF_TRY(put(out, mask >> (8 * byte) & 0xff, 1, err));
        }
    }
    return COF_OK;
}

static cof_status digest_pcrs(const azure_rig *rig, uint32_t mask, cof_digest *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf values = {.limit = sizeof rig->pcrs};
    for (size_t i = 0; i < COF_PCR_COUNT; i++) {
        if ((mask >> i & 1) != 0) {
            COF_TRY(cof_buf_append(&values, cof_view_of(rig->pcrs[i].bytes, COF_DIGEST_SIZE), err));
        }
    }
    return cof_digest_of(cof_buf_view(&values), out, err);
}

static cof_status sign(const cof_rsa_key *key, bool is_framed, cof_view bytes, cof_buf *out,
                       cof_err *err)
{
    if (is_framed) {
        COF_TRY(put(out, COF_TPM_ALG_RSASSA, 2, err));
        COF_TRY(put(out, COF_TPM_ALG_SHA256, 2, err));
        COF_TRY(put(out, COF_RSA_2048_SIZE, 2, err));
    }
    return cof_rsa_sign(key, bytes, out, err);
}

static cof_status write_quote(const azure_rig *rig, const azure_rig_options *options, cof_buf *out,
                              cof_err *err)
{
    uint8_t good_extra[COF_DIGEST_SIZE];
    for (uint8_t i = 0; i < sizeof good_extra; i++) {
        good_extra[i] = (uint8_t)(0x10 + i);
    }
    const cof_view extra = options->has_no_extra ? (cof_view){0}
                           : options->extra != NULL
                               ? cof_view_of(options->extra, options->extra_size)
                               : cof_view_of(good_extra, sizeof good_extra);
    const uint32_t mask = options->selects_nothing  ? 0
                          : options->selection == 0 ? AZURE_RIG_ALL_PCRS
                                                    : options->selection;
    cof_digest digest = {0};
    COF_TRY(put_head(out, COF_TPM_ST_ATTEST_QUOTE, extra, err));
    COF_TRY(put_selection(options, mask, out, err));
    COF_TRY(digest_pcrs(rig, mask, &digest, err));
    COF_TRY(put(out, sizeof digest.bytes, 2, err));
    COF_TRY(cof_buf_append(out, cof_view_of(digest.bytes, sizeof digest.bytes), err));
    for (size_t i = 0; i < options->quote_tail; i++) {
        COF_TRY(put(out, 0, 1, err));
    }
    azure_rig_patch(options->quote_patches, 4, out->data, out->size);
    return COF_OK;
}

cof_status azure_rig_make_quote(const azure_rig *rig, const azure_rig_options *options,
                                cof_azure_evidence *evidence, cof_err *err)
{
    COF_TRY(write_quote(rig, options, &evidence->quote, err));
    COF_TRY(sign(rig->keys[options->quoted_by], options->is_signature_framed,
                 cof_buf_view(&evidence->quote), &evidence->signature, err));
    azure_rig_patch(options->late_quote_patches, 4, evidence->quote.data, evidence->quote.size);
    azure_rig_patch(options->signature_patches, 2, evidence->signature.data,
                    evidence->signature.size);
    evidence->pcrs.mask = options->selects_nothing ? 0
                          : options->values == 0   ? AZURE_RIG_ALL_PCRS
                                                   : options->values;
    for (size_t i = 0; i < COF_PCR_COUNT; i++) {
        if ((evidence->pcrs.mask >> i & 1) != 0) {
            evidence->pcrs.values[i] = rig->pcrs[i];
        }
    }
    azure_rig_patch(options->pcr_patches, 2, evidence->pcrs.values[0].bytes,
                    sizeof evidence->pcrs.values);
    return COF_OK;
}

/* TPMT_PUBLIC as Azure's client has its TPM make one. */
static cof_status write_public(const cof_rsa_key *key, cof_buf *out, cof_err *err)
{
    uint8_t modulus[COF_RSA_2048_SIZE];
    BIGNUM *n = NULL;
    const bool is_there = EVP_PKEY_get_bn_param(cof_rsa_evp(key), OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
                          BN_bn2binpad(n, modulus, sizeof modulus) == (int)sizeof modulus;
    BN_free(n);
    if (!is_there) {
        return COF_FAIL(err, CRYPTO, "the modulus");
    }
    const cof_digest policy = {{0x77}};
    COF_TRY(put(out, COF_TPM_ALG_RSA, 2, err));
    COF_TRY(put(out, COF_TPM_ALG_SHA256, 2, err));
    COF_TRY(put(out, 0x00020432, 4, err)); /* decrypt, noDA, sensitiveDataOrigin, fixed… */
    COF_TRY(put(out, sizeof policy.bytes, 2, err));
    COF_TRY(cof_buf_append(out, cof_view_of(policy.bytes, sizeof policy.bytes), err));
    COF_TRY(put(out, COF_TPM_ALG_NULL, 2, err));
    COF_TRY(put(out, COF_TPM_ALG_NULL, 2, err));
    COF_TRY(put(out, 2048, 2, err));
    COF_TRY(put(out, 0, 4, err));
    COF_TRY(put(out, sizeof modulus, 2, err));
    return cof_buf_append(out, cof_view_of(modulus, sizeof modulus), err);
}

cof_status azure_rig_make_encryption_key(const azure_rig *rig, const azure_rig_options *options,
                                         cof_azure_evidence *evidence, cof_err *err)
{
    cof_digest name = {0};
    cof_buf *key = &evidence->encryption_key;
    cof_buf *certify = &evidence->encryption_certify;
    COF_TRY(write_public(rig->keys[AZURE_RIG_ENCRYPTION], key, err));
    azure_rig_patch(options->encryption_patches, 2, key->data, key->size);
    COF_TRY(cof_digest_of(cof_buf_view(key), &name, err));
    COF_TRY(put_head(certify, COF_TPM_ST_ATTEST_CERTIFY, (cof_view){0}, err));
    COF_TRY(put_name(certify, &name, err));
    COF_TRY(put_name(certify, &(cof_digest){{0x78}}, err));
    azure_rig_patch(options->certify_patches, 2, certify->data, certify->size);
    azure_rig_patch(options->late_encryption_patches, 2, key->data, key->size);
    return sign(rig->keys[options->encryption_signed_by], false, cof_buf_view(certify),
                &evidence->encryption_signature, err);
}

static cof_status set_base64(json_t *object, const char *key, cof_view bytes, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = TEXT_MAX};
    COF_TRY(cof_base64_encode(bytes, &text, err));
    const char *value = text.size == 0 ? "" : (const char *)text.data;
    return cof_json_set(object, key, json_stringn(value, text.size), err);
}

/* As Azure's client does it: this one with its size. */
static cof_status set_public(json_t *object, const char *key, const cof_buf *bytes, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf sized = {.limit = TEXT_MAX};
    COF_TRY(put(&sized, bytes->size, 2, err));
    COF_TRY(cof_buf_append(&sized, cof_buf_view(bytes), err));
    return set_base64(object, key, cof_buf_view(&sized), err);
}

static cof_status append_pcrs(const cof_pcrs *pcrs, json_t *set, json_t *values, cof_err *err)
{
    for (size_t i = 0; i < COF_PCR_COUNT; i++) {
        if ((pcrs->mask >> i & 1) != 0) {
            COF_JSON json_t *value = json_pack("{s:i}", "Index", (int)i);
            COF_TRY(set_base64(value, "Digest", cof_view_of(pcrs->values[i].bytes, COF_DIGEST_SIZE),
                               err));
            COF_TRY(cof_json_append(values, json_incref(value), err));
            COF_TRY(cof_json_append(set, json_integer((json_int_t)i), err));
        }
    }
    return COF_OK;
}

static cof_status tpm_info(const cof_azure_evidence *evidence, json_t *out, cof_err *err)
{
    COF_JSON json_t *set = json_array();
    COF_JSON json_t *values = json_array();
    COF_TRY(append_pcrs(&evidence->pcrs, set, values, err));
    COF_TRY(cof_json_set(out, "PcrSet", json_incref(set), err));
    COF_TRY(cof_json_set(out, "PCRs", json_incref(values), err));
    COF_TRY(set_base64(out, "AikCert", cof_buf_view(&evidence->ak_certificate), err));
    COF_TRY(set_base64(out, "PcrQuote", cof_buf_view(&evidence->quote), err));
    COF_TRY(set_base64(out, "PcrSignature", cof_buf_view(&evidence->signature), err));
    if (evidence->encryption_key.size > 0) {
        COF_TRY(set_public(out, "EncKeyPub", &evidence->encryption_key, err));
        COF_TRY(
            set_base64(out, "EncKeyCertifyInfo", cof_buf_view(&evidence->encryption_certify), err));
        COF_TRY(set_base64(out, "EncKeyCertifyInfoSignature",
                           cof_buf_view(&evidence->encryption_signature), err));
    }
    return COF_OK;
}

/* {"SnpReport","VcekCertChain"}: leaf, CA and root as PEM. */
static cof_status snp_proof(const azure_rig *rig, cof_view report, json_t *out, cof_err *err)
{
    COF_JSON json_t *proof = json_object();
    COF_CLEANUP(cof_buf_free) cof_buf pem = {.limit = TEXT_MAX};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = TEXT_MAX};
    COF_CLEANUP(cof_buf_free) cof_buf json = {.limit = TEXT_MAX};
    COF_TRY(cof_buf_append(&pem, cof_buf_view(&rig->amd.pem[AMD_RIG_LEAF]), err));
    COF_TRY(cof_buf_append(&pem, cof_buf_view(&rig->amd.pem[AMD_RIG_CA]), err));
    COF_TRY(cof_buf_append(&pem, cof_buf_view(&rig->amd.pem[AMD_RIG_ROOT]), err));
    COF_TRY(cof_base64url_encode(report, &text, err));
    COF_TRY(
        cof_json_set(proof, "SnpReport", json_stringn((const char *)text.data, text.size), err));
    COF_TRY(set_base64(proof, "VcekCertChain", cof_buf_view(&pem), err));
    COF_TRY(cof_json_print(proof, &json, err));
    return set_base64(out, "Proof", cof_buf_view(&json), err);
}

cof_status azure_rig_attestation_info(const azure_rig *rig, const azure_rig_options *options,
                                      cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence = {0};
    COF_JSON json_t *info = json_object();
    COF_JSON json_t *tpm = json_object();
    COF_JSON json_t *proof = json_object();
    cof_hcl_report hcl = {0};
    COF_TRY(azure_rig_evidence(rig, options, &evidence, err));
    COF_TRY(cof_hcl_report_parse(cof_buf_view(&evidence.hcl_report), &hcl, err));
    COF_TRY(tpm_info(&evidence, tpm, err));
    COF_TRY(set_base64(proof, "RunTimeData", hcl.claims, err));
    if (rig->hardware == AZURE_RIG_SNP) {
        COF_TRY(snp_proof(rig, hcl.hardware, proof, err));
    } else {
        COF_TRY(set_base64(proof, "Proof", cof_buf_view(&evidence.td_quote), err));
    }
    const char *type = rig->hardware == AZURE_RIG_SNP ? "SevSnp" : "Tdx";
    COF_TRY(cof_json_set(info, "AttestationProtocolVersion", json_string("2.0"), err));
    COF_TRY(cof_json_set(info, "OSVersionMajor", json_integer(12), err));
    COF_TRY(set_base64(info, "OSType", cof_view_text("Linux"), err));
    COF_TRY(set_base64(info, "TcgLogs", cof_view_text(""), err));
    COF_TRY(cof_json_set(info, "TpmInfo", json_incref(tpm), err));
    COF_TRY(cof_json_set(info, "IsolationInfo",
                         json_pack("{s:s, s:O}", "Type", type, "Evidence", proof), err));
    return cof_json_print(info, out, err);
}
