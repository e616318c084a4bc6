/*
 * Azure's AttestationInfo, as its guest attestation clients write it
 * (github.com/Azure/confidential-computing-cvm-guest-attestation, TpmInfo.cpp, IsolationInfo.cpp).
 */
#include <string.h>

#include "relying/verify/amd/snp.h"
#include "relying/verify/azure/azure_json.h"
#include "relying/verify/azure/tpm_attest.h"
#include "relying/verify/azure/tpm_key.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { PROOF_MAX = 64 * 1024, TYPE_MAX = 32 };

/* What raw structures start with; in a TPM2B two bytes of size come before. */
static const uint8_t attest_marker[] = {0xff, 'T', 'C', 'G'};
static const uint8_t public_marker[] = {0, COF_TPM_ALG_RSA, 0, COF_TPM_ALG_SHA256};

/* Clients differ in the alphabet: the standard one mostly, that of URLs in some. */
static cof_status decode_either(const char *text, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf copy = {0};
    const size_t size = strlen(text);
    cof_buf_init(&copy, size);
    COF_TRY(cof_buf_append(&copy, cof_view_of(text, size), err));
    for (size_t i = 0; i < size; i++) {
        if (copy.data[i] == '+') {
            copy.data[i] = '-';
        } else if (copy.data[i] == '/') {
            copy.data[i] = '_';
        }
    }
    return cof_base64url_decode(cof_buf_view(&copy), out, err);
}

/* base64 of at most out->limit bytes. */
static cof_status get_bytes(const json_t *object, const char *key, cof_buf *out, cof_err *err)
{
    const char *text = NULL;
    COF_TRY(cof_json_get_text(object, key, 2 * out->limit + 4, &text, err));
    const cof_status status = decode_either(text, out, err);
    if (status != COF_OK) {
        cof_err_context(err, "\"%s\"", key);
    }
    return status;
}

static cof_status get_optional(const json_t *object, const char *key, cof_buf *out, cof_err *err)
{
    return json_object_get(object, key) == NULL ? COF_OK : get_bytes(object, key, out, err);
}

/* The same, with a TPM2B's size taken off. */
static cof_status get_structure(const json_t *object, const char *key, cof_view marker,
                                cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    cof_buf_init(&bytes, out->limit + 2);
    COF_TRY(get_bytes(object, key, &bytes, err));
    return cof_buf_append(out, cof_tpm2b_unwrap(cof_buf_view(&bytes), marker), err);
}

static cof_status read_pcr(const json_t *value, cof_pcrs *pcrs, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf digest = {0};
    int64_t index = 0;
    cof_buf_init(&digest, COF_DIGEST_SIZE);
    COF_TRY(cof_json_get_int(value, "Index", 0, COF_PCR_COUNT - 1, &index, err));
    COF_TRY(get_bytes(value, "Digest", &digest, err));
    const uint32_t bit = UINT32_C(1) << index;
    if (digest.size != COF_DIGEST_SIZE || (pcrs->mask & bit) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "PCR %d is there twice, or not of the SHA-256 bank",
                        (int)index);
    }
    memcpy(pcrs->values[index].bytes, digest.data, digest.size);
    pcrs->mask |= bit;
    return COF_OK;
}

static cof_status read_pcrs(const json_t *tpm, cof_pcrs *out, cof_err *err)
{
    cof_pcrs pcrs = {0};
    json_t *values = NULL;
    json_t *set = NULL;
    uint32_t mask = 0;
    COF_TRY(cof_json_get(tpm, "PCRs", JSON_ARRAY, &values, err));
    COF_TRY(cof_json_get(tpm, "PcrSet", JSON_ARRAY, &set, err));
    const size_t count = json_array_size(values);
    for (size_t i = 0; i < count && i <= COF_PCR_COUNT; i++) {
        COF_TRY(read_pcr(json_array_get(values, i), &pcrs, err));
    }
    for (size_t i = 0; i < json_array_size(set) && i <= COF_PCR_COUNT; i++) {
        const json_t *index = json_array_get(set, i);
        const json_int_t number = json_is_integer(index) ? json_integer_value(index) : -1;
        mask |= number >= 0 && number < COF_PCR_COUNT ? UINT32_C(1) << number : 0;
    }
    if (mask != pcrs.mask || json_array_size(set) != count) {
        return COF_FAIL(err, BAD_FORMAT, "PcrSet and PCRs name different PCRs");
    }
    *out = pcrs;
    return COF_OK;
}

static cof_status read_encryption_key(const json_t *tpm, cof_azure_evidence *evidence, cof_err *err)
{
    static const char *const members[] = {"EncKeyPub", "EncKeyCertifyInfo",
                                          "EncKeyCertifyInfoSignature"};
    size_t count = 0;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const char *text = json_string_value(json_object_get(tpm, members[i]));
        count += text != NULL && text[0] != '\0' ? 1 : 0;
    }
    if (count == 0) {
        return COF_OK;
    }
    COF_TRY(get_structure(tpm, members[0], cof_view_of(public_marker, sizeof public_marker),
                          &evidence->encryption_key, err));
    COF_TRY(get_structure(tpm, members[1], cof_view_of(attest_marker, sizeof attest_marker),
                          &evidence->encryption_certify, err));
    return get_bytes(tpm, members[2], &evidence->encryption_signature, err);
}

static cof_status read_tpm(const json_t *object, cof_azure_evidence *evidence, cof_err *err)
{
    json_t *tpm = NULL;
    COF_TRY(cof_json_get(object, "TpmInfo", JSON_OBJECT, &tpm, err));
    COF_TRY(get_structure(tpm, "PcrQuote", cof_view_of(attest_marker, sizeof attest_marker),
                          &evidence->quote, err));
    COF_TRY(get_bytes(tpm, "PcrSignature", &evidence->signature, err));
    COF_TRY(read_pcrs(tpm, &evidence->pcrs, err));
    COF_TRY(get_optional(tpm, "AikCert", &evidence->ak_certificate, err));
    return read_encryption_key(tpm, evidence, err);
}

static cof_status copy_url_text(const json_t *proof, const char *key, json_t *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    cof_buf_init(&bytes, PROOF_MAX);
    cof_buf_init(&text, (size_t)2 * PROOF_MAX);
    COF_TRY(get_bytes(proof, key, &bytes, err));
    if (bytes.size == 0) {
        return COF_FAIL(err, BAD_FORMAT, "\"%s\" is empty", key);
    }
    COF_TRY(cof_base64url_encode(cof_buf_view(&bytes), &text, err));
    return cof_json_set(out, key, json_stringn((const char *)text.data, text.size), err);
}

/* Azure's SNP JSON, its base64 brought to the one alphabet that its reader takes. */
static cof_status read_snp(cof_view proof_text, cof_azure_evidence *evidence, cof_err *err)
{
    COF_JSON json_t *proof = NULL;
    COF_JSON json_t *plain = json_object();
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_CLEANUP(cof_collateral_free) cof_collateral found = {0};
    cof_buf_init(&text, (size_t)2 * PROOF_MAX);
    COF_TRY(cof_json_parse(proof_text, PROOF_MAX, &proof, err));
    COF_TRY(copy_url_text(proof, "SnpReport", plain, err));
    COF_TRY(copy_url_text(proof, "VcekCertChain", plain, err));
    COF_TRY(cof_json_canonical(plain, &text, err));
    COF_TRY(cof_snp_json_split(cof_buf_view(&text), &evidence->snp_report, &found, err));
    COF_TRY(
        cof_buf_append(&evidence->leaf, cof_collateral_view(&found, COF_COLLATERAL_AMD_LEAF), err));
    return cof_buf_append(&evidence->chain, cof_collateral_view(&found, COF_COLLATERAL_AMD_CHAIN),
                          err);
}

static cof_status read_isolation(const json_t *object, cof_azure_evidence *evidence, cof_err *err)
{
    json_t *isolation = NULL;
    json_t *proof = NULL;
    const char *type = NULL;
    COF_TRY(cof_json_get(object, "IsolationInfo", JSON_OBJECT, &isolation, err));
    COF_TRY(cof_json_get_text(isolation, "Type", TYPE_MAX, &type, err));
    const bool is_tdx = strcmp(type, "Tdx") == 0;
    if (!is_tdx && strcmp(type, "SevSnp") != 0) {
        return COF_FAIL(err, UNSUPPORTED, "no hardware stands behind isolation of this type");
    }
    COF_TRY(cof_json_get(isolation, "Evidence", JSON_OBJECT, &proof, err));
    COF_TRY(get_bytes(proof, "RunTimeData", &evidence->claims, err));
    if (is_tdx) {
        return get_bytes(proof, "Proof", &evidence->td_quote, err);
    }
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    cof_buf_init(&text, PROOF_MAX);
    COF_TRY(get_bytes(proof, "Proof", &text, err));
    return read_snp(cof_buf_view(&text), evidence, err);
}

cof_status cof_azure_attestation_info_parse(cof_view json, cof_azure_evidence *out, cof_err *err)
{
    COF_JSON json_t *object = NULL;
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence;
    cof_azure_evidence_init(&evidence);
    COF_TRY(cof_json_parse(json, COF_AZURE_ATTESTATION_INFO_MAX, &object, err));
    COF_TRY(read_tpm(object, &evidence, err));
    COF_TRY(read_isolation(object, &evidence, err));
    *out = evidence;
    evidence = (cof_azure_evidence){0};
    return COF_OK;
}
