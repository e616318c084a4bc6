#include "host/azure/storage_place.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "host/http/form.h"
#include "host/http/url.h"

static const char secondary_suffix[] = "-secondary";

static bool is_address(const char *host)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1 ||
           strcmp(host, "localhost") == 0;
}

bool cof_storage_is_loopback(const char *host)
{
    unsigned char bytes[4]; /* "127.example.org" is a name */
    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
           (inet_pton(AF_INET, host, bytes) == 1 && bytes[0] == 127);
}

/* Copies a part of the path that has only these characters; it must have min to size - 1. */
static cof_status copy_part(cof_view part, const char *characters, size_t min, char *out,
                            size_t size, const char *what, cof_err *err)
{
    if (part.size < min || part.size >= size) {
        return COF_FAIL(err, CONFIG, "%s in the storage URL has %zu characters", what, part.size);
    }
    for (size_t i = 0; i < part.size; i++) {
        if (part.data[i] == 0 || strchr(characters, part.data[i]) == NULL) {
            return COF_FAIL(err, CONFIG, "%s in the storage URL, character %zu", what, i + 1);
        }
    }
    memcpy(out, part.data, part.size);
    out[part.size] = '\0';
    return COF_OK;
}

/* The path's next segment, without its slash. */
static cof_view next_segment(cof_view *path)
{
    if (path->size > 0 && path->data[0] == '/') {
        path->data++;
        path->size--;
    }
    const uint8_t *slash = path->size > 0 ? memchr(path->data, '/', path->size) : NULL;
    const size_t size = slash != NULL ? (size_t)(slash - path->data) : path->size;
    const cof_view segment = cof_view_of(path->data, size);
    path->data += size;
    path->size -= size;
    return segment;
}

/* "-secondary" names the same account in another region, and is no part of what signs. */
static void strip_secondary(const char *text, char *out)
{
    const size_t length = strlen(text);
    const size_t suffix = sizeof secondary_suffix - 1;
    const bool has_it = length > suffix && strcmp(text + length - suffix, secondary_suffix) == 0;
    const size_t size = has_it ? length - suffix : length;
    memcpy(out, text, size);
    out[size] = '\0';
}

static cof_status read_origin(const cof_url *url, cof_storage_place *place, cof_err *err)
{
    const bool is_v6 = strchr(url->host, ':') != NULL;
    const unsigned usual = url->is_https ? 443 : 80;
    char port[8] = "";
    if (!url->is_https && !cof_storage_is_loopback(url->host)) {
        return COF_FAIL(err, CONFIG, "storage at %s over plain http: write https", url->host);
    }
    if (url->port != usual) {
        (void)snprintf(port, sizeof port, ":%u", url->port);
    }
    (void)snprintf(place->origin, sizeof place->origin, "%s://%s%s%s%s",
                   url->is_https ? "https" : "http", is_v6 ? "[" : "", url->host, is_v6 ? "]" : "",
                   port);
    place->is_https = url->is_https;
    place->has_path_account = is_address(url->host);
    return COF_OK;
}

/* "data/../other" would be another container to whoever follows RFC 3986 section 5.2.4. */
static cof_status check_components(const char *prefix, cof_err *err)
{
    while (prefix[0] != '\0') {
        const size_t size = strcspn(prefix, "/");
        if (size == 0 || (size <= 2 && strspn(prefix, ".") == size)) {
            return COF_FAIL(err, CONFIG,
                            "the prefix in the storage URL has an empty or dot segment");
        }
        prefix += size + (prefix[size] == '/');
    }
    return COF_OK;
}

static cof_status read_path(const cof_url *url, cof_view path, cof_storage_place *place,
                            cof_err *err)
{
    static const char account[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
    const cof_view in_host = cof_view_of(url->host, strcspn(url->host, "."));
    const cof_view named = place->has_path_account ? next_segment(&path) : in_host;
    COF_TRY(copy_part(named, account, 3, place->host_account, sizeof place->host_account,
                      "the account", err));
    strip_secondary(place->host_account, place->account);
    COF_TRY(copy_part(next_segment(&path), account, 3, place->container, sizeof place->container,
                      "the container", err));
    while (path.size > 0 && path.data[0] == '/') {
        path = cof_view_of(path.data + 1, path.size - 1);
    }
    while (path.size > 0 && path.data[path.size - 1] == '/') {
        path.size--;
    }
    COF_TRY(copy_part(path, name, 0, place->prefix, sizeof place->prefix, "the prefix", err));
    return check_components(place->prefix, err);
}

cof_status cof_storage_place_parse(const char *text, cof_storage_place *out, cof_view *out_sas,
                                   cof_err *err)
{
    cof_url url;
    cof_storage_place place = {0};
    if (cof_url_parse(text, &url, NULL) != COF_OK) {
        return COF_FAIL(err, CONFIG, "not the URL of a container");
    }
    cof_view path = url.target;
    cof_view sas = {NULL, 0};
    const uint8_t *query = path.size > 0 ? memchr(path.data, '?', path.size) : NULL;
    if (query != NULL) {
        sas = cof_view_of(query + 1, path.size - (size_t)(query - path.data) - 1);
        path.size = (size_t)(query - path.data);
    }
    COF_TRY(read_origin(&url, &place, err));
    COF_TRY(read_path(&url, path, &place, err));
    *out = place;
    *out_sas = sas;
    return COF_OK;
}

cof_status cof_storage_account_path(const cof_storage_place *place, cof_buf *out, cof_err *err)
{
    if (place->has_path_account) {
        COF_TRY(cof_buf_printf(out, err, "/%s", place->host_account));
    }
    return cof_buf_append_text(out, "/", err);
}

cof_status cof_storage_path(const cof_storage_place *place, const char *blob, cof_buf *out,
                            cof_err *err)
{
    COF_TRY(cof_storage_account_path(place, out, err));
    COF_TRY(cof_buf_append_text(out, place->container, err));
    while (blob != NULL) {
        const size_t size = strcspn(blob, "/");
        COF_TRY(cof_buf_append_text(out, "/", err));
        COF_TRY(cof_percent_encode(cof_view_of(blob, size), out, err));
        blob = blob[size] == '/' ? blob + size + 1 : NULL;
    }
    return COF_OK;
}

cof_status cof_storage_blob_name(const cof_storage_place *place, const char *name, cof_buf *out,
                                 cof_err *err)
{
    if (place->prefix[0] != '\0') {
        COF_TRY(cof_buf_printf(out, err, "%s/", place->prefix));
    }
    return cof_buf_append_text(out, name, err);
}
