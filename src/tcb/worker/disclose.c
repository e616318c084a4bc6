#include "tcb/worker/disclose.h"

#include <math.h>
#include <stddef.h>

#include "tcb/wire/json.h"

/* What a disclosure lets out of the measures of some rows. */
static const struct {
    const char *name;
    unsigned bit;
    size_t offset; /* in cof_metrics */
} measures[] = {
    {"loss", COF_CONTRACT_DISCLOSE_LOSS, offsetof(cof_metrics, loss)},
    {"accuracy", COF_CONTRACT_DISCLOSE_ACCURACY, offsetof(cof_metrics, accuracy)},
    {"auc", COF_CONTRACT_DISCLOSE_AUC, offsetof(cof_metrics, auc)},
    {"f1", COF_CONTRACT_DISCLOSE_F1, offsetof(cof_metrics, f1)},
    {"rmse", COF_CONTRACT_DISCLOSE_RMSE, offsetof(cof_metrics, rmse)},
    {"mae", COF_CONTRACT_DISCLOSE_MAE, offsetof(cof_metrics, mae)},
};
enum { MEASURE_COUNT = sizeof measures / sizeof measures[0], LOSS_MEASURE = 0 };

static double measure(const cof_metrics *metrics, size_t index)
{
    return *(const double *)(const void *)((const char *)metrics + measures[index].offset);
}

/* A number that is not finite has no meaning here, and none in JSON. @return false without memory.
 */
static bool set_number(json_t *object, const char *name, double value)
{
    return !isfinite(value) || json_object_set_new(object, name, json_real(value)) == 0;
}

static bool set_count(json_t *object, const char *name, uint64_t value)
{
    return json_object_set_new(object, name, json_integer((json_int_t)value)) == 0;
}

json_t *cof_disclose_epoch(const cof_train_progress *progress, unsigned disclosed)
{
    COF_JSON json_t *object = json_object();
    bool fits = object != NULL;
    if ((disclosed & COF_CONTRACT_DISCLOSE_PROGRESS) != 0) {
        fits = fits && set_count(object, "epoch", progress->epoch) &&
               set_count(object, "epochs", progress->epochs);
    }
    for (size_t i = 0; i < MEASURE_COUNT; i++) {
        if ((disclosed & measures[i].bit) != 0) {
            const char *name = i == LOSS_MEASURE ? "validation_loss" : measures[i].name;
            fits = fits && set_number(object, name, measure(&progress->validation, i));
        }
    }
    if ((disclosed & COF_CONTRACT_DISCLOSE_LOSS) != 0) {
        fits = fits && set_number(object, "loss", progress->train_loss);
    }
    return fits ? json_incref(object) : NULL;
}

/* [[actual 0 predicted 0, …], …] */
static json_t *print_confusion(const uint64_t *confusion, size_t classes)
{
    COF_JSON json_t *rows = json_array();
    for (size_t i = 0; i < classes; i++) {
        json_t *row = json_array();
        if (json_array_append_new(rows, row) != 0) {
            return NULL;
        }
        for (size_t k = 0; k < classes; k++) {
            if (json_array_append_new(row, json_integer((json_int_t)confusion[i * classes + k])) !=
                0) {
                return NULL;
            }
        }
    }
    return json_incref(rows);
}

static json_t *print_measures(const cof_metrics *metrics, const uint64_t *confusion, size_t classes,
                              unsigned disclosed)
{
    COF_JSON json_t *object = json_object();
    bool fits = object != NULL;
    for (size_t i = 0; i < MEASURE_COUNT; i++) {
        if ((disclosed & measures[i].bit) != 0) {
            fits = fits && set_number(object, measures[i].name, measure(metrics, i));
        }
    }
    const bool has_matrix =
        classes > 0 && classes <= COF_DISCLOSE_CONFUSION_CLASSES && metrics->rows > 0;
    if ((disclosed & COF_CONTRACT_DISCLOSE_CONFUSION) != 0 && has_matrix) {
        fits = fits &&
               json_object_set_new(object, "confusion", print_confusion(confusion, classes)) == 0;
    }
    return fits ? json_incref(object) : NULL;
}

json_t *cof_disclose_metrics(const cof_train_report *report, unsigned disclosed)
{
    COF_JSON json_t *object = json_object();
    bool fits = object != NULL;
    if ((disclosed & COF_CONTRACT_DISCLOSE_PROGRESS) != 0) {
        fits = fits && set_count(object, "epochs", report->epochs) &&
               set_count(object, "best_epoch", report->best_epoch);
    }
    json_t *validation = print_measures(&report->validation, report->validation_confusion,
                                        report->classes, disclosed);
    fits = json_object_set_new(object, "validation", validation) == 0 && fits;
    json_t *test =
        print_measures(&report->test, report->test_confusion, report->classes, disclosed);
    fits = json_object_set_new(object, "test", test) == 0 && fits;
    return fits ? json_incref(object) : NULL;
}

json_t *cof_disclose_history(const cof_trainer *trainer, unsigned disclosed)
{
    COF_JSON json_t *rows = json_array();
    if (rows == NULL || (disclosed & COF_CONTRACT_DISCLOSE_PROGRESS) == 0) {
        return json_incref(rows);
    }
    const uint64_t done = cof_trainer_epochs_done(trainer);
    const uint64_t stride = done / COF_DISCLOSE_HISTORY_ROWS + 1;
    for (uint64_t epoch = 0; epoch < done; epoch++) {
        if ((epoch + 1) % stride != 0 && epoch + 1 != done) {
            continue;
        }
        json_t *row = cof_disclose_epoch(cof_trainer_history(trainer, epoch), disclosed);
        if (row == NULL || json_object_del(row, "epochs") != 0 ||
            json_array_append_new(rows, row) != 0) {
            return NULL;
        }
    }
    return json_incref(rows);
}
