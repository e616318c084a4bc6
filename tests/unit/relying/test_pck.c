/* The SGX extension of PCK certificates: what is written reads back, and nothing else does. */
#include <string.h>

#include "harness/cof_test.h"
#include "local/platform/pki.h"
#include "relying/verify/intel/pck.h"
#include "rig/intel_rig_parts.h"

static uint8_t extension[1024];
static size_t extension_size;

static int set_up(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = sizeof extension};
    static const uint8_t ppid[16] = {1, 2, 3};
    assert_ok(cof_pki_sgx_extension(ppid, &der, NULL));
    memcpy(extension, der.data, der.size);
    extension_size = der.size;
    return 0;
}

static void a_good_extension_is_read(void **state)
{
    (void)state;
    cof_pck pck = {0};
    assert_ok(cof_pck_parse(cof_view_of(extension, extension_size), &pck, NULL));
    assert_int_equal(pck.ppid[2], 3);
    assert_int_equal(pck.components[4], 0xff);
    assert_int_equal(pck.pce_svn, 13);
    assert_memory_equal(pck.cpu_svn, cof_pki_cpu_svn, 16);
}

static void a_truncated_extension_is_refused(void **state)
{
    (void)state;
    cof_pck pck = {0};
    for (size_t size = 0; size < extension_size; size++) {
        assert_status(cof_pck_parse(cof_view_of(extension, size), &pck, NULL), BAD_FORMAT);
    }
    assert_status(cof_pck_parse(cof_view_of(extension, extension_size + 1), &pck, NULL),
                  BAD_FORMAT);
}

/* Every byte of the structure matters: a change gives a refusal, or other values, never the same.
 */
static void no_byte_can_change_unnoticed(void **state)
{
    (void)state;
    cof_pck good = {0};
    assert_ok(cof_pck_parse(cof_view_of(extension, extension_size), &good, NULL));
    for (size_t i = 0; i < extension_size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            cof_pck pck = {0};
            extension[i] ^= (uint8_t)(1u << bit);
            const cof_status status =
                cof_pck_parse(cof_view_of(extension, extension_size), &pck, NULL);
            assert_true(status != COF_OK || memcmp(&pck, &good, sizeof pck) != 0);
            extension[i] ^= (uint8_t)(1u << bit);
        }
    }
}

/* The last element (SGX type, 17 bytes) replaces another of the same size, or stands twice. */
static void an_element_that_stands_twice_is_refused(void **state)
{
    (void)state;
    uint8_t twice[1100];
    cof_pck pck = {0};
    const size_t last = 17;
    memcpy(twice, extension, extension_size);
    memcpy(twice + extension_size, extension + extension_size - last, last);
    const size_t size = extension_size - 4 + last;
    assert_int_equal(twice[1], 0x82);
    twice[2] = (uint8_t)(size >> 8);
    twice[3] = (uint8_t)size;
    assert_status(cof_pck_parse(cof_view_of(twice, extension_size + last), &pck, NULL), BAD_FORMAT);
    /* One element fewer. */
    const size_t fewer = extension_size - 4 - last;
    twice[2] = (uint8_t)(fewer >> 8);
    twice[3] = (uint8_t)fewer;
    assert_status(cof_pck_parse(cof_view_of(twice, extension_size - last), &pck, NULL), BAD_FORMAT);
}

/* A Platform CA's extension, read back. */
static cof_status read_platform(const intel_rig_platform *platform, cof_pck *out)
{
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = sizeof extension};
    assert_ok(intel_rig_sgx_extension(platform, &der, NULL));
    return cof_pck_parse(cof_buf_view(&der), out, NULL);
}

static void what_only_the_platform_ca_certifies_is_read(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 8; bits++) {
        cof_pck pck = {0};
        assert_ok(read_platform(&(intel_rig_platform){.is_static = (bits & 1) != 0,
                                                      .has_no_cached_keys = (bits & 2) != 0,
                                                      .is_smt_disabled = (bits & 4) != 0},
                                &pck));
        assert_true(pck.has_platform_instance);
        assert_memory_equal(pck.platform_instance, "\x9a\x01\x02\x03", 4);
        assert_true(pck.has_dynamic_platform && pck.has_cached_keys && pck.has_smt);
        assert_int_equal(pck.is_dynamic_platform, (bits & 1) == 0);
        assert_int_equal(pck.is_cached_keys, (bits & 2) == 0);
        assert_int_equal(pck.is_smt_enabled, (bits & 4) == 0);
    }
}

static void a_processor_ca_certifies_no_configuration(void **state)
{
    (void)state;
    cof_pck pck = {0};
    assert_ok(read_platform(&(intel_rig_platform){.is_processor_ca = true}, &pck));
    assert_false(pck.has_platform_instance || pck.has_dynamic_platform || pck.has_cached_keys ||
                 pck.has_smt);
    assert_memory_equal(pck.fmspc, intel_rig_fmspc, 6);
    assert_memory_equal(pck.components, intel_rig_components, 16);
}

static void numbers_are_read_to_their_limits(void **state)
{
    (void)state;
    for (unsigned svn = 0; svn < 256; svn++) {
        uint8_t components[16];
        uint8_t cpu_svn[16] = {1, 2, 3};
        cof_pck pck = {0};
        memset(components, (int)svn, sizeof components);
        assert_ok(read_platform(&(intel_rig_platform){.components = components,
                                                      .cpu_svn = cpu_svn,
                                                      .pce_svn = (uint16_t)(svn * 257 + 1),
                                                      .sgx_type = (uint8_t)(svn % 3)},
                                &pck));
        assert_memory_equal(pck.components, components, 16);
        assert_memory_equal(pck.cpu_svn, cpu_svn, 16);
        /* 65536 is 0 in 16 bits, for which the rig has its usual number */
        assert_int_equal(pck.pce_svn, svn == 255 ? INTEL_RIG_PCE_SVN : svn * 257 + 1);
        assert_int_equal(pck.sgx_type, svn % 3);
    }
    cof_pck pck = {0};
    assert_status(read_platform(&(intel_rig_platform){.sgx_type = 3}, &pck), BAD_FORMAT);
}

/* Finds a number in a good extension, sets its last byte, and reads. */
static cof_status read_with_last_byte(const char *number, size_t size, uint8_t last)
{
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = sizeof extension};
    cof_pck pck = {0};
    assert_ok(intel_rig_sgx_extension(&(intel_rig_platform){0}, &der, NULL));
    uint8_t *at = memmem(der.data, der.size, number, size);
    assert_non_null(at);
    at[size - 1] = last;
    return cof_pck_parse(cof_buf_view(&der), &pck, NULL);
}

static void numbers_are_in_der_form_and_not_negative(void **state)
{
    (void)state;
    assert_ok(read_with_last_byte("\x02\x02\x00\xff", 4, 0x80));
    assert_status(read_with_last_byte("\x02\x02\x00\xff", 4, 0x7f), BAD_FORMAT);
    assert_ok(read_with_last_byte("\x02\x01\x0b", 3, 0x7f));
    assert_status(read_with_last_byte("\x02\x01\x0b", 3, 0x80), BAD_FORMAT);
    assert_status(read_with_last_byte("\x02\x01\x0b", 3, 0xff), BAD_FORMAT);
    assert_ok(read_with_last_byte("\x0a\x01\x00", 3, 2));
    assert_status(read_with_last_byte("\x0a\x01\x00", 3, 0xff), BAD_FORMAT);
    assert_status(read_with_last_byte("\x01\x01\xff", 3, 1), BAD_FORMAT);
}

/* As the structure of the simulated platform above: no byte of a Platform CA's is without meaning.
 */
static void no_byte_of_a_platform_can_change_unnoticed(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = sizeof extension};
    cof_pck good = {0};
    assert_ok(intel_rig_sgx_extension(&(intel_rig_platform){0}, &der, NULL));
    assert_ok(cof_pck_parse(cof_buf_view(&der), &good, NULL));
    for (size_t bit = 0; bit < der.size * 8; bit++) {
        cof_pck pck = {0};
        der.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        const cof_status status = cof_pck_parse(cof_buf_view(&der), &pck, NULL);
        assert_true(status != COF_OK || memcmp(&pck, &good, sizeof pck) != 0);
        der.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t size = 0; size < der.size; size++) {
        cof_pck pck = {0};
        assert_status(cof_pck_parse(cof_view_of(der.data, size), &pck, NULL), BAD_FORMAT);
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_extension_is_read),
        cmocka_unit_test(a_truncated_extension_is_refused),
        cmocka_unit_test(no_byte_can_change_unnoticed),
        cmocka_unit_test(an_element_that_stands_twice_is_refused),
        cmocka_unit_test(what_only_the_platform_ca_certifies_is_read),
        cmocka_unit_test(a_processor_ca_certifies_no_configuration),
        cmocka_unit_test(numbers_are_read_to_their_limits),
        cmocka_unit_test(numbers_are_in_der_form_and_not_negative),
        cmocka_unit_test(no_byte_of_a_platform_can_change_unnoticed),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
