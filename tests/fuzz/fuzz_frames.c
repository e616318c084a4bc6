/* The reader of frames, over a stream that holds the input: every frame that any state of the
 * worker asks for. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tcb/wire/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const cof_frame_rule rules[] = {COF_FRAME_RULE(START), COF_FRAME_RULE(ATTESTED),
                                           COF_FRAME_RULE(KEY), COF_FRAME_RULE(DATA),
                                           COF_FRAME_RULE(END)};
    const int fd = memfd_create("frames", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0) {
        abort();
    }
    const cof_frame_port port = {.in = fd, .out = fd};
    cof_buf payload = {.limit = COF_LIMIT_FRAME_BYTES};
    uint8_t type = 0;
    while (cof_frame_read(&port, rules, sizeof rules / sizeof rules[0], &type, &payload, NULL) ==
           COF_OK) {
        if (type == 0 || type > COF_FRAME_END || payload.size > COF_FRAME_DATA_HIGH) {
            abort();
        }
    }
    cof_buf_free(&payload);
    (void)close(fd);
    return 0;
}
