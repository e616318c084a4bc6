#include "apps/coffer/agent_job.h"

#include <string.h>

#include "host/files/files.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

/* A member that is left out where there is nothing to say. */
static cof_status set_text(json_t *object, const char *key, const char *text, cof_err *err)
{
    return text == NULL ? COF_OK : cof_json_set(object, key, json_string(text), err);
}

static cof_status add_vault(json_t *list, const char *url, const char *credential, const char *ca,
                            cof_err *err)
{
    json_t *entry = json_object();
    COF_TRY(cof_json_append(list, entry, err));
    COF_TRY(set_text(entry, "url", url, err));
    COF_TRY(set_text(entry, "credential", credential, err));
    return set_text(entry, "ca", ca, err);
}

static cof_status set_vaults(json_t *job, const cof_services *services, cof_err *err)
{
    const cof_config *config = services->config;
    json_t *list = json_array();
    COF_TRY(cof_json_set(job, "vaults", list, err));
    COF_TRY(add_vault(list, services->url, services->agent, services->vault_ca, err));
    for (size_t i = 0; i < config->vault_count; i++) {
        COF_TRY(add_vault(list, config->vaults[i].url, config->vaults[i].credential,
                          config->vaults[i].ca, err));
    }
    return COF_OK;
}

static cof_status set_store(json_t *job, const cof_config *config, cof_err *err)
{
    json_t *store = json_object();
    COF_TRY(cof_json_set(job, "store", store, err));
    COF_TRY(set_text(store, "where", config->storage, err));
    COF_TRY(set_text(store, "secondary", config->storage_secondary, err));
    COF_TRY(set_text(store, "credential", config->storage_credential, err));
    return set_text(store, "ca", config->ca, err);
}

static cof_status set_attestation(json_t *job, const cof_services *services, cof_err *err)
{
    json_t *list = json_array();
    COF_TRY(cof_json_set(job, "attestation", list, err));
    for (size_t i = 0; i < services->attestation_count; i++) {
        COF_TRY(cof_json_append(list, json_string(services->attestation[i]), err));
    }
    return set_text(job, "ca", services->attest_ca, err);
}

static cof_status set_simulated(json_t *platform, const cof_services *services, cof_err *err)
{
    cof_path folder;
    cof_path worker;
    COF_TRY(cof_program_folder(&folder, err));
    COF_TRY(cof_path_format(&worker, err, "%s/coffer-worker", folder.text));
    COF_TRY(set_text(platform, "type", "simulated", err));
    COF_TRY(set_text(platform, "worker", worker.text, err));
    return set_text(platform, "socket",
                    json_string_value(json_object_get(services->info, "platform")), err);
}

static cof_status set_platform(json_t *job, const cof_services *services, cof_err *err)
{
    const cof_config_worker *worker = &services->config->worker;
    json_t *platform = json_object();
    COF_TRY(cof_json_set(job, "platform", platform, err));
    if (worker->type == NULL) {
        return set_simulated(platform, services, err);
    }
    COF_TRY(set_text(platform, "type", worker->type, err));
    COF_TRY(set_text(platform, "connect", worker->connect, err));
    COF_TRY(set_text(platform, "host", worker->host, err));
    if (worker->command_count == 0) {
        return COF_OK;
    }
    json_t *command = json_array();
    COF_TRY(cof_json_set(platform, "command", command, err));
    for (size_t i = 0; i < worker->command_count; i++) {
        COF_TRY(cof_json_append(command, json_string(worker->command[i]), err));
    }
    return COF_OK;
}

cof_status cof_agent_job_write(const cof_agent_run *run, const char *path, cof_err *err)
{
    cof_path journal;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_LIMIT_JSON_BYTES};
    COF_JSON json_t *job = json_object();
    COF_TRY(cof_path_format(&journal, err, "%s/journal.jsonl", run->run_folder));
    COF_TRY(set_text(job, "contract", run->contract_path, err));
    COF_TRY(set_text(job, "run", run->run_hex, err));
    COF_TRY(set_text(job, "journal", journal.text, err));
    COF_TRY(set_text(job, "kernel", run->kernel, err));
    COF_TRY(cof_json_set(job, "patience", json_integer(run->services->config->patience_s), err));
    COF_TRY(set_store(job, run->services->config, err));
    COF_TRY(set_attestation(job, run->services, err));
    COF_TRY(set_vaults(job, run->services, err));
    COF_TRY(set_platform(job, run->services, err));
    if (run->receive != NULL) {
        COF_TRY(cof_json_set(job, "receive", json_incref(run->receive), err));
    }
    COF_TRY(cof_json_print(job, &text, err));
    return cof_write_file(path, cof_buf_view(&text), 0600, err);
}
