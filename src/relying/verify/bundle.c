#include "relying/verify/bundle.h"

#include <string.h>

#include "relying/verify/intel/tcb_info.h"
#include "relying/verify/timestamp.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

static const char format_name[] = "coffer-collateral/1";

/* ---- items ---- */

static cof_status add_item(json_t *object, const char *name, cof_view bytes, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = (size_t)2 * COF_COLLATERAL_ITEM_MAX};
    COF_TRY(cof_base64url_encode(bytes, &text, err));
    return cof_json_set(object, name, json_stringn((const char *)text.data, text.size), err);
}

cof_status cof_bundle_items_to_json(const cof_collateral *collateral, json_t **out, cof_err *err)
{
    COF_JSON json_t *object = json_object();
    if (object == NULL) {
        return COF_FAIL(err, NO_MEMORY, "items");
    }
    for (cof_collateral_item item = 0; item < COF_COLLATERAL_COUNT; item++) {
        const cof_view bytes = cof_collateral_view(collateral, item);
        if (bytes.size > 0) {
            COF_TRY(add_item(object, cof_collateral_file_name(item), bytes, err));
        }
    }
    *out = object;
    object = NULL;
    return COF_OK;
}

static cof_status read_item(const json_t *object, const char *name, cof_buf *out, cof_err *err)
{
    cof_buf_init(out, COF_COLLATERAL_ITEM_MAX);
    if (json_object_get(object, name) == NULL) {
        return COF_OK;
    }
    COF_TRY(cof_json_get_base64url(object, name, out, err));
    return out->size > 0 ? COF_OK : COF_FAIL(err, BAD_FORMAT, "%s is empty", name);
}

cof_status cof_bundle_items_from_json(const json_t *object, cof_collateral *out, cof_err *err)
{
    const char *names[COF_COLLATERAL_COUNT];
    for (cof_collateral_item item = 0; item < COF_COLLATERAL_COUNT; item++) {
        names[item] = cof_collateral_file_name(item);
    }
    COF_TRY(cof_json_only(object, names, COF_COLLATERAL_COUNT, err));
    for (cof_collateral_item item = 0; item < COF_COLLATERAL_COUNT; item++) {
        COF_TRY(read_item(object, names[item], &out->items[item], err));
    }
    return COF_OK;
}

/* ---- what they are for ---- */

static bool is_need(const cof_collateral_need *need)
{
    return need->hardware == COF_TEE_SGX || need->hardware == COF_TEE_TDX ||
           need->hardware == COF_TEE_SEV_SNP;
}

static const char *ca_name(bool is_platform_ca)
{
    return is_platform_ca ? "platform" : "processor";
}

cof_status cof_bundle_need_to_json(const cof_collateral_need *need, json_t **out, cof_err *err)
{
    char fmspc[2 * sizeof need->fmspc + 1];
    char chip[2 * sizeof need->chip_id + 1];
    char tcb[2 * sizeof need->reported_tcb + 1];
    const char *hardware = cof_tee_name(need->hardware);
    cof_hex_text(cof_view_of(need->fmspc, sizeof need->fmspc), fmspc);
    cof_hex_text(cof_view_of(need->chip_id, sizeof need->chip_id), chip);
    (void)snprintf(tcb, sizeof tcb, "%016llx", (unsigned long long)need->reported_tcb);
    if (need->hardware == COF_TEE_SEV_SNP) {
        *out = json_pack("{s:s,s:s,s:s,s:s,s:s}", "hardware", hardware, "product",
                         cof_snp_product_name(need->product), "chip_id", chip, "reported_tcb", tcb,
                         "key", need->is_vlek ? "vlek" : "vcek");
    } else {
        *out = json_pack("{s:s,s:s,s:s}", "hardware", hardware, "fmspc", fmspc, "ca",
                         ca_name(need->is_platform_ca));
    }
    return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "need");
}

/* One of two words. */
static cof_status read_choice(const json_t *object, const char *key, const char *no,
                              const char *yes, bool *out, cof_err *err)
{
    const char *text = NULL;
    COF_TRY(cof_json_get_text(object, key, 16, &text, err));
    *out = strcmp(text, yes) == 0;
    return *out || strcmp(text, no) == 0
               ? COF_OK
               : COF_FAIL(err, BAD_FORMAT, "%s is neither %s nor %s", key, no, yes);
}

static cof_status read_intel_need(const json_t *object, cof_collateral_need *out, cof_err *err)
{
    static const char *const members[] = {"hardware", "fmspc", "ca"};
    COF_TRY(cof_json_only(object, members, sizeof members / sizeof members[0], err));
    COF_TRY(cof_json_get_hex(object, "fmspc", out->fmspc, sizeof out->fmspc, err));
    return read_choice(object, "ca", "processor", "platform", &out->is_platform_ca, err);
}

static cof_status read_product(const json_t *object, cof_snp_product *out, cof_err *err)
{
    const char *text = NULL;
    COF_TRY(cof_json_get_text(object, "product", 16, &text, err));
    for (cof_snp_product product = COF_SNP_NONE; product <= COF_SNP_TURIN; product++) {
        if (strcmp(text, cof_snp_product_name(product)) == 0) {
            *out = product;
            return COF_OK;
        }
    }
    return COF_FAIL(err, BAD_FORMAT, "product is not known");
}

static cof_status read_amd_need(const json_t *object, cof_collateral_need *out, cof_err *err)
{
    static const char *const members[] = {"hardware", "product", "chip_id", "reported_tcb", "key"};
    uint8_t tcb[sizeof out->reported_tcb];
    COF_TRY(cof_json_only(object, members, sizeof members / sizeof members[0], err));
    COF_TRY(read_product(object, &out->product, err));
    COF_TRY(cof_json_get_hex(object, "chip_id", out->chip_id, sizeof out->chip_id, err));
    COF_TRY(cof_json_get_hex(object, "reported_tcb", tcb, sizeof tcb, err));
    for (size_t i = 0; i < sizeof tcb; i++) {
        out->reported_tcb = out->reported_tcb << 8 | tcb[i];
    }
    return read_choice(object, "key", "vcek", "vlek", &out->is_vlek, err);
}

static cof_status read_need(const json_t *object, cof_collateral_need *out, cof_err *err)
{
    const char *hardware = NULL;
    COF_TRY(cof_json_get_text(object, "hardware", 16, &hardware, err));
    if (strcmp(hardware, cof_tee_name(COF_TEE_SEV_SNP)) == 0) {
        out->hardware = COF_TEE_SEV_SNP;
        return read_amd_need(object, out, err);
    }
    bool is_tdx = false;
    COF_TRY(read_choice(object, "hardware", cof_tee_name(COF_TEE_SGX), cof_tee_name(COF_TEE_TDX),
                        &is_tdx, err));
    out->hardware = is_tdx ? COF_TEE_TDX : COF_TEE_SGX;
    return read_intel_need(object, out, err);
}

/* ---- the whole ---- */

static cof_status make_json(const cof_bundle *bundle, json_t **out, cof_err *err)
{
    char fetched[COF_TIMESTAMP_SIZE];
    COF_JSON json_t *items = NULL;
    COF_JSON json_t *need = NULL;
    cof_timestamp_text(bundle->fetched_unix_s, fetched);
    COF_TRY(cof_bundle_items_to_json(&bundle->collateral, &items, err));
    if (json_object_size(items) == 0) {
        return COF_FAIL(err, BAD_ARGUMENT, "there is no collateral to write");
    }
    if (is_need(&bundle->need)) {
        COF_TRY(cof_bundle_need_to_json(&bundle->need, &need, err));
    }
    *out = json_pack("{s:s,s:s,s:O,s:O*}", "format", format_name, "fetched", fetched, "items",
                     items, "for", need);
    return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "bundle");
}

cof_status cof_bundle_print(const cof_bundle *bundle, cof_buf *out, cof_err *err)
{
    COF_JSON json_t *json = NULL;
    COF_TRY(make_json(bundle, &json, err));
    return cof_json_canonical(json, out, err);
}

static cof_status read_bundle(const json_t *json, cof_bundle *out, cof_err *err)
{
    static const char *const members[] = {"format", "fetched", "items", "for"};
    const char *text = NULL;
    json_t *items = NULL;
    COF_TRY(cof_json_get_text(json, "format", 64, &text, err));
    if (strcmp(text, format_name) != 0) {
        return COF_FAIL(err, BAD_VERSION, "the format is not %s", format_name);
    }
    COF_TRY(cof_json_only(json, members, sizeof members / sizeof members[0], err));
    COF_TRY(cof_json_get_text(json, "fetched", COF_TIMESTAMP_SIZE, &text, err));
    COF_TRY(cof_time_parse(cof_view_text(text), &out->fetched_unix_s, err));
    COF_TRY(cof_json_get(json, "items", JSON_OBJECT, &items, err));
    COF_TRY(cof_bundle_items_from_json(items, &out->collateral, err));
    if (json_object_get(json, "for") != NULL) {
        json_t *need = NULL;
        COF_TRY(cof_json_get(json, "for", JSON_OBJECT, &need, err));
        COF_TRY(read_need(need, &out->need, err));
    }
    return COF_OK;
}

cof_status cof_bundle_parse(cof_view text, cof_bundle *out, cof_err *err)
{
    COF_JSON json_t *json = NULL;
    COF_CLEANUP(cof_bundle_free) cof_bundle bundle = {0};
    COF_CLEANUP(cof_buf_free) cof_buf again = {.limit = COF_BUNDLE_MAX};
    COF_TRY(cof_json_parse(text, COF_BUNDLE_MAX, &json, err));
    if (!json_is_object(json)) {
        return COF_FAIL(err, BAD_FORMAT, "a bundle of collateral is a JSON object");
    }
    COF_TRY(read_bundle(json, &bundle, err));
    if (json_object_size(json_object_get(json, "items")) == 0) {
        return COF_FAIL(err, BAD_FORMAT, "the bundle is empty");
    }
    /* One text for each bundle: every looseness of encoding is found at once. */
    COF_TRY(cof_bundle_print(&bundle, &again, err));
    if (!cof_view_equal(cof_buf_view(&again), text)) {
        return COF_FAIL(err, BAD_FORMAT, "the bundle is not canonical");
    }
    *out = bundle;
    bundle = (cof_bundle){0};
    return COF_OK;
}

void cof_bundle_free(cof_bundle *bundle)
{
    cof_collateral_free(&bundle->collateral);
    *bundle = (cof_bundle){0};
}
