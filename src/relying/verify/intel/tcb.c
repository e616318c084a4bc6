/*
 * Implementation notes
 *
 * A TD is rated by up to four levels: that of the processor (SGX components alone), that of the
 * processor with the TDX components, that of the TDX module, that of the quoting enclave. The first
 * is only needed for the relaunch advice: a TD that was started before its module was updated
 * reports the old module (TEE_TCB_SVN) and the one that runs now (TEE_TCB_SVN2). When the platform
 * is good but for that, starting the TD anew is enough.
 */
#include "relying/verify/intel/tcb.h"

#include <stdio.h>
#include <string.h>

#include "tcb/wire/text.h"

/* Places in TEE_TCB_SVN. */
enum { MODULE_SVN, MODULE_VERSION, LOADER_SVN, COMPONENTS = 16 };

const cof_tdx_module *cof_tdx_module_find(const cof_tcb_info *info, uint8_t version)
{
    for (size_t i = 0; i < info->module_count; i++) {
        if (info->modules[i].version == version) {
            return &info->modules[i];
        }
    }
    return NULL;
}

const cof_svn_level *cof_svn_level_find(const cof_svn_level *levels, size_t level_count,
                                        uint16_t isv_svn)
{
    for (size_t i = 0; i < level_count; i++) {
        if (levels[i].isv_svn <= isv_svn) {
            return &levels[i];
        }
    }
    return NULL;
}

static bool reaches(const uint8_t *actual, const uint8_t *needed, size_t first)
{
    for (size_t i = first; i < COMPONENTS; i++) {
        if (actual[i] < needed[i]) {
            return false;
        }
    }
    return true;
}

const cof_tcb_level *cof_tcb_level_find(const cof_tcb_info *info, const cof_pck *pck,
                                        const cof_td_report *td)
{
    /* With a module version, the module is rated by its own identity. */
    const size_t first = td != NULL && td->tee_tcb_svn[MODULE_VERSION] > 0 ? LOADER_SVN : 0;
    for (size_t i = 0; i < info->level_count; i++) {
        const cof_tcb_level *level = &info->levels[i];
        if (reaches(pck->components, level->sgx, 0) && pck->pce_svn >= level->pce_svn &&
            (td == NULL || reaches(td->tee_tcb_svn, level->tdx, first))) {
            return level;
        }
    }
    return NULL;
}

static bool needs_configuration(cof_tcb_status status)
{
    return status == COF_TCB_CONFIGURATION_NEEDED ||
           status == COF_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED ||
           status == COF_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED ||
           status == COF_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED;
}

cof_tcb_status cof_tcb_converge(cof_tcb_status level, cof_tcb_status part)
{
    if (level == COF_TCB_REVOKED || part == COF_TCB_REVOKED) {
        return COF_TCB_REVOKED;
    }
    if (part == COF_TCB_UP_TO_DATE) {
        return level;
    }
    return needs_configuration(level) ? COF_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED
                                      : COF_TCB_OUT_OF_DATE;
}

/* Would starting the TD anew be enough? COF_E_TCB_UNKNOWN: the module that runs is not known. */
static cof_status is_relaunch_enough(const cof_tcb_info *info, const cof_td_report *td, bool *out,
                                     cof_err *err)
{
    const cof_tcb_level *latest = &info->levels[0];
    const uint8_t *running = td->tee_tcb_svn2;
    uint16_t needed = latest->tdx[MODULE_SVN];
    if (running[MODULE_VERSION] > 0) {
        const cof_tdx_module *module = cof_tdx_module_find(info, running[MODULE_VERSION]);
        if (module == NULL || module->level_count == 0) {
            return COF_FAIL(err, TCB_UNKNOWN, "no identity of the running TDX module, TDX_%02X",
                            running[MODULE_VERSION]);
        }
        needed = module->levels[0].isv_svn;
    }
    *out = running[MODULE_SVN] >= needed && running[LOADER_SVN] >= latest->tdx[LOADER_SVN];
    return COF_OK;
}

/* What the levels of a TD say. */
typedef struct td_levels {
    cof_tcb_status sgx;    /* of the processor alone */
    cof_tcb_status merged; /* of processor, TDX components and module */
    cof_tcb_status module;
    cof_tcb_status qe;
} td_levels;

static cof_status apply_relaunch(const cof_tcb_info *info, const cof_td_report *td,
                                 const td_levels *levels, cof_tcb_status *status, cof_err *err)
{
    const bool is_qe_good = levels->qe == COF_TCB_UP_TO_DATE;
    const bool is_sgx_good = levels->sgx == COF_TCB_UP_TO_DATE ||
                             levels->sgx == COF_TCB_SW_HARDENING_NEEDED ||
                             levels->sgx == COF_TCB_CONFIGURATION_NEEDED ||
                             levels->sgx == COF_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED;
    const bool is_merged_old = levels->merged == COF_TCB_OUT_OF_DATE ||
                               levels->merged == COF_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
    bool is_enough = false;
    if (!td->is_1_5 || !is_qe_good || !is_sgx_good || !is_merged_old ||
        levels->module != COF_TCB_OUT_OF_DATE) {
        return COF_OK;
    }
    COF_TRY(is_relaunch_enough(info, td, &is_enough, err));
    if (is_enough) {
        const bool is_configuration =
            needs_configuration(levels->sgx) || needs_configuration(levels->merged);
        *status = is_configuration ? COF_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED
                                   : COF_TCB_TD_RELAUNCH_ADVISED;
    }
    return COF_OK;
}

static cof_status add_advisories(cof_advisories *all, const cof_advisories *some, cof_err *err)
{
    for (size_t i = 0; i < some->count; i++) {
        COF_TRY(cof_advisories_add(all, cof_view_text(some->ids[i]), err));
    }
    return COF_OK;
}

/* Rates the module, with its advisories. A module without a version has no level of its own. */
static cof_status rate_module(const cof_tcb_info *info, const cof_td_report *td,
                              cof_tcb_status *out_status, cof_advisories *advisories,
                              cof_checks *checks, cof_err *err)
{
    const uint8_t version = td->tee_tcb_svn[MODULE_VERSION];
    *out_status = COF_TCB_UP_TO_DATE;
    if (version == 0) {
        return COF_OK;
    }
    const cof_tdx_module *module = cof_tdx_module_find(info, version);
    const cof_svn_level *level =
        module == NULL
            ? NULL
            : cof_svn_level_find(module->levels, module->level_count, td->tee_tcb_svn[MODULE_SVN]);
    (void)cof_check_add(checks, "evidence.tdx_module_level", level != NULL,
                        "a level of the module's identity", "TDX_%02X, security version %u: %s",
                        version, td->tee_tcb_svn[MODULE_SVN],
                        level == NULL ? "none" : cof_tcb_status_name(level->status));
    if (level == NULL) {
        return COF_FAIL(err, TCB_UNKNOWN, "TDX module TDX_%02X of security version %u", version,
                        td->tee_tcb_svn[MODULE_SVN]);
    }
    *out_status = level->status;
    return add_advisories(advisories, &level->advisories, err);
}

static cof_status rate_td(const cof_tcb_info *info, const cof_pck *pck, const cof_td_report *td,
                          const cof_tcb_level *level, const cof_svn_level *qe_level,
                          cof_tcb_rating *rating, cof_checks *checks, cof_err *err)
{
    /* There is one: level itself reaches as far. */
    const cof_tcb_level *sgx_level = cof_tcb_level_find(info, pck, NULL);
    td_levels levels = {.sgx = sgx_level == NULL ? level->status : sgx_level->status,
                        .qe = qe_level->status};
    COF_TRY(rate_module(info, td, &levels.module, &rating->advisories, checks, err));
    levels.merged = cof_tcb_converge(level->status, levels.module);
    rating->status = levels.merged;
    return apply_relaunch(info, td, &levels, &rating->status, err);
}

/* "0b0b…, PCE 13" or, for a TD, also its TEE_TCB_SVN. */
static void versions_text(const cof_pck *pck, const cof_td_report *td, char *out, size_t size)
{
    char sgx[2 * COMPONENTS + 1];
    char tdx[2 * COMPONENTS + 1] = "";
    cof_hex_text(cof_view_of(pck->components, COMPONENTS), sgx);
    if (td != NULL) {
        cof_hex_text(cof_view_of(td->tee_tcb_svn, COMPONENTS), tdx);
    }
    (void)snprintf(out, size, "%s, PCE %u%s%s", sgx, pck->pce_svn, td == NULL ? "" : ", TDX ", tdx);
}

cof_status cof_tcb_rate(const cof_tcb_info *info, const cof_pck *pck, const cof_td_report *td,
                        const cof_svn_level *qe_level, cof_tcb_rating *out, cof_checks *checks,
                        cof_err *err)
{
    char versions[COF_CHECK_TEXT_SIZE];
    cof_tcb_rating rating = {.evaluation_number = info->evaluation_number,
                             .collateral_expires_unix_s = out->collateral_expires_unix_s};
    const cof_tcb_level *level = cof_tcb_level_find(info, pck, td);
    versions_text(pck, td, versions, sizeof versions);
    (void)cof_check_add(checks, "evidence.tcb_level", level != NULL, "a level of the TCB info",
                        "%s: %s", versions,
                        level == NULL ? "none" : cof_tcb_status_name(level->status));
    if (level == NULL) {
        return COF_FAIL(err, TCB_UNKNOWN, "no TCB level matches %s", versions);
    }
    rating.status = level->status;
    rating.tcb_date_unix_s = level->date_unix_s;
    COF_TRY(add_advisories(&rating.advisories, &level->advisories, err));
    if (td != NULL) {
        COF_TRY(rate_td(info, pck, td, level, qe_level, &rating, checks, err));
    }
    rating.status = cof_tcb_converge(rating.status, qe_level->status);
    COF_TRY(add_advisories(&rating.advisories, &qe_level->advisories, err));
    *out = rating;
    return COF_OK;
}
