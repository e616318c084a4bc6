#include "apps/coffer/opening.h"

#include <string.h>

cof_status cof_unlock(void *context, const cof_front *front, cof_data_key *out_key, cof_err *err)
{
    cof_unlocker *unlocker = context;
    const char *name = unlocker->identity != NULL ? unlocker->identity : "me";
    COF_CLEANUP(cof_identity_drop_) cof_identity *identity = NULL;
    cof_view wrapped = {0};
    COF_TRY(cof_identity_load(unlocker->home, name, &identity, err));
    const char *kid = identity->results_kid;
    cof_status status = cof_front_wrapped(front, kid, &wrapped, err);
    if (status == COF_E_NOT_A_RECIPIENT) {
        kid = identity->data_kid;
        status = cof_front_wrapped(front, kid, &wrapped, err);
    }
    if (status == COF_E_NOT_A_RECIPIENT) {
        return COF_FAIL(err, NOT_A_RECIPIENT,
                        "%s is sealed for %zu recipients, and %s is none of them",
                        cof_front_header(front)->name, cof_front_recipient_count(front), name);
    }
    COF_TRY(status);
    if (unlocker->services == NULL) {
        COF_TRY(cof_services_open(unlocker->home, &unlocker->services, err));
    }
    return cof_vault_unwrap(&unlocker->services->vault, kid, wrapped, out_key, err);
}

void cof_unlocker_drop_(cof_unlocker *unlocker)
{
    if (!unlocker->services_are_borrowed) {
        cof_services_free(unlocker->services);
    }
    unlocker->services = NULL;
}
