#include "relying/verify/evidence.h"

#include "relying/verify/intel/dcap.h"

cof_status cof_evidence_verify(const cof_evidence_input *input, cof_facts *out_facts,
                               cof_checks *checks, cof_err *err)
{
    const cof_dcap_input dcap = {.quote = input->evidence,
                                 .collateral = input->intel,
                                 .roots = input->roots,
                                 .root_count = input->root_count,
                                 .now_unix_s = input->now_unix_s,
                                 .seen = input->seen};
    return cof_dcap_verify(&dcap, out_facts, checks, err);
}
