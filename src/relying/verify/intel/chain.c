/*
 * Implementation notes
 *
 * The root certificate in the evidence is used only after its public key matched a pin: then it
 * says nothing that the holder of that key did not sign (its self-signature is checked as well).
 * Pinning the key and not the certificate keeps both of Intel's root certificates good. Path
 * building and constraints are OpenSSL's; what OpenSSL leaves to its caller (names, algorithms,
 * exact length, path lengths, key usage of the leaf) is checked here.
 */
#include "relying/verify/intel/chain.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "relying/verify/pem.h"

enum { LEAF, CA, ROOT };

/* The common names that each family's certificates must carry: leaf, CA (one of two), root. */
typedef struct family_names {
    cof_root_family family;
    const char *leaf;
    const char *ca[2];
    const char *root;
} family_names;

static const family_names families[] = {
    {COF_ROOT_INTEL,
     "Intel SGX PCK Certificate",
     {"Intel SGX PCK Processor CA", "Intel SGX PCK Platform CA"},
     "Intel SGX Root CA"},
    {COF_ROOT_SIMULATED,
     "SIMULATED PCK Certificate",
     {"SIMULATED Processor CA", "SIMULATED Processor CA"},
     "SIMULATED Root CA"},
};

static cof_status spki_digest(X509 *certificate, cof_digest *out, cof_err *err)
{
    unsigned char *der = NULL;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    if (size <= 0) {
        ERR_clear_error();
        return COF_FAIL(err, EVIDENCE_INVALID, "the root's public key cannot be read");
    }
    const cof_status status = cof_digest_of(cof_view_of(der, (size_t)size), out, err);
    OPENSSL_free(der);
    return status;
}

static cof_status find_pin(X509 *root, const cof_root_pin *roots, size_t root_count,
                           cof_root_pin *out, cof_err *err)
{
    cof_digest spki = {0};
    COF_TRY(spki_digest(root, &spki, err));
    for (size_t i = 0; i < root_count; i++) {
        if (cof_digest_equal(&roots[i].spki, &spki)) {
            *out = roots[i];
            return COF_OK;
        }
    }
    char text[2 * COF_DIGEST_SIZE + 1];
    cof_digest_text(&spki, text);
    return COF_FAIL(err, EVIDENCE_UNTRUSTED, "the root key %s is not one of the %zu trusted ones",
                    text, root_count);
}

/* True when the subject has exactly one common name, and it is this text. */
static bool has_common_name(X509 *certificate, const char *expected)
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

static cof_status check_names(const cof_pem_chain *chain, cof_root_family family, cof_err *err)
{
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        const family_names *names = &families[i];
        if (names->family != family) {
            continue;
        }
        const bool is_ca = has_common_name(chain->certificates[CA], names->ca[0]) ||
                           has_common_name(chain->certificates[CA], names->ca[1]);
        if (has_common_name(chain->certificates[LEAF], names->leaf) && is_ca &&
            has_common_name(chain->certificates[ROOT], names->root)) {
            return COF_OK;
        }
    }
    return COF_FAIL(err, EVIDENCE_UNTRUSTED,
                    "the certificates' names are not those of the root's family");
}

static bool is_ecdsa_sha256(X509 *certificate)
{
    const X509_ALGOR *outer = NULL;
    X509_get0_signature(NULL, &outer, certificate);
    return OBJ_obj2nid(X509_get0_tbs_sigalg(certificate)->algorithm) == NID_ecdsa_with_SHA256 &&
           OBJ_obj2nid(outer->algorithm) == NID_ecdsa_with_SHA256;
}

static bool is_p256(X509 *certificate)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    char group[32] = "";
    return key != NULL && EVP_PKEY_is_a(key, "EC") == 1 &&
           EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

/* What a CA of this depth, or the leaf, must say about itself. Absent key usage reads as all bits
 * set: not enough. */
static bool has_role(X509 *certificate, int role)
{
    const uint32_t flags = X509_get_extension_flags(certificate);
    const uint32_t usage = X509_get_key_usage(certificate);
    if ((flags & EXFLAG_INVALID) != 0 || (flags & EXFLAG_BCONS) == 0 ||
        (flags & EXFLAG_KUSAGE) == 0) {
        return false;
    }
    if (role == LEAF) {
        return (flags & EXFLAG_CA) == 0 && (usage & KU_DIGITAL_SIGNATURE) != 0 &&
               (usage & KU_KEY_CERT_SIGN) == 0;
    }
    const long path_length = X509_get_pathlen(certificate);
    const bool is_length_right =
        role == CA ? path_length == 0 : path_length == -1 || path_length == 1;
    return (flags & EXFLAG_CA) != 0 && (usage & KU_KEY_CERT_SIGN) != 0 && is_length_right;
}

static cof_status check_each(const cof_pem_chain *chain, cof_err *err)
{
    static const char *const roles[] = {"leaf", "CA", "root"};
    for (int i = LEAF; i <= ROOT; i++) {
        X509 *certificate = chain->certificates[i];
        X509 *issuer = chain->certificates[i == ROOT ? ROOT : i + 1];
        const char *problem = NULL;
        if (X509_get_version(certificate) != X509_VERSION_3) {
            problem = "version";
        } else if (!is_ecdsa_sha256(certificate)) {
            problem = "signature algorithm";
        } else if (!is_p256(certificate)) {
            problem = "key is not on P-256";
        } else if (!has_role(certificate, i)) {
            problem = "basic constraints or key usage";
        } else if (X509_NAME_cmp(X509_get_issuer_name(certificate),
                                 X509_get_subject_name(issuer)) != 0) {
            problem = "issuer's name";
        }
        ERR_clear_error();
        if (problem != NULL) {
            return COF_FAIL(err, EVIDENCE_INVALID, "%s certificate: %s", roles[i], problem);
        }
    }
    return COF_OK;
}

static cof_status explain(int error, cof_err *err)
{
    const char *text = X509_verify_cert_error_string(error);
    switch (error) {
    case X509_V_ERR_OUT_OF_MEM:
        return COF_FAIL(err, NO_MEMORY, "certificate chain");
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return COF_FAIL(err, EVIDENCE_OLD, "certificate chain: %s", text);
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return COF_FAIL(err, EVIDENCE_UNTRUSTED, "certificate chain: %s", text);
    default:
        return COF_FAIL(err, EVIDENCE_INVALID, "certificate chain: %s", text);
    }
}

/* What X509_verify_cert needs, freed together. */
typedef struct path_check {
    X509_STORE *store;
    STACK_OF(X509) * untrusted;
    X509_STORE_CTX *context;
} path_check;

static void path_check_free(path_check *check)
{
    X509_STORE_CTX_free(check->context);
    sk_X509_free(check->untrusted);
    X509_STORE_free(check->store);
    ERR_clear_error();
}

static cof_status check_path(const cof_pem_chain *chain, int64_t now_unix_s, cof_err *err)
{
    COF_CLEANUP(path_check_free)
    path_check check = {.store = X509_STORE_new(),
                        .untrusted = sk_X509_new_null(),
                        .context = X509_STORE_CTX_new()};
    if (check.store == NULL || check.untrusted == NULL || check.context == NULL ||
        X509_STORE_add_cert(check.store, chain->certificates[ROOT]) != 1 ||
        sk_X509_push(check.untrusted, chain->certificates[CA]) <= 0 ||
        X509_STORE_CTX_init(check.context, check.store, chain->certificates[LEAF],
                            check.untrusted) != 1) {
        return COF_FAIL(err, NO_MEMORY, "certificate chain");
    }
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(check.context);
    X509_VERIFY_PARAM_set_time(parameters, (time_t)now_unix_s);
    X509_VERIFY_PARAM_set_depth(parameters, 1);
    X509_VERIFY_PARAM_set_auth_level(parameters, 2);
    (void)X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_ANY);
    (void)X509_VERIFY_PARAM_set_flags(parameters,
                                      X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
    if (X509_verify_cert(check.context) != 1) {
        return explain(X509_STORE_CTX_get_error(check.context), err);
    }
    /* The path found must be the one given: three certificates, none skipped. */
    if (sk_X509_num(X509_STORE_CTX_get0_chain(check.context)) != COF_PEM_CERTIFICATES_MAX) {
        return COF_FAIL(err, EVIDENCE_INVALID, "certificate chain: not three certificates long");
    }
    return COF_OK;
}

static cof_status read_pck(X509 *leaf, cof_pck *out, cof_err *err)
{
    ASN1_OBJECT *object = OBJ_txt2obj("1.2.840.113741.1.13.1", 1);
    if (object == NULL) {
        return COF_FAIL(err, NO_MEMORY, "object identifier");
    }
    const int at = X509_get_ext_by_OBJ(leaf, object, -1);
    const int again = at < 0 ? -1 : X509_get_ext_by_OBJ(leaf, object, at);
    ASN1_OBJECT_free(object);
    if (at < 0 || again >= 0) {
        return COF_FAIL(err, EVIDENCE_INVALID, "the leaf has no SGX extension, or two");
    }
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509_get_ext(leaf, at));
    const cof_view der =
        cof_view_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
    const cof_status status = cof_pck_parse(der, out, err);
    if (status != COF_OK && err != NULL) {
        err->status = COF_E_EVIDENCE_INVALID;
    }
    return status == COF_OK ? COF_OK : COF_E_EVIDENCE_INVALID;
}

static cof_status take_leaf_key(X509 *leaf, cof_ec_key **out_key, cof_err *err)
{
    EVP_PKEY *key = X509_get_pubkey(leaf);
    if (key == NULL) {
        ERR_clear_error();
        return COF_FAIL(err, EVIDENCE_INVALID, "the leaf's public key cannot be read");
    }
    return cof_ec_from_evp(key, out_key, err);
}

cof_status cof_chain_verify(cof_view pem, const cof_root_pin *roots, size_t root_count,
                            int64_t now_unix_s, cof_chain_facts *out_facts,
                            cof_ec_key **out_leaf_key, cof_err *err)
{
    COF_CLEANUP(cof_pem_chain_free) cof_pem_chain chain = {0};
    cof_status status = cof_pem_chain_parse(pem, &chain, err);
    if (status != COF_OK) {
        if (status != COF_E_NO_MEMORY && err != NULL) {
            err->status = COF_E_EVIDENCE_INVALID;
        }
        return status == COF_E_NO_MEMORY ? status : COF_E_EVIDENCE_INVALID;
    }
    cof_chain_facts facts = {0};
    COF_TRY(find_pin(chain.certificates[ROOT], roots, root_count, &facts.root, err));
    COF_TRY(check_each(&chain, err));
    COF_TRY(check_path(&chain, now_unix_s, err));
    COF_TRY(check_names(&chain, facts.root.family, err));
    COF_TRY(read_pck(chain.certificates[LEAF], &facts.pck, err));
    COF_TRY(take_leaf_key(chain.certificates[LEAF], out_leaf_key, err));
    *out_facts = facts;
    return COF_OK;
}
