#include "host/azure/blob.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tcb/base/limits.h"
#include "tcb/wire/text.h"

enum { BLOCK_LIST_MAX = 16 << 20 };

cof_status cof_blob_client_open(const cof_blob_client_options *options, cof_blob_client **out,
                                cof_err *err)
{
    COF_CLEANUP(cof_blob_client_drop_) cof_blob_client *client = calloc(1, sizeof *client);
    cof_view sas = {0};
    cof_view ignored = {0};
    if (client == NULL) {
        return COF_FAIL(err, NO_MEMORY, "storage client");
    }
    COF_TRY(cof_storage_place_parse(options->url, &client->place, &sas, err));
    if (options->secondary != NULL) {
        COF_TRY(cof_storage_place_parse(options->secondary, &client->secondary, &ignored, err));
        client->has_secondary = true;
    }
    COF_TRY(cof_storage_auth_open(options->credential_path, sas, &client->auth, err));
    if (client->auth.kind == COF_STORAGE_BY_TOKEN && !client->place.is_https) {
        return COF_FAIL(err, CONFIG, "a token is not sent over plain http: write https");
    }
    const cof_http_client_options http = {.ca_path = options->ca_path,
                                          .allow_http = !client->place.is_https,
                                          .retry = options->retry};
    COF_TRY(cof_transfers_new(&http, &client->transfers, err));
    *out = cof_blob_client_take(&client);
    return COF_OK;
}

void cof_blob_client_free(cof_blob_client *client)
{
    if (client == NULL) {
        return;
    }
    cof_transfers_free(client->transfers);
    cof_storage_auth_free(&client->auth);
    free(client);
}

/* For a call whose answer is its status alone. */
static cof_status run(cof_blob_client *client, const cof_blob_request *request, cof_err *err)
{
    COF_CLEANUP(cof_blob_call_drop_) cof_blob_call *call = NULL;
    return cof_blob_call_run(client, request, &call, err);
}

cof_status cof_blob_container_create(cof_blob_client *client, cof_err *err)
{
    const cof_blob_request request = {.method = "PUT", .query = {{"restype", "container"}}};
    return run(client, &request, err);
}

/* The header fields of a condition, from row on. */
static void add_condition(const cof_blob_condition *condition, cof_blob_request *request,
                          size_t row)
{
    if (condition == NULL) {
        return;
    }
    request->headers[row] = (cof_http_pair){"If-None-Match", condition->only_new ? "*" : NULL};
    request->headers[row + 1] = (cof_http_pair){"If-Match", condition->if_match};
    request->headers[row + 2] = (cof_http_pair){"x-ms-lease-id", condition->lease};
}

cof_status cof_blob_client_put(cof_blob_client *client, const char *blob, cof_view bytes,
                               const cof_blob_condition *condition, cof_err *err)
{
    cof_blob_request request = {.method = "PUT",
                                .blob = blob,
                                .headers = {{"x-ms-blob-type", "BlockBlob"}},
                                .body = bytes,
                                .content_type = "application/octet-stream"};
    add_condition(condition, &request, 1);
    return run(client, &request, err);
}

cof_status cof_blob_block_start(cof_blob_client *client, const char *blob, const char *id,
                                cof_view bytes, cof_blob_call **out, cof_err *err)
{
    const cof_blob_request request = {.method = "PUT",
                                      .blob = blob,
                                      .query = {{"comp", "block"}, {"blockid", id}},
                                      .body = bytes,
                                      .content_type = "application/octet-stream"};
    return cof_blob_call_start(client, &request, out, err);
}

/* "Latest", not "Uncommitted": a list that is sent again, after an answer was lost, is still right.
 */
static cof_status block_list_xml(cof_view ids, cof_buf *out, cof_err *err)
{
    COF_TRY(cof_buf_append_text(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>", err));
    for (size_t at = 0; at < ids.size;) {
        const char *id = (const char *)ids.data + at;
        COF_TRY(cof_buf_printf(out, err, "<Latest>%s</Latest>", id));
        at += strlen(id) + 1;
    }
    return cof_buf_append_text(out, "</BlockList>", err);
}

cof_status cof_blob_block_commit(cof_blob_client *client, const char *blob, cof_view ids,
                                 const cof_blob_condition *condition, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf xml = {.limit = BLOCK_LIST_MAX};
    COF_TRY(block_list_xml(ids, &xml, err));
    cof_blob_request request = {.method = "PUT",
                                .blob = blob,
                                .query = {{"comp", "blocklist"}},
                                .headers = {{"x-ms-blob-content-type", "application/octet-stream"}},
                                .body = cof_buf_view(&xml),
                                .content_type = "application/xml"};
    add_condition(condition, &request, 1);
    return run(client, &request, err);
}

cof_status cof_blob_block_list(cof_blob_client *client, const char *blob, bool is_committed,
                               cof_storage_block_visit visit, void *context, cof_err *err)
{
    COF_CLEANUP(cof_blob_call_drop_) cof_blob_call *call = NULL;
    const cof_blob_request request = {
        .method = "GET",
        .blob = blob,
        .query = {{"comp", "blocklist"},
                  {"blocklisttype", is_committed ? "committed" : "uncommitted"}},
        .answer_limit = COF_STORAGE_XML_BYTES};
    COF_TRY(cof_blob_call_start(client, &request, &call, err));
    const cof_status status = cof_blob_call_wait(call, err);
    if (status == COF_E_NOT_FOUND && strcmp(cof_blob_call_code(call), "BlobNotFound") == 0) {
        return COF_OK;
    }
    COF_TRY(status);
    return cof_storage_xml_blocks(cof_buf_view(&cof_blob_call_answer(call)->body), is_committed,
                                  visit, context, err);
}

static cof_status read_number(const char *text, uint64_t *out, cof_err *err)
{
    const size_t size = text != NULL ? strlen(text) : 0;
    uint64_t value = 0;
    if (size < 1 || size > 18 || strspn(text, "0123456789") != size) {
        return COF_FAIL(err, BAD_FORMAT, "a size in storage's answer");
    }
    for (size_t i = 0; i < size; i++) {
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    *out = value;
    return COF_OK;
}

static cof_status read_etag(const cof_http_answer *answer, cof_blob_properties *out, cof_err *err)
{
    const char *etag = cof_http_answer_header(answer, "etag");
    if (etag == NULL || etag[0] == '\0' || strlen(etag) >= sizeof out->etag) {
        return COF_FAIL(err, BAD_FORMAT, "storage's answer has no ETag");
    }
    memcpy(out->etag, etag, strlen(etag) + 1);
    return COF_OK;
}

cof_status cof_blob_properties_get(cof_blob_client *client, const char *blob,
                                   cof_blob_properties *out, cof_err *err)
{
    COF_CLEANUP(cof_blob_call_drop_) cof_blob_call *call = NULL;
    const cof_blob_request request = {.method = "HEAD", .blob = blob};
    COF_TRY(cof_blob_call_run(client, &request, &call, err));
    const cof_http_answer *answer = cof_blob_call_answer(call);
    const char *copy = cof_http_answer_header(answer, "x-ms-copy-status");
    cof_blob_properties found = {0};
    COF_TRY(read_number(cof_http_answer_header(answer, "content-length"), &found.size, err));
    COF_TRY(read_etag(answer, &found, err));
    (void)snprintf(found.copy_status, sizeof found.copy_status, "%s", copy != NULL ? copy : "");
    *out = found;
    return COF_OK;
}

cof_status cof_blob_metadata_get(cof_blob_client *client, const char *blob, const char *name,
                                 cof_buf *out, cof_err *err)
{
    char field[64];
    COF_CLEANUP(cof_blob_call_drop_) cof_blob_call *call = NULL;
    const cof_blob_request request = {.method = "HEAD", .blob = blob};
    (void)snprintf(field, sizeof field, "x-ms-meta-%.40s", name);
    COF_TRY(cof_blob_call_run(client, &request, &call, err));
    const char *value = cof_http_answer_header(cof_blob_call_answer(call), field);
    if (value == NULL) {
        return COF_FAIL(err, NOT_FOUND, "the blob has no metadata \"%s\"", name);
    }
    return cof_buf_append_text(out, value, err);
}

cof_status cof_blob_range_start(cof_blob_client *client, const char *blob, uint64_t offset,
                                cof_span out, const char *etag, cof_blob_call **out_call,
                                cof_err *err)
{
    char range[64];
    (void)snprintf(range, sizeof range, "bytes=%llu-%llu", (unsigned long long)offset,
                   (unsigned long long)(offset + out.size - 1));
    const cof_blob_request request = {
        .method = "GET",
        .blob = blob,
        .headers = {{"x-ms-range", range}, {"If-Match", etag[0] != '\0' ? etag : NULL}},
        .into = out};
    return cof_blob_call_start(client, &request, out_call, err);
}

cof_status cof_content_range_parse(const char *text, uint64_t *out_first, uint64_t *out_last,
                                   uint64_t *out_size, cof_err *err)
{
    char parts[3][20];
    const char *at = text;
    static const char ends[] = "-/";
    uint64_t numbers[3];
    if (text == NULL || strncmp(text, "bytes ", 6) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "storage's answer has no Content-Range");
    }
    at += 6;
    for (size_t i = 0; i < 3; i++) {
        const size_t size = strspn(at, "0123456789");
        if (size >= sizeof parts[i] || at[size] != (i < 2 ? ends[i] : '\0')) {
            return COF_FAIL(err, BAD_FORMAT, "Content-Range of storage's answer");
        }
        memcpy(parts[i], at, size);
        parts[i][size] = '\0';
        COF_TRY(read_number(parts[i], &numbers[i], err));
        at += size + (i < 2 ? 1 : 0);
    }
    if (numbers[0] > numbers[1] || numbers[1] >= numbers[2]) {
        return COF_FAIL(err, BAD_FORMAT, "Content-Range of storage's answer");
    }
    *out_first = numbers[0];
    *out_last = numbers[1];
    *out_size = numbers[2];
    return COF_OK;
}

cof_status cof_blob_range_finish(cof_blob_call *call, uint64_t offset, size_t size,
                                 cof_blob_properties *out, cof_err *err)
{
    uint64_t first = 0;
    uint64_t last = 0;
    cof_blob_properties found = {0};
    COF_TRY(cof_blob_call_wait(call, err));
    const cof_http_answer *answer = cof_blob_call_answer(call);
    if (answer->status != 206) {
        return COF_FAIL(err, BAD_FORMAT, "storage answered %d to a range", answer->status);
    }
    COF_TRY(cof_content_range_parse(cof_http_answer_header(answer, "content-range"), &first, &last,
                                    &found.size, err));
    COF_TRY(read_etag(answer, &found, err));
    if (first != offset || last - first + 1 != cof_blob_call_received(call)) {
        return COF_FAIL(err, BAD_FORMAT, "storage answered another range, or not all of it");
    }
    if (last - first + 1 < size) {
        return COF_FAIL(err, TRUNCATED, "the blob has %llu bytes", (unsigned long long)found.size);
    }
    *out = found;
    return COF_OK;
}

cof_status cof_blob_client_delete(cof_blob_client *client, const char *blob,
                                  const cof_blob_condition *condition, cof_err *err)
{
    cof_blob_request request = {
        .method = "DELETE", .blob = blob, .headers = {{"x-ms-delete-snapshots", "include"}}};
    add_condition(condition, &request, 1);
    return run(client, &request, err);
}

cof_status cof_blob_client_list(cof_blob_client *client, const char *prefix, unsigned page,
                                cof_storage_list_visit visit, void *context, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf marker = {.limit = COF_LIMIT_URL_BYTES};
    char count[16] = "";
    (void)snprintf(count, sizeof count, "%u", page);
    do {
        COF_CLEANUP(cof_blob_call_drop_) cof_blob_call *call = NULL;
        const char *from = NULL;
        COF_TRY(cof_buf_text(&marker, &from, err));
        const cof_blob_request request = {.method = "GET",
                                          .query = {{"restype", "container"},
                                                    {"comp", "list"},
                                                    {"prefix", prefix[0] != '\0' ? prefix : NULL},
                                                    {"marker", from[0] != '\0' ? from : NULL},
                                                    {"maxresults", page > 0 ? count : NULL}},
                                          .answer_limit = COF_STORAGE_XML_BYTES};
        COF_TRY(cof_blob_call_run(client, &request, &call, err));
        COF_CLEANUP(cof_buf_free) cof_buf next = {.limit = COF_LIMIT_URL_BYTES};
        COF_TRY(cof_storage_xml_list(cof_buf_view(&cof_blob_call_answer(call)->body), visit,
                                     context, &next, err));
        if (next.size > 0 && cof_view_equal(cof_buf_view(&next), cof_buf_view(&marker))) {
            return COF_FAIL(err, BAD_FORMAT, "storage's list does not go on");
        }
        cof_buf_clear(&marker);
        COF_TRY(cof_buf_append(&marker, cof_buf_view(&next), err));
    } while (marker.size > 0);
    return COF_OK;
}

/* Waits until the service has copied. */
static cof_status wait_copied(cof_blob_client *client, const char *blob, unsigned wait_ms,
                              cof_err *err)
{
    static const struct timespec pause = {.tv_nsec = 100000000};
    cof_blob_properties properties = {0};
    for (unsigned waited = 0;; waited += 100) {
        COF_TRY(cof_blob_properties_get(client, blob, &properties, err));
        if (strcmp(properties.copy_status, "pending") != 0) {
            break;
        }
        if (waited >= wait_ms) {
            return COF_FAIL(err, TIMEOUT, "the service still copies to %.100s", blob);
        }
        (void)nanosleep(&pause, NULL);
    }
    if (strcmp(properties.copy_status, "success") != 0 && properties.copy_status[0] != '\0') {
        return COF_FAIL(err, REMOTE_ERROR, "the service's copy to %.100s: %s", blob,
                        properties.copy_status);
    }
    return COF_OK;
}

cof_status cof_blob_client_copy(cof_blob_client *client, const char *from, const char *to,
                                unsigned wait_ms, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf source = {.limit = COF_LIMIT_URL_BYTES};
    const char *text = NULL;
    COF_TRY(cof_buf_append_text(&source, client->place.origin, err));
    COF_TRY(cof_storage_path(&client->place, from, &source, err));
    if (client->auth.kind == COF_STORAGE_BY_SAS) {
        COF_TRY(cof_buf_append_text(&source, "?", err));
        COF_TRY(cof_buf_append(&source, cof_buf_view(&client->auth.sas), err));
    }
    COF_TRY(cof_buf_text(&source, &text, err));
    const cof_blob_request request = {
        .method = "PUT", .blob = to, .headers = {{"x-ms-copy-source", text}}};
    COF_TRY(run(client, &request, err));
    return wait_copied(client, to, wait_ms, err);
}
