#include "apps/coffer/releases.h"

#include <string.h>

#include "host/azure/vault_call.h"
#include "tcb/wire/json.h"

enum { NEWEST = 100, NAME_BYTES = 127 };

/* The name in https://host/keys/NAME/VERSION. */
static bool name_of(const char *key, char out[static NAME_BYTES + 1])
{
    static const char keys[] = "/keys/";
    const char *start = strstr(key, keys);
    if (start == NULL) {
        return false;
    }
    start += sizeof keys - 1;
    const size_t size = strcspn(start, "/");
    if (size == 0 || size > NAME_BYTES) {
        return false;
    }
    memcpy(out, start, size);
    out[size] = '\0';
    return true;
}

static void count(const json_t *decisions, const char *digest, cof_releases *out)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach((json_t *)(uintptr_t)decisions, i, item)
    {
        const char *contract = json_string_value(json_object_get(item, "contract"));
        const char *decision = json_string_value(json_object_get(item, "decision"));
        const int64_t when = json_integer_value(json_object_get(item, "time"));
        if (contract == NULL || decision == NULL || strcmp(contract, digest) != 0 ||
            strcmp(decision, "released") != 0) {
            continue;
        }
        out->count++;
        out->last_unix_s = when > out->last_unix_s ? when : out->last_unix_s;
    }
}

cof_status cof_releases_find(const cof_services *services, const char *key, const char *digest,
                             cof_releases *out, cof_err *err)
{
    char name[NAME_BYTES + 1];
    char path[NAME_BYTES + 64];
    char url[COF_VAULT_URL_MAX];
    COF_JSON json_t *answer = NULL;
    *out = (cof_releases){0};
    if (services->info == NULL || services->config->vault != NULL || !name_of(key, name)) {
        return COF_OK;
    }
    (void)snprintf(path, sizeof path, "/decisions?key=%s&action=release&decision=released&max=%d",
                   name, NEWEST);
    COF_TRY(cof_vault_url(url, err, services->url, path));
    const cof_vault_call call = {.method = "GET", .url = url, .what = name};
    const cof_status status = cof_vault_exchange(&services->vault, &call, &answer, err);
    if (status == COF_E_NOT_FOUND || status == COF_E_FORBIDDEN) {
        return COF_OK;
    }
    COF_TRY(status);
    const json_t *decisions = json_object_get(answer, "value");
    count(decisions, digest, out);
    /* The record is long, and only its end is shown. */
    out->is_complete = json_is_true(json_object_get(answer, "complete"));
    out->is_known = out->is_complete || out->count > 0;
    return COF_OK;
}
