/*
 * Implementation notes: what is sure of an accepted token is computed from the leaves up. All of
 * several conditions make sure what any of them does, any of several only what each of them does.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "relying/policy/lint_internal.h"
#include "tcb/base/limits.h"

enum { DEPTH_MAX = 16, WHERE_BYTES = 160, CONDITIONS_MAX = 4096, LEAVES_MAX = 64 };

typedef struct linter {
    json_t *findings;
    size_t conditions;
    cof_err *err;
} linter;

/* What one condition comes to. */
typedef struct verdict {
    unsigned facts;
    bool is_possible;
    size_t leaf_count; /* conditions that must all hold, for contradictions */
    const json_t *leaves[LEAVES_MAX];
} verdict;

static cof_status lint_condition(linter *l, const json_t *condition, const char *where,
                                 unsigned depth, verdict *out);

static cof_status add_error(const linter *l, const char *code, const char *where, const char *text)
{
    return cof_lint_add(l->findings, code, COF_LINT_ERROR, where, l->err, "%s", text);
}

/* The member of a name in any case. */
static const json_t *member(const json_t *object, const char *name)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (strcasecmp(key, name) == 0) {
            return value;
        }
    }
    return NULL;
}

/* Claims that the attestation service answers for: its own, and those of the TEE under a VM. What
 * stands in x-ms-runtime the attested program has written itself. */
static const char *claim_of(const json_t *leaf)
{
    static const char prefix[] = "x-ms-isolation-tee.";
    const char *claim = json_string_value(json_object_get(leaf, "claim"));
    if (claim != NULL && strncmp(claim, prefix, sizeof prefix - 1) == 0) {
        claim += sizeof prefix - 1;
    }
    return claim;
}

/* Compared as a vault does: scalars by their JSON text. */
static bool same_scalar(const json_t *a, const json_t *b)
{
    COF_CLEANUP(cof_buf_free) cof_buf x = {.limit = COF_LIMIT_JSON_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf y = {.limit = COF_LIMIT_JSON_BYTES};
    const char *left = json_string_value(a);
    const char *right = json_string_value(b);
    if ((left == NULL &&
         (cof_json_print(a, &x, NULL) != COF_OK || cof_buf_text(&x, &left, NULL) != COF_OK)) ||
        (right == NULL &&
         (cof_json_print(b, &y, NULL) != COF_OK || cof_buf_text(&y, &right, NULL) != COF_OK))) {
        return true; /* nothing is claimed without memory */
    }
    return json_is_string(a) && json_is_string(b) ? strcmp(left, right) == 0
                                                  : strcasecmp(left, right) == 0;
}

static bool contradicts(const json_t *a, const json_t *b)
{
    return strcmp(json_string_value(json_object_get(a, "claim")),
                  json_string_value(json_object_get(b, "claim"))) == 0 &&
           !same_scalar(json_object_get(a, "equals"), json_object_get(b, "equals"));
}

static cof_status lint_leaf(linter *l, const json_t *leaf, const char *where, verdict *out)
{
    static const char *const keys[] = {"claim", "equals"};
    const char *claim = claim_of(leaf);
    const json_t *value = json_object_get(leaf, "equals");
    if (claim == NULL || json_object_size(leaf) != 2 || !json_is_object(leaf) || value == NULL ||
        cof_json_only(leaf, keys, 2, NULL) != COF_OK ||
        !(json_is_string(value) || json_is_number(value) || json_is_boolean(value))) {
        out->is_possible = false;
        return add_error(l, "bad-condition", where,
                         "a condition is {\"claim\": text, \"equals\": text, number or boolean}, "
                         "{\"allOf\": [...]} or {\"anyOf\": [...]}");
    }
    out->facts = cof_lint_fact(claim, value);
    out->is_possible = true;
    out->leaf_count = 1;
    out->leaves[0] = leaf;
    if ((out->facts & COF_FACT_SIMULATED) != 0) {
        return cof_lint_add(l->findings, "simulated", COF_LINT_WARNING, where, l->err,
                            "asks for a simulated platform: it protects nothing from its host");
    }
    return COF_OK;
}

static cof_status merge_all(linter *l, const char *where, const verdict *item, verdict *total)
{
    total->facts |= item->facts;
    total->is_possible = total->is_possible && item->is_possible;
    for (size_t i = 0; i < item->leaf_count; i++) {
        for (size_t k = 0; k < total->leaf_count; k++) {
            if (!contradicts(item->leaves[i], total->leaves[k])) {
                continue;
            }
            total->is_possible = false;
            return cof_lint_add(l->findings, "contradiction", COF_LINT_WARNING, where, l->err,
                                "%s cannot have two values at once",
                                json_string_value(json_object_get(item->leaves[i], "claim")));
        }
        if (total->leaf_count < LEAVES_MAX) {
            total->leaves[total->leaf_count++] = item->leaves[i];
        }
    }
    return COF_OK;
}

static void merge_any(const verdict *item, bool is_first, verdict *total)
{
    /* An option that can never be met makes nothing less sure. */
    if (item->is_possible) {
        total->facts =
            is_first ? cof_lint_closed(item->facts) : total->facts & cof_lint_closed(item->facts);
        total->is_possible = true;
    }
}

static cof_status lint_list(linter *l, const json_t *list, bool is_all, const char *where,
                            unsigned depth, verdict *out)
{
    verdict total = {.is_possible = is_all};
    if (!json_is_array(list) || depth > DEPTH_MAX) {
        out->is_possible = false;
        return add_error(l, "bad-condition", where,
                         depth > DEPTH_MAX ? "conditions are too deep"
                                           : "not a list of conditions");
    }
    if (json_array_size(list) == 0) {
        *out = total;
        return add_error(l, is_all ? "empty" : "never-met", where,
                         is_all ? "an empty allOf is met by anything"
                                : "an empty anyOf can never be met");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        char place[WHERE_BYTES];
        verdict item = {0};
        (void)snprintf(place, sizeof place, "%s[%zu]", where, i);
        COF_TRY(lint_condition(l, json_array_get(list, i), place, depth + 1, &item));
        if (is_all) {
            COF_TRY(merge_all(l, place, &item, &total));
        } else {
            merge_any(&item, !total.is_possible, &total);
        }
    }
    total.facts = cof_lint_closed(total.facts);
    *out = total;
    return COF_OK;
}

static cof_status lint_condition(linter *l, const json_t *condition, const char *where,
                                 unsigned depth, verdict *out)
{
    const json_t *all = member(condition, "allOf");
    const json_t *any = member(condition, "anyOf");
    char place[WHERE_BYTES + 8];
    if (++l->conditions > CONDITIONS_MAX) {
        return COF_FAIL(l->err, LIMIT, "more than %d conditions", CONDITIONS_MAX);
    }
    if (all == NULL && any == NULL) {
        return lint_leaf(l, condition, where, out);
    }
    (void)snprintf(place, sizeof place, "%s.%s", where, all != NULL ? "allOf" : "anyOf");
    if (json_object_size(condition) != 1) {
        out->is_possible = false;
        return add_error(l, "bad-condition", where, "something stands beside allOf or anyOf");
    }
    return lint_list(l, all != NULL ? all : any, all != NULL, place, depth, out);
}

static bool is_local(const char *authority)
{
    static const char *const hosts[] = {"localhost", "127.", "[::1]", "::1"};
    const char *host = strstr(authority, "://");
    host = host == NULL ? authority : host + 3;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        if (strncasecmp(host, hosts[i], strlen(hosts[i])) == 0) {
            return true;
        }
    }
    return false;
}

static cof_status judge(const linter *l, const char *where, const verdict *v)
{
    const bool has_hash = (v->facts & COF_FACT_POLICY_PINNED) != 0;
    const char *advice = has_hash ? ", unless the attestation policy that is pinned does" : "";
    if ((v->facts & COF_FACT_NOT_DEBUG) == 0) {
        const bool is_excused = has_hash || (v->facts & COF_FACT_COMPLIANT) != 0;
        COF_TRY(cof_lint_add(l->findings, "accepts-debug",
                             is_excused ? COF_LINT_WARNING : COF_LINT_ERROR, where, l->err,
                             "nothing excludes a debuggable enclave or VM%s", advice));
    }
    if ((v->facts & COF_FACT_MEASURED) == 0) {
        COF_TRY(cof_lint_add(l->findings, "any-measurement",
                             has_hash ? COF_LINT_WARNING : COF_LINT_ERROR, where, l->err,
                             "any program gets the key: no condition on MRENCLAVE, MRSIGNER with "
                             "the product, MRTD, launch measurement or PCRs%s",
                             advice));
    }
    if ((v->facts & COF_FACT_TCB) == 0) {
        COF_TRY(cof_lint_add(l->findings, "stale-tcb", COF_LINT_INFO, where, l->err,
                             "no condition on the platform's TCB: what the attestation policy "
                             "accepts counts"));
    }
    return COF_OK;
}

static cof_status lint_authority(linter *l, const json_t *item, const char *where,
                                 bool *out_is_possible)
{
    const char *authority = json_string_value(member(item, "authority"));
    const json_t *all = member(item, "allOf");
    const json_t *any = member(item, "anyOf");
    verdict v = {0};
    char place[WHERE_BYTES];
    *out_is_possible = false;
    if (authority == NULL || (all == NULL) == (any == NULL) || json_object_size(item) != 2) {
        return add_error(l, "bad-condition", where,
                         "an entry is {\"authority\": URL, \"allOf\" or \"anyOf\": [...]}");
    }
    if (strncmp(authority, "https://", 8) != 0) {
        COF_TRY(add_error(l, "authority", where, "the authority is not an https URL"));
    }
    (void)snprintf(place, sizeof place, "%s.%s", where, all != NULL ? "allOf" : "anyOf");
    COF_TRY(lint_list(l, all != NULL ? all : any, all != NULL, place, 0, &v));
    *out_is_possible = v.is_possible;
    if (!v.is_possible) {
        return cof_lint_add(l->findings, "never-met", COF_LINT_WARNING, where, l->err,
                            "this entry can never be met");
    }
    if (is_local(authority) && (v.facts & (COF_FACT_REAL | COF_FACT_SIMULATED)) == 0) {
        COF_TRY(cof_lint_add(l->findings, "simulated", COF_LINT_WARNING, where, l->err,
                             "the authority is on this machine and attests simulated platforms "
                             "too: no condition on coffer-platform"));
    }
    return judge(l, where, &v);
}

static cof_status lint_entries(linter *l, const json_t *policy)
{
    static const char *const keys[] = {"version", "anyOf", "anyof", "allOf", "allof"};
    const json_t *any = member(policy, "anyOf");
    const json_t *list = any != NULL ? any : member(policy, "allOf");
    const char *version = json_string_value(json_object_get(policy, "version"));
    bool is_possible = false;
    if (version == NULL || strcmp(version, "1.0.0") != 0) {
        COF_TRY(add_error(l, "version", "version", "the version is not \"1.0.0\""));
    }
    if (!json_is_array(list) || cof_json_only(policy, keys, 5, NULL) != COF_OK ||
        json_object_size(policy) != 2) {
        return add_error(l, "bad-condition", "policy",
                         "a release policy is {\"version\": \"1.0.0\", \"anyOf\": [...]}");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        char where[32];
        bool is_entry_possible = false;
        (void)snprintf(where, sizeof where, "%s[%zu]", any != NULL ? "anyOf" : "allOf", i);
        COF_TRY(lint_authority(l, json_array_get(list, i), where, &is_entry_possible));
        is_possible = is_possible || is_entry_possible;
    }
    return is_possible ? COF_OK : add_error(l, "never-met", "policy", "no entry can be met");
}

cof_status cof_lint_release(cof_view text, json_t *findings, cof_err *err)
{
    COF_JSON json_t *policy = NULL;
    cof_err why = {0};
    linter l = {.findings = findings, .err = err};
    const cof_status status = cof_json_parse(text, COF_LIMIT_JSON_BYTES, &policy, &why);
    if (status == COF_E_NO_MEMORY) {
        return COF_FAIL(err, NO_MEMORY, "release policy");
    }
    if (status != COF_OK) {
        return add_error(&l, "syntax", "policy", why.detail);
    }
    return lint_entries(&l, policy);
}
