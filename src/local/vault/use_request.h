/* The body of a request to use a key (KeyOperationsParameters, KeySignParameters,
 * KeyVerifyParameters of Azure Key Vault's REST interface). */
#ifndef COF_LOCAL_USE_REQUEST_H
#define COF_LOCAL_USE_REQUEST_H

#include "local/vault/crypt.h"

/** Zeroed is empty. */
typedef struct cof_use_request {
    const cof_algorithm *algorithm;
    cof_crypt_parts in; /* sign: value is the digest */
    cof_buf digest;     /* verify: value is the signature */
} cof_use_request;

/**
 * Reads {"alg","value"[,"iv"][,"aad"][,"tag"]}, or for verify {"alg","digest","value"}. Bytes are
 * base64url; null is as if a member were not there; others than these are ignored, as Azure does.
 *
 * @return COF_OK, COF_E_BAD_ARGUMENT with what to tell the caller, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_use_request_read(const json_t *body, cof_key_use use,
                                             cof_use_request *out, cof_err *err);

void cof_use_request_free(cof_use_request *request);

#endif
