#include "apps/coffer/store.h"

#include "host/store/open_store.h"

cof_status cof_store_of_home(const cof_config *config, cof_blob_store **out, cof_err *err)
{
    const cof_store_options options = {.where = config->storage,
                                       .secondary = config->storage_secondary,
                                       .credential_path = config->storage_credential,
                                       .ca_path = config->ca};
    return cof_store_open(&options, out, err);
}
