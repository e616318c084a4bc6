/* Finding the data key of a sealed object with an identity of this home: its vault unwraps it. */
#ifndef COF_APP_OPENING_H
#define COF_APP_OPENING_H

#include "apps/coffer/identity.h"
#include "tcb/seal/seal.h"

/** Is this kid a version of the key that another kid names a version of? A key that was rotated
 * still opens what was sealed before. */
bool cof_is_same_key(const char *kid, const char *other);

/**
 * The data key of an object as it is wrapped for an identity, by whatever version of its keys.
 * @param out_kid  that version; borrowed from front, as *out is
 * @return COF_OK, COF_E_NOT_A_RECIPIENT.
 */
COF_MUST_USE cof_status cof_identity_wrapped(const cof_identity *identity, const cof_front *front,
                                             const char **out_kid, cof_view *out, cof_err *err);

/** With what to open. home is borrowed. */
typedef struct cof_unlocker {
    const char *home;
    const char *identity;   /* NULL: "me" */
    cof_services *services; /* opened at the first need; owned by the unlocker */
    bool services_are_borrowed;
} cof_unlocker;

/** A key callback for cof_open_request and cof_rewrap_file; context is the cof_unlocker. @return
 * COF_OK, COF_E_NOT_A_RECIPIENT, as cof_vault_unwrap. */
cof_status cof_unlock(void *context, const cof_front *front, cof_data_key *out_key, cof_err *err);

void cof_unlocker_drop_(cof_unlocker *unlocker);

#endif
