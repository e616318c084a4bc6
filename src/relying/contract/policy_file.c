#include "relying/contract/policy_file.h"

#include "relying/contract/job_table.h"

static void check_complete(cof_walk *walk, const cof_job_platform *platform)
{
    const cof_accept *accept = &platform->accept;
    if (platform->type == COF_JOB_UNKNOWN) {
        return;
    }
    if (accept->measurement_count == 0 && !accept->has_signer) {
        cof_walk_problem(walk, platform->node, "write {type: ..., measurements: [...]}",
                         "no measurement is given, so nothing would be accepted");
    }
    if (accept->tee == COF_TEE_SIMULATED && !platform->has_root) {
        cof_walk_problem(walk, platform->node, "write root: <hex>; coffer up --json prints it",
                         "which installation's simulated platform is not said");
    }
}

cof_status cof_policy_file_parse(cof_view text, cof_diagnostics *problems, cof_policy *out,
                                 cof_err *err)
{
    static const cof_walk_key keys[] = {{.name = "platform",
                                         .type = COF_WALK_MAP,
                                         .is_required = true,
                                         .inner = &cof_platform_table}};
    static const cof_walk_table wrapped = TABLE(keys);
    COF_CLEANUP(cof_yaml_drop_) cof_yaml *document = NULL;
    COF_TRY(cof_yaml_parse(text, problems, &document, err));
    const cof_yaml_node *root = cof_yaml_root(document);
    const bool is_wrapped = cof_yaml_find(root, "platform") != NULL;
    cof_walk walk = {problems};
    cof_job_accept accept = {0};
    cof_walk_map(&walk, root, "the policy", is_wrapped ? &wrapped : &cof_platform_table, &accept);
    for (size_t i = 0; i < accept.count && cof_diagnostics_count(problems) == 0; i++) {
        check_complete(&walk, &accept.items[i]);
    }
    cof_diagnostics_sort(problems);
    COF_TRY(cof_diagnostics_status(problems, err));
    out->count = 0;
    for (size_t i = 0; i < accept.count; i++) {
        COF_TRY(cof_policy_add(out, &accept.items[i].accept, err));
    }
    return COF_OK;
}
