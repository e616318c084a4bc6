/* Inside relying/contract: the keys of job.yaml. */
#ifndef COF_RELYING_CONTRACT_JOB_TABLE_H
#define COF_RELYING_CONTRACT_JOB_TABLE_H

#include "relying/contract/job.h"
#include "relying/contract/walk.h"

enum { COF_JOB_UNKNOWN = -1 }; /* a choice that was not read */

/* How the tables are written. */
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
#define TABLE(keys)                                                                                \
    {                                                                                              \
        COUNT_OF(keys), keys                                                                       \
    }
/* A row: the key is called as the member that holds its value. */
#define KEY(kind_, struct_, member, ...)                                                           \
    {                                                                                              \
        .name = #member, .type = COF_WALK_##kind_, .offset = offsetof(struct_, member),            \
        __VA_ARGS__                                                                                \
    }

/** Reads into a cof_job. */
extern const cof_walk_table cof_job_table;

/** `platform`: reads into a cof_job_accept. */
extern const cof_walk_table cof_platform_table;

#endif
