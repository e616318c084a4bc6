#include "relying/verify/intel/td.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relying/verify/intel/tcb.h"
#include "tcb/wire/text.h"

static cof_status find_module(const cof_td_report *td, const cof_tcb_info *info,
                              const cof_tdx_module **out, cof_checks *checks, cof_err *err)
{
    const uint8_t version = td->tee_tcb_svn[1];
    const cof_tdx_module *module = cof_tdx_module_find(info, version);
    if (!cof_check_add(checks, "evidence.tdx_module", module != NULL,
                       "a module that the TCB info knows", "TDX_%02X", version)) {
        return COF_FAIL(err, TCB_UNKNOWN, "no identity of the TDX module TDX_%02X", version);
    }
    *out = module;
    return COF_OK;
}

static cof_status check_signer(const cof_td_report *td, const cof_tdx_module *module,
                               cof_checks *checks, cof_err *err)
{
    char actual[2 * sizeof td->mrsignerseam + 1];
    char expected[2 * sizeof td->mrsignerseam + 1];
    cof_hex_text(cof_view_of(td->mrsignerseam, sizeof td->mrsignerseam), actual);
    cof_hex_text(cof_view_of(module->mrsigner, sizeof module->mrsigner), expected);
    const bool is_right = memcmp(td->mrsignerseam, module->mrsigner, sizeof td->mrsignerseam) == 0;
    if (!cof_check_add(checks, "evidence.tdx_module_signer", is_right, expected, "%s", actual)) {
        return COF_FAIL(err, EVIDENCE_INVALID, "MRSIGNERSEAM is %s", actual);
    }
    return COF_OK;
}

static cof_status check_attributes(const cof_td_report *td, const cof_tdx_module *module,
                                   cof_checks *checks, cof_err *err)
{
    char expected[COF_CHECK_TEXT_SIZE];
    const bool is_right = td->seam_attributes == 0 &&
                          (td->seam_attributes & module->attributes_mask) == module->attributes;
    (void)snprintf(expected, sizeof expected, "zero, and 0x%" PRIx64 " under the mask 0x%" PRIx64,
                   module->attributes, module->attributes_mask);
    if (!cof_check_add(checks, "evidence.tdx_module_attributes", is_right, expected, "0x%" PRIx64,
                       td->seam_attributes)) {
        return COF_FAIL(err, EVIDENCE_INVALID, "SEAMATTRIBUTES are 0x%" PRIx64,
                        td->seam_attributes);
    }
    if (!cof_check_add(checks, "evidence.td_attributes",
                       (td->td_attributes & COF_TD_ATTRIBUTES_RESERVED) == 0, "bits 1 to 7 zero",
                       "0x%" PRIx64, td->td_attributes)) {
        return COF_FAIL(err, EVIDENCE_INVALID, "reserved TD attributes: 0x%" PRIx64,
                        td->td_attributes);
    }
    return COF_OK;
}

cof_status cof_td_check(const cof_td_report *td, const cof_tcb_info *info, cof_checks *checks,
                        cof_err *err)
{
    const cof_tdx_module *module = NULL;
    cof_checks_from(checks, "TD report");
    COF_TRY(find_module(td, info, &module, checks, err));
    COF_TRY(check_signer(td, module, checks, err));
    return check_attributes(td, module, checks, err);
}
