/* A whole good receipt, made as the worker makes it, with every part open to change before it is
 * signed. */
#ifndef TEST_RELYING_RECEIPT_CASE_H
#define TEST_RELYING_RECEIPT_CASE_H

#include "relying/receipt/receipt.h"
#include "relying/verify/runtime.h"
#include "tcb/contract/contract.h"
#include "unit/relying/rig.h"

/** An attestation service that the contract names beside the first. */
#define RECEIPT_CASE_OTHER "https://other.attest.example"

typedef struct receipt_case {
    rig_platform platform;
    cof_rsa_key *transfer;
    cof_ec_key *sign;      /* coffer-sign */
    cof_ec_key *owners[2]; /* consent keys */
    cof_rsa_key *service;  /* signs tokens */
    cof_jwks *service_keys;
    json_t *contract;
    cof_buf runtime;
    json_t *statement; /* change it, then receipt_case_envelope */
    cof_buf log;
    cof_buf envelope;
} receipt_case;

/** @param contract_folder  where wdbc.contract.json is */
void receipt_case_make(receipt_case *made, const char *contract_folder);
void receipt_case_free(receipt_case *made);

/** Signs the statement as it is now, with key (NULL: coffer-sign). */
void receipt_case_envelope(receipt_case *made, const cof_ec_key *key);

/** Makes the token anew: claims are those of the evidence, changed by change (NULL: not), signed
 * with key and header. */
void receipt_case_token(receipt_case *made, void (*change)(json_t *claims), const cof_rsa_key *key,
                        const json_t *header);

/** The token's signing key as x5c, for a header. The caller owns it. */
json_t *receipt_case_x5c(const cof_rsa_key *key);

#endif
