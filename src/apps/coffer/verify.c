#include "apps/coffer/verify.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "apps/coffer/commands.h"
#include "apps/coffer/show_checks.h"
#include "apps/coffer/when.h"
#include "host/collateral/folder.h"
#include "host/files/files.h"
#include "host/files/hash_file.h"
#include "tcb/base/limits.h"

enum { FILES_MAX = COF_LIMIT_OUTPUTS, CONSENTS_MAX = COF_LIMIT_OWNERS };

/* What was read from disk for one verification. */
typedef struct materials {
    cof_buf envelope;
    cof_buf log;
    cof_buf keys_text;
    cof_jwks *keys;
    cof_collateral collateral;
    cof_buf consents[CONSENTS_MAX];
    cof_view consent_views[CONSENTS_MAX];
    size_t consent_count;
    char names[FILES_MAX][COF_LIMIT_NAME_BYTES + 1];
    cof_receipt_file files[FILES_MAX];
    size_t file_count;
} materials;

static void materials_drop(materials *m)
{
    cof_buf_free(&m->envelope);
    cof_buf_free(&m->log);
    cof_buf_free(&m->keys_text);
    cof_jwks_free(m->keys);
    cof_collateral_free(&m->collateral);
    for (size_t i = 0; i < m->consent_count; i++) {
        cof_buf_free(&m->consents[i]);
    }
}

const char *cof_output_extension(const char *format)
{
    return strcmp(format, "json") == 0 ? "json" : "safetensors";
}

static cof_status folder_of(const char *path, cof_path *out, cof_err *err)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return cof_path_format(out, err, ".");
    }
    return cof_path_format(out, err, "%.*s", (int)(slash - path), path);
}

static cof_status add_file(materials *m, const char *name, size_t name_size, const char *path,
                           cof_err *err)
{
    if (m->file_count == FILES_MAX || name_size > COF_LIMIT_NAME_BYTES) {
        return COF_FAIL(err, LIMIT, "too many outputs, or a name too long");
    }
    cof_receipt_file *file = &m->files[m->file_count];
    COF_TRY(cof_hash_file(path, &file->digest, err));
    memcpy(m->names[m->file_count], name, name_size);
    m->names[m->file_count][name_size] = '\0';
    file->output = m->names[m->file_count];
    m->file_count++;
    return COF_OK;
}

static cof_status add_named_files(materials *m, const cof_verify_request *request, cof_err *err)
{
    for (size_t i = 0; i < request->output_count; i++) {
        const char *equals = strchr(request->outputs[i], '=');
        if (equals == NULL || equals == request->outputs[i]) {
            return COF_FAIL(err, USAGE, "--output wants NAME=FILE, not %s", request->outputs[i]);
        }
        COF_TRY(add_file(m, request->outputs[i], (size_t)(equals - request->outputs[i]), equals + 1,
                         err));
    }
    return COF_OK;
}

/* The outputs' names and formats are the receipt's own: it is read once without trust, to know
 * which files to hash. */
static cof_status add_files_beside(materials *m, const json_t *statement, const char *folder,
                                   cof_err *err)
{
    const json_t *outputs = json_object_get(json_object_get(statement, "predicate"), "outputs");
    size_t index = 0;
    json_t *output = NULL;
    json_array_foreach(outputs, index, output)
    {
        const char *name = json_string_value(json_object_get(output, "name"));
        const char *format = json_string_value(json_object_get(output, "format"));
        if (name == NULL || format == NULL || strchr(name, '/') != NULL) {
            continue;
        }
        cof_path path;
        COF_TRY(
            cof_path_format(&path, err, "%s/%s.%s", folder, name, cof_output_extension(format)));
        if (access(path.text, F_OK) == 0) {
            COF_TRY(add_file(m, name, strlen(name), path.text, err));
        }
    }
    return COF_OK;
}

static cof_status add_consent(materials *m, const char *path, cof_err *err)
{
    enum { CONSENT_BYTES = 16 * 1024 };
    if (m->consent_count == CONSENTS_MAX) {
        return COF_FAIL(err, LIMIT, "too many consents");
    }
    cof_buf *buf = &m->consents[m->consent_count++];
    cof_buf_init(buf, CONSENT_BYTES);
    COF_TRY(cof_read_file(path, buf, err));
    m->consent_views[m->consent_count - 1] = cof_buf_view(buf);
    return COF_OK;
}

static cof_status add_consents(materials *m, const cof_verify_request *request, const char *folder,
                               cof_err *err)
{
    for (size_t i = 0; i < request->consent_count; i++) {
        COF_TRY(add_consent(m, request->consents[i], err));
    }
    if (request->consent_count > 0) {
        return COF_OK;
    }
    cof_path pattern;
    glob_t found = {0};
    COF_TRY(cof_path_format(&pattern, err, "%s/consent-*.json", folder));
    cof_status status = COF_OK;
    if (glob(pattern.text, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc && status == COF_OK; i++) {
            status = add_consent(m, found.gl_pathv[i], err);
        }
    }
    globfree(&found);
    return status;
}

static cof_status read_log(materials *m, const cof_verify_request *request, const char *folder,
                           cof_err *err)
{
    cof_path path;
    COF_TRY(cof_path_format(&path, err, "%s/log.jsonl", folder));
    cof_buf_init(&m->log, COF_RECEIPT_LOG_BYTES_MAX);
    if (request->log_path != NULL) {
        return cof_read_file(request->log_path, &m->log, err);
    }
    return access(path.text, F_OK) == 0 ? cof_read_file(path.text, &m->log, err) : COF_OK;
}

static cof_status read_keys(materials *m, const cof_verify_request *request, const char *folder,
                            cof_err *err)
{
    cof_path path;
    COF_TRY(cof_path_format(&path, err, "%s/%s", folder, COF_TOKEN_KEYS_FILE));
    const char *from = request->token_keys_path != NULL ? request->token_keys_path : path.text;
    if (request->token_keys_path == NULL && access(from, F_OK) != 0) {
        return COF_OK;
    }
    cof_buf_init(&m->keys_text, COF_LIMIT_JSON_BYTES);
    COF_TRY(cof_read_file(from, &m->keys_text, err));
    return cof_jwks_parse(cof_buf_view(&m->keys_text), &m->keys, err);
}

/* Beside the receipt, or where the caller says. */
static cof_status read_collateral(materials *m, const cof_verify_request *request,
                                  const char *folder, cof_err *err)
{
    cof_path path;
    COF_TRY(cof_path_format(&path, err, "%s/%s", folder, COF_COLLATERAL_FILE));
    if (request->collateral_path != NULL) {
        return cof_collateral_load(request->collateral_path, &m->collateral, err);
    }
    return access(path.text, F_OK) == 0 ? cof_collateral_load(path.text, &m->collateral, err)
                                        : COF_OK;
}

/* The receipt proves that some contract was kept; whether it is the one that the caller means is
 * for the caller to say. */
static cof_status check_agreed(const cof_verify_request *request, const cof_receipt *receipt,
                               cof_checks *checks, cof_status status, cof_err *err)
{
    if (request->contract == NULL || receipt->statement == NULL) {
        return status;
    }
    char found[2 * COF_DIGEST_SIZE + 1];
    cof_digest_text(&receipt->contract, found);
    if (!cof_check_add(checks, "agreed", strcasecmp(found, request->contract) == 0,
                       request->contract, "%s", found) &&
        status == COF_OK) {
        return COF_FAIL(err, VERIFY_FAILED, "agreed: the receipt is for contract %s", found);
    }
    return status;
}

cof_status cof_verify_with_files(const cof_verify_request *request, cof_checks *checks,
                                 cof_receipt *out_receipt, cof_err *err)
{
    COF_CLEANUP(materials_drop) materials m = {0};
    cof_path folder;
    cof_receipt_options options = {.now_unix_s = request->now_unix_s};
    cof_buf_init(&m.envelope, COF_RECEIPT_BYTES_MAX);
    COF_TRY(cof_read_file(request->receipt_path, &m.envelope, err));
    COF_TRY(folder_of(request->receipt_path, &folder, err));
    COF_TRY(read_log(&m, request, folder.text, err));
    COF_TRY(read_keys(&m, request, folder.text, err));
    COF_TRY(read_collateral(&m, request, folder.text, err));
    COF_TRY(add_consents(&m, request, folder.text, err));
    COF_TRY(add_named_files(&m, request, err));
    if (request->output_count == 0) {
        cof_receipt unchecked = {0};
        cof_checks unused = {0};
        cof_status status =
            cof_receipt_verify(cof_buf_view(&m.envelope), &options, &unused, &unchecked, err);
        if (status == COF_OK || status == COF_E_VERIFY_FAILED) {
            status = add_files_beside(&m, unchecked.statement, folder.text, err);
        }
        cof_receipt_free(&unchecked);
        COF_TRY(status);
    }
    options.token_keys = m.keys;
    options.collateral = &m.collateral;
    options.files = m.files;
    options.file_count = m.file_count;
    options.consents = m.consent_views;
    options.consent_count = m.consent_count;
    options.log = cof_buf_view(&m.log);
    const cof_status status =
        cof_receipt_verify(cof_buf_view(&m.envelope), &options, checks, out_receipt, err);
    if (status != COF_OK && status != COF_E_VERIFY_FAILED) {
        return status;
    }
    return check_agreed(request, out_receipt, checks, status, err);
}

COF_COMMAND(verify)
{
    const char *outputs[COF_OPTION_REPEATS];
    const char *consents[COF_OPTION_REPEATS];
    cof_verify_request request = {.receipt_path = cof_args_operand(args, 0),
                                  .log_path = cof_args_value(args, "log"),
                                  .outputs = outputs,
                                  .output_count = cof_args_count(args, "output"),
                                  .consents = consents,
                                  .consent_count = cof_args_count(args, "consent"),
                                  .token_keys_path = cof_args_value(args, "token-keys"),
                                  .collateral_path = cof_args_value(args, "collateral"),
                                  .contract = cof_args_value(args, "contract")};
    for (size_t i = 0; i < request.output_count; i++) {
        outputs[i] = cof_args_nth(args, "output", i);
    }
    for (size_t i = 0; i < request.consent_count; i++) {
        consents[i] = cof_args_nth(args, "consent", i);
    }
    COF_TRY(cof_when(cof_args_value(args, "at"), &request.now_unix_s, err));
    cof_checks checks = {0};
    cof_receipt receipt = {0};
    cof_status status = cof_verify_with_files(&request, &checks, &receipt, err);
    if (status == COF_OK || status == COF_E_VERIFY_FAILED) {
        COF_JSON json_t *extra = NULL;
        char contract[2 * COF_DIGEST_SIZE + 1];
        cof_digest_text(&receipt.contract, contract);
        extra = json_pack("{s:s,s:s}", "receipt", request.receipt_path, "contract", contract);
        cof_show_checks(app->output, &checks);
        if (status == COF_OK) {
            cof_output_line(app->output, COF_TONE_GOOD, "verified: contract %.16s…, %zu checks",
                            contract, checks.count);
        }
        const cof_status shown = cof_show_checks_json(
            app->output, status == COF_OK ? "verified" : "failed", &checks, extra, err);
        status = status == COF_OK ? shown : status;
    }
    cof_receipt_free(&receipt);
    return status;
}
