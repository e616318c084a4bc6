#include "harness/cof_hex.h"
#include "tcb/crypto/digest.h"

static void assert_sha256(cof_view bytes, const char *hex)
{
    cof_digest digest;
    char text[2 * COF_DIGEST_SIZE + 1];
    assert_ok(cof_digest_of(bytes, &digest, NULL));
    cof_digest_text(&digest, text);
    assert_string_equal(text, hex);
}

static void the_examples_of_fips_180_hold(void **state)
{
    (void)state;
    assert_sha256((cof_view){0},
                  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_sha256(cof_view_text("abc"),
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_sha256(cof_view_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void pieces_have_the_digest_of_the_whole(void **state)
{
    (void)state;
    COF_CLEANUP(cof_sha256_drop_) cof_sha256 *hash = NULL;
    cof_digest digest;
    char text[2 * COF_DIGEST_SIZE + 1];
    uint8_t piece[1000];
    memset(piece, 'a', sizeof piece);
    assert_ok(cof_sha256_new(&hash, NULL));
    for (int i = 0; i < 1000; i++) {
        assert_ok(cof_sha256_update(hash, cof_view_of(piece, sizeof piece), NULL));
        assert_ok(cof_sha256_update(hash, (cof_view){0}, NULL));
    }
    assert_ok(cof_sha256_finish(hash, &digest, NULL));
    cof_digest_text(&digest, text);
    assert_string_equal(
        text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"); /* FIPS 180: a
                                                                                      million a */
    cof_sha256_free(NULL);
}

static void every_flipped_bit_makes_another_digest(void **state)
{
    (void)state;
    cof_digest a = {{0}};
    cof_digest b = {{0}};
    assert_true(cof_digest_equal(&a, &b));
    for (size_t bit = 0; bit < 8 * sizeof b.bytes; bit++) {
        b.bytes[bit / 8] = (uint8_t)(1U << bit % 8);
        assert_false(cof_digest_equal(&a, &b));
        b.bytes[bit / 8] = 0;
    }
}

static void assert_hmac(const char *key_hex, const char *text, const char *mac_hex)
{
    COF_HEX(key, key_hex);
    cof_digest mac;
    assert_ok(cof_hmac_sha256(cof_buf_view(&key), cof_view_text(text), &mac, NULL));
    assert_hex(mac.bytes, sizeof mac.bytes, mac_hex);
}

static void the_examples_of_rfc_4231_hold(void **state)
{
    (void)state;
    assert_hmac("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_hmac("4a656665", "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    char long_key[2 * 131 + 1] = {0};
    memset(long_key, 'a', sizeof long_key - 1);
    assert_hmac(long_key, "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    /* No key and no text: HMAC of two empty strings. */
    assert_hmac("", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void assert_hkdf(const char *secret_hex, const char *salt_hex, const char *info_hex,
                        const char *out_hex)
{
    COF_HEX(secret, secret_hex);
    COF_HEX(salt, salt_hex);
    COF_HEX(info, info_hex);
    uint8_t out[82];
    const size_t size = strlen(out_hex) / 2;
    assert_ok(cof_hkdf(cof_buf_view(&secret), cof_buf_view(&salt), cof_buf_view(&info),
                       (cof_span){out, size}, NULL));
    assert_hex(out, size, out_hex);
}

static void the_examples_of_rfc_5869_hold(void **state)
{
    (void)state;
    assert_hkdf(
        "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
        "f0f1f2f3f4f5f6f7f8f9",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    assert_hkdf("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728"
                "292a2b2c2d2e2f"
                "303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
                "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788"
                "898a8b8c8d8e8f"
                "909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
                "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8"
                "d9dadbdcdddedf"
                "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
                "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271"
                "cb41c65e590e09"
                "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
    assert_hkdf(
        "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

static void hkdf_gives_no_more_than_255_blocks_and_nothing_from_nothing(void **state)
{
    (void)state;
    uint8_t out[255 * 32 + 1];
    const cof_view secret = cof_view_text("secret");
    assert_ok(
        cof_hkdf(secret, (cof_view){0}, (cof_view){0}, (cof_span){out, sizeof out - 1}, NULL));
    assert_status(cof_hkdf(secret, (cof_view){0}, (cof_view){0}, (cof_span){out, sizeof out}, NULL),
                  CRYPTO);
    assert_status(cof_hkdf(secret, (cof_view){0}, (cof_view){0}, (cof_span){out, 0}, NULL), CRYPTO);
    assert_status(cof_hkdf((cof_view){0}, secret, secret, (cof_span){out, 32}, NULL), CRYPTO);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_fips_180_hold),
        cmocka_unit_test(pieces_have_the_digest_of_the_whole),
        cmocka_unit_test(every_flipped_bit_makes_another_digest),
        cmocka_unit_test(the_examples_of_rfc_4231_hold),
        cmocka_unit_test(the_examples_of_rfc_5869_hold),
        cmocka_unit_test(hkdf_gives_no_more_than_255_blocks_and_nothing_from_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
