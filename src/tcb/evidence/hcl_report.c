#include "tcb/evidence/hcl_report.h"

#include <string.h>

#include "tcb/crypto/digest.h"
#include "tcb/wire/json.h"
#include "tcb/wire/reader.h"

/* docs/formats/evidence.md, "azure-cvm". */
enum {
    HARDWARE_AT = 32,
    DATA_AT = 1216, /* u32 size, version, hardware, hash, size of the claims; then they */
    SNP_REPORT_DATA_AT = 0x50,
    TDREPORT_DATA_AT = 128,
};
enum { HARDWARE_SNP = 2, HARDWARE_TDX = 4, HASH_SHA256 = 1 };

/* The claims, when the hardware report's hash fits them. */
static cof_status read_claims(cof_view report, cof_view *out, cof_err *err)
{
    cof_reader reader = cof_reader_of(report);
    cof_view skipped = {0};
    cof_view claims = {0};
    uint32_t hardware = 0;
    uint32_t hash = 0;
    uint32_t size = 0;
    cof_digest digest = {0};
    COF_TRY(cof_read_view(&reader, DATA_AT + 8, &skipped, err));
    COF_TRY(cof_read_u32le(&reader, &hardware, err));
    COF_TRY(cof_read_u32le(&reader, &hash, err));
    COF_TRY(cof_read_u32le(&reader, &size, err));
    COF_TRY(cof_read_view(&reader, size, &claims, err));
    if ((hardware != HARDWARE_SNP && hardware != HARDWARE_TDX) || hash != HASH_SHA256) {
        return COF_FAIL(err, UNSUPPORTED, "HCL report of type %u, hash %u", hardware, hash);
    }
    COF_TRY(cof_digest_of(claims, &digest, err));
    const size_t at = hardware == HARDWARE_SNP ? SNP_REPORT_DATA_AT : TDREPORT_DATA_AT;
    if (memcmp(report.data + HARDWARE_AT + at, digest.bytes, sizeof digest.bytes) != 0) {
        return COF_FAIL(err, EVIDENCE_BINDING, "the HCL report is not over its claims");
    }
    *out = claims;
    return COF_OK;
}

cof_status cof_hcl_check_user_data(cof_view report,
                                   const uint8_t user_data[static COF_HCL_USER_DATA_SIZE],
                                   cof_err *err)
{
    COF_JSON json_t *claims = NULL;
    cof_view text = {0};
    uint8_t shown[COF_HCL_USER_DATA_SIZE];
    COF_TRY(read_claims(report, &text, err));
    COF_TRY(cof_json_parse(text, COF_HCL_REPORT_MAX, &claims, err));
    if (!json_is_object(claims)) {
        return COF_FAIL(err, BAD_FORMAT, "HCL claims");
    }
    COF_TRY(cof_json_get_hex(claims, "user-data", shown, sizeof shown, err));
    if (memcmp(shown, user_data, sizeof shown) != 0) {
        return COF_FAIL(err, EVIDENCE_BINDING, "the HCL report shows other user data");
    }
    return COF_OK;
}
