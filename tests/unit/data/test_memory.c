/* Every allocation of the readers fails once: nothing leaks, nothing is half made, and the failure
 * is NO_MEMORY. */
#include "data_case.h"

#include <sys/mman.h>

#include "harness/cof_alloc_fail.h"
#include "tcb/data/idx.h"

void *__real_mmap64(void *place, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *place, size_t size, int protection, int flags, int fd, off_t offset);

/* A mapping counts as an allocation: it fails when malloc is made to. With 64-bit offsets this is
 * what mmap is called. */
void *__wrap_mmap64(void *place, size_t size, int protection, int flags, int fd, off_t offset)
{
    /* volatile: a compiler may leave out a pair of malloc and free. */
    void *volatile probe = malloc(1);
    if (probe == NULL) {
        return MAP_FAILED;
    }
    free(probe);
    return __real_mmap64(place, size, protection, flags, fd, offset);
}

/* A failed allocation is NO_MEMORY and nothing else. */
static const cof_status none_else[] = {COF_OK};

static const char schema_json[] =
    "{\"columns\":[{\"name\":\"x\",\"type\":\"number\",\"missing\":\"mean\"},"
    "{\"name\":\"c\",\"type\":\"category\",\"values\":[\"p\",\"q\"]},"
    "{\"name\":\"y\",\"type\":\"category\",\"values\":[\"no\",\"yes\"]}]}";

static cof_status schema_run(void *context)
{
    (void)context;
    COF_JSON json_t *json = NULL;
    COF_JSON json_t *again = NULL;
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = NULL;
    COF_TRY(cof_json_parse(cof_view_text(schema_json), 4096, &json, NULL));
    COF_TRY(cof_schema_from_json(json, &schema, NULL));
    return cof_schema_to_json(schema, &again, NULL);
}

static void a_schema_survives_the_failure_of_any_allocation(void **state)
{
    (void)state;
    assert_true(cof_alloc_fail_each(schema_run, NULL, none_else) > 10);
}

static cof_status csv_run(void *context)
{
    static const char *const pieces[] = {"x,\"c\",y\n1,p,n", "o\n,\"q\",y", "es\n3,p,\"no\"\n"};
    COF_CLEANUP(cof_csv_drop_) cof_csv *csv = NULL;
    COF_CLEANUP(cof_rows_drop_) cof_rows *rows = NULL;
    COF_TRY(cof_csv_new(
        &(cof_csv_options){
            .schema = context, .target = 2, .task = COF_SCHEMA_BINARY, .memory_limit = 1u << 20},
        &csv, NULL));
    for (size_t i = 0; i < 3; i++) {
        COF_TRY(cof_csv_feed(csv, cof_view_text(pieces[i]), NULL));
    }
    COF_TRY(cof_csv_finish(csv, &rows, NULL));
    assert_int_equal(cof_rows_count(rows), 3);
    return COF_OK;
}

static void a_csv_reader_survives_the_failure_of_any_allocation(void **state)
{
    (void)state;
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = case_schema(schema_json);
    assert_true(cof_alloc_fail_each(csv_run, schema, none_else) > 8);
}

static cof_status idx_run(void *context)
{
    static const uint8_t values[] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4};
    static const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 0, 1};
    (void)context;
    COF_CLEANUP(cof_idx_drop_) cof_idx *idx = NULL;
    COF_TRY(cof_idx_new(2, 1000, &idx, NULL));
    COF_TRY(cof_idx_values(idx, cof_view_of(values, sizeof values), NULL));
    COF_TRY(cof_idx_labels(idx, cof_view_of(labels, sizeof labels), NULL));
    return cof_idx_finish(idx, NULL, NULL);
}

static void an_idx_reader_survives_the_failure_of_any_allocation(void **state)
{
    (void)state;
    assert_true(cof_alloc_fail_each(idx_run, NULL, none_else) > 4);
}

static cof_status problems_run(void *context)
{
    COF_JSON json_t *array = NULL;
    cof_problems problems = {0};
    for (size_t i = 0; i < 3; i++) {
        cof_problems_add(&problems, &(cof_problem){.kind = COF_PROBLEM_MISSING, .column = i});
    }
    return cof_problems_to_json(&problems, context, &array, NULL);
}

static void a_list_of_problems_survives_the_failure_of_any_allocation(void **state)
{
    (void)state;
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = case_schema(schema_json);
    assert_true(cof_alloc_fail_each(problems_run, schema, none_else) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schema_survives_the_failure_of_any_allocation),
        cmocka_unit_test(a_csv_reader_survives_the_failure_of_any_allocation),
        cmocka_unit_test(an_idx_reader_survives_the_failure_of_any_allocation),
        cmocka_unit_test(a_list_of_problems_survives_the_failure_of_any_allocation),
    };
    cof_alloc_fail_hook_jansson();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
