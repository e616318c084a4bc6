/* Evidence of the rigs, as callers of the attestation service send it. */
#ifndef COF_TEST_ATTEST_CASE_H
#define COF_TEST_ATTEST_CASE_H

#include <string.h>

#include "harness/cof_test.h"
#include "local/attest/judge.h"
#include "rig/amd_rig.h"
#include "rig/intel_rig.h"
#include "tcb/crypto/digest.h"
#include "tcb/wire/text.h"
#include "unit/local/collateral_case.h"

static const char attest_runtime[] = "{\"contract\":\"ab\",\"keys\":[]}";

/* SHA-256(runtime), then zeros. */
static inline void attest_report_data(const char *runtime, uint8_t out[static 64])
{
    cof_digest digest;
    memset(out, 0, 64);
    assert_ok(cof_digest_of(cof_view_text(runtime), &digest, NULL));
    memcpy(out, digest.bytes, sizeof digest.bytes);
}

static inline void attest_put(json_t *object, const char *name, cof_view bytes)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 256 * 1024};
    assert_ok(cof_base64url_encode(bytes, &text, NULL));
    const char *start = text.data != NULL ? (const char *)text.data : "";
    assert_ok(cof_json_set(object, name, json_stringn(start, text.size), NULL));
}

/* {"data","dataType"} */
static inline void attest_put_data(json_t *body, const char *name, cof_view bytes, const char *type)
{
    COF_JSON json_t *data = json_object();
    attest_put(data, "data", bytes);
    assert_ok(cof_json_set(data, "dataType", json_string(type), NULL));
    assert_ok(cof_json_set(body, name, json_incref(data), NULL));
}

/* SEV-SNP's evidence in JSON. */
static inline cof_buf attest_snp_json(cof_view report, const amd_rig *rig)
{
    cof_buf out = {.limit = 128 * 1024};
    COF_CLEANUP(cof_buf_free) cof_buf chain = {.limit = 64 * 1024};
    COF_JSON json_t *json = json_object();
    for (int who = AMD_RIG_LEAF; who >= AMD_RIG_ROOT; who--) {
        assert_ok(cof_buf_append(&chain, cof_buf_view(&rig->pem[who]), NULL));
    }
    attest_put(json, "SnpReport", report);
    attest_put(json, "VcekCertChain", cof_buf_view(&chain));
    assert_ok(cof_json_print(json, &out, NULL));
    return out;
}

/* Judges a request's body. guest may be NULL. */
static inline cof_status attest_judge_body(const cof_attest_trust *trust, cof_attest_kind kind,
                                           const json_t *body, cof_guest *guest,
                                           cof_facts *out_facts, cof_checks *checks, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 1024 * 1024};
    COF_CLEANUP(cof_submission_free) cof_submission s = {0};
    COF_CLEANUP(cof_guest_free) cof_guest own = {0};
    assert_ok(cof_json_print(body, &text, NULL));
    COF_TRY(cof_submission_read(kind, cof_buf_view(&text), &s, err));
    return cof_attest_judge(trust, kind, &s, guest != NULL ? guest : &own, out_facts, checks, err);
}

#endif
