/* Where coffer-local gets the passphrase or PIN of its root key. */
#ifndef COF_APP_LOCAL_ROOT_SECRET_H
#define COF_APP_LOCAL_ROOT_SECRET_H

#include "host/files/files.h"
#include "local/vault/root_key.h"

/** What the command line says of one way to keep the root key. Zeroed but for the descriptors, -1:
 * nothing. */
typedef struct cof_local_root {
    const char *way;   /* "file", "passphrase", "pkcs11:…"; NULL: the file */
    int passphrase_fd; /* -1: none */
    int pin_fd;        /* -1: none */
    bool is_new;       /* a passphrase that is typed is asked for twice */
} cof_local_root;

/**
 * Makes the source: reads a passphrase or PIN from its descriptor, else from the service manager's
 * $CREDENTIALS_DIRECTORY (coffer-passphrase or coffer-pin; with is_new coffer-new-passphrase,
 * coffer-new-pin), else from the terminal. One newline at its end is not part of it.
 *
 * @param secret  gets it; borrowed by the source
 * @return COF_OK, COF_E_BAD_ARGUMENT, COF_E_USAGE (nowhere to get it from), COF_E_LIMIT, COF_E_IO
 */
COF_MUST_USE cof_status cof_local_root_source(const cof_local_root *given, cof_buf *secret,
                                              cof_root_source *out, cof_err *err);

#endif
