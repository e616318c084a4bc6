#include "local/platform/quote_writer.h"

#include <string.h>

#include "local/platform/pki.h"
#include "local/platform/quoting.h"
#include "tcb/crypto/digest.h"
#include "tcb/wire/writer.h"

enum { AUTH_SIZE = 32, CERTIFICATION_PCK_CHAIN = 5, REPORT_SIZE = 384, SIGNED_SIZE = 432 };

static const uint8_t intel_vendor_id[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                            0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

/* What differs between the enclave's report and the quoting enclave's. */
typedef struct report_spec {
    const uint8_t *mrenclave;
    const char *signer; /* MRSIGNER is the SHA-256 of this text */
    uint64_t flags;
    const uint8_t *report_data;
} report_spec;

static cof_status write_zeros(cof_buf *out, size_t size, cof_err *err)
{
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(out, size, &place, err));
    memset(place, 0, size);
    return COF_OK;
}

static cof_status write_report(const report_spec *spec, cof_buf *out, cof_err *err)
{
    cof_digest signer = {0};
    COF_TRY(cof_digest_of(cof_view_text(spec->signer), &signer, err));
    COF_TRY(cof_buf_append(out, cof_view_of(cof_pki_cpu_svn, COF_PKI_CPU_SVN_SIZE), err));
    COF_TRY(write_zeros(out, 4 + 12 + 16, err)); /* MISCSELECT, reserved, extended product id */
    COF_TRY(cof_write_u64le(out, spec->flags, err));
    COF_TRY(cof_write_u64le(out, 7, err)); /* XFRM: x87, SSE, AVX */
    COF_TRY(cof_buf_append(out, cof_view_of(spec->mrenclave, 32), err));
    COF_TRY(write_zeros(out, 32, err));
    COF_TRY(cof_buf_append(out, cof_view_of(signer.bytes, sizeof signer.bytes), err));
    COF_TRY(write_zeros(out, 32 + 64, err));     /* reserved, CONFIGID */
    COF_TRY(cof_write_u16le(out, 1, err));       /* ISV product id */
    COF_TRY(cof_write_u16le(out, 1, err));       /* ISV SVN */
    COF_TRY(write_zeros(out, 2 + 42 + 16, err)); /* CONFIGSVN, reserved, family id */
    return cof_buf_append(out, cof_view_of(spec->report_data, 64), err);
}

static cof_status write_header(const uint8_t key_point[static COF_EC_RAW_SIZE], cof_buf *out,
                               cof_err *err)
{
    cof_digest qe_id = {0};
    COF_TRY(cof_digest_of(cof_view_of(key_point, COF_EC_RAW_SIZE), &qe_id, err));
    COF_TRY(cof_write_u16le(out, 3, err));  /* version */
    COF_TRY(cof_write_u16le(out, 2, err));  /* ECDSA P-256 */
    COF_TRY(cof_write_u32le(out, 0, err));  /* SGX */
    COF_TRY(cof_write_u16le(out, 1, err));  /* QE SVN */
    COF_TRY(cof_write_u16le(out, 13, err)); /* PCE SVN */
    COF_TRY(cof_buf_append(out, cof_view_of(intel_vendor_id, sizeof intel_vendor_id), err));
    COF_TRY(cof_buf_append(out, cof_view_of(qe_id.bytes, 16), err));
    return write_zeros(out, 4, err);
}

/* The quoting enclave's report binds the attestation key and the authentication data. */
static cof_status write_qe_report(const cof_quote_spec *spec,
                                  const uint8_t key_point[static COF_EC_RAW_SIZE],
                                  const uint8_t auth[static AUTH_SIZE], cof_buf *out, cof_err *err)
{
    uint8_t bound[COF_EC_RAW_SIZE + AUTH_SIZE];
    memcpy(bound, key_point, COF_EC_RAW_SIZE);
    memcpy(bound + COF_EC_RAW_SIZE, auth, AUTH_SIZE);
    cof_digest binding = {0};
    cof_digest program = {0};
    COF_TRY(cof_digest_of(cof_view_of(bound, sizeof bound), &binding, err));
    COF_TRY(cof_digest_of(cof_view_text("coffer simulated quoting enclave"), &program, err));
    uint8_t report_data[64] = {0};
    memcpy(report_data, binding.bytes, sizeof binding.bytes);
    const report_spec report = {.mrenclave = program.bytes,
                                .signer = "coffer simulated platform signer",
                                .flags = spec->qe_flags,
                                .report_data = report_data};
    return write_report(&report, out, err);
}

static cof_status write_signature_data(const cof_quote_spec *spec, cof_view signed_bytes,
                                       const uint8_t key_point[static COF_EC_RAW_SIZE],
                                       cof_buf *out, cof_err *err)
{
    uint8_t signature[COF_EC_RAW_SIZE];
    uint8_t auth[AUTH_SIZE];
    for (size_t i = 0; i < AUTH_SIZE; i++) {
        auth[i] = (uint8_t)i; /* as Intel's quoting enclave does */
    }
    COF_TRY(cof_ec_sign(spec->attestation, signed_bytes, signature, err));
    COF_TRY(cof_buf_append(out, cof_view_of(signature, sizeof signature), err));
    COF_TRY(cof_buf_append(out, cof_view_of(key_point, COF_EC_RAW_SIZE), err));
    COF_CLEANUP(cof_buf_free) cof_buf report = {0};
    cof_buf_init(&report, REPORT_SIZE);
    COF_TRY(write_qe_report(spec, key_point, auth, &report, err));
    COF_TRY(cof_ec_sign(spec->pck, cof_buf_view(&report), signature, err));
    COF_TRY(cof_buf_append(out, cof_buf_view(&report), err));
    COF_TRY(cof_buf_append(out, cof_view_of(signature, sizeof signature), err));
    COF_TRY(cof_write_u16le(out, AUTH_SIZE, err));
    COF_TRY(cof_buf_append(out, cof_view_of(auth, sizeof auth), err));
    COF_TRY(cof_write_u16le(out, CERTIFICATION_PCK_CHAIN, err));
    COF_TRY(cof_write_u32le(out, (uint32_t)spec->chain.size + 1, err));
    COF_TRY(cof_buf_append(out, spec->chain, err));
    return cof_write_u8(out, 0, err); /* the NUL that most platforms put after the chain */
}

cof_status cof_quote_write(const cof_quote_spec *spec, cof_buf *out, cof_err *err)
{
    uint8_t key_point[COF_EC_RAW_SIZE];
    COF_CLEANUP(cof_buf_free) cof_buf quote = {0};
    COF_CLEANUP(cof_buf_free) cof_buf signature_data = {0};
    cof_buf_init(&quote, COF_QUOTING_QUOTE_MAX);
    cof_buf_init(&signature_data, COF_QUOTING_QUOTE_MAX);
    COF_TRY(cof_ec_to_point(spec->attestation, key_point, err));
    COF_TRY(write_header(key_point, &quote, err));
    const report_spec body = {.mrenclave = spec->mrenclave,
                              .signer = "coffer simulated signer",
                              .flags = spec->flags,
                              .report_data = spec->report_data};
    COF_TRY(write_report(&body, &quote, err));
    COF_TRY(write_signature_data(spec, cof_view_of(quote.data, SIGNED_SIZE), key_point,
                                 &signature_data, err));
    COF_TRY(cof_write_u32le(&quote, (uint32_t)signature_data.size, err));
    COF_TRY(cof_buf_append(&quote, cof_buf_view(&signature_data), err));
    return cof_buf_append(out, cof_buf_view(&quote), err);
}
