/*
 * Implementation notes
 *
 * A call owns the text of its request (URL, header fields, signature) in one arena of buffers that
 * never move, since libcurl and the string to sign refer to them; body and target stay the
 * caller's. It is built anew for the second region and for a renewed token: both change what is
 * signed.
 */
#include "host/azure/blob_call.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host/azure/storage_sign.h"
#include "host/azure/storage_xml.h"
#include "tcb/base/limits.h"
#include "tcb/wire/text.h"

enum { HEADERS_MAX = COF_BLOB_PAIRS + 8, MD5_SIZE = 16, WHAT_SIZE = 96 };

struct cof_blob_call {
    cof_blob_client *client;
    cof_http_pair *query; /* copies: COF_BLOB_PAIRS rows, name NULL at the end */
    cof_http_pair *headers;
    char *blob;
    bool is_account;
    char method[8];
    char content_type[64];
    char md5[32];
    char date[COF_STORAGE_DATE_SIZE];
    char id[COF_HTTP_ID_SIZE];
    char what[WHAT_SIZE];
    cof_buf url;
    cof_buf path;
    cof_buf authorization;
    cof_http_pair sent[HEADERS_MAX];
    size_t sent_count;
    cof_transfer transfer;
    bool is_secondary;
    bool has_new_token;
    char code[COF_STORAGE_CODE_SIZE];
};

static void free_pairs(cof_http_pair *pairs)
{
    for (size_t i = 0; pairs != NULL && pairs[i].name != NULL; i++) {
        free((void *)(uintptr_t)pairs[i].name);
        free((void *)(uintptr_t)pairs[i].value);
    }
    free(pairs);
}

static cof_status copy_pairs(const cof_http_pair *pairs, cof_http_pair **out, cof_err *err)
{
    size_t count = 0;
    *out = calloc(COF_BLOB_PAIRS + 1, sizeof **out);
    for (size_t i = 0; *out != NULL && i < COF_BLOB_PAIRS; i++) {
        if (pairs[i].name == NULL || pairs[i].value == NULL) {
            continue;
        }
        char *name = strdup(pairs[i].name);
        char *value = strdup(pairs[i].value);
        if (name == NULL || value == NULL) {
            free(name);
            free(value);
            return COF_FAIL(err, NO_MEMORY, "storage request");
        }
        (*out)[count++] = (cof_http_pair){name, value};
    }
    return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "storage request");
}

static size_t count_pairs(const cof_http_pair *pairs)
{
    size_t count = 0;
    while (pairs[count].name != NULL) {
        count++;
    }
    return count;
}

static cof_status md5_text(cof_view bytes, char out[static 32], cof_err *err)
{
    uint8_t md5[MD5_SIZE];
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 31};
    const char *plain = NULL;
    if (EVP_Digest(bytes.data, bytes.size, md5, NULL, EVP_md5(), NULL) != 1) {
        return COF_FAIL(err, CRYPTO, "MD5");
    }
    COF_TRY(cof_base64_encode(cof_view_of(md5, sizeof md5), &text, err));
    COF_TRY(cof_buf_text(&text, &plain, err));
    memcpy(out, plain, strlen(plain) + 1);
    return COF_OK;
}

static const cof_storage_place *place_of(const cof_blob_call *call)
{
    return call->is_secondary ? &call->client->secondary : &call->client->place;
}

static void add_sent(cof_blob_call *call, const char *name, const char *value)
{
    call->sent[call->sent_count++] = (cof_http_pair){name, value};
}

static cof_status build_url(cof_blob_call *call, cof_err *err)
{
    const cof_storage_place *place = place_of(call);
    const cof_storage_auth *auth = &call->client->auth;
    const size_t count = count_pairs(call->query);
    const char *path = NULL;
    cof_buf_clear(&call->url);
    cof_buf_clear(&call->path);
    COF_TRY(call->is_account ? cof_storage_account_path(place, &call->path, err)
                             : cof_storage_path(place, call->blob, &call->path, err));
    COF_TRY(cof_buf_text(&call->path, &path, err));
    COF_TRY(cof_buf_printf(&call->url, err, "%s%s", place->origin, path));
    if (count > 0) {
        COF_TRY(cof_buf_append_text(&call->url, "?", err));
        COF_TRY(cof_form_encode(call->query, count, &call->url, err));
    }
    if (auth->kind == COF_STORAGE_BY_SAS) {
        COF_TRY(cof_buf_append_text(&call->url, count > 0 ? "&" : "?", err));
        COF_TRY(cof_buf_append(&call->url, cof_buf_view(&auth->sas), err));
    }
    return cof_buf_text(&call->url, &call->transfer.call.url, err);
}

static cof_status authorize(cof_blob_call *call, cof_err *err)
{
    cof_storage_auth *auth = &call->client->auth;
    const char *text = NULL;
    cof_buf_clear(&call->authorization);
    if (auth->kind == COF_STORAGE_BY_SAS) {
        return COF_OK;
    }
    if (auth->kind == COF_STORAGE_BY_TOKEN) {
        const char *token = NULL;
        COF_TRY(cof_credential_token(auth->credential, COF_STORAGE_SCOPE, &token, err));
        COF_TRY(cof_buf_printf(&call->authorization, err, "Bearer %s", token));
    } else {
        COF_CLEANUP(cof_buf_free) cof_buf to_sign = {.limit = COF_LIMIT_HTTP_HEADER_BYTES};
        const char *path = NULL;
        COF_TRY(cof_buf_text(&call->path, &path, err));
        const cof_storage_signed request = {.method = call->method,
                                            .account = place_of(call)->account,
                                            .path = path,
                                            .query = call->query,
                                            .query_count = count_pairs(call->query),
                                            .headers = call->sent,
                                            .header_count = call->sent_count,
                                            .body_size = call->transfer.call.body.size,
                                            .content_type = call->transfer.call.content_type};
        COF_TRY(cof_storage_string_to_sign(&request, &to_sign, err));
        COF_TRY(cof_buf_printf(&call->authorization, err, "SharedKey %s:", request.account));
        COF_TRY(cof_storage_hmac(cof_buf_view(&auth->key), cof_buf_view(&to_sign),
                                 &call->authorization, err));
    }
    COF_TRY(cof_buf_text(&call->authorization, &text, err));
    add_sent(call, "Authorization", text);
    return COF_OK;
}

/* Builds and sends, to the place and with the token of now. */
static cof_status send(cof_blob_call *call, cof_err *err)
{
    cof_transfer *transfer = &call->transfer;
    cof_storage_date((int64_t)time(NULL), call->date);
    COF_TRY(cof_http_make_id(call->id, err));
    call->sent_count = 0;
    for (size_t i = 0; call->headers[i].name != NULL; i++) {
        call->sent[call->sent_count++] = call->headers[i];
    }
    add_sent(call, "x-ms-version", COF_STORAGE_VERSION);
    add_sent(call, "x-ms-date", call->date);
    add_sent(call, "x-ms-client-request-id", call->id);
    if (transfer->call.body.size > 0) {
        add_sent(call, "Content-MD5", call->md5);
    }
    COF_TRY(build_url(call, err));
    COF_TRY(authorize(call, err));
    transfer->call.headers = call->sent;
    transfer->call.header_count = call->sent_count;
    call->client->sent++;
    return cof_transfers_start(call->client->transfers, transfer, err);
}

/* "GET container/blob", for people. */
static void name_call(const cof_blob_request *request, cof_blob_call *call)
{
    (void)snprintf(call->what, sizeof call->what, "%s %.60s%s%.100s", request->method,
                   request->is_account ? call->client->place.account
                                       : call->client->place.container,
                   request->blob != NULL ? "/" : "", request->blob != NULL ? request->blob : "");
}

static cof_status init_call(const cof_blob_request *request, cof_blob_call *call, cof_err *err)
{
    (void)snprintf(call->method, sizeof call->method, "%s", request->method);
    (void)snprintf(call->content_type, sizeof call->content_type, "%s",
                   request->content_type != NULL ? request->content_type : "");
    call->is_account = request->is_account;
    name_call(request, call);
    cof_buf_init(&call->url, COF_LIMIT_URL_BYTES);
    cof_buf_init(&call->path, COF_LIMIT_URL_BYTES);
    cof_buf_init(&call->authorization, COF_LIMIT_TOKEN_BYTES);
    COF_TRY(copy_pairs(request->query, &call->query, err));
    COF_TRY(copy_pairs(request->headers, &call->headers, err));
    if (request->blob != NULL) {
        call->blob = strdup(request->blob);
        if (call->blob == NULL) {
            return COF_FAIL(err, NO_MEMORY, "storage request");
        }
    }
    if (request->body.size > 0) {
        COF_TRY(md5_text(request->body, call->md5, err));
    }
    cof_transfer *transfer = &call->transfer;
    transfer->call.method = call->method;
    transfer->call.body = request->body;
    transfer->call.content_type = request->content_type != NULL ? call->content_type : NULL;
    transfer->call.answer_limit = request->answer_limit;
    transfer->into = request->into;
    return COF_OK;
}

cof_status cof_blob_call_start(cof_blob_client *client, const cof_blob_request *request,
                               cof_blob_call **out, cof_err *err)
{
    COF_CLEANUP(cof_blob_call_drop_) cof_blob_call *call = calloc(1, sizeof *call);
    if (call == NULL) {
        return COF_FAIL(err, NO_MEMORY, "storage request");
    }
    call->client = client;
    COF_TRY(init_call(request, call, err));
    COF_TRY(send(call, err));
    *out = cof_blob_call_take(&call);
    return COF_OK;
}

bool cof_blob_call_is_done(const cof_blob_call *call)
{
    return call->transfer.is_done;
}

static bool is_read(const cof_blob_call *call)
{
    return strcmp(call->method, "GET") == 0 || strcmp(call->method, "HEAD") == 0;
}

static bool is_region_failure(const cof_transfer *transfer)
{
    const int http = transfer->answer.status;
    if (transfer->status != COF_OK) {
        return transfer->status == COF_E_NETWORK || transfer->status == COF_E_TIMEOUT;
    }
    return http == 500 || http == 502 || http == 503 || http == 504;
}

static void read_code(cof_blob_call *call)
{
    const cof_http_answer *answer = &call->transfer.answer;
    const char *header = cof_http_answer_header(answer, "x-ms-error-code");
    size_t size = 0;
    cof_storage_xml_error(cof_buf_view(&answer->body), call->code);
    if (header == NULL) {
        return;
    }
    while (isalnum((unsigned char)header[size]) && size + 1 < sizeof call->code) {
        call->code[size] = header[size];
        size++;
    }
    call->code[size] = '\0';
}

/* Content-MD5 of an answer is that of the bytes in it. */
static cof_status check_md5(cof_blob_call *call, cof_err *err)
{
    const cof_transfer *transfer = &call->transfer;
    const char *said = cof_http_answer_header(&transfer->answer, "content-md5");
    char found[32];
    if (said == NULL || strcmp(call->method, "GET") != 0) {
        return COF_OK;
    }
    const cof_view bytes = transfer->into.data != NULL
                               ? cof_view_of(transfer->into.data, transfer->received)
                               : cof_buf_view(&transfer->answer.body);
    COF_TRY(md5_text(bytes, found, err));
    if (strcmp(said, found) != 0) {
        return COF_FAIL(err, IO, "%s: the answer does not have its Content-MD5", call->what);
    }
    return COF_OK;
}

static cof_status judge(cof_blob_call *call, cof_err *err)
{
    const cof_transfer *transfer = &call->transfer;
    call->code[0] = '\0';
    if (transfer->status != COF_OK) {
        if (err != NULL) {
            *err = transfer->err;
        }
        return transfer->status;
    }
    if (transfer->answer.status >= 200 && transfer->answer.status <= 299) {
        return check_md5(call, err);
    }
    read_code(call);
    return cof_storage_refusal(transfer->answer.status, call->code, call->what, err);
}

static cof_status send_and_judge(cof_blob_call *call, cof_err *err)
{
    COF_TRY(send(call, err));
    COF_TRY(cof_transfers_wait(call->client->transfers, &call->transfer, err));
    return judge(call, err);
}

cof_status cof_blob_call_wait(cof_blob_call *call, cof_err *err)
{
    cof_blob_client *client = call->client;
    cof_err first = {0};
    COF_TRY(cof_transfers_wait(client->transfers, &call->transfer, err));
    cof_status status = judge(call, &first);
    if (status == COF_E_UNAUTHORIZED && client->auth.kind == COF_STORAGE_BY_TOKEN &&
        !call->has_new_token) {
        call->has_new_token = true; /* a kept token that the service no longer takes */
        cof_credential_forget(client->auth.credential, COF_STORAGE_SCOPE);
        status = send_and_judge(call, &first);
    }
    if (client->has_secondary && is_read(call) && is_region_failure(&call->transfer) &&
        !call->is_secondary) {
        call->is_secondary = true;
        if (send_and_judge(call, NULL) == COF_OK) {
            return COF_OK;
        }
        call->is_secondary = false;
    }
    if (status != COF_OK && err != NULL) {
        *err = first;
    }
    return status;
}

const cof_http_answer *cof_blob_call_answer(const cof_blob_call *call)
{
    return &call->transfer.answer;
}

size_t cof_blob_call_received(const cof_blob_call *call)
{
    return call->transfer.received;
}

const char *cof_blob_call_code(const cof_blob_call *call)
{
    return call->code;
}

void cof_blob_call_free(cof_blob_call *call)
{
    if (call == NULL) {
        return;
    }
    cof_transfers_cancel(call->client->transfers, &call->transfer);
    cof_transfer_clear(&call->transfer);
    free_pairs(call->query);
    free_pairs(call->headers);
    free(call->blob);
    cof_buf_free(&call->url);
    cof_buf_free(&call->path);
    cof_buf_free(&call->authorization);
    free(call);
}

cof_status cof_blob_call_run(cof_blob_client *client, const cof_blob_request *request,
                             cof_blob_call **out, cof_err *err)
{
    COF_CLEANUP(cof_blob_call_drop_) cof_blob_call *call = NULL;
    COF_TRY(cof_blob_call_start(client, request, &call, err));
    COF_TRY(cof_blob_call_wait(call, err));
    *out = cof_blob_call_take(&call);
    return COF_OK;
}
