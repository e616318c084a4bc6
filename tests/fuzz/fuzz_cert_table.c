/* SNP evidence as it travels (report and certificate table, firmware's message, Azure's JSON), and
 * verification with what was found in it. Nothing that a fuzzer makes is genuine. */
#include <stdlib.h>

#include "relying/verify/amd/snp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void verify(cof_view report, const cof_collateral *found)
{
    static cof_facts facts;
    static cof_checks checks;
    checks = (cof_checks){0};
    const cof_snp_input input = {.report = report,
                                 .collateral = found,
                                 .roots = cof_roots_amd,
                                 .root_count = 3,
                                 .now_unix_s = 1798761600};
    if (report.size != COF_SNP_REPORT_SIZE ||
        cof_snp_verify(&input, &facts, &checks, NULL) == COF_OK || cof_checks_all_ok(&checks)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const cof_view bytes = cof_view_of(data, size);
    cof_view report = {0};
    COF_CLEANUP(cof_collateral_free) cof_collateral found = {0};
    COF_CLEANUP(cof_collateral_free) cof_collateral found_in_json = {0};
    COF_CLEANUP(cof_buf_free) cof_buf copy = {.limit = COF_SNP_REPORT_SIZE};
    if (cof_snp_evidence_split(bytes, &report, &found, NULL) == COF_OK) {
        if (report.data < data || report.data + report.size > data + size) {
            abort();
        }
        verify(report, &found);
    }
    if (cof_snp_json_split(bytes, &copy, &found_in_json, NULL) == COF_OK) {
        verify(cof_buf_view(&copy), &found_in_json);
    } else if (copy.size != 0) {
        abort();
    }
    return 0;
}
