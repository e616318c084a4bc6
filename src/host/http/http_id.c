/* The name of one request, by client and server alike. */
#include <stdio.h>

#include "host/http/http_message.h"
#include "tcb/crypto/random.h"

cof_status cof_http_make_id(char out[static COF_HTTP_ID_SIZE], cof_err *err)
{
    uint8_t b[16];
    COF_TRY(cof_random((cof_span){b, sizeof b}, err));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* RFC 9562 section 5.4 */
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    (void)snprintf(out, COF_HTTP_ID_SIZE,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                   b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
                   b[14], b[15]);
    return COF_OK;
}
