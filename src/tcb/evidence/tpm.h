/* The little of a TPM 2.0 that evidence needs, on tpm2-tss's ESAPI. */
#ifndef COF_EVIDENCE_TPM_H
#define COF_EVIDENCE_TPM_H

#include <tss2/tss2_tcti.h>

#include "tcb/base/buf.h"
#include "tcb/crypto/digest.h"

enum { COF_TPM_PCRS = 24 };

typedef struct cof_tpm cof_tpm;

/**
 * Opens a TPM.
 *
 * @param init  of a TCTI library: Tss2_Tcti_Device_Init
 * @param path  for that library: "/dev/tpmrm0"
 * @return COF_OK, COF_E_NOT_FOUND (there is none, or it may not be opened), COF_E_IO,
 * COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_tpm_open(TSS2_TCTI_INIT_FUNC init, const char *path, cof_tpm **out,
                                     cof_err *err);
void cof_tpm_free(cof_tpm *tpm);
COF_OWNED(cof_tpm, cof_tpm_free);

/** Appends all of an NV index that the owner (without a password) may read. @return COF_OK,
 * COF_E_NOT_FOUND (not defined), COF_E_IO, COF_E_LIMIT, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_tpm_nv_read(cof_tpm *tpm, uint32_t index, cof_buf *out, cof_err *err);

/** Writes an NV index of exactly these bytes, defining it for the owner where it is not yet.
 * @return COF_OK, COF_E_IO, COF_E_LIMIT (over 64 bytes). */
COF_MUST_USE cof_status cof_tpm_nv_write(cof_tpm *tpm, uint32_t index, cof_view bytes,
                                         cof_err *err);

/** Quotes PCRs 0 to 23 of the SHA-256 bank over extra (at most 64 bytes) with a persistent RSASSA
 * key: appends TPMS_ATTEST and the plain signature. @return COF_OK, COF_E_IO, COF_E_UNSUPPORTED
 * (another kind of key), COF_E_LIMIT, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_tpm_quote(cof_tpm *tpm, uint32_t key, cof_view extra, cof_buf *message,
                                      cof_buf *signature, cof_err *err);

/** Reads PCRs 0 to 23 of the SHA-256 bank. @return COF_OK, COF_E_IO, COF_E_UNSUPPORTED (no such
 * bank). */
COF_MUST_USE cof_status cof_tpm_read_pcrs(cof_tpm *tpm, cof_digest out[static COF_TPM_PCRS],
                                          cof_err *err);

#endif
