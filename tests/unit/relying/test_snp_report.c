/* The reader of SEV-SNP reports: every field at its place, every reserved byte watched. */
#include "unit/relying/snp_case.h"

#include <string.h>

static amd_rig rig;

static int make_rig(void **state)
{
    (void)state;
    return amd_rig_make(&rig, &(amd_rig_options){0}, NULL) == COF_OK ? 0 : 1;
}

static int free_rig(void **state)
{
    (void)state;
    amd_rig_free(&rig);
    return 0;
}

/* A report of this version, not signed by anybody. */
static void make(uint32_t version, uint8_t out[static COF_SNP_REPORT_SIZE])
{
    COF_CLEANUP(cof_buf_free) cof_buf report = {0};
    const amd_rig_options options = {.report = {.version = version}};
    assert_ok(amd_rig_report_again(&rig, &options, &report, NULL));
    memcpy(out, report.data, COF_SNP_REPORT_SIZE);
}

static cof_status parse(const uint8_t *bytes, cof_snp_report *out)
{
    return cof_snp_report_parse(cof_view_of(bytes, COF_SNP_REPORT_SIZE), out, NULL);
}

static void every_length_but_the_right_one_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[COF_SNP_REPORT_SIZE + 1] = {0};
    cof_snp_report report;
    make(3, bytes);
    for (size_t size = 0; size < COF_SNP_REPORT_SIZE; size++) {
        assert_status(cof_snp_report_parse(cof_view_of(bytes, size), &report, NULL), TRUNCATED);
    }
    assert_ok(cof_snp_report_parse(cof_view_of(bytes, COF_SNP_REPORT_SIZE), &report, NULL));
    assert_status(cof_snp_report_parse(cof_view_of(bytes, sizeof bytes), &report, NULL),
                  TRAILING_BYTES);
}

typedef struct range {
    size_t from, to;        /* both inside */
    uint32_t first_version; /* in which it is reserved */
    uint32_t last_version;
} range;

static const range reserved[] = {
    {0x04c, 0x04f, 2, 5}, {0x188, 0x18a, 2, 2}, {0x18b, 0x19f, 2, 5},
    {0x1eb, 0x1eb, 2, 5}, {0x1ef, 0x1ef, 2, 5}, {0x1f8, 0x207, 2, 4},
    {0x208, 0x29f, 2, 5}, {0x2d0, 0x2e7, 2, 5}, {0x318, 0x49f, 2, 5},
};

static bool is_reserved(size_t at, uint32_t version)
{
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        const range *r = &reserved[i];
        if (at >= r->from && at <= r->to && version >= r->first_version &&
            version <= r->last_version) {
            return true;
        }
    }
    return false;
}

/* Bytes whose values the format limits otherwise. */
static bool is_limited(size_t at)
{
    return at < 4 || (at >= 8 && at < 16) || (at >= 0x34 && at < 0x38) ||
           (at >= 0x48 && at < 0x4c) || at == 0x188 || at == 0x189;
}

static void exactly_the_reserved_bytes_must_be_zero(void **state)
{
    (void)state;
    uint8_t bytes[COF_SNP_REPORT_SIZE];
    cof_snp_report report;
    for (uint32_t version = 2; version <= 5; version++) {
        make(version, bytes);
        for (size_t at = 0; at < sizeof bytes; at++) {
            bytes[at] ^= 0x80;
            const cof_status status = parse(bytes, &report);
            bytes[at] ^= 0x80;
            if (is_reserved(at, version)) {
                assert_status(status, BAD_FORMAT);
            } else if (!is_limited(at)) {
                assert_ok(status);
            }
        }
    }
}

static void versions_from_2_to_5_are_read(void **state)
{
    (void)state;
    uint8_t bytes[COF_SNP_REPORT_SIZE];
    cof_snp_report report;
    make(3, bytes);
    for (unsigned version = 0; version < 256; version++) {
        bytes[0] = (uint8_t)version;
        const cof_status status = parse(bytes, &report);
        if (version < 2 || version > 5) {
            assert_status(status, BAD_VERSION);
        } else if (version == 2) {
            assert_status(status, BAD_FORMAT); /* the processor's bytes are reserved there */
        } else {
            assert_ok(status);
        }
    }
}

static void the_processor_gives_the_product(void **state)
{
    (void)state;
    uint8_t bytes[COF_SNP_REPORT_SIZE];
    cof_snp_report report;
    make(3, bytes);
    for (unsigned family = 0; family < 256; family++) {
        for (unsigned model = 0; model < 256; model++) {
            cof_snp_product expected = COF_SNP_NONE;
            if (family == 0x19) {
                expected = model < 0x10                       ? COF_SNP_MILAN
                           : model < 0x20 || model >> 4 == 10 ? COF_SNP_GENOA
                                                              : COF_SNP_NONE;
            } else if (family == 0x1a && model < 0x20) {
                expected = COF_SNP_TURIN;
            }
            bytes[0x188] = (uint8_t)family;
            bytes[0x189] = (uint8_t)model;
            const cof_status status = parse(bytes, &report);
            if (expected == COF_SNP_NONE) {
                assert_status(status, UNSUPPORTED);
            } else {
                assert_ok(status);
                assert_int_equal(report.product, expected);
            }
        }
    }
}

static void only_a_vcek_or_a_vlek_may_have_signed(void **state)
{
    (void)state;
    uint8_t bytes[COF_SNP_REPORT_SIZE];
    cof_snp_report report;
    make(3, bytes);
    for (unsigned key_info = 0; key_info < 32; key_info++) {
        bytes[0x48] = (uint8_t)key_info;
        const cof_status status = parse(bytes, &report);
        if (key_info >> 2 > 1) {
            assert_status(status, UNSUPPORTED);
            continue;
        }
        assert_ok(status);
        assert_int_equal(report.signer, key_info >> 2);
        assert_int_equal(report.has_author_key, (key_info & 1) != 0);
        assert_int_equal(report.is_chip_masked, (key_info & 2) != 0);
    }
    bytes[0x48] = 0x20;
    assert_status(parse(bytes, &report), BAD_FORMAT);
    bytes[0x48] = 0;
    bytes[0x34] = 2;
    assert_status(parse(bytes, &report), UNSUPPORTED);
}

static void fields_are_read_from_their_places(void **state)
{
    (void)state;
    uint8_t bytes[COF_SNP_REPORT_SIZE];
    cof_snp_report report;
    make(5, bytes);
    for (size_t at = 0x10; at < 0x30; at++) {
        bytes[at] = (uint8_t)at;
    }
    for (size_t i = 0; i < 48; i++) {
        bytes[0x2a0 + i] = (uint8_t)i;
        bytes[0x2e8 + i] = (uint8_t)(i + 100);
    }
    const uint8_t versions[] = {1, 2, 3, 0, 4, 5, 6, 0, 11, 12, 13, 14, 15, 16, 17, 18};
    memcpy(bytes + 0x1e8, versions, sizeof versions);
    bytes[0x1f8] = 0x21;
    bytes[0x207] = 0x43;
    assert_ok(parse(bytes, &report));
    assert_int_equal(report.family_id[0], 0x10);
    assert_int_equal(report.image_id[15], 0x2f);
    assert_int_equal(report.current_build, 1);
    assert_int_equal(report.current_minor, 2);
    assert_int_equal(report.current_major, 3);
    assert_int_equal(report.committed_build, 4);
    assert_int_equal(report.committed_minor, 5);
    assert_int_equal(report.committed_major, 6);
    assert_true(report.launch_tcb == UINT64_C(0x1211100f0e0d0c0b));
    assert_true(report.launch_mitigations == 0x21);
    assert_true(report.current_mitigations == UINT64_C(0x4300000000000003));
    assert_int_equal(report.r[0], 47); /* big endian */
    assert_int_equal(report.r[47], 0);
    assert_int_equal(report.s[0], 147);
    assert_int_equal(report.s[47], 100);
    assert_int_equal(report.cpuid_family, 0x19);
    assert_int_equal(report.cpuid_stepping, 1);
    assert_string_equal(report.csp_id, "");
}

static void a_refused_report_writes_nothing(void **state)
{
    (void)state;
    uint8_t bytes[COF_SNP_REPORT_SIZE];
    cof_snp_report report;
    cof_snp_report before;
    make(3, bytes);
    bytes[0x49f] = 1;
    memset(&report, 0x5a, sizeof report);
    memset(&before, 0x5a, sizeof before);
    assert_status(parse(bytes, &report), BAD_FORMAT);
    assert_memory_equal(&report, &before, sizeof report);
}

static void tcb_versions_are_laid_out_by_product(void **state)
{
    (void)state;
    const uint64_t version = UINT64_C(0x0807060504030201);
    const cof_snp_tcb milan = cof_snp_tcb_of(version, COF_SNP_MILAN);
    const cof_snp_tcb turin = cof_snp_tcb_of(version, COF_SNP_TURIN);
    assert_int_equal(milan.fmc, 0);
    assert_int_equal(milan.bootloader, 1);
    assert_int_equal(milan.tee, 2);
    assert_int_equal(milan.snp, 7);
    assert_int_equal(milan.microcode, 8);
    assert_int_equal(turin.fmc, 1);
    assert_int_equal(turin.bootloader, 2);
    assert_int_equal(turin.tee, 3);
    assert_int_equal(turin.snp, 4);
    assert_int_equal(turin.microcode, 8);
    assert_true(cof_snp_tcb_reserved(COF_SNP_GENOA) == UINT64_C(0x0000ffffffff0000));
    assert_true(cof_snp_tcb_reserved(COF_SNP_TURIN) == UINT64_C(0x00ffffff00000000));
}

static void products_have_the_key_servers_names(void **state)
{
    (void)state;
    assert_string_equal(cof_snp_product_name(COF_SNP_MILAN), "Milan");
    assert_string_equal(cof_snp_product_name(COF_SNP_GENOA), "Genoa");
    assert_string_equal(cof_snp_product_name(COF_SNP_TURIN), "Turin");
    assert_string_equal(cof_snp_product_name(COF_SNP_NONE), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_but_the_right_one_is_refused),
        cmocka_unit_test(exactly_the_reserved_bytes_must_be_zero),
        cmocka_unit_test(versions_from_2_to_5_are_read),
        cmocka_unit_test(the_processor_gives_the_product),
        cmocka_unit_test(only_a_vcek_or_a_vlek_may_have_signed),
        cmocka_unit_test(fields_are_read_from_their_places),
        cmocka_unit_test(a_refused_report_writes_nothing),
        cmocka_unit_test(tcb_versions_are_laid_out_by_product),
        cmocka_unit_test(products_have_the_key_servers_names),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, make_rig, free_rig);
}
