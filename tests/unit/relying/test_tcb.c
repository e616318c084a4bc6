/*
 * How a platform is rated: which level it reaches, how the ratings of processor, TDX module and
 * quoting enclave are merged, and when starting a TD anew is enough.
 */
#include <string.h>

#include "relying/verify/intel/tcb.h"
#include "unit/relying/intel_case.h"

#define UP   COF_TCB_UP_TO_DATE
#define SW   COF_TCB_SW_HARDENING_NEEDED
#define CN   COF_TCB_CONFIGURATION_NEEDED
#define CSW  COF_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED
#define TDR  COF_TCB_TD_RELAUNCH_ADVISED
#define TDRC COF_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED
#define OLD  COF_TCB_OUT_OF_DATE
#define OLDC COF_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED
#define REV  COF_TCB_REVOKED

/* Rows: the platform's status; columns: of the part: UpToDate, OutOfDate, Revoked. */
static const struct {
    cof_tcb_status level;
    cof_tcb_status merged[3];
} convergence[] = {
    {UP, {UP, OLD, REV}},    {SW, {SW, OLD, REV}},      {CN, {CN, OLDC, REV}},
    {CSW, {CSW, OLDC, REV}}, {OLD, {OLD, OLD, REV}},    {OLDC, {OLDC, OLDC, REV}},
    {TDR, {TDR, OLD, REV}},  {TDRC, {TDRC, OLDC, REV}}, {REV, {REV, REV, REV}},
};

static void a_part_that_is_worse_makes_the_whole_worse(void **state)
{
    (void)state;
    static const cof_tcb_status parts[3] = {UP, OLD, REV};
    assert_int_equal(sizeof convergence / sizeof convergence[0], COF_TCB_STATUS_COUNT - 1);
    for (size_t i = 0; i < sizeof convergence / sizeof convergence[0]; i++) {
        for (size_t j = 0; j < 3; j++) {
            assert_int_equal(cof_tcb_converge(convergence[i].level, parts[j]),
                             convergence[i].merged[j]);
        }
    }
    /* Ratings that parts do not have today count as out of date. */
    assert_int_equal(cof_tcb_converge(UP, SW), OLD);
    assert_int_equal(cof_tcb_converge(CN, CSW), OLDC);
}

static void the_first_level_not_above_the_version_is_taken(void **state)
{
    (void)state;
    static const cof_svn_level levels[] = {{.isv_svn = 8}, {.isv_svn = 6}, {.isv_svn = 1}};
    assert_ptr_equal(cof_svn_level_find(levels, 3, 9), &levels[0]);
    assert_ptr_equal(cof_svn_level_find(levels, 3, 8), &levels[0]);
    assert_ptr_equal(cof_svn_level_find(levels, 3, 7), &levels[1]);
    assert_ptr_equal(cof_svn_level_find(levels, 3, 1), &levels[2]);
    assert_null(cof_svn_level_find(levels, 3, 0));
    assert_null(cof_svn_level_find(levels, 0, 9));
}

/* A TCB info with two levels, all components 5 and all components 3. */
static cof_tcb_info *make_info(void)
{
    cof_tcb_info *info = calloc(1, sizeof *info);
    assert_non_null(info);
    info->is_tdx = true;
    info->level_count = 2;
    for (size_t i = 0; i < 2; i++) {
        const int svn = i == 0 ? 5 : 3;
        memset(info->levels[i].sgx, svn, 16);
        memset(info->levels[i].tdx, svn, 16);
        info->levels[i].pce_svn = (uint16_t)(svn * 2);
        info->levels[i].status = i == 0 ? UP : OLD;
    }
    return info;
}

static void every_component_has_to_reach_the_level(void **state)
{
    (void)state;
    cof_tcb_info *info = make_info();
    cof_pck pck = {.pce_svn = 10};
    cof_td_report td = {0};
    memset(pck.components, 5, sizeof pck.components);
    memset(td.tee_tcb_svn, 5, sizeof td.tee_tcb_svn);
    assert_ptr_equal(cof_tcb_level_find(info, &pck, NULL), &info->levels[0]);
    assert_ptr_equal(cof_tcb_level_find(info, &pck, &td), &info->levels[0]);
    for (size_t i = 0; i < 16; i++) {
        pck.components[i] = 4;
        assert_ptr_equal(cof_tcb_level_find(info, &pck, NULL), &info->levels[1]);
        pck.components[i] = 2;
        assert_null(cof_tcb_level_find(info, &pck, NULL));
        pck.components[i] = 5;
        /* The module's version says that its identity rates the first two. */
        td.tee_tcb_svn[i] = 4;
        const cof_tcb_level *expected = i < 2 ? &info->levels[0] : &info->levels[1];
        assert_ptr_equal(cof_tcb_level_find(info, &pck, &td), expected);
        td.tee_tcb_svn[i] = 5;
    }
    pck.pce_svn = 9;
    assert_ptr_equal(cof_tcb_level_find(info, &pck, NULL), &info->levels[1]);
    pck.pce_svn = 5;
    assert_null(cof_tcb_level_find(info, &pck, NULL));
    /* Without a module version all 16 count: version 0 does not reach the second component. */
    pck.pce_svn = 10;
    td.tee_tcb_svn[1] = 0;
    assert_null(cof_tcb_level_find(info, &pck, &td));
    info->levels[0].tdx[1] = 0;
    assert_ptr_equal(cof_tcb_level_find(info, &pck, &td), &info->levels[0]);
    td.tee_tcb_svn[0] = 4;
    info->levels[1].tdx[1] = 0;
    assert_ptr_equal(cof_tcb_level_find(info, &pck, &td), &info->levels[1]);
    free(info);
}

/* A TD that was started with an old module: what it takes to be advised to start anew. */
typedef struct relaunch {
    const char *what;
    bool is_1_5;
    cof_tcb_status sgx;    /* of the level that the processor reaches */
    cof_tcb_status level;  /* of the level that the TD reaches */
    cof_tcb_status module; /* of the level that its module reaches */
    cof_tcb_status qe;
    uint8_t running[3];      /* TEE_TCB_SVN2: module's security version, its version, loader */
    cof_tcb_status expected; /* UNRATED: TCB_UNKNOWN */
} relaunch;

static const relaunch relaunches[] = {
    {"all is good but the module", true, UP, OLD, OLD, UP, {7, 1, 5}, TDR},
    {"hardening of software too", true, SW, OLD, OLD, UP, {7, 1, 5}, TDR},
    {"configuration too", true, CN, OLD, OLD, UP, {7, 1, 5}, TDRC},
    {"configuration and hardening too", true, CSW, OLD, OLD, UP, {7, 1, 5}, TDRC},
    {"the TD's level needs configuration", true, UP, OLDC, OLD, UP, {7, 1, 5}, TDRC},
    {"the TD's level is good", true, UP, UP, OLD, UP, {7, 1, 5}, TDR},
    {"newer than the latest", true, UP, OLD, OLD, UP, {9, 1, 6}, TDR},
    {"a TD 1.0 does not say what runs", false, UP, OLD, OLD, UP, {7, 1, 5}, OLD},
    {"an old processor", true, OLD, OLD, OLD, UP, {7, 1, 5}, OLD},
    {"a revoked processor", true, REV, OLD, OLD, UP, {7, 1, 5}, OLD},
    {"an old quoting enclave", true, UP, OLD, OLD, OLD, {7, 1, 5}, OLD},
    {"a revoked quoting enclave", true, UP, OLD, OLD, REV, {7, 1, 5}, REV},
    {"a revoked module", true, UP, OLD, REV, UP, {7, 1, 5}, REV},
    {"a good module", true, UP, OLD, UP, UP, {7, 1, 5}, OLD},
    {"a revoked level", true, UP, REV, OLD, UP, {7, 1, 5}, REV},
    {"the running module is old", true, UP, OLD, OLD, UP, {6, 1, 5}, OLD},
    {"the running loader is old", true, UP, OLD, OLD, UP, {7, 1, 4}, OLD},
    {"the running module is unnamed", true, UP, OLD, OLD, UP, {5, 0, 5}, TDR},
    {"the running module is unnamed and old", true, UP, OLD, OLD, UP, {4, 0, 5}, OLD},
    {"the running module is unnamed, its loader old", true, UP, OLD, OLD, UP, {5, 0, 4}, OLD},
    {"the running module is not known", true, UP, OLD, OLD, UP, {7, 2, 5}, COF_TCB_UNRATED},
};

/* Level 0: what the processor reaches; level 1: what the TD reaches, by an older loader. */
static void rate_relaunch(const relaunch *row)
{
    cof_tcb_info *info = make_info();
    const cof_svn_level qe = {.isv_svn = 8, .status = row->qe};
    cof_pck pck = {.pce_svn = 10};
    cof_td_report td = {.is_1_5 = row->is_1_5};
    cof_tcb_rating rating = {0};
    cof_checks checks = {0};
    memset(pck.components, 5, sizeof pck.components);
    memset(td.tee_tcb_svn, 5, sizeof td.tee_tcb_svn);
    td.tee_tcb_svn[0] = 3;
    td.tee_tcb_svn[1] = 1;
    td.tee_tcb_svn[2] = 4;
    memcpy(td.tee_tcb_svn2, row->running, sizeof row->running);
    info->levels[0].status = row->sgx;
    info->levels[1].status = row->level;
    info->module_count = 2;
    info->modules[1] = (cof_tdx_module){.version = 1, .level_count = 2};
    info->modules[1].levels[0] = (cof_svn_level){.isv_svn = 7, .status = UP};
    info->modules[1].levels[1] = (cof_svn_level){.isv_svn = 3, .status = row->module};
    const cof_status status = cof_tcb_rate(info, &pck, &td, &qe, &rating, &checks, NULL);
    const cof_status expected = row->expected == COF_TCB_UNRATED ? COF_E_TCB_UNKNOWN : COF_OK;
    if (status != expected || rating.status != row->expected) {
        fail_msg("%s: %s, %s", row->what, cof_status_describe(status)->name,
                 cof_tcb_status_name(rating.status));
    }
    free(info);
}

static void a_relaunch_is_advised_where_it_is_enough(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof relaunches / sizeof relaunches[0]; i++) {
        rate_relaunch(&relaunches[i]);
    }
}

static void advisories_of_every_part_are_named_once(void **state)
{
    (void)state;
    cof_tcb_info *info = make_info();
    cof_svn_level qe = {.isv_svn = 8, .status = UP};
    cof_pck pck = {.pce_svn = 10};
    cof_td_report td = {0};
    cof_tcb_rating rating = {.collateral_expires_unix_s = 77};
    memset(pck.components, 5, sizeof pck.components);
    memset(td.tee_tcb_svn, 5, sizeof td.tee_tcb_svn);
    info->evaluation_number = 17;
    info->levels[0].date_unix_s = 1234;
    info->module_count = 1;
    info->modules[0] = (cof_tdx_module){.version = 5, .level_count = 1};
    info->modules[0].levels[0] = (cof_svn_level){.isv_svn = 5, .status = UP};
    assert_ok(cof_advisories_add(&info->levels[0].advisories, cof_view_text("INTEL-SA-1"), NULL));
    assert_ok(cof_advisories_add(&info->levels[0].advisories, cof_view_text("INTEL-SA-2"), NULL));
    assert_ok(cof_advisories_add(&info->modules[0].levels[0].advisories,
                                 cof_view_text("INTEL-SA-2"), NULL));
    assert_ok(cof_advisories_add(&info->modules[0].levels[0].advisories,
                                 cof_view_text("INTEL-SA-3"), NULL));
    assert_ok(cof_advisories_add(&qe.advisories, cof_view_text("INTEL-SA-4"), NULL));
    assert_ok(cof_tcb_rate(info, &pck, &td, &qe, &rating, NULL, NULL));
    assert_int_equal(rating.advisories.count, 4);
    assert_true(cof_advisories_has(&rating.advisories, "INTEL-SA-3"));
    assert_true(cof_advisories_has(&rating.advisories, "INTEL-SA-4"));
    assert_int_equal(rating.evaluation_number, 17);
    assert_int_equal(rating.tcb_date_unix_s, 1234);
    assert_int_equal(rating.collateral_expires_unix_s, 77);
    /* Another module's advisories are not ours. */
    td.tee_tcb_svn[1] = 0;
    info->modules[0].version = 0;
    info->levels[0].tdx[1] = 0;
    assert_ok(cof_tcb_rate(info, &pck, &td, &qe, &rating, NULL, NULL));
    assert_int_equal(rating.advisories.count, 3);
    free(info);
}

/* The same through signed TCB info and a whole quote. */
static void statuses_come_through_from_signed_collateral(void **state)
{
    (void)state;
    static const struct {
        const char *level, *qe;
        cof_tcb_status expected;
    } rows[] = {
        {"UpToDate", "UpToDate", UP},
        {"SWHardeningNeeded", "UpToDate", SW},
        {"ConfigurationNeeded", "UpToDate", CN},
        {"ConfigurationAndSWHardeningNeeded", "UpToDate", CSW},
        {"OutOfDate", "UpToDate", OLD},
        {"OutOfDateConfigurationNeeded", "UpToDate", OLDC},
        {"Revoked", "UpToDate", REV},
        {"UpToDate", "OutOfDate", OLD},
        {"ConfigurationNeeded", "OutOfDate", OLDC},
        {"UpToDate", "Revoked", REV},
        {"OutOfDate", "Revoked", REV},
    };
    static cof_facts facts;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        intel_rig_level level = {
            .pce_svn = 1, .status = rows[i].level, .advisories = {"INTEL-SA-00001"}};
        intel_rig_svn_level qe = {
            .isv_svn = 1, .status = rows[i].qe, .advisories = {"INTEL-SA-00002"}};
        intel_rig_options options = {.tcb = {.levels = &level, .level_count = 1},
                                     .identity = {.levels = &qe, .level_count = 1}};
        static const intel_rig_form forms[] = {INTEL_RIG_SGX_V3, INTEL_RIG_SGX_V5, INTEL_RIG_TDX_V4,
                                               INTEL_RIG_TDX_V5_1_0};
        for (size_t j = 0; j < sizeof forms / sizeof forms[0]; j++) {
            options.form = forms[j];
            intel_facts(&options, &facts);
            assert_int_equal(facts.tcb.status, rows[i].expected);
            assert_int_equal(facts.tcb.advisories.count, 2);
        }
    }
}

static void a_td_started_before_an_update_is_advised_to_relaunch(void **state)
{
    (void)state;
    static cof_facts facts;
    static const intel_rig_svn_level module_levels[] = {{.isv_svn = 5},
                                                        {.isv_svn = 3, .status = "OutOfDate"}};
    static const intel_rig_module module = {
        .id = "TDX_03", .levels = module_levels, .level_count = 2};
    intel_rig_level level = {.pce_svn = 1, .status = "UpToDate"};
    cof_td_report td = intel_rig_good_td(true);
    td.tee_tcb_svn[0] = 4;
    intel_rig_options options = {
        .form = INTEL_RIG_TDX_V5_1_5,
        .tcb = {.levels = &level, .level_count = 1, .modules = &module, .module_count = 1},
        .quote = {.td = &td}};
    intel_facts(&options, &facts);
    assert_int_equal(facts.tcb.status, TDR);
    level.status = "ConfigurationNeeded";
    intel_facts(&options, &facts);
    assert_int_equal(facts.tcb.status, TDRC);
    options.form = INTEL_RIG_TDX_V5_1_0;
    intel_facts(&options, &facts);
    assert_int_equal(facts.tcb.status, OLDC);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_that_is_worse_makes_the_whole_worse),
        cmocka_unit_test(the_first_level_not_above_the_version_is_taken),
        cmocka_unit_test(every_component_has_to_reach_the_level),
        cmocka_unit_test(a_relaunch_is_advised_where_it_is_enough),
        cmocka_unit_test(advisories_of_every_part_are_named_once),
        cmocka_unit_test(statuses_come_through_from_signed_collateral),
        cmocka_unit_test(a_td_started_before_an_update_is_advised_to_relaunch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
