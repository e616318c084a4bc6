/* Inputs that are client-side encrypted blobs: as good as sealed ones, and no less pinned. */
#include <string.h>

#include "tcb/contract/contract.h"
#include "tcb/seal/cse.h"
#include "tcb/wire/json.h"
#include "worker_kit.h"

#define JOB  COF_CLEANUP(kit_job_free) kit_job
#define PLAY COF_CLEANUP(kit_play_free) kit_play
#define BUF  COF_CLEANUP(cof_buf_free) cof_buf

enum { HEAD = COF_CSE_FIXED_SIZE + 256, STEP = 1024 + COF_CSE_REGION_OVERHEAD };

static void train(const kit_wish *wish, cof_buf *out_model)
{
    JOB job;
    kit_job_make(wish, &job);
    PLAY play = {.job = &job, .piece = 700};
    kit_run(&play);
    assert_string_equal(play.failed, "");
    assert_true(play.is_done);
    cof_buf_init(out_model, 1 << 20);
    kit_open(&play, 0, out_model);
}

static void a_blob_gives_the_same_model_as_the_sealed_data(void **state)
{
    static const kit_wish wishes[][2] = {
        {{.epochs = 4}, {.epochs = 4, .is_cse = true}},
        {{.has_two_inputs = true, .epochs = 3},
         {.has_two_inputs = true, .epochs = 3, .is_cse = true}},
        {{.has_idx = true, .epochs = 3}, {.has_idx = true, .epochs = 3, .is_cse = true}}};
    (void)state;
    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++) {
        BUF sealed = {0};
        BUF blob = {0};
        train(&wishes[i][0], &sealed);
        train(&wishes[i][1], &blob);
        assert_int_equal(blob.size, sealed.size);
        assert_memory_equal(blob.data, sealed.data, blob.size);
    }
}

/* Nothing that depends on what is in an object that was not agreed to may be said. */
static void expect_failure(const kit_job *job, const char *status)
{
    const json_t *last = NULL;
    PLAY play = {.job = job};
    kit_run(&play);
    assert_string_equal(play.failed, status);
    assert_int_equal(play.output_count, 0);
    assert_int_equal(play.receipt.size, 0);
    assert_int_equal(kit_events(&play, "invalid", &last), 0);
    assert_int_equal(kit_events(&play, "loaded", &last), 0);
}

static void problems_of_the_agreed_blob_are_counted(void **state)
{
    JOB job;
    const json_t *last = NULL;
    (void)state;
    kit_job_make(&(kit_wish){.is_cse = true, .cell = "no number"}, &job);
    PLAY play = {.job = &job};
    kit_run(&play);
    assert_string_equal(play.failed, "DATA_INVALID");
    assert_int_equal(kit_events(&play, "invalid", &last), 1);
    assert_int_equal(json_array_size(json_object_get(last, "problems")), 1);
}

static void another_blob_of_the_owner_is_refused_and_nothing_is_said_of_it(void **state)
{
    JOB job;
    JOB other;
    (void)state;
    kit_job_make(&(kit_wish){.is_cse = true}, &job);
    /* One cell differs, as long as the one in its place: only the digest tells them apart. */
    kit_job_make(&(kit_wish){.is_cse = true, .cell = "no numb"}, &other);
    assert_int_equal(other.objects[0].size, job.objects[0].size);
    cof_buf kept = job.objects[0];
    job.objects[0] = other.objects[0];
    expect_failure(&job, "DIGEST_MISMATCH");
    job.objects[0] = kept;
}

static void a_part_of_a_bad_blob_says_nothing(void **state)
{
    JOB job;
    (void)state;
    kit_job_make(&(kit_wish){.is_cse = true, .cell = "no number"}, &job);
    job.objects[0].size = HEAD + 2 * STEP;
    expect_failure(&job, "TRUNCATED");
}

/* A blob of this job's size without a table's first line: its reader refuses it at once. */
static void make_shapeless(const kit_job *job, cof_buf *out, cof_digest *out_digest)
{
    COF_CLEANUP(cof_contract_drop_) cof_contract *contract = NULL;
    BUF plain = {.limit = 1 << 20};
    uint8_t *place = NULL;
    assert_ok(cof_contract_parse(cof_buf_view(&job->contract), &contract, NULL));
    const size_t size = (size_t)contract->inputs[0].objects[0].size;
    assert_ok(cof_buf_extend(&plain, size, &place, NULL));
    memset(place, '\n', size);
    kit_write_cse(cof_buf_view(&plain), out, out_digest);
}

static void how_another_blob_would_have_been_judged_is_not_said(void **state)
{
    JOB job;
    cof_buf shapeless;
    cof_digest digest;
    (void)state;
    kit_job_make(&(kit_wish){.is_cse = true}, &job);
    make_shapeless(&job, &shapeless, &digest);
    cof_buf_free(&job.objects[0]);
    job.objects[0] = shapeless;
    expect_failure(&job, "DIGEST_MISMATCH");
}

static void how_the_agreed_blob_is_judged_is_said(void **state)
{
    JOB job;
    cof_buf shapeless;
    cof_digest digest;
    char hex[2 * COF_DIGEST_SIZE + 1];
    COF_JSON json_t *root = NULL;
    (void)state;
    kit_job_make(&(kit_wish){.is_cse = true}, &job);
    make_shapeless(&job, &shapeless, &digest);
    cof_buf_free(&job.objects[0]);
    job.objects[0] = shapeless;
    cof_digest_text(&digest, hex);
    assert_ok(cof_json_parse(cof_buf_view(&job.contract), COF_LIMIT_JSON_BYTES, &root, NULL));
    json_t *input = json_array_get(json_object_get(root, "inputs"), 0);
    json_t *object = json_array_get(json_object_get(input, "objects"), 0);
    assert_int_equal(json_object_set_new(object, "digest", json_string(hex)), 0);
    cof_buf_clear(&job.contract);
    assert_ok(cof_json_canonical(root, &job.contract, NULL));
    PLAY play = {.job = &job};
    kit_run(&play);
    assert_string_equal(play.failed, "SCHEMA_MISMATCH");
}

static void an_altered_blob_is_refused(void **state)
{
    static const struct {
        size_t at;
        const char *status;
    } cases[] = {{0, "BAD_FORMAT"},
                 {COF_CSE_FIXED_SIZE + 100, "KEY_MISMATCH"},
                 {HEAD + 3, "BAD_FORMAT"},
                 {HEAD + 40, "TAG_MISMATCH"},
                 {HEAD + STEP - 1, "TAG_MISMATCH"},
                 {HEAD + STEP + 11, "BAD_FORMAT"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        JOB job;
        kit_job_make(&(kit_wish){.is_cse = true}, &job);
        job.objects[0].data[cases[i].at] ^= 1;
        expect_failure(&job, cases[i].status);
    }
}

static void one_format_does_not_pass_for_the_other(void **state)
{
    JOB sealed;
    JOB blob;
    (void)state;
    kit_job_make(&(kit_wish){.epochs = 0}, &sealed);
    kit_job_make(&(kit_wish){.is_cse = true}, &blob);
    cof_buf kept = sealed.objects[0];
    sealed.objects[0] = blob.objects[0];
    blob.objects[0] = kept;
    expect_failure(&sealed, "BAD_FORMAT");
    expect_failure(&blob, "BAD_FORMAT");
}

/* A sealed object's wrapped key is no content key, though the same owner's key opens it. */
static void a_wrapped_data_key_is_no_content_key(void **state)
{
    JOB job;
    BUF wrapped = {.limit = 512};
    (void)state;
    kit_job_make(&(kit_wish){.is_cse = true}, &job);
    assert_ok(cof_rsa_encrypt(kit.owner, COF_OAEP_SHA256,
                              cof_view_text("a data key, which has 32 bytes.."), &wrapped, NULL));
    memcpy(job.objects[0].data + COF_CSE_FIXED_SIZE, wrapped.data, wrapped.size);
    expect_failure(&job, "KEY_MISMATCH");
}

static cof_status parse_with(const char *encryption)
{
    JOB job;
    COF_JSON json_t *root = NULL;
    BUF text = {.limit = COF_LIMIT_CONTRACT_BYTES};
    COF_CLEANUP(cof_contract_drop_) cof_contract *contract = NULL;
    kit_job_make(&(kit_wish){.is_cse = true}, &job);
    assert_ok(cof_json_parse(cof_buf_view(&job.contract), COF_LIMIT_JSON_BYTES, &root, NULL));
    json_t *input = json_array_get(json_object_get(root, "inputs"), 0);
    json_t *object = json_array_get(json_object_get(input, "objects"), 0);
    assert_int_equal(
        json_object_set_new(object, "encryption", json_loads(encryption, JSON_DECODE_ANY, NULL)),
        0);
    assert_ok(cof_json_canonical(root, &text, NULL));
    COF_TRY(cof_contract_parse(cof_buf_view(&text), &contract, NULL));
    assert_int_equal(contract->inputs[0].objects[0].encryption, COF_CONTRACT_AZURE_CSE_V2);
    return COF_OK;
}

static void a_contract_names_no_other_encryption(void **state)
{
    (void)state;
    assert_ok(parse_with("\"azure-cse-v2\""));
    assert_status(parse_with("\"azure-cse-v1\""), CONTRACT_INVALID);
    assert_status(parse_with("\"sealed\""), CONTRACT_INVALID);
    assert_status(parse_with("\"\""), CONTRACT_INVALID);
    assert_status(parse_with("null"), CONTRACT_INVALID);
    assert_status(parse_with("2"), CONTRACT_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blob_gives_the_same_model_as_the_sealed_data),
        cmocka_unit_test(problems_of_the_agreed_blob_are_counted),
        cmocka_unit_test(another_blob_of_the_owner_is_refused_and_nothing_is_said_of_it),
        cmocka_unit_test(a_part_of_a_bad_blob_says_nothing),
        cmocka_unit_test(how_another_blob_would_have_been_judged_is_not_said),
        cmocka_unit_test(how_the_agreed_blob_is_judged_is_said),
        cmocka_unit_test(an_altered_blob_is_refused),
        cmocka_unit_test(one_format_does_not_pass_for_the_other),
        cmocka_unit_test(a_wrapped_data_key_is_no_content_key),
        cmocka_unit_test(a_contract_names_no_other_encryption),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, kit_make_keys, kit_free_keys);
}
