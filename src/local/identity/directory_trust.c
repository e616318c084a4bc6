/* Credentials that are not secrets here: certificates, and identities of other issuers. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>
#include <time.h>

#include "host/http/http_message.h"
#include "local/ca/cert.h"
#include "local/identity/directory_internal.h"
#include "relying/token/jwks.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { TEXT_MAX = 512, KEYS_MAX = 16, BITS_MIN = 2048, BITS_MAX = 4096 };

#define EXCHANGE_AUDIENCE "api://AzureADTokenExchange"

static cof_status read_time(const ASN1_TIME *time, int64_t *out, cof_err *err)
{
    struct tm parts = {0};
    if (ASN1_TIME_to_tm(time, &parts) != 1) {
        ERR_clear_error();
        return COF_FAIL(err, BAD_FORMAT, "the certificate's validity cannot be read");
    }
    *out = (int64_t)timegm(&parts);
    return COF_OK;
}

static cof_status append_thumbprint(X509 *certificate, const EVP_MD *md, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf digest = {.limit = 64};
    COF_TRY(cof_cert_thumbprint(certificate, md, &digest, err));
    return cof_base64url_encode(cof_buf_view(&digest), out, err);
}

static cof_status check_key(X509 *certificate, cof_err *err)
{
    const EVP_PKEY *key = X509_get0_pubkey(certificate);
    ERR_clear_error();
    if (key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA ||
        EVP_PKEY_get_bits(key) < BITS_MIN || EVP_PKEY_get_bits(key) > BITS_MAX) {
        return COF_FAIL(err, BAD_KEY, "the certificate's key is not RSA of %d to %d bits", BITS_MIN,
                        BITS_MAX);
    }
    return COF_OK;
}

cof_status cof_directory_read_certificate(cof_view pem, int64_t now, json_t **out, cof_err *err)
{
    COF_CLEANUP(X509_drop_) X509 *certificate = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf sha1 = {.limit = 64};
    COF_CLEANUP(cof_buf_free) cof_buf sha256 = {.limit = 64};
    json_t *der = NULL;
    char id[COF_HTTP_ID_SIZE];
    int64_t starts = 0;
    int64_t expires = 0;
    COF_TRY(cof_cert_from_pem(pem, &certificate, err));
    COF_TRY(check_key(certificate, err));
    COF_TRY(read_time(X509_get0_notBefore(certificate), &starts, err));
    COF_TRY(read_time(X509_get0_notAfter(certificate), &expires, err));
    if (starts < 0 || expires <= now) {
        return COF_FAIL(err, BAD_ARGUMENT, "the certificate has expired");
    }
    COF_TRY(append_thumbprint(certificate, EVP_sha1(), &sha1, err));
    COF_TRY(append_thumbprint(certificate, EVP_sha256(), &sha256, err));
    COF_TRY(cof_http_make_id(id, err));
    COF_TRY(cof_cert_to_x5c(certificate, &der, err));
    *out = json_pack("{s:s,s:s%,s:s%,s:o,s:I,s:I}", "id", id, "x5t", sha1.data, sha1.size,
                     "x5t_s256", sha256.data, sha256.size, "der", der, "starts", (json_int_t)starts,
                     "expires", (json_int_t)expires);
    return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "certificate");
}

static bool is_text(const char *text, size_t maximum)
{
    const size_t size = strlen(text);
    if (size == 0 || size > maximum) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (text[i] < ' ' || text[i] > '~') {
            return false;
        }
    }
    return true;
}

/* The keys are what is trusted: they are read once now, so that a mistake shows at once. */
static cof_status check_keys(const json_t *keys, cof_err *err)
{
    COF_CLEANUP(cof_jwks_drop_) cof_jwks *jwks = NULL;
    const json_t *list = json_object_get(keys, "keys");
    const size_t count = json_array_size(list);
    if (count == 0 || count > KEYS_MAX) {
        return COF_FAIL(err, BAD_ARGUMENT, "keys is a JWK set of 1 to %d keys", KEYS_MAX);
    }
    return cof_jwks_from_json(keys, &jwks, err);
}

cof_status cof_directory_read_federated(const char *name, const cof_federated *identity,
                                        json_t **out, cof_err *err)
{
    const char *audience = identity->audience != NULL ? identity->audience : EXCHANGE_AUDIENCE;
    char id[COF_HTTP_ID_SIZE];
    if (!is_text(name, COF_LIMIT_NAME_BYTES) || !is_text(identity->subject, TEXT_MAX) ||
        !is_text(audience, TEXT_MAX)) {
        return COF_FAIL(err, BAD_ARGUMENT,
                        "name, subject and audience are 1 to %d printable "
                        "characters",
                        TEXT_MAX);
    }
    if (!is_text(identity->issuer, TEXT_MAX) || strncmp(identity->issuer, "https://", 8) != 0) {
        return COF_FAIL(err, BAD_ARGUMENT, "an issuer is an https URL");
    }
    COF_TRY(check_keys(identity->keys, err));
    COF_TRY(cof_http_make_id(id, err));
    *out = json_pack("{s:s,s:s,s:s,s:s,s:s,s:o}", "id", id, "name", name, "issuer",
                     identity->issuer, "subject", identity->subject, "audience", audience, "keys",
                     json_deep_copy(identity->keys));
    return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "federated identity");
}
