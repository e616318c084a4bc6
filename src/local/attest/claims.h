/*
 * The claims of attestation tokens, by their exact names and types. Claims about evidence are what
 * policies judge by; they all end up in the token.
 */
#ifndef COF_LOCAL_CLAIMS_H
#define COF_LOCAL_CLAIMS_H

#include "local/attest/kind.h"
#include "relying/verify/evidence.h"
#include "tcb/wire/json.h"

/** What an Azure VM sent beside its evidence. Texts are what the VM says of itself. All is
 * borrowed; what is NULL gets no claim. */
typedef struct cof_guest_claims {
    const char *os_type, *os_distro, *os_build;
    int64_t os_major, os_minor;
    const json_t *hardware_runtime; /* the claims that the hardware report hashes */
    const json_t *client_payload;   /* as it was sent */
    const json_t *encryption_key;   /* JWK: the TPM's key that the answer is sealed to */
} cof_guest_claims;

/**
 * The claims about evidence of a kind: an object that the caller owns.
 *
 * @param guest  for COF_ATTEST_AZURE_GUEST; else NULL
 * @return COF_OK, COF_E_NO_MEMORY, COF_E_INTERNAL.
 */
COF_MUST_USE cof_status cof_attest_evidence_claims(cof_attest_kind kind, const cof_facts *facts,
                                                   const cof_guest_claims *guest, json_t **out,
                                                   cof_err *err);

/** What a caller sent along with the evidence, checked. All is borrowed. */
typedef struct cof_attest_extra {
    const json_t *runtime;   /* of dataType JSON: the object; NULL when there is none */
    cof_view held_data;      /* of dataType Binary; {NULL, 0} when there is none */
    const json_t *init_time; /* the object of initTimeData of dataType JSON; NULL: none */
    const char *nonce;       /* NULL when there is none */
} cof_attest_extra;

/** Adds what came along: x-ms-runtime, x-ms-inittime, nonce, and for SGX the held data under its
 * three names. */
COF_MUST_USE cof_status cof_attest_add_extra(json_t *claims, cof_attest_kind kind,
                                             const cof_attest_extra *extra, cof_err *err);

/** Adds the claims of an enclave by their old names, which are still sent: "is-debuggable",
 * "sgx-mrenclave" and so on. */
COF_MUST_USE cof_status cof_attest_add_deprecated(json_t *claims, const cof_facts *facts,
                                                  cof_err *err);

#endif
