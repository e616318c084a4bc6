/*
 * The quoting enclave of the simulated platform: this installation's own SIMULATED root, CA, PCK
 * and attestation keys, and quotes in the exact layout of SGX DCAP v3 (docs/formats/platform.md).
 * It protects nothing from this machine's administrator, and its certificates say so in their
 * names.
 */
#ifndef COF_PLATFORM_QUOTING_H
#define COF_PLATFORM_QUOTING_H

#include "tcb/crypto/digest.h"

enum { COF_QUOTING_QUOTE_MAX = 16 * 1024 };

typedef struct cof_quoting cof_quoting;

/**
 * Opens the keys kept in folder (which must exist), making them at the first start: one file,
 * quoting.keys, mode 0600, written whole. One process at a time: the caller holds the folder's
 * lock.
 *
 * @param now_unix_s  the start of validity of what is made now
 * @return COF_OK, COF_E_PERMISSION (the file can be read by others), COF_E_BAD_FORMAT,
 * COF_E_BAD_KEY, COF_E_IO, COF_E_NO_SPACE, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_quoting_open(const char *folder, int64_t now_unix_s,
                                         cof_quoting **out_quoting, cof_err *err);

/**
 * Quotes. Appends a whole v3 quote to out (at most COF_QUOTING_QUOTE_MAX bytes).
 *
 * @param mrenclave    the measurement of the program that asks
 * @param debug        true sets the DEBUG attribute
 * @return COF_OK, COF_E_CRYPTO, or as cof_buf_append.
 */
COF_MUST_USE cof_status cof_quoting_quote(cof_quoting *quoting, const uint8_t mrenclave[static 32],
                                          bool debug, const uint8_t report_data[static 64],
                                          cof_buf *out, cof_err *err);

/** SHA-256 of the root's SubjectPublicKeyInfo: what a contract's platform.accept[].root holds. */
const cof_digest *cof_quoting_root(const cof_quoting *quoting);

/** The root certificate, PEM; lives as long as quoting. */
const char *cof_quoting_root_pem(const cof_quoting *quoting);

void cof_quoting_free(cof_quoting *quoting);
COF_OWNED(cof_quoting, cof_quoting_free);

#endif
