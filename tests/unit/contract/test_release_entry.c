/* Entries of release policies for every kind of platform: what is written is read as ours, and
 * nothing else is. */
#include <string.h>

#include "contract_case.h"
#include "relying/contract/release_entry.h"
#include "tcb/wire/text.h"

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define URL    "https://localhost:8443"

static cof_policy policy;

static cof_accept *add(cof_tee tee)
{
    cof_accept *accept = &policy.entries[policy.count++];
    *accept = (cof_accept){.tee = tee, .measurement_count = 2, .tcb = cof_tcb_up_to_date};
    memset(accept->measurements[0], 0x10 + (int)tee, sizeof accept->measurements[0]);
    memset(accept->measurements[1], 0x20, sizeof accept->measurements[1]);
    return accept;
}

static json_t *entries_of_policy(void)
{
    json_t *entries = json_array();
    assert_ok(cof_release_entries_add(entries, URL, &policy, DIGEST, NULL));
    return entries;
}

/* Every platform, with everything that can be demanded of it. */
static json_t *all_entries(void)
{
    policy.count = 0;
    (void)add(COF_TEE_SIMULATED);
    cof_accept *sgx = add(COF_TEE_SGX);
    sgx->measurement_count = 0;
    sgx->has_signer = true;
    sgx->product = 7;
    sgx->minimum_svn = 65530;
    cof_accept *tdx = add(COF_TEE_TDX);
    tdx->rtmr_mask = 0x6;
    tdx->tcb.statuses |= 1U << COF_TCB_SW_HARDENING_NEEDED;
    cof_accept *snp = add(COF_TEE_SEV_SNP);
    snp->has_host_data = true;
    snp->id_key_count = 1;
    (void)add(COF_TEE_AZURE_CVM);
    return entries_of_policy();
}

static void every_entry_that_is_written_is_read_as_ours(void **state)
{
    (void)state;
    json_t *entries = all_entries();
    static const char *const types[] = {"sgx", "sgx", "tdxvm", "sevsnpvm", "azurevm", "azurevm"};
    assert_int_equal(json_array_size(entries), 6);
    for (size_t i = 0; i < 6; i++) {
        char digest[COF_RELEASE_DIGEST_SIZE];
        const json_t *entry = json_array_get(entries, i);
        assert_ok(cof_release_entry_read(entry, digest, NULL));
        assert_string_equal(digest, DIGEST);
        const json_t *first = json_array_get(json_object_get(entry, "allOf"), 0);
        assert_string_equal(json_string_value(json_object_get(first, "equals")), types[i]);
    }
    json_decref(entries);
}

/* Simulated evidence is attested as sgx: their measurements stand in one entry, each once. */
static void simulated_and_sgx_measurements_share_an_entry(void **state)
{
    (void)state;
    policy.count = 0;
    (void)add(COF_TEE_SIMULATED);
    (void)add(COF_TEE_SGX);
    json_t *entries = entries_of_policy();
    assert_int_equal(json_array_size(entries), 1);
    const json_t *all = json_object_get(json_array_get(entries, 0), "allOf");
    assert_int_equal(json_array_size(json_object_get(json_array_get(all, 2), "anyOf")), 3);
    json_decref(entries);
}

/* Key Vault has no order: versions are named one by one, and none that cannot exist. */
static void security_versions_are_named_one_by_one(void **state)
{
    (void)state;
    json_t *entries = all_entries();
    const json_t *all = json_object_get(json_array_get(entries, 1), "allOf");
    const json_t *versions = json_object_get(json_array_get(all, 4), "anyOf");
    assert_int_equal(json_array_size(versions), 6); /* 65530 to 65535 */
    json_decref(entries);
}

/* Takes away, changes or adds one thing at a time, in every condition of every entry. */
static void every_change_to_an_entry_is_noticed(void **state)
{
    (void)state;
    json_t *entries = all_entries();
    char digest[COF_RELEASE_DIGEST_SIZE];
    size_t changed = 0;
    for (size_t e = 0; e < json_array_size(entries); e++) {
        const json_t *entry = json_array_get(entries, e);
        const size_t count = json_array_size(json_object_get(entry, "allOf"));
        for (size_t i = 0; i < count; i++) {
            const json_t *original = json_array_get(json_object_get(entry, "allOf"), i);
            json_t *copy = json_deep_copy(entry);
            json_t *all = json_object_get(copy, "allOf");
            json_t *condition = json_array_get(all, i);
            const bool is_any = json_object_get(original, "anyOf") != NULL;
            json_t *claim =
                is_any ? json_array_get(json_object_get(condition, "anyOf"), 0) : condition;
            json_object_set_new(claim, "claim", json_string("x-ms-other"));
            assert_status(cof_release_entry_read(copy, digest, NULL), CONFIG);
            json_object_set_new(claim, "claim", json_string("x-ms-other"));
            json_array_set_new(all, i, json_deep_copy(original));
            assert_ok(cof_release_entry_read(copy, digest, NULL));
            condition = json_array_get(all, i);
            claim = is_any ? json_array_get(json_object_get(condition, "anyOf"), 0) : condition;
            json_object_set_new(claim, "equals", json_string("Anything"));
            assert_status(cof_release_entry_read(copy, digest, NULL), CONFIG);
            json_array_set_new(all, i, json_deep_copy(original));
            condition = json_array_get(all, i);
            json_object_set_new(condition, "greater", json_integer(1));
            assert_status(cof_release_entry_read(copy, digest, NULL), CONFIG);
            json_array_set_new(all, i, json_deep_copy(original));
            json_array_insert_new(all, i, json_pack("{s:[]}", "anyOf"));
            assert_status(cof_release_entry_read(copy, digest, NULL), CONFIG);
            json_decref(copy);
            changed += 4;
        }
        json_t *copy = json_deep_copy(entry);
        json_object_set_new(copy, "anyOf", json_array());
        assert_status(cof_release_entry_read(copy, digest, NULL), CONFIG);
        json_decref(copy);
    }
    assert_true(changed > 150);
    json_decref(entries);
}

/* What no token could be without must not be left out: debug, type, measurement, contract. */
static void a_condition_that_is_left_out_is_noticed(void **state)
{
    (void)state;
    json_t *entries = all_entries();
    char digest[COF_RELEASE_DIGEST_SIZE];
    for (size_t e = 0; e < json_array_size(entries); e++) {
        const json_t *entry = json_array_get(entries, e);
        const size_t count = json_array_size(json_object_get(entry, "allOf"));
        for (size_t i = 0; i < count; i++) {
            json_t *copy = json_deep_copy(entry);
            json_array_remove(json_object_get(copy, "allOf"), i);
            /* Registers, host data and id keys may be left out by an owner: then it is another
             * entry of ours. */
            const bool may_be = (e == 2 && (i == 4 || i == 5)) || (e == 3 && (i == 5 || i == 6));
            assert_int_equal(cof_release_entry_read(copy, digest, NULL),
                             may_be ? COF_OK : COF_E_CONFIG);
            json_decref(copy);
        }
    }
    json_decref(entries);
}

int main(int argc, char **argv)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    case_folder = argc > 1 ? argv[1] : ".";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_entry_that_is_written_is_read_as_ours),
        cmocka_unit_test(simulated_and_sgx_measurements_share_an_entry),
        cmocka_unit_test(security_versions_are_named_one_by_one),
        cmocka_unit_test(every_change_to_an_entry_is_noticed),
        cmocka_unit_test(a_condition_that_is_left_out_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
