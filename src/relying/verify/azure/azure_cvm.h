/*
 * Is the evidence of an Azure confidential VM genuine? The hardware report (SNP, or the TD quote
 * that Azure's host made of the TDREPORT), the claims that it hashes, the vTPM's attestation key in
 * those claims, the TPM quote under that key, the PCR values. docs/formats/evidence.md.
 */
#ifndef COF_VERIFY_AZURE_CVM_H
#define COF_VERIFY_AZURE_CVM_H

#include "relying/verify/evidence.h"

/** Over an AttestationInfo: its base64 of measurement logs may be long. They are not looked at. */
enum { COF_AZURE_ATTESTATION_INFO_MAX = 1024 * 1024 };

/**
 * The parts of azure-cvm evidence. Zeroed is empty; free with cof_azure_evidence_free.
 *
 * Either hcl_report is there, or claims: an AttestationInfo brings the hardware report and the
 * claims apart, and no TDREPORT.
 */
typedef struct cof_azure_evidence {
    cof_buf hcl_report;
    cof_buf snp_report; /* without an HCL report, SNP: the hardware report */
    cof_buf claims;     /* without an HCL report: the claims, which are hashed with SHA-256 */
    cof_buf quote;      /* TPMS_ATTEST */
    cof_buf signature;  /* RSASSA, 256 bytes; or framed as a TPMT_SIGNATURE */
    cof_pcrs pcrs;
    cof_buf td_quote;       /* TDX; else empty. A worker cannot ask for it: the agent sets it */
    cof_buf leaf;           /* SNP: VCEK, DER (or PEM, in the oldest shape); may be empty */
    cof_buf chain;          /* SNP: ASK and ARK, PEM; may be empty */
    cof_buf ak_certificate; /* DER, and zeros up to the size of the NV index; may be empty */
    /* The vTPM's ephemeral key, which answers are sealed to. All three, or none. */
    cof_buf encryption_key;       /* TPMT_PUBLIC */
    cof_buf encryption_certify;   /* TPMS_ATTEST of type CERTIFY */
    cof_buf encryption_signature; /* by the attestation key, as signature */
} cof_azure_evidence;

/** Reads the JSON: Coffer's form, and those of Confidential Containers' verifiers (version 1, and
 * the one without a version before it). @return COF_OK, COF_E_LIMIT, COF_E_BAD_JSON,
 * COF_E_BAD_FORMAT, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_azure_evidence_parse(cof_view json, cof_azure_evidence *out,
                                                 cof_err *err);

/**
 * Reads Azure's AttestationInfo, what its guest attestation clients send to an attestation service
 * (JSON: TpmInfo, IsolationInfo and more). base64 of either alphabet. Of members that are neither
 * there nor in TpmInfo's EncKey… nothing is said: the service reads OS names and payload itself.
 *
 * @return COF_OK, COF_E_LIMIT, COF_E_BAD_JSON, COF_E_BAD_FORMAT, COF_E_UNSUPPORTED (IsolationInfo
 * of type TrustedLaunch: no hardware stands behind it), COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_azure_attestation_info_parse(cof_view json, cof_azure_evidence *out,
                                                         cof_err *err);

/** Appends Coffer's form, canonical. @return COF_OK, COF_E_BAD_ARGUMENT (no HCL report: it came as
 * an AttestationInfo), COF_E_LIMIT, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_azure_evidence_print(const cof_azure_evidence *evidence, cof_buf *out,
                                                 cof_err *err);
void cof_azure_evidence_free(cof_azure_evidence *evidence);

/** What has to be fetched; as cof_evidence_need. */
COF_MUST_USE cof_status cof_azure_evidence_need(const cof_azure_evidence *evidence,
                                                cof_collateral_need *out, cof_err *err);

/**
 * Verifies the parts; as cof_evidence_verify (input->evidence is not looked at, but hashed). An AK
 * certificate must name the key of the claims; who issued it is not judged, since the evidence does
 * not bring its chain, and since the hardware vouches for the key.
 */
COF_MUST_USE cof_status cof_azure_cvm_verify(const cof_azure_evidence *evidence,
                                             const cof_evidence_input *input, cof_facts *out_facts,
                                             cof_checks *checks, cof_err *err);

#endif
