/*
 * What is wrong with a text that a person wrote: every problem with its place, and what to do.
 *
 * Printed as  job.yaml:12:5: unknown key "epoch"; did you mean "epochs"?
 * followed by the line of the text and a caret under the place.
 */
#ifndef COF_RELYING_CONTRACT_DIAGNOSTICS_H
#define COF_RELYING_CONTRACT_DIAGNOSTICS_H

#include <jansson.h>

#include "tcb/base/buf.h"

enum {
    COF_DIAGNOSTICS_KEPT = 100,    /* problems kept; more are only counted */
    COF_DIAGNOSTICS_MESSAGE = 200, /* bytes of a message, with its NUL */
    COF_DIAGNOSTICS_REMEDY = 160,  /* bytes of a remedy, with its NUL */
    COF_DIAGNOSTICS_QUOTED = 64    /* bytes of a quoted piece of the text, with its NUL */
};

/** One problem. Lines and columns count from 1, columns in characters; line 0: the file as a whole.
 */
typedef struct cof_diagnostic {
    size_t line;
    size_t column;
    char message[COF_DIAGNOSTICS_MESSAGE];
    char remedy[COF_DIAGNOSTICS_REMEDY]; /* empty when there is none */
} cof_diagnostic;

typedef struct cof_diagnostics cof_diagnostics;

/**
 * An empty list for one text.
 *
 * @param file  name to print, copied
 * @param text  kept: borrowed until the list is freed; its lines are shown
 * @return COF_OK, COF_E_NO_MEMORY
 */
COF_MUST_USE cof_status cof_diagnostics_new(const char *file, cof_view text, cof_diagnostics **out,
                                            cof_err *err);
void cof_diagnostics_free(cof_diagnostics *list);
COF_OWNED(cof_diagnostics, cof_diagnostics_free);

/**
 * Adds a problem; list may be NULL (then nothing happens). What does not fit is cut.
 *
 * @param remedy  what to do about it, or NULL
 */
void cof_diagnostics_add(cof_diagnostics *list, size_t line, size_t column, const char *remedy,
                         const char *format, ...) __attribute__((format(printf, 5, 6)));

/** All problems, also those that were not kept. */
size_t cof_diagnostics_count(const cof_diagnostics *list);
/** The i-th kept problem in the order of the text, borrowed; NULL when there is none. */
const cof_diagnostic *cof_diagnostics_at(const cof_diagnostics *list, size_t i);

/** Orders the problems by line and column. Done by the readers before they return. */
void cof_diagnostics_sort(cof_diagnostics *list);

/** Appends all problems as text, each with its source line and a caret. @return as cof_buf_append.
 */
COF_MUST_USE cof_status cof_diagnostics_print(const cof_diagnostics *list, cof_buf *out,
                                              cof_err *err);

/** {"file":…,"count":n,"problems":[{"line","column","message","remedy"}]}; remedy may be absent.
 * The caller owns it. */
COF_MUST_USE cof_status cof_diagnostics_json(const cof_diagnostics *list, json_t **out,
                                             cof_err *err);

/** Fails with CONTRACT_INVALID and the first problem as the detail when there is one; else COF_OK.
 */
COF_MUST_USE cof_status cof_diagnostics_status(const cof_diagnostics *list, cof_err *err);

/** Copies text for a message: control characters become '?', and a long text ends in "...". Gives
 * out. */
const char *cof_diagnostics_quote(const char *text, char out[static COF_DIAGNOSTICS_QUOTED]);

/**
 * The name most like word by edit distance, when it is near enough to be a slip of the hand.
 *
 * @param names  count texts, entries may be NULL
 * @return a member of names, or NULL
 */
const char *cof_nearest_name(const char *word, const char *const *names, size_t count);

#endif
