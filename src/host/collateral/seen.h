/* The memory of the newest collateral that was verified with (relying/verify/freshness.h), kept in
 * one file beside the cache. It only goes forward. */
#ifndef COF_HOST_COLLATERAL_SEEN_H
#define COF_HOST_COLLATERAL_SEEN_H

#include "relying/verify/freshness.h"

/** Reads FOLDER/seen.json; without it, nothing was seen. @return COF_OK, COF_E_BAD_FORMAT (damaged:
 * to go on as if nothing had been seen would undo it), COF_E_IO, COF_E_PERMISSION, … */
COF_MUST_USE cof_status cof_seen_load(const char *folder, cof_freshness *out, cof_err *err);

/** Adds what a verification has noted to the file, under a lock, so that two processes lose nothing
 * of each other's. The folder is made when missing. @return as cof_seen_load, COF_E_NO_SPACE, … */
COF_MUST_USE cof_status cof_seen_save(const char *folder, const cof_freshness *seen, cof_err *err);

#endif
