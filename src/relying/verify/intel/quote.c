#include "relying/verify/intel/quote.h"

#include <string.h>

#include "tcb/base/limits.h"
#include "tcb/wire/reader.h"

enum {
    VERSION_3 = 3,
    VERSION_4 = 4,
    VERSION_5 = 5,
    KEY_ECDSA_P256 = 2,
    TEE_SGX = 0,
    TEE_TDX = 0x81,
    BODY_SGX = 1,
    BODY_TD_1_0 = 2,
    BODY_TD_1_5 = 3,
    TD_1_0_SIZE = 584,
    TD_1_5_SIZE = 648,
    CERTIFICATION_PCK_CHAIN = 5,
    CERTIFICATION_QE_REPORT = 6,
    OPEN_ENCLAVE_VERSION = 1,
    OPEN_ENCLAVE_REMOTE = 2
};

static const uint8_t intel_vendor_id[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                            0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

/* Reserved means zero: bits that get a meaning one day must not be accepted by a reader that does
 * not know it. */
static cof_status read_reserved(cof_reader *reader, size_t size, const char *where, cof_err *err)
{
    cof_view bytes = {0};
    COF_TRY(cof_read_view(reader, size, &bytes, err));
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] != 0) {
            return COF_FAIL(err, BAD_FORMAT, "%s: reserved byte %zu is not zero", where, i);
        }
    }
    return COF_OK;
}

/* Which versions, TEEs and key types there are. out_kind says whose body follows. */
static cof_status check_kind(uint16_t version, uint16_t key_type, uint32_t tee_type,
                             cof_quote_kind *out_kind, cof_err *err)
{
    if (version < VERSION_3 || version > VERSION_5) {
        return COF_FAIL(err, BAD_VERSION, "quote version %u, expected 3, 4 or 5", version);
    }
    if (key_type != KEY_ECDSA_P256) {
        return COF_FAIL(err, UNSUPPORTED, "attestation key type %u, expected 2 (ECDSA P-256)",
                        key_type);
    }
    if (tee_type != TEE_SGX && tee_type != TEE_TDX) {
        return COF_FAIL(err, UNSUPPORTED, "TEE type 0x%08x, expected 0 (SGX) or 0x81 (TDX)",
                        tee_type);
    }
    if (version == VERSION_3 && tee_type != TEE_SGX) {
        return COF_FAIL(err, UNSUPPORTED, "TEE type 0x%08x in a quote of version 3, expected 0",
                        tee_type);
    }
    *out_kind = tee_type == TEE_SGX ? COF_QUOTE_SGX : COF_QUOTE_TDX;
    return COF_OK;
}

static cof_status read_header(cof_reader *reader, cof_quote *quote, cof_err *err)
{
    uint16_t key_type = 0;
    uint32_t tee_type = 0;
    uint8_t vendor_id[16];
    COF_TRY(cof_read_u16le(reader, &quote->version, err));
    COF_TRY(cof_read_u16le(reader, &key_type, err));
    COF_TRY(cof_read_u32le(reader, &tee_type, err));
    COF_TRY(check_kind(quote->version, key_type, tee_type, &quote->kind, err));
    if (quote->version == VERSION_3) {
        COF_TRY(cof_read_u16le(reader, &quote->qe_svn, err));
        COF_TRY(cof_read_u16le(reader, &quote->pce_svn, err));
    } else {
        COF_TRY(read_reserved(reader, 4, "header", err));
    }
    COF_TRY(cof_read_copy(reader, vendor_id, sizeof vendor_id, err));
    COF_TRY(cof_read_copy(reader, quote->user_data, sizeof quote->user_data, err));
    if (memcmp(vendor_id, intel_vendor_id, sizeof vendor_id) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "the QE vendor id is not Intel's");
    }
    return COF_OK;
}

static cof_status read_report(cof_reader *reader, const char *where, cof_sgx_report *report,
                              cof_err *err)
{
    COF_TRY(cof_read_copy(reader, report->cpu_svn, sizeof report->cpu_svn, err));
    COF_TRY(cof_read_u32le(reader, &report->misc_select, err));
    COF_TRY(read_reserved(reader, 12, where, err));
    COF_TRY(cof_read_copy(reader, report->isv_ext_prod_id, sizeof report->isv_ext_prod_id, err));
    COF_TRY(cof_read_u64le(reader, &report->flags, err));
    COF_TRY(cof_read_u64le(reader, &report->xfrm, err));
    COF_TRY(cof_read_copy(reader, report->mrenclave, sizeof report->mrenclave, err));
    COF_TRY(read_reserved(reader, 32, where, err));
    COF_TRY(cof_read_copy(reader, report->mrsigner, sizeof report->mrsigner, err));
    COF_TRY(read_reserved(reader, 32, where, err));
    COF_TRY(cof_read_copy(reader, report->config_id, sizeof report->config_id, err));
    COF_TRY(cof_read_u16le(reader, &report->isv_prod_id, err));
    COF_TRY(cof_read_u16le(reader, &report->isv_svn, err));
    COF_TRY(cof_read_u16le(reader, &report->config_svn, err));
    COF_TRY(read_reserved(reader, 42, where, err));
    COF_TRY(cof_read_copy(reader, report->isv_family_id, sizeof report->isv_family_id, err));
    return cof_read_copy(reader, report->report_data, sizeof report->report_data, err);
}

static cof_status read_td_report(cof_reader *reader, bool is_1_5, cof_td_report *td, cof_err *err)
{
    td->is_1_5 = is_1_5;
    COF_TRY(cof_read_copy(reader, td->tee_tcb_svn, sizeof td->tee_tcb_svn, err));
    COF_TRY(cof_read_copy(reader, td->mrseam, sizeof td->mrseam, err));
    COF_TRY(cof_read_copy(reader, td->mrsignerseam, sizeof td->mrsignerseam, err));
    COF_TRY(cof_read_u64le(reader, &td->seam_attributes, err));
    COF_TRY(cof_read_u64le(reader, &td->td_attributes, err));
    COF_TRY(cof_read_u64le(reader, &td->xfam, err));
    COF_TRY(cof_read_copy(reader, td->mrtd, sizeof td->mrtd, err));
    COF_TRY(cof_read_copy(reader, td->mrconfigid, sizeof td->mrconfigid, err));
    COF_TRY(cof_read_copy(reader, td->mrowner, sizeof td->mrowner, err));
    COF_TRY(cof_read_copy(reader, td->mrownerconfig, sizeof td->mrownerconfig, err));
    COF_TRY(cof_read_copy(reader, td->rtmr, sizeof td->rtmr, err));
    COF_TRY(cof_read_copy(reader, td->report_data, sizeof td->report_data, err));
    if (is_1_5) {
        COF_TRY(cof_read_copy(reader, td->tee_tcb_svn2, sizeof td->tee_tcb_svn2, err));
        COF_TRY(cof_read_copy(reader, td->mrservicetd, sizeof td->mrservicetd, err));
    }
    return COF_OK;
}

/* Version 5 says which body follows, and how long it is. */
static cof_status read_body_type(cof_reader *reader, cof_quote_kind kind, bool *out_is_1_5,
                                 cof_err *err)
{
    uint16_t type = 0;
    uint32_t size = 0;
    COF_TRY(cof_read_u16le(reader, &type, err));
    COF_TRY(cof_read_u32le(reader, &size, err));
    const bool is_sgx = type == BODY_SGX;
    if (type < BODY_SGX || type > BODY_TD_1_5 || is_sgx != (kind == COF_QUOTE_SGX)) {
        return COF_FAIL(err, UNSUPPORTED, "body type %u in a quote of %s", type,
                        kind == COF_QUOTE_SGX ? "SGX" : "TDX");
    }
    const uint32_t td_size = type == BODY_TD_1_0 ? TD_1_0_SIZE : TD_1_5_SIZE;
    const uint32_t expected = is_sgx ? COF_QUOTE_REPORT_SIZE : td_size;
    if (size != expected) {
        return COF_FAIL(err, BAD_FORMAT, "body of type %u and %u bytes, expected %u", type, size,
                        expected);
    }
    *out_is_1_5 = type == BODY_TD_1_5;
    return COF_OK;
}

static cof_status read_body(cof_reader *reader, cof_quote *quote, cof_err *err)
{
    bool is_1_5 = false;
    if (quote->version == VERSION_5) {
        COF_TRY(read_body_type(reader, quote->kind, &is_1_5, err));
    }
    if (quote->kind == COF_QUOTE_SGX) {
        return read_report(reader, "report body", &quote->body, err);
    }
    return read_td_report(reader, is_1_5, &quote->td, err);
}

/* The PEM text may end in one NUL, as most platforms write it; none may be inside. */
static cof_status check_chain_text(cof_view *chain, cof_err *err)
{
    if (chain->size > 0 && chain->data[chain->size - 1] == 0) {
        chain->size--;
    }
    if (chain->size == 0) {
        return COF_FAIL(err, BAD_FORMAT, "the certificate chain is empty");
    }
    if (memchr(chain->data, 0, chain->size) != NULL) {
        return COF_FAIL(err, BAD_FORMAT, "the certificate chain holds a NUL");
    }
    return COF_OK;
}

static cof_status read_certification_header(cof_reader *reader, uint16_t expected_type,
                                            uint32_t *out_size, cof_err *err)
{
    uint16_t type = 0;
    COF_TRY(cof_read_u16le(reader, &type, err));
    if (type != expected_type) {
        return COF_FAIL(err, UNSUPPORTED, "certification data of type %u, expected %u (%s)", type,
                        expected_type,
                        expected_type == CERTIFICATION_PCK_CHAIN ? "PCK chain" : "QE report");
    }
    return cof_read_u32le(reader, out_size, err);
}

/* The QE report, its signature, authentication data and the PCK chain. */
static cof_status read_qe_part(cof_reader *reader, cof_quote *quote, cof_err *err)
{
    uint16_t auth_size = 0;
    uint32_t chain_size = 0;
    COF_TRY(cof_read_view(reader, COF_QUOTE_REPORT_SIZE, &quote->qe_report_bytes, err));
    COF_TRY(cof_read_copy(reader, quote->qe_signature, sizeof quote->qe_signature, err));
    COF_TRY(cof_read_u16le(reader, &auth_size, err));
    if (auth_size > COF_QUOTE_AUTH_MAX) {
        return COF_FAIL(err, BAD_FORMAT, "QE authentication data of %u bytes, at most %d",
                        auth_size, COF_QUOTE_AUTH_MAX);
    }
    COF_TRY(cof_read_view(reader, auth_size, &quote->qe_auth, err));
    COF_TRY(read_certification_header(reader, CERTIFICATION_PCK_CHAIN, &chain_size, err));
    COF_TRY(cof_read_view(reader, chain_size, &quote->chain, err));
    COF_TRY(cof_reader_finish(reader, err));
    COF_TRY(check_chain_text(&quote->chain, err));
    cof_reader qe_reader = cof_reader_of(quote->qe_report_bytes);
    return read_report(&qe_reader, "QE report", &quote->qe_report, err);
}

static cof_status read_signature_data(cof_view bytes, cof_quote *quote, cof_err *err)
{
    cof_reader reader = cof_reader_of(bytes);
    COF_TRY(cof_read_copy(&reader, quote->signature, sizeof quote->signature, err));
    COF_TRY(cof_read_copy(&reader, quote->attestation_key, sizeof quote->attestation_key, err));
    if (quote->version == VERSION_3) {
        return read_qe_part(&reader, quote, err);
    }
    /* Versions 4 and 5 wrap the rest once more. */
    uint32_t size = 0;
    cof_view inner = {0};
    COF_TRY(read_certification_header(&reader, CERTIFICATION_QE_REPORT, &size, err));
    COF_TRY(cof_read_view(&reader, size, &inner, err));
    COF_TRY(cof_reader_finish(&reader, err));
    cof_reader inner_reader = cof_reader_of(inner);
    return read_qe_part(&inner_reader, quote, err);
}

/* Some transports hand over a whole buffer, whose rest is zero. */
static cof_status check_padding(cof_view padding, cof_err *err)
{
    if (padding.size > COF_QUOTE_PADDING_MAX) {
        return COF_FAIL(err, TRAILING_BYTES, "%zu bytes after the quote, at most %d zeros",
                        padding.size, COF_QUOTE_PADDING_MAX);
    }
    for (size_t i = 0; i < padding.size; i++) {
        if (padding.data[i] != 0) {
            return COF_FAIL(err, TRAILING_BYTES, "byte %zu after the quote is not zero", i);
        }
    }
    return COF_OK;
}

cof_status cof_quote_parse(cof_view bytes, cof_quote *out_quote, cof_err *err)
{
    if (bytes.size > COF_LIMIT_QUOTE_BYTES) {
        return COF_FAIL(err, LIMIT, "quote of %zu bytes, at most %d", bytes.size,
                        COF_LIMIT_QUOTE_BYTES);
    }
    cof_quote quote = {0};
    cof_reader reader = cof_reader_of(bytes);
    COF_TRY(read_header(&reader, &quote, err));
    COF_TRY(read_body(&reader, &quote, err));
    quote.signed_bytes = cof_view_of(bytes.data, reader.position);
    uint32_t signature_size = 0;
    cof_view signature_data = {0};
    COF_TRY(cof_read_u32le(&reader, &signature_size, err));
    COF_TRY(cof_read_view(&reader, signature_size, &signature_data, err));
    COF_TRY(read_signature_data(signature_data, &quote, err));
    quote.quote_bytes = cof_view_of(bytes.data, reader.position);
    COF_TRY(
        check_padding(cof_view_of(bytes.data + reader.position, cof_reader_left(&reader)), err));
    *out_quote = quote;
    return COF_OK;
}

cof_status cof_open_enclave_unwrap(cof_view bytes, cof_view *out_quote, cof_err *err)
{
    cof_reader reader = cof_reader_of(bytes);
    uint32_t version = 0;
    uint32_t type = 0;
    uint64_t size = 0;
    cof_view quote = {0};
    COF_TRY(cof_read_u32le(&reader, &version, err));
    COF_TRY(cof_read_u32le(&reader, &type, err));
    COF_TRY(cof_read_u64le(&reader, &size, err));
    if (version != OPEN_ENCLAVE_VERSION) {
        return COF_FAIL(err, BAD_VERSION, "Open Enclave report version %u, expected 1", version);
    }
    if (type != OPEN_ENCLAVE_REMOTE) {
        return COF_FAIL(err, UNSUPPORTED, "Open Enclave report type %u, expected 2 (remote)", type);
    }
    if (size > cof_reader_left(&reader)) {
        return COF_FAIL(err, TRUNCATED, "Open Enclave report of %llu bytes where %zu are left",
                        (unsigned long long)size, cof_reader_left(&reader));
    }
    COF_TRY(cof_read_view(&reader, (size_t)size, &quote, err));
    COF_TRY(cof_reader_finish(&reader, err));
    *out_quote = quote;
    return COF_OK;
}
