#include "relying/contract/release_entry.h"

#include <string.h>

#include "relying/contract/release_claims.h"
#include "tcb/wire/json.h"

/*
 * Implementation notes: writing goes through a table (release_claims.c) with an owner's values;
 * reading goes through every table, and accepts an entry only when each condition of one of them is
 * there, and nothing else: so whatever else stands in a policy (a claim left out, a second way in)
 * is found without a list of what can go wrong.
 */

static cof_status make_claim(const char *claim, json_t *value, json_t **out, cof_err *err)
{
    COF_JSON json_t *owned = value;
    COF_JSON json_t *object = json_object();
    COF_TRY(cof_json_set(object, "claim", json_string(claim), err));
    COF_TRY(cof_json_set(object, "equals", json_incref(owned), err));
    *out = json_incref(object);
    return COF_OK;
}

static cof_status add_claim(json_t *all, const char *claim, json_t *value, cof_err *err)
{
    json_t *condition = NULL;
    COF_TRY(make_claim(claim, value, &condition, err));
    return cof_json_append(all, condition, err);
}

static bool is_any(cof_release_kind kind)
{
    return kind == COF_RELEASE_ANY_HEX || kind == COF_RELEASE_OPTIONAL_ANY ||
           kind == COF_RELEASE_ANY_INTEGER || kind == COF_RELEASE_ANY_STATUS;
}

static cof_status add_values(json_t *all, const cof_release_condition *c, const cof_policy *policy,
                             cof_err *err)
{
    COF_JSON json_t *values = json_array();
    COF_JSON json_t *any = json_array();
    COF_JSON json_t *wrapped = json_object();
    COF_TRY(c->values(policy, values, err));
    if (json_array_size(values) == 0) {
        return COF_OK;
    }
    if (!is_any(c->kind)) {
        return add_claim(all, c->claim, json_incref(json_array_get(values, 0)), err);
    }
    for (size_t i = 0; i < json_array_size(values); i++) {
        COF_TRY(add_claim(any, c->claim, json_incref(json_array_get(values, i)), err));
    }
    COF_TRY(cof_json_set(wrapped, "anyOf", json_incref(any), err));
    return cof_json_append(all, json_incref(wrapped), err);
}

static cof_status add_user_data(json_t *all, const char *claim, const char *digest, cof_err *err)
{
    char text[COF_RELEASE_TEXT_SIZE];
    memset(text, '0', sizeof text - 1);
    memcpy(text, digest, COF_RELEASE_DIGEST_SIZE - 1);
    text[sizeof text - 1] = '\0';
    return add_claim(all, claim, json_string(text), err);
}

static cof_status add_condition(json_t *all, const cof_release_condition *c,
                                const cof_policy *policy, const char *digest, cof_err *err)
{
    switch (c->kind) {
    case COF_RELEASE_FIXED_TEXT:
        return add_claim(all, c->claim, json_string(c->text), err);
    case COF_RELEASE_FIXED_TRUE:
        return add_claim(all, c->claim, json_true(), err);
    case COF_RELEASE_FIXED_FALSE:
        return add_claim(all, c->claim, json_false(), err);
    case COF_RELEASE_FIXED_ZERO:
        return add_claim(all, c->claim, json_integer(0), err);
    case COF_RELEASE_DIGEST:
        return add_claim(all, c->claim, json_string(digest), err);
    case COF_RELEASE_USER_DATA:
        return add_user_data(all, c->claim, digest, err);
    case COF_RELEASE_ONE_HEX:
    case COF_RELEASE_OPTIONAL_HEX:
    case COF_RELEASE_ANY_HEX:
    case COF_RELEASE_OPTIONAL_ANY:
    case COF_RELEASE_ONE_INTEGER:
    case COF_RELEASE_ANY_INTEGER:
    case COF_RELEASE_ANY_STATUS:
        break;
    }
    return add_values(all, c, policy, err);
}

/* Does the policy want this entry? */
static bool is_wanted(const cof_release_table *t, const cof_policy *policy)
{
    const cof_accept *accept = cof_release_accept(policy, t->tee);
    const bool has_simulated = cof_release_accept(policy, COF_TEE_SIMULATED) != NULL;
    if (t->tee != COF_TEE_SGX) {
        return accept != NULL;
    }
    if (t->is_signer) {
        return accept != NULL && accept->has_signer;
    }
    return has_simulated || (accept != NULL && !accept->has_signer);
}

static cof_status add_entry(json_t *entries, const cof_release_table *t, const char *authority,
                            const cof_policy *policy, const char *digest, cof_err *err)
{
    COF_JSON json_t *all = json_array();
    COF_JSON json_t *entry = json_object();
    for (size_t i = 0; i < t->count; i++) {
        COF_TRY(add_condition(all, &t->conditions[i], policy, digest, err));
    }
    COF_TRY(cof_json_set(entry, "authority", json_string(authority), err));
    COF_TRY(cof_json_set(entry, "allOf", json_incref(all), err));
    return cof_json_append(entries, json_incref(entry), err);
}

cof_status cof_release_entries_add(json_t *entries, const char *authority, const cof_policy *policy,
                                   const char *digest, cof_err *err)
{
    for (size_t i = 0; i < cof_release_table_count; i++) {
        if (is_wanted(&cof_release_tables[i], policy)) {
            COF_TRY(add_entry(entries, &cof_release_tables[i], authority, policy, digest, err));
        }
    }
    return COF_OK;
}

/* {"claim":…,"equals":…} and nothing else, for this claim: its value, or NULL. */
static const json_t *value_of(const json_t *object, const char *claim)
{
    const char *name = json_string_value(json_object_get(object, "claim"));
    return json_object_size(object) == 2 && name != NULL && strcmp(name, claim) == 0
               ? json_object_get(object, "equals")
               : NULL;
}

static bool is_hex(const json_t *value, size_t size)
{
    const char *text = json_string_value(value);
    return text != NULL && json_string_length(value) == 2 * size &&
           strspn(text, "0123456789abcdef") == 2 * size;
}

static bool is_status(const json_t *value)
{
    cof_tcb_status status = COF_TCB_UNRATED;
    return json_is_string(value) &&
           cof_tcb_status_from_name(cof_view_text(json_string_value(value)), &status) &&
           status != COF_TCB_REVOKED;
}

static bool is_small(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0 &&
           json_integer_value(value) <= UINT16_MAX;
}

static bool is_value(const cof_release_condition *c, const json_t *value)
{
    switch (c->kind) {
    case COF_RELEASE_FIXED_TEXT:
        return json_is_string(value) && strcmp(json_string_value(value), c->text) == 0;
    case COF_RELEASE_FIXED_TRUE:
        return json_is_true(value);
    case COF_RELEASE_FIXED_FALSE:
        return json_is_false(value);
    case COF_RELEASE_FIXED_ZERO:
        return json_is_integer(value) && json_integer_value(value) == 0;
    case COF_RELEASE_ONE_HEX:
    case COF_RELEASE_OPTIONAL_HEX:
    case COF_RELEASE_ANY_HEX:
    case COF_RELEASE_OPTIONAL_ANY:
        return is_hex(value, c->size);
    case COF_RELEASE_ONE_INTEGER:
    case COF_RELEASE_ANY_INTEGER:
        return is_small(value);
    case COF_RELEASE_ANY_STATUS:
        return is_status(value);
    case COF_RELEASE_DIGEST:
        return is_hex(value, COF_DIGEST_SIZE);
    case COF_RELEASE_USER_DATA:
        return is_hex(value, COF_HCL_USER_DATA_SIZE) &&
               strspn(json_string_value(value) + 2 * COF_DIGEST_SIZE, "0") == 2 * COF_DIGEST_SIZE;
    }
    return false;
}

static bool is_any_of(const cof_release_condition *c, const json_t *object)
{
    const json_t *any = json_object_get(object, "anyOf");
    const size_t count = json_array_size(any);
    if (json_object_size(object) != 1 || count == 0 || count > 2 * COF_ACCEPT_MEASUREMENTS) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *value = value_of(json_array_get(any, i), c->claim);
        if (value == NULL || !is_value(c, value)) {
            return false;
        }
    }
    return true;
}

static bool is_condition(const cof_release_condition *c, const json_t *object)
{
    if (is_any(c->kind)) {
        return is_any_of(c, object);
    }
    const json_t *value = value_of(object, c->claim);
    return value != NULL && is_value(c, value);
}

static bool is_of_table(const cof_release_table *t, const json_t *all)
{
    size_t at = 0;
    for (size_t i = 0; i < t->count; i++) {
        const cof_release_condition *c = &t->conditions[i];
        if (is_condition(c, json_array_get(all, at))) {
            at++;
        } else if (c->kind != COF_RELEASE_OPTIONAL_HEX && c->kind != COF_RELEASE_OPTIONAL_ANY) {
            return false;
        }
    }
    return at == json_array_size(all);
}

cof_status cof_release_entry_read(const json_t *entry,
                                  char out_digest[static COF_RELEASE_DIGEST_SIZE], cof_err *err)
{
    const json_t *all = json_object_get(entry, "allOf");
    bool is_ours = json_object_size(entry) == 2 &&
                   json_is_string(json_object_get(entry, "authority")) && json_is_array(all);
    size_t i = 0;
    while (is_ours && i < cof_release_table_count && !is_of_table(&cof_release_tables[i], all)) {
        i++;
    }
    is_ours = is_ours && i < cof_release_table_count;
    if (!is_ours) {
        return COF_FAIL(err, CONFIG,
                        "the key's release policy has an entry that no consent has made");
    }
    const json_t *last = json_array_get(all, json_array_size(all) - 1);
    memcpy(out_digest, json_string_value(json_object_get(last, "equals")),
           COF_RELEASE_DIGEST_SIZE - 1);
    out_digest[COF_RELEASE_DIGEST_SIZE - 1] = '\0';
    return COF_OK;
}
