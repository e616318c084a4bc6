/*
 * Implementation notes
 *
 * The root certificate that comes along is used only after its public key matched a pin: then it
 * says nothing that the holder of that key did not sign (its self-signature is checked as well).
 * Pinning the key and not the certificate keeps both of Intel's root certificates good.
 *
 * The chains have a fixed length and fixed roles, so that no path has to be searched:
 * X509_verify_cert is not used. It would cost more than all the rest of a verification, and its
 * leniency (extra certificates, other algorithms, name matching that ignores case) would have to be
 * taken back afterwards.
 */
#include "relying/verify/intel/chain.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "relying/verify/pem.h"
#include "relying/verify/timestamp.h"
#include "relying/verify/x509.h"

typedef enum role { LEAF, SIGNER, CA, ROOT } role;

static const char *const role_names[] = {"PCK certificate", "TCB signing certificate",
                                         "CA certificate", "root certificate"};

/* The common names that each family's certificates must carry. */
typedef struct family_names {
    cof_root_family family;
    const char *names[4][2]; /* by role: one of these */
} family_names;

static const family_names families[] = {
    {COF_ROOT_INTEL,
     {[LEAF] = {"Intel SGX PCK Certificate"},
      [SIGNER] = {"Intel SGX TCB Signing"},
      [CA] = {"Intel SGX PCK Processor CA", "Intel SGX PCK Platform CA"},
      [ROOT] = {"Intel SGX Root CA"}}},
    {COF_ROOT_SIMULATED,
     {[LEAF] = {"SIMULATED PCK Certificate"},
      [SIGNER] = {"SIMULATED TCB Signing"},
      [CA] = {"SIMULATED Processor CA"},
      [ROOT] = {"SIMULATED Root CA"}}},
};

void cof_chain_top_free(cof_chain_top *top)
{
    cof_buf_free(&top->text);
    cof_x509_drop_(&top->ca);
    cof_x509_drop_(&top->root);
}

void cof_pck_chain_free(cof_pck_chain *chain)
{
    cof_x509_drop_(&chain->leaf);
    cof_ec_key_drop_(&chain->key);
}

void cof_tcb_signer_free(cof_tcb_signer *signer)
{
    cof_x509_drop_(&signer->certificate);
    cof_x509_drop_(&signer->root);
    cof_ec_key_drop_(&signer->key);
}

static bool has_family_name(X509 *certificate, cof_root_family family, role as)
{
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        const char *const *names = families[i].names[as];
        if (families[i].family == family) {
            return cof_x509_has_common_name(certificate, names[0]) ||
                   (names[1] != NULL && cof_x509_has_common_name(certificate, names[1]));
        }
    }
    return false;
}

/* Only these two may be critical: whatever else is would have to be understood. */
static bool has_unknown_critical(const X509 *certificate)
{
    for (int i = 0; i < X509_get_ext_count(certificate); i++) {
        const X509_EXTENSION *extension = X509_get_ext(certificate, i);
        const int nid = OBJ_obj2nid(X509_EXTENSION_get_object((X509_EXTENSION *)extension));
        if (X509_EXTENSION_get_critical(extension) != 0 && nid != NID_basic_constraints &&
            nid != NID_key_usage) {
            return true;
        }
    }
    return false;
}

/* What a certificate of this role must say about itself. Absent key usage reads as all bits set:
 * not enough. */
static bool has_role(X509 *certificate, role as)
{
    const uint32_t flags = X509_get_extension_flags(certificate);
    const uint32_t usage = X509_get_key_usage(certificate);
    if ((flags & (EXFLAG_INVALID | EXFLAG_CRITICAL | EXFLAG_PROXY)) != 0 ||
        (flags & EXFLAG_BCONS) == 0 || (flags & EXFLAG_KUSAGE) == 0) {
        return false;
    }
    const long path_length = X509_get_pathlen(certificate);
    if (as == LEAF || as == SIGNER) {
        return (flags & EXFLAG_CA) == 0 && (usage & KU_DIGITAL_SIGNATURE) != 0 &&
               (usage & KU_KEY_CERT_SIGN) == 0 && path_length == -1;
    }
    const bool is_length_right =
        as == CA ? path_length == 0 : path_length == -1 || path_length == 1;
    return (flags & EXFLAG_CA) != 0 && (flags & EXFLAG_BCONS_CRITICAL) != 0 &&
           (usage & KU_KEY_CERT_SIGN) != 0 && is_length_right &&
           X509_get0_subject_key_id(certificate) != NULL;
}

/* What the certificate itself shows, before any signature is looked at. */
static cof_status check_form(X509 *certificate, role as, cof_err *err)
{
    const char *problem = NULL;
    if (X509_get_version(certificate) != X509_VERSION_3) {
        problem = "version";
    } else if (!cof_x509_is_p256(X509_get0_pubkey(certificate))) {
        problem = "key is not on P-256";
    } else if (has_unknown_critical(certificate)) {
        problem = "unknown critical extension";
    } else if (!has_role(certificate, as)) {
        problem = "basic constraints, key usage or another extension";
    }
    ERR_clear_error();
    if (problem != NULL) {
        return COF_FAIL(err, EVIDENCE_INVALID, "%s: %s", role_names[as], problem);
    }
    return COF_OK;
}

static cof_status check_key_identifier(X509 *certificate, X509 *issuer, role as, cof_err *err)
{
    const ASN1_OCTET_STRING *named = X509_get0_authority_key_id(certificate);
    const ASN1_OCTET_STRING *actual = X509_get0_subject_key_id(issuer);
    if (named == NULL && as != ROOT) {
        return COF_FAIL(err, EVIDENCE_INVALID, "%s: no authority key identifier", role_names[as]);
    }
    if (named != NULL && (actual == NULL || ASN1_OCTET_STRING_cmp(named, actual) != 0)) {
        return COF_FAIL(err, EVIDENCE_UNTRUSTED, "%s: issued by another key", role_names[as]);
    }
    return COF_OK;
}

static cof_status check_issued(X509 *certificate, X509 *issuer, role as, cof_err *err)
{
    const X509_ALGOR *outer = NULL;
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    X509_get0_signature(NULL, &outer, certificate);
    if (!cof_x509_is_algorithm_of(outer, key) ||
        !cof_x509_is_algorithm_of(X509_get0_tbs_sigalg(certificate), key)) {
        return COF_FAIL(err, EVIDENCE_INVALID, "%s: signature algorithm", role_names[as]);
    }
    if (!cof_x509_names_equal(X509_get_issuer_name(certificate), X509_get_subject_name(issuer))) {
        return COF_FAIL(err, EVIDENCE_INVALID, "%s: issuer's name", role_names[as]);
    }
    COF_TRY(check_key_identifier(certificate, issuer, as, err));
    const bool is_signed = X509_verify(certificate, key) == 1;
    ERR_clear_error();
    if (!is_signed) {
        return COF_FAIL(err, EVIDENCE_INVALID, "%s: the signature does not verify", role_names[as]);
    }
    return COF_OK;
}

/* issuer: a certificate that was itself checked. */
static cof_status check_certificate(X509 *certificate, X509 *issuer, role as,
                                    cof_root_family family, cof_err *err)
{
    COF_TRY(check_form(certificate, as, err));
    COF_TRY(check_issued(certificate, issuer, as, err));
    if (!has_family_name(certificate, family, as)) {
        return COF_FAIL(err, EVIDENCE_UNTRUSTED, "%s: not a name of the root's family",
                        role_names[as]);
    }
    return COF_OK;
}

/* The carrier of a pinned key. */
static cof_status check_root(X509 *root, const cof_root_pin *roots, size_t root_count,
                             cof_root_pin *out, cof_err *err)
{
    cof_digest spki = {0};
    char text[2 * COF_DIGEST_SIZE + 1];
    if (cof_x509_spki(root, &spki, err) != COF_OK) {
        return COF_FAIL(err, EVIDENCE_INVALID, "the root's public key cannot be read");
    }
    const cof_root_pin *pin = cof_root_find(roots, root_count, &spki);
    if (pin == NULL) {
        cof_digest_text(&spki, text);
        return COF_FAIL(err, EVIDENCE_UNTRUSTED, "the root key %s is not one of the %zu trusted",
                        text, root_count);
    }
    COF_TRY(check_certificate(root, root, ROOT, pin->family, err));
    *out = *pin;
    return COF_OK;
}

cof_status cof_chain_check_time(X509 *certificate, const char *what, int64_t now_unix_s,
                                int64_t *expires_unix_s, cof_err *err)
{
    int64_t not_before = 0;
    int64_t not_after = 0;
    if (cof_x509_validity(certificate, &not_before, &not_after, err) != COF_OK) {
        return COF_FAIL(err, EVIDENCE_INVALID, "%s: its validity is malformed", what);
    }
    char end[COF_TIMESTAMP_SIZE];
    if (now_unix_s < not_before) {
        cof_timestamp_text(not_before, end);
        return COF_FAIL(err, EVIDENCE_EARLY, "%s: valid only from %s on", what, end);
    }
    if (now_unix_s > not_after) {
        cof_timestamp_text(not_after, end);
        return COF_FAIL(err, EVIDENCE_OLD, "%s: valid only until %s", what, end);
    }
    if (not_after < *expires_unix_s) {
        *expires_unix_s = not_after;
    }
    return COF_OK;
}

/* Parsers' failures: the evidence is not well formed, unless memory ran out. */
static cof_status as_invalid(cof_status status, cof_err *err)
{
    if (status != COF_OK && status != COF_E_NO_MEMORY) {
        if (err != NULL) {
            err->status = COF_E_EVIDENCE_INVALID;
        }
        return COF_E_EVIDENCE_INVALID;
    }
    return status;
}

/* Exactly two certificates: the lower one, the root. */
static cof_status read_pair(cof_view pem, X509 **lower, X509 **root, cof_err *err)
{
    X509 *certificates[2] = {NULL};
    size_t count = 0;
    COF_TRY(as_invalid(cof_pem_read(pem, 2, certificates, &count, err), err));
    *lower = certificates[0];
    *root = certificates[1];
    return count == 2 ? COF_OK : COF_FAIL(err, EVIDENCE_INVALID, "a chain ends before its root");
}

static cof_status verify_top(cof_view pem, const cof_root_pin *roots, size_t root_count,
                             cof_chain_top *top, cof_err *err)
{
    COF_CLEANUP(cof_chain_top_free) cof_chain_top fresh = {0};
    cof_buf_init(&fresh.text, pem.size);
    COF_TRY(read_pair(pem, &fresh.ca, &fresh.root, err));
    COF_TRY(check_root(fresh.root, roots, root_count, &fresh.pin, err));
    COF_TRY(check_certificate(fresh.ca, fresh.root, CA, fresh.pin.family, err));
    COF_TRY(cof_buf_append(&fresh.text, pem, err));
    const cof_chain_top old = *top;
    *top = fresh;
    fresh = old;
    return COF_OK;
}

/* Verified before, from the same bytes, under a root that is still trusted. */
static bool is_known(const cof_chain_top *top, cof_view pem, const cof_root_pin *roots,
                     size_t root_count)
{
    const cof_root_pin *pin =
        top->ca == NULL ? NULL : cof_root_find(roots, root_count, &top->pin.spki);
    return pin != NULL && pin->family == top->pin.family &&
           cof_view_equal(pem, cof_buf_view(&top->text));
}

static cof_status read_platform(const X509 *leaf, cof_pck *out, cof_err *err)
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
    return as_invalid(cof_pck_parse(der, out, err), err);
}

static cof_status take_key(X509 *certificate, cof_ec_key **out, cof_err *err)
{
    EVP_PKEY *key = X509_get_pubkey(certificate);
    ERR_clear_error();
    return as_invalid(cof_ec_from_evp(key, out, err), err);
}

cof_status cof_pck_chain_verify(cof_view pem, const cof_root_pin *roots, size_t root_count,
                                int64_t now_unix_s, cof_chain_top *top, cof_pck_chain *out,
                                cof_err *err)
{
    COF_CLEANUP(cof_pck_chain_free) cof_pck_chain chain = {0};
    COF_CLEANUP(cof_buf_free) cof_buf der = {0};
    int64_t expires = INT64_MAX;
    cof_buf_init(&der, COF_CERTIFICATE_DER_MAX);
    COF_TRY(as_invalid(cof_pem_cut(&pem, &der, err), err));
    COF_TRY(as_invalid(cof_certificate_parse(cof_buf_view(&der), &chain.leaf, err), err));
    if (!is_known(top, pem, roots, root_count)) {
        COF_TRY(verify_top(pem, roots, root_count, top, err));
    }
    COF_TRY(check_certificate(chain.leaf, top->ca, LEAF, top->pin.family, err));
    COF_TRY(cof_chain_check_time(top->root, role_names[ROOT], now_unix_s, &expires, err));
    COF_TRY(cof_chain_check_time(top->ca, role_names[CA], now_unix_s, &expires, err));
    COF_TRY(cof_chain_check_time(chain.leaf, role_names[LEAF], now_unix_s, &expires, err));
    COF_TRY(read_platform(chain.leaf, &chain.pck, err));
    COF_TRY(take_key(chain.leaf, &chain.key, err));
    chain.root = top->pin;
    *out = chain;
    chain = (cof_pck_chain){0};
    return COF_OK;
}

cof_status cof_tcb_signer_verify(cof_view pem, const cof_root_pin *root, cof_tcb_signer *out,
                                 cof_err *err)
{
    COF_CLEANUP(cof_tcb_signer_free) cof_tcb_signer signer = {0};
    cof_root_pin pin = {0};
    COF_TRY(read_pair(pem, &signer.certificate, &signer.root, err));
    COF_TRY(check_root(signer.root, root, 1, &pin, err));
    COF_TRY(check_certificate(signer.certificate, signer.root, SIGNER, pin.family, err));
    COF_TRY(take_key(signer.certificate, &signer.key, err));
    *out = signer;
    signer = (cof_tcb_signer){0};
    return COF_OK;
}
