/* What the files of the AMD rig share. */
#ifndef TEST_AMD_RIG_INTERNAL_H
#define TEST_AMD_RIG_INTERNAL_H

#include <openssl/x509v3.h>

#include "rig/amd_rig.h"

enum { AMD_RIG_PEM_MAX = 16 * 1024 };

cof_snp_product amd_rig_product(const amd_rig_options *options);
uint64_t amd_rig_reported_tcb(const amd_rig_options *options);

/** The chip that a good report of this product names. */
void amd_rig_chip_id(cof_snp_product product, uint8_t out[static 64]);

/** The key of who, or of otherwise where who is DEFAULT. */
EVP_PKEY *amd_rig_key(const amd_rig *rig, amd_rig_who who, amd_rig_who otherwise);

/** Needs the keys. */
cof_status amd_rig_make_certificates(amd_rig *rig, const amd_rig_options *options, cof_err *err);
/** Needs the root's certificate. */
cof_status amd_rig_make_crl(amd_rig *rig, const amd_rig_options *options, cof_err *err);

bool amd_rig_add_extension(X509 *certificate, const char *oid, bool is_critical, cof_view value);
bool amd_rig_add_leaf_extensions(X509 *certificate, const amd_rig_options *options);

#endif
