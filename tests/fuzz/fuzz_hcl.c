/* HCL reports and their claims: what is accepted lies inside the input, and fills it. */
#include <stdlib.h>
#include <string.h>

#include "relying/verify/azure/hcl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_claims(cof_view json)
{
    cof_hcl_claims claims = {0};
    if (cof_hcl_claims_parse(json, &claims, NULL) == COF_OK &&
        ((claims.ak_modulus[0] & 0x80) == 0 ||
         (claims.ak_modulus[COF_RSA_2048_SIZE - 1] & 1) == 0 ||
         strnlen(claims.vm_id, sizeof claims.vm_id) == sizeof claims.vm_id)) {
        abort();
    }
}

static void check_report(cof_view bytes)
{
    cof_hcl_report report = {0};
    if (cof_hcl_report_parse(bytes, &report, NULL) != COF_OK) {
        return;
    }
    const size_t hardware_size = report.type == COF_HCL_SNP ? COF_HCL_HARDWARE_SIZE : 1024;
    if (report.hardware.size != hardware_size || report.hardware.data != bytes.data + 32 ||
        1236 + report.claims.size > bytes.size ||
        (report.claims.size > 0 && report.claims.data != bytes.data + 1236)) {
        abort();
    }
    for (size_t i = 1236 + report.claims.size; i < bytes.size; i++) {
        if (bytes.data[i] != 0) {
            abort();
        }
    }
    check_claims(report.claims);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const cof_view bytes = cof_view_of(data, size);
    check_report(bytes);
    check_claims(bytes);
    return 0;
}
