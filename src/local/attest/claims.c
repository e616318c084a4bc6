#include "local/attest/claims.h"

#include "local/attest/claims_internal.h"
#include "tcb/base/limits.h"
#include "tcb/wire/text.h"

enum { HEX_SIZE = 2 * 64 + 1 };

cof_status cof_claims_text(json_t *claims, const char *name, const char *text, cof_err *err)
{
    return cof_json_set(claims, name, json_string(text), err);
}

cof_status cof_claims_hex(json_t *claims, const char *name, const void *bytes, size_t size,
                          cof_err *err)
{
    char text[HEX_SIZE];
    if (2 * size >= sizeof text) {
        return COF_FAIL(err, INTERNAL, "%s is too long", name);
    }
    cof_hex_text(cof_view_of(bytes, size), text);
    return cof_claims_text(claims, name, text, err);
}

cof_status cof_claims_base64url(json_t *claims, const char *name, cof_view bytes, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = (size_t)2 * COF_LIMIT_RUNTIME_BYTES};
    COF_TRY(cof_base64url_encode(bytes, &text, err));
    const char *start = text.data != NULL ? (const char *)text.data : "";
    return cof_json_set(claims, name, json_stringn(start, text.size), err);
}

cof_status cof_claims_bytes(json_t *claims, const void *object, const cof_claim_bytes *rows,
                            size_t count, cof_err *err)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *bytes = (const uint8_t *)object + rows[i].offset;
        COF_TRY(cof_claims_hex(claims, rows[i].name, bytes, rows[i].size, err));
    }
    return COF_OK;
}

cof_status cof_claims_numbers(json_t *claims, const cof_claim_number *rows, size_t count,
                              cof_err *err)
{
    for (size_t i = 0; i < count; i++) {
        COF_TRY(cof_json_set(claims, rows[i].name, json_integer((json_int_t)rows[i].value), err));
    }
    return COF_OK;
}

cof_status cof_claims_flags(json_t *claims, const cof_claim_flag *rows, size_t count, cof_err *err)
{
    for (size_t i = 0; i < count; i++) {
        COF_TRY(cof_json_set(claims, rows[i].name, json_boolean(rows[i].value), err));
    }
    return COF_OK;
}

cof_status cof_claims_digests(json_t *claims, const cof_claim_digest *rows, size_t count,
                              cof_err *err)
{
    for (size_t i = 0; i < count; i++) {
        COF_TRY(cof_claims_hex(claims, rows[i].name, rows[i].value->bytes, COF_DIGEST_SIZE, err));
    }
    return COF_OK;
}

/* What Azure's tokens do not say: which protection it is, and how its vendor rates it now. */
static cof_status add_own(json_t *claims, const cof_facts *facts, cof_err *err)
{
    COF_TRY(cof_claims_text(claims, "coffer-platform", cof_tee_name(facts->tee), err));
    if (facts->tcb.status == COF_TCB_UNRATED) {
        return COF_OK;
    }
    COF_JSON json_t *advisories = json_array();
    if (advisories == NULL) {
        return COF_FAIL(err, NO_MEMORY, "claims");
    }
    for (size_t i = 0; i < facts->tcb.advisories.count; i++) {
        COF_TRY(cof_json_append(advisories, json_string(facts->tcb.advisories.ids[i]), err));
    }
    COF_TRY(
        cof_claims_text(claims, "coffer-tcb-status", cof_tcb_status_name(facts->tcb.status), err));
    COF_TRY(cof_json_set(claims, "coffer-tcb-evaluation-data-number",
                         json_integer(facts->tcb.evaluation_number), err));
    return cof_json_set(claims, "coffer-tcb-advisories", json_incref(advisories), err);
}

static cof_status add_evidence(json_t *claims, cof_attest_kind kind, const cof_facts *facts,
                               const cof_guest_claims *guest, cof_err *err)
{
    switch (kind) {
    case COF_ATTEST_SGX:
    case COF_ATTEST_OPEN_ENCLAVE:
        return cof_claims_of_sgx(claims, facts, err);
    case COF_ATTEST_SNP:
        return cof_claims_of_snp(claims, facts, err);
    case COF_ATTEST_TDX:
        return cof_claims_of_tdx(claims, facts, err);
    case COF_ATTEST_AZURE_GUEST:
        return cof_claims_of_azure(claims, facts, guest, err);
    case COF_ATTEST_KINDS:
        break;
    }
    return COF_FAIL(err, INTERNAL, "kind of evidence");
}

cof_status cof_attest_evidence_claims(cof_attest_kind kind, const cof_facts *facts,
                                      const cof_guest_claims *guest, json_t **out, cof_err *err)
{
    COF_JSON json_t *claims = json_object();
    if (claims == NULL) {
        return COF_FAIL(err, NO_MEMORY, "claims");
    }
    COF_TRY(add_evidence(claims, kind, facts, guest, err));
    COF_TRY(add_own(claims, facts, err));
    *out = json_incref(claims);
    return COF_OK;
}

cof_status cof_attest_add_extra(json_t *claims, cof_attest_kind kind, const cof_attest_extra *extra,
                                cof_err *err)
{
    if (extra->runtime != NULL) {
        COF_TRY(cof_json_set(claims, "x-ms-runtime", json_deep_copy(extra->runtime), err));
    }
    if (extra->init_time != NULL) {
        COF_TRY(cof_json_set(claims, "x-ms-inittime", json_deep_copy(extra->init_time), err));
    }
    if (extra->held_data.data != NULL &&
        (kind == COF_ATTEST_SGX || kind == COF_ATTEST_OPEN_ENCLAVE)) {
        COF_TRY(cof_claims_base64url(claims, "x-ms-sgx-ehd", extra->held_data, err));
        COF_TRY(cof_claims_base64url(claims, "maa-ehd", extra->held_data, err));
        COF_TRY(cof_claims_base64url(claims, "aas-ehd", extra->held_data, err));
    }
    return extra->nonce != NULL ? cof_claims_text(claims, "nonce", extra->nonce, err) : COF_OK;
}
