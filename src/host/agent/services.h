/*
 * What the agent asks of attestation and of vaults, in Azure's wire protocols. The agent carries
 * bytes: it trusts none of the answers, and what they protect is wrapped to the enclave.
 */
#ifndef COF_AGENT_SERVICES_H
#define COF_AGENT_SERVICES_H

#include "host/agent/config.h"
#include "host/azure/entra.h"

/** The evidence of a worker, borrowed. */
typedef struct cof_agent_evidence {
    char type[33];
    cof_view runtime;
    cof_view evidence;
} cof_agent_evidence;

/** Splits an EVIDENCE frame. @return COF_OK, COF_E_PROTOCOL. */
COF_MUST_USE cof_status cof_agent_evidence_parse(cof_view payload, cof_agent_evidence *out,
                                                 cof_err *err);

typedef struct cof_agent_services cof_agent_services;

/** config and client: kept. Reads the agent's credentials. @return COF_OK, COF_E_NO_MEMORY, or as
 * cof_entra_from_file. */
COF_MUST_USE cof_status cof_agent_services_new(const cof_agent_config *config,
                                               cof_http_client *client, cof_agent_services **out,
                                               cof_err *err);

/**
 * Gets an attestation token for evidence: POST {attestation}/attest/SgxEnclave. Appends it.
 * @return COF_OK, COF_E_EVIDENCE_INVALID (refused), COF_E_REMOTE_ERROR, COF_E_NETWORK,
 * COF_E_TIMEOUT, …
 */
COF_MUST_USE cof_status cof_agent_attest(cof_agent_services *services,
                                         const cof_agent_evidence *evidence, cof_buf *out_token,
                                         cof_err *err);

/**
 * Has a vault release a key to what a token says: POST {key}/release. Appends the wrapped key.
 *
 * @param key_url        https://…/keys/{name}/{version}
 * @param out_algorithm  as in a KEY frame
 * @return COF_OK, COF_E_CONTRACT_EXPIRED, COF_E_RUNS_EXHAUSTED, COF_E_RELEASE_REFUSED,
 * COF_E_NOT_FOUND (no such key), COF_E_UNAUTHORIZED (the agent itself is not let in),
 * COF_E_BAD_FORMAT (of the answer), COF_E_REMOTE_ERROR, COF_E_NETWORK, COF_E_TIMEOUT, …
 */
COF_MUST_USE cof_status cof_agent_release(cof_agent_services *services, const char *key_url,
                                          cof_view token, uint8_t *out_algorithm,
                                          cof_buf *out_wrapped, cof_err *err);

/**
 * The wrapped key out of a vault's answer {"value":JWS}. The signature is not checked: a key that
 * is not the right one does not open the data.
 * @return COF_OK, COF_E_BAD_FORMAT, COF_E_BAD_JSON, COF_E_LIMIT.
 */
COF_MUST_USE cof_status cof_agent_release_parse(cof_view answer, uint8_t *out_algorithm,
                                                cof_buf *out_wrapped, cof_err *err);

/**
 * The scope that a vault's challenge asks for, from WWW-Authenticate. The resource must be one of
 * the key services' own or the vault itself, so that no vault can have a token made for something
 * else.
 * @return COF_OK, COF_E_UNAUTHORIZED.
 */
COF_MUST_USE cof_status cof_agent_challenge_scope(const char *challenge, const char *vault_url,
                                                  cof_buf *out_scope, cof_err *err);

void cof_agent_services_free(cof_agent_services *services);
COF_OWNED(cof_agent_services, cof_agent_services_free);

#endif
