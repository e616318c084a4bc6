/* A file handed on in pieces of 64 KiB. */
#ifndef COF_HOST_FEED_FILE_H
#define COF_HOST_FEED_FILE_H

#include "tcb/base/buf.h"

typedef cof_status (*cof_piece_handler)(void *context, cof_view piece, cof_err *err);

/**
 * Hands on the file's bytes in order; the buffer is wiped afterwards.
 * @return COF_OK, COF_E_NOT_FOUND, COF_E_PERMISSION, COF_E_IO, COF_E_NO_MEMORY, or what the handler
 * returned.
 */
COF_MUST_USE cof_status cof_feed_file(const char *path, cof_piece_handler handler, void *context,
                                      cof_err *err);

#endif
