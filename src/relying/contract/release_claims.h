/* Inside relying/contract: the entries of release policies as tables, condition by condition. */
#ifndef COF_RELYING_CONTRACT_RELEASE_CLAIMS_H
#define COF_RELYING_CONTRACT_RELEASE_CLAIMS_H

#include "relying/contract/release_entry.h"

enum { COF_RELEASE_CONDITIONS_MAX = 12, COF_RELEASE_TEXT_SIZE = 2 * COF_HCL_USER_DATA_SIZE + 1 };

typedef enum cof_release_kind {
    COF_RELEASE_FIXED_TEXT,   /* text */
    COF_RELEASE_FIXED_TRUE,   /* a boolean that must hold */
    COF_RELEASE_FIXED_FALSE,  /* one that must not */
    COF_RELEASE_FIXED_ZERO,   /* the integer 0 */
    COF_RELEASE_ONE_HEX,      /* one value of size bytes */
    COF_RELEASE_OPTIONAL_HEX, /* the same, or no condition at all */
    COF_RELEASE_ANY_HEX,      /* anyOf of at least one value of size bytes */
    COF_RELEASE_OPTIONAL_ANY, /* the same, or no condition at all */
    COF_RELEASE_ONE_INTEGER,  /* 0 to 65535 */
    COF_RELEASE_ANY_INTEGER,  /* anyOf of COF_RELEASE_SVNS or fewer consecutive integers */
    COF_RELEASE_ANY_STATUS,   /* anyOf of TCB statuses */
    COF_RELEASE_DIGEST,       /* the contract's digest; always the last condition */
    COF_RELEASE_USER_DATA     /* the same in 64 bytes, then zeros; always the last condition */
} cof_release_kind;

typedef struct cof_release_condition {
    const char *claim;
    cof_release_kind kind;
    const char *text; /* COF_RELEASE_FIXED_TEXT */
    size_t size;      /* bytes of hex values */
    /* Of hex values: where they come from. Appends to list. */
    cof_status (*values)(const cof_policy *policy, json_t *list, cof_err *err);
} cof_release_condition;

typedef struct cof_release_table {
    cof_tee tee;
    bool is_signer; /* SGX by signer */
    size_t count;
    cof_release_condition conditions[COF_RELEASE_CONDITIONS_MAX];
} cof_release_table;

extern const cof_release_table cof_release_tables[];
extern const size_t cof_release_table_count;

/** The policy's entry for this kind of platform, or NULL. */
const cof_accept *cof_release_accept(const cof_policy *policy, cof_tee tee);

#endif
