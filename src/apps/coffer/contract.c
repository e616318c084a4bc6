/* coffer contract check | digest | explain */
#include <stdio.h>

#include "apps/coffer/commands.h"
#include "apps/coffer/request.h"
#include "relying/contract/explain.h"

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

COF_COMMAND(contract_explain)
{
    COF_CLEANUP(cof_request_drop_) cof_request request = {0};
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    const char *page = NULL;
    cof_buf_init(&text, COF_LIMIT_JSON_BYTES);
    COF_TRY(cof_request_read(app->home, app->output, cof_args_operand(args, 0), &request, err));
    COF_TRY(cof_request_resolve(&request, err));
    COF_TRY(cof_contract_explain(request.contract, &text, err));
    COF_TRY(cof_buf_text(&text, &page, err));
    cof_output_line(app->output, COF_TONE_PLAIN, "%s", page);
    COF_JSON json_t *object = json_pack("{s:s,s:O,s:s}", "contract", request.digest, "resolved",
                                        request.contract->json, "text", page);
    cof_output_json(app->output, object);
    return COF_OK;
}
