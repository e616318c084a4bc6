/*
 * A parsed attestation policy. Everything that hangs on a tree is in the policy's pool and lives as
 * long as the policy.
 */
#ifndef COF_RELYING_MAA_TREE_H
#define COF_RELYING_MAA_TREE_H

#include "relying/maa/maa.h"

enum {
    COF_MAA_CONDITIONS_MAX = 8, /* of a rule */
    COF_MAA_TESTS_MAX = 16,     /* of a condition */
    COF_MAA_ARGUMENTS_MAX = 2,  /* of a function */
    COF_MAA_EXPR_DEPTH = 16,    /* calls inside each other */
    COF_MAA_NAME_BYTES = 64     /* an identifier */
};

typedef enum cof_maa_section {
    COF_MAA_CONFIGURATION,
    COF_MAA_AUTHORIZATION,
    COF_MAA_ISSUANCE,
    COF_MAA_SECTIONS
} cof_maa_section;

/** What a claim has. */
typedef enum cof_maa_property {
    COF_MAA_TYPE,
    COF_MAA_VALUE,
    COF_MAA_VALUE_TYPE,
    COF_MAA_ISSUER,
    COF_MAA_PROPERTIES
} cof_maa_property;

typedef enum cof_maa_operator {
    COF_MAA_EQUAL,
    COF_MAA_NOT_EQUAL,
    COF_MAA_LESS,
    COF_MAA_LESS_OR_EQUAL,
    COF_MAA_GREATER,
    COF_MAA_GREATER_OR_EQUAL
} cof_maa_operator;

typedef enum cof_maa_verb {
    COF_MAA_PERMIT,
    COF_MAA_DENY,
    COF_MAA_ADD,
    COF_MAA_ISSUE,
    COF_MAA_ISSUE_PROPERTY,
    COF_MAA_VERBS
} cof_maa_verb;

typedef enum cof_maa_function {
    COF_MAA_JMES_PATH,
    COF_MAA_JSON_TO_CLAIM_VALUE,
    COF_MAA_IS_SUBSET_OF,
    COF_MAA_APPEND_STRING,
    COF_MAA_NEGATE_BOOL,
    COF_MAA_CONTAINS_ONLY_VALUE,
    COF_MAA_FUNCTIONS
} cof_maa_function;

typedef enum cof_maa_expr_kind {
    COF_MAA_STRING,
    COF_MAA_INTEGER,
    COF_MAA_BOOLEAN,
    COF_MAA_CLAIM, /* identifier.property */
    COF_MAA_CALL
} cof_maa_expr_kind;

typedef struct cof_maa_expr {
    cof_maa_expr_kind kind;
    cof_maa_place place;
    const char *text;          /* STRING: UTF-8 without NUL inside */
    int64_t integer;           /* INTEGER; BOOLEAN: 0 or 1 */
    size_t condition;          /* CLAIM: index of the condition that binds it */
    cof_maa_property property; /* CLAIM */
    cof_maa_function function; /* CALL */
    const struct cof_maa_expr *arguments[COF_MAA_ARGUMENTS_MAX];
} cof_maa_expr;

/** One test of a condition: property operator expression. */
typedef struct cof_maa_test {
    cof_maa_property property;
    cof_maa_operator op;
    bool has_single_equals; /* written "=": read as "==" */
    cof_maa_place place;
    const cof_maa_expr *expr;
} cof_maa_test;

typedef struct cof_maa_condition {
    bool is_negated;
    bool is_iterated; /* something needs its claims one by one */
    bool is_in_key;   /* the action needs them one by one */
    const char *name; /* identifier, or NULL */
    cof_maa_place place;
    size_t test_count;
    cof_maa_test tests[COF_MAA_TESTS_MAX];
} cof_maa_condition;

typedef struct cof_maa_action {
    cof_maa_verb verb;
    cof_maa_place place;
    bool has_claim;   /* (claim = name): condition says which; else type and value */
    size_t condition; /* has_claim */
    const char *type;
    const cof_maa_expr *value;
} cof_maa_action;

typedef struct cof_maa_rule {
    struct cof_maa_rule *next;
    cof_maa_place place;
    size_t condition_count;
    cof_maa_condition *conditions[COF_MAA_CONDITIONS_MAX];
    cof_maa_action action;
} cof_maa_rule;

typedef struct cof_maa_block {
    bool is_present;
    cof_maa_place place;
    size_t rule_count;
    cof_maa_rule *first;
} cof_maa_block;

struct cof_maa_policy {
    int minor; /* version 1.minor */
    cof_maa_block blocks[COF_MAA_SECTIONS];
    struct cof_maa_chunk *pool;
};

/** size zeroed bytes of the policy's pool. @return COF_OK, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_maa_take(cof_maa_policy *policy, size_t size, void **out, cof_err *err);

/* Names as the canonical print spells them; the parser takes them in any case. */
const char *cof_maa_section_name(cof_maa_section section);
const char *cof_maa_property_name(cof_maa_property property);
const char *cof_maa_operator_name(cof_maa_operator op);
const char *cof_maa_verb_name(cof_maa_verb verb);
const char *cof_maa_function_name(cof_maa_function function);
size_t cof_maa_function_arguments(cof_maa_function function);

/** Does this argument of the function take all claims of an identifier at once, as a set? */
bool cof_maa_takes_set(cof_maa_function function, size_t argument);

#endif
