/* The certificates of those who may sign policies, shown and changed. */
#include <string.h>

#include "local/attest/attest_internal.h"
#include "local/ca/cert.h"
#include "tcb/base/limits.h"
#include "tcb/wire/text.h"

enum { THUMBPRINT_SIZE = 20 };

/* What a request may name the certificate, newest first. */
static const char *const members[] = {"policyCertificate", "x-ms-policyCertificate",
                                      "maa-policyCertificate", "aas-policyCertificate"};

static cof_status get_certificates(cof_attest_call *call, cof_err *err)
{
    json_t *keys = NULL;
    COF_TRY(cof_attest_signers_to_json(call->attest->signers, &keys, err));
    return cof_attest_answer(call, json_pack("{s:o}", "x-ms-policy-certificates", keys), err);
}

/* The JWS of a request: a JSON string, the member of an object (from 2025-06-01), or the text
 * itself. */
static cof_status read_body(cof_view body, const char *member, cof_buf *out, cof_err *err)
{
    static const char sentence[] = "The request body is not a token.";
    COF_JSON json_t *value = NULL;
    if (body.size == 0 || (body.data[0] != '"' && body.data[0] != '{')) {
        return cof_buf_append(out, body, err);
    }
    const cof_status status = cof_json_parse(body, COF_LIMIT_HTTP_BODY_BYTES, &value, err);
    if (status == COF_E_NO_MEMORY) {
        return status;
    }
    const json_t *text = json_is_object(value) ? json_object_get(value, member) : value;
    if (status != COF_OK || !json_is_string(text)) {
        return COF_FAIL(err, TOKEN_INVALID, "%s", sentence);
    }
    return cof_buf_append(out, cof_view_of(json_string_value(text), json_string_length(text)), err);
}

/* One change of the list that is under way. */
typedef struct change {
    const char *action;
    const char *member;
    const char *result; /* "IsPresent", "IsAbsent" */
    cof_status (*apply)(cof_attest_signers *signers, X509 *certificate, cof_err *err);
    cof_buf jws;
    cof_order order;
    X509 *certificate;
    char thumbprint[2 * THUMBPRINT_SIZE + 1];
} change;

static void change_free(change *c)
{
    cof_buf_free(&c->jws);
    cof_order_free(&c->order);
    X509_free(c->certificate);
}

static cof_status read_certificate(const json_t *payload, X509 **out, cof_err *err)
{
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const json_t *jwk = json_object_get(payload, members[i]);
        if (jwk != NULL) {
            return cof_order_certificate(json_array_get(json_object_get(jwk, "x5c"), 0), out, err);
        }
    }
    return COF_FAIL(err, BAD_KEY, "The token's body has no policyCertificate.");
}

/* Upper-case hex of the certificate's SHA-1: a name, not a proof. */
static cof_status name_certificate(change *c, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf digest = {.limit = EVP_MAX_MD_SIZE};
    COF_TRY(cof_cert_thumbprint(c->certificate, EVP_sha1(), &digest, err));
    cof_hex_text(cof_buf_view(&digest), c->thumbprint);
    for (char *p = c->thumbprint; *p != '\0'; p++) {
        *p = (char)(*p >= 'a' ? *p - 'a' + 'A' : *p);
    }
    return COF_OK;
}

/*
 * A change is signed by one who is on the list. While nobody is, the first certificate is added by
 * a token that its own key signs; from then on policies must be signed.
 */
static cof_status read_change(const cof_attest_call *call, change *c, cof_err *err)
{
    const cof_attest *attest = call->attest;
    COF_TRY(read_body(call->request->body, c->member, &c->jws, err));
    COF_TRY(cof_order_parse(cof_buf_view(&c->jws), cof_state_now(attest->options.state), &c->order,
                            err));
    COF_TRY(read_certificate(c->order.payload, &c->certificate, err));
    COF_TRY(name_certificate(c, err));
    if (c->order.signer == NULL) {
        return COF_FAIL(err, BAD_SIGNATURE, "The token is not signed.");
    }
    if (!cof_attest_signers_is_empty(attest->signers)) {
        return cof_attest_signers_have(attest->signers, c->order.signer)
                   ? COF_OK
                   : COF_FAIL(err, BAD_SIGNATURE,
                              "The token is not signed by one of the policy management "
                              "certificates.");
    }
    return X509_cmp(c->order.signer, c->certificate) == 0
               ? COF_OK
               : COF_FAIL(err, BAD_SIGNATURE,
                          "The first certificate is added by a token that its own key signs.");
}

static cof_status record(const cof_attest_call *call, const change *c, const char *decision,
                         const char *why, const char *detail, cof_err *err)
{
    return cof_attest_record(
        call, c->action, decision, why,
        json_pack("{s:s,s:o}", "thumbprint", c->thumbprint, "detail", cof_trail_text(detail)), err);
}

static cof_status change_list(cof_attest_call *call, change *c, cof_err *err)
{
    cof_err why = {0};
    cof_status status = read_change(call, c, &why);
    if (status == COF_OK) {
        COF_TRY(record(call, c, "granted", "", "", err));
        status = c->apply(call->attest->signers, c->certificate, &why);
    }
    const cof_category category = cof_status_describe(status)->category;
    if (category == COF_CATEGORY_RESOURCE || category == COF_CATEGORY_INTERNAL) {
        *err = why;
        return status;
    }
    if (status != COF_OK) {
        COF_TRY(record(call, c, "refused", cof_status_describe(status)->name, why.detail, err));
        return cof_attest_refuse(call, "InvalidOperation", why.detail, NULL, err);
    }
    return cof_attest_answer(call,
                             json_pack("{s:s,s:s}", "x-ms-certificate-thumbprint", c->thumbprint,
                                       "x-ms-policycertificates-result", c->result),
                             err);
}

static cof_status add_certificate(cof_attest_call *call, cof_err *err)
{
    COF_CLEANUP(change_free)
    change c = {.action = "certificate-add",
                .member = "policyCertificateToAdd",
                .result = "IsPresent",
                .apply = cof_attest_signers_add,
                .jws = {.limit = COF_LIMIT_HTTP_BODY_BYTES}};
    return change_list(call, &c, err);
}

static cof_status remove_certificate(cof_attest_call *call, cof_err *err)
{
    COF_CLEANUP(change_free)
    change c = {.action = "certificate-remove",
                .member = "policyCertificateToRemove",
                .result = "IsAbsent",
                .apply = cof_attest_signers_remove,
                .jws = {.limit = COF_LIMIT_HTTP_BODY_BYTES}};
    return change_list(call, &c, err);
}

COF_ATTEST_ACTION(route_get, COF_ACTION_ATTEST_READ, get_certificates);
COF_ATTEST_ACTION(route_add, COF_ACTION_ATTEST_WRITE, add_certificate);
COF_ATTEST_ACTION(route_remove, COF_ACTION_ATTEST_DELETE, remove_certificate);

static const cof_http_route routes[] = {
    {"GET", "/certificates", route_get},
    {"POST", "/certificates:add", route_add},
    {"POST", "/certificates:remove", route_remove},
};

cof_status cof_attest_serve_certificates(cof_attest *attest, cof_http_server *server, cof_err *err)
{
    return cof_http_server_add(server, routes, sizeof routes / sizeof routes[0], attest, err);
}
