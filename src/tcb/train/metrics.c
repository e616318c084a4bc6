#include "tcb/train/metrics.h"

#include <math.h>
#include <string.h>

cof_status cof_meter_place(cof_meter *meter, const cof_train_spec *spec, size_t rows,
                           cof_plan *plan, cof_err *err)
{
    *meter = (cof_meter){.task = spec->task, .classes = spec->classes, .capacity = rows};
    void *scores = NULL;
    void *confusion = NULL;
    if (spec->task == COF_TASK_BINARY) {
        COF_TRY(cof_plan_take(plan, COF_PLAN_METRICS, rows, sizeof *meter->scores, &scores, err));
    }
    if (spec->task != COF_TASK_REGRESSION) {
        COF_TRY(cof_plan_take(plan, COF_PLAN_METRICS, spec->classes * spec->classes,
                              sizeof *meter->confusion, &confusion, err));
    }
    meter->scores = scores;
    meter->confusion = confusion;
    return COF_OK;
}

void cof_meter_reset(cof_meter *meter)
{
    meter->rows = 0;
    meter->loss = 0;
    meter->squares = 0;
    meter->distances = 0;
    if (meter->confusion != NULL) {
        memset(meter->confusion, 0, meter->classes * meter->classes * sizeof *meter->confusion);
    }
}

/* A score as an integer with the same order, above the label: sorting these sorts by score. */
static uint64_t score_key(float score, size_t actual)
{
    const float one_zero = score + 0.0f; /* -0 becomes 0: they are a tie */
    uint32_t bits = 0;
    memcpy(&bits, &one_zero, sizeof bits);
    bits = (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
    return (uint64_t)bits << 32 | (uint64_t)actual;
}

void cof_meter_add_class(cof_meter *meter, size_t actual, size_t predicted, float score, float loss)
{
    if (meter->scores != NULL && meter->rows < meter->capacity) {
        meter->scores[meter->rows] = score_key(score, actual);
    }
    meter->confusion[actual * meter->classes + predicted]++;
    meter->loss += (double)loss;
    meter->rows++;
}

void cof_meter_add_number(cof_meter *meter, float actual, float predicted, float loss)
{
    const double off = (double)predicted - (double)actual;
    meter->squares += off * off;
    meter->distances += fabs(off);
    meter->loss += (double)loss;
    meter->rows++;
}

static void sift_down(uint64_t *keys, size_t root, size_t count)
{
    const uint64_t key = keys[root];
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && keys[child + 1] > keys[child]) {
            child++;
        }
        if (keys[child] <= key) {
            break;
        }
        keys[root] = keys[child];
        root = child;
    }
    keys[root] = key;
}

/* Heap sort: in place, where the C library's qsort takes memory of its own that nobody wipes. */
static void sort_keys(uint64_t *keys, size_t count)
{
    for (size_t i = count / 2; i > 0; i--) {
        sift_down(keys, i - 1, count);
    }
    for (size_t i = count; i > 1; i--) {
        const uint64_t largest = keys[0];
        keys[0] = keys[i - 1];
        keys[i - 1] = largest;
        sift_down(keys, 0, i - 1);
    }
}

/* Mann and Whitney: the share of (positive, negative) pairs in the right order, a tie counting
 * half. */
static double area_under_curve(uint64_t *keys, size_t count)
{
    sort_keys(keys, count);
    uint64_t doubled = 0; /* twice the pairs in order: below 2^63 for 2^32 rows */
    uint64_t negatives = 0;
    uint64_t positives = 0;
    for (size_t i = 0; i < count;) {
        const uint64_t score = keys[i] >> 32;
        uint64_t tied[2] = {0, 0};
        for (; i < count && keys[i] >> 32 == score; i++) {
            tied[keys[i] & 1]++;
        }
        doubled += tied[1] * (2 * negatives + tied[0]);
        negatives += tied[0];
        positives += tied[1];
    }
    if (negatives == 0 || positives == 0) {
        return NAN;
    }
    return (double)doubled / (2.0 * (double)negatives * (double)positives);
}

static double f1_of_class(const cof_meter *meter, size_t class, bool *out_occurs)
{
    uint64_t actual = 0;
    uint64_t predicted = 0;
    for (size_t c = 0; c < meter->classes; c++) {
        actual += meter->confusion[class * meter->classes + c];
        predicted += meter->confusion[c * meter->classes + class];
    }
    *out_occurs = actual + predicted > 0;
    const uint64_t right = meter->confusion[class * meter->classes + class];
    return *out_occurs ? 2.0 * (double)right / (double)(actual + predicted) : 0.0;
}

static void finish_classes(cof_meter *meter, cof_metrics *out)
{
    uint64_t right = 0;
    double sum = 0;
    size_t occurring = 0;
    for (size_t c = 0; c < meter->classes; c++) {
        bool occurs = false;
        const double f1 = f1_of_class(meter, c, &occurs);
        right += meter->confusion[c * meter->classes + c];
        sum += f1;
        occurring += occurs ? 1 : 0;
        if (meter->task == COF_TASK_BINARY && c == 1) {
            out->f1 = f1;
        }
    }
    out->accuracy = (double)right / (double)meter->rows;
    if (meter->task == COF_TASK_BINARY) {
        out->auc = area_under_curve(meter->scores,
                                    meter->rows < meter->capacity ? meter->rows : meter->capacity);
    } else {
        out->f1 = sum / (double)occurring;
    }
}

void cof_meter_finish(cof_meter *meter, cof_metrics *out)
{
    *out = (cof_metrics){.rows = meter->rows,
                         .loss = NAN,
                         .accuracy = NAN,
                         .auc = NAN,
                         .f1 = NAN,
                         .rmse = NAN,
                         .mae = NAN};
    if (meter->rows == 0) {
        return;
    }
    const double rows = (double)meter->rows;
    out->loss = meter->loss / rows;
    if (meter->task == COF_TASK_REGRESSION) {
        out->rmse = sqrt(meter->squares / rows);
        out->mae = meter->distances / rows;
    } else {
        finish_classes(meter, out);
    }
}
