/* The certificates and the revocation list. */
#include "rig/amd_rig_internal.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>

enum { SALT_SIZE = 48 };

/* --- signing --- */

typedef struct signing {
    const EVP_MD *hash;
    const EVP_MD *mask_hash;
    int salt_size;
    bool is_pss;
} signing;

static signing signing_of(const amd_rig_certificate *how)
{
    return (signing){.hash = how->is_sha256 ? EVP_sha256() : EVP_sha384(),
                     .mask_hash = how->is_mgf1_256 ? EVP_sha256() : EVP_sha384(),
                     .salt_size = how->salt_size == 0 ? SALT_SIZE : how->salt_size,
                     .is_pss = !how->is_pkcs1};
}

static EVP_MD_CTX *signing_context(EVP_PKEY *key, const signing *how)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *parameters = NULL;
    bool is_ok = context != NULL && key != NULL &&
                 EVP_DigestSignInit(context, &parameters, how->hash, NULL, key) == 1;
    if (is_ok && how->is_pss && EVP_PKEY_is_a(key, "RSA") == 1) {
        is_ok = EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, how->salt_size) == 1 &&
                EVP_PKEY_CTX_set_rsa_mgf1_md(parameters, how->mask_hash) == 1;
    }
    if (!is_ok) {
        EVP_MD_CTX_free(context);
        return NULL;
    }
    return context;
}

static void break_signature(const ASN1_BIT_STRING *signature)
{
    ((ASN1_BIT_STRING *)signature)->data[17] ^= 4;
}

/* --- certificates --- */

static X509_NAME *make_name(const char *common_name)
{
    static const char *const parts[][2] = {{"OU", "Engineering"},
                                           {"C", "US"},
                                           {"L", "Santa Clara"},
                                           {"ST", "CA"},
                                           {"O", "Advanced Micro Devices"}};
    X509_NAME *name = X509_NAME_new();
    bool is_ok = name != NULL;
    for (size_t i = 0; is_ok && i < sizeof parts / sizeof parts[0]; i++) {
        is_ok = X509_NAME_add_entry_by_txt(name, parts[i][0], MBSTRING_UTF8,
                                           (const unsigned char *)parts[i][1], -1, -1, 0) == 1;
    }
    if (!is_ok || X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                             (const unsigned char *)common_name, -1, -1, 0) != 1) {
        X509_NAME_free(name);
        return NULL;
    }
    return name;
}

static bool set_names(X509 *certificate, const char *subject, const char *issuer)
{
    X509_NAME *subject_name = make_name(subject);
    X509_NAME *issuer_name = make_name(issuer);
    const bool is_ok = subject_name != NULL && issuer_name != NULL &&
                       X509_set_subject_name(certificate, subject_name) == 1 &&
                       X509_set_issuer_name(certificate, issuer_name) == 1;
    X509_NAME_free(subject_name);
    X509_NAME_free(issuer_name);
    return is_ok;
}

static bool add_text_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    if (value[0] == '\0') {
        return true;
    }
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    const bool is_ok = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_ok;
}

bool amd_rig_add_extension(X509 *certificate, const char *oid, bool is_critical, cof_view value)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension = NULL;
    if (object != NULL && octets != NULL &&
        ASN1_OCTET_STRING_set(octets, value.data, (int)value.size) == 1) {
        extension = X509_EXTENSION_create_by_OBJ(NULL, object, is_critical, octets);
    }
    const bool is_ok = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(octets);
    ASN1_OBJECT_free(object);
    return is_ok;
}

static const char *or_else(const char *text, const char *otherwise)
{
    return text == NULL ? otherwise : text;
}

/* A CA's extensions, as AMD's have them. */
static bool add_ca_extensions(X509 *certificate, X509 *issuer, amd_rig_who who,
                              const amd_rig_certificate *how)
{
    const bool is_root = who == AMD_RIG_ROOT;
    return add_text_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
           (is_root || how->has_foreign_key_identifier ||
            add_text_extension(certificate, issuer, NID_authority_key_identifier,
                               "keyid:always")) &&
           add_text_extension(
               certificate, issuer, NID_basic_constraints,
               or_else(how->basic_constraints,
                       is_root ? "critical,CA:TRUE" : "critical,CA:TRUE,pathlen:0")) &&
           add_text_extension(certificate, issuer, NID_key_usage,
                              or_else(how->key_usage, is_root ? "critical,keyCertSign,cRLSign"
                                                              : "critical,keyCertSign"));
}

static bool add_extensions(const amd_rig_options *options, amd_rig_who who, X509 *certificate,
                           X509 *issuer)
{
    static const uint8_t null_value[] = {5, 0};
    static const uint8_t foreign[] = {0x30, 0x06, 0x80, 0x04, 'k', 'e', 'y', '?'};
    const amd_rig_certificate *how = &options->certificates[who];
    bool is_ok = true;
    if (who == AMD_RIG_LEAF) {
        is_ok = amd_rig_add_leaf_extensions(certificate, options) &&
                add_text_extension(certificate, issuer, NID_basic_constraints,
                                   or_else(how->basic_constraints, "")) &&
                add_text_extension(certificate, issuer, NID_key_usage, or_else(how->key_usage, ""));
    } else {
        is_ok = add_ca_extensions(certificate, issuer, who, how);
    }
    is_ok = is_ok && (!how->has_foreign_key_identifier ||
                      amd_rig_add_extension(certificate, "2.5.29.35", false,
                                            cof_view_of(foreign, sizeof foreign)));
    return is_ok && (!how->has_unknown_critical ||
                     amd_rig_add_extension(certificate, "1.3.6.1.4.1.32473.1", true,
                                           cof_view_of(null_value, sizeof null_value)));
}

static uint64_t serial_of(const amd_rig_certificate *how, amd_rig_who who)
{
    if (how->serial != 0) {
        return how->serial;
    }
    return who == AMD_RIG_ROOT ? AMD_RIG_ROOT_SERIAL : who == AMD_RIG_CA ? AMD_RIG_CA_SERIAL : 0;
}

static void good_name(const amd_rig_options *options, amd_rig_who who, char *out, size_t size)
{
    const char *product = cof_snp_product_name(amd_rig_product(options));
    const bool is_vlek = options->signer == COF_SNP_VLEK;
    if (who == AMD_RIG_LEAF) {
        (void)snprintf(out, size, "%s", is_vlek ? "SEV-VLEK" : "SEV-VCEK");
    } else if (who == AMD_RIG_CA) {
        (void)snprintf(out, size, "%s%s", is_vlek ? "SEV-VLEK-" : "SEV-", product);
    } else {
        (void)snprintf(out, size, "ARK-%s", product);
    }
}

static amd_rig_who issuer_of(amd_rig_who who)
{
    return who == AMD_RIG_LEAF ? AMD_RIG_CA : AMD_RIG_ROOT;
}

static bool fill_certificate(amd_rig *rig, const amd_rig_options *options, amd_rig_who who,
                             X509 *certificate)
{
    const amd_rig_certificate *how = &options->certificates[who];
    const amd_rig_certificate *issuer_how = &options->certificates[issuer_of(who)];
    char subject[64];
    char issuer[64];
    good_name(options, who, subject, sizeof subject);
    good_name(options, issuer_of(who), issuer, sizeof issuer);
    const int64_t begin =
        how->not_before_unix_s != 0 ? how->not_before_unix_s : AMD_RIG_NOW - 365 * AMD_RIG_DAY_S;
    const int64_t end =
        how->not_after_unix_s != 0 ? how->not_after_unix_s : AMD_RIG_NOW + 365 * AMD_RIG_DAY_S;
    X509 *issuer_certificate =
        who == AMD_RIG_ROOT ? certificate : rig->certificates[issuer_of(who)];
    return X509_set_version(certificate, how->is_version_1 ? X509_VERSION_1 : X509_VERSION_3) ==
               1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial_of(how, who)) == 1 &&
           set_names(certificate, or_else(how->common_name, subject),
                     or_else(how->issuer_common_name, or_else(issuer_how->common_name, issuer))) &&
           ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)begin) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)end) != NULL &&
           X509_set_pubkey(certificate, amd_rig_key(rig, how->key_of, who)) == 1 &&
           add_extensions(options, who, certificate, issuer_certificate);
}

static cof_status certify(amd_rig *rig, const amd_rig_options *options, amd_rig_who who,
                          cof_err *err)
{
    const amd_rig_certificate *how = &options->certificates[who];
    const signing scheme = signing_of(how);
    X509 *certificate = rig->certificates[who] = X509_new();
    if (certificate == NULL || !fill_certificate(rig, options, who, certificate)) {
        return COF_FAIL(err, CRYPTO, "AMD test certificate %d", (int)who);
    }
    EVP_MD_CTX *context =
        signing_context(amd_rig_key(rig, how->signed_by, issuer_of(who)), &scheme);
    const bool is_signed = context != NULL && X509_sign_ctx(certificate, context) > 0;
    EVP_MD_CTX_free(context);
    if (!is_signed) {
        return COF_FAIL(err, CRYPTO, "AMD test certificate %d: signature", (int)who);
    }
    if (how->is_broken) {
        const ASN1_BIT_STRING *signature = NULL;
        X509_get0_signature(&signature, NULL, certificate);
        break_signature(signature);
    }
    return COF_OK;
}

static cof_status print_certificate(amd_rig *rig, amd_rig_who who, cof_err *err)
{
    BIO *memory = BIO_new(BIO_s_mem());
    char *text = NULL;
    cof_buf_init(&rig->pem[who], AMD_RIG_PEM_MAX);
    cof_status status = COF_FAIL(err, CRYPTO, "AMD test certificate %d: PEM", (int)who);
    if (memory != NULL && PEM_write_bio_X509(memory, rig->certificates[who]) == 1) {
        const long size = BIO_get_mem_data(memory, &text);
        status = cof_buf_append(&rig->pem[who], cof_view_of(text, (size_t)size), err);
    }
    BIO_free(memory);
    return status;
}

cof_status amd_rig_make_certificates(amd_rig *rig, const amd_rig_options *options, cof_err *err)
{
    for (int i = AMD_RIG_ROOT; i <= AMD_RIG_LEAF; i++) {
        COF_TRY(certify(rig, options, (amd_rig_who)i, err));
        COF_TRY(print_certificate(rig, (amd_rig_who)i, err));
    }
    return COF_OK;
}

/* --- the revocation list --- */

static bool add_crl_extensions(amd_rig *rig, const amd_rig_crl *how, X509_CRL *list)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, rig->certificates[AMD_RIG_ROOT], NULL, NULL, list, 0);
    X509_EXTENSION *extension =
        X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid:always");
    bool is_ok = extension != NULL && X509_CRL_add_ext(list, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    if (!how->has_no_number) {
        is_ok = is_ok && number != NULL &&
                ASN1_INTEGER_set_uint64(number,
                                        how->number == 0 ? AMD_RIG_CRL_NUMBER : how->number) == 1 &&
                X509_CRL_add1_ext_i2d(list, NID_crl_number, number, 0, 0) == 1;
    }
    ASN1_INTEGER_free(number);
    return is_ok;
}

static bool add_revoked(const amd_rig_crl *how, X509_CRL *list, ASN1_TIME *when)
{
    if (how->is_empty) {
        return true;
    }
    X509_REVOKED *revoked = X509_REVOKED_new();
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    const bool is_ok =
        revoked != NULL && serial != NULL &&
        ASN1_INTEGER_set_uint64(serial, how->revoked == 0 ? 0x20001 : how->revoked) == 1 &&
        X509_REVOKED_set_serialNumber(revoked, serial) == 1 &&
        X509_REVOKED_set_revocationDate(revoked, when) == 1 &&
        X509_CRL_add0_revoked(list, revoked) == 1;
    ASN1_INTEGER_free(serial);
    if (!is_ok) {
        X509_REVOKED_free(revoked);
    }
    return is_ok;
}

static bool fill_crl(amd_rig *rig, const amd_rig_options *options, X509_CRL *list)
{
    const amd_rig_crl *how = &options->crl;
    const int64_t begin =
        how->this_update_unix_s != 0 ? how->this_update_unix_s : AMD_RIG_NOW - 30 * AMD_RIG_DAY_S;
    const int64_t end =
        how->next_update_unix_s != 0 ? how->next_update_unix_s : AMD_RIG_NOW + 335 * AMD_RIG_DAY_S;
    char issuer[64];
    good_name(options, AMD_RIG_ROOT, issuer, sizeof issuer);
    X509_NAME *name = make_name(or_else(how->issuer_common_name, issuer));
    ASN1_TIME *this_update = ASN1_TIME_set(NULL, (time_t)begin);
    ASN1_TIME *next_update = ASN1_TIME_set(NULL, (time_t)end);
    const bool is_ok = name != NULL && this_update != NULL && next_update != NULL &&
                       X509_CRL_set_version(list, X509_CRL_VERSION_2) == 1 &&
                       X509_CRL_set_issuer_name(list, name) == 1 &&
                       X509_CRL_set1_lastUpdate(list, this_update) == 1 &&
                       X509_CRL_set1_nextUpdate(list, next_update) == 1 &&
                       add_revoked(how, list, this_update) && add_crl_extensions(rig, how, list);
    X509_NAME_free(name);
    ASN1_TIME_free(this_update);
    ASN1_TIME_free(next_update);
    return is_ok;
}

static cof_status keep_crl(amd_rig *rig, const amd_rig_crl *how, X509_CRL *list, cof_err *err)
{
    unsigned char *der = NULL;
    if (how->is_broken) {
        const ASN1_BIT_STRING *signature = NULL;
        X509_CRL_get0_signature(list, &signature, NULL);
        break_signature(signature);
    }
    const int size = i2d_X509_CRL(list, &der);
    if (size <= 1) {
        return COF_FAIL(err, CRYPTO, "AMD test revocation list: DER");
    }
    const size_t kept = (size_t)size - (how->is_truncated ? 1 : 0);
    const cof_status status =
        cof_collateral_set(&rig->collateral, COF_COLLATERAL_AMD_CRL, cof_view_of(der, kept), err);
    OPENSSL_free(der);
    return status;
}

cof_status amd_rig_make_crl(amd_rig *rig, const amd_rig_options *options, cof_err *err)
{
    static const amd_rig_certificate good = {.salt_size = SALT_SIZE};
    if (options->crl.is_missing) {
        return COF_OK;
    }
    const signing scheme = signing_of(&good);
    X509_CRL *list = X509_CRL_new();
    EVP_MD_CTX *context =
        signing_context(amd_rig_key(rig, options->crl.signed_by, AMD_RIG_ROOT), &scheme);
    cof_status status = COF_FAIL(err, CRYPTO, "AMD test revocation list");
    if (list != NULL && context != NULL && fill_crl(rig, options, list) &&
        X509_CRL_sign_ctx(list, context) > 0) {
        status = keep_crl(rig, &options->crl, list, err);
    }
    EVP_MD_CTX_free(context);
    X509_CRL_free(list);
    return status;
}
