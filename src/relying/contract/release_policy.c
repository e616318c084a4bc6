#include "relying/contract/release_policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relying/contract/release_entry.h"
#include "relying/contract/scalar.h"
#include "tcb/wire/json.h"

enum { TAG_SIZE = 64 };

static void tag_name(const char *kind, const char *digest, char out[static TAG_SIZE])
{
    (void)snprintf(out, TAG_SIZE, "coffer.%s.%.32s", kind, digest);
}

static cof_status refuse_entry(cof_err *err)
{
    return COF_FAIL(err, CONFIG, "the key's release policy has an entry that no consent has made");
}

static cof_status check_policy(const json_t *policy, const json_t **out_entries, cof_err *err)
{
    static const char *const keys[] = {"version", "anyOf"};
    const char *version = json_string_value(json_object_get(policy, "version"));
    const json_t *entries = json_object_get(policy, "anyOf");
    if (!json_is_object(policy) || version == NULL || strcmp(version, "1.0.0") != 0 ||
        !json_is_array(entries) || cof_json_only(policy, keys, 2, NULL) != COF_OK) {
        return refuse_entry(err);
    }
    if (json_array_size(entries) > COF_RELEASE_POLICY_ENTRIES) {
        return COF_FAIL(err, LIMIT, "the key's release policy has %zu entries",
                        json_array_size(entries));
    }
    *out_entries = entries;
    return COF_OK;
}

static bool has_expired(const json_t *tags, const char *digest, int64_t now_unix_s)
{
    char name[TAG_SIZE];
    int64_t expires = 0;
    tag_name("expires", digest, name);
    const char *text = json_string_value(json_object_get(tags, name));
    return now_unix_s > 0 && text != NULL && cof_scalar_integer(text, &expires) &&
           expires <= now_unix_s;
}

/* Puts an entry at its place in the order of digests. */
static cof_status insert_entry(json_t *entries, const json_t *entry, const char *digest,
                               cof_err *err)
{
    size_t place = 0;
    while (place < json_array_size(entries)) {
        char other[COF_RELEASE_DIGEST_SIZE] = "";
        COF_TRY(cof_release_entry_read(json_array_get(entries, place), other, err));
        if (strcmp(other, digest) > 0) {
            break;
        }
        place++;
    }
    if (json_array_size(entries) == COF_RELEASE_POLICY_ENTRIES) {
        return COF_FAIL(err, LIMIT, "a release policy has at most %d entries",
                        COF_RELEASE_POLICY_ENTRIES);
    }
    if (json_array_insert_new(entries, place, json_deep_copy(entry)) != 0) {
        return COF_FAIL(err, NO_MEMORY, "release policy");
    }
    return COF_OK;
}

static void drop_tags(json_t *tags, const char *digest)
{
    char name[TAG_SIZE];
    tag_name("expires", digest, name);
    (void)json_object_del(tags, name);
    tag_name("runs", digest, name);
    (void)json_object_del(tags, name);
}

/* Copies the entries that stay; tags of the others go. digest: of the contract that is added, or
 * NULL. */
static cof_status keep_entries(const json_t *policy, const char *digest, int64_t now_unix_s,
                               json_t *entries, json_t *tags, cof_err *err)
{
    const json_t *present = NULL;
    COF_TRY(check_policy(policy, &present, err));
    for (size_t i = 0; i < json_array_size(present); i++) {
        const json_t *entry = json_array_get(present, i);
        char other[COF_RELEASE_DIGEST_SIZE] = "";
        COF_TRY(cof_release_entry_read(entry, other, err));
        if ((digest != NULL && strcmp(other, digest) == 0) ||
            has_expired(tags, other, now_unix_s)) {
            drop_tags(tags, other);
            continue;
        }
        if (digest != NULL && strncmp(other, digest, 32) == 0) {
            return COF_FAIL(err, EXISTS,
                            "another contract of this key has the same first 32 digits");
        }
        COF_TRY(insert_entry(entries, entry, other, err));
    }
    return COF_OK;
}

static cof_status set_tag(json_t *tags, const char *kind, const char *digest, int64_t value,
                          cof_err *err)
{
    char name[TAG_SIZE];
    char text[24];
    tag_name(kind, digest, name);
    (void)snprintf(text, sizeof text, "%" PRId64, value);
    return cof_json_set(tags, name, json_string(text), err);
}

static cof_status add_contract(const cof_contract *contract, const char *digest, json_t *entries,
                               json_t *tags, cof_err *err)
{
    COF_JSON json_t *added = json_array();
    cof_policy policy;
    COF_TRY(cof_policy_from_contract(contract, &policy, err));
    COF_TRY(cof_release_entries_add(added, contract->authority, &policy, digest, err));
    for (size_t i = 0; i < contract->other_authority_count; i++) {
        COF_TRY(
            cof_release_entries_add(added, contract->other_authorities[i], &policy, digest, err));
    }
    for (size_t i = 0; i < json_array_size(added); i++) {
        COF_TRY(insert_entry(entries, json_array_get(added, i), digest, err));
    }
    COF_TRY(set_tag(tags, "expires", digest, contract->limits.expires_unix_s, err));
    return set_tag(tags, "runs", digest, contract->limits.runs, err);
}

static cof_status make_policy(json_t *entries, json_t **out, cof_err *err)
{
    if (json_array_size(entries) == 0) {
        *out = NULL;
        return COF_OK;
    }
    COF_JSON json_t *policy = json_object();
    COF_TRY(cof_json_set(policy, "version", json_string("1.0.0"), err));
    COF_TRY(cof_json_set(policy, "anyOf", json_incref(entries), err));
    *out = policy;
    policy = NULL;
    return COF_OK;
}

cof_status cof_release_policy_merge(const json_t *policy, const json_t *tags,
                                    const cof_contract *contract, int64_t now_unix_s,
                                    json_t **out_policy, json_t **out_tags, cof_err *err)
{
    COF_JSON json_t *entries = json_array();
    COF_JSON json_t *new_tags = tags == NULL ? json_object() : json_deep_copy(tags);
    char digest[COF_RELEASE_DIGEST_SIZE] = "";
    if (entries == NULL || new_tags == NULL) {
        return COF_FAIL(err, NO_MEMORY, "release policy");
    }
    if (contract != NULL) {
        if (now_unix_s > 0 && cof_contract_is_expired(contract, now_unix_s)) {
            return COF_FAIL(err, CONTRACT_EXPIRED, "the contract expired at %" PRId64,
                            contract->limits.expires_unix_s);
        }
        cof_digest_text(&contract->digest, digest);
    }
    if (policy != NULL) {
        COF_TRY(keep_entries(policy, contract == NULL ? NULL : digest, now_unix_s, entries,
                             new_tags, err));
    }
    if (contract != NULL) {
        COF_TRY(add_contract(contract, digest, entries, new_tags, err));
    }
    COF_TRY(make_policy(entries, out_policy, err));
    *out_tags = new_tags;
    new_tags = NULL;
    return COF_OK;
}

cof_status cof_release_policy_withdraw(const json_t *policy, const json_t *tags, const char *digest,
                                       json_t **out_policy, json_t **out_tags, bool *out_found,
                                       cof_err *err)
{
    COF_JSON json_t *entries = json_array();
    COF_JSON json_t *new_tags = tags == NULL ? json_object() : json_deep_copy(tags);
    if (entries == NULL || new_tags == NULL) {
        return COF_FAIL(err, NO_MEMORY, "release policy");
    }
    const size_t tag_count = json_object_size(new_tags);
    const size_t before = json_array_size(json_object_get(policy, "anyOf"));
    COF_TRY(keep_entries(policy, digest, 0, entries, new_tags, err));
    /* Tags without an entry: of a consent that was interrupted. */
    drop_tags(new_tags, digest);
    const bool is_found =
        json_array_size(entries) != before || json_object_size(new_tags) != tag_count;
    COF_TRY(make_policy(entries, out_policy, err));
    *out_tags = new_tags;
    new_tags = NULL;
    *out_found = is_found;
    return COF_OK;
}
