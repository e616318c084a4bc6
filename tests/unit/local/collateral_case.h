/* A collateral source that has one set, whatever is asked for. */
#ifndef COF_TEST_COLLATERAL_CASE_H
#define COF_TEST_COLLATERAL_CASE_H

#include "relying/verify/collateral.h"

typedef struct collateral_case {
    cof_collateral_source source;
    const cof_collateral *collateral; /* borrowed */
} collateral_case;

static inline cof_status collateral_case_get(cof_collateral_source *self,
                                             const cof_collateral_need *need, int64_t now_unix_s,
                                             cof_collateral *out, cof_err *err)
{
    (void)need, (void)now_unix_s;
    const collateral_case *c = (const collateral_case *)self;
    for (int i = 0; i < COF_COLLATERAL_COUNT; i++) {
        const cof_view item = cof_collateral_view(c->collateral, (cof_collateral_item)i);
        if (item.size > 0) {
            COF_TRY(cof_collateral_set(out, (cof_collateral_item)i, item, err));
        }
    }
    return COF_OK;
}

static inline void collateral_case_free(cof_collateral_source *self)
{
    (void)self;
}

static inline collateral_case collateral_case_of(const cof_collateral *collateral)
{
    static const cof_collateral_source_ops ops = {"test", collateral_case_get,
                                                  collateral_case_free};
    return (collateral_case){.source = {&ops}, .collateral = collateral};
}

#endif
