/* The actions there are, and the built-in roles. Data only. */
#ifndef COF_LOCAL_ROLES_H
#define COF_LOCAL_ROLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COF_ROLE_NAME_MAX = 100, COF_ROLE_ACTIONS = 48 };

/** A set of actions: bit i is the i-th of cof_action_name. */
typedef uint64_t cof_actions;

/** The number of an action, or -1. */
int cof_action_index(const char *action);
/** Its name, or NULL at the end of the list. */
const char *cof_action_name(size_t index);

/** A built-in role. */
typedef struct cof_role {
    const char *name;
    const char *summary;
    const char *actions[COF_ROLE_ACTIONS]; /* ended by NULL */
    bool is_app_role; /* stands in the roles claim of tokens for api://coffer, and nowhere else */
} cof_role;

/** The index-th built-in role, or NULL. */
const cof_role *cof_role_at(size_t index);
const cof_role *cof_role_find(const char *name);
cof_actions cof_role_actions(const cof_role *role);

/**
 * What somebody who holds these may give to others: them, and what whoever holds them decides
 * about anyway. Who may change a key's release policy (keys/update) decides what it is released
 * to; the administrator of the control plane appoints its operators.
 */
cof_actions cof_actions_grantable(cof_actions held);

#endif
