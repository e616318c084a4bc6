#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "host/agent/ticket.h"
#include "host/files/files.h"
#include "tcb/base/wipe.h"
#include "tcb/crypto/ec.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/text.h"

enum { VALID_S = 400 * 24 * 3600, CLOCK_SKEW_S = 24 * 3600 };

static cof_status make_secret(cof_ticket *ticket, cof_err *err)
{
    uint8_t random[32];
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    cof_buf_init(&text, COF_TICKET_SECRET_SIZE - 1);
    COF_TRY(cof_random((cof_span){random, sizeof random}, err));
    const cof_status status = cof_base64url_encode(cof_view_of(random, sizeof random), &text, err);
    cof_wipe(random, sizeof random);
    COF_TRY(status);
    memcpy(ticket->secret, text.data, text.size);
    ticket->secret[text.size] = '\0';
    return COF_OK;
}

static void drop_certificate(X509 **certificate)
{
    X509_free(*certificate);
}

static void drop_bio(BIO **bio)
{
    BIO_free(*bio);
}

/* Nobody judges it by its names or authority: who connects knows the key. */
static bool fill(X509 *certificate, EVP_PKEY *key)
{
    static const uint8_t name[] = "coffer-receive";
    X509_NAME *subject = X509_get_subject_name(certificate);
    return X509_set_version(certificate, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
           X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_ASC, name, -1, -1, 0) ==
               1 &&
           X509_set_issuer_name(certificate, subject) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -CLOCK_SKEW_S) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), VALID_S) != NULL &&
           X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, EVP_sha256()) > 0;
}

static cof_status write_bio(const char *path, BIO *bio, cof_err *err)
{
    char *text = NULL;
    const long size = BIO_get_mem_data(bio, &text);
    const cof_status status = cof_write_file(path, cof_view_of(text, (size_t)size), 0600, err);
    cof_wipe(text, (size_t)size);
    return status;
}

static cof_status digest_key(EVP_PKEY *key, cof_digest *out, cof_err *err)
{
    uint8_t *der = NULL;
    const int size = i2d_PUBKEY(key, &der);
    if (size <= 0) {
        ERR_clear_error();
        return COF_FAIL(err, CRYPTO, "the receiving key");
    }
    const cof_status status = cof_digest_of(cof_view_of(der, (size_t)size), out, err);
    OPENSSL_free(der);
    return status;
}

static cof_status make_key(const cof_ticket_files *files, cof_digest *out, cof_err *err)
{
    COF_CLEANUP(cof_ec_key_drop_) cof_ec_key *key = NULL;
    COF_CLEANUP(drop_certificate) X509 *certificate = X509_new();
    COF_CLEANUP(drop_bio) BIO *certificate_pem = BIO_new(BIO_s_mem());
    COF_CLEANUP(drop_bio) BIO *key_pem = BIO_new(BIO_s_secmem());
    COF_TRY(cof_ec_generate(&key, err));
    if (certificate == NULL || certificate_pem == NULL || key_pem == NULL ||
        !fill(certificate, cof_ec_evp(key)) ||
        PEM_write_bio_X509(certificate_pem, certificate) != 1 ||
        PEM_write_bio_PKCS8PrivateKey(key_pem, cof_ec_evp(key), NULL, NULL, 0, NULL, NULL) != 1) {
        ERR_clear_error();
        return COF_FAIL(err, CRYPTO, "the receiving certificate");
    }
    COF_TRY(digest_key(cof_ec_evp(key), out, err));
    COF_TRY(write_bio(files->key, key_pem, err));
    return write_bio(files->certificate, certificate_pem, err);
}

cof_status cof_ticket_make(const cof_url *place, const cof_ticket_files *files, cof_ticket *out,
                           cof_err *err)
{
    cof_ticket ticket = {.port = place->port};
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    cof_buf_init(&text, COF_TICKET_BYTES);
    memcpy(ticket.host, place->host, sizeof ticket.host);
    COF_TRY(make_secret(&ticket, err));
    COF_TRY(make_key(files, &ticket.key, err));
    COF_TRY(cof_ticket_print(&ticket, &text, err));
    COF_TRY(cof_buf_append_text(&text, "\n", err));
    COF_TRY(cof_write_file(files->ticket, cof_buf_view(&text), 0600, err));
    *out = ticket;
    cof_wipe(&ticket, sizeof ticket);
    return COF_OK;
}
