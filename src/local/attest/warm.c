#include "local/attest/warm.h"

/* Each item by its size and bytes, so that no two sets have one digest. */
static cof_status digest_items(const cof_collateral *collateral, cof_digest *out, cof_err *err)
{
    COF_CLEANUP(cof_sha256_drop_) cof_sha256 *hash = NULL;
    COF_TRY(cof_sha256_new(&hash, err));
    for (int i = COF_COLLATERAL_TCB_INFO; i <= COF_COLLATERAL_PCK_CRL; i++) {
        const cof_view item = cof_collateral_view(collateral, (cof_collateral_item)i);
        uint8_t size[8];
        for (size_t k = 0; k < sizeof size; k++) {
            size[k] = (uint8_t)((uint64_t)item.size >> (8 * k));
        }
        COF_TRY(cof_sha256_update(hash, cof_view_of(size, sizeof size), err));
        COF_TRY(cof_sha256_update(hash, item, err));
    }
    return cof_sha256_finish(hash, out, err);
}

static const cof_root_pin *intel_root(const cof_root_pin *roots, size_t root_count)
{
    for (size_t i = 0; i < root_count; i++) {
        if (roots[i].family == COF_ROOT_INTEL) {
            return &roots[i];
        }
    }
    return NULL;
}

cof_status cof_attest_warm_get(cof_attest_warm *warm, const cof_collateral *collateral,
                               const cof_root_pin *roots, size_t root_count,
                               cof_intel_collateral **out, cof_err *err)
{
    cof_digest digest;
    const cof_root_pin *root = intel_root(roots, root_count);
    *out = NULL;
    if (root == NULL || cof_collateral_view(collateral, COF_COLLATERAL_TCB_INFO).size == 0) {
        return COF_OK;
    }
    COF_TRY(digest_items(collateral, &digest, err));
    for (size_t i = 0; i < COF_ATTEST_WARM_MAX; i++) {
        if (warm->places[i].collateral != NULL &&
            cof_digest_equal(&warm->places[i].digest, &digest)) {
            *out = warm->places[i].collateral;
            return COF_OK;
        }
    }
    cof_intel_collateral *opened = NULL;
    COF_TRY(cof_intel_collateral_new(collateral, root, &opened, err));
    cof_intel_collateral_free(warm->places[warm->next].collateral);
    warm->places[warm->next].collateral = opened;
    warm->places[warm->next].digest = digest;
    warm->next = (warm->next + 1) % COF_ATTEST_WARM_MAX;
    *out = opened;
    return COF_OK;
}

void cof_attest_warm_free(cof_attest_warm *warm)
{
    for (size_t i = 0; i < COF_ATTEST_WARM_MAX; i++) {
        cof_intel_collateral_free(warm->places[i].collateral);
    }
    *warm = (cof_attest_warm){0};
}
