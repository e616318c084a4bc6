/*
 * What an agent must not forget: append-only JSON lines, durable before the agent goes on, replayed
 * when an agent starts again for the same run. docs/formats/agent.md.
 */
#ifndef COF_AGENT_JOURNAL_H
#define COF_AGENT_JOURNAL_H

#include <jansson.h>
#include <stdint.h>

#include "tcb/base/buf.h"

/** What the records so far say. Plain value. */
typedef struct cof_journal_state {
    int64_t started_unix_s; /* of the run, by the clock of the host that began it */
    uint32_t launches;      /* of workers */
    uint32_t idle_deaths;   /* deaths since the last progress */
    uint64_t checkpoints;   /* that were stored */
    bool is_saved;          /* every output and the receipt are stored */
    bool is_over;           /* the run has its final status */
    char final_status[32];  /* "OK" or the status's name, when it is over */
} cof_journal_state;

typedef struct cof_journal cof_journal;

/**
 * Opens a run's journal, or begins it (mode 0600). A last line that a crash cut short is dropped.
 * One process may hold a journal.
 *
 * @param contract  hex digest
 * @param run       hex
 * @return COF_OK, COF_E_BUSY (another agent holds it), COF_E_CONFIG (it is of another contract or
 * run), COF_E_BAD_FORMAT, COF_E_IO, COF_E_NO_SPACE, COF_E_PERMISSION, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_journal_open(const char *path, const char *contract, const char *run,
                                         cof_journal **out, cof_err *err);

const cof_journal_state *cof_journal_now(const cof_journal *journal);

/* Records; each is on the disk when the function returns COF_OK. */
COF_MUST_USE cof_status cof_journal_launched(cof_journal *journal, cof_err *err);
COF_MUST_USE cof_status cof_journal_checkpointed(cof_journal *journal, cof_err *err);
COF_MUST_USE cof_status cof_journal_died(cof_journal *journal, cof_err *err);
COF_MUST_USE cof_status cof_journal_saved(cof_journal *journal, cof_err *err);
COF_MUST_USE cof_status cof_journal_over(cof_journal *journal, cof_status final, cof_err *err);

void cof_journal_free(cof_journal *journal);
COF_OWNED(cof_journal, cof_journal_free);

#endif
