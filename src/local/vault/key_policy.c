#include "local/vault/key_policy.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "relying/token/token.h"
#include "tcb/base/limits.h"

enum { SCALAR_SIZE = 512, CLAIM_BYTES = 512 };

struct cof_key_policy {
    json_t *document;
    size_t conditions;
};

/* A list of conditions or authorities, and whether all of them must hold. */
typedef struct group {
    const json_t *list;
    bool is_all;
} group;

static bool is_all_of(const char *name)
{
    return strcasecmp(name, "allOf") == 0;
}

static bool is_group_name(const char *name)
{
    return is_all_of(name) || strcasecmp(name, "anyOf") == 0;
}

/* The one group of an object that has exactly one. */
static bool find_group(const json_t *object, group *out)
{
    const char *name = NULL;
    json_t *value = NULL;
    unsigned found = 0;
    json_object_foreach((json_t *)object, name, value)
    {
        if (is_group_name(name)) {
            *out = (group){value, is_all_of(name)};
            found++;
        }
    }
    return found == 1 && json_is_array(out->list) && json_array_size(out->list) > 0;
}

static cof_status check_claim(const json_t *condition, cof_err *err)
{
    const char *claim = NULL;
    const json_t *equals = json_object_get(condition, "equals");
    COF_TRY(cof_json_get_text(condition, "claim", CLAIM_BYTES, &claim, err));
    if (json_object_size(condition) != 2 || claim[0] == '\0' || claim[0] == '.' ||
        strstr(claim, "..") != NULL || claim[strlen(claim) - 1] == '.') {
        return COF_FAIL(err, BAD_FORMAT, "a condition is claim and equals, and nothing else");
    }
    if (!json_is_string(equals) && !json_is_boolean(equals) && !json_is_number(equals)) {
        return COF_FAIL(err, BAD_FORMAT, "equals is not a text, number or boolean");
    }
    if (json_is_string(equals) &&
        (json_string_length(equals) >= SCALAR_SIZE ||
         strlen(json_string_value(equals)) != json_string_length(equals))) {
        return COF_FAIL(err, BAD_FORMAT, "equals is too long");
    }
    return COF_OK;
}

static cof_status check_condition(cof_key_policy *policy, const json_t *condition, unsigned depth,
                                  cof_err *err)
{
    group inner = {0};
    if (++policy->conditions > COF_KEY_POLICY_CONDITIONS || depth == 0) {
        return COF_FAIL(err, LIMIT, "the policy has too many conditions, or too deep ones");
    }
    if (!json_is_object(condition)) {
        return COF_FAIL(err, BAD_FORMAT, "a condition is not an object");
    }
    if (json_object_get(condition, "claim") != NULL) {
        return check_claim(condition, err);
    }
    if (json_object_size(condition) != 1 || !find_group(condition, &inner)) {
        return COF_FAIL(err, BAD_FORMAT,
                        "a condition is a claim, or one list allOf or anyOf that is not empty");
    }
    for (size_t i = 0; i < json_array_size(inner.list); i++) {
        COF_TRY(check_condition(policy, json_array_get(inner.list, i), depth - 1, err));
    }
    return COF_OK;
}

static cof_status check_authority(cof_key_policy *policy, const json_t *authority, cof_err *err)
{
    group conditions = {0};
    const char *name = NULL;
    if (!json_is_object(authority)) {
        return COF_FAIL(err, BAD_FORMAT, "an authority is not an object");
    }
    COF_TRY(cof_json_get_text(authority, "authority", COF_LIMIT_URL_BYTES, &name, err));
    if (name[0] == '\0' || json_object_size(authority) != 2 ||
        !find_group(authority, &conditions)) {
        return COF_FAIL(err, BAD_FORMAT,
                        "an authority is its name and one list allOf or anyOf that is not empty");
    }
    for (size_t i = 0; i < json_array_size(conditions.list); i++) {
        COF_TRY(
            check_condition(policy, json_array_get(conditions.list, i), COF_KEY_POLICY_DEPTH, err));
    }
    return COF_OK;
}

cof_status cof_key_policy_parse(cof_view text, cof_key_policy **out, cof_err *err)
{
    COF_CLEANUP(cof_key_policy_drop_) cof_key_policy *policy = calloc(1, sizeof *policy);
    group authorities = {0};
    const char *version = NULL;
    if (policy == NULL) {
        return COF_FAIL(err, NO_MEMORY, "release policy");
    }
    COF_TRY(cof_json_parse(text, COF_KEY_POLICY_BYTES, &policy->document, err));
    if (!json_is_object(policy->document)) {
        return COF_FAIL(err, BAD_FORMAT, "the policy is not an object");
    }
    COF_TRY(cof_json_get_text(policy->document, "version", COF_LIMIT_NAME_BYTES, &version, err));
    if (strcmp(version, "1.0.0") != 0) {
        return COF_FAIL(err, BAD_VERSION, "the policy's version is not 1.0.0");
    }
    if (json_object_size(policy->document) != 2 || !find_group(policy->document, &authorities)) {
        return COF_FAIL(err, BAD_FORMAT,
                        "the policy is version and one list anyOf or allOf that is not empty");
    }
    for (size_t i = 0; i < json_array_size(authorities.list); i++) {
        COF_TRY(check_authority(policy, json_array_get(authorities.list, i), err));
    }
    *out = cof_key_policy_take(&policy);
    return COF_OK;
}

/* Walks objects along the dots; arrays cannot be walked. NULL when the claim is not there. */
static const json_t *find_claim(const json_t *claims, const char *path)
{
    const json_t *at = claims;
    char name[CLAIM_BYTES + 1];
    while (at != NULL && *path != '\0') {
        const size_t size = strcspn(path, ".");
        if (size >= sizeof name) {
            return NULL;
        }
        memcpy(name, path, size);
        name[size] = '\0';
        at = json_object_get(at, name);
        path += path[size] == '.' ? size + 1 : size;
    }
    return at;
}

/* A scalar's JSON text without quotes. @return false for what is no scalar, or has no place. */
static bool scalar_text(const json_t *value, char out[static SCALAR_SIZE])
{
    int size = -1;
    if (json_is_string(value)) {
        if (strlen(json_string_value(value)) == json_string_length(value)) {
            size = snprintf(out, SCALAR_SIZE, "%s", json_string_value(value));
        }
    } else if (json_is_boolean(value)) {
        size = snprintf(out, SCALAR_SIZE, "%s", json_is_true(value) ? "true" : "false");
    } else if (json_is_integer(value)) {
        size = snprintf(out, SCALAR_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_real(value)) {
        size = snprintf(out, SCALAR_SIZE, "%.17g", json_real_value(value));
    }
    return size >= 0 && size < SCALAR_SIZE;
}

static bool scalars_equal(const json_t *expected, const json_t *found)
{
    char a[SCALAR_SIZE];
    char b[SCALAR_SIZE];
    if (!scalar_text(expected, a) || !scalar_text(found, b)) {
        return false;
    }
    return json_is_boolean(expected) || json_is_boolean(found) ? strcasecmp(a, b) == 0
                                                               : strcmp(a, b) == 0;
}

/* What was found, for the record. A long text is met by nothing, and is not repeated for each
 * condition: whoever asks must not be able to make the record too long to be written. */
static json_t *show_found(const json_t *found)
{
    if (found == NULL || json_is_object(found) || json_is_array(found)) {
        return json_null();
    }
    return json_is_string(found) && json_string_length(found) >= SCALAR_SIZE
               ? json_sprintf("(a text of %zu bytes)", json_string_length(found))
               : json_deep_copy(found);
}

static cof_status note(json_t *checks, const char *claim, const json_t *expected,
                       const json_t *found, bool is_met, cof_err *err)
{
    if (checks == NULL) {
        return COF_OK;
    }
    return cof_json_append(checks,
                           json_pack("{s:s,s:O,s:o,s:b}", "claim", claim, "expected", expected,
                                     "found", show_found(found), "met", (int)is_met),
                           err);
}

static cof_status judge_group(const group *conditions, const json_t *claims, json_t *checks,
                              bool *out_met, cof_err *err);

static cof_status judge_condition(const json_t *condition, const json_t *claims, json_t *checks,
                                  bool *out_met, cof_err *err)
{
    const char *claim = json_string_value(json_object_get(condition, "claim"));
    if (claim == NULL) {
        group inner = {0};
        *out_met = false;
        return find_group(condition, &inner) ? judge_group(&inner, claims, checks, out_met, err)
                                             : COF_OK;
    }
    const json_t *expected = json_object_get(condition, "equals");
    const json_t *found = find_claim(claims, claim);
    *out_met = found != NULL && scalars_equal(expected, found);
    return note(checks, claim, expected, found, *out_met, err);
}

/* Looks at every condition, met or not, so that a refusal can be explained whole. The depth was
 * limited at parsing. */
static cof_status judge_group(const group *conditions, const json_t *claims, json_t *checks,
                              bool *out_met, cof_err *err)
{
    size_t met_count = 0;
    for (size_t i = 0; i < json_array_size(conditions->list); i++) {
        bool is_met = false;
        COF_TRY(judge_condition(json_array_get(conditions->list, i), claims, checks, &is_met, err));
        met_count += is_met ? 1 : 0;
    }
    *out_met = conditions->is_all ? met_count > 0 && met_count == json_array_size(conditions->list)
                                  : met_count > 0;
    return COF_OK;
}

static cof_status judge_authority(const json_t *authority, const char *issuer, const json_t *claims,
                                  json_t *checks, bool *out_met, cof_err *err)
{
    group conditions = {0};
    const json_t *name = json_object_get(authority, "authority");
    COF_JSON json_t *found = json_string(issuer);
    if (found == NULL) {
        return COF_FAIL(err, NO_MEMORY, "release policy");
    }
    *out_met = cof_token_issuer_equal(json_string_value(name), issuer);
    COF_TRY(note(checks, "authority", name, found, *out_met, err));
    if (!*out_met) {
        return COF_OK;
    }
    *out_met = false;
    return find_group(authority, &conditions)
               ? judge_group(&conditions, claims, checks, out_met, err)
               : COF_OK;
}

cof_status cof_key_policy_judge(const cof_key_policy *policy, const char *issuer,
                                const json_t *claims, json_t *checks, cof_err *err)
{
    group authorities = {0};
    size_t met_count = 0;
    if (!find_group(policy->document, &authorities)) {
        return COF_FAIL(err, INTERNAL, "release policy");
    }
    for (size_t i = 0; i < json_array_size(authorities.list); i++) {
        bool is_met = false;
        COF_TRY(judge_authority(json_array_get(authorities.list, i), issuer, claims, checks,
                                &is_met, err));
        met_count += is_met ? 1 : 0;
    }
    const bool is_met = authorities.is_all
                            ? met_count > 0 && met_count == json_array_size(authorities.list)
                            : met_count > 0;
    return is_met ? COF_OK : COF_FAIL(err, RELEASE_REFUSED, "the release policy is not met");
}

void cof_key_policy_free(cof_key_policy *policy)
{
    if (policy != NULL) {
        json_decref(policy->document);
        free(policy);
    }
}
