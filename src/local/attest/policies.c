#include "local/attest/policies.h"

#include <string.h>

#include "tcb/crypto/digest.h"
#include "tcb/wire/text.h"

/* Of a text of the limit, in base64url, in JSON, in base64url again. */
enum { ENCODED_BYTES = 2 * COF_MAA_POLICY_BYTES };

static const char file_kind[] = "attestation-policy/v1";

struct cof_attest_policies {
    const cof_state *state;
    cof_attest_policy in_force[COF_ATTEST_KINDS];
};

void cof_attest_policy_free(cof_attest_policy *policy)
{
    cof_maa_policy_free(policy->rules);
    free(policy->jws);
    json_decref(policy->signer);
    *policy = (cof_attest_policy){0};
}

/* B64URL(SHA-256(UTF8(B64URL(UTF8(text))))), as the protocol has it. */
static cof_status hash_text(cof_view text, char out[static COF_POLICY_HASH_SIZE], cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf encoded = {.limit = ENCODED_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf hash = {.limit = COF_POLICY_HASH_SIZE - 1};
    cof_digest digest;
    COF_TRY(cof_base64url_encode(text, &encoded, err));
    COF_TRY(cof_digest_of(cof_buf_view(&encoded), &digest, err));
    COF_TRY(cof_base64url_encode(cof_view_of(digest.bytes, sizeof digest.bytes), &hash, err));
    memcpy(out, hash.data, hash.size);
    out[hash.size] = '\0';
    return COF_OK;
}

cof_status cof_attest_policy_read(cof_view text, cof_attest_policy *out, cof_err *err)
{
    cof_attest_policy policy = {0};
    cof_maa_place place = {0};
    if (text.size > COF_MAA_POLICY_BYTES) {
        return COF_FAIL(err, LIMIT, "The policy is longer than %d bytes.", COF_MAA_POLICY_BYTES);
    }
    COF_TRY(hash_text(text, policy.hash, err));
    const cof_status status = cof_maa_parse(text, &policy.rules, &place, err);
    if (status == COF_E_POLICY_SYNTAX) {
        cof_err_context(err, "Line %zu, Column %zu", place.line, place.column);
    }
    COF_TRY(status);
    *out = policy;
    return COF_OK;
}

static cof_status copy_text(cof_view text, char **out, cof_err *err)
{
    *out = strndup((const char *)text.data, text.size);
    return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "policy");
}

cof_status cof_attest_policy_of_order(cof_view jws, const cof_order *order, cof_attest_policy *out,
                                      cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_MAA_POLICY_BYTES};
    COF_CLEANUP(cof_attest_policy_free) cof_attest_policy policy = {0};
    const cof_status status =
        order->payload == NULL
            ? COF_E_BAD_FORMAT
            : cof_json_get_base64url(order->payload, "AttestationPolicy", &text, err);
    if (status == COF_E_BAD_FORMAT) {
        return COF_FAIL(err, TOKEN_INVALID,
                        "The token's body has no AttestationPolicy in base64url.");
    }
    COF_TRY(status);
    COF_TRY(cof_attest_policy_read(cof_buf_view(&text), &policy, err));
    COF_TRY(copy_text(jws, &policy.jws, err));
    if (order->signer != NULL) {
        COF_TRY(cof_order_jwk(order->signer, &policy.signer, err));
    }
    *out = policy;
    policy = (cof_attest_policy){0};
    return COF_OK;
}

static cof_status make_default(cof_attest_kind kind, cof_attest_policy *out, cof_err *err)
{
    const cof_view text = cof_view_text(cof_attest_kind_of(kind)->default_policy);
    COF_CLEANUP(cof_attest_policy_free) cof_attest_policy policy = {0};
    COF_CLEANUP(cof_buf_free) cof_buf inner = {.limit = ENCODED_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf payload = {.limit = ENCODED_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf jws = {.limit = COF_ORDER_BYTES};
    COF_TRY(cof_attest_policy_read(text, &policy, err));
    COF_TRY(cof_base64url_encode(text, &inner, err));
    COF_TRY(cof_buf_printf(&payload, err, "{\"AttestationPolicy\":\"%.*s\"}", (int)inner.size,
                           (const char *)inner.data));
    COF_TRY(cof_base64url_encode(cof_view_text("{\"alg\":\"none\"}"), &jws, err));
    COF_TRY(cof_buf_append_text(&jws, ".", err));
    COF_TRY(cof_base64url_encode(cof_buf_view(&payload), &jws, err));
    COF_TRY(cof_buf_append_text(&jws, ".", err));
    COF_TRY(copy_text(cof_buf_view(&jws), &policy.jws, err));
    *out = policy;
    policy = (cof_attest_policy){0};
    return COF_OK;
}

static cof_status name_file(cof_attest_kind kind, cof_path *out, cof_err *err)
{
    return cof_path_format(out, err, "attest/policies/%s.json", cof_attest_kind_of(kind)->name);
}

/* A signature is verified again, so that a policy that was changed on disk is noticed; but the
 * signer's certificate may have run out since. */
static cof_status read_file(const json_t *file, cof_attest_kind kind, cof_attest_policy *out,
                            cof_err *err)
{
    const char *file_is = NULL;
    const char *jws = NULL;
    COF_CLEANUP(cof_order_free) cof_order order = {0};
    COF_TRY(cof_json_get_text(file, "coffer", sizeof file_kind, &file_is, err));
    if (strcmp(file_is, file_kind) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "another kind of file");
    }
    if (json_is_null(json_object_get(file, "jws"))) {
        return make_default(kind, out, err);
    }
    COF_TRY(cof_json_get_text(file, "jws", COF_ORDER_BYTES, &jws, err));
    COF_TRY(cof_order_parse(cof_view_text(jws), COF_ORDER_ANY_TIME, &order, err));
    return cof_attest_policy_of_order(cof_view_text(jws), &order, out, err);
}

static cof_status open_policy(const cof_state *state, cof_attest_kind kind, cof_attest_policy *out,
                              cof_err *err)
{
    cof_path name;
    COF_JSON json_t *file = NULL;
    COF_TRY(name_file(kind, &name, err));
    cof_status status = cof_state_read_json(state, name.text, &file, err);
    if (status == COF_E_NOT_FOUND) {
        return make_default(kind, out, err);
    }
    status = status == COF_OK ? read_file(file, kind, out, err) : status;
    if (status != COF_OK) {
        cof_err_context(err, "%s", name.text);
    }
    return status;
}

cof_status cof_attest_policies_open(const cof_state *state, cof_attest_policies **out, cof_err *err)
{
    COF_CLEANUP(cof_attest_policies_drop_)
    cof_attest_policies *policies = calloc(1, sizeof *policies);
    if (policies == NULL) {
        return COF_FAIL(err, NO_MEMORY, "policies");
    }
    policies->state = state;
    COF_TRY(cof_state_make_folder(state, "attest/policies", err));
    for (int i = 0; i < COF_ATTEST_KINDS; i++) {
        COF_TRY(open_policy(state, (cof_attest_kind)i, &policies->in_force[i], err));
    }
    *out = cof_attest_policies_take(&policies);
    return COF_OK;
}

const cof_attest_policy *cof_attest_policies_get(const cof_attest_policies *policies,
                                                 cof_attest_kind kind)
{
    return &policies->in_force[kind];
}

/* jws NULL: the default. */
static cof_status write_file(const cof_state *state, cof_attest_kind kind, const char *jws,
                             cof_err *err)
{
    cof_path name;
    COF_JSON json_t *file = json_pack("{s:s,s:s?}", "coffer", file_kind, "jws", jws);
    if (file == NULL) {
        return COF_FAIL(err, NO_MEMORY, "policy");
    }
    COF_TRY(name_file(kind, &name, err));
    return cof_state_write_json(state, name.text, file, err);
}

static void replace(cof_attest_policy *place, cof_attest_policy *policy)
{
    cof_attest_policy_free(place);
    *place = *policy;
    *policy = (cof_attest_policy){0};
}

cof_status cof_attest_policies_set(cof_attest_policies *policies, cof_attest_kind kind,
                                   cof_attest_policy *policy, cof_err *err)
{
    COF_TRY(write_file(policies->state, kind, policy->jws, err));
    replace(&policies->in_force[kind], policy);
    return COF_OK;
}

cof_status cof_attest_policies_reset(cof_attest_policies *policies, cof_attest_kind kind,
                                     cof_err *err)
{
    cof_attest_policy policy = {0};
    COF_TRY(make_default(kind, &policy, err));
    const cof_status status = write_file(policies->state, kind, NULL, err);
    if (status == COF_OK) {
        replace(&policies->in_force[kind], &policy);
    }
    cof_attest_policy_free(&policy);
    return status;
}

void cof_attest_policies_free(cof_attest_policies *policies)
{
    if (policies != NULL) {
        for (int i = 0; i < COF_ATTEST_KINDS; i++) {
            cof_attest_policy_free(&policies->in_force[i]);
        }
        free(policies);
    }
}
