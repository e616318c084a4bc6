/* Scopes: which resource a token is asked for, and what else. */
#include <string.h>

#include "local/identity/issuer_internal.h"

/* "https://vault.localhost" is the vault under the name that lets the official clients verify its
 * challenge. */
static const char *const resources[] = {COF_RESOURCE_VAULT, COF_RESOURCE_ATTEST,
                                        COF_RESOURCE_COFFER, "https://vault.localhost"};

static bool is_text(cof_view text, const char *other)
{
    return cof_view_equal(text, cof_view_text(other));
}

static cof_refusal set_resource(cof_view resource, cof_scope *scope)
{
    for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++) {
        if (is_text(resource, resources[i])) {
            memcpy(scope->resource, resource.data, resource.size);
            scope->resource[resource.size] = '\0';
            return COF_ADMITTED;
        }
    }
    return COF_REFUSE_RESOURCE;
}

static bool ends_with(cof_view text, const char *suffix, cof_view *out_rest)
{
    const size_t size = strlen(suffix);
    if (text.size < size || memcmp(text.data + text.size - size, suffix, size) != 0) {
        return false;
    }
    *out_rest = cof_view_of(text.data, text.size - size);
    return true;
}

static cof_refusal read_word(cof_view word, bool is_person, cof_scope *scope)
{
    cof_view resource = {0};
    if (is_person && (is_text(word, "profile") || is_text(word, "email"))) {
        return COF_ADMITTED;
    }
    if (is_person && is_text(word, "openid")) {
        scope->wants_id = true;
        return COF_ADMITTED;
    }
    if (is_person && is_text(word, "offline_access")) {
        scope->wants_refresh = true;
        return COF_ADMITTED;
    }
    if (scope->resource[0] != '\0') {
        return COF_REFUSE_SCOPE; /* a second resource */
    }
    if (ends_with(word, "/.default", &resource) ||
        (is_person && ends_with(word, "/user_impersonation", &resource))) {
        return set_resource(resource, scope);
    }
    return COF_REFUSE_SCOPE;
}

cof_refusal cof_scope_read(const char *scope, bool is_person, cof_scope *out)
{
    cof_scope read = {0};
    if (scope == NULL) {
        return COF_REFUSE_NO_SCOPE;
    }
    while (*scope != '\0') {
        const size_t size = strcspn(scope, " ");
        if (size > 0) {
            const cof_refusal why = read_word(cof_view_of(scope, size), is_person, &read);
            if (why != COF_ADMITTED) {
                return why;
            }
        }
        scope += size + (scope[size] == ' ' ? 1 : 0);
    }
    if (read.resource[0] == '\0') {
        return COF_REFUSE_SCOPE;
    }
    *out = read;
    return COF_ADMITTED;
}

cof_refusal cof_scope_read_resource(const char *resource, cof_scope *out)
{
    cof_scope read = {0};
    if (resource == NULL) {
        return COF_REFUSE_NO_SCOPE;
    }
    cof_view text = cof_view_text(resource);
    (void)ends_with(text, "/", &text);
    const cof_refusal why = set_resource(text, &read);
    if (why == COF_ADMITTED) {
        *out = read;
    }
    return why;
}
