#include "relying/verify/amd/amd_crl.h"

#include <stdio.h>

#include "relying/verify/crl.h"
#include "relying/verify/timestamp.h"

enum { SERIAL_MAX = 20 };

static cof_status open_list(const cof_amd_crl_input *input, cof_crl **out, cof_checks *checks,
                            cof_err *err)
{
    static const char expected[] = "a list signed by the ARK";
    if (input->crl.size == 0) {
        (void)cof_check_add(checks, "evidence.crl", false, expected, "none");
        return COF_FAIL(err, COLLATERAL_MISSING, "no revocation list of the ARK");
    }
    const cof_status status = cof_crl_open(input->crl, input->chain->root, out, err);
    if (status != COF_OK) {
        (void)cof_check_add(checks, "evidence.crl", false, expected, "%s",
                            err == NULL ? cof_status_describe(status)->text : err->detail);
        return status;
    }
    (void)cof_check_add(checks, "evidence.crl", true, expected, "number %llu",
                        (unsigned long long)cof_crl_number(*out));
    return COF_OK;
}

static cof_status check_time(const cof_crl *crl, int64_t now_unix_s, cof_checks *checks,
                             cof_err *err)
{
    char now[COF_TIMESTAMP_SIZE];
    char begin[COF_TIMESTAMP_SIZE];
    char end[COF_TIMESTAMP_SIZE];
    char expected[COF_CHECK_TEXT_SIZE];
    cof_timestamp_text(now_unix_s, now);
    cof_timestamp_text(cof_crl_issued_unix_s(crl), begin);
    cof_timestamp_text(cof_crl_next_update_unix_s(crl), end);
    (void)snprintf(expected, sizeof expected, "valid at %s", now);
    const cof_status status = cof_crl_check_time(crl, now_unix_s, err);
    (void)cof_check_add(checks, "evidence.crl_time", status == COF_OK, expected, "%s to %s", begin,
                        end);
    return status;
}

static cof_status check_freshness(const cof_crl *crl, const cof_freshness *seen,
                                  cof_freshness_item *out_item, cof_checks *checks, cof_err *err)
{
    char issuer[2 * COF_DIGEST_SIZE + 1];
    cof_digest_text(cof_crl_issuer(crl), issuer);
    *out_item = (cof_freshness_item){.issued_unix_s = cof_crl_issued_unix_s(crl),
                                     .number = cof_crl_number(crl)};
    (void)snprintf(out_item->key, sizeof out_item->key, "crl:%s", issuer);
    return cof_freshness_check(seen, out_item, checks, err);
}

static void serial_text(X509 *certificate, char out[static 2 * SERIAL_MAX + 1])
{
    const ASN1_INTEGER *number = X509_get0_serialNumber(certificate);
    const int size = ASN1_STRING_length(number);
    (void)snprintf(out, 2, "?");
    for (int i = 0; size <= SERIAL_MAX && i < size; i++) {
        (void)snprintf(out + 2 * (size_t)i, 3, "%02x", ASN1_STRING_get0_data(number)[i]);
    }
}

static cof_status check_revocation(const cof_crl *crl, X509 *ca, cof_checks *checks, cof_err *err)
{
    char serial[2 * SERIAL_MAX + 1];
    serial_text(ca, serial);
    const cof_status status = cof_crl_check(crl, ca, err);
    (void)cof_check_add(checks, "evidence.revocation", status == COF_OK,
                        "the CA's serial number is not on the list", "%s: %s", serial,
                        status == COF_OK                   ? "is not"
                        : status == COF_E_EVIDENCE_REVOKED ? "is on it"
                                                           : "of another issuer");
    return status;
}

cof_status cof_amd_crl_check(const cof_amd_crl_input *input, cof_freshness_item *out_item,
                             cof_checks *checks, cof_err *err)
{
    COF_CLEANUP(cof_crl_drop_) cof_crl *crl = NULL;
    cof_freshness_item item = {0};
    COF_TRY(open_list(input, &crl, checks, err));
    COF_TRY(check_time(crl, input->now_unix_s, checks, err));
    COF_TRY(check_freshness(crl, input->seen, &item, checks, err));
    COF_TRY(check_revocation(crl, input->chain->ca, checks, err));
    *out_item = item;
    return COF_OK;
}
