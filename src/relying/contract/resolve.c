#include "relying/contract/resolve.h"

#include <string.h>

#include "relying/contract/resolver.h"
#include "relying/policy/policy.h"

/*
 * Implementation notes: one function per section of the contract, each adding its member to root.
 * Problems of the job go to the diagnostics and the section is left out; cof_resolve ends before
 * the contract is read when there was one.
 */

/* ---- identities ---- */

static void report_identity(cof_resolver *r, const cof_yaml_node *node)
{
    const char *texts[64] = {0};
    char remedy[COF_DIAGNOSTICS_REMEDY];
    cof_names names = {.texts = texts};
    for (; names.count < r->facts->identity_count && names.count < 64; names.count++) {
        texts[names.count] = r->facts->identities[names.count].name;
    }
    cof_walk_problem(&r->walk, node,
                     cof_walk_suggest(node->text, "the identities are", &names, remedy),
                     "there is no identity \"%s\"", node->text);
}

const cof_resolve_identity *cof_resolver_identity(cof_resolver *r, const cof_yaml_node *node)
{
    for (size_t i = 0; i < r->facts->identity_count; i++) {
        if (strcmp(r->facts->identities[i].name, node->text) == 0) {
            return &r->facts->identities[i];
        }
    }
    report_identity(r, node);
    return NULL;
}

static void note_owner(cof_resolver *r, const cof_yaml_node *node)
{
    const cof_resolve_identity *identity = cof_resolver_identity(r, node);
    if (identity == NULL) {
        return;
    }
    if (identity->key == NULL || identity->sign == NULL) {
        cof_walk_problem(&r->walk, node, "make its keys first: coffer key create",
                         "\"%s\" has no key for data", identity->name);
        return;
    }
    for (size_t i = 0; i < r->owner_count; i++) {
        if (r->owners[i] == identity) {
            return;
        }
    }
    r->owners[r->owner_count++] = identity;
}

/* Only the members of the key itself: a vault's JWK has more (kid, key_ops). */
static cof_status add_sign_key(json_t *object, const json_t *jwk, cof_err *err)
{
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
    json_t *printed = NULL;
    COF_TRY(cof_ec_from_jwk(jwk, &key, err));
    COF_TRY(cof_ec_to_jwk(key, &printed, err));
    return cof_json_set(object, "sign", printed, err);
}

static cof_status add_owners(cof_resolver *r, cof_err *err)
{
    json_t *list = NULL;
    COF_TRY(add_list(r->root, "owners", &list, err));
    for (size_t i = 0; i < r->job->inputs.count; i++) {
        note_owner(r, cof_yaml_find(r->job->inputs.items[i].node, "owner"));
    }
    for (size_t i = 0; i < r->owner_count; i++) {
        json_t *item = NULL;
        COF_TRY(add_item(list, &item, err));
        COF_TRY(set_text(item, "name", r->owners[i]->name, err));
        COF_TRY(set_text(item, "key", r->owners[i]->key, err));
        COF_TRY(add_sign_key(item, r->owners[i]->sign, err));
    }
    return COF_OK;
}

/* ---- platform and attestation ---- */

/* What the job leaves out is filled in: the worker that is installed here, and the root of the
 * simulated platform. */
static void complete_platform(cof_resolver *r, const cof_job_platform *platform, cof_accept *accept)
{
    const cof_digest *installed = r->facts->installed[platform->type];
    if (accept->measurement_count == 0 && !accept->has_signer) {
        if (installed == NULL) {
            cof_walk_problem(&r->walk, platform->node, "write {type: …, measurements: […]}",
                             "no worker for %s is installed here, so its measurement must be given",
                             cof_names_platform.texts[platform->type]);
        } else {
            memcpy(accept->measurements[0], installed->bytes, sizeof installed->bytes);
            accept->measurement_count = 1;
        }
    }
    if (accept->tee == COF_TEE_SIMULATED && !platform->has_root) {
        if (r->facts->root == NULL) {
            cof_walk_problem(&r->walk, platform->node, "start it first: coffer up",
                             "there is no simulated platform here");
        } else {
            accept->root = *r->facts->root;
        }
    }
}

static cof_status add_platform(cof_resolver *r, cof_err *err)
{
    json_t *platform = NULL;
    json_t *list = NULL;
    json_t *attestation = NULL;
    COF_TRY(add_object(r->root, "platform", &platform, err));
    COF_TRY(add_list(platform, "accept", &list, err));
    for (size_t i = 0; i < r->job->accept.count; i++) {
        const cof_job_platform *accepted = &r->job->accept.items[i];
        cof_accept accept = accepted->accept;
        json_t *item = NULL;
        complete_platform(r, accepted, &accept);
        COF_TRY(cof_accept_print(&accept, &item, err));
        COF_TRY(cof_json_append(list, item, err));
    }
    COF_TRY(add_object(r->root, "attestation", &attestation, err));
    COF_TRY(set_text(attestation, "authority", r->facts->authority, err));
    if (r->facts->other_authority_count == 0) {
        return COF_OK;
    }
    COF_TRY(add_list(attestation, "others", &list, err));
    for (size_t i = 0; i < r->facts->other_authority_count; i++) {
        COF_TRY(cof_json_append(list, json_string(r->facts->other_authorities[i]), err));
    }
    return COF_OK;
}

/* ---- inputs and task ---- */

static cof_status add_objects(const cof_job_input *input, const cof_resolve_input *found,
                              json_t *item, cof_err *err)
{
    const size_t count = input->format == COF_CONTRACT_IDX ? 2 : 1;
    json_t *list = NULL;
    COF_TRY(add_list(item, "objects", &list, err));
    for (size_t i = 0; i < count; i++) {
        json_t *object = NULL;
        COF_TRY(add_item(list, &object, err));
        COF_TRY(set_text(object, "part", cof_names_part.texts[i], err));
        COF_TRY(set_digest(object, "digest", &found->objects[i].digest, err));
        COF_TRY(set_integer(object, "size", (int64_t)found->objects[i].size, err));
        if (found->objects[i].encryption != COF_CONTRACT_SEALED) {
            COF_TRY(set_text(object, "encryption",
                             cof_names_encryption.texts[found->objects[i].encryption], err));
        }
    }
    return COF_OK;
}

static void report_target(cof_resolver *r, const cof_schema *schema, const cof_yaml_node *node)
{
    char remedy[COF_DIAGNOSTICS_REMEDY];
    char quoted[COF_DIAGNOSTICS_QUOTED];
    const char *texts[COF_YAML_KEYS] = {0};
    cof_names names = {.texts = texts};
    for (; names.count < cof_schema_count(schema) && names.count < COF_YAML_KEYS; names.count++) {
        texts[names.count] = cof_schema_column(schema, names.count)->name;
    }
    cof_walk_problem(&r->walk, node,
                     cof_walk_suggest(node->text, "the columns are", &names, remedy),
                     "there is no column \"%s\"", cof_diagnostics_quote(node->text, quoted));
}

static bool find_target(cof_resolver *r, const cof_job_input *input, const cof_schema *schema,
                        size_t *out)
{
    const cof_yaml_node *node = cof_yaml_find(input->node, "target");
    if (input->target != NULL) {
        if (cof_schema_find(schema, input->target, out, NULL) != COF_OK) {
            report_target(r, schema, node);
            return false;
        }
        return true;
    }
    if ((uint64_t)input->target_index >= cof_schema_count(schema)) {
        cof_walk_problem(&r->walk, node, "the first column is 0", "there are only %zu columns",
                         cof_schema_count(schema));
        return false;
    }
    *out = (size_t)input->target_index;
    return true;
}

static int task_of_schema(cof_schema_task task)
{
    return task == COF_SCHEMA_REGRESSION ? COF_CONTRACT_REGRESSION
           : task == COF_SCHEMA_BINARY   ? COF_CONTRACT_BINARY
                                         : COF_CONTRACT_CLASSES;
}

static cof_status add_csv(cof_resolver *r, const cof_job_input *input,
                          const cof_resolve_input *found, json_t *item, cof_err *err)
{
    static const cof_schema_task schema_tasks[] = {COF_SCHEMA_REGRESSION, COF_SCHEMA_BINARY,
                                                   COF_SCHEMA_CLASSES};
    COF_CLEANUP(cof_schema_drop_) cof_schema *schema = NULL;
    cof_table_shape shape = {0};
    cof_err refusal = {0};
    size_t target = 0;
    COF_TRY(cof_schema_from_json(found->schema, &schema, err));
    if (!find_target(r, input, schema, &target)) {
        return COF_OK;
    }
    if (r->task < 0) {
        r->task = task_of_schema(cof_schema_default_task(schema, target));
    }
    if (cof_schema_shape(schema, target, schema_tasks[r->task], &shape, &refusal) != COF_OK) {
        cof_walk_problem(&r->walk, cof_yaml_find(input->node, "target"), NULL, "%s",
                         refusal.detail);
    }
    COF_TRY(set_text(item, "target", cof_schema_column(schema, target)->name, err));
    return cof_json_set(item, "schema", json_deep_copy(found->schema), err);
}

static cof_status add_idx(cof_resolver *r, const cof_job_input *input,
                          const cof_resolve_input *found, json_t *item, cof_err *err)
{
    const int64_t classes = input->classes > 0 ? input->classes : found->classes;
    if (classes < found->classes) {
        cof_walk_problem(&r->walk, cof_yaml_find(input->node, "classes"), NULL,
                         "the labels have %u classes", (unsigned)found->classes);
    }
    if (classes < 2) {
        cof_walk_problem(&r->walk, input->node, NULL, "the labels have one class only");
    }
    if (r->task < 0) {
        r->task = classes == 2 ? COF_CONTRACT_BINARY : COF_CONTRACT_CLASSES;
    }
    if (r->task == COF_CONTRACT_REGRESSION || (r->task == COF_CONTRACT_BINARY && classes != 2)) {
        cof_walk_problem(&r->walk, input->node, NULL, "the task does not fit %d classes",
                         (int)classes);
    }
    return set_integer(item, "classes", classes, err);
}

static cof_status add_inputs(cof_resolver *r, cof_err *err)
{
    json_t *list = NULL;
    COF_TRY(add_list(r->root, "inputs", &list, err));
    for (size_t i = 0; i < r->job->inputs.count; i++) {
        const cof_job_input *input = &r->job->inputs.items[i];
        const cof_resolve_input *found = &r->facts->inputs[i];
        json_t *item = NULL;
        COF_TRY(add_item(list, &item, err));
        COF_TRY(set_text(item, "name", input->name, err));
        COF_TRY(set_text(item, "owner", input->owner, err));
        COF_TRY(set_text(item, "format", cof_names_format.texts[input->format], err));
        COF_TRY(set_text(item, "use", cof_names_use.texts[input->use], err));
        COF_TRY(add_objects(input, found, item, err));
        COF_TRY(input->format == COF_CONTRACT_CSV ? add_csv(r, input, found, item, err)
                                                  : add_idx(r, input, found, item, err));
    }
    return r->task < 0 ? COF_OK : set_text(r->root, "task", cof_names_task.texts[r->task], err);
}

static cof_status add_sections(cof_resolver *r, cof_err *err)
{
    COF_TRY(set_text(r->root, "coffer", "contract/v1", err));
    COF_TRY(set_text(r->root, "name", r->job->name, err));
    COF_TRY(set_text(r->root, "purpose", r->job->purpose, err));
    COF_TRY(add_platform(r, err));
    COF_TRY(add_owners(r, err));
    COF_TRY(add_inputs(r, err));
    COF_TRY(cof_resolver_add_model(r, err));
    COF_TRY(cof_resolver_add_training(r, err));
    COF_TRY(cof_resolver_add_disclose(r, err));
    COF_TRY(cof_resolver_add_outputs(r, err));
    return cof_resolver_add_limits(r, err);
}

/* The reader of the enclave has the last word: what it refuses is a problem of the job as a whole.
 */
static cof_status read_back(cof_view text, cof_diagnostics *problems, cof_contract **out,
                            cof_err *err)
{
    cof_err refusal = {0};
    cof_policy policy;
    cof_status status = cof_contract_parse(text, out, &refusal);
    if (status == COF_OK) {
        status = cof_policy_from_contract(*out, &policy, &refusal);
    }
    if (status == COF_E_CONTRACT_INVALID) {
        cof_diagnostics_add(problems, 0, 0, NULL, "the contract would not be valid: %s",
                            refusal.detail);
    }
    if (status != COF_OK && err != NULL) {
        *err = refusal;
    }
    return status;
}

cof_status cof_resolve(const cof_job *job, const cof_resolve_facts *facts,
                       cof_diagnostics *problems, cof_buf *out_text, cof_contract **out_contract,
                       cof_err *err)
{
    COF_JSON json_t *root = json_object();
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_CLEANUP(cof_contract_drop_) cof_contract *contract = NULL;
    if (root == NULL) {
        return COF_FAIL(err, NO_MEMORY, "contract");
    }
    cof_resolver r = {
        .job = job, .facts = facts, .walk = {problems}, .root = root, .task = job->task};
    cof_buf_init(&text, COF_LIMIT_CONTRACT_BYTES);
    COF_TRY(add_sections(&r, err));
    cof_diagnostics_sort(problems);
    COF_TRY(cof_diagnostics_status(problems, err));
    COF_TRY(cof_json_canonical(root, &text, err));
    COF_TRY(read_back(cof_buf_view(&text), problems, &contract, err));
    COF_TRY(cof_buf_append(out_text, cof_buf_view(&text), err));
    *out_contract = cof_contract_take(&contract);
    return COF_OK;
}
