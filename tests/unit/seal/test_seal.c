#include <string.h>

#include "seal_kit.h"

static void open_of_seal_is_the_same(void **state)
{
    (void)state;
    const size_t sizes[] = {0, 1, 65535, 65536, 65537, 3 * 65536, 3 * 65536 + 17};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = 1 << 20};
        COF_CLEANUP(cof_buf_free) cof_buf object = {.limit = 1 << 20};
        COF_CLEANUP(cof_buf_free) cof_buf opened = {.limit = 1 << 20};
        kit_fill(&plain, sizes[i], i);
        const cof_seal_header header = kit_header(COF_SEAL_DATASET, "cells");
        cof_digest digest = {0};
        kit_seal(&header, cof_buf_view(&plain), &object, &digest);
        assert_ok(kit_open(cof_buf_view(&object), 1, &digest, &opened));
        assert_true(cof_view_equal(cof_buf_view(&plain), cof_buf_view(&opened)));
        assert_int_equal(object.size, kit_layout_of(cof_buf_view(&object)).cipher + sizes[i]);
    }
}

static void the_header_comes_back_as_it_was_given(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf object = {.limit = 1 << 20};
    cof_seal_header header = kit_header(COF_SEAL_REPORT, "Bericht \xc3\xbc"
                                                         "ber Zellen");
    header.recipients_capacity = 8192;
    cof_digest digest = {0};
    kit_seal(&header, cof_view_text("text"), &object, &digest);
    size_t size = 0;
    COF_CLEANUP(cof_front_drop_) cof_front *front = NULL;
    assert_ok(cof_front_size(cof_buf_view(&object), &size, NULL));
    assert_ok(cof_front_parse(cof_view_of(object.data, size), &front, NULL));
    const cof_seal_header *read = cof_front_header(front);
    assert_int_equal(read->kind, COF_SEAL_REPORT);
    assert_int_equal(read->plaintext_size, 4);
    assert_int_equal(read->recipients_capacity, 8192);
    assert_string_equal(read->name, header.name);
    assert_memory_equal(read->context.bytes, header.context.bytes, 32);
    assert_true(cof_digest_equal(&digest, cof_front_digest(front)));
}

static void two_objects_of_the_same_bytes_share_nothing(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf a = {.limit = 1 << 20};
    COF_CLEANUP(cof_buf_free) cof_buf b = {.limit = 1 << 20};
    const cof_seal_header header = kit_header(COF_SEAL_DATASET, "cells");
    cof_digest first = {0};
    cof_digest second = {0};
    const cof_view plain = cof_view_text("sixteen bytes...");
    kit_seal(&header, plain, &a, &first);
    kit_seal(&header, plain, &b, &second);
    assert_false(cof_digest_equal(&first, &second));
    assert_memory_not_equal(a.data + 24, b.data + 24, 16); /* object_id */
    const kit_layout layout = kit_layout_of(cof_buf_view(&a));
    assert_memory_not_equal(a.data + layout.commitment, b.data + layout.commitment, 32);
    assert_memory_not_equal(a.data + layout.cipher, b.data + layout.cipher, 16);
}

static void each_rsa_recipient_opens_and_nobody_else(void **state)
{
    (void)state;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *alice = NULL;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *bob = NULL;
    assert_ok(cof_rsa_generate(2048, &alice, NULL));
    assert_ok(cof_rsa_generate(3072, &bob, NULL));
    const cof_recipient both[] = {{.kid = "https://a/keys/alice/1", .rsa = alice},
                                  {.kid = "https://b/keys/bob/1", .rsa = bob}};
    const cof_seal_header header = kit_header(COF_SEAL_MODEL, "model");
    COF_CLEANUP(cof_buf_free) cof_buf object = {.limit = 1 << 20};
    cof_digest digest = {0};
    assert_ok(cof_seal_bytes(&header, both, 2, cof_view_text("weights"), &object, &digest, NULL));
    COF_CLEANUP(cof_front_drop_) cof_front *front = NULL;
    const size_t front_size = kit_layout_of(cof_buf_view(&object)).cipher;
    assert_ok(cof_front_parse(cof_view_of(object.data, front_size), &front, NULL));
    assert_int_equal(cof_front_recipient_count(front), 2);
    for (size_t i = 0; i < 2; i++) {
        cof_data_key key = {0};
        uint8_t algorithm = 0;
        assert_string_equal(cof_front_recipient(front, i, &algorithm), both[i].kid);
        assert_int_equal(algorithm, 1);
        assert_ok(cof_front_key_rsa(front, both[i].kid, both[i].rsa, &key, NULL));
        COF_CLEANUP(cof_buf_free) cof_buf opened = {.limit = 100};
        assert_ok(cof_open_bytes(cof_buf_view(&object), &key, &digest, &opened, NULL));
        assert_view_text(cof_buf_view(&opened), "weights");
    }
    cof_data_key key = {0};
    cof_view wrapped = {0};
    const cof_wrap_key wrap = kit_wrap_key(1);
    assert_status(cof_front_key_rsa(front, both[0].kid, bob, &key, NULL), KEY_MISMATCH);
    assert_status(cof_front_key_rsa(front, "carol", alice, &key, NULL), NOT_A_RECIPIENT);
    assert_status(cof_front_key_job(front, &wrap, &key, NULL), NOT_A_RECIPIENT);
    assert_status(cof_front_wrapped(front, "carol", &wrapped, NULL), NOT_A_RECIPIENT);
    assert_ok(cof_front_wrapped(front, both[1].kid, &wrapped, NULL));
    assert_int_equal(wrapped.size, 384);
}

static void another_job_key_does_not_open(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf object = {.limit = 1 << 20};
    COF_CLEANUP(cof_buf_free) cof_buf opened = {.limit = 1 << 20};
    const cof_seal_header header = kit_header(COF_SEAL_CHECKPOINT, "checkpoint");
    cof_digest digest = {0};
    kit_seal(&header, cof_view_text("state"), &object, &digest);
    assert_ok(kit_open(cof_buf_view(&object), 1, NULL, &opened));
    assert_status(kit_open(cof_buf_view(&object), 2, NULL, &opened), KEY_MISMATCH);
    const cof_data_key other = {{1}};
    assert_status(cof_open_bytes(cof_buf_view(&object), &other, NULL, &opened, NULL), KEY_MISMATCH);
}

/* What a writer is refused; a good request first, so that the test can fail. */
static void a_bad_request_to_seal_is_refused(void **state)
{
    (void)state;
    const cof_wrap_key wrap = kit_wrap_key(1);
    const cof_recipient job = {.kid = "job", .wrap = &wrap};
    const cof_recipient twice[] = {job, job};
    const cof_recipient misnamed = {.kid = "work", .wrap = &wrap};
    const cof_recipient unprintable = {.kid = "a\nb", .wrap = &wrap};
    const cof_recipient keyless = {.kid = "job"};
    cof_sealer *sealer = NULL;
    cof_seal_header good = kit_header(COF_SEAL_MODEL, "model");
    assert_ok(cof_sealer_new(&good, &job, 1, &sealer, NULL));
    cof_sealer_free(sealer);
    sealer = NULL;
    assert_status(cof_sealer_new(&good, &job, 0, &sealer, NULL), BAD_ARGUMENT);
    assert_status(cof_sealer_new(&good, twice, 2, &sealer, NULL), BAD_ARGUMENT);
    assert_status(cof_sealer_new(&good, &misnamed, 1, &sealer, NULL), BAD_ARGUMENT);
    assert_status(cof_sealer_new(&good, &unprintable, 1, &sealer, NULL), BAD_ARGUMENT);
    assert_status(cof_sealer_new(&good, &keyless, 1, &sealer, NULL), BAD_ARGUMENT);
    const char *const names[] = {"",
                                 ".",
                                 "..",
                                 "a/b",
                                 "a\x01",
                                 "\xc3",
                                 "\xed\xa0\x80",
                                 "\xc0\xaf",
                                 "\xf5\x80\x80\x80",
                                 "a\x7f",
                                 "\xc2\x85"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const cof_seal_header header = kit_header(COF_SEAL_MODEL, names[i]);
        cof_err err = {0};
        assert_status(cof_sealer_new(&header, &job, 1, &sealer, &err), BAD_ARGUMENT);
        assert_int_equal(err.status, COF_E_BAD_ARGUMENT);
    }
    cof_seal_header header = good;
    header.plaintext_size = ((uint64_t)1 << 44) + 1;
    assert_status(cof_sealer_new(&header, &job, 1, &sealer, NULL), BAD_ARGUMENT);
    header = good;
    header.recipients_capacity = 4097;
    assert_status(cof_sealer_new(&header, &job, 1, &sealer, NULL), BAD_ARGUMENT);
    header = good;
    header.kind = (cof_seal_kind)6;
    assert_status(cof_sealer_new(&header, &job, 1, &sealer, NULL), BAD_ARGUMENT);
    header = good;
    header.kind = COF_SEAL_DATASET; /* with a context */
    assert_status(cof_sealer_new(&header, &job, 1, &sealer, NULL), BAD_ARGUMENT);
    assert_null(sealer);
}

static void the_front_is_given_only_after_the_last_chunk(void **state)
{
    (void)state;
    const cof_wrap_key wrap = kit_wrap_key(1);
    const cof_recipient job = {.kid = "job", .wrap = &wrap};
    cof_seal_header header = kit_header(COF_SEAL_MODEL, "model");
    header.plaintext_size = 65537;
    COF_CLEANUP(cof_sealer_drop_) cof_sealer *sealer = NULL;
    assert_ok(cof_sealer_new(&header, &job, 1, &sealer, NULL));
    COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = 1 << 20};
    COF_CLEANUP(cof_buf_free) cof_buf front = {.limit = 1 << 20};
    static uint8_t cipher[65536];
    cof_digest digest = {0};
    kit_fill(&plain, 65537, 1);
    assert_status(cof_sealer_front(sealer, &front, &digest, NULL), BAD_ARGUMENT);
    assert_status(cof_sealer_chunk(sealer, cof_view_of(plain.data, 1), cipher, NULL), BAD_ARGUMENT);
    assert_ok(cof_sealer_chunk(sealer, cof_view_of(plain.data, 65536), cipher, NULL));
    assert_status(cof_sealer_front(sealer, &front, &digest, NULL), BAD_ARGUMENT);
    assert_status(cof_sealer_chunk(sealer, cof_view_of(plain.data, 65536), cipher, NULL),
                  BAD_ARGUMENT);
    assert_ok(cof_sealer_chunk(sealer, cof_view_of(plain.data + 65536, 1), cipher, NULL));
    assert_status(cof_sealer_chunk(sealer, (cof_view){0}, cipher, NULL), BAD_ARGUMENT);
    assert_ok(cof_sealer_front(sealer, &front, &digest, NULL));
    assert_int_equal(front.size, cof_sealer_front_size(sealer));
}

/* Seals 100 bytes with this key and id, or another header; appends ciphertext. */
static void seal_again(const cof_seal_header *header, const cof_data_key *key, cof_buf *out,
                       cof_digest *out_digest)
{
    const cof_wrap_key wrap = kit_wrap_key(1);
    const cof_recipient job = {.kid = "job", .wrap = &wrap};
    COF_CLEANUP(cof_sealer_drop_) cof_sealer *sealer = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf front = {.limit = SIZE_MAX};
    uint8_t *place = NULL;
    assert_ok(cof_sealer_again(header, key, &job, 1, &sealer, NULL));
    assert_ok(cof_buf_extend(out, 100, &place, NULL));
    memset(place, 'p', 100);
    assert_ok(cof_sealer_chunk(sealer, cof_view_of(place, 100), place, NULL));
    assert_ok(cof_sealer_front(sealer, &front, out_digest, NULL));
}

static void the_same_key_and_id_seal_the_same_again_and_no_other_header_does(void **state)
{
    (void)state;
    const cof_data_key key = {{1, 2, 3}};
    cof_seal_header header = kit_header(COF_SEAL_DATASET, "a");
    header.plaintext_size = 100;
    memset(header.object_id, 5, sizeof header.object_id);
    COF_CLEANUP(cof_buf_free) cof_buf first = {.limit = 1000};
    COF_CLEANUP(cof_buf_free) cof_buf second = {.limit = 1000};
    COF_CLEANUP(cof_buf_free) cof_buf other = {.limit = 1000};
    cof_digest digests[3];
    seal_again(&header, &key, &first, &digests[0]);
    seal_again(&header, &key, &second, &digests[1]);
    assert_true(cof_view_equal(cof_buf_view(&first), cof_buf_view(&second)));
    assert_true(cof_digest_equal(&digests[0], &digests[1]));
    header.object_id[0] ^= 1;
    seal_again(&header, &key, &other, &digests[2]);
    assert_false(cof_view_equal(cof_buf_view(&first), cof_buf_view(&other)));
    assert_false(cof_digest_equal(&digests[0], &digests[2]));
}

static void chunks_open_in_any_order(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf plain = {.limit = 1 << 20};
    COF_CLEANUP(cof_buf_free) cof_buf object = {.limit = 1 << 20};
    const cof_seal_header header = kit_header(COF_SEAL_DATASET, "cells");
    cof_digest digest = {0};
    kit_fill(&plain, 2 * 65536 + 5, 3);
    kit_seal(&header, cof_buf_view(&plain), &object, &digest);
    const size_t start = kit_layout_of(cof_buf_view(&object)).cipher;
    cof_data_key key = {0};
    kit_data_key(cof_buf_view(&object), &key);
    COF_CLEANUP(cof_front_drop_) cof_front *front = NULL;
    COF_CLEANUP(cof_opener_drop_) cof_opener *opener = NULL;
    assert_ok(cof_front_parse(cof_view_of(object.data, start), &front, NULL));
    assert_ok(cof_opener_new(front, &key, &opener, NULL));
    static uint8_t out[65536];
    const uint64_t order[] = {2, 0, 1, 0};
    for (size_t i = 0; i < 4; i++) {
        const size_t at = (size_t)order[i] * 65536;
        const size_t size = cof_seal_chunk_size(plain.size, order[i]);
        assert_ok(cof_opener_chunk(opener, order[i], cof_view_of(object.data + start + at, size),
                                   out, NULL));
        assert_memory_equal(out, plain.data + at, size);
    }
    assert_status(cof_opener_chunk(opener, 3, (cof_view){0}, out, NULL), BAD_ARGUMENT);
    assert_status(cof_opener_chunk(opener, 0, cof_view_of(object.data + start, 5), out, NULL),
                  BAD_ARGUMENT);
}

static void an_altered_chunk_leaves_no_plaintext(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf object = {.limit = 1 << 20};
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 1 << 20};
    const cof_seal_header header = kit_header(COF_SEAL_MODEL, "model");
    cof_digest digest = {0};
    kit_seal(&header, cof_view_text("a secret of the hospital"), &object, &digest);
    object.data[object.size - 1] ^= 1;
    assert_ok(cof_buf_append_text(&out, "before", NULL));
    assert_status(kit_open(cof_buf_view(&object), 1, &digest, &out), TAG_MISMATCH);
    assert_view_text(cof_buf_view(&out), "before");
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_of_seal_is_the_same),
        cmocka_unit_test(the_header_comes_back_as_it_was_given),
        cmocka_unit_test(two_objects_of_the_same_bytes_share_nothing),
        cmocka_unit_test(each_rsa_recipient_opens_and_nobody_else),
        cmocka_unit_test(another_job_key_does_not_open),
        cmocka_unit_test(a_bad_request_to_seal_is_refused),
        cmocka_unit_test(the_front_is_given_only_after_the_last_chunk),
        cmocka_unit_test(the_same_key_and_id_seal_the_same_again_and_no_other_header_does),
        cmocka_unit_test(chunks_open_in_any_order),
        cmocka_unit_test(an_altered_chunk_leaves_no_plaintext),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
