/* Quotes under Gramine: a folder that behaves like its /dev/attestation. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/cof_alloc_fail.h"
#include "harness/cof_tempdir.h"
#include "harness/cof_test.h"
#include "tcb/base/limits.h"
#include "tcb/evidence/quote_source.h"

enum { QUOTE_SIZE = 4734, REPORT_DATA_AT = 368 };

/* What the fake Gramine does. */
static struct {
    char folder[COF_TEMPDIR_SIZE];
    size_t quote_size;
    uint8_t flip;        /* into the quote's report data */
    int quotes;          /* made */
    bool has_lost_quote; /* sgx.remote_attestation = "none": there is no such file */
} gramine;

static void put(const char *name, const void *bytes, size_t size)
{
    char path[COF_TEMPDIR_SIZE + 64];
    (void)snprintf(path, sizeof path, "%s/%s", gramine.folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static size_t get(const char *name, uint8_t *place, size_t size)
{
    char path[COF_TEMPDIR_SIZE + 64];
    (void)snprintf(path, sizeof path, "%s/%s", gramine.folder, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t got = fread(place, 1, size, file);
    assert_int_equal(fclose(file), 0);
    return got;
}

static bool ends_with(const char *path, const char *name)
{
    const size_t size = strlen(path);
    return size > strlen(name) && strcmp(path + size - strlen(name), name) == 0;
}

/* The quote is made when its file is opened, over what user_report_data holds then. */
static void make_quote(void)
{
    static uint8_t quote[32 * 1024];
    uint8_t asked[65] = {0};
    memset(quote, 0x5a, sizeof quote);
    assert_int_equal(get("user_report_data", asked, sizeof asked), 64);
    if (gramine.quote_size >= REPORT_DATA_AT + 64) {
        memcpy(quote + REPORT_DATA_AT, asked, 64);
        quote[REPORT_DATA_AT + 63] ^= gramine.flip;
    }
    put("quote", quote, gramine.quote_size);
    gramine.quotes++;
}

/* open() of the code under test; this program is linked so. */
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
    if (ends_with(path, "/quote") && (flags & O_ACCMODE) == O_RDONLY && !gramine.has_lost_quote) {
        make_quote();
    }
    return __real_open64(path, flags);
}

static cof_quote_request request;

static int set_up(void **state)
{
    (void)state;
    cof_tempdir_make(gramine.folder);
    gramine.quote_size = QUOTE_SIZE;
    gramine.flip = 0;
    gramine.quotes = 0;
    gramine.has_lost_quote = false;
    put("attestation_type", "dcap", 4);
    put("user_report_data", "", 0);
    memset(request.report_data, 0xe7, sizeof request.report_data);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cof_tempdir_remove(gramine.folder);
    return 0;
}

static cof_status quote(cof_buf *out)
{
    COF_CLEANUP(cof_quote_source_drop_) cof_quote_source *source = NULL;
    assert_ok(cof_quote_source_sgx(gramine.folder, &source, NULL));
    assert_string_equal(cof_quote_source_name(source), "sgx");
    return cof_quote_source_quote(source, &request, out, NULL);
}

static void the_quote_of_the_moment_is_given_whole(void **state)
{
    (void)state;
    uint8_t asked[128];
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    assert_ok(quote(&out));
    assert_int_equal(out.size, QUOTE_SIZE);
    assert_memory_equal(out.data + REPORT_DATA_AT, request.report_data, 64);
    assert_int_equal(get("user_report_data", asked, sizeof asked), 64);
    assert_memory_equal(asked, request.report_data, 64);
    gramine.quote_size = 8192;
    cof_buf_clear(&out);
    assert_ok(quote(&out));
    assert_int_equal(out.size, 8192);
    assert_int_equal(gramine.quotes, 2);
}

static void a_source_quotes_again_over_other_data(void **state)
{
    (void)state;
    COF_CLEANUP(cof_quote_source_drop_) cof_quote_source *source = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    assert_ok(cof_quote_source_sgx(gramine.folder, &source, NULL));
    assert_ok(cof_quote_source_quote(source, &request, &out, NULL));
    cof_buf_clear(&out);
    memset(request.report_data, 0x11, sizeof request.report_data);
    assert_ok(cof_quote_source_quote(source, &request, &out, NULL));
    assert_memory_equal(out.data + REPORT_DATA_AT, request.report_data, 64);
}

static void a_quote_over_other_data_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    gramine.flip = 1;
    assert_status(quote(&out), EVIDENCE_BINDING);
    assert_int_equal(out.size, 0);
    gramine.flip = 0;
    gramine.quote_size = REPORT_DATA_AT + 63;
    assert_status(quote(&out), TRUNCATED);
    gramine.quote_size = 0;
    assert_status(quote(&out), TRUNCATED);
    gramine.quote_size = 16 * 1024 + 1;
    assert_status(quote(&out), LIMIT);
    assert_int_equal(out.size, 0);
}

static void another_kind_of_attestation_is_refused(void **state)
{
    (void)state;
    cof_quote_source *source = NULL;
    put("attestation_type", "none", 4);
    assert_status(cof_quote_source_sgx(gramine.folder, &source, NULL), UNSUPPORTED);
    put("attestation_type", "dcap\n", 5);
    assert_ok(cof_quote_source_sgx(gramine.folder, &source, NULL));
    cof_quote_source_free(source);
    put("attestation_type", "dcap\0x", 6);
    assert_status(cof_quote_source_sgx(gramine.folder, &source, NULL), BAD_FORMAT);
    put("attestation_type", "dcapdcapdcapdcapdcap", 20);
    assert_status(cof_quote_source_sgx(gramine.folder, &source, NULL), BAD_FORMAT);
}

static void outside_of_an_enclave_there_is_no_source(void **state)
{
    (void)state;
    cof_quote_source *source = NULL;
    char path[COF_TEMPDIR_SIZE + 8];
    (void)snprintf(path, sizeof path, "%s/no", gramine.folder);
    assert_status(cof_quote_source_sgx(path, &source, NULL), NOT_FOUND);
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_status(cof_quote_source_sgx(path, &source, NULL), LIMIT);
    assert_null(source);
}

static void an_enclave_that_cannot_quote_says_so(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    gramine.has_lost_quote = true;
    assert_status(quote(&out), NOT_FOUND);
}

static cof_status open_and_quote(void *context)
{
    (void)context;
    COF_CLEANUP(cof_quote_source_drop_) cof_quote_source *source = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    COF_TRY(cof_quote_source_sgx(gramine.folder, &source, NULL));
    const cof_status status = cof_quote_source_quote(source, &request, &out, NULL);
    assert_true((status == COF_OK) == (out.size > 0));
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const cof_status no_memory[] = {COF_E_NO_MEMORY, COF_OK};
    assert_true(cof_alloc_fail_each(open_and_quote, NULL, no_memory) >= 3);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_quote_of_the_moment_is_given_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_source_quotes_again_over_other_data, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_quote_over_other_data_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_kind_of_attestation_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(outside_of_an_enclave_there_is_no_source, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_enclave_that_cannot_quote_says_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_allocation_may_fail, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
