#include "host/azure/encryption_data.h"

#include <string.h>

#include "tcb/wire/json.h"
#include "tcb/wire/text.h"
#include "tcb/wire/writer.h"

enum { TEXT_SIZE = 1024 };

static cof_status read_protocol(const json_t *root, cof_cse_head *head, cof_err *err)
{
    json_t *agent = NULL;
    const char *protocol = NULL;
    const char *cipher = NULL;
    COF_TRY(cof_json_get(root, "EncryptionAgent", JSON_OBJECT, &agent, err));
    COF_TRY(cof_json_get_text(agent, "Protocol", TEXT_SIZE, &protocol, err));
    COF_TRY(cof_json_get_text(agent, "EncryptionAlgorithm", TEXT_SIZE, &cipher, err));
    if (strcmp(protocol, "1.0") == 0) {
        return COF_FAIL(err, UNSUPPORTED,
                        "client-side encryption 1.0 does not protect against alteration: write the "
                        "blob again with version 2");
    }
    if (strcmp(protocol, "2.0") != 0 && strcmp(protocol, "2.1") != 0) {
        return COF_FAIL(err, UNSUPPORTED, "client-side encryption %.16s", protocol);
    }
    if (strcmp(cipher, "AES_GCM_256") != 0) {
        return COF_FAIL(err, UNSUPPORTED, "encrypted with %.32s, not AES_GCM_256", cipher);
    }
    head->minor = (uint8_t)(protocol[2] - '0');
    return COF_OK;
}

static cof_status read_regions(const json_t *root, cof_cse_head *head, cof_err *err)
{
    json_t *info = NULL;
    int64_t size = 0;
    int64_t nonce_size = 0;
    COF_TRY(cof_json_get(root, "EncryptedRegionInfo", JSON_OBJECT, &info, err));
    COF_TRY(
        cof_json_get_int(info, "DataLength", COF_CSE_REGION_LOW, COF_CSE_REGION_HIGH, &size, err));
    COF_TRY(cof_json_get_int(info, "NonceLength", 12, 12, &nonce_size, err));
    head->region_size = (uint32_t)size;
    return COF_OK;
}

static cof_status read_algorithm(const json_t *wrapped, cof_cse_head *head, cof_err *err)
{
    const char *name = NULL;
    COF_TRY(cof_json_get_text(wrapped, "Algorithm", TEXT_SIZE, &name, err));
    if (strcmp(name, "RSA-OAEP") == 0) {
        head->algorithm = COF_CSE_RSA_OAEP;
    } else if (strcmp(name, "RSA-OAEP-256") == 0) {
        head->algorithm = COF_CSE_RSA_OAEP_256;
    } else {
        return COF_FAIL(err, UNSUPPORTED,
                        "the content key is wrapped with %.32s; an owner's key is RSA: RSA-OAEP or "
                        "RSA-OAEP-256",
                        name);
    }
    return COF_OK;
}

static cof_status read_key(const json_t *root, cof_cse_head *head, cof_err *err)
{
    json_t *wrapped = NULL;
    const char *text = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf key = {0};
    cof_buf_init(&key, sizeof head->wrapped);
    COF_TRY(cof_json_get(root, "WrappedContentKey", JSON_OBJECT, &wrapped, err));
    COF_TRY(read_algorithm(wrapped, head, err));
    COF_TRY(cof_json_get_text(wrapped, "EncryptedKey", TEXT_SIZE, &text, err));
    COF_TRY(cof_base64_decode(cof_view_text(text), &key, err));
    if (key.size < COF_CSE_WRAPPED_LOW) {
        return COF_FAIL(err, BAD_FORMAT, "EncryptedKey: %zu bytes, and an RSA key has at least %d",
                        key.size, COF_CSE_WRAPPED_LOW);
    }
    head->wrapped_size = key.size;
    memcpy(head->wrapped, key.data, key.size);
    return COF_OK;
}

cof_status cof_encryption_data_parse(cof_view text, cof_cse_head *out, cof_err *err)
{
    COF_JSON json_t *root = NULL;
    cof_cse_head head = {0};
    const char *mode = NULL;
    COF_TRY(cof_json_parse(text, COF_ENCRYPTION_DATA_BYTES, &root, err));
    if (!json_is_object(root)) {
        return COF_FAIL(err, BAD_FORMAT, "encryptiondata is not an object");
    }
    if (json_object_get(root, "EncryptionMode") != NULL) {
        COF_TRY(cof_json_get_text(root, "EncryptionMode", TEXT_SIZE, &mode, err));
        if (strcmp(mode, "FullBlob") != 0) {
            return COF_FAIL(err, UNSUPPORTED, "EncryptionMode %.32s, not FullBlob", mode);
        }
    }
    COF_TRY(read_protocol(root, &head, err));
    COF_TRY(read_regions(root, &head, err));
    COF_TRY(read_key(root, &head, err));
    *out = head;
    return COF_OK;
}

cof_status cof_cse_head_print(const cof_cse_head *head, cof_buf *out, cof_err *err)
{
    COF_TRY(cof_buf_append_text(out, COF_CSE_MAGIC, err));
    COF_TRY(cof_write_u8(out, head->minor, err));
    COF_TRY(cof_write_u8(out, (uint8_t)head->algorithm, err));
    COF_TRY(cof_write_u16le(out, (uint16_t)head->wrapped_size, err));
    COF_TRY(cof_write_u32le(out, head->region_size, err));
    return cof_buf_append(out, cof_view_of(head->wrapped, head->wrapped_size), err);
}
