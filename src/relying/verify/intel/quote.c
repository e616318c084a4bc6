#include "relying/verify/intel/quote.h"

#include <string.h>

#include "tcb/base/limits.h"
#include "tcb/wire/reader.h"

enum { VERSION = 3, KEY_ECDSA_P256 = 2, TEE_SGX = 0, CERTIFICATION_PCK_CHAIN = 5 };

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

static cof_status read_header(cof_reader *reader, cof_quote *quote, cof_err *err)
{
    uint16_t version = 0;
    uint16_t key_type = 0;
    uint32_t tee_type = 0;
    uint8_t vendor_id[16];
    COF_TRY(cof_read_u16le(reader, &version, err));
    COF_TRY(cof_read_u16le(reader, &key_type, err));
    COF_TRY(cof_read_u32le(reader, &tee_type, err));
    COF_TRY(cof_read_u16le(reader, &quote->qe_svn, err));
    COF_TRY(cof_read_u16le(reader, &quote->pce_svn, err));
    COF_TRY(cof_read_copy(reader, vendor_id, sizeof vendor_id, err));
    COF_TRY(cof_read_copy(reader, quote->user_data, sizeof quote->user_data, err));
    if (version != VERSION) {
        return COF_FAIL(err, BAD_VERSION, "quote version %u, expected 3", version);
    }
    if (key_type != KEY_ECDSA_P256) {
        return COF_FAIL(err, UNSUPPORTED, "attestation key type %u, expected 2 (ECDSA P-256)",
                        key_type);
    }
    if (tee_type != TEE_SGX) {
        return COF_FAIL(err, UNSUPPORTED, "TEE type 0x%08x, expected 0 (SGX)", tee_type);
    }
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

static cof_status read_signature_data(cof_view bytes, cof_quote *quote, cof_err *err)
{
    cof_reader reader = cof_reader_of(bytes);
    COF_TRY(cof_read_copy(&reader, quote->signature, sizeof quote->signature, err));
    COF_TRY(cof_read_copy(&reader, quote->attestation_key, sizeof quote->attestation_key, err));
    COF_TRY(cof_read_view(&reader, COF_QUOTE_REPORT_SIZE, &quote->qe_report_bytes, err));
    COF_TRY(cof_read_copy(&reader, quote->qe_signature, sizeof quote->qe_signature, err));
    uint16_t auth_size = 0;
    COF_TRY(cof_read_u16le(&reader, &auth_size, err));
    if (auth_size > COF_QUOTE_AUTH_MAX) {
        return COF_FAIL(err, BAD_FORMAT, "QE authentication data of %u bytes, at most %d",
                        auth_size, COF_QUOTE_AUTH_MAX);
    }
    COF_TRY(cof_read_view(&reader, auth_size, &quote->qe_auth, err));
    uint16_t certification_type = 0;
    uint32_t chain_size = 0;
    COF_TRY(cof_read_u16le(&reader, &certification_type, err));
    COF_TRY(cof_read_u32le(&reader, &chain_size, err));
    if (certification_type != CERTIFICATION_PCK_CHAIN) {
        return COF_FAIL(err, UNSUPPORTED, "certification data of type %u, expected 5 (PCK chain)",
                        certification_type);
    }
    COF_TRY(cof_read_view(&reader, chain_size, &quote->chain, err));
    COF_TRY(cof_reader_finish(&reader, err));
    COF_TRY(check_chain_text(&quote->chain, err));
    cof_reader qe_reader = cof_reader_of(quote->qe_report_bytes);
    return read_report(&qe_reader, "QE report", &quote->qe_report, err);
}

cof_status cof_quote_parse(cof_view bytes, cof_quote *out_quote, cof_err *err)
{
    if (bytes.size > COF_LIMIT_QUOTE_BYTES) {
        return COF_FAIL(err, LIMIT, "quote of %zu bytes, at most %d", bytes.size,
                        COF_LIMIT_QUOTE_BYTES);
    }
    cof_quote quote = {.version = VERSION, .kind = COF_QUOTE_SGX, .quote_bytes = bytes};
    cof_reader reader = cof_reader_of(bytes);
    COF_TRY(read_header(&reader, &quote, err));
    COF_TRY(read_report(&reader, "report body", &quote.body, err));
    quote.signed_bytes = cof_view_of(bytes.data, COF_QUOTE_SIGNED_SIZE);
    uint32_t signature_size = 0;
    cof_view signature_data = {0};
    COF_TRY(cof_read_u32le(&reader, &signature_size, err));
    COF_TRY(cof_read_view(&reader, signature_size, &signature_data, err));
    COF_TRY(cof_reader_finish(&reader, err));
    COF_TRY(read_signature_data(signature_data, &quote, err));
    *out_quote = quote;
    return COF_OK;
}
