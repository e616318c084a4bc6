#include "host/azure/challenge.h"

#include <string.h>
#include <strings.h>

#include "host/http/url.h"
#include "tcb/base/limits.h"

static const char suffix[] = "/.default";
static const char key_vault[] = "https://vault.azure.net";
static const char managed_hsm[] = "https://managedhsm.azure.net";

/* The value of name="…" in a challenge. @return false when it is not there. */
static bool find_quoted(const char *challenge, const char *name, cof_view *out)
{
    const size_t size = strlen(name);
    for (const char *at = strstr(challenge, name); at != NULL; at = strstr(at + 1, name)) {
        const bool is_start = at == challenge || at[-1] == ' ' || at[-1] == ',';
        if (is_start && at[size] == '=' && at[size + 1] == '"') {
            const char *start = at + size + 2;
            const char *end = strchr(start, '"');
            if (end != NULL) {
                *out = cof_view_of(start, (size_t)(end - start));
                return true;
            }
        }
    }
    return false;
}

static size_t count_dots(const char *text)
{
    size_t count = 0;
    for (const char *c = text; *c != '\0'; c++) {
        count += *c == '.';
    }
    return count;
}

/* Is host below domain? A domain of fewer than three labels is nobody's own. */
static bool is_below(const char *host, const char *domain)
{
    const size_t host_size = strlen(host);
    const size_t size = strlen(domain);
    return count_dots(domain) >= 2 && host_size > size + 1 && host[host_size - size - 1] == '.' &&
           strcasecmp(host + host_size - size, domain) == 0;
}

static bool is_on_issuer(const cof_url *vault, const char *issuer)
{
    cof_url url;
    return cof_url_parse(issuer, &url, NULL) == COF_OK && strcmp(url.host, vault->host) == 0;
}

static bool is_allowed(const char *resource, const char *vault_url, const char *issuer)
{
    cof_url wanted;
    cof_url vault;
    if (cof_url_parse(resource, &wanted, NULL) != COF_OK || !wanted.is_https ||
        cof_url_parse(vault_url, &vault, NULL) != COF_OK || wanted.target.size > 0) {
        return false;
    }
    if (cof_url_same_origin(&wanted, &vault)) {
        return true;
    }
    if (is_on_issuer(&vault, issuer)) {
        return strcmp(resource, key_vault) == 0 || strcmp(resource, managed_hsm) == 0;
    }
    return wanted.port == 443 && is_below(vault.host, wanted.host);
}

cof_status cof_challenge_scope(const char *challenge, const char *vault_url, const char *issuer,
                               cof_buf *out_scope, cof_err *err)
{
    cof_view found = {0};
    COF_CLEANUP(cof_buf_free) cof_buf resource = {.limit = COF_SCOPE_MAX};
    if (challenge == NULL || strncasecmp(challenge, "Bearer ", 7) != 0) {
        return COF_FAIL(err, UNAUTHORIZED, "the vault's answer has no Bearer challenge");
    }
    if (find_quoted(challenge, "scope", &found)) {
        const size_t tail = sizeof suffix - 1;
        if (found.size > tail && memcmp(found.data + found.size - tail, suffix, tail) == 0) {
            found.size -= tail;
        }
    } else if (!find_quoted(challenge, "resource", &found)) {
        return COF_FAIL(err, UNAUTHORIZED, "the vault's challenge names no resource");
    }
    const char *text = NULL;
    if (found.size > COF_SCOPE_MAX - sizeof suffix) {
        return COF_FAIL(err, UNAUTHORIZED, "the vault's challenge names no resource");
    }
    COF_TRY(cof_buf_append(&resource, found, err));
    COF_TRY(cof_buf_text(&resource, &text, err));
    if (!is_allowed(text, vault_url, issuer)) {
        return COF_FAIL(err, UNAUTHORIZED,
                        "the vault asks for a token for another service (%.100s)", text);
    }
    COF_TRY(cof_buf_append_text(out_scope, text, err));
    return cof_buf_append_text(out_scope, suffix, err);
}

cof_status cof_vault_scope(const char *vault_url, const char *issuer, cof_buf *out_scope,
                           cof_err *err)
{
    cof_url vault;
    COF_TRY(cof_url_parse(vault_url, &vault, err));
    if (is_on_issuer(&vault, issuer)) {
        return cof_buf_printf(out_scope, err, "%s%s", key_vault, suffix);
    }
    const char *dot = strchr(vault.host, '.');
    if (dot == NULL || !is_below(vault.host, dot + 1) ||
        strspn(vault.host, "0123456789.") == strlen(vault.host)) {
        return COF_OK; /* the challenge will tell */
    }
    return cof_buf_printf(out_scope, err, "https://%s%s", dot + 1, suffix);
}
