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
    (void)strcpy(detail, err.detail);
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
        cmocka_unit_test(a_missing_policy_is_not_found),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
