#include "relying/verify/amd/snp.h"
#include "relying/verify/pem.h"
#include "tcb/wire/json.h"

enum {
    WHOLE_CHAIN = 3, /* leaf, CA, ARK */
    JSON_SIZE_MAX = 256 * 1024,
    CHAIN_SIZE_MAX = 32 * 1024,
    ENDORSEMENTS_SIZE_MAX = 192 * 1024
};

static cof_status get_bytes(const json_t *object, const char *key, cof_buf *out, cof_err *err)
{
    COF_TRY(cof_json_get_base64url(object, key, out, err));
    return out->size > 0 ? COF_OK : COF_FAIL(err, EVIDENCE_INVALID, "\"%s\" is empty", key);
}

/* Endorsements (of the utility VM that a confidential container runs in) are not AMD's: they are
 * looked at no further than that they are a text. */
static cof_status read_members(const json_t *object, cof_buf *report, cof_buf *chain, cof_err *err)
{
    static const char *const keys[] = {"SnpReport", "VcekCertChain", "Endorsements"};
    const char *text = NULL;
    COF_TRY(cof_json_only(object, keys, sizeof keys / sizeof keys[0], err));
    COF_TRY(get_bytes(object, keys[0], report, err));
    COF_TRY(get_bytes(object, keys[1], chain, err));
    if (json_object_get(object, keys[2]) != NULL) {
        COF_TRY(cof_json_get_text(object, keys[2], ENDORSEMENTS_SIZE_MAX, &text, err));
    }
    return report->size == COF_SNP_REPORT_SIZE
               ? COF_OK
               : COF_FAIL(err, EVIDENCE_INVALID, "SnpReport of %zu bytes", report->size);
}

static cof_status split(cof_view json, cof_buf *report, cof_buf *chain, cof_err *err)
{
    COF_JSON json_t *object = NULL;
    COF_TRY(cof_json_parse(json, JSON_SIZE_MAX, &object, err));
    if (!json_is_object(object)) {
        return COF_FAIL(err, EVIDENCE_INVALID, "SNP evidence is not a JSON object");
    }
    return read_members(object, report, chain, err);
}

/* The leaf, when it stands first of three: so that it is there even where the caller has a chain of
 * its own. */
static cof_status fill_leaf(cof_view pem, cof_collateral *found, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf leaf = {.limit = COF_CERTIFICATE_DER_MAX};
    size_t count = 0;
    while (pem.size > 0 && count <= WHOLE_CHAIN) {
        COF_CLEANUP(cof_buf_free) cof_buf other = {.limit = COF_CERTIFICATE_DER_MAX};
        COF_TRY(cof_pem_cut(&pem, count == 0 ? &leaf : &other, err));
        count++;
    }
    if (count != WHOLE_CHAIN || cof_collateral_view(found, COF_COLLATERAL_AMD_LEAF).size != 0) {
        return COF_OK;
    }
    return cof_collateral_set(found, COF_COLLATERAL_AMD_LEAF, cof_buf_view(&leaf), err);
}

static cof_status fill(cof_view chain, cof_collateral *found, cof_err *err)
{
    COF_TRY(fill_leaf(chain, found, err));
    if (cof_collateral_view(found, COF_COLLATERAL_AMD_CHAIN).size != 0) {
        return COF_OK;
    }
    return cof_collateral_set(found, COF_COLLATERAL_AMD_CHAIN, chain, err);
}

/* Whatever is wrong with it, it is not evidence. */
static cof_status as_evidence(cof_status status, cof_err *err)
{
    if (status == COF_OK || status == COF_E_NO_MEMORY) {
        return status;
    }
    if (err != NULL) {
        err->status = COF_E_EVIDENCE_INVALID;
    }
    return COF_E_EVIDENCE_INVALID;
}

cof_status cof_snp_json_split(cof_view json, cof_buf *out_report, cof_collateral *found,
                              cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf report = {.limit = COF_SNP_REPORT_SIZE};
    COF_CLEANUP(cof_buf_free) cof_buf chain = {.limit = CHAIN_SIZE_MAX};
    COF_TRY(as_evidence(split(json, &report, &chain, err), err));
    if (found != NULL) {
        COF_TRY(as_evidence(fill(cof_buf_view(&chain), found, err), err));
    }
    return cof_buf_append(out_report, cof_buf_view(&report), err);
}
