/*
 * The page where people sign in, and what devices send: whatever the form and the cookie hold, the
 * page has no markup but its own, and nothing is granted without a code that waits.
 *
 * Input: the cookie's line, a newline, the form. A form that begins with "V" is sent with a ticket
 * that fits the cookie.
 */
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "local/identity/issuer_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static cof_issuer issuer;

static int64_t clock_now(void)
{
    return 1800000000;
}

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void set_up(void)
{
    static char home[] = "/tmp/coffer-fuzz-XXXXXX";
    static cof_state *state;
    require(mkdtemp(home) != NULL && cof_state_open(home, clock_now, &state, NULL) == COF_OK &&
            cof_state_set_port(state, 8443, NULL) == COF_OK);
    issuer.parts.state = state;
    (void)snprintf(issuer.url, sizeof issuer.url, "%s/%s/", cof_state_base(state),
                   cof_state_tenant(state));
    require(cof_throttle_new(&issuer.throttle, NULL) == COF_OK &&
            cof_devices_new(&issuer.devices, NULL) == COF_OK);
    /* Nothing is kept: the folder may go while it is used. */
    char command[sizeof home + 16];
    (void)snprintf(command, sizeof command, "rm -rf %s", home);
    require(system(command) == 0); /* NOLINT(cert-env33-c): a fixed text */
}

static size_t count(const cof_buf *page, char c)
{
    size_t found = 0;
    for (size_t i = 0; i < page->size; i++) {
        found += page->data[i] == (uint8_t)c ? 1 : 0;
    }
    return found;
}

/* The marks are the page's own: what was typed adds none. */
static void check_page(const cof_buf *page)
{
    /* With the form, with or without a message; or a message alone. */
    const size_t opened = count(page, '<');
    require(opened == count(page, '>') && opened >= 9 && opened <= 40);
    require(memmem(page->data, page->size, "<script", 7) == NULL);
    require(memmem(page->data, page->size, "<strong>You have signed in", 26) == NULL);
}

static void post(cof_view cookie, cof_view form)
{
    struct evkeyvalq headers;
    TAILQ_INIT(&headers);
    char *line = strndup((const char *)cookie.data, cookie.size);
    const char *segments[] = {cof_state_tenant(issuer.parts.state)};
    require(line != NULL);
    (void)evhttp_add_header(&headers, "Content-Type", "application/x-www-form-urlencoded");
    (void)evhttp_add_header(&headers, "Cookie", line); /* refuses line breaks */
    const cof_http_request request = {.method = "POST",
                                      .path = "/",
                                      .segments = segments,
                                      .segment_count = 1,
                                      .body = form,
                                      .peer = "127.0.0.1",
                                      .id = "0",
                                      .headers_ = &headers};
    cof_http_response response = {.status = 200, .body = {.limit = 1024 * 1024}};
    require(cof_issuer_post_page(&issuer, &request, &response, NULL) == COF_OK);
    if (response.content_type != NULL && strncmp(response.content_type, "text/html", 9) == 0) {
        check_page(&response.body);
    }
    require(response.status != 200);
    cof_http_response_clear(&response);
    cof_throttle_passed(issuer.throttle, "user codes");
    evhttp_clear_headers(&headers);
    free(line);
}

/* What a device sends: scopes, codes. */
static void try_texts(cof_view text)
{
    COF_CLEANUP(cof_free_drop_) char *copy = strndup((const char *)text.data, text.size);
    cof_scope scope = {0};
    require(copy != NULL);
    for (int is_person = 0; is_person < 2; is_person++) {
        if (cof_scope_read(copy, is_person == 1, &scope) == COF_ADMITTED) {
            require(scope.resource[0] != '\0' && strstr(copy, scope.resource) != NULL);
        }
    }
    require(cof_devices_pending(issuer.devices, copy, clock_now()) == NULL);
    cof_device device;
    require(cof_devices_poll(issuer.devices, copy, COF_ISSUER_CLI_CLIENT_ID, clock_now(),
                             &device) == COF_POLL_UNKNOWN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    COF_CLEANUP(cof_buf_free) cof_buf form = {.limit = 1024 * 1024};
    if (issuer.parts.state == NULL) {
        set_up();
    }
    const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;
    const size_t head = line != NULL ? (size_t)(line - data) : size;
    cof_view cookie = cof_view_of(data, head);
    cof_view rest = line != NULL ? cof_view_of(line + 1, size - head - 1) : cof_view_text("");
    if (rest.size > 0 && rest.data[0] == 'V') {
        static const char tie[] = "00112233445566778899aabbccddeeff";
        char ticket[2 * COF_DIGEST_SIZE + 1];
        cof_digest digest;
        require(cof_hmac_sha256(cof_view_of(issuer.page_key, sizeof issuer.page_key),
                                cof_view_text(tie), &digest, NULL) == COF_OK);
        cof_digest_text(&digest, ticket);
        cookie = cof_view_text("__Host-coffer-signin=00112233445566778899aabbccddeeff");
        require(cof_buf_append(&form, cof_view_of(rest.data + 1, rest.size - 1), NULL) == COF_OK &&
                cof_buf_printf(&form, NULL, "&ticket=%s", ticket) == COF_OK);
        rest = cof_buf_view(&form);
    }
    post(cookie, rest);
    try_texts(cof_view_of(data, size));
    return 0;
}
