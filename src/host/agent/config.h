/* A job as its agent is told of it: one JSON file. docs/formats/agent.md. */
#ifndef COF_AGENT_CONFIG_H
#define COF_AGENT_CONFIG_H

#include "tcb/wire/json.h"
#include "tcb/wire/protocol.h"

/** Texts point into json. */
typedef struct cof_agent_config {
    json_t *json;
    const char *contract_path;
    const char *run_hex; /* 32 lower-case digits */
    uint8_t run[COF_RUN_ID_SIZE];
    const char *store_path;
    const char *attestation; /* base URL; a job file always has one */
    const char *authority;   /* base URL of the token service */
    const char *tenant;
    const char *ca_path;     /* NULL: the system's */
    const char *socket_path; /* of the simulated platform */
    const char *worker_path;
    uint8_t kernel; /* as in START */
    const char *journal_path;
    const char *client_path; /* credentials at the authority */
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
