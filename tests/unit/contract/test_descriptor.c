/* Descriptors of objects that are prepared elsewhere: strict, and the same when printed. */
#include <stdio.h>
#include <string.h>

#include "contract_case.h"
#include "relying/contract/descriptor.h"

#define DIGEST "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"

static cof_status parse(const char *text, cof_descriptor *out)
{
    return cof_descriptor_parse(cof_view_text(text), out, NULL);
}

static void a_sealed_objects_descriptor_is_read(void **state)
{
    (void)state;
    COF_CLEANUP(cof_descriptor_free) cof_descriptor found = {0};
    char digest[2 * COF_DIGEST_SIZE + 1];
    assert_ok(parse("{\"coffer\":\"object/v1\",\"digest\":\"" DIGEST "\",\"size\":17}", &found));
    cof_digest_text(&found.digest, digest);
    assert_string_equal(digest, DIGEST);
    assert_int_equal(found.size, 17);
    assert_int_equal(found.encryption, COF_CONTRACT_SEALED);
    assert_null(found.encryption_data);
}

static void what_is_printed_is_read_again(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"coffer\":\"object/v1\",\"digest\":\"" DIGEST "\",\"size\":0}",
        "{\"coffer\":\"object/v1\",\"digest\":\"" DIGEST
        "\",\"size\":9,\"encryption\":\"azure-cse-v2\",\"encryptiondata\":{\"a\":1}}",
    };
    for (size_t i = 0; i < 2; i++) {
        COF_CLEANUP(cof_descriptor_free) cof_descriptor found = {0};
        COF_CLEANUP(cof_buf_free) cof_buf printed = {.limit = COF_DESCRIPTOR_BYTES};
        COF_JSON json_t *json = NULL;
        assert_ok(parse(texts[i], &found));
        assert_ok(cof_descriptor_print(&found, &json, NULL));
        assert_ok(cof_json_print(json, &printed, NULL));
        assert_view_text(cof_buf_view(&printed), texts[i]);
    }
}

static void what_is_not_exactly_a_descriptor_is_refused(void **state)
{
    (void)state;
#define HEAD "{\"coffer\":\"object/v1\","
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        HEAD "\"size\":1}",
        HEAD "\"digest\":\"" DIGEST "\"}",
        HEAD "\"digest\":\"" DIGEST "\",\"size\":-1}",
        HEAD "\"digest\":\"" DIGEST "\",\"size\":1.5}",
        HEAD "\"digest\":\"" DIGEST "\",\"size\":\"1\"}",
        HEAD "\"digest\":\"" DIGEST "\",\"size\":17592186044417}",
        HEAD "\"digest\":\"" DIGEST "00\",\"size\":1}",
        HEAD "\"digest\":\"xx978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\","
             "\"size\":1}",
        HEAD "\"digest\":\"" DIGEST "\",\"size\":1,\"more\":1}",
        HEAD "\"digest\":\"" DIGEST "\",\"size\":1,\"size\":1}",
        HEAD "\"digest\":\"" DIGEST "\",\"size\":1,\"encryption\":\"\"}",
        HEAD "\"digest\":\"" DIGEST "\",\"size\":1,\"encryption\":\"none\"}",
        HEAD "\"digest\":\"" DIGEST "\",\"size\":1,\"encryption\":\"azure-cse-v2\"}",
        HEAD "\"digest\":\"" DIGEST "\",\"size\":1,\"encryptiondata\":{}}",
        HEAD "\"digest\":\"" DIGEST
             "\",\"size\":1,\"encryption\":\"azure-cse-v2\",\"encryptiondata\":\"{}\"}",
        "{\"coffer\":\"object/v2\",\"digest\":\"" DIGEST "\",\"size\":1}",
        HEAD "\"digest\":\"" DIGEST "\",\"size\":1}x",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cof_descriptor found = {0};
        if (parse(bad[i], &found) == COF_OK) {
            fail_msg("%s was read", bad[i]);
        }
        assert_null(found.encryption_data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sealed_objects_descriptor_is_read),
        cmocka_unit_test(what_is_printed_is_read_again),
        cmocka_unit_test(what_is_not_exactly_a_descriptor_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("descriptor", tests, NULL, NULL);
}
