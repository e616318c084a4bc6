#include "tcb/seal/front.h"

/*
 * The old area's mac is not looked at: the new list is the caller's alone, so an object whose area
 * was damaged can be repaired by whoever has its data key.
 */
cof_status cof_front_rewrap(const cof_front *front, const cof_data_key *key,
                            const cof_recipient *recipients, size_t recipient_count, cof_buf *out,
                            cof_err *err)
{
    COF_CLEANUP(cof_seal_keys_wipe) cof_seal_keys keys = {0};
    COF_TRY(cof_front_keys(front, key, &keys, err));
    return cof_recipients_write(recipients, recipient_count, key, &keys.recipients,
                                &front->header_hash, front->header.recipients_capacity, out, err);
}
