/* Verification of a receipt with what lies beside it; used by coffer verify and at the end of
 * coffer run. */
#ifndef COF_APP_VERIFY_H
#define COF_APP_VERIFY_H

#include "relying/receipt/receipt.h"

/** Beside a receipt: the attestation service's /certs of that day. */
#define COF_TOKEN_KEYS_FILE "attestation-keys.json"

/** Beside a receipt of a real platform: the collateral of that day, a bundle. */
#define COF_COLLATERAL_FILE "collateral.json"

/** What to verify with, beside the receipt. All borrowed; zeroed is valid. */
typedef struct cof_verify_request {
    const char *receipt_path;
    const char *log_path;        /* NULL: log.jsonl beside the receipt, when it is there */
    const char *const *outputs;  /* "NAME=FILE" */
    size_t output_count;         /* 0: NAME.EXTENSION beside the receipt, where they are there */
    const char *const *consents; /* paths */
    size_t consent_count; /* 0: consent-OWNER.json beside the receipt, where they are there */
    const char *token_keys_path; /* the attestation service's /certs, saved; NULL:
                                    COF_TOKEN_KEYS_FILE beside the receipt, when it is there */
    const char *collateral_path; /* a folder or bundle; NULL: COF_COLLATERAL_FILE beside the
                                    receipt, when it is there */
    const char *contract;        /* hex digest that the receipt must be for, or NULL */
    int64_t now_unix_s;
} cof_verify_request;

/**
 * Verifies. checks and *out_receipt are filled on COF_OK and COF_E_VERIFY_FAILED; the caller frees
 * the receipt.
 * @return COF_OK, COF_E_VERIFY_FAILED, COF_E_NOT_FOUND, COF_E_IO, …
 */
COF_MUST_USE cof_status cof_verify_with_files(const cof_verify_request *request, cof_checks *checks,
                                              cof_receipt *out_receipt, cof_err *err);

/** File name extension of an output format: "safetensors", "json". */
const char *cof_output_extension(const char *format);

#endif
