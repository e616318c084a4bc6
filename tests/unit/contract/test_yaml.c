/* YAML: what is read, what is refused, and where. */
#include <stdio.h>
#include <string.h>

#include "harness/cof_test.h"
#include "relying/contract/yaml.h"

static cof_status parse(const char *text, size_t size, cof_diagnostics **out_problems,
                        cof_yaml **out)
{
    assert_ok(cof_diagnostics_new("f.yaml", cof_view_of(text, size), out_problems, NULL));
    return cof_yaml_parse(cof_view_of(text, size), *out_problems, out, NULL);
}

static void a_tree_keeps_the_place_of_every_node(void **state)
{
    (void)state;
    static const char text[] = "a: 1\nlist:\n  - x\n  - {deep: \"q\", \xc3\xa4: y}\n";
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
    COF_CLEANUP(cof_yaml_drop_) cof_yaml *document = NULL;
    assert_ok(parse(text, strlen(text), &problems, &document));
    const cof_yaml_node *root = cof_yaml_root(document);
    assert_int_equal(root->kind, COF_YAML_MAP);
    const cof_yaml_node *a = cof_yaml_find(root, "a");
    assert_string_equal(a->text, "1");
    assert_true(a->is_plain);
    assert_int_equal(a->line, 1);
    assert_int_equal(a->column, 4);
    assert_int_equal(a->key->column, 1);
    const cof_yaml_node *list = cof_yaml_find(root, "list");
    assert_int_equal(list->kind, COF_YAML_LIST);
    assert_string_equal(list->first->text, "x");
    const cof_yaml_node *map = list->first->next;
    assert_int_equal(map->line, 4);
    assert_int_equal(map->column, 5);
    assert_null(map->next);
    assert_false(cof_yaml_find(map, "deep")->is_plain);
    /* Columns count characters, not bytes. */
    assert_int_equal(cof_yaml_find(map, "\xc3\xa4")->column, 20);
    assert_null(cof_yaml_find(map, "shallow"));
    assert_null(cof_yaml_find(list, "deep"));
}

static void scalars_stay_as_they_are_written(void **state)
{
    (void)state;
    static const char text[] = "a: 010\nb: yes\nc: ~\nd: 'it''s'\ne: 0x1f\nf:\n";
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
    COF_CLEANUP(cof_yaml_drop_) cof_yaml *document = NULL;
    assert_ok(parse(text, strlen(text), &problems, &document));
    const cof_yaml_node *root = cof_yaml_root(document);
    assert_string_equal(cof_yaml_find(root, "a")->text, "010");
    assert_string_equal(cof_yaml_find(root, "b")->text, "yes");
    assert_string_equal(cof_yaml_find(root, "c")->text, "~");
    assert_string_equal(cof_yaml_find(root, "d")->text, "it's");
    assert_string_equal(cof_yaml_find(root, "e")->text, "0x1f");
    assert_string_equal(cof_yaml_find(root, "f")->text, "");
    assert_string_equal(cof_yaml_kind_name(cof_yaml_find(root, "f")), "nothing");
    assert_string_equal(cof_yaml_kind_name(cof_yaml_find(root, "d")), "text");
    assert_string_equal(cof_yaml_kind_name(cof_yaml_find(root, "a")), "a value");
    assert_string_equal(cof_yaml_kind_name(root), "a map");
}

typedef struct bad {
    const char *text;
    size_t size; /* 0: its length */
    const char *printed;
} bad;

static void expect_first_line(const bad *b)
{
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
    COF_CLEANUP(cof_yaml_drop_) cof_yaml *document = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = 64 * 1024};
    const char *printed = NULL;
    const cof_status status =
        parse(b->text, b->size == 0 ? strlen(b->text) : b->size, &problems, &document);
    if (status != COF_E_CONTRACT_INVALID) {
        fail_msg("%s is expected, and \"%s\" is accepted", b->printed, b->text);
    }
    assert_ok(cof_diagnostics_print(problems, &out, NULL));
    assert_ok(cof_buf_text(&out, &printed, NULL));
    if (strncmp(printed, b->printed, strlen(b->printed)) != 0 ||
        printed[strlen(b->printed)] != '\n') {
        fail_msg("expected: %s\ngot: %s", b->printed, printed);
    }
}

static void what_is_not_allowed_is_refused_with_its_place(void **state)
{
    (void)state;
    static const bad bads[] = {
        {"", 0, "f.yaml:1:1: there is nothing in the file"},
        {"# only a comment\n", 0, "f.yaml:1:1: there is nothing in the file"},
        {"a: 1\nb: 2\na: 3\n", 0, "f.yaml:3:1: duplicate key \"a\"; the first is in line 1"},
        {"a: {x: 1, x: 2}\n", 0, "f.yaml:1:11: duplicate key \"x\"; the first is in line 1"},
        {"a: &n 1\n", 0,
         "f.yaml:1:4: anchors are not allowed; write the value out where it is needed"},
        {"a: [1]\nb: *n\n", 0, "f.yaml:2:4: aliases are not allowed; write the value out"},
        {"a: !!int 1\n", 0, "f.yaml:1:4: tags are not allowed; remove it"},
        {"a: !mine {b: 1}\n", 0, "f.yaml:1:4: tags are not allowed; remove it"},
        {"a: {<<: {b: 1}}\n", 0, "f.yaml:1:5: merge keys are not allowed; write the keys out"},
        {"a: 1\n---\nb: 2\n", 0, "f.yaml:2:1: there is more than one document"},
        {"%YAML 1.2\n---\na: 1\n", 0, "f.yaml:1:1: directives are not allowed; remove it"},
        {"a: 1\n\tb: 2\n", 0, "f.yaml:2:1: a tab cannot stand here; indent with spaces"},
        {"a:\n\tb: 2\n", 0, "f.yaml:2:1: a tab cannot stand here; indent with spaces"},
        {"? [a, b]\n: 1\n", 0, "f.yaml:1:3: a key must be a text"},
        {"a: \"x\\0y\"\n", 0, "f.yaml:1:4: a text cannot have a NUL in it"},
        {"a: b: c\n", 0,
         "f.yaml:1:5: a \":\" cannot stand here; check the indentation, and put a text with \": \" "
         "in it between quotes"},
        {"a: [1, 2\n", 0, "f.yaml:2:1: a \",\" or \"]\" was expected here; close the list"},
        {"a: {b: 1\n", 0, "f.yaml:2:1: a \",\" or \"}\" was expected here; close the map"},
        {"a: \"open\n", 0, "f.yaml:2:1: the file ends inside a quoted text; close the quote"},
        {"a: 1\n  b: 2\n", 0,
         "f.yaml:2:4: a \":\" cannot stand here; check the indentation, and put a text with \": \" "
         "in it between quotes"},
        {"a: @x\n", 0,
         "f.yaml:1:4: this character cannot start a value; put the text between quotes"},
        {"a: \xff\xfe\n", 0,
         "f.yaml:1:4: this is not a text file: invalid leading UTF-8 octet; save it as UTF-8 text"},
        {"\x7f"
         "ELF\x02\x01\x01\0\0\0",
         10,
         "f.yaml:1:1: this is not a text file: control characters are not allowed; save it as "
         "UTF-8 text"},
    };
    for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        expect_first_line(&bads[i]);
    }
}

static void every_problem_is_reported_not_only_the_first(void **state)
{
    (void)state;
    static const char text[] = "a: &x 1\nb: !!str 2\na: 3\nc: *x\n";
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
    cof_yaml *document = NULL;
    assert_status(parse(text, strlen(text), &problems, &document), CONTRACT_INVALID);
    assert_int_equal(cof_diagnostics_count(problems), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(cof_diagnostics_at(problems, i)->line, i + 1);
    }
}

static void expect_limit(cof_buf *text, const char *message)
{
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
    cof_yaml *document = NULL;
    assert_status(parse((const char *)text->data, text->size, &problems, &document),
                  CONTRACT_INVALID);
    assert_int_equal(cof_diagnostics_count(problems), 1);
    assert_string_equal(cof_diagnostics_at(problems, 0)->message, message);
    cof_buf_free(text);
}

static cof_buf repeated(const char *piece, size_t count)
{
    cof_buf text = {.limit = 1024 * 1024};
    for (size_t i = 0; i < count; i++) {
        assert_ok(cof_buf_append_text(&text, piece, NULL));
    }
    return text;
}

static void what_is_over_a_limit_is_refused(void **state)
{
    (void)state;
    cof_buf large = repeated("a: 1 # padding\n", 20000);
    expect_limit(&large, "the file has 300000 bytes, and at most 262144 are allowed");
    cof_buf deep = repeated("- ", 17);
    expect_limit(&deep, "more than 16 levels of nesting");
    cof_buf brackets = repeated("[", 200000);
    expect_limit(&brackets, "more than 16 levels of nesting");
    cof_buf nodes = repeated("- 1\n", 20000);
    expect_limit(&nodes, "more than 20000 keys and values");
    cof_buf keys = {.limit = 64 * 1024};
    for (int i = 0; i < 257; i++) {
        assert_ok(cof_buf_printf(&keys, NULL, "k%d: 1\n", i));
    }
    expect_limit(&keys, "more than 256 keys in one map");
}

static void what_is_at_a_limit_is_read(void **state)
{
    (void)state;
    COF_CLEANUP(cof_buf_free) cof_buf text = repeated("- ", 16);
    COF_CLEANUP(cof_diagnostics_drop_) cof_diagnostics *problems = NULL;
    COF_CLEANUP(cof_yaml_drop_) cof_yaml *document = NULL;
    assert_ok(parse((const char *)text.data, text.size, &problems, &document));
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_keeps_the_place_of_every_node),
        cmocka_unit_test(scalars_stay_as_they_are_written),
        cmocka_unit_test(what_is_not_allowed_is_refused_with_its_place),
        cmocka_unit_test(every_problem_is_reported_not_only_the_first),
        cmocka_unit_test(what_is_over_a_limit_is_refused),
        cmocka_unit_test(what_is_at_a_limit_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
