/* The agent's account of a job: one JSON line for each event. docs/formats/agent.md. */
#ifndef COF_AGENT_TIMELINE_H
#define COF_AGENT_TIMELINE_H

#include <jansson.h>
#include <stdint.h>

#include "tcb/base/buf.h"

typedef enum cof_step {
#define COF_STEP(name, stage, who) COF_STEP_##name,
#include "host/agent/stages.def"
#undef COF_STEP
    COF_STEP_COUNT
} cof_step;

typedef enum cof_step_who { COF_BY_CONTROL, COF_BY_AGENT, COF_BY_WORKER } cof_step_who;

typedef struct cof_step_info {
    const char *name;
    int stage; /* 1 to 5 */
    cof_step_who who;
} cof_step_info;

/** The row of a step; static. */
const cof_step_info *cof_step_describe(cof_step step);
/** @return false when no step has this name. */
bool cof_step_from_name(const char *name, cof_step *out_step);

/** Where events go. Plain value. */
typedef struct cof_timeline {
    int fd;     /* borrowed */
    uint64_t n; /* of the next event */
} cof_timeline;

/**
 * Writes {"detail":…,"n":…,"stage":…,"step":…,"time":…}.
 *
 * @param detail  taken over, also on failure; NULL: {}
 * @return COF_OK, COF_E_IO, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_timeline_step(cof_timeline *timeline, cof_step step, json_t *detail,
                                          cof_err *err);

/** Something that happened and is no step: {"detail":…,"n":…,"note":…,"time":…}. */
COF_MUST_USE cof_status cof_timeline_note(cof_timeline *timeline, const char *note, json_t *detail,
                                          cof_err *err);

#endif
