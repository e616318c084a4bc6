/*
 * The metadata of a client-side encrypted blob (`encryptiondata`), and the head that Coffer puts
 * before such a blob instead of it. docs/formats/cse.md.
 */
#ifndef COF_HOST_AZURE_ENCRYPTION_DATA_H
#define COF_HOST_AZURE_ENCRYPTION_DATA_H

#include "tcb/seal/cse.h"

enum { COF_ENCRYPTION_DATA_BYTES = 8 * 1024 }; /* what a blob's metadata can hold */

/**
 * Reads the JSON of `encryptiondata`. Members that do not matter for opening are ignored.
 * @return COF_OK, COF_E_BAD_JSON, COF_E_BAD_FORMAT, COF_E_UNSUPPORTED (version 1, another cipher or
 * way to wrap the key), COF_E_LIMIT, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_encryption_data_parse(cof_view text, cof_cse_head *out, cof_err *err);

/** Appends the head's bytes. @return as cof_buf_append. */
COF_MUST_USE cof_status cof_cse_head_print(const cof_cse_head *head, cof_buf *out, cof_err *err);

#endif
