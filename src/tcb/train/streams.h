/* The random streams of a run's seed: no two uses share one. The low 32 bits are an epoch or a
 * layer. */
#ifndef COF_TRAIN_STREAMS_H
#define COF_TRAIN_STREAMS_H

#include <stdint.h>

#define COF_STREAM_SPLIT (UINT64_C(1) << 32)
#define COF_STREAM_ORDER (UINT64_C(2) << 32)
#define COF_STREAM_START (UINT64_C(3) << 32)

#endif
