/* Inside tcb/contract: the pieces that the sections of a contract are read with. */
#ifndef COF_CONTRACT_READ_H
#define COF_CONTRACT_READ_H

#include "tcb/contract/contract.h"
#include "tcb/contract/names.h"
#include "tcb/wire/json.h"

/* Every failure is COF_E_BAD_FORMAT with the member's name, unless said; contract.c makes it
 * CONTRACT_INVALID. */

/** A member that is a list of low to high items; borrowed. */
COF_MUST_USE cof_status cof_contract_read_list(const json_t *object, const char *key, size_t low,
                                               size_t high, json_t **out, cof_err *err);

/** The i-th item of a list, which must be an object with these members and no others; borrowed. */
COF_MUST_USE cof_status cof_contract_read_item(const json_t *list, size_t i,
                                               const char *const *keys, size_t count, json_t **out,
                                               cof_err *err);

/** A member that is an object with these members and no others; borrowed. */
COF_MUST_USE cof_status cof_contract_read_object(const json_t *object, const char *key,
                                                 const char *const *keys, size_t count,
                                                 json_t **out, cof_err *err);

/** A member that is one of some names; gives its index. */
COF_MUST_USE cof_status cof_contract_read_choice(const json_t *object, const char *key,
                                                 const cof_names *names, size_t *out_index,
                                                 cof_err *err);

/** A member that is a name (cof_contract_is_name); borrowed. */
COF_MUST_USE cof_status cof_contract_read_name(const json_t *object, const char *key,
                                               const char **out, cof_err *err);

/** 64 lower-case hex digits. */
COF_MUST_USE cof_status cof_contract_digest_of_hex(const char *text, const char *what,
                                                   cof_digest *out, cof_err *err);
COF_MUST_USE cof_status cof_contract_read_digest(const json_t *object, const char *key,
                                                 cof_digest *out, cof_err *err);

/** Integers that fit the field; high is at most UINT32_MAX. */
COF_MUST_USE cof_status cof_contract_read_u32(const json_t *object, const char *key, uint32_t low,
                                              uint32_t high, uint32_t *out, cof_err *err);

/** low <= value < below. */
COF_MUST_USE cof_status cof_contract_read_below(const json_t *object, const char *key, double low,
                                                double below, double *out, cof_err *err);

/** 0 < value <= high. */
COF_MUST_USE cof_status cof_contract_read_positive(const json_t *object, const char *key,
                                                   double high, double *out, cof_err *err);

/* The sections, each reading its members of the contract's root. */
COF_MUST_USE cof_status cof_contract_read_platform(const json_t *root, cof_contract *contract,
                                                   cof_err *err);
COF_MUST_USE cof_status cof_contract_read_owners(const json_t *root, cof_contract *contract,
                                                 cof_err *err);
COF_MUST_USE cof_status cof_contract_read_outputs(const json_t *root, cof_contract *contract,
                                                  cof_err *err);
/** After the owners; reads `inputs` and `task`. */
COF_MUST_USE cof_status cof_contract_read_inputs(const json_t *root, cof_contract *contract,
                                                 cof_err *err);
COF_MUST_USE cof_status cof_contract_read_model(const json_t *root, cof_contract *contract,
                                                cof_err *err);
/** After the inputs. */
COF_MUST_USE cof_status cof_contract_read_training(const json_t *root, cof_contract *contract,
                                                   cof_err *err);
COF_MUST_USE cof_status cof_contract_read_disclose(const json_t *root, cof_contract *contract,
                                                   cof_err *err);
COF_MUST_USE cof_status cof_contract_read_limits(const json_t *root, cof_contract *contract,
                                                 cof_err *err);

#define COF_COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

#endif
