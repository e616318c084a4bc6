/* An administrator's JWS, made with OpenSSL directly. */
#ifndef COF_TEST_ORDER_CASE_H
#define COF_TEST_ORDER_CASE_H

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

#include "harness/cof_test.h"
#include "local/ca/cert.h"
#include "tcb/wire/text.h"

enum { ORDER_CASE_NOW = 1800000000 };

typedef struct order_signer {
    EVP_PKEY *key;
    X509 *certificate;
} order_signer;

static inline order_signer order_signer_make(bool is_ec, const char *name)
{
    order_signer s = {.key = is_ec ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048)};
    assert_non_null(s.key);
    const cof_cert_request request = {
        .common_name = name, .key = s.key, .not_before = ORDER_CASE_NOW - 3600, .days = 30};
    assert_ok(cof_cert_make(&request, &s.certificate, NULL));
    return s;
}

static inline void order_signer_free(order_signer *s)
{
    EVP_PKEY_free(s->key);
    X509_free(s->certificate);
}

/* DER to r || s. */
static inline void order_raw(const uint8_t *der, size_t size, cof_buf *out)
{
    uint8_t raw[64];
    const uint8_t *p = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)size);
    assert_non_null(sig);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, 32), 32);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + 32, 32), 32);
    ECDSA_SIG_free(sig);
    assert_ok(cof_buf_append(out, cof_view_of(raw, sizeof raw), NULL));
}

static inline void order_sign(const order_signer *s, const char *alg, cof_view bytes, cof_buf *out)
{
    uint8_t signature[512];
    size_t size = sizeof signature;
    EVP_PKEY_CTX *inner = NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, &inner, EVP_sha256(), NULL, s->key), 1);
    if (strcmp(alg, "PS256") == 0) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(inner, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, RSA_PSS_SALTLEN_DIGEST), 1);
    }
    assert_int_equal(EVP_DigestSign(context, signature, &size, bytes.data, bytes.size), 1);
    EVP_MD_CTX_free(context);
    if (strcmp(alg, "ES256") == 0) {
        order_raw(signature, size, out);
    } else {
        assert_ok(cof_buf_append(out, cof_view_of(signature, size), NULL));
    }
}

/* header and payload as they are to be; signer NULL: no signature. */
static inline cof_buf order_jws(const order_signer *s, const char *alg, const char *header,
                                const char *payload)
{
    cof_buf jws = {.limit = 65536};
    COF_CLEANUP(cof_buf_free) cof_buf signature = {.limit = 512};
    assert_ok(cof_base64url_encode(cof_view_text(header), &jws, NULL));
    assert_ok(cof_buf_append_text(&jws, ".", NULL));
    assert_ok(cof_base64url_encode(cof_view_text(payload), &jws, NULL));
    if (s != NULL) {
        order_sign(s, alg, cof_buf_view(&jws), &signature);
    }
    assert_ok(cof_buf_append_text(&jws, ".", NULL));
    assert_ok(cof_base64url_encode(cof_buf_view(&signature), &jws, NULL));
    return jws;
}

/* A well-made one. */
static inline cof_buf order_of(const order_signer *s, const char *alg, const char *payload)
{
    char header[8192];
    json_t *x5c = NULL;
    assert_ok(cof_cert_to_x5c(s->certificate, &x5c, NULL));
    (void)snprintf(header, sizeof header, "{\"alg\":\"%s\",\"x5c\":[\"%s\"]}", alg,
                   json_string_value(x5c));
    json_decref(x5c);
    return order_jws(s, alg, header, payload);
}

/* {"AttestationPolicy":base64url(text)} */
static inline cof_buf order_policy(const char *text)
{
    cof_buf payload = {.limit = 65536};
    COF_CLEANUP(cof_buf_free) cof_buf inner = {.limit = 65536};
    assert_ok(cof_base64url_encode(cof_view_text(text), &inner, NULL));
    assert_ok(cof_buf_printf(&payload, NULL, "{\"AttestationPolicy\":\"%.*s\"}", (int)inner.size,
                             (const char *)inner.data));
    return payload;
}

#endif
