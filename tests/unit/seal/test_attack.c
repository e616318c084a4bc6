/*
 * What whoever stores or carries a sealed object may try. Each test first shows that the unmodified
 * object opens, so that a refusal means something.
 */
#include <string.h>

#include "seal_kit.h"

enum { THREE_CHUNKS = 2 * 65536 + 1000 };

typedef struct victim {
    cof_buf object;
    cof_buf plain;
    cof_digest digest;
    cof_data_key key;
    kit_layout layout;
} victim;

static void victim_free(victim *v)
{
    cof_buf_free(&v->object);
    cof_buf_free(&v->plain);
}

static cof_status open_pinned(const victim *v, cof_view object)
{
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 1 << 20};
    return cof_open_bytes(object, &v->key, &v->digest, &out, NULL);
}

/* Where nothing pins the digest (a checkpoint), the key alone must tell. */
static cof_status open_unpinned(const victim *v, cof_view object)
{
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 1 << 20};
    return cof_open_bytes(object, &v->key, NULL, &out, NULL);
}

static victim make_victim(cof_seal_kind kind, const char *name, size_t size, uint64_t seed)
{
    victim v = {.object.limit = 1 << 20, .plain.limit = 1 << 20};
    const cof_seal_header header = kit_header(kind, name);
    kit_fill(&v.plain, size, seed);
    kit_seal(&header, cof_buf_view(&v.plain), &v.object, &v.digest);
    kit_data_key(cof_buf_view(&v.object), &v.key);
    v.layout = kit_layout_of(cof_buf_view(&v.object));
    assert_ok(open_pinned(&v, cof_buf_view(&v.object)));
    assert_ok(open_unpinned(&v, cof_buf_view(&v.object)));
    return v;
}

/* A copy of the object that the attacker may change. */
static void copy_object(const victim *v, cof_buf *out)
{
    cof_buf_init(out, 1 << 20);
    assert_ok(cof_buf_append(out, cof_buf_view(&v->object), NULL));
}

#define assert_refused(status) assert_int_not_equal((status), COF_OK)

static void every_flipped_bit_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(victim_free) victim v = make_victim(COF_SEAL_CHECKPOINT, "c", 40, 1);
    COF_CLEANUP(cof_buf_free) cof_buf object = {0};
    copy_object(&v, &object);
    for (size_t bit = 0; bit < 8 * object.size; bit++) {
        const uint8_t mask = (uint8_t)(1u << bit % 8);
        object.data[bit / 8] ^= mask;
        const cof_status status = open_unpinned(&v, cof_buf_view(&object));
        if (status == COF_OK) {
            fail_msg("bit %zu of byte %zu was missed", bit % 8, bit / 8);
        }
        object.data[bit / 8] ^= mask;
    }
    assert_ok(open_unpinned(&v, cof_buf_view(&object)));
}

static void every_flipped_bit_before_the_recipients_changes_the_digest(void **state)
{
    (void)state;
    COF_CLEANUP(victim_free) victim v = make_victim(COF_SEAL_DATASET, "d", 40, 1);
    COF_CLEANUP(cof_buf_free) cof_buf object = {0};
    copy_object(&v, &object);
    const cof_data_key wrong = {{9}};
    for (size_t bit = 0; bit < 8 * v.layout.area; bit++) {
        const uint8_t mask = (uint8_t)(1u << bit % 8);
        object.data[bit / 8] ^= mask;
        COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 100};
        /* With a wrong key: the digest must be looked at before the key. */
        const cof_status status =
            cof_open_bytes(cof_buf_view(&object), &wrong, &v.digest, &out, NULL);
        if (status == COF_OK || status == COF_E_KEY_MISMATCH) {
            fail_msg("bit %zu: status %d", bit, (int)status);
        }
        object.data[bit / 8] ^= mask;
    }
}

static void swapped_chunks_are_refused(void **state)
{
    (void)state;
    COF_CLEANUP(victim_free) victim v = make_victim(COF_SEAL_DATASET, "d", 3 * 65536, 2);
    for (int with_tags = 0; with_tags < 2; with_tags++) {
        COF_CLEANUP(cof_buf_free) cof_buf object = {0};
        copy_object(&v, &object);
        memcpy(object.data + v.layout.cipher, v.object.data + v.layout.cipher + 65536, 65536);
        memcpy(object.data + v.layout.cipher + 65536, v.object.data + v.layout.cipher, 65536);
        if (with_tags) {
            memcpy(object.data + v.layout.tags, v.object.data + v.layout.tags + 16, 16);
            memcpy(object.data + v.layout.tags + 16, v.object.data + v.layout.tags, 16);
            assert_status(open_pinned(&v, cof_buf_view(&object)), DIGEST_MISMATCH);
        }
        assert_status(open_unpinned(&v, cof_buf_view(&object)), TAG_MISMATCH);
    }
}

static void a_duplicated_chunk_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(victim_free) victim v = make_victim(COF_SEAL_DATASET, "d", 3 * 65536, 2);
    COF_CLEANUP(cof_buf_free) cof_buf object = {0};
    copy_object(&v, &object);
    memcpy(object.data + v.layout.cipher + 65536, object.data + v.layout.cipher, 65536);
    memcpy(object.data + v.layout.tags + 16, object.data + v.layout.tags, 16);
    assert_status(open_unpinned(&v, cof_buf_view(&object)), TAG_MISMATCH);
}

static void set_size(cof_buf *object, uint64_t size)
{
    for (size_t i = 0; i < 8; i++) {
        object->data[16 + i] = (uint8_t)(size >> (8 * i));
    }
}

/* Removes size bytes at offset. */
static void cut(cof_buf *object, size_t offset, size_t size)
{
    memmove(object->data + offset, object->data + offset + size, object->size - offset - size);
    object->size -= size;
}

static void a_dropped_last_chunk_is_refused_even_with_its_traces_removed(void **state)
{
    (void)state;
    COF_CLEANUP(victim_free) victim v = make_victim(COF_SEAL_CHECKPOINT, "c", THREE_CHUNKS, 2);
    COF_CLEANUP(cof_buf_free) cof_buf object = {0};
    copy_object(&v, &object);
    object.size -= 1000;
    assert_status(open_unpinned(&v, cof_buf_view(&object)), TRUNCATED);
    /* Now consistently: size, tag table and ciphertext of two chunks. */
    set_size(&object, 2 * 65536);
    cut(&object, v.layout.tags + 32, 16);
    assert_status(open_unpinned(&v, cof_buf_view(&object)), KEY_MISMATCH);
}

static void a_dropped_middle_chunk_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(victim_free) victim v = make_victim(COF_SEAL_CHECKPOINT, "c", THREE_CHUNKS, 2);
    COF_CLEANUP(cof_buf_free) cof_buf object = {0};
    copy_object(&v, &object);
    cut(&object, v.layout.cipher + 65536, 65536);
    assert_status(open_unpinned(&v, cof_buf_view(&object)), TRUNCATED);
    set_size(&object, 65536 + 1000);
    cut(&object, v.layout.tags + 16, 16);
    assert_status(open_unpinned(&v, cof_buf_view(&object)), KEY_MISMATCH);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(victim_free) victim v = make_victim(COF_SEAL_CHECKPOINT, "c", 40, 1);
    for (size_t size = 0; size < v.object.size; size++) {
        assert_status(open_unpinned(&v, cof_view_of(v.object.data, size)), TRUNCATED);
    }
}

static void trailing_bytes_are_refused(void **state)
{
    (void)state;
    COF_CLEANUP(victim_free) victim v = make_victim(COF_SEAL_CHECKPOINT, "c", 40, 1);
    COF_CLEANUP(cof_buf_free) cof_buf object = {0};
    copy_object(&v, &object);
    assert_ok(cof_buf_append_text(&object, "x", NULL));
    assert_status(open_pinned(&v, cof_buf_view(&object)), TRAILING_BYTES);
}

static void a_chunk_of_another_object_is_refused(void **state)
{
    (void)state;
    /* "Another version of the same file" is just this: same name, kind, size, recipients. */
    COF_CLEANUP(victim_free) victim v = make_victim(COF_SEAL_DATASET, "d", 3 * 65536, 2);
    COF_CLEANUP(victim_free) victim old = make_victim(COF_SEAL_DATASET, "d", 3 * 65536, 3);
    COF_CLEANUP(cof_buf_free) cof_buf object = {0};
    copy_object(&v, &object);
    memcpy(object.data + v.layout.cipher, old.object.data + v.layout.cipher, 65536);
    assert_status(open_pinned(&v, cof_buf_view(&object)), TAG_MISMATCH);
    memcpy(object.data + v.layout.tags, old.object.data + v.layout.tags, 16);
    assert_status(open_pinned(&v, cof_buf_view(&object)), DIGEST_MISMATCH);
    assert_status(open_unpinned(&v, cof_buf_view(&object)), TAG_MISMATCH);
}

static void an_older_version_of_a_file_is_not_the_pinned_one(void **state)
{
    (void)state;
    COF_CLEANUP(victim_free) victim v = make_victim(COF_SEAL_DATASET, "d", 100, 2);
    COF_CLEANUP(victim_free) victim old = make_victim(COF_SEAL_DATASET, "d", 100, 3);
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 1000};
    assert_status(kit_open(cof_buf_view(&old.object), 1, &v.digest, &out), DIGEST_MISMATCH);
}

static void a_changed_kind_name_or_context_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(victim_free) victim v = make_victim(COF_SEAL_MODEL, "model-a", 100, 2);
    const size_t offsets[] = {10, 40, 78 + 6};
    const uint8_t values[] = {COF_SEAL_REPORT, 8, 'b'};
    for (size_t i = 0; i < 3; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf object = {0};
        copy_object(&v, &object);
        object.data[offsets[i]] = values[i];
        assert_status(open_unpinned(&v, cof_buf_view(&object)), KEY_MISMATCH);
        assert_status(open_pinned(&v, cof_buf_view(&object)), DIGEST_MISMATCH);
    }
}

static void a_header_of_another_object_is_refused(void **state)
{
    (void)state;
    COF_CLEANUP(victim_free) victim a = make_victim(COF_SEAL_MODEL, "model-a", 100, 2);
    COF_CLEANUP(victim_free) victim b = make_victim(COF_SEAL_MODEL, "model-b", 100, 2);
    COF_CLEANUP(cof_buf_free) cof_buf object = {0};
    copy_object(&a, &object);
    memcpy(object.data, b.object.data, a.layout.commitment);
    assert_status(open_unpinned(&a, cof_buf_view(&object)), KEY_MISMATCH);
}

static void recipients_of_another_object_are_refused(void **state)
{
    (void)state;
    COF_CLEANUP(victim_free) victim a = make_victim(COF_SEAL_MODEL, "model-a", 100, 2);
    COF_CLEANUP(victim_free) victim b = make_victim(COF_SEAL_MODEL, "model-b", 100, 2);
    COF_CLEANUP(cof_buf_free) cof_buf object = {0};
    copy_object(&a, &object);
    memcpy(object.data + a.layout.area, b.object.data + b.layout.area, 4096);
    assert_status(open_pinned(&a, cof_buf_view(&object)), TAG_MISMATCH);
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 1000};
    assert_status(kit_open(cof_buf_view(&object), 1, NULL, &out), KEY_MISMATCH);
}

/* An object for two RSA keys, whose entries the attacker can edit. */
static void edited_recipients_are_refused(void **state)
{
    (void)state;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *alice = NULL;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *bob = NULL;
    assert_ok(cof_rsa_generate(2048, &alice, NULL));
    assert_ok(cof_rsa_generate(2048, &bob, NULL));
    const cof_recipient both[] = {{.kid = "aa", .rsa = alice}, {.kid = "bb", .rsa = bob}};
    const cof_seal_header header = kit_header(COF_SEAL_MODEL, "model");
    victim v = {.object.limit = 1 << 20};
    assert_ok(cof_seal_bytes(&header, both, 2, cof_view_text("x"), &v.object, &v.digest, NULL));
    v.layout = kit_layout_of(cof_buf_view(&v.object));
    COF_CLEANUP(cof_front_drop_) cof_front *front = NULL;
    assert_ok(cof_front_parse(cof_view_of(v.object.data, v.layout.cipher), &front, NULL));
    assert_ok(cof_front_key_rsa(front, "bb", bob, &v.key, NULL));
    assert_ok(open_pinned(&v, cof_buf_view(&v.object)));

    enum { ENTRY = 5 + 2 + 256 };
    uint8_t *const area = v.object.data + v.layout.area;
    uint8_t *const first = area + 6;
    uint8_t saved[2 * ENTRY];
    memcpy(saved, first, sizeof saved);
    /* Swapped entries: the same recipients in another order. */
    memcpy(first, saved + ENTRY, ENTRY);
    memcpy(first + ENTRY, saved, ENTRY);
    assert_status(open_pinned(&v, cof_buf_view(&v.object)), TAG_MISMATCH);
    memcpy(first, saved, sizeof saved);
    /* One renamed: who looks at the list would be told that somebody else can open it. */
    first[3] = 'c';
    assert_status(open_pinned(&v, cof_buf_view(&v.object)), TAG_MISMATCH);
    memcpy(first, saved, sizeof saved);
    /* The last one taken off the list, whose mac is moved up. */
    area[0] = 1;
    area[2] = (uint8_t)(ENTRY & 0xff);
    area[3] = (uint8_t)(ENTRY >> 8);
    memmove(first + ENTRY, first + 2 * ENTRY, 32);
    memset(first + ENTRY + 32, 0, ENTRY);
    assert_status(open_pinned(&v, cof_buf_view(&v.object)), TAG_MISMATCH);
    victim_free(&v);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(every_flipped_bit_before_the_recipients_changes_the_digest),
        cmocka_unit_test(swapped_chunks_are_refused),
        cmocka_unit_test(a_duplicated_chunk_is_refused),
        cmocka_unit_test(a_dropped_last_chunk_is_refused_even_with_its_traces_removed),
        cmocka_unit_test(a_dropped_middle_chunk_is_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(trailing_bytes_are_refused),
        cmocka_unit_test(a_chunk_of_another_object_is_refused),
        cmocka_unit_test(an_older_version_of_a_file_is_not_the_pinned_one),
        cmocka_unit_test(a_changed_kind_name_or_context_is_refused),
        cmocka_unit_test(a_header_of_another_object_is_refused),
        cmocka_unit_test(recipients_of_another_object_are_refused),
        cmocka_unit_test(edited_recipients_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
