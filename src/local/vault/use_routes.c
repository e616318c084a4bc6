/* Which calls use keys, secrets and the record of decisions. */
#include "local/vault/secrets.h"
#include "local/vault/vault_internal.h"

#define ROUTE(function, action, operation)                                                         \
    static cof_status function(void *context, const cof_http_request *request,                     \
                               cof_http_response *response, cof_err *err)                          \
    {                                                                                              \
        return cof_keyvault_admit(context, request, response, action, operation, err);             \
    }                                                                                              \
    struct cof_route_semicolon_

ROUTE(route_encrypt, COF_ACTION_KEY_ENCRYPT, cof_keyvault_encrypt);
ROUTE(route_decrypt, COF_ACTION_KEY_DECRYPT, cof_keyvault_decrypt);
ROUTE(route_wrap, COF_ACTION_KEY_WRAP, cof_keyvault_wrap);
ROUTE(route_unwrap, COF_ACTION_KEY_UNWRAP, cof_keyvault_unwrap);
ROUTE(route_sign, COF_ACTION_KEY_SIGN, cof_keyvault_sign);
ROUTE(route_verify, COF_ACTION_KEY_VERIFY, cof_keyvault_verify);
ROUTE(route_release, COF_ACTION_KEY_RELEASE, cof_keyvault_release);
ROUTE(route_random, COF_ACTION_KEY_RANDOM, cof_keyvault_random);
ROUTE(route_decisions, COF_ACTION_AUDIT_READ, cof_keyvault_decisions);
ROUTE(route_set, COF_ACTION_SECRET_SET, cof_secrets_set);
ROUTE(route_get, COF_ACTION_SECRET_GET, cof_secrets_get);
ROUTE(route_update, COF_ACTION_SECRET_SET, cof_secrets_update);
ROUTE(route_list, COF_ACTION_SECRET_LIST, cof_secrets_list);
ROUTE(route_versions, COF_ACTION_SECRET_LIST, cof_secrets_versions);
ROUTE(route_delete, COF_ACTION_SECRET_DELETE, cof_secrets_delete);
ROUTE(route_deleted, COF_ACTION_SECRET_GET, cof_secrets_deleted);
ROUTE(route_list_deleted, COF_ACTION_SECRET_LIST, cof_secrets_list_deleted);
ROUTE(route_recover, COF_ACTION_SECRET_RECOVER, cof_secrets_recover);
ROUTE(route_purge, COF_ACTION_SECRET_PURGE, cof_secrets_purge);
ROUTE(route_backup, COF_ACTION_SECRET_BACKUP, cof_secrets_backup);
ROUTE(route_restore, COF_ACTION_SECRET_RESTORE, cof_secrets_restore);

/* The first that fits counts: fixed words before versions. */
static const cof_http_route routes[] = {
    {"POST", "/keys/{name}/{version?}/encrypt", route_encrypt},
    {"POST", "/keys/{name}/{version?}/decrypt", route_decrypt},
    {"POST", "/keys/{name}/{version?}/wrapkey", route_wrap},
    {"POST", "/keys/{name}/{version?}/unwrapkey", route_unwrap},
    {"POST", "/keys/{name}/{version?}/sign", route_sign},
    {"POST", "/keys/{name}/{version?}/verify", route_verify},
    {"POST", "/keys/{name}/release", route_release},
    {"POST", "/keys/{name}/{version?}/release", route_release},
    {"POST", "/rng", route_random},
    {"GET", "/decisions", route_decisions},
    {"GET", "/secrets", route_list},
    {"GET", "/secrets/{name}/versions", route_versions},
    {"POST", "/secrets/restore", route_restore},
    {"POST", "/secrets/{name}/backup", route_backup},
    {"PUT", "/secrets/{name}", route_set},
    {"DELETE", "/secrets/{name}", route_delete},
    {"GET", "/secrets/{name}", route_get},
    {"GET", "/secrets/{name}/{version}", route_get},
    {"PATCH", "/secrets/{name}/{version?}", route_update},
    {"GET", "/deletedsecrets", route_list_deleted},
    {"GET", "/deletedsecrets/{name}", route_deleted},
    {"DELETE", "/deletedsecrets/{name}", route_purge},
    {"POST", "/deletedsecrets/{name}/recover", route_recover},
};

cof_status cof_keyvault_serve_uses(cof_keyvault *vault, cof_http_server *server, cof_err *err)
{
    return cof_http_server_add(server, routes, sizeof routes / sizeof routes[0], vault, err);
}
