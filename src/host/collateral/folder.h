/*
 * Collateral from files: a folder with one file for each item, or a bundle
 * (docs/formats/collateral.md). Bytes as they stand there, in the form that is verified; whether
 * they are what their names say is for the verifier.
 */
#ifndef COF_HOST_COLLATERAL_FOLDER_H
#define COF_HOST_COLLATERAL_FOLDER_H

#include "relying/verify/bundle.h"

/** Reads the items of a folder, by their file names; other files are not looked at. Replaces *out,
 * which is zeroed or from an earlier call. @return COF_OK, COF_E_NOT_FOUND (no folder, or none of
 * the files), COF_E_BAD_ARGUMENT (two files for one item), COF_E_COLLATERAL_INVALID (a list or
 * certificate in no known form), COF_E_LIMIT, COF_E_IO, COF_E_PERMISSION, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_collateral_from_folder(const char *path, cof_collateral *out,
                                                   cof_err *err);

/** A folder, or a single file: a bundle. bundle->need is what the bundle, or else the items, say.
 * Replaces *out. @return as above, and as cof_bundle_parse. */
COF_MUST_USE cof_status cof_collateral_load_bundle(const char *path, cof_bundle *out, cof_err *err);

/** The same, the items alone. */
COF_MUST_USE cof_status cof_collateral_load(const char *path, cof_collateral *out, cof_err *err);

/** A source ("folder") that gives what is at path for every need. Read once, now. @return as
 * cof_collateral_load. */
COF_MUST_USE cof_status cof_collateral_folder_open(const char *path, cof_collateral_source **out,
                                                   cof_err *err);

#endif
