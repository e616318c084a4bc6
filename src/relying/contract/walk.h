/*
 * Reads a YAML map into a plain struct, as a table of keys says: name, type, range, default.
 *
 * Every problem becomes a diagnostic with its place; walking goes on, so that one run shows them
 * all. What is read is meaningful only when no problem was found. Texts point into the document.
 */
#ifndef COF_RELYING_CONTRACT_WALK_H
#define COF_RELYING_CONTRACT_WALK_H

#include "relying/contract/yaml.h"
#include "tcb/contract/names.h"

typedef enum cof_walk_type {
    COF_WALK_TEXT,     /* const char *: any scalar but nothing, as it is written */
    COF_WALK_NAME,     /* const char *: [a-z0-9][a-z0-9-]{0,62} */
    COF_WALK_INTEGER,  /* int64_t, from low to high */
    COF_WALK_NUMBER,   /* double, from low to high; see is_open */
    COF_WALK_BOOLEAN,  /* bool: true or false, nothing else */
    COF_WALK_CHOICE,   /* int: index into names */
    COF_WALK_TIME,     /* int64_t: Unix seconds, from RFC 3339 */
    COF_WALK_SIZE,     /* int64_t: bytes, from a count with KiB, MiB or GiB */
    COF_WALK_DURATION, /* int64_t: seconds, from a count with s, m, h or d */
    COF_WALK_MAP,      /* a struct inside, by the table inner */
    COF_WALK_CUSTOM    /* whatever read makes of the node */
} cof_walk_type;

/* Which end of a number's range does not belong to it. */
typedef enum cof_walk_open { COF_WALK_CLOSED, COF_WALK_ABOVE, COF_WALK_BELOW } cof_walk_open;

typedef struct cof_walk {
    cof_diagnostics *problems;
} cof_walk;

typedef struct cof_walk_key {
    const char *name;
    cof_walk_type type;
    size_t offset; /* of the value in the struct; for CUSTOM too */
    bool is_required;
    const char *fallback; /* as it would be written; "{}" fills a MAP with its own defaults; NULL
                             leaves the value as it is */
    double low;
    double high;
    cof_walk_open is_open;
    const cof_names *names;
    const struct cof_walk_table *inner;
    void (*read)(cof_walk *walk, const cof_yaml_node *node, void *out);
} cof_walk_key;

typedef struct cof_walk_table {
    size_t count;
    const cof_walk_key *keys;
} cof_walk_table;

/** Reads a map. what names it in messages ("training", "an input"). */
void cof_walk_map(cof_walk *walk, const cof_yaml_node *node, const char *what,
                  const cof_walk_table *table, void *out);

/** Fills in the defaults of a map that is not there. */
void cof_walk_defaults(const cof_walk_table *table, void *out);

/**
 * Reads a map whose keys depend on the value of one of them.
 *
 * @param names   what that key can be
 * @param tables  names->count tables, each holding the key itself too
 */
void cof_walk_variant(cof_walk *walk, const cof_yaml_node *node, const char *what, const char *key,
                      const cof_names *names, const cof_walk_table *tables, void *out);

/** Whether node is a list of low to high items; if not, that is a problem. */
bool cof_walk_is_list(cof_walk *walk, const cof_yaml_node *node, const char *what, size_t low,
                      size_t high);

/** Reads one scalar by a key's type and range. @return false when that was a problem. */
bool cof_walk_scalar(cof_walk *walk, const cof_yaml_node *node, const cof_walk_key *key, void *out);

/** A problem at a node; remedy may be NULL. */
void cof_walk_problem(cof_walk *walk, const cof_yaml_node *node, const char *remedy,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

/** Writes `did you mean "x"?` when a name is near, else "<lead>: a, b, c"; gives out. */
const char *cof_walk_suggest(const char *word, const char *lead, const cof_names *names,
                             char out[static COF_DIAGNOSTICS_REMEDY]);

#endif
