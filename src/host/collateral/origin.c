#include "host/collateral/origin.h"

#include <stdio.h>
#include <string.h>

#include "host/http/url.h"

static const cof_collateral_origin vendors = {
    .intel = "https://api.trustedservices.intel.com",
    .intel_root_crl = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der",
    .amd = "https://kdsintf.amd.com",
    .has_update_option = true};

static const char azure_cache[] = "https://global.acccache.azure.net";
static const char azure_metadata[] = "http://169.254.169.254";

bool cof_origin_is_here(const char *url)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1", "::1", "169.254.169.254"};
    cof_url parsed;
    if (cof_url_parse(url, &parsed, NULL) != COF_OK) {
        return false;
    }
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        if (strcmp(parsed.host, hosts[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Without what PCCS clients have behind the host, and without "/" at the end. */
static size_t base_size(const char *url)
{
    const char *path = strstr(url, "/sgx/certification/");
    size_t size = path != NULL ? (size_t)(path - url) : strlen(url);
    while (size > 0 && url[size - 1] == '/') {
        size--;
    }
    return size;
}

static cof_status from_url(const char *url, cof_collateral_origin *out, cof_err *err)
{
    cof_url parsed;
    const size_t size = base_size(url);
    if (size >= COF_ORIGIN_URL_SIZE || cof_url_parse(url, &parsed, NULL) != COF_OK ||
        strchr(url, '?') != NULL) {
        return COF_FAIL(err, USAGE, "%.200s is neither intel, nor azure, nor a URL", url);
    }
    if (!parsed.is_https && !cof_origin_is_here(url)) {
        return COF_FAIL(err, USAGE, "%.200s: plain http only from this machine, else https", url);
    }
    *out = vendors;
    (void)snprintf(out->intel, sizeof out->intel, "%.*s", (int)size, url);
    (void)snprintf(out->amd, sizeof out->amd, "%.*s", (int)size, url);
    out->is_pccs = true;
    return COF_OK;
}

cof_status cof_origin_from(const char *text, cof_collateral_origin *out, cof_err *err)
{
    if (text == NULL || strcmp(text, "intel") == 0) {
        *out = vendors;
        return COF_OK;
    }
    if (strcmp(text, "azure") == 0) {
        *out = vendors;
        memcpy(out->intel, azure_cache, sizeof azure_cache);
        memcpy(out->imds, azure_metadata, sizeof azure_metadata);
        out->is_pccs = true;
        out->has_update_option = false; /* its cache is of the standard update anyway */
        return COF_OK;
    }
    return from_url(text, out, err);
}
