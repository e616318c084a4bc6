#include "local/platform/pki.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tcb/crypto/random.h"

static cof_status set_serial(X509 *certificate, cof_err *err)
{
    uint8_t bytes[16] = {0};
    COF_TRY(cof_random((cof_span){bytes, sizeof bytes}, err));
    bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40); /* positive, and always of 16 bytes */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    const bool is_set =
        number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return is_set ? COF_OK : COF_FAIL(err, NO_MEMORY, "serial number");
}

static bool set_name(X509 *certificate, const char *common_name)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common_name,
                                      -1, -1, 0) == 1 &&
           X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
                                      (const unsigned char *)"Coffer simulated platform", -1, -1,
                                      0) == 1;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    const bool is_added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_added;
}

static bool add_extensions(X509 *certificate, X509 *issuer, cof_pki_role role)
{
    static const char *const constraints[] = {"critical,CA:TRUE,pathlen:1",
                                              "critical,CA:TRUE,pathlen:0", "critical,CA:FALSE"};
    const char *usage = role == COF_PKI_LEAF ? "critical,digitalSignature,nonRepudiation"
                                             : "critical,keyCertSign,cRLSign";
    return add_extension(certificate, issuer, NID_basic_constraints, constraints[role]) &&
           add_extension(certificate, issuer, NID_key_usage, usage) &&
           add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
           add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
}

static cof_status add_sgx_extension(X509 *certificate, cof_err *err)
{
    uint8_t ppid[16] = {0};
    COF_CLEANUP(cof_buf_free) cof_buf der = {0};
    cof_buf_init(&der, 1024);
    COF_TRY(cof_random((cof_span){ppid, sizeof ppid}, err));
    COF_TRY(cof_pki_sgx_extension(ppid, &der, err));
    ASN1_OBJECT *object = OBJ_txt2obj("1.2.840.113741.1.13.1", 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension = NULL;
    if (object != NULL && value != NULL &&
        ASN1_OCTET_STRING_set(value, der.data, (int)der.size) == 1) {
        extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, value);
    }
    const bool is_added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(object);
    return is_added ? COF_OK : COF_FAIL(err, NO_MEMORY, "SGX extension");
}

static cof_status fill(X509 *certificate, const cof_pki_request *request, cof_err *err)
{
    X509 *issuer = request->issuer == NULL ? certificate : request->issuer;
    COF_TRY(set_serial(certificate, err));
    if (X509_set_version(certificate, X509_VERSION_3) != 1 ||
        !set_name(certificate, request->common_name) ||
        X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) != 1 ||
        ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)request->not_before_unix_s) ==
            NULL ||
        ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)request->not_after_unix_s) == NULL ||
        X509_set_pubkey(certificate, cof_ec_evp(request->key)) != 1 ||
        !add_extensions(certificate, issuer, request->role)) {
        return COF_FAIL(err, CRYPTO, "certificate for %s", request->common_name);
    }
    return request->role == COF_PKI_LEAF ? add_sgx_extension(certificate, err) : COF_OK;
}

cof_status cof_pki_certify(const cof_pki_request *request, X509 **out_certificate, cof_err *err)
{
    X509 *certificate = X509_new();
    if (certificate == NULL) {
        return COF_FAIL(err, NO_MEMORY, "certificate");
    }
    cof_status status = fill(certificate, request, err);
    if (status == COF_OK &&
        X509_sign(certificate, cof_ec_evp(request->issuer_key), EVP_sha256()) <= 0) {
        status = COF_FAIL(err, CRYPTO, "signing the certificate for %s", request->common_name);
    }
    ERR_clear_error();
    if (status != COF_OK) {
        X509_free(certificate);
        return status;
    }
    *out_certificate = certificate;
    return COF_OK;
}

cof_status cof_pki_print(X509 *certificate, cof_buf *out_pem, cof_err *err)
{
    BIO *memory = BIO_new(BIO_s_mem());
    char *text = NULL;
    cof_status status = COF_FAIL(err, CRYPTO, "printing a certificate");
    if (memory != NULL && PEM_write_bio_X509(memory, certificate) == 1) {
        const long size = BIO_get_mem_data(memory, &text);
        status = cof_buf_append(out_pem, cof_view_of(text, (size_t)size), err);
    }
    BIO_free(memory);
    ERR_clear_error();
    return status;
}
