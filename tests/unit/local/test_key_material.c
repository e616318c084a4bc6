#include "harness/cof_test.h"

#include <openssl/core_names.h>
#include <string.h>

#include "local/vault/key_material.h"
#include "tcb/crypto/openssl.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { BYTES = 16 * 1024 };

static const cof_key_kind kinds[] = {
    {.type = COF_KEY_RSA, .bits = 2048},
    {.type = COF_KEY_EC, .curve = COF_CURVE_P256},
    {.type = COF_KEY_EC, .curve = COF_CURVE_P384, .is_hsm = true},
    {.type = COF_KEY_EC, .curve = COF_CURVE_P521},
    {.type = COF_KEY_EC, .curve = COF_CURVE_P256K},
    {.type = COF_KEY_OCT, .bits = 128},
    {.type = COF_KEY_OCT, .bits = 192, .is_hsm = true},
    {.type = COF_KEY_OCT, .bits = 256},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static cof_key_material *made[KINDS]; /* one of each kind, for all tests */

static void set(json_t *jwk, const char *name, cof_view bytes)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = BYTES};
    assert_ok(cof_base64url_encode(bytes, &text, NULL));
    assert_ok(cof_json_set(jwk, name, json_stringn((const char *)text.data, text.size), NULL));
}

static void set_number(json_t *jwk, const char *name, const EVP_PKEY *pkey, const char *parameter,
                       int width)
{
    COF_CLEANUP(BIGNUM_drop_) BIGNUM *number = NULL;
    uint8_t bytes[512];
    assert_int_equal(EVP_PKEY_get_bn_param(pkey, parameter, &number), 1);
    width = width > 0 ? width : BN_num_bytes(number);
    assert_int_equal(BN_bn2binpad(number, bytes, width), width);
    set(jwk, name, cof_view_of(bytes, (size_t)width));
}

/* The private JWK, made by OpenSSL's parameters. */
static json_t *private_jwk(const cof_key_material *key)
{
    static const char *const rsa[][2] = {
        {"d", OSSL_PKEY_PARAM_RSA_D},          {"p", OSSL_PKEY_PARAM_RSA_FACTOR1},
        {"q", OSSL_PKEY_PARAM_RSA_FACTOR2},    {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1},
        {"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2}, {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1}};
    json_t *jwk = json_object();
    const EVP_PKEY *pkey = cof_key_material_evp(key);
    assert_ok(cof_key_material_public(key, jwk, NULL));
    switch (cof_key_material_kind(key)->type) {
    case COF_KEY_RSA:
        for (size_t i = 0; i < sizeof rsa / sizeof rsa[0]; i++) {
            set_number(jwk, rsa[i][0], pkey, rsa[i][1], 0);
        }
        break;
    case COF_KEY_EC:
        set_number(jwk, "d", pkey, OSSL_PKEY_PARAM_PRIV_KEY, (EVP_PKEY_get_bits(pkey) + 7) / 8);
        break;
    case COF_KEY_OCT:
        set(jwk, "k", cof_key_material_bytes(key));
        break;
    }
    return jwk;
}

static void assert_same_key(const cof_key_material *a, const cof_key_material *b)
{
    COF_CLEANUP(cof_buf_free) cof_buf left = {.limit = BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf right = {.limit = BYTES};
    assert_ok(cof_key_material_store(a, &left, NULL));
    assert_ok(cof_key_material_store(b, &right, NULL));
    assert_true(cof_view_equal(cof_buf_view(&left), cof_buf_view(&right)));
}

static void every_kind_is_made_stored_and_loaded(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = BYTES};
        COF_CLEANUP(cof_key_material_drop_) cof_key_material *loaded = NULL;
        cof_key_kind kind = kinds[i];
        kind.bits = 0;
        assert_ok(cof_key_material_store(made[i], &bytes, NULL));
        assert_ok(cof_key_material_load(&kind, cof_buf_view(&bytes), &loaded, NULL));
        assert_same_key(made[i], loaded);
        assert_int_equal(cof_key_material_kind(loaded)->bits, kinds[i].bits);
        assert_int_equal(cof_key_material_kind(loaded)->is_hsm, kinds[i].is_hsm);
        assert_true((cof_key_material_evp(loaded) == NULL) == (kinds[i].type == COF_KEY_OCT));
        assert_int_equal(8 * cof_key_material_bytes(loaded).size,
                         kinds[i].type == COF_KEY_OCT ? kinds[i].bits : 0);
    }
}

static void every_kind_is_imported_from_its_jwk(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        COF_JSON json_t *jwk = private_jwk(made[i]);
        COF_CLEANUP(cof_key_material_drop_) cof_key_material *imported = NULL;
        cof_key_kind kind = {0};
        assert_ok(cof_key_material_from_jwk(jwk, &imported, NULL));
        assert_same_key(made[i], imported);
        assert_ok(cof_key_kind_of(jwk, &kind, NULL));
        assert_string_equal(cof_key_type_name(&kind), cof_key_type_name(&kinds[i]));
    }
}

static void public_members_hold_nothing_private(void **state)
{
    (void)state;
    static const size_t counts[] = {[COF_KEY_RSA] = 3, [COF_KEY_EC] = 4, [COF_KEY_OCT] = 1};
    for (size_t i = 0; i < KINDS; i++) {
        COF_JSON json_t *jwk = json_object();
        assert_ok(cof_key_material_public(made[i], jwk, NULL));
        assert_int_equal(json_object_size(jwk), counts[kinds[i].type]);
    }
}

/* The first key of a type, with a member changed. */
static cof_status import_changed(size_t i, const char *name, const char *other, char *detail)
{
    COF_JSON json_t *jwk = private_jwk(made[i]);
    COF_CLEANUP(cof_key_material_drop_) cof_key_material *imported = NULL;
    cof_err err = {0};
    if (other == NULL) {
        assert_int_equal(json_object_del(jwk, name), 0);
    } else {
        assert_ok(cof_json_set(jwk, name, json_string(other), NULL));
    }
    const cof_status status = cof_key_material_from_jwk(jwk, &imported, &err);
    (void)snprintf(detail, COF_ERR_DETAIL_SIZE, "%s", err.detail);
    return status;
}

static void a_part_that_is_missing_is_named(void **state)
{
    (void)state;
    static const char *const members[][9] = {{"n", "e", "d", "p", "q", "dp", "dq", "qi", NULL},
                                             {"x", "y", "d", "crv", NULL}};
    char detail[COF_ERR_DETAIL_SIZE];
    for (size_t i = 0; i < 2; i++) {
        for (size_t m = 0; members[i][m] != NULL; m++) {
            char expected[16];
            (void)snprintf(expected, sizeof expected, "key.%s", members[i][m]);
            assert_status(import_changed(i, members[i][m], NULL, detail), BAD_KEY);
            assert_non_null(strstr(detail, expected));
        }
    }
    assert_status(import_changed(5, "k", NULL, detail), BAD_KEY);
}

static void parts_that_do_not_belong_together_are_refused(void **state)
{
    (void)state;
    static const char *const rsa[] = {"n", "d", "p", "q", "dp", "dq", "qi"};
    char detail[COF_ERR_DETAIL_SIZE];
    COF_CLEANUP(cof_key_material_drop_) cof_key_material *other = NULL;
    assert_ok(cof_key_material_generate(&kinds[0], &other, NULL));
    COF_JSON json_t *jwk = private_jwk(other);
    for (size_t i = 0; i < sizeof rsa / sizeof rsa[0]; i++) {
        const char *value = json_string_value(json_object_get(jwk, rsa[i]));
        assert_status(import_changed(0, rsa[i], value, detail), BAD_KEY);
    }
    COF_CLEANUP(cof_key_material_drop_) cof_key_material *point = NULL;
    assert_ok(cof_key_material_generate(&kinds[1], &point, NULL));
    COF_JSON json_t *ec = private_jwk(point);
    static const char *const members[] = {"x", "y", "d"};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const char *value = json_string_value(json_object_get(ec, members[i]));
        assert_status(import_changed(1, members[i], value, detail), BAD_KEY);
    }
    assert_status(import_changed(1, "crv", "P-256K", detail), BAD_KEY);
    assert_status(import_changed(1, "crv", "P-384", detail), BAD_KEY);
}

/* All bytes of the point are there, but one of y's stands in x, or the other way round. */
static void a_point_that_is_cut_elsewhere_is_refused(void **state)
{
    (void)state;
    static const int cuts[] = {-1, 1};
    COF_JSON json_t *jwk = private_jwk(made[1]);
    COF_CLEANUP(cof_buf_free) cof_buf point = {.limit = 64};
    assert_ok(cof_json_get_base64url(jwk, "x", &point, NULL));
    assert_ok(cof_json_get_base64url(jwk, "y", &point, NULL));
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        const size_t at = (size_t)(32 + cuts[i]);
        cof_key_material *none = NULL;
        set(jwk, "x", cof_view_of(point.data, at));
        set(jwk, "y", cof_view_of(point.data + at, point.size - at));
        assert_status(cof_key_material_from_jwk(jwk, &none, NULL), BAD_KEY);
        assert_null(none);
    }
}

static void sizes_that_the_vault_does_not_have_are_refused(void **state)
{
    (void)state;
    static const cof_key_kind wrong[] = {
        {.type = COF_KEY_RSA, .bits = 1024}, {.type = COF_KEY_RSA, .bits = 2047},
        {.type = COF_KEY_RSA, .bits = 8192}, {.type = COF_KEY_OCT, .bits = 0},
        {.type = COF_KEY_OCT, .bits = 64},   {.type = COF_KEY_OCT, .bits = 512}};
    cof_key_material *none = NULL;
    char detail[COF_ERR_DETAIL_SIZE];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_status(cof_key_material_generate(&wrong[i], &none, NULL), BAD_ARGUMENT);
    }
    assert_status(import_changed(0, "e", "Aw", detail), BAD_KEY);
    assert_status(import_changed(5, "k", "AAAA", detail), BAD_KEY);
    assert_null(none);
}

/* A 1024-bit key, and a P-256 key under another curve's name, in PKCS#8. */
static void what_is_loaded_must_be_of_its_kind(void **state)
{
    (void)state;
    COF_CLEANUP(EVP_PKEY_drop_) EVP_PKEY *small = EVP_RSA_gen(1024);
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf ec = {.limit = BYTES};
    cof_key_material *none = NULL;
    assert_non_null(small);
    assert_ok(cof_pkey_to_pkcs8(small, &bytes, NULL));
    assert_status(cof_key_material_load(&kinds[0], cof_buf_view(&bytes), &none, NULL), BAD_KEY);
    assert_status(cof_key_material_load(&kinds[1], cof_buf_view(&bytes), &none, NULL), BAD_KEY);
    assert_ok(cof_key_material_store(made[1], &ec, NULL));
    assert_status(cof_key_material_load(&kinds[2], cof_buf_view(&ec), &none, NULL), BAD_KEY);
    assert_status(cof_key_material_load(&kinds[0], cof_buf_view(&ec), &none, NULL), BAD_KEY);
    assert_status(cof_key_material_load(&kinds[5], cof_buf_view(&ec), &none, NULL), BAD_KEY);
    assert_null(none);
}

static void types_have_azures_names(void **state)
{
    (void)state;
    static const char *const names[] = {"RSA", "RSA-HSM", "EC", "EC-HSM", "oct", "oct-HSM"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cof_key_kind kind = {0};
        assert_true(cof_key_type_from_name(names[i], &kind.type, &kind.is_hsm));
        assert_string_equal(cof_key_type_name(&kind), names[i]);
    }
    cof_key_kind none = {0};
    assert_false(cof_key_type_from_name("rsa", &none.type, &none.is_hsm));
    assert_false(cof_key_type_from_name(NULL, &none.type, &none.is_hsm));
    cof_curve curve = COF_CURVE_P256;
    assert_false(cof_curve_from_name("P-224", &curve));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_made_stored_and_loaded),
        cmocka_unit_test(every_kind_is_imported_from_its_jwk),
        cmocka_unit_test(public_members_hold_nothing_private),
        cmocka_unit_test(a_part_that_is_missing_is_named),
        cmocka_unit_test(parts_that_do_not_belong_together_are_refused),
        cmocka_unit_test(a_point_that_is_cut_elsewhere_is_refused),
        cmocka_unit_test(sizes_that_the_vault_does_not_have_are_refused),
        cmocka_unit_test(what_is_loaded_must_be_of_its_kind),
        cmocka_unit_test(types_have_azures_names),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    for (size_t i = 0; i < KINDS; i++) {
        if (cof_key_material_generate(&kinds[i], &made[i], NULL) != COF_OK) {
            return 1;
        }
    }
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t i = 0; i < KINDS; i++) {
        cof_key_material_free(made[i]);
    }
    return failed;
}
