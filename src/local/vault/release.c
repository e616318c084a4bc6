/*
 * Secure key release.
 *
 * Order: what is known about the key; the token, by the keys that this vault has for the authority
 * (never by where the token says that keys are); the policy; the key to wrap to, which is one that
 * the enclave's evidence vouches for; expiry and runs. The run is counted and the decision written
 * down before the answer leaves.
 */
#include <string.h>

#include "local/vault/rsa_crypt.h"
#include "local/vault/runs.h"
#include "local/vault/vault_internal.h"
#include "tcb/base/limits.h"
#include "tcb/base/wipe.h"
#include "tcb/crypto/keywrap.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"

enum { AES_KEY_SIZE = 32, MATERIAL_BYTES = 8 * 1024, NONCE_BYTES = 256, SKEW_S = 60 };

typedef struct release {
    cof_keyvault_call *call;
    cof_stored_key key;
    json_t *body;
    const char *enc;
    const char *nonce;
    const char *hash;   /* of enc's OAEP */
    const char *issuer; /* the authority whose keys verified the token; NULL: none yet */
    json_t *claims;     /* of the token, once it is verified */
    json_t *runtime;    /* borrowed from claims; NULL when there is none */
    json_t *checks;     /* for the audit trail */
    cof_rsa_key *target;
    char target_kid[COF_LIMIT_NAME_BYTES + 1];
} release;

static void free_release(release *r)
{
    cof_stored_key_free(&r->key);
    json_decref(r->body);
    json_decref(r->claims);
    json_decref(r->checks);
    cof_rsa_key_free(r->target);
}

static json_t *text_or_empty(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return cof_trail_text(text != NULL ? text : "");
}

static cof_status record(const release *r, const char *decision, const char *why,
                         const char *detail, cof_err *err)
{
    return cof_keyvault_record(
        r->call, "release", &r->key, decision, why,
        json_pack("{s:s,s:o,s:o,s:o,s:o,s:o,s:O}", "enc", r->enc, "authority",
                  cof_trail_text(r->issuer != NULL ? r->issuer : ""), "contract",
                  text_or_empty(r->runtime, "contract"), "run", text_or_empty(r->runtime, "run"),
                  "mrenclave", text_or_empty(r->claims, "x-ms-sgx-mrenclave"), "detail",
                  cof_trail_text(detail), "checks", r->checks),
        err);
}

/* Writes the decision down with its reasons, and tells the caller the code alone. */
static cof_status refuse(const release *r, const char *inner, const char *detail,
                         const char *message, cof_err *err)
{
    COF_TRY(record(r, "refused", inner, detail, err));
    return cof_keyvault_forbid(r->call, inner, message, err);
}

static bool read_enc(release *r)
{
    static const struct {
        const char *name;
        const char *hash;
    } known[] = {{"CKM_RSA_AES_KEY_WRAP", "SHA1"}, /* also when none is named */
                 {"RSA_AES_KEY_WRAP_256", "SHA256"},
                 {"RSA_AES_KEY_WRAP_384", "SHA384"}};
    const json_t *enc = json_object_get(r->body, "enc");
    r->enc = enc == NULL || json_is_null(enc) ? known[0].name : json_string_value(enc);
    for (size_t i = 0; r->enc != NULL && i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(r->enc, known[i].name) == 0) {
            r->hash = known[i].hash;
            return true;
        }
    }
    return false;
}

static bool read_nonce(release *r)
{
    const json_t *nonce = json_object_get(r->body, "nonce");
    r->nonce = json_string_value(nonce);
    return nonce == NULL || json_is_null(nonce) ||
           (r->nonce != NULL && strlen(r->nonce) <= NONCE_BYTES);
}

/* Why the key itself cannot be released now; NULL when it can. */
static const char *key_obstacle(const release *r)
{
    if (!cof_key_meta_is_enabled(r->key.meta)) {
        return "KeyDisabled";
    }
    if (!cof_key_meta_is_exportable(r->key.meta)) {
        return "KeyNotExportable";
    }
    return cof_key_meta_is_current(r->key.meta, cof_state_now(r->call->vault->parts.state))
               ? NULL
               : "KeyExpired";
}

/*
 * The keys of the authority that a token says it is from, among those that this vault has keys of:
 * its own attestation service, and those that the owner put in. A policy decides whether the
 * authority counts.
 */
static cof_status find_keys(const cof_keyvault_parts *parts, const char *issuer,
                            const cof_jwks **out, cof_err *err)
{
    if (issuer != NULL && cof_token_issuer_equal(issuer, cof_attest_issuer(parts->attest))) {
        *out = cof_attest_keys(parts->attest);
        return COF_OK;
    }
    if (parts->authorities != NULL && cof_authorities_find(parts->authorities, issuer, out)) {
        return COF_OK;
    }
    return COF_FAIL(err, TOKEN_UNTRUSTED, "this vault has no keys of the authority %.80s",
                    issuer != NULL ? issuer : "(none)");
}

static cof_status verify_token(release *r, cof_err *err)
{
    const cof_keyvault_parts *parts = &r->call->vault->parts;
    const cof_view token = cof_view_text(json_string_value(json_object_get(r->body, "target")));
    COF_JSON json_t *said = NULL; /* not verified: good for a look-up alone */
    cof_token_rules rules = {.now_unix_s = cof_state_now(parts->state), .skew_s = SKEW_S};
    COF_TRY(cof_token_peek(token, &said, err));
    rules.issuer = json_string_value(json_object_get(said, "iss"));
    COF_TRY(find_keys(parts, rules.issuer, &rules.keys, err));
    COF_TRY(cof_token_verify(token, &rules, &r->claims, err));
    r->issuer = json_string_value(json_object_get(r->claims, "iss"));
    json_t *runtime = json_object_get(r->claims, "x-ms-runtime");
    r->runtime = json_is_object(runtime) ? runtime : NULL;
    return COF_OK;
}

/* key_ops is a list in every sample; a sidecar of Microsoft's writes a text. */
static bool is_for_encryption(const json_t *jwk)
{
    const json_t *operations = json_object_get(jwk, "key_ops");
    const char *one = json_string_value(operations);
    const char *use = json_string_value(json_object_get(jwk, "use"));
    for (size_t i = 0; i < json_array_size(operations); i++) {
        const char *name = json_string_value(json_array_get(operations, i));
        if (name != NULL && strcmp(name, "encrypt") == 0) {
            return true;
        }
    }
    return (one != NULL && strcmp(one, "encrypt") == 0) || (use != NULL && strcmp(use, "enc") == 0);
}

/* The first RSA key for encryption that the evidence vouches for. A request has no say in it. */
static cof_status choose_target(release *r, cof_err *err)
{
    const json_t *keys = json_object_get(r->runtime, "keys");
    for (size_t i = 0; i < json_array_size(keys); i++) {
        const json_t *jwk = json_array_get(keys, i);
        const char *type = json_string_value(json_object_get(jwk, "kty"));
        if (type == NULL || strcmp(type, "RSA") != 0 || !is_for_encryption(jwk)) {
            continue;
        }
        const char *kid = json_string_value(json_object_get(jwk, "kid"));
        (void)snprintf(r->target_kid, sizeof r->target_kid, "%s", kid != NULL ? kid : "");
        return cof_rsa_from_jwk(jwk, &r->target, err);
    }
    return COF_FAIL(err, BAD_KEY, "the enclave names no RSA key to encrypt to");
}

/* RSA-OAEP of a fresh AES key, then the key under it (RFC 5649): CKM_RSA_AES_KEY_WRAP of PKCS #11.
 * RSA and EC keys as PKCS#8, oct keys as their bytes. */
static cof_status wrap(const release *r, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_key_material_drop_) cof_key_material *key = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf material = {.limit = MATERIAL_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf aes = {.limit = AES_KEY_SIZE};
    uint8_t *place = NULL;
    COF_TRY(cof_key_store_material(r->call->vault->store, &r->key, &key, err));
    COF_TRY(cof_key_material_store(key, &material, err));
    COF_TRY(cof_buf_extend(&aes, AES_KEY_SIZE, &place, err));
    COF_TRY(cof_random((cof_span){place, AES_KEY_SIZE}, err));
    COF_TRY(cof_rsa_oaep_seal(cof_rsa_evp(r->target), r->hash, cof_buf_view(&aes), out, err));
    return cof_kwp_wrap(aes.data, cof_buf_view(&material), out, err);
}

static cof_status answer(const release *r, cof_view wrapped, cof_err *err)
{
    const cof_http_request *request = r->call->request;
    const char *version = request->segment_count > 1 ? request->segments[1] : "";
    COF_CLEANUP(cof_buf_free) cof_buf kid = {.limit = COF_LIMIT_URL_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf token = {.limit = COF_LIMIT_TOKEN_BYTES};
    const char *kid_text = NULL;
    COF_TRY(cof_buf_printf(&kid, err, "%s/keys/%s%s%s", cof_state_base(r->call->vault->parts.state),
                           r->key.name, version[0] != '\0' ? "/" : "", version));
    COF_TRY(cof_buf_text(&kid, &kid_text, err));
    const cof_release_answer content = {.key = &r->key,
                                        .kid_asked = kid_text,
                                        .enc = r->enc,
                                        .api_version = cof_form_get(request->query, "api-version"),
                                        .nonce = r->nonce,
                                        .target_kid = r->target_kid,
                                        .wrapped = wrapped};
    COF_TRY(cof_release_answer_sign(r->call->vault, &content, &token, err));
    COF_TRY(record(r, "released", "", "", err));
    return cof_http_response_json(r->call->response, 200,
                                  json_pack("{s:s%}", "value", token.data, token.size), err);
}

/* The caller's code for a refusal of the contract's limits; NULL when status is none of them. */
static const char *limit_code(cof_status status)
{
    return status == COF_E_CONTRACT_EXPIRED    ? "ContractExpired"
           : status == COF_E_RUNS_EXHAUSTED    ? "RunsExhausted"
           : status == COF_E_CONTRACT_MISMATCH ? "ContractInvalid"
                                               : NULL;
}

static cof_status release_to_target(release *r, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf wrapped = {.limit = COF_LIMIT_RELEASE_BYTES};
    cof_err why = {0};
    cof_status status = choose_target(r, &why);
    if (status == COF_E_BAD_KEY) {
        return refuse(r, "NoEncryptionKey", why.detail,
                      "The attested environment has no key to release to.", err);
    }
    COF_TRY(status);
    COF_TRY(wrap(r, &wrapped, err));
    /* Last, so that what cannot be done is not counted; and before the key leaves, so that what
     * leaves is. */
    status = cof_runs_admit(r->call->vault->parts.state, &r->key, r->runtime, &why);
    if (limit_code(status) != NULL) {
        return refuse(r, limit_code(status), why.detail,
                      "The contract does not allow this release.", err);
    }
    if (status != COF_OK) {
        *err = why;
        return status;
    }
    return answer(r, cof_buf_view(&wrapped), err);
}

static cof_status judge(release *r, cof_err *err)
{
    COF_CLEANUP(cof_key_policy_drop_) cof_key_policy *policy = NULL;
    cof_err why = {0};
    const char *obstacle = key_obstacle(r);
    if (obstacle != NULL) {
        return refuse(r, obstacle, "", "The key cannot be released.", err);
    }
    COF_TRY(cof_key_meta_policy(r->key.meta, &policy, err));
    cof_status status = verify_token(r, &why);
    if (status == COF_E_NO_MEMORY) {
        return COF_FAIL(err, NO_MEMORY, "token");
    }
    if (status != COF_OK) {
        const char *code =
            status == COF_E_TOKEN_EXPIRED ? "AttestationExpired" : "AttestationInvalid";
        return refuse(r, code, why.detail,
                      "Target environment attestation statement cannot be verified.", err);
    }
    status = cof_key_policy_judge(policy, r->issuer, r->claims, r->checks, err);
    if (status == COF_E_RELEASE_REFUSED) {
        return refuse(r, "ReleasePolicyNotMet", "",
                      "Target environment does not meet key release policy requirements.", err);
    }
    COF_TRY(status);
    return release_to_target(r, err);
}

cof_status cof_keyvault_release(cof_keyvault_call *call, cof_err *err)
{
    COF_CLEANUP(free_release) release r = {.call = call};
    const char *target = NULL;
    bool is_found = false;
    r.checks = json_array();
    if (r.checks == NULL) {
        return COF_FAIL(err, NO_MEMORY, "release");
    }
    COF_TRY(cof_keyvault_find(call, &r.key, &is_found, err));
    if (!is_found) {
        return COF_OK;
    }
    COF_TRY(cof_keyvault_body(call, &r.body, err));
    if (r.body == NULL) {
        return COF_OK;
    }
    if (cof_json_get_text(r.body, "target", COF_LIMIT_TOKEN_BYTES, &target, NULL) != COF_OK) {
        return cof_keyvault_bad(call, "target is missing.", err);
    }
    if (!read_enc(&r) || !read_nonce(&r)) {
        return cof_keyvault_bad(call, "enc or nonce is not supported.", err);
    }
    return judge(&r, err);
}
