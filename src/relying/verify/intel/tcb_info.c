#include <stdlib.h>
#include <string.h>

#include "relying/verify/intel/intel_json.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum { VERSION_2 = 2, VERSION_3 = 3, COMPONENTS = 16 };

/* Version 3: [{"svn", "category"?, "type"?}, …], 16 of them. */
static cof_status read_components(const json_t *tcb, const char *key,
                                  uint8_t out[static COMPONENTS], cof_err *err)
{
    static const char *const members[] = {"svn", "category", "type"};
    json_t *array = NULL;
    COF_TRY(cof_json_get(tcb, key, JSON_ARRAY, &array, err));
    if (json_array_size(array) != COMPONENTS) {
        return COF_FAIL(err, BAD_FORMAT, "\"%s\" has %zu components, expected %d", key,
                        json_array_size(array), COMPONENTS);
    }
    for (size_t i = 0; i < COMPONENTS; i++) {
        const json_t *component = json_array_get(array, i);
        COF_TRY(cof_json_only(component, members, COUNT_OF(members), err));
        COF_TRY(cof_intel_json_u8(component, "svn", &out[i], err));
        for (size_t j = 1; j < COUNT_OF(members); j++) {
            const char *text = NULL;
            if (json_object_get(component, members[j]) != NULL) {
                COF_TRY(cof_json_get_text(component, members[j], 128, &text, err));
            }
        }
    }
    return COF_OK;
}

/* Version 2: sgxtcbcomp01svn to sgxtcbcomp16svn. */
static cof_status read_numbered_components(const json_t *tcb, uint8_t out[static COMPONENTS],
                                           cof_err *err)
{
    static const char *const members[] = {"sgxtcbcomp01svn", "sgxtcbcomp02svn", "sgxtcbcomp03svn",
                                          "sgxtcbcomp04svn", "sgxtcbcomp05svn", "sgxtcbcomp06svn",
                                          "sgxtcbcomp07svn", "sgxtcbcomp08svn", "sgxtcbcomp09svn",
                                          "sgxtcbcomp10svn", "sgxtcbcomp11svn", "sgxtcbcomp12svn",
                                          "sgxtcbcomp13svn", "sgxtcbcomp14svn", "sgxtcbcomp15svn",
                                          "sgxtcbcomp16svn", "pcesvn"};
    COF_TRY(cof_json_only(tcb, members, COUNT_OF(members), err));
    for (size_t i = 0; i < COMPONENTS; i++) {
        COF_TRY(cof_intel_json_u8(tcb, members[i], &out[i], err));
    }
    return COF_OK;
}

static cof_status read_level(const json_t *level, const cof_tcb_info *info, cof_tcb_level *out,
                             cof_err *err)
{
    static const char *const members[] = {"tcb", "tcbDate", "tcbStatus", "advisoryIDs"};
    static const char *const tcb_members[] = {"sgxtcbcomponents", "pcesvn", "tdxtcbcomponents"};
    json_t *tcb = NULL;
    COF_TRY(cof_json_only(level, members, COUNT_OF(members), err));
    COF_TRY(cof_json_get(level, "tcb", JSON_OBJECT, &tcb, err));
    COF_TRY(cof_intel_json_u16(tcb, "pcesvn", &out->pce_svn, err));
    if (info->version == VERSION_2) {
        COF_TRY(read_numbered_components(tcb, out->sgx, err));
    } else {
        COF_TRY(cof_json_only(tcb, tcb_members, info->is_tdx ? 3 : 2, err));
        COF_TRY(read_components(tcb, "sgxtcbcomponents", out->sgx, err));
        if (info->is_tdx) {
            COF_TRY(read_components(tcb, "tdxtcbcomponents", out->tdx, err));
        }
    }
    return cof_intel_json_rating(level, &out->date_unix_s, &out->status, &out->advisories, err);
}

/* Does whatever reaches a reach b as well? */
static bool dominates(const cof_tcb_level *a, const cof_tcb_level *b)
{
    for (size_t i = 0; i < COMPONENTS; i++) {
        if (a->sgx[i] < b->sgx[i] || a->tdx[i] < b->tdx[i]) {
            return false;
        }
    }
    return a->pce_svn >= b->pce_svn;
}

/* The first level that a platform reaches is its rating: a level behind one that asks for less
 * would never be found. */
static cof_status check_order(const cof_tcb_info *info, size_t at, cof_err *err)
{
    for (size_t i = 0; i < at; i++) {
        if (dominates(&info->levels[at], &info->levels[i])) {
            return COF_FAIL(err, BAD_FORMAT, "TCB level %zu is not below level %zu", at, i);
        }
    }
    return COF_OK;
}

static cof_status read_levels(const json_t *object, cof_tcb_info *info, cof_err *err)
{
    json_t *array = NULL;
    COF_TRY(cof_intel_json_levels(object, COF_TCB_LEVELS_MAX, &array, err));
    info->level_count = json_array_size(array);
    for (size_t i = 0; i < info->level_count; i++) {
        const cof_status status = read_level(json_array_get(array, i), info, &info->levels[i], err);
        if (status != COF_OK) {
            cof_err_context(err, "TCB level %zu", i);
            return status;
        }
        COF_TRY(check_order(info, i, err));
    }
    return COF_OK;
}

/* SEAMATTRIBUTES stand in the document as the structure has them in memory: little endian. */
static cof_status read_attributes(const json_t *object, const char *key, uint64_t *out,
                                  cof_err *err)
{
    uint8_t bytes[8] = {0};
    COF_TRY(cof_json_get_hex(object, key, bytes, sizeof bytes, err));
    uint64_t number = 0;
    for (size_t i = sizeof bytes; i > 0; i--) {
        number = number << 8 | bytes[i - 1];
    }
    *out = number;
    return COF_OK;
}

static cof_status read_module_core(const json_t *object, cof_tdx_module *out, cof_err *err)
{
    COF_TRY(cof_json_get_hex(object, "mrsigner", out->mrsigner, sizeof out->mrsigner, err));
    COF_TRY(read_attributes(object, "attributes", &out->attributes, err));
    return read_attributes(object, "attributesMask", &out->attributes_mask, err);
}

/* "TDX_01": two digits, hexadecimal in capitals, not 00. */
static cof_status read_module_id(const json_t *object, uint8_t *out, cof_err *err)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *text = NULL;
    COF_TRY(cof_json_get_text(object, "id", 32, &text, err));
    if (strlen(text) == 6 && memcmp(text, "TDX_", 4) == 0) {
        const char *high = strchr(digits, text[4]);
        const char *low = strchr(digits, text[5]);
        if (high != NULL && low != NULL && high - digits + (low - digits) > 0) {
            *out = (uint8_t)((high - digits) * 16 + (low - digits));
            return COF_OK;
        }
    }
    return COF_FAIL(err, BAD_FORMAT, "the \"id\" of a TDX module is \"%s\"", text);
}

static cof_status read_module(const json_t *object, cof_tcb_info *info, cof_err *err)
{
    static const char *const members[] = {"id", "mrsigner", "attributes", "attributesMask",
                                          "tcbLevels"};
    cof_tdx_module *module = &info->modules[info->module_count];
    COF_TRY(cof_json_only(object, members, COUNT_OF(members), err));
    COF_TRY(read_module_id(object, &module->version, err));
    for (size_t i = 1; i < info->module_count; i++) {
        if (info->modules[i].version == module->version) {
            return COF_FAIL(err, BAD_FORMAT, "TDX module %02X stands twice", module->version);
        }
    }
    COF_TRY(read_module_core(object, module, err));
    COF_TRY(cof_intel_json_svn_levels(object, COF_TDX_MODULE_LEVELS_MAX, module->levels,
                                      &module->level_count, err));
    info->module_count++;
    return COF_OK;
}

/* tdxModule; and tdxModuleIdentities, which older documents do not have. */
static cof_status read_modules(const json_t *object, cof_tcb_info *info, cof_err *err)
{
    static const char *const members[] = {"mrsigner", "attributes", "attributesMask"};
    json_t *unnamed = NULL;
    COF_TRY(cof_json_get(object, "tdxModule", JSON_OBJECT, &unnamed, err));
    COF_TRY(cof_json_only(unnamed, members, COUNT_OF(members), err));
    COF_TRY(read_module_core(unnamed, &info->modules[0], err));
    info->module_count = 1;
    if (json_object_get(object, "tdxModuleIdentities") == NULL) {
        return COF_OK;
    }
    json_t *array = NULL;
    COF_TRY(cof_json_get(object, "tdxModuleIdentities", JSON_ARRAY, &array, err));
    if (json_array_size(array) > COF_TDX_MODULES_MAX - 1) {
        return COF_FAIL(err, LIMIT, "%zu TDX modules, at most %d", json_array_size(array),
                        COF_TDX_MODULES_MAX - 1);
    }
    for (size_t i = 0; i < json_array_size(array); i++) {
        const cof_status status = read_module(json_array_get(array, i), info, err);
        if (status != COF_OK) {
            cof_err_context(err, "TDX module %zu", i);
            return status;
        }
    }
    return COF_OK;
}

/* Which kind of document it is; with that, which members it may have. */
static cof_status read_kind(const json_t *object, cof_tcb_info *info, cof_err *err)
{
    static const char *const members[] = {"version",
                                          "issueDate",
                                          "nextUpdate",
                                          "fmspc",
                                          "pceId",
                                          "tcbType",
                                          "tcbEvaluationDataNumber",
                                          "tcbLevels",
                                          "id",
                                          "tdxModule",
                                          "tdxModuleIdentities"};
    COF_TRY(cof_intel_json_u32(object, "version", &info->version, err));
    if (info->version == VERSION_2) {
        return cof_json_only(object, members, 8, err);
    }
    if (info->version != VERSION_3) {
        return COF_FAIL(err, BAD_VERSION, "TCB info version %u, expected 2 or 3", info->version);
    }
    const char *id = NULL;
    COF_TRY(cof_json_get_text(object, "id", 16, &id, err));
    info->is_tdx = strcmp(id, "TDX") == 0;
    if (!info->is_tdx && strcmp(id, "SGX") != 0) {
        return COF_FAIL(err, BAD_FORMAT, "\"id\" is \"%s\"", id);
    }
    return cof_json_only(object, members, info->is_tdx ? 11 : 9, err);
}

static cof_status read_info(const json_t *object, cof_tcb_info *info, cof_err *err)
{
    int64_t tcb_type = 0;
    COF_TRY(read_kind(object, info, err));
    COF_TRY(cof_intel_json_validity(object, &info->issued_unix_s, &info->next_update_unix_s, err));
    COF_TRY(cof_json_get_hex(object, "fmspc", info->fmspc, sizeof info->fmspc, err));
    COF_TRY(cof_json_get_hex(object, "pceId", info->pce_id, sizeof info->pce_id, err));
    /* 0 is the only way of comparing levels that Intel has defined. */
    COF_TRY(cof_json_get_int(object, "tcbType", 0, 0, &tcb_type, err));
    COF_TRY(cof_intel_json_u32(object, "tcbEvaluationDataNumber", &info->evaluation_number, err));
    if (info->is_tdx) {
        COF_TRY(read_modules(object, info, err));
    }
    return read_levels(object, info, err);
}

cof_status cof_tcb_info_parse(cof_view body, cof_tcb_info *out, cof_err *err)
{
    COF_JSON json_t *object = NULL;
    COF_TRY(cof_intel_json_parse(body, &object, err));
    /* Large, and written only on success. */
    cof_tcb_info *info = calloc(1, sizeof *info);
    if (info == NULL) {
        return COF_FAIL(err, NO_MEMORY, "TCB info");
    }
    const cof_status status = read_info(object, info, err);
    if (status == COF_OK) {
        *out = *info;
    }
    free(info);
    return status;
}
