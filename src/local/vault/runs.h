/*
 * How often a key may be released for a contract. The limits are tags of the key,
 *
 *   coffer.expires.<first 32 hex digits of the contract's digest> = Unix seconds
 *   coffer.runs.<the same>                                        = N, 1 to 1000
 *
 * and the count is a file of the vault: the distinct runs, by their names, on disk before a key
 * leaves. A run that is counted may have its key again, so that it can resume
 * (docs/decisions/002-runs-are-named.md).
 */
#ifndef COF_LOCAL_RUNS_H
#define COF_LOCAL_RUNS_H

#include "local/vault/key_store.h"

enum { COF_RUNS_MAX = 1000, COF_RUN_PREFIX_SIZE = 33 };

/** Are the tags whose names begin with "coffer." well formed? @return COF_OK, COF_E_BAD_FORMAT. */
COF_MUST_USE cof_status cof_runs_check_tags(const json_t *tags, cof_err *err);

/**
 * May the key be released for what the enclave says of itself? Counts a new run, durably.
 *
 * @param runtime  the claim x-ms-runtime; NULL when there is none
 * @return COF_OK, COF_E_CONTRACT_EXPIRED, COF_E_RUNS_EXHAUSTED, COF_E_CONTRACT_MISMATCH (the key
 * has limits, or the enclave names a contract, and contract or run are not what they should look
 * like), COF_E_BAD_FORMAT (the count cannot be read: nothing is released), COF_E_IO, …
 */
COF_MUST_USE cof_status cof_runs_admit(const cof_state *state, const cof_stored_key *key,
                                       const json_t *runtime, cof_err *err);

#endif
