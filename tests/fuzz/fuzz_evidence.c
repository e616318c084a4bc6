/* Evidence of any form, under the production roots. Nothing that a fuzzer makes is genuine. */
#include <stdlib.h>
#include <string.h>

#include "relying/verify/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static cof_checks checks;
    static cof_facts facts;
    cof_root_pin roots[4] = {cof_root_intel};
    cof_collateral_need need = {0};
    memcpy(roots + 1, cof_roots_amd, sizeof cof_roots_amd);
    const cof_evidence_input input = {.evidence = cof_view_of(data, size),
                                      .roots = roots,
                                      .root_count = 4,
                                      .now_unix_s = 1798761600};
    const cof_evidence_form form = cof_evidence_detect(input.evidence);
    const cof_status need_status = cof_evidence_need(input.evidence, &need, NULL);
    checks = (cof_checks){0};
    facts = (cof_facts){0};
    const cof_status status = cof_evidence_verify(&input, &facts, &checks, NULL);
    if (status == COF_OK || cof_checks_all_ok(&checks) || checks.count == 0 ||
        facts.tee != COF_TEE_NONE) {
        abort();
    }
    if (form == COF_EVIDENCE_UNKNOWN &&
        (status != COF_E_EVIDENCE_INVALID || need_status != COF_E_EVIDENCE_INVALID)) {
        abort();
    }
    return 0;
}
