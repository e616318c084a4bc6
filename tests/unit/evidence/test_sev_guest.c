/* SNP reports through /dev/sev-guest: this program plays the kernel's ioctl. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "harness/cof_alloc_fail.h"
#include "harness/cof_test.h"
#include "tcb/base/limits.h"
#include "tcb/evidence/quote_source.h"
#include "tcb/evidence/sev_guest.h"

#if __has_include(<linux/sev-guest.h>)
#include <linux/sev-guest.h>
_Static_assert(COF_SEV_GET_REPORT == SNP_GET_REPORT, "number");
_Static_assert(COF_SEV_GET_EXT_REPORT == SNP_GET_EXT_REPORT, "number");
_Static_assert(sizeof(cof_sev_report_request) == sizeof(struct snp_report_req), "layout");
_Static_assert(sizeof(cof_sev_report_response) == sizeof(struct snp_report_resp), "layout");
_Static_assert(sizeof(cof_sev_ext_request) == sizeof(struct snp_ext_report_req), "layout");
_Static_assert(sizeof(cof_sev_ioctl) == sizeof(struct snp_guest_request_ioctl), "layout");
#endif

enum { REPORT_SIZE = 1184, TABLE_MAX = 16 * 1024 };

static struct {
    uint32_t status, size;
    uint8_t flip;
    uint8_t table[TABLE_MAX];
    int ext_failure; /* errno of extended requests */
    int failure;     /* errno of plain ones */
    int busy;        /* so many requests are put off first */
    int ext_calls, calls, pauses;
} psp;

static void put_u32(uint8_t *place, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        place[i] = (uint8_t)(value >> 8 * i);
    }
}

static void answer(const cof_sev_report_request *request, cof_sev_report_response *out)
{
    memset(out, 0, sizeof *out);
    assert_int_equal(request->vmpl, 0);
    put_u32(out->bytes, psp.status);
    put_u32(out->bytes + 4, psp.size);
    memset(out->bytes + 32, 0x77, REPORT_SIZE);
    memcpy(out->bytes + 32 + 0x50, request->report_data, 64);
    out->bytes[32 + 0x50 + 63] ^= psp.flip;
}

/* ioctl() of the code under test; this program is linked so. */
int __wrap_ioctl(int fd, unsigned long number, ...);
int __wrap_ioctl(int fd, unsigned long number, ...)
{
    va_list list;
    va_start(list, number);
    cof_sev_ioctl *message = va_arg(list, cof_sev_ioctl *);
    va_end(list);
    assert_true(fd >= 0);
    assert_int_equal(message->version, 1);
    cof_sev_report_response *response = (cof_sev_report_response *)(uintptr_t)message->response;
    if (psp.busy > 0) {
        psp.busy--;
        errno = EAGAIN;
        return -1;
    }
    if (number == COF_SEV_GET_EXT_REPORT) {
        const cof_sev_ext_request *asked = (const cof_sev_ext_request *)(uintptr_t)message->request;
        psp.ext_calls++;
        assert_int_equal(asked->certificates_size, TABLE_MAX);
        assert_int_equal(asked->certificates % 4096, 0);
        memcpy((void *)(uintptr_t)asked->certificates, psp.table, TABLE_MAX);
        if (psp.ext_failure != 0) {
            errno = psp.ext_failure;
            return -1;
        }
        answer(&asked->request, response);
        return 0;
    }
    assert_int_equal(number, COF_SEV_GET_REPORT);
    psp.calls++;
    if (psp.failure != 0) {
        errno = psp.failure;
        return -1;
    }
    answer((const cof_sev_report_request *)(uintptr_t)message->request, response);
    return 0;
}

int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left);
int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left)
{
    (void)left;
    assert_true(wanted->tv_nsec > 0 && wanted->tv_nsec < 1000000000);
    psp.pauses++;
    return 0;
}

/* An entry of the table: GUID of one repeated byte, offset, size. */
static void add_entry(size_t index, uint8_t guid, uint32_t offset, uint32_t size)
{
    uint8_t *place = psp.table + 24 * index;
    memset(place, guid, 16);
    put_u32(place + 16, offset);
    put_u32(place + 20, size);
}

static cof_quote_request request;

static int set_up(void **state)
{
    (void)state;
    memset(&psp, 0, sizeof psp);
    psp.size = REPORT_SIZE;
    memset(request.report_data, 0x21, sizeof request.report_data);
    return 0;
}

static cof_status quote(cof_buf *out)
{
    COF_CLEANUP(cof_quote_source_drop_) cof_quote_source *source = NULL;
    assert_ok(cof_quote_source_sev_guest("/dev/null", &source, NULL));
    assert_string_equal(cof_quote_source_name(source), "sev-snp");
    return cof_quote_source_quote(source, &request, out, NULL);
}

static void the_report_is_followed_by_the_used_part_of_the_table(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    add_entry(0, 0x63, 72, 1300);
    add_entry(1, 0x4a, 1372, 1600);
    memset(psp.table + 72, 0xce, 2900);
    assert_ok(quote(&out));
    assert_int_equal(out.size, REPORT_SIZE + 2972);
    assert_memory_equal(out.data + 0x50, request.report_data, 64);
    assert_memory_equal(out.data + REPORT_SIZE, psp.table, 2972);
    assert_int_equal(psp.calls, 0);
    /* The order of the entries does not matter; and all or nothing is appended. */
    add_entry(0, 0x4a, 1372, 1600);
    add_entry(1, 0x63, 72, 1300);
    cof_buf_clear(&out);
    assert_ok(quote(&out));
    assert_int_equal(out.size, REPORT_SIZE + 2972);
    COF_CLEANUP(cof_buf_free) cof_buf small = {.limit = REPORT_SIZE + 2971};
    assert_status(quote(&small), LIMIT);
    assert_int_equal(small.size, 0);
}

static void a_host_without_certificates_gives_the_report_alone(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    assert_ok(quote(&out));
    assert_int_equal(out.size, REPORT_SIZE);
    assert_int_equal(psp.ext_calls, 1);
}

static void a_host_without_extended_reports_is_asked_for_plain_ones(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    add_entry(0, 0x63, 72, 1300); /* left behind by the request that failed */
    psp.ext_failure = ENOTTY;
    assert_ok(quote(&out));
    assert_int_equal(out.size, REPORT_SIZE);
    assert_int_equal(psp.calls, 1);
    psp.failure = EIO;
    cof_buf_clear(&out);
    assert_status(quote(&out), IO);
    assert_int_equal(out.size, 0);
}

static void a_host_that_puts_requests_off_is_asked_again(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    psp.busy = 5;
    assert_ok(quote(&out));
    assert_int_equal(psp.pauses, 5);
    psp.busy = 1000;
    cof_buf_clear(&out);
    assert_status(quote(&out), BUSY);
    assert_int_equal(psp.pauses, 10);
    assert_int_equal(psp.calls, 0);
}

static void a_table_that_points_outside_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    add_entry(0, 0x63, 72, TABLE_MAX - 72);
    assert_ok(quote(&out));
    assert_int_equal(out.size, REPORT_SIZE + TABLE_MAX);
    cof_buf_clear(&out);
    add_entry(0, 0x63, 72, TABLE_MAX - 71);
    assert_status(quote(&out), BAD_FORMAT);
    add_entry(0, 0x63, UINT32_MAX, UINT32_MAX);
    assert_status(quote(&out), BAD_FORMAT);
    memset(psp.table, 0x01, sizeof psp.table);
    for (size_t i = 0; i < TABLE_MAX / 24; i++) {
        add_entry(i, 1, 0, 0); /* no end */
    }
    assert_status(quote(&out), TRUNCATED);
    assert_int_equal(out.size, 0);
}

static void what_the_firmware_refuses_is_no_report(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    psp.status = 0x16;
    assert_status(quote(&out), BAD_FORMAT);
    psp.status = 0;
    psp.size = REPORT_SIZE - 1;
    assert_status(quote(&out), BAD_FORMAT);
    psp.size = 4001;
    assert_status(quote(&out), BAD_FORMAT);
    psp.size = REPORT_SIZE;
    psp.flip = 1;
    assert_status(quote(&out), EVIDENCE_BINDING);
    assert_int_equal(out.size, 0);
}

static void a_machine_without_the_device_has_no_source(void **state)
{
    (void)state;
    cof_quote_source *source = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf small = {.limit = REPORT_SIZE - 1};
    assert_status(cof_quote_source_sev_guest("/nonexistent/sev-guest", &source, NULL), NOT_FOUND);
    assert_null(source);
    assert_status(quote(&small), LIMIT);
}

static cof_status open_and_quote(void *context)
{
    (void)context;
    COF_CLEANUP(cof_quote_source_drop_) cof_quote_source *source = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    COF_TRY(cof_quote_source_sev_guest("/dev/null", &source, NULL));
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
        cmocka_unit_test_setup(the_report_is_followed_by_the_used_part_of_the_table, set_up),
        cmocka_unit_test_setup(a_host_without_certificates_gives_the_report_alone, set_up),
        cmocka_unit_test_setup(a_host_without_extended_reports_is_asked_for_plain_ones, set_up),
        cmocka_unit_test_setup(a_host_that_puts_requests_off_is_asked_again, set_up),
        cmocka_unit_test_setup(a_table_that_points_outside_is_refused, set_up),
        cmocka_unit_test_setup(what_the_firmware_refuses_is_no_report, set_up),
        cmocka_unit_test_setup(a_machine_without_the_device_has_no_source, set_up),
        cmocka_unit_test_setup(every_allocation_may_fail, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
