#include "host/azure/storage_sign.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "tcb/base/wipe.h"
#include "tcb/crypto/digest.h"
#include "tcb/wire/text.h"

enum { PAIRS_MAX = 64, TEXT_MAX = 16384 };

static const char *header_value(const cof_storage_signed *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcasecmp(request->headers[i].name, name) == 0) {
            return request->headers[i].value;
        }
    }
    return "";
}

static int compare_names(const void *a, const void *b)
{
    const cof_http_pair *left = a;
    const cof_http_pair *right = b;
    return strcasecmp(left->name, right->name);
}

static cof_status append_lower(const char *name, cof_buf *out, cof_err *err)
{
    for (const char *c = name; *c != '\0'; c++) {
        const char lower = (char)tolower((unsigned char)*c);
        COF_TRY(cof_buf_append(out, cof_view_of(&lower, 1), err));
    }
    return COF_OK;
}

/* Pairs sorted by name, as "[before]name:value[after]". */
static cof_status append_sorted(const cof_http_pair *pairs, size_t count, bool only_x_ms,
                                const char *before, const char *after, cof_buf *out, cof_err *err)
{
    cof_http_pair sorted[PAIRS_MAX] = {{0}};
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (only_x_ms && strncasecmp(pairs[i].name, "x-ms-", 5) != 0) {
            continue;
        }
        if (kept == PAIRS_MAX) {
            return COF_FAIL(err, LIMIT, "more than %d names to sign", PAIRS_MAX);
        }
        sorted[kept++] = pairs[i];
    }
    qsort(sorted, kept, sizeof sorted[0], compare_names);
    for (size_t i = 0; i < kept; i++) {
        COF_TRY(cof_buf_append_text(out, before, err));
        COF_TRY(append_lower(sorted[i].name, out, err));
        COF_TRY(cof_buf_printf(out, err, ":%s%s", sorted[i].value, after));
    }
    return COF_OK;
}

cof_status cof_storage_string_to_sign(const cof_storage_signed *request, cof_buf *out, cof_err *err)
{
    char length[24] = "";
    if (request->body_size > 0) {
        (void)snprintf(length, sizeof length, "%zu", request->body_size);
    }
    /* Content-Encoding and Content-Language come first and are never sent; Date is x-ms-date. */
    COF_TRY(cof_buf_printf(
        out, err, "%s\n\n\n%s\n%s\n%s\n\n%s\n%s\n%s\n%s\n%s\n", request->method, length,
        header_value(request, "Content-MD5"),
        request->content_type != NULL ? request->content_type : "",
        header_value(request, "If-Modified-Since"), header_value(request, "If-Match"),
        header_value(request, "If-None-Match"), header_value(request, "If-Unmodified-Since"),
        header_value(request, "Range")));
    COF_TRY(append_sorted(request->headers, request->header_count, true, "", "\n", out, err));
    COF_TRY(cof_buf_printf(out, err, "/%s%s", request->account, request->path));
    return append_sorted(request->query, request->query_count, false, "\n", "", out, err);
}

cof_status cof_storage_hmac(cof_view key, cof_view text, cof_buf *out, cof_err *err)
{
    cof_digest mac = {0};
    COF_TRY(cof_hmac_sha256(key, text, &mac, err));
    return cof_base64_encode(cof_view_of(mac.bytes, sizeof mac.bytes), out, err);
}

void cof_delegation_key_wipe(cof_delegation_key *key)
{
    cof_wipe(key, sizeof *key);
}

/* Each letter once, in the service's order. */
static bool are_permissions(const char *text)
{
    const char *order = "racwdl";
    for (const char *c = text; *c != '\0'; c++) {
        order = strchr(order, *c);
        if (order == NULL) {
            return false;
        }
        order++;
    }
    return text[0] != '\0';
}

static const char *text_of(const char *text)
{
    return text != NULL ? text : "";
}

static cof_status sas_string(const cof_storage_sas *sas, cof_buf *out, cof_err *err)
{
    const cof_delegation_key *d = sas->delegation;
    COF_TRY(cof_buf_printf(out, err, "%s\n%s\n%s\n/blob/%s/%s%s%s\n", sas->permissions,
                           text_of(sas->start), sas->expiry, sas->account, sas->container,
                           sas->blob != NULL ? "/" : "", text_of(sas->blob)));
    if (d == NULL) {
        COF_TRY(cof_buf_append_text(out, "\n", err)); /* no stored access policy */
    } else {
        /* Then three empty ones: authorized and unauthorized object, correlation. */
        COF_TRY(cof_buf_printf(out, err, "%s\n%s\n%s\n%s\n%s\n%s\n\n\n\n", d->oid, d->tid, d->start,
                               d->expiry, d->service, d->version));
    }
    /* No address, then what the connection is, version, resource; no snapshot and encryption scope;
     * no headers of the answer. */
    return cof_buf_printf(out, err, "\n%s\n%s\n%s\n\n\n\n\n\n\n", sas->https_only ? "https" : "",
                          COF_STORAGE_SAS_VERSION, sas->blob != NULL ? "b" : "c");
}

static cof_status sign_sas(const cof_storage_sas *sas, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = TEXT_MAX};
    COF_TRY(sas_string(sas, &text, err));
    return cof_storage_hmac(sas->key, cof_buf_view(&text), out, err);
}

cof_status cof_storage_sas_make(const cof_storage_sas *sas, cof_buf *out, cof_err *err)
{
    const cof_delegation_key *d = sas->delegation;
    COF_CLEANUP(cof_buf_free) cof_buf signature = {.limit = 128};
    const char *sig = NULL;
    if (!are_permissions(sas->permissions)) {
        return COF_FAIL(err, BAD_ARGUMENT, "permissions of a signature: letters of racwdl");
    }
    COF_TRY(sign_sas(sas, &signature, err));
    COF_TRY(cof_buf_text(&signature, &sig, err));
    const cof_http_pair all[] = {
        {"sv", COF_STORAGE_SAS_VERSION},
        {"spr", sas->https_only ? "https" : NULL},
        {"st", sas->start},
        {"se", sas->expiry},
        {"sr", sas->blob != NULL ? "b" : "c"},
        {"sp", sas->permissions},
        {"skoid", d != NULL ? d->oid : NULL},
        {"sktid", d != NULL ? d->tid : NULL},
        {"skt", d != NULL ? d->start : NULL},
        {"ske", d != NULL ? d->expiry : NULL},
        {"sks", d != NULL ? d->service : NULL},
        {"skv", d != NULL ? d->version : NULL},
        {"sig", sig},
    };
    cof_http_pair kept[sizeof all / sizeof all[0]];
    size_t count = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i].value != NULL) {
            kept[count++] = all[i];
        }
    }
    return cof_form_encode(kept, count, out, err);
}

static struct tm utc(int64_t unix_s)
{
    const time_t when = (time_t)unix_s;
    struct tm parts = {0};
    (void)gmtime_r(&when, &parts);
    return parts;
}

void cof_storage_date(int64_t unix_s, char out[static COF_STORAGE_DATE_SIZE])
{
    const struct tm parts = utc(unix_s);
    if (strftime(out, COF_STORAGE_DATE_SIZE, "%a, %d %b %Y %H:%M:%S GMT", &parts) == 0) {
        out[0] = '\0';
    }
}

void cof_storage_time(int64_t unix_s, char out[static COF_STORAGE_TIME_SIZE])
{
    const struct tm parts = utc(unix_s);
    if (strftime(out, COF_STORAGE_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
        out[0] = '\0';
    }
}
