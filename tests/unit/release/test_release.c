#include "tcb/release/release.h"

#include <string.h>

#include "harness/cof_test.h"
#include "tcb/crypto/keywrap.h"

/* Made once: making RSA keys is most of this program's time. */
static cof_rsa_key *transfer;
static cof_rsa_key *kek;

static int make_keys(void **state)
{
    (void)state;
    return cof_rsa_generate(2048, &transfer, NULL) == COF_OK &&
                   cof_rsa_generate(3072, &kek, NULL) == COF_OK
               ? 0
               : -1;
}

static int free_keys(void **state)
{
    (void)state;
    cof_rsa_key_free(transfer);
    cof_rsa_key_free(kek);
    return 0;
}

/* The vault's side: an envelope around any bytes, with a wrapping key of any size. */
static void wrap(cof_oaep_hash hash, cof_view key, cof_view material, cof_buf *out)
{
    uint8_t key32[32] = {0};
    memcpy(key32, key.data, key.size < 32 ? key.size : 32);
    assert_ok(cof_rsa_encrypt(transfer, hash, key, out, NULL));
    assert_ok(cof_kwp_wrap(key32, material, out, NULL));
}

static const uint8_t wrapping_key[33] = "0123456789abcdef0123456789abcdef";

static void wrap_kek(cof_oaep_hash hash, cof_buf *out)
{
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = 4096};
    assert_ok(cof_rsa_to_pkcs8(kek, &der, NULL));
    wrap(hash, cof_view_of(wrapping_key, 32), cof_buf_view(&der), out);
}

static cof_status unwrap(uint8_t algorithm, cof_view wrapped)
{
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *out = NULL;
    const cof_status status = cof_release_unwrap(transfer, algorithm, wrapped, &out, NULL);
    assert_true((status == COF_OK) == (out != NULL));
    return status;
}

static void a_released_key_is_the_key_that_was_wrapped(void **state)
{
    (void)state;
    const cof_oaep_hash hashes[] = {COF_OAEP_SHA1, COF_OAEP_SHA256};
    for (uint8_t i = 0; i < 2; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf wrapped = {.limit = 8192};
        COF_CLEANUP(cof_buf_free) cof_buf before = {.limit = 4096};
        COF_CLEANUP(cof_buf_free) cof_buf after = {.limit = 4096};
        COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *released = NULL;
        wrap_kek(hashes[i], &wrapped);
        assert_ok(cof_release_unwrap(transfer, (uint8_t)(i + 1), cof_buf_view(&wrapped), &released,
                                     NULL));
        assert_ok(cof_rsa_to_pkcs8(kek, &before, NULL));
        assert_ok(cof_rsa_to_pkcs8(released, &after, NULL));
        assert_true(cof_view_equal(cof_buf_view(&before), cof_buf_view(&after)));
    }
}

static void the_other_algorithm_does_not_open(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf wrapped = {.limit = 8192};
    wrap_kek(COF_OAEP_SHA1, &wrapped);
    assert_ok(unwrap(1, cof_buf_view(&wrapped)));
    assert_status(unwrap(2, cof_buf_view(&wrapped)), KEY_MISMATCH);
    assert_status(unwrap(0, cof_buf_view(&wrapped)), UNSUPPORTED);
    assert_status(unwrap(3, cof_buf_view(&wrapped)), UNSUPPORTED);
}

static void an_altered_byte_anywhere_gives_the_same_answer(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf wrapped = {.limit = 8192};
    wrap_kek(COF_OAEP_SHA256, &wrapped);
    for (size_t i = 0; i < wrapped.size; i += i < 256 ? 16 : 13) {
        wrapped.data[i] ^= 0x40;
        assert_status(unwrap(2, cof_buf_view(&wrapped)), KEY_MISMATCH);
        wrapped.data[i] ^= 0x40;
    }
    assert_ok(unwrap(2, cof_buf_view(&wrapped)));
}

static void an_envelope_of_another_size_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf wrapped = {.limit = 32768};
    wrap_kek(COF_OAEP_SHA256, &wrapped);
    assert_status(unwrap(2, (cof_view){0}), BAD_FORMAT);
    assert_status(unwrap(2, cof_view_of(wrapped.data, 256)), BAD_FORMAT);
    assert_status(unwrap(2, cof_view_of(wrapped.data, 256 + 8)), BAD_FORMAT);
    assert_status(unwrap(2, cof_view_of(wrapped.data, wrapped.size - 1)), BAD_FORMAT);
    assert_status(unwrap(2, cof_view_of(wrapped.data, wrapped.size - 8)), KEY_MISMATCH);
    uint8_t *more = NULL;
    assert_ok(cof_buf_extend(&wrapped, 16384, &more, NULL));
    memset(more, 0, 16384);
    assert_status(unwrap(2, cof_buf_view(&wrapped)), LIMIT);
}

static void a_wrapping_key_of_another_size_is_refused(void **state)
{
    (void)state;
    const size_t sizes[] = {1, 16, 31, 33};
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = 4096};
    assert_ok(cof_rsa_to_pkcs8(kek, &der, NULL));
    for (size_t i = 0; i < 4; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf wrapped = {.limit = 8192};
        wrap(COF_OAEP_SHA256, cof_view_of(wrapping_key, sizes[i]), cof_buf_view(&der), &wrapped);
        assert_status(unwrap(2, cof_buf_view(&wrapped)), KEY_MISMATCH);
    }
}

static void what_is_no_rsa_pair_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 8192};
    wrap(COF_OAEP_SHA256, cof_view_of(wrapping_key, 32), cof_view_text("not a key at all"), &text);
    assert_status(unwrap(2, cof_buf_view(&text)), BAD_KEY);
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = 4096};
    assert_ok(cof_rsa_to_pkcs8(kek, &der, NULL));
    assert_ok(cof_buf_append_text(&der, "x", NULL));
    COF_CLEANUP(cof_buf_free) cof_buf longer = {.limit = 8192};
    wrap(COF_OAEP_SHA256, cof_view_of(wrapping_key, 32), cof_buf_view(&der), &longer);
    assert_status(unwrap(2, cof_buf_view(&longer)), BAD_KEY);
}

static void an_envelope_for_another_transfer_key_does_not_open(void **state)
{
    (void)state;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *other = NULL;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *out = NULL;
    assert_ok(cof_rsa_generate(2048, &other, NULL));
    COF_CLEANUP(cof_buf_free) cof_buf wrapped = {.limit = 8192};
    wrap_kek(COF_OAEP_SHA256, &wrapped);
    assert_status(cof_release_unwrap(other, 2, cof_buf_view(&wrapped), &out, NULL), KEY_MISMATCH);
    assert_null(out);
}

static void a_public_transfer_key_is_a_mistake_of_the_caller(void **state)
{
    (void)state;
    json_t *jwk = NULL;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *public_key = NULL;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *out = NULL;
    assert_ok(cof_rsa_to_jwk(transfer, &jwk, NULL));
    assert_ok(cof_rsa_from_jwk(jwk, &public_key, NULL));
    json_decref(jwk);
    COF_CLEANUP(cof_buf_free) cof_buf wrapped = {.limit = 8192};
    wrap_kek(COF_OAEP_SHA256, &wrapped);
    assert_status(cof_release_unwrap(public_key, 2, cof_buf_view(&wrapped), &out, NULL),
                  BAD_ARGUMENT);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_released_key_is_the_key_that_was_wrapped),
        cmocka_unit_test(the_other_algorithm_does_not_open),
        cmocka_unit_test(an_altered_byte_anywhere_gives_the_same_answer),
        cmocka_unit_test(an_envelope_of_another_size_is_refused),
        cmocka_unit_test(a_wrapping_key_of_another_size_is_refused),
        cmocka_unit_test(what_is_no_rsa_pair_is_refused),
        cmocka_unit_test(an_envelope_for_another_transfer_key_does_not_open),
        cmocka_unit_test(a_public_transfer_key_is_a_mistake_of_the_caller),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
