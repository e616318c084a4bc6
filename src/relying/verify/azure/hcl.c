#include "relying/verify/azure/hcl.h"

#include <string.h>

#include "tcb/wire/reader.h"

enum {
    RESERVED_SIZE = 12,
    REQUEST_AK_CERTIFICATE = 2, /* what the paravisor keeps in its NV index */
    DATA_HEADER_SIZE = 20,
    DATA_OFFSET = 1216,
    TD_REPORT_SIZE = 1024
};

static cof_status expect_u32(cof_reader *reader, const char *name, uint32_t expected, cof_err *err)
{
    uint32_t value = 0;
    COF_TRY(cof_read_u32le(reader, &value, err));
    if (value != expected) {
        return COF_FAIL(err, BAD_FORMAT, "HCL report: %s is %u, expected %u", name, (unsigned)value,
                        (unsigned)expected);
    }
    return COF_OK;
}

static bool is_zero(cof_view bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] != 0) {
            return false;
        }
    }
    return true;
}

static cof_status read_header(cof_reader *reader, cof_hcl_report *report, uint32_t *out_size,
                              cof_err *err)
{
    cof_view magic = {0};
    cof_view reserved = {0};
    COF_TRY(cof_read_view(reader, 4, &magic, err));
    if (!cof_view_equal(magic, cof_view_text("HCLA"))) {
        return COF_FAIL(err, BAD_FORMAT, "not an HCL report");
    }
    COF_TRY(cof_read_u32le(reader, &report->version, err));
    if (report->version != 1 && report->version != 2) {
        return COF_FAIL(err, BAD_VERSION, "HCL report of version %u", (unsigned)report->version);
    }
    COF_TRY(cof_read_u32le(reader, out_size, err));
    COF_TRY(expect_u32(reader, "the request type", REQUEST_AK_CERTIFICATE, err));
    COF_TRY(expect_u32(reader, "the status", 0, err));
    COF_TRY(cof_read_view(reader, RESERVED_SIZE, &reserved, err));
    if (!is_zero(reserved)) {
        return COF_FAIL(err, BAD_FORMAT, "HCL report: reserved bytes are not zero");
    }
    return COF_OK;
}

static cof_status read_kinds(cof_reader *reader, cof_hcl_report *report, cof_err *err)
{
    uint32_t type = 0;
    uint32_t hash = 0;
    COF_TRY(cof_read_u32le(reader, &type, err));
    COF_TRY(cof_read_u32le(reader, &hash, err));
    if (type != COF_HCL_SNP && type != COF_HCL_TDX) {
        return COF_FAIL(err, UNSUPPORTED, "HCL report over hardware of type %u", (unsigned)type);
    }
    if (hash < COF_HCL_SHA256 || hash > COF_HCL_SHA512) {
        return COF_FAIL(err, UNSUPPORTED, "HCL report with claims under hash %u", (unsigned)hash);
    }
    report->type = (cof_hcl_type)type;
    report->hash = (cof_hcl_hash)hash;
    return COF_OK;
}

/* The hardware report fills its place, or zeros follow it. */
static cof_status cut_hardware(cof_hcl_report *report, cof_err *err)
{
    if (report->type == COF_HCL_SNP) {
        return COF_OK;
    }
    const cof_view rest =
        cof_view_of(report->hardware.data + TD_REPORT_SIZE, COF_HCL_HARDWARE_SIZE - TD_REPORT_SIZE);
    if (!is_zero(rest)) {
        return COF_FAIL(err, BAD_FORMAT, "HCL report: bytes after the TDREPORT are not zero");
    }
    report->hardware.size = TD_REPORT_SIZE;
    return COF_OK;
}

cof_status cof_hcl_report_parse(cof_view bytes, cof_hcl_report *out, cof_err *err)
{
    if (bytes.size > COF_HCL_MAX) {
        return COF_FAIL(err, LIMIT, "HCL report of %zu bytes, at most %d", bytes.size, COF_HCL_MAX);
    }
    cof_hcl_report report = {0};
    cof_reader reader = cof_reader_of(bytes);
    uint32_t report_size = 0;
    uint32_t data_size = 0;
    uint32_t claims_size = 0;
    COF_TRY(read_header(&reader, &report, &report_size, err));
    COF_TRY(cof_read_view(&reader, COF_HCL_HARDWARE_SIZE, &report.hardware, err));
    COF_TRY(cof_read_u32le(&reader, &data_size, err));
    COF_TRY(expect_u32(&reader, "the data's version", 1, err));
    COF_TRY(read_kinds(&reader, &report, err));
    COF_TRY(cof_read_u32le(&reader, &claims_size, err));
    /* The view first: then all sizes are small, and the sums cannot overflow. */
    COF_TRY(cof_read_view(&reader, claims_size, &report.claims, err));
    if (data_size != DATA_HEADER_SIZE + claims_size || report_size != DATA_OFFSET + data_size) {
        return COF_FAIL(err, BAD_FORMAT, "HCL report: sizes %u, %u and %u do not agree",
                        (unsigned)report_size, (unsigned)data_size, (unsigned)claims_size);
    }
    const size_t left = cof_reader_left(&reader);
    if (left > 0 && !is_zero(cof_view_of(bytes.data + reader.position, left))) {
        return COF_FAIL(err, TRAILING_BYTES, "HCL report: what follows it is not zero");
    }
    COF_TRY(cut_hardware(&report, err));
    *out = report;
    return COF_OK;
}
