/* coffer evidence verify */
#include <string.h>

#include "apps/coffer/commands.h"
#include "apps/coffer/show_checks.h"
#include "apps/coffer/when.h"
#include "host/files/files.h"
#include "relying/policy/policy.h"
#include "relying/verify/evidence.h"
#include "tcb/base/limits.h"
#include "tcb/contract/contract.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { FILE_BYTES = 4 * 1024 * 1024 };

/* The quote of a receipt's evidence: what stands in the payload, without trusting it. */
static cof_status quote_of_receipt(cof_view text, cof_buf *out, cof_err *err)
{
    COF_JSON json_t *envelope = NULL;
    COF_JSON json_t *statement = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf payload = {0};
    const char *encoded = NULL;
    json_t *predicate = NULL;
    json_t *evidence = NULL;
    cof_buf_init(&payload, FILE_BYTES);
    COF_TRY(cof_json_parse(text, FILE_BYTES, &envelope, err));
    COF_TRY(cof_json_get_text(envelope, "payload", FILE_BYTES, &encoded, err));
    COF_TRY(cof_base64_decode(cof_view_text(encoded), &payload, err));
    COF_TRY(cof_json_parse(cof_buf_view(&payload), FILE_BYTES, &statement, err));
    COF_TRY(cof_json_get(statement, "predicate", JSON_OBJECT, &predicate, err));
    COF_TRY(cof_json_get(predicate, "evidence", JSON_OBJECT, &evidence, err));
    return cof_json_get_base64url(evidence, "quote", out, err);
}

static cof_status read_quote(const char *path, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    cof_buf_init(&text, FILE_BYTES);
    COF_TRY(cof_read_file(path, &text, err));
    if (text.size > 0 && text.data[0] == '{') {
        return quote_of_receipt(cof_buf_view(&text), out, err);
    }
    return cof_buf_append(out, cof_buf_view(&text), err);
}

/* platform.accept of a contract, as a policy; the contract keeps the measurements. */
static cof_status read_policy(const char *path, cof_contract **out_contract, cof_policy *policy,
                              cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    cof_buf_init(&text, COF_LIMIT_CONTRACT_BYTES);
    COF_TRY(cof_read_file(path, &text, err));
    COF_TRY(cof_contract_parse(cof_buf_view(&text), out_contract, err));
    for (size_t i = 0; i < (*out_contract)->platform_count; i++) {
        const cof_contract_platform *platform = &(*out_contract)->platforms[i];
        const cof_policy_entry entry = {
            .tee = platform->type == COF_CONTRACT_SIMULATED ? COF_TEE_SIMULATED : COF_TEE_SGX,
            .root = platform->root,
            .measurements = platform->measurements,
            .measurement_count = platform->measurement_count};
        COF_TRY(cof_policy_add(policy, &entry, err));
    }
    return COF_OK;
}

/* Whom to believe: the policy's roots; else Intel's, and a simulated root where one was given. */
static cof_status choose_roots(const cof_args *args, const cof_policy *policy, cof_root_pin *roots,
                               size_t *out_count, cof_err *err)
{
    const char *given = cof_args_value(args, "root");
    if (policy->count > 0) {
        *out_count = cof_policy_roots(policy, roots);
        return COF_OK;
    }
    roots[0] = cof_root_intel;
    *out_count = 1;
    if (given != NULL) {
        cof_digest root = {{0}};
        COF_TRY(cof_hex_decode(cof_view_text(given), root.bytes, sizeof root.bytes, err));
        roots[1] = (cof_root_pin){.family = COF_ROOT_SIMULATED, .spki = root};
        *out_count = 2;
    }
    return COF_OK;
}

static cof_status judge(const cof_facts *facts, const cof_policy *policy, cof_checks *checks,
                        cof_err *err)
{
    if (policy->count > 0) {
        return cof_policy_judge(facts, policy, checks, err);
    }
    if (!cof_check_add(checks, "debug", !facts->is_debuggable, "not debuggable", "%s",
                       facts->is_debuggable ? "debuggable" : "not debuggable")) {
        return COF_FAIL(err, EVIDENCE_DEBUG, "the DEBUG attribute is set");
    }
    return COF_OK;
}

static json_t *claims_of(const cof_facts *facts)
{
    char mrenclave[2 * COF_DIGEST_SIZE + 1];
    char mrsigner[2 * COF_DIGEST_SIZE + 1];
    char report_data[2 * COF_REPORT_DATA_SIZE + 1];
    cof_hex_text(cof_view_of(facts->sgx.mrenclave, sizeof facts->sgx.mrenclave), mrenclave);
    cof_hex_text(cof_view_of(facts->sgx.mrsigner, sizeof facts->sgx.mrsigner), mrsigner);
    cof_hex_text(cof_view_of(facts->report_data, sizeof facts->report_data), report_data);
    return json_pack("{s:s,s:s,s:i,s:i,s:b,s:s}", "mrenclave", mrenclave, "mrsigner", mrsigner,
                     "product_id", (int)facts->sgx.isv_prod_id, "svn", (int)facts->sgx.isv_svn,
                     "debug", (int)facts->is_debuggable, "report_data", report_data);
}

COF_COMMAND(evidence_verify)
{
    COF_CLEANUP(cof_buf_free) cof_buf quote = {0};
    COF_CLEANUP(cof_contract_drop_) cof_contract *contract = NULL;
    cof_policy policy = {0};
    cof_root_pin roots[COF_POLICY_ENTRIES_MAX];
    size_t root_count = 0;
    int64_t now = 0;
    cof_facts facts = {0};
    cof_checks checks = {0};
    cof_buf_init(&quote, COF_LIMIT_QUOTE_BYTES);
    COF_TRY(cof_when(cof_args_value(args, "at"), &now, err));
    if (cof_args_value(args, "policy") != NULL) {
        COF_TRY(read_policy(cof_args_value(args, "policy"), &contract, &policy, err));
    }
    COF_TRY(read_quote(cof_args_operand(args, 0), &quote, err));
    COF_TRY(choose_roots(args, &policy, roots, &root_count, err));
    const cof_evidence_input input = {.evidence = cof_buf_view(&quote),
                                      .roots = roots,
                                      .root_count = root_count,
                                      .now_unix_s = now};
    cof_status status = cof_evidence_verify(&input, &facts, &checks, err);
    if (status == COF_OK) {
        status = judge(&facts, &policy, &checks, err);
    }
    const cof_status_info *info = cof_status_describe(status);
    COF_JSON json_t *claims = claims_of(&facts);
    COF_JSON json_t *extra =
        json_pack("{s:s,s:s,s:s,s:O}", "type", cof_tee_name(facts.tee), "status", info->name,
                  "reason", status == COF_OK ? "" : err->detail, "claims", claims);
    cof_show_checks(app->output, &checks);
    cof_output_line(app->output, status == COF_OK ? COF_TONE_GOOD : COF_TONE_BAD, "%s: %s evidence",
                    status == COF_OK ? "accepted" : "refused", cof_tee_name(facts.tee));
    const cof_status shown = cof_show_checks_json(
        app->output, status == COF_OK ? "accepted" : "refused", &checks, extra, err);
    return status == COF_OK ? shown : status;
}
