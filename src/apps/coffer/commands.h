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
COF_COMMAND(data_adopt);
COF_COMMAND(data_send);
COF_COMMAND(data_share);
COF_COMMAND(data_protect);
COF_COMMAND(data_describe);
COF_COMMAND(key_create);
COF_COMMAND(key_rotate);
COF_COMMAND(key_show);
COF_COMMAND(key_explain);
COF_COMMAND(key_export);
COF_COMMAND(key_import);
COF_COMMAND(key_authority_show);
COF_COMMAND(key_authority_add);
COF_COMMAND(key_authority_list);
COF_COMMAND(key_authority_remove);
COF_COMMAND(contract_check);
COF_COMMAND(contract_digest);
COF_COMMAND(contract_explain);
COF_COMMAND(contract_propose);
COF_COMMAND(contract_consent);
COF_COMMAND(contract_withdraw);
COF_COMMAND(evidence_verify);
COF_COMMAND(evidence_collateral_fetch);
COF_COMMAND(evidence_collateral_pack);
COF_COMMAND(evidence_collateral_show);
COF_COMMAND(policy_lint);
COF_COMMAND(login);
COF_COMMAND(logout);
COF_COMMAND(access_list);
COF_COMMAND(access_grant);
COF_COMMAND(access_revoke);
COF_COMMAND(access_review);
COF_COMMAND(access_app_create);
COF_COMMAND(access_app_list);
COF_COMMAND(access_app_show);
COF_COMMAND(access_app_delete);
COF_COMMAND(access_app_enable);
COF_COMMAND(access_app_disable);
COF_COMMAND(access_app_secret_add);
COF_COMMAND(access_app_secret_remove);
COF_COMMAND(access_app_certificate_add);
COF_COMMAND(access_app_certificate_remove);
COF_COMMAND(access_app_federated_add);
COF_COMMAND(access_app_federated_remove);
COF_COMMAND(access_user_create);
COF_COMMAND(access_user_list);
COF_COMMAND(access_user_password);
COF_COMMAND(access_user_enable);
COF_COMMAND(access_user_disable);
COF_COMMAND(access_user_delete);
COF_COMMAND(access_group_create);
COF_COMMAND(access_group_list);
COF_COMMAND(access_group_add);
COF_COMMAND(access_group_remove);
COF_COMMAND(access_group_delete);
COF_COMMAND(access_role_list);
COF_COMMAND(access_role_create);
COF_COMMAND(access_role_delete);
COF_COMMAND(up);
COF_COMMAND(down);
COF_COMMAND(doctor);
COF_COMMAND(completions);
COF_COMMAND(manual);

#endif
