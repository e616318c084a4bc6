/* Claims of an SGX enclave, of real hardware or simulated. */
#include "local/attest/claims_internal.h"

#define SGX_FLAG_KSS                                                                               \
    ((uint64_t)1 << 7) /* key separation and sharing, Intel SDM volume 3D, table 34-3 */

static cof_status add_key_separation(json_t *claims, const cof_sgx_report *sgx, cof_err *err)
{
    static const cof_claim_bytes rows[] = {
        COF_CLAIM_BYTES("x-ms-sgx-config-id", cof_sgx_report, config_id),
        COF_CLAIM_BYTES("x-ms-sgx-isv-extended-product-id", cof_sgx_report, isv_ext_prod_id),
        COF_CLAIM_BYTES("x-ms-sgx-isv-family-id", cof_sgx_report, isv_family_id),
    };
    COF_TRY(cof_claims_bytes(claims, sgx, rows, sizeof rows / sizeof rows[0], err));
    return cof_json_set(claims, "x-ms-sgx-config-svn", json_integer(sgx->config_svn), err);
}

/* The simulated platform has no collateral (TCB info, revocation lists): of its digests only the
 * quote's own exists. */
static cof_status make_collateral(const cof_facts *facts, json_t **out, cof_err *err)
{
    const cof_collateral_digests *c = &facts->collateral;
    const cof_claim_digest rows[] = {
        {"quotehash", &facts->evidence_digest}, {"qeidcertshash", &c->qe_chain},
        {"qeidcrlhash", &c->root_crl},          {"qeidhash", &c->qe_identity},
        {"tcbinfocertshash", &c->tcb_chain},    {"tcbinfocrlhash", &c->root_crl},
        {"tcbinfohash", &c->tcb_info},
    };
    const size_t count = facts->tee == COF_TEE_SIMULATED ? 1 : sizeof rows / sizeof rows[0];
    COF_JSON json_t *object = json_object();
    if (object == NULL) {
        return COF_FAIL(err, NO_MEMORY, "claims");
    }
    COF_TRY(cof_claims_digests(object, rows, count, err));
    *out = json_incref(object);
    return COF_OK;
}

cof_status cof_claims_of_sgx(json_t *claims, const cof_facts *facts, cof_err *err)
{
    static const cof_claim_bytes rows[] = {
        COF_CLAIM_BYTES("x-ms-sgx-mrenclave", cof_sgx_report, mrenclave),
        COF_CLAIM_BYTES("x-ms-sgx-mrsigner", cof_sgx_report, mrsigner),
    };
    json_t *collateral = NULL;
    COF_TRY(cof_claims_text(claims, "x-ms-attestation-type", "sgx", err));
    COF_TRY(
        cof_json_set(claims, "x-ms-sgx-is-debuggable", json_boolean(facts->is_debuggable), err));
    COF_TRY(cof_claims_bytes(claims, &facts->sgx, rows, sizeof rows / sizeof rows[0], err));
    COF_TRY(cof_json_set(claims, "x-ms-sgx-product-id", json_integer(facts->sgx.isv_prod_id), err));
    COF_TRY(cof_json_set(claims, "x-ms-sgx-svn", json_integer(facts->sgx.isv_svn), err));
    COF_TRY(cof_claims_hex(claims, "x-ms-sgx-report-data", facts->report_data,
                           sizeof facts->report_data, err));
    if ((facts->sgx.flags & SGX_FLAG_KSS) != 0) {
        COF_TRY(add_key_separation(claims, &facts->sgx, err));
    }
    COF_TRY(make_collateral(facts, &collateral, err));
    return cof_json_set(claims, "x-ms-sgx-collateral", collateral, err);
}

cof_status cof_attest_add_deprecated(json_t *claims, const cof_facts *facts, cof_err *err)
{
    static const cof_claim_bytes rows[] = {
        COF_CLAIM_BYTES("sgx-mrenclave", cof_sgx_report, mrenclave),
        COF_CLAIM_BYTES("sgx-mrsigner", cof_sgx_report, mrsigner),
    };
    json_t *collateral = NULL;
    COF_TRY(cof_json_set(claims, "is-debuggable", json_boolean(facts->is_debuggable), err));
    COF_TRY(cof_claims_bytes(claims, &facts->sgx, rows, sizeof rows / sizeof rows[0], err));
    COF_TRY(cof_json_set(claims, "product-id", json_integer(facts->sgx.isv_prod_id), err));
    COF_TRY(cof_json_set(claims, "svn", json_integer(facts->sgx.isv_svn), err));
    COF_TRY(cof_claims_text(claims, "tee", "sgx", err));
    COF_TRY(make_collateral(facts, &collateral, err));
    return cof_json_set(claims, "maa-attestationcollateral", collateral, err);
}
