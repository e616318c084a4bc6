#include "rig/azure_rig.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "relying/verify/azure/tpm_attest.h"
#include "rig/azure_rig_parts.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { CLAIMS_MAX = 4096, HCL_SIZE = 2600, TD_REPORT_SIZE = 1024, CERTIFICATE_MAX = 4096 };

/* Making an RSA key takes longer than all the rest: once per program. */
static cof_rsa_key *shared_keys[AZURE_RIG_KEY_COUNT];

static cof_status make_keys(azure_rig *rig, cof_err *err)
{
    for (size_t i = 0; i < AZURE_RIG_KEY_COUNT; i++) {
        if (shared_keys[i] == NULL) {
            COF_TRY(cof_rsa_generate(2048, &shared_keys[i], err));
        }
        rig->keys[i] = shared_keys[i];
    }
    return COF_OK;
}

cof_status azure_rig_make(azure_rig *rig, azure_rig_hardware hardware, cof_err *err)
{
    *rig = (azure_rig){.hardware = hardware};
    COF_TRY(make_keys(rig, err));
    for (size_t i = 0; i < COF_PCR_COUNT; i++) {
        const uint8_t event[] = {'P', 'C', 'R', (uint8_t)i};
        COF_TRY(cof_digest_of(cof_view_of(event, sizeof event), &rig->pcrs[i], err));
    }
    if (hardware == AZURE_RIG_SNP) {
        COF_TRY(amd_rig_make(&rig->amd, &(amd_rig_options){0}, err));
        rig->collateral = &rig->amd.collateral;
        rig->pins = rig->amd.pins;
        rig->pin_count = sizeof rig->amd.pins / sizeof rig->amd.pins[0];
        return COF_OK;
    }
    COF_TRY(intel_rig_make(&rig->intel, &(intel_rig_options){.form = INTEL_RIG_TDX_V4}, err));
    rig->collateral = &rig->intel.collateral;
    rig->pins = &rig->intel.pin;
    rig->pin_count = 1;
    return COF_OK;
}

void azure_rig_free(azure_rig *rig)
{
    if (rig->hardware == AZURE_RIG_SNP) {
        amd_rig_free(&rig->amd);
    } else {
        intel_rig_free(&rig->intel);
    }
    *rig = (azure_rig){0};
}

void azure_rig_patch(const amd_rig_patch *patches, size_t count, uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        if (patches[i].flip != 0 && patches[i].at < size) {
            bytes[patches[i].at] ^= patches[i].flip;
        }
    }
}

static cof_status append_key(json_t *keys, const cof_rsa_key *key, const char *kid,
                             const char *operation, cof_err *err)
{
    COF_JSON json_t *jwk = NULL;
    COF_TRY(cof_rsa_to_jwk(key, &jwk, err));
    COF_TRY(cof_json_set(jwk, "kid", json_string(kid), err));
    COF_TRY(cof_json_set(jwk, "key_ops", json_pack("[s]", operation), err));
    return cof_json_append(keys, json_incref(jwk), err);
}

cof_status azure_rig_claims(const cof_rsa_key *ak, const cof_rsa_key *ek,
                            const uint8_t user_data[static COF_HCL_USER_DATA_SIZE], cof_buf *out,
                            cof_err *err)
{
    char hex[2 * COF_HCL_USER_DATA_SIZE + 1];
    COF_JSON json_t *claims = json_object();
    COF_JSON json_t *keys = json_array();
    COF_TRY(append_key(keys, ak, "HCLAkPub", "sign", err));
    if (ek != NULL) {
        COF_TRY(append_key(keys, ek, "HCLEkPub", "encrypt", err));
    }
    cof_hex_text(cof_view_of(user_data, COF_HCL_USER_DATA_SIZE), hex);
    COF_TRY(cof_json_set(claims, "keys", json_incref(keys), err));
    COF_TRY(cof_json_set(claims, "user-data", json_string(hex), err));
    COF_TRY(cof_json_set(claims, "vm-configuration",
                         json_pack("{s:b, s:b, s:b, s:b, s:s}", "console-enabled", 0, "secure-boot",
                                   1, "tpm-enabled", 1, "tpm-persisted", 1, "vmUniqueId",
                                   "0F0E0D0C-0B0A-4908-8706-050403020100"),
                         err));
    return cof_json_canonical(claims, out, err);
}

static cof_status put_u32le(cof_buf *out, uint32_t value, cof_err *err)
{
    const uint8_t bytes[] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                             (uint8_t)(value >> 24)};
    return cof_buf_append(out, cof_view_of(bytes, sizeof bytes), err);
}

static cof_status put_zeros(cof_buf *out, size_t size, cof_err *err)
{
    uint8_t *place = NULL;
    if (size == 0) {
        return COF_OK;
    }
    COF_TRY(cof_buf_extend(out, size, &place, err));
    memset(place, 0, size);
    return COF_OK;
}

cof_status azure_rig_hcl_report(cof_view hardware, cof_view claims, cof_hcl_hash hash, size_t size,
                                cof_buf *out, cof_err *err)
{
    const uint32_t data_size = 20 + (uint32_t)claims.size;
    const uint32_t type = hardware.size == TD_REPORT_SIZE ? COF_HCL_TDX : COF_HCL_SNP;
    COF_TRY(cof_buf_append_text(out, "HCLA", err));
    COF_TRY(put_u32le(out, 2, err));
    COF_TRY(put_u32le(out, 1216 + data_size, err));
    COF_TRY(put_u32le(out, 2, err));
    COF_TRY(put_zeros(out, 16, err));
    COF_TRY(cof_buf_append(out, hardware, err));
    COF_TRY(put_zeros(out, COF_HCL_HARDWARE_SIZE - hardware.size, err));
    COF_TRY(put_u32le(out, data_size, err));
    COF_TRY(put_u32le(out, 1, err));
    COF_TRY(put_u32le(out, type, err));
    COF_TRY(put_u32le(out, hash, err));
    COF_TRY(put_u32le(out, (uint32_t)claims.size, err));
    COF_TRY(cof_buf_append(out, claims, err));
    return out->size >= size ? COF_OK : put_zeros(out, size - out->size, err);
}

/* Replaces in text what edits say. */
static cof_status edit(const azure_rig_edit *edits, cof_buf *text, cof_err *err)
{
    for (size_t i = 0; i < AZURE_RIG_EDITS_MAX && edits[i].find != NULL; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf edited = {0};
        cof_buf_init(&edited, text->limit);
        const size_t find_size = strlen(edits[i].find);
        size_t found = 0;
        for (size_t at = 0; at < text->size;) {
            if (text->size - at >= find_size &&
                memcmp(text->data + at, edits[i].find, find_size) == 0) {
                COF_TRY(cof_buf_append_text(&edited, edits[i].replace, err));
                at += find_size;
                found++;
            } else {
                COF_TRY(cof_buf_append(&edited, cof_view_of(text->data + at, 1), err));
                at++;
            }
        }
        if (found == 0) {
            return COF_FAIL(err, BAD_ARGUMENT, "\"%s\" is not in the claims", edits[i].find);
        }
        const cof_buf old = *text;
        *text = edited;
        edited = old;
    }
    return COF_OK;
}

static cof_status hash_claims(cof_view claims, cof_hcl_hash hash, uint8_t out[static 64],
                              cof_err *err)
{
    const EVP_MD *md = hash == COF_HCL_SHA512   ? EVP_sha512()
                       : hash == COF_HCL_SHA384 ? EVP_sha384()
                                                : EVP_sha256();
    memset(out, 0, 64);
    return EVP_Digest(claims.data, claims.size, out, NULL, md, NULL) == 1
               ? COF_OK
               : COF_FAIL(err, CRYPTO, "hashing the claims");
}

static void put_u64le(uint8_t *out, uint64_t value)
{
    for (size_t i = 0; i < 8; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

/* The TDREPORT of the TD that td describes. */
static void fill_td_report(const cof_td_report *td, const uint8_t report_data[static 64],
                           uint8_t out[static TD_REPORT_SIZE])
{
    memset(out, 0, TD_REPORT_SIZE);
    out[0] = 0x81;
    memcpy(out + 128, report_data, 64);
    put_u64le(out + 512, td->td_attributes);
    put_u64le(out + 520, td->xfam);
    memcpy(out + 528, td->mrtd, 48);
    memcpy(out + 576, td->mrconfigid, 48);
    memcpy(out + 624, td->mrowner, 48);
    memcpy(out + 672, td->mrownerconfig, 48);
    for (size_t i = 0; i < 4; i++) {
        memcpy(out + 720 + 48 * i, td->rtmr[i], 48);
    }
}

/* The hardware report for this report data; for TDX the quote as well. */
static cof_status make_hardware(const azure_rig *rig, const azure_rig_options *options,
                                const uint8_t report_data[static 64], cof_azure_evidence *evidence,
                                cof_buf *hardware, cof_err *err)
{
    if (rig->hardware == AZURE_RIG_SNP) {
        amd_rig_options amd = {.report = options->amd};
        amd.report.report_data = report_data;
        return amd_rig_report_again(&rig->amd, &amd, hardware, err);
    }
    intel_rig_options intel = {.form = INTEL_RIG_TDX_V4, .quote = options->intel};
    intel.quote.report_data = report_data;
    COF_TRY(intel_rig_quote_again(&rig->intel, &intel, &evidence->td_quote, err));
    const cof_td_report good = intel_rig_good_td(false);
    uint8_t report[TD_REPORT_SIZE];
    fill_td_report(options->intel.td != NULL ? options->intel.td : &good, report_data, report);
    azure_rig_patch(options->td_report_patches, 4, report, sizeof report);
    return cof_buf_append(hardware, cof_view_of(report, sizeof report), err);
}

static cof_status make_hcl_report(const azure_rig *rig, const azure_rig_options *options,
                                  cof_azure_evidence *evidence, cof_err *err)
{
    static const uint8_t user_data[COF_HCL_USER_DATA_SIZE] = {0x5a};
    const cof_hcl_hash hash = options->hash == 0 ? COF_HCL_SHA256 : options->hash;
    const cof_hcl_hash stated = options->stated_hash == 0 ? hash : options->stated_hash;
    uint8_t report_data[64];
    COF_CLEANUP(cof_buf_free) cof_buf claims = {.limit = CLAIMS_MAX};
    COF_CLEANUP(cof_buf_free) cof_buf hardware = {.limit = COF_HCL_HARDWARE_SIZE};
    COF_TRY(azure_rig_claims(rig->keys[AZURE_RIG_AK], rig->keys[AZURE_RIG_EK], user_data, &claims,
                             err));
    COF_TRY(edit(options->claims_edits, &claims, err));
    COF_TRY(hash_claims(cof_buf_view(&claims), hash, report_data, err));
    if (options->report_data != NULL) {
        memcpy(report_data, options->report_data, sizeof report_data);
    }
    report_data[63] |= options->report_data_tail;
    COF_TRY(make_hardware(rig, options, report_data, evidence, &hardware, err));
    COF_TRY(edit(options->late_claims_edits, &claims, err));
    COF_TRY(azure_rig_hcl_report(cof_buf_view(&hardware), cof_buf_view(&claims), stated,
                                 options->hcl_size == 0 ? HCL_SIZE : options->hcl_size,
                                 &evidence->hcl_report, err));
    azure_rig_patch(options->hcl_patches, 4, evidence->hcl_report.data, evidence->hcl_report.size);
    return COF_OK;
}

static cof_status make_ak_certificate(const azure_rig *rig, const azure_rig_options *options,
                                      cof_buf *out, cof_err *err)
{
    EVP_PKEY *subject = cof_rsa_evp(rig->keys[options->certificate_of]);
    EVP_PKEY *issuer = cof_rsa_evp(rig->keys[AZURE_RIG_STRANGER]);
    X509 *certificate = X509_new();
    X509_NAME *name = X509_NAME_new();
    unsigned char *der = NULL;
    int size = 0;
    if (certificate != NULL && name != NULL && X509_set_version(certificate, 2) == 1 &&
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), 5) == 1 &&
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                   (const unsigned char *)"test virtual TPM", -1, -1, 0) == 1 &&
        X509_set_subject_name(certificate, name) == 1 &&
        X509_set_issuer_name(certificate, name) == 1 &&
        ASN1_TIME_set(X509_getm_notBefore(certificate), AZURE_RIG_NOW - 86400) != NULL &&
        ASN1_TIME_set(X509_getm_notAfter(certificate), AZURE_RIG_NOW + 86400) != NULL &&
        X509_set_pubkey(certificate, subject) == 1 &&
        X509_sign(certificate, issuer, EVP_sha256()) > 0) {
        size = i2d_X509(certificate, &der);
    }
    X509_free(certificate);
    X509_NAME_free(name);
    cof_status status = size > 0 ? cof_buf_append(out, cof_view_of(der, (size_t)size), err)
                                 : COF_FAIL(err, CRYPTO, "making an AK certificate");
    OPENSSL_free(der);
    if (status == COF_OK) {
        status = put_zeros(out, options->certificate_padding, err);
    }
    return status;
}

/* Every buffer with a limit that has room for what tests make too long. */
static void init(cof_azure_evidence *evidence)
{
    cof_buf *const parts[] = {&evidence->hcl_report,
                              &evidence->snp_report,
                              &evidence->claims,
                              &evidence->quote,
                              &evidence->signature,
                              &evidence->td_quote,
                              &evidence->leaf,
                              &evidence->chain,
                              &evidence->ak_certificate,
                              &evidence->encryption_key,
                              &evidence->encryption_certify,
                              &evidence->encryption_signature};
    *evidence = (cof_azure_evidence){0};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        cof_buf_init(parts[i], (size_t)32 * 1024);
    }
}

static cof_status make_all(const azure_rig *rig, const azure_rig_options *options,
                           cof_azure_evidence *evidence, cof_err *err)
{
    COF_TRY(make_hcl_report(rig, options, evidence, err));
    COF_TRY(azure_rig_make_quote(rig, options, evidence, err));
    if (options->has_ak_certificate) {
        COF_TRY(make_ak_certificate(rig, options, &evidence->ak_certificate, err));
    }
    if (options->has_encryption_key) {
        COF_TRY(azure_rig_make_encryption_key(rig, options, evidence, err));
    }
    if (options->has_certificates) {
        COF_TRY(cof_buf_append(&evidence->leaf,
                               cof_collateral_view(rig->collateral, COF_COLLATERAL_AMD_LEAF), err));
        COF_TRY(cof_buf_append(
            &evidence->chain, cof_collateral_view(rig->collateral, COF_COLLATERAL_AMD_CHAIN), err));
    }
    return COF_OK;
}

cof_status azure_rig_evidence(const azure_rig *rig, const azure_rig_options *options,
                              cof_azure_evidence *out, cof_err *err)
{
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence = {0};
    init(&evidence);
    COF_TRY(make_all(rig, options, &evidence, err));
    cof_azure_evidence_free(out);
    *out = evidence;
    evidence = (cof_azure_evidence){0};
    return COF_OK;
}
