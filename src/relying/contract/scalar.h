/* Scalars of YAML as values: strict, one way to write each. */
#ifndef COF_RELYING_CONTRACT_SCALAR_H
#define COF_RELYING_CONTRACT_SCALAR_H

#include <stdbool.h>
#include <stdint.h>

/** Decimal digits with an optional minus: no leading zeros, no underscores, no other base. */
bool cof_scalar_integer(const char *text, int64_t *out);

/** A number of JSON, finite. */
bool cof_scalar_number(const char *text, double *out);

/** RFC 3339 with whole seconds: 2027-01-01T00:00:00Z, or with an offset; Unix seconds. */
bool cof_scalar_time(const char *text, int64_t *out_unix_s);

/** 512KiB, 256MiB, 2GiB; bytes. */
bool cof_scalar_size(const char *text, int64_t *out_bytes);

/** 90s, 30m, 1h, 2d; seconds. */
bool cof_scalar_duration(const char *text, int64_t *out_s);

#endif
