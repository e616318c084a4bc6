/* Attributes: small files in which a kernel, or Gramine, answers what is written to others. */
#ifndef COF_EVIDENCE_ATTRIBUTE_H
#define COF_EVIDENCE_ATTRIBUTE_H

#include "tcb/base/buf.h"

enum { COF_ATTRIBUTE_PATH_SIZE = 128 };

/** A folder's path. */
typedef struct cof_attribute_folder {
    char path[COF_ATTRIBUTE_PATH_SIZE];
} cof_attribute_folder;

/** Copies "path" or, with a name, "path/name". @return COF_OK, COF_E_LIMIT. */
COF_MUST_USE cof_status cof_attribute_folder_set(cof_attribute_folder *out, const char *path,
                                                 const char *name, cof_err *err);

/**
 * Opens an attribute, appends all of it, closes it: its content is made when it is opened or first
 * read. out is unchanged on failure.
 * @return COF_OK, COF_E_NOT_FOUND, COF_E_PERMISSION, COF_E_BUSY (it says that somebody changed
 * something meanwhile), COF_E_IO, COF_E_LIMIT, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_attribute_read(const cof_attribute_folder *folder, const char *name,
                                           cof_buf *out, cof_err *err);

/** Reads an attribute that is a short text, without its line end. @return as cof_attribute_read. */
COF_MUST_USE cof_status cof_attribute_read_text(const cof_attribute_folder *folder,
                                                const char *name, char *out, size_t out_size,
                                                cof_err *err);

/** Opens an attribute, writes all bytes with one call, closes it. @return as cof_attribute_read. */
COF_MUST_USE cof_status cof_attribute_write(const cof_attribute_folder *folder, const char *name,
                                            cof_view bytes, cof_err *err);

#endif
