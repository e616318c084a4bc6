/*
 * What the forms of evidence share: the verification of one quote or one report by the collateral
 * of the caller and of the evidence, and what has to be fetched for it.
 */
#ifndef COF_VERIFY_HARDWARE_H
#define COF_VERIFY_HARDWARE_H

#include "relying/verify/evidence.h"

/** An SGX or TDX quote; as cof_dcap_verify. Opens input->collateral, under the root of Intel's
 * family that input trusts, when input->intel is NULL. */
COF_MUST_USE cof_status cof_hardware_verify_quote(cof_view quote, const cof_evidence_input *input,
                                                  cof_facts *out_facts, cof_checks *checks,
                                                  cof_err *err);

/** An SNP report; as cof_snp_verify. brought (what the evidence brought along; may be NULL) stands
 * in for the certificates that input->collateral does not have: never for the revocation list. */
COF_MUST_USE cof_status cof_hardware_verify_snp(cof_view report, const cof_collateral *brought,
                                                const cof_evidence_input *input,
                                                cof_facts *out_facts, cof_checks *checks,
                                                cof_err *err);

/** As cof_evidence_need. */
COF_MUST_USE cof_status cof_hardware_need_quote(cof_view quote, cof_collateral_need *out,
                                                cof_err *err);
COF_MUST_USE cof_status cof_hardware_need_snp(cof_view report, const cof_collateral *brought,
                                              cof_collateral_need *out, cof_err *err);

/** Makes a parser's failure the evidence's: all but COF_OK and COF_E_NO_MEMORY becomes
 * COF_E_EVIDENCE_INVALID. err may be NULL. */
cof_status cof_hardware_as_invalid(cof_status status, cof_err *err);

#endif
