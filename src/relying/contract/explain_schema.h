/* Inside relying/contract: a schema in words. */
#ifndef COF_RELYING_CONTRACT_EXPLAIN_SCHEMA_H
#define COF_RELYING_CONTRACT_EXPLAIN_SCHEMA_H

#include "tcb/contract/contract.h"

/** Appends an input's columns with their types and ranges; for a schema that an earlier input has
 * too, only that. */
COF_MUST_USE cof_status cof_explain_schema(const cof_contract *contract, size_t input, cof_buf *out,
                                           cof_err *err);

#endif
