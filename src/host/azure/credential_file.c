/* The file: strict, the owner's alone. docs/formats/credential.md. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "host/azure/credential_internal.h"
#include "host/azure/secret_member.h"
#include "host/files/files.h"
#include "host/http/url.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

enum { TEXT_MAX = 16 * 1024 };

static const char imds[] = "http://169.254.169.254";

static void wipe_texts(json_t *object)
{
    cof_secret_member_wipe(object, "client_secret");
    cof_secret_member_wipe(object, "refresh_token");
}

static void drop_secrets(json_t **object)
{
    wipe_texts(*object);
    json_decref(*object);
    *object = NULL;
}

static cof_status read_object(const char *path, json_t **out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_CREDENTIAL_FILE_MAX};
    COF_CLEANUP(drop_secrets) json_t *json = NULL;
    COF_TRY(cof_read_secret_file(path, &text, err));
    COF_TRY(cof_json_parse(cof_buf_view(&text), COF_CREDENTIAL_FILE_MAX, &json, err));
    if (!json_is_object(json)) {
        return COF_FAIL(err, CONFIG, "it is not a JSON object");
    }
    *out = json;
    json = NULL;
    return COF_OK;
}

static cof_status copy(const char *name, const char *text, char *out, size_t size, cof_err *err)
{
    const int length = snprintf(out, size, "%s", text);
    return length > 0 && (size_t)length < size
               ? COF_OK
               : COF_FAIL(err, CONFIG, "%s is empty or too long", name);
}

/* A text of the file, or its default; NULL when there is neither. */
static cof_status find_text(const json_t *json, const char *name, const char *otherwise,
                            const char **out, cof_err *err)
{
    if (json_object_get(json, name) == NULL) {
        *out = otherwise;
        return COF_OK;
    }
    return cof_json_get_text(json, name, TEXT_MAX, out, err);
}

static cof_status need_text(const json_t *json, const char *name, char *out, size_t size,
                            cof_err *err)
{
    const char *text = NULL;
    COF_TRY(cof_json_get_text(json, name, TEXT_MAX, &text, err));
    return copy(name, text, out, size, err);
}

/* A path relative to the credential's file. */
static cof_status resolve(const cof_credential *self, const char *name, const char *text, char *out,
                          cof_err *err)
{
    const char *slash = strrchr(self->path, '/');
    if (text[0] == '/' || slash == NULL) {
        return copy(name, text, out, PATH_MAX, err);
    }
    const int length =
        snprintf(out, PATH_MAX, "%.*s/%s", (int)(slash - self->path), self->path, text);
    return length > 0 && length < PATH_MAX ? COF_OK : COF_FAIL(err, CONFIG, "%s is too long", name);
}

static bool is_plain(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && strchr("-._", *c) == NULL) {
            return false;
        }
    }
    return true;
}

/* A base URL: no query, no slash at its end. */
static cof_status check_base(const char *name, char *text, bool may_be_http, cof_err *err)
{
    cof_url url;
    for (size_t size = strlen(text); size > 0 && text[size - 1] == '/'; size--) {
        text[size - 1] = '\0';
    }
    if (cof_url_parse(text, &url, NULL) != COF_OK || (!url.is_https && !may_be_http) ||
        memchr(text, '?', strlen(text)) != NULL) {
        return COF_FAIL(err, CONFIG, "%s is not an %s base URL", name,
                        may_be_http ? "http or https" : "https");
    }
    return COF_OK;
}

static cof_status read_managed(cof_credential *self, const json_t *json, cof_err *err)
{
    static const char *const outer[] = {"managed_identity"};
    static const char *const inner[] = {"client_id", "endpoint"};
    cof_credential_facts *facts = &self->facts;
    const char *client = NULL;
    const char *endpoint = NULL;
    json_t *members = NULL;
    COF_TRY(cof_json_only(json, outer, 1, err));
    COF_TRY(cof_json_get(json, "managed_identity", JSON_OBJECT, &members, err));
    COF_TRY(cof_json_only(members, inner, 2, err));
    COF_TRY(find_text(members, "client_id", NULL, &client, err));
    COF_TRY(find_text(members, "endpoint", getenv("AZURE_POD_IDENTITY_AUTHORITY_HOST"), &endpoint,
                      err));
    facts->way = COF_BY_MANAGED_IDENTITY;
    if (client != NULL) {
        COF_TRY(copy("client_id", client, facts->client_id, sizeof facts->client_id, err));
    }
    COF_TRY(copy("endpoint", endpoint != NULL && endpoint[0] != '\0' ? endpoint : imds,
                 facts->endpoint, sizeof facts->endpoint, err));
    return check_base("endpoint", facts->endpoint, true, err);
}

static cof_status read_certificate(cof_credential *self, const json_t *json, const char *path,
                                   cof_err *err)
{
    char resolved[PATH_MAX];
    const char *algorithm = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf pem = {.limit = COF_CREDENTIAL_FILE_MAX};
    COF_TRY(find_text(json, "assertion_algorithm", "PS256", &algorithm, err));
    if (strcmp(algorithm, "PS256") != 0 && strcmp(algorithm, "RS256") != 0) {
        return COF_FAIL(err, CONFIG, "assertion_algorithm is neither PS256 nor RS256");
    }
    self->facts.is_rs256 = algorithm[0] == 'R';
    COF_TRY(resolve(self, "certificate", path, resolved, err));
    COF_TRY(cof_read_secret_file(resolved, &pem, err));
    const cof_status status = cof_assertion_key_parse(cof_buf_view(&pem), &self->key, err);
    return status == COF_E_BAD_KEY
               ? cof_err_set(err, COF_E_CONFIG, __FILE__, __LINE__,
                             "certificate: no RSA key of 2048 bits or more without a password and "
                             "with its certificate is in %.100s",
                             resolved)
               : status;
}

/* Exactly one of the ways. */
static cof_status read_way(cof_credential *self, const json_t *json, cof_err *err)
{
    static const char *const ways[] = {"client_secret", "certificate", "federated_token_file",
                                       "refresh_token"};
    const char *text = NULL;
    size_t found = 4;
    size_t count = 0;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        if (json_object_get(json, ways[i]) != NULL) {
            found = i;
            count++;
        }
    }
    if (count != 1) {
        return COF_FAIL(err, CONFIG,
                        "there must be exactly one of client_secret, certificate, "
                        "federated_token_file, refresh_token");
    }
    COF_TRY(cof_json_get_text(json, ways[found], TEXT_MAX, &text, err));
    if (text[0] == '\0') {
        return COF_FAIL(err, CONFIG, "%s is empty", ways[found]);
    }
    if (found != 1 && json_object_get(json, "assertion_algorithm") != NULL) {
        return COF_FAIL(err, CONFIG, "assertion_algorithm is for a certificate");
    }
    switch (found) {
    case 0:
        self->facts.way = COF_BY_SECRET;
        return cof_buf_append_text(&self->secret, text, err);
    case 1:
        self->facts.way = COF_BY_CERTIFICATE;
        return read_certificate(self, json, text, err);
    case 2:
        self->facts.way = COF_BY_FEDERATED;
        return resolve(self, "federated_token_file", text, self->facts.token_file, err);
    default:
        self->facts.way = COF_BY_LOGIN;
        return COF_OK;
    }
}

static cof_status read_client(cof_credential *self, const json_t *json, cof_err *err)
{
    static const char *const keys[] = {"authority",
                                       "tenant",
                                       "client_id",
                                       "client_secret",
                                       "certificate",
                                       "assertion_algorithm",
                                       "refresh_token",
                                       "federated_token_file",
                                       "ca"};
    cof_credential_facts *facts = &self->facts;
    const char *ca = NULL;
    COF_TRY(cof_json_only(json, keys, sizeof keys / sizeof keys[0], err));
    COF_TRY(need_text(json, "authority", facts->authority, sizeof facts->authority, err));
    COF_TRY(need_text(json, "tenant", facts->tenant, sizeof facts->tenant, err));
    COF_TRY(need_text(json, "client_id", facts->client_id, sizeof facts->client_id, err));
    COF_TRY(check_base("authority", facts->authority, false, err));
    if (!is_plain(facts->tenant) || !is_plain(facts->client_id)) {
        return COF_FAIL(err, CONFIG, "tenant or client_id has other than letters, digits, - . _");
    }
    if (json_object_get(json, "ca") != NULL) {
        COF_TRY(cof_json_get_text(json, "ca", PATH_MAX - 1, &ca, err));
        COF_TRY(resolve(self, "ca", ca, facts->ca, err));
    }
    const int length = snprintf(facts->endpoint, sizeof facts->endpoint, "%s/%s/oauth2/v2.0/token",
                                facts->authority, facts->tenant);
    if (length < 0 || (size_t)length >= sizeof facts->endpoint) {
        return COF_FAIL(err, CONFIG, "authority is too long");
    }
    return read_way(self, json, err);
}

/* Every failure of a member is a failure of the configuration, and names the file. */
static cof_status as_config(const cof_credential *self, cof_status status, cof_err *err)
{
    if (status == COF_OK || status == COF_E_PERMISSION || status == COF_E_NOT_FOUND) {
        return status;
    }
    const bool is_form = status == COF_E_BAD_FORMAT || status == COF_E_LIMIT;
    if (is_form && err != NULL) {
        err->status = COF_E_CONFIG;
    }
    cof_err_context(err, "credential %.100s", self->path);
    return is_form ? COF_E_CONFIG : status;
}

static cof_status read_file(cof_credential *self, cof_err *err)
{
    COF_CLEANUP(drop_secrets) json_t *json = NULL;
    COF_TRY(read_object(self->path, &json, err));
    return json_object_get(json, "managed_identity") != NULL ? read_managed(self, json, err)
                                                             : read_client(self, json, err);
}

cof_status cof_credential_read(cof_credential *credential, cof_err *err)
{
    return as_config(credential, read_file(credential, err), err);
}

cof_status cof_credential_refresh_token(const cof_credential *credential, cof_buf *out,
                                        cof_err *err)
{
    COF_CLEANUP(drop_secrets) json_t *json = NULL;
    const char *text = NULL;
    COF_TRY(as_config(credential, read_object(credential->path, &json, err), err));
    COF_TRY(
        as_config(credential, cof_json_get_text(json, "refresh_token", TEXT_MAX, &text, err), err));
    return cof_buf_append_text(out, text, err);
}

cof_status cof_credential_replace_token(const cof_credential *credential, cof_view refresh,
                                        cof_err *err)
{
    COF_CLEANUP(drop_secrets) json_t *json = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_CREDENTIAL_FILE_MAX};
    COF_TRY(read_object(credential->path, &json, err));
    wipe_texts(json);
    COF_TRY(cof_json_set(json, "refresh_token",
                         json_stringn((const char *)refresh.data, refresh.size), err));
    COF_TRY(cof_json_print(json, &text, err));
    return cof_write_file(credential->path, cof_buf_view(&text), 0600, err);
}
