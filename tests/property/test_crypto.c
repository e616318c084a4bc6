#include <string.h>

#include "harness/cof_prng.h"
#include "harness/cof_test.h"
#include "tcb/crypto/aead.h"
#include "tcb/crypto/ec.h"
#include "tcb/crypto/keywrap.h"

enum { RECORD_MAX = 70000 };

static void what_is_sealed_opens_and_any_flipped_bit_is_refused(void **state)
{
    (void)state;
    static uint8_t plain[RECORD_MAX];
    static uint8_t cipher[RECORD_MAX];
    static uint8_t opened[RECORD_MAX];
    static const uint8_t zeros[RECORD_MAX] = {0};
    static const size_t sizes[] = {1, 15, 16, 17, 255, 4096, 65535, 65536, 65537, RECORD_MAX};
    cof_prng prng = {1};
    for (int i = 0; i < 100; i++) {
        cof_chunk_key key;
        uint8_t nonce[COF_AEAD_NONCE_SIZE];
        uint8_t tag[COF_AEAD_TAG_SIZE];
        const size_t size = sizes[(size_t)i % (sizeof sizes / sizeof *sizes)];
        cof_prng_fill(&prng, key.bytes, sizeof key.bytes);
        cof_prng_fill(&prng, nonce, sizeof nonce);
        cof_prng_fill(&prng, plain, size);
        COF_CLEANUP(cof_aead_drop_) cof_aead *aead = NULL;
        assert_ok(cof_aead_openssl_new(&key, &aead, NULL));
        assert_ok(cof_aead_seal(aead, nonce, cof_view_of(plain, size), cipher, tag, NULL));
        assert_true(size < 16 || memcmp(plain, cipher, size) != 0);
        assert_ok(cof_aead_open(aead, nonce, cof_view_of(cipher, size), tag, opened, NULL));
        assert_memory_equal(opened, plain, size);
        const size_t bit = cof_prng_below(&prng, 8 * size);
        cipher[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_status(cof_aead_open(aead, nonce, cof_view_of(cipher, size), tag, opened, NULL),
                      TAG_MISMATCH);
        assert_memory_equal(opened, zeros, size);
    }
}

static void what_is_wrapped_unwraps_under_its_own_key_alone(void **state)
{
    (void)state;
    cof_prng prng = {2};
    for (int i = 0; i < 200; i++) {
        uint8_t key[32];
        uint8_t other[32];
        uint8_t material[3000];
        const size_t size = 1 + cof_prng_below(&prng, sizeof material);
        cof_prng_fill(&prng, key, sizeof key);
        cof_prng_fill(&prng, other, sizeof other);
        cof_prng_fill(&prng, material, size);
        COF_CLEANUP(cof_buf_free) cof_buf wrapped = {.limit = 4000};
        COF_CLEANUP(cof_buf_free) cof_buf back = {.limit = size};
        assert_ok(cof_kwp_wrap(key, cof_view_of(material, size), &wrapped, NULL));
        assert_status(cof_kwp_unwrap(other, cof_buf_view(&wrapped), &back, NULL), KEY_MISMATCH);
        assert_ok(cof_kwp_unwrap(key, cof_buf_view(&wrapped), &back, NULL));
        assert_true(cof_view_equal(cof_buf_view(&back), cof_view_of(material, size)));
    }
}

static void a_signature_verifies_for_its_text_alone(void **state)
{
    (void)state;
    cof_prng prng = {3};
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
    assert_ok(cof_ec_generate(&key, NULL));
    for (int i = 0; i < 200; i++) {
        uint8_t text[100];
        uint8_t signature[COF_EC_RAW_SIZE];
        const size_t size = 1 + cof_prng_below(&prng, sizeof text);
        cof_prng_fill(&prng, text, size);
        assert_ok(cof_ec_sign(key, cof_view_of(text, size), signature, NULL));
        assert_ok(cof_ec_verify(key, cof_view_of(text, size), signature, NULL));
        const size_t bit = cof_prng_below(&prng, 8 * size);
        text[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_status(cof_ec_verify(key, cof_view_of(text, size), signature, NULL), BAD_SIGNATURE);
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_opens_and_any_flipped_bit_is_refused),
        cmocka_unit_test(what_is_wrapped_unwraps_under_its_own_key_alone),
        cmocka_unit_test(a_signature_verifies_for_its_text_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
