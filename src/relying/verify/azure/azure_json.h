/* What the readers of azure-cvm evidence share. */
#ifndef COF_VERIFY_AZURE_JSON_H
#define COF_VERIFY_AZURE_JSON_H

#include "relying/verify/azure/azure_cvm.h"

/** Empty, each part with its limit. */
void cof_azure_evidence_init(cof_azure_evidence *evidence);

#endif
