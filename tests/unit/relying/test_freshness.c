/* The memory of the newest collateral seen: it only goes forward, and survives being written. */
#include <stdio.h>
#include <string.h>

#include "harness/cof_test.h"
#include "relying/verify/freshness.h"

static cof_freshness seen;
static cof_freshness again;

static cof_freshness_item item_of(const char *key, int64_t issued_unix_s, uint64_t number)
{
    cof_freshness_item item = {.issued_unix_s = issued_unix_s, .number = number};
    (void)snprintf(item.key, sizeof item.key, "%s", key);
    return item;
}

static int set_up(void **state)
{
    (void)state;
    seen = (cof_freshness){0};
    again = (cof_freshness){0};
    return 0;
}

static void check(const char *key, int64_t issued_unix_s, uint64_t number, cof_status expected)
{
    cof_checks checks = {0};
    cof_err err = {0};
    const cof_freshness_item item = item_of(key, issued_unix_s, number);
    assert_int_equal(cof_freshness_check(&seen, &item, &checks, &err), expected);
    assert_int_equal(checks.count, 1);
    assert_int_equal(cof_checks_all_ok(&checks), expected == COF_OK);
}

static void older_dates_and_lower_numbers_are_refused(void **state)
{
    (void)state;
    const cof_freshness_item item = item_of("tcbinfo:sgx:00906ed50000", 1000, 17);
    check(item.key, 0, 0, COF_OK);
    cof_freshness_note(&seen, &item);
    check(item.key, 1000, 17, COF_OK);
    check(item.key, 1001, 17, COF_OK);
    check(item.key, 1000, 18, COF_OK);
    check(item.key, 999, 17, COF_E_COLLATERAL_ROLLED_BACK);
    check(item.key, 999, 18, COF_E_COLLATERAL_ROLLED_BACK);
    check(item.key, 1000, 16, COF_E_COLLATERAL_ROLLED_BACK);
    check(item.key, 1001, 16, COF_E_COLLATERAL_ROLLED_BACK);
    check("tcbinfo:tdx:00906ed50000", 1, 1, COF_OK);
    assert_ok(cof_freshness_check(NULL, &item, NULL, NULL));
}

static void notes_only_go_forward(void **state)
{
    (void)state;
    const cof_freshness_item new = item_of("a", 1000, 5);
    const cof_freshness_item old = item_of("a", 10, 9);
    cof_freshness_note(&seen, &new);
    cof_freshness_note(&seen, &old);
    assert_int_equal(seen.count, 1);
    check("a", 1000, 9, COF_OK);
    check("a", 999, 9, COF_E_COLLATERAL_ROLLED_BACK);
    check("a", 1000, 8, COF_E_COLLATERAL_ROLLED_BACK);
}

static void the_item_noted_longest_ago_makes_room(void **state)
{
    (void)state;
    char key[16];
    for (int i = 0; i < COF_FRESHNESS_MAX; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        const cof_freshness_item item = item_of(key, 1000 - i, 1);
        cof_freshness_note(&seen, &item);
    }
    const cof_freshness_item first = item_of("k0", 1000, 1);
    const cof_freshness_item more = item_of("more", 1, 1);
    cof_freshness_note(&seen, &first);
    cof_freshness_note(&seen, &more);
    assert_int_equal(seen.count, COF_FRESHNESS_MAX);
    check("more", 0, 1, COF_E_COLLATERAL_ROLLED_BACK);
    check("k0", 999, 1, COF_E_COLLATERAL_ROLLED_BACK);
    check("k1", 0, 0, COF_OK); /* forgotten */
    check("k2", 0, 0, COF_E_COLLATERAL_ROLLED_BACK);
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 1 << 20};
    const cof_freshness_item a = item_of("crl:00ff", 1742469717, UINT64_MAX);
    const cof_freshness_item b = item_of("qeidentity:TD_QE", -5, 0);
    cof_freshness_note(&seen, &a);
    cof_freshness_note(&seen, &b);
    assert_ok(cof_freshness_print(&seen, &text, NULL));
    assert_view_text(cof_buf_view(&text),
                     "{\"items\":["
                     "{\"issued\":1742469717,\"key\":\"crl:00ff\","
                     "\"number\":\"18446744073709551615\"},"
                     "{\"issued\":-5,\"key\":\"qeidentity:TD_QE\",\"number\":\"0\"}],"
                     "\"version\":1}");
    assert_ok(cof_freshness_parse(cof_buf_view(&text), &again, NULL));
    assert_memory_equal(&seen, &again, sizeof seen);
}

static void a_full_memory_is_written_and_read(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 1 << 20};
    for (int i = 0; i < COF_FRESHNESS_MAX; i++) {
        char key[COF_FRESHNESS_KEY_SIZE];
        (void)snprintf(key, sizeof key, "%095d", i);
        const cof_freshness_item item = item_of(key, INT64_C(253402300799), UINT64_MAX);
        cof_freshness_note(&seen, &item);
    }
    assert_ok(cof_freshness_print(&seen, &text, NULL));
    assert_ok(cof_freshness_parse(cof_buf_view(&text), &again, NULL));
    assert_memory_equal(&seen, &again, sizeof seen);
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        cof_status status;
    } rows[] = {
        {"", COF_E_BAD_JSON},
        {"[]", COF_E_BAD_FORMAT},
        {"{\"items\":[]}", COF_E_BAD_FORMAT},
        {"{\"items\":[],\"version\":2}", COF_E_BAD_FORMAT},
        {"{\"items\":[],\"version\":1,\"more\":1}", COF_E_BAD_FORMAT},
        {"{\"items\":[],\"items\":[],\"version\":1}", COF_E_BAD_JSON},
        {"{\"items\":{},\"version\":1}", COF_E_BAD_FORMAT},
        {"{\"items\":[1],\"version\":1}", COF_E_BAD_FORMAT},
        {"{\"items\":[{\"issued\":1,\"key\":\"a\"}],\"version\":1}", COF_E_BAD_FORMAT},
        {"{\"items\":[{\"issued\":1,\"key\":\"a\",\"number\":1}],\"version\":1}", COF_E_BAD_FORMAT},
        {"{\"items\":[{\"issued\":1,\"key\":\"\",\"number\":\"1\"}],\"version\":1}",
         COF_E_BAD_FORMAT},
        {"{\"items\":[{\"issued\":1,\"key\":\"a b\",\"number\":\"1\"}],\"version\":1}",
         COF_E_BAD_FORMAT},
        {"{\"items\":[{\"issued\":1,\"key\":\"a\",\"number\":\"\"}],\"version\":1}",
         COF_E_BAD_FORMAT},
        {"{\"items\":[{\"issued\":1,\"key\":\"a\",\"number\":\"01\"}],\"version\":1}",
         COF_E_BAD_FORMAT},
        {"{\"items\":[{\"issued\":1,\"key\":\"a\",\"number\":\"-1\"}],\"version\":1}",
         COF_E_BAD_FORMAT},
        {"{\"items\":[{\"issued\":1,\"key\":\"a\",\"number\":\"18446744073709551616\"}],"
         "\"version\":1}",
         COF_E_BAD_FORMAT},
        {"{\"items\":[{\"issued\":1.5,\"key\":\"a\",\"number\":\"1\"}],\"version\":1}",
         COF_E_BAD_FORMAT},
        {"{\"items\":[{\"issued\":1,\"key\":\"a\",\"number\":\"1\"},"
         "{\"issued\":1,\"key\":\"a\",\"number\":\"1\"}],\"version\":1}",
         COF_E_BAD_FORMAT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const cof_status status = cof_freshness_parse(cof_view_text(rows[i].text), &again, NULL);
        if (status != rows[i].status || again.count != 0) {
            fail_msg("%s: %s", rows[i].text, cof_status_describe(status)->name);
        }
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(older_dates_and_lower_numbers_are_refused, set_up),
        cmocka_unit_test_setup(notes_only_go_forward, set_up),
        cmocka_unit_test_setup(the_item_noted_longest_ago_makes_room, set_up),
        cmocka_unit_test_setup(what_is_written_is_read_back, set_up),
        cmocka_unit_test_setup(a_full_memory_is_written_and_read, set_up),
        cmocka_unit_test_setup(other_texts_are_refused, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
