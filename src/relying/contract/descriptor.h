/*
 * What is known about an encrypted object without having it: what a contract says of it. An owner
 * gives it to whoever proposes a contract (docs/formats/contract.md, "Object descriptor").
 *
 * {"coffer":"object/v1","digest":HEX,"size":N[,"encryption":"azure-cse-v2","encryptiondata":{…}]}
 */
#ifndef COF_RELYING_CONTRACT_DESCRIPTOR_H
#define COF_RELYING_CONTRACT_DESCRIPTOR_H

#include <jansson.h>

#include "tcb/contract/contract.h"

enum { COF_DESCRIPTOR_BYTES = 16 * 1024 };

typedef struct cof_descriptor {
    cof_digest digest; /* as in cof_contract_object */
    uint64_t size;     /* of the plaintext, in bytes */
    cof_contract_encryption encryption;
    json_t *encryption_data; /* azure-cse-v2: the blob's metadata, an object; else NULL; owned */
} cof_descriptor;

/**
 * Reads a descriptor.
 *
 * @param text  at most COF_DESCRIPTOR_BYTES
 * @param out   written on success; the caller frees it
 * @return COF_OK, COF_E_BAD_JSON, COF_E_BAD_FORMAT, COF_E_LIMIT, COF_E_NO_MEMORY
 */
COF_MUST_USE cof_status cof_descriptor_parse(cof_view text, cof_descriptor *out, cof_err *err);

/** The descriptor as JSON; the caller owns it. */
COF_MUST_USE cof_status cof_descriptor_print(const cof_descriptor *descriptor, json_t **out,
                                             cof_err *err);

/** Accepts a zeroed one. */
void cof_descriptor_free(cof_descriptor *descriptor);

#endif
