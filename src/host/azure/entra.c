#include "host/azure/entra.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "host/files/files.h"
#include "tcb/base/limits.h"
#include "tcb/base/wipe.h"
#include "tcb/wire/json.h"

enum { CLIENT_FILE_BYTES = 8 * 1024, FIELD_BYTES = 1024, EARLY_S = 60 };

struct cof_entra {
    cof_http_client *http;
    char *endpoint;
    char *client_id;
    char *client_secret;
    char *scope; /* of the kept token */
    cof_buf token;
    int64_t valid_until;
};

static void wipe_text(char *text)
{
    if (text != NULL) {
        cof_wipe(text, strlen(text));
        free(text);
    }
}

void cof_entra_free(cof_entra *entra)
{
    if (entra == NULL) {
        return;
    }
    free(entra->endpoint);
    free(entra->client_id);
    wipe_text(entra->client_secret);
    free(entra->scope);
    cof_buf_free(&entra->token);
    free(entra);
}

cof_status cof_entra_new(cof_http_client *http, const cof_entra_options *options, cof_entra **out,
                         cof_err *err)
{
    COF_CLEANUP(cof_entra_drop_) cof_entra *entra = calloc(1, sizeof *entra);
    if (entra == NULL) {
        return COF_FAIL(err, NO_MEMORY, "identity client");
    }
    entra->http = http;
    cof_buf_init(&entra->token, COF_LIMIT_TOKEN_BYTES);
    if (asprintf(&entra->endpoint, "%s/%s/oauth2/v2.0/token", options->authority, options->tenant) <
        0) {
        entra->endpoint = NULL;
    }
    entra->client_id = strdup(options->client_id);
    entra->client_secret = strdup(options->client_secret);
    if (entra->endpoint == NULL || entra->client_id == NULL || entra->client_secret == NULL) {
        return COF_FAIL(err, NO_MEMORY, "identity client");
    }
    *out = cof_entra_take(&entra);
    return COF_OK;
}

cof_status cof_entra_from_file(cof_http_client *http, const char *authority, const char *tenant,
                               const char *path, cof_entra **out, cof_err *err)
{
    struct stat info;
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    COF_JSON json_t *client = NULL;
    cof_entra_options options = {.authority = authority, .tenant = tenant};
    cof_buf_init(&text, CLIENT_FILE_BYTES);
    COF_TRY(cof_read_file(path, &text, err));
    if (stat(path, &info) != 0 || (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return COF_FAIL(err, PERMISSION,
                        "%s holds a secret and must be readable by its owner alone (mode 0600)",
                        path);
    }
    COF_TRY(cof_json_parse(cof_buf_view(&text), CLIENT_FILE_BYTES, &client, err));
    COF_TRY(cof_json_get_text(client, "client_id", FIELD_BYTES, &options.client_id, err));
    COF_TRY(cof_json_get_text(client, "client_secret", FIELD_BYTES, &options.client_secret, err));
    return cof_entra_new(http, &options, out, err);
}

static cof_status refused(const cof_http_answer *answer, cof_err *err)
{
    COF_JSON json_t *body = NULL;
    const char *description = "no description";
    if (cof_json_parse(cof_buf_view(&answer->body), COF_LIMIT_JSON_BYTES, &body, NULL) == COF_OK) {
        const char *text = json_string_value(json_object_get(body, "error_description"));
        description = text != NULL ? text : description;
    }
    if (answer->status == 400 || answer->status == 401) {
        return COF_FAIL(err, UNAUTHORIZED, "the identity service refused this client: %.100s",
                        description);
    }
    return COF_FAIL(err, REMOTE_ERROR, "the identity service answered %d", answer->status);
}

static cof_status ask(cof_entra *entra, const char *scope, cof_err *err)
{
    const cof_http_pair form[] = {{"grant_type", "client_credentials"},
                                  {"client_id", entra->client_id},
                                  {"client_secret", entra->client_secret},
                                  {"scope", scope}};
    COF_CLEANUP(cof_buf_free) cof_buf body = {0};
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    COF_JSON json_t *value = NULL;
    const char *token = NULL;
    int64_t lifetime = 0;
    cof_buf_init(&body, COF_LIMIT_TOKEN_BYTES);
    COF_TRY(cof_form_encode(form, sizeof form / sizeof form[0], &body, err));
    const cof_http_call call = {.method = "POST",
                                .url = entra->endpoint,
                                .body = cof_buf_view(&body),
                                .content_type = "application/x-www-form-urlencoded",
                                .is_repeatable = true};
    const cof_status status = cof_http_send(entra->http, &call, &answer, err);
    if (status == COF_E_REMOTE_ERROR) {
        return refused(&answer, err);
    }
    COF_TRY(status);
    COF_TRY(cof_json_parse(cof_buf_view(&answer.body), COF_LIMIT_JSON_BYTES, &value, err));
    COF_TRY(cof_json_get_text(value, "access_token", COF_LIMIT_TOKEN_BYTES, &token, err));
    COF_TRY(cof_json_get_int(value, "expires_in", 0, 30 * 24 * 3600, &lifetime, err));
    COF_TRY(cof_buf_append_text(&entra->token, token, err));
    entra->valid_until = (int64_t)time(NULL) + lifetime - EARLY_S;
    return COF_OK;
}

cof_status cof_entra_token(cof_entra *entra, const char *scope, const char **out_token,
                           cof_err *err)
{
    if (entra->token.size == 0 || entra->scope == NULL || strcmp(entra->scope, scope) != 0 ||
        time(NULL) >= entra->valid_until) {
        cof_entra_forget(entra);
        char *copy = strdup(scope);
        if (copy == NULL) {
            return COF_FAIL(err, NO_MEMORY, "scope");
        }
        free(entra->scope);
        entra->scope = copy;
        COF_TRY(ask(entra, scope, err));
    }
    return cof_buf_text(&entra->token, out_token, err);
}

void cof_entra_forget(cof_entra *entra)
{
    cof_buf_clear(&entra->token);
}
