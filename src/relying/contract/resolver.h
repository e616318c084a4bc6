/* Inside relying/contract: what the sections of a contract are made with. */
#ifndef COF_RELYING_CONTRACT_RESOLVER_H
#define COF_RELYING_CONTRACT_RESOLVER_H

#include "relying/contract/resolve.h"
#include "relying/contract/walk.h"
#include "tcb/wire/json.h"

/** A contract in the making. */
typedef struct cof_resolver {
    const cof_job *job;
    const cof_resolve_facts *facts;
    cof_walk walk;
    json_t *root;
    size_t owner_count;
    const cof_resolve_identity *owners[COF_LIMIT_OWNERS]; /* in order of first use */
    int task;                                             /* cof_contract_task; -1 until known */
} cof_resolver;

/** The identity that a node names, borrowed; NULL when there is none, which is then a problem. */
const cof_resolve_identity *cof_resolver_identity(cof_resolver *r, const cof_yaml_node *node);

/* The later sections; the task is known by then. */
COF_MUST_USE cof_status cof_resolver_add_model(cof_resolver *r, cof_err *err);
COF_MUST_USE cof_status cof_resolver_add_training(cof_resolver *r, cof_err *err);
COF_MUST_USE cof_status cof_resolver_add_disclose(cof_resolver *r, cof_err *err);
COF_MUST_USE cof_status cof_resolver_add_outputs(cof_resolver *r, cof_err *err);
COF_MUST_USE cof_status cof_resolver_add_limits(cof_resolver *r, cof_err *err);

COF_MUST_USE static inline cof_status set_text(json_t *object, const char *key, const char *text,
                                               cof_err *err)
{
    return cof_json_set(object, key, json_string(text), err);
}

COF_MUST_USE static inline cof_status set_integer(json_t *object, const char *key, int64_t value,
                                                  cof_err *err)
{
    return cof_json_set(object, key, json_integer(value), err);
}

COF_MUST_USE static inline cof_status set_number(json_t *object, const char *key, double value,
                                                 cof_err *err)
{
    return cof_json_set(object, key, json_real(value), err);
}

COF_MUST_USE static inline cof_status set_digest(json_t *object, const char *key,
                                                 const cof_digest *digest, cof_err *err)
{
    char text[2 * COF_DIGEST_SIZE + 1];
    cof_digest_text(digest, text);
    return set_text(object, key, text, err);
}

/* A new member that the parent owns; borrowed. */
COF_MUST_USE static inline cof_status add_object(json_t *parent, const char *key, json_t **out,
                                                 cof_err *err)
{
    json_t *member = json_object();
    COF_TRY(cof_json_set(parent, key, member, err));
    *out = member;
    return COF_OK;
}

COF_MUST_USE static inline cof_status add_list(json_t *parent, const char *key, json_t **out,
                                               cof_err *err)
{
    json_t *member = json_array();
    COF_TRY(cof_json_set(parent, key, member, err));
    *out = member;
    return COF_OK;
}

COF_MUST_USE static inline cof_status add_item(json_t *list, json_t **out, cof_err *err)
{
    json_t *item = json_object();
    COF_TRY(cof_json_append(list, item, err));
    *out = item;
    return COF_OK;
}

#endif
