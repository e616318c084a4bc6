#include "tcb/worker/inputs.h"

#include "tcb/base/size.h"
#include "tcb/data/csv.h"
#include "tcb/data/idx.h"
#include "tcb/wire/json.h"
#include "tcb/worker/input_object.h"
#include "tcb/worker/talk.h"

/* What one input's objects are fed to: the reader of its format. */
typedef struct reader {
    cof_worker *worker;
    const cof_contract_input *input;
    size_t object;  /* that is being read */
    bool is_pinned; /* what was read so far is what the contract names */
    cof_csv *csv;
    cof_idx *idx;
} reader;

static void reader_drop(reader *self)
{
    cof_csv_free(self->csv);
    cof_idx_free(self->idx);
}

static cof_status take_plain(void *context, cof_view plain, cof_err *err)
{
    reader *self = context;
    self->worker->inputs.plain_bytes += plain.size;
    if (self->csv != NULL) {
        return cof_csv_feed(self->csv, plain, err);
    }
    return self->object == 0 ? cof_idx_values(self->idx, plain, err)
                             : cof_idx_labels(self->idx, plain, err);
}

static cof_schema_task schema_task(cof_contract_task task)
{
    switch (task) {
    case COF_CONTRACT_BINARY:
        return COF_SCHEMA_BINARY;
    case COF_CONTRACT_CLASSES:
        return COF_SCHEMA_CLASSES;
    case COF_CONTRACT_REGRESSION:
        break;
    }
    return COF_SCHEMA_REGRESSION;
}

/* What the contract's memory leaves after the rows that are in already. */
static size_t memory_left(const cof_worker *worker)
{
    const uint64_t limit = worker->contract->limits.memory_bytes;
    uint64_t used = 0;
    for (size_t i = 0; i < worker->contract->input_count; i++) {
        if (worker->inputs.rows[i] != NULL) {
            used += cof_rows_memory(worker->inputs.rows[i]);
        }
    }
    return used < limit ? (size_t)(limit - used) : 0;
}

static cof_status reader_start(reader *self, cof_err *err)
{
    if (self->input->format == COF_CONTRACT_CSV) {
        const cof_csv_options options = {.schema = self->input->schema,
                                         .target = self->input->target_column,
                                         .task = schema_task(self->worker->contract->task),
                                         .memory_limit = memory_left(self->worker)};
        return cof_csv_new(&options, &self->csv, err);
    }
    return cof_idx_new(self->input->classes, memory_left(self->worker), &self->idx, err);
}

static cof_status reader_finish(reader *self, cof_rows **out_rows, cof_err *err)
{
    if (self->csv != NULL) {
        return cof_csv_finish(self->csv, out_rows, err);
    }
    return cof_idx_finish(self->idx, out_rows, err);
}

/*
 * Places and counts of what is wrong leave in an event; the failure itself stays what it was. Only
 * of the object that was consented to: of any other, not even counts may leave.
 */
static void report_problems(reader *self)
{
    const cof_problems *problems =
        self->csv != NULL ? cof_csv_problems(self->csv) : cof_idx_problems(self->idx);
    if (problems->kept_count == 0 || !self->is_pinned) {
        return;
    }
    COF_JSON json_t *array = NULL;
    COF_JSON json_t *members = json_object();
    if (cof_problems_to_json(problems, self->input->schema, &array, NULL) != COF_OK ||
        members == NULL || json_object_set(members, "problems", array) != 0 ||
        json_object_set_new(members, "input", json_string(self->input->name)) != 0) {
        return;
    }
    (void)!cof_worker_event(self->worker, "invalid", json_incref(members), NULL);
}

static cof_status read_objects(reader *self, size_t index, cof_rows **out_rows, cof_err *err)
{
    for (self->object = 0; self->object < self->input->object_count; self->object++) {
        const cof_worker_object object = {.input = index,
                                          .object = self->object,
                                          .sink = take_plain,
                                          .context = self,
                                          .is_pinned = &self->is_pinned};
        COF_TRY(cof_worker_get_object(self->worker, &object, err));
    }
    return reader_finish(self, out_rows, err);
}

static cof_status get_input(cof_worker *worker, size_t index, cof_err *err)
{
    COF_CLEANUP(reader_drop)
    reader self = {.worker = worker, .input = &worker->contract->inputs[index]};
    COF_TRY(reader_start(&self, err));
    cof_rows *rows = NULL;
    const cof_status status = read_objects(&self, index, &rows, err);
    if (status != COF_OK) {
        report_problems(&self);
        return status;
    }
    worker->inputs.rows[index] = rows;
    worker->inputs.row_counts[index] = cof_rows_count(rows);
    return COF_OK;
}

/* Rows of all inputs of one use, and their shape, which must be one. */
static cof_status add_up(const cof_worker *worker, cof_contract_use use, cof_table *out,
                         cof_err *err)
{
    cof_table sum = {.rows = 0};
    for (size_t i = 0; i < worker->contract->input_count; i++) {
        if (worker->contract->inputs[i].use != use) {
            continue;
        }
        const cof_table_shape *shape = cof_rows_shape(worker->inputs.rows[i]);
        if (sum.rows > 0 && !cof_table_shape_equal(&sum.shape, shape)) {
            return COF_FAIL(err, SCHEMA_MISMATCH, "input %zu has another shape than those before",
                            i);
        }
        sum.shape = *shape;
        COF_TRY(cof_size_add(sum.rows, cof_rows_count(worker->inputs.rows[i]), &sum.rows, err));
    }
    *out = sum;
    return COF_OK;
}

static cof_status table_need(const cof_table *table, size_t *in_out_need, cof_err *err)
{
    size_t values = 0;
    size_t labels = 0;
    if (table->rows == 0) {
        return COF_OK;
    }
    COF_TRY(cof_table_bytes(&table->shape, table->rows, &values, &labels, err));
    COF_TRY(cof_arena_need(values, &values, err));
    COF_TRY(cof_arena_need(labels, &labels, err));
    COF_TRY(cof_size_add(*in_out_need, values, in_out_need, err));
    return cof_size_add(*in_out_need, labels, in_out_need, err);
}

/* Moves the rows of one use, in the contract's order, into a table in the arena. */
static cof_status fill(cof_worker *worker, cof_contract_use use, cof_table *table, cof_err *err)
{
    size_t values = 0;
    size_t labels = 0;
    if (table->rows == 0) {
        return COF_OK;
    }
    COF_TRY(cof_table_bytes(&table->shape, table->rows, &values, &labels, err));
    COF_TRY(cof_arena_take(&worker->inputs.arena, values, &table->values, err));
    COF_TRY(cof_arena_take(&worker->inputs.arena, labels, &table->labels, err));
    size_t first = 0;
    for (size_t i = 0; i < worker->contract->input_count; i++) {
        if (worker->contract->inputs[i].use != use) {
            continue;
        }
        const size_t count = cof_rows_count(worker->inputs.rows[i]);
        cof_table part;
        COF_TRY(cof_table_part(table, first, count, &part, err));
        COF_TRY(cof_rows_move(worker->inputs.rows[i], &part, err));
        first += count;
    }
    return COF_OK;
}

static cof_status join(cof_worker *worker, cof_err *err)
{
    cof_worker_inputs *inputs = &worker->inputs;
    COF_TRY(add_up(worker, COF_CONTRACT_TRAIN, &inputs->train, err));
    COF_TRY(add_up(worker, COF_CONTRACT_TEST, &inputs->test, err));
    if (inputs->test.rows > 0 &&
        !cof_table_shape_equal(&inputs->train.shape, &inputs->test.shape)) {
        return COF_FAIL(err, SCHEMA_MISMATCH, "test rows have another shape than training rows");
    }
    size_t need = 0;
    COF_TRY(table_need(&inputs->train, &need, err));
    COF_TRY(table_need(&inputs->test, &need, err));
    COF_TRY(cof_arena_init(&inputs->arena, need, err));
    COF_TRY(fill(worker, COF_CONTRACT_TRAIN, &inputs->train, err));
    return fill(worker, COF_CONTRACT_TEST, &inputs->test, err);
}

cof_status cof_worker_get_inputs(cof_worker *worker, cof_err *err)
{
    for (size_t i = 0; i < worker->contract->input_count; i++) {
        const cof_status status = get_input(worker, i, err);
        if (status != COF_OK) {
            cof_err_context(err, "input %zu", i);
            return status;
        }
    }
    /* Every input is open: the owners' keys have done their work. */
    for (size_t i = 0; i < COF_LIMIT_OWNERS; i++) {
        cof_rsa_key_free(worker->owners[i]);
        worker->owners[i] = NULL;
    }
    json_t *members = json_object();
    if (members != NULL &&
        json_object_set_new(members, "bytes",
                            json_integer((json_int_t)worker->inputs.plain_bytes)) != 0) {
        json_decref(members);
        members = NULL;
    }
    COF_TRY(cof_worker_event(worker, "loaded", members, err));
    return join(worker, err);
}

void cof_worker_inputs_free(cof_worker_inputs *inputs)
{
    for (size_t i = 0; i < COF_LIMIT_INPUTS; i++) {
        cof_rows_free(inputs->rows[i]);
    }
    cof_arena_free(&inputs->arena);
    *inputs = (cof_worker_inputs){0};
}
