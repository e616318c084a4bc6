#include "relying/contract/descriptor.h"

#include <string.h>

#include "tcb/contract/names.h"
#include "tcb/wire/json.h"

static const char kind[] = "object/v1";

enum { ENCRYPTION_BYTES = 32 };

void cof_descriptor_free(cof_descriptor *descriptor)
{
    json_decref(descriptor->encryption_data);
    descriptor->encryption_data = NULL;
}

static cof_status read_encryption(const json_t *json, cof_contract_encryption *out, cof_err *err)
{
    const char *name = NULL;
    size_t index = 0;
    *out = COF_CONTRACT_SEALED;
    if (json_object_get(json, "encryption") == NULL) {
        return COF_OK;
    }
    COF_TRY(cof_json_get_text(json, "encryption", ENCRYPTION_BYTES, &name, err));
    if (!cof_names_find(&cof_names_encryption, name, &index) || index == COF_CONTRACT_SEALED) {
        return COF_FAIL(err, BAD_FORMAT, "encryption: not azure-cse-v2");
    }
    *out = (cof_contract_encryption)index;
    return COF_OK;
}

cof_status cof_descriptor_parse(cof_view text, cof_descriptor *out, cof_err *err)
{
    static const char *const members[] = {"coffer", "digest", "size", "encryption",
                                          "encryptiondata"};
    COF_JSON json_t *json = NULL;
    const char *version = NULL;
    json_t *data = NULL;
    int64_t size = 0;
    cof_descriptor found = {0};
    COF_TRY(cof_json_parse(text, COF_DESCRIPTOR_BYTES, &json, err));
    if (!json_is_object(json)) {
        return COF_FAIL(err, BAD_FORMAT, "not an object");
    }
    COF_TRY(cof_json_only(json, members, sizeof members / sizeof members[0], err));
    COF_TRY(cof_json_get_text(json, "coffer", sizeof kind, &version, err));
    if (strcmp(version, kind) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "coffer: not %s", kind);
    }
    COF_TRY(cof_json_get_hex(json, "digest", found.digest.bytes, sizeof found.digest.bytes, err));
    COF_TRY(cof_json_get_int(json, "size", 0, (int64_t)COF_LIMIT_OBJECT_BYTES, &size, err));
    COF_TRY(read_encryption(json, &found.encryption, err));
    found.size = (uint64_t)size;
    if (found.encryption != COF_CONTRACT_SEALED) {
        COF_TRY(cof_json_get(json, "encryptiondata", JSON_OBJECT, &data, err));
    } else if (json_object_get(json, "encryptiondata") != NULL) {
        return COF_FAIL(err, BAD_FORMAT, "encryptiondata: without encryption");
    }
    found.encryption_data = json_incref(data);
    *out = found;
    return COF_OK;
}

cof_status cof_descriptor_print(const cof_descriptor *descriptor, json_t **out, cof_err *err)
{
    char digest[2 * COF_DIGEST_SIZE + 1];
    cof_digest_text(&descriptor->digest, digest);
    COF_JSON json_t *json = json_pack("{s:s,s:s,s:I}", "coffer", kind, "digest", digest, "size",
                                      (json_int_t)descriptor->size);
    if (descriptor->encryption != COF_CONTRACT_SEALED) {
        COF_TRY(cof_json_set(json, "encryption",
                             json_string(cof_names_encryption.texts[descriptor->encryption]), err));
        COF_TRY(
            cof_json_set(json, "encryptiondata", json_incref(descriptor->encryption_data), err));
    }
    if (json == NULL) {
        return COF_FAIL(err, NO_MEMORY, "descriptor");
    }
    *out = json_incref(json);
    return COF_OK;
}
