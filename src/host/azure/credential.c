#include "host/azure/credential.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host/azure/credential_internal.h"
#include "tcb/base/limits.h"

enum { EARLY_S = 300, LAST_S = 30, IMDS_ATTEMPTS = 5 };

static void clear_kept(cof_kept_token *kept)
{
    free(kept->scope);
    cof_buf_free(&kept->token);
    *kept = (cof_kept_token){0};
}

void cof_credential_free(cof_credential *credential)
{
    if (credential == NULL) {
        return;
    }
    for (size_t i = 0; i < COF_CREDENTIAL_SCOPES; i++) {
        clear_kept(&credential->kept[i]);
    }
    cof_buf_free(&credential->secret);
    cof_assertion_key_free(credential->key);
    cof_http_client_free(credential->http);
    free(credential);
}

/* A metadata service is never reached through a proxy, and by plain http. */
static cof_status make_client(cof_credential *self, cof_http_client_options options, cof_err *err)
{
    options.ca_path = self->facts.ca[0] != '\0' ? self->facts.ca : NULL;
    options.allow_http = self->facts.way == COF_BY_MANAGED_IDENTITY;
    if (options.allow_http) {
        options.proxy = NULL;
        options.retry.attempts =
            options.retry.attempts != 0 ? options.retry.attempts : IMDS_ATTEMPTS;
    }
    return cof_http_client_new(&options, &self->http, err);
}

cof_status cof_credential_open_with(const char *path, const cof_http_client_options *options,
                                    cof_credential **out, cof_err *err)
{
    COF_CLEANUP(cof_credential_drop_) cof_credential *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return COF_FAIL(err, NO_MEMORY, "credential");
    }
    cof_buf_init(&self->secret, COF_LIMIT_TOKEN_BYTES);
    const int length = snprintf(self->path, sizeof self->path, "%s", path);
    if (length <= 0 || (size_t)length >= sizeof self->path) {
        return COF_FAIL(err, CONFIG, "the credential's path is empty or too long");
    }
    COF_TRY(cof_credential_read(self, err));
    COF_TRY(make_client(self, *options, err));
    *out = cof_credential_take(&self);
    return COF_OK;
}

cof_status cof_credential_open(const char *path, cof_credential **out, cof_err *err)
{
    const cof_http_client_options options = {0};
    return cof_credential_open_with(path, &options, out, err);
}

static cof_kept_token *find(cof_credential *self, const char *scope)
{
    for (size_t i = 0; i < COF_CREDENTIAL_SCOPES; i++) {
        if (self->kept[i].scope != NULL && strcmp(self->kept[i].scope, scope) == 0) {
            return &self->kept[i];
        }
    }
    return NULL;
}

/* The place of this scope: its own, or one in turn. */
static cof_kept_token *place_for(cof_credential *self, const char *scope)
{
    cof_kept_token *kept = find(self, scope);
    if (kept == NULL) {
        kept = &self->kept[self->next];
        self->next = (self->next + 1) % COF_CREDENTIAL_SCOPES;
    }
    return kept;
}

static cof_status keep(cof_credential *self, const char *scope, cof_token_answer *answer,
                       int64_t asked_unix_s, cof_err *err)
{
    char *copy = strdup(scope);
    if (copy == NULL) {
        return COF_FAIL(err, NO_MEMORY, "scope");
    }
    cof_kept_token *kept = place_for(self, scope);
    const int64_t half = answer->lifetime_s / 2;
    const int64_t early = half < EARLY_S ? half : EARLY_S;
    int64_t useful = answer->lifetime_s - early;
    if (answer->refresh_in_s > 0 && answer->refresh_in_s < useful) {
        useful = answer->refresh_in_s;
    }
    clear_kept(kept);
    *kept = (cof_kept_token){.scope = copy,
                             .token = answer->access,
                             .renew_unix_s = asked_unix_s + useful,
                             .expires_unix_s = asked_unix_s + answer->lifetime_s};
    answer->access = (cof_buf){0};
    return COF_OK;
}

cof_status cof_credential_token(cof_credential *credential, const char *scope,
                                const char **out_token, cof_err *err)
{
    const int64_t now = (int64_t)time(NULL);
    cof_kept_token *kept = find(credential, scope);
    if (kept != NULL && now < kept->renew_unix_s) {
        return cof_buf_text(&kept->token, out_token, err);
    }
    COF_CLEANUP(cof_token_answer_free) cof_token_answer answer = {0};
    const cof_status status = cof_token_request(credential, scope, &answer, err);
    /* A token that is still good carries over a token service that is away. */
    if (kept != NULL && status != COF_OK && cof_status_describe(status)->retry &&
        now + LAST_S < kept->expires_unix_s) {
        return cof_buf_text(&kept->token, out_token, err);
    }
    COF_TRY(status);
    COF_TRY(keep(credential, scope, &answer, now, err));
    return cof_buf_text(&find(credential, scope)->token, out_token, err);
}

void cof_credential_forget(cof_credential *credential, const char *scope)
{
    cof_kept_token *kept = find(credential, scope);
    if (kept != NULL) {
        clear_kept(kept);
    }
}

const char *cof_credential_kind(const cof_credential *credential)
{
    static const char *const names[] = {[COF_BY_SECRET] = "secret",
                                        [COF_BY_CERTIFICATE] = "certificate",
                                        [COF_BY_FEDERATED] = "federated",
                                        [COF_BY_MANAGED_IDENTITY] = "managed identity",
                                        [COF_BY_LOGIN] = "login"};
    return names[credential->facts.way];
}

const char *cof_credential_tenant(const cof_credential *credential)
{
    return credential->facts.tenant;
}

const char *cof_credential_authority(const cof_credential *credential)
{
    return credential->facts.authority;
}

const char *cof_credential_issuer(const cof_credential *credential)
{
    return credential->facts.way == COF_BY_MANAGED_IDENTITY ? credential->facts.endpoint
                                                            : credential->facts.authority;
}
