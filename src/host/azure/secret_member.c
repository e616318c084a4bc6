#include "host/azure/secret_member.h"

#include <stdint.h>

#include "tcb/base/wipe.h"

void cof_secret_member_wipe(const json_t *object, const char *key)
{
    const json_t *member = json_object_get(object, key);
    if (json_is_string(member)) {
        cof_wipe((char *)(uintptr_t)json_string_value(member), json_string_length(member));
    }
}
