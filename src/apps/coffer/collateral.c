/* coffer evidence collateral fetch, pack, show */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "apps/coffer/commands.h"
#include "apps/coffer/evidence_input.h"
#include "apps/coffer/when.h"
#include "host/collateral/cache.h"
#include "host/collateral/folder.h"
#include "host/collateral/summary.h"
#include "host/files/files.h"
#include "relying/verify/evidence.h"
#include "relying/verify/timestamp.h"
#include "tcb/wire/json.h"

/* ---- showing ---- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

/* "evaluation 17, 5 levels"; "number 7, 3 revoked"; "2 certificates" */
static void describe(const json_t *item, char *out, size_t size)
{
    const char *kind = text_of(item, "kind");
    const json_int_t number = json_integer_value(json_object_get(item, "number"));
    const json_int_t count = json_integer_value(json_object_get(item, "count"));
    if (strcmp(kind, "revocation list") == 0) {
        (void)snprintf(out, size, "number %lld, %lld revoked", (long long)number, (long long)count);
    } else if (strncmp(kind, "certificate", 11) == 0) {
        (void)snprintf(out, size, "%lld certificate%s", (long long)count, count == 1 ? "" : "s");
    } else {
        (void)snprintf(out, size, "evaluation %lld, %lld levels", (long long)number,
                       (long long)count);
    }
}

static void show_item(cof_output *output, const json_t *item)
{
    char facts[64];
    const char *state = text_of(item, "state");
    const bool is_good = strcmp(state, "valid") == 0;
    if (strcmp(state, "unreadable") == 0) {
        cof_output_step(output, false, text_of(item, "item"), "%s", state);
        return;
    }
    describe(item, facts, sizeof facts);
    cof_output_step(output, is_good, text_of(item, "item"), "%s; %s", text_of(item, "name"), facts);
    cof_output_line(output, is_good ? COF_TONE_DIM : COF_TONE_BAD,
                    "                    %s: issued %s, next update %s", state,
                    text_of(item, "issued"), text_of(item, "next_update"));
}

static void show_need(cof_output *output, const cof_collateral_need *need, const json_t *json)
{
    if (need->hardware == COF_TEE_SEV_SNP) {
        cof_output_line(output, COF_TONE_STRONG, "for %s %s, chip %.16s…, TCB %s",
                        text_of(json, "hardware"), text_of(json, "product"),
                        text_of(json, "chip_id"), text_of(json, "reported_tcb"));
    } else if (json != NULL) {
        cof_output_line(output, COF_TONE_STRONG, "for %s platforms of FMSPC %s, %s CA",
                        text_of(json, "hardware"), text_of(json, "fmspc"), text_of(json, "ca"));
    }
}

static cof_status show(cof_app *app, const cof_bundle *bundle, int64_t now_unix_s, const char *path,
                       cof_err *err)
{
    COF_JSON json_t *items = NULL;
    COF_JSON json_t *need = NULL;
    char at[COF_TIMESTAMP_SIZE];
    size_t index = 0;
    const json_t *item = NULL;
    cof_timestamp_text(now_unix_s, at);
    COF_TRY(cof_summary_to_json(&bundle->collateral, now_unix_s, &items, err));
    if (bundle->need.hardware != COF_TEE_NONE) {
        COF_TRY(cof_bundle_need_to_json(&bundle->need, &need, err));
    }
    show_need(app->output, &bundle->need, need);
    json_array_foreach(items, index, item)
    {
        show_item(app->output, item);
    }
    COF_JSON json_t *all = json_pack("{s:s,s:s?,s:s,s:O*,s:O}", "status", "ok", "path", path, "at",
                                     at, "for", need, "items", items);
    if (all == NULL) {
        return COF_FAIL(err, NO_MEMORY, "output");
    }
    cof_output_json(app->output, all);
    return COF_OK;
}

COF_COMMAND(evidence_collateral_show)
{
    COF_CLEANUP(cof_bundle_free) cof_bundle bundle = {0};
    const char *path = cof_args_operand(args, 0);
    int64_t now = 0;
    COF_TRY(cof_when(cof_args_value(args, "at"), &now, err));
    COF_TRY(cof_collateral_load_bundle(path, &bundle, err));
    return show(app, &bundle, now, path, err);
}

/* ---- writing ---- */

/* Before anything is fetched for it. */
static cof_status check_out(const cof_args *args, cof_err *err)
{
    const char *path = cof_args_value(args, "out");
    if (path != NULL && access(path, F_OK) == 0 && cof_args_count(args, "force") == 0) {
        return COF_FAIL(err, EXISTS, "%s is there already; replace it with --force", path);
    }
    return COF_OK;
}

static cof_status write_bundle(const char *path, const cof_bundle *bundle, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_BUNDLE_MAX};
    COF_TRY(cof_bundle_print(bundle, &text, err));
    return cof_write_file(path, cof_buf_view(&text), 0644, err);
}

COF_COMMAND(evidence_collateral_pack)
{
    COF_CLEANUP(cof_bundle_free) cof_bundle bundle = {0};
    const char *path = cof_args_value(args, "out");
    if (path == NULL) {
        return COF_FAIL(err, USAGE, "say where to, with --out FILE");
    }
    COF_TRY(check_out(args, err));
    COF_TRY(cof_collateral_load_bundle(cof_args_operand(args, 0), &bundle, err));
    bundle.fetched_unix_s = (int64_t)time(NULL);
    COF_TRY(write_bundle(path, &bundle, err));
    return show(app, &bundle, bundle.fetched_unix_s, path, err);
}

/* ---- fetching ---- */

static cof_status read_need(const char *path, cof_collateral_need *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf evidence = {.limit = COF_EVIDENCE_FILE_MAX};
    COF_TRY(cof_evidence_read(path, &evidence, err));
    COF_TRY(cof_evidence_need(cof_buf_view(&evidence), out, err));
    if (out->hardware == COF_TEE_NONE || out->hardware == COF_TEE_SIMULATED) {
        return COF_FAIL(err, NOT_FOUND,
                        "%s is simulated evidence, for which there is no collateral", path);
    }
    return COF_OK;
}

static void show_notes(cof_output *output, cof_collateral_source *cache)
{
    const char *line = cof_collateral_cache_notes(cache);
    while (*line != '\0') {
        const size_t size = strcspn(line, "\n");
        (void)fprintf(stderr, "coffer: %.*s\n", (int)size, line);
        line += size + (line[size] == '\n' ? 1 : 0);
    }
    cof_output_settle(output);
}

/* What to do next, as far as the failure lets us know. */
static cof_status advise(cof_status status, const cof_err *reason, cof_err *err)
{
    const char *advice = "";
    if (status == COF_E_NOT_FOUND) {
        advice = "; ask another service: --from intel, --from azure, or --from URL of a PCCS";
    } else if (status == COF_E_NETWORK || status == COF_E_TIMEOUT) {
        advice = "; where there is no network, fetch elsewhere with --out FILE and bring the file";
    }
    /* The advice is of use only whole. */
    const int room = (int)(COF_ERR_DETAIL_SIZE - 1 - strlen(advice));
    return cof_err_set(err, status, __FILE__, __LINE__, "%.*s%s", room, reason->detail, advice);
}

static cof_status fetch(cof_app *app, const cof_args *args, cof_bundle *bundle, cof_err *err)
{
    cof_path folder;
    cof_err reason = {0};
    COF_CLEANUP(cof_collateral_source_drop_) cof_collateral_source *cache = NULL;
    COF_TRY(cof_path_format(&folder, err, "%s/collateral", app->home));
    cof_collateral_cache_options options = {.folder = folder.text,
                                            .http = {.ca_path = cof_args_value(args, "ca")}};
    COF_TRY(cof_origin_from(cof_args_value(args, "from"), &options.origin, err));
    COF_TRY(cof_collateral_cache_open(&options, &cache, err));
    const cof_status status = cof_collateral_cache_refresh(
        cache, &bundle->need, bundle->fetched_unix_s, &bundle->collateral, &reason);
    show_notes(app->output, cache);
    return status == COF_OK ? COF_OK : advise(status, &reason, err);
}

COF_COMMAND(evidence_collateral_fetch)
{
    COF_CLEANUP(cof_bundle_free) cof_bundle bundle = {.fetched_unix_s = (int64_t)time(NULL)};
    const char *path = cof_args_value(args, "out");
    COF_TRY(check_out(args, err));
    COF_TRY(read_need(cof_args_operand(args, 0), &bundle.need, err));
    COF_TRY(fetch(app, args, &bundle, err));
    if (path != NULL) {
        COF_TRY(write_bundle(path, &bundle, err));
    }
    return show(app, &bundle, bundle.fetched_unix_s, path, err);
}
