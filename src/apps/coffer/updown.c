/* coffer up | down */
#include "apps/coffer/commands.h"
#include "apps/coffer/services.h"
#include "tcb/wire/json.h"

static const char *member(const json_t *info, const char *key)
{
    const char *text = json_string_value(json_object_get(info, key));
    return text != NULL ? text : "?";
}

COF_COMMAND(up)
{
    (void)args;
    COF_JSON json_t *info = NULL;
    const cof_status status = cof_services_up(app->home, &info, err);
    if (status != COF_OK && status != COF_E_EXISTS) {
        return status;
    }
    cof_output_line(app->output, COF_TONE_PLAIN,
                    "%s\n  vault and attestation  %s\n  authority              %s/%s\n  "
                    "certificate            %s\n  log                    %s/local.log",
                    status == COF_OK ? "The local services run."
                                     : "The local services run already.",
                    member(info, "vault"), member(info, "authority"), member(info, "tenant"),
                    member(info, "ca"), app->home);
    cof_output_json(app->output, info);
    return COF_OK;
}

COF_COMMAND(down)
{
    (void)args;
    const cof_status status = cof_services_down(app->home, err);
    if (status != COF_OK && status != COF_E_NOT_FOUND) {
        return status;
    }
    const bool stopped = status == COF_OK;
    COF_JSON json_t *object = json_pack("{s:s}", "status", stopped ? "stopped" : "not running");
    cof_output_line(app->output, COF_TONE_PLAIN,
                    stopped ? "The local services have stopped." : "No local services run.");
    cof_output_json(app->output, object);
    return COF_OK;
}
