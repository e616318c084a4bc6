/* Inside the lint: how findings are made, and what claims say. */
#ifndef COF_POLICY_LINT_INTERNAL_H
#define COF_POLICY_LINT_INTERNAL_H

#include "relying/policy/lint.h"

/** What is sure of whatever a policy accepts; bits. */
enum {
    COF_FACT_NOT_DEBUG = 1 << 0,
    COF_FACT_MEASURED = 1 << 1, /* exactly this program */
    COF_FACT_SIGNER = 1 << 2,   /* with the product: measured too */
    COF_FACT_PRODUCT = 1 << 3,
    COF_FACT_HOST_DATA = 1 << 4, /* with Azure's utility VM: measured too */
    COF_FACT_UTILITY_VM = 1 << 5,
    COF_FACT_COMPLIANT = 1 << 6, /* Azure says that the VM is as its guidelines want it */
    COF_FACT_TCB = 1 << 7,
    COF_FACT_POLICY_PINNED = 1 << 8, /* the attestation policy's hash */
    COF_FACT_REAL = 1 << 9,          /* not simulated */
    COF_FACT_SIMULATED = 1 << 10
};

/** What a claim of this value makes sure. value NULL: some value that is bounded, not given. */
unsigned cof_lint_fact(const char *claim, const json_t *value);

/** Adds what follows from facts together. */
unsigned cof_lint_closed(unsigned facts);

/** Is this a claim that only the attestation service makes, and that has one value? */
bool cof_lint_is_service_claim(const char *claim);

COF_MUST_USE cof_status cof_lint_add(json_t *findings, const char *code, cof_lint_severity severity,
                                     const char *where, cof_err *err, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

#endif
