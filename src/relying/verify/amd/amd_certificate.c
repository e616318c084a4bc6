#include "relying/verify/amd/amd_certificate.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "relying/verify/x509.h"

enum { RSA_BITS = 4096, P384_POINT_SIZE = 97 };

/* P-384 by its name: a key with curve parameters of its own is refused. */
static bool is_p384(X509 *certificate)
{
    ASN1_OBJECT *algorithm = NULL;
    const unsigned char *point = NULL;
    int point_size = 0;
    X509_ALGOR *full = NULL;
    const void *curve = NULL;
    int curve_type = V_ASN1_UNDEF;
    if (X509_PUBKEY_get0_param(&algorithm, &point, &point_size, &full,
                               X509_get_X509_PUBKEY(certificate)) != 1) {
        return false;
    }
    X509_ALGOR_get0(NULL, &curve_type, &curve, full);
    return OBJ_obj2nid(algorithm) == NID_X9_62_id_ecPublicKey && curve_type == V_ASN1_OBJECT &&
           OBJ_obj2nid(curve) == NID_secp384r1 && point_size == P384_POINT_SIZE &&
           X509_get0_pubkey(certificate) != NULL;
}

static bool is_rsa_4096(X509 *certificate)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    return key != NULL && EVP_PKEY_is_a(key, "RSA") == 1 && EVP_PKEY_get_bits(key) == RSA_BITS;
}

/* What a certificate of this role must say about itself. */
static bool has_role(X509 *certificate, cof_amd_role role)
{
    const uint32_t flags = X509_get_extension_flags(certificate);
    if ((flags & EXFLAG_INVALID) != 0) {
        return false;
    }
    if (role == COF_AMD_LEAF) {
        return (flags & EXFLAG_CA) == 0;
    }
    const uint32_t usage = X509_get_key_usage(certificate);
    const uint32_t needed =
        role == COF_AMD_ROOT ? KU_KEY_CERT_SIGN | KU_CRL_SIGN : KU_KEY_CERT_SIGN;
    const long path_length = X509_get_pathlen(certificate);
    const bool is_length_right = role == COF_AMD_CA ? path_length == 0 : path_length != 0;
    return (flags & EXFLAG_CA) != 0 && (flags & EXFLAG_KUSAGE) != 0 &&
           (flags & EXFLAG_CRITICAL) == 0 && (usage & needed) == needed && is_length_right;
}

/* One algorithm, in both places where it stands. */
static bool has_algorithm(X509 *certificate, X509 *issuer)
{
    const X509_ALGOR *outer = NULL;
    X509_get0_signature(NULL, &outer, certificate);
    return X509_ALGOR_cmp(outer, X509_get0_tbs_sigalg(certificate)) == 0 &&
           cof_x509_is_algorithm_of(outer, X509_get0_pubkey(issuer));
}

/* Whether the authority key identifier, if there is one, is the issuer's. */
static bool has_key_identifier(X509 *certificate, X509 *issuer)
{
    int position = -1;
    AUTHORITY_KEYID *identifier =
        X509_get_ext_d2i(certificate, NID_authority_key_identifier, &position, NULL);
    const bool is_right =
        identifier == NULL ? position == -1 : X509_check_akid(issuer, identifier) == X509_V_OK;
    AUTHORITY_KEYID_free(identifier);
    return is_right;
}

const char *cof_amd_certificate_problem(X509 *certificate, cof_amd_role role, X509 *issuer)
{
    const char *problem = NULL;
    if (X509_get_version(certificate) != X509_VERSION_3) {
        problem = "version is not 3";
    } else if (role == COF_AMD_LEAF ? !is_p384(certificate) : !is_rsa_4096(certificate)) {
        problem = "key is of another kind or size";
    } else if (!has_algorithm(certificate, issuer)) {
        problem = "signature algorithm";
    } else if (!has_role(certificate, role)) {
        problem = "basic constraints, key usage or a critical extension";
    } else if (!has_key_identifier(certificate, issuer)) {
        problem = "authority key identifier";
    }
    ERR_clear_error();
    return problem;
}
