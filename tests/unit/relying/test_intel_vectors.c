/*
 * Real quotes of SGX and TDX with the collateral of their day, and what Intel's own library says of
 * them. One folder per bundle: quote.bin, the collateral's files, bundle.json with verify_at and
 * the expected results. Usage: test_intel_vectors FOLDER (of the bundles); the folder is not part
 * of this project.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "harness/cof_test.h"
#include "relying/verify/intel/dcap.h"
#include "tcb/wire/json.h"

static const char *folder;

typedef struct bundle {
    char name[256];
    cof_collateral collateral;
    cof_buf quote;
    json_t *json;
    int64_t now_unix_s;
} bundle;

static void read_file(const char *directory, const char *name, cof_buf *out)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("%s cannot be opened", path);
        return;
    }
    uint8_t piece[4096];
    size_t size = 0;
    while ((size = fread(piece, 1, sizeof piece, file)) > 0) {
        assert_ok(cof_buf_append(out, cof_view_of(piece, size), NULL));
    }
    (void)fclose(file);
}

static void bundle_read(const char *directory, bundle *out)
{
    COF_CLEANUP(cof_buf_free) cof_buf json = {.limit = 1 << 20};
    *out = (bundle){.quote = {.limit = 1 << 20}};
    for (int i = COF_COLLATERAL_TCB_INFO; i <= COF_COLLATERAL_PCK_CRL; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = 1 << 20};
        read_file(directory, cof_collateral_file_name((cof_collateral_item)i), &bytes);
        assert_ok(cof_collateral_set(&out->collateral, (cof_collateral_item)i, cof_buf_view(&bytes),
                                     NULL));
    }
    read_file(directory, "quote.bin", &out->quote);
    read_file(directory, "bundle.json", &json);
    assert_ok(cof_json_parse(cof_buf_view(&json), 1 << 20, &out->json, NULL));
    assert_ok(cof_json_get_int(out->json, "verify_at", 0, INT64_MAX, &out->now_unix_s, NULL));
    (void)snprintf(out->name, sizeof out->name, "%s",
                   json_string_value(json_object_get(out->json, "name")));
}

static void bundle_free(bundle *real)
{
    cof_collateral_free(&real->collateral);
    cof_buf_free(&real->quote);
    json_decref(real->json);
}

/* Calls visit for every bundle. @return how many there are. */
static size_t each_bundle(void (*visit)(const bundle *real))
{
    static const char *const kinds[] = {"sgx", "tdx"};
    size_t count = 0;
    for (size_t i = 0; i < 2; i++) {
        char kind[512];
        (void)snprintf(kind, sizeof kind, "%s/%s", folder, kinds[i]);
        DIR *directory = opendir(kind);
        assert_non_null(directory);
        for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
            if (entry->d_name[0] != '.') {
                char path[1024];
                bundle real;
                (void)snprintf(path, sizeof path, "%s/%s", kind, entry->d_name);
                bundle_read(path, &real);
                visit(&real);
                bundle_free(&real);
                count++;
            }
        }
        (void)closedir(directory);
    }
    return count;
}

static cof_status verify(const bundle *real, int64_t now_unix_s, cof_facts *facts,
                         cof_checks *checks, cof_err *err)
{
    COF_CLEANUP(cof_intel_collateral_drop_) cof_intel_collateral *collateral = NULL;
    assert_ok(cof_intel_collateral_new(&real->collateral, &cof_root_intel, &collateral, NULL));
    const cof_dcap_input input = {.quote = cof_buf_view(&real->quote),
                                  .collateral = collateral,
                                  .roots = &cof_root_intel,
                                  .root_count = 1,
                                  .now_unix_s = now_unix_s};
    return cof_dcap_verify(&input, facts, checks, err);
}

/* Intel's library's names for the statuses. UNRATED: no level matches. */
static cof_tcb_status expected_status(const bundle *real)
{
    static const struct {
        const char *name;
        cof_tcb_status status;
    } names[] = {
        {"STATUS_OK", COF_TCB_UP_TO_DATE},
        {"STATUS_TCB_SW_HARDENING_NEEDED", COF_TCB_SW_HARDENING_NEEDED},
        {"STATUS_TCB_CONFIGURATION_NEEDED", COF_TCB_CONFIGURATION_NEEDED},
        {"STATUS_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED",
         COF_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED},
        {"STATUS_TCB_TD_RELAUNCH_ADVISED", COF_TCB_TD_RELAUNCH_ADVISED},
        {"STATUS_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED",
         COF_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED},
        {"STATUS_TCB_OUT_OF_DATE", COF_TCB_OUT_OF_DATE},
        {"STATUS_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED", COF_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED},
        {"STATUS_TCB_REVOKED", COF_TCB_REVOKED},
        {"STATUS_TCB_NOT_SUPPORTED", COF_TCB_UNRATED},
    };
    const char *name =
        json_string_value(json_object_get(json_object_get(real->json, "intel_qvl"), "quote"));
    for (size_t i = 0; name != NULL && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i].name) == 0) {
            return names[i].status;
        }
    }
    fail_msg("%s: unknown result %s", real->name, name);
    return COF_TCB_UNRATED;
}

/* The other library that made the expected lists compares the first two TDX components even where
 * a module identity stands for them, and leaves the module's advisories out. Of these bundles the
 * lists were put together by hand, from the level and the module's level that the rules give. */
typedef struct hand_made {
    const char *bundle;
    const char *ids[16];
} hand_made;

static const hand_made hand_made_lists[] = {
    {"google-cos-113-tdx-quote-dat-260127",
     {"INTEL-SA-01010", "INTEL-SA-01036", "INTEL-SA-01076", "INTEL-SA-01079", "INTEL-SA-01099",
      "INTEL-SA-01103", "INTEL-SA-01111"}},
    {"google-cos-113-tdx-quote-dat-260612",
     {"INTEL-SA-01010", "INTEL-SA-01036", "INTEL-SA-01076", "INTEL-SA-01079", "INTEL-SA-01099",
      "INTEL-SA-01103", "INTEL-SA-01111", "INTEL-SA-01192", "INTEL-SA-01245", "INTEL-SA-01312",
      "INTEL-SA-01313", "INTEL-SA-01314", "INTEL-SA-01397"}},
    {"flashbots-dcap-tdx-1766059550570652607-260612",
     {"INTEL-SA-01192", "INTEL-SA-01245", "INTEL-SA-01312", "INTEL-SA-01313", "INTEL-SA-01314",
      "INTEL-SA-01397"}},
};

static bool check_hand_made(const bundle *real, const cof_advisories *advisories)
{
    for (size_t i = 0; i < sizeof hand_made_lists / sizeof hand_made_lists[0]; i++) {
        const hand_made *list = &hand_made_lists[i];
        size_t count = 0;
        if (strcmp(list->bundle, real->name) == 0) {
            while (list->ids[count] != NULL) {
                assert_true(cof_advisories_has(advisories, list->ids[count++]));
            }
            assert_int_equal(advisories->count, count);
            return true;
        }
    }
    return false;
}

static void check_advisories(const bundle *real, const cof_advisories *advisories)
{
    const json_t *expected = json_object_get(real->json, "dcap_qvl_adv");
    if (check_hand_made(real, advisories) || !json_is_array(expected)) {
        return;
    }
    if (json_array_size(expected) != advisories->count) {
        fail_msg("%s: %zu advisories instead of %zu", real->name, advisories->count,
                 json_array_size(expected));
    }
    for (size_t i = 0; i < advisories->count; i++) {
        const char *id = json_string_value(json_array_get(expected, i));
        if (!cof_advisories_has(advisories, id)) {
            fail_msg("%s: %s is missing", real->name, id);
        }
    }
}

static void check_verdict(const bundle *real)
{
    cof_facts facts = {0};
    cof_checks checks = {0};
    cof_err err = {0};
    const cof_tcb_status expected = expected_status(real);
    const cof_status status = verify(real, real->now_unix_s, &facts, &checks, &err);
    if (expected == COF_TCB_UNRATED) {
        assert_status(status, TCB_UNKNOWN);
        return;
    }
    if (status != COF_OK || facts.tcb.status != expected) {
        fail_msg("%s: %s (%s), %s instead of %s", real->name, cof_status_describe(status)->name,
                 err.detail, cof_tcb_status_name(facts.tcb.status), cof_tcb_status_name(expected));
    }
    assert_true(cof_checks_all_ok(&checks));
    const json_t *body = json_object_get(real->json, "body");
    assert_int_equal(facts.is_debuggable, json_is_true(json_object_get(body, "debug")));
    assert_int_equal(facts.tcb.evaluation_number,
                     json_integer_value(json_object_get(real->json, "tcb_eval")));
    uint8_t report_data[64];
    assert_ok(cof_json_get_hex(body, "report_data", report_data, sizeof report_data, NULL));
    assert_memory_equal(facts.report_data, report_data, sizeof report_data);
    assert_int_equal(facts.tee,
                     strcmp(json_string_value(json_object_get(real->json, "tee")), "SGX") == 0
                         ? COF_TEE_SGX
                         : COF_TEE_TDX);
    check_advisories(real, &facts.tcb.advisories);
}

static void real_quotes_get_the_verdict_that_intel_gives(void **state)
{
    (void)state;
    assert_true(each_bundle(check_verdict) >= 20);
}

/* Later than everything, earlier than everything, and without each piece. */
static void check_times(const bundle *real)
{
    cof_facts facts = {0};
    const int64_t year_s = INT64_C(365) * 86400;
    const cof_status later = verify(real, real->now_unix_s + 2 * year_s, &facts, NULL, NULL);
    const cof_status earlier = verify(real, real->now_unix_s - 2 * year_s, &facts, NULL, NULL);
    /* Two years can also be outside of a PCK certificate's validity. */
    if ((later != COF_E_COLLATERAL_OLD && later != COF_E_EVIDENCE_OLD) ||
        (earlier != COF_E_COLLATERAL_EARLY && earlier != COF_E_EVIDENCE_EARLY)) {
        fail_msg("%s: %s, %s", real->name, cof_status_describe(later)->name,
                 cof_status_describe(earlier)->name);
    }
}

static void real_quotes_are_refused_at_another_time(void **state)
{
    (void)state;
    assert_true(each_bundle(check_times) >= 20);
}

static void check_pieces(const bundle *real)
{
    bundle less = *real;
    cof_facts facts = {0};
    for (int i = COF_COLLATERAL_TCB_INFO; i <= COF_COLLATERAL_PCK_CRL; i++) {
        cof_buf *item = &less.collateral.items[i];
        const cof_buf kept = *item;
        *item = (cof_buf){0};
        assert_status(verify(&less, less.now_unix_s, &facts, NULL, NULL), COLLATERAL_MISSING);
        *item = kept;
        item->data[item->size / 2] ^= 1;
        if (verify(&less, less.now_unix_s, &facts, NULL, NULL) == COF_OK) {
            fail_msg("%s: a flipped bit of %s", real->name,
                     cof_collateral_file_name((cof_collateral_item)i));
        }
        item->data[item->size / 2] ^= 1;
    }
}

static void real_quotes_need_each_piece_whole(void **state)
{
    (void)state;
    assert_true(each_bundle(check_pieces) >= 20);
}

int main(int argc, char **argv)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    folder = argc > 1 ? argv[1] : ".";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_quotes_get_the_verdict_that_intel_gives),
        cmocka_unit_test(real_quotes_are_refused_at_another_time),
        cmocka_unit_test(real_quotes_need_each_piece_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
