#include "relying/verify/x509.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>
#include <time.h>

enum { RSA_BITS_MIN = 2048, PSS_SALT_SIZE = 48 };

cof_status cof_x509_spki(X509 *certificate, cof_digest *out, cof_err *err)
{
    unsigned char *der = NULL;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    if (size <= 0) {
        ERR_clear_error();
        return COF_FAIL(err, BAD_FORMAT, "a certificate's public key cannot be read");
    }
    const cof_status status = cof_digest_of(cof_view_of(der, (size_t)size), out, err);
    OPENSSL_free(der);
    return status;
}

bool cof_x509_has_common_name(X509 *certificate, const char *expected)
{
    const X509_NAME *name = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0) {
        return false;
    }
    const ASN1_STRING *text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
    return cof_view_equal(
        cof_view_of(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text)),
        cof_view_text(expected));
}

bool cof_x509_names_equal(const X509_NAME *a, const X509_NAME *b)
{
    const unsigned char *a_bytes = NULL;
    const unsigned char *b_bytes = NULL;
    size_t a_size = 0;
    size_t b_size = 0;
    const bool is_read = X509_NAME_get0_der(a, &a_bytes, &a_size) == 1 &&
                         X509_NAME_get0_der(b, &b_bytes, &b_size) == 1;
    ERR_clear_error();
    return is_read && a_size > 0 &&
           cof_view_equal(cof_view_of(a_bytes, a_size), cof_view_of(b_bytes, b_size));
}

cof_status cof_x509_time(const ASN1_TIME *time, int64_t *out_unix_s, cof_err *err)
{
    /* OpenSSL also reads times without seconds and with offsets, which RFC 5280 forbids. */
    const int type = time == NULL ? 0 : ASN1_STRING_type(time);
    const int size = time == NULL ? 0 : ASN1_STRING_length(time);
    const bool is_form_right =
        (type == V_ASN1_UTCTIME && size == 13) || (type == V_ASN1_GENERALIZEDTIME && size == 15);
    struct tm parts = {0};
    const bool is_read = is_form_right && ASN1_STRING_get0_data(time)[size - 1] == 'Z' &&
                         ASN1_TIME_to_tm(time, &parts) == 1;
    ERR_clear_error();
    if (!is_read) {
        return COF_FAIL(err, BAD_FORMAT, "a time is not in the form of RFC 5280");
    }
    *out_unix_s = (int64_t)timegm(&parts);
    return COF_OK;
}

cof_status cof_x509_validity(X509 *certificate, int64_t *out_not_before_unix_s,
                             int64_t *out_not_after_unix_s, cof_err *err)
{
    int64_t not_before = 0;
    COF_TRY(cof_x509_time(X509_get0_notBefore(certificate), &not_before, err));
    COF_TRY(cof_x509_time(X509_get0_notAfter(certificate), out_not_after_unix_s, err));
    *out_not_before_unix_s = not_before;
    return COF_OK;
}

bool cof_x509_is_p256(EVP_PKEY *key)
{
    char group[32] = "";
    int is_explicit = 1;
    const bool is_p256 =
        key != NULL && EVP_PKEY_is_a(key, "EC") == 1 &&
        EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
        strcmp(group, "prime256v1") == 0 &&
        EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                               &is_explicit) == 1 &&
        is_explicit == 0;
    ERR_clear_error();
    return is_p256;
}

static int algorithm_nid(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *object = NULL;
    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    return object == NULL ? NID_undef : OBJ_obj2nid(object);
}

static bool is_mgf1_sha384(const X509_ALGOR *mask)
{
    const ASN1_OBJECT *object = NULL;
    const void *value = NULL;
    int type = V_ASN1_UNDEF;
    X509_ALGOR_get0(&object, &type, &value, mask);
    if (OBJ_obj2nid(object) != NID_mgf1 || type != V_ASN1_SEQUENCE) {
        return false;
    }
    X509_ALGOR *hash = ASN1_item_unpack(value, ASN1_ITEM_rptr(X509_ALGOR));
    const bool is_sha384 = hash != NULL && algorithm_nid(hash) == NID_sha384;
    X509_ALGOR_free(hash);
    return is_sha384;
}

static bool is_pss_sha384(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *object = NULL;
    const void *value = NULL;
    int type = V_ASN1_UNDEF;
    X509_ALGOR_get0(&object, &type, &value, algorithm);
    if (OBJ_obj2nid(object) != NID_rsassaPss || type != V_ASN1_SEQUENCE) {
        return false;
    }
    RSA_PSS_PARAMS *parameters = ASN1_item_unpack(value, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
    const bool is_exact =
        parameters != NULL && parameters->hashAlgorithm != NULL &&
        algorithm_nid(parameters->hashAlgorithm) == NID_sha384 &&
        parameters->maskGenAlgorithm != NULL && is_mgf1_sha384(parameters->maskGenAlgorithm) &&
        parameters->saltLength != NULL &&
        ASN1_INTEGER_get(parameters->saltLength) == PSS_SALT_SIZE &&
        (parameters->trailerField == NULL || ASN1_INTEGER_get(parameters->trailerField) == 1);
    RSA_PSS_PARAMS_free(parameters);
    return is_exact;
}

bool cof_x509_is_algorithm_of(const X509_ALGOR *algorithm, EVP_PKEY *issuer_key)
{
    bool is_right = false;
    if (cof_x509_is_p256(issuer_key)) {
        int type = V_ASN1_UNDEF;
        X509_ALGOR_get0(NULL, &type, NULL, algorithm);
        is_right = algorithm_nid(algorithm) == NID_ecdsa_with_SHA256 && type == V_ASN1_UNDEF;
    } else if (issuer_key != NULL && EVP_PKEY_is_a(issuer_key, "RSA") == 1) {
        is_right = EVP_PKEY_get_bits(issuer_key) >= RSA_BITS_MIN && is_pss_sha384(algorithm);
    }
    ERR_clear_error();
    return is_right;
}
