#include "host/collateral/summary.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "relying/verify/amd/vcek.h"
#include "relying/verify/intel/tcb_info.h"
#include "relying/verify/pem.h"
#include "relying/verify/timestamp.h"
#include "relying/verify/x509.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { CHAIN_MAX = 4, NAME_PART_SIZE = 64, ID_MAX = 16 };

/* ---- Intel's documents ---- */

static cof_status read_time(const json_t *object, const char *key, int64_t *out, cof_err *err)
{
    const char *text = NULL;
    COF_TRY(cof_json_get_text(object, key, COF_TIMESTAMP_SIZE, &text, err));
    return cof_time_parse(cof_view_text(text), out, err);
}

static cof_status read_common(const json_t *body, cof_summary *out, cof_err *err)
{
    json_t *levels = NULL;
    int64_t number = 0;
    COF_TRY(read_time(body, "issueDate", &out->issued_unix_s, err));
    COF_TRY(read_time(body, "nextUpdate", &out->next_update_unix_s, err));
    COF_TRY(cof_json_get_int(body, "tcbEvaluationDataNumber", 0, UINT32_MAX, &number, err));
    COF_TRY(cof_json_get(body, "tcbLevels", JSON_ARRAY, &levels, err));
    out->number = (uint64_t)number;
    out->count = json_array_size(levels);
    return COF_OK;
}

/* TCB info of version 2 has no id: it is SGX's. */
static cof_status read_tcb_info(const json_t *body, cof_summary *out, cof_err *err)
{
    char fmspc[2 * sizeof out->fmspc + 1];
    const char *id = "SGX";
    if (json_object_get(body, "id") != NULL) {
        COF_TRY(cof_json_get_text(body, "id", ID_MAX, &id, err));
    }
    COF_TRY(cof_json_get_hex(body, "fmspc", out->fmspc, sizeof out->fmspc, err));
    const bool is_tdx = strcmp(id, "TDX") == 0;
    if (!is_tdx && strcmp(id, "SGX") != 0) {
        return COF_FAIL(err, BAD_FORMAT, "its id is neither SGX nor TDX");
    }
    out->tee = is_tdx ? COF_TEE_TDX : COF_TEE_SGX;
    cof_hex_text(cof_view_of(out->fmspc, sizeof out->fmspc), fmspc);
    (void)snprintf(out->name, sizeof out->name, "%s %s", id, fmspc);
    return read_common(body, out, err);
}

static cof_status read_qe_identity(const json_t *body, cof_summary *out, cof_err *err)
{
    const char *id = NULL;
    COF_TRY(cof_json_get_text(body, "id", ID_MAX, &id, err));
    const bool is_tdx = strcmp(id, "TD_QE") == 0;
    if (!is_tdx && strcmp(id, "QE") != 0) {
        return COF_FAIL(err, BAD_FORMAT, "its id is neither QE nor TD_QE");
    }
    out->tee = is_tdx ? COF_TEE_TDX : COF_TEE_SGX;
    (void)snprintf(out->name, sizeof out->name, "%s", id);
    return read_common(body, out, err);
}

static cof_status read_document(cof_collateral_item item, cof_view bytes, cof_summary *out,
                                cof_err *err)
{
    const bool is_tcb_info = item == COF_COLLATERAL_TCB_INFO;
    COF_JSON json_t *document = NULL;
    json_t *body = NULL;
    out->kind = is_tcb_info ? "TCB info" : "QE identity";
    COF_TRY(cof_json_parse(bytes, COF_COLLATERAL_ITEM_MAX, &document, err));
    COF_TRY(cof_json_get(document, is_tcb_info ? "tcbInfo" : "enclaveIdentity", JSON_OBJECT, &body,
                         err));
    return is_tcb_info ? read_tcb_info(body, out, err) : read_qe_identity(body, out, err);
}

/* ---- certificates ---- */

static void common_name(const X509_NAME *name, char *out, size_t size)
{
    const int found = X509_NAME_get_text_by_NID(name, NID_commonName, out, (int)size);
    if (found < 0) {
        (void)snprintf(out, size, "?");
    }
    /* Nobody has vouched for it: what could play with a terminal is replaced. */
    for (char *c = out; *c != '\0'; c++) {
        *c = *c >= 0x20 && *c < 0x7f ? *c : '?';
    }
}

static void append_name(cof_summary *out, const char *name)
{
    const size_t used = strlen(out->name);
    (void)snprintf(out->name + used, sizeof out->name - used, "%s%s", used > 0 ? " <- " : "", name);
}

static cof_status add_certificate(cof_summary *out, X509 *certificate, cof_err *err)
{
    char name[NAME_PART_SIZE] = "";
    int64_t from = 0;
    int64_t to = 0;
    COF_TRY(cof_x509_validity(certificate, &from, &to, err));
    common_name(X509_get_subject_name(certificate), name, sizeof name);
    append_name(out, name);
    if (out->count == 0 || from > out->issued_unix_s) {
        out->issued_unix_s = from;
    }
    if (out->count == 0 || to < out->next_update_unix_s) {
        out->next_update_unix_s = to;
    }
    out->count++;
    return COF_OK;
}

static cof_status read_chain(cof_view pem, cof_summary *out, cof_err *err)
{
    X509 *certificates[CHAIN_MAX] = {NULL};
    size_t count = 0;
    out->kind = "certificates";
    COF_TRY(cof_pem_read(pem, CHAIN_MAX, certificates, &count, err));
    cof_status status = COF_OK;
    for (size_t i = 0; i < count; i++) {
        status = status == COF_OK ? add_certificate(out, certificates[i], err) : status;
        X509_free(certificates[i]);
    }
    return status;
}

/* AMD's extensions; a leaf that has none is still shown, and left to the verifier. */
static void read_amd_leaf(X509 *certificate, cof_summary *out)
{
    cof_vcek leaf = {0};
    char name[NAME_PART_SIZE] = "";
    common_name(X509_get_subject_name(certificate), name, sizeof name);
    const cof_snp_signer signer = strcmp(name, "SEV-VLEK") == 0 ? COF_SNP_VLEK : COF_SNP_VCEK;
    if (cof_vcek_read(X509_get0_extensions(certificate), signer, &leaf, NULL) == COF_OK) {
        out->product = leaf.product;
        out->tcb = leaf.tcb;
        memcpy(out->chip_id, leaf.chip_id, sizeof out->chip_id);
        append_name(out, cof_snp_product_name(leaf.product));
    }
}

static cof_status read_leaf(cof_view der, cof_summary *out, cof_err *err)
{
    COF_CLEANUP(cof_x509_drop_) X509 *certificate = NULL;
    out->kind = "certificate";
    COF_TRY(cof_certificate_parse(der, &certificate, err));
    COF_TRY(add_certificate(out, certificate, err));
    read_amd_leaf(certificate, out);
    return COF_OK;
}

/* ---- revocation lists ---- */

static void drop_crl(X509_CRL **crl)
{
    X509_CRL_free(*crl);
}

static void drop_integer(ASN1_INTEGER **integer)
{
    ASN1_INTEGER_free(*integer);
}

static cof_status read_crl(cof_view der, cof_summary *out, cof_err *err)
{
    const unsigned char *at = der.data;
    out->kind = "revocation list";
    COF_CLEANUP(drop_crl) X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)der.size);
    ERR_clear_error();
    if (crl == NULL || at != der.data + der.size || X509_CRL_get0_nextUpdate(crl) == NULL) {
        return COF_FAIL(err, BAD_FORMAT, "it is not a list with a next update");
    }
    COF_TRY(cof_x509_time(X509_CRL_get0_lastUpdate(crl), &out->issued_unix_s, err));
    COF_TRY(cof_x509_time(X509_CRL_get0_nextUpdate(crl), &out->next_update_unix_s, err));
    COF_CLEANUP(drop_integer)
    ASN1_INTEGER *number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
    if (number != NULL && ASN1_INTEGER_get_uint64(&out->number, number) != 1) {
        out->number = 0;
    }
    ERR_clear_error();
    const STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED(crl);
    out->count = revoked != NULL ? (size_t)sk_X509_REVOKED_num(revoked) : 0;
    common_name(X509_CRL_get_issuer(crl), out->name, sizeof out->name);
    return COF_OK;
}

/* ---- all kinds ---- */

static cof_status read_item(cof_collateral_item item, cof_view bytes, cof_summary *out,
                            cof_err *err)
{
    switch (item) {
    case COF_COLLATERAL_TCB_INFO:
    case COF_COLLATERAL_QE_IDENTITY:
        return read_document(item, bytes, out, err);
    case COF_COLLATERAL_TCB_CHAIN:
    case COF_COLLATERAL_QE_CHAIN:
    case COF_COLLATERAL_AMD_CHAIN:
        return read_chain(bytes, out, err);
    case COF_COLLATERAL_ROOT_CRL:
    case COF_COLLATERAL_PCK_CRL:
    case COF_COLLATERAL_AMD_CRL:
        return read_crl(bytes, out, err);
    case COF_COLLATERAL_AMD_LEAF:
        return read_leaf(bytes, out, err);
    case COF_COLLATERAL_COUNT:
        break;
    }
    return COF_FAIL(err, INTERNAL, "no such item");
}

cof_status cof_summarise(cof_collateral_item item, cof_view bytes, cof_summary *out, cof_err *err)
{
    cof_summary summary = {0};
    cof_err reason = {0};
    const cof_status status = read_item(item, bytes, &summary, &reason);
    if (status == COF_E_NO_MEMORY) {
        return COF_FAIL(err, NO_MEMORY, "%s", cof_collateral_file_name(item));
    }
    if (status != COF_OK) {
        return COF_FAIL(err, COLLATERAL_INVALID, "%s: %s", cof_collateral_file_name(item),
                        reason.detail);
    }
    *out = summary;
    return COF_OK;
}

void cof_summary_need(const cof_collateral *collateral, cof_collateral_need *out)
{
    cof_summary info = {0};
    cof_summary list = {0};
    *out = (cof_collateral_need){0};
    if (cof_summarise(COF_COLLATERAL_TCB_INFO,
                      cof_collateral_view(collateral, COF_COLLATERAL_TCB_INFO), &info,
                      NULL) != COF_OK ||
        cof_summarise(COF_COLLATERAL_PCK_CRL,
                      cof_collateral_view(collateral, COF_COLLATERAL_PCK_CRL), &list,
                      NULL) != COF_OK) {
        return;
    }
    out->hardware = info.tee;
    memcpy(out->fmspc, info.fmspc, sizeof out->fmspc);
    out->is_platform_ca = strcmp(list.name, "Intel SGX PCK Platform CA") == 0;
}

static const char *state_of(const cof_summary *summary, int64_t now_unix_s)
{
    if (now_unix_s > summary->next_update_unix_s) {
        return "expired";
    }
    return now_unix_s < summary->issued_unix_s ? "not yet valid" : "valid";
}

static cof_status item_to_json(cof_collateral_item item, cof_view bytes, int64_t now_unix_s,
                               json_t **out, cof_err *err)
{
    cof_summary summary = {0};
    cof_digest digest = {{0}};
    char sha256[2 * COF_DIGEST_SIZE + 1];
    char issued[COF_TIMESTAMP_SIZE];
    char next[COF_TIMESTAMP_SIZE];
    COF_TRY(cof_digest_of(bytes, &digest, err));
    cof_digest_text(&digest, sha256);
    COF_JSON json_t *object = json_pack("{s:s,s:I,s:s}", "item", cof_collateral_file_name(item),
                                        "bytes", (json_int_t)bytes.size, "sha256", sha256);
    const cof_status status = cof_summarise(item, bytes, &summary, NULL);
    if (status == COF_E_NO_MEMORY) {
        return COF_FAIL(err, NO_MEMORY, "summary");
    }
    const char *state = status == COF_OK ? state_of(&summary, now_unix_s) : "unreadable";
    COF_TRY(cof_json_set(object, "state", json_string(state), err));
    if (status == COF_OK) {
        cof_timestamp_text(summary.issued_unix_s, issued);
        cof_timestamp_text(summary.next_update_unix_s, next);
        COF_TRY(cof_json_set(object, "kind", json_string(summary.kind), err));
        COF_TRY(cof_json_set(object, "name", json_string(summary.name), err));
        COF_TRY(cof_json_set(object, "issued", json_string(issued), err));
        COF_TRY(cof_json_set(object, "next_update", json_string(next), err));
        COF_TRY(cof_json_set(object, "number", json_integer((json_int_t)summary.number), err));
        COF_TRY(cof_json_set(object, "count", json_integer((json_int_t)summary.count), err));
    }
    *out = object;
    object = NULL;
    return COF_OK;
}

cof_status cof_summary_to_json(const cof_collateral *collateral, int64_t now_unix_s, json_t **out,
                               cof_err *err)
{
    COF_JSON json_t *array = json_array();
    if (array == NULL) {
        return COF_FAIL(err, NO_MEMORY, "summary");
    }
    for (cof_collateral_item item = 0; item < COF_COLLATERAL_COUNT; item++) {
        const cof_view bytes = cof_collateral_view(collateral, item);
        json_t *object = NULL;
        if (bytes.size > 0) {
            COF_TRY(item_to_json(item, bytes, now_unix_s, &object, err));
            COF_TRY(cof_json_append(array, object, err));
        }
    }
    *out = array;
    array = NULL;
    return COF_OK;
}
