#include <stdlib.h>
#include <string.h>

#include "relying/verify/intel/intel_json.h"

static cof_status read_id(const json_t *object, cof_qe_id *out, cof_err *err)
{
    static const char *const names[] = {
        [COF_QE_SGX] = "QE", [COF_QE_TDX] = "TD_QE", [COF_QE_VERIFIER] = "QVE"};
    const char *text = NULL;
    COF_TRY(cof_json_get_text(object, "id", 16, &text, err));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (cof_qe_id)i;
            return COF_OK;
        }
    }
    return COF_FAIL(err, BAD_FORMAT, "\"id\" is \"%s\"", text);
}

/* MISCSELECT stands in the document as the structure has it in memory: little endian. */
static cof_status read_misc(const json_t *object, const char *key, uint32_t *out, cof_err *err)
{
    uint8_t bytes[4] = {0};
    COF_TRY(cof_json_get_hex(object, key, bytes, sizeof bytes, err));
    *out = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
    return COF_OK;
}

static cof_status read_identity(const json_t *object, cof_qe_identity *out, cof_err *err)
{
    COF_TRY(read_id(object, &out->id, err));
    COF_TRY(cof_intel_json_validity(object, &out->issued_unix_s, &out->next_update_unix_s, err));
    COF_TRY(cof_intel_json_u32(object, "tcbEvaluationDataNumber", &out->evaluation_number, err));
    COF_TRY(read_misc(object, "miscselect", &out->misc_select, err));
    COF_TRY(read_misc(object, "miscselectMask", &out->misc_select_mask, err));
    COF_TRY(cof_json_get_hex(object, "attributes", out->attributes, sizeof out->attributes, err));
    COF_TRY(cof_json_get_hex(object, "attributesMask", out->attributes_mask,
                             sizeof out->attributes_mask, err));
    COF_TRY(cof_json_get_hex(object, "mrsigner", out->mrsigner, sizeof out->mrsigner, err));
    COF_TRY(cof_intel_json_u16(object, "isvprodid", &out->isv_prod_id, err));
    return cof_intel_json_svn_levels(object, COF_QE_LEVELS_MAX, out->levels, &out->level_count,
                                     err);
}

cof_status cof_qe_identity_parse(cof_view body, cof_qe_identity *out, cof_err *err)
{
    static const char *const members[] = {
        "id",         "version",        "issueDate",  "nextUpdate",     "tcbEvaluationDataNumber",
        "miscselect", "miscselectMask", "attributes", "attributesMask", "mrsigner",
        "isvprodid",  "tcbLevels"};
    COF_JSON json_t *object = NULL;
    uint32_t version = 0;
    COF_TRY(cof_intel_json_parse(body, &object, err));
    COF_TRY(cof_intel_json_u32(object, "version", &version, err));
    if (version != 2) {
        return COF_FAIL(err, BAD_VERSION, "QE identity version %u, expected 2", version);
    }
    COF_TRY(cof_json_only(object, members, sizeof members / sizeof members[0], err));
    /* Large, and written only on success. */
    cof_qe_identity *identity = calloc(1, sizeof *identity);
    if (identity == NULL) {
        return COF_FAIL(err, NO_MEMORY, "QE identity");
    }
    const cof_status status = read_identity(object, identity, err);
    if (status == COF_OK) {
        *out = *identity;
    }
    free(identity);
    return status;
}
