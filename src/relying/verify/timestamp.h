/* A point in time as text, the other direction of cof_time_parse. */
#ifndef COF_VERIFY_TIMESTAMP_H
#define COF_VERIFY_TIMESTAMP_H

#include <stdint.h>

enum { COF_TIMESTAMP_SIZE = 21 };

/** "2025-06-19T10:32:27Z" and a NUL. Times before 1970 and after 9999 become the nearest that can
 * be written. */
void cof_timestamp_text(int64_t unix_s, char out[static COF_TIMESTAMP_SIZE]);

#endif
