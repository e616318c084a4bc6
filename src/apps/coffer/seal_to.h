/* coffer data seal FILE --to PLACE: sealing straight into storage. */
#ifndef COF_APP_SEAL_TO_H
#define COF_APP_SEAL_TO_H

#include "apps/coffer/command.h"
#include "host/store/seal_file.h"

/**
 * Seals source as seal says, into the storage and under the name that the options --to, --name,
 * --force, --restart and --credential say, and tells what was done.
 */
COF_MUST_USE cof_status cof_seal_to_place(cof_app *app, const cof_args *args, const char *source,
                                          const cof_seal_request *seal, cof_err *err);

#endif
