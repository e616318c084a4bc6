/*
 * Reports of an SEV-SNP guest through /dev/sev-guest (Linux 5.19, Documentation/virt/coco/
 * sev-guest.rst).
 *
 * Implementation notes. The structures are written here because the kernel's header names their
 * members differently in different versions; their layout is fixed.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "tcb/evidence/quote_source.h"
#include "tcb/evidence/sev_guest.h"
#include "tcb/wire/reader.h"

enum {
    ATTEMPTS = 6,
    FIRST_PAUSE_MS = 100,
    REPORT_SIZE = 1184,
    REPORT_DATA_AT = 0x50,
    RESPONSE_RESERVED = 24, /* MSG_REPORT_RSP: status, size, reserved, report */
    GUID_SIZE = 16,
    CERTIFICATES_MAX = 16 * 1024, /* the kernel's own limit; whole pages */
};

typedef struct sev_guest_source {
    cof_quote_source base;
    int fd;
} sev_guest_source;

/* What one request needs: its answer, and the host's certificates. */
typedef struct exchange {
    cof_sev_report_request request;
    cof_sev_report_response response;
    _Alignas(4096) uint8_t certificates[CERTIFICATES_MAX];
} exchange;

static bool may_be_tried_again(int errno_value)
{
    return errno_value == EAGAIN || errno_value == EBUSY || errno_value == EINTR;
}

/* The host may slow requests down, or have none left for now. */
static int ask(int fd, unsigned long number, cof_sev_ioctl *message)
{
    struct timespec pause = {.tv_nsec = FIRST_PAUSE_MS * 1000000L};
    for (int attempt = 1;; attempt++) {
        message->exit_info = 0;
        if (ioctl(fd, number, message) == 0) {
            return 0;
        }
        if (!may_be_tried_again(errno) || attempt == ATTEMPTS) {
            return errno;
        }
        (void)nanosleep(&pause, NULL);
    }
}

/* With the host's certificates where it gives any, else without: the report is the same. */
static cof_status ask_for_report(int fd, exchange *x, cof_err *err)
{
    cof_sev_ext_request extended = {.request = x->request,
                                    .certificates = (uintptr_t)x->certificates,
                                    .certificates_size = sizeof x->certificates};
    cof_sev_ioctl message = {
        .version = 1, .request = (uintptr_t)&extended, .response = (uintptr_t)&x->response};
    int failure = ask(fd, COF_SEV_GET_EXT_REPORT, &message);
    if (failure != 0 && !may_be_tried_again(failure)) {
        memset(x->certificates, 0, sizeof x->certificates);
        message.request = (uintptr_t)&x->request;
        failure = ask(fd, COF_SEV_GET_REPORT, &message);
    }
    if (failure != 0 && may_be_tried_again(failure)) {
        return COF_FAIL(err, BUSY, "the host makes no SNP report now");
    }
    return failure == 0 ? COF_OK : COF_FAIL_ERRNO(err, failure, "SNP report");
}

static cof_status read_report(cof_reader *reader, cof_view *out, cof_err *err)
{
    cof_view reserved = {0};
    uint32_t status = 0;
    uint32_t size = 0;
    COF_TRY(cof_read_u32le(reader, &status, err));
    COF_TRY(cof_read_u32le(reader, &size, err));
    COF_TRY(cof_read_view(reader, RESPONSE_RESERVED, &reserved, err));
    if (status != 0 || size != REPORT_SIZE) {
        return COF_FAIL(err, BAD_FORMAT, "SNP firmware: status %u, a report of %u bytes", status,
                        size);
    }
    return cof_read_view(reader, REPORT_SIZE, out, err);
}

/* The part of the buffer that its table of (GUID, offset, size) says is used; a zero GUID ends it.
 */
static cof_status cut_certificates(cof_view buffer, cof_view *out, cof_err *err)
{
    static const uint8_t last[GUID_SIZE] = {0};
    cof_reader reader = cof_reader_of(buffer);
    uint64_t end = 0;
    for (;;) {
        cof_view guid = {0};
        uint32_t offset = 0;
        uint32_t size = 0;
        COF_TRY(cof_read_view(&reader, sizeof last, &guid, err));
        if (memcmp(guid.data, last, sizeof last) == 0) {
            break;
        }
        COF_TRY(cof_read_u32le(&reader, &offset, err));
        COF_TRY(cof_read_u32le(&reader, &size, err));
        if ((uint64_t)offset + size > buffer.size) {
            return COF_FAIL(err, BAD_FORMAT, "a certificate outside of the host's table");
        }
        end = (uint64_t)offset + size > end ? (uint64_t)offset + size : end;
    }
    *out = cof_view_of(buffer.data, (size_t)end);
    return COF_OK;
}

static cof_status sev_guest_quote(cof_quote_source *self, const cof_quote_request *request,
                                  cof_buf *out_quote, cof_err *err)
{
    COF_CLEANUP(cof_free_drop_) exchange *x = aligned_alloc(_Alignof(exchange), sizeof *x);
    if (x == NULL) {
        return COF_FAIL(err, NO_MEMORY, "SNP report");
    }
    memset(x, 0, sizeof *x);
    memcpy(x->request.report_data, request->report_data, sizeof x->request.report_data);
    COF_TRY(ask_for_report(((const sev_guest_source *)self)->fd, x, err));
    cof_reader reader = cof_reader_of(cof_view_of(x->response.bytes, sizeof x->response.bytes));
    cof_view report = {0};
    cof_view certificates = {0};
    COF_TRY(read_report(&reader, &report, err));
    COF_TRY(cof_quote_check_binding(report, REPORT_DATA_AT, request, err));
    COF_TRY(
        cut_certificates(cof_view_of(x->certificates, sizeof x->certificates), &certificates, err));
    COF_TRY(cof_buf_reserve(out_quote, report.size + certificates.size, err));
    COF_TRY(cof_buf_append(out_quote, report, err));
    return cof_buf_append(out_quote, certificates, err);
}

static void sev_guest_free(cof_quote_source *self)
{
    (void)close(((const sev_guest_source *)self)->fd);
    free(self);
}

static const cof_quote_source_ops sev_guest_ops = {
    .name = "sev-snp", .quote = sev_guest_quote, .free = sev_guest_free};

cof_status cof_quote_source_sev_guest(const char *device, cof_quote_source **out_source,
                                      cof_err *err)
{
    sev_guest_source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        return COF_FAIL(err, NO_MEMORY, "quote source");
    }
    source->base.ops = &sev_guest_ops;
    source->fd = open(device, O_RDWR | O_CLOEXEC);
    if (source->fd < 0) {
        const int failure = errno;
        free(source);
        return COF_FAIL_ERRNO(err, failure, device);
    }
    *out_source = &source->base;
    return COF_OK;
}
