#include "host/infer/infer.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/infer/distinct.h"
#include "host/infer/feed_file.h"
#include "tcb/base/limits.h"
#include "tcb/data/decimal.h"
#include "tcb/data/records.h"
#include "tcb/wire/text.h"

/*
 * Implementation notes
 *
 * The first pass finds the columns' names and kinds, the second collects values where they are
 * needed: of the categories and of a target of whole numbers. So a table of numbers costs no
 * memory, however many columns it has.
 */

enum { CLASS_VALUES = 20 }; /* different whole numbers that make a target a class */
enum { ALL_VALUES_BYTES = 16 * 1024 * 1024 }; /* of all columns' values together */

typedef struct column_facts {
    char *name;
    uint64_t other_count; /* cells that are no number */
    uint64_t other_line;  /* of the first */
    bool has_fraction;
    bool has_many;       /* more different values than a class has; they are no longer collected */
    cof_distinct values; /* second pass */
} column_facts;

typedef struct inference {
    const char *path;
    const json_t *target;
    size_t target_index;
    column_facts *columns;
    size_t count;
    cof_records records;
    cof_buf scratch;
    uint64_t row_count;
    uint64_t empty_line; /* of the first empty line that nothing has followed; 0 is none */
    size_t value_bytes;
    bool is_second_pass;
} inference;

static void inference_drop_(inference *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free(self->columns[i].name);
        cof_distinct_free(&self->columns[i].values);
    }
    free(self->columns);
    cof_records_free(&self->records);
    cof_buf_free(&self->scratch);
}

/* ---- header ---- */

static cof_status check_name(const cof_field *field, size_t position, cof_err *err)
{
    if (field->fault != COF_FIELD_OK || field->text.size == 0 ||
        field->text.size > COF_LIMIT_COLUMN_BYTES || !cof_utf8_is_valid(field->text)) {
        return COF_FAIL(err, SCHEMA_MISMATCH,
                        "line 1, column %zu: a name of 1 to %d bytes of UTF-8 is needed", position,
                        COF_LIMIT_COLUMN_BYTES);
    }
    for (size_t i = 0; i < field->text.size; i++) {
        if (field->text.data[i] < 0x20 || field->text.data[i] == 0x7f) {
            return COF_FAIL(err, SCHEMA_MISMATCH,
                            "line 1, column %zu: the name has a control character", position);
        }
    }
    return COF_OK;
}

static bool is_number(cof_view text)
{
    cof_number number = {0};
    return cof_decimal_read(text, &number, NULL) == COF_OK && isfinite(number.narrow);
}

static cof_status add_column(inference *self, const cof_field *field, size_t *capacity,
                             cof_err *err)
{
    COF_TRY(check_name(field, self->count, err));
    if (self->count == COF_LIMIT_COLUMNS) {
        return COF_FAIL(err, LIMIT, "more than %d columns", COF_LIMIT_COLUMNS);
    }
    if (self->count == *capacity) {
        *capacity = *capacity == 0 ? 64 : 2 * *capacity;
        column_facts *columns = realloc(self->columns, *capacity * sizeof *columns);
        if (columns == NULL) {
            return COF_FAIL(err, NO_MEMORY, "%zu columns", *capacity);
        }
        self->columns = columns;
    }
    char *name = strndup((const char *)field->text.data, field->text.size);
    if (name == NULL) {
        return COF_FAIL(err, NO_MEMORY, "name");
    }
    self->columns[self->count++] = (column_facts){.name = name};
    return COF_OK;
}

static cof_status read_header(inference *self, const cof_record *record, cof_err *err)
{
    size_t capacity = 0;
    size_t numbers = 0;
    for (const uint8_t *at = record->start; at != NULL;) {
        cof_field field = {0};
        COF_TRY(cof_field_read(at, record->stop, &self->scratch, &field, err));
        COF_TRY(add_column(self, &field, &capacity, err));
        numbers += is_number(field.text) ? 1 : 0;
        at = field.next;
    }
    if (numbers == self->count) {
        return COF_FAIL(
            err, SCHEMA_MISMATCH,
            "line 1 holds numbers only: a header line with the columns' names is needed");
    }
    return COF_OK;
}

/* ---- cells ---- */

static cof_status fail_cell(const inference *self, uint64_t line, size_t column, const char *what,
                            cof_err *err)
{
    return COF_FAIL(err, DATA_INVALID, "line %" PRIu64 ", column \"%.64s\": %s", line,
                    self->columns[column].name, what);
}

static cof_status look_at_cell(inference *self, size_t column, const cof_field *field,
                               uint64_t line, cof_err *err)
{
    column_facts *facts = &self->columns[column];
    cof_number number = {0};
    if (field->fault != COF_FIELD_OK) {
        return fail_cell(self, line, column,
                         field->fault == COF_FIELD_BAD_QUOTE ? "a quote stands where none may"
                                                             : "the field is too long",
                         err);
    }
    if (field->text.size == 0) {
        return fail_cell(self, line, column,
                         "the value is missing; write a schema that says what to do (missing: "
                         "mean), or fill it in",
                         err);
    }
    if (cof_decimal_read(field->text, &number, NULL) != COF_OK || !isfinite(number.narrow)) {
        facts->other_line = facts->other_count == 0 ? line : facts->other_line;
        facts->other_count++;
    } else if (number.wide != trunc(number.wide)) {
        facts->has_fraction = true;
    }
    return COF_OK;
}

static bool is_category(const column_facts *facts)
{
    return facts->other_count > 0;
}

/* A target of whole numbers: a class, if there are few. */
static bool may_be_class(const inference *self, size_t column)
{
    const column_facts *facts = &self->columns[column];
    return column == self->target_index && facts->other_count == 0 && !facts->has_fraction;
}

static cof_status fail_category(const inference *self, size_t column, const char *what,
                                cof_err *err)
{
    const column_facts *facts = &self->columns[column];
    return COF_FAIL(err, DATA_INVALID,
                    "column \"%.64s\": %s; %" PRIu64 " of %" PRIu64
                    " cells are no number, the first in line %" PRIu64,
                    facts->name, what, facts->other_count, self->row_count, facts->other_line);
}

static cof_status collect_cell(inference *self, size_t column, const cof_field *field, cof_err *err)
{
    column_facts *facts = &self->columns[column];
    const size_t before = facts->values.count;
    if (is_category(facts)) {
        if (field->text.size > COF_LIMIT_VALUE_BYTES || !cof_utf8_is_valid(field->text) ||
            memchr(field->text.data, 0, field->text.size) != NULL) {
            return fail_category(
                self, column, "a text is too long for a category, or not UTF-8, or has a NUL", err);
        }
        const cof_status status =
            cof_distinct_add(&facts->values, field->text, COF_LIMIT_CLASSES, err);
        if (status == COF_E_LIMIT) {
            return fail_category(self, column,
                                 "there are more different texts than a category may have (1000)",
                                 err);
        }
        COF_TRY(status);
    } else if (may_be_class(self, column) && !facts->has_many) {
        const cof_status status = cof_distinct_add(&facts->values, field->text, CLASS_VALUES, err);
        if (status != COF_OK && status != COF_E_LIMIT) {
            return status;
        }
        facts->has_many = status == COF_E_LIMIT;
    }
    self->value_bytes += facts->values.count > before ? field->text.size : 0;
    if (self->value_bytes > ALL_VALUES_BYTES) {
        return COF_FAIL(err, LIMIT, "the categories have more than %d bytes of values",
                        ALL_VALUES_BYTES);
    }
    return COF_OK;
}

static cof_status read_cells(inference *self, const cof_record *record, cof_err *err)
{
    const uint8_t *at = record->start;
    size_t column = 0;
    for (; at != NULL && column < self->count; column++) {
        cof_field field = {0};
        COF_TRY(cof_field_read(at, record->stop, &self->scratch, &field, err));
        if (self->is_second_pass) {
            COF_TRY(collect_cell(self, column, &field, err));
        } else {
            COF_TRY(look_at_cell(self, column, &field, record->line, err));
        }
        at = field.next;
    }
    if (at != NULL || column < self->count) {
        return COF_FAIL(err, DATA_INVALID, "line %" PRIu64 ": too %s fields, where %zu are needed",
                        record->line, at != NULL ? "many" : "few", self->count);
    }
    return COF_OK;
}

/* ---- passes ---- */

static cof_status take_record(void *context, const cof_record *record, cof_err *err)
{
    inference *self = context;
    if (self->records.count == 1) {
        return self->is_second_pass ? COF_OK : read_header(self, record, err);
    }
    if (record->start == record->stop) {
        self->empty_line = self->empty_line == 0 ? record->line : self->empty_line;
        return COF_OK;
    }
    if (self->empty_line != 0) {
        return COF_FAIL(err, DATA_INVALID, "line %" PRIu64 " is empty", self->empty_line);
    }
    self->row_count++;
    return read_cells(self, record, err);
}

static cof_status take_piece(void *context, cof_view piece, cof_err *err)
{
    inference *self = context;
    return cof_records_feed(&self->records, piece, take_record, self, err);
}

static cof_status run_pass(inference *self, bool is_second, cof_err *err)
{
    cof_records_free(&self->records);
    cof_records_init(&self->records);
    self->is_second_pass = is_second;
    self->row_count = 0;
    self->empty_line = 0;
    COF_TRY(cof_feed_file(self->path, take_piece, self, err));
    return cof_records_finish(&self->records, take_record, self, err);
}

static cof_status find_target(inference *self, cof_err *err)
{
    if (self->target != NULL && json_is_integer(self->target)) {
        const json_int_t index = json_integer_value(self->target);
        if (index < 0 || (size_t)index >= self->count) {
            return COF_FAIL(err, NOT_FOUND, "target: there is no column %lld; there are %zu",
                            (long long)index, self->count);
        }
        self->target_index = (size_t)index;
        return COF_OK;
    }
    for (size_t i = 0; i < self->count; i++) {
        if (self->target != NULL && json_is_string(self->target) &&
            strcmp(json_string_value(self->target), self->columns[i].name) == 0) {
            self->target_index = i;
            return COF_OK;
        }
    }
    /* None, or not found: then the schema's own search, at the end, says what was perhaps meant. */
    self->target_index = self->count;
    return COF_OK;
}

/* ---- result ---- */

static int compare_numbers(const void *a, const void *b)
{
    cof_number x = {0};
    cof_number y = {0};
    const cof_status first = cof_decimal_read(cof_view_text(*(char *const *)a), &x, NULL);
    const cof_status second = cof_decimal_read(cof_view_text(*(char *const *)b), &y, NULL);
    return first != COF_OK || second != COF_OK ? 0 : (x.wide > y.wide) - (x.wide < y.wide);
}

typedef struct class_range {
    double min;
    double max;
    size_t different; /* values as numbers; "1" and "1.0" are one */
} class_range;

/* Sorts the values as numbers. */
static cof_status measure_classes(cof_distinct *values, class_range *out, cof_err *err)
{
    class_range range = {0};
    double last = 0;
    qsort(values->texts, values->count, sizeof *values->texts, compare_numbers);
    for (size_t i = 0; i < values->count; i++) {
        cof_number number = {0};
        COF_TRY(cof_decimal_read(cof_view_text(values->texts[i]), &number, err));
        range.min = i == 0 ? number.wide : range.min;
        range.max = number.wide;
        range.different += i == 0 || number.wide != last ? 1 : 0;
        last = number.wide;
    }
    *out = range;
    return COF_OK;
}

static cof_status set_values(json_t *object, const cof_distinct *values, cof_err *err)
{
    COF_JSON json_t *array = json_array();
    if (array == NULL) {
        return COF_FAIL(err, NO_MEMORY, "values");
    }
    for (size_t i = 0; i < values->count; i++) {
        COF_TRY(cof_json_append(array, json_string(values->texts[i]), err));
    }
    COF_TRY(cof_json_set(object, "type", json_string("category"), err));
    return cof_json_set(object, "values", json_incref(array), err);
}

static cof_status set_classes(column_facts *facts, json_t *object, cof_err *err)
{
    class_range range = {0};
    COF_TRY(measure_classes(&facts->values, &range, err));
    if (range.max - range.min + 1 == (double)range.different) {
        COF_TRY(cof_json_set(object, "type", json_string("integer"), err));
        COF_TRY(cof_json_set(object, "min", json_integer((json_int_t)range.min), err));
        COF_TRY(cof_json_set(object, "max", json_integer((json_int_t)range.max), err));
        return cof_json_set(object, "missing", json_string("refuse"), err);
    }
    if (range.different != facts->values.count) {
        return COF_FAIL(err, DATA_INVALID,
                        "column \"%.64s\": the same class is written in more than one way",
                        facts->name);
    }
    return set_values(object, &facts->values, err);
}

static cof_status add_json(inference *self, size_t column, json_t *columns, cof_err *err)
{
    column_facts *facts = &self->columns[column];
    COF_JSON json_t *object = json_object();
    if (object == NULL) {
        return COF_FAIL(err, NO_MEMORY, "column");
    }
    COF_TRY(cof_json_set(object, "name", json_string(facts->name), err));
    if (is_category(facts)) {
        COF_TRY(set_values(object, &facts->values, err));
    } else if (may_be_class(self, column) && !facts->has_many) {
        COF_TRY(set_classes(facts, object, err));
    } else {
        COF_TRY(cof_json_set(object, "type",
                             json_string(facts->has_fraction ? "number" : "integer"), err));
        COF_TRY(cof_json_set(object, "missing", json_string("refuse"), err));
    }
    return cof_json_append(columns, json_incref(object), err);
}

/* The schema's own reader judges the result: names, limits, and whether the target, if there is
 * one, makes a task. */
static cof_status check_result(const json_t *json, const json_t *target, cof_err *err)
{
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = NULL;
    cof_table_shape shape = {0};
    size_t index = 0;
    COF_TRY(cof_schema_from_json(json, &schema, err));
    if (target == NULL) {
        return COF_OK;
    }
    COF_TRY(cof_schema_target(schema, target, &index, err));
    return cof_schema_shape(schema, index, cof_schema_default_task(schema, index), &shape, err);
}

static cof_status infer(inference *self, json_t **out_json, cof_err *err)
{
    COF_JSON json_t *json = json_object();
    COF_JSON json_t *columns = json_array();
    if (json == NULL || columns == NULL) {
        return COF_FAIL(err, NO_MEMORY, "schema");
    }
    COF_TRY(run_pass(self, false, err));
    if (self->count == 0 || self->row_count == 0) {
        return COF_FAIL(err, DATA_EMPTY, "there is no row");
    }
    COF_TRY(find_target(self, err));
    COF_TRY(run_pass(self, true, err));
    for (size_t i = 0; i < self->count; i++) {
        COF_TRY(add_json(self, i, columns, err));
    }
    COF_TRY(cof_json_set(json, "columns", json_incref(columns), err));
    COF_TRY(check_result(json, self->target, err));
    *out_json = json_incref(json);
    return COF_OK;
}

cof_status cof_infer_schema(const char *path, const json_t *target, json_t **out_json, cof_err *err)
{
    COF_CLEANUP(inference_drop_) inference self = {.path = path, .target = target};
    cof_records_init(&self.records);
    cof_buf_init(&self.scratch, COF_LIMIT_FIELD_BYTES + 1);
    const cof_status status = infer(&self, out_json, err);
    if (status != COF_OK) {
        cof_err_context(err, "%s", path);
    }
    return status;
}
