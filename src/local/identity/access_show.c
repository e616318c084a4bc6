/* How the access API shows who there is. */
#include <string.h>

#include "local/identity/access_call.h"
#include "tcb/wire/json.h"

static const char *const kinds[] = {"app", "user", "group"};

/* The same object without these members. */
static cof_status without(const json_t *value, const char *const *members, size_t count,
                          json_t **out, cof_err *err)
{
    *out = json_deep_copy((json_t *)(uintptr_t)value);
    if (*out == NULL) {
        return COF_FAIL(err, NO_MEMORY, "answer");
    }
    for (size_t i = 0; i < count; i++) {
        (void)json_object_del(*out, members[i]);
    }
    return COF_OK;
}

static cof_status show_list(const json_t *entry, const char *key, const char *secret, json_t *out,
                            cof_err *err)
{
    json_t *list = json_array();
    const json_t *value = NULL;
    size_t i = 0;
    COF_TRY(cof_json_set(out, key, list, err));
    json_array_foreach(json_object_get(entry, key), i, value)
    {
        json_t *shown = NULL;
        COF_TRY(without(value, &secret, 1, &shown, err));
        COF_TRY(cof_json_append(list, shown, err));
    }
    return COF_OK;
}

static cof_status show_members(const cof_directory *directory, const json_t *entry, json_t *out,
                               cof_err *err)
{
    json_t *list = json_array();
    const json_t *value = NULL;
    size_t i = 0;
    COF_TRY(cof_json_set(out, "members", list, err));
    json_array_foreach(json_object_get(entry, "members"), i, value)
    {
        cof_principal who;
        if (cof_directory_by_object_id(directory, json_string_value(value), &who)) {
            COF_TRY(cof_json_append(list,
                                    json_pack("{s:s,s:s,s:s}", "kind", kinds[who.kind], "name",
                                              who.name, "object_id", who.object_id),
                                    err));
        }
    }
    return COF_OK;
}

static cof_status show_groups(const cof_directory *directory, const cof_principal *who, json_t *out,
                              cof_err *err)
{
    json_t *list = json_array();
    const json_t *group = NULL;
    size_t i = 0;
    COF_TRY(cof_json_set(out, "groups", list, err));
    json_array_foreach(cof_directory_entries(directory, COF_PRINCIPAL_GROUP), i, group)
    {
        const char *id = json_string_value(json_object_get(group, "object_id"));
        if (cof_directory_is_member(directory, who->object_id, id)) {
            COF_TRY(cof_json_append(list, json_incref(json_object_get(group, "name")), err));
        }
    }
    return COF_OK;
}

cof_status cof_access_show(const cof_directory *directory, const cof_principal *who, json_t **out,
                           cof_err *err)
{
    static const char *const hidden[] = {"secrets", "certificates", "federated", "members",
                                         "password"};
    COF_JSON json_t *shown = NULL;
    COF_TRY(without(who->entry, hidden, sizeof hidden / sizeof hidden[0], &shown, err));
    COF_TRY(cof_json_set(shown, "kind", json_string(kinds[who->kind]), err));
    switch (who->kind) {
    case COF_PRINCIPAL_APP:
        COF_TRY(show_list(who->entry, "secrets", "sha256", shown, err));
        COF_TRY(show_list(who->entry, "certificates", "der", shown, err));
        COF_TRY(show_list(who->entry, "federated", "keys", shown, err));
        COF_TRY(show_groups(directory, who, shown, err));
        break;
    case COF_PRINCIPAL_USER:
        COF_TRY(cof_json_set(shown, "has_password",
                             json_boolean(json_is_object(json_object_get(who->entry, "password"))),
                             err));
        COF_TRY(show_groups(directory, who, shown, err));
        break;
    case COF_PRINCIPAL_GROUP:
        COF_TRY(show_members(directory, who->entry, shown, err));
        break;
    }
    *out = shown;
    shown = NULL;
    return COF_OK;
}

cof_status cof_access_answer(const cof_access_call *call, int status, const cof_principal *who,
                             cof_err *err)
{
    json_t *shown = NULL;
    COF_TRY(cof_access_show(call->parts->directory, who, &shown, err));
    return cof_http_response_json(call->response, status, shown, err);
}

cof_status cof_access_answer_all(const cof_access_call *call, cof_principal_kind kind, cof_err *err)
{
    const cof_directory *directory = call->parts->directory;
    COF_JSON json_t *list = json_array();
    const json_t *entry = NULL;
    size_t i = 0;
    json_array_foreach(cof_directory_entries(directory, kind), i, entry)
    {
        cof_principal who;
        json_t *shown = NULL;
        const char *id = json_string_value(json_object_get(entry, "object_id"));
        if (cof_directory_by_object_id(directory, id, &who)) {
            COF_TRY(cof_access_show(directory, &who, &shown, err));
            COF_TRY(cof_json_append(list, shown, err));
        }
    }
    /* A thousand of each, with all their credentials, are more than a request's body may be. */
    call->response->body.limit = COF_LIMIT_HTTP_ANSWER_BYTES;
    return cof_http_response_json(call->response, 200, json_pack("{s:O}", "value", list), err);
}
