/* Between the files of policy/: the part of a judgement that is about what runs there. */
#ifndef COF_POLICY_JUDGE_H
#define COF_POLICY_JUDGE_H

#include "relying/policy/policy.h"

/** Measurement, signer, registers, host data, versions: whatever the entry demands. @return COF_OK,
 * COF_E_MEASUREMENT_REFUSED, COF_E_TCB_REFUSED, COF_E_PLATFORM_REFUSED. */
COF_MUST_USE cof_status cof_judge_identity(const cof_facts *facts, const cof_accept *entry,
                                           cof_checks *checks, cof_err *err);

#endif
