/*
 * The vTPM of an Azure confidential VM. Only coffer-worker-azure-cvm links it: it needs tpm2-tss.
 */
#ifndef COF_EVIDENCE_AZURE_CVM_H
#define COF_EVIDENCE_AZURE_CVM_H

#include <tss2/tss2_tcti.h>
#include <tss2/tss2_tcti_device.h>

#include "tcb/evidence/quote_source.h"

/**
 * Evidence: the JSON of docs/formats/evidence.md, canonical. The contract's digest goes into the
 * paravisor's claims (NV 0x01400002), the first half of the report data into the TPM quote. On TDX
 * the TD quote is not in it: Azure's host makes it out of the TDREPORT, over the network.
 *
 * @param init  as cof_tpm_open
 * @param path  the same
 * @return COF_OK, or as cof_tpm_open. Its quoting fails with COF_E_TIMEOUT when the paravisor does
 * not take the digest over within 20 seconds, COF_E_BUSY when PCRs change all the time.
 */
COF_MUST_USE cof_status cof_quote_source_azure_cvm(TSS2_TCTI_INIT_FUNC init, const char *path,
                                                   cof_quote_source **out_source, cof_err *err);

#endif
