/* coffer key authority show | add | list | remove: whose attestation this home's vault believes. */
#include <string.h>

#include "apps/coffer/authority.h"
#include "apps/coffer/authority_keys.h"
#include "apps/coffer/commands.h"
#include "apps/coffer/confirm.h"
#include "apps/coffer/services.h"
#include "host/azure/vault_call.h"
#include "tcb/wire/json.h"

enum { ISSUER_BYTES = 512 };

static bool is_local(const cof_services *services)
{
    return services->info != NULL && services->config->vault == NULL;
}

/* coffer-local's own API; Key Vault has none: there any authority may stand in a policy. */
static cof_status call_vault(const cof_services *services, const char *method, const char *path,
                             const json_t *body, const char *what, json_t **out, cof_err *err)
{
    char url[COF_VAULT_URL_MAX];
    if (!is_local(services)) {
        return COF_FAIL(err, UNSUPPORTED,
                        "%s keeps no list of authorities: a release policy names any",
                        services->url);
    }
    COF_TRY(cof_vault_url(url, err, services->url, path));
    const cof_vault_call call = {.method = method, .url = url, .body = body, .what = what};
    const cof_status status = cof_vault_exchange(&services->vault, &call, out, err);
    if (status == COF_E_NOT_FOUND) {
        return COF_FAIL(err, NOT_FOUND, "the vault knows no authority %s", what);
    }
    return status;
}

static cof_status path_of(const char *issuer, char *out, size_t size, cof_err *err)
{
    cof_digest digest;
    char id[2 * COF_DIGEST_SIZE + 1];
    COF_TRY(cof_digest_of(cof_view_text(issuer), &digest, err));
    cof_digest_text(&digest, id);
    (void)snprintf(out, size, "/authorities/%s", id);
    return COF_OK;
}

cof_status cof_authority_is_known(const cof_services *services, const char *issuer, bool *out,
                                  cof_err *err)
{
    COF_JSON json_t *answer = NULL;
    size_t i = 0;
    json_t *item = NULL;
    /* A local vault believes the service beside it, and not what this home's runs use instead. */
    const char *own = json_string_value(json_object_get(services->info, "attest"));
    *out = !is_local(services) || (own != NULL && strcmp(own, issuer) == 0);
    if (*out) {
        return COF_OK;
    }
    COF_TRY(call_vault(services, "GET", "/authorities", NULL, "", &answer, err));
    json_array_foreach(json_object_get(answer, "authorities"), i, item)
    {
        const char *known = json_string_value(json_object_get(item, "issuer"));
        *out = *out || (known != NULL && strcmp(known, issuer) == 0);
    }
    return COF_OK;
}

COF_COMMAND(key_authority_show)
{
    COF_CLEANUP(cof_authority_keys_drop_) cof_authority_keys keys = {0};
    COF_TRY(cof_authority_fetch(cof_args_operand(args, 0), cof_args_value(args, "ca"), &keys, err));
    cof_authority_show(app->output, &keys);
    COF_JSON json_t *object = json_pack("{s:s,s:s,s:O}", "issuer", keys.issuer, "fingerprint",
                                        keys.fingerprint, "keys", keys.shown);
    cof_output_json(app->output, object);
    return COF_OK;
}

COF_COMMAND(key_authority_add)
{
    COF_CLEANUP(cof_authority_keys_drop_) cof_authority_keys keys = {0};
    COF_CLEANUP(cof_services_drop_) cof_services *services = NULL;
    COF_JSON json_t *body = NULL;
    char path[128];
    COF_TRY(cof_authority_fetch(cof_args_operand(args, 0), cof_args_value(args, "ca"), &keys, err));
    cof_authority_show(app->output, &keys);
    COF_TRY(cof_confirm_digest(app, args, "fingerprint", "the fingerprint", keys.fingerprint, err));
    COF_TRY(cof_services_open(app->home, &services, err));
    COF_TRY(path_of(keys.issuer, path, sizeof path, err));
    body = json_pack("{s:s,s:O}", "issuer", keys.issuer, "keys", keys.keys);
    if (body == NULL) {
        return COF_FAIL(err, NO_MEMORY, "authority");
    }
    COF_TRY(call_vault(services, "PUT", path, body, keys.issuer, NULL, err));
    cof_output_line(app->output, COF_TONE_GOOD,
                    "keys of this vault can now be released to what %s attests, where an owner's "
                    "policy names it",
                    keys.issuer);
    COF_JSON json_t *object =
        json_pack("{s:s,s:s,s:s,s:O}", "status", "added", "issuer", keys.issuer, "fingerprint",
                  keys.fingerprint, "keys", keys.shown);
    cof_output_json(app->output, object);
    return COF_OK;
}

COF_COMMAND(key_authority_list)
{
    COF_CLEANUP(cof_services_drop_) cof_services *services = NULL;
    COF_JSON json_t *answer = NULL;
    json_t *list = NULL;
    size_t i = 0;
    json_t *item = NULL;
    (void)args;
    COF_TRY(cof_services_open(app->home, &services, err));
    COF_TRY(call_vault(services, "GET", "/authorities", NULL, "", &answer, err));
    COF_TRY(cof_json_get(answer, "authorities", JSON_ARRAY, &list, err));
    json_array_foreach(list, i, item)
    {
        const char *issuer = NULL;
        COF_TRY(cof_json_get_text(item, "issuer", ISSUER_BYTES, &issuer, err));
        cof_output_line(app->output, COF_TONE_PLAIN, "%s, %zu keys", issuer,
                        json_array_size(json_object_get(item, "kids")));
    }
    if (json_array_size(list) == 0) {
        cof_output_line(app->output, COF_TONE_PLAIN, "none but this home's own");
    }
    cof_output_json(app->output, answer);
    return COF_OK;
}

COF_COMMAND(key_authority_remove)
{
    const char *issuer = cof_args_operand(args, 0);
    COF_CLEANUP(cof_services_drop_) cof_services *services = NULL;
    char path[128];
    COF_TRY(cof_services_open(app->home, &services, err));
    COF_TRY(path_of(issuer, path, sizeof path, err));
    COF_TRY(call_vault(services, "DELETE", path, NULL, issuer, NULL, err));
    cof_output_line(app->output, COF_TONE_GOOD, "no key is released on the word of %s any more",
                    issuer);
    COF_JSON json_t *object = json_pack("{s:s,s:s}", "status", "removed", "issuer", issuer);
    cof_output_json(app->output, object);
    return COF_OK;
}
