#include "contract_case.h"

#include <stdio.h>
#include <string.h>

const char *case_folder;

cof_buf case_file(const char *name)
{
    char path[1024];
    cof_buf content = {.limit = 1024 * 1024};
    uint8_t *place = NULL;
    (void)snprintf(path, sizeof path, "%s/%s", case_folder, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_ok(cof_buf_extend(&content, 256 * 1024, &place, NULL));
    content.size = fread(place, 1, 256 * 1024, file);
    (void)fclose(file);
    return content;
}

json_t *case_json(const char *name)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = case_file(name);
    json_t *value = NULL;
    assert_ok(cof_json_parse(cof_buf_view(&text), text.size, &value, NULL));
    return value;
}

cof_buf case_canonical(const json_t *value)
{
    cof_buf text = {.limit = 2 * 1024 * 1024};
    assert_ok(cof_json_canonical(value, &text, NULL));
    return text;
}

cof_contract *case_contract(const char *name)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = case_file(name);
    cof_contract *contract = NULL;
    assert_ok(cof_contract_parse(cof_buf_view(&text), &contract, NULL));
    return contract;
}

static json_t *parse_value(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    return value;
}

static void change_member(json_t *parent, const char *name, const char *value)
{
    if (json_is_object(parent)) {
        assert_int_equal(value == NULL ? json_object_del(parent, name)
                                       : json_object_set_new(parent, name, parse_value(value)),
                         0);
        return;
    }
    assert_true(json_is_array(parent));
    const size_t index = strtoul(name, NULL, 10);
    if (strcmp(name, "+") == 0) {
        assert_int_equal(json_array_append_new(parent, parse_value(value)), 0);
    } else if (value == NULL) {
        assert_int_equal(json_array_remove(parent, index), 0);
    } else {
        assert_int_equal(json_array_set_new(parent, index, parse_value(value)), 0);
    }
}

void case_change(json_t *root, const char *path, const char *value)
{
    char step[64];
    json_t *at = root;
    for (;;) {
        const size_t size = strcspn(path, ".");
        assert_true(size < sizeof step);
        memcpy(step, path, size);
        step[size] = '\0';
        if (path[size] == '\0') {
            change_member(at, step, value);
            return;
        }
        at = json_is_array(at) ? json_array_get(at, strtoul(step, NULL, 10))
                               : json_object_get(at, step);
        assert_non_null(at);
        path += size + 1;
    }
}

static void read_objects(const json_t *list, cof_resolve_input *out)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *object = json_array_get(list, i);
        int64_t size = 0;
        assert_ok(cof_json_get_hex(object, "digest", out->objects[i].digest.bytes, COF_DIGEST_SIZE,
                                   NULL));
        assert_ok(cof_json_get_int(object, "size", 0, 1 << 30, &size, NULL));
        out->objects[i].size = (uint64_t)size;
    }
}

static void read_identities(const json_t *json, case_facts *out)
{
    const char *name = NULL;
    json_t *person = NULL;
    json_object_foreach((json_t *)(uintptr_t)json_object_get(json, "identities"), name, person)
    {
        out->identities[out->facts.identity_count++] = (cof_resolve_identity){
            .name = name,
            .key = json_string_value(json_object_get(person, "key")),
            .sign = json_object_get(person, "sign"),
            .result_kid = json_string_value(json_object_get(person, "result_kid")),
            .result_jwk = json_object_get(person, "result_jwk"),
        };
    }
}

void case_facts_read(const json_t *json, const char *job, const json_t *schema, case_facts *out)
{
    const json_t *inputs = json_object_get(json_object_get(json, "inputs"), job);
    const json_t *installed = json_object_get(json, "installed");
    *out = (case_facts){0};
    for (size_t i = 0; i < json_array_size(inputs); i++) {
        const json_t *input = json_array_get(inputs, i);
        read_objects(json_object_get(input, "objects"), &out->inputs[i]);
        out->inputs[i].schema = schema;
        out->inputs[i].classes = (uint32_t)json_integer_value(json_object_get(input, "classes"));
    }
    assert_ok(
        cof_json_get_hex(installed, "simulated", out->installed[0].bytes, COF_DIGEST_SIZE, NULL));
    assert_ok(cof_json_get_hex(installed, "sgx", out->installed[1].bytes, COF_DIGEST_SIZE, NULL));
    assert_ok(cof_json_get_hex(json, "root", out->root.bytes, COF_DIGEST_SIZE, NULL));
    read_identities(json, out);
    out->facts.inputs = out->inputs;
    out->facts.identities = out->identities;
    out->facts.installed[0] = &out->installed[0];
    out->facts.installed[1] = &out->installed[1];
    out->facts.root = &out->root;
    out->facts.authority = json_string_value(json_object_get(json, "authority"));
    out->facts.threads = (uint32_t)json_integer_value(json_object_get(json, "threads"));
}
