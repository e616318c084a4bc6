#include "local/vault/rotation_policy.h"

#include <string.h>
#include <strings.h>

#include "local/vault/duration.h"

/* Azure's least times, and the most that a text of a duration may be long. */
enum { DAY_S = 24 * 60 * 60, ACTION_MIN_S = 7 * DAY_S, EXPIRY_MIN_S = 28 * DAY_S, ACTIONS_MAX = 2 };

static const char *const action_names[] = {
    [COF_ROTATION_ROTATE] = "Rotate",
    [COF_ROTATION_NOTIFY] = "Notify",
};

static const char after_create[] = "timeAfterCreate";
static const char before_expiry[] = "timeBeforeExpiry";

static const json_t *member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_null(value) ? NULL : value;
}

/* A duration where one is given, of at least so many seconds from now. */
static cof_status read_duration(const json_t *given, const char *name, int64_t least_s, int64_t now,
                                int64_t *out_s, cof_err *err)
{
    cof_duration duration = {0};
    const char *text = json_string_value(given);
    if (text == NULL || cof_duration_parse(text, &duration, NULL) != COF_OK) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s is not a duration such as P90D or P1Y6M", name);
    }
    *out_s = cof_duration_after(&duration, now) - now;
    if (*out_s < least_s) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s is less than %lld days", name,
                        (long long)(least_s / DAY_S));
    }
    return COF_OK;
}

static bool read_type(const json_t *entry, cof_rotation_action *out)
{
    const char *name = json_string_value(member(member(entry, "action"), "type"));
    for (size_t i = 0; name != NULL && i < sizeof action_names / sizeof action_names[0]; i++) {
        if (strcasecmp(name, action_names[i]) == 0) {
            *out = (cof_rotation_action)i;
            return true;
        }
    }
    return false;
}

/* A policy that is being read. */
typedef struct reading {
    int64_t now;
    int64_t expiry_s; /* -1: none */
    bool has[2];      /* by action */
    json_t *actions;
} reading;

static cof_status check_trigger(const reading *r, cof_rotation_action action, bool is_before,
                                int64_t time_s, cof_err *err)
{
    if (action == COF_ROTATION_NOTIFY && !is_before) {
        return COF_FAIL(err, BAD_ARGUMENT, "Notify wants timeBeforeExpiry");
    }
    if (action == COF_ROTATION_ROTATE && is_before && r->expiry_s < 0) {
        return COF_FAIL(err, BAD_ARGUMENT,
                        "Rotate with timeBeforeExpiry wants attributes.expiryTime");
    }
    if (r->expiry_s >= 0 && time_s > r->expiry_s - ACTION_MIN_S) {
        return COF_FAIL(err, BAD_ARGUMENT, "%s is not 7 days less than attributes.expiryTime",
                        is_before ? before_expiry : after_create);
    }
    return COF_OK;
}

static cof_status read_action(reading *r, const json_t *entry, cof_err *err)
{
    cof_rotation_action action = COF_ROTATION_ROTATE;
    const json_t *trigger = member(entry, "trigger");
    const json_t *after = member(trigger, after_create);
    const json_t *before = member(trigger, before_expiry);
    int64_t time_s = 0;
    if (!read_type(entry, &action) || r->has[action]) {
        return COF_FAIL(err, BAD_ARGUMENT,
                        "lifetimeActions has not one action of type Rotate and one of type Notify "
                        "at most");
    }
    if ((after != NULL) == (before != NULL)) {
        return COF_FAIL(err, BAD_ARGUMENT,
                        "a trigger has not one of timeAfterCreate and timeBeforeExpiry");
    }
    const char *name = before != NULL ? before_expiry : after_create;
    const json_t *given = before != NULL ? before : after;
    COF_TRY(read_duration(given, name, ACTION_MIN_S, r->now, &time_s, err));
    COF_TRY(check_trigger(r, action, before != NULL, time_s, err));
    r->has[action] = true;
    return cof_json_append(r->actions,
                           json_pack("{s:{s:s},s:{s:s}}", "trigger", name, json_string_value(given),
                                     "action", "type", action_names[action]),
                           err);
}

static cof_status read_actions(reading *r, const json_t *request, cof_err *err)
{
    const json_t *given = member(request, "lifetimeActions");
    if (given != NULL && (!json_is_array(given) || json_array_size(given) > ACTIONS_MAX)) {
        return COF_FAIL(err, BAD_ARGUMENT, "lifetimeActions is not a list of at most %d actions",
                        ACTIONS_MAX);
    }
    for (size_t i = 0; i < json_array_size(given); i++) {
        COF_TRY(read_action(r, json_array_get(given, i), err));
    }
    return COF_OK;
}

cof_status cof_rotation_policy_read(const json_t *request, const json_t *old, int64_t now_unix_s,
                                    json_t **out, cof_err *err)
{
    const json_t *given = member(request, "attributes");
    const json_t *expiry = member(given, "expiryTime");
    const json_t *created = json_object_get(json_object_get(old, "attributes"), "created");
    if (given != NULL && !json_is_object(given)) {
        return COF_FAIL(err, BAD_ARGUMENT, "attributes is not an object");
    }
    COF_JSON json_t *policy =
        json_pack("{s:[],s:{s:s*,s:I,s:I}}", "lifetimeActions", "attributes", "expiryTime",
                  json_string_value(expiry), "created",
                  created != NULL ? json_integer_value(created) : (json_int_t)now_unix_s, "updated",
                  (json_int_t)now_unix_s);
    if (policy == NULL) {
        return COF_FAIL(err, NO_MEMORY, "rotation policy");
    }
    reading r = {
        .now = now_unix_s, .expiry_s = -1, .actions = json_object_get(policy, "lifetimeActions")};
    if (expiry != NULL) {
        COF_TRY(read_duration(expiry, "attributes.expiryTime", EXPIRY_MIN_S, now_unix_s,
                              &r.expiry_s, err));
    }
    COF_TRY(read_actions(&r, request, err));
    *out = json_incref(policy);
    return COF_OK;
}

cof_status cof_rotation_policy_default(int64_t created_unix_s, json_t **out, cof_err *err)
{
    *out = json_pack("{s:[{s:{s:s},s:{s:s}}],s:{s:I,s:I}}", "lifetimeActions", "trigger",
                     before_expiry, "P30D", "action", "type", action_names[COF_ROTATION_NOTIFY],
                     "attributes", "created", (json_int_t)created_unix_s, "updated",
                     (json_int_t)created_unix_s);
    return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "rotation policy");
}

/* Of a trigger and a version; false when there is no such time. */
static bool due_time(const json_t *trigger, const json_t *meta, int64_t *out)
{
    const json_t *attributes = json_object_get(meta, "attributes");
    const json_t *exp = json_object_get(attributes, "exp");
    const char *after = json_string_value(json_object_get(trigger, after_create));
    const char *before = json_string_value(json_object_get(trigger, before_expiry));
    cof_duration duration = {0};
    if (after != NULL && cof_duration_parse(after, &duration, NULL) == COF_OK) {
        *out = cof_duration_after(&duration,
                                  json_integer_value(json_object_get(attributes, "created")));
        return true;
    }
    if (before != NULL && exp != NULL && cof_duration_parse(before, &duration, NULL) == COF_OK) {
        *out = cof_duration_before(&duration, json_integer_value(exp));
        return true;
    }
    return false;
}

bool cof_rotation_policy_is_due(const json_t *policy, cof_rotation_action action,
                                const json_t *meta, int64_t now_unix_s)
{
    const json_t *actions = json_object_get(policy, "lifetimeActions");
    for (size_t i = 0; i < json_array_size(actions); i++) {
        const json_t *entry = json_array_get(actions, i);
        cof_rotation_action type = COF_ROTATION_ROTATE;
        int64_t due = 0;
        if (read_type(entry, &type) && type == action &&
            due_time(json_object_get(entry, "trigger"), meta, &due)) {
            return due <= now_unix_s;
        }
    }
    return false;
}

int64_t cof_rotation_policy_expiry(const json_t *policy, int64_t now_unix_s)
{
    const char *text =
        json_string_value(json_object_get(json_object_get(policy, "attributes"), "expiryTime"));
    cof_duration duration = {0};
    return text != NULL && cof_duration_parse(text, &duration, NULL) == COF_OK
               ? cof_duration_after(&duration, now_unix_s)
               : -1;
}
