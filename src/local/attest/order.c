#include "local/attest/order.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

#include "local/ca/cert.h"
#include "relying/verify/pem.h"
#include "tcb/crypto/ec.h"
#include "tcb/crypto/rsa.h"
#include "tcb/wire/text.h"

enum { HEADER_BYTES = 16 * 1024, CERTIFICATE_BYTES = 3 * 1024, SIGNATURE_BYTES = 1024 };

/* What a signature is made with. */
typedef enum algorithm {
    ALGORITHM_NONE,
    ALGORITHM_RS256,
    ALGORITHM_PS256,
    ALGORITHM_ES256
} algorithm;

/* Every failure is one of the caller's text, but for memory. */
static cof_status invalid(cof_status status, const char *sentence, cof_err *err)
{
    if (status == COF_OK || status == COF_E_NO_MEMORY) {
        return status;
    }
    return COF_FAIL(err, TOKEN_INVALID, "%s", sentence);
}

static cof_status split(cof_view text, cof_view out_parts[static 3], cof_err *err)
{
    const uint8_t *end = text.data + text.size;
    const uint8_t *first = text.size > 0 ? memchr(text.data, '.', text.size) : NULL;
    if (first == NULL) {
        return COF_FAIL(err, TOKEN_INVALID, "Could not find first period in the token.");
    }
    const uint8_t *second = memchr(first + 1, '.', (size_t)(end - first - 1));
    if (second == NULL) {
        return COF_FAIL(err, TOKEN_INVALID, "Could not find second period in the token.");
    }
    if (memchr(second + 1, '.', (size_t)(end - second - 1)) != NULL) {
        return COF_FAIL(err, TOKEN_INVALID, "The token has more than three parts.");
    }
    out_parts[0] = cof_view_of(text.data, (size_t)(first - text.data));
    out_parts[1] = cof_view_of(first + 1, (size_t)(second - first - 1));
    out_parts[2] = cof_view_of(second + 1, (size_t)(end - second - 1));
    return COF_OK;
}

static cof_status parse_object(cof_view part, size_t limit, const char *sentence, json_t **out,
                               cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = limit};
    COF_JSON json_t *value = NULL;
    COF_TRY(invalid(cof_base64url_decode(part, &text, err), sentence, err));
    COF_TRY(invalid(cof_json_parse(cof_buf_view(&text), limit, &value, err), sentence, err));
    if (!json_is_object(value)) {
        return COF_FAIL(err, TOKEN_INVALID, "%s", sentence);
    }
    *out = json_incref(value);
    return COF_OK;
}

static cof_status read_algorithm(const json_t *header, algorithm *out, cof_err *err)
{
    static const char *const names[] = {[ALGORITHM_NONE] = "none",
                                        [ALGORITHM_RS256] = "RS256",
                                        [ALGORITHM_PS256] = "PS256",
                                        [ALGORITHM_ES256] = "ES256"};
    static const char *const refused[] = {"crit", "b64", "zip"};
    const char *name = json_string_value(json_object_get(header, "alg"));
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (json_object_get(header, refused[i]) != NULL) {
            return COF_FAIL(err, TOKEN_INVALID, "The token's header has %s.", refused[i]);
        }
    }
    for (size_t i = 0; name != NULL && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = (algorithm)i;
            return COF_OK;
        }
    }
    return COF_FAIL(err, TOKEN_INVALID, "The token's alg is not none, RS256, PS256 or ES256.");
}

cof_status cof_order_certificate(const json_t *text, X509 **out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = CERTIFICATE_BYTES};
    COF_CLEANUP(cof_x509_drop_) X509 *certificate = NULL;
    COF_JSON json_t *jwk = NULL;
    cof_status status =
        json_is_string(text)
            ? cof_base64_decode(cof_view_of(json_string_value(text), json_string_length(text)),
                                &der, err)
            : COF_E_BAD_FORMAT;
    status =
        status == COF_OK ? cof_certificate_parse(cof_buf_view(&der), &certificate, err) : status;
    status = status == COF_OK ? cof_order_jwk(certificate, &jwk, err) : status;
    if (status != COF_OK) {
        return status == COF_E_NO_MEMORY
                   ? status
                   : COF_FAIL(err, BAD_KEY, "x5c has no certificate of an RSA or P-256 key.");
    }
    *out = certificate;
    certificate = NULL;
    return COF_OK;
}

static cof_status check_rsa(algorithm alg, EVP_PKEY *key, cof_view bytes, cof_view signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inner = NULL; /* the context's */
    const int padding = alg == ALGORITHM_PS256 ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
    const bool is_good =
        context != NULL && EVP_DigestVerifyInit(context, &inner, EVP_sha256(), NULL, key) == 1 &&
        EVP_PKEY_CTX_set_rsa_padding(inner, padding) == 1 &&
        (alg != ALGORITHM_PS256 ||
         EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, RSA_PSS_SALTLEN_DIGEST) == 1) &&
        EVP_DigestVerify(context, signature.data, signature.size, bytes.data, bytes.size) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return is_good ? COF_OK : COF_E_BAD_SIGNATURE;
}

static cof_status check_ec(EVP_PKEY *key, cof_view bytes, cof_view signature, cof_err *err)
{
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *ec = NULL;
    if (signature.size != COF_EC_RAW_SIZE || EVP_PKEY_up_ref(key) != 1) {
        return COF_E_BAD_SIGNATURE;
    }
    COF_TRY(cof_ec_from_evp(key, &ec, err));
    return cof_ec_verify(ec, bytes, signature.data, err);
}

static cof_status check_signature(algorithm alg, X509 *signer, cof_view bytes, cof_view part,
                                  cof_err *err)
{
    static const char sentence[] = "The token's signature does not verify.";
    COF_CLEANUP(cof_buf_free) cof_buf signature = {.limit = SIGNATURE_BYTES};
    EVP_PKEY *key = X509_get0_pubkey(signer);
    const bool is_ec = EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;
    COF_TRY(invalid(cof_base64url_decode(part, &signature, err), sentence, err));
    if (is_ec != (alg == ALGORITHM_ES256)) {
        return COF_FAIL(err, TOKEN_INVALID, "The token's alg does not fit the signer's key.");
    }
    return invalid(is_ec ? check_ec(key, bytes, cof_buf_view(&signature), err)
                         : check_rsa(alg, key, bytes, cof_buf_view(&signature)),
                   sentence, err);
}

static cof_status check_validity(X509 *certificate, int64_t now_unix_s, cof_err *err)
{
    time_t now = (time_t)now_unix_s;
    if (now_unix_s == COF_ORDER_ANY_TIME) {
        return COF_OK;
    }
    if (X509_cmp_time(X509_get0_notBefore(certificate), &now) != -1 ||
        X509_cmp_time(X509_get0_notAfter(certificate), &now) != 1) {
        return COF_FAIL(err, TOKEN_INVALID, "The signer's certificate is not valid now.");
    }
    return COF_OK;
}

static cof_status verify(algorithm alg, const json_t *header, cof_view bytes, cof_view signature,
                         int64_t now_unix_s, X509 **out_signer, cof_err *err)
{
    COF_CLEANUP(cof_x509_drop_) X509 *signer = NULL;
    const json_t *x5c = json_object_get(header, "x5c");
    COF_TRY(invalid(cof_order_certificate(json_array_get(x5c, 0), &signer, err),
                    "The token's header has no certificate (x5c) of an RSA or P-256 key.", err));
    COF_TRY(check_validity(signer, now_unix_s, err));
    COF_TRY(check_signature(alg, signer, bytes, signature, err));
    *out_signer = signer;
    signer = NULL;
    return COF_OK;
}

cof_status cof_order_parse(cof_view text, int64_t now_unix_s, cof_order *out, cof_err *err)
{
    cof_view parts[3] = {{0}};
    algorithm alg = ALGORITHM_NONE;
    COF_JSON json_t *header = NULL;
    COF_CLEANUP(cof_order_free) cof_order order = {0};
    if (text.size > COF_ORDER_BYTES) {
        return COF_FAIL(err, TOKEN_INVALID, "The token is longer than %d bytes.", COF_ORDER_BYTES);
    }
    COF_TRY(split(text, parts, err));
    COF_TRY(parse_object(parts[0], HEADER_BYTES, "The token's header is not a JSON object.",
                         &header, err));
    if (parts[1].size > 0) {
        COF_TRY(parse_object(parts[1], COF_ORDER_BYTES, "The token's body is not a JSON object.",
                             &order.payload, err));
    }
    COF_TRY(read_algorithm(header, &alg, err));
    if (alg == ALGORITHM_NONE && parts[2].size > 0) {
        return COF_FAIL(err, TOKEN_INVALID, "An unsecured token has no signature.");
    }
    if (alg != ALGORITHM_NONE) {
        const cof_view signed_bytes = cof_view_of(text.data, parts[0].size + 1 + parts[1].size);
        COF_TRY(verify(alg, header, signed_bytes, parts[2], now_unix_s, &order.signer, err));
    }
    *out = order;
    order = (cof_order){0};
    return COF_OK;
}

void cof_order_free(cof_order *order)
{
    X509_free(order->signer);
    json_decref(order->payload);
    *order = (cof_order){0};
}

static bool is_good_key(EVP_PKEY *key, bool *out_is_ec)
{
    cof_rsa_key *rsa = NULL;
    cof_ec_key *ec = NULL;
    bool is_good = false;
    if (key == NULL) {
        return false;
    }
    *out_is_ec = EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;
    if (EVP_PKEY_up_ref(key) == 1) {
        is_good = (*out_is_ec ? cof_ec_from_evp(key, &ec, NULL)
                              : cof_rsa_from_evp(key, &rsa, NULL)) == COF_OK;
    }
    cof_rsa_key_free(rsa);
    cof_ec_key_free(ec);
    ERR_clear_error();
    return is_good;
}

cof_status cof_order_jwk(X509 *certificate, json_t **out, cof_err *err)
{
    bool is_ec = false;
    json_t *x5c = NULL;
    if (!is_good_key(X509_get0_pubkey(certificate), &is_ec)) {
        return COF_FAIL(err, BAD_KEY, "the certificate's key is not RSA or P-256");
    }
    COF_TRY(cof_cert_to_x5c(certificate, &x5c, err));
    *out = json_pack("{s:s,s:s,s:s,s:[o]}", "alg", is_ec ? "ES256" : "RS256", "kty",
                     is_ec ? "EC" : "RSA", "use", "sig", "x5c", x5c);
    return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "certificate");
}
