/* What coffer doctor has found, line by line. */
#ifndef COF_APP_DOCTOR_H
#define COF_APP_DOCTOR_H

#include <jansson.h>

#include "apps/coffer/output.h"
#include "tcb/base/status.h"

typedef enum cof_finding_kind { FINDING_GOOD, FINDING_WEAK, FINDING_MISSING } cof_finding_kind;

typedef struct cof_findings {
    cof_output *output;
    json_t *list;   /* borrowed; [{"name","state","detail"}] */
    size_t missing; /* how many are */
} cof_findings;

/** Shows a finding and adds it to the list. */
void cof_found(cof_findings *f, cof_finding_kind kind, const char *name, const char *detail);

/**
 * Tries everything that a home is configured with: configuration, sign-in, vault, keys, release,
 * attestation, storage. What does not work is a finding. @return COF_OK, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_doctor_services(cof_findings *f, const char *home, cof_err *err);

#endif
