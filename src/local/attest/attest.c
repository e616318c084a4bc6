#include "local/attest/attest.h"

#include <stdio.h>
#include <string.h>

#include "local/attest/claims.h"
#include "local/attest/submission.h"
#include "local/ca/ca.h"
#include "relying/verify/runtime.h"
#include "tcb/base/limits.h"
#include "tcb/wire/text.h"

enum { CERTIFICATE_DAYS = 3650, BACKDATE_S = 300, TOKEN_LIFETIME_S = 8 * 60 * 60 };

static const char certificate_file[] = "attest/signing.pem";

struct cof_attest {
    const cof_state *state;
    cof_trail *trail;
    cof_root_pin root;
    cof_rsa_key *key;
    char kid[64];
    json_t *keys;   /* as published */
    cof_jwks *jwks; /* the same, read */
};

/* kid = base64(SHA-256(PEM of the SubjectPublicKeyInfo and one NUL)), as the service that this one
 * stands for has it. */
static cof_status make_kid(cof_attest *attest, cof_err *err)
{
    static const uint8_t nul = 0;
    COF_CLEANUP(cof_buf_free) cof_buf pem = {.limit = 8 * 1024};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = sizeof attest->kid - 1};
    cof_digest digest;
    COF_TRY(cof_cert_spki_pem(cof_rsa_evp(attest->key), &pem, err));
    COF_TRY(cof_buf_append(&pem, cof_view_of(&nul, 1), err));
    COF_TRY(cof_digest_of(cof_buf_view(&pem), &digest, err));
    COF_TRY(cof_base64_encode(cof_view_of(digest.bytes, sizeof digest.bytes), &text, err));
    memcpy(attest->kid, text.data, text.size);
    return COF_OK;
}

/* Self-signed; its name is the service's URL, so a new port makes a new one over the same key. */
static cof_status open_certificate(const cof_attest *attest, X509 **out, cof_err *err)
{
    EVP_PKEY *key = cof_rsa_evp(attest->key);
    const char *name = cof_state_base(attest->state);
    const int64_t now = cof_state_now(attest->state);
    COF_CLEANUP(cof_buf_free) cof_buf pem = {.limit = 16 * 1024};
    COF_CLEANUP(X509_drop_) X509 *certificate = NULL;
    if (cof_state_read(attest->state, certificate_file, &pem, NULL) == COF_OK &&
        cof_cert_from_pem(cof_buf_view(&pem), &certificate, NULL) == COF_OK &&
        cof_cert_fits(certificate, key, name, now, 30)) {
        *out = X509_take(&certificate);
        return COF_OK;
    }
    X509_drop_(&certificate);
    cof_buf_clear(&pem);
    const cof_cert_request request = {
        .common_name = name, .key = key, .not_before = now - BACKDATE_S, .days = CERTIFICATE_DAYS};
    COF_TRY(cof_cert_make(&request, &certificate, err));
    COF_TRY(cof_cert_to_pem(certificate, &pem, err));
    COF_TRY(cof_state_write(attest->state, certificate_file, cof_buf_view(&pem), err));
    *out = X509_take(&certificate);
    return COF_OK;
}

cof_status cof_attest_open(const cof_state *state, cof_trail *trail, const cof_digest *root,
                           cof_attest **out, cof_err *err)
{
    COF_CLEANUP(cof_attest_drop_) cof_attest *attest = calloc(1, sizeof *attest);
    COF_CLEANUP(X509_drop_) X509 *certificate = NULL;
    json_t *x5c = NULL;
    if (attest == NULL) {
        return COF_FAIL(err, NO_MEMORY, "attestation service");
    }
    attest->state = state;
    attest->trail = trail;
    attest->root = (cof_root_pin){.family = COF_ROOT_SIMULATED, .spki = *root};
    COF_TRY(cof_state_make_folder(state, "attest", err));
    COF_TRY(cof_ca_signing_key(state, "attest/signing.key", &attest->key, err));
    COF_TRY(make_kid(attest, err));
    COF_TRY(open_certificate(attest, &certificate, err));
    COF_TRY(cof_cert_to_x5c(certificate, &x5c, err));
    attest->keys = json_pack("{s:[{s:s,s:s,s:s,s:s,s:[o]}]}", "keys", "kty", "RSA", "use", "sig",
                             "alg", "RS256", "kid", attest->kid, "x5c", x5c);
    if (attest->keys == NULL) {
        return COF_FAIL(err, NO_MEMORY, "attestation keys");
    }
    COF_TRY(cof_jwks_from_json(attest->keys, &attest->jwks, err));
    *out = cof_attest_take(&attest);
    return COF_OK;
}

const char *cof_attest_issuer(const cof_attest *attest)
{
    return cof_state_base(attest->state);
}

const cof_jwks *cof_attest_keys(const cof_attest *attest)
{
    return attest->jwks;
}

static cof_status judge(const cof_attest *attest, const cof_submission *s, cof_facts *facts,
                        cof_err *err)
{
    const cof_evidence_input input = {.evidence = cof_buf_view(&s->quote),
                                      .roots = &attest->root,
                                      .root_count = 1,
                                      .now_unix_s = cof_state_now(attest->state)};
    COF_TRY(cof_evidence_verify(&input, facts, NULL, err));
    if (cof_submission_has_runtime(s)) {
        COF_TRY(cof_runtime_check_binding(cof_buf_view(&s->runtime_bytes), facts->report_data, NULL,
                                          err));
    }
    return cof_submission_check_init_time(s, facts, err);
}

static cof_status record(const cof_attest *attest, const cof_http_request *request,
                         const cof_submission *s, const cof_facts *facts, const cof_err *why,
                         cof_err *err)
{
    char mrenclave[2 * COF_DIGEST_SIZE + 1] = "";
    const char *contract = json_string_value(json_object_get(s->runtime, "contract"));
    if (facts != NULL) {
        cof_hex_text(cof_view_of(facts->sgx.mrenclave, sizeof facts->sgx.mrenclave), mrenclave);
    }
    return cof_trail_add(attest->trail,
                         json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:s}", "action", "attest", "request",
                                   request->id, "decision", why == NULL ? "attested" : "refused",
                                   "why", why == NULL ? "" : cof_status_describe(why->status)->name,
                                   "detail", cof_trail_text(why == NULL ? "" : why->detail),
                                   "contract", cof_trail_text(contract != NULL ? contract : ""),
                                   "mrenclave", mrenclave),
                         err);
}

static cof_status sign_token(const cof_attest *attest, const cof_facts *facts,
                             const cof_attest_extra *extra, cof_buf *out, cof_err *err)
{
    COF_JSON json_t *claims = NULL;
    COF_JSON json_t *header =
        json_pack("{s:o}", "jku", json_sprintf("%s/certs", cof_state_base(attest->state)));
    if (header == NULL) {
        return COF_FAIL(err, NO_MEMORY, "token");
    }
    COF_TRY(cof_token_claims_new(cof_attest_issuer(attest), NULL, cof_state_now(attest->state),
                                 TOKEN_LIFETIME_S, &claims, err));
    COF_TRY(cof_attest_add_claims(claims, facts, extra, err));
    return cof_token_sign(attest->key, attest->kid, header, claims, out, err);
}

static cof_status attest_sgx(void *context, const cof_http_request *request,
                             cof_http_response *response, cof_err *err)
{
    const cof_attest *attest = context;
    COF_CLEANUP(cof_submission_free) cof_submission s = {0};
    COF_CLEANUP(cof_buf_free) cof_buf token = {.limit = COF_LIMIT_TOKEN_BYTES};
    cof_facts facts;
    cof_err why = {0};
    cof_status status = cof_submission_read(request->body, &s, &why);
    status = status == COF_OK ? judge(attest, &s, &facts, &why) : status;
    if (status == COF_E_NO_MEMORY) {
        *err = why;
        return status;
    }
    if (status != COF_OK) {
        why.status = status;
        COF_TRY(record(attest, request, &s, NULL, &why, err));
        return cof_http_response_error(response, 400, "InvalidParameter",
                                       cof_status_describe(status)->text,
                                       cof_status_describe(status)->name, err);
    }
    COF_TRY(sign_token(attest, &facts, &s.extra, &token, err));
    COF_TRY(record(attest, request, &s, &facts, NULL, err));
    COF_TRY(cof_http_response_header(response, "x-ms-maa-service-version", "coffer-local", err));
    return cof_http_response_json(response, 200,
                                  json_pack("{s:s%}", "token", token.data, token.size), err);
}

static cof_status attest_other(void *context, const cof_http_request *request,
                               cof_http_response *response, cof_err *err)
{
    (void)context, (void)request;
    return cof_http_response_error(response, 400, "InvalidParameter",
                                   "This attestation type is not offered here.", NULL, err);
}

static cof_status get_certs(void *context, const cof_http_request *request,
                            cof_http_response *response, cof_err *err)
{
    (void)request;
    const cof_attest *attest = context;
    return cof_http_response_json(response, 200, json_incref(attest->keys), err);
}

static cof_status get_configuration(void *context, const cof_http_request *request,
                                    cof_http_response *response, cof_err *err)
{
    (void)request;
    const cof_attest *attest = context;
    const char *base = cof_attest_issuer(attest);
    json_t *certs = json_sprintf("%s/certs", base);
    json_t *claims = json_pack("[s,s,s,s,s,s,s,s,s,s,s,s,s,s,s]", "is-debuggable", "sgx-mrsigner",
                               "sgx-mrenclave", "product-id", "svn", "tee", "x-ms-attestation-type",
                               "x-ms-runtime", "x-ms-sgx-ehd", "x-ms-sgx-is-debuggable",
                               "x-ms-sgx-mrenclave", "x-ms-sgx-mrsigner", "x-ms-sgx-product-id",
                               "x-ms-sgx-svn", "x-ms-sgx-report-data");
    return cof_http_response_json(
        response, 200,
        json_pack("{s:s,s:o,s:s,s:[s,s],s:[s],s:o}", "issuer", base, "jwks_uri", certs,
                  "revocation_endpoint", "", "response_types_supported", "token", "none",
                  "id_token_signing_alg_values_supported", "RS256", "claims_supported", claims),
        err);
}

static const cof_http_route routes[] = {
    {"POST", "/attest/SgxEnclave", attest_sgx},
    {"POST", "/attest/{type}", attest_other},
    {"GET", "/certs", get_certs},
    {"GET", "/.well-known/openid-configuration", get_configuration},
};

cof_status cof_attest_serve(cof_attest *attest, cof_http_server *server, cof_err *err)
{
    return cof_http_server_add(server, routes, sizeof routes / sizeof routes[0], attest, err);
}

void cof_attest_free(cof_attest *attest)
{
    if (attest != NULL) {
        cof_rsa_key_free(attest->key);
        json_decref(attest->keys);
        cof_jwks_free(attest->jwks);
        free(attest);
    }
}
