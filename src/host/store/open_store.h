/* Where sealed objects are kept, by one text: dir:PATH, or
 * azure:https://ACCOUNT/CONTAINER[/PREFIX]. */
#ifndef COF_STORE_OPEN_STORE_H
#define COF_STORE_OPEN_STORE_H

#include "host/store/blob_store.h"

/** All is borrowed for the call. */
typedef struct cof_store_options {
    const char *where;     /* "dir:PATH" or "azure:URL"; a URL may carry a SAS as its query */
    const char *secondary; /* azure: the URL that reads go to when the first fails; NULL: none */
    const char *credential_path; /* azure: a credential file (host/azure/credential.h), or
                                    {"account_key":…} or {"sas":…}; NULL: the SAS of the URL */
    const char *ca_path;         /* NULL: the system's authorities */
} cof_store_options;

/** @return COF_OK, COF_E_CONFIG (the text), or as cof_dir_store_open, cof_azure_store_open. */
COF_MUST_USE cof_status cof_store_open(const cof_store_options *options, cof_blob_store **out,
                                       cof_err *err);

#endif
