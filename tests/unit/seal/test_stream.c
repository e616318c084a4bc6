#include <string.h>

#include "seal_kit.h"
#include "tcb/seal/stream.h"

/* What the callbacks saw. */
typedef struct seen {
    cof_buf plain;
    unsigned key_calls;
    unsigned sink_calls;
    cof_status key_status;
    cof_status sink_status;
} seen;

static cof_status give_key(void *context, const cof_front *front, cof_data_key *out, cof_err *err)
{
    seen *s = context;
    const cof_wrap_key wrap = kit_wrap_key(1);
    s->key_calls++;
    COF_TRY(s->key_status);
    return cof_front_key_job(front, &wrap, out, err);
}

static cof_status take_plain(void *context, cof_view plain, cof_err *err)
{
    seen *s = context;
    s->sink_calls++;
    COF_TRY(s->sink_status);
    return cof_buf_append(&s->plain, plain, err);
}

static void seen_free(seen *s)
{
    cof_buf_free(&s->plain);
}

static cof_seal_stream *make_stream(const cof_stream_expect *expect, seen *s)
{
    const cof_stream_calls calls = {.key = give_key, .sink = take_plain, .context = s};
    cof_seal_stream *stream = NULL;
    s->plain.limit = 1 << 20;
    assert_ok(cof_seal_stream_new(expect, &calls, &stream, NULL));
    return stream;
}

/* Feeds the object in pieces of piece_size and finishes. */
static cof_status run(const cof_stream_expect *expect, cof_view object, size_t piece_size, seen *s)
{
    COF_CLEANUP(cof_seal_stream_drop_) cof_seal_stream *stream = make_stream(expect, s);
    for (size_t at = 0; at < object.size;) {
        const size_t left = object.size - at;
        const size_t size = left < piece_size ? left : piece_size;
        COF_TRY(cof_seal_stream_feed(stream, cof_view_of(object.data + at, size), NULL));
        at += size;
    }
    return cof_seal_stream_finish(stream, NULL);
}

typedef struct sample {
    cof_buf plain;
    cof_buf object;
    cof_digest digest;
    cof_stream_expect expect;
} sample;

static void make_sample(size_t size, sample *out)
{
    *out = (sample){.plain.limit = 1 << 20, .object.limit = 1 << 20};
    const cof_seal_header header = kit_header(COF_SEAL_CHECKPOINT, "checkpoint");
    kit_fill(&out->plain, size, size);
    kit_seal(&header, cof_buf_view(&out->plain), &out->object, &out->digest);
    out->expect = (cof_stream_expect){.kind = COF_SEAL_CHECKPOINT, .size_max = size};
}

static void sample_free(sample *s)
{
    cof_buf_free(&s->plain);
    cof_buf_free(&s->object);
}

static void pieces_of_any_size_give_the_same_plaintext(void **state)
{
    (void)state;
    const size_t sizes[] = {0, 1, 65535, 65536, 65537, 3 * 65536 + 17};
    const size_t pieces[] = {1, 7, 78, 4096, 65535, 65536, 65537, 1 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        COF_CLEANUP(sample_free) sample given = {0};
        make_sample(sizes[i], &given);
        given.expect.digest = &given.digest;
        for (size_t j = 0; j < sizeof pieces / sizeof *pieces; j++) {
            COF_CLEANUP(seen_free) seen s = {0};
            assert_ok(run(&given.expect, cof_buf_view(&given.object), pieces[j], &s));
            assert_true(cof_view_equal(cof_buf_view(&given.plain), cof_buf_view(&s.plain)));
            assert_int_equal(s.key_calls, 1);
            assert_int_equal(s.sink_calls, cof_seal_chunk_count(sizes[i]));
        }
    }
}

static void another_object_is_refused_before_any_key_is_used(void **state)
{
    (void)state;
    COF_CLEANUP(sample_free) sample given = {0};
    COF_CLEANUP(sample_free) sample other = {0};
    make_sample(100, &given);
    make_sample(100, &other);
    given.expect.digest = &given.digest;
    COF_CLEANUP(seen_free) seen good = {0};
    assert_ok(run(&given.expect, cof_buf_view(&given.object), 1000, &good));
    COF_CLEANUP(seen_free) seen s = {0};
    assert_status(run(&given.expect, cof_buf_view(&other.object), 1000, &s), DIGEST_MISMATCH);
    assert_int_equal(s.key_calls, 0);
    assert_int_equal(s.sink_calls, 0);
}

static void another_kind_name_or_contract_is_refused_before_any_key_is_used(void **state)
{
    (void)state;
    COF_CLEANUP(sample_free) sample given = {0};
    make_sample(100, &given);
    cof_digest context = {{0}};
    memset(context.bytes, 7, sizeof context.bytes);
    given.expect.context = &context;
    given.expect.name = "checkpoint";
    COF_CLEANUP(seen_free) seen s = {0};
    assert_ok(run(&given.expect, cof_buf_view(&given.object), 1000, &s));
    cof_stream_expect other = given.expect;
    other.kind = COF_SEAL_MODEL;
    assert_status(run(&other, cof_buf_view(&given.object), 1000, &s), BAD_FORMAT);
    other = given.expect;
    other.name = "checkpoin";
    assert_status(run(&other, cof_buf_view(&given.object), 1000, &s), BAD_FORMAT);
    context.bytes[31] = 8;
    assert_status(run(&given.expect, cof_buf_view(&given.object), 1000, &s), CONTRACT_MISMATCH);
    assert_int_equal(s.key_calls, 1);
}

static void an_object_over_the_expected_size_is_refused_at_its_start(void **state)
{
    (void)state;
    COF_CLEANUP(sample_free) sample given = {0};
    make_sample(100, &given);
    given.expect.size_max = 99;
    COF_CLEANUP(seen_free) seen s = {0};
    COF_CLEANUP(cof_seal_stream_drop_) cof_seal_stream *stream = make_stream(&given.expect, &s);
    assert_ok(cof_seal_stream_feed(stream, cof_view_of(given.object.data, 77), NULL));
    assert_status(cof_seal_stream_feed(stream, cof_view_of(given.object.data + 77, 1), NULL),
                  LIMIT);
    /* And again, although these bytes would be good ones. */
    assert_status(cof_seal_stream_feed(stream, cof_view_of(given.object.data, 1), NULL), LIMIT);
    assert_status(cof_seal_stream_finish(stream, NULL), LIMIT);
    assert_null(cof_seal_stream_front(stream));
}

static void a_stream_that_ends_early_is_not_whole(void **state)
{
    (void)state;
    COF_CLEANUP(sample_free) sample given = {0};
    make_sample(2 * 65536, &given);
    const size_t start = given.object.size - 2 * 65536;
    const size_t ends[] = {0, 1, 78, 79, start - 1, start, start + 65536, given.object.size - 1};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        COF_CLEANUP(seen_free) seen s = {0};
        assert_status(run(&given.expect, cof_view_of(given.object.data, ends[i]), 999, &s),
                      TRUNCATED);
    }
    COF_CLEANUP(seen_free) seen s = {0};
    assert_ok(run(&given.expect, cof_buf_view(&given.object), 999, &s));
}

static void bytes_after_the_end_are_refused(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 65536; size += 65536) {
        COF_CLEANUP(sample_free) sample given = {0};
        make_sample(size, &given);
        assert_ok(cof_buf_append_text(&given.object, "x", NULL));
        COF_CLEANUP(seen_free) seen s = {0};
        assert_status(run(&given.expect, cof_buf_view(&given.object), 1 << 20, &s), TRAILING_BYTES);
    }
}

static void flipped_bits_are_refused_and_none_reaches_the_sink(void **state)
{
    (void)state;
    COF_CLEANUP(sample_free) sample given = {0};
    make_sample(30, &given);
    /* Every bit of what has a meaning, and some of the zeros after it; test_attack.c takes all. */
    for (size_t bit = 0; bit < 8 * given.object.size; bit += bit < 8 * 300 ? 1 : 29) {
        COF_CLEANUP(seen_free) seen s = {0};
        given.object.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (run(&given.expect, cof_buf_view(&given.object), 1 << 20, &s) == COF_OK ||
            s.sink_calls != 0) {
            fail_msg("bit %zu was not noticed", bit);
        }
        given.object.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void a_failing_callback_ends_the_stream_with_its_status(void **state)
{
    (void)state;
    COF_CLEANUP(sample_free) sample given = {0};
    make_sample(100, &given);
    COF_CLEANUP(seen_free) seen s = {.key_status = COF_E_RELEASE_REFUSED};
    assert_status(run(&given.expect, cof_buf_view(&given.object), 1000, &s), RELEASE_REFUSED);
    COF_CLEANUP(seen_free) seen t = {.sink_status = COF_E_DATA_INVALID};
    assert_status(run(&given.expect, cof_buf_view(&given.object), 1000, &t), DATA_INVALID);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_any_size_give_the_same_plaintext),
        cmocka_unit_test(another_object_is_refused_before_any_key_is_used),
        cmocka_unit_test(another_kind_name_or_contract_is_refused_before_any_key_is_used),
        cmocka_unit_test(an_object_over_the_expected_size_is_refused_at_its_start),
        cmocka_unit_test(a_stream_that_ends_early_is_not_whole),
        cmocka_unit_test(bytes_after_the_end_are_refused),
        cmocka_unit_test(flipped_bits_are_refused_and_none_reaches_the_sink),
        cmocka_unit_test(a_failing_callback_ends_the_stream_with_its_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
