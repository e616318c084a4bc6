/* coffer-worker-azure-cvm: the vTPM of an Azure confidential VM, through tpm2-tss. */
#include "apps/coffer-worker/backends.h"

#include <stdlib.h>

#include "tcb/evidence/azure_cvm.h"

static cof_status open_azure_cvm(cof_quote_source **out_source, const char **out_folder,
                                 cof_err *err)
{
    *out_folder = NULL;
    /* tpm2-tss would write a line for everything that a TPM does not have. */
    (void)setenv("TSS2_LOG", "all+none", 0);
    return cof_quote_source_azure_cvm(Tss2_Tcti_Device_Init, "/dev/tpmrm0", out_source, err);
}

const char cof_worker_name[] = "coffer-worker-azure-cvm";
const cof_backend cof_worker_backends[] = {
    {.name = "azure-cvm", .open = open_azure_cvm, .has_quoter = true},
    {.name = NULL},
};
const char cof_worker_other_backends[] =
    "this program quotes for Azure's confidential VMs alone: the others are coffer-worker's";
