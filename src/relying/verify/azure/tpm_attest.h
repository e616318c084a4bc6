/* What all TPMS_ATTEST have in common (TPM 2.0 Library Specification, part 2, 10.12.8), and readers
 * of a TPM's integers and sized buffers, which are big-endian. */
#ifndef COF_VERIFY_TPM_ATTEST_H
#define COF_VERIFY_TPM_ATTEST_H

#include "tcb/wire/reader.h"

#define COF_TPM_GENERATED UINT32_C(0xff544347) /* magic: "\xffTCG" */

enum {
    COF_TPM_ST_ATTEST_CERTIFY = 0x8017,
    COF_TPM_ST_ATTEST_QUOTE = 0x8018,
    COF_TPM_ALG_RSA = 0x0001,
    COF_TPM_ALG_SHA256 = 0x000b,
    COF_TPM_ALG_NULL = 0x0010,
    COF_TPM_ALG_RSASSA = 0x0014,
    COF_TPM_NAME_SIZE = 34 /* of an object whose name algorithm is SHA-256 */
};

typedef struct cof_tpm_attest {
    cof_view extra; /* at most 64 bytes */
    uint64_t clock;
    uint32_t reset_count, restart_count;
    bool is_clock_safe;
    uint64_t firmware_version;
} cof_tpm_attest;

/** @return as cof_read_u32be. */
COF_MUST_USE cof_status cof_tpm_read_u16(cof_reader *reader, uint16_t *out, cof_err *err);

/** A TPM2B: u16 size, bytes. @return COF_OK, COF_E_TRUNCATED, COF_E_BAD_FORMAT (over max). */
COF_MUST_USE cof_status cof_tpm_read_sized(cof_reader *reader, size_t max, cof_view *out,
                                           cof_err *err);

/** A TPM2B_NAME of an object whose name algorithm is SHA-256: gives the 32 bytes of the digest.
 * @return COF_OK, COF_E_TRUNCATED, COF_E_BAD_FORMAT. */
COF_MUST_USE cof_status cof_tpm_read_name(cof_reader *reader, cof_view *out_digest, cof_err *err);

/** Reads up to the part that the type decides: magic, type, signer, extra data, clock, firmware.
 * @return COF_OK, COF_E_TRUNCATED, COF_E_BAD_FORMAT. */
COF_MUST_USE cof_status cof_tpm_attest_read(cof_reader *reader, uint16_t type, cof_tpm_attest *out,
                                            cof_err *err);

#endif
