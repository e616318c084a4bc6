#include "tcb/data/lookup.h"

#include <stdio.h>

#include "harness/cof_test.h"

static void every_text_is_found_and_no_other(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    static char pool[COUNT][16];
    static const char *texts[COUNT];
    COF_CLEANUP(cof_lookup_free) cof_lookup lookup = {0};
    size_t index = 0;
    for (size_t i = 0; i < COUNT; i++) {
        (void)snprintf(pool[i], sizeof pool[i], "t%zu", i);
        texts[i] = pool[i];
    }
    assert_ok(cof_lookup_init(&lookup, texts, COUNT, &index, NULL));
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(cof_lookup_find(&lookup, cof_view_text(texts[i]), &index));
        assert_int_equal(index, i);
    }
    assert_false(cof_lookup_find(&lookup, cof_view_text("t5000"), &index));
    assert_false(cof_lookup_find(&lookup, cof_view_of("t1\0", 3), &index));
    assert_false(cof_lookup_find(&lookup, (cof_view){0}, &index));
}

static void a_repeated_text_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"a", "b", "c", "b"};
    cof_lookup lookup = {0};
    size_t repeated = 0;
    assert_status(cof_lookup_init(&lookup, texts, 4, &repeated, NULL), EXISTS);
    assert_int_equal(repeated, 3);
    assert_null(lookup.slots);
}

static void a_zeroed_lookup_finds_nothing(void **state)
{
    (void)state;
    const cof_lookup lookup = {0};
    size_t index = 0;
    assert_false(cof_lookup_find(&lookup, cof_view_text("a"), &index));
}

static void check_near(const char *text, const char *expected)
{
    static const char *const texts[] = {"epochs", "batch", "learning_rate", "seed", "x"};
    size_t index = 0;
    const bool found = cof_lookup_near(texts, 5, cof_view_text(text), &index);
    assert_int_equal(found, expected != NULL);
    if (found) {
        assert_string_equal(texts[index], expected);
    }
}

static void the_nearest_text_is_suggested_and_no_far_one(void **state)
{
    (void)state;
    check_near("epoch", "epochs");
    check_near("EPOCHS", "epochs");
    check_near("epohcs", "epochs");
    check_near("bacth", "batch");
    check_near("learnig_rate", "learning_rate");
    check_near("sed", "seed");
    check_near("banana", NULL);
    check_near("", NULL);
    check_near("a text that is far longer than anything that anyone would call a column", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_is_found_and_no_other),
        cmocka_unit_test(a_repeated_text_is_refused),
        cmocka_unit_test(a_zeroed_lookup_finds_nothing),
        cmocka_unit_test(the_nearest_text_is_suggested_and_no_far_one),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
