/*
 * What a user sees: colours and a live progress line on a terminal, plain lines otherwise, JSON
 * lines with --json. NO_COLOR and TERM=dumb are honoured.
 */
#ifndef COF_APP_OUTPUT_H
#define COF_APP_OUTPUT_H

#include <jansson.h>

#include "tcb/base/buf.h"

typedef struct cof_output {
    bool json;
    bool terminal; /* standard output is one, and moves its cursor */
    bool color;
    int columns;
    bool live; /* an unfinished progress line is on the screen */
} cof_output;

typedef enum cof_tone {
    COF_TONE_PLAIN,
    COF_TONE_GOOD,
    COF_TONE_BAD,
    COF_TONE_DIM,
    COF_TONE_STRONG
} cof_tone;

/** Looks at the terminal and the environment. */
void cof_output_init(cof_output *output, bool json);

/** A line for people; nothing with --json. */
void cof_output_line(cof_output *output, cof_tone tone, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** A heading of a stage: "2 environment". Nothing with --json. */
void cof_output_stage(cof_output *output, int number, const char *name);

/** A check or step: mark, name, and detail (may be ""). Nothing with --json. */
void cof_output_step(cof_output *output, bool good, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/**
 * Progress of a long piece of work: on a terminal one line that is drawn over; else a line for
 * every tenth. fraction from 0 to 1; text stands behind the bar.
 */
void cof_output_progress(cof_output *output, const char *name, double fraction, const char *text);

/** cof_progress.report of work on bytes: a live line on a terminal, of more than 64 MiB. context is
 * the cof_output. */
void cof_output_bytes(void *context, uint64_t done, uint64_t total);

/** Ends a live line, so that the next text starts on its own. */
void cof_output_settle(cof_output *output);

/** A curve of count values as a small text plot with its range. Nothing with --json. */
void cof_output_curve(cof_output *output, const char *name, const double *values, size_t count);

/** One JSON object as a line, only with --json. value is borrowed. */
void cof_output_json(cof_output *output, const json_t *value);

/** A failure, on standard error: text, detail, what to do next; with --json an object on standard
 * output too. */
void cof_output_failure(cof_output *output, cof_status status, const cof_err *err);

/** What a user can do about a status, or NULL. */
const char *cof_remedy(cof_status status);

#endif
