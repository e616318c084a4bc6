/* The events of a job, as its agent tells them, shown live and remembered for the end. */
#ifndef COF_APP_PROGRESS_H
#define COF_APP_PROGRESS_H

#include <jansson.h>
#include <stdint.h>

#include "apps/coffer/output.h"

enum { COF_STAGES = 5, COF_CURVE_MAX = 4096 };

typedef struct cof_progress_view {
    cof_output *output;
    int stage;                      /* that was shown last */
    double started[COF_STAGES + 2]; /* monotonic seconds; [0] is the beginning */
    double seconds[COF_STAGES + 1]; /* of each stage, from 1 */
    double curve[COF_CURVE_MAX];    /* the loss that is disclosed, by epoch */
    size_t curve_count;
    const char *curve_name; /* "validation loss", "loss" */
    int64_t epochs;
    double first_step_s;  /* from the beginning to the first training event; 0: none yet */
    uint64_t checkpoints; /* seen since the last look: signs of progress */
    cof_status failure;   /* of a "failed" event */
    char failure_detail[COF_ERR_DETAIL_SIZE];
    json_t *problems; /* of an "invalid" event: places, never values */
} cof_progress_view;

void cof_progress_begin(cof_progress_view *view, cof_output *output);

/** Shows one event ({"stage","step","detail",…}); with --json it is passed on as it is. */
void cof_progress_event(cof_progress_view *view, const json_t *event);

/** A step that this program itself took. detail is for people. */
void cof_progress_step(cof_progress_view *view, int stage, const char *step, const char *detail);

/** Ends the last stage and draws the curve. */
void cof_progress_end(cof_progress_view *view);

/** Seconds since the view began. */
double cof_progress_elapsed(const cof_progress_view *view);

void cof_progress_drop_(cof_progress_view *view);

#endif
