/* Inside seal/: what a parsed front is made of. */
#ifndef COF_SEAL_FRONT_H
#define COF_SEAL_FRONT_H

#include "tcb/seal/recipients.h"

struct cof_front {
    cof_seal_header header;
    cof_digest header_hash;
    cof_digest digest;
    cof_buf bytes; /* the whole front; all views below point into it */
    cof_view commitment;
    cof_view tags;
    cof_view area;
    cof_recipient_list recipients;
};

/**
 * Derives the keys and checks the commitment. out_keys: wiped by the caller, also after a failure.
 * @return COF_OK, COF_E_KEY_MISMATCH.
 */
COF_MUST_USE cof_status cof_front_keys(const cof_front *front, const cof_data_key *key,
                                       cof_seal_keys *out_keys, cof_err *err);

#endif
