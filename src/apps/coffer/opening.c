#include "apps/coffer/opening.h"

#include <string.h>

bool cof_is_same_key(const char *kid, const char *other)
{
    const char *slash = strrchr(other, '/');
    const size_t size = slash != NULL ? (size_t)(slash - other) + 1 : 0;
    return strncmp(kid, other, size) == 0 && size > 0 && strchr(kid + size, '/') == NULL;
}

cof_status cof_identity_wrapped(const cof_identity *identity, const cof_front *front,
                                const char **out_kid, cof_view *out, cof_err *err)
{
    for (size_t i = 0; i < cof_front_recipient_count(front); i++) {
        uint8_t algorithm = 0;
        const char *kid = cof_front_recipient(front, i, &algorithm);
        if (cof_is_same_key(kid, identity->results_kid) ||
            cof_is_same_key(kid, identity->data_kid)) {
            *out_kid = kid;
            return cof_front_wrapped(front, kid, out, err);
        }
    }
    return COF_FAIL(err, NOT_A_RECIPIENT, "%s is sealed for %zu recipients, and %s is none of them",
                    cof_front_header(front)->name, cof_front_recipient_count(front),
                    identity->name);
}

cof_status cof_unlock(void *context, const cof_front *front, cof_data_key *out_key, cof_err *err)
{
    cof_unlocker *unlocker = context;
    const char *name = unlocker->identity != NULL ? unlocker->identity : "me";
    COF_CLEANUP(cof_identity_drop_) cof_identity *identity = NULL;
    const char *kid = NULL;
    cof_view wrapped = {0};
    COF_TRY(cof_identity_load(unlocker->home, name, &identity, err));
    COF_TRY(cof_identity_wrapped(identity, front, &kid, &wrapped, err));
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
