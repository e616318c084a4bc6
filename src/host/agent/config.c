#include "host/agent/config.h"

#include <string.h>

#include "host/files/files.h"

enum { CONFIG_LIMIT = 64 * 1024, TEXT_LIMIT = 4096 };

/* Every failure of a form's member is a failure of the configuration. */
static cof_status as_config(cof_status status, cof_err *err)
{
    if (status == COF_E_BAD_FORMAT || status == COF_E_LIMIT) {
        if (err != NULL) {
            err->status = COF_E_CONFIG;
        }
        return COF_E_CONFIG;
    }
    return status;
}

static cof_status get_kernel(const json_t *json, uint8_t *out, cof_err *err)
{
    static const char *const names[] = {"best", "scalar", "avx2", "avx512"};
    const char *name = NULL;
    COF_TRY(cof_json_get_text(json, "kernel", 16, &name, err));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (uint8_t)i;
            return COF_OK;
        }
    }
    return COF_FAIL(err, CONFIG, "kernel is none of best, scalar, avx2, avx512");
}

static cof_status get_run(cof_agent_config *config, cof_err *err)
{
    COF_TRY(cof_json_get_text(config->json, "run", 2 * COF_RUN_ID_SIZE, &config->run_hex, err));
    COF_TRY(cof_json_get_hex(config->json, "run", config->run, sizeof config->run, err));
    for (const char *c = config->run_hex; *c != '\0'; c++) {
        if (*c >= 'A' && *c <= 'F') {
            return COF_FAIL(err, CONFIG, "run is not in lower case");
        }
    }
    return COF_OK;
}

static cof_status get_platform(cof_agent_config *config, cof_err *err)
{
    static const char *const keys[] = {"type", "socket", "worker"};
    json_t *platform = NULL;
    const char *type = NULL;
    COF_TRY(cof_json_get(config->json, "platform", JSON_OBJECT, &platform, err));
    COF_TRY(cof_json_only(platform, keys, sizeof keys / sizeof keys[0], err));
    COF_TRY(cof_json_get_text(platform, "type", 32, &type, err));
    if (strcmp(type, "simulated") != 0) {
        return COF_FAIL(err, CONFIG, "platform.type is not one that this agent knows: simulated");
    }
    COF_TRY(cof_json_get_text(platform, "socket", TEXT_LIMIT, &config->socket_path, err));
    return cof_json_get_text(platform, "worker", TEXT_LIMIT, &config->worker_path, err);
}

static cof_status get_store(cof_agent_config *config, cof_err *err)
{
    static const char *const keys[] = {"dir"};
    json_t *store = NULL;
    COF_TRY(cof_json_get(config->json, "store", JSON_OBJECT, &store, err));
    COF_TRY(cof_json_only(store, keys, 1, err));
    return cof_json_get_text(store, "dir", TEXT_LIMIT, &config->store_path, err);
}

static cof_status get_members(cof_agent_config *config, cof_err *err)
{
    static const char *const keys[] = {"contract", "run",       "store",  "attestation",
                                       "tenant",   "authority", "client", "ca",
                                       "platform", "kernel",    "journal"};
    const json_t *json = config->json;
    COF_TRY(cof_json_only(json, keys, sizeof keys / sizeof keys[0], err));
    COF_TRY(cof_json_get_text(json, "contract", TEXT_LIMIT, &config->contract_path, err));
    COF_TRY(cof_json_get_text(json, "attestation", TEXT_LIMIT, &config->attestation, err));
    COF_TRY(cof_json_get_text(json, "authority", TEXT_LIMIT, &config->authority, err));
    COF_TRY(cof_json_get_text(json, "tenant", 128, &config->tenant, err));
    COF_TRY(cof_json_get_text(json, "journal", TEXT_LIMIT, &config->journal_path, err));
    if (json_object_get(json, "ca") != NULL) {
        COF_TRY(cof_json_get_text(json, "ca", TEXT_LIMIT, &config->ca_path, err));
    }
    COF_TRY(cof_json_get_text(json, "client", TEXT_LIMIT, &config->client_path, err));
    COF_TRY(get_run(config, err));
    COF_TRY(get_store(config, err));
    COF_TRY(get_platform(config, err));
    return get_kernel(json, &config->kernel, err);
}

cof_status cof_agent_config_parse(cof_view text, cof_agent_config *out, cof_err *err)
{
    COF_CLEANUP(cof_agent_config_free) cof_agent_config config = {0};
    COF_TRY(cof_json_parse(text, CONFIG_LIMIT, &config.json, err));
    if (!json_is_object(config.json)) {
        return COF_FAIL(err, CONFIG, "the job is not a JSON object");
    }
    COF_TRY(as_config(get_members(&config, err), err));
    *out = config;
    config = (cof_agent_config){0};
    return COF_OK;
}

cof_status cof_agent_config_read(const char *path, cof_agent_config *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text;
    cof_buf_init(&text, CONFIG_LIMIT);
    COF_TRY(cof_read_file(path, &text, err));
    return cof_agent_config_parse(cof_buf_view(&text), out, err);
}

void cof_agent_config_free(cof_agent_config *config)
{
    json_decref(config->json);
    *config = (cof_agent_config){0};
}
