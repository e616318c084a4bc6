/* The policies, shown and changed. */
#include <string.h>

#include "local/attest/attest_internal.h"
#include "tcb/crypto/digest.h"
#include "tcb/wire/text.h"

/* base64url(SHA-256) of the JWS as it was sent. */
static cof_status hash_order(cof_view jws, cof_buf *out, cof_err *err)
{
    cof_digest digest;
    COF_TRY(cof_digest_of(jws, &digest, err));
    return cof_base64url_encode(cof_view_of(digest.bytes, sizeof digest.bytes), out, err);
}

static cof_status get_policy(cof_attest_call *call, cof_err *err)
{
    cof_attest_kind kind = COF_ATTEST_SGX;
    bool is_found = false;
    COF_TRY(cof_attest_find_kind(call, "", &kind, &is_found, err));
    if (!is_found) {
        return COF_OK;
    }
    const cof_attest_policy *policy = cof_attest_policies_get(call->attest->policies, kind);
    return cof_attest_answer(call, json_pack("{s:s}", "x-ms-policy", policy->jws), err);
}

/* One change of a policy that is under way. */
typedef struct change {
    const char *action;
    cof_attest_kind kind;
    const char *result; /* "Updated", "Removed" */
    cof_order order;
    cof_attest_policy policy;
} change;

static void change_free(change *c)
{
    cof_order_free(&c->order);
    cof_attest_policy_free(&c->policy);
}

static cof_status refuse_change(const cof_attest_call *call, const change *c, cof_status status,
                                const char *detail, cof_err *err)
{
    const bool is_text = status == COF_E_POLICY_SYNTAX || status == COF_E_LIMIT;
    COF_TRY(cof_attest_record(call, c->action, "refused", cof_status_describe(status)->name,
                              json_pack("{s:s,s:o}", "type", cof_attest_kind_of(c->kind)->name,
                                        "detail", cof_trail_text(detail)),
                              err));
    return cof_attest_refuse(call, is_text ? "PolicyParsingError" : "InvalidOperation", detail,
                             NULL, err);
}

/* Who may sign: in isolated mode those whose certificates are registered; else anybody with the
 * role, or nobody. */
static cof_status read_order(const cof_attest_call *call, change *c, cof_err *err)
{
    const cof_attest *attest = call->attest;
    COF_TRY(
        cof_order_parse(call->request->body, cof_state_now(attest->options.state), &c->order, err));
    if (!cof_attest_signers_is_empty(attest->signers) &&
        !cof_attest_signers_have(attest->signers, c->order.signer)) {
        return COF_FAIL(err, BAD_SIGNATURE,
                        "The policy is not signed by one of the policy management certificates.");
    }
    return COF_OK;
}

/* The record is written before the change: what cannot be recorded is not done. */
static cof_status finish(const cof_attest_call *call, change *c, cof_err *err)
{
    cof_attest *attest = call->attest;
    COF_CLEANUP(cof_buf_free) cof_buf hash = {.limit = 64};
    COF_JSON json_t *signer = NULL;
    const bool is_reset = c->policy.rules == NULL;
    COF_TRY(hash_order(call->request->body, &hash, err));
    if (c->order.signer != NULL) {
        COF_TRY(cof_order_jwk(c->order.signer, &signer, err));
    }
    COF_TRY(cof_attest_record(
        call, c->action, "done", "",
        json_pack("{s:s,s:s%,s:s,s:b}", "type", cof_attest_kind_of(c->kind)->name, "token_hash",
                  hash.data, hash.size, "policy_hash", c->policy.hash, "signed", signer != NULL),
        err));
    COF_TRY(is_reset ? cof_attest_policies_reset(attest->policies, c->kind, err)
                     : cof_attest_policies_set(attest->policies, c->kind, &c->policy, err));
    return cof_attest_answer(call,
                             json_pack("{s:s,s:s%,s:O*}", "x-ms-policy-result", c->result,
                                       "x-ms-policy-token-hash", hash.data, hash.size,
                                       "x-ms-policy-signer", signer),
                             err);
}

static cof_status set_policy(cof_attest_call *call, cof_err *err)
{
    COF_CLEANUP(change_free) change c = {.action = "policy-set", .result = "Updated"};
    bool is_found = false;
    cof_err why = {0};
    COF_TRY(cof_attest_find_kind(call, "", &c.kind, &is_found, err));
    if (!is_found) {
        return COF_OK;
    }
    cof_status status = read_order(call, &c, &why);
    if (status == COF_OK) {
        status = cof_attest_policy_of_order(call->request->body, &c.order, &c.policy, &why);
    }
    if (status == COF_E_NO_MEMORY) {
        *err = why;
        return status;
    }
    return status == COF_OK ? finish(call, &c, err)
                            : refuse_change(call, &c, status, why.detail, err);
}

/* A reset says nothing: its token's body is empty, or an object. */
static cof_status reset_policy(cof_attest_call *call, cof_err *err)
{
    COF_CLEANUP(change_free) change c = {.action = "policy-reset", .result = "Removed"};
    bool is_found = false;
    cof_err why = {0};
    COF_TRY(cof_attest_find_kind(call, ":reset", &c.kind, &is_found, err));
    if (!is_found) {
        return COF_OK;
    }
    const cof_status status = read_order(call, &c, &why);
    if (status == COF_E_NO_MEMORY) {
        *err = why;
        return status;
    }
    return status == COF_OK ? finish(call, &c, err)
                            : refuse_change(call, &c, status, why.detail, err);
}

COF_ATTEST_ACTION(route_get, COF_ACTION_ATTEST_READ, get_policy);
COF_ATTEST_ACTION(route_set, COF_ACTION_ATTEST_WRITE, set_policy);
COF_ATTEST_ACTION(route_reset, COF_ACTION_ATTEST_DELETE, reset_policy);

static const cof_http_route routes[] = {
    {"GET", "/policies/{type}", route_get},
    {"PUT", "/policies/{type}", route_set},
    {"POST", "/policies/{type}", route_reset}, /* {type}:reset */
};

cof_status cof_attest_serve_policies(cof_attest *attest, cof_http_server *server, cof_err *err)
{
    return cof_http_server_add(server, routes, sizeof routes / sizeof routes[0], attest, err);
}
