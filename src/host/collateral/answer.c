#include "host/collateral/answer.h"

#include "host/collateral/forms.h"
#include "host/collateral/summary.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { IMDS_LIMIT = 256 * 1024, PEM_LIMIT = 64 * 1024, CACHE_CONTROL_LIMIT = 9 };

/* Whatever is wrong with an answer, it is not the collateral that was asked for. */
static cof_status refuse(cof_status status, const cof_err *reason, const char *what, cof_err *err)
{
    if (status == COF_OK) {
        return COF_OK;
    }
    if (status == COF_E_NO_MEMORY) {
        return COF_FAIL(err, NO_MEMORY, "%s", what);
    }
    return COF_FAIL(err, COLLATERAL_INVALID, "the answer is no %s: %s", what, reason->detail);
}

static cof_status take_form(cof_collateral_item item, cof_view body, cof_buf *out, cof_err *err)
{
    switch (item) {
    case COF_COLLATERAL_ROOT_CRL:
    case COF_COLLATERAL_PCK_CRL:
    case COF_COLLATERAL_AMD_CRL:
        return cof_form_crl(body, out, err);
    case COF_COLLATERAL_AMD_LEAF:
        return cof_form_certificate(body, out, err);
    case COF_COLLATERAL_TCB_CHAIN:
    case COF_COLLATERAL_QE_CHAIN:
    case COF_COLLATERAL_AMD_CHAIN:
        return cof_form_chain(body, out, err);
    case COF_COLLATERAL_TCB_INFO:
    case COF_COLLATERAL_QE_IDENTITY:
        return cof_buf_append(out, body, err);
    case COF_COLLATERAL_COUNT:
        break;
    }
    return COF_FAIL(err, INTERNAL, "no such item");
}

static cof_status take_item(cof_collateral_item item, cof_view body, cof_collateral *out,
                            cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = COF_COLLATERAL_ITEM_MAX};
    cof_summary summary;
    COF_TRY(take_form(item, body, &bytes, err));
    COF_TRY(cof_summarise(item, cof_buf_view(&bytes), &summary, err));
    return cof_collateral_set(out, item, cof_buf_view(&bytes), err);
}

cof_status cof_answer_item(cof_collateral_item item, cof_view body, cof_collateral *out,
                           cof_err *err)
{
    cof_err reason = {0};
    return refuse(take_item(item, body, out, &reason), &reason, cof_collateral_file_name(item),
                  err);
}

static cof_status take_chain(cof_collateral_item item, const char *field, cof_collateral *out,
                             cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf pem = {.limit = COF_COLLATERAL_ITEM_MAX};
    COF_TRY(cof_form_chain_header(field, &pem, err));
    return take_item(item, cof_buf_view(&pem), out, err);
}

cof_status cof_answer_chain(cof_collateral_item item, const char *field, cof_collateral *out,
                            cof_err *err)
{
    cof_err reason = {0};
    if (field == NULL) {
        return COF_FAIL(err, COLLATERAL_INVALID, "the answer has no issuer chain for %s",
                        cof_collateral_file_name(item));
    }
    return refuse(take_chain(item, field, out, &reason), &reason, cof_collateral_file_name(item),
                  err);
}

/* Seconds as a text of digits; absent or anything else is "does not say". */
static int64_t read_seconds(const json_t *json)
{
    const char *text = NULL;
    int64_t seconds = 0;
    if (cof_json_get_text(json, "cacheControl", CACHE_CONTROL_LIMIT, &text, NULL) != COF_OK) {
        return 0;
    }
    for (; *text >= '0' && *text <= '9'; text++) {
        seconds = seconds * 10 + (*text - '0');
    }
    return *text == '\0' ? seconds : 0;
}

static cof_status take_imds(cof_view body, cof_imds_answer *out, cof_err *err)
{
    COF_JSON json_t *json = NULL;
    const char *leaf = NULL;
    const char *chain = NULL;
    uint8_t tcb[sizeof out->tcb];
    COF_TRY(cof_json_parse(body, IMDS_LIMIT, &json, err));
    COF_TRY(cof_json_get_text(json, "vcekCert", PEM_LIMIT, &leaf, err));
    COF_TRY(cof_json_get_text(json, "certificateChain", PEM_LIMIT, &chain, err));
    COF_TRY(cof_json_get_hex(json, "tcbm", tcb, sizeof tcb, err));
    for (size_t i = 0; i < sizeof tcb; i++) {
        out->tcb = out->tcb << 8 | tcb[i];
    }
    out->seconds = read_seconds(json);
    COF_TRY(take_item(COF_COLLATERAL_AMD_LEAF, cof_view_text(leaf), &out->items, err));
    return take_item(COF_COLLATERAL_AMD_CHAIN, cof_view_text(chain), &out->items, err);
}

cof_status cof_answer_imds(cof_view body, cof_imds_answer *out, cof_err *err)
{
    cof_err reason = {0};
    *out = (cof_imds_answer){0};
    return refuse(take_imds(body, out, &reason), &reason, "certification", err);
}
