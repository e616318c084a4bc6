/* coffer policy lint */
#include <string.h>

#include "apps/coffer/commands.h"
#include "apps/coffer/policy_input.h"
#include "host/files/files.h"
#include "relying/policy/lint.h"
#include "tcb/base/limits.h"

static const char *const kind_names[] = {"attestation policy", "release policy", "platform policy"};

static const char *member(const json_t *finding, const char *name)
{
    return json_string_value(json_object_get(finding, name));
}

static void show(cof_output *output, const char *path, const json_t *findings)
{
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *finding = json_array_get(findings, i);
        const char *severity = member(finding, "severity");
        const cof_tone tone = strcmp(severity, "error") == 0     ? COF_TONE_BAD
                              : strcmp(severity, "warning") == 0 ? COF_TONE_STRONG
                                                                 : COF_TONE_DIM;
        cof_output_line(output, tone, "%s:%s: %s: %s [%s]", path, member(finding, "where"),
                        severity, member(finding, "text"), member(finding, "code"));
    }
}

static cof_status lint_file(const char *path, cof_lint_kind *out_kind, json_t *findings,
                            cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_LIMIT_JSON_BYTES};
    COF_CLEANUP(cof_buf_free) cof_buf content = {.limit = COF_LIMIT_JSON_BYTES};
    COF_TRY(cof_read_file(path, &text, err));
    COF_TRY(cof_lint_unwrap(cof_buf_view(&text), out_kind, &content, err));
    if (*out_kind == COF_LINT_ATTESTATION) {
        return cof_lint_attestation(cof_buf_view(&content), findings, err);
    }
    if (*out_kind == COF_LINT_RELEASE) {
        return cof_lint_release(cof_buf_view(&content), findings, err);
    }
    COF_CLEANUP(cof_free_drop_) cof_policy *policy = calloc(1, sizeof *policy);
    if (policy == NULL) {
        return COF_FAIL(err, NO_MEMORY, "platform policy");
    }
    COF_TRY(cof_policy_read(path, policy, err));
    return cof_lint_platform(policy, findings, err);
}

COF_COMMAND(policy_lint)
{
    const char *path = cof_args_operand(args, 0);
    cof_lint_kind kind = COF_LINT_PLATFORM;
    COF_JSON json_t *findings = NULL;
    COF_TRY(cof_lint_new(&findings, err));
    COF_TRY(lint_file(path, &kind, findings, err));
    const bool is_bad = cof_lint_has_errors(findings);
    show(app->output, path, findings);
    if (json_array_size(findings) == 0) {
        cof_output_line(app->output, COF_TONE_GOOD, "%s: nothing to say about this %s", path,
                        kind_names[kind]);
    }
    COF_JSON json_t *object =
        json_pack("{s:s,s:s,s:s,s:O}", "status", is_bad ? "refused" : "accepted", "file", path,
                  "kind", kind_names[kind], "findings", findings);
    cof_output_json(app->output, object);
    return is_bad ? COF_FAIL(err, POLICY_UNSAFE, "%s", path) : COF_OK;
}
