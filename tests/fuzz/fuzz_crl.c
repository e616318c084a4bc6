/*
 * Revocation lists. Input: size of a certificate (16 bits, little-endian), that certificate, a list
 * that it may have issued. A list that is read is read again in the same way; its times and serials
 * are judged by one rule.
 */
#include <openssl/err.h>
#include <stdlib.h>

#include "relying/verify/crl.h"
#include "relying/verify/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_right)
{
    if (!is_right) {
        abort();
    }
}

static void judge(const cof_crl *crl, X509 *issuer)
{
    const int64_t from = cof_crl_issued_unix_s(crl);
    const int64_t to = cof_crl_next_update_unix_s(crl);
    require(from <= to);
    require(cof_crl_check_time(crl, from, NULL) == COF_OK);
    require(cof_crl_check_time(crl, to, NULL) == COF_OK);
    require(cof_crl_check_time(crl, from - 1, NULL) == COF_E_COLLATERAL_EARLY);
    require(cof_crl_check_time(crl, to + 1, NULL) == COF_E_COLLATERAL_OLD);
    const cof_status status = cof_crl_check(crl, issuer, NULL);
    require(status == COF_OK || status == COF_E_EVIDENCE_REVOKED ||
            status == COF_E_COLLATERAL_MISMATCH);
}

static void open_twice(cof_view der, X509 *issuer)
{
    COF_CLEANUP(cof_crl_drop_) cof_crl *crl = NULL;
    COF_CLEANUP(cof_crl_drop_) cof_crl *again = NULL;
    cof_err err = {0};
    const cof_status status = cof_crl_open(der, issuer, &crl, &err);
    require((status == COF_OK) == (crl != NULL));
    require(status == COF_OK || status == COF_E_COLLATERAL_INVALID ||
            status == COF_E_COLLATERAL_MISMATCH || status == COF_E_NO_MEMORY);
    if (status == COF_OK) {
        require(cof_crl_open(der, issuer, &again, NULL) == COF_OK);
        require(cof_crl_number(again) == cof_crl_number(crl));
        judge(crl, issuer);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    COF_CLEANUP(cof_x509_drop_) X509 *issuer = NULL;
    const size_t issuer_size = size < 2 ? 0 : data[0] + 256u * data[1];
    if (size < 2 || issuer_size > size - 2 ||
        cof_certificate_parse(cof_view_of(data + 2, issuer_size), &issuer, NULL) != COF_OK) {
        return 0;
    }
    open_twice(cof_view_of(data + 2 + issuer_size, size - 2 - issuer_size), issuer);
    require(ERR_peek_error() == 0);
    return 0;
}
