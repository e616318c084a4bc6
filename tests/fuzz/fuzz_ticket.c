/* The ticket of a direct transfer: what is read prints as a text that is read as the same. */
#include <stdlib.h>
#include <string.h>

#include "host/agent/ticket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[2 * COF_TICKET_BYTES];
    cof_ticket ticket;
    cof_ticket again;
    const char *printed = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_TICKET_BYTES};
    if (size >= sizeof text || memchr(data, 0, size) != NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    if (cof_ticket_parse(text, &ticket, NULL) != COF_OK) {
        return 0;
    }
    if (cof_ticket_print(&ticket, &out, NULL) != COF_OK ||
        cof_buf_text(&out, &printed, NULL) != COF_OK ||
        cof_ticket_parse(printed, &again, NULL) != COF_OK || again.port != ticket.port ||
        strcmp(again.host, ticket.host) != 0 || strcmp(again.secret, ticket.secret) != 0 ||
        !cof_digest_equal(&again.key, &ticket.key)) {
        abort();
    }
    return 0;
}
