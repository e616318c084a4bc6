/* SNP and TDX quotes through configfs: a folder in which this program plays the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness/cof_alloc_fail.h"
#include "harness/cof_tempdir.h"
#include "harness/cof_test.h"
#include "tcb/base/limits.h"
#include "tcb/evidence/quote_source.h"

enum { SNP_SIZE = 1184, TDX_SIZE = 4800, PATH_SIZE = COF_TEMPDIR_SIZE + 128 };

static const char *const attributes[] = {"provider", "generation", "inblob", "outblob", "auxblob"};

/* The kernel, and what others do to our entry. */
static struct {
    char folder[COF_TEMPDIR_SIZE];
    const char *provider;
    unsigned long generation;
    size_t out_size;
    size_t report_data_at;
    uint16_t version; /* of a TDX quote; 0: none */
    uint8_t flip;
    const char *aux;
    const char *generation_text; /* instead of the number */
    int made, removed, pauses;
    int races;       /* so often somebody else writes inblob between our write and our read */
    int late_races;  /* so often between our read of outblob and our last look at generation */
    int would_block; /* so often outblob asks to try again */
    int failure;     /* errno of opening outblob */
} kernel;

static void path_of(char out[static PATH_SIZE], const char *entry, const char *name)
{
    assert_true(snprintf(out, PATH_SIZE, "%s/%s", entry, name) < PATH_SIZE);
}

static void put(const char *entry, const char *name, const void *bytes, size_t size)
{
    char path[PATH_SIZE];
    path_of(path, entry, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void put_generation(const char *entry)
{
    char text[32];
    const int size = snprintf(text, sizeof text, "%lu\n", kernel.generation);
    if (kernel.generation_text != NULL) {
        put(entry, "generation", kernel.generation_text, strlen(kernel.generation_text));
    } else {
        put(entry, "generation", text, (size_t)size);
    }
}

static void make_report(const char *entry)
{
    static uint8_t report[64 * 1024];
    char path[PATH_SIZE];
    uint8_t asked[65];
    path_of(path, entry, "inblob");
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(asked, 1, sizeof asked, file), 64);
    assert_int_equal(fclose(file), 0);
    memset(report, 0xab, sizeof report);
    if (kernel.version != 0) {
        report[0] = (uint8_t)kernel.version;
        report[1] = 0;
    }
    memcpy(report + kernel.report_data_at, asked, 64);
    report[kernel.report_data_at] ^= kernel.flip;
    put(entry, "outblob", report, kernel.out_size);
}

/* @return an errno, or 0 */
static int answer_outblob(const char *entry)
{
    if (kernel.races > 0) {
        kernel.races--;
        kernel.generation++;
    }
    if (kernel.would_block > 0) {
        kernel.would_block--;
        return EWOULDBLOCK;
    }
    if (kernel.failure != 0) {
        return kernel.failure;
    }
    make_report(entry);
    if (kernel.late_races > 0) {
        kernel.late_races--;
        kernel.generation++;
    }
    return 0;
}

/* ---- the system calls of the code under test; this program is linked so ---- */

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
    char entry[PATH_SIZE];
    (void)snprintf(entry, sizeof entry, "%s", path);
    char *name = strrchr(entry, '/');
    *name++ = '\0';
    if (strcmp(name, "inblob") == 0) {
        assert_int_equal(flags & O_ACCMODE, O_WRONLY);
        kernel.generation++;
    } else if (strcmp(name, "generation") == 0) {
        put_generation(entry);
    } else if (strcmp(name, "outblob") == 0) {
        errno = answer_outblob(entry);
        if (errno != 0) {
            return -1;
        }
    }
    return __real_open64(path, flags);
}

int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode)
{
    const int result = __real_mkdir(path, mode);
    if (result == 0) {
        kernel.made++;
        kernel.generation = 0;
        for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
            put(path, attributes[i], "", 0);
        }
        put(path, "provider", kernel.provider, strlen(kernel.provider));
        put(path, "auxblob", kernel.aux, strlen(kernel.aux));
    }
    return result;
}

int __real_rmdir(const char *path);
int __wrap_rmdir(const char *path);
int __wrap_rmdir(const char *path)
{
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        char file[PATH_SIZE];
        path_of(file, path, attributes[i]);
        (void)unlink(file);
    }
    kernel.removed++;
    return __real_rmdir(path);
}

int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left);
int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left)
{
    (void)left;
    assert_true(wanted->tv_sec == 0 && wanted->tv_nsec > 0 && wanted->tv_nsec < 1000000000);
    kernel.pauses++;
    return 0;
}

/* ---- tests ---- */

static cof_quote_request request;

static int set_up(void **state)
{
    (void)state;
    memset(&kernel, 0, sizeof kernel);
    cof_tempdir_make(kernel.folder);
    kernel.provider = "sev_guest\n";
    kernel.out_size = SNP_SIZE;
    kernel.report_data_at = 0x50;
    kernel.aux = "table of certificates";
    for (size_t i = 0; i < sizeof request.report_data; i++) {
        request.report_data[i] = (uint8_t)(3 * i + 1);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    /* An entry is removed whatever happens: the folder is empty. */
    const bool is_clean = kernel.made == kernel.removed && __real_rmdir(kernel.folder) == 0;
    cof_tempdir_remove(kernel.folder);
    return is_clean ? 0 : -1;
}

static void be_tdx(uint16_t version)
{
    kernel.provider = "tdx_guest\n";
    kernel.out_size = TDX_SIZE;
    kernel.version = version;
    kernel.report_data_at = version == 4 ? 568 : 574;
}

static cof_status quote_snp(cof_buf *out)
{
    COF_CLEANUP(cof_quote_source_drop_) cof_quote_source *source = NULL;
    assert_ok(cof_quote_source_tsm_snp(kernel.folder, &source, NULL));
    assert_string_equal(cof_quote_source_name(source), "sev-snp");
    return cof_quote_source_quote(source, &request, out, NULL);
}

static cof_status quote_tdx(cof_buf *out)
{
    COF_CLEANUP(cof_quote_source_drop_) cof_quote_source *source = NULL;
    assert_ok(cof_quote_source_tsm_tdx(kernel.folder, &source, NULL));
    assert_string_equal(cof_quote_source_name(source), "tdx");
    return cof_quote_source_quote(source, &request, out, NULL);
}

static void snp_evidence_is_the_report_then_its_certificates(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    assert_ok(quote_snp(&out));
    assert_int_equal(out.size, SNP_SIZE + strlen(kernel.aux));
    assert_memory_equal(out.data + 0x50, request.report_data, 64);
    assert_memory_equal(out.data + SNP_SIZE, kernel.aux, strlen(kernel.aux));
    kernel.aux = "";
    cof_buf_clear(&out);
    assert_ok(quote_snp(&out));
    assert_int_equal(out.size, SNP_SIZE);
    assert_int_equal(kernel.made, 2);
    assert_int_equal(kernel.pauses, 0);
}

static void tdx_evidence_is_the_quote(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    be_tdx(4);
    assert_ok(quote_tdx(&out));
    assert_int_equal(out.size, TDX_SIZE);
    assert_memory_equal(out.data + 568, request.report_data, 64);
    be_tdx(5);
    cof_buf_clear(&out);
    assert_ok(quote_tdx(&out));
    assert_memory_equal(out.data + 574, request.report_data, 64);
    be_tdx(5);
    kernel.version = 3;
    cof_buf_clear(&out);
    assert_status(quote_tdx(&out), UNSUPPORTED);
    assert_int_equal(out.size, 0);
}

static void another_provider_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    kernel.provider = "tdx_guest\n";
    assert_status(quote_snp(&out), UNSUPPORTED);
    kernel.provider = "sev_guest2\n";
    assert_status(quote_snp(&out), UNSUPPORTED);
    kernel.provider = "sev_guest\n";
    assert_status(quote_tdx(&out), UNSUPPORTED);
    assert_int_equal(out.size, 0);
}

static void a_raced_report_is_made_again(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    kernel.races = 2;
    assert_ok(quote_snp(&out));
    assert_int_equal(out.size, SNP_SIZE + strlen(kernel.aux));
    assert_int_equal(kernel.made, 3);
    assert_int_equal(kernel.pauses, 2);
    kernel.late_races = 1;
    cof_buf_clear(&out);
    assert_ok(quote_snp(&out));
    assert_int_equal(out.size, SNP_SIZE + strlen(kernel.aux));
    assert_int_equal(kernel.made, 5);
}

static void a_race_that_never_ends_is_busy(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    kernel.late_races = 1000;
    assert_status(quote_snp(&out), BUSY);
    assert_int_equal(out.size, 0);
    assert_int_equal(kernel.made, 6);
    be_tdx(4);
    assert_status(quote_tdx(&out), BUSY);
    assert_int_equal(kernel.made, 12);
}

static void an_attribute_that_would_block_is_asked_again(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    kernel.would_block = 3;
    assert_ok(quote_snp(&out));
    assert_int_equal(kernel.made, 4);
    kernel.would_block = 1000;
    cof_buf_clear(&out);
    assert_status(quote_snp(&out), BUSY);
    assert_int_equal(out.size, 0);
}

static void other_failures_are_final(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    kernel.failure = ENXIO;
    assert_status(quote_snp(&out), IO);
    kernel.failure = EACCES;
    assert_status(quote_snp(&out), PERMISSION);
    assert_int_equal(kernel.made, 2);
}

static void a_report_over_other_data_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    kernel.flip = 0x80;
    assert_status(quote_snp(&out), EVIDENCE_BINDING);
    be_tdx(4);
    assert_status(quote_tdx(&out), EVIDENCE_BINDING);
    be_tdx(5);
    assert_status(quote_tdx(&out), EVIDENCE_BINDING);
    assert_int_equal(out.size, 0);
}

static void reports_of_a_wrong_size_are_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    kernel.out_size = SNP_SIZE - 1;
    assert_status(quote_snp(&out), BAD_FORMAT);
    kernel.out_size = SNP_SIZE + 1;
    assert_status(quote_snp(&out), BAD_FORMAT);
    be_tdx(4);
    kernel.out_size = 631;
    assert_status(quote_tdx(&out), TRUNCATED);
    kernel.out_size = 1;
    assert_status(quote_tdx(&out), TRUNCATED);
    kernel.out_size = 32 * 1024 + 1;
    assert_status(quote_tdx(&out), LIMIT);
    assert_int_equal(out.size, 0);
}

static void a_generation_that_is_no_number_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n", "-1\n", " 1\n", "1 \n", "0x1\n", "1a"};
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        kernel.generation_text = texts[i];
        assert_status(quote_snp(&out), BAD_FORMAT);
    }
    kernel.generation_text = "7\n"; /* does not move */
    assert_status(quote_snp(&out), BUSY);
}

static void a_kernel_without_reports_has_no_source(void **state)
{
    (void)state;
    char path[PATH_SIZE];
    cof_quote_source *source = NULL;
    path_of(path, kernel.folder, "no");
    assert_status(cof_quote_source_tsm_snp(path, &source, NULL), NOT_FOUND);
    assert_status(cof_quote_source_tsm_tdx(path, &source, NULL), NOT_FOUND);
    assert_null(source);
}

static cof_status open_and_quote(void *context)
{
    (void)context;
    COF_CLEANUP(cof_quote_source_drop_) cof_quote_source *source = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    COF_TRY(cof_quote_source_tsm_snp(kernel.folder, &source, NULL));
    const cof_status status = cof_quote_source_quote(source, &request, &out, NULL);
    assert_true((status == COF_OK) == (out.size > 0));
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const cof_status no_memory[] = {COF_E_NO_MEMORY, COF_OK};
    assert_true(cof_alloc_fail_each(open_and_quote, NULL, no_memory) >= 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        TEST(snp_evidence_is_the_report_then_its_certificates),
        TEST(tdx_evidence_is_the_quote),
        TEST(another_provider_is_refused),
        TEST(a_raced_report_is_made_again),
        TEST(a_race_that_never_ends_is_busy),
        TEST(an_attribute_that_would_block_is_asked_again),
        TEST(other_failures_are_final),
        TEST(a_report_over_other_data_is_refused),
        TEST(reports_of_a_wrong_size_are_refused),
        TEST(a_generation_that_is_no_number_is_refused),
        TEST(a_kernel_without_reports_has_no_source),
        TEST(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
