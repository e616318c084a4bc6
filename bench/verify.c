/*
 * What verifying evidence costs: SGX and TDX, with collateral that is opened anew ("cold") and that
 * was used before ("warm"), and SEV-SNP. One JSON line each: processor time (a verification waits
 * for nothing), the median over the runs.
 *
 * usage: bench_verify [RUNS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "relying/verify/amd/snp.h"
#include "relying/verify/intel/dcap.h"
#include "rig/amd_rig.h"
#include "rig/intel_rig.h"

enum { RUNS_MAX = 10000 };

static double now_s(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* One verification of something. */
typedef cof_status (*step)(void *context, cof_err *err);

static cof_status measure(const char *what, const char *how, step run, void *context, size_t runs,
                          cof_err *err)
{
    static double seconds[RUNS_MAX];
    for (size_t i = 0; i < runs; i++) {
        const double start = now_s();
        COF_TRY(run(context, err));
        seconds[i] = now_s() - start;
    }
    qsort(seconds, runs, sizeof seconds[0], by_value);
    (void)printf("{\"bench\":\"verify\",\"evidence\":\"%s\",\"collateral\":\"%s\",\"runs\":%zu,"
                 "\"median_ms\":%.3f,\"min_ms\":%.3f,\"p99_ms\":%.3f}\n",
                 what, how, runs, 1e3 * seconds[runs / 2], 1e3 * seconds[0],
                 1e3 * seconds[runs * 99 / 100]);
    return COF_OK;
}

typedef struct intel_case {
    intel_rig rig;
    cof_intel_collateral *collateral;
    cof_facts facts;
    cof_checks checks;
} intel_case;

static cof_status verify_warm(void *context, cof_err *err)
{
    intel_case *now = context;
    const cof_dcap_input input = {.quote = cof_buf_view(&now->rig.quote),
                                  .collateral = now->collateral,
                                  .roots = &now->rig.pin,
                                  .root_count = 1,
                                  .now_unix_s = INTEL_RIG_NOW};
    now->checks.count = 0;
    return cof_dcap_verify(&input, &now->facts, &now->checks, err);
}

static cof_status verify_cold(void *context, cof_err *err)
{
    intel_case *now = context;
    cof_intel_collateral_drop_(&now->collateral);
    COF_TRY(cof_intel_collateral_new(&now->rig.collateral, &now->rig.pin, &now->collateral, err));
    return verify_warm(context, err);
}

static cof_status run_intel(const char *name, intel_rig_form form, size_t runs, cof_err *err)
{
    static intel_case now;
    COF_TRY(intel_rig_make(&now.rig, &(intel_rig_options){.form = form}, err));
    cof_status status = measure(name, "cold", verify_cold, &now, runs, err);
    if (status == COF_OK) {
        status = measure(name, "warm", verify_warm, &now, runs, err);
    }
    cof_intel_collateral_drop_(&now.collateral);
    intel_rig_free(&now.rig);
    return status;
}

typedef struct amd_case {
    amd_rig rig;
    cof_facts facts;
    cof_checks checks;
} amd_case;

static cof_status verify_snp(void *context, cof_err *err)
{
    amd_case *now = context;
    const cof_snp_input input = {.report = cof_buf_view(&now->rig.report),
                                 .collateral = &now->rig.collateral,
                                 .roots = now->rig.pins,
                                 .root_count = 3,
                                 .now_unix_s = AMD_RIG_NOW};
    now->checks.count = 0;
    return cof_snp_verify(&input, &now->facts, &now->checks, err);
}

static cof_status run_amd(size_t runs, cof_err *err)
{
    static amd_case now;
    COF_TRY(amd_rig_make(&now.rig, &(amd_rig_options){0}, err));
    const cof_status status = measure("snp", "cold", verify_snp, &now, runs, err);
    amd_rig_free(&now.rig);
    return status;
}

int main(int argc, char **argv)
{
    cof_err err = {0};
    const unsigned long asked = argc > 1 ? strtoul(argv[1], NULL, 10) : 500;
    const size_t runs = asked == 0 || asked > RUNS_MAX ? RUNS_MAX : asked;
    cof_status status = run_intel("sgx", INTEL_RIG_SGX_V3, runs, &err);
    if (status == COF_OK) {
        status = run_intel("tdx", INTEL_RIG_TDX_V5_1_5, runs, &err);
    }
    if (status == COF_OK) {
        status = run_amd(runs, &err);
    }
    if (status != COF_OK) {
        (void)fprintf(stderr, "bench_verify: %s: %s\n", cof_status_describe(status)->name,
                      err.detail);
    }
    return cof_status_describe(status)->exit_code;
}
