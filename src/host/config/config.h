/*
 * What a home is configured with: HOME/coffer.yaml, which need not exist. docs/formats/config.md.
 *
 *   storage: dir:store | azure:https://ACCOUNT.blob.core.windows.net/CONTAINER[/PREFIX]
 *   storage_secondary: https://…            reads go there when the first fails
 *   storage_credential: FILE                default: credential
 *   vault: local | https://NAME.vault.azure.net
 *   attestation: local | https://… | [https://…, https://…]     the second when the first fails
 *   credential: FILE                        how the owner signs in (host/azure/credential.h)
 *   agent_credential: FILE                  how the agent does; default: credential
 *   ca: FILE                                PEM: the only authorities that services may have
 *   worker: simulated | {type: sgx, command: [gramine-sgx, …]} | {type: sev-snp, connect:
 * HOST:PORT} vaults: [{vault: https://…, credential: FILE, ca: FILE}]    of other owners, for the
 * agent
 *
 * Paths are relative to HOME.
 */
#ifndef COF_HOST_CONFIG_CONFIG_H
#define COF_HOST_CONFIG_CONFIG_H

#include "tcb/base/buf.h"

enum { COF_CONFIG_ATTESTATIONS = 4, COF_CONFIG_VAULTS = 16, COF_CONFIG_WORDS = 32 };

/** Another owner's vault. */
typedef struct cof_config_vault {
    const char *url;
    const char *credential;
    const char *ca; /* NULL: as the rest */
} cof_config_vault;

/** Where workers come from, as docs/formats/agent.md has it under platform. */
typedef struct cof_config_worker {
    const char *type;    /* "sgx", …; NULL: the simulated platform of this home */
    const char *connect; /* NULL: by command */
    const char *host;    /* NULL: the default */
    const char *command[COF_CONFIG_WORDS];
    size_t command_count;
} cof_config_worker;

typedef struct cof_config cof_config;
/** Texts live as long as the configuration; paths are absolute. */
struct cof_config {
    const char *storage; /* as cof_store_options.where */
    const char *storage_secondary;
    const char *storage_credential;
    const char *vault; /* NULL: local */
    const char *attestation[COF_CONFIG_ATTESTATIONS];
    size_t attestation_count; /* 0: local */
    const char *credential;   /* NULL: local */
    const char *agent_credential;
    const char *ca;
    cof_config_vault vaults[COF_CONFIG_VAULTS];
    size_t vault_count;
    cof_config_worker worker;
    int64_t patience_s;
    void *owned_; /* the texts */
};

/** Reads HOME/coffer.yaml; without one everything is local. @return COF_OK, COF_E_CONFIG (err has
 * line and column), COF_E_PERMISSION, COF_E_IO, COF_E_NO_MEMORY. */
COF_MUST_USE cof_status cof_config_read(const char *home, cof_config **out, cof_err *err);

/** Does anything of it stand on this home's own services? */
bool cof_config_needs_local(const cof_config *config);

void cof_config_free(cof_config *config);
COF_OWNED(cof_config, cof_config_free);

#endif
