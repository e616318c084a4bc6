#include "local/attest/signer.h"

#include <string.h>

#include "local/ca/ca.h"
#include "tcb/base/limits.h"
#include "tcb/crypto/digest.h"
#include "tcb/wire/text.h"

enum { CERTIFICATE_DAYS = 3650, BACKDATE_S = 300 };

static const char certificate_file[] = "attest/signing.pem";

struct cof_attest_signer {
    const cof_state *state;
    cof_rsa_key *key;
    X509 *certificate;
    char kid[64];
    json_t *published;
    cof_jwks *keys;
};

/* kid = base64(SHA-256(PEM of the SubjectPublicKeyInfo and one NUL)), as the service that this one
 * stands for has it. */
static cof_status make_kid(cof_attest_signer *signer, cof_err *err)
{
    static const uint8_t nul = 0;
    COF_CLEANUP(cof_buf_free) cof_buf pem = {.limit = 8 * 1024};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = sizeof signer->kid - 1};
    cof_digest digest;
    COF_TRY(cof_cert_spki_pem(cof_rsa_evp(signer->key), &pem, err));
    COF_TRY(cof_buf_append(&pem, cof_view_of(&nul, 1), err));
    COF_TRY(cof_digest_of(cof_buf_view(&pem), &digest, err));
    COF_TRY(cof_base64_encode(cof_view_of(digest.bytes, sizeof digest.bytes), &text, err));
    memcpy(signer->kid, text.data, text.size);
    return COF_OK;
}

/* Self-signed; its name is the service's URL, so a new port makes a new one over the same key. */
static cof_status open_certificate(const cof_attest_signer *signer, X509 **out, cof_err *err)
{
    EVP_PKEY *key = cof_rsa_evp(signer->key);
    const char *name = cof_state_base(signer->state);
    const int64_t now = cof_state_now(signer->state);
    COF_CLEANUP(cof_buf_free) cof_buf pem = {.limit = 16 * 1024};
    COF_CLEANUP(X509_drop_) X509 *certificate = NULL;
    if (cof_state_read(signer->state, certificate_file, &pem, NULL) == COF_OK &&
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
    COF_TRY(cof_state_write(signer->state, certificate_file, cof_buf_view(&pem), err));
    *out = X509_take(&certificate);
    return COF_OK;
}

cof_status cof_attest_signer_open(const cof_state *state, cof_attest_signer **out, cof_err *err)
{
    COF_CLEANUP(cof_attest_signer_drop_) cof_attest_signer *signer = calloc(1, sizeof *signer);
    json_t *x5c = NULL;
    if (signer == NULL) {
        return COF_FAIL(err, NO_MEMORY, "attestation signer");
    }
    signer->state = state;
    COF_TRY(cof_ca_signing_key(state, "attest/signing.key", &signer->key, err));
    COF_TRY(make_kid(signer, err));
    COF_TRY(open_certificate(signer, &signer->certificate, err));
    COF_TRY(cof_cert_to_x5c(signer->certificate, &x5c, err));
    signer->published = json_pack("{s:[{s:s,s:s,s:s,s:s,s:[o]}]}", "keys", "kty", "RSA", "use",
                                  "sig", "alg", "RS256", "kid", signer->kid, "x5c", x5c);
    if (signer->published == NULL) {
        return COF_FAIL(err, NO_MEMORY, "attestation keys");
    }
    COF_TRY(cof_jwks_from_json(signer->published, &signer->keys, err));
    *out = cof_attest_signer_take(&signer);
    return COF_OK;
}

const json_t *cof_attest_signer_published(const cof_attest_signer *signer)
{
    return signer->published;
}

const cof_jwks *cof_attest_signer_keys(const cof_attest_signer *signer)
{
    return signer->keys;
}

static cof_status add_proof(const cof_attest_signer *signer, cof_attest_proof proof, json_t *header,
                            cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf digest = {.limit = EVP_MAX_MD_SIZE};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 2 * EVP_MAX_MD_SIZE};
    json_t *x5c = NULL;
    switch (proof) {
    case COF_ATTEST_BY_X5C:
        COF_TRY(cof_cert_to_x5c(signer->certificate, &x5c, err));
        return cof_json_set(header, "x5c", json_pack("[o]", x5c), err);
    case COF_ATTEST_BY_X5T:
        COF_TRY(cof_cert_thumbprint(signer->certificate, EVP_sha1(), &digest, err));
        COF_TRY(cof_base64url_encode(cof_buf_view(&digest), &text, err));
        return cof_json_set(header, "x5t", json_stringn((const char *)text.data, text.size), err);
    case COF_ATTEST_BY_KID:
        break;
    }
    return COF_OK;
}

cof_status cof_attest_signer_sign(const cof_attest_signer *signer, cof_attest_proof proof,
                                  const json_t *claims, cof_buf *out, cof_err *err)
{
    COF_JSON json_t *header =
        json_pack("{s:o}", "jku", json_sprintf("%s/certs", cof_state_base(signer->state)));
    if (header == NULL) {
        return COF_FAIL(err, NO_MEMORY, "token");
    }
    COF_TRY(add_proof(signer, proof, header, err));
    return cof_token_sign(signer->key, signer->kid, header, claims, out, err);
}

cof_status cof_attest_unsecured(const json_t *claims, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf payload = {.limit = COF_LIMIT_TOKEN_BYTES};
    COF_TRY(cof_json_print(claims, &payload, err));
    COF_TRY(cof_base64url_encode(cof_view_text("{\"alg\":\"none\",\"typ\":\"JWT\"}"), out, err));
    COF_TRY(cof_buf_append_text(out, ".", err));
    COF_TRY(cof_base64url_encode(cof_buf_view(&payload), out, err));
    return cof_buf_append_text(out, ".", err);
}

void cof_attest_signer_free(cof_attest_signer *signer)
{
    if (signer != NULL) {
        cof_rsa_key_free(signer->key);
        X509_free(signer->certificate);
        json_decref(signer->published);
        cof_jwks_free(signer->keys);
        free(signer);
    }
}
