#include "local/ca/cert.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "tcb/base/limits.h"
#include "tcb/wire/text.h"

enum { DER_BYTES = 16 * 1024, SERIAL_BITS = 127, DAY_S = 24 * 60 * 60 };

static void drop_bio(BIO **bio)
{
    BIO_free_all(*bio);
}

static void drop_number(BIGNUM **number)
{
    BN_free(*number);
}

/* Fails and empties OpenSSL's queue of errors, which would else be taken for a later call's. */
#define FAIL_OPENSSL(err, code, ...) (ERR_clear_error(), COF_FAIL((err), code, __VA_ARGS__))

static bool add_extension(X509 *certificate, X509V3_CTX *context, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, context, nid, value);
    const bool is_added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_added;
}

static bool add_extensions(X509 *certificate, const cof_cert_request *request)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, request->issuer != NULL ? request->issuer : certificate, certificate,
                   NULL, NULL, 0);
    const bool is_ca = request->is_ca;
    return add_extension(certificate, &context, NID_basic_constraints,
                         is_ca ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE") &&
           add_extension(certificate, &context, NID_key_usage,
                         is_ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") &&
           add_extension(certificate, &context, NID_subject_key_identifier, "hash") &&
           (request->issuer == NULL ||
            add_extension(certificate, &context, NID_authority_key_identifier, "keyid")) &&
           (is_ca || add_extension(certificate, &context, NID_ext_key_usage, "serverAuth")) &&
           (request->alt_names == NULL ||
            add_extension(certificate, &context, NID_subject_alt_name, request->alt_names));
}

static bool set_serial(X509 *certificate)
{
    COF_CLEANUP(drop_number) BIGNUM *serial = BN_new();
    return serial != NULL &&
           BN_rand(serial, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
           BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate)) != NULL;
}

static bool set_names(X509 *certificate, const cof_cert_request *request)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                      (const unsigned char *)request->common_name, -1, -1,
                                      0) == 1 &&
           X509_set_issuer_name(certificate, request->issuer != NULL
                                                 ? X509_get_subject_name(request->issuer)
                                                 : name) == 1;
}

cof_status cof_cert_make(const cof_cert_request *request, X509 **out, cof_err *err)
{
    COF_CLEANUP(X509_drop_) X509 *certificate = X509_new();
    if (certificate == NULL) {
        return FAIL_OPENSSL(err, NO_MEMORY, "certificate");
    }
    const int64_t not_after = request->not_before + (int64_t)request->days * DAY_S;
    const bool is_made =
        X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
        ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)request->not_before) != NULL &&
        ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)not_after) != NULL &&
        set_names(certificate, request) && X509_set_pubkey(certificate, request->key) == 1 &&
        add_extensions(certificate, request) &&
        X509_sign(certificate, request->issuer != NULL ? request->issuer_key : request->key,
                  EVP_sha256()) > 0;
    if (!is_made) {
        return FAIL_OPENSSL(err, CRYPTO, "certificate of %s", request->common_name);
    }
    *out = X509_take(&certificate);
    return COF_OK;
}

static cof_status append_bio(BIO *bio, cof_buf *out, cof_err *err)
{
    char *data = NULL;
    const long size = BIO_get_mem_data(bio, &data);
    return size > 0 ? cof_buf_append(out, cof_view_of(data, (size_t)size), err)
                    : FAIL_OPENSSL(err, CRYPTO, "PEM");
}

cof_status cof_cert_to_pem(X509 *certificate, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(drop_bio) BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL || PEM_write_bio_X509(bio, certificate) != 1) {
        return FAIL_OPENSSL(err, NO_MEMORY, "PEM");
    }
    return append_bio(bio, out, err);
}

cof_status cof_cert_from_pem(cof_view pem, X509 **out, cof_err *err)
{
    COF_CLEANUP(drop_bio)
    BIO *bio = BIO_new_mem_buf(pem.size > 0 ? (const void *)pem.data : "", (int)pem.size);
    X509 *certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    if (certificate == NULL) {
        return FAIL_OPENSSL(err, BAD_FORMAT, "certificate");
    }
    *out = certificate;
    return COF_OK;
}

cof_status cof_cert_to_der(X509 *certificate, cof_buf *out, cof_err *err)
{
    unsigned char *der = NULL;
    const int size = i2d_X509(certificate, &der);
    if (size <= 0) {
        return FAIL_OPENSSL(err, NO_MEMORY, "certificate");
    }
    const cof_status status = cof_buf_append(out, cof_view_of(der, (size_t)size), err);
    OPENSSL_free(der);
    return status;
}

cof_status cof_cert_to_x5c(X509 *certificate, json_t **out_text, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = DER_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = DER_BYTES * 2};
    COF_TRY(cof_cert_to_der(certificate, &der, err));
    COF_TRY(cof_base64_encode(cof_buf_view(&der), &text, err));
    json_t *value = json_stringn((const char *)text.data, text.size);
    if (value == NULL) {
        return COF_FAIL(err, NO_MEMORY, "certificate");
    }
    *out_text = value;
    return COF_OK;
}

cof_status cof_cert_thumbprint(X509 *certificate, const EVP_MD *md, cof_buf *out, cof_err *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (X509_digest(certificate, md, digest, &size) != 1) {
        return FAIL_OPENSSL(err, CRYPTO, "thumbprint");
    }
    return cof_buf_append(out, cof_view_of(digest, size), err);
}

bool cof_cert_fits(X509 *certificate, const EVP_PKEY *key, const char *common_name,
                   int64_t now_unix_s, int days)
{
    char name[COF_LIMIT_NAME_BYTES] = "";
    const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                               name, sizeof name);
    time_t now = (time_t)now_unix_s;
    time_t later = (time_t)(now_unix_s + (int64_t)days * DAY_S);
    return size > 0 && strcmp(name, common_name) == 0 &&
           EVP_PKEY_eq(X509_get0_pubkey(certificate), key) == 1 &&
           X509_cmp_time(X509_get0_notBefore(certificate), &now) < 0 &&
           X509_cmp_time(X509_get0_notAfter(certificate), &later) > 0;
}

cof_status cof_cert_spki_pem(const EVP_PKEY *key, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(drop_bio) BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL || PEM_write_bio_PUBKEY(bio, key) != 1) {
        return FAIL_OPENSSL(err, NO_MEMORY, "PEM");
    }
    return append_bio(bio, out, err);
}
