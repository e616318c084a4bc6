/* Bundles of collateral: one text for each, and nothing but it. */
#include "harness/cof_test.h"

#include <stdio.h>
#include <string.h>

#include "relying/verify/bundle.h"
#include "rig/amd_rig.h"
#include "rig/intel_rig.h"

/* One item of one byte, in 2027. */
#define SMALL                                                                                      \
    "{\"fetched\":\"2027-01-01T00:00:00Z\",\"for\":{\"ca\":\"platform\",\"fmspc\":"                \
    "\"00906ed50000\","                                                                            \
    "\"hardware\":\"sgx\"},\"format\":\"coffer-collateral/"                                        \
    "1\",\"items\":{\"pck_crl.der\":\"MAA\"}}"

static void assert_same(const cof_collateral *a, const cof_collateral *b)
{
    for (cof_collateral_item item = 0; item < COF_COLLATERAL_COUNT; item++) {
        assert_true(cof_view_equal(cof_collateral_view(a, item), cof_collateral_view(b, item)));
    }
}

static void what_is_printed_reads_back(const cof_collateral *items, const cof_collateral_need *need)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_BUNDLE_MAX};
    COF_CLEANUP(cof_bundle_free) cof_bundle back = {0};
    const cof_bundle bundle = {
        .fetched_unix_s = INTEL_RIG_NOW, .need = *need, .collateral = *items};
    assert_ok(cof_bundle_print(&bundle, &text, NULL));
    assert_ok(cof_bundle_parse(cof_buf_view(&text), &back, NULL));
    assert_int_equal(back.fetched_unix_s, INTEL_RIG_NOW);
    assert_same(&back.collateral, items);
    assert_int_equal(back.need.hardware, need->hardware);
    assert_int_equal(back.need.product, need->product);
    assert_int_equal(back.need.reported_tcb, need->reported_tcb);
    assert_int_equal(back.need.is_vlek, need->is_vlek);
    assert_int_equal(back.need.is_platform_ca, need->is_platform_ca);
    assert_memory_equal(back.need.fmspc, need->fmspc, sizeof need->fmspc);
    assert_memory_equal(back.need.chip_id, need->chip_id, sizeof need->chip_id);
}

static void a_bundle_of_intel_s_reads_back(void **state)
{
    intel_rig rig;
    const intel_rig_options options = {.form = INTEL_RIG_TDX_V4};
    (void)state;
    assert_ok(intel_rig_make(&rig, &options, NULL));
    const cof_collateral_need need = {
        .hardware = COF_TEE_TDX, .fmspc = {0, 0x80, 0x6f, 5, 0, 0xff}, .is_platform_ca = true};
    what_is_printed_reads_back(&rig.collateral, &need);
    const cof_collateral_need unsaid = {0};
    what_is_printed_reads_back(&rig.collateral, &unsaid);
    intel_rig_free(&rig);
}

static void a_bundle_of_amd_s_reads_back(void **state)
{
    amd_rig rig;
    const amd_rig_options options = {.product = COF_SNP_TURIN};
    (void)state;
    assert_ok(amd_rig_make(&rig, &options, NULL));
    const cof_collateral_need need = {.hardware = COF_TEE_SEV_SNP,
                                      .product = COF_SNP_TURIN,
                                      .chip_id = {0xab, 1, 2, 3},
                                      .reported_tcb = UINT64_C(0xfedcba9876543210),
                                      .is_vlek = true};
    what_is_printed_reads_back(&rig.collateral, &need);
    amd_rig_free(&rig);
}

static void the_text_is_what_the_format_says(void **state)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_BUNDLE_MAX};
    COF_CLEANUP(cof_bundle_free)
    cof_bundle bundle = {
        .fetched_unix_s = INTEL_RIG_NOW,
        .need = {.hardware = COF_TEE_SGX, .fmspc = {0, 0x90, 0x6e, 0xd5}, .is_platform_ca = true}};
    (void)state;
    assert_ok(cof_collateral_set(&bundle.collateral, COF_COLLATERAL_PCK_CRL, cof_view_of("\x30", 2),
                                 NULL));
    assert_ok(cof_bundle_print(&bundle, &text, NULL));
    assert_view_text(cof_buf_view(&text), SMALL);
}

/* SMALL with its first occurrence of from replaced by to. */
static void edit(const char *from, const char *to, char *out, size_t size)
{
    const char *place = strstr(SMALL, from);
    assert_non_null(place);
    (void)snprintf(out, size, "%.*s%s%s", (int)(place - SMALL), SMALL, to, place + strlen(from));
}

static void anything_but_the_one_text_is_refused(void **state)
{
    static const struct {
        const char *from, *to, *status;
    } edits[] = {
        {"{\"fetched", " {\"fetched", "BAD_FORMAT"},                   /* space before */
        {"}}", "}}\n", "BAD_FORMAT"},                                  /* and behind */
        {",\"for", ", \"for", "BAD_FORMAT"},                           /* between */
        {"}}", "}}x", "BAD_JSON"},                                     /* trailing bytes */
        {"MAA", "MAA=", "BAD_FORMAT"},                                 /* padding */
        {"MAA", "MAB", "BAD_FORMAT"},                                  /* bits left over */
        {"MAA", "M+A", "BAD_FORMAT"},                                  /* the other base64 */
        {"MAA", "", "BAD_FORMAT"},                                     /* an empty item */
        {"00906ed50000", "00906ED50000", "BAD_FORMAT"},                /* hex in capitals */
        {"00906ed50000", "00906ed5000", "BAD_FORMAT"},                 /* cut off */
        {"\"sgx\"", "\"azure-cvm\"", "BAD_FORMAT"},                    /* needs none of its own */
        {"platform", "root", "BAD_FORMAT"},                            /* no such CA */
        {"pck_crl.der", "../pck_crl.der", "BAD_FORMAT"},               /* no such item */
        {"\"pck_crl.der\":\"MAA\"", "", "BAD_FORMAT"},                 /* none at all */
        {"coffer-collateral/1", "coffer-collateral/2", "BAD_VERSION"}, /* of the future */
        {"2027-01-01T00:00:00Z", "2027-02-30T00:00:00Z", "BAD_FORMAT"},
        {"2027-01-01T00:00:00Z", "2027-01-01T00:00:00+00:00", "LIMIT"},
        {"{\"fetched", "{\"a\":1,\"fetched", "BAD_FORMAT"}, /* an unknown member */
        {"{\"fetched\":", "{\"fetched\":\"2027-01-01T00:00:00Z\",\"fetched\":", "BAD_JSON"},
        {"{\"ca\":", "{\"b\":\"c\",\"ca\":", "BAD_FORMAT"},
        {"\"items\":{", "\"items\":[{", "BAD_JSON"},
        {"\"MAA\"", "7", "BAD_FORMAT"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        char text[1024];
        COF_CLEANUP(cof_bundle_free) cof_bundle out = {0};
        edit(edits[i].from, edits[i].to, text, sizeof text);
        const cof_status status = cof_bundle_parse(cof_view_text(text), &out, NULL);
        if (strcmp(cof_status_describe(status)->name, edits[i].status) != 0) {
            print_message("# edit %zu\n", i);
        }
        assert_string_equal(cof_status_describe(status)->name, edits[i].status);
        assert_int_equal(out.collateral.items[COF_COLLATERAL_PCK_CRL].size, 0);
    }
}

static void the_text_that_the_edits_begin_with_is_accepted(void **state)
{
    COF_CLEANUP(cof_bundle_free) cof_bundle out = {0};
    (void)state;
    assert_ok(cof_bundle_parse(cof_view_text(SMALL), &out, NULL));
    assert_int_equal(out.need.hardware, COF_TEE_SGX);
    assert_true(out.need.is_platform_ca);
}

static void every_proper_prefix_is_refused(void **state)
{
    (void)state;
    for (size_t size = 0; size + 1 < sizeof SMALL; size++) {
        COF_CLEANUP(cof_bundle_free) cof_bundle out = {0};
        assert_status(cof_bundle_parse(cof_view_of(SMALL, size), &out, NULL), BAD_JSON);
    }
}

static void a_bundle_of_nothing_is_not_written(void **state)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_BUNDLE_MAX};
    const cof_bundle empty = {0};
    (void)state;
    assert_status(cof_bundle_print(&empty, &text, NULL), BAD_ARGUMENT);
}

static void an_item_over_the_limit_is_refused(void **state)
{
    enum { SIZE = 2 * COF_COLLATERAL_ITEM_MAX };
    char *text = calloc(1, SIZE + 1024);
    COF_CLEANUP(cof_free_drop_) char *owner = text;
    COF_CLEANUP(cof_bundle_free) cof_bundle out = {0};
    (void)state;
    const size_t head = (size_t)(strstr(SMALL, "MAA") - SMALL);
    memcpy(text, SMALL, head);
    memset(text + head, 'A', SIZE);
    memcpy(text + head + SIZE, "\"}}", 4);
    assert_status(cof_bundle_parse(cof_view_text(text), &out, NULL), LIMIT);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bundle_of_intel_s_reads_back),
        cmocka_unit_test(a_bundle_of_amd_s_reads_back),
        cmocka_unit_test(the_text_is_what_the_format_says),
        cmocka_unit_test(the_text_that_the_edits_begin_with_is_accepted),
        cmocka_unit_test(anything_but_the_one_text_is_refused),
        cmocka_unit_test(every_proper_prefix_is_refused),
        cmocka_unit_test(a_bundle_of_nothing_is_not_written),
        cmocka_unit_test(an_item_over_the_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
