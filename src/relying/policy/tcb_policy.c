#include <string.h>

#include "relying/policy/accept.h"
#include "tcb/wire/json.h"

#define BIT(status) (1U << (unsigned)(status))

const cof_tcb_policy cof_tcb_up_to_date = {.statuses = BIT(COF_TCB_UP_TO_DATE)};

const cof_tcb_policy cof_tcb_azure = {
    .statuses = BIT(COF_TCB_UP_TO_DATE) | BIT(COF_TCB_SW_HARDENING_NEEDED),
    .advisories = {.count = 2, .ids = {"INTEL-SA-00334", "INTEL-SA-00615"}}};

bool cof_tcb_policy_equal(const cof_tcb_policy *a, const cof_tcb_policy *b)
{
    if (a->statuses != b->statuses || a->any_advisory != b->any_advisory ||
        a->minimum_evaluation != b->minimum_evaluation ||
        a->advisories.count != b->advisories.count) {
        return false;
    }
    for (size_t i = 0; i < a->advisories.count; i++) {
        if (!cof_advisories_has(&b->advisories, a->advisories.ids[i])) {
            return false;
        }
    }
    return true;
}

static cof_status parse_statuses(const json_t *item, cof_tcb_policy *policy, cof_err *err)
{
    json_t *list = NULL;
    COF_TRY(cof_json_get(item, "statuses", JSON_ARRAY, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        cof_tcb_status status = COF_TCB_UNRATED;
        if (!json_is_string(value) ||
            !cof_tcb_status_from_name(
                cof_view_of(json_string_value(value), json_string_length(value)), &status)) {
            return COF_FAIL(err, BAD_FORMAT, "statuses[%zu]: not a TCB status", i);
        }
        if (status == COF_TCB_REVOKED) {
            return COF_FAIL(err, BAD_FORMAT, "statuses[%zu]: Revoked is never accepted", i);
        }
        if ((policy->statuses & BIT(status)) != 0) {
            return COF_FAIL(err, BAD_FORMAT, "statuses[%zu]: stands there twice", i);
        }
        policy->statuses |= BIT(status);
    }
    return policy->statuses != 0 ? COF_OK : COF_FAIL(err, BAD_FORMAT, "statuses: is empty");
}

static cof_status parse_advisories(const json_t *item, cof_tcb_policy *policy, cof_err *err)
{
    const json_t *list = json_object_get(item, "advisories");
    if (json_is_string(list) && strcmp(json_string_value(list), "any") == 0) {
        policy->any_advisory = true;
        return COF_OK;
    }
    if (!json_is_array(list)) {
        return COF_FAIL(err, BAD_FORMAT, "advisories: neither a list nor \"any\"");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        const size_t before = policy->advisories.count;
        if (!json_is_string(value) ||
            cof_advisories_add(&policy->advisories,
                               cof_view_of(json_string_value(value), json_string_length(value)),
                               NULL) != COF_OK ||
            policy->advisories.count == before) {
            return COF_FAIL(err, BAD_FORMAT,
                            "advisories[%zu]: not an advisory's id, or there twice", i);
        }
    }
    return COF_OK;
}

cof_status cof_tcb_policy_parse(const json_t *item, cof_tcb_policy *out, cof_err *err)
{
    static const char *const keys[] = {"advisories", "minimum_evaluation", "statuses"};
    cof_tcb_policy policy = {0};
    int64_t minimum = 0;
    if (!json_is_object(item)) {
        return COF_FAIL(err, BAD_FORMAT, "tcb: not an object");
    }
    COF_TRY(cof_json_only(item, keys, sizeof keys / sizeof keys[0], err));
    COF_TRY(parse_statuses(item, &policy, err));
    COF_TRY(parse_advisories(item, &policy, err));
    COF_TRY(cof_json_get_int(item, "minimum_evaluation", 0, UINT32_MAX, &minimum, err));
    policy.minimum_evaluation = (uint32_t)minimum;
    *out = policy;
    return COF_OK;
}

cof_status cof_tcb_policy_print(const cof_tcb_policy *policy, json_t **out, cof_err *err)
{
    COF_JSON json_t *object = json_object();
    COF_JSON json_t *statuses = json_array();
    COF_JSON json_t *advisories = policy->any_advisory ? json_string("any") : json_array();
    for (int status = COF_TCB_UP_TO_DATE; status < COF_TCB_STATUS_COUNT; status++) {
        if ((policy->statuses & BIT(status)) != 0) {
            COF_TRY(cof_json_append(statuses,
                                    json_string(cof_tcb_status_name((cof_tcb_status)status)), err));
        }
    }
    for (size_t i = 0; !policy->any_advisory && i < policy->advisories.count; i++) {
        COF_TRY(cof_json_append(advisories, json_string(policy->advisories.ids[i]), err));
    }
    COF_TRY(cof_json_set(object, "advisories", json_incref(advisories), err));
    COF_TRY(
        cof_json_set(object, "minimum_evaluation", json_integer(policy->minimum_evaluation), err));
    COF_TRY(cof_json_set(object, "statuses", json_incref(statuses), err));
    *out = json_incref(object);
    return COF_OK;
}
