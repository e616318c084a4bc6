#include <math.h>

#include "tcb/train/trainer_internal.h"

/* The stop metric with its sign such that more is better; NaN never is. */
static double stop_value(const cof_train_spec *spec, const cof_metrics *metrics)
{
    switch (spec->stop) {
    case COF_STOP_LOSS:
        return -metrics->loss;
    case COF_STOP_ACCURACY:
        return metrics->accuracy;
    case COF_STOP_AUC:
        return metrics->auc;
    case COF_STOP_NONE:
    default:
        return NAN;
    }
}

void cof_position_advance(const cof_train_spec *spec, const cof_metrics *metrics,
                          cof_position *position)
{
    position->epoch++;
    position->step = 0;
    position->loss_sum = 0;
    position->is_finished = position->epoch == spec->epochs;
    if (spec->stop == COF_STOP_NONE) {
        return;
    }
    const double value = stop_value(spec, metrics);
    if (position->best_epoch == 0 ? !isnan(value) : value > position->best_value) {
        position->best_value = value;
        position->best_epoch = position->epoch;
    } else if (position->epoch - position->best_epoch >= spec->patience) {
        position->is_finished = true;
    }
}
