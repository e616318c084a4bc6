/*
 * Changing grants, and who may. Every change is written whole before it counts: after a failure,
 * memory and disk have the old state.
 */
#ifndef COF_LOCAL_ACCESS_EDIT_H
#define COF_LOCAL_ACCESS_EDIT_H

#include "local/identity/access.h"
#include "local/identity/roles.h"

/** One assignment to be made. Borrowed. */
typedef struct cof_assignment {
    const char *principal; /* object id */
    const char *role;      /* built in, or custom */
    const char *scope;
    const char *by;  /* object id of who grants it; "" at the first start */
    int64_t expires; /* Unix seconds; 0: never */
} cof_assignment;

/**
 * @param out_id  the assignment's own id, a GUID and a NUL
 * @return COF_OK, COF_E_NOT_FOUND (no such principal or role), COF_E_BAD_ARGUMENT (scope, or time),
 * COF_E_EXISTS, COF_E_LIMIT, or as the state's functions.
 */
COF_MUST_USE cof_status cof_access_grant(cof_access *access, const cof_assignment *grant,
                                         char out_id[static 37], cof_err *err);

/** @return COF_OK, COF_E_NOT_FOUND, COF_E_FORBIDDEN (the last one who could change grants). */
COF_MUST_USE cof_status cof_access_revoke(cof_access *access, const char *id, cof_err *err);

/** Revokes all that one principal has. @return also COF_OK when it has none. */
COF_MUST_USE cof_status cof_access_revoke_all(cof_access *access, const char *object_id,
                                              cof_err *err);

/** Makes a custom role. @param actions  JSON array of names. @return COF_OK, COF_E_EXISTS,
 * COF_E_BAD_ARGUMENT, COF_E_LIMIT. */
COF_MUST_USE cof_status cof_access_add_role(cof_access *access, const char *name,
                                            const json_t *actions, cof_err *err);
/** @return COF_OK, COF_E_NOT_FOUND, COF_E_BUSY (it is granted to somebody). */
COF_MUST_USE cof_status cof_access_remove_role(cof_access *access, const char *name, cof_err *err);

/**
 * May this caller make the grant? Only what he holds himself, at least as far and as long.
 *
 * @return COF_OK, COF_E_FORBIDDEN naming the first action that he lacks, COF_E_NOT_FOUND (role).
 */
COF_MUST_USE cof_status cof_access_may_grant(const cof_access *access, const char *caller,
                                             const cof_assignment *grant, cof_err *err);

/**
 * May the caller act for this principal: give it a credential, or make somebody a member of it?
 * Only when he holds, and for as long, all that it was granted. Oneself is fine.
 *
 * @return COF_OK, COF_E_FORBIDDEN.
 */
COF_MUST_USE cof_status cof_access_may_act_for(const cof_access *access, const char *caller,
                                               const char *object_id, cof_err *err);

/** Counts up with every change. */
int64_t cof_access_revision(const cof_access *access);

/** [{"id","principal","role","scope","created","created_by","expires"}]; borrowed. */
const json_t *cof_access_assignments(const cof_access *access);
/** [{"name","actions","created"}], the custom ones; borrowed. */
const json_t *cof_access_custom_roles(const cof_access *access);

/** {"last": time | null, "actions": […], "scopes": […], "more": bool} of an assignment: what it was
 * used for. The caller owns it. */
COF_MUST_USE cof_status cof_access_use_json(const cof_access *access, const char *id, json_t **out,
                                            cof_err *err);

#endif
