#include "apps/coffer-local/collateral.h"

#include <string.h>

#include "host/collateral/folder.h"

typedef struct shelf {
    cof_collateral_source source;
    size_t count;
    cof_bundle bundles[COF_LOCAL_COLLATERAL_MAX];
} shelf;

static bool is_for(const cof_collateral_need *has, const cof_collateral_need *need)
{
    switch (has->hardware) {
    case COF_TEE_SGX:
    case COF_TEE_TDX:
        return has->hardware == need->hardware &&
               memcmp(has->fmspc, need->fmspc, sizeof has->fmspc) == 0 &&
               has->is_platform_ca == need->is_platform_ca;
    case COF_TEE_SEV_SNP:
        return has->hardware == need->hardware &&
               (has->product == COF_SNP_NONE || need->product == COF_SNP_NONE ||
                has->product == need->product);
    case COF_TEE_NONE:
    case COF_TEE_SIMULATED:
    case COF_TEE_AZURE_CVM:
        break;
    }
    return true;
}

static cof_status copy(const cof_collateral *from, cof_collateral *out, cof_err *err)
{
    for (int i = 0; i < COF_COLLATERAL_COUNT; i++) {
        const cof_view item = cof_collateral_view(from, (cof_collateral_item)i);
        if (item.size > 0) {
            COF_TRY(cof_collateral_set(out, (cof_collateral_item)i, item, err));
        }
    }
    return COF_OK;
}

static cof_status get(cof_collateral_source *self, const cof_collateral_need *need,
                      int64_t now_unix_s, cof_collateral *out, cof_err *err)
{
    (void)now_unix_s;
    const shelf *s = (const shelf *)self;
    for (size_t i = 0; i < s->count; i++) {
        if (is_for(&s->bundles[i].need, need)) {
            return copy(&s->bundles[i].collateral, out, err);
        }
    }
    return COF_OK;
}

static void shelf_free(cof_collateral_source *self)
{
    shelf *s = (shelf *)self;
    for (size_t i = 0; i < s->count; i++) {
        cof_bundle_free(&s->bundles[i]);
    }
    free(s);
}

cof_status cof_local_collateral_open(const char *const *paths, size_t count,
                                     cof_collateral_source **out, cof_err *err)
{
    static const cof_collateral_source_ops ops = {"shelf", get, shelf_free};
    if (count > COF_LOCAL_COLLATERAL_MAX) {
        return COF_FAIL(err, LIMIT, "collateral of more than %d platforms",
                        COF_LOCAL_COLLATERAL_MAX);
    }
    shelf *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return COF_FAIL(err, NO_MEMORY, "collateral");
    }
    s->source.ops = &ops;
    COF_CLEANUP(cof_collateral_source_drop_) cof_collateral_source *owner = &s->source;
    for (size_t i = 0; i < count; i++) {
        COF_TRY(cof_collateral_load_bundle(paths[i], &s->bundles[i], err));
        s->count = i + 1;
    }
    *out = cof_collateral_source_take(&owner);
    return COF_OK;
}
