/* The kinds of evidence that the attestation service takes: one path, one policy each. */
#ifndef COF_LOCAL_ATTEST_KIND_H
#define COF_LOCAL_ATTEST_KIND_H

#include <stdbool.h>

typedef enum cof_attest_kind {
    COF_ATTEST_SGX,
    COF_ATTEST_OPEN_ENCLAVE, /* an SGX quote behind Open Enclave's header */
    COF_ATTEST_SNP,
    COF_ATTEST_TDX,
    COF_ATTEST_AZURE_GUEST, /* a vTPM above SEV-SNP or TDX */
    COF_ATTEST_KINDS
} cof_attest_kind;

/** One row of the table of kinds. All texts are static. */
typedef struct cof_attest_kind_row {
    const char *name;           /* of the paths: "SgxEnclave" */
    const char *type;           /* x-ms-attestation-type: "sgx" */
    const char *evidence;       /* the member of a request that holds the evidence */
    const char *default_policy; /* in force until another one is set */
} cof_attest_kind_row;

const cof_attest_kind_row *cof_attest_kind_of(cof_attest_kind kind);

/** By its name, without regard to case. @return false when there is none. */
bool cof_attest_kind_find(const char *name, cof_attest_kind *out);

#endif
