#include "host/agent/config.h"

#include <string.h>

#include "host/files/files.h"
#include "host/http/url.h"

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

/* ---- platform ---- */

static cof_status get_command(const json_t *platform, cof_agent_platform *out, cof_err *err)
{
    json_t *command = NULL;
    COF_TRY(cof_json_get(platform, "command", JSON_ARRAY, &command, err));
    const size_t count = json_array_size(command);
    if (count == 0 || count > COF_AGENT_ARGUMENTS) {
        return COF_FAIL(err, CONFIG, "platform.command has not 1 to %d members",
                        (int)COF_AGENT_ARGUMENTS);
    }
    for (size_t i = 0; i < count; i++) {
        out->command[i] = json_string_value(json_array_get(command, i));
        if (out->command[i] == NULL || strlen(out->command[i]) > TEXT_LIMIT) {
            return COF_FAIL(err, CONFIG, "platform.command[%zu] is not a text", i);
        }
    }
    out->start = COF_AGENT_COMMAND;
    return out->command[0][0] != '\0' ? COF_OK
                                      : COF_FAIL(err, CONFIG, "platform.command[0] is empty");
}

static cof_status get_simulated(const json_t *platform, cof_agent_platform *out, cof_err *err)
{
    static const char *const keys[] = {"type", "socket", "worker"};
    COF_TRY(cof_json_only(platform, keys, sizeof keys / sizeof keys[0], err));
    out->start = COF_AGENT_SIMULATED;
    COF_TRY(cof_json_get_text(platform, "socket", TEXT_LIMIT, &out->socket_path, err));
    return cof_json_get_text(platform, "worker", TEXT_LIMIT, &out->worker_path, err);
}

static cof_status get_url(const json_t *object, const char *name, const char **out, cof_err *err)
{
    cof_url url;
    COF_TRY(cof_json_get_text(object, name, TEXT_LIMIT, out, err));
    return cof_url_parse(*out, &url, NULL) == COF_OK
               ? COF_OK
               : COF_FAIL(err, CONFIG, "%s is not a URL", name);
}

static cof_status get_hardware(const json_t *platform, cof_agent_platform *out, cof_err *err)
{
    static const char *const types[] = {"sgx", "sev-snp", "tdx", "azure-cvm"};
    static const char *const keys[] = {"type", "command", "connect", "host"};
    bool is_known = false;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        is_known = is_known || strcmp(types[i], out->type) == 0;
    }
    if (!is_known) {
        return COF_FAIL(err, CONFIG,
                        "platform.type is none of simulated, sgx, sev-snp, tdx, azure-cvm");
    }
    COF_TRY(cof_json_only(platform, keys, sizeof keys / sizeof keys[0], err));
    out->host = "http://169.254.169.254";
    if (json_object_get(platform, "host") != NULL) {
        COF_TRY(get_url(platform, "host", &out->host, err));
    }
    const bool has_command = json_object_get(platform, "command") != NULL;
    if (has_command == (json_object_get(platform, "connect") != NULL)) {
        return COF_FAIL(err, CONFIG, "platform must have command or connect, and not both");
    }
    if (has_command) {
        return get_command(platform, out, err);
    }
    out->start = COF_AGENT_CONNECT;
    return cof_json_get_text(platform, "connect", TEXT_LIMIT, &out->connect, err);
}

static cof_status get_platform(cof_agent_config *config, cof_err *err)
{
    json_t *platform = NULL;
    COF_TRY(cof_json_get(config->json, "platform", JSON_OBJECT, &platform, err));
    COF_TRY(cof_json_get_text(platform, "type", 32, &config->platform.type, err));
    return strcmp(config->platform.type, "simulated") == 0
               ? get_simulated(platform, &config->platform, err)
               : get_hardware(platform, &config->platform, err);
}

/* ---- services ---- */

/* A text that may be absent: then out stays what it is. */
static cof_status get_optional(const json_t *object, const char *name, const char **out,
                               cof_err *err)
{
    return json_object_get(object, name) == NULL
               ? COF_OK
               : cof_json_get_text(object, name, TEXT_LIMIT, out, err);
}

static cof_status get_store(cof_agent_config *config, cof_err *err)
{
    static const char *const keys[] = {"where", "secondary", "credential", "ca"};
    cof_store_options *out = &config->store;
    json_t *store = NULL;
    COF_TRY(cof_json_get(config->json, "store", JSON_OBJECT, &store, err));
    COF_TRY(cof_json_only(store, keys, sizeof keys / sizeof keys[0], err));
    COF_TRY(cof_json_get_text(store, "where", TEXT_LIMIT, &out->where, err));
    COF_TRY(get_optional(store, "secondary", &out->secondary, err));
    COF_TRY(get_optional(store, "credential", &out->credential_path, err));
    out->ca_path = config->ca_path;
    return get_optional(store, "ca", &out->ca_path, err);
}

static cof_status get_attestation(cof_agent_config *config, cof_err *err)
{
    json_t *list = NULL;
    COF_TRY(cof_json_get(config->json, "attestation", JSON_ARRAY, &list, err));
    const size_t count = json_array_size(list);
    if (count == 0 || count > COF_ATTESTER_SERVICES) {
        return COF_FAIL(err, CONFIG, "attestation has not 1 to %d services",
                        (int)COF_ATTESTER_SERVICES);
    }
    for (size_t i = 0; i < count; i++) {
        cof_url url;
        config->attestation[i] = json_string_value(json_array_get(list, i));
        if (config->attestation[i] == NULL ||
            cof_url_parse(config->attestation[i], &url, NULL) != COF_OK || !url.is_https) {
            return COF_FAIL(err, CONFIG, "attestation[%zu] is not an https URL", i);
        }
    }
    config->attestation_count = count;
    return COF_OK;
}

static cof_status get_vault(const cof_agent_config *config, const json_t *entry,
                            cof_agent_vault *out, cof_err *err)
{
    static const char *const keys[] = {"url", "credential", "ca"};
    cof_url url;
    if (!json_is_object(entry)) {
        return COF_FAIL(err, CONFIG, "an entry of vaults is not an object");
    }
    COF_TRY(cof_json_only(entry, keys, sizeof keys / sizeof keys[0], err));
    COF_TRY(get_url(entry, "url", &out->url, err));
    if (cof_url_parse(out->url, &url, NULL) != COF_OK || !url.is_https) {
        return COF_FAIL(err, CONFIG, "the url of a vault is not https");
    }
    out->ca_path = config->ca_path;
    COF_TRY(get_optional(config->json, "credential", &out->credential_path, err));
    COF_TRY(get_optional(entry, "credential", &out->credential_path, err));
    COF_TRY(get_optional(entry, "ca", &out->ca_path, err));
    return out->credential_path != NULL
               ? COF_OK
               : COF_FAIL(err, CONFIG, "vault %.150s: there is no credential", out->url);
}

static cof_status get_vaults(cof_agent_config *config, cof_err *err)
{
    json_t *list = NULL;
    COF_TRY(cof_json_get(config->json, "vaults", JSON_ARRAY, &list, err));
    const size_t count = json_array_size(list);
    if (count == 0 || count > COF_AGENT_VAULTS) {
        return COF_FAIL(err, CONFIG, "vaults has not 1 to %d entries", (int)COF_AGENT_VAULTS);
    }
    for (size_t i = 0; i < count; i++) {
        COF_TRY(get_vault(config, json_array_get(list, i), &config->vaults[i], err));
    }
    config->vault_count = count;
    return COF_OK;
}

static cof_status get_receive(cof_agent_config *config, cof_err *err)
{
    static const char *const keys[] = {"listen", "ticket", "certificate", "key"};
    cof_receive_config receive = {0};
    json_t *json = NULL;
    if (json_object_get(config->json, "receive") == NULL) {
        return COF_OK;
    }
    COF_TRY(cof_json_get(config->json, "receive", JSON_OBJECT, &json, err));
    COF_TRY(cof_json_only(json, keys, sizeof keys / sizeof keys[0], err));
    COF_TRY(cof_json_get_text(json, "listen", TEXT_LIMIT, &receive.listen, err));
    COF_TRY(cof_json_get_text(json, "ticket", TEXT_LIMIT, &receive.ticket_path, err));
    COF_TRY(cof_json_get_text(json, "certificate", TEXT_LIMIT, &receive.certificate_path, err));
    COF_TRY(cof_json_get_text(json, "key", TEXT_LIMIT, &receive.key_path, err));
    config->receive = receive;
    return COF_OK;
}

static cof_status get_patience(cof_agent_config *config, cof_err *err)
{
    config->patience_s = COF_AGENT_PATIENCE_S;
    return json_object_get(config->json, "patience") == NULL
               ? COF_OK
               : cof_json_get_int(config->json, "patience", 0, COF_AGENT_PATIENCE_HIGH_S,
                                  &config->patience_s, err);
}

static cof_status get_members(cof_agent_config *config, cof_err *err)
{
    static const char *const keys[] = {"contract", "run",        "store",   "attestation",
                                       "vaults",   "credential", "ca",      "platform",
                                       "kernel",   "journal",    "receive", "patience"};
    const json_t *json = config->json;
    COF_TRY(cof_json_only(json, keys, sizeof keys / sizeof keys[0], err));
    COF_TRY(cof_json_get_text(json, "contract", TEXT_LIMIT, &config->contract_path, err));
    COF_TRY(cof_json_get_text(json, "journal", TEXT_LIMIT, &config->journal_path, err));
    COF_TRY(get_optional(json, "ca", &config->ca_path, err));
    COF_TRY(get_run(config, err));
    COF_TRY(get_store(config, err));
    COF_TRY(get_attestation(config, err));
    COF_TRY(get_vaults(config, err));
    COF_TRY(get_platform(config, err));
    COF_TRY(get_receive(config, err));
    COF_TRY(get_patience(config, err));
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
