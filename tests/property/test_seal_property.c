/* For many sizes, names and recipients: open of seal is the same, whole and as a stream. */
#include <string.h>

#include "seal_kit.h"
#include "tcb/seal/stream.h"

enum { ROUNDS = 150, LARGEST = 4 * 65536 };

/* Numbers from a fixed seed, so that a failure can be had again. */
static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Sizes near the borders of chunks as often as any other. */
static size_t choose_size(uint64_t *random)
{
    if (next(random) % 2 == 0) {
        return (size_t)(next(random) % LARGEST);
    }
    const size_t border = 65536 * (size_t)(next(random) % 4);
    const size_t around = (size_t)(next(random) % 5);
    return border + around < 2 ? 0 : border + around - 2;
}

static cof_seal_header choose_header(uint64_t *random)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz.- _";
    char name[COF_SEAL_NAME_SIZE + 1] = "x";
    const size_t size = 1 + (size_t)(next(random) % COF_SEAL_NAME_SIZE);
    for (size_t i = 1; i < size; i++) {
        name[i] = letters[next(random) % (sizeof letters - 1)];
    }
    cof_seal_header header = kit_header((cof_seal_kind)(1 + next(random) % 5), name);
    header.recipients_capacity = (uint32_t)(4096 * (next(random) % 5));
    return header;
}

static cof_status give_key(void *context, const cof_front *front, cof_data_key *out, cof_err *err)
{
    (void)context;
    const cof_wrap_key wrap = kit_wrap_key(1);
    return cof_front_key_job(front, &wrap, out, err);
}

static cof_status take_plain(void *context, cof_view plain, cof_err *err)
{
    return cof_buf_append(context, plain, err);
}

static void stream_in_random_pieces(cof_view object, const cof_digest *digest, uint64_t *random,
                                    cof_buf *out)
{
    const cof_stream_expect expect = {.size_max = LARGEST + 10, .digest = digest};
    const cof_stream_calls calls = {.key = give_key, .sink = take_plain, .context = out};
    COF_CLEANUP(cof_seal_stream_drop_) cof_seal_stream *stream = NULL;
    assert_ok(cof_seal_stream_new(&expect, &calls, &stream, NULL));
    for (size_t at = 0; at < object.size;) {
        const size_t left = object.size - at;
        size_t size = (size_t)(next(random) % 100000);
        size = size < left ? size : left;
        assert_ok(cof_seal_stream_feed(stream, cof_view_of(object.data + at, size), NULL));
        at += size;
    }
    assert_ok(cof_seal_stream_finish(stream, NULL));
}

static void open_of_seal_is_the_same_for_whatever_is_sealed(void **state)
{
    (void)state;
    uint64_t random = 20270101;
    for (int round = 0; round < ROUNDS; round++) {
        COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = 1 << 20};
        COF_CLEANUP(cof_buf_free) cof_buf object = {.limit = 1 << 20};
        COF_CLEANUP(cof_buf_free) cof_buf opened = {.limit = 1 << 20};
        COF_CLEANUP(cof_buf_free) cof_buf streamed = {.limit = 1 << 20};
        const cof_seal_header header = choose_header(&random);
        cof_digest digest = {0};
        kit_fill(&plain, choose_size(&random), random);
        kit_seal(&header, cof_buf_view(&plain), &object, &digest);
        assert_ok(kit_open(cof_buf_view(&object), 1, &digest, &opened));
        assert_true(cof_view_equal(cof_buf_view(&plain), cof_buf_view(&opened)));
        stream_in_random_pieces(cof_buf_view(&object), &digest, &random, &streamed);
        assert_true(cof_view_equal(cof_buf_view(&plain), cof_buf_view(&streamed)));
    }
}

static void a_random_change_of_a_random_object_is_refused(void **state)
{
    (void)state;
    uint64_t random = 42;
    for (int round = 0; round < ROUNDS; round++) {
        COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = 1 << 20};
        COF_CLEANUP(cof_buf_free) cof_buf object = {.limit = 1 << 20};
        COF_CLEANUP(cof_buf_free) cof_buf opened = {.limit = 1 << 20};
        const cof_seal_header header = choose_header(&random);
        cof_digest digest = {0};
        kit_fill(&plain, choose_size(&random), random);
        kit_seal(&header, cof_buf_view(&plain), &object, &digest);
        assert_ok(kit_open(cof_buf_view(&object), 1, NULL, &opened));
        for (int change = 0; change < 20; change++) {
            uint8_t *place = object.data + next(&random) % object.size;
            const uint8_t saved = *place;
            *place = (uint8_t)(saved ^ (1 + next(&random) % 255));
            assert_int_not_equal(kit_open(cof_buf_view(&object), 1, NULL, &opened), COF_OK);
            *place = saved;
        }
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_of_seal_is_the_same_for_whatever_is_sealed),
        cmocka_unit_test(a_random_change_of_a_random_object_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
