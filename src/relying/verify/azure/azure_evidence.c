#include <stdio.h>
#include <string.h>

#include "relying/verify/azure/azure_cvm.h"
#include "relying/verify/azure/azure_json.h"
#include "relying/verify/azure/tpm_key.h"
#include "relying/verify/pem.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { PCR_NAME_SIZE = 8, CHAIN_MAX = 16 * 1024, AK_CERTIFICATE_MAX = 4096 };

void cof_azure_evidence_init(cof_azure_evidence *evidence)
{
    *evidence = (cof_azure_evidence){0};
    cof_buf_init(&evidence->hcl_report, COF_HCL_MAX);
    cof_buf_init(&evidence->snp_report, COF_HCL_HARDWARE_SIZE);
    cof_buf_init(&evidence->claims, COF_HCL_MAX);
    cof_buf_init(&evidence->quote, COF_TPM_QUOTE_MAX);
    cof_buf_init(&evidence->signature, COF_TPM_SIGNATURE_MAX);
    cof_buf_init(&evidence->td_quote, COF_LIMIT_QUOTE_BYTES);
    cof_buf_init(&evidence->leaf, COF_CERTIFICATE_DER_MAX);
    cof_buf_init(&evidence->chain, CHAIN_MAX);
    cof_buf_init(&evidence->ak_certificate, AK_CERTIFICATE_MAX);
    cof_buf_init(&evidence->encryption_key, COF_TPM_PUBLIC_MAX);
    cof_buf_init(&evidence->encryption_certify, COF_TPM_QUOTE_MAX);
    cof_buf_init(&evidence->encryption_signature, COF_TPM_SIGNATURE_MAX);
}

void cof_azure_evidence_free(cof_azure_evidence *evidence)
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
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        cof_buf_free(parts[i]);
    }
    evidence->pcrs = (cof_pcrs){0};
}

/* Hex of any size up to the buffer's limit. */
static cof_status get_hex(const json_t *object, const char *key, cof_buf *out, cof_err *err)
{
    const char *text = NULL;
    uint8_t *place = NULL;
    COF_TRY(cof_json_get_text(object, key, 2 * out->limit, &text, err));
    const size_t size = strlen(text) / 2;
    COF_TRY(cof_buf_extend(out, size, &place, err));
    return cof_hex_decode(cof_view_text(text), place, size, err);
}

static cof_status get_optional(const json_t *object, const char *key, cof_buf *out, cof_err *err)
{
    return json_object_get(object, key) == NULL ? COF_OK
                                                : cof_json_get_base64url(object, key, out, err);
}

/* {"0":"<hex>", …}: any PCRs, each by one spelling of its number. */
static cof_status read_pcrs(const json_t *values, cof_pcrs *out, cof_err *err)
{
    cof_pcrs pcrs = {0};
    size_t found = 0;
    for (size_t i = 0; i < COF_PCR_COUNT; i++) {
        char name[PCR_NAME_SIZE];
        (void)snprintf(name, sizeof name, "%zu", i);
        if (json_object_get(values, name) != NULL) {
            COF_TRY(cof_json_get_hex(values, name, pcrs.values[i].bytes, COF_DIGEST_SIZE, err));
            pcrs.mask |= UINT32_C(1) << i;
            found++;
        }
    }
    if (found != json_object_size(values)) {
        return COF_FAIL(err, BAD_FORMAT, "\"pcrs\" names something that is no PCR");
    }
    *out = pcrs;
    return COF_OK;
}

/* All PCRs in order, as a list of hex. */
static cof_status read_pcr_list(const json_t *values, cof_pcrs *out, cof_err *err)
{
    cof_pcrs pcrs = {.mask = (UINT32_C(1) << COF_PCR_COUNT) - 1};
    if (json_array_size(values) != COF_PCR_COUNT) {
        return COF_FAIL(err, BAD_FORMAT, "\"pcrs\" has %zu values, expected %d",
                        json_array_size(values), COF_PCR_COUNT);
    }
    for (size_t i = 0; i < COF_PCR_COUNT; i++) {
        const char *text = json_string_value(json_array_get(values, i));
        if (text == NULL) {
            return COF_FAIL(err, BAD_FORMAT, "PCR %zu is not a text", i);
        }
        COF_TRY(cof_hex_decode(cof_view_text(text), pcrs.values[i].bytes, COF_DIGEST_SIZE, err));
    }
    *out = pcrs;
    return COF_OK;
}

static cof_status read_tpm_quote(const json_t *object, json_type pcrs_type,
                                 cof_azure_evidence *evidence, cof_err *err)
{
    static const char *const members[] = {"message", "pcrs", "signature"};
    json_t *quote = NULL;
    json_t *pcrs = NULL;
    COF_TRY(cof_json_get(object, "tpm_quote", JSON_OBJECT, &quote, err));
    COF_TRY(cof_json_only(quote, members, sizeof members / sizeof members[0], err));
    COF_TRY(get_hex(quote, "message", &evidence->quote, err));
    COF_TRY(get_hex(quote, "signature", &evidence->signature, err));
    COF_TRY(cof_json_get(quote, "pcrs", pcrs_type, &pcrs, err));
    return pcrs_type == JSON_OBJECT ? read_pcrs(pcrs, &evidence->pcrs, err)
                                    : read_pcr_list(pcrs, &evidence->pcrs, err);
}

static cof_status read_own(const json_t *object, cof_azure_evidence *evidence, cof_err *err)
{
    static const char *const members[] = {"ak_certificate",
                                          "certificate_chain",
                                          "hcl_report",
                                          "td_quote",
                                          "tpm_quote",
                                          "type",
                                          "vcek"};
    const char *type = NULL;
    COF_TRY(cof_json_only(object, members, sizeof members / sizeof members[0], err));
    COF_TRY(cof_json_get_text(object, "type", COF_LIMIT_NAME_BYTES, &type, err));
    if (strcmp(type, "azure-cvm") != 0) {
        return COF_FAIL(err, BAD_FORMAT, "\"type\" is not \"azure-cvm\"");
    }
    COF_TRY(cof_json_get_base64url(object, "hcl_report", &evidence->hcl_report, err));
    COF_TRY(read_tpm_quote(object, JSON_OBJECT, evidence, err));
    COF_TRY(get_optional(object, "td_quote", &evidence->td_quote, err));
    COF_TRY(get_optional(object, "vcek", &evidence->leaf, err));
    COF_TRY(get_optional(object, "certificate_chain", &evidence->chain, err));
    return get_optional(object, "ak_certificate", &evidence->ak_certificate, err);
}

/* Confidential Containers, version 1. */
static cof_status read_version_1(const json_t *object, cof_azure_evidence *evidence, cof_err *err)
{
    static const char *const members[] = {"hcl_report", "td_quote", "tpm_quote", "vcek", "version"};
    int64_t version = 0;
    COF_TRY(cof_json_only(object, members, sizeof members / sizeof members[0], err));
    COF_TRY(cof_json_get_int(object, "version", 1, 1, &version, err));
    COF_TRY(cof_json_get_base64url(object, "hcl_report", &evidence->hcl_report, err));
    COF_TRY(read_tpm_quote(object, JSON_ARRAY, evidence, err));
    COF_TRY(get_optional(object, "td_quote", &evidence->td_quote, err));
    return get_optional(object, "vcek", &evidence->leaf, err);
}

/* A list of numbers from 0 to 255. */
static cof_status append_numbers(const json_t *list, cof_buf *out, cof_err *err)
{
    uint8_t *place = NULL;
    if (!json_is_array(list)) {
        return COF_FAIL(err, BAD_FORMAT, "not a list of bytes");
    }
    const size_t size = json_array_size(list);
    COF_TRY(cof_buf_extend(out, size, &place, err));
    for (size_t i = 0; i < size; i++) {
        const json_t *number = json_array_get(list, i);
        const json_int_t value = json_integer_value(number);
        if (!json_is_integer(number) || value < 0 || value > UINT8_MAX) {
            return COF_FAIL(err, BAD_FORMAT, "number %zu of a list of bytes is no byte", i);
        }
        place[i] = (uint8_t)value;
    }
    return COF_OK;
}

static cof_status read_number_pcrs(const json_t *quote, cof_pcrs *out, cof_err *err)
{
    cof_pcrs pcrs = {.mask = (UINT32_C(1) << COF_PCR_COUNT) - 1};
    json_t *values = NULL;
    COF_TRY(cof_json_get(quote, "pcrs", JSON_ARRAY, &values, err));
    if (json_array_size(values) != COF_PCR_COUNT) {
        return COF_FAIL(err, BAD_FORMAT, "\"pcrs\" has %zu values, expected %d",
                        json_array_size(values), COF_PCR_COUNT);
    }
    for (size_t i = 0; i < COF_PCR_COUNT; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf value = {0};
        cof_buf_init(&value, COF_DIGEST_SIZE);
        COF_TRY(append_numbers(json_array_get(values, i), &value, err));
        if (value.size != COF_DIGEST_SIZE) {
            return COF_FAIL(err, BAD_FORMAT, "PCR %zu has %zu bytes", i, value.size);
        }
        memcpy(pcrs.values[i].bytes, value.data, value.size);
    }
    *out = pcrs;
    return COF_OK;
}

/* Confidential Containers, before there was a version. */
static cof_status read_version_0(const json_t *object, cof_azure_evidence *evidence, cof_err *err)
{
    static const char *const members[] = {"quote", "report", "vcek"};
    static const char *const quote_members[] = {"message", "pcrs", "signature"};
    json_t *quote = NULL;
    const char *vcek = NULL;
    COF_TRY(cof_json_only(object, members, sizeof members / sizeof members[0], err));
    COF_TRY(cof_json_get(object, "quote", JSON_OBJECT, &quote, err));
    COF_TRY(
        cof_json_only(quote, quote_members, sizeof quote_members / sizeof quote_members[0], err));
    COF_TRY(append_numbers(json_object_get(object, "report"), &evidence->hcl_report, err));
    COF_TRY(append_numbers(json_object_get(quote, "message"), &evidence->quote, err));
    COF_TRY(append_numbers(json_object_get(quote, "signature"), &evidence->signature, err));
    COF_TRY(read_number_pcrs(quote, &evidence->pcrs, err));
    COF_TRY(cof_json_get_text(object, "vcek", COF_CERTIFICATE_DER_MAX, &vcek, err));
    return cof_buf_append_text(&evidence->leaf, vcek, err);
}

cof_status cof_azure_evidence_parse(cof_view json, cof_azure_evidence *out, cof_err *err)
{
    COF_JSON json_t *object = NULL;
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence;
    cof_azure_evidence_init(&evidence);
    COF_TRY(cof_json_parse(json, COF_EVIDENCE_MAX, &object, err));
    if (json_object_get(object, "type") != NULL) {
        COF_TRY(read_own(object, &evidence, err));
    } else if (json_object_get(object, "report") != NULL) {
        COF_TRY(read_version_0(object, &evidence, err));
    } else {
        COF_TRY(read_version_1(object, &evidence, err));
    }
    *out = evidence;
    evidence = (cof_azure_evidence){0};
    return COF_OK;
}

static cof_status set_encoded(json_t *object, const char *key, const cof_buf *bytes,
                              cof_status (*encode)(cof_view, cof_buf *, cof_err *), cof_err *err)
{
    if (bytes->size == 0) {
        return COF_OK;
    }
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    cof_buf_init(&text, 2 * bytes->size + 4);
    COF_TRY(encode(cof_buf_view(bytes), &text, err));
    return cof_json_set(object, key, json_stringn((const char *)text.data, text.size), err);
}

static cof_status print_tpm_quote(const cof_azure_evidence *evidence, json_t *object, cof_err *err)
{
    COF_JSON json_t *quote = json_object();
    COF_JSON json_t *pcrs = json_object();
    for (size_t i = 0; i < COF_PCR_COUNT; i++) {
        char name[PCR_NAME_SIZE];
        char text[2 * COF_DIGEST_SIZE + 1];
        if ((evidence->pcrs.mask >> i & 1) != 0) {
            (void)snprintf(name, sizeof name, "%zu", i);
            cof_digest_text(&evidence->pcrs.values[i], text);
            COF_TRY(cof_json_set(pcrs, name, json_string(text), err));
        }
    }
    COF_TRY(set_encoded(quote, "message", &evidence->quote, cof_hex_encode, err));
    COF_TRY(set_encoded(quote, "signature", &evidence->signature, cof_hex_encode, err));
    COF_TRY(cof_json_set(quote, "pcrs", json_incref(pcrs), err));
    return cof_json_set(object, "tpm_quote", json_incref(quote), err);
}

cof_status cof_azure_evidence_print(const cof_azure_evidence *evidence, cof_buf *out, cof_err *err)
{
    if (evidence->hcl_report.size == 0) {
        return COF_FAIL(err, BAD_ARGUMENT, "evidence without an HCL report cannot be written");
    }
    COF_JSON json_t *object = json_object();
    COF_TRY(cof_json_set(object, "type", json_string("azure-cvm"), err));
    COF_TRY(set_encoded(object, "hcl_report", &evidence->hcl_report, cof_base64url_encode, err));
    COF_TRY(print_tpm_quote(evidence, object, err));
    COF_TRY(set_encoded(object, "td_quote", &evidence->td_quote, cof_base64url_encode, err));
    COF_TRY(set_encoded(object, "vcek", &evidence->leaf, cof_base64url_encode, err));
    COF_TRY(set_encoded(object, "certificate_chain", &evidence->chain, cof_base64url_encode, err));
    COF_TRY(set_encoded(object, "ak_certificate", &evidence->ak_certificate, cof_base64url_encode,
                        err));
    return cof_json_canonical(object, out, err);
}
