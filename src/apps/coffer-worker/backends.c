/* coffer-worker: everything that needs no library beside the C library, libcrypto and jansson. */
#include "apps/coffer-worker/backends.h"

#include <unistd.h>

enum { QUOTE_CHANNEL = 3 };

static const char tsm_reports[] = "/sys/kernel/config/tsm/report";

static cof_status open_simulated(cof_quote_source **out_source, const char **out_folder,
                                 cof_err *err)
{
    *out_folder = NULL;
    return cof_quote_source_simulated(QUOTE_CHANNEL, out_source, err);
}

static cof_status open_sgx(cof_quote_source **out_source, const char **out_folder, cof_err *err)
{
    *out_folder = NULL;
    return cof_quote_source_sgx("/dev/attestation", out_source, err);
}

/* Linux before 6.7 has the device alone. */
static cof_status open_snp(cof_quote_source **out_source, const char **out_folder, cof_err *err)
{
    if (access(tsm_reports, F_OK) != 0) {
        *out_folder = NULL;
        return cof_quote_source_sev_guest("/dev/sev-guest", out_source, err);
    }
    *out_folder = tsm_reports;
    return cof_quote_source_tsm_snp(tsm_reports, out_source, err);
}

static cof_status open_tdx(cof_quote_source **out_source, const char **out_folder, cof_err *err)
{
    *out_folder = tsm_reports;
    return cof_quote_source_tsm_tdx(tsm_reports, out_source, err);
}

const char cof_worker_name[] = "coffer-worker";
const cof_backend cof_worker_backends[] = {
    {.name = "simulated", .open = open_simulated},
    {.name = "sgx", .open = open_sgx, .is_in_enclave = true},
    {.name = "sev-snp", .open = open_snp, .has_quoter = true},
    {.name = "tdx", .open = open_tdx, .has_quoter = true},
    {.name = NULL},
};
const char cof_worker_other_backends[] =
    "azure-cvm is another program's, which links a TPM library: coffer-worker-azure-cvm";
