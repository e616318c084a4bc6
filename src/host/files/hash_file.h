/* The digest of a file, read in pieces. */
#ifndef COF_HOST_HASH_FILE_H
#define COF_HOST_HASH_FILE_H

#include "tcb/crypto/digest.h"

/** SHA-256 of a file's bytes. @return COF_OK, COF_E_NOT_FOUND, COF_E_PERMISSION, COF_E_IO,
 * COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_hash_file(const char *path, cof_digest *out, cof_err *err);

/** Adds a file's size and bytes to a hash. @return as above. */
COF_MUST_USE cof_status cof_hash_add_file(cof_sha256 *hash, const char *path, cof_err *err);

#endif
