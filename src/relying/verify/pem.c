#include "relying/verify/pem.h"

#include <openssl/err.h>
#include <string.h>

#include "tcb/wire/text.h"

enum { READ_MAX = 8 };

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
    if (der.size <= COF_CERTIFICATE_DER_MAX) {
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

cof_status cof_pem_cut(cof_view *rest, cof_buf *out_der, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf base64 = {0};
    cof_buf_init(&base64, (size_t)COF_CERTIFICATE_DER_MAX * 2);
    COF_TRY(skip_text(rest, begin_line, err));
    while (rest->size > 0 && rest->data[0] != '-') {
        size_t run = 0;
        while (run < rest->size && rest->data[run] != '-' && !is_line_end(rest->data[run])) {
            run++;
        }
        const cof_status status = cof_buf_append(&base64, cof_view_of(rest->data, run), err);
        if (status == COF_E_LIMIT) {
            return COF_FAIL(err, BAD_FORMAT, "a certificate is too long");
        }
        COF_TRY(status);
        rest->data += run;
        rest->size -= run;
        skip_line_ends(rest);
    }
    COF_TRY(skip_text(rest, end_line, err));
    const cof_status status = cof_base64_decode(cof_buf_view(&base64), out_der, err);
    if (status == COF_E_LIMIT) {
        return COF_FAIL(err, BAD_FORMAT, "a certificate is too long");
    }
    COF_TRY(status);
    skip_line_ends(rest);
    return COF_OK;
}

static cof_status next_certificate(cof_view *rest, X509 **out_certificate, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf der = {0};
    cof_buf_init(&der, COF_CERTIFICATE_DER_MAX);
    COF_TRY(cof_pem_cut(rest, &der, err));
    return cof_certificate_parse(cof_buf_view(&der), out_certificate, err);
}

static cof_status read_all(cof_view pem, size_t max, X509 **certificates, size_t *count,
                           cof_err *err)
{
    do {
        if (*count == max) {
            return COF_FAIL(err, BAD_FORMAT, "PEM: %zu bytes after certificate %zu", pem.size, max);
        }
        const cof_status status = next_certificate(&pem, &certificates[*count], err);
        if (status != COF_OK) {
            cof_err_context(err, "certificate %zu", *count + 1);
            return status;
        }
        (*count)++;
    } while (pem.size > 0);
    return COF_OK;
}

cof_status cof_pem_read(cof_view pem, size_t max, X509 **out_certificates, size_t *out_count,
                        cof_err *err)
{
    X509 *certificates[READ_MAX] = {NULL};
    size_t count = 0;
    if (max > READ_MAX) {
        return COF_FAIL(err, BAD_ARGUMENT, "at most %d certificates are read", READ_MAX);
    }
    const cof_status status = read_all(pem, max, certificates, &count, err);
    for (size_t i = 0; i < count; i++) {
        if (status == COF_OK) {
            out_certificates[i] = certificates[i];
        } else {
            X509_free(certificates[i]);
        }
    }
    COF_TRY(status);
    *out_count = count;
    return COF_OK;
}

cof_status cof_pem_chain_parse(cof_view pem, cof_pem_chain *out_chain, cof_err *err)
{
    COF_CLEANUP(cof_pem_chain_free) cof_pem_chain chain = {0};
    size_t count = 0;
    COF_TRY(cof_pem_read(pem, COF_PEM_CERTIFICATES_MAX, chain.certificates, &count, err));
    if (count != COF_PEM_CERTIFICATES_MAX) {
        return COF_FAIL(err, BAD_FORMAT, "PEM: %zu certificates instead of %d", count,
                        COF_PEM_CERTIFICATES_MAX);
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
