#include "local/identity/issuer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "local/identity/issuer_internal.h"
#include "tcb/base/wipe.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"

cof_status cof_issuer_open(const cof_issuer_parts *parts, cof_issuer **out, cof_err *err)
{
    COF_CLEANUP(cof_issuer_drop_) cof_issuer *issuer = calloc(1, sizeof *issuer);
    if (issuer == NULL) {
        return COF_FAIL(err, NO_MEMORY, "identity service");
    }
    issuer->parts = *parts;
    const int size = snprintf(issuer->url, sizeof issuer->url, "%s/%s/",
                              cof_state_base(parts->state), cof_state_tenant(parts->state));
    if (size < 0 || (size_t)size >= sizeof issuer->url) {
        return COF_FAIL(err, INTERNAL, "issuer");
    }
    COF_TRY(cof_state_make_folder(parts->state, "identity", err));
    COF_TRY(cof_signing_keys_open(parts->state, issuer->url, &issuer->keys, err));
    COF_TRY(cof_sessions_open(parts->state, &issuer->sessions, err));
    COF_TRY(cof_throttle_new(&issuer->throttle, err));
    COF_TRY(cof_replay_new(&issuer->assertions, err));
    COF_TRY(cof_devices_new(&issuer->devices, err));
    COF_TRY(cof_random((cof_span){issuer->page_key, sizeof issuer->page_key}, err));
    *out = cof_issuer_take(&issuer);
    return COF_OK;
}

const char *cof_issuer_url(const cof_issuer *issuer)
{
    return issuer->url;
}

int64_t cof_issuer_now(const cof_issuer *issuer)
{
    return cof_state_now(issuer->parts.state);
}

cof_status cof_issuer_record(const cof_issuer *issuer, const char *action, const char *who,
                             const char *object_id, const char *decision, const char *why,
                             cof_err *err)
{
    json_t *name = cof_trail_text(who);
    return cof_trail_add(issuer->parts.trail,
                         json_pack("{s:s,s:s,s:o,s:s,s:s,s:s}", "service", "identity", "action",
                                   action, "who", name, "oid", object_id, "decision", decision,
                                   "why", why),
                         err);
}

void cof_issuer_turn_keys(cof_issuer *issuer)
{
    bool changed = false;
    cof_err err = {0};
    const cof_status status = cof_signing_keys_turn(issuer->keys, &changed, &err);
    if (status != COF_OK || changed) {
        /* A disk that is full must not end tokens too: the key that there is goes on. */
        (void)!cof_issuer_record(issuer, "keys/turn", "coffer-local", "",
                                 status == COF_OK ? "done" : "failed",
                                 cof_status_describe(status)->name, NULL);
    }
}

cof_status cof_issuer_check(const cof_issuer *issuer, const char *authorization,
                            const char *audience, json_t **out_claims, cof_err *err)
{
    static const char scheme[] = "Bearer ";
    if (authorization == NULL || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0) {
        return COF_FAIL(err, UNAUTHORIZED, "there is no bearer token");
    }
    const cof_token_rules rules = {.keys = cof_signing_keys_jwks(issuer->keys),
                                   .issuer = issuer->url,
                                   .audience = audience,
                                   .now_unix_s = cof_issuer_now(issuer),
                                   .skew_s = COF_ISSUER_SKEW_S};
    COF_JSON json_t *claims = NULL;
    COF_TRY(
        cof_token_verify(cof_view_text(authorization + sizeof scheme - 1), &rules, &claims, err));
    const char *tenant = json_string_value(json_object_get(claims, "tid"));
    if (tenant == NULL || strcmp(tenant, cof_state_tenant(issuer->parts.state)) != 0) {
        return COF_FAIL(err, TOKEN_INVALID, "the token is of another tenant");
    }
    *out_claims = json_incref(claims);
    return COF_OK;
}

bool cof_issuer_is_tenant(const cof_issuer *issuer, const cof_http_request *request)
{
    return strcasecmp(request->segments[0], cof_state_tenant(issuer->parts.state)) == 0;
}

/* The instance before "{tenant}", which would fit it too. */
static const cof_http_route routes[] = {
    {"GET", "/common/discovery/instance", cof_issuer_get_instance},
    {"GET", "/{tenant}/v2.0/.well-known/openid-configuration", cof_issuer_get_configuration_v2},
    {"GET", "/{tenant}/.well-known/openid-configuration", cof_issuer_get_configuration_v1},
    {"GET", "/{tenant}/discovery/v2.0/keys", cof_issuer_get_keys},
    {"GET", "/{tenant}/discovery/keys", cof_issuer_get_keys},
    {"POST", "/{tenant}/oauth2/v2.0/token", cof_issuer_post_token_v2},
    {"POST", "/{tenant}/oauth2/token", cof_issuer_post_token_v1},
    {"POST", "/{tenant}/oauth2/v2.0/devicecode", cof_issuer_post_device_code},
    {"POST", "/{tenant}/oauth2/v2.0/revoke", cof_issuer_post_revoke},
    {"GET", "/{tenant}/oauth2/deviceauth", cof_issuer_get_page},
    {"POST", "/{tenant}/oauth2/deviceauth", cof_issuer_post_page},
};

cof_status cof_issuer_serve(cof_issuer *issuer, cof_http_server *server, cof_err *err)
{
    return cof_http_server_add(server, routes, sizeof routes / sizeof routes[0], issuer, err);
}

void cof_issuer_free(cof_issuer *issuer)
{
    if (issuer != NULL) {
        cof_signing_keys_free(issuer->keys);
        cof_sessions_free(issuer->sessions);
        cof_throttle_free(issuer->throttle);
        cof_replay_free(issuer->assertions);
        cof_devices_free(issuer->devices);
        cof_wipe(issuer, sizeof *issuer);
        free(issuer);
    }
}
