/*
 * AMD's extensions of a VCEK or VLEK certificate (OIDs below 1.3.6.1.4.1.3704.1; AMD VCEK
 * Certificate and KDS Interface Specification, chapter 3): which chip, or which cloud provider, and
 * which security versions the key stands for.
 */
#ifndef COF_VERIFY_VCEK_H
#define COF_VERIFY_VCEK_H

#include <openssl/x509.h>

#include "relying/verify/amd/snp_report.h"

enum { COF_VCEK_NAME_SIZE = 24 };

typedef struct cof_vcek {
    uint8_t structure; /* version of the certificate's structure: 0, or 1 */
    cof_snp_product product;
    char product_name[COF_VCEK_NAME_SIZE]; /* "Milan-B0", "Genoa" */
    cof_snp_tcb tcb;
    uint8_t chip_id[64];              /* VCEK: as in a report, 8 bytes and zeros for Turin */
    char csp_id[COF_SNP_CSP_ID_SIZE]; /* VLEK */
} cof_vcek;

/**
 * Reads the extensions of a leaf: those that its kind and product have, each exactly once, in
 * minimal DER, reserved versions zero; none of AMD's that is not known, and no other critical one.
 *
 * @param extensions  may be NULL: none
 * @param signer      which kind of leaf it has to be
 * @return COF_OK, COF_E_BAD_FORMAT, COF_E_UNSUPPORTED (a product that is not known).
 */
COF_MUST_USE cof_status cof_vcek_read(const STACK_OF(X509_EXTENSION) * extensions,
                                      cof_snp_signer signer, cof_vcek *out, cof_err *err);

#endif
