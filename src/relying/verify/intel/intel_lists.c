/* The revocation lists of Intel collateral. */
#include <stdio.h>

#include "relying/verify/intel/intel_collateral_parts.h"
#include "relying/verify/intel/record.h"
#include "relying/verify/pem.h"

void cof_issued_list_free(cof_issued_list *list)
{
    cof_crl_drop_(&list->crl);
    cof_x509_drop_(&list->issuer);
}

static cof_status open_list(cof_view der, X509 *issuer, cof_issued_list *list, cof_err *err)
{
    if (list->crl != NULL && list->issuer == issuer) {
        return COF_OK;
    }
    cof_crl *crl = NULL;
    COF_TRY(cof_crl_open(der, issuer, &crl, err));
    cof_issued_list_free(list);
    list->crl = crl;
    list->issuer = X509_up_ref(issuer) == 1 ? issuer : NULL;
    return COF_OK;
}

/* The names of a revocation list's checks. */
typedef struct list_names {
    cof_collateral_item item;
    const char *source;
    const char *present, *signature, *time;
} list_names;

static const list_names root_list_names = {COF_COLLATERAL_ROOT_CRL, "root CRL", "evidence.root_crl",
                                           "evidence.root_crl_signature", "evidence.root_crl_time"};
static const list_names pck_list_names = {COF_COLLATERAL_PCK_CRL, "PCK CRL", "evidence.pck_crl",
                                          "evidence.pck_crl_signature", "evidence.pck_crl_time"};

static cof_status check_list(cof_intel_collateral *collateral, const list_names *names,
                             X509 *issuer, cof_issued_list *list, cof_intel_use *use, cof_err *err)
{
    cof_freshness_item item = {0};
    char issuer_text[2 * COF_DIGEST_SIZE + 1];
    cof_checks_from(use->checks, names->source);
    COF_TRY(cof_intel_check_present(collateral, names->item, names->present, use, err));
    COF_TRY(cof_record(
        use->checks, names->signature, "well formed, signed by the CA above", "yes",
        open_list(cof_collateral_view(&collateral->items, names->item), issuer, list, err), err));
    COF_TRY(cof_intel_check_window(names->time, cof_crl_issued_unix_s(list->crl),
                                   cof_crl_next_update_unix_s(list->crl), use, err));
    cof_digest_text(cof_crl_issuer(list->crl), issuer_text);
    (void)snprintf(item.key, sizeof item.key, "crl:%s", issuer_text);
    item.issued_unix_s = cof_crl_issued_unix_s(list->crl);
    item.number = cof_crl_number(list->crl);
    return cof_intel_check_fresh(&item, use, err);
}

cof_status cof_intel_check_serial(const cof_crl *crl, X509 *certificate, const char *name,
                                  cof_intel_use *use, cof_err *err)
{
    return cof_record(use->checks, name, "not on the list of its issuer", "not on the list",
                      cof_crl_check(crl, certificate, err), err);
}

cof_status cof_intel_check_revocation(cof_intel_collateral *collateral, X509 *leaf,
                                      cof_intel_use *use, cof_err *err)
{
    const cof_chain_top *top = &collateral->top;
    COF_TRY(check_list(collateral, &root_list_names, top->root, &collateral->root_list, use, err));
    COF_TRY(cof_intel_check_serial(collateral->root_list.crl, top->ca, "evidence.ca_revocation",
                                   use, err));
    COF_TRY(check_list(collateral, &pck_list_names, top->ca, &collateral->pck_list, use, err));
    return cof_intel_check_serial(collateral->pck_list.crl, leaf, "evidence.pck_revocation", use,
                                  err);
}
