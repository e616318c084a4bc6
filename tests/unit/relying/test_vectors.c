/*
 * Real quotes of Intel platforms, where the public vectors lie beside the project: structure, chain
 * under Intel's root key, and every signature hold. Their argument is the folder of the bundles,
 * each with quote.bin and bundle.json ("verify_at", "body"). Skipped where it is missing.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "harness/cof_test.h"
#include "relying/policy/policy.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

static const char *vectors;

static bool read_file(const char *bundle, const char *name, cof_buf *out)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s/%s", vectors, bundle, name);
    cof_buf_init(out, 1 << 20);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    uint8_t chunk[4096];
    for (size_t got = fread(chunk, 1, sizeof chunk, file); got > 0;
         got = fread(chunk, 1, sizeof chunk, file)) {
        assert_ok(cof_buf_append(out, cof_view_of(chunk, got), NULL));
    }
    (void)fclose(file);
    return true;
}

static void check_facts(const cof_facts *facts, const json_t *body)
{
    char text[129];
    cof_digest_text(&facts->mrenclave, text);
    assert_string_equal(text, json_string_value(json_object_get(body, "mrenclave")));
    cof_digest_text(&facts->mrsigner, text);
    assert_string_equal(text, json_string_value(json_object_get(body, "mrsigner")));
    cof_hex_text(cof_view_of(facts->report_data, sizeof facts->report_data), text);
    assert_string_equal(text, json_string_value(json_object_get(body, "report_data")));
    assert_int_equal(facts->is_debuggable, json_is_true(json_object_get(body, "debug")));
    assert_int_equal(facts->product_id, json_integer_value(json_object_get(body, "isvprodid")));
    assert_int_equal(facts->svn, json_integer_value(json_object_get(body, "isvsvn")));
}

/* Genuine as far as signatures go, and still refused by a policy that accepts exactly it. */
static void check_quote(cof_view quote, int64_t now, const json_t *bundle)
{
    cof_facts facts = {0};
    cof_err err = {0};
    cof_checks checks = {0};
    const cof_status status = cof_sgx_verify(quote, &cof_root_intel, 1, now, &facts, &checks, &err);
    if (status != COF_OK) {
        fail_msg("%s: %s", cof_status_describe(status)->name, err.detail);
    }
    assert_true(cof_checks_all_ok(&checks));
    assert_int_equal(facts.tee, COF_TEE_SGX);
    check_facts(&facts, json_object_get(bundle, "body"));
    char fmspc[13];
    cof_hex_text(cof_view_of(facts.pck.fmspc, 6), fmspc);
    assert_string_equal(fmspc, json_string_value(json_object_get(bundle, "fmspc")));
    cof_policy policy = {0};
    const cof_policy_entry entry = {.tee = COF_TEE_SGX,
                                    .root = cof_root_intel.spki,
                                    .measurements = &facts.mrenclave,
                                    .measurement_count = 1};
    assert_ok(cof_policy_add(&policy, &entry, NULL));
    facts.is_debuggable = false;
    facts.flags &= ~COF_SGX_FLAG_DEBUG;
    assert_status(cof_policy_judge(&facts, &policy, NULL, NULL), PLATFORM_REFUSED);
}

static void refuse_at_other_times_and_with_other_bytes(cof_buf *quote, int64_t now)
{
    cof_facts facts = {0};
    assert_status(
        cof_sgx_verify(cof_buf_view(quote), &cof_root_intel, 1, 1514764800, &facts, NULL, NULL),
        EVIDENCE_OLD); /* 2018-01-01 */
    assert_status(cof_sgx_verify(cof_buf_view(quote), &cof_root_intel, 1, INT64_C(2524608000),
                                 &facts, NULL, NULL),
                  EVIDENCE_OLD); /* 2050 */
    for (size_t i = 0; i < quote->size; i += 61) {
        quote->data[i] ^= 1;
        const cof_status status =
            cof_sgx_verify(cof_buf_view(quote), &cof_root_intel, 1, now, &facts, NULL, NULL);
        quote->data[i] ^= 1;
        if (status == COF_OK) {
            fail_msg("byte %zu can change", i);
        }
    }
}

static int check_bundle(const char *name)
{
    COF_CLEANUP(cof_buf_free) cof_buf quote = {0};
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_JSON json_t *bundle = NULL;
    if (!read_file(name, "quote.bin", &quote) || !read_file(name, "bundle.json", &text)) {
        return 0;
    }
    assert_ok(cof_json_parse(cof_buf_view(&text), COF_LIMIT_JSON_BYTES, &bundle, NULL));
    const int64_t now = json_integer_value(json_object_get(bundle, "verify_at"));
    check_quote(cof_buf_view(&quote), now, bundle);
    refuse_at_other_times_and_with_other_bytes(&quote, now);
    return 1;
}

static void real_quotes_verify_under_intels_root_key_and_are_not_accepted(void **state)
{
    (void)state;
    DIR *folder = vectors == NULL ? NULL : opendir(vectors);
    int count = 0;
    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] != '.') {
            count += check_bundle(entry->d_name);
        }
    }
    (void)closedir(folder);
    assert_true(count > 0);
}

int main(int argc, char **argv)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    vectors = argc > 1 ? argv[1] : NULL;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_quotes_verify_under_intels_root_key_and_are_not_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
