/*
 * Blob Storage's XML answers: what is read keeps its bounds, and no document is of two kinds.
 */
#include <stdlib.h>
#include <string.h>

#include "host/azure/storage_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_right)
{
    if (!is_right) {
        abort();
    }
}

static cof_status check_blob(void *context, const cof_storage_listed *blob, cof_err *err)
{
    (void)err;
    require(strlen(blob->name) < COF_STORAGE_BLOB_NAME_SIZE);
    require(blob->size < 1000000000000000000);
    ++*(size_t *)context;
    return COF_OK;
}

static cof_status check_block(void *context, const char *id, uint64_t size, cof_err *err)
{
    (void)err;
    require(strlen(id) < COF_STORAGE_BLOCK_ID_SIZE && size < 1000000000000000000);
    ++*(size_t *)context;
    return COF_OK;
}

static void check_delegation(cof_view xml)
{
    cof_delegation_key key = {0};
    if (cof_storage_xml_delegation(xml, &key, NULL) == COF_OK) {
        require(key.oid[0] != '\0' && key.value[0] != '\0');
        require(memchr(key.value, 0, sizeof key.value) != NULL);
    }
    cof_delegation_key_wipe(&key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const cof_view xml = cof_view_of(data, size);
    char code[COF_STORAGE_CODE_SIZE];
    size_t found = 0;
    COF_CLEANUP(cof_buf_free) cof_buf marker = {.limit = 4096};
    cof_storage_xml_error(xml, code);
    require(strspn(code, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") ==
            strlen(code));
    const bool is_list = cof_storage_xml_list(xml, check_blob, &found, &marker, NULL) == COF_OK;
    bool is_blocks = cof_storage_xml_blocks(xml, true, check_block, &found, NULL) == COF_OK;
    is_blocks =
        cof_storage_xml_blocks(xml, false, check_block, &found, NULL) == COF_OK || is_blocks;
    require(!(is_list && is_blocks));
    check_delegation(xml);
    return 0;
}
