/* What one of AMD's certificates must say about itself, by its role in the chain. */
#ifndef COF_VERIFY_AMD_CERTIFICATE_H
#define COF_VERIFY_AMD_CERTIFICATE_H

#include <openssl/x509.h>

typedef enum cof_amd_role {
    COF_AMD_LEAF, /* VCEK or VLEK */
    COF_AMD_CA,   /* ASK or ASVK */
    COF_AMD_ROOT, /* ARK */
    COF_AMD_ROLE_COUNT
} cof_amd_role;

/**
 * Version 3; a leaf's key on P-384 (by the curve's name, not by parameters of its own), a CA's of
 * RSA-4096; signed with RSASSA-PSS, SHA-384, MGF1-SHA-384 and a salt of 48, the same in both places
 * where the algorithm stands; CA flag, path length and key usage of the role; no critical extension
 * of a CA that is unknown; the issuer's key identifier, if one is there. Signature, names and
 * validity are not looked at.
 *
 * @return NULL when all holds; else what does not, a static text.
 */
const char *cof_amd_certificate_problem(X509 *certificate, cof_amd_role role, X509 *issuer);

#endif
