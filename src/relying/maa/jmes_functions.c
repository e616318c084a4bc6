#include <string.h>
#include <strings.h>

#include "relying/maa/jmes_tree.h"

typedef struct call {
    json_t *const *arguments;
    size_t count;
    cof_maa_budget *budget;
    cof_err *err;
} call;

static cof_status give(const call *c, json_t *made, json_t **out)
{
    if (made == NULL) {
        return COF_FAIL(c->err, NO_MEMORY, "JmesPath");
    }
    *out = made;
    return COF_OK;
}

static cof_status refuse(const call *c, const char *function, const char *what)
{
    return COF_FAIL(c->err, POLICY_EVALUATION, "JmesPath %s() takes %s", function, what);
}

/* Reading or making so many bytes of text. */
static cof_status pay(const call *c, size_t bytes)
{
    return cof_maa_spend(c->budget, 1 + bytes / 64, bytes, c->err);
}

static cof_status call_length(const call *c, json_t **out)
{
    const json_t *value = c->arguments[0];
    size_t length = json_is_array(value) ? json_array_size(value) : json_object_size(value);
    if (json_is_string(value)) {
        /* Characters, not bytes. */
        const char *text = json_string_value(value);
        COF_TRY(pay(c, json_string_length(value)));
        length = 0;
        for (size_t i = 0; i < json_string_length(value); i++) {
            length += ((unsigned char)text[i] & 0xc0) != 0x80 ? 1 : 0;
        }
    } else if (!json_is_array(value) && !json_is_object(value)) {
        return refuse(c, "length", "a string, an array or an object");
    }
    return give(c, json_integer((json_int_t)length), out);
}

static cof_status call_contains(const call *c, json_t **out)
{
    const json_t *subject = c->arguments[0];
    const json_t *wanted = c->arguments[1];
    bool found = false;
    if (json_is_string(subject)) {
        COF_TRY(pay(c, json_string_length(subject)));
        found = json_is_string(wanted) &&
                strstr(json_string_value(subject), json_string_value(wanted)) != NULL;
        return give(c, json_boolean(found), out);
    }
    if (!json_is_array(subject)) {
        return refuse(c, "contains", "a string or an array first");
    }
    for (size_t i = 0; !found && i < json_array_size(subject); i++) {
        COF_TRY(cof_jmes_equal(json_array_get(subject, i), wanted, c->budget, &found, c->err));
    }
    return give(c, json_boolean(found), out);
}

static cof_status call_affix(const call *c, const char *name, bool at_end, json_t **out)
{
    if (!json_is_string(c->arguments[0]) || !json_is_string(c->arguments[1])) {
        return refuse(c, name, "two strings");
    }
    const size_t size = json_string_length(c->arguments[0]);
    const size_t part = json_string_length(c->arguments[1]);
    COF_TRY(pay(c, part));
    const bool holds =
        part <= size && memcmp(json_string_value(c->arguments[0]) + (at_end ? size - part : 0),
                               json_string_value(c->arguments[1]), part) == 0;
    return give(c, json_boolean(holds), out);
}

static cof_status call_starts_with(const call *c, json_t **out)
{
    return call_affix(c, "starts_with", false, out);
}

static cof_status call_ends_with(const call *c, json_t **out)
{
    return call_affix(c, "ends_with", true, out);
}

/* Azure's own addition. Microsoft's policies call it on members that may be absent, so what is not
 * a string is merely not equal. Only ASCII letters have two cases here. */
static cof_status call_equals_ignore_case(const call *c, json_t **out)
{
    const char *a = json_string_value(c->arguments[0]);
    const char *b = json_string_value(c->arguments[1]);
    COF_TRY(pay(c, json_string_length(c->arguments[0])));
    return give(c, json_boolean(a != NULL && b != NULL && strcasecmp(a, b) == 0), out);
}

static cof_status call_members(const call *c, const char *name, bool wants_keys, json_t **out)
{
    COF_JSON json_t *list = NULL;
    const char *key = NULL;
    json_t *value = NULL;
    if (!json_is_object(c->arguments[0])) {
        return refuse(c, name, "an object");
    }
    COF_TRY(pay(c, 64 * json_object_size(c->arguments[0])));
    COF_TRY(give(c, json_array(), &list));
    json_object_foreach(c->arguments[0], key, value)
    {
        COF_TRY(cof_json_append(list, wants_keys ? json_string(key) : json_incref(value), c->err));
    }
    return give(c, json_incref(list), out);
}

static cof_status call_keys(const call *c, json_t **out)
{
    return call_members(c, "keys", true, out);
}

static cof_status call_values(const call *c, json_t **out)
{
    return call_members(c, "values", false, out);
}

static cof_status call_not_null(const call *c, json_t **out)
{
    for (size_t i = 0; i < c->count; i++) {
        if (!json_is_null(c->arguments[i])) {
            return give(c, json_incref(c->arguments[i]), out);
        }
    }
    return give(c, json_null(), out);
}

static cof_status call_type(const call *c, json_t **out)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "object",  [JSON_ARRAY] = "array", [JSON_STRING] = "string",
        [JSON_INTEGER] = "number", [JSON_REAL] = "number", [JSON_TRUE] = "boolean",
        [JSON_FALSE] = "boolean",  [JSON_NULL] = "null",
    };
    return give(c, json_string(names[json_typeof(c->arguments[0])]), out);
}

static cof_status call_to_array(const call *c, json_t **out)
{
    if (json_is_array(c->arguments[0])) {
        return give(c, json_incref(c->arguments[0]), out);
    }
    return give(c, json_pack("[O]", c->arguments[0]), out);
}

static cof_status call_to_string(const call *c, json_t **out)
{
    if (json_is_string(c->arguments[0])) {
        return give(c, json_incref(c->arguments[0]), out);
    }
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_MAA_TEXT_BYTES};
    const cof_status status = cof_json_print(c->arguments[0], &text, c->err);
    if (status == COF_E_LIMIT) {
        return COF_FAIL(c->err, POLICY_EVALUATION, "JmesPath to_string() makes over %d bytes",
                        COF_MAA_TEXT_BYTES);
    }
    COF_TRY(status);
    COF_TRY(pay(c, text.size));
    return give(c, json_stringn((const char *)text.data, text.size), out);
}

static cof_status call_to_number(const call *c, json_t **out)
{
    if (json_is_number(c->arguments[0])) {
        return give(c, json_incref(c->arguments[0]), out);
    }
    if (!json_is_string(c->arguments[0])) {
        return give(c, json_null(), out);
    }
    COF_JSON json_t *number = NULL;
    const cof_view text =
        cof_view_of(json_string_value(c->arguments[0]), json_string_length(c->arguments[0]));
    COF_TRY(pay(c, text.size));
    const cof_status status = cof_json_parse(text, COF_MAA_TEXT_BYTES, &number, NULL);
    if (status == COF_E_NO_MEMORY) {
        return COF_FAIL(c->err, NO_MEMORY, "JmesPath");
    }
    return give(c, json_is_number(number) ? json_incref(number) : json_null(), out);
}

static cof_status call_join(const call *c, json_t **out)
{
    const json_t *list = c->arguments[1];
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_MAA_TEXT_BYTES};
    if (!json_is_string(c->arguments[0]) || !json_is_array(list)) {
        return refuse(c, "join", "a string and an array of strings");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const size_t glue = i > 0 ? json_string_length(c->arguments[0]) : 0;
        if (!json_is_string(item)) {
            return refuse(c, "join", "a string and an array of strings");
        }
        COF_TRY(pay(c, glue + json_string_length(item)));
        if (text.size + glue + json_string_length(item) > COF_MAA_TEXT_BYTES) {
            return COF_FAIL(c->err, POLICY_EVALUATION, "JmesPath join() makes over %d bytes",
                            COF_MAA_TEXT_BYTES);
        }
        COF_TRY(
            cof_buf_append(&text, cof_view_of(json_string_value(c->arguments[0]), glue), c->err));
        COF_TRY(cof_buf_append_text(&text, json_string_value(item), c->err));
    }
    return give(c, json_stringn(text.size > 0 ? (const char *)text.data : "", text.size), out);
}

static cof_status call_reverse(const call *c, json_t **out)
{
    COF_JSON json_t *list = NULL;
    const size_t size = json_array_size(c->arguments[0]);
    if (!json_is_array(c->arguments[0])) {
        return refuse(c, "reverse", "an array");
    }
    COF_TRY(pay(c, 64 * size));
    COF_TRY(give(c, json_array(), &list));
    for (size_t i = 0; i < size; i++) {
        json_t *item = json_array_get(c->arguments[0], size - 1 - i);
        COF_TRY(cof_json_append(list, json_incref(item), c->err));
    }
    return give(c, json_incref(list), out);
}

static bool is_less(const json_t *a, const json_t *b)
{
    if (json_is_string(a)) {
        return strcmp(json_string_value(a), json_string_value(b)) < 0;
    }
    if (json_is_integer(a) && json_is_integer(b)) {
        return json_integer_value(a) < json_integer_value(b);
    }
    return json_number_value(a) < json_number_value(b);
}

static cof_status call_extreme(const call *c, const char *name, bool wants_max, json_t **out)
{
    const json_t *list = c->arguments[0];
    json_t *best = NULL;
    if (!json_is_array(list)) {
        return refuse(c, name, "an array of numbers or of strings");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *item = json_array_get(list, i);
        COF_TRY(pay(c, json_string_length(item)));
        if (!(json_is_number(item) || json_is_string(item)) ||
            json_is_string(item) != json_is_string(json_array_get(list, 0))) {
            return refuse(c, name, "an array of numbers or of strings");
        }
        if (best == NULL || (wants_max ? is_less(best, item) : is_less(item, best))) {
            best = item;
        }
    }
    return give(c, best == NULL ? json_null() : json_incref(best), out);
}

static cof_status call_max(const call *c, json_t **out)
{
    return call_extreme(c, "max", true, out);
}

static cof_status call_min(const call *c, json_t **out)
{
    return call_extreme(c, "min", false, out);
}

static const struct {
    const char *name;
    size_t low, high;
    cof_status (*run)(const call *c, json_t **out);
} functions[] = {
    {"contains", 2, 2, call_contains},
    {"ends_with", 2, 2, call_ends_with},
    {"equals_ignore_case", 2, 2, call_equals_ignore_case},
    {"join", 2, 2, call_join},
    {"keys", 1, 1, call_keys},
    {"length", 1, 1, call_length},
    {"max", 1, 1, call_max},
    {"min", 1, 1, call_min},
    {"not_null", 1, COF_JMES_ARGUMENTS, call_not_null},
    {"reverse", 1, 1, call_reverse},
    {"starts_with", 2, 2, call_starts_with},
    {"to_array", 1, 1, call_to_array},
    {"to_number", 1, 1, call_to_number},
    {"to_string", 1, 1, call_to_string},
    {"type", 1, 1, call_type},
    {"values", 1, 1, call_values},
};

int cof_jmes_function_find(const char *name, size_t *out_low, size_t *out_high)
{
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        if (strcmp(functions[i].name, name) == 0) {
            *out_low = functions[i].low;
            *out_high = functions[i].high;
            return (int)i;
        }
    }
    return -1;
}

cof_status cof_jmes_function_call(int row, json_t *const *arguments, size_t count,
                                  cof_maa_budget *budget, json_t **out, cof_err *err)
{
    const call c = {.arguments = arguments, .count = count, .budget = budget, .err = err};
    return functions[row].run(&c, out);
}
