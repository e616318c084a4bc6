#include "host/azure/assertion.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "host/http/http_message.h"
#include "tcb/base/limits.h"
#include "tcb/crypto/openssl.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { RSA_BITS_MIN = 2048, LIFETIME_S = 600, SIGNATURE_BYTES = 2048, PEM_MAX = 64 * 1024 };

COF_OWNED(BIO, BIO_free_all);

struct cof_assertion_key {
    EVP_PKEY *key;
    X509 *certificate;
};

void cof_assertion_key_free(cof_assertion_key *key)
{
    if (key != NULL) {
        EVP_PKEY_free(key->key);
        X509_free(key->certificate);
        free(key);
    }
}

/* Nobody is asked for a password. */
static int no_password(char *buffer, int size, int is_for_writing, void *context)
{
    (void)buffer, (void)size, (void)is_for_writing, (void)context;
    return -1;
}

static cof_status open_bio(cof_view pem, BIO **out, cof_err *err)
{
    if (pem.size == 0 || pem.size > PEM_MAX) {
        return COF_FAIL(err, BAD_KEY, "the certificate file is empty or too long");
    }
    *out = BIO_new_mem_buf(pem.data, (int)pem.size);
    return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "certificate");
}

cof_status cof_assertion_key_parse(cof_view pem, cof_assertion_key **out, cof_err *err)
{
    COF_CLEANUP(cof_assertion_key_drop_) cof_assertion_key *self = calloc(1, sizeof *self);
    COF_CLEANUP(BIO_drop_) BIO *key_text = NULL;
    COF_CLEANUP(BIO_drop_) BIO *certificate_text = NULL;
    if (self == NULL) {
        return COF_FAIL(err, NO_MEMORY, "certificate");
    }
    COF_TRY(open_bio(pem, &key_text, err));
    COF_TRY(open_bio(pem, &certificate_text, err));
    ERR_clear_error();
    self->key = PEM_read_bio_PrivateKey(key_text, NULL, no_password, NULL);
    if (self->key == NULL) {
        return COF_FAIL_OPENSSL(err, BAD_KEY,
                                "there is no private key without a password in the file");
    }
    self->certificate = PEM_read_bio_X509(certificate_text, NULL, no_password, NULL);
    if (self->certificate == NULL) {
        return COF_FAIL_OPENSSL(err, BAD_KEY, "there is no certificate in the file");
    }
    if (!EVP_PKEY_is_a(self->key, "RSA") || EVP_PKEY_get_bits(self->key) < RSA_BITS_MIN) {
        return COF_FAIL(err, BAD_KEY, "the key is not RSA with at least %d bits", RSA_BITS_MIN);
    }
    if (X509_check_private_key(self->certificate, self->key) != 1) {
        return COF_FAIL_OPENSSL(err, BAD_KEY, "key and certificate are not of each other");
    }
    *out = cof_assertion_key_take(&self);
    return COF_OK;
}

static cof_status thumbprint(const cof_assertion_key *key, const EVP_MD *hash, const char *name,
                             json_t *header, cof_err *err)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = (size_t)2 * EVP_MAX_MD_SIZE};
    if (X509_digest(key->certificate, hash, digest, &size) != 1) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "thumbprint");
    }
    COF_TRY(cof_base64url_encode(cof_view_of(digest, size), &text, err));
    return cof_json_set(header, name, json_stringn((const char *)text.data, text.size), err);
}

static cof_status append_json(const json_t *value, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_LIMIT_TOKEN_BYTES};
    COF_TRY(cof_json_print(value, &text, err));
    return cof_base64url_encode(cof_buf_view(&text), out, err);
}

static cof_status append_header(const cof_assertion_key *key, bool is_rs256, cof_buf *out,
                                cof_err *err)
{
    COF_JSON json_t *header =
        json_pack("{s:s,s:s}", "alg", is_rs256 ? "RS256" : "PS256", "typ", "JWT");
    if (header == NULL) {
        return COF_FAIL(err, NO_MEMORY, "assertion");
    }
    COF_TRY(thumbprint(key, EVP_sha1(), "x5t", header, err)); /* Entra ID looks it up by this one */
    COF_TRY(thumbprint(key, EVP_sha256(), "x5t#S256", header, err));
    return append_json(header, out, err);
}

static cof_status append_payload(const cof_assertion *assertion, cof_buf *out, cof_err *err)
{
    char id[COF_HTTP_ID_SIZE];
    const json_int_t now = assertion->now_unix_s;
    COF_TRY(cof_http_make_id(id, err));
    COF_JSON json_t *payload = json_pack(
        "{s:s,s:I,s:I,s:s,s:s,s:I,s:s}", "aud", assertion->audience, "exp", now + LIFETIME_S, "iat",
        now, "iss", assertion->client_id, "jti", id, "nbf", now, "sub", assertion->client_id);
    if (payload == NULL) {
        return COF_FAIL(err, NO_MEMORY, "assertion");
    }
    return append_json(payload, out, err);
}

static cof_status append_signature(const cof_assertion_key *key, bool is_rs256, cof_view bytes,
                                   cof_buf *out, cof_err *err)
{
    uint8_t signature[SIGNATURE_BYTES];
    size_t size = sizeof signature;
    EVP_PKEY_CTX *options = NULL; /* of the context */
    COF_CLEANUP(EVP_MD_CTX_drop_) EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL) {
        return COF_FAIL(err, NO_MEMORY, "assertion");
    }
    const bool is_ready =
        EVP_DigestSignInit(context, &options, EVP_sha256(), NULL, key->key) == 1 &&
        (is_rs256 || (EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
                      EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1));
    if (!is_ready || EVP_DigestSign(context, signature, &size, bytes.data, bytes.size) != 1) {
        return COF_FAIL_OPENSSL(err, CRYPTO, "signing the assertion");
    }
    return cof_base64url_encode(cof_view_of(signature, size), out, err);
}

cof_status cof_assertion_make(const cof_assertion_key *key, const cof_assertion *assertion,
                              cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf token = {.limit = COF_LIMIT_TOKEN_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf signature = {.limit = COF_LIMIT_TOKEN_BYTES};
    ERR_clear_error();
    COF_TRY(append_header(key, assertion->is_rs256, &token, err));
    COF_TRY(cof_buf_append_text(&token, ".", err));
    COF_TRY(append_payload(assertion, &token, err));
    COF_TRY(append_signature(key, assertion->is_rs256, cof_buf_view(&token), &signature, err));
    COF_TRY(cof_buf_append_text(&token, ".", err));
    COF_TRY(cof_buf_append(&token, cof_buf_view(&signature), err));
    return cof_buf_append(out, cof_buf_view(&token), err);
}
