/*
 * A policy, a zero byte, and claims. Whatever is accepted prints as a policy that prints the same
 * and decides the same; nothing is permitted by a policy without a permit() or with one that
 * denies.
 */
#include <stdlib.h>
#include <string.h>

#include "relying/maa/jmespath.h"
#include "relying/maa/maa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void evaluate_both(const cof_maa_policy *policy, const cof_maa_policy *again,
                          const json_t *claims)
{
    COF_CLEANUP(cof_maa_outcome_free) cof_maa_outcome a = {0};
    COF_CLEANUP(cof_maa_outcome_free) cof_maa_outcome b = {0};
    const cof_status status = cof_maa_evaluate(policy, claims, &a, NULL);
    if (cof_maa_evaluate(again, claims, &b, NULL) != status) {
        abort();
    }
    if (status != COF_OK) {
        return;
    }
    if (a.is_permitted != b.is_permitted || a.rule != b.rule || !json_equal(a.issued, b.issued) ||
        (a.is_permitted && a.is_denied) || (!a.is_permitted && json_object_size(a.issued) > 0)) {
        abort();
    }
}

static void read_query(cof_view text)
{
    COF_CLEANUP(cof_buf_free) cof_buf copy = {.limit = COF_JMES_QUERY_BYTES};
    COF_CLEANUP(cof_jmes_query_drop_) cof_jmes_query *query = NULL;
    COF_JSON json_t *data = NULL;
    COF_JSON json_t *result = NULL;
    const char *query_text = NULL;
    cof_maa_budget budget = {.steps = 10000, .bytes = 1 << 20};
    static const char document[] = "{\"a\":[{\"b\":1,\"c\":\"x\"},{\"b\":[2,3]},null],\"d\":true}";
    if (cof_buf_append(&copy, text, NULL) != COF_OK ||
        cof_buf_text(&copy, &query_text, NULL) != COF_OK ||
        cof_json_parse(cof_view_text(document), 4096, &data, NULL) != COF_OK ||
        cof_jmes_parse(query_text, &query, NULL) != COF_OK) {
        return;
    }
    if (cof_jmes_search(query, data, &budget, &result, NULL) == COF_OK && result == NULL) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
    const cof_view text = cof_view_of(data, end != NULL ? (size_t)(end - data) : size);
    COF_CLEANUP(cof_maa_policy_drop_) cof_maa_policy *policy = NULL;
    COF_CLEANUP(cof_maa_policy_drop_) cof_maa_policy *again = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf printed = {.limit = 4 * COF_MAA_POLICY_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf twice = {.limit = 4 * COF_MAA_POLICY_BYTES};
    COF_JSON json_t *claims = NULL;
    cof_maa_place place = {0};
    read_query(text);
    const cof_status status = cof_maa_parse(text, &policy, &place, NULL);
    if (status == COF_E_POLICY_SYNTAX && (place.line == 0 || place.column == 0)) {
        abort();
    }
    if (status != COF_OK || cof_maa_print(policy, &printed, NULL) != COF_OK ||
        printed.size > COF_MAA_POLICY_BYTES) {
        return 0;
    }
    if (cof_maa_parse(cof_buf_view(&printed), &again, NULL, NULL) != COF_OK ||
        cof_maa_print(again, &twice, NULL) != COF_OK ||
        !cof_view_equal(cof_buf_view(&printed), cof_buf_view(&twice))) {
        abort();
    }
    if (end != NULL && cof_json_parse(cof_view_of(end + 1, size - text.size - 1), 65536, &claims,
                                      NULL) == COF_OK) {
        evaluate_both(policy, again, claims);
    }
    return 0;
}
