/* Between the files of receipt/: what is known of a receipt while its checks are made. */
#ifndef COF_RECEIPT_INTERNAL_H
#define COF_RECEIPT_INTERNAL_H

#include "relying/policy/policy.h"
#include "relying/receipt/receipt.h"
#include "relying/verify/evidence.h"
#include "relying/verify/runtime.h"
#include "tcb/contract/contract.h"

/** A verification under way. What could not be read is NULL or false, and the checks that need it
 * fail. */
typedef struct cof_receipt_state {
    const cof_receipt_options *options;
    cof_checks *checks;
    cof_buf payload;   /* bytes of the statement */
    cof_buf signature; /* DER */
    json_t *statement;
    const json_t *predicate; /* borrowed from statement; its members have the right types */
    cof_contract *contract;
    cof_policy policy; /* of the contract */
    cof_buf runtime_bytes;
    cof_runtime runtime;
    bool has_runtime;
    cof_facts facts;
    bool has_facts;
} cof_receipt_state;

/**
 * Records a check by the status of the call that made it. A status that says nothing about the
 * receipt (no memory) is given back, so that COF_TRY ends the verification; every other one is
 * recorded, and COF_OK given back.
 */
COF_MUST_USE cof_status cof_receipt_record(cof_receipt_state *state, const char *name,
                                           const char *expected, cof_status status,
                                           const cof_err *detail, cof_err *err);

/* Each makes one check of docs/formats/receipt.md, or a few. @return COF_OK (whatever the check
 * says), COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_receipt_check_envelope(cof_receipt_state *state, cof_view envelope,
                                                   cof_err *err);
COF_MUST_USE cof_status cof_receipt_check_statement(cof_receipt_state *state, cof_err *err);
COF_MUST_USE cof_status cof_receipt_check_contract(cof_receipt_state *state, cof_err *err);
COF_MUST_USE cof_status cof_receipt_check_evidence(
    cof_receipt_state *state, cof_err *err); /* evidence, policy, binding, runtime */
COF_MUST_USE cof_status cof_receipt_check_signature(cof_receipt_state *state, cof_err *err);
COF_MUST_USE cof_status cof_receipt_check_token(cof_receipt_state *state, cof_err *err);
COF_MUST_USE cof_status cof_receipt_check_outputs(cof_receipt_state *state, cof_err *err);
COF_MUST_USE cof_status cof_receipt_check_inputs(cof_receipt_state *state, cof_err *err);
COF_MUST_USE cof_status cof_receipt_check_disclosure(cof_receipt_state *state, cof_err *err);
COF_MUST_USE cof_status cof_receipt_check_consents(cof_receipt_state *state, cof_err *err);
COF_MUST_USE cof_status cof_receipt_check_files(cof_receipt_state *state, cof_err *err);
COF_MUST_USE cof_status cof_receipt_check_log(cof_receipt_state *state, cof_err *err);

/** The text of a member of an object, or "" (public values, for comparisons of what was checked to
 * be there). */
const char *cof_receipt_text(const json_t *object, const char *key);

#endif
