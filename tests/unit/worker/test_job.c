/* Whole jobs: what leaves the worker, and that it is the same however the job went. */
#include <signal.h>

#include "tcb/crypto/ec.h"
#include "tcb/seal/seal.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"
#include "worker_kit.h"

#define JOB  COF_CLEANUP(kit_job_free) kit_job
#define PLAY COF_CLEANUP(kit_play_free) kit_play
#define BUF  COF_CLEANUP(cof_buf_free) cof_buf

static json_t *parse(cof_view text)
{
    json_t *json = NULL;
    assert_ok(cof_json_parse(text, 16 * 1024 * 1024, &json, NULL));
    return json;
}

static void a_job_gives_a_model_a_report_and_a_receipt(void **state)
{
    (void)state;
    JOB job;
    kit_job_make(&(kit_wish){0}, &job);
    PLAY play = {.job = &job};
    kit_run(&play);
    assert_string_equal(play.failed, "");
    assert_ok(play.status);
    assert_true(play.is_done);
    assert_int_equal(play.checkpoint_count, 3);
    assert_int_equal(play.output_count, 2);
    BUF model = {0};
    BUF report = {0};
    kit_open(&play, 0, &model);
    kit_open(&play, 1, &report);
    COF_JSON json_t *json = parse(cof_buf_view(&report));
    const json_t *test = json_object_get(json_object_get(json, "metrics"), "test");
    assert_true(json_number_value(json_object_get(test, "accuracy")) > 0.9);
    assert_int_equal(json_array_size(json_object_get(test, "confusion")), 2);
    assert_true(model.size > 100);
}

static void bytes_and_two_inputs_are_trained_on_too(void **state)
{
    (void)state;
    const kit_wish wishes[] = {{.has_idx = true}, {.has_two_inputs = true}};
    for (size_t i = 0; i < 2; i++) {
        JOB job;
        kit_job_make(&wishes[i], &job);
        PLAY play = {.job = &job, .piece = 777};
        kit_run(&play);
        assert_string_equal(play.failed, "");
        assert_true(play.is_done);
        const json_t *event = NULL;
        assert_int_equal(kit_events(&play, "validated", &event), 1);
        assert_int_equal(json_integer_value(json_object_get(event, "rows")), KIT_ROWS);
    }
}

static json_t *statement_of(const kit_play *play, cof_buf *out_bytes)
{
    COF_JSON json_t *envelope = parse(cof_buf_view(&play->receipt));
    const char *payload = json_string_value(json_object_get(envelope, "payload"));
    cof_buf_init(out_bytes, 16 * 1024 * 1024);
    assert_ok(cof_base64_decode(cof_view_text(payload), out_bytes, NULL));
    return parse(cof_buf_view(out_bytes));
}

static void the_receipt_is_signed_by_the_key_in_the_evidence(void **state)
{
    (void)state;
    JOB job;
    kit_job_make(&(kit_wish){0}, &job);
    PLAY play = {.job = &job};
    kit_run(&play);
    COF_JSON json_t *runtime = parse(cof_buf_view(&play.runtime));
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *sign = NULL;
    assert_ok(cof_ec_from_jwk(json_array_get(json_object_get(runtime, "keys"), 1), &sign, NULL));
    BUF bytes = {0};
    BUF pae = {.limit = 16 * 1024 * 1024};
    BUF signature = {.limit = 256};
    json_decref(statement_of(&play, &bytes));
    COF_JSON json_t *envelope = parse(cof_buf_view(&play.receipt));
    const json_t *entry = json_array_get(json_object_get(envelope, "signatures"), 0);
    assert_ok(cof_base64_decode(cof_view_text(json_string_value(json_object_get(entry, "sig"))),
                                &signature, NULL));
    assert_ok(
        cof_buf_printf(&pae, NULL, "DSSEv1 28 application/vnd.in-toto+json %zu ", bytes.size));
    assert_ok(cof_buf_append(&pae, cof_buf_view(&bytes), NULL));
    assert_ok(cof_ec_verify_der(sign, cof_buf_view(&pae), cof_buf_view(&signature), NULL));
    pae.data[pae.size - 2] ^= 1;
    assert_status(cof_ec_verify_der(sign, cof_buf_view(&pae), cof_buf_view(&signature), NULL),
                  BAD_SIGNATURE);
}

static void the_evidence_binds_contract_run_and_keys(void **state)
{
    (void)state;
    JOB job;
    kit_job_make(&(kit_wish){0}, &job);
    PLAY play = {.job = &job};
    kit_run(&play);
    COF_JSON json_t *runtime = parse(cof_buf_view(&play.runtime));
    char hex[65];
    cof_digest digest;
    static const uint8_t zeros[32] = {0};
    cof_digest_text(&job.digest, hex);
    assert_string_equal(json_string_value(json_object_get(runtime, "contract")), hex);
    assert_string_equal(json_string_value(json_object_get(runtime, "run")),
                        "abababababababababababababababab");
    assert_ok(cof_digest_of(cof_buf_view(&play.runtime), &digest, NULL));
    assert_int_equal(play.evidence.size, 11 + 64);
    assert_memory_equal(play.evidence.data + 11, digest.bytes, 32);
    assert_memory_equal(play.evidence.data + 43, zeros, 32);
}

static void the_receipt_names_what_left_the_worker(void **state)
{
    (void)state;
    JOB job;
    kit_job_make(&(kit_wish){0}, &job);
    PLAY play = {.job = &job};
    kit_run(&play);
    BUF bytes = {0};
    BUF model = {0};
    cof_digest digest;
    char hex[65];
    COF_JSON json_t *statement = statement_of(&play, &bytes);
    const json_t *predicate = json_object_get(statement, "predicate");
    const json_t *subject = json_array_get(json_object_get(statement, "subject"), 0);
    kit_open(&play, 0, &model);
    assert_ok(cof_digest_of(cof_buf_view(&model), &digest, NULL));
    cof_digest_text(&digest, hex);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(subject, "digest"), "sha256")), hex);
    const json_t *log = json_object_get(predicate, "log");
    assert_int_equal(json_integer_value(json_object_get(log, "events")), play.event_count);
    cof_digest_text(&play.head, hex);
    assert_string_equal(json_string_value(json_object_get(log, "head")), hex);
    cof_digest_text(&job.digest, hex);
    assert_string_equal(json_string_value(json_object_get(predicate, "contract_digest")), hex);
    assert_int_equal(json_array_size(json_object_get(predicate, "history")), 6);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(predicate, "attestation"), "token")),
        "aaaa.bbbb.cccc");
}

static void a_killed_and_resumed_job_gives_the_same_model(void **state)
{
    (void)state;
    JOB job;
    kit_job_make(
        &(kit_wish){.epochs = 9, .every_epochs = 1, .stop = "{\"metric\":\"loss\",\"patience\":3}"},
        &job);
    PLAY whole = {.job = &job};
    BUF expected = {0};
    kit_run(&whole);
    kit_open(&whole, 0, &expected);
    for (int kills = 1; kills <= 5; kills += 2) {
        PLAY first = {.job = &job, .leave_after_checkpoints = kills};
        kit_run(&first);
        assert_false(first.is_done);
        PLAY second = {.job = &job,
                       .checkpoint = cof_buf_view(&first.last_checkpoint),
                       .leave_after_checkpoints = 1};
        kit_run(&second);
        PLAY third = {.job = &job, .checkpoint = cof_buf_view(&second.last_checkpoint)};
        kit_run(&third);
        BUF model = {0};
        const json_t *event = NULL;
        assert_true(third.is_done);
        kit_open(&third, 0, &model);
        assert_int_equal(kit_events(&third, "initialised", &event), 1);
        assert_int_equal(json_integer_value(json_object_get(event, "resumed")), kills + 1);
        assert_int_equal(model.size, expected.size);
        assert_memory_equal(model.data, expected.data, model.size);
    }
}

static void one_and_two_threads_give_the_same_model(void **state)
{
    (void)state;
    BUF one = {0};
    BUF two = {0};
    for (int i = 0; i < 2; i++) {
        JOB job;
        kit_job_make(&(kit_wish){.threads = i + 1}, &job);
        PLAY play = {.job = &job};
        kit_run(&play);
        assert_true(play.is_done);
        kit_open(&play, 0, i == 0 ? &one : &two);
    }
    assert_int_equal(one.size, two.size);
    assert_memory_equal(one.data, two.data, one.size);
}

static void nothing_is_disclosed_that_the_contract_does_not_name(void **state)
{
    (void)state;
    JOB job;
    kit_job_make(&(kit_wish){.disclose = "[]"}, &job);
    PLAY play = {.job = &job};
    kit_run(&play);
    assert_true(play.is_done);
    const json_t *event = NULL;
    assert_int_equal(kit_events(&play, "training", &event), 0);
    assert_int_equal(kit_events(&play, "checkpointed", &event), 3);
    assert_null(json_object_get(event, "epoch"));
    BUF bytes = {0};
    COF_JSON json_t *statement = statement_of(&play, &bytes);
    const json_t *predicate = json_object_get(statement, "predicate");
    const json_t *metrics = json_object_get(predicate, "metrics");
    assert_int_equal(json_object_size(metrics), 2);
    assert_int_equal(json_object_size(json_object_get(metrics, "validation")), 0);
    assert_int_equal(json_object_size(json_object_get(metrics, "test")), 0);
    assert_int_equal(json_array_size(json_object_get(predicate, "history")), 0);
}

static void only_the_disclosed_measures_stand_in_an_event(void **state)
{
    (void)state;
    JOB job;
    kit_job_make(&(kit_wish){.disclose = "[\"progress\",\"auc\"]"}, &job);
    PLAY play = {.job = &job};
    kit_run(&play);
    const json_t *event = NULL;
    assert_int_equal(kit_events(&play, "training", &event), 6);
    assert_non_null(json_object_get(event, "auc"));
    assert_int_equal(json_integer_value(json_object_get(event, "epoch")), 6);
    assert_null(json_object_get(event, "loss"));
    assert_null(json_object_get(event, "validation_loss"));
    assert_null(json_object_get(event, "accuracy"));
}

static void the_transfer_key_is_new_in_each_run(void **state)
{
    (void)state;
    JOB job;
    kit_job_make(&(kit_wish){.epochs = 1}, &job);
    PLAY first = {.job = &job};
    PLAY second = {.job = &job};
    kit_run(&first);
    kit_run(&second);
    assert_true(first.is_done && second.is_done);
    assert_false(cof_view_equal(cof_buf_view(&first.runtime), cof_buf_view(&second.runtime)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_gives_a_model_a_report_and_a_receipt),
        cmocka_unit_test(bytes_and_two_inputs_are_trained_on_too),
        cmocka_unit_test(the_receipt_is_signed_by_the_key_in_the_evidence),
        cmocka_unit_test(the_evidence_binds_contract_run_and_keys),
        cmocka_unit_test(the_receipt_names_what_left_the_worker),
        cmocka_unit_test(a_killed_and_resumed_job_gives_the_same_model),
        cmocka_unit_test(one_and_two_threads_give_the_same_model),
        cmocka_unit_test(nothing_is_disclosed_that_the_contract_does_not_name),
        cmocka_unit_test(only_the_disclosed_measures_stand_in_an_event),
        cmocka_unit_test(the_transfer_key_is_new_in_each_run),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, kit_make_keys, kit_free_keys);
}
