/* A job as its agent is told of it: one JSON file. docs/formats/agent.md. */
#ifndef COF_AGENT_CONFIG_H
#define COF_AGENT_CONFIG_H

#include "host/azure/attest.h"
#include "host/store/open_store.h"
#include "tcb/wire/json.h"
#include "tcb/wire/protocol.h"

enum {
    COF_AGENT_VAULTS = 16,
    COF_AGENT_ARGUMENTS = 64,
    COF_AGENT_PATIENCE_S = 120,
    COF_AGENT_PATIENCE_HIGH_S = 86400
};

/** A vault that the agent may ask for keys. */
typedef struct cof_agent_vault {
    const char *url;
    const char *credential_path;
    const char *ca_path; /* NULL: the system's */
} cof_agent_vault;

typedef enum cof_agent_start {
    COF_AGENT_SIMULATED, /* by the simulated platform */
    COF_AGENT_COMMAND,   /* as a program */
    COF_AGENT_CONNECT    /* not at all: it waits somewhere */
} cof_agent_start;

/** Where workers come from. */
typedef struct cof_agent_platform {
    cof_agent_start start;
    const char *type;        /* of the evidence: "simulated", "sgx", … */
    const char *socket_path; /* of the simulated platform */
    const char *worker_path;
    const char *command[COF_AGENT_ARGUMENTS + 1]; /* NULL at the end */
    const char *connect;                          /* HOST:PORT, unix:PATH */
    const char *host;                             /* base URL of the metadata service */
} cof_agent_platform;

/** How inputs that are not in the store are taken from their owners: docs/formats/transfer.md. */
typedef struct cof_receive_config {
    const char *listen; /* HOST:PORT, the host numeric; NULL: they are not */
    const char *ticket_path;
    const char *certificate_path;
    const char *key_path;
} cof_receive_config;

/** Texts point into json. */
typedef struct cof_agent_config {
    json_t *json;
    const char *contract_path;
    const char *run_hex; /* 32 lower-case digits */
    uint8_t run[COF_RUN_ID_SIZE];
    cof_store_options store;
    const char *attestation[COF_ATTESTER_SERVICES]; /* base URLs; a job file always has one */
    size_t attestation_count;
    cof_agent_vault vaults[COF_AGENT_VAULTS];
    size_t vault_count;
    const char *ca_path; /* NULL: the system's */
    cof_agent_platform platform;
    uint8_t kernel; /* as in START */
    const char *journal_path;
    cof_receive_config receive;
    int64_t patience_s; /* how long services that do not answer are waited for, in all */
} cof_agent_config;

/**
 * Reads the job file. Paths in it are relative to where the agent runs.
 *
 * @return COF_OK, COF_E_CONFIG (a member is unknown, missing or wrong), COF_E_BAD_JSON,
 * COF_E_NOT_FOUND, COF_E_PERMISSION, COF_E_IO, COF_E_NO_MEMORY.
 */
COF_MUST_USE cof_status cof_agent_config_read(const char *path, cof_agent_config *out,
                                              cof_err *err);

/** The same from a text. */
COF_MUST_USE cof_status cof_agent_config_parse(cof_view text, cof_agent_config *out, cof_err *err);

/** Accepts a zeroed one. */
void cof_agent_config_free(cof_agent_config *config);

#endif
