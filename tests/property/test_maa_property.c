/*
 * Random policies: each is written twice, once in the canonical spelling and once with random white
 * space, comments, cases of letters and signs of equality. The print of the second must be the
 * first, and both must decide the same.
 */
#include <ctype.h>
#include <string.h>

#include "harness/cof_prng.h"
#include "harness/cof_test.h"
#include "relying/maa/maa.h"
#include "tcb/wire/json.h"

enum { ROUNDS = 3000 };

typedef struct writer {
    cof_prng random;
    cof_buf canonical;
    cof_buf noisy;
} writer;

static size_t below(writer *w, size_t bound)
{
    return cof_prng_below(&w->random, bound);
}

static void put(cof_buf *buf, const char *text)
{
    assert_ok(cof_buf_append_text(buf, text, NULL));
}

static void noise(writer *w)
{
    static const char *const blanks[] = {"",     "",     " ",        "\n",
                                         "\t  ", "\r\n", "// }\"\n", "//\n //x\n"};
    put(&w->noisy, blanks[below(w, sizeof blanks / sizeof blanks[0])]);
}

/* Spaces of the canonical spelling alone. */
static void space(writer *w, const char *text)
{
    put(&w->canonical, text);
    noise(w);
}

static void word(writer *w, const char *text)
{
    put(&w->canonical, text);
    put(&w->noisy, text);
    noise(w);
}

/* A word whose letters may have any case. */
static void keyword(writer *w, const char *text)
{
    put(&w->canonical, text);
    for (const char *c = text; *c != '\0'; c++) {
        const int letter = below(w, 3) == 0 ? toupper(*c) : below(w, 3) == 0 ? tolower(*c) : *c;
        const char one[2] = {(char)letter, '\0'};
        put(&w->noisy, one);
    }
    noise(w);
}

static void string(writer *w)
{
    static const char *const texts[] = {
        "\"a\"",    "\"b\"",     "\"x\\\"y\"",   "\"\"",
        "\"\\\\\"", "\"// no\"", "\"\xc3\xa9\"", "\"{\\\"k\\\":[1,2]}\""};
    word(w, texts[below(w, sizeof texts / sizeof texts[0])]);
}

static void type(writer *w)
{
    static const char *const texts[] = {"\"a\"", "\"b\"", "\"c\""};
    word(w, texts[below(w, 3)]);
}

static void number(writer *w)
{
    static const char *const texts[] = {"0", "1", "-7", "42", "9223372036854775807"};
    word(w, texts[below(w, sizeof texts / sizeof texts[0])]);
}

static void property(writer *w)
{
    static const char *const names[] = {"type", "value", "valueType", "issuer"};
    keyword(w, names[below(w, 4)]);
}

/* bound: identifiers v0, v1, ... that exist so far, as bits. */
static void claim(writer *w, unsigned bound)
{
    static const char *const names[] = {"v0", "v1", "v2", "v3"};
    size_t i = below(w, 4);
    while ((bound >> i & 1) == 0) {
        i = (i + 1) % 4;
    }
    word(w, names[i]);
    word(w, ".");
    property(w);
}

static void expression(writer *w, unsigned bound, unsigned depth)
{
    static const struct {
        const char *name;
        size_t arguments;
    } functions[] = {{"IsSubsetOf", 2}, {"ContainsOnlyValue", 2}, {"IsSubsetOf", 2}};
    const size_t choice = below(w, depth < 3 ? 6 : 4);
    if (choice == 0) {
        string(w);
    } else if (choice == 1) {
        number(w);
    } else if (choice == 2) {
        keyword(w, below(w, 2) == 0 ? "true" : "false");
    } else if (choice == 3 && bound != 0) {
        claim(w, bound);
    } else if (choice == 3) {
        string(w);
    } else {
        const size_t f = below(w, 3);
        keyword(w, functions[f].name);
        word(w, "(");
        expression(w, bound, depth + 1);
        word(w, ",");
        space(w, " ");
        expression(w, bound, depth + 1);
        word(w, ")");
    }
}

static void equality(writer *w)
{
    if (below(w, 3) == 0) {
        put(&w->canonical, "==");
        put(&w->noisy, "=");
        /* "=" and a "=>" or "==" after it would be read otherwise: an expression never starts so.
         */
        noise(w);
    } else {
        word(w, below(w, 2) == 0 ? "==" : "!=");
    }
}

static void value_test(writer *w, unsigned bound)
{
    static const char *const orders[] = {"<", "<=", ">", ">="};
    keyword(w, "value");
    space(w, " ");
    if (below(w, 2) == 0) {
        word(w, orders[below(w, 4)]);
        space(w, " ");
        number(w);
    } else {
        equality(w);
        space(w, " ");
        expression(w, bound, 0);
    }
}

static void condition(writer *w, size_t index, unsigned *bound)
{
    static const char *const names[] = {"v0", "v1", "v2", "v3"};
    const unsigned before = *bound;
    if (below(w, 5) == 0) {
        word(w, "!");
    } else if (below(w, 2) == 0) {
        word(w, names[index]);
        word(w, ":");
        *bound |= 1U << index;
    }
    word(w, "[");
    keyword(w, "type");
    space(w, " ");
    equality(w);
    space(w, " ");
    type(w);
    for (size_t i = below(w, 3); i > 0; i--) {
        word(w, ",");
        space(w, " ");
        value_test(w, before);
    }
    word(w, "]");
}

static void action(writer *w, size_t section, unsigned bound)
{
    static const char *const verbs[3][3] = {{"issueproperty", "issueproperty", "issueproperty"},
                                            {"permit", "deny", "add"},
                                            {"issue", "issueproperty", "add"}};
    const size_t verb = section == 1 && below(w, 2) == 0 ? 0 : below(w, 3);
    keyword(w, verbs[section][verb]);
    word(w, "(");
    if (section != 1 || verb == 2) {
        size_t i = 0;
        while (i < 4 && (bound >> i & 1) == 0) {
            i++;
        }
        static const char *const names[] = {"v0", "v1", "v2", "v3"};
        if (bound != 0 && below(w, 2) == 0) {
            keyword(w, "claim");
            space(w, " ");
            word(w, "=");
            space(w, " ");
            word(w, names[i]);
        } else {
            keyword(w, "type");
            space(w, " ");
            word(w, "=");
            space(w, " ");
            type(w);
            word(w, ",");
            space(w, " ");
            keyword(w, "value");
            space(w, " ");
            word(w, "=");
            space(w, " ");
            expression(w, bound, 0);
        }
    }
    word(w, ")");
    word(w, ";");
    space(w, "\n");
}

static void rule(writer *w, size_t section)
{
    unsigned bound = 0;
    const size_t conditions = below(w, 4);
    space(w, "    ");
    for (size_t i = 0; i < conditions; i++) {
        if (i > 0) {
            space(w, " ");
            word(w, "&&");
            space(w, " ");
        }
        condition(w, i, &bound);
    }
    space(w, conditions > 0 ? " " : "");
    word(w, "=>");
    space(w, " ");
    action(w, section, bound);
}

static void policy(writer *w)
{
    static const char *const sections[] = {"configurationrules", "authorizationrules",
                                           "issuancerules"};
    noise(w);
    keyword(w, "version");
    word(w, "=");
    space(w, " ");
    word(w, "1.2");
    word(w, ";");
    space(w, "\n");
    for (size_t i = 0; i < 3; i++) {
        if (below(w, 4) == 0) {
            continue;
        }
        keyword(w, sections[i]);
        space(w, "\n");
        word(w, "{");
        space(w, "\n");
        for (size_t n = below(w, 5); n > 0; n--) {
            rule(w, i);
        }
        word(w, "}");
        word(w, ";");
        space(w, "\n");
    }
}

static void claims(writer *w, json_t *into)
{
    static const char *const types[] = {"a", "b", "c"};
    for (size_t i = 0; i < 3; i++) {
        COF_JSON json_t *list = json_array();
        for (size_t n = below(w, 4); n > 0; n--) {
            json_t *const values[] = {json_integer(1),  json_integer(42),
                                      json_string("a"), json_string(""),
                                      json_true(),      json_pack("{s:[i,i]}", "k", 1, 2)};
            for (size_t j = 0, chosen = below(w, 6); j < 6; j++) {
                if (j == chosen) {
                    assert_int_equal(json_array_append(list, values[j]), 0);
                }
                json_decref(values[j]);
            }
        }
        assert_int_equal(json_object_set(into, types[i], list), 0);
    }
}

/* Outcomes agree; a deny never goes with a permit or with issued claims. */
static bool decide_alike(const cof_maa_policy *a, const cof_maa_policy *b, const json_t *incoming)
{
    COF_CLEANUP(cof_maa_outcome_free) cof_maa_outcome first = {0};
    COF_CLEANUP(cof_maa_outcome_free) cof_maa_outcome second = {0};
    const cof_status status = cof_maa_evaluate(a, incoming, &first, NULL);
    assert_int_equal(cof_maa_evaluate(b, incoming, &second, NULL), status);
    if (status != COF_OK) {
        return false;
    }
    assert_int_equal(first.is_permitted, second.is_permitted);
    assert_int_equal(first.is_denied, second.is_denied);
    assert_int_equal(first.rule, second.rule);
    assert_true(json_equal(first.issued, second.issued));
    assert_true(json_equal(first.properties, second.properties));
    assert_false(first.is_permitted && first.is_denied);
    assert_true(first.is_permitted || json_object_size(first.issued) == 0);
    return first.is_permitted && json_object_size(first.issued) > 0;
}

static void any_spelling_prints_the_same_and_decides_the_same(void **state)
{
    (void)state;
    writer w = {.random = {2027}};
    size_t issued = 0;
    for (int round = 0; round < ROUNDS; round++) {
        COF_CLEANUP(cof_maa_policy_drop_) cof_maa_policy *from_noisy = NULL;
        COF_CLEANUP(cof_maa_policy_drop_) cof_maa_policy *from_print = NULL;
        COF_CLEANUP(cof_buf_free) cof_buf printed = {.limit = 1 << 20};
        COF_CLEANUP(cof_buf_free) cof_buf again = {.limit = 1 << 20};
        COF_JSON json_t *incoming = json_object();
        cof_err err = {0};
        cof_buf_init(&w.canonical, 1 << 20);
        cof_buf_init(&w.noisy, 1 << 20);
        policy(&w);
        const cof_status status = cof_maa_parse(cof_buf_view(&w.noisy), &from_noisy, NULL, &err);
        if (status != COF_OK) {
            print_message("# %.*s\n# %s\n", (int)w.noisy.size, (const char *)w.noisy.data,
                          err.detail);
        }
        assert_ok(status);
        assert_ok(cof_maa_print(from_noisy, &printed, NULL));
        assert_int_equal(printed.size, w.canonical.size);
        assert_memory_equal(printed.data, w.canonical.data, printed.size);
        assert_ok(cof_maa_parse(cof_buf_view(&printed), &from_print, NULL, NULL));
        assert_ok(cof_maa_print(from_print, &again, NULL));
        assert_true(cof_view_equal(cof_buf_view(&printed), cof_buf_view(&again)));
        claims(&w, incoming);
        issued += decide_alike(from_noisy, from_print, incoming) ? 1 : 0;
        cof_buf_free(&w.canonical);
        cof_buf_free(&w.noisy);
    }
    assert_true(issued > 50); /* else the random policies test nothing */
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_spelling_prints_the_same_and_decides_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
