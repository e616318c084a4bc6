/*
 * Each allocation of sealing, opening and releasing fails once: a status, nothing leaked, nothing
 * half given.
 */
#include <stdlib.h>
#include <string.h>

#include "harness/cof_alloc_fail.h"
#include "seal_kit.h"
#include "tcb/crypto/aead.h"
#include "tcb/crypto/keywrap.h"
#include "tcb/release/job_key.h"
#include "tcb/release/release.h"
#include "tcb/seal/cse.h"
#include "tcb/seal/stream.h"

enum { SIZE = 70000 };

static uint8_t plain_bytes[SIZE];
static cof_rsa_key *rsa;
static cof_buf object = {.limit = 1 << 20};
static cof_buf envelope = {.limit = 8192};
static cof_digest object_digest;
static cof_buf blob = {.limit = 4096}; /* client-side encrypted, behind its head */
static cof_cse_expect blob_expect = {.size = 100};

static cof_status seal(void *context)
{
    (void)context;
    const cof_wrap_key wrap = kit_wrap_key(1);
    const cof_recipient both[] = {{.kid = "job", .wrap = &wrap}, {.kid = "a", .rsa = rsa}};
    const cof_seal_header header = kit_header(COF_SEAL_MODEL, "model");
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 1 << 20};
    cof_digest digest = {0};
    const cof_status status =
        cof_seal_bytes(&header, both, 2, cof_view_of(plain_bytes, SIZE), &out, &digest, NULL);
    assert_true(status == COF_OK || out.size == 0);
    return status;
}

static cof_status give_key(void *context, const cof_front *front, cof_data_key *out, cof_err *err)
{
    (void)context;
    return cof_front_key_rsa(front, "a", rsa, out, err);
}

static cof_status take_plain(void *context, cof_view plain, cof_err *err)
{
    return cof_buf_append(context, plain, err);
}

static cof_status open_stream(void *context)
{
    (void)context;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 1 << 20};
    const cof_stream_expect expect = {.size_max = SIZE, .digest = &object_digest};
    const cof_stream_calls calls = {.key = give_key, .sink = take_plain, .context = &out};
    COF_CLEANUP(cof_seal_stream_drop_) cof_seal_stream *stream = NULL;
    COF_TRY(cof_seal_stream_new(&expect, &calls, &stream, NULL));
    for (size_t at = 0; at < object.size; at += 1000) {
        const size_t left = object.size - at;
        COF_TRY(cof_seal_stream_feed(
            stream, cof_view_of(object.data + at, left < 1000 ? left : 1000), NULL));
    }
    return cof_seal_stream_finish(stream, NULL);
}

static cof_status give_content_key(void *context, const cof_cse_head *head, cof_chunk_key *out,
                                   cof_err *err)
{
    const uint8_t unwrapped[COF_CSE_KEY_SIZE] = "2.0";
    (void)context;
    return cof_cse_key(head, cof_view_of(unwrapped, sizeof unwrapped), out, err);
}

static cof_status open_blob(void *context)
{
    (void)context;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 1 << 20};
    const cof_cse_calls calls = {.key = give_content_key, .sink = take_plain, .context = &out};
    COF_CLEANUP(cof_cse_stream_drop_) cof_cse_stream *stream = NULL;
    COF_TRY(cof_cse_stream_new(&blob_expect, &calls, &stream, NULL));
    COF_TRY(cof_cse_stream_feed(stream, cof_buf_view(&blob), NULL));
    return cof_cse_stream_finish(stream, NULL);
}

static cof_status open_whole(void *context)
{
    (void)context;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 1 << 20};
    const cof_status status = kit_open(cof_buf_view(&object), 1, &object_digest, &out);
    assert_true(status == COF_OK || out.size == 0);
    return status;
}

static cof_status release(void *context)
{
    (void)context;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *kek = NULL;
    const cof_status status = cof_release_unwrap(rsa, 2, cof_buf_view(&envelope), &kek, NULL);
    assert_true((status == COF_OK) == (kek != NULL));
    return status;
}

static cof_status derive(void *context)
{
    (void)context;
    const cof_rsa_key *owners[] = {rsa, rsa};
    cof_wrap_key key = {0};
    return cof_job_key_derive(owners, 2, &object_digest, &key, NULL);
}

/* What OpenSSL may answer without saying that memory was the cause; each is a refusal. */
static const cof_status also[] = {COF_E_CRYPTO, COF_E_BAD_KEY, COF_E_KEY_MISMATCH, COF_OK};

static void assert_survives(cof_status (*run)(void *context))
{
    assert_ok(run(NULL)); /* what OpenSSL makes once and keeps is made here */
    assert_true(cof_alloc_fail_each(run, NULL, also) > 5);
}

static void a_failed_allocation_while_sealing_is_a_status(void **state)
{
    (void)state;
    assert_survives(seal);
}

static void a_failed_allocation_while_opening_is_a_status(void **state)
{
    (void)state;
    assert_survives(open_whole);
}

static void a_failed_allocation_in_a_stream_is_a_status(void **state)
{
    (void)state;
    assert_survives(open_stream);
}

static void a_failed_allocation_in_a_blob_is_a_status(void **state)
{
    (void)state;
    assert_survives(open_blob);
}

static void a_failed_allocation_while_releasing_is_a_status(void **state)
{
    (void)state;
    assert_survives(release);
}

static void a_failed_allocation_while_deriving_is_a_status(void **state)
{
    (void)state;
    assert_survives(derive);
}

/* One region under a key of zeros. */
static void make_blob(void)
{
    static const uint8_t numbers[8] = {0, COF_CSE_RSA_OAEP, 0, 1, 0, 4, 0, 0};
    const cof_chunk_key key = {{0}};
    const size_t head_size = COF_CSE_FIXED_SIZE + 256;
    uint8_t *place = NULL;
    COF_CLEANUP(cof_aead_drop_) cof_aead *aead = NULL;
    assert_ok(cof_aead_new(&key, &aead, NULL));
    assert_ok(cof_buf_append_text(&blob, COF_CSE_MAGIC, NULL));
    assert_ok(cof_buf_append(&blob, cof_view_of(numbers, sizeof numbers), NULL));
    assert_ok(cof_buf_extend(&blob, 256 + 100 + COF_CSE_REGION_OVERHEAD, &place, NULL));
    memset(place, 0, 256 + COF_AEAD_NONCE_SIZE);
    uint8_t *text = place + 256 + COF_AEAD_NONCE_SIZE;
    assert_ok(
        cof_aead_seal(aead, place + 256, cof_view_of(plain_bytes, 100), text, text + 100, NULL));
    assert_ok(cof_digest_of(cof_view_of(blob.data + head_size, blob.size - head_size),
                            &blob_expect.digest, NULL));
}

static int make_samples(void **state)
{
    (void)state;
    make_blob();
    const cof_wrap_key wrap = kit_wrap_key(1);
    const cof_seal_header header = kit_header(COF_SEAL_MODEL, "model");
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = 4096};
    const uint8_t key[32] = {1};
    assert_ok(cof_rsa_generate(2048, &rsa, NULL));
    const cof_recipient both[] = {{.kid = "job", .wrap = &wrap}, {.kid = "a", .rsa = rsa}};
    assert_ok(cof_seal_bytes(&header, both, 2, cof_view_of(plain_bytes, SIZE), &object,
                             &object_digest, NULL));
    assert_ok(cof_rsa_to_pkcs8(rsa, &der, NULL));
    assert_ok(cof_rsa_encrypt(rsa, COF_OAEP_SHA256, cof_view_of(key, 32), &envelope, NULL));
    assert_ok(cof_kwp_wrap(key, cof_buf_view(&der), &envelope, NULL));
    return 0;
}

static int free_samples(void **state)
{
    (void)state;
    cof_rsa_key_free(rsa);
    cof_buf_free(&object);
    cof_buf_free(&envelope);
    cof_buf_free(&blob);
    return 0;
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    if (!cof_alloc_fail_hook_openssl()) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_allocation_while_sealing_is_a_status),
        cmocka_unit_test(a_failed_allocation_while_opening_is_a_status),
        cmocka_unit_test(a_failed_allocation_in_a_stream_is_a_status),
        cmocka_unit_test(a_failed_allocation_in_a_blob_is_a_status),
        cmocka_unit_test(a_failed_allocation_while_releasing_is_a_status),
        cmocka_unit_test(a_failed_allocation_while_deriving_is_a_status),
    };
    return cmocka_run_group_tests(tests, make_samples, free_samples);
}
