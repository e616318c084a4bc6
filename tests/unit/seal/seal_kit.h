/* What tests of sealed objects share: keys, and sealing and opening in one call. */
#ifndef COF_TEST_SEAL_KIT_H
#define COF_TEST_SEAL_KIT_H

#include "harness/cof_test.h"
#include "tcb/seal/seal.h"

/** A wrap key of all-equal bytes; different numbers are different keys. */
cof_wrap_key kit_wrap_key(uint8_t number);

/** A header of this kind and name; context 7,7,7… for all but datasets. */
cof_seal_header kit_header(cof_seal_kind kind, const char *name);

/** size bytes that look random and depend on seed alone; appended. */
void kit_fill(cof_buf *out, size_t size, uint64_t seed);

/** Seals plain for the job's key number 1; ends the test where that fails. */
void kit_seal(const cof_seal_header *header, cof_view plain, cof_buf *out, cof_digest *out_digest);

/** The data key of an object sealed by kit_seal; ends the test where there is none. */
void kit_data_key(cof_view object, cof_data_key *out);

/** As a reader does it: front, wrapped key by job key number, all chunks. */
cof_status kit_open(cof_view object, uint8_t number, const cof_digest *expected, cof_buf *out);

/** Offsets of an object's parts. */
typedef struct kit_layout {
    size_t commitment;
    size_t tags;
    size_t area;
    size_t cipher;
} kit_layout;
kit_layout kit_layout_of(cof_view object);

#endif
