#include "relying/contract/release_policy.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relying/contract/scalar.h"
#include "tcb/wire/json.h"

/*
 * Implementation notes: an entry is read by rebuilding it. From the authority, the measurements and
 * the digest that it has, the entry that a consent would write is made, and must be equal: so
 * whatever else stands in a policy (a claim left out, a second way in) is found without a list of
 * what can go wrong.
 */

enum { TAG_SIZE = 64, HEX_SIZE = 2 * COF_DIGEST_SIZE + 1 };

static void tag_name(const char *kind, const char *digest, char out[static TAG_SIZE])
{
    (void)snprintf(out, TAG_SIZE, "coffer.%s.%.32s", kind, digest);
}

static cof_status add_claim(json_t *list, const char *claim, json_t *value, cof_err *err)
{
    COF_JSON json_t *owned = value;
    COF_JSON json_t *condition = json_object();
    COF_TRY(cof_json_set(condition, "claim", json_string(claim), err));
    COF_TRY(cof_json_set(condition, "equals", json_incref(owned), err));
    return cof_json_append(list, json_incref(condition), err);
}

static cof_status add_measurements(json_t *list, const json_t *measurements, cof_err *err)
{
    COF_JSON json_t *any = json_array();
    COF_JSON json_t *condition = json_object();
    for (size_t i = 0; i < json_array_size(measurements); i++) {
        COF_TRY(add_claim(any, "x-ms-sgx-mrenclave", json_incref(json_array_get(measurements, i)),
                          err));
    }
    COF_TRY(cof_json_set(condition, "anyOf", json_incref(any), err));
    return cof_json_append(list, json_incref(condition), err);
}

static cof_status make_entry(const char *authority, const json_t *measurements, const char *digest,
                             json_t **out, cof_err *err)
{
    COF_JSON json_t *all = json_array();
    COF_JSON json_t *entry = json_object();
    COF_TRY(add_claim(all, "x-ms-attestation-type", json_string("sgx"), err));
    COF_TRY(add_claim(all, "x-ms-sgx-is-debuggable", json_false(), err));
    COF_TRY(add_measurements(all, measurements, err));
    COF_TRY(add_claim(all, "x-ms-runtime.contract", json_string(digest), err));
    COF_TRY(cof_json_set(entry, "authority", json_string(authority), err));
    COF_TRY(cof_json_set(entry, "allOf", json_incref(all), err));
    *out = entry;
    entry = NULL;
    return COF_OK;
}

/* All accepted measurements, each once: simulated evidence is attested as sgx too. */
static cof_status measurements_of(const cof_contract *contract, json_t **out, cof_err *err)
{
    COF_JSON json_t *list = json_array();
    for (size_t i = 0; i < contract->platform_count; i++) {
        for (size_t j = 0; j < contract->platforms[i].measurement_count; j++) {
            char text[HEX_SIZE];
            bool is_new = true;
            cof_digest_text(&contract->platforms[i].measurements[j], text);
            for (size_t k = 0; k < json_array_size(list); k++) {
                is_new = is_new && strcmp(json_string_value(json_array_get(list, k)), text) != 0;
            }
            if (is_new) {
                COF_TRY(cof_json_append(list, json_string(text), err));
            }
        }
    }
    *out = list;
    list = NULL;
    return COF_OK;
}

static cof_status refuse_entry(cof_err *err)
{
    return COF_FAIL(err, CONFIG, "the key's release policy has an entry that no consent has made");
}

static const char *equals_of(const json_t *condition)
{
    return json_string_value(json_object_get(condition, "equals"));
}

static bool is_digest_text(const char *text)
{
    return text != NULL && strlen(text) == HEX_SIZE - 1 &&
           strspn(text, "0123456789abcdef") == HEX_SIZE - 1;
}

/* Checks a present entry and gives the digest of its contract, borrowed. */
static cof_status read_entry(const json_t *entry, const char **out_digest, cof_err *err)
{
    COF_JSON json_t *measurements = json_array();
    COF_JSON json_t *rebuilt = NULL;
    const json_t *all = json_object_get(entry, "allOf");
    const json_t *any = json_object_get(json_array_get(all, 2), "anyOf");
    const char *authority = json_string_value(json_object_get(entry, "authority"));
    const char *digest = equals_of(json_array_get(all, 3));
    if (authority == NULL || !is_digest_text(digest) || json_array_size(any) == 0 ||
        json_array_size(any) > (size_t)COF_CONTRACT_PLATFORMS * COF_CONTRACT_MEASUREMENTS) {
        return refuse_entry(err);
    }
    for (size_t i = 0; i < json_array_size(any); i++) {
        const char *measurement = equals_of(json_array_get(any, i));
        if (!is_digest_text(measurement)) {
            return refuse_entry(err);
        }
        COF_TRY(cof_json_append(measurements, json_string(measurement), err));
    }
    COF_TRY(make_entry(authority, measurements, digest, &rebuilt, err));
    if (!json_equal(rebuilt, entry)) {
        return refuse_entry(err);
    }
    *out_digest = digest;
    return COF_OK;
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

/* The digest of an entry that read_entry has accepted. */
static const char *digest_of(const json_t *entry)
{
    const char *digest = equals_of(json_array_get(json_object_get(entry, "allOf"), 3));
    assert(digest != NULL);
    return digest;
}

/* Puts an entry at its place in the order of digests. */
static cof_status insert_entry(json_t *entries, const json_t *entry, const char *digest,
                               cof_err *err)
{
    size_t place = 0;
    while (place < json_array_size(entries)) {
        if (strcmp(digest_of(json_array_get(entries, place)), digest) > 0) {
            break;
        }
        place++;
    }
    if (json_array_size(entries) == COF_RELEASE_POLICY_ENTRIES) {
        return COF_FAIL(err, LIMIT, "a release policy has at most %d contracts",
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
        const char *other = NULL;
        COF_TRY(read_entry(entry, &other, err));
        assert(other != NULL);
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
    COF_JSON json_t *measurements = NULL;
    COF_JSON json_t *entry = NULL;
    COF_TRY(measurements_of(contract, &measurements, err));
    COF_TRY(make_entry(contract->authority, measurements, digest, &entry, err));
    COF_TRY(insert_entry(entries, entry, digest, err));
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
    char digest[HEX_SIZE] = "";
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
