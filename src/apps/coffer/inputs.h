/* A job's input files: hashed for the request's fingerprint, described by a schema, and sealed into
 * the store. */
#ifndef COF_APP_INPUTS_H
#define COF_APP_INPUTS_H

#include "apps/coffer/request.h"
#include "host/infer/validate.h"

typedef struct cof_inputs {
    cof_resolve_input facts[COF_LIMIT_INPUTS]; /* schemas are owned by schemas */
    json_t *schemas[COF_LIMIT_INPUTS];
    uint64_t sealed_bytes;
} cof_inputs;

/** Adds the content of all files of all inputs, and of their schema files, to a hash. @return
 * COF_OK, COF_E_CONTRACT_INVALID (a file is missing: see the request's problems), … */
COF_MUST_USE cof_status cof_inputs_hash(const cof_request *request, cof_sha256 *hash, cof_err *err);

/** Checks every input against its schema, then seals all of them. @return COF_OK,
 * COF_E_CONTRACT_INVALID, COF_E_DATA_INVALID, COF_E_SCHEMA_MISMATCH, … */
COF_MUST_USE cof_status cof_inputs_seal(const cof_request *request, cof_inputs *out, cof_err *err);

/** Copies the sealed files of inputs that were prepared elsewhere into the store, where they are
 * not there yet. @return COF_OK, COF_E_NOT_A_RECIPIENT (not sealed for their owner), … */
COF_MUST_USE cof_status cof_inputs_store_prepared(const cof_request *request, cof_err *err);

/** The schema object for a CSV file: of a schema file (its problems are shown on standard error),
 * or inferred when schema_path is NULL. The caller owns it. */
COF_MUST_USE cof_status cof_inputs_schema(const char *data_path, const char *schema_path,
                                          const json_t *target, json_t **out, cof_err *err);

/** Checks a CSV file; problems are shown on standard error, and as JSON with --json. task is a
 * cof_contract_task, or -1: what the target says. */
COF_MUST_USE cof_status cof_inputs_validate_csv(cof_output *output, const char *path,
                                                const json_t *schema_json, const json_t *target,
                                                int task, cof_validation *out, cof_err *err);

/** A target as the data readers take it: a name, or an index when name is NULL. The caller owns it.
 */
json_t *cof_inputs_target(const char *name, int64_t index);

void cof_inputs_drop_(cof_inputs *inputs);

#endif
