/* SEV-SNP reports. What is read must be what stands there. */
#include <stdlib.h>
#include <string.h>

#include "relying/verify/amd/snp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_faithful(const cof_snp_report *report, const uint8_t *data)
{
    bool is_reversed = true;
    for (size_t i = 0; i < COF_SNP_SCALAR_SIZE; i++) {
        is_reversed = is_reversed && report->r[i] == data[COF_SNP_SIGNED_SIZE + 47 - i] &&
                      report->s[i] == data[COF_SNP_SIGNED_SIZE + 72 + 47 - i];
    }
    return is_reversed && report->version >= 2 && report->version <= 5 &&
           (report->product == COF_SNP_NONE) == (report->version == 2) &&
           (report->policy & COF_SNP_POLICY_RESERVED_ONE) != 0 && report->csp_id[0] == '\0' &&
           memcmp(report->report_data, data + 0x50, sizeof report->report_data) == 0 &&
           memcmp(report->chip_id, data + 0x1a0, sizeof report->chip_id) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static cof_facts facts;
    static cof_checks checks;
    cof_snp_report report = {0};
    const cof_view bytes = cof_view_of(data, size);
    checks = (cof_checks){0};
    if (cof_snp_report_parse(bytes, &report, NULL) == COF_OK &&
        (size != COF_SNP_REPORT_SIZE || !is_faithful(&report, data))) {
        abort();
    }
    const cof_snp_input input = {
        .report = bytes, .roots = cof_roots_amd, .root_count = 3, .now_unix_s = 1798761600};
    if (cof_snp_verify(&input, &facts, &checks, NULL) == COF_OK || cof_checks_all_ok(&checks)) {
        abort();
    }
    return 0;
}
