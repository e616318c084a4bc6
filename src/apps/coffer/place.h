/*
 * Places that a command line names: storage (dir:PATH, azure:URL of a container and a prefix), and
 * a blob in one (the same, then /NAME; or a name in the storage that the home is configured with).
 */
#ifndef COF_APP_PLACE_H
#define COF_APP_PLACE_H

#include "apps/coffer/command.h"
#include "host/azure/blob.h"
#include "host/config/config.h"
#include "host/files/files.h"
#include "host/store/blob_store.h"

/** Zeroed, then opened; freed by cof_place_drop_. */
typedef struct cof_place {
    cof_config *config;
    cof_blob_store *store;
    cof_path where;                    /* without a signature: what may be shown and kept */
    char name[COF_BLOB_NAME_SIZE + 1]; /* of the blob, where one is meant */
} cof_place;

/** Does the text name storage, not a file? */
bool cof_place_is(const char *text);

/**
 * Opens storage. credential: a file, NULL for the home's own, which goes to the home's storage, to
 * Azure and to this machine alone. @return as cof_store_open, cof_config_read; COF_E_USAGE (the
 * home's credential is not for this place).
 */
COF_MUST_USE cof_status cof_place_open(const cof_app *app, const char *where,
                                       const char *credential, cof_place *out, cof_err *err);
/** Opens the storage of a blob. @return also COF_E_USAGE. */
COF_MUST_USE cof_status cof_place_find(const cof_app *app, const char *blob, const char *credential,
                                       cof_place *out, cof_err *err);
/**
 * The client of the service and the blob's whole name, appended. @return COF_OK, COF_E_UNSUPPORTED
 * (it is a folder).
 */
COF_MUST_USE cof_status cof_place_blob(const cof_place *place, cof_blob_client **out_client,
                                       cof_buf *out_name, cof_err *err);

void cof_place_drop_(cof_place *place);

#endif
