/* A bundle that is read is printed as the same bytes. */
#include <stdlib.h>

#include "relying/verify/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool claim)
{
    if (!claim) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    COF_CLEANUP(cof_bundle_free) cof_bundle bundle = {0};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_BUNDLE_MAX};
    if (cof_bundle_parse(cof_view_of(data, size), &bundle, NULL) != COF_OK) {
        for (cof_collateral_item item = 0; item < COF_COLLATERAL_COUNT; item++) {
            check(bundle.collateral.items[item].size == 0);
        }
        return 0;
    }
    check(cof_bundle_print(&bundle, &text, NULL) == COF_OK);
    check(cof_view_equal(cof_buf_view(&text), cof_view_of(data, size)));
    return 0;
}
