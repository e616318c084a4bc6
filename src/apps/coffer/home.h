/*
 * The state folder of one user:
 *
 *   local/        coffer-local's own (docs/formats/platform.md)
 *   identities/   NAME.json (public), NAME.sign (private key, PKCS#8 DER)
 *   store/        sealed objects, by name (host/store)
 *   jobs/         DIGEST/ one folder per contract: contract.json, consents, runs
 *   requests/     which contract a job.yaml was resolved to, so that running it again resumes
 */
#ifndef COF_APP_HOME_H
#define COF_APP_HOME_H

#include <glob.h>

#include "host/files/files.h"

/**
 * The absolute path of the state folder: asked (may be NULL), else $XDG_STATE_HOME/coffer, else
 * ~/.local/state/coffer. Made when missing, mode 0700.
 */
COF_MUST_USE cof_status cof_home_find(const char *asked, char *out, size_t size, cof_err *err);

/**
 * glob(3) of a pattern below the state folder ("jobs" and what is in it, say); whatever characters
 * the folder's own path has, they stand for themselves.
 * @param out  a zeroed one; the caller frees it with globfree in any case
 * @return COF_OK (also when there is nothing), COF_E_LIMIT, COF_E_IO.
 */
COF_MUST_USE cof_status cof_home_glob(const char *home, const char *pattern, glob_t *out,
                                      cof_err *err);

#endif
