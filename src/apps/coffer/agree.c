#include "apps/coffer/agree.h"

#include <glob.h>
#include <string.h>
#include <unistd.h>

#include "apps/coffer/run_state.h"
#include "relying/contract/consent.h"
#include "relying/contract/release_policy.h"
#include "tcb/wire/json.h"

enum { PREFIX_SIZE = 32 };

static cof_status consent_path(const cof_request *request, const char *owner, cof_path *out,
                               cof_err *err)
{
    return cof_path_format(out, err, "%s/consent-%s.json", request->job_path.text, owner);
}

/*
 * Whether a contract, by the first 32 hex digits of its digest, is an older one of the same job
 * that nobody is in the middle of: whoever agrees to a job again means the new contract instead.
 * What this home does not know stays.
 */
static bool is_superseded(const cof_request *request, const char *prefix)
{
    cof_path path;
    glob_t found = {0};
    bool superseded = false;
    if (strspn(prefix, "0123456789abcdef") != PREFIX_SIZE || strlen(prefix) != PREFIX_SIZE ||
        strncmp(prefix, request->digest, PREFIX_SIZE) == 0 ||
        cof_path_format(&path, NULL, "%s/jobs/%s*", request->home, prefix) != COF_OK) {
        return false;
    }
    if (glob(path.text, 0, NULL, &found) == 0 && found.gl_pathc == 1) {
        COF_CLEANUP(cof_buf_free) cof_buf text = {0};
        COF_CLEANUP(cof_contract_drop_) cof_contract *old = NULL;
        bool is_open = true;
        cof_buf_init(&text, COF_LIMIT_CONTRACT_BYTES);
        superseded =
            cof_path_format(&path, NULL, "%s/contract.json", found.gl_pathv[0]) == COF_OK &&
            cof_read_file(path.text, &text, NULL) == COF_OK &&
            cof_contract_parse(cof_buf_view(&text), &old, NULL) == COF_OK &&
            strcmp(old->name, request->contract->name) == 0 &&
            cof_run_state_is_open(found.gl_pathv[0], &is_open, NULL) == COF_OK && !is_open;
    }
    globfree(&found);
    return superseded;
}

/* The key's tags, with contracts that are superseded marked as expired: the merge then drops them.
 * The caller owns *out. */
static cof_status mark_superseded(const cof_request *request, const json_t *tags, json_t **out,
                                  cof_err *err)
{
    static const char expires[] = "coffer.expires.";
    const char *name = NULL;
    json_t *value = NULL;
    COF_JSON json_t *marked = json_object();
    json_object_foreach((json_t *)(uintptr_t)tags, name, value)
    {
        const bool over = strncmp(name, expires, sizeof expires - 1) == 0 &&
                          is_superseded(request, name + sizeof expires - 1);
        COF_TRY(cof_json_set(marked, name, over ? json_string("1") : json_incref(value), err));
    }
    *out = json_incref(marked);
    return COF_OK;
}

/* Puts the contract into the key's policy; what is there already stays, but for older contracts of
 * the same job. */
static cof_status open_policy(const cof_request *request, const cof_contract_owner *owner,
                              int64_t now, cof_err *err)
{
    COF_JSON json_t *bundle = NULL;
    COF_JSON json_t *present = NULL;
    COF_JSON json_t *closed = cof_identity_closed_policy(request->services->url);
    COF_JSON json_t *policy = NULL;
    COF_JSON json_t *tags = NULL;
    COF_JSON json_t *marked = NULL;
    COF_TRY(cof_vault_get(&request->services->vault, owner->key, &bundle, err));
    COF_TRY(cof_vault_bundle_policy(bundle, &present, err));
    const bool is_closed = present == NULL || json_equal(present, closed) != 0;
    COF_TRY(mark_superseded(request, json_object_get(bundle, "tags"), &marked, err));
    COF_TRY(cof_release_policy_merge(is_closed ? NULL : present, marked, request->contract, now,
                                     &policy, &tags, err));
    if (policy == NULL || (json_equal(policy, present) != 0 &&
                           json_equal(tags, json_object_get(bundle, "tags")) != 0)) {
        return COF_OK;
    }
    return cof_vault_update(&request->services->vault, owner->key, tags, policy, err);
}

static cof_status agree_as(const cof_request *request, const cof_contract_owner *owner,
                           const cof_ec_key *key, int64_t now, cof_err *err)
{
    cof_path path;
    COF_JSON json_t *consent = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_TRY(consent_path(request, owner->name, &path, err));
    COF_TRY(open_policy(request, owner, now, err));
    if (access(path.text, F_OK) == 0) {
        return COF_OK;
    }
    cof_buf_init(&text, COF_CONSENT_BYTES);
    COF_TRY(cof_consent_make(request->contract, owner->name, key, &consent, err));
    COF_TRY(cof_json_print(consent, &text, err));
    return cof_write_file(path.text, cof_buf_view(&text), 0644, err);
}

cof_status cof_agree(const cof_request *request, int64_t now_unix_s, cof_err *err)
{
    if (cof_contract_is_expired(request->contract, now_unix_s)) {
        return COF_FAIL(err, CONTRACT_EXPIRED, "limits.expires of %s has passed",
                        request->path.text);
    }
    for (size_t i = 0; i < request->contract->owner_count; i++) {
        const cof_contract_owner *owner = &request->contract->owners[i];
        COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
        cof_path path;
        COF_TRY(consent_path(request, owner->name, &path, err));
        const cof_status status = cof_identity_sign_key(request->home, owner->name, &key, err);
        if (status == COF_E_CONSENT_MISSING && access(path.text, F_OK) == 0) {
            continue; /* somebody else's, and given */
        }
        COF_TRY(status);
        COF_TRY(agree_as(request, owner, key, now_unix_s, err));
    }
    return COF_OK;
}
