/* AMD's extensions of a leaf: as a list of extensions, and inside a certificate. */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "relying/verify/amd/vcek.h"
#include "relying/verify/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_text(const char *text, size_t size)
{
    const size_t length = strnlen(text, size);
    for (size_t i = 0; i < length; i++) {
        if (text[i] < 0x20 || text[i] > 0x7e) {
            return false;
        }
    }
    return length < size;
}

static void read_both(const STACK_OF(X509_EXTENSION) * extensions)
{
    cof_vcek vcek = {0};
    cof_vcek vlek = {0};
    const bool is_vcek = cof_vcek_read(extensions, COF_SNP_VCEK, &vcek, NULL) == COF_OK;
    const bool is_vlek = cof_vcek_read(extensions, COF_SNP_VLEK, &vlek, NULL) == COF_OK;
    const cof_vcek *read = is_vcek ? &vcek : &vlek;
    if (is_vcek && is_vlek) {
        abort(); /* one kind of leaf must never be read as the other */
    }
    if ((is_vcek || is_vlek) &&
        (read->product == COF_SNP_NONE || read->structure > 1 ||
         (read->product != COF_SNP_TURIN && read->tcb.fmc != 0) ||
         !is_text(read->product_name, sizeof read->product_name) ||
         !is_text(read->csp_id, sizeof read->csp_id) || (read->csp_id[0] != '\0') != is_vlek)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const unsigned char *at = data;
    COF_CLEANUP(cof_x509_drop_) X509 *certificate = NULL;
    STACK_OF(X509_EXTENSION) *extensions = d2i_X509_EXTENSIONS(NULL, &at, (long)size);
    ERR_clear_error();
    if (extensions != NULL) {
        read_both(extensions);
    }
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    if (cof_certificate_parse(cof_view_of(data, size), &certificate, NULL) == COF_OK) {
        read_both(X509_get0_extensions(certificate));
    }
    return 0;
}
