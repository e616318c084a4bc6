/* Inside relying/contract: the keys of job.yaml. */
#ifndef COF_RELYING_CONTRACT_JOB_TABLE_H
#define COF_RELYING_CONTRACT_JOB_TABLE_H

#include "relying/contract/job.h"
#include "relying/contract/walk.h"

enum { COF_JOB_UNKNOWN = -1 }; /* a choice that was not read */

/** Reads into a cof_job. */
extern const cof_walk_table cof_job_table;

#endif
