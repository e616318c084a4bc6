/* A hostile agent: each attack first shows that the untouched job works (once, at the start), then
 * is refused. */
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tcb/seal/seal.h"
#include "tcb/tensor/path.h"
#include "worker_kit.h"

#define JOB  COF_CLEANUP(kit_job_free) kit_job
#define PLAY COF_CLEANUP(kit_play_free) kit_play
#define BUF  COF_CLEANUP(cof_buf_free) cof_buf

/* The frames of the plain job, in order: START, ATTESTED, KEY, END (no checkpoint), DATA, END. */
enum { AT_START, AT_ATTESTED, AT_KEY, AT_CHECKPOINT_END, AT_INPUT, AT_INPUT_END, FRAME_COUNT };

static kit_job job;

static int make_job(void **state)
{
    if (kit_make_keys(state) != 0) {
        return -1;
    }
    kit_job_make(&(kit_wish){.epochs = 4}, &job);
    return 0;
}

static int free_job(void **state)
{
    kit_job_free(&job);
    return kit_free_keys(state);
}

static void expect_failure(kit_play *play, const char *status)
{
    play->job = play->job == NULL ? &job : play->job;
    kit_run(play);
    assert_string_equal(play->failed, status);
    assert_string_equal(cof_status_describe(play->status)->name, status);
    assert_int_equal(play->output_count, 0);
    assert_int_equal(play->receipt.size, 0);
}

/* One frame at place index becomes another. */
typedef struct swap {
    int index;
    uint8_t type;
    cof_view payload;
    bool keeps_payload;
} swap;

static void swap_frame(kit_play *play, int index, uint8_t *type, cof_buf *payload)
{
    const swap *to = play->context;
    if (index == to->index) {
        *type = to->type;
        if (!to->keeps_payload) {
            cof_buf_clear(payload);
            assert_ok(cof_buf_append(payload, to->payload, NULL));
        }
    }
}

static void the_untouched_job_works(void **state)
{
    (void)state;
    PLAY play = {.job = &job};
    kit_run(&play);
    assert_true(play.is_done);
    assert_int_equal(play.sent, FRAME_COUNT);
}

static void any_frame_out_of_order_is_refused(void **state)
{
    (void)state;
    static const uint8_t expected[FRAME_COUNT] = {COF_FRAME_START, COF_FRAME_ATTESTED,
                                                  COF_FRAME_KEY,   COF_FRAME_END,
                                                  COF_FRAME_DATA,  COF_FRAME_END};
    static const uint8_t types[] = {COF_FRAME_START,
                                    COF_FRAME_ATTESTED,
                                    COF_FRAME_KEY,
                                    COF_FRAME_DATA,
                                    COF_FRAME_END,
                                    COF_FRAME_EVIDENCE,
                                    COF_FRAME_DONE,
                                    0x00,
                                    0xff};
    for (int at = 0; at < FRAME_COUNT; at++) {
        for (size_t i = 0; i < sizeof types; i++) {
            const bool is_data_too =
                at == AT_CHECKPOINT_END || at == AT_INPUT_END || at == AT_INPUT;
            if (types[i] == expected[at] ||
                (is_data_too && (types[i] == COF_FRAME_DATA || types[i] == COF_FRAME_END))) {
                continue;
            }
            swap to = {.index = at, .type = types[i], .keeps_payload = true};
            PLAY play = {.tamper = swap_frame, .context = &to};
            expect_failure(&play, "PROTOCOL");
        }
    }
}

static void start_that_is_not_exact_is_refused(void **state)
{
    (void)state;
    static uint8_t frame[COF_START_FIXED_SIZE + COF_LIMIT_CONTRACT_BYTES];
    const cof_view contract = cof_buf_view(&job.contract);
    struct {
        uint8_t version;
        uint8_t kernel;
        size_t size; /* of the contract that is sent */
        const char *status;
    } cases[] = {{2, 0, contract.size, "BAD_VERSION"},
                 {0, 0, contract.size, "BAD_VERSION"},
                 {1, 4, contract.size, "PROTOCOL"},
                 {1, 0, contract.size - 1, "CONTRACT_INVALID"},
                 {1, 0, 0, "PROTOCOL"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        frame[0] = cases[i].version;
        frame[COF_START_FIXED_SIZE - 1] = cases[i].kernel;
        memcpy(frame + COF_START_FIXED_SIZE, contract.data, cases[i].size);
        swap to = {AT_START, COF_FRAME_START,
                   cof_view_of(frame, COF_START_FIXED_SIZE + cases[i].size), false};
        PLAY play = {.tamper = swap_frame, .context = &to};
        expect_failure(&play, cases[i].status);
    }
}

static void add_space(kit_play *play, int index, uint8_t *type, cof_buf *payload)
{
    (void)play;
    (void)type;
    if (index == AT_START) {
        assert_ok(cof_buf_append_text(payload, " ", NULL));
    }
}

static void a_contract_that_is_not_canonical_is_refused(void **state)
{
    (void)state;
    PLAY play = {.tamper = add_space};
    expect_failure(&play, "CONTRACT_INVALID");
}

static void raise_epochs(kit_play *play, int index, uint8_t *type, cof_buf *payload)
{
    (void)play;
    (void)type;
    if (index == AT_START) {
        uint8_t *at = memmem(payload->data, payload->size, "\"epochs\":4", 10);
        assert_non_null(at);
        at[9] = '5';
    }
}

/* Another contract is trained as such: what keeps it from the keys is that the evidence names it.
 */
static void a_changed_contract_shows_in_the_evidence(void **state)
{
    (void)state;
    char hex[65];
    cof_digest_text(&job.digest, hex);
    PLAY same = {.job = &job};
    PLAY changed = {.job = &job, .tamper = raise_epochs};
    kit_run(&same);
    kit_run(&changed);
    assert_non_null(memmem(same.runtime.data, same.runtime.size, hex, 64));
    assert_null(memmem(changed.runtime.data, changed.runtime.size, hex, 64));
}

static void a_kernel_that_the_contract_does_not_allow_is_refused(void **state)
{
    (void)state;
    JOB scalar;
    kit_job_make(&(kit_wish){.kernel = "scalar"}, &scalar);
    PLAY play = {.job = &scalar, .kernel = 2};
    expect_failure(&play, "CONTRACT_MISMATCH");
    PLAY allowed = {.job = &scalar, .kernel = 1};
    kit_run(&allowed);
    assert_true(allowed.is_done);
}

static void a_token_that_is_no_token_is_refused(void **state)
{
    (void)state;
    swap to = {AT_ATTESTED, COF_FRAME_ATTESTED, cof_view_text("a.b.c\"}"), false};
    PLAY play = {.tamper = swap_frame, .context = &to};
    expect_failure(&play, "PROTOCOL");
}

static void a_job_without_attestation_service_has_an_empty_token(void **state)
{
    (void)state;
    swap to = {AT_ATTESTED, COF_FRAME_ATTESTED, {NULL, 0}, false};
    PLAY play = {.job = &job, .tamper = swap_frame, .context = &to};
    kit_run(&play);
    assert_string_equal(play.failed, "");
    assert_true(play.is_done);
}

static void a_key_wrapped_for_another_run_is_refused(void **state)
{
    (void)state;
    PLAY other = {.job = &job};
    kit_run(&other);
    BUF key = {.limit = COF_LIMIT_RELEASE_BYTES};
    kit_wrap(cof_buf_view(&other.runtime), kit.owner, 1, &key);
    swap to = {AT_KEY, COF_FRAME_KEY, cof_buf_view(&key), false};
    PLAY play = {.tamper = swap_frame, .context = &to};
    expect_failure(&play, "KEY_MISMATCH");
}

static void wrap_strangers_key(kit_play *play, int index, uint8_t *type, cof_buf *payload)
{
    (void)type;
    if (index == AT_KEY) {
        cof_buf_clear(payload);
        kit_wrap(cof_buf_view(&play->runtime), kit.stranger, 1, payload);
    }
}

static void another_owners_key_does_not_open_the_data(void **state)
{
    (void)state;
    PLAY play = {.tamper = wrap_strangers_key};
    expect_failure(&play, "KEY_MISMATCH");
}

static void wrap_the_other_way(kit_play *play, int index, uint8_t *type, cof_buf *payload)
{
    (void)type;
    if (index == AT_KEY) {
        cof_buf_clear(payload);
        kit_wrap(cof_buf_view(&play->runtime), kit.owner, 2, payload);
    }
}

static void both_ways_of_wrapping_a_key_are_understood(void **state)
{
    (void)state;
    PLAY play = {.job = &job, .tamper = wrap_the_other_way};
    kit_run(&play);
    assert_true(play.is_done);
}

/* ---- checkpoints ---- */

static void make_checkpoint(const kit_job *of, uint8_t kernel, cof_buf *out)
{
    PLAY play = {.job = of, .kernel = kernel, .leave_after_checkpoints = 1};
    kit_run(&play);
    cof_buf_init(out, 1 << 20);
    assert_ok(cof_buf_append(out, cof_buf_view(&play.last_checkpoint), NULL));
}

static void a_checkpoint_of_another_contract_is_refused(void **state)
{
    (void)state;
    JOB other;
    BUF checkpoint = {0};
    kit_job_make(&(kit_wish){.epochs = 5}, &other);
    make_checkpoint(&other, 0, &checkpoint);
    PLAY right = {.job = &other, .checkpoint = cof_buf_view(&checkpoint)};
    kit_run(&right);
    assert_true(right.is_done);
    PLAY wrong = {.checkpoint = cof_buf_view(&checkpoint)};
    expect_failure(&wrong, "CONTRACT_MISMATCH");
}

static void a_checkpoint_of_another_kernel_path_is_refused(void **state)
{
    (void)state;
    BUF checkpoint = {0};
    make_checkpoint(&job, 1, &checkpoint);
    PLAY same = {.job = &job, .kernel = 1, .checkpoint = cof_buf_view(&checkpoint)};
    kit_run(&same);
    assert_true(same.is_done);
    if (cof_path_best() != COF_PATH_SCALAR) {
        PLAY other = {.kernel = 0, .checkpoint = cof_buf_view(&checkpoint)};
        expect_failure(&other, "KERNEL_MISMATCH");
    }
}

static void a_model_is_no_checkpoint(void **state)
{
    (void)state;
    PLAY whole = {.job = &job};
    kit_run(&whole);
    PLAY play = {.checkpoint = cof_buf_view(&whole.outputs[0])};
    expect_failure(&play, "BAD_FORMAT");
    PLAY data = {.checkpoint = cof_buf_view(&job.objects[0])};
    expect_failure(&data, "BAD_FORMAT");
}

/* The agent knows the format and the contract, but not the job's key. */
static void a_forged_checkpoint_is_refused(void **state)
{
    (void)state;
    BUF forged = {.limit = 1 << 20};
    cof_digest digest;
    cof_wrap_key guess = {{0}};
    cof_seal_header header = {.kind = COF_SEAL_CHECKPOINT,
                              .plaintext_size = 5,
                              .context = job.digest,
                              .name = "checkpoint"};
    const cof_recipient recipient = {.kid = "job", .wrap = &guess};
    assert_ok(
        cof_seal_bytes(&header, &recipient, 1, cof_view_text("state"), &forged, &digest, NULL));
    PLAY play = {.checkpoint = cof_buf_view(&forged)};
    expect_failure(&play, "KEY_MISMATCH");
}

static void an_altered_or_cut_checkpoint_is_refused(void **state)
{
    (void)state;
    BUF checkpoint = {0};
    make_checkpoint(&job, 0, &checkpoint);
    PLAY cut = {.checkpoint = cof_view_of(checkpoint.data, checkpoint.size - 1)};
    expect_failure(&cut, "TRUNCATED");
    PLAY shorter = {.checkpoint = cof_view_of(checkpoint.data, 50)};
    expect_failure(&shorter, "TRUNCATED");
    checkpoint.data[checkpoint.size - 1] ^= 1;
    PLAY flipped = {.checkpoint = cof_buf_view(&checkpoint)};
    expect_failure(&flipped, "TAG_MISMATCH");
    checkpoint.data[checkpoint.size - 1] ^= 1;
    assert_ok(cof_buf_append_text(&checkpoint, "x", NULL));
    PLAY longer = {.checkpoint = cof_buf_view(&checkpoint)};
    expect_failure(&longer, "TRAILING_BYTES");
}

/* Training is deterministic: an old checkpoint can only be trained to the same model again. */
static void rolling_back_to_an_old_checkpoint_gains_nothing(void **state)
{
    (void)state;
    BUF old = {0};
    BUF expected = {0};
    BUF model = {0};
    make_checkpoint(&job, 0, &old);
    PLAY whole = {.job = &job};
    PLAY again = {.job = &job, .checkpoint = cof_buf_view(&old)};
    kit_run(&whole);
    kit_run(&again);
    kit_open(&whole, 0, &expected);
    kit_open(&again, 0, &model);
    assert_true(cof_view_equal(cof_buf_view(&expected), cof_buf_view(&model)));
}

/* ---- inputs ---- */

static void an_input_that_the_contract_does_not_pin_is_refused(void **state)
{
    (void)state;
    JOB other;
    kit_job_make(&(kit_wish){.epochs = 4}, &other);
    kit_job mixed = job;
    mixed.objects[0] = other.objects[0]; /* the same rows, sealed again for the same owner */
    PLAY play = {.job = &mixed};
    expect_failure(&play, "DIGEST_MISMATCH");
}

static void flip_last_byte(kit_play *play, int index, uint8_t *type, cof_buf *payload)
{
    (void)play;
    (void)type;
    if (index == AT_INPUT) {
        payload->data[payload->size - 1] ^= 1;
    }
}

static void cut_last_byte(kit_play *play, int index, uint8_t *type, cof_buf *payload)
{
    (void)play;
    (void)type;
    if (index == AT_INPUT) {
        payload->size--;
    }
}

static void an_altered_or_cut_input_is_refused(void **state)
{
    (void)state;
    PLAY flipped = {.tamper = flip_last_byte};
    expect_failure(&flipped, "TAG_MISMATCH");
    PLAY cut = {.tamper = cut_last_byte};
    expect_failure(&cut, "TRUNCATED");
    swap to = {AT_INPUT, COF_FRAME_END, {NULL, 0}, false};
    PLAY none = {.tamper = swap_frame, .context = &to};
    expect_failure(&none, "TRUNCATED");
    swap more = {AT_INPUT_END, COF_FRAME_DATA, cof_view_text("more"), false};
    PLAY longer = {.tamper = swap_frame, .context = &more};
    expect_failure(&longer, "TRAILING_BYTES");
}

static void bad_values_are_counted_and_never_shown(void **state)
{
    (void)state;
    JOB bad;
    kit_job_make(&(kit_wish){.cell = "oops-4711"}, &bad);
    PLAY play = {.job = &bad};
    expect_failure(&play, "DATA_INVALID");
    const json_t *event = NULL;
    assert_int_equal(kit_events(&play, "invalid", &event), 1);
    const json_t *problem = json_array_get(json_object_get(event, "problems"), 0);
    assert_string_equal(json_string_value(json_object_get(problem, "kind")), "not_a_number");
    assert_string_equal(json_string_value(json_object_get(problem, "column")), "size");
    assert_int_equal(json_integer_value(json_object_get(problem, "count")), 1);
    assert_int_equal(json_integer_value(json_object_get(problem, "first_row")), 4);
    char *text = json_dumps(event, 0);
    assert_null(strstr(text, "4711"));
    free(text);
}

static void a_job_over_its_memory_is_refused_before_training(void **state)
{
    (void)state;
    JOB small;
    kit_job_make(&(kit_wish){.memory = 1024 * 1024, .batch = 65536}, &small);
    PLAY play = {.job = &small};
    expect_failure(&play, "MEMORY_LIMIT");
    const json_t *event = NULL;
    assert_int_equal(kit_events(&play, "initialised", &event), 0);
}

/* ---- bytes that are no frames ---- */

typedef struct raw {
    const uint8_t *bytes;
    size_t size;
} raw;

static void send_raw(kit_play *play, int index, uint8_t *type, cof_buf *payload)
{
    const raw *what = play->context;
    (void)type;
    (void)payload;
    if (index == AT_START) {
        assert_int_equal(write(play->fd, what->bytes, what->size), what->size);
        (void)shutdown(play->fd, SHUT_WR);
    }
}

static void garbage_and_oversized_frames_are_refused(void **state)
{
    (void)state;
    static const uint8_t empty[] = {0, 0, 0, 0, 1};
    static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 1};
    static const uint8_t over[] = {0x14, 0, 4, 0, 1}; /* one byte over START's limit */
    static const uint8_t text[] = "GET / HTTP/1.1\r\n\r\n";
    const raw cases[] = {{empty, 5}, {huge, 5}, {over, 5}, {text, sizeof text}};
    for (size_t i = 0; i < 4; i++) {
        PLAY play = {.tamper = send_raw, .context = (void *)(uintptr_t)&cases[i]};
        expect_failure(&play, "PROTOCOL");
    }
}

static void a_stream_that_ends_early_ends_the_worker(void **state)
{
    (void)state;
    static const uint8_t half[] = {0x20, 0, 0, 0, 1, 1, 2, 3};
    const raw cases[] = {{half, 0}, {half, 3}, {half, sizeof half}};
    for (size_t i = 0; i < 3; i++) {
        PLAY play = {.tamper = send_raw, .context = (void *)(uintptr_t)&cases[i]};
        expect_failure(&play, "PEER_CLOSED");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_untouched_job_works),
        cmocka_unit_test(any_frame_out_of_order_is_refused),
        cmocka_unit_test(start_that_is_not_exact_is_refused),
        cmocka_unit_test(a_contract_that_is_not_canonical_is_refused),
        cmocka_unit_test(a_changed_contract_shows_in_the_evidence),
        cmocka_unit_test(a_kernel_that_the_contract_does_not_allow_is_refused),
        cmocka_unit_test(a_token_that_is_no_token_is_refused),
        cmocka_unit_test(a_job_without_attestation_service_has_an_empty_token),
        cmocka_unit_test(a_key_wrapped_for_another_run_is_refused),
        cmocka_unit_test(another_owners_key_does_not_open_the_data),
        cmocka_unit_test(both_ways_of_wrapping_a_key_are_understood),
        cmocka_unit_test(a_checkpoint_of_another_contract_is_refused),
        cmocka_unit_test(a_checkpoint_of_another_kernel_path_is_refused),
        cmocka_unit_test(a_model_is_no_checkpoint),
        cmocka_unit_test(a_forged_checkpoint_is_refused),
        cmocka_unit_test(an_altered_or_cut_checkpoint_is_refused),
        cmocka_unit_test(rolling_back_to_an_old_checkpoint_gains_nothing),
        cmocka_unit_test(an_input_that_the_contract_does_not_pin_is_refused),
        cmocka_unit_test(an_altered_or_cut_input_is_refused),
        cmocka_unit_test(bad_values_are_counted_and_never_shown),
        cmocka_unit_test(a_job_over_its_memory_is_refused_before_training),
        cmocka_unit_test(garbage_and_oversized_frames_are_refused),
        cmocka_unit_test(a_stream_that_ends_early_ends_the_worker),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, make_job, free_job);
}
