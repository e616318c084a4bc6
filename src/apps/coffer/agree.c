#include "apps/coffer/agree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "apps/coffer/home.h"
#include "apps/coffer/run_state.h"
#include "relying/contract/consent.h"
#include "relying/contract/release_policy.h"
#include "tcb/wire/json.h"

enum { PREFIX_SIZE = 32, KID_BYTES = 512 };

static cof_status consent_path(const cof_agreement *agreement, const char *owner, cof_path *out,
                               cof_err *err)
{
    return cof_path_format(out, err, "%s/consent-%s.json", agreement->folder, owner);
}

/*
 * Whether a contract, by the first 32 hex digits of its digest, is an older one of the same job
 * that nobody is in the middle of: whoever agrees to a job again means the new contract instead.
 * What this home does not know stays.
 */
static bool is_superseded(const cof_agreement *agreement, const char *prefix)
{
    cof_path path;
    glob_t found = {0};
    char pattern[PREFIX_SIZE + 8];
    bool superseded = false;
    if (strspn(prefix, "0123456789abcdef") != PREFIX_SIZE || strlen(prefix) != PREFIX_SIZE ||
        strncmp(prefix, agreement->digest, PREFIX_SIZE) == 0) {
        return false;
    }
    (void)snprintf(pattern, sizeof pattern, "jobs/%s*", prefix);
    if (cof_home_glob(agreement->home, pattern, &found, NULL) == COF_OK && found.gl_pathc == 1) {
        COF_CLEANUP(cof_buf_free) cof_buf text = {0};
        COF_CLEANUP(cof_contract_drop_) cof_contract *old = NULL;
        bool is_open = true;
        cof_buf_init(&text, COF_LIMIT_CONTRACT_BYTES);
        superseded =
            cof_path_format(&path, NULL, "%s/contract.json", found.gl_pathv[0]) == COF_OK &&
            cof_read_file(path.text, &text, NULL) == COF_OK &&
            cof_contract_parse(cof_buf_view(&text), &old, NULL) == COF_OK &&
            strcmp(old->name, agreement->contract->name) == 0 &&
            cof_run_state_is_open(found.gl_pathv[0], &is_open, NULL) == COF_OK && !is_open;
    }
    globfree(&found);
    return superseded;
}

/* The key's tags, with contracts that are superseded marked as expired: the merge then drops them.
 * The caller owns *out. */
static cof_status mark_superseded(const cof_agreement *agreement, const json_t *tags, json_t **out,
                                  cof_err *err)
{
    static const char expires[] = "coffer.expires.";
    const char *name = NULL;
    json_t *value = NULL;
    COF_JSON json_t *marked = json_object();
    json_object_foreach((json_t *)(uintptr_t)tags, name, value)
    {
        const bool over = strncmp(name, expires, sizeof expires - 1) == 0 &&
                          is_superseded(agreement, name + sizeof expires - 1);
        COF_TRY(cof_json_set(marked, name, over ? json_string("1") : json_incref(value), err));
    }
    *out = json_incref(marked);
    return COF_OK;
}

/* Is it the policy of a key that nobody has consented with yet? Whichever authority it names. */
static bool is_closed(const json_t *policy)
{
    const json_t *entry = json_array_get(json_object_get(policy, "anyOf"), 0);
    const char *authority = json_string_value(json_object_get(entry, "authority"));
    COF_JSON json_t *closed = authority != NULL ? cof_identity_closed_policy(authority) : NULL;
    return closed != NULL && json_equal(policy, closed) != 0;
}

/*
 * A vault replaces a policy whole and on no condition: of two commands that have read the same one,
 * the second would undo what the first did, a withdrawal too. Those of one home take turns.
 */
static cof_status take_turn(const char *home, int *out_lock, cof_err *err)
{
    cof_path path;
    COF_TRY(cof_path_format(&path, err, "%s/identities/policy.lock", home));
    *out_lock = open(path.text, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*out_lock < 0) {
        return COF_FAIL_ERRNO(err, errno, path.text);
    }
    while (flock(*out_lock, LOCK_EX) != 0) {
        if (errno != EINTR) {
            return COF_FAIL_ERRNO(err, errno, path.text);
        }
    }
    return COF_OK;
}

/* Puts the contract into the key's policy; what is there already stays, but for older contracts of
 * the same job. */
static cof_status open_policy(const cof_agreement *agreement, const cof_contract_owner *owner,
                              int64_t now, cof_err *err)
{
    COF_JSON json_t *bundle = NULL;
    COF_JSON json_t *present = NULL;
    COF_JSON json_t *policy = NULL;
    COF_JSON json_t *tags = NULL;
    COF_JSON json_t *marked = NULL;
    COF_CLEANUP(cof_fd_drop_) int lock = -1;
    const cof_vault *vault = &agreement->services->vault;
    COF_TRY(take_turn(agreement->home, &lock, err));
    COF_TRY(cof_vault_get(vault, owner->key, &bundle, err));
    COF_TRY(cof_vault_bundle_policy(bundle, &present, err));
    const bool starts_anew = present == NULL || is_closed(present);
    COF_TRY(mark_superseded(agreement, json_object_get(bundle, "tags"), &marked, err));
    COF_TRY(cof_release_policy_merge(starts_anew ? NULL : present, marked, agreement->contract, now,
                                     &policy, &tags, err));
    if (policy == NULL || (json_equal(policy, present) != 0 &&
                           json_equal(tags, json_object_get(bundle, "tags")) != 0)) {
        return COF_OK;
    }
    return cof_vault_update(vault, owner->key, tags, policy, err);
}

static cof_status sign_consent(const cof_agreement *agreement, const cof_contract_owner *owner,
                               const cof_ec_key *key, const char *path, cof_err *err)
{
    COF_JSON json_t *consent = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    cof_buf_init(&text, COF_CONSENT_BYTES);
    COF_TRY(cof_consent_make(agreement->contract, owner->name, key, &consent, err));
    COF_TRY(cof_json_print(consent, &text, err));
    return cof_write_file(path, cof_buf_view(&text), 0644, err);
}

/* Signs first: a key of another contract than this home's own never gets as far as the policy. */
static cof_status agree_with(const cof_agreement *agreement, const cof_contract_owner *owner,
                             int64_t now, cof_err *err)
{
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
    cof_path path;
    COF_TRY(consent_path(agreement, owner->name, &path, err));
    COF_TRY(cof_identity_sign_key(agreement->home, owner->name, &key, err));
    if (access(path.text, F_OK) != 0) {
        COF_TRY(sign_consent(agreement, owner, key, path.text, err));
    }
    return open_policy(agreement, owner, now, err);
}

static cof_status check_expiry(const cof_contract *contract, int64_t now, cof_err *err)
{
    return cof_contract_is_expired(contract, now)
               ? COF_FAIL(err, CONTRACT_EXPIRED, "limits.expires of %s has passed", contract->name)
               : COF_OK;
}

cof_status cof_agree_as(const cof_agreement *agreement, const char *owner, int64_t now_unix_s,
                        cof_err *err)
{
    const cof_contract *contract = agreement->contract;
    COF_TRY(check_expiry(contract, now_unix_s, err));
    for (size_t i = 0; i < contract->owner_count; i++) {
        if (strcmp(contract->owners[i].name, owner) == 0) {
            return agree_with(agreement, &contract->owners[i], now_unix_s, err);
        }
    }
    return COF_FAIL(err, NOT_FOUND, "%s owns no input of this contract", owner);
}

/* The consent in a file, and whose it is. */
static cof_status read_consent(const cof_agreement *agreement, const char *path, cof_buf *out,
                               size_t *out_owner, cof_err *err)
{
    cof_buf_init(out, COF_CONSENT_BYTES);
    COF_TRY(cof_read_file(path, out, err));
    const cof_status status =
        cof_consent_verify(cof_buf_view(out), agreement->contract, out_owner, err);
    if (status != COF_OK) {
        cof_err_context(err, "%s", path);
    }
    return status;
}

cof_status cof_agree_take(const cof_agreement *agreement, const char *path, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    cof_path target;
    size_t owner = 0;
    COF_TRY(read_consent(agreement, path, &text, &owner, err));
    COF_TRY(consent_path(agreement, agreement->contract->owners[owner].name, &target, err));
    return cof_write_file(target.text, cof_buf_view(&text), 0644, err);
}

cof_status cof_agree_missing(const cof_agreement *agreement, size_t *out_owners, size_t *out_count,
                             cof_err *err)
{
    size_t count = 0;
    for (size_t i = 0; i < agreement->contract->owner_count; i++) {
        const char *name = agreement->contract->owners[i].name;
        COF_CLEANUP(cof_buf_free) cof_buf text = {0};
        COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
        cof_path path;
        size_t owner = 0;
        COF_TRY(consent_path(agreement, name, &path, err));
        const cof_status status = cof_identity_sign_key(agreement->home, name, &key, err);
        if (status == COF_OK) {
            continue;
        }
        if (status != COF_E_CONSENT_MISSING) {
            return status;
        }
        if (access(path.text, F_OK) != 0) {
            out_owners[count++] = i;
            continue;
        }
        COF_TRY(read_consent(agreement, path.text, &text, &owner, err));
        if (owner != i) {
            return COF_FAIL(err, BAD_SIGNATURE, "%s is not %s's consent", path.text, name);
        }
    }
    *out_count = count;
    return COF_OK;
}

cof_status cof_agree(const cof_agreement *agreement, int64_t now_unix_s, cof_err *err)
{
    const cof_contract *contract = agreement->contract;
    size_t missing[COF_LIMIT_OWNERS];
    size_t missing_count = 0;
    COF_TRY(check_expiry(contract, now_unix_s, err));
    COF_TRY(cof_agree_missing(agreement, missing, &missing_count, err));
    if (missing_count > 0) {
        return COF_FAIL(err, CONSENT_MISSING, "%s%s: give the owner %s/contract.json",
                        contract->owners[missing[0]].name, missing_count > 1 ? " and others" : "",
                        agreement->folder);
    }
    for (size_t i = 0; i < contract->owner_count; i++) {
        cof_path sign;
        COF_TRY(cof_path_format(&sign, err, "%s/identities/%s.sign", agreement->home,
                                contract->owners[i].name));
        if (access(sign.text, F_OK) == 0) {
            COF_TRY(agree_with(agreement, &contract->owners[i], now_unix_s, err));
        }
    }
    return COF_OK;
}

/* ---- taking it back ---- */

typedef struct withdrawal {
    const cof_services *services;
    const char *digest;
    bool was_found;
    cof_status status; /* of the first version that could not be changed */
    cof_err why;
} withdrawal;

static cof_status withdraw_from(const cof_services *services, const char *kid, const char *digest,
                                bool *out_found, cof_err *err)
{
    COF_JSON json_t *bundle = NULL;
    COF_JSON json_t *present = NULL;
    COF_JSON json_t *policy = NULL;
    COF_JSON json_t *tags = NULL;
    COF_TRY(cof_vault_get(&services->vault, kid, &bundle, err));
    COF_TRY(cof_vault_bundle_policy(bundle, &present, err));
    if (present == NULL || is_closed(present)) {
        *out_found = false;
        return COF_OK;
    }
    COF_TRY(cof_release_policy_withdraw(present, json_object_get(bundle, "tags"), digest, &policy,
                                        &tags, out_found, err));
    if (!*out_found) {
        return COF_OK;
    }
    if (policy == NULL) {
        policy = cof_identity_closed_policy(services->attestation[0]);
        if (policy == NULL) {
            return COF_FAIL(err, NO_MEMORY, "release policy");
        }
    }
    return cof_vault_update(&services->vault, kid, tags, policy, err);
}

/* One that cannot be changed does not keep the others open. */
static cof_status withdraw_version(void *context, const json_t *item, cof_err *err)
{
    withdrawal *w = context;
    const char *kid = NULL;
    bool is_found = false;
    cof_err why = {0};
    COF_TRY(cof_json_get_text(item, "kid", KID_BYTES, &kid, err));
    const cof_status status = withdraw_from(w->services, kid, w->digest, &is_found, &why);
    w->was_found = w->was_found || (status == COF_OK && is_found);
    if (status != COF_OK && w->status == COF_OK) {
        w->status = status;
        w->why = why;
    }
    return COF_OK;
}

cof_status cof_agree_withdraw(const char *home, const cof_services *services, const char *key,
                              const char *digest, bool *out_found, cof_err *err)
{
    withdrawal w = {.services = services, .digest = digest};
    COF_CLEANUP(cof_fd_drop_) int lock = -1;
    cof_path base;
    cof_path path;
    const char *name = strstr(key, "/keys/");
    const char *version = strrchr(key, '/');
    if (name == NULL || version <= name + strlen("/keys")) {
        return COF_FAIL(err, BAD_FORMAT, "%.100s is no version of a key", key);
    }
    COF_TRY(cof_path_format(&base, err, "%.*s", (int)(name - key), key));
    COF_TRY(cof_path_format(&path, err, "%.*s/versions", (int)(version - name), name));
    COF_TRY(take_turn(home, &lock, err));
    /* The present one first: a client that may not list the others has done that at least. */
    COF_TRY(withdraw_from(services, key, digest, &w.was_found, err));
    COF_TRY(cof_vault_list(&services->vault, base.text, path.text, withdraw_version, &w, err));
    if (w.status != COF_OK) {
        if (err != NULL) {
            *err = w.why;
        }
        return w.status;
    }
    *out_found = w.was_found;
    return COF_OK;
}
