#include "relying/verify/amd/snp.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "relying/verify/amd/amd_chain.h"
#include "relying/verify/amd/amd_crl.h"
#include "relying/verify/amd/vcek.h"

enum { TCB_TEXT_SIZE = 80, HEX_64_SIZE = 129, DER_SIGNATURE_MAX = 128, TCB_PARTS = 5 };

/* All that one verification gathers. Zeroed is empty; free with verification_free. */
typedef struct verification {
    const cof_snp_input *input;
    cof_checks *checks;
    cof_snp_report report;
    cof_amd_chain chain;
    cof_vcek leaf;
    cof_root_pin root;
    cof_freshness_item crl_item;
} verification;

static void verification_free(verification *v)
{
    cof_amd_chain_free(&v->chain);
}

/* A parser's failure is the evidence's. */
static cof_status as_evidence(cof_status status, cof_err *err)
{
    if (status == COF_OK || status == COF_E_NO_MEMORY || status == COF_E_COLLATERAL_MISSING) {
        return status;
    }
    err->status = COF_E_EVIDENCE_INVALID;
    return COF_E_EVIDENCE_INVALID;
}

static void hex_of_64(const uint8_t bytes[static 64], char out[static HEX_64_SIZE])
{
    for (size_t i = 0; i < 64; i++) {
        (void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    }
}

static cof_status read_report(verification *v, cof_err *err)
{
    cof_checks_from(v->checks, "SNP report");
    const cof_status status = cof_snp_report_parse(v->input->report, &v->report, err);
    if (status != COF_OK) {
        (void)cof_check_add(v->checks, "evidence.structure", false,
                            "an SNP report of version 2 to 5", "%s", err->detail);
        return as_evidence(status, err);
    }
    (void)cof_check_add(v->checks, "evidence.structure", true, "an SNP report of version 2 to 5",
                        "version %u, %s", v->report.version,
                        v->report.product == COF_SNP_NONE
                            ? "of a processor that it does not name"
                            : cof_snp_product_name(v->report.product));
    return COF_OK;
}

static cof_status read_certificates(verification *v, cof_err *err)
{
    static const char expected[] = "certificates of VCEK or VLEK, ASK or ASVK, ARK";
    cof_checks_from(v->checks, "AMD certificates");
    const cof_status status = cof_amd_chain_read(v->input->collateral, &v->chain, err);
    (void)cof_check_add(v->checks, "evidence.certificates", status == COF_OK, expected, "%s",
                        status == COF_OK ? "there" : err->detail);
    return as_evidence(status, err);
}

static cof_status read_leaf(verification *v, cof_err *err)
{
    const bool is_vlek = v->report.signer == COF_SNP_VLEK;
    cof_checks_from(v->checks, is_vlek ? "VLEK certificate" : "VCEK certificate");
    const cof_status status =
        cof_vcek_read(X509_get0_extensions(v->chain.leaf), v->report.signer, &v->leaf, err);
    (void)cof_check_add(v->checks, "evidence.leaf", status == COF_OK,
                        is_vlek ? "the extensions of a VLEK, each once"
                                : "the extensions of a VCEK, each once",
                        "%s", status == COF_OK ? "yes" : err->detail);
    ERR_clear_error();
    return as_evidence(status, err);
}

/* Reports of version 2 do not name the processor: then the leaf does, which the ARK vouches for. */
static cof_status check_product(verification *v, cof_err *err)
{
    const cof_snp_product claimed = v->report.product;
    const bool is_same = claimed == COF_SNP_NONE || claimed == v->leaf.product;
    if (!cof_check_add(v->checks, "evidence.product", is_same,
                       claimed == COF_SNP_NONE ? "any: the report does not say"
                                               : cof_snp_product_name(claimed),
                       "%s", v->leaf.product_name)) {
        return COF_FAIL(err, COLLATERAL_MISMATCH, "a leaf of %s for a report of %s",
                        v->leaf.product_name, cof_snp_product_name(claimed));
    }
    v->report.product = v->leaf.product;
    return COF_OK;
}

static cof_status check_chain(verification *v, cof_err *err)
{
    const cof_amd_chain_input input = {.signer = v->report.signer,
                                       .product = v->report.product,
                                       .roots = v->input->roots,
                                       .root_count = v->input->root_count,
                                       .now_unix_s = v->input->now_unix_s};
    cof_checks_from(v->checks, "AMD certificates");
    return cof_amd_chain_verify(&v->chain, &input, &v->root, v->checks, err);
}

static cof_status check_crl(verification *v, cof_err *err)
{
    const cof_amd_crl_input input = {
        .crl = cof_collateral_view(v->input->collateral, COF_COLLATERAL_AMD_CRL),
        .chain = &v->chain,
        .now_unix_s = v->input->now_unix_s,
        .seen = v->input->seen};
    cof_checks_from(v->checks, "AMD CRL");
    return cof_amd_crl_check(&input, &v->crl_item, v->checks, err);
}

static void tcb_text(const cof_snp_tcb *tcb, char out[static TCB_TEXT_SIZE])
{
    (void)snprintf(out, TCB_TEXT_SIZE, "fmc %u bootloader %u tee %u snp %u microcode %u", tcb->fmc,
                   tcb->bootloader, tcb->tee, tcb->snp, tcb->microcode);
}

static void tcb_parts(const cof_snp_tcb *tcb, uint8_t out[static TCB_PARTS])
{
    const uint8_t parts[TCB_PARTS] = {tcb->fmc, tcb->bootloader, tcb->tee, tcb->snp,
                                      tcb->microcode};
    memcpy(out, parts, sizeof parts);
}

/* Component by component: a greater number does not make up for a smaller one. */
static bool is_at_most(const cof_snp_tcb *low, const cof_snp_tcb *high)
{
    uint8_t low_parts[TCB_PARTS];
    uint8_t high_parts[TCB_PARTS];
    tcb_parts(low, low_parts);
    tcb_parts(high, high_parts);
    for (size_t i = 0; i < TCB_PARTS; i++) {
        if (low_parts[i] > high_parts[i]) {
            return false;
        }
    }
    return true;
}

/* The leaf's key is derived from chip and TCB version: it speaks for these and no others. */
static cof_status check_leaf_tcb(const verification *v, cof_err *err)
{
    char expected[TCB_TEXT_SIZE];
    char actual[TCB_TEXT_SIZE];
    const cof_snp_tcb reported = cof_snp_tcb_of(v->report.reported_tcb, v->report.product);
    tcb_text(&reported, expected);
    tcb_text(&v->leaf.tcb, actual);
    const bool is_same = is_at_most(&reported, &v->leaf.tcb) && is_at_most(&v->leaf.tcb, &reported);
    if (!cof_check_add(v->checks, "evidence.leaf_tcb", is_same, expected, "%s", actual)) {
        return COF_FAIL(err, COLLATERAL_MISMATCH, "a leaf for TCB %s, the report's is %s", actual,
                        expected);
    }
    return COF_OK;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

/* A VLEK speaks for a provider's machines: then the report must not name a chip. */
static cof_status check_no_chip(const verification *v, cof_err *err)
{
    char actual[HEX_64_SIZE];
    hex_of_64(v->report.chip_id, actual);
    if (!cof_check_add(v->checks, "evidence.chip_id", is_zero(v->report.chip_id, 64),
                       "zero: signed by a VLEK", "%s", actual)) {
        return COF_FAIL(err, EVIDENCE_INVALID, "a report by a VLEK names a chip");
    }
    return COF_OK;
}

/* With the chip masked, nothing says that the leaf is of the chip that reported. */
static cof_status check_chip(const verification *v, cof_err *err)
{
    char expected[HEX_64_SIZE];
    char actual[HEX_64_SIZE];
    if (v->report.is_chip_masked || is_zero(v->report.chip_id, 64)) {
        (void)cof_check_add(v->checks, "evidence.chip_id", false, "a chip that is named", "masked");
        return COF_FAIL(err, EVIDENCE_INVALID, "the chip is masked in a report by a VCEK");
    }
    hex_of_64(v->report.chip_id, expected);
    hex_of_64(v->leaf.chip_id, actual);
    if (!cof_check_add(v->checks, "evidence.chip_id",
                       memcmp(v->report.chip_id, v->leaf.chip_id, 64) == 0, expected, "%s",
                       actual)) {
        return COF_FAIL(err, COLLATERAL_MISMATCH, "a leaf of another chip");
    }
    return COF_OK;
}

static cof_status check_leaf(verification *v, cof_err *err)
{
    const bool is_vlek = v->report.signer == COF_SNP_VLEK;
    cof_checks_from(v->checks, is_vlek ? "VLEK certificate" : "VCEK certificate");
    COF_TRY(check_leaf_tcb(v, err));
    if (!is_vlek) {
        return check_chip(v, err);
    }
    cof_checks_from(v->checks, "SNP report");
    COF_TRY(check_no_chip(v, err));
    memcpy(v->report.csp_id, v->leaf.csp_id, sizeof v->report.csp_id);
    return COF_OK;
}

static void ecdsa_sig_drop(ECDSA_SIG **signature)
{
    ECDSA_SIG_free(*signature);
    *signature = NULL;
}

/* R and S as DER, which OpenSSL reads. out has room for DER_SIGNATURE_MAX bytes. */
static cof_status signature_der(const cof_snp_report *report, uint8_t *out, size_t *out_size,
                                cof_err *err)
{
    COF_CLEANUP(ecdsa_sig_drop) ECDSA_SIG *signature = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(report->r, COF_SNP_SCALAR_SIZE, NULL);
    BIGNUM *s = BN_bin2bn(report->s, COF_SNP_SCALAR_SIZE, NULL);
    if (signature == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(signature, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return COF_FAIL(err, NO_MEMORY, "the report's signature");
    }
    const int size = i2d_ECDSA_SIG(signature, NULL);
    if (size <= 0 || size > DER_SIGNATURE_MAX || i2d_ECDSA_SIG(signature, &out) != size) {
        return COF_FAIL(err, NO_MEMORY, "the report's signature");
    }
    *out_size = (size_t)size;
    return COF_OK;
}

static void evp_md_ctx_drop(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
    *context = NULL;
}

static cof_status check_signature(verification *v, cof_err *err)
{
    uint8_t der[DER_SIGNATURE_MAX];
    size_t size = 0;
    cof_checks_from(v->checks, "SNP report");
    COF_TRY(signature_der(&v->report, der, &size, err));
    COF_CLEANUP(evp_md_ctx_drop) EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL) {
        return COF_FAIL(err, NO_MEMORY, "the report's signature");
    }
    const bool is_signed =
        EVP_DigestVerifyInit(context, NULL, EVP_sha384(), NULL,
                             cof_amd_chain_leaf_key(&v->chain)) == 1 &&
        EVP_DigestVerify(context, der, size, v->input->report.data, COF_SNP_SIGNED_SIZE) == 1;
    ERR_clear_error();
    if (!cof_check_add(v->checks, "evidence.signature", is_signed,
                       "report signed by the leaf's key", "%s", is_signed ? "yes" : "no")) {
        return COF_FAIL(err, EVIDENCE_INVALID, "the report's signature does not verify");
    }
    return COF_OK;
}

static cof_status check_tcb_order(const verification *v, cof_err *err)
{
    const cof_snp_product product = v->report.product;
    const cof_snp_tcb reported = cof_snp_tcb_of(v->report.reported_tcb, product);
    const cof_snp_tcb committed = cof_snp_tcb_of(v->report.committed_tcb, product);
    const cof_snp_tcb current = cof_snp_tcb_of(v->report.current_tcb, product);
    const uint64_t all = v->report.reported_tcb | v->report.committed_tcb | v->report.current_tcb |
                         v->report.launch_tcb;
    const bool is_ordered = (all & cof_snp_tcb_reserved(product)) == 0 &&
                            is_at_most(&reported, &committed) && is_at_most(&committed, &current);
    if (!cof_check_add(
            v->checks, "evidence.tcb_order", is_ordered,
            "reported <= committed <= current in each part, reserved bytes zero",
            "%016llx, %016llx, %016llx; launch %016llx", (unsigned long long)v->report.reported_tcb,
            (unsigned long long)v->report.committed_tcb, (unsigned long long)v->report.current_tcb,
            (unsigned long long)v->report.launch_tcb)) {
        return COF_FAIL(err, EVIDENCE_INVALID, "the report's TCB versions are not in order");
    }
    return COF_OK;
}

static cof_status verify_all(verification *v, cof_err *err)
{
    COF_TRY(read_report(v, err));
    COF_TRY(read_certificates(v, err));
    COF_TRY(read_leaf(v, err));
    COF_TRY(check_product(v, err));
    COF_TRY(check_chain(v, err));
    COF_TRY(check_crl(v, err));
    COF_TRY(check_leaf(v, err));
    COF_TRY(check_signature(v, err));
    return check_tcb_order(v, err);
}

cof_status cof_snp_verify(const cof_snp_input *input, cof_facts *out_facts, cof_checks *checks,
                          cof_err *err)
{
    cof_err local = {0};
    if (err == NULL) {
        err = &local;
    }
    COF_CLEANUP(verification_free) verification v = {.input = input, .checks = checks};
    cof_digest digest = {0};
    COF_TRY(verify_all(&v, err));
    COF_TRY(cof_digest_of(input->report, &digest, err));
    *out_facts = (cof_facts){.tee = COF_TEE_SEV_SNP,
                             .hardware = COF_TEE_SEV_SNP,
                             .root = v.root,
                             .evidence_digest = digest,
                             .is_debuggable = (v.report.policy & COF_SNP_POLICY_DEBUG) != 0,
                             .snp = v.report};
    memcpy(out_facts->report_data, v.report.report_data, sizeof out_facts->report_data);
    if (input->seen != NULL) {
        cof_freshness_note(input->seen, &v.crl_item);
    }
    return COF_OK;
}
