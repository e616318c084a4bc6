#include "host/collateral/fetcher.h"

#include <stdio.h>
#include <string.h>

#include "host/collateral/answer.h"
#include "host/collateral/fetch_parts.h"
#include "host/http/url.h"
#include "tcb/wire/text.h"

enum {
    ANSWER_LIMIT = 2 * COF_COLLATERAL_ITEM_MAX + 2, /* hex digits */
    NOTE_SIZE = 320,
    RETRY_CAP_MS = 30000,
    RETRY_BUDGET_MS = 60000
};

struct cof_fetcher {
    cof_collateral_origin origin;
    cof_http_client *remote;
    cof_http_client *here; /* for this machine: http too, never a proxy */
    cof_note note;
    void *note_context;
};

cof_status cof_fetcher_new(const cof_fetcher_options *options, cof_fetcher **out, cof_err *err)
{
    COF_CLEANUP(cof_fetcher_drop_) cof_fetcher *fetcher = calloc(1, sizeof *fetcher);
    if (fetcher == NULL) {
        return COF_FAIL(err, NO_MEMORY, "fetcher");
    }
    cof_http_client_options http = options->http;
    if (http.retry.cap_ms == 0 && http.retry.budget_ms == 0) {
        /* AMD's service asks for pauses of many seconds. */
        http.retry.cap_ms = RETRY_CAP_MS;
        http.retry.budget_ms = RETRY_BUDGET_MS;
    }
    http.allow_http = false;
    COF_TRY(cof_http_client_new(&http, &fetcher->remote, err));
    http.allow_http = true;
    http.proxy = NULL;
    COF_TRY(cof_http_client_new(&http, &fetcher->here, err));
    fetcher->origin = options->origin;
    fetcher->note = options->note;
    fetcher->note_context = options->note_context;
    *out = cof_fetcher_take(&fetcher);
    return COF_OK;
}

void cof_fetcher_free(cof_fetcher *fetcher)
{
    if (fetcher != NULL) {
        cof_http_client_free(fetcher->remote);
        cof_http_client_free(fetcher->here);
        free(fetcher);
    }
}

void cof_fetched_free(cof_fetched *fetched)
{
    cof_collateral_free(&fetched->items);
}

const cof_collateral_origin *cof_fetcher_origin(const cof_fetcher *fetcher)
{
    return &fetcher->origin;
}

void cof_fetcher_note(cof_fetcher *fetcher, const char *text)
{
    if (fetcher->note != NULL) {
        fetcher->note(fetcher->note_context, text);
    }
}

/* ---- one request ---- */

void cof_part_answer_free(cof_part_answer *answer)
{
    cof_http_answer_free(&answer->http);
}

static void note_warning(cof_fetcher *fetcher, const char *url, const cof_http_answer *answer)
{
    const char *warning = cof_http_answer_header(answer, "Warning");
    cof_url parsed;
    char text[NOTE_SIZE];
    if (warning == NULL || cof_url_parse(url, &parsed, NULL) != COF_OK) {
        return;
    }
    (void)snprintf(text, sizeof text, "%.64s says: %s", parsed.host, warning);
    for (char *c = text; *c != '\0'; c++) {
        *c = *c >= 0x20 && *c < 0x7f ? *c : '?';
    }
    cof_fetcher_note(fetcher, text);
}

static cof_lifetime lifetime_of(const cof_http_answer *answer, int64_t now_unix_s)
{
    const cof_lifetime_fields fields = {.cache_control =
                                            cof_http_answer_header(answer, "Cache-Control"),
                                        .expires = cof_http_answer_header(answer, "Expires"),
                                        .date = cof_http_answer_header(answer, "Date"),
                                        .age = cof_http_answer_header(answer, "Age")};
    return cof_lifetime_of(&fields, now_unix_s);
}

cof_status cof_part_get(cof_fetcher *fetcher, const char *url, int64_t now_unix_s,
                        cof_part_answer *out, cof_err *err)
{
    /* The metadata service refuses requests without the field; for others it means nothing. */
    static const cof_http_pair metadata = {"Metadata", "true"};
    const bool is_here = cof_origin_is_here(url);
    const cof_http_call call = {.method = "GET",
                                .url = url,
                                .headers = &metadata,
                                .header_count = is_here ? 1 : 0,
                                .answer_limit = ANSWER_LIMIT};
    cof_err reason = {0};
    const cof_status status =
        cof_http_send(is_here ? fetcher->here : fetcher->remote, &call, &out->http, &reason);
    if (status == COF_E_REMOTE_ERROR && (out->http.status == 404 || out->http.status == 410)) {
        return COF_FAIL(err, NOT_FOUND, "%s", reason.detail);
    }
    if (status == COF_E_REMOTE_ERROR && out->http.status == 429) {
        return COF_FAIL(err, REMOTE_ERROR, "%s: too many requests; wait a while", reason.detail);
    }
    if (status != COF_OK) {
        return cof_err_set(err, status, __FILE__, __LINE__, "%s", reason.detail);
    }
    note_warning(fetcher, url, &out->http);
    if (out->http.status != 200) {
        return COF_FAIL(err, REMOTE_ERROR, "%.120s: %d", url, out->http.status);
    }
    out->lifetime = lifetime_of(&out->http, now_unix_s);
    return COF_OK;
}

cof_status cof_part_get_item(cof_fetcher *fetcher, const char *url, cof_collateral_item item,
                             int64_t now_unix_s, cof_fetched *out, cof_err *err)
{
    COF_CLEANUP(cof_part_answer_free) cof_part_answer answer = {0};
    COF_TRY(cof_part_get(fetcher, url, now_unix_s, &answer, err));
    const cof_status status =
        cof_answer_item(item, cof_buf_view(&answer.http.body), &out->items, err);
    if (status != COF_OK) {
        cof_err_context(err, "%.100s", url);
        return status;
    }
    out->lifetime = cof_lifetime_shorter(out->lifetime, answer.lifetime);
    return COF_OK;
}

/* ---- parts ---- */

static const struct {
    const char *name;
    cof_part_fetch *fetch;
} parts[COF_PART_COUNT] = {
    [COF_PART_INTEL_TCB] = {"tcb", cof_fetch_intel_tcb},
    [COF_PART_INTEL_PCK_CRL] = {"pck-crl", cof_fetch_intel_pck_crl},
    [COF_PART_INTEL_ROOT_CRL] = {"root-crl", cof_fetch_intel_root_crl},
    [COF_PART_AMD_LEAF] = {"vcek", cof_fetch_amd_leaf},
    [COF_PART_AMD_CHAIN] = {"amd-chain", cof_fetch_amd_chain},
    [COF_PART_AMD_CRL] = {"amd-crl", cof_fetch_amd_crl},
};

static bool has_chip(const cof_collateral_need *need)
{
    for (size_t i = 0; i < sizeof need->chip_id; i++) {
        if (need->chip_id[i] != 0) {
            return true;
        }
    }
    return false;
}

bool cof_part_is_needed(cof_part part, const cof_collateral_need *need)
{
    const bool is_amd = need->hardware == COF_TEE_SEV_SNP;
    const bool is_intel = need->hardware == COF_TEE_SGX || need->hardware == COF_TEE_TDX;
    switch (part) {
    case COF_PART_INTEL_TCB:
    case COF_PART_INTEL_PCK_CRL:
    case COF_PART_INTEL_ROOT_CRL:
        return is_intel;
    case COF_PART_AMD_LEAF:
        return is_amd && !need->is_vlek && !need->has_leaf && has_chip(need);
    case COF_PART_AMD_CHAIN:
        return is_amd && !need->has_chain;
    case COF_PART_AMD_CRL:
        return is_amd;
    case COF_PART_COUNT:
        break;
    }
    return false;
}

static cof_status leaf_key(const cof_collateral_need *need, cof_buf *out, cof_err *err)
{
    COF_TRY(cof_buf_append_text(out, " ", err));
    COF_TRY(cof_hex_encode(cof_view_of(need->chip_id, sizeof need->chip_id), out, err));
    return cof_buf_printf(out, err, " %016llx", (unsigned long long)need->reported_tcb);
}

static cof_status fmspc_key(const cof_collateral_need *need, cof_buf *out, cof_err *err)
{
    COF_TRY(cof_buf_printf(out, err, " %s ", cof_tee_name(need->hardware)));
    return cof_hex_encode(cof_view_of(need->fmspc, sizeof need->fmspc), out, err);
}

cof_status cof_part_key(const cof_fetcher *fetcher, cof_part part, const cof_collateral_need *need,
                        cof_buf *out, cof_err *err)
{
    const cof_collateral_origin *origin = &fetcher->origin;
    const bool is_amd = need->hardware == COF_TEE_SEV_SNP;
    const bool is_by_metadata =
        origin->imds[0] != '\0' && part != COF_PART_AMD_CRL && !need->is_vlek;
    COF_TRY(cof_buf_append_text(out, parts[part].name, err));
    if (is_amd) {
        COF_TRY(cof_buf_printf(out, err, " %s", cof_snp_product_name(need->product)));
    }
    if (part == COF_PART_AMD_LEAF) {
        COF_TRY(leaf_key(need, out, err));
    } else if (is_amd) {
        COF_TRY(cof_buf_append_text(out, need->is_vlek ? " vlek" : " vcek", err));
    } else if (part == COF_PART_INTEL_TCB) {
        COF_TRY(fmspc_key(need, out, err));
    } else if (part == COF_PART_INTEL_PCK_CRL) {
        COF_TRY(cof_buf_append_text(out, need->is_platform_ca ? " platform" : " processor", err));
    }
    const char *base = !is_amd ? origin->intel : is_by_metadata ? origin->imds : origin->amd;
    return cof_buf_printf(out, err, " %s", base);
}

cof_status cof_fetch_part(cof_fetcher *fetcher, cof_part part, const cof_collateral_need *need,
                          int64_t now_unix_s, cof_fetched *out, cof_err *err)
{
    COF_CLEANUP(cof_fetched_free) cof_fetched fetched = {.lifetime = {.may_store = true}};
    COF_TRY(parts[part].fetch(fetcher, need, now_unix_s, &fetched, err));
    *out = fetched;
    fetched = (cof_fetched){0};
    return COF_OK;
}
