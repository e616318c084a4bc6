/* The SGX extension of PCK certificates: what is written reads back, and nothing else does. */
#include <string.h>

#include "harness/cof_test.h"
#include "local/platform/pki.h"
#include "relying/verify/intel/pck.h"

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

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_extension_is_read),
        cmocka_unit_test(a_truncated_extension_is_refused),
        cmocka_unit_test(no_byte_can_change_unnoticed),
        cmocka_unit_test(an_element_that_stands_twice_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
