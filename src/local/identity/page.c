/*
 * The page where people sign in for a device: one form, no scripts, no styles, nothing from
 * elsewhere.
 *
 * A form is tied to the browser that it was given to: a random value in a cookie, and its HMAC in
 * the form (with a key of this process). Another site can neither read the one nor make the other,
 * so it cannot send the form in someone's name.
 */
#include <string.h>

#include "local/identity/issuer_internal.h"
#include "tcb/base/wipe.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/text.h"

enum {
    TIE_BYTES = 16,
    TIE_SIZE = 2 * TIE_BYTES + 1,
    PAGE_BYTES = 16 * 1024,
    PASSWORD_MAX = 1024,
    CODE_MAX = 32
};

#define COOKIE "__Host-coffer-signin"

/* Codes are guessed at under one name: guesses come from anywhere. */
static const char throttle_name[] = "user codes";

/* What came of a form; the text stands on the page. */
typedef struct outcome {
    int status;
    bool again; /* with the form */
    const char *text;
} outcome;

static const outcome asked = {200, true, ""};
static const outcome stale = {400, true, "That form was not of this browser. Please try again."};
static const outcome hurried = {429, false,
                                "Too many wrong codes. Please wait a minute and load the page "
                                "again."};
static const outcome unknown = {400, true,
                                "That code is not known, was used, or has expired. Please look at "
                                "your device again."};
static const outcome wrong = {400, true, "The name or the password is wrong."};
static const outcome locked = {429, true,
                               "Too many wrong passwords. Please wait a minute and try again."};
static const outcome disabled = {403, false, "This account is disabled."};
static const outcome granted = {200, false,
                                "You have signed in. You can close this page and go back to your "
                                "device."};
static const outcome denied = {200, false, "The request was refused. You can close this page."};

/* ---- the page ---- */

static cof_status append_escaped(cof_buf *page, const char *text, cof_err *err)
{
    for (; *text != '\0'; text++) {
        const char *const special = strchr("&<>\"'", *text);
        if (special != NULL) {
            COF_TRY(cof_buf_printf(page, err, "&#%d;", *text));
        } else {
            COF_TRY(cof_buf_append(page, cof_view_of(text, 1), err));
        }
    }
    return COF_OK;
}

static cof_status append_form(cof_buf *page, const char *user_code, const char *ticket,
                              cof_err *err)
{
    COF_TRY(cof_buf_append_text(
        page,
        "<p>Go on only if you yourself started a sign-in on a device of yours, which shows this "
        "code.</p>\n<form method=\"post\" action=\"deviceauth\">\n<p><label>Code <input "
        "name=\"user_code\" autocomplete=\"off\" required maxlength=\"32\" value=\"",
        err));
    COF_TRY(append_escaped(page, user_code, err));
    COF_TRY(cof_buf_append_text(
        page,
        "\"></label></p>\n<p><label>Name <input name=\"name\" autocomplete=\"username\" "
        "maxlength=\"128\"></label></p>\n<p><label>Password <input name=\"password\" "
        "type=\"password\" autocomplete=\"current-password\" maxlength=\"1024\"></label></p>\n"
        "<input type=\"hidden\" name=\"ticket\" value=\"",
        err));
    COF_TRY(append_escaped(page, ticket, err));
    return cof_buf_append_text(
        page,
        "\">\n<p><button name=\"action\" value=\"sign-in\">Sign in</button>\n<button "
        "name=\"action\" value=\"refuse\">Refuse the request</button></p>\n</form>\n",
        err);
}

/* The cookie's HMAC. */
static cof_status make_ticket(const cof_issuer *issuer, const char *tie,
                              char out[static 2 * COF_DIGEST_SIZE + 1], cof_err *err)
{
    cof_digest digest;
    COF_TRY(cof_hmac_sha256(cof_view_of(issuer->page_key, sizeof issuer->page_key),
                            cof_view_text(tie), &digest, err));
    cof_digest_text(&digest, out);
    return COF_OK;
}

static cof_status give_tie(cof_http_response *response, char out[static TIE_SIZE], cof_err *err)
{
    uint8_t random[TIE_BYTES];
    char cookie[sizeof COOKIE + TIE_SIZE + 64];
    COF_TRY(cof_random((cof_span){random, sizeof random}, err));
    cof_hex_text(cof_view_of(random, sizeof random), out);
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = sizeof cookie};
    const char *value = NULL;
    COF_TRY(
        cof_buf_printf(&text, err, COOKIE "=%s; Path=/; Secure; HttpOnly; SameSite=Strict", out));
    COF_TRY(cof_buf_text(&text, &value, err));
    return cof_http_response_header(response, "Set-Cookie", value, err);
}

static cof_status set_headers(cof_http_response *response, cof_err *err)
{
    static const cof_http_pair headers[] = {
        {"Content-Security-Policy",
         "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "same-origin"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        COF_TRY(cof_http_response_header(response, headers[i].name, headers[i].value, err));
    }
    return COF_OK;
}

static cof_status answer_page(const cof_issuer *issuer, cof_http_response *response,
                              const outcome *o, const char *user_code, cof_err *err)
{
    char tie[TIE_SIZE];
    char ticket[2 * COF_DIGEST_SIZE + 1];
    COF_CLEANUP(cof_buf_free) cof_buf page = {.limit = PAGE_BYTES};
    COF_TRY(cof_buf_append_text(&page,
                                "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
                                "<meta name=\"viewport\" content=\"width=device-width\">\n"
                                "<title>Coffer: sign in</title>\n<h1>Sign in to Coffer</h1>\n",
                                err));
    if (o->text[0] != '\0') {
        COF_TRY(cof_buf_printf(&page, err, "<p><strong>%s</strong></p>\n", o->text));
    }
    if (o->again) {
        COF_TRY(give_tie(response, tie, err));
        COF_TRY(make_ticket(issuer, tie, ticket, err));
        COF_TRY(append_form(&page, user_code, ticket, err));
    }
    COF_TRY(cof_buf_append_text(&page, "</html>\n", err));
    COF_TRY(set_headers(response, err));
    response->status = o->status;
    response->content_type = "text/html; charset=utf-8";
    return cof_buf_append(&response->body, cof_buf_view(&page), err);
}

/* ---- the form ---- */

/* The value of our cookie, TIE_SIZE - 1 characters, or NULL. */
static const char *find_tie(const cof_http_request *request)
{
    const char *at = cof_http_request_header(request, "Cookie");
    static const char name[] = COOKIE "=";
    while (at != NULL) {
        at += strspn(at, " ;");
        if (strncmp(at, name, sizeof name - 1) == 0) {
            at += sizeof name - 1;
            return strcspn(at, ";") == TIE_SIZE - 1 ? at : NULL;
        }
        at = strchr(at, ';');
    }
    return NULL;
}

static bool is_of_this_browser(const cof_issuer *issuer, const cof_http_request *request,
                               const cof_form *form)
{
    char tie[TIE_SIZE];
    char ticket[2 * COF_DIGEST_SIZE + 1];
    const char *origin = cof_http_request_header(request, "Origin");
    const char *given = cof_form_get(form, "ticket");
    const char *found = find_tie(request);
    if (found == NULL || given == NULL || strlen(given) != sizeof ticket - 1 ||
        (origin != NULL && strcmp(origin, cof_state_base(issuer->parts.state)) != 0)) {
        return false;
    }
    memcpy(tie, found, TIE_SIZE - 1);
    tie[TIE_SIZE - 1] = '\0';
    return make_ticket(issuer, tie, ticket, NULL) == COF_OK &&
           cof_secret_equal(ticket, given, sizeof ticket - 1);
}

static const outcome *check_person(cof_issuer *issuer, const cof_form *form, cof_principal *out)
{
    const char *name = cof_form_get(form, "name");
    const char *password = cof_form_get(form, "password");
    if (name == NULL || password == NULL || strlen(name) > COF_DIRECTORY_NAME_MAX ||
        strlen(password) > PASSWORD_MAX) {
        return &wrong;
    }
    const bool is_known =
        cof_directory_by_name(issuer->parts.directory, COF_PRINCIPAL_USER, name, out);
    switch (
        cof_directory_check_password(issuer->parts.directory, is_known ? out : NULL, password)) {
    case COF_PROOF_FITS:
        return cof_principal_is_enabled(out) ? &granted : &disabled;
    case COF_PROOF_LOCKED:
        return &locked;
    case COF_PROOF_WRONG:
    case COF_PROOF_EXPIRED:
        break;
    }
    return &wrong;
}

/* Writes down who signed in, or tried to. A name that nobody has is left out: people type their
 * password there. */
static cof_status record(const cof_issuer *issuer, const outcome *found, const cof_principal *user,
                         cof_err *err)
{
    const bool is_known = user->object_id != NULL;
    const char *why = found == &granted    ? "DeviceCode"
                      : found == &locked   ? "TooManyFailures"
                      : found == &disabled ? "UserDisabled"
                                           : "WrongPassword";
    return cof_issuer_record(issuer, "sign-in", is_known ? user->name : "",
                             is_known ? user->object_id : "",
                             found == &granted ? "granted" : "refused", why, err);
}

static cof_status decide(cof_issuer *issuer, const cof_form *form, const outcome **out,
                         cof_err *err)
{
    const char *code = cof_form_get(form, "user_code");
    const char *action = cof_form_get(form, "action");
    const int64_t now = cof_issuer_now(issuer);
    cof_principal user = {0};
    cof_digest credential;
    *out = &hurried;
    if (cof_throttle_wait(issuer->throttle, throttle_name, now) > 0) {
        return COF_OK;
    }
    const cof_device *device =
        code != NULL ? cof_devices_pending(issuer->devices, code, now) : NULL;
    if (device == NULL) {
        cof_throttle_failed(issuer->throttle, throttle_name, now);
        *out = &unknown;
        return COF_OK;
    }
    if (action != NULL && strcmp(action, "refuse") == 0) {
        cof_devices_deny(issuer->devices, device);
        *out = &denied;
        return COF_OK;
    }
    const outcome *found = check_person(issuer, form, &user);
    COF_TRY(record(issuer, found, &user, err));
    if (found == &granted) {
        COF_TRY(cof_issuer_digest_credential(&user, &credential, err));
        cof_devices_grant(issuer->devices, device, user.object_id, &credential);
    } else {
        cof_devices_failed(issuer->devices, device);
    }
    *out = found;
    return COF_OK;
}

cof_status cof_issuer_get_page(void *context, const cof_http_request *request,
                               cof_http_response *response, cof_err *err)
{
    const cof_issuer *issuer = context;
    if (!cof_issuer_is_tenant(issuer, request)) {
        return cof_issuer_refuse(issuer, request, response, COF_REFUSE_TENANT, err);
    }
    return answer_page(issuer, response, &asked, "", err);
}

cof_status cof_issuer_post_page(void *context, const cof_http_request *request,
                                cof_http_response *response, cof_err *err)
{
    cof_issuer *issuer = context;
    COF_CLEANUP(cof_form_drop_) cof_form *form = NULL;
    const outcome *found = &stale;
    if (!cof_issuer_is_tenant(issuer, request)) {
        return cof_issuer_refuse(issuer, request, response, COF_REFUSE_TENANT, err);
    }
    const cof_refusal why = cof_issuer_read_form(request, &form);
    if (why != COF_ADMITTED) {
        return cof_issuer_refuse(issuer, request, response, why, err);
    }
    if (is_of_this_browser(issuer, request, form)) {
        COF_TRY(decide(issuer, form, &found, err));
    }
    const char *code = cof_form_get(form, "user_code");
    return answer_page(issuer, response, found,
                       code != NULL && strlen(code) <= CODE_MAX ? code : "", err);
}
