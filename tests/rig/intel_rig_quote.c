/* Quotes of every kind, written byte by byte (Intel SGX ECDSA Quote Library API, appendix A; Intel
 * TDX DCAP Quoting Library API, appendix A). */
#include <string.h>

#include "rig/intel_rig_parts.h"
#include "tcb/crypto/digest.h"
#include "tcb/wire/writer.h"

enum { QUOTE_MAX = 128 * 1024, TD_1_0_SIZE = 584, TD_1_5_SIZE = 648 };

static const uint8_t intel_vendor_id[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                            0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

const uint8_t intel_rig_tee_tcb_svn[16] = {5, 3, 3};

static void count_up(uint8_t *out, size_t size, uint8_t from)
{
    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)(from + i);
    }
}

cof_sgx_report intel_rig_good_body(void)
{
    cof_sgx_report report = {.flags = COF_SGX_FLAG_INIT | COF_SGX_FLAG_MODE64,
                             .xfrm = 0xe7,
                             .isv_prod_id = 1,
                             .isv_svn = 1};
    memcpy(report.cpu_svn, intel_rig_components, sizeof report.cpu_svn);
    count_up(report.mrenclave, sizeof report.mrenclave, 0xa0);
    count_up(report.mrsigner, sizeof report.mrsigner, 0xb0);
    count_up(report.report_data, 32, 0x10);
    return report;
}

cof_td_report intel_rig_good_td(bool is_1_5)
{
    cof_td_report td = {
        .is_1_5 = is_1_5, .td_attributes = COF_TD_ATTRIBUTE_SEPT_VE_DISABLE, .xfam = 0x602e7};
    memcpy(td.tee_tcb_svn, intel_rig_tee_tcb_svn, sizeof td.tee_tcb_svn);
    count_up(td.mrseam, sizeof td.mrseam, 0x20);
    count_up(td.mrtd, sizeof td.mrtd, 0x30);
    for (uint8_t i = 0; i < 4; i++) {
        count_up(td.rtmr[i], sizeof td.rtmr[i], (uint8_t)(0x40 + 0x10 * i));
    }
    count_up(td.report_data, 32, 0x10);
    if (is_1_5) {
        memcpy(td.tee_tcb_svn2, intel_rig_tee_tcb_svn, sizeof td.tee_tcb_svn2);
    }
    return td;
}

cof_sgx_report intel_rig_good_qe_report(bool is_tdx)
{
    const uint64_t provision_key = 1 << 4;
    cof_sgx_report report = {.flags = COF_SGX_FLAG_INIT | COF_SGX_FLAG_MODE64 | provision_key,
                             .xfrm = 0xe7,
                             .isv_prod_id = is_tdx ? 2 : 1,
                             .isv_svn = INTEL_RIG_QE_SVN};
    memcpy(report.cpu_svn, intel_rig_components, sizeof report.cpu_svn);
    count_up(report.mrenclave, sizeof report.mrenclave, 0xd0);
    memcpy(report.mrsigner, intel_rig_qe_mrsigner, sizeof report.mrsigner);
    return report;
}

static cof_status put_zeros(cof_buf *out, size_t size, cof_err *err)
{
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(out, size, &place, err));
    if (size > 0) {
        memset(place, 0, size);
    }
    return COF_OK;
}

static cof_status put_bytes(cof_buf *out, const void *bytes, size_t size, cof_err *err)
{
    return cof_buf_append(out, cof_view_of(bytes, size), err);
}

static cof_status put_report(cof_buf *out, const cof_sgx_report *report, cof_err *err)
{
    COF_TRY(put_bytes(out, report->cpu_svn, 16, err));
    COF_TRY(cof_write_u32le(out, report->misc_select, err));
    COF_TRY(put_zeros(out, 12, err));
    COF_TRY(put_bytes(out, report->isv_ext_prod_id, 16, err));
    COF_TRY(cof_write_u64le(out, report->flags, err));
    COF_TRY(cof_write_u64le(out, report->xfrm, err));
    COF_TRY(put_bytes(out, report->mrenclave, 32, err));
    COF_TRY(put_zeros(out, 32, err));
    COF_TRY(put_bytes(out, report->mrsigner, 32, err));
    COF_TRY(put_zeros(out, 32, err));
    COF_TRY(put_bytes(out, report->config_id, 64, err));
    COF_TRY(cof_write_u16le(out, report->isv_prod_id, err));
    COF_TRY(cof_write_u16le(out, report->isv_svn, err));
    COF_TRY(cof_write_u16le(out, report->config_svn, err));
    COF_TRY(put_zeros(out, 42, err));
    COF_TRY(put_bytes(out, report->isv_family_id, 16, err));
    return put_bytes(out, report->report_data, 64, err);
}

static cof_status put_td(cof_buf *out, const cof_td_report *td, cof_err *err)
{
    COF_TRY(put_bytes(out, td->tee_tcb_svn, 16, err));
    COF_TRY(put_bytes(out, td->mrseam, 48, err));
    COF_TRY(put_bytes(out, td->mrsignerseam, 48, err));
    COF_TRY(cof_write_u64le(out, td->seam_attributes, err));
    COF_TRY(cof_write_u64le(out, td->td_attributes, err));
    COF_TRY(cof_write_u64le(out, td->xfam, err));
    COF_TRY(put_bytes(out, td->mrtd, 48, err));
    COF_TRY(put_bytes(out, td->mrconfigid, 48, err));
    COF_TRY(put_bytes(out, td->mrowner, 48, err));
    COF_TRY(put_bytes(out, td->mrownerconfig, 48, err));
    COF_TRY(put_bytes(out, td->rtmr, sizeof td->rtmr, err));
    COF_TRY(put_bytes(out, td->report_data, 64, err));
    if (td->is_1_5) {
        COF_TRY(put_bytes(out, td->tee_tcb_svn2, 16, err));
        COF_TRY(put_bytes(out, td->mrservicetd, 48, err));
    }
    return COF_OK;
}

static uint16_t version_of(intel_rig_form form)
{
    static const uint16_t versions[INTEL_RIG_FORM_COUNT] = {3, 4, 5, 4, 5, 5};
    return versions[form];
}

static bool is_tdx_form(intel_rig_form form)
{
    return form >= INTEL_RIG_TDX_V4;
}

static cof_status put_header(cof_buf *out, intel_rig_form form,
                             const uint8_t key_point[static COF_EC_RAW_SIZE], cof_err *err)
{
    cof_digest qe_id = {0};
    const bool is_v3 = form == INTEL_RIG_SGX_V3;
    COF_TRY(cof_digest_of(cof_view_of(key_point, COF_EC_RAW_SIZE), &qe_id, err));
    COF_TRY(cof_write_u16le(out, version_of(form), err));
    COF_TRY(cof_write_u16le(out, 2, err)); /* ECDSA P-256 */
    COF_TRY(cof_write_u32le(out, is_tdx_form(form) ? 0x81 : 0, err));
    COF_TRY(cof_write_u16le(out, is_v3 ? INTEL_RIG_QE_SVN : 0, err));
    COF_TRY(cof_write_u16le(out, is_v3 ? INTEL_RIG_PCE_SVN : 0, err));
    COF_TRY(put_bytes(out, intel_vendor_id, sizeof intel_vendor_id, err));
    COF_TRY(put_bytes(out, qe_id.bytes, 16, err));
    return put_zeros(out, 4, err);
}

static cof_status put_body(cof_buf *out, const intel_rig_options *options, cof_err *err)
{
    const intel_rig_quote *asked = &options->quote;
    const bool is_1_5 = options->form == INTEL_RIG_TDX_V5_1_5;
    if (version_of(options->form) == 5) {
        const uint16_t td_type = is_1_5 ? 3 : 2;
        const uint32_t td_size = is_1_5 ? TD_1_5_SIZE : TD_1_0_SIZE;
        COF_TRY(cof_write_u16le(out, is_tdx_form(options->form) ? td_type : 1, err));
        COF_TRY(cof_write_u32le(out, is_tdx_form(options->form) ? td_size : COF_QUOTE_REPORT_SIZE,
                                err));
    }
    if (is_tdx_form(options->form)) {
        cof_td_report td = asked->td == NULL ? intel_rig_good_td(is_1_5) : *asked->td;
        td.is_1_5 = is_1_5;
        if (asked->report_data != NULL) {
            memcpy(td.report_data, asked->report_data, sizeof td.report_data);
        }
        return put_td(out, &td, err);
    }
    cof_sgx_report body = asked->body == NULL ? intel_rig_good_body() : *asked->body;
    if (asked->report_data != NULL) {
        memcpy(body.report_data, asked->report_data, sizeof body.report_data);
    }
    return put_report(out, &body, err);
}

static cof_status bind_key(const uint8_t key_point[static COF_EC_RAW_SIZE], cof_view auth,
                           uint8_t report_data[static COF_REPORT_DATA_SIZE], cof_err *err)
{
    cof_digest digest = {0};
    COF_CLEANUP(cof_buf_free) cof_buf bound = {.limit = QUOTE_MAX};
    COF_TRY(put_bytes(&bound, key_point, COF_EC_RAW_SIZE, err));
    COF_TRY(cof_buf_append(&bound, auth, err));
    COF_TRY(cof_digest_of(cof_buf_view(&bound), &digest, err));
    memset(report_data, 0, COF_REPORT_DATA_SIZE);
    memcpy(report_data, digest.bytes, sizeof digest.bytes);
    return COF_OK;
}

static cof_status put_chain(const intel_rig *rig, const intel_rig_quote *asked, cof_buf *out,
                            cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf chain = {.limit = QUOTE_MAX};
    if (asked->chain.data != NULL) {
        COF_TRY(cof_buf_append(&chain, asked->chain, err));
    } else {
        COF_TRY(cof_buf_append(&chain, cof_buf_view(&rig->pem[INTEL_RIG_LEAF]), err));
        COF_TRY(cof_buf_append(&chain, cof_buf_view(&rig->pem[INTEL_RIG_CA]), err));
        COF_TRY(cof_buf_append(&chain, cof_buf_view(&rig->pem[INTEL_RIG_ROOT]), err));
    }
    if (!asked->has_no_nul) {
        COF_TRY(cof_write_u8(&chain, 0, err));
    }
    COF_TRY(
        cof_write_u16le(out, asked->certification_type == 0 ? 5 : asked->certification_type, err));
    COF_TRY(cof_write_u32le(out, (uint32_t)chain.size, err));
    return cof_buf_append(out, cof_buf_view(&chain), err);
}

/* The QE report, its signature, authentication data and chain. */
static cof_status put_qe_part(const intel_rig *rig, const intel_rig_options *options,
                              const uint8_t key_point[static COF_EC_RAW_SIZE], cof_buf *out,
                              cof_err *err)
{
    const intel_rig_quote *asked = &options->quote;
    uint8_t usual_auth[32];
    uint8_t signature[COF_EC_RAW_SIZE];
    count_up(usual_auth, sizeof usual_auth, 0);
    cof_view auth =
        asked->qe_auth.data == NULL ? cof_view_of(usual_auth, sizeof usual_auth) : asked->qe_auth;
    auth.size = asked->has_no_qe_auth ? 0 : auth.size;
    cof_sgx_report report = asked->qe_report == NULL
                                ? intel_rig_good_qe_report(is_tdx_form(options->form))
                                : *asked->qe_report;
    if (!asked->keeps_qe_report_data) {
        COF_TRY(bind_key(key_point, auth, report.report_data, err));
    }
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = COF_QUOTE_REPORT_SIZE};
    COF_TRY(put_report(&bytes, &report, err));
    COF_TRY(cof_ec_sign(rig->keys[intel_rig_or(asked->qe_signed_by, INTEL_RIG_LEAF)],
                        cof_buf_view(&bytes), signature, err));
    COF_TRY(cof_buf_append(out, cof_buf_view(&bytes), err));
    COF_TRY(put_bytes(out, signature, sizeof signature, err));
    COF_TRY(cof_write_u16le(out, (uint16_t)auth.size, err));
    COF_TRY(cof_buf_append(out, auth, err));
    return put_chain(rig, asked, out, err);
}

static cof_status put_signature_data(const intel_rig *rig, const intel_rig_options *options,
                                     cof_view signed_bytes,
                                     const uint8_t key_point[static COF_EC_RAW_SIZE], cof_buf *out,
                                     cof_err *err)
{
    uint8_t signature[COF_EC_RAW_SIZE];
    const cof_ec_key *signer =
        options->quote.is_signed_by_stranger ? rig->keys[INTEL_RIG_STRANGER] : rig->attestation;
    COF_CLEANUP(cof_buf_free) cof_buf qe_part = {.limit = QUOTE_MAX};
    COF_TRY(cof_ec_sign(signer, signed_bytes, signature, err));
    COF_TRY(put_bytes(out, signature, sizeof signature, err));
    COF_TRY(put_bytes(out, key_point, COF_EC_RAW_SIZE, err));
    COF_TRY(put_qe_part(rig, options, key_point, &qe_part, err));
    if (version_of(options->form) > 3) {
        COF_TRY(cof_write_u16le(out, 6, err)); /* QE report certification data */
        COF_TRY(cof_write_u32le(out, (uint32_t)qe_part.size, err));
    }
    return cof_buf_append(out, cof_buf_view(&qe_part), err);
}

cof_status intel_rig_patch_bytes(cof_buf *bytes,
                                 const intel_rig_patch patches[static INTEL_RIG_EDITS_MAX],
                                 cof_err *err)
{
    for (size_t i = 0; i < INTEL_RIG_EDITS_MAX; i++) {
        if (patches[i].flip != 0) {
            if (patches[i].at >= bytes->size) {
                return COF_FAIL(err, BAD_ARGUMENT, "a patch at %zu of %zu", patches[i].at,
                                bytes->size);
            }
            bytes->data[patches[i].at] ^= patches[i].flip;
        }
    }
    return COF_OK;
}

static cof_status wrap(const intel_rig_quote *asked, const cof_buf *quote, cof_buf *out,
                       cof_err *err)
{
    if (asked->is_open_enclave) {
        COF_TRY(cof_write_u32le(out, 1, err)); /* version */
        COF_TRY(cof_write_u32le(out, 2, err)); /* remote report */
        COF_TRY(cof_write_u64le(out, quote->size, err));
    }
    return cof_buf_append(out, cof_buf_view(quote), err);
}

cof_status intel_rig_quote_again(const intel_rig *rig, const intel_rig_options *options,
                                 cof_buf *out, cof_err *err)
{
    uint8_t key_point[COF_EC_RAW_SIZE];
    COF_CLEANUP(cof_buf_free) cof_buf quote = {.limit = QUOTE_MAX};
    COF_CLEANUP(cof_buf_free) cof_buf signature_data = {.limit = QUOTE_MAX};
    COF_TRY(cof_ec_to_point(rig->attestation, key_point, err));
    COF_TRY(put_header(&quote, options->form, key_point, err));
    COF_TRY(put_body(&quote, options, err));
    COF_TRY(intel_rig_patch_bytes(&quote, options->quote.patches, err));
    COF_TRY(
        put_signature_data(rig, options, cof_buf_view(&quote), key_point, &signature_data, err));
    COF_TRY(cof_write_u32le(&quote, (uint32_t)signature_data.size, err));
    COF_TRY(cof_buf_append(&quote, cof_buf_view(&signature_data), err));
    COF_TRY(intel_rig_patch_bytes(&quote, options->quote.late_patches, err));
    COF_TRY(put_zeros(&quote, options->quote.padding, err));
    cof_buf_free(out);
    cof_buf_init(out, QUOTE_MAX);
    return wrap(&options->quote, &quote, out, err);
}
