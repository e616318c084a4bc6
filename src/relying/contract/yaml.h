/*
 * YAML as a bounded tree with the place of every node.
 *
 * A small part of YAML 1.2: maps with text keys, lists and scalars. Refused, with the place:
 * anchors, aliases, tags, merge keys, directives, several documents, duplicate keys, anything over
 * the limits. Scalars stay text here; their reader decides what they are, so `010` and `yes`
 * surprise nobody.
 */
#ifndef COF_RELYING_CONTRACT_YAML_H
#define COF_RELYING_CONTRACT_YAML_H

#include "relying/contract/diagnostics.h"
#include "tcb/base/buf.h"

enum {
    COF_YAML_BYTES = 256 * 1024, /* of a text */
    COF_YAML_DEPTH = 16,         /* maps and lists inside each other */
    COF_YAML_NODES = 20000,      /* keys and values */
    COF_YAML_KEYS = 256          /* of one map */
};

typedef enum cof_yaml_kind { COF_YAML_SCALAR, COF_YAML_LIST, COF_YAML_MAP } cof_yaml_kind;

/** A node; lives as long as its document. Lines and columns count from 1. */
typedef struct cof_yaml_node {
    cof_yaml_kind kind;
    bool is_plain; /* a scalar without quotes */
    size_t line;
    size_t column;
    const struct cof_yaml_node *key;   /* of a map's value: its key, a scalar; else NULL */
    const struct cof_yaml_node *first; /* of a map or list: its first value */
    const struct cof_yaml_node *next;  /* the next value of the same map or list */
    const char *text;                  /* of a scalar: UTF-8 without NUL inside; else "" */
} cof_yaml_node;

typedef struct cof_yaml cof_yaml; /* a document */

/**
 * Reads one document.
 *
 * @param problems  gets every refusal with its place
 * @return COF_OK, COF_E_CONTRACT_INVALID (see problems), COF_E_NO_MEMORY
 */
COF_MUST_USE cof_status cof_yaml_parse(cof_view text, cof_diagnostics *problems, cof_yaml **out,
                                       cof_err *err);

/** The root node. */
const cof_yaml_node *cof_yaml_root(const cof_yaml *document);

/** The value of a map's key; NULL when there is none. */
const cof_yaml_node *cof_yaml_find(const cof_yaml_node *map, const char *key);

/** "a list", "a map", "text" or "a value", for messages. */
const char *cof_yaml_kind_name(const cof_yaml_node *node);

void cof_yaml_free(cof_yaml *document);
COF_OWNED(cof_yaml, cof_yaml_free);

#endif
