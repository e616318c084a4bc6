/* POST /attest/{type}: evidence in, a token out. */
#include <string.h>

#include "local/attest/attest_internal.h"
#include "local/attest/freshness_file.h"
#include "local/attest/judge.h"
#include "local/attest/token.h"
#include "tcb/base/limits.h"
#include "tcb/wire/text.h"

/* One request that is being decided. On the heap: facts and checks are large. */
typedef struct attempt {
    cof_attest_kind kind;
    cof_submission submission;
    cof_guest guest;
    cof_facts facts;
    bool is_genuine; /* facts are filled */
    cof_checks checks;
    cof_attest_policy draft;
    const cof_attest_policy *policy;
    cof_buf token;
} attempt;

static void attempt_free(attempt *a)
{
    if (a != NULL) {
        cof_submission_free(&a->submission);
        cof_guest_free(&a->guest);
        cof_attest_policy_free(&a->draft);
        cof_buf_free(&a->token);
        free(a);
    }
}

static void attempt_drop_(attempt **a)
{
    attempt_free(*a);
}

/* What was learned of collateral is kept, before anybody can rely on it. */
static cof_status judge(cof_attest *attest, attempt *a, cof_err *err)
{
    COF_CLEANUP(cof_free_drop_) cof_freshness *before = malloc(sizeof *before);
    const cof_attest_trust trust = {.roots = attest->roots,
                                    .root_count = attest->options.root_count,
                                    .collateral = attest->options.collateral,
                                    .warm = &attest->warm,
                                    .seen = attest->seen,
                                    .now_unix_s = cof_state_now(attest->options.state)};
    if (before == NULL) {
        return COF_FAIL(err, NO_MEMORY, "memory of collateral");
    }
    memcpy(before, attest->seen, sizeof *before);
    const cof_status status =
        cof_attest_judge(&trust, a->kind, &a->submission, &a->guest, &a->facts, &a->checks, err);
    if (memcmp(before, attest->seen, sizeof *before) != 0) {
        COF_TRY(cof_attest_freshness_save(attest->options.state, attest->seen, err));
    }
    COF_TRY(status);
    a->is_genuine = true;
    return COF_OK;
}

static cof_status choose_policy(const cof_attest *attest, attempt *a, cof_err *err)
{
    a->policy = cof_attest_policies_get(attest->policies, a->kind);
    if (a->submission.draft == NULL) {
        return COF_OK;
    }
    a->policy = &a->draft;
    return cof_attest_policy_read(cof_view_text(a->submission.draft), &a->draft, err);
}

/* A token by a draft policy proves nothing, so that nobody takes the draft for the policy. */
static cof_status make_token(const cof_attest *attest, attempt *a, cof_err *err)
{
    const bool is_guest = a->kind == COF_ATTEST_AZURE_GUEST;
    const cof_attest_case c = {.kind = a->kind,
                               .facts = &a->facts,
                               .guest = is_guest ? &a->guest.claims : NULL,
                               .extra = &a->submission.extra,
                               .policy = a->policy,
                               .issuer = cof_attest_issuer(attest),
                               .now_unix_s = cof_state_now(attest->options.state)};
    COF_JSON json_t *claims = NULL;
    cof_attest_proof proof = COF_ATTEST_BY_KID;
    COF_CLEANUP(cof_buf_free) cof_buf token = {.limit = COF_LIMIT_TOKEN_BYTES};
    COF_TRY(cof_attest_make_claims(&c, &claims, &proof, err));
    COF_TRY(a->submission.draft != NULL
                ? cof_attest_unsecured(claims, &token, err)
                : cof_attest_signer_sign(attest->signer, proof, claims, &token, err));
    cof_buf_init(&a->token, (size_t)3 * COF_LIMIT_TOKEN_BYTES);
    return is_guest ? cof_guest_seal(a->guest.encryption_key, cof_buf_view(&token), &a->token, err)
                    : cof_buf_append(&a->token, cof_buf_view(&token), err);
}

static cof_status decide(cof_attest *attest, cof_view body, attempt *a, cof_err *err)
{
    COF_TRY(cof_submission_read(a->kind, body, &a->submission, err));
    COF_TRY(choose_policy(attest, a, err));
    COF_TRY(judge(attest, a, err));
    return make_token(attest, a, err);
}

/* What was measured, for the audit trail. */
static void describe(const cof_facts *facts, char out[static 2 * 48 + 1])
{
    cof_view bytes = cof_view_of(facts->sgx.mrenclave, sizeof facts->sgx.mrenclave);
    if (facts->hardware == COF_TEE_SEV_SNP) {
        bytes = cof_view_of(facts->snp.measurement, sizeof facts->snp.measurement);
    } else if (facts->hardware == COF_TEE_TDX) {
        bytes = cof_view_of(facts->td.mrtd, sizeof facts->td.mrtd);
    }
    cof_hex_text(bytes, out);
}

static cof_status record(const cof_attest_call *call, const attempt *a, const cof_err *why,
                         cof_err *err)
{
    char measurement[2 * 48 + 1] = "";
    const cof_check *failed = cof_checks_first_failed(&a->checks);
    const char *contract =
        json_string_value(json_object_get(a->submission.extra.runtime, "contract"));
    const bool is_enclave = a->kind == COF_ATTEST_SGX || a->kind == COF_ATTEST_OPEN_ENCLAVE;
    if (a->is_genuine) {
        describe(&a->facts, measurement);
    }
    return cof_trail_add(call->attest->options.trail,
                         json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:s,s:o,s:s,s:s,s:s,s:b,s:s}",
                                   "action", "attest", "request", call->request->id, "type",
                                   cof_attest_kind_of(a->kind)->name, "decision",
                                   why == NULL ? "attested" : "refused", "why",
                                   why == NULL ? "" : cof_status_describe(why->status)->name,
                                   "detail", cof_trail_text(why == NULL ? "" : why->detail),
                                   "check", failed == NULL ? "" : failed->name, "contract",
                                   cof_trail_text(contract != NULL ? contract : ""), "platform",
                                   a->is_genuine ? cof_tee_name(a->facts.tee) : "", "mrenclave",
                                   is_enclave ? measurement : "", "measurement", measurement,
                                   "draft", a->submission.draft != NULL, "policy_hash",
                                   a->policy != NULL ? a->policy->hash : ""),
                         err);
}

/* Policies are no secret to those whom they judge; of evidence it is said which check failed. */
static cof_status refuse(const cof_attest_call *call, const attempt *a, const cof_err *why,
                         cof_err *err)
{
    const cof_status_info *info = cof_status_describe(why->status);
    const cof_check *failed = cof_checks_first_failed(&a->checks);
    COF_CLEANUP(cof_buf_free) cof_buf message = {.limit = 512};
    const char *text = NULL;
    if (why->status == COF_E_POLICY_SYNTAX) {
        return cof_attest_refuse(call, "PolicyParsingError", why->detail, info->name, err);
    }
    if (why->status == COF_E_POLICY_EVALUATION) {
        return cof_attest_refuse(call, "PolicyEvaluationError", why->detail, info->name, err);
    }
    COF_TRY(failed == NULL
                ? cof_buf_append_text(&message, info->text, err)
                : cof_buf_printf(&message, err, "%s (%s: expected %s, found %s)", info->text,
                                 failed->name, failed->expected, failed->actual));
    COF_TRY(cof_buf_text(&message, &text, err));
    return cof_attest_refuse(call, "InvalidParameter", text, info->name, err);
}

static bool is_ours(cof_status status)
{
    const cof_category category = cof_status_describe(status)->category;
    return category == COF_CATEGORY_RESOURCE || category == COF_CATEGORY_INTERNAL ||
           category == COF_CATEGORY_REMOTE;
}

static cof_status attest_evidence(cof_attest_call *call, cof_err *err)
{
    cof_err why = {0};
    bool is_found = false;
    COF_CLEANUP(attempt_drop_) attempt *a = calloc(1, sizeof *a);
    if (a == NULL) {
        return COF_FAIL(err, NO_MEMORY, "attestation");
    }
    COF_TRY(cof_attest_find_kind(call, "", &a->kind, &is_found, err));
    if (!is_found) {
        return COF_OK;
    }
    const cof_status status = decide(call->attest, call->request->body, a, &why);
    if (is_ours(status)) {
        *err = why;
        return status;
    }
    if (status != COF_OK) {
        why.status = status;
        COF_TRY(record(call, a, &why, err));
        return refuse(call, a, &why, err);
    }
    COF_TRY(record(call, a, NULL, err));
    return cof_http_response_json(call->response, 200,
                                  json_pack("{s:s%}", "token", a->token.data, a->token.size), err);
}

COF_ATTEST_OPEN(route_attest, attest_evidence);

static const cof_http_route routes[] = {{"POST", "/attest/{type}", route_attest}};

cof_status cof_attest_serve_evidence(cof_attest *attest, cof_http_server *server, cof_err *err)
{
    return cof_http_server_add(server, routes, sizeof routes / sizeof routes[0], attest, err);
}
