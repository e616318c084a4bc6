/* Both implementations of the AEAD port give the same bytes; OpenSSL's is the one that the NIST
 * vectors judge. */
#include <string.h>

#include "harness/cof_test.h"
#include "tcb/crypto/aead.h"

enum { LARGEST = 65536 };

static uint8_t plain[LARGEST];
static const cof_chunk_key key = {{1, 2, 3}};
static const uint8_t nonce[COF_AEAD_NONCE_SIZE] = {0, 0, 0, 1, 9};

typedef struct pair {
    cof_aead *openssl;
    cof_aead *ipsec_mb;
} pair;

static int make_pair(void **state)
{
    static pair p;
    for (size_t i = 0; i < sizeof plain; i++) {
        plain[i] = (uint8_t)(i * 31 + i / 256);
    }
    assert_ok(cof_aead_openssl_new(&key, &p.openssl, NULL));
    assert_ok(cof_aead_ipsec_mb_new(&key, &p.ipsec_mb, NULL));
    assert_string_equal(p.ipsec_mb->ops->name, "ipsec-mb");
    *state = &p;
    return 0;
}

static int free_pair(void **state)
{
    pair *p = *state;
    cof_aead_free(p->openssl);
    cof_aead_free(p->ipsec_mb);
    return 0;
}

static void assert_same(const pair *p, size_t size)
{
    static uint8_t a[LARGEST];
    static uint8_t b[LARGEST];
    uint8_t tag_a[COF_AEAD_TAG_SIZE];
    uint8_t tag_b[COF_AEAD_TAG_SIZE];
    const cof_view view = size == 0 ? (cof_view){0} : cof_view_of(plain, size);
    assert_ok(cof_aead_seal(p->openssl, nonce, view, a, tag_a, NULL));
    assert_ok(cof_aead_seal(p->ipsec_mb, nonce, view, b, tag_b, NULL));
    assert_memory_equal(a, b, size);
    assert_memory_equal(tag_a, tag_b, sizeof tag_a);
    assert_ok(cof_aead_open(p->ipsec_mb, nonce, cof_view_of(a, size), tag_a, b, NULL));
    assert_memory_equal(b, plain, size);
}

static void both_give_the_same_bytes_for_every_size(void **state)
{
    for (size_t size = 0; size <= 1100; size++) {
        assert_same(*state, size);
    }
    for (size_t size = LARGEST - 40; size <= LARGEST; size++) {
        assert_same(*state, size);
    }
}

static void in_place_works(void **state)
{
    const pair *p = *state;
    uint8_t record[1000];
    uint8_t tag[COF_AEAD_TAG_SIZE];
    memcpy(record, plain, sizeof record);
    assert_ok(
        cof_aead_seal(p->ipsec_mb, nonce, cof_view_of(record, sizeof record), record, tag, NULL));
    assert_ok(
        cof_aead_open(p->ipsec_mb, nonce, cof_view_of(record, sizeof record), tag, record, NULL));
    assert_memory_equal(record, plain, sizeof record);
}

static void every_altered_bit_is_refused_and_leaves_zeros(void **state)
{
    const pair *p = *state;
    uint8_t all[12 + 100 + 16]; /* nonce, ciphertext, tag */
    uint8_t out[100];
    const uint8_t zeros[100] = {0};
    memcpy(all, nonce, 12);
    assert_ok(cof_aead_seal(p->ipsec_mb, all, cof_view_of(plain, 100), all + 12, all + 112, NULL));
    for (size_t bit = 0; bit < 8 * sizeof all; bit++) {
        all[bit / 8] ^= (uint8_t)(1u << bit % 8);
        memset(out, 0xff, sizeof out);
        assert_status(
            cof_aead_open(p->ipsec_mb, all, cof_view_of(all + 12, 100), all + 112, out, NULL),
            TAG_MISMATCH);
        assert_memory_equal(out, zeros, sizeof out);
        all[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_ok(cof_aead_open(p->ipsec_mb, all, cof_view_of(all + 12, 100), all + 112, out, NULL));
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_give_the_same_bytes_for_every_size),
        cmocka_unit_test(in_place_works),
        cmocka_unit_test(every_altered_bit_is_refused_and_leaves_zeros),
    };
    return cmocka_run_group_tests(tests, make_pair, free_pair);
}
