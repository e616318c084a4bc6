/* What the host gives through /dev/sev-guest: the response, and the table of certificates. */
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "tcb/base/limits.h"
#include "tcb/evidence/quote_source.h"
#include "tcb/evidence/sev_guest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER_SIZE = 32, REPORT_SIZE = 1184, REPORT_DATA_AT = HEADER_SIZE + 0x50 };

static cof_view input;

/* Stands before the C library's. The first 32 bytes are the response's header, the rest the table.
 */
int ioctl(int fd, unsigned long number, ...)
{
    va_list list;
    va_start(list, number);
    const cof_sev_ioctl *message = va_arg(list, const cof_sev_ioctl *);
    va_end(list);
    (void)fd;
    if (number != COF_SEV_GET_EXT_REPORT) {
        return -1;
    }
    const cof_sev_ext_request *asked = (const cof_sev_ext_request *)(uintptr_t)message->request;
    uint8_t *response = (uint8_t *)(uintptr_t)message->response;
    const size_t header = input.size < HEADER_SIZE ? input.size : HEADER_SIZE;
    const size_t left = input.size - header;
    if (input.size > 0) {
        memcpy(response, input.data, header);
        memcpy((void *)(uintptr_t)asked->certificates, input.data + header,
               left < asked->certificates_size ? left : asked->certificates_size);
    }
    memcpy(response + REPORT_DATA_AT, asked->request.report_data,
           sizeof asked->request.report_data);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const cof_quote_request request = {.report_data = {1, 2, 3}};
    cof_quote_source *source = NULL;
    cof_buf out = {.limit = COF_LIMIT_QUOTE_BYTES};
    input = cof_view_of(data, size);
    if (cof_quote_source_sev_guest("/dev/null", &source, NULL) != COF_OK) {
        abort();
    }
    const cof_status status = cof_quote_source_quote(source, &request, &out, NULL);
    if ((status == COF_OK) != (out.size >= REPORT_SIZE) || (status != COF_OK && out.size != 0)) {
        abort();
    }
    cof_buf_free(&out);
    cof_quote_source_free(source);
    return 0;
}
