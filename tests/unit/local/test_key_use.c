#include <openssl/rsa.h>
#include <string.h>

#include "harness/cof_hex.h"
#include "local/vault/crypt.h"
#include "local/vault/sign.h"
#include "tcb/crypto/digest.h"
#include "tcb/crypto/openssl.h"
#include "tcb/wire/json.h"

enum { KINDS = 8 };

static const cof_key_kind kinds[KINDS] = {{.type = COF_KEY_RSA, .bits = 2048},
                                          {.type = COF_KEY_EC, .curve = COF_CURVE_P256},
                                          {.type = COF_KEY_EC, .curve = COF_CURVE_P384},
                                          {.type = COF_KEY_EC, .curve = COF_CURVE_P521},
                                          {.type = COF_KEY_EC, .curve = COF_CURVE_P256K},
                                          {.type = COF_KEY_OCT, .bits = 128},
                                          {.type = COF_KEY_OCT, .bits = 192},
                                          {.type = COF_KEY_OCT, .bits = 256}};
static cof_key_material *keys[KINDS]; /* one of each for all tests: making them takes time */

static const char *const ciphers[] = {"RSA-OAEP",
                                      "RSA-OAEP-256",
                                      "RSA1_5",
                                      "A128GCM",
                                      "A192GCM",
                                      "A256GCM",
                                      "A128CBCPAD",
                                      "A192CBCPAD",
                                      "A256CBCPAD",
                                      "A128CBC",
                                      "A192CBC",
                                      "A256CBC",
                                      "A128KW",
                                      "A192KW",
                                      "A256KW",
                                      "CKM_AES_KEY_WRAP",
                                      "CKM_AES_KEY_WRAP_PAD"};
static const char *const signatures[] = {"RS256", "RS384", "RS512", "PS256", "PS384",
                                         "PS512", "ES256", "ES384", "ES512", "ES256K",
                                         "HS256", "HS384", "HS512"};

static int make_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        assert_ok(cof_key_material_generate(&kinds[i], &keys[i], NULL));
    }
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        cof_key_material_free(keys[i]);
    }
    return 0;
}

static const cof_algorithm *cipher_named(const char *name)
{
    const cof_algorithm *algorithm = cof_algorithm_find(name, COF_USE_ENCRYPT);
    algorithm = algorithm != NULL ? algorithm : cof_algorithm_find(name, COF_USE_WRAP);
    assert_non_null(algorithm);
    return algorithm;
}

static cof_key_material *key_of(const cof_algorithm *algorithm)
{
    for (size_t i = KINDS; i-- > 0;) {
        if (cof_algorithm_fits(algorithm, &kinds[i])) {
            return keys[i];
        }
    }
    fail_msg("no key for %s", algorithm->name);
    return NULL;
}

static cof_key_material *oct_key(const char *hex)
{
    COF_HEX(bytes, hex);
    cof_key_material *key = NULL;
    const cof_key_kind kind = {.type = COF_KEY_OCT, .bits = (unsigned)bytes.size * 8};
    assert_ok(cof_key_material_load(&kind, cof_buf_view(&bytes), &key, NULL));
    return key;
}

static void set(cof_buf *buf, const char *hex)
{
    COF_HEX(bytes, hex);
    cof_buf_clear(buf);
    assert_ok(cof_buf_append(buf, cof_buf_view(&bytes), NULL));
}

/* Moves a cipher to where it is opened from. */
static void turn(const cof_crypt_parts *made, cof_crypt_parts *in)
{
    cof_crypt_parts aad = {0};
    cof_crypt_parts_init(&aad);
    assert_ok(cof_buf_append(&aad.aad, cof_buf_view(&in->aad), NULL));
    cof_crypt_parts_free(in);
    cof_crypt_parts_init(in);
    assert_ok(cof_buf_append(&in->value, cof_buf_view(&made->value), NULL));
    assert_ok(cof_buf_append(&in->iv, cof_buf_view(&made->iv), NULL));
    assert_ok(cof_buf_append(&in->tag, cof_buf_view(&made->tag), NULL));
    assert_ok(cof_buf_append(&in->aad, cof_buf_view(&aad.aad), NULL));
    cof_crypt_parts_free(&aad);
}

typedef struct vector {
    const char *algorithm, *key, *iv, *aad, *plain, *cipher, *tag;
} vector;

/* RFC 3394 section 4, RFC 5649 section 6, "The Galois/Counter Mode of Operation" (McGrew, Viega)
 * test case 4, NIST SP 800-38A F.2.1 */
static const vector vectors[] = {
    {"A128KW", "000102030405060708090A0B0C0D0E0F", "", "", "00112233445566778899AABBCCDDEEFF",
     "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5", ""},
    {"A192KW", "000102030405060708090A0B0C0D0E0F1011121314151617", "", "",
     "00112233445566778899AABBCCDDEEFF", "96778B25AE6CA435F92B5B97C050AED2468AB8A17AD84E5D", ""},
    {"CKM_AES_KEY_WRAP", "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", "", "",
     "00112233445566778899AABBCCDDEEFF", "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7", ""},
    {"CKM_AES_KEY_WRAP_PAD", "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8", "", "",
     "c37b7e6492584340bed12207808941155068f738",
     "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a", ""},
    {"CKM_AES_KEY_WRAP_PAD", "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8", "", "",
     "466f7250617369", "afbeb0f07dfbf5419200f2ccb50bb24f", ""},
    {"A128GCM", "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b"
     "5"
     "25b16aedf5aa0de657ba637b39",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84a"
     "a"
     "051ba30b396a0aac973d58e091",
     "5bc94fbc3221a5db94fae95ae7121a47"},
    {"A128CBC", "2b7e151628aed2a6abf7158809cf4f3c", "000102030405060708090a0b0c0d0e0f", "",
     "6bc1bee22e409f96e93d7e117393172a", "7649abac8119b246cee98e9b12e9197d", ""},
};

static void published_vectors_come_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const vector *v = &vectors[i];
        COF_CLEANUP(cof_key_material_drop_) cof_key_material *key = oct_key(v->key);
        COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts in = {0};
        COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts made = {0};
        COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts opened = {0};
        const cof_algorithm *algorithm = cipher_named(v->algorithm);
        cof_crypt_parts_init(&in);
        cof_crypt_parts_init(&made);
        cof_crypt_parts_init(&opened);
        assert_true(cof_algorithm_fits(algorithm, cof_key_material_kind(key)));
        set(&in.value, v->plain);
        set(&in.iv, v->iv);
        set(&in.aad, v->aad);
        assert_ok(cof_crypt_seal(algorithm, key, &in, &made, NULL));
        assert_hex(made.value.data, made.value.size, v->cipher);
        assert_hex(made.tag.data, made.tag.size, v->tag);
        turn(&made, &in);
        assert_ok(cof_crypt_open(algorithm, key, &in, &opened, NULL));
        assert_hex(opened.value.data, opened.value.size, v->plain);
    }
}

static void whatever_is_encrypted_opens(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ciphers / sizeof ciphers[0]; i++) {
        const cof_algorithm *algorithm = cipher_named(ciphers[i]);
        const cof_key_material *key = key_of(algorithm);
        COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts in = {0};
        COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts made = {0};
        COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts opened = {0};
        cof_crypt_parts_init(&in);
        cof_crypt_parts_init(&made);
        cof_crypt_parts_init(&opened);
        set(&in.value, "000102030405060708090a0b0c0d0e0f1011121314151617"
                       "18191a1b1c1d1e1f");
        assert_ok(cof_crypt_seal(algorithm, key, &in, &made, NULL));
        turn(&made, &in);
        assert_ok(cof_crypt_open(algorithm, key, &in, &opened, NULL));
        assert_hex(opened.value.data, opened.value.size,
                   "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    }
}

static void a_changed_cipher_has_one_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ciphers / sizeof ciphers[0]; i++) {
        const cof_algorithm *algorithm = cipher_named(ciphers[i]);
        if (algorithm->scheme == COF_SCHEME_CBC || algorithm->scheme == COF_SCHEME_PKCS1) {
            continue; /* the one is not authenticated, the other has a test of its own */
        }
        const cof_key_material *key = key_of(algorithm);
        COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts in = {0};
        COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts made = {0};
        cof_crypt_parts_init(&in);
        cof_crypt_parts_init(&made);
        set(&in.value, "000102030405060708090a0b0c0d0e0f");
        assert_ok(cof_crypt_seal(algorithm, key, &in, &made, NULL));
        turn(&made, &in);
        for (size_t size = 0; size <= in.value.size; size += 8) {
            COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts opened = {0};
            cof_err err = {0};
            cof_crypt_parts_init(&opened);
            const size_t whole = in.value.size;
            /* Shorter by some blocks; and, whole, with its last byte changed. */
            in.value.size = size;
            in.value.data[whole - 1] ^= size == whole ? 1 : 0;
            assert_status(cof_crypt_open(algorithm, key, &in, &opened, &err), KEY_MISMATCH);
            assert_string_equal(err.detail, "the cipher does not open");
            assert_int_equal(opened.value.size, 0);
            in.value.size = whole;
        }
    }
}

static void aad_and_tag_are_authenticated(void **state)
{
    (void)state;
    const cof_algorithm *algorithm = cipher_named("A256GCM");
    for (int i = 0; i < 3; i++) {
        COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts in = {0};
        COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts made = {0};
        COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts opened = {0};
        cof_crypt_parts_init(&in);
        cof_crypt_parts_init(&made);
        cof_crypt_parts_init(&opened);
        set(&in.value, "00");
        set(&in.aad, "0102");
        assert_ok(cof_crypt_seal(algorithm, key_of(algorithm), &in, &made, NULL));
        turn(&made, &in);
        (i == 0 ? &in.aad : i == 1 ? &in.tag : &in.iv)->data[0] ^= 0x80;
        assert_status(cof_crypt_open(algorithm, key_of(algorithm), &in, &opened, NULL),
                      KEY_MISMATCH);
    }
}

static void an_iv_that_is_not_given_is_another_each_time(void **state)
{
    (void)state;
    const cof_algorithm *algorithm = cipher_named("A128GCM");
    COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts in = {0};
    COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts a = {0};
    COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts b = {0};
    cof_crypt_parts_init(&in);
    cof_crypt_parts_init(&a);
    cof_crypt_parts_init(&b);
    assert_ok(cof_crypt_seal(algorithm, key_of(algorithm), &in, &a, NULL));
    assert_ok(cof_crypt_seal(algorithm, key_of(algorithm), &in, &b, NULL));
    assert_int_equal(a.iv.size, COF_CRYPT_GCM_IV_BYTES);
    assert_memory_not_equal(a.iv.data, b.iv.data, COF_CRYPT_GCM_IV_BYTES);
}

typedef struct misfit {
    const char *algorithm, *value, *iv, *aad, *tag;
    bool is_open;
} misfit;

static void members_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static const char block[] = "000102030405060708090a0b0c0d0e0f";
    static const misfit misfits[] = {
        {"A128GCM", block, "0001020304050607", "", "", false},
        {"A128GCM", block, block, "", "", false},
        {"A128GCM", block, "", "", block, false},
        {"A128GCM", block, "", "", block, true},
        {"A128GCM", block, "000102030405060708090a0b", "", "00010203", true},
        {"A128CBC", block, "000102030405060708090a0b", "", "", false},
        {"A128CBC", "00", "", "", "", false},
        {"A128CBC", "", "", "", "", false},
        {"A128CBC", block, block, "00", "", false},
        {"A128CBCPAD", block, "", "", "", true},
        {"A128KW", block, block, "", "", false},
        {"A128KW", "0001020304050607", "", "", "", false},
        {"A128KW", "000102030405060708090a0b0c0d0e", "", "", "", false},
        {"CKM_AES_KEY_WRAP_PAD", "", "", "", "", false},
        {"RSA-OAEP", block, "", "00", "", false},
        {"RSA-OAEP", block, "00", "", "", false},
    };
    for (size_t i = 0; i < sizeof misfits / sizeof misfits[0]; i++) {
        const misfit *m = &misfits[i];
        const cof_algorithm *algorithm = cipher_named(m->algorithm);
        COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts in = {0};
        COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts out = {0};
        cof_crypt_parts_init(&in);
        cof_crypt_parts_init(&out);
        set(&in.value, m->value);
        set(&in.iv, m->iv);
        set(&in.aad, m->aad);
        set(&in.tag, m->tag);
        assert_status((m->is_open ? cof_crypt_open : cof_crypt_seal)(algorithm, key_of(algorithm),
                                                                     &in, &out, NULL),
                      BAD_ARGUMENT);
    }
}

static void what_is_too_long_for_an_rsa_key_is_refused(void **state)
{
    (void)state;
    const cof_algorithm *algorithm = cipher_named("RSA-OAEP-256");
    COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts in = {0};
    COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts out = {0};
    uint8_t *place = NULL;
    cof_crypt_parts_init(&in);
    cof_crypt_parts_init(&out);
    assert_ok(cof_buf_extend(&in.value, 256 - 66 + 1, &place, NULL));
    memset(place, 7, in.value.size);
    assert_status(cof_crypt_seal(algorithm, keys[0], &in, &out, NULL), BAD_ARGUMENT);
    in.value.size--;
    assert_ok(cof_crypt_seal(algorithm, keys[0], &in, &out, NULL));
}

/* The public operation on a block as it is. */
static void raw_encrypt(const uint8_t block[static 256], cof_buf *out)
{
    COF_CLEANUP(EVP_PKEY_CTX_drop_)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, cof_key_material_evp(keys[0]), NULL);
    uint8_t cipher[256];
    size_t size = sizeof cipher;
    assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING), 1);
    assert_int_equal(EVP_PKEY_encrypt(context, cipher, &size, block, 256), 1);
    cof_buf_clear(out);
    assert_ok(cof_buf_append(out, cof_view_of(cipher, sizeof cipher), NULL));
}

/* A block of RSAES-PKCS1-v1_5 whose message begins at 255 - 5. */
static void make_block(uint8_t block[static 256])
{
    memset(block, 0xAA, 256);
    block[0] = 0;
    block[1] = 2;
    block[250] = 0;
}

static void open_block(const uint8_t block[static 256], cof_crypt_parts *out)
{
    COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts in = {0};
    cof_crypt_parts_init(&in);
    cof_crypt_parts_init(out);
    raw_encrypt(block, &in.value);
    assert_ok(cof_crypt_open(cipher_named("RSA1_5"), keys[0], &in, out, NULL));
}

static void a_wrong_rsa1_5_padding_opens_to_what_looks_random(void **state)
{
    (void)state;
    static const size_t places[] = {0, 0, 1, 1, 5, 9, 250};
    static const uint8_t values[] = {0, 1, 1, 0, 0, 0, 0xAA};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts once = {0};
        COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts again = {0};
        uint8_t block[256];
        make_block(block);
        block[places[i]] = values[i];
        open_block(block, &once);
        open_block(block, &again);
        if (i == 0) { /* nothing was changed */
            assert_int_equal(once.value.size, 5);
            assert_memory_equal(once.value.data, "\xAA\xAA\xAA\xAA\xAA", 5);
            continue;
        }
        assert_int_equal(once.value.size, again.value.size);
        assert_true(once.value.size <= 256 - 11);
        for (size_t k = 0; k < once.value.size; k++) {
            assert_int_equal(once.value.data[k], again.value.data[k]);
        }
        /* Two bytes or fewer may be anything. */
        assert_true(once.value.size < 3 || memmem(block, sizeof block, once.value.data, 3) == NULL);
    }
}

static void the_shortest_and_longest_rsa1_5_message_open(void **state)
{
    (void)state;
    uint8_t block[256];
    COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts empty = {0};
    COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts full = {0};
    make_block(block);
    block[250] = 0xAA;
    block[255] = 0;
    open_block(block, &empty);
    assert_int_equal(empty.value.size, 0);
    block[10] = 0;
    open_block(block, &full);
    assert_int_equal(full.value.size, 256 - 11);
    assert_int_equal(full.value.data[0], 0xAA);
}

static cof_view some_digest(const cof_algorithm *algorithm)
{
    static const uint8_t bytes[64] = "a digest is as good as any other bytes of its size are, here";
    return cof_view_of(bytes, algorithm->digest_size);
}

static void a_signature_verifies_and_nothing_else_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++) {
        const cof_algorithm *algorithm = cof_algorithm_find(signatures[i], COF_USE_SIGN);
        assert_non_null(algorithm);
        const cof_key_material *key = key_of(algorithm);
        const cof_view digest = some_digest(algorithm);
        uint8_t other[64] = {0};
        COF_CLEANUP(cof_buf_free) cof_buf signature = {.limit = COF_SIGN_BYTES};
        assert_ok(cof_sign_digest(algorithm, key, digest, &signature, NULL));
        const cof_view whole = cof_buf_view(&signature);
        assert_ok(cof_sign_check(algorithm, key, digest, whole, NULL));
        assert_status(cof_sign_check(algorithm, key, cof_view_of(other, digest.size), whole, NULL),
                      BAD_SIGNATURE);
        assert_status(
            cof_sign_check(algorithm, key, digest, cof_view_of(whole.data, whole.size - 1), NULL),
            BAD_SIGNATURE);
        assert_status(cof_sign_check(algorithm, key, digest, (cof_view){0}, NULL), BAD_SIGNATURE);
        signature.data[signature.size / 2] ^= 4;
        assert_status(cof_sign_check(algorithm, key, digest, whole, NULL), BAD_SIGNATURE);
    }
}

/* There must be one way alone to write a signature. */
static void r_and_s_with_a_zero_in_front_do_not_verify(void **state)
{
    (void)state;
    const cof_algorithm *algorithm = cof_algorithm_find("ES256", COF_USE_SIGN);
    const cof_view digest = some_digest(algorithm);
    COF_CLEANUP(cof_buf_free) cof_buf signature = {.limit = COF_SIGN_BYTES};
    uint8_t longer[66] = {0};
    assert_ok(cof_sign_digest(algorithm, key_of(algorithm), digest, &signature, NULL));
    memcpy(longer + 1, signature.data, 32);
    memcpy(longer + 34, signature.data + 32, 32);
    assert_status(cof_sign_check(algorithm, key_of(algorithm), digest,
                                 cof_view_of(longer, sizeof longer), NULL),
                  BAD_SIGNATURE);
}

static void a_digest_of_another_size_is_not_signed(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_SIGN_BYTES};
    for (size_t i = 0; i < 10; i++) { /* all but HMAC */
        const cof_algorithm *algorithm = cof_algorithm_find(signatures[i], COF_USE_SIGN);
        const cof_view digest = some_digest(algorithm);
        const cof_view shorter = cof_view_of(digest.data, digest.size - 1);
        assert_status(cof_sign_digest(algorithm, key_of(algorithm), shorter, &out, NULL),
                      BAD_ARGUMENT);
        assert_status(cof_sign_check(algorithm, key_of(algorithm), shorter, digest, NULL),
                      BAD_ARGUMENT);
    }
}

/* RFC 7515 appendix A.3 */
static void the_signature_of_rfc_7515_a3_verifies(void **state)
{
    (void)state;
    COF_JSON json_t *jwk = json_pack("{s:s,s:s,s:s,s:s,s:s}", "kty", "EC", "crv", "P-256", "x",
                                     "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y",
                                     "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", "d",
                                     "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI");
    COF_CLEANUP(cof_key_material_drop_) cof_key_material *key = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf signature = {.limit = 64};
    cof_digest digest;
    assert_ok(cof_key_material_from_jwk(jwk, &key, NULL));
    assert_ok(cof_digest_of(
        cof_view_text("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dH"
                      "A6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"),
        &digest, NULL));
    assert_ok(cof_base64url_decode(cof_view_text("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfT"
                                                 "jDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"),
                                   &signature, NULL));
    assert_ok(cof_sign_check(cof_algorithm_find("ES256", COF_USE_VERIFY), key,
                             cof_view_of(digest.bytes, sizeof digest.bytes),
                             cof_buf_view(&signature), NULL));
}

/* RFC 4231 has no key of 256 bits; this is by Python's hmac: key 00 01 … 1f, message "coffer" */
static void hmac_is_over_the_bytes_themselves(void **state)
{
    (void)state;
    COF_CLEANUP(cof_key_material_drop_)
    cof_key_material *key =
        oct_key("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 64};
    assert_ok(cof_sign_digest(cof_algorithm_find("HS256", COF_USE_SIGN), key,
                              cof_view_text("coffer"), &out, NULL));
    assert_hex(out.data, out.size,
               "f705eae0a0e783943a165fdc3b05d0ed3be95fb038959bf4d9b301230f47b5d5");
}

static void an_algorithm_serves_its_own_uses_alone(void **state)
{
    (void)state;
    assert_null(cof_algorithm_find("RSA-OAEP", COF_USE_SIGN));
    assert_null(cof_algorithm_find("RS256", COF_USE_ENCRYPT));
    assert_null(cof_algorithm_find("A128KW", COF_USE_ENCRYPT));
    assert_null(cof_algorithm_find("A128GCM", COF_USE_UNWRAP));
    assert_null(cof_algorithm_find("rs256", COF_USE_SIGN));
    assert_null(cof_algorithm_find("RSNULL", COF_USE_SIGN));
    assert_null(cof_algorithm_find("none", COF_USE_VERIFY));
    assert_null(cof_algorithm_find("", COF_USE_VERIFY));
    assert_null(cof_algorithm_find(NULL, COF_USE_VERIFY));
}

static void an_algorithm_fits_its_type_size_and_curve_alone(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned fitting; /* a bit for each of kinds */
    } rows[] = {{"RSA1_5", 1},
                {"PS512", 1},
                {"ES256", 2},
                {"ES384", 4},
                {"ES512", 8},
                {"ES256K", 16},
                {"A128GCM", 32},
                {"A192KW", 64},
                {"A256CBC", 128},
                {"HS256", 128},
                {"CKM_AES_KEY_WRAP", 32 + 64 + 128}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const cof_algorithm *algorithm = cof_algorithm_find(rows[i].name, COF_USE_SIGN);
        algorithm = algorithm != NULL ? algorithm : cipher_named(rows[i].name);
        for (size_t k = 0; k < KINDS; k++) {
            assert_int_equal(cof_algorithm_fits(algorithm, &kinds[k]),
                             (rows[i].fitting >> k & 1) != 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors_come_out),
        cmocka_unit_test(whatever_is_encrypted_opens),
        cmocka_unit_test(a_changed_cipher_has_one_answer),
        cmocka_unit_test(aad_and_tag_are_authenticated),
        cmocka_unit_test(an_iv_that_is_not_given_is_another_each_time),
        cmocka_unit_test(members_that_do_not_fit_are_refused),
        cmocka_unit_test(what_is_too_long_for_an_rsa_key_is_refused),
        cmocka_unit_test(a_wrong_rsa1_5_padding_opens_to_what_looks_random),
        cmocka_unit_test(the_shortest_and_longest_rsa1_5_message_open),
        cmocka_unit_test(a_signature_verifies_and_nothing_else_does),
        cmocka_unit_test(r_and_s_with_a_zero_in_front_do_not_verify),
        cmocka_unit_test(a_digest_of_another_size_is_not_signed),
        cmocka_unit_test(the_signature_of_rfc_7515_a3_verifies),
        cmocka_unit_test(hmac_is_over_the_bytes_themselves),
        cmocka_unit_test(an_algorithm_serves_its_own_uses_alone),
        cmocka_unit_test(an_algorithm_fits_its_type_size_and_curve_alone),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
