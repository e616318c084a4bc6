/*
 * Intel's signed documents: what is cut out is the member's value, byte for byte; what is read
 * keeps its promises; and dates print back as they were.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "relying/verify/collateral.h"
#include "relying/verify/intel/tcb_info.h"
#include "tcb/wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_right)
{
    if (!is_right) {
        abort();
    }
}

static void check_svn_levels(const cof_svn_level *levels, size_t count, size_t most)
{
    require(count >= 1 && count <= most);
    for (size_t i = 0; i < count; i++) {
        require(i == 0 || levels[i].isv_svn < levels[i - 1].isv_svn);
        require(levels[i].status == COF_TCB_UP_TO_DATE || levels[i].status == COF_TCB_OUT_OF_DATE ||
                levels[i].status == COF_TCB_REVOKED);
        require(levels[i].advisories.count <= COF_ADVISORIES_MAX);
    }
}

/* A platform of a level's own versions is rated by that level, not by an earlier one. */
static bool reaches(const cof_tcb_level *platform, const cof_tcb_level *level)
{
    for (size_t i = 0; i < 16; i++) {
        if (platform->sgx[i] < level->sgx[i] || platform->tdx[i] < level->tdx[i]) {
            return false;
        }
    }
    return platform->pce_svn >= level->pce_svn;
}

static void check_info(const cof_tcb_info *info)
{
    require(info->version == 2 || info->version == 3);
    require(info->issued_unix_s <= info->next_update_unix_s);
    require(info->level_count >= 1 && info->level_count <= COF_TCB_LEVELS_MAX);
    require(info->module_count <= COF_TDX_MODULES_MAX);
    require(info->is_tdx == (info->module_count > 0));
    require(!info->is_tdx || info->version == 3);
    for (size_t i = 0; i < info->level_count; i++) {
        size_t first = 0;
        while (!reaches(&info->levels[i], &info->levels[first])) {
            first++;
        }
        require(first == i);
        require(info->levels[i].status != COF_TCB_UNRATED);
    }
    for (size_t i = 1; i < info->module_count; i++) {
        require(info->modules[i].version != 0);
        check_svn_levels(info->modules[i].levels, info->modules[i].level_count,
                         COF_TDX_MODULE_LEVELS_MAX);
    }
}

static void read_bodies(cof_view body)
{
    static cof_tcb_info info;
    static cof_qe_identity identity;
    if (cof_tcb_info_parse(body, &info, NULL) == COF_OK) {
        check_info(&info);
        /* No document is of both kinds. */
        require(cof_qe_identity_parse(body, &identity, NULL) != COF_OK);
    } else if (cof_qe_identity_parse(body, &identity, NULL) == COF_OK) {
        require(identity.issued_unix_s <= identity.next_update_unix_s);
        check_svn_levels(identity.levels, identity.level_count, COF_QE_LEVELS_MAX);
    }
}

static void cut(cof_view bytes, const char *member)
{
    cof_signed_json document = {0};
    if (cof_signed_json_cut(bytes, member, &document, NULL) != COF_OK) {
        return;
    }
    require(document.body.data > bytes.data &&
            document.body.data + document.body.size < bytes.data + bytes.size);
    COF_JSON json_t *whole = NULL;
    COF_JSON json_t *body = NULL;
    require(cof_json_parse(bytes, COF_COLLATERAL_ITEM_MAX, &whole, NULL) == COF_OK);
    require(cof_json_parse(document.body, COF_COLLATERAL_ITEM_MAX, &body, NULL) == COF_OK);
    require(json_equal(json_object_get(whole, member), body) == 1);
    read_bodies(document.body);
}

static void read_time(cof_view text)
{
    int64_t unix_s = 0;
    struct tm parts;
    char again[64];
    if (cof_time_parse(text, &unix_s, NULL) == COF_OK) {
        const time_t when = (time_t)unix_s;
        require(gmtime_r(&when, &parts) != NULL);
        require(strftime(again, sizeof again, "%Y-%m-%dT%H:%M:%SZ", &parts) == text.size);
        require(memcmp(again, text.data, text.size) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const cof_view bytes = cof_view_of(data, size);
    cut(bytes, "tcbInfo");
    cut(bytes, "enclaveIdentity");
    read_bodies(bytes);
    read_time(bytes);
    return 0;
}
