/* Runtime data as the enclave prints it and as a verifier reads it, and the simulated platform's
 * quoting channel. */
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/cof_alloc_fail.h"
#include "harness/cof_test.h"
#include "relying/verify/runtime.h"
#include "tcb/base/limits.h"
#include "tcb/evidence/quote_source.h"
#include "tcb/evidence/runtime.h"
#include "tcb/wire/json.h"

static cof_rsa_key *transfer;
static cof_ec_key *sign;
static cof_runtime_spec spec;

static int set_up(void **state)
{
    (void)state;
    assert_ok(cof_rsa_generate(2048, &transfer, NULL));
    assert_ok(cof_ec_generate(&sign, NULL));
    spec = (cof_runtime_spec){
        .transfer = transfer, .sign = sign, .kernel = "avx2", .version = "0.1.0"};
    memset(spec.contract.bytes, 0xc0, sizeof spec.contract.bytes);
    memset(spec.run, 0x0f, sizeof spec.run);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cof_rsa_key_free(transfer);
    cof_ec_key_free(sign);
    return 0;
}

static void print(cof_buf *out)
{
    cof_buf_init(out, COF_LIMIT_RUNTIME_BYTES);
    assert_ok(cof_runtime_print(&spec, out, NULL));
}

static void what_the_enclave_prints_a_verifier_reads(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    COF_CLEANUP(cof_runtime_free) cof_runtime runtime = {0};
    print(&bytes);
    assert_ok(cof_runtime_parse(cof_buf_view(&bytes), &runtime, NULL));
    assert_true(cof_digest_equal(&runtime.contract, &spec.contract));
    assert_memory_equal(runtime.run, spec.run, sizeof spec.run);
    assert_string_equal(runtime.kernel, "avx2");
    assert_string_equal(runtime.version, "0.1.0");
    uint8_t left[COF_EC_RAW_SIZE];
    uint8_t right[COF_EC_RAW_SIZE];
    assert_ok(cof_ec_to_point(sign, left, NULL));
    assert_ok(cof_ec_to_point(runtime.sign, right, NULL));
    assert_memory_equal(left, right, sizeof left);
    assert_int_equal(cof_rsa_size(runtime.transfer), 256);
    assert_false(cof_rsa_has_private(runtime.transfer));
}

static void runtime_data_has_the_form_of_its_page(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    const char *text = NULL;
    print(&bytes);
    assert_ok(cof_buf_text(&bytes, &text, NULL));
    const char start[] =
        "{\"contract\":\"c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0\","
        "\"kernel\":\"avx2\","
        "\"keys\":[{\"e\":\"AQAB\",\"key_ops\":[\"encrypt\"],\"kid\":\"coffer-transfer\",\"kty\":"
        "\"RSA\",\"n\":\"";
    assert_memory_equal(text, start, sizeof start - 1);
    assert_non_null(strstr(text, "{\"crv\":\"P-256\",\"key_ops\":[\"verify\"],\"kid\":\"coffer-"
                                 "sign\",\"kty\":\"EC\",\"x\":\""));
    assert_non_null(
        strstr(text, "}],\"run\":\"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f\",\"version\":\"0.1.0\"}"));
    assert_null(strstr(text, "\"d\":"));
}

static void report_data_is_the_hash_and_zeros(void **state)
{
    (void)state;
    uint8_t report_data[64];
    cof_digest digest = {0};
    static const uint8_t zeros[32] = {0};
    const cof_view bytes = cof_view_text("runtime");
    assert_ok(cof_runtime_report_data(bytes, report_data, NULL));
    assert_ok(cof_digest_of(bytes, &digest, NULL));
    assert_memory_equal(report_data, digest.bytes, 32);
    assert_memory_equal(report_data + 32, zeros, 32);
    assert_ok(cof_runtime_check_binding(bytes, report_data, NULL, NULL));
    for (size_t i = 0; i < sizeof report_data; i++) {
        report_data[i] ^= 1;
        assert_status(cof_runtime_check_binding(bytes, report_data, NULL, NULL), EVIDENCE_BINDING);
        report_data[i] ^= 1;
    }
    assert_status(cof_runtime_check_binding(cof_view_text("runtimf"), report_data, NULL, NULL),
                  EVIDENCE_BINDING);
}

/* Replaces the first occurrence of a text, and reads. */
static cof_status read_with(const char *from, const char *to)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    COF_CLEANUP(cof_buf_free) cof_buf changed = {.limit = 65536};
    COF_CLEANUP(cof_runtime_free) cof_runtime runtime = {0};
    const char *text = NULL;
    print(&bytes);
    assert_ok(cof_buf_text(&bytes, &text, NULL));
    const char *at = strstr(text, from);
    assert_non_null(at);
    assert_ok(cof_buf_append(&changed, cof_view_of(text, (size_t)(at - text)), NULL));
    assert_ok(cof_buf_append_text(&changed, to, NULL));
    assert_ok(cof_buf_append_text(&changed, at + strlen(from), NULL));
    return cof_runtime_parse(cof_buf_view(&changed), &runtime, NULL);
}

static void runtime_data_in_any_other_form_is_refused(void **state)
{
    (void)state;
    assert_ok(read_with("avx2", "scalar"));
    assert_status(read_with("{\"contract\"", "{ \"contract\""), BAD_FORMAT);
    assert_status(read_with("c0c0c0", "C0c0c0"), BAD_FORMAT);
    assert_status(read_with("c0c0c0", "c0c0"), BAD_FORMAT);
    assert_status(read_with("\"kernel\":\"avx2\",", ""), BAD_FORMAT);
    assert_status(read_with("\"kernel\":\"avx2\"", "\"kernel\":\"\""), BAD_FORMAT);
    assert_status(read_with("\"kernel\":\"avx2\"", "\"kernel\":7"), BAD_FORMAT);
    assert_status(read_with("\"kernel\":\"avx2\"", "\"kernel\":\"avx2\",\"kernel\":\"avx2\""),
                  BAD_JSON);
    assert_status(read_with("\"version\":\"0.1.0\"}", "\"version\":\"0.1.0\",\"x\":1}"),
                  BAD_FORMAT);
    assert_status(read_with("coffer-transfer", "coffer-sign"), BAD_FORMAT);
    assert_status(read_with("coffer-sign", "coffer-sigm"), BAD_FORMAT);
    assert_status(read_with("[\"encrypt\"]", "[\"decrypt\"]"), BAD_FORMAT);
    assert_status(read_with("[\"encrypt\"]", "[\"encrypt\",\"encrypt\"]"), BAD_FORMAT);
    assert_status(read_with("[\"verify\"]", "[]"), BAD_FORMAT);
    assert_status(read_with("\"kty\":\"RSA\"", "\"kty\":\"oct\""), BAD_FORMAT);
    assert_status(read_with("\"AQAB\"", "\"AQ\""), BAD_KEY);
    assert_status(read_with("P-256", "P-384"), BAD_KEY);
    assert_status(read_with("}]", "},{}]"), BAD_FORMAT);
}

/* ---- the quoting channel ---- */

typedef struct platform_end {
    int fd;
    const uint8_t *answer;
    size_t size;
    uint8_t asked[128];
    ssize_t asked_size;
} platform_end;

static void *answer_once(void *context)
{
    platform_end *end = context;
    end->asked_size = recv(end->fd, end->asked, sizeof end->asked, 0);
    (void)!send(end->fd, end->answer, end->size, MSG_NOSIGNAL);
    return NULL;
}

static cof_status ask(const uint8_t *answer, size_t size, cof_buf *out, platform_end *end)
{
    int pair[2];
    pthread_t thread;
    cof_quote_request request = {0};
    memset(request.report_data, 0x77, sizeof request.report_data);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    COF_CLEANUP(cof_quote_source_drop_) cof_quote_source *source = NULL;
    assert_ok(cof_quote_source_simulated(pair[0], &source, NULL));
    assert_string_equal(cof_quote_source_name(source), "simulated");
    *end = (platform_end){.fd = pair[1], .answer = answer, .size = size};
    assert_int_equal(pthread_create(&thread, NULL, answer_once, end), 0);
    const cof_status status = cof_quote_source_quote(source, &request, out, NULL);
    (void)pthread_join(thread, NULL);
    (void)close(pair[1]);
    assert_int_equal(end->asked_size, 64);
    assert_memory_equal(end->asked, request.report_data, 64);
    return status;
}

static void the_channel_gives_what_the_platform_sent(void **state)
{
    (void)state;
    static uint8_t quote[16 * 1024 + 1] = {3, 0, 2};
    platform_end end;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    assert_ok(ask(quote, 4600, &out, &end));
    assert_int_equal(out.size, 4600);
    assert_memory_equal(out.data, quote, 4600);
    cof_buf_clear(&out);
    assert_ok(ask(quote, 16 * 1024, &out, &end));
    cof_buf_clear(&out);
    assert_status(ask(quote, sizeof quote, &out, &end), LIMIT);
    assert_status(ask(quote, 0, &out, &end), PEER_CLOSED);
    assert_int_equal(out.size, 0);
    COF_CLEANUP(cof_buf_free) cof_buf small = {.limit = 100};
    assert_status(ask(quote, 4600, &small, &end), LIMIT);
    assert_int_equal(small.size, 0);
}

static void a_closed_channel_is_a_status(void **state)
{
    (void)state;
    int pair[2];
    static const cof_quote_request request = {0};
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 100};
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    COF_CLEANUP(cof_quote_source_drop_) cof_quote_source *source = NULL;
    assert_ok(cof_quote_source_simulated(pair[0], &source, NULL));
    (void)close(pair[1]);
    assert_status(cof_quote_source_quote(source, &request, &out, NULL), PEER_CLOSED);
}

static void what_is_no_channel_is_refused(void **state)
{
    (void)state;
    int pair[2];
    cof_quote_source *source = NULL;
    assert_status(cof_quote_source_simulated(-1, &source, NULL), BAD_ARGUMENT);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_status(cof_quote_source_simulated(pair[0], &source, NULL), BAD_ARGUMENT);
    assert_null(source);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static cof_status print_and_parse(void *context)
{
    (void)context;
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    COF_CLEANUP(cof_runtime_free) cof_runtime runtime = {0};
    cof_buf_init(&bytes, COF_LIMIT_RUNTIME_BYTES);
    COF_TRY(cof_runtime_print(&spec, &bytes, NULL));
    return cof_runtime_parse(cof_buf_view(&bytes), &runtime, NULL);
}

static cof_status open_source(void *context)
{
    (void)context;
    int pair[2];
    COF_CLEANUP(cof_quote_source_drop_) cof_quote_source *source = NULL;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    (void)close(pair[1]);
    const cof_status status = cof_quote_source_simulated(pair[0], &source, NULL);
    if (status != COF_OK) {
        (void)close(pair[0]); /* kept only on success */
    }
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const cof_status no_memory[] = {COF_E_NO_MEMORY, COF_OK};
    assert_true(cof_alloc_fail_each(print_and_parse, NULL, no_memory) > 10);
    assert_true(cof_alloc_fail_each(open_source, NULL, no_memory) >= 1);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    cof_alloc_fail_hook_jansson();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_enclave_prints_a_verifier_reads),
        cmocka_unit_test(runtime_data_has_the_form_of_its_page),
        cmocka_unit_test(report_data_is_the_hash_and_zeros),
        cmocka_unit_test(runtime_data_in_any_other_form_is_refused),
        cmocka_unit_test(the_channel_gives_what_the_platform_sent),
        cmocka_unit_test(a_closed_channel_is_a_status),
        cmocka_unit_test(what_is_no_channel_is_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
