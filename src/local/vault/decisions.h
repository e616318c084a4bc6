/* Reading the audit trail from its end: what was decided, newest first. */
#ifndef COF_LOCAL_DECISIONS_H
#define COF_LOCAL_DECISIONS_H

#include "local/state/state.h"

enum {
    COF_DECISIONS_MAX = 100,
    COF_DECISIONS_BYTES = 512 * 1024,           /* of the records of one answer */
    COF_DECISIONS_SCAN_BYTES = 32 * 1024 * 1024 /* of the trail that one question looks at */
};

/** Which records are wanted. NULL: any. */
typedef struct cof_decision_filter {
    const char *key;    /* a key's or secret's name, without regard to case */
    const char *action; /* "release", … */
    const char *run;
    const char *decision;
    int64_t since_unix_s; /* 0: any time */
    size_t max;           /* 1 to COF_DECISIONS_MAX */
} cof_decision_filter;

/**
 * Reads records of audit.jsonl that have a decision. A line that is no JSON object, or longer than
 * COF_LIMIT_JSON_BYTES, is passed over.
 *
 * @param out_records   an array, the newest first; the caller owns it
 * @param out_complete  false: the trail goes on further back than was looked at
 * @return COF_OK, COF_E_IO, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_decisions_read(const cof_state *state,
                                           const cof_decision_filter *filter, json_t **out_records,
                                           bool *out_complete, cof_err *err);

#endif
