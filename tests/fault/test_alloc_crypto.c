/*
 * Each allocation of each function of tcb/crypto, OpenSSL's included, fails once. What OpenSSL does
 * without is allowed (OK); a wrong answer, or a key that would be wrong, is not.
 */
#include "harness/cof_alloc_fail.h"
#include "harness/cof_hex.h"
#include "tcb/crypto/aead.h"
#include "tcb/crypto/digest.h"
#include "tcb/crypto/ec.h"
#include "tcb/crypto/keywrap.h"
#include "tcb/crypto/random.h"
#include "tcb/crypto/rsa.h"
#include "tcb/wire/json.h"
#include "vectors/crypto/vectors.h"

typedef struct fixture {
    cof_buf der;
    cof_buf secret;
    cof_buf cipher;
    cof_buf message;
    cof_buf signature;
    cof_ec_key *ec;
} fixture;

static cof_status hash(void *context)
{
    (void)context;
    COF_CLEANUP(cof_sha256_drop_) cof_sha256 *running = NULL;
    cof_digest digest;
    cof_digest at_once;
    uint8_t out[64];
    const cof_view bytes = cof_view_text("bytes");
    COF_TRY(cof_sha256_new(&running, NULL));
    COF_TRY(cof_sha256_update(running, bytes, NULL));
    COF_TRY(cof_sha256_finish(running, &digest, NULL));
    COF_TRY(cof_digest_of(bytes, &at_once, NULL));
    assert_true(cof_digest_equal(&digest, &at_once));
    COF_TRY(cof_hmac_sha256(bytes, bytes, &digest, NULL));
    COF_TRY(cof_hkdf(bytes, bytes, bytes, (cof_span){out, sizeof out}, NULL));
    return cof_random((cof_span){out, sizeof out}, NULL);
}

static cof_status seal(void *context)
{
    (void)context;
    const cof_chunk_key key = {{1}};
    COF_CLEANUP(cof_aead_drop_) cof_aead *aead = NULL;
    uint8_t record[32] = {0};
    uint8_t tag[COF_AEAD_TAG_SIZE] = {0};
    static const uint8_t nonce[COF_AEAD_NONCE_SIZE] = {0};
    COF_TRY(cof_aead_openssl_new(&key, &aead, NULL));
    COF_TRY(cof_aead_seal(aead, nonce, cof_view_of(record, sizeof record), record, tag, NULL));
    return cof_aead_open(aead, nonce, cof_view_of(record, sizeof record), tag, record, NULL);
}

static cof_status wrap(void *context)
{
    const fixture *with = context;
    const cof_wrap_key key = {{1}};
    const cof_data_key data = {{2}};
    cof_data_key opened;
    uint8_t wrapped[COF_WRAPPED_DATA_KEY_SIZE] = {0};
    COF_CLEANUP(cof_buf_free) cof_buf material = {.limit = 4096};
    COF_CLEANUP(cof_buf_free) cof_buf back = {.limit = 4096};
    COF_TRY(cof_data_key_wrap(&key, &data, wrapped, NULL));
    COF_TRY(cof_data_key_unwrap(&key, wrapped, &opened, NULL));
    assert_memory_equal(opened.bytes, data.bytes, sizeof data.bytes);
    COF_TRY(cof_kwp_wrap(key.bytes, cof_buf_view(&with->der), &material, NULL));
    COF_TRY(cof_kwp_unwrap(key.bytes, cof_buf_view(&material), &back, NULL));
    assert_true(cof_view_equal(cof_buf_view(&back), cof_buf_view(&with->der)));
    return COF_OK;
}

static cof_status use_rsa(void *context)
{
    const fixture *with = context;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 4096};
    /* A key of its own: when memory runs out while OpenSSL renews a key's blinding, its next uses
     * fail too. */
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *rsa = NULL;
    const unsigned long left = cof_alloc_fail_pause();
    assert_ok(cof_rsa_from_pkcs8(cof_buf_view(&with->der), &rsa, NULL));
    cof_alloc_fail_resume(left);
    COF_TRY(cof_rsa_encrypt(rsa, COF_OAEP_SHA256, cof_view_text("x"), &out, NULL));
    cof_buf_clear(&out);
    COF_TRY(cof_rsa_decrypt(rsa, COF_OAEP_SHA256, cof_buf_view(&with->cipher), &out, NULL));
    assert_true(cof_view_equal(cof_buf_view(&out), cof_buf_view(&with->secret)));
    COF_TRY(
        cof_rsa_verify(rsa, cof_buf_view(&with->message), cof_buf_view(&with->signature), NULL));
    return cof_rsa_sign(rsa, cof_buf_view(&with->message), &out, NULL);
}

static cof_status move_rsa(void *context)
{
    const fixture *with = context;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *key = NULL;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *public_key = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = 4096};
    COF_JSON json_t *jwk = NULL;
    COF_TRY(cof_rsa_from_pkcs8(cof_buf_view(&with->der), &key, NULL));
    COF_TRY(cof_rsa_to_pkcs8(key, &der, NULL));
    assert_true(cof_view_equal(cof_buf_view(&der), cof_buf_view(&with->der)));
    COF_TRY(cof_rsa_to_jwk(key, &jwk, NULL));
    return cof_rsa_from_jwk(jwk, &public_key, NULL);
}

static cof_status use_ec(void *context)
{
    const fixture *with = context;
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = 4096};
    uint8_t raw[COF_EC_RAW_SIZE] = {0};
    COF_TRY(cof_ec_sign(with->ec, cof_view_text("x"), raw, NULL));
    COF_TRY(cof_ec_verify(with->ec, cof_view_text("x"), raw, NULL));
    COF_TRY(cof_ec_sign_der(with->ec, cof_view_text("x"), &der, NULL));
    return cof_ec_verify_der(with->ec, cof_view_text("x"), cof_buf_view(&der), NULL);
}

static cof_status move_ec(void *context)
{
    (void)context;
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *again = NULL;
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *public_key = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = 4096};
    COF_JSON json_t *jwk = NULL;
    COF_TRY(cof_ec_generate(&key, NULL));
    COF_TRY(cof_ec_to_pkcs8(key, &der, NULL));
    COF_TRY(cof_ec_from_pkcs8(cof_buf_view(&der), &again, NULL));
    COF_TRY(cof_ec_to_jwk(again, &jwk, NULL));
    return cof_ec_from_jwk(jwk, &public_key, NULL);
}

/* What OpenSSL may answer without saying that memory was the cause; each is a refusal. */
static const cof_status simple[] = {COF_E_CRYPTO, COF_OK};
static const cof_status operations[] = {COF_E_CRYPTO, COF_E_KEY_MISMATCH, COF_E_BAD_SIGNATURE,
                                        COF_OK};
static const cof_status keys[] = {COF_E_CRYPTO, COF_E_BAD_KEY, COF_OK};

static void assert_survives(cof_status (*run)(void *context), void *context,
                            const cof_status *allowed)
{
    assert_ok(run(context)); /* what OpenSSL makes once and keeps is made here */
    assert_true(cof_alloc_fail_each(run, context, allowed) > 0);
}

static void hashes_survive(void **state)
{
    assert_survives(hash, *state, simple);
}

static void sealing_survives(void **state)
{
    assert_survives(seal, *state, simple);
}

static void key_wrapping_survives(void **state)
{
    assert_survives(wrap, *state, simple);
}

static void rsa_survives(void **state)
{
    assert_survives(use_rsa, *state, operations);
}

static void rsa_keys_survive(void **state)
{
    assert_survives(move_rsa, *state, keys);
}

static void ec_survives(void **state)
{
    assert_survives(use_ec, *state, operations);
}

static void ec_keys_survive(void **state)
{
    assert_survives(move_ec, *state, keys);
}

static int set_up(void **state)
{
    static fixture with;
    with = (fixture){.der = cof_hex(rsa_pkcs8_hex),
                     .secret = cof_hex(rsa_secret_hex),
                     .cipher = cof_hex(rsa_oaep_sha256_hex),
                     .message = cof_hex(rsa_message_hex),
                     .signature = cof_hex(rsa_rs256_hex)};
    *state = &with;
    return cof_ec_generate(&with.ec, NULL) == COF_OK ? 0 : 1;
}

static int tear_down(void **state)
{
    fixture *with = *state;
    cof_buf_free(&with->der);
    cof_buf_free(&with->secret);
    cof_buf_free(&with->cipher);
    cof_buf_free(&with->message);
    cof_buf_free(&with->signature);
    cof_ec_key_free(with->ec);
    return 0;
}

int main(void)
{
    if (!cof_alloc_fail_hook_openssl()) {
        return 1;
    }
    cof_alloc_fail_hook_jansson();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_survive),        cmocka_unit_test(sealing_survives),
        cmocka_unit_test(key_wrapping_survives), cmocka_unit_test(rsa_survives),
        cmocka_unit_test(rsa_keys_survive),      cmocka_unit_test(ec_survives),
        cmocka_unit_test(ec_keys_survive),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
