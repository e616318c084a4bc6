/*
 * Client-side encrypted blobs, as tests/vectors/cse/make.py writes them: argument 1 is that folder.
 * Attacks cut and shuffle them; none of it may pass for the pinned blob.
 */
#include <stdio.h>
#include <string.h>

#include "harness/cof_test.h"
#include "host/azure/encryption_data.h"
#include "host/files/files.h"
#include "tcb/crypto/aead.h"
#include "tcb/crypto/rsa.h"
#include "tcb/seal/cse.h"

enum { REGION = 1024, STEP = REGION + COF_CSE_REGION_OVERHEAD, BIG = 1 << 16 };

static const char *folder;
static cof_rsa_key *owner;

/* A vector: what a library wrote, and what a contract would pin of it. */
typedef struct sample {
    cof_cse_head head;
    cof_cse_expect expect;
    cof_buf blob;
} sample;

/* What the callbacks saw. */
typedef struct seen {
    cof_buf plain;
    unsigned key_calls;
} seen;

static void read_vector(const char *name, const char *suffix, cof_buf *out)
{
    cof_path path;
    cof_buf_init(out, BIG);
    assert_ok(cof_path_format(&path, NULL, "%s/%s%s", folder, name, suffix));
    assert_ok(cof_read_file(path.text, out, NULL));
}

static void pin(sample *s)
{
    assert_ok(cof_digest_of(cof_buf_view(&s->blob), &s->expect.digest, NULL));
}

static void make_sample(const char *name, uint64_t size, sample *out)
{
    COF_CLEANUP(cof_buf_free) cof_buf data = {0};
    *out = (sample){.expect = {.size = size}};
    read_vector(name, ".json", &data);
    read_vector(name, ".blob", &out->blob);
    assert_ok(cof_encryption_data_parse(cof_buf_view(&data), &out->head, NULL));
    pin(out);
}

static void sample_free(sample *s)
{
    cof_buf_free(&s->blob);
}

static void seen_free(seen *s)
{
    cof_buf_free(&s->plain);
}

static int read_key(void **state)
{
    COF_CLEANUP(cof_buf_free) cof_buf der = {0};
    (void)state;
    read_vector("key", ".der", &der);
    return cof_rsa_from_pkcs8(cof_buf_view(&der), &owner, NULL) == COF_OK ? 0 : -1;
}

static int free_key(void **state)
{
    (void)state;
    cof_rsa_key_free(owner);
    return 0;
}

static cof_status unwrap(void *context, const cof_cse_head *head, cof_chunk_key *out, cof_err *err)
{
    seen *s = context;
    COF_CLEANUP(cof_buf_free) cof_buf key = {.limit = COF_CSE_WRAPPED_HIGH};
    s->key_calls++;
    COF_TRY(cof_rsa_decrypt(owner,
                            head->algorithm == COF_CSE_RSA_OAEP ? COF_OAEP_SHA1 : COF_OAEP_SHA256,
                            cof_view_of(head->wrapped, head->wrapped_size), &key, err));
    return cof_cse_key(head, cof_buf_view(&key), out, err);
}

static cof_status take_plain(void *context, cof_view plain, cof_err *err)
{
    seen *s = context;
    assert_true(plain.size > 0);
    return cof_buf_append(&s->plain, plain, err);
}

/* Feeds head and blob in pieces and finishes. */
static cof_status open_in(const sample *s, size_t piece, seen *out)
{
    COF_CLEANUP(cof_cse_stream_drop_) cof_cse_stream *stream = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf all = {.limit = 2 * BIG};
    const cof_cse_calls calls = {.key = unwrap, .sink = take_plain, .context = out};
    cof_buf_init(&out->plain, BIG);
    assert_ok(cof_cse_head_print(&s->head, &all, NULL));
    assert_ok(cof_buf_append(&all, cof_buf_view(&s->blob), NULL));
    assert_ok(cof_cse_stream_new(&s->expect, &calls, &stream, NULL));
    for (size_t at = 0; at < all.size; at += piece) {
        const size_t left = all.size - at;
        const cof_status status = cof_cse_stream_feed(
            stream, cof_view_of(all.data + at, left < piece ? left : piece), NULL);
        if (status != COF_OK) {
            /* Once failed, always failed. */
            assert_int_equal(cof_cse_stream_feed(stream, cof_view_text("x"), NULL), status);
            assert_int_equal(cof_cse_stream_finish(stream, NULL), status);
            return status;
        }
    }
    return cof_cse_stream_finish(stream, NULL);
}

static cof_status open_whole(const sample *s)
{
    COF_CLEANUP(seen_free) seen saw = {.key_calls = 0};
    return open_in(s, BIG, &saw);
}

static void check_plain(const seen *s, size_t size)
{
    assert_int_equal(s->plain.size, size);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(s->plain.data[i], (7 * i + i / 251) % 256);
    }
}

static void blobs_of_all_libraries_open(void **state)
{
    static const struct {
        const char *name;
        size_t size;
    } all[] = {{"python", 3 * REGION + 452},
               {"java", 3 * REGION},
               {"dotnet", 2 * REGION + 1},
               {"empty", 0}};
    static const size_t pieces[] = {1, 13, COF_CSE_FIXED_SIZE, STEP, STEP + 1, BIG};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        for (size_t k = 0; k < sizeof pieces / sizeof pieces[0]; k++) {
            COF_CLEANUP(sample_free) sample s;
            COF_CLEANUP(seen_free) seen saw = {.key_calls = 0};
            make_sample(all[i].name, all[i].size, &s);
            assert_ok(open_in(&s, pieces[k], &saw));
            assert_int_equal(saw.key_calls, 1);
            check_plain(&saw, all[i].size);
        }
    }
}

static void another_blob_than_the_pinned_one_is_refused(void **state)
{
    COF_CLEANUP(sample_free) sample s;
    (void)state;
    make_sample("python", 3 * REGION + 452, &s);
    s.expect.digest.bytes[31] ^= 1;
    assert_status(open_whole(&s), DIGEST_MISMATCH);
}

/* With a digest that fits: what is refused here the format itself must refuse. */
static void a_flipped_bit_is_refused_even_when_it_is_pinned(void **state)
{
    COF_CLEANUP(sample_free) sample s;
    (void)state;
    make_sample("java", 3 * REGION, &s);
    for (size_t at = 0; at < s.blob.size; at += 37) {
        s.blob.data[at] ^= 0x10;
        pin(&s);
        const cof_status status = open_whole(&s);
        assert_true(status == COF_E_TAG_MISMATCH || status == COF_E_BAD_FORMAT);
        s.blob.data[at] ^= 0x10;
    }
}

static void swap_regions(sample *s, size_t a, size_t b)
{
    uint8_t kept[STEP];
    memcpy(kept, s->blob.data + a * STEP, STEP);
    memcpy(s->blob.data + a * STEP, s->blob.data + b * STEP, STEP);
    memcpy(s->blob.data + b * STEP, kept, STEP);
}

static void moved_and_doubled_regions_are_refused(void **state)
{
    static const char *const names[] = {"python", "java"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (size_t a = 0; a < 3; a++) {
            for (size_t b = a + 1; b < 3; b++) {
                COF_CLEANUP(sample_free) sample s;
                make_sample(names[i], i == 0 ? 3 * REGION + 452 : 3 * REGION, &s);
                swap_regions(&s, a, b);
                pin(&s);
                assert_status(open_whole(&s), BAD_FORMAT);
                swap_regions(&s, a, b);
                memcpy(s.blob.data + b * STEP, s.blob.data + a * STEP, STEP);
                pin(&s);
                assert_status(open_whole(&s), BAD_FORMAT);
            }
        }
    }
}

static void dropped_regions_are_refused(void **state)
{
    (void)state;
    for (size_t dropped = 0; dropped < 3; dropped++) {
        COF_CLEANUP(sample_free) sample s;
        make_sample("java", 3 * REGION, &s);
        memmove(s.blob.data + dropped * STEP, s.blob.data + (dropped + 1) * STEP,
                (2 - dropped) * STEP);
        s.blob.size -= STEP;
        pin(&s);
        if (dropped < 2) {
            assert_status(open_whole(&s), BAD_FORMAT);
            s.expect.size = 2 * REGION;
            assert_status(open_whole(&s), BAD_FORMAT);
        } else {
            assert_status(open_whole(&s), TRUNCATED);
        }
    }
}

static void a_cut_blob_is_refused(void **state)
{
    COF_CLEANUP(sample_free) sample s;
    (void)state;
    make_sample("dotnet", 2 * REGION + 1, &s);
    const size_t whole = s.blob.size;
    for (size_t size = 0; size < whole;
         size += size % STEP < 30 || size % STEP > STEP - 3 ? 1 : 97) {
        s.blob.size = size;
        pin(&s);
        assert_status(open_whole(&s), TRUNCATED);
    }
    s.blob.size = whole;
}

static void bytes_after_the_blob_are_refused(void **state)
{
    COF_CLEANUP(sample_free) sample s;
    (void)state;
    make_sample("dotnet", 2 * REGION + 1, &s);
    assert_ok(cof_buf_append_text(&s.blob, "x", NULL));
    pin(&s);
    assert_status(open_whole(&s), TRAILING_BYTES);
    s.expect.size = 2 * REGION; /* a shorter plaintext makes of the last region something else */
    assert_status(open_whole(&s), TRAILING_BYTES);
}

static void another_region_size_is_refused(void **state)
{
    COF_CLEANUP(sample_free) sample s;
    (void)state;
    make_sample("python", 3 * REGION + 452, &s);
    s.head.region_size = REGION + 1;
    assert_status(open_whole(&s), TAG_MISMATCH);
    s.head.region_size = COF_CSE_REGION_HIGH;
    assert_status(open_whole(&s), TAG_MISMATCH);
}

/* Writes one region of 5 bytes under a key whose wrapped form is chosen. */
static void make_own(const uint8_t unwrapped[static COF_CSE_KEY_SIZE], size_t unwrapped_size,
                     sample *out)
{
    cof_chunk_key key;
    uint8_t region[5 + COF_CSE_REGION_OVERHEAD] = {0};
    COF_CLEANUP(cof_aead_drop_) cof_aead *aead = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf wrapped = {.limit = COF_CSE_WRAPPED_HIGH};
    *out = (sample){.head = {.algorithm = COF_CSE_RSA_OAEP_256, .region_size = REGION},
                    .expect = {.size = 5}};
    memcpy(key.bytes, unwrapped + 8, sizeof key.bytes);
    assert_ok(cof_aead_new(&key, &aead, NULL));
    assert_ok(cof_aead_seal(aead, region, cof_view_text("hello"), region + 12, region + 17, NULL));
    cof_buf_init(&out->blob, BIG);
    assert_ok(cof_buf_append(&out->blob, cof_view_of(region, sizeof region), NULL));
    assert_ok(cof_rsa_encrypt(owner, COF_OAEP_SHA256, cof_view_of(unwrapped, unwrapped_size),
                              &wrapped, NULL));
    memcpy(out->head.wrapped, wrapped.data, wrapped.size);
    out->head.wrapped_size = wrapped.size;
    pin(out);
}

static void a_key_under_another_version_is_refused(void **state)
{
    static const char *const versions[] = {"2.0", "2.1", "1.0", "2.", "2.00", ""};
    (void)state;
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        COF_CLEANUP(sample_free) sample s;
        uint8_t unwrapped[COF_CSE_KEY_SIZE] = {0};
        memcpy(unwrapped, versions[i], strlen(versions[i]));
        make_own(unwrapped, sizeof unwrapped, &s);
        for (uint8_t minor = 0; minor < 2; minor++) {
            s.head.minor = minor;
            if (i == minor) {
                assert_ok(open_whole(&s));
            } else {
                assert_status(open_whole(&s), KEY_MISMATCH);
            }
        }
    }
}

static void a_key_of_another_size_is_refused(void **state)
{
    static const size_t sizes[] = {0, 8, 32, 39};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        COF_CLEANUP(sample_free) sample s;
        uint8_t unwrapped[COF_CSE_KEY_SIZE] = "2.0";
        make_own(unwrapped, sizes[i], &s);
        assert_status(open_whole(&s), KEY_MISMATCH);
    }
}

static void another_owners_wrapped_key_is_refused(void **state)
{
    COF_CLEANUP(sample_free) sample s;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *other = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf wrapped = {.limit = COF_CSE_WRAPPED_HIGH};
    const uint8_t key[COF_CSE_KEY_SIZE] = "2.0";
    (void)state;
    make_sample("python", 3 * REGION + 452, &s);
    assert_ok(cof_rsa_generate(2048, &other, NULL));
    assert_ok(
        cof_rsa_encrypt(other, COF_OAEP_SHA256, cof_view_of(key, sizeof key), &wrapped, NULL));
    memcpy(s.head.wrapped, wrapped.data, wrapped.size);
    assert_status(open_whole(&s), KEY_MISMATCH);
    /* One that opens, but is not this blob's. */
    cof_buf_clear(&wrapped);
    assert_ok(
        cof_rsa_encrypt(owner, COF_OAEP_SHA256, cof_view_of(key, sizeof key), &wrapped, NULL));
    memcpy(s.head.wrapped, wrapped.data, wrapped.size);
    assert_status(open_whole(&s), TAG_MISMATCH);
    /* The right one, unwrapped as the wrong algorithm. */
    COF_CLEANUP(sample_free) sample again;
    make_sample("python", 3 * REGION + 452, &again);
    again.head.algorithm = COF_CSE_RSA_OAEP;
    assert_status(open_whole(&again), KEY_MISMATCH);
}

static void a_head_out_of_its_limits_is_refused(void **state)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = BIG};
    cof_cse_head head = {.algorithm = COF_CSE_RSA_OAEP, .region_size = REGION, .wrapped_size = 256};
    cof_cse_head parsed;
    static const struct {
        size_t at;
        uint8_t value;
        const char *status;
    } cases[] = {{0, 'X', "BAD_FORMAT"}, {7, '1', "BAD_FORMAT"}, {8, 2, "BAD_FORMAT"},
                 {9, 0, "UNSUPPORTED"},  {9, 3, "UNSUPPORTED"},  {11, 0, "LIMIT"},
                 {11, 4, "LIMIT"},       {10, 1, "TRUNCATED"},   {13, 3, "LIMIT"},
                 {15, 1, "LIMIT"},       {14, 0x41, "LIMIT"}};
    (void)state;
    assert_ok(cof_cse_head_print(&head, &bytes, NULL));
    assert_ok(cof_cse_head_parse(cof_buf_view(&bytes), &parsed, NULL));
    assert_memory_equal(&parsed, &head, sizeof head);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const uint8_t kept = bytes.data[cases[i].at];
        bytes.data[cases[i].at] = cases[i].value;
        const cof_status status = cof_cse_head_parse(cof_buf_view(&bytes), &parsed, NULL);
        assert_string_equal(cof_status_describe(status)->name, cases[i].status);
        bytes.data[cases[i].at] = kept;
    }
    for (size_t size = 0; size < bytes.size; size++) {
        assert_status(cof_cse_head_parse(cof_view_of(bytes.data, size), &parsed, NULL), TRUNCATED);
    }
    assert_ok(cof_buf_append_text(&bytes, "x", NULL));
    assert_status(cof_cse_head_parse(cof_buf_view(&bytes), &parsed, NULL), TRAILING_BYTES);
}

static void encryption_data_that_cannot_be_opened_is_refused(void **state)
{
    static const struct {
        const char *from;
        const char *to;
        const char *status;
    } cases[] = {{"\"2.0\"", "\"1.0\"", "UNSUPPORTED"},
                 {"\"2.0\"", "\"3.0\"", "UNSUPPORTED"},
                 {"\"2.0\"", "\"2.2\"", "UNSUPPORTED"},
                 {"AES_GCM_256", "AES_CBC_256", "UNSUPPORTED"},
                 {"RSA-OAEP-256", "A256KW", "UNSUPPORTED"},
                 {"RSA-OAEP-256", "RSA1_5", "UNSUPPORTED"},
                 {"FullBlob", "FullMessage", "UNSUPPORTED"},
                 {"1024", "1023", "BAD_FORMAT"},
                 {"1024", "4194305", "BAD_FORMAT"},
                 {"1024", "\"1024\"", "BAD_FORMAT"},
                 {"\"NonceLength\": 12", "\"NonceLength\": 8", "BAD_FORMAT"},
                 {"EncryptedRegionInfo", "RegionInfo", "BAD_FORMAT"},
                 {"WrappedContentKey", "ContentKey", "BAD_FORMAT"},
                 {"\"EncryptedKey\": \"", "\"EncryptedKey\": \"*", "BAD_FORMAT"},
                 {"\"EncryptedKey\": \"", "\"EncryptedKey\": \"AAAA\", \"x\": \"", "BAD_FORMAT"},
                 {"\"EncryptionMode\"", "\"EncryptionAgent\"", "BAD_JSON"},
                 {"{\"WrappedContentKey\"", "[{\"WrappedContentKey\"", "BAD_JSON"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf data = {0};
        COF_CLEANUP(cof_buf_free) cof_buf changed = {.limit = BIG};
        const char *text = NULL;
        cof_cse_head head;
        read_vector("python", ".json", &data);
        assert_ok(cof_buf_text(&data, &text, NULL));
        const char *at = strstr(text, cases[i].from);
        assert_non_null(at);
        assert_ok(cof_buf_append(&changed, cof_view_of(text, (size_t)(at - text)), NULL));
        assert_ok(cof_buf_append_text(&changed, cases[i].to, NULL));
        assert_ok(cof_buf_append_text(&changed, at + strlen(cases[i].from), NULL));
        const cof_status status = cof_encryption_data_parse(cof_buf_view(&changed), &head, NULL);
        assert_string_equal(cof_status_describe(status)->name, cases[i].status);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blobs_of_all_libraries_open),
        cmocka_unit_test(another_blob_than_the_pinned_one_is_refused),
        cmocka_unit_test(a_flipped_bit_is_refused_even_when_it_is_pinned),
        cmocka_unit_test(moved_and_doubled_regions_are_refused),
        cmocka_unit_test(dropped_regions_are_refused),
        cmocka_unit_test(a_cut_blob_is_refused),
        cmocka_unit_test(bytes_after_the_blob_are_refused),
        cmocka_unit_test(another_region_size_is_refused),
        cmocka_unit_test(a_key_under_another_version_is_refused),
        cmocka_unit_test(a_key_of_another_size_is_refused),
        cmocka_unit_test(another_owners_wrapped_key_is_refused),
        cmocka_unit_test(a_head_out_of_its_limits_is_refused),
        cmocka_unit_test(encryption_data_that_cannot_be_opened_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    if (argc != 2) {
        return 64;
    }
    folder = argv[1];
    return cmocka_run_group_tests(tests, read_key, free_key);
}
