/* coffer data share | protect */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "apps/coffer/commands.h"
#include "apps/coffer/place.h"
#include "apps/coffer/when.h"
#include "tcb/base/limits.h"
#include "tcb/wire/json.h"

/* "90s", "30m", "12h" or "7d" */
static cof_status read_duration(const char *text, int64_t *out_s, cof_err *err)
{
    static const char units[] = "smhd";
    static const int64_t seconds[] = {1, 60, 3600, 86400};
    char *end = NULL;
    const long long count = strtoll(text, &end, 10);
    const char *unit = end[0] != '\0' && end[1] == '\0' ? strchr(units, end[0]) : NULL;
    if (end == text || unit == NULL || count < 1 || count > 1000000) {
        return COF_FAIL(err, USAGE, "%s is no duration like 30m, 12h or 7d", text);
    }
    *out_s = count * seconds[unit - units];
    return COF_OK;
}

COF_COMMAND(data_share)
{
    COF_CLEANUP(cof_place_drop_) cof_place place = {0};
    COF_CLEANUP(cof_buf_free) cof_buf blob = {.limit = COF_STORAGE_BLOB_NAME_SIZE};
    COF_CLEANUP(cof_buf_free) cof_buf url = {.limit = COF_LIMIT_URL_BYTES};
    const char *given = cof_args_value(args, "expires");
    const bool may_write = cof_args_count(args, "write") > 0;
    const bool may_read = cof_args_count(args, "read") > 0 || !may_write;
    cof_blob_client *client = NULL;
    const char *name = NULL;
    const char *text = NULL;
    char until[COF_STORAGE_TIME_SIZE];
    int64_t seconds = 3600;
    if (given != NULL) {
        COF_TRY(read_duration(given, &seconds, err));
    }
    const int64_t expiry = (int64_t)time(NULL) + seconds;
    COF_TRY(cof_place_find(app, cof_args_operand(args, 0), cof_args_value(args, "credential"),
                           &place, err));
    COF_TRY(cof_place_blob(&place, &client, &blob, err));
    COF_TRY(cof_buf_text(&blob, &name, err));
    COF_TRY(
        cof_blob_share(client, name, may_read ? may_write ? "rcw" : "r" : "cw", expiry, &url, err));
    COF_TRY(cof_buf_text(&url, &text, err));
    cof_storage_time(expiry, until);
    cof_output_line(app->output, COF_TONE_PLAIN, "%s", text);
    COF_JSON json_t *object =
        json_pack("{s:s,s:s,s:s}", "status", "shared", "url", text, "expires", until);
    cof_output_json(app->output, object);
    return COF_OK;
}

/* What protect was asked for; each is one request. */
static cof_status protect(const cof_args *args, cof_blob_client *client, const char *blob,
                          const char **out_done, char lease[static COF_BLOB_LEASE_SIZE],
                          cof_err *err)
{
    const char *until = cof_args_value(args, "until");
    const char *release = cof_args_value(args, "release");
    int64_t when = 0;
    if (until != NULL) {
        COF_TRY(cof_when(until, &when, err));
        *out_done = "kept";
        return cof_blob_retain_until(client, blob, when, cof_args_count(args, "lock") > 0, err);
    }
    if (cof_args_count(args, "no-until") > 0) {
        *out_done = "no longer kept";
        return cof_blob_retain_end(client, blob, err);
    }
    if (cof_args_count(args, "hold") > 0 || cof_args_count(args, "no-hold") > 0) {
        const bool is_held = cof_args_count(args, "hold") > 0;
        *out_done = is_held ? "held" : "no longer held";
        return cof_blob_legal_hold(client, blob, is_held, err);
    }
    if (release != NULL) {
        *out_done = "released";
        return cof_blob_lease_release(client, blob, release, err);
    }
    if (cof_args_count(args, "break-lease") > 0) {
        *out_done = "released";
        return cof_blob_lease_break(client, blob, err);
    }
    if (cof_args_count(args, "lease") > 0) {
        *out_done = "leased";
        return cof_blob_lease_acquire(client, blob, -1, lease, err);
    }
    return COF_FAIL(err, USAGE, "say what to do, such as --lease, --hold or --until TIME");
}

COF_COMMAND(data_protect)
{
    COF_CLEANUP(cof_place_drop_) cof_place place = {0};
    COF_CLEANUP(cof_buf_free) cof_buf blob = {.limit = COF_STORAGE_BLOB_NAME_SIZE};
    cof_blob_client *client = NULL;
    const char *name = NULL;
    const char *done = NULL;
    char lease[COF_BLOB_LEASE_SIZE] = "";
    COF_TRY(cof_place_find(app, cof_args_operand(args, 0), cof_args_value(args, "credential"),
                           &place, err));
    COF_TRY(cof_place_blob(&place, &client, &blob, err));
    COF_TRY(cof_buf_text(&blob, &name, err));
    COF_TRY(protect(args, client, name, &done, lease, err));
    cof_output_line(app->output, COF_TONE_PLAIN, "%s: %s%s%s", name, done,
                    lease[0] != '\0' ? "; release it with --release " : "", lease);
    COF_JSON json_t *object =
        json_pack("{s:s,s:s,s:s}", "status", done, "blob", name, "lease", lease);
    cof_output_json(app->output, object);
    return COF_OK;
}
