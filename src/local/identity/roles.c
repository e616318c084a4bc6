#include "local/identity/roles.h"

#include <string.h>

#include "local/identity/access.h"

/* Of the control plane: no service here asks for them, tokens carry the role's name. They are
 * actions so that who may grant such a role follows the same rule as everything else. */
#define ACTION_OWN     "coffer/data-owner"
#define ACTION_RECEIVE "coffer/recipient"
#define ACTION_OPERATE "coffer/operator"
#define ACTION_AUDIT   "coffer/auditor"
#define ACTION_ADMIN   "coffer/admin"

static const char *const names[] = {
    COF_ACTION_KEY_CREATE,
    COF_ACTION_KEY_IMPORT,
    COF_ACTION_KEY_GET,
    COF_ACTION_KEY_LIST,
    COF_ACTION_KEY_UPDATE,
    COF_ACTION_KEY_DELETE,
    COF_ACTION_KEY_RECOVER,
    COF_ACTION_KEY_PURGE,
    COF_ACTION_KEY_BACKUP,
    COF_ACTION_KEY_RESTORE,
    COF_ACTION_KEY_ROTATE,
    COF_ACTION_KEY_GET_ROTATION,
    COF_ACTION_KEY_SET_ROTATION,
    COF_ACTION_KEY_ENCRYPT,
    COF_ACTION_KEY_DECRYPT,
    COF_ACTION_KEY_WRAP,
    COF_ACTION_KEY_UNWRAP,
    COF_ACTION_KEY_SIGN,
    COF_ACTION_KEY_VERIFY,
    COF_ACTION_KEY_RELEASE,
    COF_ACTION_KEY_RANDOM,
    COF_ACTION_SECRET_GET,
    COF_ACTION_SECRET_LIST,
    COF_ACTION_SECRET_SET,
    COF_ACTION_SECRET_DELETE,
    COF_ACTION_SECRET_RECOVER,
    COF_ACTION_SECRET_PURGE,
    COF_ACTION_SECRET_BACKUP,
    COF_ACTION_SECRET_RESTORE,
    COF_ACTION_ATTEST_READ,
    COF_ACTION_ATTEST_WRITE,
    COF_ACTION_ATTEST_DELETE,
    COF_ACTION_ACCESS_READ,
    COF_ACTION_ACCESS_WRITE,
    COF_ACTION_AUDIT_READ,
    COF_ACTION_AUTHORITY_WRITE,
    ACTION_OWN,
    ACTION_RECEIVE,
    ACTION_OPERATE,
    ACTION_AUDIT,
    ACTION_ADMIN,
};
enum { NAMES = sizeof names / sizeof names[0] };
_Static_assert(NAMES <= 64, "a set of actions has 64 bits");

#define OFFICER_KEYS                                                                               \
    COF_ACTION_KEY_CREATE, COF_ACTION_KEY_IMPORT, COF_ACTION_KEY_GET, COF_ACTION_KEY_LIST,         \
        COF_ACTION_KEY_UPDATE, COF_ACTION_KEY_DELETE, COF_ACTION_KEY_RECOVER,                      \
        COF_ACTION_KEY_PURGE, COF_ACTION_KEY_BACKUP, COF_ACTION_KEY_RESTORE,                       \
        COF_ACTION_KEY_ROTATE, COF_ACTION_KEY_GET_ROTATION, COF_ACTION_KEY_SET_ROTATION,           \
        COF_ACTION_KEY_ENCRYPT, COF_ACTION_KEY_DECRYPT, COF_ACTION_KEY_WRAP,                       \
        COF_ACTION_KEY_UNWRAP, COF_ACTION_KEY_SIGN, COF_ACTION_KEY_VERIFY, COF_ACTION_KEY_RANDOM
#define OFFICER_SECRETS                                                                            \
    COF_ACTION_SECRET_GET, COF_ACTION_SECRET_LIST, COF_ACTION_SECRET_SET,                          \
        COF_ACTION_SECRET_DELETE, COF_ACTION_SECRET_RECOVER, COF_ACTION_SECRET_PURGE,              \
        COF_ACTION_SECRET_BACKUP, COF_ACTION_SECRET_RESTORE

static const cof_role roles[] = {
    {"Key Vault Administrator",
     "all of keys and secrets, and whose attestation keys may be released to; no release",
     {OFFICER_KEYS, OFFICER_SECRETS, COF_ACTION_AUTHORITY_WRITE},
     false},
    {"Key Vault Crypto Officer", "all of keys; no release", {OFFICER_KEYS}, false},
    {"Key Vault Crypto User",
     "use keys, and change what they may be used for",
     {COF_ACTION_KEY_GET, COF_ACTION_KEY_LIST, COF_ACTION_KEY_UPDATE, COF_ACTION_KEY_BACKUP,
      COF_ACTION_KEY_ENCRYPT, COF_ACTION_KEY_DECRYPT, COF_ACTION_KEY_WRAP, COF_ACTION_KEY_UNWRAP,
      COF_ACTION_KEY_SIGN, COF_ACTION_KEY_VERIFY, COF_ACTION_KEY_RANDOM},
     false},
    {"Key Vault Crypto Service Encryption User",
     "see keys, wrap and unwrap with them",
     {COF_ACTION_KEY_GET, COF_ACTION_KEY_LIST, COF_ACTION_KEY_WRAP, COF_ACTION_KEY_UNWRAP},
     false},
    {"Key Vault Crypto Service Release User",
     "have keys released to an attested enclave",
     {COF_ACTION_KEY_RELEASE},
     false},
    {"Key Vault Reader",
     "see keys and secrets, but no secret's value",
     {COF_ACTION_KEY_GET, COF_ACTION_KEY_LIST, COF_ACTION_KEY_GET_ROTATION, COF_ACTION_SECRET_LIST},
     false},
    {"Key Vault Secrets Officer", "all of secrets", {OFFICER_SECRETS}, false},
    {"Key Vault Secrets User",
     "read secrets",
     {COF_ACTION_SECRET_GET, COF_ACTION_SECRET_LIST},
     false},
    {"Attestation Reader",
     "see attestation policies, their signers and baselines",
     {COF_ACTION_ATTEST_READ},
     false},
    {"Attestation Contributor",
     "change attestation policies and who signs them",
     {COF_ACTION_ATTEST_READ, COF_ACTION_ATTEST_WRITE, COF_ACTION_ATTEST_DELETE},
     false},
    {"Access Administrator",
     "change the directory, and grant what he holds himself",
     {COF_ACTION_ACCESS_READ, COF_ACTION_ACCESS_WRITE},
     false},
    {"Access Reader", "see the directory and all grants", {COF_ACTION_ACCESS_READ}, false},
    {"Audit Reader", "read the decisions of the vault", {COF_ACTION_AUDIT_READ}, false},
    {"data-owner", "jobs: give data, consent", {ACTION_OWN}, true},
    {"recipient", "jobs: receive results", {ACTION_RECEIVE}, true},
    {"operator", "jobs: run them", {ACTION_OPERATE}, true},
    {"auditor", "jobs: read records", {ACTION_AUDIT}, true},
    {"admin", "jobs: everything of the control plane", {ACTION_ADMIN}, true},
};

int cof_action_index(const char *action)
{
    for (size_t i = 0; i < NAMES; i++) {
        if (strcmp(names[i], action) == 0) {
            return (int)i;
        }
    }
    return -1;
}

const char *cof_action_name(size_t index)
{
    return index < NAMES ? names[index] : NULL;
}

const cof_role *cof_role_at(size_t index)
{
    return index < sizeof roles / sizeof roles[0] ? &roles[index] : NULL;
}

const cof_role *cof_role_find(const char *name)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (strcmp(roles[i].name, name) == 0) {
            return &roles[i];
        }
    }
    return NULL;
}

static cof_actions bit(const char *action)
{
    const int index = cof_action_index(action);
    return index < 0 ? 0 : (cof_actions)1 << index;
}

cof_actions cof_role_actions(const cof_role *role)
{
    cof_actions set = 0;
    for (size_t i = 0; i < COF_ROLE_ACTIONS && role->actions[i] != NULL; i++) {
        set |= bit(role->actions[i]);
    }
    return set;
}

cof_actions cof_actions_grantable(cof_actions held)
{
    cof_actions set = held;
    if ((held & bit(COF_ACTION_KEY_UPDATE)) != 0) {
        set |= bit(COF_ACTION_KEY_RELEASE);
    }
    if ((held & bit(ACTION_ADMIN)) != 0) {
        set |= bit(ACTION_OWN) | bit(ACTION_RECEIVE) | bit(ACTION_OPERATE) | bit(ACTION_AUDIT);
    }
    return set;
}
