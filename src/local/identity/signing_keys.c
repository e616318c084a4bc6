#include "local/identity/signing_keys.h"

#include <string.h>
#include <unistd.h>

#include "local/ca/ca.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum {
    KEYS_MAX = 8,
    KID_SIZE = 64,
    NUMBER_MAX = 1000000,
    CERTIFICATE_DAYS = 400,
    CERTIFICATE_DAYS_LEFT = 100,
    BACKDATE_S = 300
};

static const char certificate_name[] = "Coffer local identity";
static const char list_file[] = "identity/keys.json";

typedef struct signing_key {
    int64_t number;
    int64_t signs_from; /* Unix seconds */
    cof_rsa_key *key;
    char kid[KID_SIZE]; /* also its x5t */
    json_t *jwk;
} signing_key;

struct cof_signing_keys {
    const cof_state *state;
    char *issuer;
    size_t count;
    signing_key keys[KEYS_MAX]; /* in the order of signs_from */
    json_t *published;
    cof_jwks *jwks;
    int64_t retry_at;
};

static cof_status file_name(int64_t number, const char *extension, cof_path *out, cof_err *err)
{
    return number == 1 ? cof_path_format(out, err, "identity/signing.%s", extension)
                       : cof_path_format(out, err, "identity/signing-%lld.%s", (long long)number,
                                         extension);
}

static cof_status open_certificate(const cof_state *state, int64_t number, const cof_rsa_key *rsa,
                                   X509 **out, cof_err *err)
{
    EVP_PKEY *key = cof_rsa_evp(rsa);
    const int64_t now = cof_state_now(state);
    cof_path file;
    COF_CLEANUP(cof_buf_free) cof_buf pem = {.limit = 16 * 1024};
    COF_CLEANUP(X509_drop_) X509 *certificate = NULL;
    COF_TRY(file_name(number, "pem", &file, err));
    if (cof_state_read(state, file.text, &pem, NULL) == COF_OK &&
        cof_cert_from_pem(cof_buf_view(&pem), &certificate, NULL) == COF_OK &&
        cof_cert_fits(certificate, key, certificate_name, now, CERTIFICATE_DAYS_LEFT)) {
        *out = X509_take(&certificate);
        return COF_OK;
    }
    X509_drop_(&certificate);
    cof_buf_clear(&pem);
    const cof_cert_request request = {.common_name = certificate_name,
                                      .key = key,
                                      .not_before = now - BACKDATE_S,
                                      .days = CERTIFICATE_DAYS};
    COF_TRY(cof_cert_make(&request, &certificate, err));
    COF_TRY(cof_cert_to_pem(certificate, &pem, err));
    COF_TRY(cof_state_write(state, file.text, cof_buf_view(&pem), err));
    *out = X509_take(&certificate);
    return COF_OK;
}

static cof_status describe(signing_key *key, X509 *certificate, const char *issuer, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf digest = {.limit = 64};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = sizeof key->kid - 1};
    json_t *x5c = NULL;
    COF_TRY(cof_cert_thumbprint(certificate, EVP_sha1(), &digest, err));
    COF_TRY(cof_base64url_encode(cof_buf_view(&digest), &text, err));
    memcpy(key->kid, text.data, text.size);
    key->kid[text.size] = '\0';
    COF_TRY(cof_rsa_to_jwk(key->key, &key->jwk, err));
    COF_TRY(cof_cert_to_x5c(certificate, &x5c, err));
    COF_TRY(cof_json_set(key->jwk, "x5c", json_pack("[o]", x5c), err));
    COF_TRY(cof_json_set(key->jwk, "use", json_string("sig"), err));
    COF_TRY(cof_json_set(key->jwk, "kid", json_string(key->kid), err));
    COF_TRY(cof_json_set(key->jwk, "x5t", json_string(key->kid), err));
    return cof_json_set(key->jwk, "issuer", json_string(issuer), err);
}

static void drop_key(signing_key *key)
{
    cof_rsa_key_free(key->key);
    json_decref(key->jwk);
    *key = (signing_key){0};
}

/* Reads the key of this number, or makes it. */
static cof_status open_key(const cof_signing_keys *keys, int64_t number, int64_t signs_from,
                           signing_key *out, cof_err *err)
{
    COF_CLEANUP(drop_key) signing_key key = {.number = number, .signs_from = signs_from};
    COF_CLEANUP(X509_drop_) X509 *certificate = NULL;
    cof_path file;
    COF_TRY(file_name(number, "key", &file, err));
    COF_TRY(cof_ca_signing_key(keys->state, file.text, &key.key, err));
    COF_TRY(open_certificate(keys->state, number, key.key, &certificate, err));
    COF_TRY(describe(&key, certificate, keys->issuer, err));
    *out = key;
    key = (signing_key){0};
    return COF_OK;
}

/* The set that these keys make, as it is published. */
static cof_status make_set(const signing_key *list, size_t count, json_t **out_published,
                           cof_jwks **out_jwks, cof_err *err)
{
    COF_JSON json_t *array = json_array();
    COF_CLEANUP(cof_jwks_drop_) cof_jwks *jwks = NULL;
    for (size_t i = 0; i < count; i++) {
        COF_TRY(cof_json_append(array, json_incref(list[i].jwk), err));
    }
    COF_JSON json_t *published = json_pack("{s:O}", "keys", array);
    if (published == NULL) {
        return COF_FAIL(err, NO_MEMORY, "identity keys");
    }
    COF_TRY(cof_jwks_from_json(published, &jwks, err));
    *out_published = json_incref(published);
    *out_jwks = cof_jwks_take(&jwks);
    return COF_OK;
}

static cof_status write_list(const cof_signing_keys *keys, const signing_key *list, size_t count,
                             cof_err *err)
{
    COF_JSON json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        COF_TRY(cof_json_append(array,
                                json_pack("{s:I,s:I}", "number", (json_int_t)list[i].number,
                                          "signs_from", (json_int_t)list[i].signs_from),
                                err));
    }
    COF_JSON json_t *value = json_pack("{s:O}", "keys", array);
    if (value == NULL) {
        return COF_FAIL(err, NO_MEMORY, "list of keys");
    }
    return cof_state_write_json(keys->state, list_file, value, err);
}

/* Makes list the keys: on disk, published, in memory; or nothing of it. The keys themselves stay
 * with the caller. */
static cof_status set_list(cof_signing_keys *keys, const signing_key *list, size_t count,
                           cof_err *err)
{
    COF_JSON json_t *published = NULL;
    COF_CLEANUP(cof_jwks_drop_) cof_jwks *jwks = NULL;
    COF_TRY(make_set(list, count, &published, &jwks, err));
    COF_TRY(write_list(keys, list, count, err));
    json_decref(keys->published);
    cof_jwks_free(keys->jwks);
    keys->published = json_incref(published);
    keys->jwks = cof_jwks_take(&jwks);
    memmove(keys->keys, list, count * sizeof *list);
    keys->count = count;
    return COF_OK;
}

static cof_status add_key(cof_signing_keys *keys, int64_t number, int64_t signs_from, cof_err *err)
{
    signing_key list[KEYS_MAX];
    if (keys->count == KEYS_MAX) {
        return COF_FAIL(err, LIMIT, "more than %d keys", KEYS_MAX);
    }
    memcpy(list, keys->keys, keys->count * sizeof *list);
    COF_TRY(open_key(keys, number, signs_from, &list[keys->count], err));
    const cof_status status = set_list(keys, list, keys->count + 1, err);
    if (status != COF_OK) {
        drop_key(&list[keys->count]);
    }
    return status;
}

static cof_status read_entry(cof_signing_keys *keys, const json_t *entry, cof_err *err)
{
    int64_t number = 0;
    int64_t signs_from = 0;
    const signing_key *last = keys->count > 0 ? &keys->keys[keys->count - 1] : NULL;
    if (!json_is_object(entry) || keys->count == KEYS_MAX) {
        return COF_FAIL(err, BAD_FORMAT, "%s is not a list of at most %d keys", list_file,
                        KEYS_MAX);
    }
    COF_TRY(cof_json_get_int(entry, "number", 1, NUMBER_MAX, &number, err));
    COF_TRY(cof_json_get_int(entry, "signs_from", 0, INT64_C(253402300799), &signs_from, err));
    if (last != NULL && (number <= last->number || signs_from <= last->signs_from)) {
        return COF_FAIL(err, BAD_FORMAT, "the keys of %s are out of order", list_file);
    }
    COF_TRY(open_key(keys, number, signs_from, &keys->keys[keys->count], err));
    keys->count++;
    return COF_OK;
}

static cof_status read_list(cof_signing_keys *keys, const json_t *value, cof_err *err)
{
    json_t *list = NULL;
    COF_TRY(cof_json_get(value, "keys", JSON_ARRAY, &list, err));
    if (json_array_size(list) == 0) {
        return COF_FAIL(err, BAD_FORMAT, "%s lists no key", list_file);
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        COF_TRY(read_entry(keys, json_array_get(list, i), err));
    }
    return make_set(keys->keys, keys->count, &keys->published, &keys->jwks, err);
}

cof_status cof_signing_keys_open(const cof_state *state, const char *issuer, cof_signing_keys **out,
                                 cof_err *err)
{
    COF_CLEANUP(cof_signing_keys_drop_) cof_signing_keys *keys = calloc(1, sizeof *keys);
    COF_JSON json_t *value = NULL;
    if (keys == NULL || (keys->issuer = strdup(issuer)) == NULL) {
        return COF_FAIL(err, NO_MEMORY, "identity keys");
    }
    keys->state = state;
    const cof_status status = cof_state_read_json(state, list_file, &value, err);
    if (status == COF_E_NOT_FOUND) {
        /* Also a folder from before there was rollover: its key is number 1. */
        COF_TRY(add_key(keys, 1, cof_state_now(state), err));
    } else {
        COF_TRY(status);
        COF_TRY(read_list(keys, value, err));
    }
    *out = cof_signing_keys_take(&keys);
    return COF_OK;
}

/* The last key whose time has come; the first one where the clock was set back before all. */
static size_t current_index(const cof_signing_keys *keys)
{
    const int64_t now = cof_state_now(keys->state);
    size_t index = 0;
    for (size_t i = 1; i < keys->count; i++) {
        index = keys->keys[i].signs_from <= now ? i : index;
    }
    return index;
}

static void remove_file(const cof_signing_keys *keys, int64_t number, const char *extension)
{
    cof_path name;
    cof_path path;
    if (file_name(number, extension, &name, NULL) == COF_OK &&
        cof_state_path(keys->state, name.text, &path, NULL) == COF_OK) {
        (void)unlink(path.text);
    }
}

/* How many keys at the front are over: a later one has signed for so long that no token of theirs
 * can be valid. */
static size_t count_over(const cof_signing_keys *keys, int64_t now)
{
    size_t over = 0;
    while (over + 1 < keys->count && now >= keys->keys[over + 1].signs_from + COF_SIGNING_AFTER_S) {
        over++;
    }
    return over;
}

static cof_status remove_keys(cof_signing_keys *keys, size_t count, cof_err *err)
{
    signing_key old[KEYS_MAX];
    memcpy(old, keys->keys, count * sizeof *old);
    COF_TRY(set_list(keys, keys->keys + count, keys->count - count, err));
    for (size_t i = 0; i < count; i++) {
        remove_file(keys, old[i].number, "key");
        remove_file(keys, old[i].number, "pem");
        drop_key(&old[i]);
    }
    return COF_OK;
}

static cof_status do_what_is_due(cof_signing_keys *keys, int64_t now, bool *out_changed,
                                 cof_err *err)
{
    const signing_key *last = &keys->keys[keys->count - 1];
    const size_t over = count_over(keys, now);
    bool changed = false;
    if (over > 0) {
        COF_TRY(remove_keys(keys, over, err));
        changed = true;
        last = &keys->keys[keys->count - 1];
    }
    if (now >= last->signs_from + COF_SIGNING_LIFE_S - COF_SIGNING_AHEAD_S) {
        /* After a long time without a server too: nothing signs before it was published a day. */
        const int64_t planned = last->signs_from + COF_SIGNING_LIFE_S;
        const int64_t earliest = now + COF_SIGNING_AHEAD_S;
        COF_TRY(add_key(keys, last->number + 1, planned > earliest ? planned : earliest, err));
        changed = true;
    }
    *out_changed = changed;
    return COF_OK;
}

cof_status cof_signing_keys_turn(cof_signing_keys *keys, bool *out_changed, cof_err *err)
{
    const int64_t now = cof_state_now(keys->state);
    *out_changed = false;
    if (now < keys->retry_at && keys->retry_at <= now + COF_SIGNING_RETRY_S) {
        return COF_OK;
    }
    const cof_status status = do_what_is_due(keys, now, out_changed, err);
    keys->retry_at = status == COF_OK ? 0 : now + COF_SIGNING_RETRY_S;
    return status;
}

const cof_rsa_key *cof_signing_keys_current(const cof_signing_keys *keys, const char **out_kid)
{
    const signing_key *key = &keys->keys[current_index(keys)];
    *out_kid = key->kid;
    return key->key;
}

const json_t *cof_signing_keys_published(const cof_signing_keys *keys)
{
    return keys->published;
}

const cof_jwks *cof_signing_keys_jwks(const cof_signing_keys *keys)
{
    return keys->jwks;
}

void cof_signing_keys_free(cof_signing_keys *keys)
{
    if (keys == NULL) {
        return;
    }
    for (size_t i = 0; i < keys->count; i++) {
        drop_key(&keys->keys[i]);
    }
    json_decref(keys->published);
    cof_jwks_free(keys->jwks);
    free(keys->issuer);
    free(keys);
}
