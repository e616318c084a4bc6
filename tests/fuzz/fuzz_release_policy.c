/* A release policy, a zero byte, and a token's claims: the policy is refused, or judges without a
 * fault; no claims never meet it. */
#include <stdlib.h>
#include <string.h>

#include "local/vault/key_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
    const size_t policy_size = end != NULL ? (size_t)(end - data) : size;
    COF_CLEANUP(cof_key_policy_drop_) cof_key_policy *policy = NULL;
    COF_JSON json_t *claims = NULL;
    COF_JSON json_t *none = json_object();
    COF_JSON json_t *checks = json_array();
    if (none == NULL || checks == NULL ||
        cof_key_policy_parse(cof_view_of(data, policy_size), &policy, NULL) != COF_OK) {
        return 0;
    }
    if (cof_key_policy_judge(policy, "https://localhost:8443", none, checks, NULL) == COF_OK) {
        abort();
    }
    if (end == NULL || cof_json_parse(cof_view_of(end + 1, size - policy_size - 1), 65536, &claims,
                                      NULL) != COF_OK) {
        return 0;
    }
    static const char nobody[] =
        "https://nobody.example/never"; /* so its end is in the policy, or escaped */
    (void)!cof_key_policy_judge(policy, "https://localhost:8443", claims, NULL, NULL);
    if (cof_key_policy_judge(policy, nobody, claims, NULL, NULL) == COF_OK &&
        memmem(data, policy_size, "never", 5) == NULL && memchr(data, '\\', policy_size) == NULL) {
        abort();
    }
    return 0;
}
