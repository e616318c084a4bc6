/*
 * Is the evidence of an Azure confidential VM genuine? The hardware report (SNP, or the TD quote
 * that Azure's host made of the TDREPORT), the claims that it hashes, the vTPM's attestation key in
 * those claims, the TPM quote under that key, the PCR values. docs/formats/evidence.md.
 */
#ifndef COF_VERIFY_AZURE_CVM_H
#define COF_VERIFY_AZURE_CVM_H

#include "relying/verify/evidence.h"

/** The parts of azure-cvm evidence. Zeroed is empty; free with cof_azure_evidence_free. */
typedef struct cof_azure_evidence {
    cof_buf hcl_report;
    cof_buf quote;     /* TPMS_ATTEST */
    cof_buf signature; /* RSASSA, 256 bytes */
    cof_pcrs pcrs;
    cof_buf td_quote;       /* TDX; else empty */
    cof_buf leaf;           /* SNP: VCEK, DER; may be empty */
    cof_buf chain;          /* SNP: ASK and ARK, PEM; may be empty */
    cof_buf ak_certificate; /* DER; may be empty */
} cof_azure_evidence;

/** Reads the JSON. @return COF_OK, COF_E_LIMIT, COF_E_BAD_JSON, COF_E_BAD_FORMAT, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_azure_evidence_parse(cof_view json, cof_azure_evidence *out,
                                                 cof_err *err);
/** Writes it, canonical. */
COF_MUST_USE cof_status cof_azure_evidence_print(const cof_azure_evidence *evidence, cof_buf *out,
                                                 cof_err *err);
void cof_azure_evidence_free(cof_azure_evidence *evidence);

/** Verifies the parts; as cof_evidence_verify (input->evidence is not looked at, but hashed). */
COF_MUST_USE cof_status cof_azure_cvm_verify(const cof_azure_evidence *evidence,
                                             const cof_evidence_input *input, cof_facts *out_facts,
                                             cof_checks *checks, cof_err *err);

#endif
