/* coffer contract check | digest | explain | propose */
#include <stdio.h>
#include <string.h>

#include "apps/coffer/commands.h"
#include "apps/coffer/consent.h"
#include "relying/contract/explain.h"
#include "tcb/wire/json.h"

COF_COMMAND(contract_check)
{
    COF_CLEANUP(cof_request_drop_) cof_request request = {0};
    COF_TRY(cof_request_read(app->home, app->output, cof_args_operand(args, 0), &request, err));
    cof_output_line(app->output, COF_TONE_GOOD, "%s is well formed", request.path.text);
    COF_JSON json_t *object = json_pack("{s:s,s:s}", "status", "valid", "file", request.path.text);
    cof_output_json(app->output, object);
    return COF_OK;
}

COF_COMMAND(contract_digest)
{
    COF_CLEANUP(cof_request_drop_) cof_request request = {0};
    COF_TRY(cof_request_read(app->home, app->output, cof_args_operand(args, 0), &request, err));
    COF_TRY(cof_request_resolve(&request, err));
    cof_output_line(app->output, COF_TONE_PLAIN, "%s", request.digest);
    COF_JSON json_t *object =
        json_pack("{s:s,s:s}", "contract", request.digest, "file", request.contract_path.text);
    cof_output_json(app->output, object);
    return COF_OK;
}

static cof_status explain(const cof_app *app, const cof_contract *contract, const char *digest,
                          cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    const char *page = NULL;
    cof_buf_init(&text, COF_LIMIT_JSON_BYTES);
    COF_TRY(cof_contract_explain(contract, &text, err));
    COF_TRY(cof_buf_text(&text, &page, err));
    cof_output_line(app->output, COF_TONE_PLAIN, "%s", page);
    COF_JSON json_t *object =
        json_pack("{s:s,s:O,s:s}", "contract", digest, "resolved", contract->json, "text", page);
    cof_output_json(app->output, object);
    return COF_OK;
}

COF_COMMAND(contract_explain)
{
    static const char suffix[] = ".json";
    const char *path = cof_args_operand(args, 0);
    const size_t size = strlen(path);
    COF_CLEANUP(cof_request_drop_) cof_request request = {0};
    COF_CLEANUP(cof_handout_drop_) cof_handout handout = {0};
    if (size >= sizeof suffix && strcmp(path + size - (sizeof suffix - 1), suffix) == 0) {
        COF_TRY(cof_handout_read(app->home, path, &handout, err));
        return explain(app, handout.contract, handout.digest, err);
    }
    COF_TRY(cof_request_read(app->home, app->output, path, &request, err));
    COF_TRY(cof_request_resolve(&request, err));
    return explain(app, request.contract, request.digest, err);
}

/* What each owner has to run, and who has to at all. */
static cof_status show_owners(const cof_app *app, const cof_request *request, const char *file,
                              json_t *list, cof_err *err)
{
    const char *slash = strrchr(file, '/');
    for (size_t i = 0; i < request->contract->owner_count; i++) {
        const char *name = request->contract->owners[i].name;
        COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
        char command[320];
        const cof_status status = cof_identity_sign_key(request->home, name, &key, err);
        if (status != COF_OK && status != COF_E_CONSENT_MISSING) {
            return status;
        }
        if (status == COF_OK) {
            (void)snprintf(command, sizeof command, "coffer run %.200s", request->path.text);
        } else {
            (void)snprintf(command, sizeof command,
                           "coffer contract consent %.64s --as %s --digest %s",
                           slash != NULL ? slash + 1 : file, name, request->digest);
        }
        cof_output_line(app->output, COF_TONE_PLAIN, "%-12s %s: %s", name,
                        status == COF_OK ? "consents with" : "has to run", command);
        COF_TRY(cof_json_append(list,
                                json_pack("{s:s,s:b,s:s}", "owner", name, "is_here",
                                          (int)(status == COF_OK), "command", command),
                                err));
    }
    return COF_OK;
}

COF_COMMAND(contract_propose)
{
    COF_CLEANUP(cof_request_drop_) cof_request request = {0};
    COF_JSON json_t *owners = json_array();
    const char *given = cof_args_value(args, "out");
    cof_path file;
    COF_TRY(cof_request_read(app->home, app->output, cof_args_operand(args, 0), &request, err));
    COF_TRY(cof_request_resolve(&request, err));
    COF_TRY(given != NULL ? cof_path_format(&file, err, "%s", given)
                          : cof_path_format(&file, err, "contract.json"));
    COF_TRY(cof_write_file(file.text, cof_buf_view(&request.contract_text), 0644, err));
    cof_output_line(app->output, COF_TONE_PLAIN,
                    "contract  %s\ndigest    %s\ngive the file to every owner, and tell them the "
                    "digest on another way",
                    file.text, request.digest);
    COF_TRY(show_owners(app, &request, file.text, owners, err));
    COF_JSON json_t *object =
        json_pack("{s:s,s:s,s:O}", "contract", request.digest, "file", file.text, "owners", owners);
    cof_output_json(app->output, object);
    return COF_OK;
}
