/* The credential files of the first applications: clients/NAME.json. */
#include <string.h>

#include "local/ca/ca.h"
#include "local/identity/directory_internal.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum { FILE_BYTES = 16 * 1024, SECRET_BYTES = 64 };

const char *const cof_directory_first_apps[] = {"owner", "agent", "auditor", NULL};

static cof_status file_name(const char *name, cof_path *out, cof_err *err)
{
    return cof_path_format(out, err, "clients/%s.json", name);
}

cof_status cof_directory_write_credential(const cof_state *state, const cof_principal *app,
                                          cof_view secret, cof_err *err)
{
    cof_path ca;
    cof_path file;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = FILE_BYTES};
    COF_TRY(cof_state_path(state, COF_CA_ROOT_FILE, &ca, err));
    COF_TRY(file_name(app->name, &file, err));
    COF_JSON json_t *ca_text = json_string(ca.text);
    if (ca_text == NULL) {
        return COF_FAIL(err, BAD_ARGUMENT, "the home folder's name is not UTF-8");
    }
    /* Printed by hand: jansson would leave copies of the secret behind. None of these needs
     * escaping but the path. */
    COF_TRY(cof_buf_printf(&text, err,
                           "{\"authority\":\"%s\",\"tenant\":\"%s\",\"client_id\":\"%s\",\"client_"
                           "secret\":\"%.*s\",\"ca\":",
                           cof_state_base(state), cof_state_tenant(state), app->client_id,
                           (int)secret.size, (const char *)secret.data));
    COF_TRY(cof_json_print(ca_text, &text, err));
    COF_TRY(cof_buf_append_text(&text, "}\n", err));
    return cof_state_write(state, file.text, cof_buf_view(&text), err);
}

static bool is_text(const json_t *object, const char *key, const char *expected)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL && strcmp(text, expected) == 0;
}

/* A file that is not ours any more, or that was taken away, is left as it is. */
static cof_status refresh(const cof_state *state, const cof_principal *app, cof_err *err)
{
    cof_path file;
    cof_path ca;
    COF_JSON json_t *stored = NULL;
    const char *secret = NULL;
    COF_TRY(file_name(app->name, &file, err));
    COF_TRY(cof_state_path(state, COF_CA_ROOT_FILE, &ca, err));
    if (cof_state_read_json(state, file.text, &stored, NULL) != COF_OK ||
        !is_text(stored, "client_id", app->client_id) ||
        cof_json_get_text(stored, "client_secret", SECRET_BYTES, &secret, NULL) != COF_OK ||
        strpbrk(secret, "\"\\") != NULL) {
        return COF_OK;
    }
    if (is_text(stored, "authority", cof_state_base(state)) && is_text(stored, "ca", ca.text)) {
        return COF_OK;
    }
    return cof_directory_write_credential(state, app, cof_view_text(secret), err);
}

cof_status cof_directory_refresh_credentials(const cof_directory *directory, cof_err *err)
{
    for (size_t i = 0; cof_directory_first_apps[i] != NULL; i++) {
        cof_principal app;
        if (cof_directory_by_name(directory, COF_PRINCIPAL_APP, cof_directory_first_apps[i],
                                  &app)) {
            COF_TRY(refresh(directory->state, &app, err));
        }
    }
    return COF_OK;
}
