#include "apps/coffer/show_checks.h"

#include <stdio.h>
#include <string.h>

#include "tcb/wire/json.h"

static void show(cof_output *output, const cof_check *check, const char *name)
{
    if (check->is_ok) {
        cof_output_step(output, true, name, "%s", check->actual);
        return;
    }
    cof_output_step(output, false, name, "expected %s", check->expected);
    cof_output_line(output, COF_TONE_BAD, "                    found %s", check->actual);
}

static bool is_part_of(const cof_check *part, const cof_check *whole)
{
    const size_t length = strlen(whole->name);
    return strncmp(part->name, whole->name, length) == 0 && part->name[length] == '.';
}

/* Parts are made before the check that they belong to; whoever reads wants it first. */
void cof_show_checks(cof_output *output, const cof_checks *checks)
{
    bool shown[COF_CHECKS_MAX] = {false};
    for (size_t i = 0; i < checks->count; i++) {
        const cof_check *whole = &checks->items[i];
        if (strchr(whole->name, '.') != NULL) {
            continue;
        }
        show(output, whole, whole->name);
        shown[i] = true;
        for (size_t k = 0; k < checks->count; k++) {
            if (!shown[k] && is_part_of(&checks->items[k], whole)) {
                char name[COF_CHECK_NAME_SIZE + 2];
                (void)snprintf(name, sizeof name, "  %s",
                               checks->items[k].name + strlen(whole->name) + 1);
                show(output, &checks->items[k], name);
                shown[k] = true;
            }
        }
    }
    for (size_t i = 0; i < checks->count; i++) {
        if (!shown[i]) { /* a verification that stopped before it could judge the whole */
            show(output, &checks->items[i], checks->items[i].name);
        }
    }
}

cof_status cof_show_checks_json(cof_output *output, const char *verdict, const cof_checks *checks,
                                const json_t *extra, cof_err *err)
{
    COF_JSON json_t *list = NULL;
    COF_TRY(cof_checks_to_json(checks, &list, err));
    COF_JSON json_t *object = json_pack("{s:s,s:O}", "verdict", verdict, "checks", list);
    if (object == NULL ||
        (extra != NULL && json_object_update((json_t *)object, (json_t *)(uintptr_t)extra) != 0)) {
        return COF_FAIL(err, NO_MEMORY, "checks");
    }
    cof_output_json(output, object);
    return COF_OK;
}
