#include "apps/coffer/place.h"

#include <string.h>

#include "host/azure/storage_place.h"
#include "host/http/url.h"
#include "host/store/azure_store.h"
#include "host/store/open_store.h"

static const char azure[] = "azure:";

bool cof_place_is(const char *text)
{
    return strncmp(text, azure, strlen(azure)) == 0 || strncmp(text, "dir:", 4) == 0;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t size = strlen(text);
    const size_t end_size = strlen(end);
    return size > end_size && strcmp(text + size - end_size, end) == 0;
}

static bool is_azures(const char *host)
{
    static const char *const suffixes[] = {".blob.core.windows.net", ".blob.storage.azure.net",
                                           ".blob.core.chinacloudapi.cn",
                                           ".blob.core.usgovcloudapi.net"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        if (ends_with(host, suffixes[i])) {
            return true;
        }
    }
    return false;
}

/*
 * The home's credential is for the home's own storage. Whoever can make somebody type a URL must
 * not be shown a token, or a signature, by that: elsewhere it is lent to Azure's own hosts, which
 * do not keep it, and to this machine.
 */
static cof_status check_lending(const cof_config *config, const char *where, cof_err *err)
{
    cof_url wanted;
    cof_url own;
    const char *url = where + strlen(azure);
    if (strncmp(where, azure, strlen(azure)) != 0 || strchr(url, '?') != NULL ||
        cof_url_parse(url, &wanted, NULL) != COF_OK || is_azures(wanted.host) ||
        cof_storage_is_loopback(wanted.host)) {
        return COF_OK;
    }
    if (strncmp(config->storage, azure, strlen(azure)) == 0 &&
        cof_url_parse(config->storage + strlen(azure), &own, NULL) == COF_OK &&
        cof_url_same_origin(&wanted, &own)) {
        return COF_OK;
    }
    return COF_FAIL(err, USAGE,
                    "%.100s is neither this home's storage nor Azure's: say what to sign in there "
                    "with, --credential FILE",
                    wanted.host);
}

cof_status cof_place_open(const cof_app *app, const char *where, const char *credential,
                          cof_place *out, cof_err *err)
{
    if (out->config == NULL) {
        COF_TRY(cof_config_read(app->home, &out->config, err));
    }
    const cof_config *config = out->config;
    if (credential == NULL) {
        COF_TRY(check_lending(config, where, err));
    }
    const cof_store_options options = {
        .where = where,
        .credential_path = credential != NULL ? credential : config->storage_credential,
        .ca_path = config->ca};
    /* What follows "?" is a signature. */
    COF_TRY(cof_path_format(&out->where, err, "%.*s", (int)strcspn(where, "?"), where));
    return cof_store_open(&options, &out->store, err);
}

/* Splits at the path's last slash; a signature stays with the place. */
static cof_status split(const char *blob, cof_path *out_where, cof_place *out, cof_err *err)
{
    const size_t path = strcspn(blob, "?");
    size_t slash = path;
    while (slash > 0 && blob[slash - 1] != '/') {
        slash--;
    }
    const size_t size = path - slash;
    if (slash < 2 || size == 0 || size > COF_BLOB_NAME_SIZE) {
        return COF_FAIL(err, USAGE, "%.*s names no blob: write PLACE/NAME", (int)path, blob);
    }
    memcpy(out->name, blob + slash, size);
    out->name[size] = '\0';
    return cof_path_format(out_where, err, "%.*s%s", (int)(slash - 1), blob, blob + path);
}

cof_status cof_place_find(const cof_app *app, const char *blob, const char *credential,
                          cof_place *out, cof_err *err)
{
    cof_path where;
    if (cof_place_is(blob)) {
        COF_TRY(split(blob, &where, out, err));
        return cof_place_open(app, where.text, credential, out, err);
    }
    if (strlen(blob) > COF_BLOB_NAME_SIZE) {
        return COF_FAIL(err, USAGE, "a blob's name has more than %d bytes", COF_BLOB_NAME_SIZE);
    }
    memcpy(out->name, blob, strlen(blob) + 1);
    COF_TRY(cof_config_read(app->home, &out->config, err));
    return cof_place_open(app, out->config->storage, credential, out, err);
}

cof_status cof_place_blob(const cof_place *place, cof_blob_client **out_client, cof_buf *out_name,
                          cof_err *err)
{
    cof_blob_client *client = cof_azure_store_client(place->store);
    if (client == NULL) {
        return COF_FAIL(err, UNSUPPORTED, "%s is a folder: this is for azure:URL alone",
                        place->where.text);
    }
    COF_TRY(cof_azure_store_name(place->store, place->name, out_name, err));
    *out_client = client;
    return COF_OK;
}

void cof_place_drop_(cof_place *place)
{
    cof_blob_store_free(place->store);
    cof_config_free(place->config);
    *place = (cof_place){0};
}
