/*
 * Collateral in one file, for verification without a network (docs/formats/collateral.md).
 * Canonical JSON; a bundle has exactly one text. Nothing in it is believed: the items are
 * authenticated by whoever verifies with them.
 */
#ifndef COF_VERIFY_BUNDLE_H
#define COF_VERIFY_BUNDLE_H

#include <jansson.h>

#include "relying/verify/collateral.h"

enum { COF_BUNDLE_MAX = 8 * 1024 * 1024 };

/** Zeroed is empty; free with cof_bundle_free. */
typedef struct cof_bundle {
    int64_t fetched_unix_s;   /* when the items were fetched or packed; informative */
    cof_collateral_need need; /* what they were fetched for; other hardware than SGX, TDX,
                                 SEV_SNP: not said */
    cof_collateral collateral;
} cof_bundle;

/** Reads a bundle; it must be the text that cof_bundle_print makes. @return COF_OK, COF_E_LIMIT,
 * COF_E_BAD_JSON, COF_E_BAD_FORMAT, COF_E_BAD_VERSION, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_bundle_parse(cof_view text, cof_bundle *out, cof_err *err);

/** Appends the text. At least one item must be there. @return COF_OK, COF_E_BAD_ARGUMENT,
 * COF_E_LIMIT, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_bundle_print(const cof_bundle *bundle, cof_buf *out, cof_err *err);

void cof_bundle_free(cof_bundle *bundle);

/** {"tcbinfo.json":b64url, …} of the items that are there. The caller owns it. */
COF_MUST_USE cof_status cof_bundle_items_to_json(const cof_collateral *collateral, json_t **out,
                                                 cof_err *err);

/** Reads that object into *out, which the caller zeroed and frees in any case. @return COF_OK,
 * COF_E_BAD_FORMAT (a name that is none, an empty item), COF_E_LIMIT, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_bundle_items_from_json(const json_t *object, cof_collateral *out,
                                                   cof_err *err);

/** What is needed, as an object; the caller owns it. need->hardware is SGX, TDX or SEV_SNP. */
COF_MUST_USE cof_status cof_bundle_need_to_json(const cof_collateral_need *need, json_t **out,
                                                cof_err *err);

#endif
