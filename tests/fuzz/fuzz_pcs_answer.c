/*
 * What services answer, and what the cache kept of it. The first byte says what the rest is:
 * '0' to '8' the body of an item, 'c' an issuer chain's header field, 'm' the metadata service's
 * answer, 'l' four header fields about lifetime (lines), 'e' an entry of the cache.
 */
#include <stdlib.h>
#include <string.h>

#include "host/collateral/answer.h"
#include "host/collateral/cache_entry.h"
#include "host/collateral/forms.h"
#include "host/collateral/lifetime.h"
#include "host/collateral/summary.h"
#include "tcb/wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool claim)
{
    if (!claim) {
        abort();
    }
}

/* What was taken can be summarised and shown, and taking it again changes nothing. */
static void check_item(cof_collateral_item item, cof_view bytes)
{
    COF_CLEANUP(cof_collateral_free) cof_collateral first = {0};
    COF_CLEANUP(cof_collateral_free) cof_collateral again = {0};
    COF_JSON json_t *shown = NULL;
    if (cof_answer_item(item, bytes, &first, NULL) != COF_OK) {
        check(first.items[item].size == 0);
        return;
    }
    const cof_view taken = cof_collateral_view(&first, item);
    check(taken.size > 0);
    check(cof_answer_item(item, taken, &again, NULL) == COF_OK);
    check(cof_view_equal(cof_collateral_view(&again, item), taken));
    check(cof_summary_to_json(&first, 0, &shown, NULL) == COF_OK);
    check(json_array_size(shown) == 1);
}

static void check_chain(const char *field)
{
    COF_CLEANUP(cof_collateral_free) cof_collateral out = {0};
    COF_CLEANUP(cof_buf_free) cof_buf pem = {.limit = COF_COLLATERAL_ITEM_MAX};
    const bool is_form = cof_form_chain_header(field, &pem, NULL) == COF_OK;
    const bool is_taken = cof_answer_chain(COF_COLLATERAL_TCB_CHAIN, field, &out, NULL) == COF_OK;
    check(is_form || !is_taken);
}

static void check_imds(cof_view body)
{
    cof_imds_answer answer;
    if (cof_answer_imds(body, &answer, NULL) == COF_OK) {
        check(answer.items.items[COF_COLLATERAL_AMD_LEAF].size > 0);
        check(answer.items.items[COF_COLLATERAL_AMD_CHAIN].size > 0);
        check(answer.seconds >= 0);
    }
    cof_collateral_free(&answer.items);
}

static void check_lifetime(char *text)
{
    char *rest = text;
    const char *lines[4];
    for (size_t i = 0; i < 4; i++) {
        lines[i] = strsep(&rest, "\n");
    }
    const cof_lifetime_fields fields = {lines[0], lines[1], lines[2], lines[3]};
    const cof_lifetime lifetime = cof_lifetime_of(&fields, 1798761600);
    check(lifetime.seconds >= 0);
    check(lifetime.is_known || lifetime.seconds == 0);
}

static void check_entry(cof_view text)
{
    COF_CLEANUP(cof_cache_entry_free) cof_cache_entry entry = {0};
    if (cof_cache_entry_parse(text, "key", &entry, NULL) != COF_OK) {
        check(!entry.is_there);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const uint8_t kind = data[0];
    COF_CLEANUP(cof_free_drop_) char *text = calloc(1, size);
    if (text == NULL) {
        return 0;
    }
    memcpy(text, data + 1, size - 1);
    if (kind >= '0' && kind < '0' + COF_COLLATERAL_COUNT) {
        check_item((cof_collateral_item)(kind - '0'), cof_view_of(text, size - 1));
    } else if (kind == 'c') {
        check_chain(text);
    } else if (kind == 'm') {
        check_imds(cof_view_of(text, size - 1));
    } else if (kind == 'l') {
        check_lifetime(text);
    } else if (kind == 'e') {
        check_entry(cof_view_of(text, size - 1));
    }
    return 0;
}
