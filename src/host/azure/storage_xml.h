/*
 * The XML that Blob Storage answers with: errors, lists of blobs and of blocks, user delegation
 * keys (specs: Microsoft.BlobStorage 2021-12-02). A document type or an entity of its own is
 * refused; depth, texts and counts are bounded.
 */
#ifndef COF_HOST_AZURE_STORAGE_XML_H
#define COF_HOST_AZURE_STORAGE_XML_H

#include "host/azure/storage_sign.h"

enum {
    COF_STORAGE_CODE_SIZE = 64,
    COF_STORAGE_XML_DEPTH = 8,
    COF_STORAGE_XML_TEXT = 4096,       /* longest text of an element */
    COF_STORAGE_XML_BYTES = 16 << 20,  /* a whole document */
    COF_STORAGE_BLOB_NAME_SIZE = 1025, /* Azure's longest name and a NUL */
    COF_STORAGE_BLOCK_ID_SIZE = 89     /* base64 of 64 bytes, and a NUL */
};

/** <Error><Code>…: the code, "" when there is none; letters and digits alone. */
void cof_storage_xml_error(cof_view xml, char out[static COF_STORAGE_CODE_SIZE]);

/** One blob of a list. */
typedef struct cof_storage_listed {
    char name[COF_STORAGE_BLOB_NAME_SIZE];
    uint64_t size;
    bool is_folder; /* of a hierarchical namespace: not a blob */
} cof_storage_listed;

typedef cof_status (*cof_storage_list_visit)(void *context, const cof_storage_listed *blob,
                                             cof_err *err);

/**
 * A page of a list. @param out_marker  appended: of the next page, empty at the end
 * @return COF_OK, COF_E_BAD_FORMAT, COF_E_LIMIT, or what visit returned.
 */
COF_MUST_USE cof_status cof_storage_xml_list(cof_view xml, cof_storage_list_visit visit,
                                             void *context, cof_buf *out_marker, cof_err *err);

typedef cof_status (*cof_storage_block_visit)(void *context, const char *id, uint64_t size,
                                              cof_err *err);
/** The committed or the uncommitted blocks of a block list, in its order. @return as above. */
COF_MUST_USE cof_status cof_storage_xml_blocks(cof_view xml, bool is_committed,
                                               cof_storage_block_visit visit, void *context,
                                               cof_err *err);

/** @return COF_OK, COF_E_BAD_FORMAT (a member is missing, repeated or too long). */
COF_MUST_USE cof_status cof_storage_xml_delegation(cof_view xml, cof_delegation_key *out,
                                                   cof_err *err);

#endif
