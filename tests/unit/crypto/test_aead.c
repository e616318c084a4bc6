#include "harness/cof_hex.h"
#include "tcb/crypto/aead.h"

/* The GCM specification of McGrew and Viega, appendix B, test cases 13 to 15 (AES-256, no
 * associated data). */
static const struct {
    const char *key, *nonce, *plain, *cipher, *tag;
} rows[] = {
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
     "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
     "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18",
     "d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b"
     "525b16aedf5aa0de657ba637b39"
     "1aafd255",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828"
     "838c5f61e6393ba7a0abcc9f662"
     "898015ad",
     "b094dac5d93471bdec1a502270e3cc6c"},
};

static cof_aead *make(const char *key_hex)
{
    COF_HEX(bytes, key_hex);
    cof_chunk_key key;
    memcpy(key.bytes, bytes.data, sizeof key.bytes);
    cof_aead *aead = NULL;
    assert_ok(cof_aead_openssl_new(&key, &aead, NULL));
    cof_chunk_key_wipe(&key);
    return aead;
}

static void the_published_answers_hold_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        COF_CLEANUP(cof_aead_drop_) cof_aead *aead = make(rows[i].key);
        COF_HEX(nonce, rows[i].nonce);
        COF_HEX(plain, rows[i].plain);
        uint8_t cipher[64];
        uint8_t opened[64];
        uint8_t tag[COF_AEAD_TAG_SIZE];
        for (int again = 0; again < 2; again++) { /* the same context serves many records */
            assert_ok(cof_aead_seal(aead, nonce.data, cof_buf_view(&plain), cipher, tag, NULL));
            assert_hex(cipher, plain.size, rows[i].cipher);
            assert_hex(tag, sizeof tag, rows[i].tag);
            assert_ok(cof_aead_open(aead, nonce.data, cof_view_of(cipher, plain.size), tag, opened,
                                    NULL));
            assert_hex(opened, plain.size, rows[i].plain);
        }
    }
}

static void every_flipped_bit_is_refused_and_no_plaintext_is_left(void **state)
{
    (void)state;
    COF_CLEANUP(cof_aead_drop_) cof_aead *aead = make(rows[2].key);
    static const uint8_t zeros[64] = {0};
    uint8_t all[12 + 64 + 16]; /* nonce, ciphertext, tag */
    COF_HEX(nonce, rows[2].nonce);
    COF_HEX(cipher, rows[2].cipher);
    COF_HEX(tag, rows[2].tag);
    memcpy(all, nonce.data, 12);
    memcpy(all + 12, cipher.data, 64);
    memcpy(all + 76, tag.data, 16);
    uint8_t out[64];
    for (size_t bit = 0; bit < 8 * sizeof all; bit++) {
        all[bit / 8] ^= (uint8_t)(1U << bit % 8);
        memset(out, 0xAA, sizeof out);
        assert_status(cof_aead_open(aead, all, cof_view_of(all + 12, 64), all + 76, out, NULL),
                      TAG_MISMATCH);
        assert_memory_equal(out, zeros, sizeof out);
        all[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_ok(cof_aead_open(aead, all, cof_view_of(all + 12, 64), all + 76, out, NULL));
    assert_hex(out, sizeof out, rows[2].plain);
    /* Also when less or more is given than was sealed. */
    assert_status(cof_aead_open(aead, all, cof_view_of(all + 12, 63), all + 76, out, NULL),
                  TAG_MISMATCH);
    assert_status(cof_aead_open(aead, all, cof_view_of(all + 12, 0), all + 76, out, NULL),
                  TAG_MISMATCH);
}

static void sealing_and_opening_work_in_place(void **state)
{
    (void)state;
    COF_CLEANUP(cof_aead_drop_) cof_aead *aead = make(rows[2].key);
    static const uint8_t zeros[64] = {0};
    COF_HEX(nonce, rows[2].nonce);
    COF_HEX(record, rows[2].plain);
    uint8_t tag[COF_AEAD_TAG_SIZE];
    assert_ok(cof_aead_seal(aead, nonce.data, cof_buf_view(&record), record.data, tag, NULL));
    assert_hex(record.data, record.size, rows[2].cipher);
    assert_ok(cof_aead_open(aead, nonce.data, cof_buf_view(&record), tag, record.data, NULL));
    assert_hex(record.data, record.size, rows[2].plain);
    assert_status(cof_aead_open(aead, nonce.data, cof_buf_view(&record), tag, record.data, NULL),
                  TAG_MISMATCH);
    assert_memory_equal(record.data, zeros, sizeof zeros);
}

static void another_key_does_not_open(void **state)
{
    (void)state;
    COF_CLEANUP(cof_aead_drop_) cof_aead *aead = make(rows[2].key);
    COF_CLEANUP(cof_aead_drop_) cof_aead *other = make(rows[0].key);
    COF_HEX(nonce, rows[2].nonce);
    COF_HEX(cipher, rows[2].cipher);
    COF_HEX(tag, rows[2].tag);
    uint8_t out[64];
    cof_err err = {0};
    assert_status(cof_aead_open(other, nonce.data, cof_buf_view(&cipher), tag.data, out, &err),
                  TAG_MISMATCH);
    assert_string_equal(err.detail, "a record of 64 bytes");
    assert_string_equal(aead->ops->name, "openssl");
    cof_aead_free(NULL);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_answers_hold_both_ways),
        cmocka_unit_test(every_flipped_bit_is_refused_and_no_plaintext_is_left),
        cmocka_unit_test(sealing_and_opening_work_in_place),
        cmocka_unit_test(another_key_does_not_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
