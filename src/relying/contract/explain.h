/* A contract in words: who, what data, what leaves, when it ends. For the one who has to consent.
 */
#ifndef COF_RELYING_CONTRACT_EXPLAIN_H
#define COF_RELYING_CONTRACT_EXPLAIN_H

#include "tcb/contract/contract.h"

/** Appends about a page of text. @return as cof_buf_append. */
COF_MUST_USE cof_status cof_contract_explain(const cof_contract *contract, cof_buf *out,
                                             cof_err *err);

#endif
