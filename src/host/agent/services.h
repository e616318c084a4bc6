/*
 * What the agent asks of attestation and of vaults. The agent carries bytes: it trusts none of the
 * answers, and what they protect is wrapped to the enclave.
 */
#ifndef COF_AGENT_SERVICES_H
#define COF_AGENT_SERVICES_H

#include "host/agent/config.h"
#include "host/agent/hardware.h"
#include "host/agent/interrupt.h"
#include "host/azure/vault.h"
#include "tcb/contract/contract.h"

typedef struct cof_agent_services cof_agent_services;

/**
 * Opens the credentials of all vaults, and whatever else the job file names; asks nobody.
 *
 * @param config     kept
 * @param interrupt  kept; ends waits and transfers; NULL: nothing does
 * @return COF_OK, COF_E_NO_MEMORY, COF_E_CONFIG, or as cof_credential_open.
 */
COF_MUST_USE cof_status cof_agent_services_new(const cof_agent_config *config,
                                               cof_interrupt *interrupt, cof_agent_services **out,
                                               cof_err *err);

/** Is there a vault in the job file for the key of each owner? @return COF_OK, COF_E_CONFIG, which
 * names the first owner without. */
COF_MUST_USE cof_status cof_agent_check_owners(const cof_agent_config *config,
                                               const cof_contract *contract, cof_err *err);

/**
 * Gets an attestation token for evidence, in the form that its service wants. Appends it.
 * @return COF_OK, COF_E_EVIDENCE_INVALID (refused), COF_E_REMOTE_ERROR, COF_E_NETWORK,
 * COF_E_TIMEOUT, …, or as cof_hardware_submit.
 */
COF_MUST_USE cof_status cof_agent_attest(cof_agent_services *services,
                                         const cof_agent_evidence *evidence, cof_buf *out_token,
                                         cof_err *err);

/** Has a vault release a key to what a token says; as cof_vault_release; COF_E_CONFIG (no vault of
 * the job file is the key's). */
COF_MUST_USE cof_status cof_agent_release(cof_agent_services *services, const char *key_url,
                                          cof_view token, uint8_t *out_algorithm,
                                          cof_buf *out_wrapped, cof_err *err);

/** What the evidence is verified with later, as a bundle; appends nothing for simulated evidence.
 * @return as cof_hardware_bundle. */
COF_MUST_USE cof_status cof_agent_collateral(cof_agent_services *services,
                                             const cof_agent_evidence *evidence, cof_buf *out,
                                             cof_err *err);

void cof_agent_services_free(cof_agent_services *services);
COF_OWNED(cof_agent_services, cof_agent_services_free);

#endif
