#include "relying/verify/timestamp.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

static const int64_t last_second = 253402300799; /* 9999-12-31T23:59:59Z */

void cof_timestamp_text(int64_t unix_s, char out[static COF_TIMESTAMP_SIZE])
{
    struct tm parts = {0};
    const int64_t bounded = unix_s < 0 ? 0 : unix_s;
    const time_t when = (time_t)(bounded < last_second ? bounded : last_second);
    if (gmtime_r(&when, &parts) == NULL ||
        strftime(out, COF_TIMESTAMP_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
        memcpy(out, "1970-01-01T00:00:00Z", COF_TIMESTAMP_SIZE);
    }
}
