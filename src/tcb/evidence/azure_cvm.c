/*
 * Implementation notes. On an Azure confidential VM the paravisor (HCL) runs below the guest and
 * keeps the vTPM. It alone asks the processor for reports. What binds us to one:
 *
 *   hardware report  ── report data = hash of ──▶  claims (JSON)  ── HCLAkPub ──▶  AK of the vTPM
 *                                                  claims         ── user-data ─▶  contract
 *   TPM quote by the AK  ── extraData ──▶  runtime data (our keys);  ── digest ──▶  PCRs
 *
 * Report and claims stand in NV 0x01400001, in pieces of which the paravisor may change some while
 * we read others: what was read counts only when the report's hash fits the claims.
 */
#include "tcb/evidence/azure_cvm.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tcb/base/limits.h"
#include "tcb/evidence/hcl_report.h"
#include "tcb/evidence/tpm.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum {
    NV_HCL_REPORT = 0x01400001,
    NV_USER_DATA = 0x01400002,
    NV_AK_CERTIFICATE = 0x01C101D0,
    AK_HANDLE = (int)0x81000003,
    CERTIFICATE_MAX = 4096,
    MESSAGE_MAX = 1024,
    SIGNATURE_MAX = 512,
    PCR_ATTEMPTS = 5,
    REFRESH_POLLS = 40,
    POLL_MS = 500,
};

typedef struct azure_source {
    cof_quote_source base;
    cof_tpm *tpm;
} azure_source;

/* ---- the HCL report ---- */

/* The paravisor takes some seconds to make a report over new user data. */
static cof_status get_report(cof_tpm *tpm, const cof_digest *contract, cof_buf *out, cof_err *err)
{
    static const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
    uint8_t user_data[COF_HCL_USER_DATA_SIZE] = {0};
    memcpy(user_data, contract->bytes, sizeof contract->bytes);
    COF_TRY(cof_tpm_nv_write(tpm, NV_USER_DATA, cof_view_of(user_data, sizeof user_data), err));
    cof_err last = {0};
    for (int i = 0; i < REFRESH_POLLS; i++) {
        cof_buf_clear(out);
        COF_TRY(cof_tpm_nv_read(tpm, NV_HCL_REPORT, out, err));
        const cof_status status = cof_hcl_check_user_data(cof_buf_view(out), user_data, &last);
        if (status == COF_OK) {
            return COF_OK;
        }
        if (status == COF_E_NO_MEMORY || status == COF_E_UNSUPPORTED) {
            return cof_err_set(err, status, last.file, last.line, "%s", last.detail);
        }
        (void)nanosleep(&pause, NULL);
    }
    return COF_FAIL(err, TIMEOUT, "after 20 s: %s", last.detail);
}

/* ---- the quote ---- */

typedef struct tpm_evidence {
    cof_buf message;
    cof_buf signature;
    cof_digest pcrs[COF_TPM_PCRS];
} tpm_evidence;

static void free_tpm_evidence(tpm_evidence *evidence)
{
    cof_buf_free(&evidence->message);
    cof_buf_free(&evidence->signature);
}

/* TPMS_ATTEST of a quote ends with the PCR digest: u16 size (big endian), 32 bytes. */
static cof_status fits_pcrs(const tpm_evidence *evidence, bool *out, cof_err *err)
{
    static const uint8_t digest_size[2] = {0, COF_DIGEST_SIZE};
    const cof_buf *message = &evidence->message;
    cof_digest digest = {0};
    if (message->size < sizeof digest_size + COF_DIGEST_SIZE) {
        return COF_FAIL(err, TRUNCATED, "a quote of %zu bytes", message->size);
    }
    const uint8_t *end = message->data + message->size - COF_DIGEST_SIZE;
    COF_TRY(cof_digest_of(cof_view_of(evidence->pcrs, sizeof evidence->pcrs), &digest, err));
    *out = memcmp(end - sizeof digest_size, digest_size, sizeof digest_size) == 0 &&
           memcmp(end, digest.bytes, COF_DIGEST_SIZE) == 0;
    return COF_OK;
}

/* Quote and PCR values, which are two commands: somebody may extend a PCR in between. */
static cof_status get_quote(cof_tpm *tpm, const cof_quote_request *request, tpm_evidence *out,
                            cof_err *err)
{
    cof_buf_init(&out->message, MESSAGE_MAX);
    cof_buf_init(&out->signature, SIGNATURE_MAX);
    for (int i = 0; i < PCR_ATTEMPTS; i++) {
        bool fits = false;
        cof_buf_clear(&out->message);
        cof_buf_clear(&out->signature);
        COF_TRY(cof_tpm_quote(tpm, (uint32_t)AK_HANDLE,
                              cof_view_of(request->report_data, COF_DIGEST_SIZE), &out->message,
                              &out->signature, err));
        COF_TRY(cof_tpm_read_pcrs(tpm, out->pcrs, err));
        COF_TRY(fits_pcrs(out, &fits, err));
        if (fits) {
            return COF_OK;
        }
    }
    return COF_FAIL(err, BUSY, "PCRs change all the time");
}

/* Optional: DER, then zeros. Trust does not come from it: the claims name the key. */
static cof_status get_certificate(cof_tpm *tpm, cof_buf *out, cof_err *err)
{
    static const uint8_t der_sequence = 0x30;
    const cof_status status = cof_tpm_nv_read(tpm, NV_AK_CERTIFICATE, out, err);
    if (status == COF_E_NO_MEMORY) {
        return status;
    }
    if (out->size > 0 && out->data[0] != der_sequence) {
        cof_buf_clear(out);
    }
    return COF_OK;
}

/* ---- the JSON ---- */

typedef cof_status encoding(cof_view bytes, cof_buf *out, cof_err *err);

static cof_status set_bytes(json_t *object, const char *key, encoding *encode, const cof_buf *bytes,
                            cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    const char *value = NULL;
    cof_buf_init(&text, 2 * COF_HCL_REPORT_MAX);
    COF_TRY(encode(cof_buf_view(bytes), &text, err));
    COF_TRY(cof_buf_text(&text, &value, err));
    return cof_json_set(object, key, json_string(value), err);
}

static cof_status make_pcrs(const cof_digest *values, json_t **out, cof_err *err)
{
    COF_JSON json_t *pcrs = json_object();
    if (pcrs == NULL) {
        return COF_FAIL(err, NO_MEMORY, "evidence");
    }
    for (int i = 0; i < COF_TPM_PCRS; i++) {
        char name[16];
        char hex[2 * COF_DIGEST_SIZE + 1];
        (void)snprintf(name, sizeof name, "%d", i);
        cof_digest_text(&values[i], hex);
        COF_TRY(cof_json_set(pcrs, name, json_string(hex), err));
    }
    *out = json_incref(pcrs);
    return COF_OK;
}

static cof_status print_evidence(const cof_buf *report, const tpm_evidence *evidence,
                                 const cof_buf *certificate, cof_buf *out, cof_err *err)
{
    json_t *pcrs = NULL;
    COF_JSON json_t *object = json_pack("{s:s,s:{}}", "type", "azure-cvm", "tpm_quote");
    if (object == NULL) {
        return COF_FAIL(err, NO_MEMORY, "evidence");
    }
    json_t *quote = json_object_get(object, "tpm_quote");
    COF_TRY(set_bytes(object, "hcl_report", cof_base64url_encode, report, err));
    COF_TRY(set_bytes(quote, "message", cof_hex_encode, &evidence->message, err));
    COF_TRY(set_bytes(quote, "signature", cof_hex_encode, &evidence->signature, err));
    COF_TRY(make_pcrs(evidence->pcrs, &pcrs, err));
    COF_TRY(cof_json_set(quote, "pcrs", pcrs, err));
    if (certificate->size > 0) {
        COF_TRY(set_bytes(object, "ak_certificate", cof_base64url_encode, certificate, err));
    }
    return cof_json_canonical(object, out, err);
}

/* ---- the source ---- */

static cof_status azure_quote(cof_quote_source *self, const cof_quote_request *request,
                              cof_buf *out_quote, cof_err *err)
{
    cof_tpm *tpm = ((const azure_source *)self)->tpm;
    COF_CLEANUP(cof_buf_free) cof_buf report = {0};
    COF_CLEANUP(cof_buf_free) cof_buf certificate = {0};
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_CLEANUP(free_tpm_evidence) tpm_evidence evidence = {0};
    cof_buf_init(&report, COF_HCL_REPORT_MAX);
    cof_buf_init(&certificate, CERTIFICATE_MAX);
    cof_buf_init(&text, COF_LIMIT_QUOTE_BYTES);
    COF_TRY(get_report(tpm, &request->contract, &report, err));
    COF_TRY(get_quote(tpm, request, &evidence, err));
    COF_TRY(get_certificate(tpm, &certificate, err));
    COF_TRY(print_evidence(&report, &evidence, &certificate, &text, err));
    return cof_buf_append(out_quote, cof_buf_view(&text), err);
}

static void azure_free(cof_quote_source *self)
{
    cof_tpm_free(((const azure_source *)self)->tpm);
    free(self);
}

static const cof_quote_source_ops azure_ops = {
    .name = "azure-cvm", .quote = azure_quote, .free = azure_free};

cof_status cof_quote_source_azure_cvm(TSS2_TCTI_INIT_FUNC init, const char *path,
                                      cof_quote_source **out_source, cof_err *err)
{
    COF_CLEANUP(cof_tpm_drop_) cof_tpm *tpm = NULL;
    COF_TRY(cof_tpm_open(init, path, &tpm, err));
    azure_source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        return COF_FAIL(err, NO_MEMORY, "quote source");
    }
    source->base.ops = &azure_ops;
    source->tpm = cof_tpm_take(&tpm);
    *out_source = &source->base;
    return COF_OK;
}
