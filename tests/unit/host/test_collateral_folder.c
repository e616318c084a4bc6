/* Collateral from folders and bundles, what it says of itself, entries of the cache, and the memory
 * of what was seen. argv[1], where given: recorded collateral of real platforms. */
#include "harness/cof_test.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/cof_tempdir.h"
#include "host/collateral/cache_entry.h"
#include "host/collateral/folder.h"
#include "host/collateral/seen.h"
#include "host/collateral/summary.h"
#include "host/files/files.h"
#include "rig/amd_rig.h"
#include "rig/intel_rig.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

typedef struct fixture {
    char folder[COF_TEMPDIR_SIZE];
    intel_rig intel;
    amd_rig amd;
} fixture;

static const char *vectors; /* NULL: not here */

static int set_up(void **state)
{
    static fixture f;
    const intel_rig_options intel = {.form = INTEL_RIG_TDX_V4};
    const amd_rig_options amd = {.product = COF_SNP_GENOA};
    cof_tempdir_make(f.folder);
    assert_ok(intel_rig_make(&f.intel, &intel, NULL));
    assert_ok(amd_rig_make(&f.amd, &amd, NULL));
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    intel_rig_free(&f->intel);
    amd_rig_free(&f->amd);
    cof_tempdir_remove(f->folder);
    return 0;
}

static void put(const fixture *f, const char *name, cof_view bytes)
{
    cof_path path;
    assert_ok(cof_path_format(&path, NULL, "%s/%s", f->folder, name));
    assert_ok(cof_write_file(path.text, bytes, 0600, NULL));
}

static void put_items(const fixture *f, const cof_collateral *items)
{
    for (cof_collateral_item item = 0; item < COF_COLLATERAL_COUNT; item++) {
        const cof_view bytes = cof_collateral_view(items, item);
        if (bytes.size > 0) {
            put(f, cof_collateral_file_name(item), bytes);
        }
    }
}

static void assert_same(const cof_collateral *a, const cof_collateral *b)
{
    for (cof_collateral_item item = 0; item < COF_COLLATERAL_COUNT; item++) {
        assert_true(cof_view_equal(cof_collateral_view(a, item), cof_collateral_view(b, item)));
    }
}

/* ---- folders ---- */

static void a_folder_is_read_by_its_file_names(void **state)
{
    fixture *f = *state;
    COF_CLEANUP(cof_collateral_free) cof_collateral out = {0};
    put_items(f, &f->intel.collateral);
    put(f, "quote.bin", cof_view_text("something else"));
    assert_ok(cof_collateral_from_folder(f->folder, &out, NULL));
    assert_same(&out, &f->intel.collateral);
}

static void amd_s_other_file_names_and_forms_are_known(void **state)
{
    fixture *f = *state;
    COF_CLEANUP(cof_collateral_free) cof_collateral out = {0};
    COF_CLEANUP(cof_buf_free) cof_buf hex = {.limit = COF_COLLATERAL_ITEM_MAX};
    const cof_collateral *amd = &f->amd.collateral;
    assert_ok(cof_hex_encode(cof_collateral_view(amd, COF_COLLATERAL_AMD_CRL), &hex, NULL));
    put(f, "vcek.pem", cof_buf_view(&f->amd.pem[AMD_RIG_LEAF]));
    put(f, "ask_ark.pem", cof_collateral_view(amd, COF_COLLATERAL_AMD_CHAIN));
    put(f, "crl.der", cof_buf_view(&hex));
    assert_ok(cof_collateral_load(f->folder, &out, NULL));
    assert_same(&out, amd);
}

static void two_files_for_one_item_are_an_error(void **state)
{
    fixture *f = *state;
    COF_CLEANUP(cof_collateral_free) cof_collateral out = {0};
    const cof_view leaf = cof_collateral_view(&f->amd.collateral, COF_COLLATERAL_AMD_LEAF);
    cof_err err = {0};
    put(f, "vcek.der", leaf);
    assert_ok(cof_collateral_from_folder(f->folder, &out, NULL));
    put(f, "vlek.der", leaf);
    assert_status(cof_collateral_from_folder(f->folder, &out, &err), BAD_ARGUMENT);
    assert_non_null(strstr(err.detail, "vlek.der"));
    assert_true(out.items[COF_COLLATERAL_AMD_LEAF].size > 0); /* as it was */
}

static void a_file_in_another_s_place_is_just_wrong_bytes(void **state)
{
    fixture *f = *state;
    COF_CLEANUP(cof_collateral_free) cof_collateral out = {0};
    const cof_view list = cof_collateral_view(&f->intel.collateral, COF_COLLATERAL_ROOT_CRL);
    put(f, "tcbinfo.json", list);
    assert_ok(cof_collateral_from_folder(f->folder, &out, NULL));
    assert_true(cof_view_equal(cof_collateral_view(&out, COF_COLLATERAL_TCB_INFO), list));
}

static void a_list_in_no_known_form_is_refused(void **state)
{
    fixture *f = *state;
    COF_CLEANUP(cof_collateral_free) cof_collateral out = {0};
    const cof_view list = cof_collateral_view(&f->intel.collateral, COF_COLLATERAL_ROOT_CRL);
    put(f, "root_crl.der", cof_view_of(list.data, list.size - 1));
    assert_status(cof_collateral_from_folder(f->folder, &out, NULL), COLLATERAL_INVALID);
    put(f, "root_crl.der", (cof_view){0});
    assert_status(cof_collateral_from_folder(f->folder, &out, NULL), COLLATERAL_INVALID);
}

static void a_folder_of_nothing_says_so(void **state)
{
    fixture *f = *state;
    cof_path path;
    COF_CLEANUP(cof_collateral_free) cof_collateral out = {0};
    assert_status(cof_collateral_load(f->folder, &out, NULL), NOT_FOUND);
    assert_ok(cof_path_format(&path, NULL, "%s/none", f->folder));
    assert_status(cof_collateral_load(path.text, &out, NULL), NOT_FOUND);
    assert_status(cof_collateral_from_folder(path.text, &out, NULL), NOT_FOUND);
}

static void nothing_but_regular_files_is_opened(void **state)
{
    fixture *f = *state;
    cof_path path;
    COF_CLEANUP(cof_collateral_free) cof_collateral out = {0};
    assert_ok(cof_path_format(&path, NULL, "%s/tcbinfo.json", f->folder));
    assert_int_equal(mkfifo(path.text, 0600), 0);
    assert_status(cof_collateral_load(f->folder, &out, NULL), BAD_ARGUMENT); /* and does not hang */
    assert_status(cof_collateral_load(path.text, &out, NULL), BAD_ARGUMENT);
}

static void a_file_over_the_limit_is_refused(void **state)
{
    fixture *f = *state;
    cof_path path;
    COF_CLEANUP(cof_collateral_free) cof_collateral out = {0};
    assert_ok(cof_path_format(&path, NULL, "%s/tcbinfo.json", f->folder));
    put(f, "tcbinfo.json", cof_view_text("{}"));
    assert_int_equal(truncate(path.text, COF_COLLATERAL_ITEM_MAX), 0);
    assert_ok(cof_collateral_load(f->folder, &out, NULL));
    assert_int_equal(truncate(path.text, COF_COLLATERAL_ITEM_MAX + 1), 0);
    assert_status(cof_collateral_load(f->folder, &out, NULL), LIMIT);
}

/* ---- bundles and sources ---- */

static void a_path_to_a_file_is_a_bundle(void **state)
{
    fixture *f = *state;
    cof_path path;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_BUNDLE_MAX};
    COF_CLEANUP(cof_collateral_free) cof_collateral out = {0};
    const cof_bundle bundle = {.collateral = f->intel.collateral};
    cof_err err = {0};
    assert_ok(cof_bundle_print(&bundle, &text, NULL));
    put(f, "bundle.json", cof_buf_view(&text));
    assert_ok(cof_path_format(&path, NULL, "%s/bundle.json", f->folder));
    assert_ok(cof_collateral_load(path.text, &out, NULL));
    assert_same(&out, &f->intel.collateral);
    put(f, "bundle.json", cof_view_of(text.data, text.size - 1));
    assert_status(cof_collateral_load(path.text, &out, &err), BAD_JSON);
    assert_non_null(strstr(err.detail, "bundle.json"));
}

static void a_folder_says_what_it_is_for(void **state)
{
    fixture *f = *state;
    COF_CLEANUP(cof_bundle_free) cof_bundle out = {0};
    put_items(f, &f->intel.collateral);
    assert_ok(cof_collateral_load_bundle(f->folder, &out, NULL));
    assert_int_equal(out.need.hardware, COF_TEE_TDX);
    assert_true(out.need.is_platform_ca);
    assert_memory_equal(out.need.fmspc, intel_rig_fmspc, sizeof intel_rig_fmspc);
}

static void a_folder_source_gives_what_was_there_when_it_was_opened(void **state)
{
    fixture *f = *state;
    COF_CLEANUP(cof_collateral_source_drop_) cof_collateral_source *source = NULL;
    COF_CLEANUP(cof_collateral_free) cof_collateral out = {0};
    const cof_collateral_need need = {.hardware = COF_TEE_TDX};
    assert_status(cof_collateral_folder_open(f->folder, &source, NULL), NOT_FOUND);
    assert_null(source);
    put_items(f, &f->intel.collateral);
    assert_ok(cof_collateral_folder_open(f->folder, &source, NULL));
    put(f, "tcbinfo.json", cof_view_text("changed"));
    assert_ok(cof_collateral_source_get(source, &need, 0, &out, NULL));
    assert_same(&out, &f->intel.collateral);
    assert_string_equal(source->ops->name, "folder");
}

/* ---- summaries ---- */

static cof_summary summary_of(const cof_collateral *items, cof_collateral_item item)
{
    cof_summary summary = {0};
    assert_ok(cof_summarise(item, cof_collateral_view(items, item), &summary, NULL));
    return summary;
}

static void items_say_for_whom_and_for_how_long(void **state)
{
    fixture *f = *state;
    const cof_summary info = summary_of(&f->intel.collateral, COF_COLLATERAL_TCB_INFO);
    assert_int_equal(info.tee, COF_TEE_TDX);
    assert_int_equal(info.number, INTEL_RIG_EVALUATION);
    assert_true(info.issued_unix_s < INTEL_RIG_NOW && INTEL_RIG_NOW < info.next_update_unix_s);
    assert_memory_equal(info.fmspc, intel_rig_fmspc, sizeof info.fmspc);
    assert_string_equal(summary_of(&f->intel.collateral, COF_COLLATERAL_QE_IDENTITY).name, "TD_QE");
    const cof_summary list = summary_of(&f->intel.collateral, COF_COLLATERAL_PCK_CRL);
    assert_string_equal(list.name, "Intel SGX PCK Platform CA");
    assert_int_equal(list.number, INTEL_RIG_CRL_NUMBER);
    const cof_summary chain = summary_of(&f->intel.collateral, COF_COLLATERAL_TCB_CHAIN);
    assert_int_equal(chain.count, 2);
    assert_string_equal(chain.name, "Intel SGX TCB Signing <- Intel SGX Root CA");
    const cof_summary leaf = summary_of(&f->amd.collateral, COF_COLLATERAL_AMD_LEAF);
    assert_int_equal(leaf.product, COF_SNP_GENOA);
    assert_string_equal(leaf.name, "SEV-VCEK <- Genoa");
}

static void an_item_in_the_wrong_place_is_unreadable(void **state)
{
    fixture *f = *state;
    cof_summary summary = {0};
    assert_status(cof_summarise(COF_COLLATERAL_QE_IDENTITY,
                                cof_collateral_view(&f->intel.collateral, COF_COLLATERAL_TCB_INFO),
                                &summary, NULL),
                  COLLATERAL_INVALID);
    assert_status(cof_summarise(COF_COLLATERAL_ROOT_CRL,
                                cof_collateral_view(&f->amd.collateral, COF_COLLATERAL_AMD_LEAF),
                                &summary, NULL),
                  COLLATERAL_INVALID);
}

static const char *state_of_first(const cof_collateral *items, int64_t now, json_t **owner)
{
    json_decref(*owner);
    *owner = NULL;
    assert_ok(cof_summary_to_json(items, now, owner, NULL));
    return json_string_value(json_object_get(json_array_get(*owner, 0), "state"));
}

static void what_is_expired_says_so(void **state)
{
    fixture *f = *state;
    COF_JSON json_t *json = NULL;
    COF_CLEANUP(cof_collateral_free) cof_collateral broken = {0};
    const cof_collateral *items = &f->intel.collateral;
    const cof_summary info = summary_of(items, COF_COLLATERAL_TCB_INFO);
    assert_string_equal(state_of_first(items, INTEL_RIG_NOW, &json), "valid");
    assert_int_equal(json_array_size(json), 6);
    assert_string_equal(state_of_first(items, info.next_update_unix_s, &json), "valid");
    assert_string_equal(state_of_first(items, info.next_update_unix_s + 1, &json), "expired");
    assert_string_equal(state_of_first(items, info.issued_unix_s - 1, &json), "not yet valid");
    assert_ok(cof_collateral_set(&broken, COF_COLLATERAL_AMD_CRL, cof_view_text("x"), NULL));
    assert_string_equal(state_of_first(&broken, 0, &json), "unreadable");
}

/* ---- entries of the cache ---- */

enum { DAY_S = 86400 };

static cof_cache_entry entry_of(const cof_collateral *from, cof_collateral_item item,
                                cof_lifetime lifetime, int64_t usual_s, int64_t now)
{
    cof_collateral items = {0};
    cof_cache_entry entry = {0};
    assert_ok(cof_collateral_set(&items, item, cof_collateral_view(from, item), NULL));
    assert_ok(cof_cache_entry_make(&items, lifetime, usual_s, now, &entry, NULL));
    assert_int_equal(items.items[item].size, 0);
    return entry;
}

static void an_entry_is_refreshed_before_it_expires(void **state)
{
    fixture *f = *state;
    const cof_collateral *items = &f->intel.collateral;
    const cof_lifetime unknown = {.may_store = true};
    const cof_lifetime hour = {.is_known = true, .may_store = true, .seconds = 3600};
    const cof_lifetime years = {.is_known = true, .may_store = true, .seconds = INT64_C(1) << 31};
    const int64_t end = summary_of(items, COF_COLLATERAL_TCB_INFO).next_update_unix_s;
    const struct {
        cof_lifetime lifetime;
        int64_t now, refresh;
    } cases[] = {
        {unknown, INTEL_RIG_NOW, INTEL_RIG_NOW + DAY_S},
        {hour, INTEL_RIG_NOW, INTEL_RIG_NOW + 3600},
        {years, end - 4000, end - 1000}, /* three quarters of what is left */
        {unknown, end - 4000, end - 1000},
        {hour, end, end + 600}, /* expired: soon */
        {hour, end + 5000, end + 5600},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        COF_CLEANUP(cof_cache_entry_free)
        cof_cache_entry entry =
            entry_of(items, COF_COLLATERAL_TCB_INFO, cases[i].lifetime, DAY_S, cases[i].now);
        assert_int_equal(entry.refresh_unix_s, cases[i].refresh);
        assert_int_equal(entry.expires_unix_s, end);
    }
}

static void an_entry_reads_back(void **state)
{
    fixture *f = *state;
    cof_path path;
    COF_CLEANUP(cof_cache_entry_free)
    cof_cache_entry entry =
        entry_of(&f->amd.collateral, COF_COLLATERAL_AMD_CRL, (cof_lifetime){0}, DAY_S, AMD_RIG_NOW);
    COF_CLEANUP(cof_cache_entry_free) cof_cache_entry back = {0};
    assert_ok(cof_path_format(&path, NULL, "%s/e.json", f->folder));
    assert_ok(cof_cache_entry_read(path.text, "key", &back, NULL));
    assert_false(back.is_there);
    assert_ok(cof_cache_entry_write(path.text, "key", &entry, NULL));
    assert_ok(cof_cache_entry_read(path.text, "key", &back, NULL));
    assert_true(back.is_there);
    assert_false(back.is_absent);
    assert_int_equal(back.fetched_unix_s, entry.fetched_unix_s);
    assert_int_equal(back.refresh_unix_s, entry.refresh_unix_s);
    assert_int_equal(back.expires_unix_s, entry.expires_unix_s);
    assert_same(&back.items, &entry.items);
}

static void a_damaged_entry_is_as_if_it_were_not_there(void **state)
{
    fixture *f = *state;
    cof_path path;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_BUNDLE_MAX};
    COF_CLEANUP(cof_cache_entry_free)
    cof_cache_entry entry =
        entry_of(&f->amd.collateral, COF_COLLATERAL_AMD_CRL, (cof_lifetime){0}, DAY_S, AMD_RIG_NOW);
    COF_CLEANUP(cof_cache_entry_free) cof_cache_entry back = {0};
    assert_ok(cof_path_format(&path, NULL, "%s/e.json", f->folder));
    assert_ok(cof_cache_entry_write(path.text, "key", &entry, NULL));
    assert_ok(cof_cache_entry_read(path.text, "another key", &back, NULL));
    assert_false(back.is_there);
    assert_ok(cof_read_file(path.text, &text, NULL));
    for (size_t size = 0; size < text.size; size += 37) {
        put(f, "e.json", cof_view_of(text.data, size));
        assert_ok(cof_cache_entry_read(path.text, "key", &back, NULL));
        assert_false(back.is_there);
    }
    put(f, "e.json", cof_buf_view(&text));
    assert_ok(cof_cache_entry_read(path.text, "key", &back, NULL));
    assert_true(back.is_there);
}

/* ---- what was seen ---- */

static cof_freshness_item item_of(const char *key, int64_t issued, uint64_t number)
{
    cof_freshness_item item = {.issued_unix_s = issued, .number = number};
    (void)snprintf(item.key, sizeof item.key, "%s", key);
    return item;
}

static void the_memory_only_goes_forward(void **state)
{
    fixture *f = *state;
    cof_freshness new = {0};
    cof_freshness old = {0};
    cof_freshness back = {0};
    const cof_freshness_item newer = item_of("tcbinfo:tdx:00806f050000", 2000, 18);
    const cof_freshness_item older = item_of("tcbinfo:tdx:00806f050000", 1000, 17);
    const cof_freshness_item other = item_of("evaluation:sgx", 500, 12);
    cof_freshness_note(&new, &newer);
    cof_freshness_note(&old, &older);
    cof_freshness_note(&old, &other);
    assert_ok(cof_seen_load(f->folder, &back, NULL));
    assert_int_equal(back.count, 0);
    assert_ok(cof_freshness_check(&back, &older, NULL, NULL));
    assert_ok(cof_seen_save(f->folder, &new, NULL));
    assert_ok(cof_seen_save(f->folder, &old, NULL)); /* of a process that began before */
    assert_ok(cof_seen_load(f->folder, &back, NULL));
    assert_int_equal(back.count, 2);
    assert_status(cof_freshness_check(&back, &older, NULL, NULL), COLLATERAL_ROLLED_BACK);
    assert_ok(cof_freshness_check(&back, &newer, NULL, NULL));
    assert_ok(cof_freshness_check(&back, &other, NULL, NULL));
}

static void a_damaged_memory_is_not_taken_for_an_empty_one(void **state)
{
    fixture *f = *state;
    cof_freshness seen = {0};
    cof_err err = {0};
    put(f, "seen.json", cof_view_text("{}"));
    assert_status(cof_seen_load(f->folder, &seen, &err), BAD_FORMAT);
    assert_non_null(strstr(err.detail, "remove it"));
    assert_status(cof_seen_save(f->folder, &seen, NULL), BAD_FORMAT);
    put(f, "seen.json", (cof_view){0});
    assert_status(cof_seen_load(f->folder, &seen, NULL), BAD_FORMAT);
}

/* ---- recorded collateral ---- */

static void check_recorded(const char *kind, size_t *count)
{
    cof_path path;
    assert_ok(cof_path_format(&path, NULL, "%s/bundles/%s", vectors, kind));
    DIR *folder = opendir(path.text);
    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        COF_CLEANUP(cof_bundle_free) cof_bundle bundle = {0};
        cof_path one;
        if (entry->d_name[0] == '.') {
            continue;
        }
        assert_ok(cof_path_format(&one, NULL, "%s/%s", path.text, entry->d_name));
        assert_ok(cof_collateral_load_bundle(one.text, &bundle, NULL));
        assert_string_equal(cof_tee_name(bundle.need.hardware), kind);
        for (cof_collateral_item item = 0; item <= COF_COLLATERAL_PCK_CRL; item++) {
            assert_true(summary_of(&bundle.collateral, item).next_update_unix_s > 0);
        }
        (*count)++;
    }
    (void)closedir(folder);
}

static void recorded_bundles_are_read(void **state)
{
    size_t count = 0;
    (void)state;
    check_recorded("sgx", &count);
    check_recorded("tdx", &count);
    assert_true(count >= 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        TEST(a_folder_is_read_by_its_file_names),
        TEST(amd_s_other_file_names_and_forms_are_known),
        TEST(two_files_for_one_item_are_an_error),
        TEST(a_file_in_another_s_place_is_just_wrong_bytes),
        TEST(a_list_in_no_known_form_is_refused),
        TEST(a_folder_of_nothing_says_so),
        TEST(nothing_but_regular_files_is_opened),
        TEST(a_file_over_the_limit_is_refused),
        TEST(a_path_to_a_file_is_a_bundle),
        TEST(a_folder_says_what_it_is_for),
        TEST(a_folder_source_gives_what_was_there_when_it_was_opened),
        TEST(items_say_for_whom_and_for_how_long),
        TEST(an_item_in_the_wrong_place_is_unreadable),
        TEST(what_is_expired_says_so),
        TEST(an_entry_is_refreshed_before_it_expires),
        TEST(an_entry_reads_back),
        TEST(a_damaged_entry_is_as_if_it_were_not_there),
        TEST(the_memory_only_goes_forward),
        TEST(a_damaged_memory_is_not_taken_for_an_empty_one),
    };
    const struct CMUnitTest recorded[] = {cmocka_unit_test(recorded_bundles_are_read)};
    vectors = argc > 1 ? argv[1] : NULL;
    return vectors != NULL ? cmocka_run_group_tests(recorded, NULL, NULL)
                           : cmocka_run_group_tests(tests, NULL, NULL);
}
