#include "relying/verify/collateral.h"

static const char *const file_names[COF_COLLATERAL_COUNT] = {
    [COF_COLLATERAL_TCB_INFO] = "tcbinfo.json", [COF_COLLATERAL_TCB_CHAIN] = "tcb_chain.pem",
    [COF_COLLATERAL_QE_IDENTITY] = "qeid.json", [COF_COLLATERAL_QE_CHAIN] = "qe_chain.pem",
    [COF_COLLATERAL_ROOT_CRL] = "root_crl.der", [COF_COLLATERAL_PCK_CRL] = "pck_crl.der",
    [COF_COLLATERAL_AMD_LEAF] = "amd_leaf.der", [COF_COLLATERAL_AMD_CHAIN] = "amd_chain.pem",
    [COF_COLLATERAL_AMD_CRL] = "amd_crl.der",
};

const char *cof_collateral_file_name(cof_collateral_item item)
{
    return file_names[item];
}

cof_view cof_collateral_view(const cof_collateral *collateral, cof_collateral_item item)
{
    return collateral == NULL ? (cof_view){0} : cof_buf_view(&collateral->items[item]);
}

cof_status cof_collateral_set(cof_collateral *collateral, cof_collateral_item item, cof_view bytes,
                              cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf copy = {.limit = COF_COLLATERAL_ITEM_MAX};
    cof_buf *place = &collateral->items[item];
    COF_TRY(cof_buf_append(&copy, bytes, err));
    const cof_buf old = *place;
    *place = copy;
    copy = old;
    return COF_OK;
}

void cof_collateral_free(cof_collateral *collateral)
{
    for (size_t i = 0; i < COF_COLLATERAL_COUNT; i++) {
        cof_buf_free(&collateral->items[i]);
    }
}

cof_status cof_collateral_source_get(cof_collateral_source *source, const cof_collateral_need *need,
                                     int64_t now_unix_s, cof_collateral *out, cof_err *err)
{
    return source->ops->get(source, need, now_unix_s, out, err);
}

void cof_collateral_source_free(cof_collateral_source *source)
{
    if (source != NULL) {
        source->ops->free(source);
    }
}
