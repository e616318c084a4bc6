/* What a worker's program can quote with. Each program has its own table. */
#ifndef COF_APP_WORKER_BACKENDS_H
#define COF_APP_WORKER_BACKENDS_H

#include "tcb/worker/quoter.h"

/** The program's name. */
extern const char cof_worker_name[];

/** The values of --evidence; the first is the default. Ends with a name of NULL. */
extern const cof_backend cof_worker_backends[];

/** A sentence for whoever asks for another one. */
extern const char cof_worker_other_backends[];

#endif
