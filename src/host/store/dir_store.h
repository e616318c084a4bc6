/*
 * A blob store in a folder: one file for each blob, sub-folders for "/" in names. Symbolic links
 * are never followed below the folder. Several processes may use one folder.
 */
#ifndef COF_STORE_DIR_STORE_H
#define COF_STORE_DIR_STORE_H

#include "host/store/blob_store.h"

/**
 * Opens the folder, which is made (mode 0700) when it is missing but its parent is there. What a
 * crashed writer left behind is removed; what a running one is writing is not.
 * @return COF_OK, COF_E_NOT_FOUND, COF_E_PERMISSION, COF_E_IO, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_dir_store_open(const char *path, cof_blob_store **out, cof_err *err);

#endif
