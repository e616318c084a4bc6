#include "harness/cof_test.h"

#include <string.h>

#include "local/vault/key_meta.h"
#include "tcb/wire/json.h"

/* {"version":"1.0.0","anyOf":[{"authority":"x","allOf":[{"claim":"a","equals":1}]}]} */
#define POLICY                                                                                     \
    "eyJ2ZXJzaW9uIjoiMS4wLjAiLCJhbnlPZiI6W3siYXV0aG9yaXR5IjoieCIsImFsbE9mIjpbeyJjbGFpbSI6ImEiLCJl" \
    "cXVhbHMiOjF9XX1dfQ"

static cof_status create(const char *text, json_t **out, char detail[static COF_ERR_DETAIL_SIZE])
{
    COF_JSON json_t *request = json_loads(text, 0, NULL);
    cof_key_wish wish = {0};
    cof_err err = {0};
    assert_non_null(request);
    const cof_status status = cof_key_meta_create(request, 1000, &wish, &err);
    (void)snprintf(detail, COF_ERR_DETAIL_SIZE, "%s", err.detail);
    *out = wish.meta;
    return status;
}

static json_t *make(const char *text)
{
    json_t *meta = NULL;
    char detail[COF_ERR_DETAIL_SIZE];
    assert_ok(create(text, &meta, detail));
    return meta;
}

static void defaults_are_those_of_the_service(void **state)
{
    (void)state;
    COF_JSON json_t *meta = make("{\"kty\":\"RSA\"}");
    assert_true(cof_key_meta_is_enabled(meta));
    assert_false(cof_key_meta_is_exportable(meta));
    assert_true(cof_key_meta_allows(meta, "unwrapKey"));
    assert_false(cof_key_meta_allows(meta, "export"));
    assert_int_equal(json_array_size(json_object_get(meta, "key_ops")), 6);
}

static void unknown_members_and_nulls_are_ignored(void **state)
{
    (void)state;
    COF_JSON json_t *meta = make("{\"kty\":\"RSA-HSM\",\"future\":1,\"crv\":null,\"tags\":null,"
                                 "\"attributes\":{},\"release_policy\":null}");
    assert_int_equal(json_object_size(json_object_get(meta, "tags")), 0);
}

static void an_exportable_key_has_a_policy(void **state)
{
    (void)state;
    json_t *none = NULL;
    char detail[COF_ERR_DETAIL_SIZE];
    COF_CLEANUP(cof_key_policy_drop_) cof_key_policy *policy = NULL;
    COF_JSON json_t *meta = make("{\"kty\":\"RSA\",\"attributes\":{\"exportable\":true},\"release_"
                                 "policy\":{\"data\":\"" POLICY "\"}}");
    assert_true(cof_key_meta_is_exportable(meta));
    assert_ok(cof_key_meta_policy(meta, &policy, NULL));
    assert_status(create("{\"kty\":\"RSA\",\"attributes\":{\"exportable\":true}}", &none, detail),
                  BAD_ARGUMENT);
    assert_string_equal(detail, "Exportable keys must have release policy");
    assert_status(
        create("{\"kty\":\"RSA\",\"release_policy\":{\"data\":\"" POLICY "\"}}", &none, detail),
        BAD_ARGUMENT);
}

static void times_are_respected(void **state)
{
    (void)state;
    COF_JSON json_t *meta = make("{\"kty\":\"RSA\",\"attributes\":{\"nbf\":100,\"exp\":200}}");
    assert_false(cof_key_meta_is_current(meta, 99));
    assert_true(cof_key_meta_is_current(meta, 100));
    assert_true(cof_key_meta_is_current(meta, 199));
    assert_false(cof_key_meta_is_current(meta, 200));
}

static void an_update_never_weakens_what_is_fixed(void **state)
{
    (void)state;
    COF_JSON json_t *meta = make("{\"kty\":\"RSA\",\"attributes\":{\"exportable\":true},\"release_"
                                 "policy\":{\"data\":\"" POLICY "\",\"immutable\":true}}");
    static const char *const requests[] = {"{\"attributes\":{\"exportable\":false}}",
                                           "{\"release_policy\":{\"data\":\"" POLICY
                                           "\",\"immutable\":false}}",
                                           "{\"release_policy\":{\"data\":\"" POLICY "\"}}",
                                           "{\"release_policy\":{}}",
                                           "{\"attributes\":5}",
                                           "{\"tags\":[]}"};
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        COF_JSON json_t *request = json_loads(requests[i], 0, NULL);
        json_t *changed = NULL;
        assert_status(cof_key_meta_update(meta, request, 2000, &changed, NULL), BAD_ARGUMENT);
        assert_null(changed);
    }
    COF_JSON json_t *request =
        json_loads("{\"attributes\":{\"enabled\":false},\"tags\":{\"a\":\"b\"}}", 0, NULL);
    COF_JSON json_t *changed = NULL;
    assert_ok(cof_key_meta_update(meta, request, 2000, &changed, NULL));
    assert_false(cof_key_meta_is_enabled(changed));
    assert_true(cof_key_meta_is_enabled(meta)); /* the old one is untouched */
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(changed, "attributes"), "updated")),
        2000);
}

static void each_type_has_its_own_operations(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        const char *operations;
    } rows[] = {
        {"{\"kty\":\"EC\"}", "[\"sign\",\"verify\"]"},
        {"{\"kty\":\"EC-HSM\",\"crv\":\"P-256K\"}", "[\"sign\",\"verify\"]"},
        {"{\"kty\":\"oct-HSM\",\"key_size\":128}",
         "[\"encrypt\",\"decrypt\",\"wrapKey\",\"unwrapKey\"]"},
        {"{\"kty\":\"EC\",\"key_ops\":[\"verify\"]}", "[\"verify\"]"},
        {"{\"kty\":\"oct\",\"key_ops\":[\"sign\",\"export\"]}", "[\"sign\",\"export\"]"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        COF_JSON json_t *meta = make(rows[i].request);
        COF_JSON json_t *expected = json_loads(rows[i].operations, 0, NULL);
        assert_true(json_equal(json_object_get(meta, "key_ops"), expected));
    }
}

static void what_no_key_can_be_is_refused(void **state)
{
    (void)state;
    static const char *const requests[] = {
        "{}",
        "{\"kty\":\"rsa\"}",
        "{\"kty\":5}",
        "{\"kty\":\"RSA\",\"key_size\":1024}",
        "{\"kty\":\"RSA\",\"key_size\":\"2048\"}",
        "{\"kty\":\"RSA\",\"key_size\":2048.0}",
        "{\"kty\":\"RSA\",\"public_exponent\":3}",
        "{\"kty\":\"oct\",\"key_size\":512}",
        "{\"kty\":\"EC\",\"crv\":\"P-224\"}",
        "{\"kty\":\"EC\",\"crv\":5}",
        "{\"kty\":\"EC\",\"key_ops\":[\"encrypt\"]}",
        "{\"kty\":\"RSA\",\"key_ops\":[\"wrapkey\"]}",
        "{\"kty\":\"RSA\",\"key_ops\":\"sign\"}",
        "{\"kty\":\"RSA\",\"attributes\":{\"nbf\":5,\"exp\":5}}",
        "{\"kty\":\"RSA\",\"attributes\":{\"enabled\":1}}",
        "{\"kty\":\"RSA\",\"tags\":{\"a\":5}}",
        "{\"kty\":\"RSA\",\"tags\":{\"coffer.other\":\"x\"}}",
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        json_t *none = NULL;
        char detail[COF_ERR_DETAIL_SIZE] = "";
        assert_status(create(requests[i], &none, detail), BAD_ARGUMENT);
        assert_true(strlen(detail) > 8);
    }
}

static cof_status import(const char *text, cof_key_import *out, json_t **request)
{
    *request = json_loads(text, 0, NULL);
    assert_non_null(*request);
    return cof_key_meta_import(*request, 1000, out, NULL);
}

/* 128 bits of 1. */
#define OCT_KEY "\"kty\":\"oct\",\"k\":\"AQEBAQEBAQEBAQEBAQEBAQ\""

static void an_import_leaves_no_secret_in_its_request(void **state)
{
    (void)state;
    cof_key_import imported = {0};
    COF_JSON json_t *request = NULL;
    assert_ok(import("{\"Hsm\":true,\"key\":{" OCT_KEY ",\"key_ops\":[\"wrapKey\"]}}", &imported,
                     &request));
    COF_JSON json_t *meta = imported.meta;
    COF_CLEANUP(cof_key_material_drop_) cof_key_material *material = imported.material;
    assert_int_equal(cof_key_material_bytes(material).data[0], 1);
    assert_string_equal(json_string_value(json_object_get(meta, "kty")), "oct-HSM");
    assert_int_equal(json_array_size(json_object_get(meta, "key_ops")), 1);
    assert_null(json_object_get(meta, "k"));
    const json_t *k = json_object_get(json_object_get(request, "key"), "k");
    for (size_t i = 0; i < json_string_length(k); i++) {
        assert_int_equal(json_string_value(k)[i], 0);
    }
}

static void an_import_that_is_refused_leaves_none_either(void **state)
{
    (void)state;
    static const char *const requests[] = {
        "{\"key\":{" OCT_KEY ",\"key_ops\":[\"fly\"]}}",
        "{\"key\":{" OCT_KEY "},\"Hsm\":\"yes\"}",
        "{\"key\":{" OCT_KEY "},\"attributes\":{\"exportable\":true}}",
        "{\"key\":{\"kty\":\"oct\",\"k\":\"AQEB\"}}",
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        cof_key_import none = {0};
        COF_JSON json_t *request = NULL;
        assert_status(import(requests[i], &none, &request), BAD_ARGUMENT);
        assert_null(none.meta);
        assert_null(none.material);
        const json_t *k = json_object_get(json_object_get(request, "key"), "k");
        assert_int_equal(json_string_value(k)[0], 0);
    }
}

static void a_rotated_key_is_like_the_one_before_without_its_contracts(void **state)
{
    (void)state;
    COF_JSON json_t *meta =
        make("{\"kty\":\"EC-HSM\",\"crv\":\"P-384\",\"key_ops\":[\"sign\"],"
             "\"attributes\":{\"exportable\":true,\"nbf\":5,\"exp\":900},"
             "\"tags\":{\"team\":\"a\",\"coffer.runs.00000000000000000000000000000000\":\"3\"},"
             "\"release_policy\":{\"data\":\"" POLICY "\",\"immutable\":true}}");
    cof_key_wish next = {0};
    assert_ok(cof_key_meta_rotate(meta, 2000, 5000, &next, NULL));
    COF_JSON json_t *made = next.meta;
    const json_t *attributes = json_object_get(made, "attributes");
    static const char *const same[] = {"kty", "crv", "key_ops", "release_policy"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        assert_true(json_equal(json_object_get(made, same[i]), json_object_get(meta, same[i])));
    }
    assert_int_equal(next.kind.curve, COF_CURVE_P384);
    assert_true(cof_key_meta_is_exportable(made));
    assert_int_equal(json_integer_value(json_object_get(attributes, "created")), 2000);
    assert_int_equal(json_integer_value(json_object_get(attributes, "exp")), 5000);
    assert_null(json_object_get(attributes, "nbf"));
    assert_int_equal(json_object_size(json_object_get(made, "tags")), 1);
    cof_key_wish endless = {0};
    assert_ok(cof_key_meta_rotate(meta, 2000, COF_KEY_NO_EXPIRY, &endless, NULL));
    COF_JSON json_t *second = endless.meta;
    assert_null(json_object_get(json_object_get(second, "attributes"), "exp"));
}

static void a_missing_policy_is_not_found(void **state)
{
    (void)state;
    COF_JSON json_t *meta = make("{\"kty\":\"RSA\"}");
    cof_key_policy *policy = NULL;
    assert_status(cof_key_meta_policy(meta, &policy, NULL), NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_service),
        cmocka_unit_test(unknown_members_and_nulls_are_ignored),
        cmocka_unit_test(an_exportable_key_has_a_policy),
        cmocka_unit_test(times_are_respected),
        cmocka_unit_test(an_update_never_weakens_what_is_fixed),
        cmocka_unit_test(each_type_has_its_own_operations),
        cmocka_unit_test(what_no_key_can_be_is_refused),
        cmocka_unit_test(an_import_leaves_no_secret_in_its_request),
        cmocka_unit_test(an_import_that_is_refused_leaves_none_either),
        cmocka_unit_test(a_rotated_key_is_like_the_one_before_without_its_contracts),
        cmocka_unit_test(a_missing_policy_is_not_found),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
