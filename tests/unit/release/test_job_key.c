#include "tcb/release/job_key.h"

#include "harness/cof_test.h"

static cof_rsa_key *a;
static cof_rsa_key *b;

static int make_keys(void **state)
{
    (void)state;
    return cof_rsa_generate(2048, &a, NULL) == COF_OK && cof_rsa_generate(2048, &b, NULL) == COF_OK
               ? 0
               : -1;
}

static int free_keys(void **state)
{
    (void)state;
    cof_rsa_key_free(a);
    cof_rsa_key_free(b);
    return 0;
}

static cof_wrap_key derive(const cof_rsa_key *first, const cof_rsa_key *second, uint8_t contract)
{
    const cof_rsa_key *owners[] = {first, second};
    const cof_digest digest = {{contract}};
    cof_wrap_key key = {0};
    assert_ok(cof_job_key_derive(owners, second == NULL ? 1 : 2, &digest, &key, NULL));
    return key;
}

#define assert_same_key(x, y)  assert_memory_equal((x).bytes, (y).bytes, 32)
#define assert_other_key(x, y) assert_memory_not_equal((x).bytes, (y).bytes, 32)

static void the_same_owners_and_contract_give_the_same_key(void **state)
{
    (void)state;
    const cof_wrap_key first = derive(a, b, 1);
    /* Also when a key comes a second time from its vault. */
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = 4096};
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *again = NULL;
    assert_ok(cof_rsa_to_pkcs8(a, &der, NULL));
    assert_ok(cof_rsa_from_pkcs8(cof_buf_view(&der), &again, NULL));
    const cof_wrap_key second = derive(again, b, 1);
    assert_same_key(first, second);
}

static void each_owners_key_is_needed(void **state)
{
    (void)state;
    const cof_wrap_key both = derive(a, b, 1);
    const cof_wrap_key others[] = {derive(a, NULL, 1), derive(b, NULL, 1), derive(a, a, 1),
                                   derive(b, b, 1), derive(b, a, 1)};
    for (size_t i = 0; i < 5; i++) {
        assert_other_key(both, others[i]);
    }
}

static void another_contract_gives_another_key(void **state)
{
    (void)state;
    const cof_wrap_key one = derive(a, b, 1);
    const cof_wrap_key two = derive(a, b, 2);
    assert_other_key(one, two);
}

static void a_job_without_released_keys_has_none(void **state)
{
    (void)state;
    const cof_rsa_key *owners[17] = {a};
    const cof_digest digest = {{1}};
    cof_wrap_key key = {0};
    assert_status(cof_job_key_derive(owners, 0, &digest, &key, NULL), BAD_ARGUMENT);
    assert_status(cof_job_key_derive(owners, 17, &digest, &key, NULL), BAD_ARGUMENT);
    json_t *jwk = NULL;
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *public_key = NULL;
    assert_ok(cof_rsa_to_jwk(a, &jwk, NULL));
    assert_ok(cof_rsa_from_jwk(jwk, &public_key, NULL));
    json_decref(jwk);
    owners[0] = public_key;
    assert_status(cof_job_key_derive(owners, 1, &digest, &key, NULL), BAD_KEY);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_owners_and_contract_give_the_same_key),
        cmocka_unit_test(each_owners_key_is_needed),
        cmocka_unit_test(another_contract_gives_another_key),
        cmocka_unit_test(a_job_without_released_keys_has_none),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
