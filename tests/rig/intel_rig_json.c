/* TCB info and QE identity, printed as Intel serves them, and signed. */
#include <string.h>

#include "rig/intel_rig_parts.h"
#include "tcb/wire/text.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

const uint8_t intel_rig_qe_mrsigner[32] = {0x8c, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                           0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
                                           0x0f, 0x1e, 0x2d, 0x3c, 0x4b, 0x5a, 0x69, 0x78};

static const char usual_date[] = "2026-05-13T00:00:00Z";
static const char older_date[] = "2024-03-13T00:00:00Z";

static const intel_rig_level usual_levels[] = {
    {.sgx = {11, 11, 2, 2, 255, 1, 0, 3}, .tdx = {5, 0, 3}, .pce_svn = INTEL_RIG_PCE_SVN},
    {.sgx = {8, 8, 2, 2, 255, 1, 0, 2},
     .tdx = {3, 0, 2},
     .pce_svn = 11,
     .status = "OutOfDate",
     .date = older_date,
     .advisories = {"INTEL-SA-01036", "INTEL-SA-01079"}}};

static const intel_rig_svn_level usual_qe_levels[] = {
    {.isv_svn = INTEL_RIG_QE_SVN},
    {.isv_svn = 6, .status = "OutOfDate", .date = older_date, .advisories = {"INTEL-SA-00615"}}};

static const intel_rig_svn_level usual_module_levels[] = {
    {.isv_svn = 5},
    {.isv_svn = 3, .status = "OutOfDate", .date = older_date, .advisories = {"INTEL-SA-01099"}}};

static const intel_rig_module usual_modules[] = {
    {.id = "TDX_03", .levels = usual_module_levels, .level_count = 2},
    {.id = "TDX_01", .levels = usual_module_levels, .level_count = 2}};

static const uint8_t usual_attributes[16] = {0x11};
static const uint8_t usual_attributes_mask[16] = {0xfb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static const uint8_t zeros[48];

static const char *text_or(const char *text, const char *usual)
{
    return text == NULL ? usual : text;
}

static const uint8_t *bytes_or(const uint8_t *bytes, const uint8_t *usual)
{
    return bytes == NULL ? usual : bytes;
}

/* "key":"HEX", */
static cof_status put_hex(cof_buf *out, const char *key, cof_view bytes, cof_err *err)
{
    COF_TRY(cof_buf_printf(out, err, "\"%s\":\"", key));
    for (size_t i = 0; i < bytes.size; i++) {
        COF_TRY(cof_buf_printf(out, err, "%02X", bytes.data[i]));
    }
    return cof_buf_append_text(out, "\",", err);
}

static cof_status put_u64_hex(cof_buf *out, const char *key, uint64_t number, cof_err *err)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(number >> 8 * i);
    }
    return put_hex(out, key, cof_view_of(bytes, sizeof bytes), err);
}

static cof_status put_u32_hex(cof_buf *out, const char *key, uint32_t number, cof_err *err)
{
    uint8_t bytes[4];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(number >> 8 * i);
    }
    return put_hex(out, key, cof_view_of(bytes, sizeof bytes), err);
}

/* "tcbDate":…,"tcbStatus":…[,"advisoryIDs":[…]]} : the end of any level. */
static cof_status put_rating(cof_buf *out, const char *date, const char *status,
                             const char *const advisories[static INTEL_RIG_ADVISORIES_MAX],
                             cof_err *err)
{
    COF_TRY(cof_buf_printf(out, err, "\"tcbDate\":\"%s\",\"tcbStatus\":\"%s\"",
                           text_or(date, usual_date), text_or(status, "UpToDate")));
    for (size_t i = 0; i < INTEL_RIG_ADVISORIES_MAX && advisories[i] != NULL; i++) {
        COF_TRY(cof_buf_printf(out, err, "%s\"%s\"", i == 0 ? ",\"advisoryIDs\":[" : ",",
                               advisories[i]));
    }
    return cof_buf_append_text(out, advisories[0] == NULL ? "}" : "]}", err);
}

static cof_status put_svn_levels(cof_buf *out, const intel_rig_svn_level *levels, size_t count,
                                 cof_err *err)
{
    COF_TRY(cof_buf_append_text(out, "\"tcbLevels\":[", err));
    for (size_t i = 0; i < count; i++) {
        COF_TRY(cof_buf_printf(out, err, "%s{\"tcb\":{\"isvsvn\":%u},", i == 0 ? "" : ",",
                               levels[i].isv_svn));
        COF_TRY(put_rating(out, levels[i].date, levels[i].status, levels[i].advisories, err));
    }
    return cof_buf_append_text(out, "]", err);
}

static cof_status put_components(cof_buf *out, const char *key, const uint8_t svns[static 16],
                                 cof_err *err)
{
    COF_TRY(cof_buf_printf(out, err, "\"%s\":[", key));
    for (size_t i = 0; i < 16; i++) {
        /* Intel names some components; readers must not mind. */
        COF_TRY(cof_buf_printf(out, err, "%s{\"svn\":%u%s}", i == 0 ? "" : ",", svns[i],
                               i == 0 ? ",\"category\":\"BIOS\",\"type\":\"Early Microcode Update\""
                                      : ""));
    }
    return cof_buf_append_text(out, "],", err);
}

static cof_status put_level(cof_buf *out, const intel_rig_level *level, uint32_t version,
                            bool is_tdx, cof_err *err)
{
    COF_TRY(cof_buf_append_text(out, "{\"tcb\":{", err));
    for (unsigned i = 0; version == 2 && i < 16; i++) {
        COF_TRY(cof_buf_printf(out, err, "\"sgxtcbcomp%02usvn\":%u,", i + 1, level->sgx[i]));
    }
    if (version != 2) {
        COF_TRY(put_components(out, "sgxtcbcomponents", level->sgx, err));
        if (is_tdx) {
            COF_TRY(put_components(out, "tdxtcbcomponents", level->tdx, err));
        }
    }
    COF_TRY(cof_buf_printf(out, err, "\"pcesvn\":%u},", level->pce_svn));
    return put_rating(out, level->date, level->status, level->advisories, err);
}

static cof_status put_module(cof_buf *out, const intel_rig_module *module, cof_err *err)
{
    const uint64_t mask = module->attributes_mask == 0 ? UINT64_MAX : module->attributes_mask;
    COF_TRY(cof_buf_printf(out, err, "{\"id\":\"%s\",", text_or(module->id, "TDX_01")));
    COF_TRY(put_hex(out, "mrsigner", cof_view_of(bytes_or(module->mrsigner, zeros), 48), err));
    COF_TRY(put_u64_hex(out, "attributes", module->attributes, err));
    COF_TRY(put_u64_hex(out, "attributesMask", mask, err));
    COF_TRY(put_svn_levels(out, module->levels, module->level_count, err));
    return cof_buf_append_text(out, "}", err);
}

static cof_status put_modules(cof_buf *out, const intel_rig_tcb *tcb, cof_err *err)
{
    const intel_rig_module *modules = tcb->modules == NULL ? usual_modules : tcb->modules;
    const size_t count = tcb->modules == NULL ? COUNT_OF(usual_modules) : tcb->module_count;
    COF_TRY(cof_buf_append_text(out, "\"tdxModule\":{", err));
    COF_TRY(put_hex(out, "mrsigner", cof_view_of(bytes_or(tcb->module_mrsigner, zeros), 48), err));
    COF_TRY(put_u64_hex(out, "attributes", tcb->module_attributes, err));
    COF_TRY(cof_buf_append_text(out, "\"attributesMask\":\"FFFFFFFFFFFFFFFF\"},", err));
    COF_TRY(cof_buf_append_text(out, "\"tdxModuleIdentities\":[", err));
    for (size_t i = 0; i < count; i++) {
        COF_TRY(cof_buf_append_text(out, i == 0 ? "" : ",", err));
        COF_TRY(put_module(out, &modules[i], err));
    }
    return cof_buf_append_text(out, "],", err);
}

/* "version":…,"issueDate":…,"nextUpdate":…,"tcbEvaluationDataNumber":…, */
static cof_status put_front(cof_buf *out, const intel_rig_document *document, uint32_t version,
                            cof_err *err)
{
    return cof_buf_printf(
        out, err,
        "\"version\":%u,\"issueDate\":\"%s\",\"nextUpdate\":\"%s\",\"tcbEvaluationDataNumber\":%u,",
        document->version == 0 ? version : document->version,
        text_or(document->issue_date, "2026-12-20T10:00:00Z"),
        text_or(document->next_update, "2027-01-19T10:00:00Z"),
        document->evaluation_number == 0 ? INTEL_RIG_EVALUATION : document->evaluation_number);
}

static cof_status replace_all(cof_buf *text, const intel_rig_edit *edit, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf edited = {.limit = INTEL_RIG_TEXT_MAX};
    const size_t size = strlen(edit->find);
    size_t found = 0;
    for (size_t at = 0; at < text->size;) {
        if (text->size - at >= size && memcmp(text->data + at, edit->find, size) == 0) {
            COF_TRY(cof_buf_append_text(&edited, edit->replace, err));
            at += size;
            found++;
        } else {
            COF_TRY(cof_buf_append(&edited, cof_view_of(text->data + at, 1), err));
            at++;
        }
    }
    if (found == 0) {
        return COF_FAIL(err, NOT_FOUND, "nothing to replace: %s", edit->find);
    }
    cof_buf_clear(text);
    return cof_buf_append(text, cof_buf_view(&edited), err);
}

static cof_status edit_text(cof_buf *text, const intel_rig_edit edits[static INTEL_RIG_EDITS_MAX],
                            cof_err *err)
{
    for (size_t i = 0; i < INTEL_RIG_EDITS_MAX; i++) {
        if (edits[i].find != NULL) {
            COF_TRY(replace_all(text, &edits[i], err));
        }
    }
    return COF_OK;
}

static cof_status sign_document(const intel_rig *rig, const intel_rig_document *document,
                                const char *member, cof_buf *body, cof_buf *out, cof_err *err)
{
    uint8_t signature[COF_EC_RAW_SIZE];
    char hex[2 * COF_EC_RAW_SIZE + 1];
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = INTEL_RIG_TEXT_MAX};
    COF_TRY(edit_text(body, document->edits, err));
    COF_TRY(cof_ec_sign(rig->keys[intel_rig_or(document->signed_by, INTEL_RIG_SIGNER)],
                        cof_buf_view(body), signature, err));
    cof_hex_text(cof_view_of(signature, sizeof signature), hex);
    COF_TRY(cof_buf_printf(&text, err, "{\"%s\":", member));
    COF_TRY(cof_buf_append(&text, cof_buf_view(body), err));
    COF_TRY(cof_buf_printf(&text, err, ",\"signature\":\"%s\"}", hex));
    COF_TRY(edit_text(&text, document->late_edits, err));
    return cof_buf_append(out, cof_buf_view(&text), err);
}

cof_status intel_rig_tcb_write(const intel_rig *rig, const intel_rig_options *options, cof_buf *out,
                               cof_err *err)
{
    const intel_rig_tcb *tcb = &options->tcb;
    const intel_rig_platform *platform = &options->platform;
    const bool is_tdx = options->form >= INTEL_RIG_TDX_V4;
    const uint32_t version = tcb->document.version == 0 ? 3 : tcb->document.version;
    const uint8_t *fmspc = bytes_or(tcb->fmspc, bytes_or(platform->fmspc, intel_rig_fmspc));
    const uint8_t *pce_id = bytes_or(tcb->pce_id, bytes_or(platform->pce_id, zeros));
    const intel_rig_level *levels = tcb->levels == NULL ? usual_levels : tcb->levels;
    const size_t count = tcb->levels == NULL ? COUNT_OF(usual_levels) : tcb->level_count;
    COF_CLEANUP(cof_buf_free) cof_buf body = {.limit = INTEL_RIG_TEXT_MAX};
    COF_TRY(cof_buf_append_text(&body, "{", err));
    if (version != 2) {
        COF_TRY(
            cof_buf_printf(&body, err, "\"id\":\"%s\",", text_or(tcb->id, is_tdx ? "TDX" : "SGX")));
    }
    COF_TRY(put_front(&body, &tcb->document, 3, err));
    COF_TRY(put_hex(&body, "fmspc", cof_view_of(fmspc, 6), err));
    COF_TRY(put_hex(&body, "pceId", cof_view_of(pce_id, 2), err));
    COF_TRY(cof_buf_append_text(&body, "\"tcbType\":0,", err));
    if (is_tdx) {
        COF_TRY(put_modules(&body, tcb, err));
    }
    COF_TRY(cof_buf_append_text(&body, "\"tcbLevels\":[", err));
    for (size_t i = 0; i < count; i++) {
        COF_TRY(cof_buf_append_text(&body, i == 0 ? "" : ",", err));
        COF_TRY(put_level(&body, &levels[i], version, is_tdx, err));
    }
    COF_TRY(cof_buf_append_text(&body, "]}", err));
    return sign_document(rig, &tcb->document, "tcbInfo", &body, out, err);
}

cof_status intel_rig_identity_write(const intel_rig *rig, const intel_rig_options *options,
                                    cof_buf *out, cof_err *err)
{
    const intel_rig_identity *identity = &options->identity;
    const bool is_tdx = options->form >= INTEL_RIG_TDX_V4;
    const intel_rig_svn_level *levels =
        identity->levels == NULL ? usual_qe_levels : identity->levels;
    const size_t count =
        identity->levels == NULL ? COUNT_OF(usual_qe_levels) : identity->level_count;
    const uint16_t usual_product = is_tdx ? 2 : 1;
    COF_CLEANUP(cof_buf_free) cof_buf body = {.limit = INTEL_RIG_TEXT_MAX};
    COF_TRY(cof_buf_printf(&body, err, "{\"id\":\"%s\",",
                           text_or(identity->id, is_tdx ? "TD_QE" : "QE")));
    COF_TRY(put_front(&body, &identity->document, 2, err));
    COF_TRY(put_u32_hex(&body, "miscselect", identity->misc_select, err));
    COF_TRY(put_u32_hex(&body, "miscselectMask",
                        identity->misc_select_mask == 0 ? UINT32_MAX : identity->misc_select_mask,
                        err));
    COF_TRY(put_hex(&body, "attributes",
                    cof_view_of(bytes_or(identity->attributes, usual_attributes), 16), err));
    COF_TRY(put_hex(&body, "attributesMask",
                    cof_view_of(bytes_or(identity->attributes_mask, usual_attributes_mask), 16),
                    err));
    COF_TRY(put_hex(&body, "mrsigner",
                    cof_view_of(bytes_or(identity->mrsigner, intel_rig_qe_mrsigner), 32), err));
    COF_TRY(cof_buf_printf(&body, err, "\"isvprodid\":%u,",
                           identity->isv_prod_id == 0 ? usual_product : identity->isv_prod_id));
    COF_TRY(put_svn_levels(&body, levels, count, err));
    COF_TRY(cof_buf_append_text(&body, "}", err));
    return sign_document(rig, &identity->document, "enclaveIdentity", &body, out, err);
}
