#include "relying/verify/pem.h"

#include <openssl/err.h>
#include <string.h>

#include "tcb/wire/text.h"

enum { DER_MAX = 8 * 1024 };

static const char begin_line[] = "-----BEGIN CERTIFICATE-----";
static const char end_line[] = "-----END CERTIFICATE-----";

static bool is_line_end(uint8_t character)
{
    return character == '\n' || character == '\r';
}

static void skip_line_ends(cof_view *rest)
{
    while (rest->size > 0 && is_line_end(rest->data[0])) {
        rest->data++;
        rest->size--;
    }
}

static cof_status skip_text(cof_view *rest, const char *text, cof_err *err)
{
    const size_t size = strlen(text);
    if (rest->size < size || memcmp(rest->data, text, size) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "PEM: expected \"%s\"", text);
    }
    rest->data += size;
    rest->size -= size;
    return COF_OK;
}

cof_status cof_certificate_parse(cof_view der, X509 **out_certificate, cof_err *err)
{
    const unsigned char *at = der.data;
    COF_CLEANUP(cof_x509_drop_) X509 *certificate = NULL;
    if (der.size <= DER_MAX) {
        certificate = d2i_X509(NULL, &at, (long)der.size);
    }
    ERR_clear_error();
    if (certificate == NULL || at != der.data + der.size) {
        return COF_FAIL(err, BAD_FORMAT, "a certificate is not well formed");
    }
    /* OpenSSL reads BER as well; what it writes is DER. */
    unsigned char *again = NULL;
    const int again_size = i2d_X509(certificate, &again);
    const bool is_der =
        again_size > 0 && cof_view_equal(cof_view_of(again, (size_t)again_size), der);
    OPENSSL_free(again);
    if (!is_der) {
        return COF_FAIL(err, BAD_FORMAT, "a certificate is not in DER form");
    }
    *out_certificate = certificate;
    certificate = NULL;
    return COF_OK;
}

/* Cuts one certificate off *rest. */
static cof_status next_certificate(cof_view *rest, X509 **out_certificate, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf base64 = {0};
    COF_CLEANUP(cof_buf_free) cof_buf der = {0};
    cof_buf_init(&base64, (size_t)DER_MAX * 2);
    cof_buf_init(&der, DER_MAX);
    COF_TRY(skip_text(rest, begin_line, err));
    while (rest->size > 0 && rest->data[0] != '-') {
        size_t run = 0;
        while (run < rest->size && rest->data[run] != '-' && !is_line_end(rest->data[run])) {
            run++;
        }
        COF_TRY(cof_buf_append(&base64, cof_view_of(rest->data, run), err));
        rest->data += run;
        rest->size -= run;
        skip_line_ends(rest);
    }
    COF_TRY(skip_text(rest, end_line, err));
    COF_TRY(cof_base64_decode(cof_buf_view(&base64), &der, err));
    return cof_certificate_parse(cof_buf_view(&der), out_certificate, err);
}

cof_status cof_pem_chain_parse(cof_view pem, cof_pem_chain *out_chain, cof_err *err)
{
    COF_CLEANUP(cof_pem_chain_free) cof_pem_chain chain = {0};
    for (size_t i = 0; i < COF_PEM_CERTIFICATES_MAX; i++) {
        const cof_status status = next_certificate(&pem, &chain.certificates[i], err);
        if (status != COF_OK) {
            cof_err_context(err, "certificate %zu", i + 1);
            if (status == COF_E_LIMIT) {
                return COF_FAIL(err, BAD_FORMAT, "certificate %zu is too long", i + 1);
            }
            return status;
        }
        skip_line_ends(&pem);
    }
    if (pem.size != 0) {
        return COF_FAIL(err, BAD_FORMAT, "PEM: %zu bytes after the third certificate", pem.size);
    }
    *out_chain = chain;
    chain = (cof_pem_chain){0};
    return COF_OK;
}

void cof_pem_chain_free(cof_pem_chain *chain)
{
    for (size_t i = 0; i < COF_PEM_CERTIFICATES_MAX; i++) {
        cof_x509_drop_(&chain->certificates[i]);
    }
}
