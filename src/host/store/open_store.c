#include "host/store/open_store.h"

#include <string.h>

#include "host/store/azure_store.h"
#include "host/store/dir_store.h"

static bool starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

cof_status cof_store_open(const cof_store_options *options, cof_blob_store **out, cof_err *err)
{
    const char *where = options->where;
    if (starts(where, "dir:") && where[4] != '\0') {
        return cof_dir_store_open(where + 4, out, err);
    }
    if (starts(where, "azure:")) {
        const cof_blob_client_options client = {.url = where + 6,
                                                .secondary = options->secondary,
                                                .credential_path = options->credential_path,
                                                .ca_path = options->ca_path};
        return cof_azure_store_open(&client, out, err);
    }
    return COF_FAIL(err, CONFIG,
                    "storage is dir:PATH or azure:https://ACCOUNT.blob.core.windows.net/CONTAINER");
}
