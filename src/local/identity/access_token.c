/* What tokens say, in the shape of Entra ID's v1.0 access tokens and v2.0 ID tokens. */
#include <string.h>

#include "local/identity/issuer_internal.h"
#include "tcb/base/limits.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { GROUPS_MAX = 200 };

static cof_status set_text(json_t *claims, const char *name, const char *text, cof_err *err)
{
    return cof_json_set(claims, name, json_string(text), err);
}

static cof_status set_unique(json_t *claims, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 32};
    uint8_t random[16];
    COF_TRY(cof_random((cof_span){random, sizeof random}, err));
    COF_TRY(cof_base64url_encode(cof_view_of(random, sizeof random), &text, err));
    return cof_json_set(claims, "uti", json_stringn((const char *)text.data, text.size), err);
}

/* Only Coffer's own services are told roles; the vault and the attestation service look grants up
 * at each call. */
static cof_status set_roles(const cof_issuer *issuer, const cof_grant *grant, json_t *claims,
                            cof_err *err)
{
    if (strcmp(grant->resource, COF_RESOURCE_COFFER) != 0) {
        return COF_OK;
    }
    COF_JSON json_t *roles = json_array();
    COF_TRY(cof_access_app_roles(issuer->parts.access, grant->subject.object_id, roles, err));
    return json_array_size(roles) > 0 ? cof_json_set(claims, "roles", json_incref(roles), err)
                                      : COF_OK;
}

/* As in Entra ID: of somebody in many groups only that he is in some, else his token would be too
 * long to be sent. Grants by group count all the same. */
static cof_status set_groups(const cof_issuer *issuer, const cof_grant *grant, json_t *claims,
                             cof_err *err)
{
    COF_JSON json_t *groups = json_array();
    COF_TRY(cof_directory_groups(issuer->parts.directory, grant->subject.object_id, groups, err));
    if (json_array_size(groups) > GROUPS_MAX) {
        return cof_json_set(claims, "hasgroups", json_true(), err);
    }
    return json_array_size(groups) > 0 ? cof_json_set(claims, "groups", json_incref(groups), err)
                                       : COF_OK;
}

static const char *display_name(const cof_principal *user)
{
    const char *name = json_string_value(json_object_get(user->entry, "display_name"));
    return name != NULL && name[0] != '\0' ? name : user->name;
}

/* A name of the form that Entra ID gives people; unique in this installation. */
static json_t *login_name(const cof_principal *user)
{
    return json_sprintf("%s@localhost", user->name);
}

static cof_status set_person(const cof_grant *grant, json_t *claims, cof_err *err)
{
    COF_TRY(set_text(claims, "scp", "user_impersonation", err));
    COF_TRY(set_text(claims, "name", display_name(&grant->subject), err));
    COF_TRY(cof_json_set(claims, "upn", login_name(&grant->subject), err));
    COF_TRY(cof_json_set(claims, "unique_name", login_name(&grant->subject), err));
    return cof_json_set(claims, "preferred_username", login_name(&grant->subject), err);
}

static cof_status make_claims(const cof_issuer *issuer, const cof_grant *grant, json_t **out,
                              cof_err *err)
{
    COF_JSON json_t *claims = NULL;
    COF_TRY(cof_token_claims_new(issuer->url, grant->resource, cof_issuer_now(issuer),
                                 COF_ISSUER_LIFETIME_S, &claims, err));
    COF_TRY(set_text(claims, "appid", grant->client_id, err));
    COF_TRY(set_text(claims, "appidacr", grant->strength, err));
    COF_TRY(set_text(claims, "app_displayname", grant->app_name, err));
    COF_TRY(set_text(claims, "idp", issuer->url, err));
    COF_TRY(set_text(claims, "oid", grant->subject.object_id, err));
    COF_TRY(set_text(claims, "sub", grant->subject.object_id, err));
    COF_TRY(set_text(claims, "tid", cof_state_tenant(issuer->parts.state), err));
    COF_TRY(set_text(claims, "ver", "1.0", err));
    COF_TRY(set_unique(claims, err));
    if (grant->subject.kind == COF_PRINCIPAL_USER) {
        COF_TRY(set_person(grant, claims, err));
    } else {
        COF_TRY(set_text(claims, "idtyp", "app", err));
    }
    COF_TRY(set_groups(issuer, grant, claims, err));
    COF_TRY(set_roles(issuer, grant, claims, err));
    *out = json_incref(claims);
    return COF_OK;
}

static cof_status sign(const cof_issuer *issuer, const json_t *claims, cof_buf *out, cof_err *err)
{
    const char *kid = NULL;
    const cof_rsa_key *key = cof_signing_keys_current(issuer->keys, &kid);
    COF_JSON json_t *header = json_pack("{s:s}", "x5t", kid);
    if (header == NULL) {
        return COF_FAIL(err, NO_MEMORY, "token");
    }
    return cof_token_sign(key, kid, header, claims, out, err);
}

cof_status cof_issuer_make_access_token(const cof_issuer *issuer, const cof_grant *grant,
                                        cof_buf *out, cof_err *err)
{
    COF_JSON json_t *claims = NULL;
    COF_TRY(make_claims(issuer, grant, &claims, err));
    return sign(issuer, claims, out, err);
}

cof_status cof_issuer_make_id_token(const cof_issuer *issuer, const cof_grant *grant, cof_buf *out,
                                    cof_err *err)
{
    COF_JSON json_t *claims = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf name = {.limit = COF_ISSUER_URL_SIZE + 8};
    const char *text = NULL;
    COF_TRY(cof_buf_printf(&name, err, "%sv2.0", issuer->url));
    COF_TRY(cof_buf_text(&name, &text, err));
    COF_TRY(cof_token_claims_new(text, grant->client_id, cof_issuer_now(issuer),
                                 COF_ISSUER_LIFETIME_S, &claims, err));
    COF_TRY(set_text(claims, "oid", grant->subject.object_id, err));
    COF_TRY(set_text(claims, "sub", grant->subject.object_id, err));
    COF_TRY(set_text(claims, "tid", cof_state_tenant(issuer->parts.state), err));
    COF_TRY(set_text(claims, "name", display_name(&grant->subject), err));
    COF_TRY(cof_json_set(claims, "preferred_username", login_name(&grant->subject), err));
    COF_TRY(set_text(claims, "ver", "2.0", err));
    COF_TRY(set_unique(claims, err));
    return sign(issuer, claims, out, err);
}
