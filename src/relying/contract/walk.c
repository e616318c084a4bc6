#include "relying/contract/walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "relying/contract/scalar.h"

void cof_walk_problem(cof_walk *walk, const cof_yaml_node *node, const char *remedy,
                      const char *format, ...)
{
    char message[COF_DIAGNOSTICS_MESSAGE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    cof_diagnostics_add(walk->problems, node->line, node->column, remedy, "%s", message);
}

const char *cof_walk_suggest(const char *word, const char *lead, const cof_names *names,
                             char out[static COF_DIAGNOSTICS_REMEDY])
{
    const char *nearest = word == NULL ? NULL : cof_nearest_name(word, names->texts, names->count);
    if (nearest != NULL) {
        (void)snprintf(out, COF_DIAGNOSTICS_REMEDY, "did you mean \"%s\"?", nearest);
        return out;
    }
    size_t used = (size_t)snprintf(out, COF_DIAGNOSTICS_REMEDY, "%s", lead);
    for (size_t i = 0; i < names->count && used < COF_DIAGNOSTICS_REMEDY; i++) {
        used += (size_t)snprintf(out + used, COF_DIAGNOSTICS_REMEDY - used, "%s%s",
                                 i == 0 ? " " : ", ", names->texts[i]);
    }
    return out;
}

/* What the value is called in messages: its key, or for a list's item "this item". */
static const char *label_of(const cof_yaml_node *node, char out[static COF_DIAGNOSTICS_QUOTED + 2])
{
    char quoted[COF_DIAGNOSTICS_QUOTED];
    if (node->key == NULL) {
        return "this item";
    }
    (void)snprintf(out, COF_DIAGNOSTICS_QUOTED + 2, "\"%s\"",
                   cof_diagnostics_quote(node->key->text, quoted));
    return out;
}

static bool is_nothing(const cof_yaml_node *node)
{
    return node->kind == COF_YAML_SCALAR && node->is_plain &&
           (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
            strcmp(node->text, "null") == 0);
}

static bool refuse(cof_walk *walk, const cof_yaml_node *node, const char *remedy,
                   const char *expected)
{
    char label[COF_DIAGNOSTICS_QUOTED + 2];
    char quoted[COF_DIAGNOSTICS_QUOTED];
    if (is_nothing(node)) {
        cof_walk_problem(walk, node, remedy, "%s has no value, and must be %s",
                         label_of(node, label), expected);
    } else if (node->kind != COF_YAML_SCALAR) {
        cof_walk_problem(walk, node, remedy, "%s must be %s, not %s", label_of(node, label),
                         expected, cof_yaml_kind_name(node));
    } else {
        cof_walk_problem(walk, node, remedy, "%s must be %s, not %s\"%s\"", label_of(node, label),
                         expected, node->is_plain ? "" : "the text ",
                         cof_diagnostics_quote(node->text, quoted));
    }
    return false;
}

bool cof_walk_is_list(cof_walk *walk, const cof_yaml_node *node, const char *what, size_t low,
                      size_t high)
{
    size_t count = 0;
    if (node->kind != COF_YAML_LIST) {
        return refuse(walk, node, "write it as [a, b]", "a list");
    }
    for (const cof_yaml_node *item = node->first; item != NULL; item = item->next) {
        count++;
    }
    if (count < low || count > high) {
        cof_walk_problem(walk, node, NULL, "%s has %zu items, and must have %zu to %zu", what,
                         count, low, high);
        return false;
    }
    return true;
}

static bool read_text(cof_walk *walk, const cof_yaml_node *node, const cof_walk_key *key, void *out)
{
    if (node->kind != COF_YAML_SCALAR || is_nothing(node) || node->text[0] == '\0') {
        return refuse(walk, node, NULL, "a text");
    }
    if (key->type == COF_WALK_NAME && !cof_contract_is_name(node->text)) {
        return refuse(walk, node, "use a-z, 0-9 and -, at most 63 characters", "a name");
    }
    memcpy(out, &(const char *){node->text}, sizeof(const char *));
    return true;
}

static void describe_range(const cof_walk_key *key, const char *kind, char *out, size_t size)
{
    if (key->is_open == COF_WALK_ABOVE) {
        (void)snprintf(out, size, "%s above %.15g, at most %.15g", kind, key->low, key->high);
    } else if (key->is_open == COF_WALK_BELOW) {
        (void)snprintf(out, size, "%s from %.15g to below %.15g", kind, key->low, key->high);
    } else {
        (void)snprintf(out, size, "%s from %.16g to %.16g", kind, key->low, key->high);
    }
}

static bool is_in_range(const cof_walk_key *key, double value)
{
    return (key->is_open == COF_WALK_ABOVE ? value > key->low : value >= key->low) &&
           (key->is_open == COF_WALK_BELOW ? value < key->high : value <= key->high);
}

static const char *number_remedy(const cof_yaml_node *node)
{
    const char *digits = node->text + (node->text[0] == '-');
    if (node->kind != COF_YAML_SCALAR) {
        return NULL;
    }
    if (!node->is_plain) {
        return "remove the quotes";
    }
    if (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9') {
        return "remove the leading zero";
    }
    return NULL;
}

static bool read_integer(cof_walk *walk, const cof_yaml_node *node, const cof_walk_key *key,
                         void *out)
{
    char expected[96];
    int64_t value = 0;
    describe_range(key, "an integer", expected, sizeof expected);
    if (node->kind != COF_YAML_SCALAR || !node->is_plain ||
        !cof_scalar_integer(node->text, &value) || !is_in_range(key, (double)value)) {
        return refuse(walk, node, number_remedy(node), expected);
    }
    memcpy(out, &value, sizeof value);
    return true;
}

static bool read_number(cof_walk *walk, const cof_yaml_node *node, const cof_walk_key *key,
                        void *out)
{
    char expected[96];
    double value = 0;
    describe_range(key, "a number", expected, sizeof expected);
    if (node->kind != COF_YAML_SCALAR || !node->is_plain ||
        !cof_scalar_number(node->text, &value) || !is_in_range(key, value)) {
        return refuse(walk, node, number_remedy(node), expected);
    }
    memcpy(out, &value, sizeof value);
    return true;
}

/* What YAML 1.1 took for booleans: the remedy says which one was meant. */
static const char *boolean_remedy(const cof_yaml_node *node)
{
    static const char *const yes[] = {"yes",  "Yes",  "YES", "on", "On", "ON",
                                      "True", "TRUE", "y",   "Y",  "1"};
    static const char *const no[] = {"no",    "No",    "NO", "off", "Off", "OFF",
                                     "False", "FALSE", "n",  "N",   "0"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        if (strcmp(node->text, yes[i]) == 0) {
            return "write true";
        }
        if (strcmp(node->text, no[i]) == 0) {
            return "write false";
        }
    }
    return number_remedy(node);
}

static bool read_boolean(cof_walk *walk, const cof_yaml_node *node, void *out)
{
    const bool is_true =
        node->kind == COF_YAML_SCALAR && node->is_plain && strcmp(node->text, "true") == 0;
    const bool is_false =
        node->kind == COF_YAML_SCALAR && node->is_plain && strcmp(node->text, "false") == 0;
    if (!is_true && !is_false) {
        return refuse(walk, node, boolean_remedy(node), "true or false");
    }
    memcpy(out, &is_true, sizeof is_true);
    return true;
}

static bool read_choice(cof_walk *walk, const cof_yaml_node *node, const cof_walk_key *key,
                        void *out)
{
    char remedy[COF_DIAGNOSTICS_REMEDY];
    char label[COF_DIAGNOSTICS_QUOTED + 2];
    char quoted[COF_DIAGNOSTICS_QUOTED];
    size_t index = 0;
    if (node->kind != COF_YAML_SCALAR || is_nothing(node)) {
        return refuse(walk, node, cof_walk_suggest(NULL, "choose", key->names, remedy),
                      "one of its names");
    }
    if (!cof_names_find(key->names, node->text, &index)) {
        cof_walk_problem(walk, node, cof_walk_suggest(node->text, "choose", key->names, remedy),
                         "%s cannot be \"%s\"", label_of(node, label),
                         cof_diagnostics_quote(node->text, quoted));
        return false;
    }
    memcpy(out, &(int){(int)index}, sizeof(int));
    return true;
}

/* Times, sizes and durations: texts with a form of their own. */
typedef struct form {
    bool (*read)(const char *text, int64_t *out);
    const char *expected;
    const char *remedy;
} form;

static bool read_form(cof_walk *walk, const cof_yaml_node *node, const cof_walk_key *key, void *out)
{
    static const form time = {cof_scalar_time, "a time", "write it as 2027-01-01T00:00:00Z"};
    static const form size = {cof_scalar_size, "a size",
                              "write it as 256MiB; units are KiB, MiB, GiB"};
    static const form duration = {cof_scalar_duration, "a duration",
                                  "write it as 1h; units are s, m, h, d"};
    const form *f = key->type == COF_WALK_TIME   ? &time
                    : key->type == COF_WALK_SIZE ? &size
                                                 : &duration;
    int64_t value = 0;
    if (node->kind != COF_YAML_SCALAR || !f->read(node->text, &value)) {
        return refuse(walk, node, f->remedy, f->expected);
    }
    if (!is_in_range(key, (double)value)) {
        char label[COF_DIAGNOSTICS_QUOTED + 2];
        char quoted[COF_DIAGNOSTICS_QUOTED];
        cof_walk_problem(walk, node, NULL, "%s is out of range: %s", label_of(node, label),
                         cof_diagnostics_quote(node->text, quoted));
        return false;
    }
    memcpy(out, &value, sizeof value);
    return true;
}

bool cof_walk_scalar(cof_walk *walk, const cof_yaml_node *node, const cof_walk_key *key, void *out)
{
    switch (key->type) {
    case COF_WALK_TEXT:
    case COF_WALK_NAME:
        return read_text(walk, node, key, out);
    case COF_WALK_INTEGER:
        return read_integer(walk, node, key, out);
    case COF_WALK_NUMBER:
        return read_number(walk, node, key, out);
    case COF_WALK_BOOLEAN:
        return read_boolean(walk, node, out);
    case COF_WALK_CHOICE:
        return read_choice(walk, node, key, out);
    case COF_WALK_TIME:
    case COF_WALK_SIZE:
    case COF_WALK_DURATION:
        return read_form(walk, node, key, out);
    case COF_WALK_MAP:
    case COF_WALK_CUSTOM:
        break;
    }
    return false;
}

static const cof_walk_key *find_key(const cof_walk_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->keys[i].name, name) == 0) {
            return &table->keys[i];
        }
    }
    return NULL;
}

static void *place_of(const cof_walk_key *key, void *out)
{
    return (char *)out + key->offset;
}

static void read_value(cof_walk *walk, const cof_yaml_node *node, const cof_walk_key *key,
                       void *out)
{
    if (key->type == COF_WALK_MAP) {
        cof_walk_map(walk, node, key->name, key->inner, place_of(key, out));
    } else if (key->type == COF_WALK_CUSTOM) {
        key->read(walk, node, place_of(key, out));
    } else {
        (void)cof_walk_scalar(walk, node, key, place_of(key, out));
    }
}

enum { TABLE_KEYS = 32 }; /* no table has more */

static void report_unknown(cof_walk *walk, const cof_yaml_node *key, const char *what,
                           const cof_walk_table *table)
{
    const char *texts[TABLE_KEYS] = {0};
    char remedy[COF_DIAGNOSTICS_REMEDY];
    char quoted[COF_DIAGNOSTICS_QUOTED];
    cof_names names = {.texts = texts};
    for (; names.count < table->count && names.count < TABLE_KEYS; names.count++) {
        texts[names.count] = table->keys[names.count].name;
    }
    cof_walk_problem(walk, key, cof_walk_suggest(key->text, "the keys are", &names, remedy),
                     "unknown key \"%s\" in %s", cof_diagnostics_quote(key->text, quoted), what);
}

static void fill_in(const cof_walk_key *key, void *out)
{
    if (key->fallback == NULL) {
        return;
    }
    if (key->type == COF_WALK_MAP) {
        cof_walk_defaults(key->inner, place_of(key, out));
        return;
    }
    /* A default is read as if it had been written; tables are right, and tests walk every one. */
    const cof_yaml_node written = {
        .kind = COF_YAML_SCALAR, .is_plain = true, .text = key->fallback};
    cof_walk unheard = {NULL};
    if (key->type == COF_WALK_CUSTOM) {
        key->read(&unheard, &written, place_of(key, out));
    } else {
        (void)cof_walk_scalar(&unheard, &written, key, place_of(key, out));
    }
}

void cof_walk_defaults(const cof_walk_table *table, void *out)
{
    for (size_t i = 0; i < table->count; i++) {
        fill_in(&table->keys[i], out);
    }
}

void cof_walk_map(cof_walk *walk, const cof_yaml_node *node, const char *what,
                  const cof_walk_table *table, void *out)
{
    if (node->kind != COF_YAML_MAP) {
        (void)refuse(walk, node, "write it as {key: value}", "a map");
        return;
    }
    for (const cof_yaml_node *value = node->first; value != NULL; value = value->next) {
        const cof_walk_key *key = find_key(table, value->key->text);
        if (key == NULL) {
            report_unknown(walk, value->key, what, table);
        } else {
            read_value(walk, value, key, out);
        }
    }
    for (size_t i = 0; i < table->count; i++) {
        const cof_walk_key *key = &table->keys[i];
        if (cof_yaml_find(node, key->name) != NULL) {
            continue;
        }
        if (key->is_required) {
            cof_walk_problem(walk, node, NULL, "missing key \"%s\" in %s", key->name, what);
        } else {
            fill_in(key, out);
        }
    }
}

void cof_walk_variant(cof_walk *walk, const cof_yaml_node *node, const char *what, const char *key,
                      const cof_names *names, const cof_walk_table *tables, void *out)
{
    if (node->kind != COF_YAML_MAP) {
        (void)refuse(walk, node, "write it as {key: value}", "a map");
        return;
    }
    const cof_yaml_node *value = cof_yaml_find(node, key);
    int which = 0;
    if (value == NULL) {
        char remedy[COF_DIAGNOSTICS_REMEDY];
        cof_walk_problem(walk, node, cof_walk_suggest(NULL, "choose", names, remedy),
                         "missing key \"%s\" in %s", key, what);
        return;
    }
    const cof_walk_key choice = {.name = key, .type = COF_WALK_CHOICE, .names = names};
    if (cof_walk_scalar(walk, value, &choice, &which)) {
        cof_walk_map(walk, node, what, &tables[which], out);
    }
}
