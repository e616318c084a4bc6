/*
 * Client assertions: what is not signed by the certificate's or the issuer's key is never admitted;
 * and what is admitted meets the rules.
 *
 * Text that begins with "S" is "S", a header, a newline, and claims, which are signed here first:
 * so that the checks behind the signature are reached.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "local/ca/cert.h"
#include "local/identity/assertion.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

#define CLIENT   "6e1cd267-c250-4e96-a076-1c6a326c81e5"
#define AUDIENCE "https://localhost:8443/t/v2.0"
#define ISSUER   "https://issuer.example"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t now = 1800000000;

static cof_rsa_key *key;
static json_t *certificate; /* base64 */
static json_t *keys;        /* the same key as a set */

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void set_up(void)
{
    COF_CLEANUP(X509_drop_) X509 *x509 = NULL;
    json_t *jwk = NULL;
    require(cof_rsa_generate(2048, &key, NULL) == COF_OK);
    const cof_cert_request request = {
        .common_name = "app", .key = cof_rsa_evp(key), .not_before = now, .days = 10};
    require(cof_cert_make(&request, &x509, NULL) == COF_OK &&
            cof_cert_to_x5c(x509, &certificate, NULL) == COF_OK &&
            cof_rsa_to_jwk(key, &jwk, NULL) == COF_OK &&
            json_object_set_new(jwk, "kid", json_string("k")) == 0);
    keys = json_pack("{s:[o]}", "keys", jwk);
}

static bool sign(cof_view text, cof_buf *out)
{
    COF_CLEANUP(cof_buf_free) cof_buf signature = {.limit = 1024};
    const uint8_t *line = memchr(text.data, '\n', text.size);
    const size_t header = line != NULL ? (size_t)(line - text.data) : text.size;
    const size_t rest = line != NULL ? header + 1 : text.size;
    return cof_base64url_encode(cof_view_of(text.data, header), out, NULL) == COF_OK &&
           cof_buf_append_text(out, ".", NULL) == COF_OK &&
           cof_base64url_encode(cof_view_of(text.data + rest, text.size - rest), out, NULL) ==
               COF_OK &&
           cof_rsa_sign(key, cof_buf_view(out), &signature, NULL) == COF_OK &&
           cof_buf_append_text(out, ".", NULL) == COF_OK &&
           cof_base64url_encode(cof_buf_view(&signature), out, NULL) == COF_OK;
}

static bool is_member(const json_t *claims, const char *member, const char *text)
{
    const char *value = json_string_value(json_object_get(claims, member));
    return value != NULL && strcasecmp(value, text) == 0;
}

static void try_text(cof_view text, bool is_signed)
{
    static const char *const audiences[] = {AUDIENCE};
    const cof_client_assertion_rules rules = {.certificate = json_string_value(certificate),
                                              .client_id = CLIENT,
                                              .audiences = audiences,
                                              .audience_count = 1,
                                              .now = now};
    const cof_client_assertion_federation federation = {
        .issuer = ISSUER, .subject = "s", .audience = "a", .keys = keys};
    COF_CLEANUP(cof_client_assertion_free) cof_client_assertion assertion = {0};
    cof_digest name;
    int64_t expires = 0;
    if (cof_client_assertion_read(text, &assertion) != COF_ADMITTED) {
        return;
    }
    if (cof_client_assertion_check(&assertion, &rules, &name, &expires) == COF_ADMITTED) {
        require(is_signed && is_member(assertion.claims, "iss", CLIENT) &&
                is_member(assertion.claims, "sub", CLIENT) && expires > now &&
                expires <= now + COF_ASSERTION_LIFE_S + 2 * COF_ASSERTION_SKEW_S &&
                json_string_length(json_object_get(assertion.claims, "jti")) > 0);
    }
    if (cof_client_assertion_check_federated(&assertion, &federation, now) == COF_ADMITTED) {
        require(is_signed && is_member(assertion.claims, "iss", ISSUER) &&
                is_member(assertion.claims, "sub", "s"));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    COF_CLEANUP(cof_buf_free) cof_buf token = {.limit = COF_LIMIT_TOKEN_BYTES};
    if (key == NULL) {
        set_up();
    }
    if (size > 0 && data[0] == 'S') {
        if (sign(cof_view_of(data + 1, size - 1), &token)) {
            try_text(cof_buf_view(&token), true);
        }
    } else {
        try_text(cof_view_of(data, size), false);
    }
    return 0;
}
