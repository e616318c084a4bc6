/*
 * What is known about a trained model, as JSON, filtered by a set of disclosures: the only way that
 * numbers about the data come into an event, a receipt or a report.
 */
#ifndef COF_WORKER_DISCLOSE_H
#define COF_WORKER_DISCLOSE_H

#include "tcb/worker/state.h"

enum {
    COF_DISCLOSE_EVERYTHING = 0xff, /* for what is sealed to the recipients */
    COF_DISCLOSE_HISTORY_ROWS =
        1000, /* at most so many epochs are listed, evenly chosen, with the last */
    COF_DISCLOSE_CONFUSION_CLASSES = 100 /* larger matrices are left out */
};

/** One epoch: {"epoch","epochs"} with progress, and the disclosed of
 * {"loss","validation_loss","accuracy",…}. A number without a meaning is left out. @return NULL
 * without memory. */
json_t *cof_disclose_epoch(const cof_train_progress *progress, unsigned disclosed);

/** {"epochs","best_epoch","validation":{…},"test":{…}}, as far as disclosed. @return NULL without
 * memory. */
json_t *cof_disclose_metrics(const cof_train_report *report, unsigned disclosed);

/** The epochs done so far; empty unless progress is disclosed. @return NULL without memory. */
json_t *cof_disclose_history(const cof_trainer *trainer, unsigned disclosed);

#endif
