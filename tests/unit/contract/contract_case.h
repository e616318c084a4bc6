/* What the tests of contracts share: the expected files of tests/vectors/contract, and changed
 * copies of them. */
#ifndef COF_TEST_CONTRACT_CASE_H
#define COF_TEST_CONTRACT_CASE_H

#include "harness/cof_test.h"
#include "relying/contract/resolve.h"
#include "tcb/contract/contract.h"
#include "tcb/wire/json.h"

/** Where tests/vectors/contract is: the first argument of each test program. */
extern const char *case_folder;

/** The bytes of a file there; the test fails when it cannot be read. Free with cof_buf_free. */
cof_buf case_file(const char *name);

/** A file there as JSON; the caller owns it. */
json_t *case_json(const char *name);

/** The canonical bytes of a value. */
cof_buf case_canonical(const json_t *value);

/** Reads a contract that must be valid; the caller owns it. */
cof_contract *case_contract(const char *name);

/**
 * Changes a copy-able value in place: path is "training.optimizer.kind" or "inputs.0.name"; value
 * is JSON text, or NULL to take the member or item away. "list.+" appends. The test fails when the
 * path does not lead anywhere.
 */
void case_change(json_t *root, const char *path, const char *value);

/** What facts.json says about one of the two jobs. Borrows from facts. */
typedef struct case_facts {
    cof_resolve_facts facts;
    cof_resolve_input inputs[2];
    cof_resolve_identity identities[3];
    cof_digest installed[COF_CONTRACT_PLATFORMS];
    cof_digest root;
} case_facts;

/** Fills out from facts.json; schema is the schema of all csv inputs, or NULL. */
void case_facts_read(const json_t *json, const char *job, const json_t *schema, case_facts *out);

#endif
