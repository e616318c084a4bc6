/* Measures of how well a model does on some rows. */
#ifndef COF_TRAIN_METRICS_H
#define COF_TRAIN_METRICS_H

#include <stdint.h>

#include "tcb/train/job.h"
#include "tcb/train/plan.h"

/** NaN where a measure has no meaning (AUC when one class is absent; accuracy of a regression; no
 * rows). */
typedef struct cof_metrics {
    size_t rows;
    double loss;     /* mean, unweighted */
    double accuracy; /* share of rows whose most likely class is right */
    double auc;      /* binary: area under the ROC curve, exact, ties count half */
    double f1; /* binary: of class 1; classes: mean over the classes that occur or are predicted */
    double rmse; /* regression */
    double mae;  /* regression */
} cof_metrics;

/** Adds rows up, in the order given. The arrays are the caller's. */
typedef struct cof_meter {
    cof_task task;
    size_t classes;
    size_t capacity;     /* rows that it has room for */
    uint64_t *scores;    /* binary: (capacity) */
    uint64_t *confusion; /* (classes, classes): [actual][predicted]; NULL for regression */
    size_t rows;
    double loss;
    double squares;
    double distances;
} cof_meter;

/** Plans (or takes) the arrays for so many rows. @return as cof_plan_take. */
COF_MUST_USE cof_status cof_meter_place(cof_meter *meter, const cof_train_spec *spec, size_t rows,
                                        cof_plan *plan, cof_err *err);

/** Forgets all rows. */
void cof_meter_reset(cof_meter *meter);

/** One row of a classification: score is the logit of class 1 for a binary task, else not used. */
void cof_meter_add_class(cof_meter *meter, size_t actual, size_t predicted, float score,
                         float loss);

/** One row of a regression. */
void cof_meter_add_number(cof_meter *meter, float actual, float predicted, float loss);

/** The measures of all rows; sorts the scores, so it ends the counting. */
void cof_meter_finish(cof_meter *meter, cof_metrics *out);

#endif
