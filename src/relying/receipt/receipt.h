/*
 * Receipts (docs/formats/receipt.md): offline verification with no trust in whoever ran the job.
 * Every check of the page is made as far as it can be, and lands in a list; the answer is COF_OK
 * only when all hold.
 */
#ifndef COF_RECEIPT_RECEIPT_H
#define COF_RECEIPT_RECEIPT_H

#include "relying/policy/checks.h"
#include "relying/token/jwks.h"
#include "relying/verify/collateral.h"
#include "tcb/crypto/digest.h"

enum {
    COF_RECEIPT_BYTES_MAX = 8 * 1024 * 1024, /* an envelope */
    COF_RECEIPT_LOG_BYTES_MAX = 256 * 1024 * 1024
};

/** A file that claims to be an output. */
typedef struct cof_receipt_file {
    const char *output; /* the output's name */
    cof_digest digest;  /* SHA-256 of the file's bytes */
} cof_receipt_file;

/** With what a receipt is verified. All is borrowed; zeroed means: nothing beside the receipt. */
typedef struct cof_receipt_options {
    int64_t now_unix_s;         /* when certificates of the evidence must be valid */
    const cof_jwks *token_keys; /* the attestation service's keys; NULL: those enclosed in the token
                                   (x5c of its header) */
    const cof_receipt_file *files;
    size_t file_count;        /* 0: check "files" is left out */
    const cof_view *consents; /* consent objects, JSON */
    size_t consent_count;     /* 0: check "consents" is left out */
    const cof_collateral
        *collateral; /* that real platforms' evidence is verified with; may be NULL */
    cof_view log;    /* the worker's events, one per line; data NULL: check "log" is left out */
} cof_receipt_options;

/** What a receipt is about, for showing; borrowed texts live as long as the statement. */
typedef struct cof_receipt {
    json_t *statement; /* the in-toto statement, or NULL when it could not be read */
    cof_digest contract;
} cof_receipt;

void cof_receipt_free(cof_receipt *receipt);

/**
 * Verifies a receipt.
 *
 * @param envelope     the DSSE envelope, JSON
 * @param checks       filled, one entry per check of the page and parts such as "evidence.chain"
 * @param out_receipt  written when COF_OK or COF_E_VERIFY_FAILED is returned (may be NULL): a
 * receipt that fails can still be shown
 * @return COF_OK, COF_E_VERIFY_FAILED (the detail names the first check that failed),
 * COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_receipt_verify(cof_view envelope, const cof_receipt_options *options,
                                           cof_checks *checks, cof_receipt *out_receipt,
                                           cof_err *err);

/**
 * Appends DSSE's pre-authentication encoding (PAEv1) of a payload: "DSSEv1 28
 * application/vnd.in-toto+json <size> <payload>".
 * @return as cof_buf_append.
 */
COF_MUST_USE cof_status cof_receipt_pae(cof_view payload, cof_buf *out, cof_err *err);

#endif
