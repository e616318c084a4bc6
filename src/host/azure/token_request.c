/* One request for one token, in each of the ways. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "host/azure/credential_internal.h"
#include "host/files/files.h"
#include "host/http/form.h"
#include "tcb/base/limits.h"

enum { REFUSAL_SIZE = 104 };

static const char assertion_type[] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
static const char default_suffix[] = "/.default";

/* What an answer that is none says; never what the request held. */
static cof_status refused(const cof_credential *self, const cof_http_answer *answer,
                          cof_view secret, cof_err *err)
{
    char text[REFUSAL_SIZE];
    char ids[COF_HTTP_IDS_SIZE];
    cof_http_answer_ids(answer, ids);
    cof_token_refusal_text(cof_buf_view(&answer->body), secret, text, sizeof text);
    const char *who =
        self->facts.way == COF_BY_MANAGED_IDENTITY ? "the metadata service" : "the token service";
    if (answer->status == 400 || answer->status == 401 || answer->status == 403) {
        return COF_FAIL(err, UNAUTHORIZED, "%s refused this %s: %s (%s)", who,
                        cof_credential_kind(self), text, ids);
    }
    return COF_FAIL(err, REMOTE_ERROR, "%s answered %d: %s (%s)", who, answer->status, text, ids);
}

static cof_status exchange(cof_credential *self, const cof_http_call *call, cof_view secret,
                           cof_token_answer *out, cof_err *err)
{
    COF_CLEANUP(cof_http_answer_free) cof_http_answer answer = {0};
    const cof_status status = cof_http_send(self->http, call, &answer, err);
    if (status == COF_E_REMOTE_ERROR) {
        return refused(self, &answer, secret, err);
    }
    COF_TRY(status);
    return cof_token_answer_parse(cof_buf_view(&answer.body), out, err);
}

static cof_status post(cof_credential *self, const cof_http_pair *form, size_t count,
                       cof_view secret, cof_token_answer *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf body = {.limit = (size_t)4 * COF_LIMIT_TOKEN_BYTES};
    COF_TRY(cof_form_encode(form, count, &body, err));
    const cof_http_call call = {.method = "POST",
                                .url = self->facts.endpoint,
                                .body = cof_buf_view(&body),
                                .content_type = "application/x-www-form-urlencoded",
                                .is_repeatable = true};
    return exchange(self, &call, secret, out, err);
}

static cof_status by_secret(cof_credential *self, const char *scope, cof_token_answer *out,
                            cof_err *err)
{
    const char *secret = NULL;
    COF_TRY(cof_buf_text(&self->secret, &secret, err));
    const cof_http_pair form[] = {{"grant_type", "client_credentials"},
                                  {"client_id", self->facts.client_id},
                                  {"client_secret", secret},
                                  {"scope", scope}};
    return post(self, form, sizeof form / sizeof form[0], cof_buf_view(&self->secret), out, err);
}

static cof_status by_assertion(cof_credential *self, const char *scope, cof_buf *assertion,
                               cof_token_answer *out, cof_err *err)
{
    const char *text = NULL;
    COF_TRY(cof_buf_text(assertion, &text, err));
    const cof_http_pair form[] = {{"grant_type", "client_credentials"},
                                  {"client_id", self->facts.client_id},
                                  {"client_assertion_type", assertion_type},
                                  {"client_assertion", text},
                                  {"scope", scope}};
    return post(self, form, sizeof form / sizeof form[0], cof_buf_view(assertion), out, err);
}

static cof_status by_certificate(cof_credential *self, const char *scope, cof_token_answer *out,
                                 cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf assertion = {.limit = COF_LIMIT_TOKEN_BYTES};
    const cof_assertion what = {.audience = self->facts.endpoint,
                                .client_id = self->facts.client_id,
                                .now_unix_s = (int64_t)time(NULL),
                                .is_rs256 = self->facts.is_rs256};
    COF_TRY(cof_assertion_make(self->key, &what, &assertion, err));
    return by_assertion(self, scope, &assertion, out, err);
}

/* Another issuer's token, as the file has it now: whoever put it there renews it. */
static cof_status by_federated(cof_credential *self, const char *scope, cof_token_answer *out,
                               cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf token = {.limit = COF_LIMIT_TOKEN_BYTES};
    const cof_status status = cof_read_file(self->facts.token_file, &token, err);
    if (status != COF_OK) {
        cof_err_context(err, "federated token");
        return status;
    }
    while (token.size > 0 && strchr(" \r\n\t", token.data[token.size - 1]) != NULL) {
        token.size--;
    }
    if (token.size == 0 || memchr(token.data, 0, token.size) != NULL) {
        return COF_FAIL(err, CONFIG, "the federated token's file %.120s holds no token",
                        self->facts.token_file);
    }
    return by_assertion(self, scope, &token, out, err);
}

static cof_status refresh(cof_credential *self, const char *scope, cof_token_answer *out,
                          cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf token = {.limit = COF_LIMIT_TOKEN_BYTES};
    const char *text = NULL;
    COF_TRY(cof_credential_refresh_token(self, &token, err));
    COF_TRY(cof_buf_text(&token, &text, err));
    const cof_http_pair form[] = {{"grant_type", "refresh_token"},
                                  {"client_id", self->facts.client_id},
                                  {"refresh_token", text},
                                  {"scope", scope}};
    COF_TRY(post(self, form, sizeof form / sizeof form[0], cof_buf_view(&token), out, err));
    if (out->refresh.size > 0) {
        COF_TRY(cof_credential_replace_token(self, cof_buf_view(&out->refresh), err));
    }
    return COF_OK;
}

/*
 * A refresh token may serve once only, so that two programs with one login must not use it at the
 * same time: the second waits, and reads what the first has written.
 */
static cof_status by_login(cof_credential *self, const char *scope, cof_token_answer *out,
                           cof_err *err)
{
    cof_path lock;
    COF_TRY(cof_path_format(&lock, err, "%s.lock", self->path));
    COF_CLEANUP(cof_fd_drop_) int fd = open(lock.text, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return COF_FAIL_ERRNO(err, errno, lock.text);
    }
    while (flock(fd, LOCK_EX) != 0) {
        if (errno != EINTR) {
            return COF_FAIL_ERRNO(err, errno, lock.text);
        }
    }
    return refresh(self, scope, out, err);
}

static cof_status by_managed_identity(cof_credential *self, const char *scope,
                                      cof_token_answer *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf url = {.limit = COF_LIMIT_URL_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf resource = {.limit = COF_LIMIT_URL_BYTES};
    const char *resource_text = NULL;
    const char *url_text = NULL;
    const size_t tail = sizeof default_suffix - 1;
    size_t size = strlen(scope);
    if (size > tail && strcmp(scope + size - tail, default_suffix) == 0) {
        size -= tail;
    }
    COF_TRY(cof_buf_append(&resource, cof_view_of(scope, size), err));
    COF_TRY(cof_buf_text(&resource, &resource_text, err));
    const cof_http_pair query[] = {{"api-version", "2018-02-01"},
                                   {"resource", resource_text},
                                   {"client_id", self->facts.client_id}};
    COF_TRY(cof_buf_printf(&url, err, "%s/metadata/identity/oauth2/token?", self->facts.endpoint));
    COF_TRY(cof_form_encode(query, self->facts.client_id[0] != '\0' ? 3 : 2, &url, err));
    COF_TRY(cof_buf_text(&url, &url_text, err));
    const cof_http_pair headers[] = {{"Metadata", "true"}};
    const cof_http_call call = {.method = "GET",
                                .url = url_text,
                                .headers = headers,
                                .header_count = 1,
                                .is_patient = true};
    return exchange(self, &call, (cof_view){0}, out, err);
}

cof_status cof_token_request(cof_credential *credential, const char *scope, cof_token_answer *out,
                             cof_err *err)
{
    switch (credential->facts.way) {
    case COF_BY_SECRET:
        return by_secret(credential, scope, out, err);
    case COF_BY_CERTIFICATE:
        return by_certificate(credential, scope, out, err);
    case COF_BY_FEDERATED:
        return by_federated(credential, scope, out, err);
    case COF_BY_MANAGED_IDENTITY:
        return by_managed_identity(credential, scope, out, err);
    case COF_BY_LOGIN:
        break;
    }
    return by_login(credential, scope, out, err);
}
