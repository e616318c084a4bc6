/*
 * The audit trail of the local services: local/audit.jsonl, one JSON object a line, on disk before
 * the answer leaves. Its readers are the installation's owner; callers are told codes only.
 */
#ifndef COF_LOCAL_TRAIL_H
#define COF_LOCAL_TRAIL_H

#include "local/state/state.h"

typedef struct cof_trail cof_trail;

/** Opens the file for appending. A last line that a crash cut short is ended, so that the next one
 * stands alone. */
COF_MUST_USE cof_status cof_trail_open(const cof_state *state, cof_trail **out, cof_err *err);

/**
 * Adds "time" (Unix seconds) to the record and appends it, durably.
 *
 * @param record  taken over; NULL means that it could not be made
 * @return COF_OK, COF_E_NO_MEMORY, COF_E_IO, COF_E_NO_SPACE. Whoever cannot write down a decision
 * must not carry it out.
 */
COF_MUST_USE cof_status cof_trail_add(cof_trail *trail, json_t *record, cof_err *err);

/** A JSON text of what may come from outside: bytes that do not print become '?'. NULL when there
 * is no memory. */
json_t *cof_trail_text(const char *text);

void cof_trail_free(cof_trail *trail);
COF_OWNED(cof_trail, cof_trail_free);

#endif
