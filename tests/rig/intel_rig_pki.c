/* Certificates and revocation lists of Intel's shape. */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "rig/intel_rig_parts.h"
#include "tcb/crypto/random.h"

static const char unknown_oid[] = "1.3.6.1.4.1.311.999.1";

EVP_PKEY *intel_rig_evp(const intel_rig *rig, intel_rig_who who)
{
    return rig->wide_keys[who] != NULL ? rig->wide_keys[who] : cof_ec_evp(rig->keys[who]);
}

intel_rig_who intel_rig_or(intel_rig_who who, intel_rig_who usual)
{
    return who == INTEL_RIG_DEFAULT ? usual : who;
}

bool intel_rig_is_processor(const intel_rig_options *options, intel_rig_who ca)
{
    return options->platform.is_processor_ca == (ca == INTEL_RIG_CA);
}

static const char *usual_name(const intel_rig_options *options, intel_rig_who who)
{
    switch (who) {
    case INTEL_RIG_ROOT:
        return "Intel SGX Root CA";
    case INTEL_RIG_CA:
    case INTEL_RIG_OTHER_CA:
        return intel_rig_is_processor(options, who) ? "Intel SGX PCK Processor CA"
                                                    : "Intel SGX PCK Platform CA";
    case INTEL_RIG_LEAF:
        return "Intel SGX PCK Certificate";
    case INTEL_RIG_DEFAULT:
    case INTEL_RIG_SIGNER:
    case INTEL_RIG_STRANGER:
    case INTEL_RIG_WHO_COUNT:
        break;
    }
    return "Intel SGX TCB Signing";
}

static bool is_ca(intel_rig_who who)
{
    return who == INTEL_RIG_ROOT || who == INTEL_RIG_CA || who == INTEL_RIG_OTHER_CA;
}

static intel_rig_who usual_issuer(intel_rig_who who)
{
    return who == INTEL_RIG_LEAF ? INTEL_RIG_CA : INTEL_RIG_ROOT;
}

static bool add_name(X509_NAME *name, const char *key, const char *value)
{
    return X509_NAME_add_entry_by_txt(name, key, MBSTRING_UTF8, (const unsigned char *)value, -1,
                                      -1, 0) == 1;
}

static bool fill_name(X509_NAME *name, const char *common_name, const char *organization)
{
    return add_name(name, "CN", common_name) &&
           add_name(name, "O", organization == NULL ? "Intel Corporation" : organization) &&
           add_name(name, "L", "Santa Clara") && add_name(name, "ST", "CA") &&
           add_name(name, "C", "US");
}

static bool set_issuer_name(X509 *certificate, const X509 *issuer, const char *common_name)
{
    if (common_name == NULL) {
        return X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1;
    }
    X509_NAME *name = X509_NAME_new();
    const bool is_set = name != NULL && fill_name(name, common_name, NULL) &&
                        X509_set_issuer_name(certificate, name) == 1;
    X509_NAME_free(name);
    return is_set;
}

static bool set_serial(ASN1_INTEGER *serial, uint64_t number)
{
    uint8_t bytes[16] = {0};
    if (number != 0) {
        return ASN1_INTEGER_set_uint64(serial, number) == 1;
    }
    if (cof_random((cof_span){bytes, sizeof bytes}, NULL) != COF_OK) {
        return false;
    }
    bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40); /* positive, and always of 16 bytes */
    BIGNUM *big = BN_bin2bn(bytes, sizeof bytes, NULL);
    const bool is_set = big != NULL && BN_to_ASN1_INTEGER(big, serial) != NULL;
    BN_free(big);
    return is_set;
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

/* An extension of any content; the caller frees it. */
static X509_EXTENSION *make_extension(const char *oid, bool is_critical, cof_view content)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension = NULL;
    if (object != NULL && value != NULL &&
        ASN1_OCTET_STRING_set(value, content.data, (int)content.size) == 1) {
        extension = X509_EXTENSION_create_by_OBJ(NULL, object, is_critical, value);
    }
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(object);
    return extension;
}

static bool add_raw_extension(X509 *certificate, const char *oid, bool is_critical,
                              cof_view content)
{
    X509_EXTENSION *extension = make_extension(oid, is_critical, content);
    const bool is_added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_added;
}

static bool add_key_identifiers(X509 *certificate, X509 *issuer)
{
    const bool is_identified =
        issuer == certificate || X509_get_ext_by_NID(issuer, NID_subject_key_identifier, -1) >= 0;
    return add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
           (!is_identified ||
            add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always"));
}

/* text NULL: usual; "": none. */
static bool add_text_extension(X509 *certificate, X509 *issuer, int nid, const char *text,
                               const char *usual)
{
    const char *value = text == NULL ? usual : text;
    return value[0] == '\0' || add_extension(certificate, issuer, nid, value);
}

static bool add_extensions(X509 *certificate, X509 *issuer, const intel_rig_certificate *asked,
                           intel_rig_who who)
{
    const char *constraints = "critical,CA:FALSE";
    if (is_ca(who)) {
        constraints =
            who == INTEL_RIG_ROOT ? "critical,CA:TRUE,pathlen:1" : "critical,CA:TRUE,pathlen:0";
    }
    const char *usage =
        is_ca(who) ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature,nonRepudiation";
    return (asked->has_no_key_identifiers || add_key_identifiers(certificate, issuer)) &&
           add_text_extension(certificate, issuer, NID_key_usage, asked->key_usage, usage) &&
           add_text_extension(certificate, issuer, NID_basic_constraints, asked->basic_constraints,
                              constraints) &&
           (!asked->has_unknown_critical ||
            add_raw_extension(certificate, unknown_oid, true, cof_view_of("\x05\x00", 2)));
}

static bool set_times(X509 *certificate, const intel_rig_certificate *asked)
{
    const int64_t year_s = INT64_C(365) * INTEL_RIG_DAY_S;
    const int64_t from =
        asked->not_before_unix_s == 0 ? INTEL_RIG_NOW - year_s : asked->not_before_unix_s;
    const int64_t to =
        asked->not_after_unix_s == 0 ? INTEL_RIG_NOW + year_s : asked->not_after_unix_s;
    return ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)from) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)to) != NULL;
}

static bool fill(const intel_rig *rig, const intel_rig_options *options, intel_rig_who who,
                 X509 *certificate, X509 *issuer)
{
    const intel_rig_certificate *asked = &options->certificates[who];
    const char *name = asked->common_name == NULL ? usual_name(options, who) : asked->common_name;
    EVP_PKEY *key = intel_rig_evp(rig, intel_rig_or(asked->key_of, who));
    return X509_set_version(certificate, X509_VERSION_3) == 1 &&
           set_serial(X509_get_serialNumber(certificate), asked->serial) &&
           fill_name(X509_get_subject_name(certificate), name, asked->organization) &&
           set_issuer_name(certificate, issuer, asked->issuer_common_name) &&
           set_times(certificate, asked) && X509_set_pubkey(certificate, key) == 1 &&
           add_extensions(certificate, issuer, asked, who);
}

static cof_status add_sgx_extension(const intel_rig_platform *platform, X509 *certificate,
                                    cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = INTEL_RIG_DER_MAX};
    if (platform->has_no_extension) {
        return COF_OK;
    }
    COF_TRY(intel_rig_sgx_extension(platform, &der, err));
    return add_raw_extension(certificate, "1.2.840.113741.1.13.1", false, cof_buf_view(&der))
               ? COF_OK
               : COF_FAIL(err, NO_MEMORY, "SGX extension");
}

/* The last bit of a signature; the DER around it stays well formed. */
static void break_signature(const ASN1_BIT_STRING *signature)
{
    ASN1_BIT_STRING *bits = (ASN1_BIT_STRING *)(uintptr_t)signature;
    bits->data[bits->length - 1] ^= 1;
}

cof_status intel_rig_certify(const intel_rig *rig, const intel_rig_options *options,
                             intel_rig_who who, X509 **out, cof_err *err)
{
    const intel_rig_certificate *asked = &options->certificates[who];
    const intel_rig_who issuer_who = intel_rig_or(asked->issuer, usual_issuer(who));
    X509 *certificate = X509_new();
    X509 *issuer = issuer_who == who ? certificate : rig->certificates[issuer_who];
    if (certificate == NULL || issuer == NULL) {
        X509_free(certificate);
        return COF_FAIL(err, BAD_ARGUMENT, "the issuer's certificate is not there yet");
    }
    cof_status status = fill(rig, options, who, certificate, issuer)
                            ? COF_OK
                            : COF_FAIL(err, CRYPTO, "certificate %d", (int)who);
    if (status == COF_OK && who == INTEL_RIG_LEAF) {
        status = add_sgx_extension(&options->platform, certificate, err);
    }
    EVP_PKEY *key = intel_rig_evp(rig, intel_rig_or(asked->signed_by, issuer_who));
    if (status == COF_OK &&
        X509_sign(certificate, key, asked->is_sha384 ? EVP_sha384() : EVP_sha256()) <= 0) {
        status = COF_FAIL(err, CRYPTO, "signing certificate %d", (int)who);
    }
    ERR_clear_error();
    if (status != COF_OK) {
        X509_free(certificate);
        return status;
    }
    if (asked->is_broken) {
        const ASN1_BIT_STRING *signature = NULL;
        X509_get0_signature(&signature, NULL, certificate);
        break_signature(signature);
    }
    *out = certificate;
    return COF_OK;
}

/* --- revocation lists --- */

static bool add_revoked(X509_CRL *crl, const ASN1_INTEGER *serial, bool has_critical_entry)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *when = ASN1_TIME_set(NULL, (time_t)(INTEL_RIG_NOW - INT64_C(30) * INTEL_RIG_DAY_S));
    bool is_made = entry != NULL && when != NULL &&
                   X509_REVOKED_set_serialNumber(entry, (ASN1_INTEGER *)(uintptr_t)serial) == 1 &&
                   X509_REVOKED_set_revocationDate(entry, when) == 1;
    if (is_made && has_critical_entry) {
        X509_EXTENSION *extension = make_extension(unknown_oid, true, cof_view_of("\x05\x00", 2));
        is_made = extension != NULL && X509_REVOKED_add_ext(entry, extension, -1) == 1;
        X509_EXTENSION_free(extension);
    }
    ASN1_TIME_free(when);
    if (!is_made || X509_CRL_add0_revoked(crl, entry) != 1) {
        X509_REVOKED_free(entry);
        return false;
    }
    return true;
}

static bool add_entries(const intel_rig *rig, const intel_rig_crl *asked, X509_CRL *crl)
{
    bool is_made = true;
    for (uint64_t i = 0; is_made && i < 2 && !asked->is_empty; i++) {
        ASN1_INTEGER *serial = ASN1_INTEGER_new();
        is_made = serial != NULL && set_serial(serial, UINT64_C(0x7a3b2c1d00) + i) &&
                  add_revoked(crl, serial, asked->has_critical_entry && i == 0);
        ASN1_INTEGER_free(serial);
    }
    for (size_t i = 0; is_made && i < 3; i++) {
        const intel_rig_who who = asked->revoked[i];
        is_made = who == INTEL_RIG_DEFAULT ||
                  (rig->certificates[who] != NULL &&
                   add_revoked(crl, X509_get0_serialNumber(rig->certificates[who]), false));
    }
    return is_made && X509_CRL_sort(crl) == 1;
}

static bool add_crl_number(X509_CRL *crl, uint64_t number)
{
    ASN1_INTEGER *value = ASN1_INTEGER_new();
    const bool is_added = value != NULL && ASN1_INTEGER_set_uint64(value, number) == 1 &&
                          X509_CRL_add1_ext_i2d(crl, NID_crl_number, value, 0, 0) == 1;
    ASN1_INTEGER_free(value);
    return is_added;
}

static bool add_crl_key_identifier(X509_CRL *crl, X509 *issuer)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, NULL, NULL, crl, 0);
    X509_EXTENSION *extension =
        X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid:always");
    const bool is_added = extension != NULL && X509_CRL_add_ext(crl, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_added;
}

static bool add_crl_extensions(const intel_rig_crl *asked, X509_CRL *crl, X509 *issuer)
{
    if (asked->is_version_1) {
        return true;
    }
    bool is_made = asked->has_no_number ||
                   add_crl_number(crl, asked->number == 0 ? INTEL_RIG_CRL_NUMBER : asked->number);
    if (is_made && !asked->has_no_key_identifier &&
        X509_get_ext_by_NID(issuer, NID_subject_key_identifier, -1) >= 0) {
        is_made = add_crl_key_identifier(crl, issuer);
    }
    if (is_made && asked->has_unknown_critical) {
        X509_EXTENSION *extension = make_extension(unknown_oid, true, cof_view_of("\x05\x00", 2));
        is_made = extension != NULL && X509_CRL_add_ext(crl, extension, -1) == 1;
        X509_EXTENSION_free(extension);
    }
    return is_made;
}

static bool set_crl_times(const intel_rig_crl *asked, X509_CRL *crl)
{
    const int64_t from = asked->this_update_unix_s == 0 ? INTEL_RIG_NOW - INTEL_RIG_DAY_S
                                                        : asked->this_update_unix_s;
    const int64_t to = asked->next_update_unix_s == 0
                           ? INTEL_RIG_NOW + INT64_C(29) * INTEL_RIG_DAY_S
                           : asked->next_update_unix_s;
    ASN1_TIME *this_update = ASN1_TIME_set(NULL, (time_t)from);
    ASN1_TIME *next_update = ASN1_TIME_set(NULL, (time_t)to);
    const bool is_set =
        this_update != NULL && next_update != NULL &&
        X509_CRL_set1_lastUpdate(crl, this_update) == 1 &&
        (asked->has_no_next_update || X509_CRL_set1_nextUpdate(crl, next_update) == 1);
    ASN1_TIME_free(this_update);
    ASN1_TIME_free(next_update);
    return is_set;
}

static cof_status append_crl(X509_CRL *crl, cof_buf *out, cof_err *err)
{
    unsigned char *der = NULL;
    const int size = i2d_X509_CRL(crl, &der);
    if (size <= 0) {
        return COF_FAIL(err, CRYPTO, "printing a revocation list");
    }
    const cof_status status = cof_buf_append(out, cof_view_of(der, (size_t)size), err);
    OPENSSL_free(der);
    return status;
}

cof_status intel_rig_crl_write(const intel_rig *rig, const intel_rig_crl *options,
                               intel_rig_who usual_issuer_, cof_buf *out, cof_err *err)
{
    const intel_rig_who issuer_who = intel_rig_or(options->issuer, usual_issuer_);
    X509 *issuer = rig->certificates[issuer_who];
    X509_CRL *crl = X509_CRL_new();
    EVP_PKEY *key = intel_rig_evp(rig, intel_rig_or(options->signed_by, issuer_who));
    if (crl == NULL || issuer == NULL ||
        X509_CRL_set_version(crl, options->is_version_1 ? X509_CRL_VERSION_1
                                                        : X509_CRL_VERSION_2) != 1 ||
        X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer)) != 1 ||
        !set_crl_times(options, crl) || !add_entries(rig, options, crl) ||
        !add_crl_extensions(options, crl, issuer) || X509_CRL_sign(crl, key, EVP_sha256()) <= 0) {
        X509_CRL_free(crl);
        ERR_clear_error();
        return COF_FAIL(err, CRYPTO, "revocation list");
    }
    if (options->is_broken) {
        const ASN1_BIT_STRING *signature = NULL;
        X509_CRL_get0_signature(crl, &signature, NULL);
        break_signature(signature);
    }
    const cof_status status = append_crl(crl, out, err);
    X509_CRL_free(crl);
    ERR_clear_error();
    return status;
}
