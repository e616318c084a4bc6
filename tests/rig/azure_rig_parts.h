/* What the files of azure_rig share. */
#ifndef TEST_AZURE_RIG_PARTS_H
#define TEST_AZURE_RIG_PARTS_H

#include "rig/azure_rig.h"

void azure_rig_patch(const amd_rig_patch *patches, size_t count, uint8_t *bytes, size_t size);

/** Quote, signature and PCR values. */
COF_MUST_USE cof_status azure_rig_make_quote(const azure_rig *rig, const azure_rig_options *options,
                                             cof_azure_evidence *evidence, cof_err *err);

/** The ephemeral key with its certification. */
COF_MUST_USE cof_status azure_rig_make_encryption_key(const azure_rig *rig,
                                                      const azure_rig_options *options,
                                                      cof_azure_evidence *evidence, cof_err *err);

#endif
