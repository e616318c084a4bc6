/*
 * Implementation notes
 *
 * OpenSSL reads a list and verifies its signature; it does not compare the two places where the
 * signature's algorithm stands, reads BER as well, and leaves scope (delta lists, lists of one
 * distribution point) to its path validation, which is not used here. A list of narrower scope says
 * so in a critical extension: any critical extension is refused.
 */
#include "relying/verify/crl.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "relying/verify/collateral.h"
#include "relying/verify/x509.h"

struct cof_crl {
    X509_CRL *list;
    int64_t issued_unix_s;
    int64_t next_update_unix_s;
    uint64_t number;
    cof_digest issuer;
};

void cof_crl_free(cof_crl *crl)
{
    if (crl != NULL) {
        X509_CRL_free(crl->list);
        free(crl);
    }
}

/* The content of the DER element at the front of *rest, which moves behind it. */
static bool next_element(cof_view *rest, int expected_tag, cof_view *out_content)
{
    const unsigned char *at = rest->data;
    long size = 0;
    int tag = 0;
    int class = 0;
    const int form = ASN1_get_object(&at, &size, &tag, &class, (long)rest->size);
    if ((form & 0x81) != 0 || tag != expected_tag || class != V_ASN1_UNIVERSAL || size < 0) {
        return false;
    }
    *out_content = cof_view_of(at, (size_t)size);
    *rest = cof_view_of(at + size, rest->size - (size_t)(at + size - rest->data));
    return true;
}

/* The algorithm stands inside what is signed and again before the signature: the same bytes. */
static bool are_algorithms_equal(cof_view der)
{
    cof_view list = {0};
    cof_view signed_part = {0};
    cof_view version = {0};
    cof_view inner = {0};
    cof_view outer = {0};
    return next_element(&der, V_ASN1_SEQUENCE, &list) &&
           next_element(&list, V_ASN1_SEQUENCE, &signed_part) &&
           next_element(&signed_part, V_ASN1_INTEGER, &version) &&
           next_element(&signed_part, V_ASN1_SEQUENCE, &inner) &&
           next_element(&list, V_ASN1_SEQUENCE, &outer) && cof_view_equal(inner, outer);
}

static cof_status read_list(cof_view der, X509_CRL **out, cof_err *err)
{
    if (der.size == 0 || der.size > COF_COLLATERAL_ITEM_MAX) {
        return COF_FAIL(err, COLLATERAL_INVALID, "a revocation list of %zu bytes", der.size);
    }
    const unsigned char *at = der.data;
    X509_CRL *list = d2i_X509_CRL(NULL, &at, (long)der.size);
    unsigned char *again = NULL;
    const int again_size = list == NULL ? 0 : i2d_X509_CRL(list, &again);
    ERR_clear_error();
    const bool is_der = at == der.data + der.size && again_size > 0 &&
                        cof_view_equal(cof_view_of(again, (size_t)again_size), der) &&
                        are_algorithms_equal(der);
    OPENSSL_free(again);
    ERR_clear_error();
    if (!is_der) {
        X509_CRL_free(list);
        return COF_FAIL(err, COLLATERAL_INVALID, "a revocation list is not well formed");
    }
    *out = list;
    return COF_OK;
}

static cof_status check_extensions(const X509_CRL *list, cof_err *err)
{
    for (int i = 0; i < X509_CRL_get_ext_count(list); i++) {
        if (X509_EXTENSION_get_critical(X509_CRL_get_ext(list, i)) != 0) {
            return COF_FAIL(err, COLLATERAL_INVALID, "a critical extension of a revocation list");
        }
    }
    return COF_OK;
}

static cof_status check_entries(X509_CRL *list, cof_err *err)
{
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(list);
    for (int i = 0; i < sk_X509_REVOKED_num(entries); i++) {
        const X509_REVOKED *entry = sk_X509_REVOKED_value(entries, i);
        for (int j = 0; j < X509_REVOKED_get_ext_count(entry); j++) {
            if (X509_EXTENSION_get_critical(X509_REVOKED_get_ext(entry, j)) != 0) {
                return COF_FAIL(err, COLLATERAL_INVALID,
                                "a critical extension of entry %d of a revocation list", i + 1);
            }
        }
    }
    return COF_OK;
}

static cof_status read_number(const X509_CRL *list, uint64_t *out, cof_err *err)
{
    /* NULL for one that is absent, repeated or malformed. */
    ASN1_INTEGER *number = X509_CRL_get_ext_d2i(list, NID_crl_number, NULL, NULL);
    const bool is_read = number != NULL && ASN1_INTEGER_get_uint64(out, number) == 1;
    ASN1_INTEGER_free(number);
    ERR_clear_error();
    if (!is_read) {
        return COF_FAIL(err, COLLATERAL_INVALID, "a revocation list without a number of 64 bits");
    }
    return COF_OK;
}

static cof_status read_times(cof_crl *crl, cof_err *err)
{
    if (cof_x509_time(X509_CRL_get0_lastUpdate(crl->list), &crl->issued_unix_s, err) != COF_OK ||
        cof_x509_time(X509_CRL_get0_nextUpdate(crl->list), &crl->next_update_unix_s, err) !=
            COF_OK) {
        return COF_FAIL(err, COLLATERAL_INVALID,
                        "a revocation list's thisUpdate or nextUpdate is missing or malformed");
    }
    if (crl->next_update_unix_s < crl->issued_unix_s) {
        return COF_FAIL(err, COLLATERAL_INVALID, "a revocation list ends before it begins");
    }
    return COF_OK;
}

/* Absent is good; one that is repeated or malformed is not. */
static cof_status check_key_identifier(X509_CRL *list, X509 *issuer, cof_err *err)
{
    int position = -1; /* -1 afterwards: absent */
    AUTHORITY_KEYID *identifier =
        X509_CRL_get_ext_d2i(list, NID_authority_key_identifier, &position, NULL);
    const bool is_broken = identifier == NULL && position != -1;
    (void)X509_get_extension_flags(issuer); /* X509_check_akid reads what this makes OpenSSL read */
    const bool is_match = identifier == NULL || X509_check_akid(issuer, identifier) == X509_V_OK;
    AUTHORITY_KEYID_free(identifier);
    ERR_clear_error();
    if (is_broken) {
        return COF_FAIL(err, COLLATERAL_INVALID, "a revocation list's authority key identifier");
    }
    if (!is_match) {
        return COF_FAIL(err, COLLATERAL_MISMATCH, "a revocation list of another key");
    }
    return COF_OK;
}

static cof_status check_issuer(X509_CRL *list, X509 *issuer, cof_err *err)
{
    if (!cof_x509_names_equal(X509_CRL_get_issuer(list), X509_get_subject_name(issuer))) {
        return COF_FAIL(err, COLLATERAL_MISMATCH, "a revocation list of another issuer");
    }
    return check_key_identifier(list, issuer, err);
}

static cof_status check_signature(X509_CRL *list, X509 *issuer, cof_err *err)
{
    const X509_ALGOR *algorithm = NULL;
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    X509_CRL_get0_signature(list, NULL, &algorithm);
    if (!cof_x509_is_algorithm_of(algorithm, key)) {
        return COF_FAIL(err, COLLATERAL_INVALID, "a revocation list's signature algorithm");
    }
    const bool is_signed = X509_CRL_verify(list, key) == 1;
    ERR_clear_error();
    if (!is_signed) {
        return COF_FAIL(err, COLLATERAL_INVALID, "a revocation list's signature does not verify");
    }
    return COF_OK;
}

cof_status cof_crl_open(cof_view der, X509 *issuer, cof_crl **out, cof_err *err)
{
    COF_CLEANUP(cof_crl_drop_) cof_crl *crl = calloc(1, sizeof *crl);
    if (crl == NULL) {
        return COF_FAIL(err, NO_MEMORY, "revocation list");
    }
    COF_TRY(read_list(der, &crl->list, err));
    if (X509_CRL_get_version(crl->list) != X509_CRL_VERSION_2) {
        return COF_FAIL(err, COLLATERAL_INVALID, "a revocation list of version %ld",
                        X509_CRL_get_version(crl->list) + 1);
    }
    COF_TRY(check_extensions(crl->list, err));
    COF_TRY(check_entries(crl->list, err));
    COF_TRY(read_number(crl->list, &crl->number, err));
    COF_TRY(read_times(crl, err));
    COF_TRY(check_issuer(crl->list, issuer, err));
    COF_TRY(check_signature(crl->list, issuer, err));
    if (cof_x509_spki(issuer, &crl->issuer, err) != COF_OK) {
        return COF_FAIL(err, COLLATERAL_INVALID, "a revocation list's issuer has no key");
    }
    *out = cof_crl_take(&crl);
    return COF_OK;
}

int64_t cof_crl_issued_unix_s(const cof_crl *crl)
{
    return crl->issued_unix_s;
}

int64_t cof_crl_next_update_unix_s(const cof_crl *crl)
{
    return crl->next_update_unix_s;
}

uint64_t cof_crl_number(const cof_crl *crl)
{
    return crl->number;
}

const cof_digest *cof_crl_issuer(const cof_crl *crl)
{
    return &crl->issuer;
}

cof_status cof_crl_check_time(const cof_crl *crl, int64_t now_unix_s, cof_err *err)
{
    if (now_unix_s < crl->issued_unix_s) {
        return COF_FAIL(err, COLLATERAL_EARLY, "a revocation list of a time to come");
    }
    if (now_unix_s > crl->next_update_unix_s) {
        return COF_FAIL(err, COLLATERAL_OLD, "a revocation list that should have been replaced");
    }
    return COF_OK;
}

cof_status cof_crl_check(const cof_crl *crl, X509 *certificate, cof_err *err)
{
    if (!cof_x509_names_equal(X509_get_issuer_name(certificate), X509_CRL_get_issuer(crl->list))) {
        return COF_FAIL(err, COLLATERAL_MISMATCH, "the certificate is of another issuer");
    }
    X509_REVOKED *entry = NULL;
    /* "removed from the list" (2) belongs to delta lists: here it counts as revoked. */
    const int found =
        X509_CRL_get0_by_serial(crl->list, &entry, X509_get0_serialNumber(certificate));
    ERR_clear_error();
    if (found != 0) {
        return COF_FAIL(err, EVIDENCE_REVOKED, "the certificate's serial number is on the list");
    }
    return COF_OK;
}
