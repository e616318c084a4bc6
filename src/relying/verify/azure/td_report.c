#include "relying/verify/azure/td_report.h"

#include <string.h>

enum { TYPE_TDX = 0x81, REGISTER_SIZE = 48 };

/* A member of the TDREPORT, and where it stands: REPORTMACSTRUCT is at 0, TDINFO at 512. */
typedef struct member {
    const char *name;
    size_t at;
    const uint8_t *expected;
    size_t size;
} member;

static void put_u64le(uint64_t value, uint8_t out[static 8])
{
    for (size_t i = 0; i < 8; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

cof_status cof_td_report_check(cof_view bytes, const cof_td_report *td, cof_err *err)
{
    uint8_t attributes[8];
    uint8_t xfam[8];
    put_u64le(td->td_attributes, attributes);
    put_u64le(td->xfam, xfam);
    const member members[] = {{"report data", 128, td->report_data, COF_REPORT_DATA_SIZE},
                              {"attributes", 512, attributes, sizeof attributes},
                              {"XFAM", 520, xfam, sizeof xfam},
                              {"MRTD", 528, td->mrtd, REGISTER_SIZE},
                              {"MRCONFIGID", 576, td->mrconfigid, REGISTER_SIZE},
                              {"MROWNER", 624, td->mrowner, REGISTER_SIZE},
                              {"MROWNERCONFIG", 672, td->mrownerconfig, REGISTER_SIZE},
                              {"RTMR0", 720, td->rtmr[0], REGISTER_SIZE},
                              {"RTMR1", 768, td->rtmr[1], REGISTER_SIZE},
                              {"RTMR2", 816, td->rtmr[2], REGISTER_SIZE},
                              {"RTMR3", 864, td->rtmr[3], REGISTER_SIZE}};
    if (bytes.size < COF_TD_REPORT_SIZE) {
        return COF_FAIL(err, TRUNCATED, "a TDREPORT of %zu bytes", bytes.size);
    }
    if (bytes.size > COF_TD_REPORT_SIZE) {
        return COF_FAIL(err, TRAILING_BYTES, "a TDREPORT of %zu bytes", bytes.size);
    }
    if (bytes.data[0] != TYPE_TDX) {
        return COF_FAIL(err, BAD_FORMAT, "a TDREPORT of type 0x%02x", bytes.data[0]);
    }
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (memcmp(bytes.data + members[i].at, members[i].expected, members[i].size) != 0) {
            return COF_FAIL(err, EVIDENCE_INVALID, "%s is not the quote's", members[i].name);
        }
    }
    return COF_OK;
}
