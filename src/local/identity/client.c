/* How an application proves who it is: by a secret, or by an assertion. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "local/identity/assertion.h"
#include "local/identity/issuer_internal.h"

enum { AUDIENCES = 6 };

static const char assertion_type[] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

cof_refusal cof_issuer_read_form(const cof_http_request *request, cof_form **out)
{
    static const char type[] = "application/x-www-form-urlencoded";
    const char *given = cof_http_request_header(request, "Content-Type");
    if (given == NULL || strncasecmp(given, type, sizeof type - 1) != 0) {
        return COF_REFUSE_NO_FORM;
    }
    const cof_status status = cof_form_parse(request->body, out, NULL);
    if (status != COF_OK) {
        return status == COF_E_NO_MEMORY ? COF_REFUSE_FAILED : COF_REFUSE_NO_FORM;
    }
    return COF_ADMITTED;
}

/* ---- by assertion ---- */

/* What an assertion may be for: this tenant's token endpoint (both versions), or its issuer's name
 * (both versions). */
static cof_refusal check_certificate(cof_issuer *issuer, const cof_principal *app,
                                     const cof_client_assertion *assertion, const char *resource)
{
    static const char *const endings[AUDIENCES] = {
        "oauth2/v2.0/token", "oauth2/token", "v2.0", "v2.0/", "", NULL};
    char texts[AUDIENCES][COF_ISSUER_URL_SIZE + 20];
    const char *audiences[AUDIENCES];
    for (size_t i = 0; i < AUDIENCES; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "%s%s", issuer->url,
                       endings[i] != NULL ? endings[i] : "");
        audiences[i] = texts[i];
    }
    texts[AUDIENCES - 1][strlen(issuer->url) - 1] = '\0'; /* the last is without its slash */
    cof_client_assertion_rules rules = {.client_id = app->client_id,
                                        .audiences = audiences,
                                        .audience_count = AUDIENCES,
                                        .now = cof_issuer_now(issuer)};
    cof_digest name;
    int64_t expires = 0;
    if (!cof_directory_certificate(issuer->parts.directory, app, assertion->x5t,
                                   assertion->x5t_s256, &rules.certificate)) {
        return COF_REFUSE_ASSERTION_KEY;
    }
    const cof_refusal why = cof_client_assertion_check(assertion, &rules, &name, &expires);
    if (why != COF_ADMITTED) {
        return why;
    }
    /* Official clients use one assertion for the tokens of several resources: it is good for one
     * token of each. */
    COF_CLEANUP(cof_buf_free) cof_buf once = {.limit = 512};
    cof_digest use;
    if (cof_buf_append(&once, cof_view_of(name.bytes, sizeof name.bytes), NULL) != COF_OK ||
        cof_buf_append_text(&once, resource, NULL) != COF_OK ||
        cof_digest_of(cof_buf_view(&once), &use, NULL) != COF_OK) {
        return COF_REFUSE_FAILED;
    }
    switch (
        (int)cof_replay_admit(issuer->assertions, app->object_id, &use, rules.now, expires, NULL)) {
    case COF_OK:
        return COF_ADMITTED;
    case COF_E_EXISTS:
        return COF_REFUSE_ASSERTION_USED;
    default:
        return COF_REFUSE_BUSY;
    }
}

/* The reason that says most: of the trusted identity that comes closest. */
static cof_refusal check_federated(const cof_issuer *issuer, const cof_principal *app,
                                   const cof_client_assertion *assertion)
{
    cof_refusal best = COF_REFUSE_FEDERATED_ISSUER;
    for (size_t i = 0; i < cof_directory_federated_count(app); i++) {
        const cof_federated trusted = cof_directory_federated(app, i);
        const cof_client_assertion_federation federation = {.issuer = trusted.issuer,
                                                            .subject = trusted.subject,
                                                            .audience = trusted.audience,
                                                            .keys = trusted.keys};
        const cof_refusal why =
            cof_client_assertion_check_federated(assertion, &federation, cof_issuer_now(issuer));
        if (why == COF_ADMITTED) {
            return COF_ADMITTED;
        }
        if (best == COF_REFUSE_FEDERATED_ISSUER ||
            (best == COF_REFUSE_FEDERATED_SUBJECT && why != COF_REFUSE_FEDERATED_ISSUER)) {
            best = why;
        }
    }
    return best;
}

static cof_refusal check_assertion(cof_issuer *issuer, const cof_principal *app,
                                   const cof_form *form, const char *resource)
{
    const char *type = cof_form_get(form, "client_assertion_type");
    COF_CLEANUP(cof_client_assertion_free) cof_client_assertion assertion = {0};
    if (type == NULL || strcmp(type, assertion_type) != 0 ||
        cof_form_get(form, "client_secret") != NULL) {
        return COF_REFUSE_ASSERTION_TYPE;
    }
    const cof_refusal why = cof_client_assertion_read(
        cof_view_text(cof_form_get(form, "client_assertion")), &assertion);
    if (why != COF_ADMITTED) {
        return why;
    }
    /* Other issuers are URLs; an application that speaks for itself is its client id. */
    static const char url[] = "https://";
    return strncmp(assertion.issuer, url, sizeof url - 1) == 0
               ? check_federated(issuer, app, &assertion)
               : check_certificate(issuer, app, &assertion, resource);
}

/* ---- either ---- */

static cof_refusal check_secret(const cof_issuer *issuer, const cof_principal *app,
                                const char *secret)
{
    if (secret == NULL) {
        return COF_REFUSE_NO_SECRET;
    }
    switch (cof_directory_check_secret(issuer->parts.directory, app, secret)) {
    case COF_PROOF_FITS:
        return COF_ADMITTED;
    case COF_PROOF_EXPIRED:
        return COF_REFUSE_SECRET_EXPIRED;
    case COF_PROOF_WRONG:
    case COF_PROOF_LOCKED:
        break;
    }
    return COF_REFUSE_SECRET;
}

cof_refusal cof_issuer_check_client(cof_issuer *issuer, const cof_form *form, const char *resource,
                                    cof_principal *out_app, const char **out_strength,
                                    int64_t *out_wait_s)
{
    const char *client_id = cof_form_get(form, "client_id");
    const int64_t now = cof_issuer_now(issuer);
    cof_principal app = {0};
    if (client_id == NULL) {
        return COF_REFUSE_NO_CLIENT;
    }
    if (strcasecmp(client_id, COF_ISSUER_CLI_CLIENT_ID) == 0) {
        return COF_REFUSE_PUBLIC_CLIENT;
    }
    if (!cof_directory_by_client_id(issuer->parts.directory, client_id, &app)) {
        return COF_REFUSE_UNKNOWN_CLIENT;
    }
    const bool by_assertion = cof_form_get(form, "client_assertion") != NULL;
    const cof_refusal why = by_assertion
                                ? check_assertion(issuer, &app, form, resource)
                                : check_secret(issuer, &app, cof_form_get(form, "client_secret"));
    if (why == COF_REFUSE_SECRET || why == COF_REFUSE_ASSERTION_SIGNATURE) {
        /* Only who is wrong waits: a client id is no secret, and whoever knows it could lock the
         * application out. Its own secrets are too long to be guessed at any speed. */
        *out_wait_s = cof_throttle_wait(issuer->throttle, app.client_id, now);
        if (*out_wait_s > 0) {
            return COF_REFUSE_WAIT;
        }
        cof_throttle_failed(issuer->throttle, app.client_id, now);
    }
    if (why != COF_ADMITTED) {
        return why;
    }
    cof_throttle_passed(issuer->throttle, app.client_id);
    if (!cof_principal_is_enabled(&app)) {
        return COF_REFUSE_CLIENT_DISABLED;
    }
    *out_app = app;
    *out_strength = by_assertion ? "2" : "1";
    return COF_ADMITTED;
}

cof_refusal cof_issuer_check_public_client(const cof_issuer *issuer, const cof_form *form)
{
    const char *client_id = cof_form_get(form, "client_id");
    cof_principal app = {0};
    if (client_id == NULL) {
        return COF_REFUSE_NO_CLIENT;
    }
    if (strcasecmp(client_id, COF_ISSUER_CLI_CLIENT_ID) != 0) {
        return cof_directory_by_client_id(issuer->parts.directory, client_id, &app)
                   ? COF_REFUSE_NO_SECRET
                   : COF_REFUSE_UNKNOWN_CLIENT;
    }
    if (cof_form_get(form, "client_secret") != NULL ||
        cof_form_get(form, "client_assertion") != NULL) {
        return COF_REFUSE_PUBLIC_CLIENT;
    }
    return COF_ADMITTED;
}
