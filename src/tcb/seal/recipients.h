/* Inside seal/: the recipients area. docs/formats/sealed.md, "Recipients area". */
#ifndef COF_SEAL_RECIPIENTS_H
#define COF_SEAL_RECIPIENTS_H

#include "tcb/base/limits.h"
#include "tcb/seal/layout.h"

enum { COF_SEAL_RSA_OAEP_256 = 1, COF_SEAL_A256KW = 2 };

/** One entry of an area that was read; wrapped points into it. */
typedef struct cof_recipient_entry {
    uint8_t algorithm;
    char kid[COF_SEAL_KID_SIZE + 1];
    cof_view wrapped;
} cof_recipient_entry;

typedef struct cof_recipient_list {
    size_t count;
    size_t signed_size; /* bytes of the area before its mac */
    cof_recipient_entry entries[COF_LIMIT_RECIPIENTS];
} cof_recipient_list;

/**
 * The smallest capacity that holds these recipients, which are checked. @return COF_OK,
 * COF_E_BAD_ARGUMENT, COF_E_LIMIT.
 */
COF_MUST_USE cof_status cof_recipients_capacity(const cof_recipient *recipients, size_t count,
                                                uint32_t *out_capacity, cof_err *err);

/** Appends an area of exactly capacity bytes. */
COF_MUST_USE cof_status cof_recipients_write(const cof_recipient *recipients, size_t count,
                                             const cof_data_key *key,
                                             const cof_recipients_key *mac_key,
                                             const cof_digest *header_hash, uint32_t capacity,
                                             cof_buf *out, cof_err *err);

/**
 * Reads an area, which must outlive the list. Nothing in it is authenticated yet. @return COF_OK,
 * COF_E_BAD_FORMAT.
 */
COF_MUST_USE cof_status cof_recipients_read(cof_view area, cof_recipient_list *out, cof_err *err);

/** @return COF_OK, COF_E_TAG_MISMATCH. */
COF_MUST_USE cof_status cof_recipients_verify(cof_view area, size_t signed_size,
                                              const cof_recipients_key *mac_key,
                                              const cof_digest *header_hash, cof_err *err);

#endif
