#include "local/vault/authorities.h"

#include <string.h>

#include "tcb/contract/names.h"
#include "tcb/wire/json.h"

/*
 * Implementation notes: a change is made in a copy of the entries, written, and only then becomes
 * the table, so that memory and disk never differ.
 */

static const char authorities_file[] = "vault/authorities.json";
static const char file_kind[] = "authorities/v1";

enum { ISSUER_BYTES = 512, FILE_BYTES = COF_LIMIT_JSON_BYTES };

typedef struct entry {
    cof_authority shown;
    char *issuer;
    json_t *keys;
    cof_jwks *jwks;
} entry;

struct cof_authorities {
    const cof_state *state;
    size_t count;
    entry *entries[COF_AUTHORITIES_MAX];
};

static void free_entry(entry *e)
{
    if (e != NULL) {
        free(e->issuer);
        json_decref(e->keys);
        cof_jwks_free(e->jwks);
        free(e);
    }
}
COF_OWNED(entry, free_entry);

void cof_authorities_free(cof_authorities *authorities)
{
    if (authorities != NULL) {
        for (size_t i = 0; i < authorities->count; i++) {
            free_entry(authorities->entries[i]);
        }
        free(authorities);
    }
}

cof_status cof_authority_id(const char *issuer, char out[static COF_AUTHORITY_ID_SIZE],
                            cof_err *err)
{
    cof_digest digest;
    COF_TRY(cof_digest_of(cof_view_text(issuer), &digest, err));
    cof_digest_text(&digest, out);
    return COF_OK;
}

/* Only what makes a key: what else a service publishes there is not kept. */
static cof_status slim_key(const json_t *jwk, json_t *list, cof_err *err)
{
    static const char *const members[] = {"kty", "kid", "use", "alg", "n", "e"};
    COF_JSON json_t *slim = json_object();
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        json_t *value = json_object_get(jwk, members[i]);
        if (json_is_string(value)) {
            COF_TRY(cof_json_set(slim, members[i], json_incref(value), err));
        }
    }
    const json_t *x5c = json_object_get(jwk, "x5c");
    if (json_array_size(x5c) > 0) {
        /* The first carries the key; the rest is never looked at. */
        COF_TRY(cof_json_set(slim, "x5c", json_pack("[O]", json_array_get(x5c, 0)), err));
    }
    return cof_json_append(list, json_incref(slim), err);
}

static cof_status slim_keys(const json_t *keys, json_t **out, cof_err *err)
{
    json_t *array = NULL;
    COF_JSON json_t *set = json_object();
    json_t *list = json_array();
    size_t i = 0;
    json_t *jwk = NULL;
    COF_TRY(cof_json_set(set, "keys", list, err));
    if (!json_is_object(keys)) {
        return COF_FAIL(err, BAD_FORMAT, "a key set is an object");
    }
    COF_TRY(cof_json_get(keys, "keys", JSON_ARRAY, &array, err));
    if (json_array_size(array) > COF_JWKS_KEYS_MAX) {
        return COF_FAIL(err, LIMIT, "more than %d keys", COF_JWKS_KEYS_MAX);
    }
    json_array_foreach(array, i, jwk)
    {
        COF_TRY(slim_key(jwk, list, err));
    }
    *out = json_incref(set);
    return COF_OK;
}

static cof_status new_entry(const char *issuer, const json_t *keys, int64_t added, entry **out,
                            cof_err *err)
{
    COF_CLEANUP(entry_drop_) entry *e = calloc(1, sizeof *e);
    if (!cof_contract_is_authority(issuer) || strlen(issuer) > ISSUER_BYTES) {
        return COF_FAIL(err, BAD_ARGUMENT, "an authority is https://host[:port], in lower case");
    }
    if (e == NULL || (e->issuer = strdup(issuer)) == NULL) {
        return COF_FAIL(err, NO_MEMORY, "authority");
    }
    COF_TRY(slim_keys(keys, &e->keys, err));
    COF_TRY(cof_jwks_from_json(e->keys, &e->jwks, err));
    if (cof_jwks_count(e->jwks) == 0) {
        return COF_FAIL(err, BAD_KEY, "none of the keys can verify RS256");
    }
    COF_TRY(cof_authority_id(issuer, e->shown.id, err));
    e->shown.issuer = e->issuer;
    e->shown.added_unix_s = added;
    e->shown.keys = e->keys;
    e->shown.jwks = e->jwks;
    *out = entry_take(&e);
    return COF_OK;
}

/* Where an issuer of this many characters stands, or would stand. */
static size_t place_of(const cof_authorities *authorities, const char *issuer, size_t size,
                       bool *out_found)
{
    size_t i = 0;
    int order = 1;
    for (; i < authorities->count; i++) {
        const char *here = authorities->entries[i]->issuer;
        order = strncmp(here, issuer, size);
        order = order == 0 && here[size] != '\0' ? 1 : order;
        if (order >= 0) {
            break;
        }
    }
    *out_found = i < authorities->count && order == 0;
    return i;
}

static cof_status read_entry(cof_authorities *authorities, const json_t *item, cof_err *err)
{
    static const char *const members[] = {"issuer", "added", "keys"};
    COF_CLEANUP(entry_drop_) entry *e = NULL;
    const char *issuer = NULL;
    int64_t added = 0;
    json_t *keys = NULL;
    bool is_there = false;
    if (!json_is_object(item)) {
        return COF_FAIL(err, BAD_FORMAT, "not an object");
    }
    COF_TRY(cof_json_only(item, members, sizeof members / sizeof members[0], err));
    COF_TRY(cof_json_get_text(item, "issuer", ISSUER_BYTES, &issuer, err));
    COF_TRY(cof_json_get_int(item, "added", 0, INT64_MAX, &added, err));
    COF_TRY(cof_json_get(item, "keys", JSON_OBJECT, &keys, err));
    /* In their order, which also means: no issuer twice. */
    if (place_of(authorities, issuer, strlen(issuer), &is_there) != authorities->count ||
        is_there) {
        return COF_FAIL(err, BAD_FORMAT, "issuers out of order");
    }
    COF_TRY(new_entry(issuer, keys, added, &e, err));
    authorities->entries[authorities->count++] = entry_take(&e);
    return COF_OK;
}

cof_status cof_authorities_read(cof_authorities *authorities, cof_view text, cof_err *err)
{
    static const char *const members[] = {"coffer", "authorities"};
    COF_JSON json_t *file = NULL;
    json_t *list = NULL;
    const char *kind = NULL;
    COF_TRY(cof_json_parse(text, FILE_BYTES, &file, err));
    if (!json_is_object(file)) {
        return COF_FAIL(err, BAD_FORMAT, "%s: not an object", authorities_file);
    }
    COF_TRY(cof_json_only(file, members, sizeof members / sizeof members[0], err));
    COF_TRY(cof_json_get_text(file, "coffer", sizeof file_kind, &kind, err));
    COF_TRY(cof_json_get(file, "authorities", JSON_ARRAY, &list, err));
    if (strcmp(kind, file_kind) != 0 || json_array_size(list) > COF_AUTHORITIES_MAX) {
        return COF_FAIL(err, BAD_FORMAT, "%s: not %s", authorities_file, file_kind);
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const cof_status status = read_entry(authorities, json_array_get(list, i), err);
        if (status != COF_OK) {
            cof_err_context(err, "%s: authorities[%zu]", authorities_file, i);
            return status;
        }
    }
    return COF_OK;
}

cof_status cof_authorities_new(const cof_state *state, cof_authorities **out, cof_err *err)
{
    cof_authorities *authorities = calloc(1, sizeof *authorities);
    if (authorities == NULL) {
        return COF_FAIL(err, NO_MEMORY, "authorities");
    }
    authorities->state = state;
    *out = authorities;
    return COF_OK;
}

cof_status cof_authorities_open(const cof_state *state, cof_authorities **out, cof_err *err)
{
    COF_CLEANUP(cof_authorities_drop_) cof_authorities *authorities = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    cof_buf_init(&text, FILE_BYTES);
    COF_TRY(cof_authorities_new(state, &authorities, err));
    COF_TRY(cof_state_make_folder(state, "vault", err));
    const cof_status status = cof_state_read(state, authorities_file, &text, err);
    if (status != COF_E_NOT_FOUND) {
        COF_TRY(status);
        COF_TRY(cof_authorities_read(authorities, cof_buf_view(&text), err));
    }
    *out = cof_authorities_take(&authorities);
    return COF_OK;
}

bool cof_authorities_find(const cof_authorities *authorities, const char *issuer,
                          const cof_jwks **out)
{
    bool is_there = false;
    size_t size = issuer != NULL ? strlen(issuer) : 0;
    if (size == 0) {
        return false;
    }
    size -= issuer[size - 1] == '/' ? 1 : 0;
    const size_t place = place_of(authorities, issuer, size, &is_there);
    if (is_there) {
        *out = authorities->entries[place]->jwks;
    }
    return is_there;
}

size_t cof_authorities_count(const cof_authorities *authorities)
{
    return authorities->count;
}

const cof_authority *cof_authorities_at(const cof_authorities *authorities, size_t index)
{
    return &authorities->entries[index]->shown;
}

static size_t place_of_id(const cof_authorities *authorities, const char *id)
{
    size_t i = 0;
    while (i < authorities->count && strcmp(authorities->entries[i]->shown.id, id) != 0) {
        i++;
    }
    return i;
}

const cof_authority *cof_authorities_by_id(const cof_authorities *authorities, const char *id)
{
    const size_t place = place_of_id(authorities, id);
    return place < authorities->count ? &authorities->entries[place]->shown : NULL;
}

static cof_status write_entries(const cof_authorities *authorities, entry *const *entries,
                                size_t count, cof_err *err)
{
    COF_JSON json_t *file = json_pack("{s:s}", "coffer", file_kind);
    COF_CLEANUP(cof_buf_free) cof_buf text = {0};
    json_t *list = json_array();
    cof_buf_init(&text, FILE_BYTES);
    COF_TRY(cof_json_set(file, "authorities", list, err));
    for (size_t i = 0; i < count; i++) {
        const cof_authority *shown = &entries[i]->shown;
        COF_TRY(cof_json_append(list,
                                json_pack("{s:s,s:I,s:O}", "issuer", shown->issuer, "added",
                                          (json_int_t)shown->added_unix_s, "keys", shown->keys),
                                err));
    }
    COF_TRY(cof_json_print(file, &text, err));
    return cof_state_write(authorities->state, authorities_file, cof_buf_view(&text), err);
}

static void adopt(cof_authorities *authorities, entry *const *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        authorities->entries[i] = entries[i];
    }
    authorities->count = count;
}

static bool is_own(const cof_authorities *authorities, const char *issuer)
{
    return strcmp(issuer, cof_state_base(authorities->state)) == 0;
}

cof_status cof_authorities_put(cof_authorities *authorities, const char *issuer, const json_t *keys,
                               cof_err *err)
{
    COF_CLEANUP(entry_drop_) entry *made = NULL;
    entry *next[COF_AUTHORITIES_MAX] = {NULL};
    bool is_there = false;
    COF_TRY(new_entry(issuer, keys, cof_state_now(authorities->state), &made, err));
    if (is_own(authorities, issuer)) {
        return COF_FAIL(err, FORBIDDEN, "%s is this vault's own attestation service", issuer);
    }
    const size_t place = place_of(authorities, issuer, strlen(issuer), &is_there);
    const size_t count = authorities->count + (is_there ? 0 : 1);
    if (count > COF_AUTHORITIES_MAX) {
        return COF_FAIL(err, LIMIT, "more than %d authorities", COF_AUTHORITIES_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        next[i] = i < place    ? authorities->entries[i]
                  : i == place ? made
                               : authorities->entries[is_there ? i : i - 1];
    }
    COF_TRY(write_entries(authorities, next, count, err));
    if (is_there) {
        free_entry(authorities->entries[place]);
    }
    adopt(authorities, next, count);
    made = NULL;
    return COF_OK;
}

cof_status cof_authorities_remove(cof_authorities *authorities, const char *id, cof_err *err)
{
    entry *next[COF_AUTHORITIES_MAX] = {NULL};
    const size_t place = place_of_id(authorities, id);
    if (place >= authorities->count) {
        return COF_FAIL(err, NOT_FOUND, "there is no such authority");
    }
    for (size_t i = 0; i + 1 < authorities->count; i++) {
        next[i] = authorities->entries[i < place ? i : i + 1];
    }
    COF_TRY(write_entries(authorities, next, authorities->count - 1, err));
    free_entry(authorities->entries[place]);
    adopt(authorities, next, authorities->count - 1);
    return COF_OK;
}
