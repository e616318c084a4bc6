/*
 * Writes a small corpus for the fuzz targets hcl, tpm_quote, azure_evidence and evidence. usage:
 * azure_rig_tool FOLDER (with a folder for each of them)
 */
#include <stdio.h>
#include <string.h>

#include "rig/azure_rig.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

static const char *folder;

static cof_status write_file(const char *target, const char *name, cof_view bytes, cof_err *err)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s/%s", folder, target, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        return COF_FAIL(err, IO, "%s", path);
    }
    const size_t written = fwrite(bytes.data, 1, bytes.size, file);
    return fclose(file) == 0 && written == bytes.size ? COF_OK : COF_FAIL(err, IO, "%s", path);
}

/* Confidential Containers' version 1: the same with a list of PCRs. */
static cof_status write_version_1(cof_view own, cof_err *err)
{
    COF_JSON json_t *object = NULL;
    COF_JSON json_t *list = json_array();
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_EVIDENCE_MAX};
    COF_TRY(cof_json_parse(own, COF_EVIDENCE_MAX, &object, err));
    json_t *quote = json_object_get(object, "tpm_quote");
    for (size_t i = 0; i < COF_PCR_COUNT; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "%zu", i);
        COF_TRY(cof_json_append(
            list, json_incref(json_object_get(json_object_get(quote, "pcrs"), name)), err));
    }
    COF_TRY(cof_json_set(quote, "pcrs", json_incref(list), err));
    COF_TRY(cof_json_set(object, "version", json_integer(1), err));
    (void)json_object_del(object, "type");
    COF_TRY(cof_json_print(object, &text, err));
    return write_file("azure_evidence", "version_1.json", cof_buf_view(&text), err);
}

static json_t *numbers(cof_view bytes)
{
    json_t *list = json_array();
    for (size_t i = 0; i < bytes.size; i++) {
        (void)json_array_append_new(list, json_integer(bytes.data[i]));
    }
    return list;
}

/* And the shape before it. */
static cof_status write_version_0(const cof_azure_evidence *evidence, cof_err *err)
{
    COF_JSON json_t *object = json_object();
    COF_JSON json_t *quote = json_object();
    COF_JSON json_t *pcrs = json_array();
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_EVIDENCE_MAX};
    for (size_t i = 0; i < COF_PCR_COUNT; i++) {
        COF_TRY(cof_json_append(
            pcrs, numbers(cof_view_of(evidence->pcrs.values[i].bytes, COF_DIGEST_SIZE)), err));
    }
    COF_TRY(cof_json_set(quote, "message", numbers(cof_buf_view(&evidence->quote)), err));
    COF_TRY(cof_json_set(quote, "signature", numbers(cof_buf_view(&evidence->signature)), err));
    COF_TRY(cof_json_set(quote, "pcrs", json_incref(pcrs), err));
    COF_TRY(cof_json_set(object, "quote", json_incref(quote), err));
    COF_TRY(cof_json_set(object, "report", numbers(cof_buf_view(&evidence->hcl_report)), err));
    COF_TRY(cof_json_set(object, "vcek", json_string("-----BEGIN CERTIFICATE-----\n"), err));
    COF_TRY(cof_json_print(object, &text, err));
    return write_file("azure_evidence", "version_0.json", cof_buf_view(&text), err);
}

static cof_status write_tpm(const cof_azure_evidence *evidence, cof_err *err)
{
    COF_TRY(write_file("tpm_quote", "quote", cof_buf_view(&evidence->quote), err));
    COF_TRY(write_file("tpm_quote", "public", cof_buf_view(&evidence->encryption_key), err));
    COF_TRY(write_file("tpm_quote", "certify", cof_buf_view(&evidence->encryption_certify), err));
    COF_TRY(write_file("tpm_quote", "signature", cof_buf_view(&evidence->signature), err));
    return write_version_0(evidence, err);
}

static cof_status write_kind(azure_rig_hardware hardware, const char *name, cof_err *err)
{
    azure_rig rig;
    char file[64];
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence evidence = {0};
    COF_CLEANUP(cof_buf_free) cof_buf json = {.limit = COF_EVIDENCE_MAX};
    COF_CLEANUP(cof_buf_free) cof_buf info = {.limit = COF_AZURE_ATTESTATION_INFO_MAX};
    cof_hcl_report report = {0};
    const azure_rig_options options = {.has_ak_certificate = true,
                                       .has_encryption_key = true,
                                       .is_signature_framed = hardware == AZURE_RIG_TDX,
                                       .has_certificates = hardware == AZURE_RIG_SNP,
                                       .hcl_size = 2048};
    COF_TRY(azure_rig_make(&rig, hardware, err));
    COF_TRY(azure_rig_evidence(&rig, &options, &evidence, err));
    COF_TRY(azure_rig_attestation_info(&rig, &options, &info, err));
    COF_TRY(cof_hcl_report_parse(cof_buf_view(&evidence.hcl_report), &report, err));
    COF_TRY(cof_azure_evidence_print(&evidence, &json, err));
    (void)snprintf(file, sizeof file, "%s.json", name);
    COF_TRY(write_file("azure_evidence", file, cof_buf_view(&json), err));
    COF_TRY(write_file("evidence", file, cof_buf_view(&json), err));
    (void)snprintf(file, sizeof file, "info_%s.json", name);
    COF_TRY(write_file("azure_evidence", file, cof_buf_view(&info), err));
    (void)snprintf(file, sizeof file, "report_%s", name);
    COF_TRY(write_file("hcl", file, cof_buf_view(&evidence.hcl_report), err));
    COF_TRY(write_file("hcl", "claims.json", report.claims, err));
    if (hardware == AZURE_RIG_SNP) {
        COF_TRY(write_file("evidence", "snp_report", cof_buf_view(&rig.amd.report), err));
    } else {
        COF_TRY(write_file("evidence", "tdx_quote", cof_buf_view(&rig.intel.quote), err));
        COF_TRY(write_version_1(cof_buf_view(&json), err));
    }
    azure_rig_free(&rig);
    return write_tpm(&evidence, err);
}

static cof_status write_quote(const char *name, const intel_rig_options *options, cof_err *err)
{
    intel_rig rig;
    COF_TRY(intel_rig_make(&rig, options, err));
    const cof_status status = write_file("evidence", name, cof_buf_view(&rig.quote), err);
    intel_rig_free(&rig);
    return status;
}

static cof_status write_all(cof_err *err)
{
    COF_TRY(write_kind(AZURE_RIG_SNP, "snp", err));
    COF_TRY(write_kind(AZURE_RIG_TDX, "tdx", err));
    COF_TRY(write_quote("sgx_v3", &(intel_rig_options){0}, err));
    COF_TRY(write_quote("tdx_v5", &(intel_rig_options){.form = INTEL_RIG_TDX_V5_1_5}, err));
    return write_quote("open_enclave", &(intel_rig_options){.quote = {.is_open_enclave = true}},
                       err);
}

int main(int argc, char **argv)
{
    cof_err err = {0};
    if (argc != 2) {
        (void)fprintf(stderr, "usage: azure_rig_tool FOLDER\n");
        return 64;
    }
    folder = argv[1];
    if (write_all(&err) != COF_OK) {
        (void)fprintf(stderr, "%s\n", err.detail);
        return 1;
    }
    return 0;
}
