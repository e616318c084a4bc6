/*
 * Is this SEV-SNP report genuine? Structure, product, certificate chain (VCEK <- ASK or VLEK <-
 * ASVK, <- ARK pinned per product), the ARK's revocation list, the leaf's extensions against the
 * report, the signature, the order of TCB versions. (AMD SEV-SNP Firmware ABI; AMD VCEK Certificate
 * and KDS Interface Specification.)
 */
#ifndef COF_VERIFY_SNP_H
#define COF_VERIFY_SNP_H

#include "relying/policy/checks.h"
#include "relying/verify/collateral.h"
#include "relying/verify/freshness.h"

typedef struct cof_snp_input {
    cof_view report;                  /* exactly COF_SNP_REPORT_SIZE bytes */
    const cof_collateral *collateral; /* AMD_LEAF (or in AMD_CHAIN), AMD_CHAIN, AMD_CRL: required */
    const cof_root_pin *roots;
    size_t root_count;
    int64_t now_unix_s;
    cof_freshness *seen;
} cof_snp_input;

/**
 * Verifies a report; as cof_dcap_verify. A leaf for another product, TCB version or chip is
 * COF_E_COLLATERAL_MISMATCH. A report by a VCEK must name its chip, one by a VLEK must not. Fills
 * of facts: tee, hardware, root, evidence_digest, report_data, is_debuggable, snp (with the proven
 * product, and the provider of a VLEK). tcb stays COF_TCB_UNRATED.
 */
COF_MUST_USE cof_status cof_snp_verify(const cof_snp_input *input, cof_facts *out_facts,
                                       cof_checks *checks, cof_err *err);

/**
 * Evidence of an SNP guest as the kernel gives it: the report, then nothing or a certificate table
 * (GHCB specification, SNP_GUEST_REQ: GUID, offset, length; VCEK or VLEK, ASK, ARK). A 4000-byte
 * message response (status, size, reserved, report, zeros) is read too.
 *
 * @param out_report  borrows from bytes
 * @param found       items that are absent there are filled from the table; may be NULL
 * @return COF_OK, COF_E_EVIDENCE_INVALID, COF_E_LIMIT, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_snp_evidence_split(cof_view bytes, cof_view *out_report,
                                               cof_collateral *found, cof_err *err);

/** Azure's {"SnpReport":b64url,"VcekCertChain":b64url(PEM leaf, ASK, ARK),"Endorsements"?}. The
 * report is appended to out_report. @return as above. */
COF_MUST_USE cof_status cof_snp_json_split(cof_view json, cof_buf *out_report,
                                           cof_collateral *found, cof_err *err);

#endif
