/* A password from a person: from the terminal without echo, or from a file; never from argv. */
#ifndef COF_APP_PASSWORD_H
#define COF_APP_PASSWORD_H

#include "apps/coffer/command.h"

/**
 * Appends the password: the first line of --password-file FILE, else what is typed twice on the
 * terminal.
 *
 * @param prompt  "password of alice"
 * @return COF_OK, COF_E_USAGE (there is no terminal; the two differ), COF_E_PERMISSION (others can
 * read the file), COF_E_CANCELLED (nothing was typed, or a signal came), or as cof_read_file.
 */
COF_MUST_USE cof_status cof_password_read(const cof_args *args, const char *prompt, cof_buf *out,
                                          cof_err *err);

#endif
