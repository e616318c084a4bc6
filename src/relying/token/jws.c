#include "relying/token/jws.h"

#include <string.h>

#include "tcb/base/limits.h"
#include "tcb/wire/text.h"

/* Header members that change what is signed or how, and that this reader does not implement. */
static const char *const refused_members[] = {"crit", "b64", "zip"};

static cof_status invalid(cof_status status, cof_err *err)
{
    if (status == COF_OK || status == COF_E_NO_MEMORY) {
        return status;
    }
    if (err != NULL) {
        err->status = COF_E_TOKEN_INVALID;
    }
    return COF_E_TOKEN_INVALID;
}

/* Decodes one part: not empty, and without the padding that RFC 7515 forbids. */
static cof_status decode_part(cof_view part, const char *name, cof_buf *out, cof_err *err)
{
    if (part.size == 0 || memchr(part.data, '=', part.size) != NULL) {
        return COF_FAIL(err, TOKEN_INVALID, "the token's %s is empty or padded", name);
    }
    const cof_status status = cof_base64url_decode(part, out, err);
    if (status != COF_OK) {
        cof_err_context(err, "the token's %s", name);
    }
    return invalid(status, err);
}

static cof_status check_header(cof_jws *jws, bool may_be_pss, cof_err *err)
{
    if (!json_is_object(jws->header)) {
        return COF_FAIL(err, TOKEN_INVALID, "the token's header is not an object");
    }
    COF_TRY(invalid(cof_json_get_text(jws->header, "alg", 32, &jws->alg, err), err));
    if (strcmp(jws->alg, "RS256") != 0 && !(may_be_pss && strcmp(jws->alg, "PS256") == 0)) {
        return COF_FAIL(err, TOKEN_INVALID, "the token's alg is not RS256");
    }
    for (size_t i = 0; i < sizeof refused_members / sizeof refused_members[0]; i++) {
        if (json_object_get(jws->header, refused_members[i]) != NULL) {
            return COF_FAIL(err, TOKEN_INVALID, "the token's header has %s", refused_members[i]);
        }
    }
    if (json_object_get(jws->header, "kid") != NULL) {
        COF_TRY(
            invalid(cof_json_get_text(jws->header, "kid", COF_JWS_KID_MAX, &jws->kid, err), err));
    }
    return COF_OK;
}

/* Cuts text at its two dots. */
static cof_status split(cof_view text, cof_view out_parts[static 3], cof_err *err)
{
    size_t start = 0;
    size_t part = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '.') {
            if (part == 2) {
                return COF_FAIL(err, TOKEN_INVALID, "the token has more than three parts");
            }
            out_parts[part++] = cof_view_of(text.data + start, i - start);
            start = i + 1;
        }
    }
    if (part != 2) {
        return COF_FAIL(err, TOKEN_INVALID, "the token has fewer than three parts");
    }
    out_parts[2] = cof_view_of(text.data + start, text.size - start);
    return COF_OK;
}

static cof_status parse(cof_view text, bool may_be_pss, cof_jws *out_jws, cof_err *err)
{
    if (text.size > COF_LIMIT_TOKEN_BYTES) {
        return COF_FAIL(err, TOKEN_INVALID, "a token of %zu bytes, at most %d", text.size,
                        COF_LIMIT_TOKEN_BYTES);
    }
    cof_view parts[3] = {{0}};
    COF_TRY(split(text, parts, err));
    COF_CLEANUP(cof_buf_free) cof_buf header = {0};
    COF_CLEANUP(cof_jws_free) cof_jws jws = {0};
    cof_buf_init(&header, COF_JWS_HEADER_MAX);
    cof_buf_init(&jws.payload, COF_LIMIT_TOKEN_BYTES);
    cof_buf_init(&jws.signature, 1024);
    COF_TRY(decode_part(parts[0], "header", &header, err));
    COF_TRY(decode_part(parts[1], "payload", &jws.payload, err));
    COF_TRY(decode_part(parts[2], "signature", &jws.signature, err));
    COF_TRY(
        invalid(cof_json_parse(cof_buf_view(&header), COF_JWS_HEADER_MAX, &jws.header, err), err));
    COF_TRY(check_header(&jws, may_be_pss, err));
    jws.signed_bytes = cof_view_of(text.data, parts[0].size + 1 + parts[1].size);
    *out_jws = jws;
    jws = (cof_jws){0};
    return COF_OK;
}

cof_status cof_jws_parse(cof_view text, cof_jws *out_jws, cof_err *err)
{
    return parse(text, false, out_jws, err);
}

cof_status cof_jws_parse_pss(cof_view text, cof_jws *out_jws, cof_err *err)
{
    return parse(text, true, out_jws, err);
}

cof_status cof_jws_verify(const cof_jws *jws, const cof_rsa_key *key, cof_err *err)
{
    if (strcmp(jws->alg, "RS256") != 0) {
        return COF_FAIL(err, TOKEN_INVALID, "the token's alg is not RS256");
    }
    const cof_status status =
        cof_rsa_verify(key, jws->signed_bytes, cof_buf_view(&jws->signature), err);
    if (status != COF_OK) {
        cof_err_context(err, "token");
    }
    return invalid(status, err);
}

void cof_jws_free(cof_jws *jws)
{
    json_decref(jws->header);
    cof_buf_free(&jws->payload);
    cof_buf_free(&jws->signature);
    *jws = (cof_jws){0};
}

static cof_status make_header(const json_t *header, json_t **out, cof_err *err)
{
    if (header != NULL && json_object_get(header, "alg") != NULL) {
        return COF_FAIL(err, BAD_ARGUMENT, "the header already has alg");
    }
    COF_JSON json_t *whole = json_object();
    if (whole == NULL) {
        return COF_FAIL(err, NO_MEMORY, "token header");
    }
    COF_TRY(cof_json_set(whole, "alg", json_string("RS256"), err));
    /* A shallow merge only adds references; jansson's signature merely lacks the const. */
    if (header != NULL) {
        const char *key = NULL;
        json_t *value = NULL;
        json_object_foreach((json_t *)(uintptr_t)header, key, value)
        {
            COF_TRY(cof_json_set(whole, key, json_incref(value), err));
        }
    }
    *out = json_incref(whole);
    return COF_OK;
}

cof_status cof_jws_sign(const cof_rsa_key *key, const json_t *header, cof_view payload,
                        cof_buf *out, cof_err *err)
{
    if (!cof_rsa_has_private(key)) {
        return COF_FAIL(err, BAD_ARGUMENT, "a public key cannot sign");
    }
    COF_JSON json_t *whole = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf header_text = {0};
    COF_CLEANUP(cof_buf_free) cof_buf token = {0};
    COF_CLEANUP(cof_buf_free) cof_buf signature = {0};
    cof_buf_init(&header_text, COF_JWS_HEADER_MAX);
    cof_buf_init(&token, COF_LIMIT_TOKEN_BYTES);
    cof_buf_init(&signature, 1024);
    COF_TRY(make_header(header, &whole, err));
    COF_TRY(cof_json_print(whole, &header_text, err));
    COF_TRY(cof_base64url_encode(cof_buf_view(&header_text), &token, err));
    COF_TRY(cof_buf_append_text(&token, ".", err));
    COF_TRY(cof_base64url_encode(payload, &token, err));
    COF_TRY(cof_rsa_sign(key, cof_buf_view(&token), &signature, err));
    COF_TRY(cof_buf_append_text(&token, ".", err));
    COF_TRY(cof_base64url_encode(cof_buf_view(&signature), &token, err));
    return cof_buf_append(out, cof_buf_view(&token), err);
}
