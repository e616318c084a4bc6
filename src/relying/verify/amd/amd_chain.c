/*
 * Implementation notes
 *
 * The path has exactly three certificates with fixed roles, so it is judged by hand and not by
 * OpenSSL's path building: AMD's leaves have none of the extensions that its strict mode asks for,
 * and its names are compared without regard to case. The ARK's self-signature is verified too:
 * otherwise whoever knows the pinned key could write dates and usages of his own around it.
 */
#include "relying/verify/amd/amd_chain.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "relying/verify/amd/amd_certificate.h"
#include "relying/verify/pem.h"
#include "relying/verify/timestamp.h"
#include "relying/verify/x509.h"

enum { NAME_SIZE = 32 };

static const char *const role_names[COF_AMD_ROLE_COUNT] = {"leaf", "CA", "ARK"};

void cof_amd_chain_free(cof_amd_chain *chain)
{
    cof_x509_drop_(&chain->leaf);
    cof_x509_drop_(&chain->ca);
    cof_x509_drop_(&chain->root);
}

EVP_PKEY *cof_amd_chain_leaf_key(const cof_amd_chain *chain)
{
    return X509_get0_pubkey(chain->leaf);
}

static X509 *certificate_of(const cof_amd_chain *chain, cof_amd_role role)
{
    return role == COF_AMD_LEAF ? chain->leaf : role == COF_AMD_CA ? chain->ca : chain->root;
}

static X509 *issuer_of(const cof_amd_chain *chain, cof_amd_role role)
{
    return role == COF_AMD_LEAF ? chain->ca : chain->root;
}

/* A parser's failure is the evidence's. */
static cof_status as_invalid(cof_status status, const char *what, cof_err *err)
{
    if (status == COF_OK || status == COF_E_NO_MEMORY) {
        return status;
    }
    cof_err_context(err, "%s", what);
    if (err != NULL) {
        err->status = COF_E_EVIDENCE_INVALID;
    }
    return COF_E_EVIDENCE_INVALID;
}

static cof_status read_leaf(cof_view bytes, X509 **out, cof_err *err)
{
    const cof_view begin = cof_view_text("-----BEGIN");
    if (bytes.size > begin.size && memcmp(bytes.data, begin.data, begin.size) == 0) {
        size_t count = 0;
        return cof_pem_read(bytes, 1, out, &count, err);
    }
    return cof_certificate_parse(bytes, out, err);
}

cof_status cof_amd_chain_read(const cof_collateral *collateral, cof_amd_chain *out, cof_err *err)
{
    const cof_view leaf = cof_collateral_view(collateral, COF_COLLATERAL_AMD_LEAF);
    const cof_view pem = cof_collateral_view(collateral, COF_COLLATERAL_AMD_CHAIN);
    if (pem.size == 0) {
        return COF_FAIL(err, COLLATERAL_MISSING, "no certificates of ASK and ARK");
    }
    X509 *certificates[COF_AMD_ROLE_COUNT] = {NULL};
    size_t count = 0;
    COF_TRY(
        as_invalid(cof_pem_read(pem, COF_AMD_ROLE_COUNT, certificates, &count, err), "chain", err));
    COF_CLEANUP(cof_amd_chain_free)
    cof_amd_chain chain = {.leaf = count == COF_AMD_ROLE_COUNT ? certificates[0] : NULL,
                           .ca = count >= 2 ? certificates[count - 2] : NULL,
                           .root = certificates[count - 1]};
    if (chain.ca == NULL) {
        return COF_FAIL(err, COLLATERAL_MISSING, "no certificate of ASK or ARK");
    }
    if (leaf.size > 0) {
        cof_x509_drop_(&chain.leaf);
        COF_TRY(as_invalid(read_leaf(leaf, &chain.leaf, err), "leaf", err));
    }
    if (chain.leaf == NULL) {
        return COF_FAIL(err, COLLATERAL_MISSING, "no certificate of a VCEK or VLEK");
    }
    *out = chain;
    chain = (cof_amd_chain){0};
    return COF_OK;
}

static cof_root_family family_of(cof_snp_product product)
{
    switch (product) {
    case COF_SNP_MILAN:
        return COF_ROOT_AMD_MILAN;
    case COF_SNP_GENOA:
        return COF_ROOT_AMD_GENOA;
    case COF_SNP_TURIN:
        return COF_ROOT_AMD_TURIN;
    case COF_SNP_NONE:
        break;
    }
    return COF_ROOT_NONE;
}

static cof_status check_root(const cof_amd_chain *chain, const cof_amd_chain_input *input,
                             cof_root_pin *out, cof_checks *checks, cof_err *err)
{
    cof_digest spki = {0};
    char text[2 * COF_DIGEST_SIZE + 1];
    char expected[COF_CHECK_TEXT_SIZE];
    COF_TRY(as_invalid(cof_x509_spki(chain->root, &spki, err), "ARK", err));
    cof_digest_text(&spki, text);
    (void)snprintf(expected, sizeof expected, "the key of a trusted ARK-%s",
                   cof_snp_product_name(input->product));
    const cof_root_pin *pin = cof_root_find(input->roots, input->root_count, &spki);
    const bool is_pinned = pin != NULL && pin->family == family_of(input->product);
    (void)cof_check_add(checks, "evidence.root", is_pinned, expected, "%s%s", text,
                        pin != NULL && !is_pinned ? " (of another product)" : "");
    if (!is_pinned) {
        return COF_FAIL(err, EVIDENCE_UNTRUSTED, "the ARK's key %s is not %s", text, expected);
    }
    *out = *pin;
    return COF_OK;
}

/* The common name for a text; "?" when there is none, or more than one. */
static void common_name(X509 *certificate, char out[static NAME_SIZE])
{
    const X509_NAME *name = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    (void)snprintf(out, NAME_SIZE, "?");
    if (at >= 0 && X509_NAME_get_index_by_NID(name, NID_commonName, at) < 0) {
        const ASN1_STRING *text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
        (void)snprintf(out, NAME_SIZE, "%.*s", ASN1_STRING_length(text),
                       (const char *)ASN1_STRING_get0_data(text));
    }
}

/* Each role has its own name, so that no certificate of AMD's can stand in for another. */
static cof_status check_names(const cof_amd_chain *chain, const cof_amd_chain_input *input,
                              cof_checks *checks, cof_err *err)
{
    const char *product = cof_snp_product_name(input->product);
    const bool is_vlek = input->signer == COF_SNP_VLEK;
    char expected[COF_AMD_ROLE_COUNT][NAME_SIZE];
    char actual[COF_AMD_ROLE_COUNT][NAME_SIZE];
    (void)snprintf(expected[COF_AMD_LEAF], NAME_SIZE, "%s", is_vlek ? "SEV-VLEK" : "SEV-VCEK");
    (void)snprintf(expected[COF_AMD_CA], NAME_SIZE, "%s%s", is_vlek ? "SEV-VLEK-" : "SEV-",
                   product);
    (void)snprintf(expected[COF_AMD_ROOT], NAME_SIZE, "ARK-%s", product);
    bool is_ok = true;
    for (cof_amd_role role = COF_AMD_LEAF; role <= COF_AMD_ROOT; role++) {
        X509 *certificate = certificate_of(chain, role);
        common_name(certificate, actual[role]);
        is_ok = is_ok && cof_x509_has_common_name(certificate, expected[role]) &&
                cof_x509_names_equal(X509_get_issuer_name(certificate),
                                     X509_get_subject_name(issuer_of(chain, role)));
    }
    char all[COF_CHECK_TEXT_SIZE];
    (void)snprintf(all, sizeof all, "%s by %s by %s, each naming its issuer",
                   expected[COF_AMD_LEAF], expected[COF_AMD_CA], expected[COF_AMD_ROOT]);
    if (!cof_check_add(checks, "evidence.names", is_ok, all, "%s, %s, %s", actual[COF_AMD_LEAF],
                       actual[COF_AMD_CA], actual[COF_AMD_ROOT])) {
        return COF_FAIL(err, EVIDENCE_UNTRUSTED, "certificates %s, %s, %s, expected %s",
                        actual[COF_AMD_LEAF], actual[COF_AMD_CA], actual[COF_AMD_ROOT], all);
    }
    return COF_OK;
}

static cof_status check_constraints(const cof_amd_chain *chain, cof_checks *checks, cof_err *err)
{
    static const char expected[] =
        "RSA-4096, PSS SHA-384 salt 48; CA flags and usages; leaf on P-384";
    for (int i = COF_AMD_ROOT; i >= COF_AMD_LEAF; i--) {
        const cof_amd_role role = (cof_amd_role)i;
        const char *problem =
            cof_amd_certificate_problem(certificate_of(chain, role), role, issuer_of(chain, role));
        if (problem != NULL) {
            (void)cof_check_add(checks, "evidence.constraints", false, expected, "%s: %s",
                                role_names[role], problem);
            return COF_FAIL(err, EVIDENCE_INVALID, "certificate of the %s: %s", role_names[role],
                            problem);
        }
    }
    (void)cof_check_add(checks, "evidence.constraints", true, expected, "yes");
    return COF_OK;
}

static cof_status check_validity(const cof_amd_chain *chain, int64_t now_unix_s, cof_checks *checks,
                                 cof_err *err)
{
    char now[COF_TIMESTAMP_SIZE];
    char begin[COF_TIMESTAMP_SIZE];
    char end[COF_TIMESTAMP_SIZE];
    char expected[COF_CHECK_TEXT_SIZE];
    cof_timestamp_text(now_unix_s, now);
    (void)snprintf(expected, sizeof expected, "valid at %s", now);
    for (int i = COF_AMD_ROOT; i >= COF_AMD_LEAF; i--) {
        const cof_amd_role role = (cof_amd_role)i;
        int64_t not_before = 0;
        int64_t not_after = 0;
        COF_TRY(
            as_invalid(cof_x509_validity(certificate_of(chain, role), &not_before, &not_after, err),
                       role_names[role], err));
        cof_timestamp_text(not_before, begin);
        cof_timestamp_text(not_after, end);
        if (now_unix_s >= not_before && now_unix_s <= not_after) {
            continue;
        }
        (void)cof_check_add(checks, "evidence.validity", false, expected, "%s: %s to %s",
                            role_names[role], begin, end);
        return now_unix_s < not_before
                   ? COF_FAIL(err, EVIDENCE_EARLY, "the %s is not valid before %s",
                              role_names[role], begin)
                   : COF_FAIL(err, EVIDENCE_OLD, "the %s is not valid after %s", role_names[role],
                              end);
    }
    (void)cof_check_add(checks, "evidence.validity", true, expected, "leaf: %s to %s", begin, end);
    return COF_OK;
}

static cof_status check_signatures(const cof_amd_chain *chain, cof_checks *checks, cof_err *err)
{
    static const char expected[] = "ARK signed by itself, CA by the ARK, leaf by the CA";
    for (int i = COF_AMD_ROOT; i >= COF_AMD_LEAF; i--) {
        const cof_amd_role role = (cof_amd_role)i;
        EVP_PKEY *key = X509_get0_pubkey(issuer_of(chain, role));
        const int result = X509_verify(certificate_of(chain, role), key);
        ERR_clear_error();
        if (result != 1) {
            (void)cof_check_add(checks, "evidence.chain", false, expected,
                                "the %s's signature does not verify", role_names[role]);
            return COF_FAIL(err, EVIDENCE_INVALID, "the %s's signature does not verify",
                            role_names[role]);
        }
    }
    (void)cof_check_add(checks, "evidence.chain", true, expected, "yes");
    return COF_OK;
}

cof_status cof_amd_chain_verify(const cof_amd_chain *chain, const cof_amd_chain_input *input,
                                cof_root_pin *out_root, cof_checks *checks, cof_err *err)
{
    cof_root_pin root = {.family = COF_ROOT_NONE};
    COF_TRY(check_root(chain, input, &root, checks, err));
    COF_TRY(check_names(chain, input, checks, err));
    COF_TRY(check_constraints(chain, checks, err));
    COF_TRY(check_validity(chain, input->now_unix_s, checks, err));
    COF_TRY(check_signatures(chain, checks, err));
    *out_root = root;
    return COF_OK;
}
