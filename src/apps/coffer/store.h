/* The store of sealed objects that a home is configured with. */
#ifndef COF_APP_STORE_H
#define COF_APP_STORE_H

#include "host/config/config.h"
#include "host/store/blob_store.h"

/** @return as cof_store_open. */
COF_MUST_USE cof_status cof_store_of_home(const cof_config *config, cof_blob_store **out,
                                          cof_err *err);

#endif
