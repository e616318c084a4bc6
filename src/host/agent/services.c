#include "host/agent/services.h"

#include <poll.h>
#include <string.h>

#include "host/http/url.h"

/* A storm of 429 and 503 is waited out for this long; the worker waits meanwhile. */
enum { ATTEMPTS = 1000, BASE_MS = 500, CAP_MS = 30000, MS = 1000 };

typedef struct vault_entry {
    cof_http_client *http;
    cof_credential *credential;
} vault_entry;

struct cof_agent_services {
    const cof_agent_config *config;
    cof_http_client *http; /* for attestation */
    cof_attester *attester;
    cof_hardware *hardware;
    vault_entry vaults[COF_AGENT_VAULTS];
};

void cof_agent_services_free(cof_agent_services *services)
{
    if (services == NULL) {
        return;
    }
    for (size_t i = 0; i < COF_AGENT_VAULTS; i++) {
        cof_credential_free(services->vaults[i].credential);
        cof_http_client_free(services->vaults[i].http);
    }
    cof_attester_free(services->attester);
    cof_hardware_free(services->hardware);
    cof_http_client_free(services->http);
    free(services);
}

/* cof_http_client_options.pause: a wait that a signal, the lifeline or the wall time ends. */
static cof_status wait_patiently(void *context, unsigned ms, cof_err *err)
{
    enum { SLICE_MS = 200 };
    while (ms > 0) {
        const unsigned slice = ms < SLICE_MS ? ms : SLICE_MS;
        COF_TRY(cof_interrupt_wait(context, -1, 0, err));
        (void)poll(NULL, 0, (int)slice);
        ms -= slice;
    }
    return cof_interrupt_wait(context, -1, 0, err);
}

static cof_http_client_options client_options(const cof_agent_config *config, const char *ca_path,
                                              cof_interrupt *interrupt)
{
    const cof_retry_policy retry = {
        .attempts = config->patience_s > 0 ? ATTEMPTS : 1,
        .base_ms = BASE_MS,
        .cap_ms = CAP_MS,
        .budget_ms = config->patience_s > 0 ? (unsigned)config->patience_s * MS : 1};
    return (cof_http_client_options){.ca_path = ca_path,
                                     .retry = retry,
                                     .operation_ms = retry.budget_ms + 60 * MS,
                                     .pause = interrupt != NULL ? wait_patiently : NULL,
                                     .pause_context = interrupt};
}

static cof_status open_vaults(cof_agent_services *self, cof_interrupt *interrupt, cof_err *err)
{
    const cof_agent_config *config = self->config;
    for (size_t i = 0; i < config->vault_count; i++) {
        const cof_http_client_options options =
            client_options(config, config->vaults[i].ca_path, interrupt);
        COF_TRY(cof_http_client_new(&options, &self->vaults[i].http, err));
        COF_TRY(cof_credential_open_with(config->vaults[i].credential_path, &options,
                                         &self->vaults[i].credential, err));
    }
    return COF_OK;
}

cof_status cof_agent_services_new(const cof_agent_config *config, cof_interrupt *interrupt,
                                  cof_agent_services **out, cof_err *err)
{
    COF_CLEANUP(cof_agent_services_drop_)
    cof_agent_services *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return COF_FAIL(err, NO_MEMORY, "services");
    }
    const cof_http_client_options options = client_options(config, config->ca_path, interrupt);
    self->config = config;
    COF_TRY(cof_http_client_new(&options, &self->http, err));
    COF_TRY(cof_attester_new(self->http, config->attestation, config->attestation_count,
                             &self->attester, err));
    if (config->platform.start != COF_AGENT_SIMULATED) {
        COF_TRY(
            cof_hardware_new(config->platform.host, config->journal_path, &self->hardware, err));
    }
    COF_TRY(open_vaults(self, interrupt, err));
    *out = cof_agent_services_take(&self);
    return COF_OK;
}

/* The entry with the key's scheme, host and port; -1 when there is none. */
static int find_vault(const cof_agent_config *config, const char *key_url)
{
    cof_url key;
    cof_url url;
    if (cof_url_parse(key_url, &key, NULL) != COF_OK) {
        return -1;
    }
    for (size_t i = 0; i < config->vault_count; i++) {
        if (cof_url_parse(config->vaults[i].url, &url, NULL) == COF_OK &&
            cof_url_same_origin(&key, &url)) {
            return (int)i;
        }
    }
    return -1;
}

cof_status cof_agent_check_owners(const cof_agent_config *config, const cof_contract *contract,
                                  cof_err *err)
{
    for (size_t i = 0; i < contract->owner_count; i++) {
        if (find_vault(config, contract->owners[i].key) < 0) {
            return COF_FAIL(err, CONFIG,
                            "owner %.64s: the job file has no vault for the key %.120s",
                            contract->owners[i].name, contract->owners[i].key);
        }
    }
    return COF_OK;
}

cof_status cof_agent_attest(cof_agent_services *services, const cof_agent_evidence *evidence,
                            cof_buf *out_token, cof_err *err)
{
    COF_CLEANUP(cof_submission_parts_free) cof_submission_parts parts = {0};
    COF_TRY(cof_hardware_submit(services->hardware, evidence, &parts, err));
    return cof_attester_token(services->attester, &parts.request, out_token, NULL, err);
}

cof_status cof_agent_release(cof_agent_services *services, const char *key_url, cof_view token,
                             uint8_t *out_algorithm, cof_buf *out_wrapped, cof_err *err)
{
    const int index = find_vault(services->config, key_url);
    cof_released_wrap wrap = COF_RELEASED_RSA_AES_SHA1;
    if (index < 0) {
        return COF_FAIL(err, CONFIG, "the job file has no vault for %.150s", key_url);
    }
    const cof_vault vault = {.http = services->vaults[index].http,
                             .credential = services->vaults[index].credential};
    COF_TRY(cof_vault_release(&vault, key_url, token, &wrap, out_wrapped, err));
    *out_algorithm = (uint8_t)wrap;
    return COF_OK;
}

cof_status cof_agent_collateral(cof_agent_services *services, const cof_agent_evidence *evidence,
                                cof_buf *out, cof_err *err)
{
    return services->hardware == NULL ? COF_OK
                                      : cof_hardware_bundle(services->hardware, evidence, out, err);
}
