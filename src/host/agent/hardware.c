#include "host/agent/hardware.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host/collateral/cache.h"
#include "host/files/files.h"
#include "relying/verify/amd/snp.h"
#include "relying/verify/azure/azure_cvm.h"
#include "relying/verify/azure/hcl.h"
#include "relying/verify/bundle.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/reader.h"
#include "tcb/wire/text.h"

enum { URL_SIZE = 2048, CERTIFICATES_MAX = 64 * 1024 };

COF_OWNED(BIO, BIO_free_all);

struct cof_hardware {
    const char *host;
    cof_http_client *http;             /* of the metadata service */
    cof_collateral_source *collateral; /* of the vendors' services */
};

void cof_hardware_free(cof_hardware *hardware)
{
    if (hardware != NULL) {
        cof_http_client_free(hardware->http);
        cof_collateral_source_free(hardware->collateral);
        free(hardware);
    }
}

cof_status cof_hardware_new(const char *host, const char *journal, cof_hardware **out, cof_err *err)
{
    cof_path folder;
    COF_CLEANUP(cof_hardware_drop_) cof_hardware *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return COF_FAIL(err, NO_MEMORY, "platform");
    }
    self->host = host;
    const char *slash = strrchr(journal, '/');
    COF_TRY(cof_path_format(&folder, err, "%.*scollateral",
                            slash != NULL ? (int)(slash - journal) + 1 : 0, journal));
    cof_collateral_cache_options options = {.folder = folder.text};
    COF_TRY(cof_origin_from("azure", &options.origin, err));
    if (strlen(host) >= sizeof options.origin.imds) {
        return COF_FAIL(err, CONFIG, "platform.host is too long");
    }
    (void)snprintf(options.origin.imds, sizeof options.origin.imds, "%s", host);
    COF_TRY(cof_collateral_cache_open(&options, &self->collateral, err));
    const cof_http_client_options http = {.allow_http = true};
    COF_TRY(cof_http_client_new(&http, &self->http, err));
    *out = cof_hardware_take(&self);
    return COF_OK;
}

cof_status cof_agent_evidence_parse(cof_view payload, cof_agent_evidence *out, cof_err *err)
{
    cof_agent_evidence evidence = {.type = ""};
    cof_reader reader = cof_reader_of(payload);
    uint32_t runtime_size = 0;
    uint8_t name_size = 0;
    if (cof_read_u32le(&reader, &runtime_size, NULL) != COF_OK ||
        cof_read_view(&reader, runtime_size, &evidence.runtime, NULL) != COF_OK ||
        cof_read_u8(&reader, &name_size, NULL) != COF_OK || name_size == 0 ||
        name_size >= sizeof evidence.type ||
        cof_read_copy(&reader, evidence.type, name_size, NULL) != COF_OK ||
        cof_reader_left(&reader) == 0) {
        return COF_FAIL(err, PROTOCOL, "the evidence frame is not well formed");
    }
    COF_TRY(cof_read_view(&reader, cof_reader_left(&reader), &evidence.evidence, err));
    *out = evidence;
    return COF_OK;
}

void cof_submission_parts_free(cof_submission_parts *parts)
{
    cof_buf_free(&parts->evidence);
    cof_buf_free(&parts->certificates);
    cof_buf_free(&parts->runtime);
    *parts = (cof_submission_parts){0};
}

/* ---- SEV-SNP ---- */

static cof_status append_pem(cof_view der, cof_buf *out, cof_err *err)
{
    char *text = NULL;
    COF_CLEANUP(BIO_drop_) BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL || PEM_write_bio(bio, "CERTIFICATE", "", der.data, (long)der.size) <= 0) {
        return COF_FAIL(err, NO_MEMORY, "certificate");
    }
    const long size = BIO_get_mem_data(bio, &text);
    return size > 0 ? cof_buf_append(out, cof_view_of(text, (size_t)size), err)
                    : COF_FAIL(err, NO_MEMORY, "certificate");
}

/* Fills what the evidence does not bring. */
static cof_status fill(cof_hardware *self, cof_view evidence, cof_collateral *have, cof_err *err)
{
    cof_collateral_need need = {0};
    COF_CLEANUP(cof_collateral_free) cof_collateral fetched = {0};
    if (cof_collateral_view(have, COF_COLLATERAL_AMD_LEAF).size > 0 &&
        cof_collateral_view(have, COF_COLLATERAL_AMD_CHAIN).size > 0) {
        return COF_OK;
    }
    COF_TRY(cof_evidence_need(evidence, &need, err));
    COF_TRY(cof_collateral_source_get(self->collateral, &need, (int64_t)time(NULL), &fetched, err));
    for (int i = COF_COLLATERAL_AMD_LEAF; i <= COF_COLLATERAL_AMD_CHAIN; i++) {
        const cof_view item = cof_collateral_view(&fetched, (cof_collateral_item)i);
        if (cof_collateral_view(have, (cof_collateral_item)i).size == 0 && item.size > 0) {
            COF_TRY(cof_collateral_set(have, (cof_collateral_item)i, item, err));
        }
    }
    return COF_OK;
}

static cof_status print_certificates(const cof_collateral *have, cof_buf *out, cof_err *err)
{
    const cof_view leaf = cof_collateral_view(have, COF_COLLATERAL_AMD_LEAF);
    const cof_view chain = cof_collateral_view(have, COF_COLLATERAL_AMD_CHAIN);
    if (leaf.size == 0 || chain.size == 0) {
        return COF_FAIL(err, COLLATERAL_MISSING,
                        "neither the evidence nor the vendor has the VCEK and its chain");
    }
    cof_buf_init(out, CERTIFICATES_MAX);
    COF_TRY(append_pem(leaf, out, err));
    return cof_buf_append(out, chain, err);
}

static cof_status submit_snp(cof_hardware *self, const cof_agent_evidence *evidence,
                             cof_submission_parts *out, cof_err *err)
{
    COF_CLEANUP(cof_collateral_free) cof_collateral have = {0};
    COF_TRY(cof_snp_evidence_split(evidence->evidence, &out->request.evidence, &have, err));
    COF_TRY(fill(self, evidence->evidence, &have, err));
    COF_TRY(print_certificates(&have, &out->certificates, err));
    out->request.form = COF_ATTESTER_SEV_SNP;
    out->request.certificates = cof_buf_view(&out->certificates);
    return COF_OK;
}

/* ---- azure-cvm ---- */

cof_status cof_td_quote_parse(cof_view answer, cof_buf *out, cof_err *err)
{
    COF_JSON json_t *json = NULL;
    COF_TRY(cof_json_parse(answer, COF_LIMIT_JSON_BYTES, &json, err));
    if (!json_is_object(json)) {
        return COF_FAIL(err, BAD_FORMAT, "the host's answer is not a JSON object");
    }
    return cof_json_get_base64url(json, "quote", out, err);
}

/* POST /acc/tdquote: the host turns a TDREPORT into a quote. */
static cof_status fetch_td_quote(cof_hardware *self, cof_view td_report, cof_buf *out, cof_err *err)
{
    char url[URL_SIZE];
    const char *text = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf encoded = {.limit = COF_LIMIT_QUOTE_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf body = {.limit = COF_LIMIT_JSON_BYTES};
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    COF_TRY(cof_base64url_encode(td_report, &encoded, err));
    COF_TRY(cof_buf_text(&encoded, &text, err));
    COF_TRY(cof_buf_printf(&body, err, "{\"report\":\"%s\"}", text));
    (void)snprintf(url, sizeof url, "%s/acc/tdquote", self->host);
    const cof_http_pair headers[] = {{"Metadata", "true"}};
    const cof_http_call call = {.method = "POST",
                                .url = url,
                                .headers = headers,
                                .header_count = 1,
                                .body = cof_buf_view(&body),
                                .content_type = "application/json",
                                .is_repeatable = true,
                                .is_patient = true};
    COF_TRY(cof_http_send(self->http, &call, &answer, err));
    return cof_td_quote_parse(cof_buf_view(&answer.body), out, err);
}

/* What the vTPM quoted stays with the worker's receipt: these places take the hardware's report,
 * and the paravisor's claims, which the report is bound to. */
static cof_status submit_azure(cof_hardware *self, const cof_agent_evidence *evidence,
                               cof_submission_parts *out, cof_err *err)
{
    COF_CLEANUP(cof_azure_evidence_free) cof_azure_evidence parts = {0};
    COF_CLEANUP(cof_collateral_free) cof_collateral have = {0};
    cof_hcl_report hcl;
    COF_TRY(cof_azure_evidence_parse(evidence->evidence, &parts, err));
    COF_TRY(cof_hcl_report_parse(cof_buf_view(&parts.hcl_report), &hcl, err));
    cof_buf_init(&out->evidence, COF_LIMIT_QUOTE_BYTES);
    cof_buf_init(&out->runtime, COF_LIMIT_RUNTIME_BYTES);
    COF_TRY(cof_buf_append(&out->runtime, hcl.claims, err));
    if (hcl.type == COF_HCL_TDX) {
        COF_TRY(parts.td_quote.size > 0
                    ? cof_buf_append(&out->evidence, cof_buf_view(&parts.td_quote), err)
                    : fetch_td_quote(self, hcl.hardware, &out->evidence, err));
        out->request.form = COF_ATTESTER_TDX;
    } else {
        COF_TRY(cof_buf_append(&out->evidence, hcl.hardware, err));
        COF_TRY(cof_collateral_set(&have, COF_COLLATERAL_AMD_LEAF, cof_buf_view(&parts.leaf), err));
        COF_TRY(
            cof_collateral_set(&have, COF_COLLATERAL_AMD_CHAIN, cof_buf_view(&parts.chain), err));
        COF_TRY(fill(self, evidence->evidence, &have, err));
        COF_TRY(print_certificates(&have, &out->certificates, err));
        out->request.form = COF_ATTESTER_SEV_SNP;
        out->request.certificates = cof_buf_view(&out->certificates);
    }
    out->request.evidence = cof_buf_view(&out->evidence);
    out->request.runtime = cof_buf_view(&out->runtime);
    return COF_OK;
}

cof_status cof_hardware_submit(cof_hardware *hardware, const cof_agent_evidence *evidence,
                               cof_submission_parts *out, cof_err *err)
{
    const char *type = evidence->type;
    out->request = (cof_attester_request){
        .form = COF_ATTESTER_SGX, .evidence = evidence->evidence, .runtime = evidence->runtime};
    if (strcmp(type, "simulated") == 0 || strcmp(type, "sgx") == 0) {
        return COF_OK;
    }
    if (strcmp(type, "tdx") == 0) {
        out->request.form = COF_ATTESTER_TDX;
        return COF_OK;
    }
    if (hardware != NULL && strcmp(type, "sev-snp") == 0) {
        return submit_snp(hardware, evidence, out, err);
    }
    if (hardware != NULL && strcmp(type, "azure-cvm") == 0) {
        return submit_azure(hardware, evidence, out, err);
    }
    return COF_FAIL(err, UNSUPPORTED, "evidence of type %s is not known here", type);
}

/* Azure's TDX evidence needs what its TD quote needs, which the worker does not have. */
static cof_status find_need(cof_hardware *self, const cof_agent_evidence *evidence,
                            cof_collateral_need *out, cof_err *err)
{
    COF_CLEANUP(cof_submission_parts_free) cof_submission_parts parts = {0};
    cof_view view = evidence->evidence;
    if (strcmp(evidence->type, "azure-cvm") == 0) {
        COF_TRY(submit_azure(self, evidence, &parts, err));
        view = parts.request.form == COF_ATTESTER_TDX ? parts.request.evidence : view;
    }
    return cof_evidence_need(view, out, err);
}

cof_status cof_hardware_bundle(cof_hardware *hardware, const cof_agent_evidence *evidence,
                               cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_bundle_free) cof_bundle bundle = {.fetched_unix_s = (int64_t)time(NULL)};
    COF_TRY(find_need(hardware, evidence, &bundle.need, err));
    if (bundle.need.hardware != COF_TEE_SGX && bundle.need.hardware != COF_TEE_TDX &&
        bundle.need.hardware != COF_TEE_SEV_SNP) {
        return COF_OK;
    }
    COF_TRY(cof_collateral_source_get(hardware->collateral, &bundle.need, bundle.fetched_unix_s,
                                      &bundle.collateral, err));
    return cof_bundle_print(&bundle, out, err);
}
