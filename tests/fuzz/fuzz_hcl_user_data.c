/* What a worker looks for in the paravisor's report: Azure's host can write anything there. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tcb/crypto/digest.h"
#include "tcb/evidence/hcl_report.h"

enum { TYPE_AT = 1224, SIZE_AT = 1232, CLAIMS_AT = 1236, SNP_AT = 32 + 0x50, TDX_AT = 32 + 128 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t get_u32(const uint8_t *place)
{
    return (uint32_t)place[3] << 24 | (uint32_t)place[2] << 16 | (uint32_t)place[1] << 8 | place[0];
}

/* The hash that the hardware would have put there, so that mutations reach the claims. */
static void bind(uint8_t *report, size_t size)
{
    cof_digest digest;
    if (size < CLAIMS_AT || get_u32(report + SIZE_AT) > size - CLAIMS_AT) {
        return;
    }
    const cof_view claims = cof_view_of(report + CLAIMS_AT, get_u32(report + SIZE_AT));
    if (cof_digest_of(claims, &digest, NULL) == COF_OK) {
        memcpy(report + (report[TYPE_AT] == 4 ? TDX_AT : SNP_AT), digest.bytes,
               sizeof digest.bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t user_data[COF_HCL_USER_DATA_SIZE] = {0xc0, 0xff, 0xee};
    uint8_t *report = malloc(size == 0 ? 1 : size);
    if (report == NULL || size > COF_HCL_REPORT_MAX) {
        free(report);
        return 0;
    }
    memcpy(report, data, size);
    const cof_view view = cof_view_of(report, size);
    (void)!cof_hcl_check_user_data(view, user_data, NULL);
    bind(report, size);
    (void)!cof_hcl_check_user_data(view, user_data, NULL);
    free(report);
    return 0;
}
