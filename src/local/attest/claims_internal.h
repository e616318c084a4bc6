/* What the files that make claims share. */
#ifndef COF_LOCAL_CLAIMS_INTERNAL_H
#define COF_LOCAL_CLAIMS_INTERNAL_H

#include "local/attest/claims.h"

/** A claim that is some bytes of a structure, as hex. */
typedef struct cof_claim_bytes {
    const char *name;
    size_t offset, size;
} cof_claim_bytes;

#define COF_CLAIM_BYTES(name, type, member)                                                        \
    {                                                                                              \
        name, offsetof(type, member), sizeof(((type *)0)->member)                                  \
    }

typedef struct cof_claim_number {
    const char *name;
    uint64_t value;
} cof_claim_number;

typedef struct cof_claim_flag {
    const char *name;
    bool value;
} cof_claim_flag;

typedef struct cof_claim_digest {
    const char *name;
    const cof_digest *value;
} cof_claim_digest;

COF_MUST_USE cof_status cof_claims_text(json_t *claims, const char *name, const char *text,
                                        cof_err *err);
COF_MUST_USE cof_status cof_claims_hex(json_t *claims, const char *name, const void *bytes,
                                       size_t size, cof_err *err);
COF_MUST_USE cof_status cof_claims_base64url(json_t *claims, const char *name, cof_view bytes,
                                             cof_err *err);
COF_MUST_USE cof_status cof_claims_bytes(json_t *claims, const void *object,
                                         const cof_claim_bytes *rows, size_t count, cof_err *err);
COF_MUST_USE cof_status cof_claims_numbers(json_t *claims, const cof_claim_number *rows,
                                           size_t count, cof_err *err);
COF_MUST_USE cof_status cof_claims_flags(json_t *claims, const cof_claim_flag *rows, size_t count,
                                         cof_err *err);
COF_MUST_USE cof_status cof_claims_digests(json_t *claims, const cof_claim_digest *rows,
                                           size_t count, cof_err *err);

/* One for each hardware: adds its claims, x-ms-attestation-type among them. */
COF_MUST_USE cof_status cof_claims_of_sgx(json_t *claims, const cof_facts *facts, cof_err *err);
COF_MUST_USE cof_status cof_claims_of_snp(json_t *claims, const cof_facts *facts, cof_err *err);
COF_MUST_USE cof_status cof_claims_of_tdx(json_t *claims, const cof_facts *facts, cof_err *err);
COF_MUST_USE cof_status cof_claims_of_azure(json_t *claims, const cof_facts *facts,
                                            const cof_guest_claims *guest, cof_err *err);

#endif
