/*
 * Rotation policies: when a key gets a new version by itself, and when somebody is told that it
 * will expire.
 *
 *   {"lifetimeActions":[{"trigger":{"timeAfterCreate":"P90D"} or {"timeBeforeExpiry":"P30D"},
 *                        "action":{"type":"Rotate" or "Notify"}},…],
 *    "attributes":{["expiryTime":"P1Y",]"created","updated"}}
 */
#ifndef COF_LOCAL_ROTATION_POLICY_H
#define COF_LOCAL_ROTATION_POLICY_H

#include "tcb/wire/json.h"

typedef enum cof_rotation_action { COF_ROTATION_ROTATE, COF_ROTATION_NOTIFY } cof_rotation_action;

/**
 * Reads a request to set a policy; unknown members are ignored.
 *
 * @param old  the policy before it; NULL: none
 * @param out  the caller owns it
 * @return COF_OK, COF_E_BAD_ARGUMENT with what to tell the caller, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_rotation_policy_read(const json_t *request, const json_t *old,
                                                 int64_t now_unix_s, json_t **out, cof_err *err);

/** What a key has as long as nobody set one: a notice 30 days before it expires. */
COF_MUST_USE cof_status cof_rotation_policy_default(int64_t created_unix_s, json_t **out,
                                                    cof_err *err);

/** Is the time of this action come for a version with this meta data? */
bool cof_rotation_policy_is_due(const json_t *policy, cof_rotation_action action,
                                const json_t *meta, int64_t now_unix_s);

/** When a version that is made now expires. @return COF_KEY_NO_EXPIRY's value, -1, when it does
 * not. */
int64_t cof_rotation_policy_expiry(const json_t *policy, int64_t now_unix_s);

#endif
