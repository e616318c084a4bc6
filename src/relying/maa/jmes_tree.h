/* A parsed JMESPath query: nodes in one array, children by index. */
#ifndef COF_RELYING_MAA_JMES_TREE_H
#define COF_RELYING_MAA_JMES_TREE_H

#include "relying/maa/jmespath.h"

typedef enum cof_jmes_kind {
    COF_JMES_CURRENT, /* @ */
    COF_JMES_FIELD,   /* text */
    COF_JMES_INDEX,   /* number */
    COF_JMES_LITERAL, /* literal */
    COF_JMES_CHAIN,   /* left.right, left[right], left | right */
    COF_JMES_PROJECT, /* left[*] right */
    COF_JMES_VALUES,  /* left.* right */
    COF_JMES_FLATTEN, /* left[] */
    COF_JMES_FILTER,  /* left[?third] right */
    COF_JMES_OR,      /* left || right */
    COF_JMES_AND,     /* left && right */
    COF_JMES_NOT,     /* !left */
    COF_JMES_COMPARE, /* left number right: a cof_jmes_comparator */
    COF_JMES_LIST,    /* [first, its next, ...] */
    COF_JMES_HASH,    /* {first, its next, ...}, each a PAIR */
    COF_JMES_PAIR,    /* text: left */
    COF_JMES_FUNCTION /* number: row of the function table; arguments first, its next, ... */
} cof_jmes_kind;

typedef enum cof_jmes_comparator {
    COF_JMES_EQ,
    COF_JMES_NE,
    COF_JMES_LT,
    COF_JMES_LE,
    COF_JMES_GT,
    COF_JMES_GE
} cof_jmes_comparator;

enum { COF_JMES_NONE = COF_JMES_NODES };

typedef struct cof_jmes_node {
    cof_jmes_kind kind;
    size_t left, right, third; /* COF_JMES_NONE: @ itself */
    size_t first, next;        /* COF_JMES_NONE: no more */
    int64_t number;
    char *text;
    json_t *literal;
} cof_jmes_node;

struct cof_jmes_query {
    size_t root;
    size_t count;
    cof_jmes_node nodes[COF_JMES_NODES];
};

/** Row of the function with this name and number of arguments, or -1. */
int cof_jmes_function_find(const char *name, size_t *out_low, size_t *out_high);

enum { COF_JMES_ARGUMENTS = 8 };
/** Calls a function. @return COF_OK, COF_E_POLICY_EVALUATION, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_jmes_function_call(int row, json_t *const *arguments, size_t count,
                                               cof_maa_budget *budget, json_t **out, cof_err *err);

/** Equal as JMESPath has it: 1 equals 1.0, order of members does not matter. */
COF_MUST_USE cof_status cof_jmes_equal(const json_t *a, const json_t *b, cof_maa_budget *budget,
                                       bool *out, cof_err *err);

#endif
