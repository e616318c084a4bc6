#include "relying/policy/checks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tcb/wire/json.h"

/* Texts may come from evidence: what does not print must not reach a terminal. */
static void make_printable(char *text)
{
    for (char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e) {
            *at = '?';
        }
    }
}

static void copy_text(char *out, size_t size, const char *text)
{
    (void)snprintf(out, size, "%s", text);
    make_printable(out);
}

bool cof_check_add(cof_checks *checks, const char *name, bool is_ok, const char *expected,
                   const char *actual_format, ...)
{
    if (checks == NULL) {
        return is_ok;
    }
    if (checks->count == COF_CHECKS_MAX) {
        checks->is_overfull = true;
        return is_ok;
    }
    cof_check *check = &checks->items[checks->count++];
    check->is_ok = is_ok;
    copy_text(check->name, sizeof check->name, name);
    copy_text(check->source, sizeof check->source, checks->source != NULL ? checks->source : "");
    copy_text(check->expected, sizeof check->expected, expected);
    va_list arguments;
    va_start(arguments, actual_format);
    (void)vsnprintf(check->actual, sizeof check->actual, actual_format, arguments);
    va_end(arguments);
    make_printable(check->actual);
    return is_ok;
}

void cof_checks_from(cof_checks *checks, const char *source)
{
    if (checks != NULL) {
        checks->source = source;
    }
}

bool cof_checks_all_ok(const cof_checks *checks)
{
    return checks->count > 0 && !checks->is_overfull && cof_checks_first_failed(checks) == NULL;
}

const cof_check *cof_checks_first_failed(const cof_checks *checks)
{
    for (size_t i = 0; i < checks->count; i++) {
        if (!checks->items[i].is_ok) {
            return &checks->items[i];
        }
    }
    return NULL;
}

const cof_check *cof_checks_find(const cof_checks *checks, const char *name)
{
    for (size_t i = 0; i < checks->count; i++) {
        if (strcmp(checks->items[i].name, name) == 0) {
            return &checks->items[i];
        }
    }
    return NULL;
}

cof_status cof_checks_to_json(const cof_checks *checks, json_t **out_array, cof_err *err)
{
    COF_JSON json_t *array = json_array();
    if (array == NULL) {
        return COF_FAIL(err, NO_MEMORY, "checks");
    }
    for (size_t i = 0; i < checks->count; i++) {
        const cof_check *check = &checks->items[i];
        COF_TRY(cof_json_append(array,
                                json_pack("{s:s, s:s, s:b, s:s, s:s}", "name", check->name,
                                          "source", check->source, "ok", (int)check->is_ok,
                                          "expected", check->expected, "actual", check->actual),
                                err));
    }
    *out_array = json_incref(array);
    return COF_OK;
}
