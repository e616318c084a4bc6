#include "relying/contract/yaml.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

/*
 * Implementation notes: the tree is built from libyaml's events, never from its document loader, so
 * that limits hold while reading and nothing is expanded. Each node is one allocation, all of them
 * chained for freeing; nodes are const to everybody but the builder.
 */

typedef struct owned_node {
    cof_yaml_node node;
    struct owned_node *chain;
    char text[];
} owned_node;

struct cof_yaml {
    owned_node *chain;
    const cof_yaml_node *root;
};

typedef struct open_node {
    cof_yaml_node *node;
    cof_yaml_node *last;      /* its newest value */
    const cof_yaml_node *key; /* of a map: read, waits for its value */
    size_t key_count;
} open_node;

typedef struct builder {
    cof_yaml *document;
    cof_diagnostics *problems;
    size_t node_count;
    size_t document_count;
    size_t depth;
    open_node open[COF_YAML_DEPTH];
    bool is_done;
    bool is_over_limit; /* reading stops; the problem is already reported */
} builder;

static void parser_drop_(yaml_parser_t *parser)
{
    yaml_parser_delete(parser);
}

static void event_drop_(yaml_event_t *event)
{
    yaml_event_delete(event);
}

const cof_yaml_node *cof_yaml_root(const cof_yaml *document)
{
    return document->root;
}

const cof_yaml_node *cof_yaml_find(const cof_yaml_node *map, const char *key)
{
    if (map == NULL || map->kind != COF_YAML_MAP) {
        return NULL;
    }
    for (const cof_yaml_node *value = map->first; value != NULL; value = value->next) {
        if (strcmp(value->key->text, key) == 0) {
            return value;
        }
    }
    return NULL;
}

const char *cof_yaml_kind_name(const cof_yaml_node *node)
{
    switch (node->kind) {
    case COF_YAML_LIST:
        return "a list";
    case COF_YAML_MAP:
        return "a map";
    case COF_YAML_SCALAR:
        break;
    }
    return node->is_plain && node->text[0] == '\0' ? "nothing"
           : node->is_plain                        ? "a value"
                                                   : "text";
}

void cof_yaml_free(cof_yaml *document)
{
    if (document == NULL) {
        return;
    }
    while (document->chain != NULL) {
        owned_node *next = document->chain->chain;
        free(document->chain);
        document->chain = next;
    }
    free(document);
}

static void report(builder *b, yaml_mark_t mark, const char *remedy, const char *message)
{
    cof_diagnostics_add(b->problems, mark.line + 1, mark.column + 1, remedy, "%s", message);
}

static void stop_at_limit(builder *b, yaml_mark_t mark, const char *what, size_t limit)
{
    cof_diagnostics_add(b->problems, mark.line + 1, mark.column + 1, NULL, "more than %zu %s",
                        limit, what);
    b->is_over_limit = true;
}

/* NULL when there is no memory. */
static cof_yaml_node *new_node(builder *b, cof_yaml_kind kind, yaml_mark_t mark, const char *text,
                               size_t size)
{
    owned_node *owned = calloc(1, sizeof *owned + size + 1);
    if (owned == NULL) {
        return NULL;
    }
    if (size > 0) {
        memcpy(owned->text, text, size);
    }
    owned->chain = b->document->chain;
    b->document->chain = owned;
    owned->node = (cof_yaml_node){
        .kind = kind, .line = mark.line + 1, .column = mark.column + 1, .text = owned->text};
    return &owned->node;
}

static bool has_key(const open_node *map, const char *text, const cof_yaml_node **out_earlier)
{
    for (const cof_yaml_node *value = map->node->first; value != NULL; value = value->next) {
        if (strcmp(value->key->text, text) == 0) {
            *out_earlier = value->key;
            return true;
        }
    }
    return false;
}

static void check_key(builder *b, open_node *map, const cof_yaml_node *key, yaml_mark_t mark)
{
    char quoted[COF_DIAGNOSTICS_QUOTED];
    const cof_yaml_node *earlier = NULL;
    if (++map->key_count > COF_YAML_KEYS) {
        stop_at_limit(b, mark, "keys in one map", COF_YAML_KEYS);
    } else if (has_key(map, key->text, &earlier)) {
        char remedy[64];
        (void)snprintf(remedy, sizeof remedy, "the first is in line %zu", earlier->line);
        cof_diagnostics_add(b->problems, key->line, key->column, remedy, "duplicate key \"%s\"",
                            cof_diagnostics_quote(key->text, quoted));
    } else if (key->is_plain && strcmp(key->text, "<<") == 0) {
        report(b, mark, "write the keys out", "merge keys are not allowed");
    }
}

/* Puts a node where it belongs: root, next value of a list, key or value of a map. */
static void place_node(builder *b, cof_yaml_node *node, yaml_mark_t mark)
{
    if (b->depth == 0) {
        b->document->root = node;
        return;
    }
    open_node *parent = &b->open[b->depth - 1];
    assert(parent->node != NULL); /* libyaml's events are balanced */
    if (parent->node->kind == COF_YAML_MAP && parent->key == NULL) {
        if (node->kind != COF_YAML_SCALAR) {
            report(b, mark, NULL, "a key must be a text");
        } else {
            check_key(b, parent, node, mark);
        }
        parent->key = node;
        return;
    }
    node->key = parent->key;
    parent->key = NULL;
    if (parent->last == NULL) {
        parent->node->first = node;
    } else {
        parent->last->next = node;
    }
    parent->last = node;
}

/* *out stays as it is when a limit is met. */
static cof_status add_node(builder *b, cof_yaml_kind kind, const yaml_event_t *event,
                           const char *text, size_t size, cof_yaml_node **out, cof_err *err)
{
    if (++b->node_count > COF_YAML_NODES) {
        stop_at_limit(b, event->start_mark, "keys and values", COF_YAML_NODES);
        return COF_OK;
    }
    cof_yaml_node *node = new_node(b, kind, event->start_mark, text, size);
    if (node == NULL) {
        return COF_FAIL(err, NO_MEMORY, "YAML node");
    }
    node->is_plain =
        event->type == YAML_SCALAR_EVENT && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    place_node(b, node, event->start_mark);
    *out = node;
    return COF_OK;
}

static void check_decoration(builder *b, const yaml_event_t *event, const yaml_char_t *anchor,
                             const yaml_char_t *tag)
{
    if (anchor != NULL) {
        report(b, event->start_mark, "write the value out where it is needed",
               "anchors are not allowed");
    }
    if (tag != NULL) {
        report(b, event->start_mark, "remove it", "tags are not allowed");
    }
}

static cof_status add_scalar(builder *b, const yaml_event_t *event, cof_err *err)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t size = event->data.scalar.length;
    check_decoration(b, event, event->data.scalar.anchor, event->data.scalar.tag);
    if (memchr(text, 0, size) != NULL) {
        report(b, event->start_mark, NULL, "a text cannot have a NUL in it");
        size = strlen(text);
    }
    cof_yaml_node *node = NULL;
    return add_node(b, COF_YAML_SCALAR, event, text, size, &node, err);
}

static cof_status open_collection(builder *b, cof_yaml_kind kind, const yaml_event_t *event,
                                  cof_err *err)
{
    if (b->depth == COF_YAML_DEPTH) {
        stop_at_limit(b, event->start_mark, "levels of nesting", COF_YAML_DEPTH);
        return COF_OK;
    }
    cof_yaml_node *node = NULL;
    COF_TRY(add_node(b, kind, event, "", 0, &node, err));
    if (node != NULL) {
        b->open[b->depth++] = (open_node){.node = node};
    }
    return COF_OK;
}

static void start_document(builder *b, const yaml_event_t *event)
{
    if (++b->document_count > 1) {
        report(b, event->start_mark, NULL, "there is more than one document");
        b->is_over_limit = true;
    } else if (event->data.document_start.version_directive != NULL ||
               event->data.document_start.tag_directives.start !=
                   event->data.document_start.tag_directives.end) {
        report(b, event->start_mark, "remove it", "directives are not allowed");
    }
}

static cof_status take_event(builder *b, const yaml_event_t *event, cof_err *err)
{
    cof_yaml_node *node = NULL;
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        start_document(b, event);
        return COF_OK;
    case YAML_SCALAR_EVENT:
        return add_scalar(b, event, err);
    case YAML_ALIAS_EVENT:
        report(b, event->start_mark, "write the value out", "aliases are not allowed");
        return add_node(b, COF_YAML_SCALAR, event, "", 0, &node, err);
    case YAML_SEQUENCE_START_EVENT:
        check_decoration(b, event, event->data.sequence_start.anchor,
                         event->data.sequence_start.tag);
        return open_collection(b, COF_YAML_LIST, event, err);
    case YAML_MAPPING_START_EVENT:
        check_decoration(b, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
        return open_collection(b, COF_YAML_MAP, event, err);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        b->depth--;
        return COF_OK;
    case YAML_STREAM_END_EVENT:
        b->is_done = true;
        return COF_OK;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return COF_OK;
}

static void advance(uint8_t byte, size_t *line, size_t *column)
{
    if (byte == '\n') {
        (*line)++;
        *column = 1;
    } else if ((byte & 0xc0) != 0x80) {
        (*column)++;
    }
}

static void place_of_offset(cof_view text, size_t offset, size_t *out_line, size_t *out_column)
{
    *out_line = 1;
    *out_column = 1;
    for (size_t i = 0; i < offset && i < text.size; i++) {
        advance(text.data[i], out_line, out_column);
    }
}

/* libyaml's marks count characters, so the byte is found by its place. */
static bool is_tab_at(cof_view text, yaml_mark_t mark)
{
    size_t line = 1;
    size_t column = 1;
    for (size_t i = 0; i < text.size; i++) {
        if (line == mark.line + 1 && column == mark.column + 1) {
            return text.data[i] == '\t';
        }
        advance(text.data[i], &line, &column);
    }
    return false;
}

typedef struct explanation {
    const char *problem; /* what libyaml says */
    const char *message; /* what we say */
    const char *remedy;
} explanation;

/* The ones that people meet; for the others libyaml's own words are passed on. */
static const explanation explanations[] = {
    {"mapping values are not allowed in this context", "a \":\" cannot stand here",
     "check the indentation, and put a text with \": \" in it between quotes"},
    {"did not find expected key", "a key was expected here", "check the indentation"},
    {"could not find expected ':'", "there is no \":\" after this key",
     "write a key as \"key: value\""},
    {"did not find expected '-' indicator", "a list item was expected here",
     "check the indentation"},
    {"did not find expected ',' or ']'", "a \",\" or \"]\" was expected here", "close the list"},
    {"did not find expected ',' or '}'", "a \",\" or \"}\" was expected here", "close the map"},
    {"found unexpected end of stream", "the file ends inside a quoted text", "close the quote"},
    {"found character that cannot start any token", "this character cannot start a value",
     "put the text between quotes"},
};

static void report_syntax(const yaml_parser_t *parser, cof_view text, cof_diagnostics *problems)
{
    const char *problem = parser->problem == NULL ? "not well formed" : parser->problem;
    if (parser->error == YAML_READER_ERROR) {
        size_t line = 0;
        size_t column = 0;
        place_of_offset(text, parser->problem_offset, &line, &column);
        cof_diagnostics_add(problems, line, column, "save it as UTF-8 text",
                            "this is not a text file: %s", problem);
        return;
    }
    const yaml_mark_t mark = parser->problem_mark;
    if (is_tab_at(text, mark) || strstr(problem, "tab character") != NULL) {
        cof_diagnostics_add(problems, mark.line + 1, mark.column + 1, "indent with spaces",
                            "a tab cannot stand here");
        return;
    }
    const char *message = problem;
    const char *remedy = NULL;
    for (size_t i = 0; i < sizeof explanations / sizeof explanations[0]; i++) {
        if (strcmp(explanations[i].problem, problem) == 0) {
            message = explanations[i].message;
            remedy = explanations[i].remedy;
        }
    }
    cof_diagnostics_add(problems, mark.line + 1, mark.column + 1, remedy, "%s", message);
}

static cof_status read_events(builder *b, cof_view text, cof_err *err)
{
    COF_CLEANUP(parser_drop_) yaml_parser_t parser = {0};
    if (!yaml_parser_initialize(&parser)) {
        return COF_FAIL(err, NO_MEMORY, "YAML parser");
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, text.data, text.size);
    while (!b->is_done && !b->is_over_limit) {
        COF_CLEANUP(event_drop_) yaml_event_t event = {0};
        if (!yaml_parser_parse(&parser, &event)) {
            if (parser.error == YAML_MEMORY_ERROR) {
                return COF_FAIL(err, NO_MEMORY, "YAML parser");
            }
            report_syntax(&parser, text, b->problems);
            return COF_OK;
        }
        COF_TRY(take_event(b, &event, err));
    }
    return COF_OK;
}

cof_status cof_yaml_parse(cof_view text, cof_diagnostics *problems, cof_yaml **out, cof_err *err)
{
    const size_t earlier = cof_diagnostics_count(problems);
    if (text.size > COF_YAML_BYTES) {
        cof_diagnostics_add(problems, 0, 0, NULL,
                            "the file has %zu bytes, and at most %d are allowed", text.size,
                            COF_YAML_BYTES);
        return cof_diagnostics_status(problems, err);
    }
    COF_CLEANUP(cof_yaml_drop_) cof_yaml *document = calloc(1, sizeof *document);
    if (document == NULL) {
        return COF_FAIL(err, NO_MEMORY, "YAML document");
    }
    builder b = {.document = document, .problems = problems};
    static const uint8_t nothing[1] = {0};
    COF_TRY(read_events(&b, text.data == NULL ? cof_view_of(nothing, 0) : text, err));
    if (cof_diagnostics_count(problems) == earlier && document->root == NULL) {
        cof_diagnostics_add(problems, 1, 1, NULL, "there is nothing in the file");
    }
    if (cof_diagnostics_count(problems) > earlier) {
        cof_diagnostics_sort(problems);
        return cof_diagnostics_status(problems, err);
    }
    *out = cof_yaml_take(&document);
    return COF_OK;
}
