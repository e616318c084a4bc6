/* The functions behind the rows of the command table (commands.c). */
#ifndef COF_APP_COMMANDS_H
#define COF_APP_COMMANDS_H

#include "apps/coffer/command.h"

#define COF_COMMAND(name)                                                                          \
    cof_status cof_command_##name(cof_app *app, const cof_args *args, cof_err *err)

COF_COMMAND(run);
COF_COMMAND(verify);
COF_COMMAND(data_seal);
COF_COMMAND(data_open);
COF_COMMAND(data_inspect);
COF_COMMAND(data_validate);
COF_COMMAND(data_rewrap);
COF_COMMAND(key_create);
COF_COMMAND(key_show);
COF_COMMAND(contract_check);
COF_COMMAND(contract_digest);
COF_COMMAND(contract_explain);
COF_COMMAND(evidence_verify);
COF_COMMAND(evidence_collateral_fetch);
COF_COMMAND(evidence_collateral_pack);
COF_COMMAND(evidence_collateral_show);
COF_COMMAND(policy_lint);
COF_COMMAND(up);
COF_COMMAND(down);
COF_COMMAND(doctor);
COF_COMMAND(completions);
COF_COMMAND(manual);

#endif
