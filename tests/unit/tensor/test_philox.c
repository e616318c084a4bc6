#include <string.h>

#include "harness/cof_test.h"
#include "tcb/tensor/philox.h"

/* Known answers of the authors' Random123 distribution (tests/kat_vectors, philox4x32 10). */
static void the_block_function_gives_the_authors_answers(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4];
        uint32_t key[2];
        uint32_t out[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        uint32_t out[4];
        cof_philox(known[i].counter, known[i].key, out);
        assert_memory_equal(out, known[i].out, sizeof out);
    }
}

static void a_stream_is_the_blocks_of_its_counters(void **state)
{
    (void)state;
    cof_random_stream random =
        cof_random_stream_of(UINT64_C(0x299f31d0a4093822), UINT64_C(0x0370734413198a2e));
    random.block = UINT64_C(0x85a308d3243f6a88);
    assert_int_equal(cof_random_next(&random), 0xd16cfe09);
    assert_int_equal(cof_random_next(&random), 0x94fdcceb);
    assert_int_equal(cof_random_next(&random), 0x5001e420);
    assert_int_equal(cof_random_next(&random), 0x24126ea1);
    assert_true(random.block == UINT64_C(0x85a308d3243f6a89));
}

static void a_bounded_number_is_below_its_bound_and_even(void **state)
{
    (void)state;
    cof_random_stream random = cof_random_stream_of(1, 2);
    size_t counts[6] = {0};
    for (size_t i = 0; i < 60000; i++) {
        counts[cof_random_below(&random, 6)]++;
    }
    for (size_t i = 0; i < 6; i++) {
        /* Five standard deviations of a fair die. */
        assert_in_range(counts[i], 10000 - 457, 10000 + 457);
    }
    assert_int_equal(cof_random_below(&random, 1), 0);
    /* Two thirds of 2^32: a plain product would give low values twice as often as they are fair. */
    size_t low = 0;
    for (size_t i = 0; i < 30000; i++) {
        low += cof_random_below(&random, 0xaaaaaaaaU) < 0x55555555U ? 1 : 0;
    }
    assert_in_range(low, 15000 - 434, 15000 + 434);
}

static void a_shuffle_keeps_every_item(void **state)
{
    (void)state;
    uint32_t items[1000];
    uint8_t seen[1000] = {0};
    size_t unmoved = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        items[i] = i;
    }
    cof_random_stream random = cof_random_stream_of(3, 4);
    cof_random_shuffle(&random, items, 1000);
    for (size_t i = 0; i < 1000; i++) {
        seen[items[i]]++;
        unmoved += items[i] == i ? 1 : 0;
    }
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(seen[i], 1);
    }
    assert_in_range(unmoved, 0, 10);
}

static void every_order_of_four_is_as_likely(void **state)
{
    (void)state;
    size_t counts[256] = {0};
    cof_random_stream random = cof_random_stream_of(5, 6);
    for (size_t i = 0; i < 24000; i++) {
        uint32_t items[4] = {0, 1, 2, 3};
        cof_random_shuffle(&random, items, 4);
        counts[items[0] * 64 + items[1] * 16 + items[2] * 4 + items[3]]++;
    }
    size_t orders = 0;
    for (size_t i = 0; i < 256; i++) {
        orders += counts[i] > 0 ? 1 : 0;
        assert_true(counts[i] == 0 || (counts[i] > 845 && counts[i] < 1155));
    }
    assert_int_equal(orders, 24);
}

static void signed_numbers_fill_minus_one_to_one(void **state)
{
    (void)state;
    cof_random_stream random = cof_random_stream_of(7, 8);
    double sum = 0;
    for (size_t i = 0; i < 10000; i++) {
        const float value = cof_random_signed(&random);
        assert_true(value >= -1.0f && value < 1.0f);
        sum += (double)value;
    }
    assert_true(sum > -290 && sum < 290);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_block_function_gives_the_authors_answers),
        cmocka_unit_test(a_stream_is_the_blocks_of_its_counters),
        cmocka_unit_test(a_bounded_number_is_below_its_bound_and_even),
        cmocka_unit_test(a_shuffle_keeps_every_item),
        cmocka_unit_test(every_order_of_four_is_as_likely),
        cmocka_unit_test(signed_numbers_fill_minus_one_to_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
