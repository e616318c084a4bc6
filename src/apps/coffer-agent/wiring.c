#include "apps/coffer-agent/wiring.h"

#include <unistd.h>

#include "host/agent/agent.h"
#include "host/executor/command.h"
#include "host/executor/connect.h"
#include "host/executor/simulated.h"
#include "host/files/files.h"
#include "host/store/open_store.h"

static cof_status make_executor(const cof_agent_platform *platform, cof_executor **out,
                                cof_err *err)
{
    switch (platform->start) {
    case COF_AGENT_COMMAND:
        return cof_command_executor_new(platform->type, platform->command, out, err);
    case COF_AGENT_CONNECT:
        return cof_connect_executor_new(platform->type, platform->connect, out, err);
    case COF_AGENT_SIMULATED:
        break;
    }
    return cof_simulated_executor_new(platform->socket_path, platform->worker_path, out, err);
}

cof_status cof_agent_wire_and_run(const cof_agent_config *config, int signal_fd, int lifeline_fd,
                                  cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text;
    COF_CLEANUP(cof_contract_drop_) cof_contract *contract = NULL;
    COF_CLEANUP(cof_journal_drop_) cof_journal *journal = NULL;
    COF_CLEANUP(cof_blob_store_drop_) cof_blob_store *store = NULL;
    COF_CLEANUP(cof_agent_services_drop_) cof_agent_services *services = NULL;
    COF_CLEANUP(cof_executor_drop_) cof_executor *executor = NULL;
    char digest[2 * COF_DIGEST_SIZE + 1];
    cof_timeline timeline = {.fd = STDOUT_FILENO};
    cof_interrupt interrupt = {.signal_fd = signal_fd, .lifeline_fd = lifeline_fd};
    cof_buf_init(&text, COF_LIMIT_CONTRACT_BYTES);
    COF_TRY(cof_read_file(config->contract_path, &text, err));
    COF_TRY(cof_contract_parse(cof_buf_view(&text), &contract, err));
    cof_digest_text(&contract->digest, digest);
    COF_TRY(cof_agent_check_owners(config, contract, err));
    COF_TRY(cof_journal_open(config->journal_path, digest, config->run_hex, &journal, err));
    COF_TRY(cof_store_open(&config->store, &store, err));
    COF_TRY(cof_agent_services_new(config, &interrupt, &services, err));
    COF_TRY(make_executor(&config->platform, &executor, err));
    const cof_agent_parts parts = {.session = {.config = config,
                                               .contract = contract,
                                               .contract_text = cof_buf_view(&text),
                                               .services = services,
                                               .store = store,
                                               .journal = journal,
                                               .timeline = &timeline,
                                               .interrupt = &interrupt},
                                   .executor = executor};
    return cof_agent_run(&parts, err);
}
