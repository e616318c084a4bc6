/* coffer evidence verify */
#include <string.h>
#include <sys/stat.h>

#include "apps/coffer/commands.h"
#include "apps/coffer/evidence_input.h"
#include "apps/coffer/policy_input.h"
#include "apps/coffer/show_checks.h"
#include "apps/coffer/when.h"
#include "host/collateral/cache.h"
#include "host/collateral/folder.h"
#include "host/collateral/seen.h"
#include "host/files/files.h"
#include "local/attest/claims.h"
#include "relying/policy/decision.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { ROOTS_MAX = COF_POLICY_ROOTS_MAX };

/* Everything that one verification is made with. */
typedef struct request {
    cof_buf evidence;
    cof_collateral collateral;
    cof_policy policy;
    bool has_policy;
    cof_root_pin roots[ROOTS_MAX];
    size_t root_count;
    uint8_t report_data[COF_REPORT_DATA_SIZE];
    bool has_report_data;
    int64_t now_unix_s;
    cof_path folder; /* the cache's, and of the memory of collateral */
    bool
        has_memory; /* judged now, not as of another time: what is older than was seen is refused */
    cof_freshness seen;
} request;

static void request_drop(request *r)
{
    cof_buf_free(&r->evidence);
    cof_collateral_free(&r->collateral);
}

/* ---- what it is judged by ---- */

/* Whom to believe: the policy's roots; else the vendors', and a simulated root where one was given.
 */
static cof_status choose_roots(const cof_args *args, request *r, cof_err *err)
{
    const char *given = cof_args_value(args, "root");
    if (r->has_policy) {
        r->root_count = cof_policy_roots(&r->policy, r->roots);
        return COF_OK;
    }
    r->roots[r->root_count++] = cof_root_intel;
    for (size_t i = 0; i < sizeof cof_roots_amd / sizeof cof_roots_amd[0]; i++) {
        r->roots[r->root_count++] = cof_roots_amd[i];
    }
    if (given != NULL) {
        cof_root_pin pin = {.family = COF_ROOT_SIMULATED};
        COF_TRY(cof_hex_decode(cof_view_text(given), pin.spki.bytes, sizeof pin.spki.bytes, err));
        r->roots[r->root_count++] = pin;
    }
    return COF_OK;
}

/* 64 bytes, or 32 and zeros after them. */
static cof_status read_report_data(const cof_args *args, request *r, cof_err *err)
{
    const char *text = cof_args_value(args, "report-data");
    if (text == NULL) {
        return COF_OK;
    }
    const size_t size = strlen(text) / 2;
    if (size != COF_DIGEST_SIZE && size != COF_REPORT_DATA_SIZE) {
        return COF_FAIL(err, USAGE, "--report-data wants 64 or 128 hex digits");
    }
    r->has_report_data = true;
    return cof_hex_decode(cof_view_text(text), r->report_data, size, err);
}

/* What was fetched before; nobody is asked. */
static cof_status read_cache(request *r, cof_err *err)
{
    COF_CLEANUP(cof_collateral_source_drop_) cof_collateral_source *cache = NULL;
    const cof_collateral_cache_options options = {.folder = r->folder.text, .is_offline = true};
    cof_collateral_need need = {0};
    if (cof_evidence_need(cof_buf_view(&r->evidence), &need, NULL) != COF_OK ||
        need.hardware == COF_TEE_NONE || need.hardware == COF_TEE_SIMULATED) {
        return COF_OK; /* the verification says what is wrong */
    }
    COF_TRY(cof_collateral_cache_open(&options, &cache, err));
    return cof_collateral_source_get(cache, &need, r->now_unix_s, &r->collateral, err);
}

/* A folder in which nothing is known is no collateral; that it is missing is for the verification
 * to say. */
static cof_status read_collateral(const cof_args *args, request *r, cof_err *err)
{
    const char *path = cof_args_value(args, "collateral");
    struct stat info;
    if (path == NULL) {
        return read_cache(r, err);
    }
    const cof_status status = cof_collateral_load(path, &r->collateral, err);
    return status == COF_E_NOT_FOUND && stat(path, &info) == 0 && S_ISDIR(info.st_mode) ? COF_OK
                                                                                        : status;
}

static cof_status read_memory(const cof_args *args, const cof_app *app, request *r, cof_err *err)
{
    COF_TRY(cof_path_format(&r->folder, err, "%s/collateral", app->home));
    r->has_memory = cof_args_value(args, "at") == NULL;
    return r->has_memory ? cof_seen_load(r->folder.text, &r->seen, err) : COF_OK;
}

static cof_status read_request(const cof_args *args, const cof_app *app, request *r, cof_err *err)
{
    cof_buf_init(&r->evidence, COF_EVIDENCE_FILE_MAX);
    COF_TRY(cof_when(cof_args_value(args, "at"), &r->now_unix_s, err));
    COF_TRY(read_memory(args, app, r, err));
    COF_TRY(read_report_data(args, r, err));
    if (cof_args_value(args, "policy") != NULL) {
        COF_TRY(cof_policy_read(cof_args_value(args, "policy"), &r->policy, err));
        r->has_policy = true;
    }
    COF_TRY(choose_roots(args, r, err));
    return cof_evidence_read(cof_args_operand(args, 0), &r->evidence, err);
}

/* Evidence that is too large, and collateral that cannot be read, are refused like everything else:
 * with a verdict. */
static cof_status decide(const cof_args *args, request *r, cof_decision *decision, cof_err *err)
{
    const cof_evidence_input input = {.evidence = cof_buf_view(&r->evidence),
                                      .collateral = &r->collateral,
                                      .roots = r->roots,
                                      .root_count = r->root_count,
                                      .now_unix_s = r->now_unix_s,
                                      .seen = r->has_memory ? &r->seen : NULL};
    const cof_status status = read_collateral(args, r, &decision->why);
    if (status == COF_E_COLLATERAL_INVALID || status == COF_E_LIMIT) {
        decision->status = status;
        (void)cof_check_add(&decision->checks, "collateral", false, "files that can be read", "%s",
                            decision->why.detail);
        return COF_OK;
    }
    if (status != COF_OK) {
        *err = decision->why;
        return status;
    }
    return cof_decide(&input, r->has_policy ? &r->policy : NULL,
                      r->has_report_data ? r->report_data : NULL, decision, err);
}

/* ---- showing ---- */

static cof_status claims_of(const cof_facts *facts, json_t **out, cof_err *err)
{
    static const cof_guest_claims no_guest = {0};
    switch (facts->tee) {
    case COF_TEE_SIMULATED:
    case COF_TEE_SGX:
        return cof_attest_evidence_claims(COF_ATTEST_SGX, facts, NULL, out, err);
    case COF_TEE_TDX:
        return cof_attest_evidence_claims(COF_ATTEST_TDX, facts, NULL, out, err);
    case COF_TEE_SEV_SNP:
        return cof_attest_evidence_claims(COF_ATTEST_SNP, facts, NULL, out, err);
    case COF_TEE_AZURE_CVM:
        return cof_attest_evidence_claims(COF_ATTEST_AZURE_GUEST, facts, &no_guest, out, err);
    case COF_TEE_NONE:
        break;
    }
    *out = NULL;
    return COF_OK;
}

static void show(cof_output *output, const cof_decision *decision)
{
    const cof_facts *facts = &decision->facts;
    cof_show_checks(output, &decision->checks);
    if (decision->is_genuine && facts->tcb.status != COF_TCB_UNRATED) {
        cof_output_line(output, COF_TONE_PLAIN, "TCB %s, evaluation %u",
                        cof_tcb_status_name(facts->tcb.status), facts->tcb.evaluation_number);
    }
    for (size_t i = 0; decision->is_genuine && i < facts->tcb.advisories.count; i++) {
        cof_output_line(output, COF_TONE_PLAIN, "    open: %s", facts->tcb.advisories.ids[i]);
    }
    cof_output_line(output, decision->is_accepted ? COF_TONE_GOOD : COF_TONE_BAD,
                    "%s: %s evidence%s", decision->is_accepted ? "accepted" : "refused",
                    cof_tee_name(decision->is_genuine ? facts->tee : decision->claimed),
                    decision->is_genuine ? "" : ", not shown to be genuine");
}

COF_COMMAND(evidence_verify)
{
    COF_CLEANUP(request_drop) request r = {0};
    static cof_decision decision;
    COF_JSON json_t *claims = NULL;
    COF_JSON json_t *object = NULL;
    decision = (cof_decision){0};
    COF_TRY(read_request(args, app, &r, err));
    COF_TRY(decide(args, &r, &decision, err));
    if (decision.is_genuine) {
        if (r.has_memory && r.seen.count > 0) {
            COF_TRY(cof_seen_save(r.folder.text, &r.seen, err));
        }
        COF_TRY(claims_of(&decision.facts, &claims, err));
    }
    COF_TRY(cof_decision_to_json(&decision, claims, &object, err));
    show(app->output, &decision);
    cof_output_json(app->output, object);
    if (decision.is_accepted) {
        return COF_OK;
    }
    *err = decision.why;
    err->status = decision.status;
    return decision.status;
}
