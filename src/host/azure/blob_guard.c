/* Leases, immutability, and signatures for others. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host/azure/blob.h"
#include "tcb/base/limits.h"
#include "tcb/wire/text.h"

static cof_status run(cof_blob_client *client, const cof_blob_request *request, cof_err *err)
{
    COF_CLEANUP(cof_blob_call_drop_) cof_blob_call *call = NULL;
    return cof_blob_call_run(client, request, &call, err);
}

cof_status cof_blob_lease_acquire(cof_blob_client *client, const char *blob, int seconds,
                                  char out_id[static COF_BLOB_LEASE_SIZE], cof_err *err)
{
    COF_CLEANUP(cof_blob_call_drop_) cof_blob_call *call = NULL;
    char duration[16];
    char proposed[COF_HTTP_ID_SIZE];
    if (seconds != -1 && (seconds < 15 || seconds > 60)) {
        return COF_FAIL(err, BAD_ARGUMENT, "a lease of %d s: 15 to 60, or without end", seconds);
    }
    (void)snprintf(duration, sizeof duration, "%d", seconds);
    /* Of our choice: when the answer is lost, the same request again gets the same lease. */
    COF_TRY(cof_http_make_id(proposed, err));
    const cof_blob_request request = {.method = "PUT",
                                      .blob = blob,
                                      .query = {{"comp", "lease"}},
                                      .headers = {{"x-ms-lease-action", "acquire"},
                                                  {"x-ms-lease-duration", duration},
                                                  {"x-ms-proposed-lease-id", proposed}}};
    COF_TRY(cof_blob_call_run(client, &request, &call, err));
    const char *id = cof_http_answer_header(cof_blob_call_answer(call), "x-ms-lease-id");
    if (id == NULL || strlen(id) >= COF_BLOB_LEASE_SIZE) {
        return COF_FAIL(err, BAD_FORMAT, "storage's answer has no lease");
    }
    memcpy(out_id, id, strlen(id) + 1);
    return COF_OK;
}

static cof_status lease_action(cof_blob_client *client, const char *blob, const char *action,
                               const char *id, cof_http_pair more, cof_err *err)
{
    const cof_blob_request request = {
        .method = "PUT",
        .blob = blob,
        .query = {{"comp", "lease"}},
        .headers = {{"x-ms-lease-action", action}, {"x-ms-lease-id", id}, more}};
    return run(client, &request, err);
}

cof_status cof_blob_lease_renew(cof_blob_client *client, const char *blob, const char *id,
                                cof_err *err)
{
    return lease_action(client, blob, "renew", id, (cof_http_pair){0}, err);
}

cof_status cof_blob_lease_change(cof_blob_client *client, const char *blob, const char *id,
                                 const char *new_id, cof_err *err)
{
    return lease_action(client, blob, "change", id,
                        (cof_http_pair){"x-ms-proposed-lease-id", new_id}, err);
}

cof_status cof_blob_lease_release(cof_blob_client *client, const char *blob, const char *id,
                                  cof_err *err)
{
    return lease_action(client, blob, "release", id, (cof_http_pair){0}, err);
}

cof_status cof_blob_lease_break(cof_blob_client *client, const char *blob, cof_err *err)
{
    return lease_action(client, blob, "break", NULL,
                        (cof_http_pair){"x-ms-lease-break-period", "0"}, err);
}

cof_status cof_blob_retain_until(cof_blob_client *client, const char *blob, int64_t unix_s,
                                 bool is_locked, cof_err *err)
{
    char until[COF_STORAGE_DATE_SIZE];
    cof_storage_date(unix_s, until);
    const cof_blob_request request = {
        .method = "PUT",
        .blob = blob,
        .query = {{"comp", "immutabilityPolicies"}},
        .headers = {{"x-ms-immutability-policy-until-date", until},
                    {"x-ms-immutability-policy-mode", is_locked ? "Locked" : "Unlocked"}}};
    return run(client, &request, err);
}

cof_status cof_blob_retain_end(cof_blob_client *client, const char *blob, cof_err *err)
{
    const cof_blob_request request = {
        .method = "DELETE", .blob = blob, .query = {{"comp", "immutabilityPolicies"}}};
    return run(client, &request, err);
}

cof_status cof_blob_legal_hold(cof_blob_client *client, const char *blob, bool is_held,
                               cof_err *err)
{
    const cof_blob_request request = {.method = "PUT",
                                      .blob = blob,
                                      .query = {{"comp", "legalhold"}},
                                      .headers = {{"x-ms-legal-hold", is_held ? "true" : "false"}}};
    return run(client, &request, err);
}

cof_status cof_blob_delegation_key(cof_blob_client *client, int64_t start_unix_s,
                                   int64_t expiry_unix_s, cof_delegation_key *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf xml = {.limit = 512};
    COF_CLEANUP(cof_blob_call_drop_) cof_blob_call *call = NULL;
    char start[COF_STORAGE_TIME_SIZE];
    char expiry[COF_STORAGE_TIME_SIZE];
    if (expiry_unix_s - start_unix_s > COF_STORAGE_DELEGATION_MAX_S) {
        return COF_FAIL(err, BAD_ARGUMENT, "a delegated signature lives at most seven days");
    }
    cof_storage_time(start_unix_s, start);
    cof_storage_time(expiry_unix_s, expiry);
    COF_TRY(cof_buf_printf(&xml, err,
                           "<?xml version=\"1.0\" encoding=\"utf-8\"?><KeyInfo><Start>%s</Start>"
                           "<Expiry>%s</Expiry></KeyInfo>",
                           start, expiry));
    const cof_blob_request request = {
        .method = "POST",
        .is_account = true,
        .query = {{"restype", "service"}, {"comp", "userdelegationkey"}},
        .body = cof_buf_view(&xml),
        .content_type = "application/xml"};
    COF_TRY(cof_blob_call_run(client, &request, &call, err));
    return cof_storage_xml_delegation(cof_buf_view(&cof_blob_call_answer(call)->body), out, err);
}

/* The key of a signature: the account's own, or one that the service delegates. */
static cof_status signing_key(cof_blob_client *client, int64_t expiry_unix_s,
                              cof_delegation_key *delegation, cof_buf *out, cof_err *err)
{
    /* A clock that is a little ahead would make a key that is not valid yet. */
    const int64_t start = (int64_t)time(NULL) - 300;
    if (client->auth.kind == COF_STORAGE_BY_SAS) {
        return COF_FAIL(err, UNSUPPORTED,
                        "a shared access signature cannot make another: use an account key or a "
                        "credential");
    }
    if (client->auth.kind == COF_STORAGE_BY_KEY) {
        return cof_buf_append(out, cof_buf_view(&client->auth.key), err);
    }
    COF_TRY(cof_blob_delegation_key(client, start, expiry_unix_s, delegation, err));
    return cof_base64_decode(cof_view_text(delegation->value), out, err);
}

cof_status cof_blob_share(cof_blob_client *client, const char *blob, const char *permissions,
                          int64_t expiry_unix_s, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf key = {.limit = 256};
    COF_CLEANUP(cof_delegation_key_wipe) cof_delegation_key delegation = {0};
    char expiry[COF_STORAGE_TIME_SIZE];
    cof_storage_time(expiry_unix_s, expiry);
    COF_TRY(signing_key(client, expiry_unix_s, &delegation, &key, err));
    const bool is_delegated = client->auth.kind == COF_STORAGE_BY_TOKEN;
    const cof_storage_sas sas = {.account = client->place.account,
                                 .container = client->place.container,
                                 .blob = blob,
                                 .permissions = permissions,
                                 .expiry = expiry,
                                 .https_only = client->place.is_https,
                                 .delegation = is_delegated ? &delegation : NULL,
                                 .key = cof_buf_view(&key)};
    COF_TRY(cof_buf_append_text(out, client->place.origin, err));
    COF_TRY(cof_storage_path(&client->place, blob, out, err));
    COF_TRY(cof_buf_append_text(out, "?", err));
    return cof_storage_sas_make(&sas, out, err);
}
