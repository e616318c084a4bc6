#include <string.h>

#include "seal_kit.h"

static void put_area(cof_buf *object, const kit_layout *layout, cof_view area)
{
    assert_int_equal(layout->area + area.size, layout->cipher);
    memcpy(object->data + layout->area, area.data, area.size);
}

/* An object for job key 1, its front and key, and a new area for job key 2. */
typedef struct rewrapped {
    cof_buf object;
    cof_buf old_area;
    cof_buf area;
    cof_digest digest;
    kit_layout layout;
} rewrapped;

static void rewrapped_free(rewrapped *r)
{
    cof_buf_free(&r->object);
    cof_buf_free(&r->old_area);
    cof_buf_free(&r->area);
}

static rewrapped make(void)
{
    rewrapped r = {.object.limit = 1 << 20, .old_area.limit = 4096, .area.limit = 4096};
    const cof_seal_header header = kit_header(COF_SEAL_MODEL, "model");
    kit_seal(&header, cof_view_text("weights"), &r.object, &r.digest);
    r.layout = kit_layout_of(cof_buf_view(&r.object));
    assert_ok(cof_buf_append(&r.old_area, cof_view_of(r.object.data + r.layout.area, 4096), NULL));
    cof_data_key key = {0};
    kit_data_key(cof_buf_view(&r.object), &key);
    COF_CLEANUP(cof_front_drop_) cof_front *front = NULL;
    assert_ok(cof_front_parse(cof_view_of(r.object.data, r.layout.cipher), &front, NULL));
    const cof_wrap_key wrap = kit_wrap_key(2);
    const cof_recipient recipient = {.kid = "job", .wrap = &wrap};
    assert_ok(cof_front_rewrap(front, &key, &recipient, 1, &r.area, NULL));
    assert_int_equal(r.area.size, 4096);
    return r;
}

static void a_rewrapped_object_opens_for_the_new_recipient_alone(void **state)
{
    (void)state;
    COF_CLEANUP(rewrapped_free) rewrapped r = make();
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 100};
    assert_ok(kit_open(cof_buf_view(&r.object), 1, &r.digest, &out));
    put_area(&r.object, &r.layout, cof_buf_view(&r.area));
    cof_buf_clear(&out);
    assert_ok(kit_open(cof_buf_view(&r.object), 2, &r.digest, &out)); /* the same digest */
    assert_view_text(cof_buf_view(&out), "weights");
    assert_status(kit_open(cof_buf_view(&r.object), 1, &r.digest, &out), KEY_MISMATCH);
}

/* Said so in sealed.md: to withdraw access, withdraw the key. */
static void an_old_area_can_be_put_back_as_the_format_says(void **state)
{
    (void)state;
    COF_CLEANUP(rewrapped_free) rewrapped r = make();
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 100};
    put_area(&r.object, &r.layout, cof_buf_view(&r.area));
    put_area(&r.object, &r.layout, cof_buf_view(&r.old_area));
    assert_ok(kit_open(cof_buf_view(&r.object), 1, &r.digest, &out));
}

static void rewrapping_needs_the_objects_own_key(void **state)
{
    (void)state;
    COF_CLEANUP(rewrapped_free) rewrapped r = make();
    COF_CLEANUP(cof_front_drop_) cof_front *front = NULL;
    assert_ok(cof_front_parse(cof_view_of(r.object.data, r.layout.cipher), &front, NULL));
    const cof_wrap_key wrap = kit_wrap_key(2);
    const cof_recipient recipient = {.kid = "job", .wrap = &wrap};
    const cof_data_key wrong = {{1}};
    COF_CLEANUP(cof_buf_free) cof_buf area = {.limit = 4096};
    assert_status(cof_front_rewrap(front, &wrong, &recipient, 1, &area, NULL), KEY_MISMATCH);
    assert_int_equal(area.size, 0);
}

static void recipients_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    COF_CLEANUP(rewrapped_free) rewrapped r = make();
    COF_CLEANUP(cof_front_drop_) cof_front *front = NULL;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *key = NULL;
    assert_ok(cof_front_parse(cof_view_of(r.object.data, r.layout.cipher), &front, NULL));
    assert_ok(cof_rsa_generate(2048, &key, NULL));
    /* Twenty entries of 5 + 2 + 256 bytes: more than 4096. */
    char kids[20][3];
    cof_recipient many[20];
    for (size_t i = 0; i < 20; i++) {
        kids[i][0] = 'k';
        kids[i][1] = (char)('a' + i);
        kids[i][2] = 0;
        many[i] = (cof_recipient){.kid = kids[i], .rsa = key};
    }
    cof_data_key data_key = {0};
    kit_data_key(cof_buf_view(&r.object), &data_key);
    COF_CLEANUP(cof_buf_free) cof_buf area = {.limit = 1 << 20};
    assert_status(cof_front_rewrap(front, &data_key, many, 20, &area, NULL), LIMIT);
    assert_ok(cof_front_rewrap(front, &data_key, many, 15, &area, NULL));
    assert_int_equal(area.size, 4096);
}

static void a_damaged_area_can_be_repaired_with_the_key(void **state)
{
    (void)state;
    COF_CLEANUP(rewrapped_free) rewrapped r = make();
    cof_data_key key = {0};
    kit_data_key(cof_buf_view(&r.object), &key);
    r.object.data[r.layout.area + 20] ^= 1;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 100};
    assert_status(cof_open_bytes(cof_buf_view(&r.object), &key, NULL, &out, NULL), TAG_MISMATCH);
    put_area(&r.object, &r.layout, cof_buf_view(&r.area));
    assert_ok(kit_open(cof_buf_view(&r.object), 2, &r.digest, &out));
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rewrapped_object_opens_for_the_new_recipient_alone),
        cmocka_unit_test(an_old_area_can_be_put_back_as_the_format_says),
        cmocka_unit_test(rewrapping_needs_the_objects_own_key),
        cmocka_unit_test(recipients_that_do_not_fit_are_refused),
        cmocka_unit_test(a_damaged_area_can_be_repaired_with_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
