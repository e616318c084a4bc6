/* The parts that intel_rig_make puts together. */
#ifndef TEST_INTEL_RIG_PARTS_H
#define TEST_INTEL_RIG_PARTS_H

#include "rig/intel_rig.h"

enum { INTEL_RIG_DER_MAX = 8192, INTEL_RIG_TEXT_MAX = 256 * 1024 };

/** The PCK issuer's kind, and of the other one. */
bool intel_rig_is_processor(const intel_rig_options *options, intel_rig_who ca);

/** Whose key stands behind who: P-384 where that was asked for. */
EVP_PKEY *intel_rig_evp(const intel_rig *rig, intel_rig_who who);

/** who, or usual when it is DEFAULT. */
intel_rig_who intel_rig_or(intel_rig_who who, intel_rig_who usual);

/** Makes a certificate; its issuer's must be there already. */
COF_MUST_USE cof_status intel_rig_certify(const intel_rig *rig, const intel_rig_options *options,
                                          intel_rig_who who, X509 **out, cof_err *err);

/** Appends the value of the PCK's SGX extension. */
COF_MUST_USE cof_status intel_rig_sgx_extension(const intel_rig_platform *platform, cof_buf *out,
                                                cof_err *err);

/** Appends a revocation list in DER. */
COF_MUST_USE cof_status intel_rig_crl_write(const intel_rig *rig, const intel_rig_crl *options,
                                            intel_rig_who usual_issuer, cof_buf *out, cof_err *err);

/** Appends signed documents. */
COF_MUST_USE cof_status intel_rig_tcb_write(const intel_rig *rig, const intel_rig_options *options,
                                            cof_buf *out, cof_err *err);
COF_MUST_USE cof_status intel_rig_identity_write(const intel_rig *rig,
                                                 const intel_rig_options *options, cof_buf *out,
                                                 cof_err *err);

/** Flips what the patches say. @return COF_OK, COF_E_BAD_ARGUMENT (outside of the bytes). */
COF_MUST_USE cof_status intel_rig_patch_bytes(
    cof_buf *bytes, const intel_rig_patch patches[static INTEL_RIG_EDITS_MAX], cof_err *err);

#endif
