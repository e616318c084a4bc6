#include "host/agent/cleanup.h"

static cof_status remove_blob(const cof_session_parts *parts, const cof_blob_name *name,
                              json_t *removed, cof_err *err)
{
    bool exists = false;
    uint64_t size = 0;
    COF_TRY(cof_blob_exists(parts->store, name->text, &exists, err));
    if (!exists) {
        return COF_OK;
    }
    COF_TRY(cof_blob_size(parts->store, name->text, &size, err));
    COF_TRY(cof_blob_remove(parts->store, name->text, err));
    COF_TRY(cof_blob_exists(parts->store, name->text, &exists, err));
    if (exists) {
        return COF_FAIL(err, IO, "a removed object is still in the store");
    }
    return cof_json_append(
        removed, json_pack("{s:s,s:I}", "name", name->text, "size", (json_int_t)size), err);
}

static cof_status remove_results(const cof_session_parts *parts, json_t *removed, cof_err *err)
{
    const cof_contract *contract = parts->contract;
    cof_blob_name name;
    for (size_t i = 0; i < contract->output_count; i++) {
        COF_TRY(cof_name_output(&contract->digest, parts->config->run_hex,
                                contract->outputs[i].name, &name, err));
        COF_TRY(remove_blob(parts, &name, removed, err));
    }
    COF_TRY(cof_name_of_run(&contract->digest, parts->config->run_hex, COF_NAME_COLLATERAL, &name,
                            err));
    COF_TRY(remove_blob(parts, &name, removed, err));
    COF_TRY(
        cof_name_of_run(&contract->digest, parts->config->run_hex, COF_NAME_RECEIPT, &name, err));
    return remove_blob(parts, &name, removed, err);
}

cof_status cof_agent_clean(const cof_session_parts *parts, bool results_stay, cof_err *err)
{
    COF_JSON json_t *removed = json_array();
    cof_blob_name name;
    if (removed == NULL) {
        return COF_FAIL(err, NO_MEMORY, "list");
    }
    COF_TRY(cof_name_of_run(&parts->contract->digest, parts->config->run_hex, COF_NAME_CHECKPOINT,
                            &name, err));
    COF_TRY(remove_blob(parts, &name, removed, err));
    if (!results_stay) {
        COF_TRY(remove_results(parts, removed, err));
    }
    return cof_timeline_step(parts->timeline, COF_STEP_cleaned,
                             json_pack("{s:O}", "removed", removed), err);
}
