#include "local/attest/claims.h"

#include "tcb/base/limits.h"
#include "tcb/crypto/digest.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/text.h"

enum { HEX_SIZE = 2 * 64 + 1, JTI_SIZE = 32 };

#define SGX_FLAG_KSS                                                                               \
    ((uint64_t)1 << 7) /* key separation and sharing, Intel SDM volume 3D, table 34-3 */

const char cof_attest_policy[] =
    "version= 1.0;\n"
    "authorizationrules{\n"
    "\t=> permit();\n"
    "};\n"
    "issuancerules{\n"
    "\tc:[type==\"x-ms-sgx-is-debuggable\"] => issue(type=\"is-debuggable\", value=c.value);\n"
    "\tc:[type==\"x-ms-sgx-mrsigner\"] => issue(type=\"sgx-mrsigner\", value=c.value);\n"
    "\tc:[type==\"x-ms-sgx-mrenclave\"] => issue(type=\"sgx-mrenclave\", value=c.value);\n"
    "\tc:[type==\"x-ms-sgx-product-id\"] => issue(type=\"product-id\", value=c.value);\n"
    "\tc:[type==\"x-ms-sgx-svn\"] => issue(type=\"svn\", value=c.value);\n"
    "\tc:[type==\"x-ms-attestation-type\"] => issue(type=\"tee\", value=c.value);\n"
    "};\n";

static cof_status set_text(json_t *claims, const char *name, const char *text, cof_err *err)
{
    return cof_json_set(claims, name, json_string(text), err);
}

static cof_status set_hex(json_t *claims, const char *name, const uint8_t *bytes, size_t size,
                          cof_err *err)
{
    char text[HEX_SIZE];
    if (2 * size >= sizeof text) {
        return COF_FAIL(err, INTERNAL, "%s is too long", name);
    }
    cof_hex_text(cof_view_of(bytes, size), text);
    return set_text(claims, name, text, err);
}

static cof_status set_base64url(json_t *claims, const char *name, cof_view bytes, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = (size_t)2 * COF_LIMIT_RUNTIME_BYTES};
    COF_TRY(cof_base64url_encode(bytes, &text, err));
    return cof_json_set(claims, name, json_stringn((const char *)text.data, text.size), err);
}

/* B64URL(SHA-256(UTF8(B64URL(UTF8(text))))) */
static cof_status add_policy_hash(json_t *claims, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = (size_t)2 * sizeof cof_attest_policy + 1024};
    cof_digest digest;
    COF_TRY(cof_base64url_encode(cof_view_text(cof_attest_policy), &text, err));
    COF_TRY(cof_digest_of(cof_buf_view(&text), &digest, err));
    return set_base64url(claims, "x-ms-policy-hash", cof_view_of(digest.bytes, sizeof digest.bytes),
                         err);
}

/* What the policy issues. It stands at top level and in x-ms-policy: clients of both ages look for
 * it. */
static cof_status add_issued(json_t *claims, const cof_facts *facts, cof_err *err)
{
    COF_TRY(cof_json_set(claims, "is-debuggable", json_boolean(facts->is_debuggable), err));
    COF_TRY(
        set_hex(claims, "sgx-mrenclave", facts->sgx.mrenclave, sizeof facts->sgx.mrenclave, err));
    COF_TRY(set_hex(claims, "sgx-mrsigner", facts->sgx.mrsigner, sizeof facts->sgx.mrsigner, err));
    COF_TRY(cof_json_set(claims, "product-id", json_integer(facts->sgx.isv_prod_id), err));
    COF_TRY(cof_json_set(claims, "svn", json_integer(facts->sgx.isv_svn), err));
    return set_text(claims, "tee", "sgx", err);
}

static cof_status add_key_separation(json_t *claims, const cof_facts *facts, cof_err *err)
{
    COF_TRY(set_hex(claims, "x-ms-sgx-config-id", facts->sgx.config_id, sizeof facts->sgx.config_id,
                    err));
    COF_TRY(cof_json_set(claims, "x-ms-sgx-config-svn", json_integer(facts->sgx.config_svn), err));
    COF_TRY(set_hex(claims, "x-ms-sgx-isv-extended-product-id", facts->sgx.isv_ext_prod_id,
                    sizeof facts->sgx.isv_ext_prod_id, err));
    return set_hex(claims, "x-ms-sgx-isv-family-id", facts->sgx.isv_family_id,
                   sizeof facts->sgx.isv_family_id, err);
}

static cof_status add_enclave(json_t *claims, const cof_facts *facts, cof_err *err)
{
    COF_TRY(set_text(claims, "x-ms-attestation-type", "sgx", err));
    COF_TRY(set_text(claims, "coffer-platform", cof_tee_name(facts->tee), err));
    COF_TRY(
        cof_json_set(claims, "x-ms-sgx-is-debuggable", json_boolean(facts->is_debuggable), err));
    COF_TRY(set_hex(claims, "x-ms-sgx-mrenclave", facts->sgx.mrenclave, sizeof facts->sgx.mrenclave,
                    err));
    COF_TRY(
        set_hex(claims, "x-ms-sgx-mrsigner", facts->sgx.mrsigner, sizeof facts->sgx.mrsigner, err));
    COF_TRY(cof_json_set(claims, "x-ms-sgx-product-id", json_integer(facts->sgx.isv_prod_id), err));
    COF_TRY(cof_json_set(claims, "x-ms-sgx-svn", json_integer(facts->sgx.isv_svn), err));
    COF_TRY(set_hex(claims, "x-ms-sgx-report-data", facts->report_data, sizeof facts->report_data,
                    err));
    if ((facts->sgx.flags & SGX_FLAG_KSS) != 0) {
        COF_TRY(add_key_separation(claims, facts, err));
    }
    /* The simulated platform has no collateral (TCB info, revocation lists): of its digests only
     * the quote's own exists. */
    char quote[2 * COF_DIGEST_SIZE + 1];
    cof_digest_text(&facts->evidence_digest, quote);
    COF_TRY(
        cof_json_set(claims, "x-ms-sgx-collateral", json_pack("{s:s}", "quotehash", quote), err));
    return cof_json_set(claims, "maa-attestationcollateral", json_pack("{s:s}", "quotehash", quote),
                        err);
}

static cof_status add_extra(json_t *claims, const cof_attest_extra *extra, cof_err *err)
{
    if (extra->runtime != NULL) {
        COF_TRY(cof_json_set(claims, "x-ms-runtime", json_deep_copy(extra->runtime), err));
    }
    if (extra->init_time != NULL) {
        COF_TRY(cof_json_set(claims, "x-ms-inittime", json_deep_copy(extra->init_time), err));
    }
    if (extra->held_data.data != NULL) {
        COF_TRY(set_base64url(claims, "x-ms-sgx-ehd", extra->held_data, err));
        COF_TRY(set_base64url(claims, "maa-ehd", extra->held_data, err));
        COF_TRY(set_base64url(claims, "aas-ehd", extra->held_data, err));
    }
    return extra->nonce != NULL ? set_text(claims, "nonce", extra->nonce, err) : COF_OK;
}

cof_status cof_attest_add_claims(json_t *claims, const cof_facts *facts,
                                 const cof_attest_extra *extra, cof_err *err)
{
    uint8_t jti[JTI_SIZE];
    COF_JSON json_t *policy = json_object();
    if (policy == NULL) {
        return COF_FAIL(err, NO_MEMORY, "claims");
    }
    COF_TRY(cof_random((cof_span){jti, sizeof jti}, err));
    COF_TRY(set_hex(claims, "jti", jti, sizeof jti, err));
    COF_TRY(set_text(claims, "x-ms-ver", "1.0", err));
    COF_TRY(add_policy_hash(claims, err));
    COF_TRY(add_issued(policy, facts, err));
    COF_TRY(cof_json_set(claims, "x-ms-policy", json_incref(policy), err));
    COF_TRY(add_issued(claims, facts, err));
    COF_TRY(add_enclave(claims, facts, err));
    return add_extra(claims, extra, err);
}
