/* The signed documents of Intel collateral: TCB info and QE identity. */
#include <inttypes.h>
#include <stdio.h>

#include "relying/verify/intel/intel_collateral_parts.h"
#include "relying/verify/intel/record.h"
#include "tcb/wire/text.h"

/* One of the two signed documents: where it is found, and how its checks are called. */
typedef struct document_names {
    cof_collateral_item document;
    cof_collateral_item chain;
    const char *source;       /* of the document */
    const char *chain_source; /* of its chain */
    const char *member;
    const char *present, *chain_check, *revocation, *signature, *form, *time;
} document_names;

static const document_names tcb_names = {
    .document = COF_COLLATERAL_TCB_INFO,
    .chain = COF_COLLATERAL_TCB_CHAIN,
    .source = "TCB info",
    .chain_source = "TCB info chain",
    .member = "tcbInfo",
    .present = "evidence.tcb_info",
    .chain_check = "evidence.tcb_info_chain",
    .revocation = "evidence.tcb_info_signer_revocation",
    .signature = "evidence.tcb_info_signature",
    .form = "evidence.tcb_info_form",
    .time = "evidence.tcb_info_time",
};

static const document_names qe_names = {
    .document = COF_COLLATERAL_QE_IDENTITY,
    .chain = COF_COLLATERAL_QE_CHAIN,
    .source = "QE identity",
    .chain_source = "QE identity chain",
    .member = "enclaveIdentity",
    .present = "evidence.qe_identity",
    .chain_check = "evidence.qe_identity_chain",
    .revocation = "evidence.qe_identity_signer_revocation",
    .signature = "evidence.qe_identity_signature",
    .form = "evidence.qe_identity_form",
    .time = "evidence.qe_identity_time",
};

/* Failures of a chain or a parser, as they are called when collateral is judged. */
static cof_status as_collateral(cof_status status, cof_err *err)
{
    cof_status mapped = COF_E_COLLATERAL_INVALID;
    if (status == COF_OK || status == COF_E_NO_MEMORY || status == COF_E_EVIDENCE_REVOKED) {
        return status;
    }
    if (status == COF_E_EVIDENCE_OLD) {
        mapped = COF_E_COLLATERAL_OLD;
    } else if (status == COF_E_EVIDENCE_EARLY) {
        mapped = COF_E_COLLATERAL_EARLY;
    }
    err->status = mapped;
    return mapped;
}

static cof_status open_signer(const cof_intel_collateral *collateral, const document_names *names,
                              cof_tcb_signer *signer, cof_err *err)
{
    const cof_view pem = cof_collateral_view(&collateral->items, names->chain);
    if (signer->certificate != NULL) {
        return COF_OK;
    }
    if (pem.size == 0) {
        return COF_FAIL(err, COLLATERAL_MISSING, "%s", cof_collateral_file_name(names->chain));
    }
    return as_collateral(cof_tcb_signer_verify(pem, &collateral->root, signer, err), err);
}

static cof_status check_signer_time(const cof_tcb_signer *signer, cof_intel_use *use, cof_err *err)
{
    COF_TRY(cof_chain_check_time(signer->root, "root certificate", use->now_unix_s,
                                 &use->expires_unix_s, err));
    return cof_chain_check_time(signer->certificate, "TCB signing certificate", use->now_unix_s,
                                &use->expires_unix_s, err);
}

/* Usually both documents bring the same chain: it is verified once. */
static cof_tcb_signer *qe_signer_of(cof_intel_collateral *collateral)
{
    const cof_view tcb_chain = cof_collateral_view(&collateral->items, COF_COLLATERAL_TCB_CHAIN);
    const cof_view qe_chain = cof_collateral_view(&collateral->items, COF_COLLATERAL_QE_CHAIN);
    return cof_view_equal(tcb_chain, qe_chain) ? &collateral->tcb_signer : &collateral->qe_signer;
}

/* Presence, chain, revocation of the signer. */
static cof_status check_signer(cof_intel_collateral *collateral, const document_names *names,
                               cof_tcb_signer *signer, cof_intel_use *use, cof_err *err)
{
    cof_checks_from(use->checks, names->source);
    COF_TRY(cof_intel_check_present(collateral, names->document, names->present, use, err));
    cof_checks_from(use->checks, names->chain_source);
    cof_status status = open_signer(collateral, names, signer, err);
    if (status == COF_OK) {
        status = as_collateral(check_signer_time(signer, use, err), err);
    }
    COF_TRY(cof_record(use->checks, names->chain_check,
                       "TCB signing certificate under the pinned root, valid at that time", "yes",
                       status, err));
    COF_TRY(cof_intel_check_serial(collateral->root_list.crl, signer->certificate,
                                   names->revocation, use, err));
    cof_checks_from(use->checks, names->source);
    return COF_OK;
}

/* The document's inner object, when the signer signed it. */
static cof_status open_document(const cof_intel_collateral *collateral, const document_names *names,
                                const cof_tcb_signer *signer, cof_view *out_body, cof_err *err)
{
    cof_signed_json document = {0};
    COF_TRY(cof_signed_json_cut(cof_collateral_view(&collateral->items, names->document),
                                names->member, &document, err));
    COF_TRY(cof_ec_verify(signer->key, document.body, document.signature, err));
    *out_body = document.body;
    return COF_OK;
}

static cof_status check_signature(const cof_intel_collateral *collateral,
                                  const document_names *names, const cof_tcb_signer *signer,
                                  bool is_known, cof_view *out_body, cof_intel_use *use,
                                  cof_err *err)
{
    const cof_status status =
        is_known ? COF_OK : open_document(collateral, names, signer, out_body, err);
    return cof_record(use->checks, names->signature, "signed by the TCB signing key", "yes",
                      as_collateral(status, err), err);
}

static cof_status check_form(const document_names *names, cof_status status, cof_intel_use *use,
                             cof_err *err)
{
    return cof_record(use->checks, names->form, "well formed, of a known version", "yes",
                      as_collateral(status, err), err);
}

static cof_status read_tcb_info(cof_intel_collateral *collateral, cof_view body, cof_err *err)
{
    COF_CLEANUP(cof_free_drop_) cof_tcb_info *info = calloc(1, sizeof *info);
    if (info == NULL) {
        return COF_FAIL(err, NO_MEMORY, "TCB info");
    }
    COF_TRY(cof_tcb_info_parse(body, info, err));
    collateral->tcb_info = info;
    info = NULL;
    return COF_OK;
}

static cof_status check_kind(const char *name, bool is_right, const char *expected,
                             const char *actual, cof_intel_use *use, cof_err *err)
{
    if (!cof_check_add(use->checks, name, is_right, expected, "%s", actual)) {
        return COF_FAIL(err, COLLATERAL_MISMATCH, "%s where %s is needed", actual, expected);
    }
    return COF_OK;
}

cof_status cof_intel_get_tcb_info(cof_intel_collateral *collateral, bool is_tdx, cof_intel_use *use,
                                  const cof_tcb_info **out, cof_err *err)
{
    const document_names *names = &tcb_names;
    cof_view body = {0};
    COF_TRY(check_signer(collateral, names, &collateral->tcb_signer, use, err));
    const bool is_known = collateral->tcb_info != NULL;
    COF_TRY(check_signature(collateral, names, &collateral->tcb_signer, is_known, &body, use, err));
    COF_TRY(check_form(names, is_known ? COF_OK : read_tcb_info(collateral, body, err), use, err));
    const cof_tcb_info *info = collateral->tcb_info;
    COF_TRY(cof_intel_check_window(names->time, info->issued_unix_s, info->next_update_unix_s, use,
                                   err));
    COF_TRY(check_kind("evidence.tcb_info_kind", info->is_tdx == is_tdx, is_tdx ? "TDX" : "SGX",
                       info->is_tdx ? "TDX" : "SGX", use, err));
    cof_freshness_item item = {.issued_unix_s = info->issued_unix_s,
                               .number = info->evaluation_number};
    char fmspc[2 * sizeof info->fmspc + 1];
    cof_hex_text(cof_view_of(info->fmspc, sizeof info->fmspc), fmspc);
    (void)snprintf(item.key, sizeof item.key, "tcbinfo:%s:%s", is_tdx ? "tdx" : "sgx", fmspc);
    COF_TRY(cof_intel_check_fresh(&item, use, err));
    *out = info;
    return COF_OK;
}

static cof_status read_qe_identity(cof_intel_collateral *collateral, cof_view body, cof_err *err)
{
    COF_CLEANUP(cof_free_drop_) cof_qe_identity *identity = calloc(1, sizeof *identity);
    if (identity == NULL) {
        return COF_FAIL(err, NO_MEMORY, "QE identity");
    }
    COF_TRY(cof_qe_identity_parse(body, identity, err));
    collateral->qe_identity = identity;
    identity = NULL;
    return COF_OK;
}

/* Both documents are of one evaluation: else a prover could mix an old one in. */
static cof_status check_evaluation(const cof_intel_collateral *collateral, bool is_tdx,
                                   cof_intel_use *use, cof_err *err)
{
    const uint32_t of_tcb = collateral->tcb_info->evaluation_number;
    const uint32_t of_qe = collateral->qe_identity->evaluation_number;
    char expected[COF_CHECK_TEXT_SIZE];
    (void)snprintf(expected, sizeof expected, "%" PRIu32 ", as in the TCB info", of_tcb);
    if (!cof_check_add(use->checks, "evidence.evaluation_number", of_tcb == of_qe, expected,
                       "%" PRIu32, of_qe)) {
        return COF_FAIL(err, COLLATERAL_MISMATCH,
                        "TCB info of evaluation %" PRIu32 " and QE identity of %" PRIu32, of_tcb,
                        of_qe);
    }
    /* No date: an evaluation is older than another by its number alone. */
    cof_freshness_item item = {.number = of_tcb};
    (void)snprintf(item.key, sizeof item.key, "evaluation:%s", is_tdx ? "tdx" : "sgx");
    return cof_intel_check_fresh(&item, use, err);
}

static const char *qe_id_name(cof_qe_id id)
{
    return id == COF_QE_SGX ? "QE" : id == COF_QE_TDX ? "TD_QE" : "QVE";
}

cof_status cof_intel_get_qe_identity(cof_intel_collateral *collateral, bool is_tdx,
                                     cof_intel_use *use, const cof_qe_identity **out, cof_err *err)
{
    const document_names *names = &qe_names;
    const cof_qe_id wanted = is_tdx ? COF_QE_TDX : COF_QE_SGX;
    cof_view body = {0};
    cof_tcb_signer *signer = qe_signer_of(collateral);
    COF_TRY(check_signer(collateral, names, signer, use, err));
    const bool is_known = collateral->qe_identity != NULL;
    COF_TRY(check_signature(collateral, names, signer, is_known, &body, use, err));
    COF_TRY(
        check_form(names, is_known ? COF_OK : read_qe_identity(collateral, body, err), use, err));
    const cof_qe_identity *identity = collateral->qe_identity;
    COF_TRY(cof_intel_check_window(names->time, identity->issued_unix_s,
                                   identity->next_update_unix_s, use, err));
    COF_TRY(check_kind("evidence.qe_identity_kind", identity->id == wanted, qe_id_name(wanted),
                       qe_id_name(identity->id), use, err));
    cof_freshness_item item = {.issued_unix_s = identity->issued_unix_s,
                               .number = identity->evaluation_number};
    (void)snprintf(item.key, sizeof item.key, "qeidentity:%s", qe_id_name(wanted));
    COF_TRY(cof_intel_check_fresh(&item, use, err));
    COF_TRY(check_evaluation(collateral, is_tdx, use, err));
    *out = identity;
    return COF_OK;
}
