/* Release policies: one entry per contract, nothing else, and the same whatever the order. */
#include <string.h>

#include "contract_case.h"
#include "relying/contract/release_policy.h"
#include "relying/policy/policy.h"
#include "tcb/wire/text.h"

#define NOW    1700000000
#define WDBC   "faab4fe2900354c77e5a832f6fd112b5"
#define DIGITS "0e741fb03c8484fea135f642eeede21b"

typedef struct setting {
    cof_contract *wdbc;
    cof_contract *digits;
    json_t *policy;
    json_t *tags;
} setting;

static void setting_free(setting *s)
{
    cof_contract_free(s->wdbc);
    cof_contract_free(s->digits);
    json_decref(s->policy);
    json_decref(s->tags);
}

static void set_up(setting *s)
{
    *s = (setting){.wdbc = case_contract("wdbc.contract.json"),
                   .digits = case_contract("digits.contract.json")};
}

/* Merges into the setting's own policy and tags. */
static cof_status merge(setting *s, const cof_contract *contract, int64_t now)
{
    json_t *policy = NULL;
    json_t *tags = NULL;
    const cof_status status =
        cof_release_policy_merge(s->policy, s->tags, contract, now, &policy, &tags, NULL);
    if (status == COF_OK) {
        json_decref(s->policy);
        json_decref(s->tags);
        s->policy = policy;
        s->tags = tags;
    } else {
        assert_null(policy);
        assert_null(tags);
    }
    return status;
}

static void a_first_contract_makes_the_policy_of_the_page(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    COF_CLEANUP(cof_buf_free) cof_buf expected = {.limit = 4096};
    const char *text = NULL;
    char digest[2 * COF_DIGEST_SIZE + 1];
    char mrenclave[2 * COF_DIGEST_SIZE + 1];
    set_up(&s);
    assert_ok(merge(&s, s.wdbc, NOW));
    cof_digest_text(&s.wdbc->digest, digest);
    cof_policy accepted;
    assert_ok(cof_policy_from_contract(s.wdbc, &accepted, NULL));
    cof_hex_text(cof_view_of(accepted.entries[0].measurements[0], COF_DIGEST_SIZE), mrenclave);
    assert_ok(cof_buf_printf(
        &expected, NULL,
        "{\"anyOf\":[{\"allOf\":[{\"claim\":\"x-ms-attestation-type\",\"equals\":\"sgx\"},"
        "{\"claim\":\"x-ms-sgx-is-debuggable\",\"equals\":false},"
        "{\"anyOf\":[{\"claim\":\"x-ms-sgx-mrenclave\",\"equals\":\"%s\"}]},"
        "{\"claim\":\"x-ms-runtime.contract\",\"equals\":\"%s\"}],\"authority\":\"https://"
        "localhost:8443\"}],"
        "\"version\":\"1.0.0\"}",
        mrenclave, digest));
    assert_ok(cof_buf_text(&expected, &text, NULL));
    COF_CLEANUP(cof_buf_free) cof_buf policy = case_canonical(s.policy);
    COF_CLEANUP(cof_buf_free) cof_buf tags = case_canonical(s.tags);
    assert_view_text(cof_buf_view(&policy), text);
    assert_view_text(cof_buf_view(&tags),
                     "{\"coffer.expires." WDBC "\":\"1798761600\",\"coffer.runs." WDBC "\":\"3\"}");
}

static void each_attestation_service_has_its_entry(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    COF_JSON json_t *json = case_json("wdbc.contract.json");
    case_change(json, "attestation.others", "[\"https://second\"]");
    COF_CLEANUP(cof_buf_free) cof_buf text = case_canonical(json);
    COF_CLEANUP(cof_contract_drop_) cof_contract *contract = NULL;
    assert_ok(cof_contract_parse(cof_buf_view(&text), &contract, NULL));
    set_up(&s);
    assert_ok(merge(&s, contract, NOW));
    const json_t *entries = json_object_get(s.policy, "anyOf");
    assert_int_equal(json_array_size(entries), 2);
    const json_t *first = json_array_get(entries, 0);
    const json_t *second = json_array_get(entries, 1);
    assert_string_equal(json_string_value(json_object_get(first, "authority")),
                        "https://localhost:8443");
    assert_string_equal(json_string_value(json_object_get(second, "authority")), "https://second");
    assert_true(json_equal(json_object_get(first, "allOf"), json_object_get(second, "allOf")));
    assert_ok(merge(&s, contract, NOW)); /* again: as it was */
    assert_int_equal(json_array_size(json_object_get(s.policy, "anyOf")), 2);
}

static size_t entry_count(const setting *s)
{
    return json_array_size(json_object_get(s->policy, "anyOf"));
}

static void the_order_of_consents_does_not_show(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting a = {0};
    COF_CLEANUP(setting_free) setting b = {0};
    set_up(&a);
    set_up(&b);
    assert_ok(merge(&a, a.wdbc, NOW));
    assert_ok(merge(&a, a.digits, NOW));
    assert_ok(merge(&b, b.digits, NOW));
    assert_ok(merge(&b, b.wdbc, NOW));
    assert_ok(merge(&b, b.digits, NOW));
    assert_int_equal(entry_count(&a), 2);
    const json_t *first = json_array_get(json_object_get(a.policy, "anyOf"), 0);
    const json_t *claim = json_array_get(json_object_get(first, "allOf"), 3);
    assert_memory_equal(json_string_value(json_object_get(claim, "equals")), DIGITS,
                        strlen(DIGITS));
    assert_true(json_equal(a.policy, b.policy));
    assert_true(json_equal(a.tags, b.tags));
}

static void an_expired_contract_leaves_with_its_tags(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    set_up(&s);
    s.tags = json_pack("{s:s}", "team", "radiology");
    assert_non_null(s.tags);
    assert_ok(merge(&s, s.wdbc, NOW));
    assert_ok(merge(&s, s.digits, NOW));
    assert_int_equal(json_object_size(s.tags), 5);
    assert_ok(merge(&s, s.digits, s.wdbc->limits.expires_unix_s));
    assert_int_equal(entry_count(&s), 1);
    assert_int_equal(json_object_size(s.tags), 3);
    assert_null(json_object_get(s.tags, "coffer.runs." WDBC));
    assert_non_null(json_object_get(s.tags, "coffer.runs." DIGITS));
    assert_string_equal(json_string_value(json_object_get(s.tags, "team")), "radiology");
    /* Only dropping: nothing is left. */
    assert_ok(merge(&s, NULL, s.digits->limits.expires_unix_s));
    assert_null(s.policy);
    assert_int_equal(json_object_size(s.tags), 1);
}

static void nothing_is_dropped_without_a_clock(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    set_up(&s);
    assert_ok(merge(&s, s.wdbc, 0));
    assert_ok(merge(&s, s.digits, 0));
    assert_int_equal(entry_count(&s), 2);
}

static void an_expired_contract_is_not_added(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    set_up(&s);
    assert_status(merge(&s, s.wdbc, s.wdbc->limits.expires_unix_s), CONTRACT_EXPIRED);
    assert_null(s.policy);
}

/* Each of these would release the key to somebody whom no owner has consented to. */
static void a_policy_that_no_consent_has_made_is_refused(void **state)
{
    (void)state;
    static const char *const changes[][2] = {
        {"version", "\"0.2\""},
        {"extra", "1"},
        {"anyOf", "{}"},
        {"anyOf.+", "{}"},
        {"anyOf.+", "{\"authority\":\"https://evil\",\"allOf\":[]}"},
        {"anyOf.0.allOf.3", NULL},
        {"anyOf.0.allOf.0", NULL},
        {"anyOf.0.allOf.1.equals", "true"},
        {"anyOf.0.allOf.1.equals", "\"false\""},
        {"anyOf.0.allOf.2.anyOf", "[]"},
        {"anyOf.0.allOf.2.anyOf.+", "{\"claim\":\"x-ms-attestation-type\",\"equals\":\"sgx\"}"},
        {"anyOf.0.allOf.2.anyOf.0.equals", "\"*\""},
        {"anyOf.0.allOf.3.claim", "\"x-ms-runtime.run\""},
        {"anyOf.0.allOf.3.equals", "\"\""},
        {"anyOf.0.anyOf", "[]"},
        {"anyOf.0.authority", NULL},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        COF_CLEANUP(setting_free) setting s = {0};
        set_up(&s);
        assert_ok(merge(&s, s.wdbc, NOW));
        COF_JSON json_t *unchanged = json_deep_copy(s.policy);
        case_change(s.policy, changes[i][0], changes[i][1]);
        if (merge(&s, s.digits, NOW) != COF_E_CONFIG) {
            fail_msg("%s = %s is accepted", changes[i][0], changes[i][1]);
        }
        /* It is the change that was refused. */
        json_decref(s.policy);
        s.policy = json_incref(unchanged);
        assert_ok(merge(&s, s.digits, NOW));
    }
}

static void two_contracts_do_not_share_tags(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    set_up(&s);
    assert_ok(merge(&s, s.wdbc, NOW));
    case_change(s.policy, "anyOf.0.allOf.3.equals", "\"" WDBC "00000000000000000000000000000000\"");
    assert_status(merge(&s, s.wdbc, NOW), EXISTS);
}

static void a_policy_has_at_most_its_limit_of_contracts(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    set_up(&s);
    assert_ok(merge(&s, s.wdbc, NOW));
    json_t *entries = json_object_get(s.policy, "anyOf");
    for (int i = 1; i < COF_RELEASE_POLICY_ENTRIES; i++) {
        json_t *entry = json_deep_copy(json_array_get(entries, 0));
        json_t *claim = json_array_get(json_object_get(entry, "allOf"), 3);
        assert_int_equal(json_object_set_new(claim, "equals", json_sprintf("%064x", i)), 0);
        assert_int_equal(json_array_append_new(entries, entry), 0);
    }
    assert_ok(merge(&s, s.wdbc, NOW));
    assert_int_equal(entry_count(&s), COF_RELEASE_POLICY_ENTRIES);
    assert_status(merge(&s, s.digits, NOW), LIMIT);
}

/* Withdraws from the setting's own policy and tags. */
static bool withdraw(setting *s, const cof_contract *contract)
{
    json_t *policy = NULL;
    json_t *tags = NULL;
    char digest[2 * COF_DIGEST_SIZE + 1];
    bool is_found = false;
    cof_digest_text(&contract->digest, digest);
    assert_ok(
        cof_release_policy_withdraw(s->policy, s->tags, digest, &policy, &tags, &is_found, NULL));
    json_decref(s->policy);
    json_decref(s->tags);
    s->policy = policy;
    s->tags = tags;
    return is_found;
}

static void a_withdrawn_contract_leaves_the_others_as_they_were(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    set_up(&s);
    s.tags = json_pack("{s:s}", "mine", "stays");
    assert_ok(merge(&s, s.wdbc, NOW));
    COF_JSON json_t *policy = json_deep_copy(s.policy);
    COF_JSON json_t *tags = json_deep_copy(s.tags);
    assert_ok(merge(&s, s.digits, NOW));
    assert_true(withdraw(&s, s.digits));
    assert_true(json_equal(s.policy, policy));
    assert_true(json_equal(s.tags, tags));
}

static void the_last_withdrawn_contract_leaves_no_policy(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    set_up(&s);
    s.tags = json_pack("{s:s}", "mine", "stays");
    assert_ok(merge(&s, s.wdbc, NOW));
    assert_true(withdraw(&s, s.wdbc));
    assert_null(s.policy);
    assert_int_equal(json_object_size(s.tags), 1);
}

static void a_contract_that_is_not_there_changes_nothing(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    set_up(&s);
    assert_ok(merge(&s, s.wdbc, NOW));
    COF_JSON json_t *policy = json_deep_copy(s.policy);
    assert_false(withdraw(&s, s.digits));
    assert_true(json_equal(s.policy, policy));
}

static void tags_without_an_entry_are_taken_out_too(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    set_up(&s);
    assert_ok(merge(&s, s.wdbc, NOW));
    assert_ok(cof_json_set(s.tags, "coffer.runs." DIGITS, json_string("3"), NULL));
    assert_true(withdraw(&s, s.digits));
    assert_null(json_object_get(s.tags, "coffer.runs." DIGITS));
    assert_non_null(json_object_get(s.tags, "coffer.runs." WDBC));
}

static void an_entry_without_tags_is_taken_out_too(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    set_up(&s);
    assert_ok(merge(&s, s.wdbc, NOW));
    assert_int_equal(json_object_clear(s.tags), 0);
    assert_true(withdraw(&s, s.wdbc));
    assert_null(s.policy);
}

static void what_no_consent_has_made_is_not_touched(void **state)
{
    (void)state;
    COF_CLEANUP(setting_free) setting s = {0};
    json_t *policy = NULL;
    json_t *tags = NULL;
    bool is_found = false;
    set_up(&s);
    assert_ok(merge(&s, s.wdbc, NOW));
    case_change(s.policy, "anyOf.+", "{\"authority\":\"https://x\",\"allOf\":[]}");
    assert_status(
        cof_release_policy_withdraw(s.policy, s.tags, DIGITS, &policy, &tags, &is_found, NULL),
        CONFIG);
}

int main(int argc, char **argv)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    case_folder = argc > 1 ? argv[1] : ".";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_first_contract_makes_the_policy_of_the_page),
        cmocka_unit_test(each_attestation_service_has_its_entry),
        cmocka_unit_test(the_order_of_consents_does_not_show),
        cmocka_unit_test(an_expired_contract_leaves_with_its_tags),
        cmocka_unit_test(nothing_is_dropped_without_a_clock),
        cmocka_unit_test(an_expired_contract_is_not_added),
        cmocka_unit_test(a_policy_that_no_consent_has_made_is_refused),
        cmocka_unit_test(two_contracts_do_not_share_tags),
        cmocka_unit_test(a_policy_has_at_most_its_limit_of_contracts),
        cmocka_unit_test(a_withdrawn_contract_leaves_the_others_as_they_were),
        cmocka_unit_test(the_last_withdrawn_contract_leaves_no_policy),
        cmocka_unit_test(a_contract_that_is_not_there_changes_nothing),
        cmocka_unit_test(tags_without_an_entry_are_taken_out_too),
        cmocka_unit_test(an_entry_without_tags_is_taken_out_too),
        cmocka_unit_test(what_no_consent_has_made_is_not_touched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
