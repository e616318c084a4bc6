#include "host/agent/ticket.h"

#include <stdio.h>
#include <string.h>

#include "host/files/files.h"
#include "tcb/base/wipe.h"
#include "tcb/wire/text.h"

static const char scheme[] = "coffer://";

enum { SECRET_BYTES = 32 };

cof_status cof_ticket_parse_place(const char *text, cof_url *out, cof_err *err)
{
    char url[COF_TICKET_BYTES];
    cof_url place;
    const char *host_end = strchr(text, ']');
    const int size = snprintf(url, sizeof url, "https://%s", text);
    if (size < 0 || (size_t)size >= sizeof url ||
        strchr(host_end != NULL ? host_end : text, ':') == NULL || strpbrk(text, "/?#@") != NULL) {
        return COF_FAIL(err, BAD_FORMAT, "not HOST:PORT");
    }
    COF_TRY(cof_url_parse(url, &place, err));
    place.target = (cof_view){0}; /* it would point into this function */
    *out = place;
    return COF_OK;
}

static cof_status check_secret(const char *secret, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {0};
    cof_buf_init(&bytes, SECRET_BYTES);
    const cof_status status = cof_base64url_decode(cof_view_text(secret), &bytes, NULL);
    if (status != COF_OK || bytes.size != SECRET_BYTES) {
        return COF_FAIL(err, BAD_FORMAT, "the ticket's secret is not 32 bytes as base64url");
    }
    return COF_OK;
}

cof_status cof_ticket_parse(const char *text, cof_ticket *out, cof_err *err)
{
    cof_ticket ticket = {.port = 0};
    char place[COF_TICKET_BYTES];
    cof_url url;
    if (strlen(text) >= COF_TICKET_BYTES || strncmp(text, scheme, sizeof scheme - 1) != 0) {
        return COF_FAIL(err, BAD_FORMAT, "a ticket begins with %s", scheme);
    }
    const char *start = text + sizeof scheme - 1;
    const char *slash = strchr(start, '/');
    const char *hash = slash != NULL ? strchr(slash, '#') : NULL;
    if (hash == NULL || hash - slash - 1 != COF_TICKET_SECRET_SIZE - 1) {
        return COF_FAIL(err, BAD_FORMAT, "the ticket is not whole");
    }
    memcpy(place, start, (size_t)(slash - start));
    place[slash - start] = '\0';
    COF_TRY(cof_ticket_parse_place(place, &url, err));
    memcpy(ticket.host, url.host, sizeof ticket.host);
    ticket.port = url.port;
    memcpy(ticket.secret, slash + 1, COF_TICKET_SECRET_SIZE - 1);
    cof_status status = check_secret(ticket.secret, err);
    if (status == COF_OK) {
        status =
            cof_hex_decode(cof_view_text(hash + 1), ticket.key.bytes, sizeof ticket.key.bytes, err);
    }
    if (status == COF_OK) {
        *out = ticket;
    }
    cof_wipe(&ticket, sizeof ticket);
    return status;
}

cof_status cof_ticket_print(const cof_ticket *ticket, cof_buf *out, cof_err *err)
{
    char key[2 * COF_DIGEST_SIZE + 1];
    const bool is_ipv6 = strchr(ticket->host, ':') != NULL;
    cof_digest_text(&ticket->key, key);
    return cof_buf_printf(out, err, "%s%s%s%s:%u/%s#%s", scheme, is_ipv6 ? "[" : "", ticket->host,
                          is_ipv6 ? "]" : "", ticket->port, ticket->secret, key);
}

cof_status cof_ticket_pin(const cof_ticket *ticket, char out[static COF_TICKET_PIN_SIZE],
                          cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    cof_buf_init(&text, COF_TICKET_PIN_SIZE - 1);
    COF_TRY(cof_buf_append_text(&text, "sha256//", err));
    COF_TRY(
        cof_base64_encode(cof_view_of(ticket->key.bytes, sizeof ticket->key.bytes), &text, err));
    memset(out, 0, COF_TICKET_PIN_SIZE);
    memcpy(out, text.data, text.size);
    return COF_OK;
}

/* Digests are compared: of texts of any size, and byte by byte of what nobody chose. */
bool cof_ticket_has_secret(const cof_ticket *ticket, const char *offered)
{
    cof_digest mine;
    cof_digest theirs;
    return cof_digest_of(cof_view_text(ticket->secret), &mine, NULL) == COF_OK &&
           cof_digest_of(cof_view_text(offered), &theirs, NULL) == COF_OK &&
           cof_secret_equal(mine.bytes, theirs.bytes, sizeof mine.bytes);
}

cof_status cof_ticket_read(const char *path, cof_ticket *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    const char *ticket = NULL;
    cof_buf_init(&text, COF_TICKET_BYTES);
    COF_TRY(cof_read_file(path, &text, err));
    while (text.size > 0 && text.data[text.size - 1] == '\n') {
        text.size--;
    }
    COF_TRY(cof_buf_text(&text, &ticket, err));
    return cof_ticket_parse(ticket, out, err);
}
