#include "local/identity/sessions.h"

#include <string.h>
#include <strings.h>

#include "host/http/http_message.h"
#include "tcb/base/wipe.h"
#include "tcb/crypto/random.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

enum { ID_BYTES = 16, ID_CHARS = 2 * ID_BYTES, SECRET_BYTES = 32, HEX_SIZE = 2 * COF_DIGEST_SIZE };

static const char sessions_file[] = "identity/sessions.json";
static const int64_t time_max = INT64_C(253402300799);

struct cof_sessions {
    const cof_state *state;
    json_t *list; /* array of checked entries */
};

static cof_status check_entry(const json_t *entry, cof_err *err)
{
    static const char *const members[] = {"id",         "sha256",  "user",   "client_id",
                                          "credential", "created", "expires"};
    uint8_t bytes[COF_DIGEST_SIZE];
    const char *text = NULL;
    int64_t number = 0;
    if (!json_is_object(entry)) {
        return COF_FAIL(err, BAD_FORMAT, "a session is not an object");
    }
    COF_TRY(cof_json_only(entry, members, sizeof members / sizeof members[0], err));
    COF_TRY(cof_json_get_hex(entry, "id", bytes, ID_BYTES, err));
    COF_TRY(cof_json_get_hex(entry, "sha256", bytes, sizeof bytes, err));
    COF_TRY(cof_json_get_hex(entry, "credential", bytes, sizeof bytes, err));
    COF_TRY(cof_json_get_text(entry, "user", COF_HTTP_ID_SIZE - 1, &text, err));
    COF_TRY(cof_json_get_text(entry, "client_id", COF_HTTP_ID_SIZE - 1, &text, err));
    COF_TRY(cof_json_get_int(entry, "created", 0, time_max, &number, err));
    return cof_json_get_int(entry, "expires", 0, time_max, &number, err);
}

static cof_status read_sessions(cof_sessions *sessions, const json_t *value, cof_err *err)
{
    json_t *list = NULL;
    COF_TRY(cof_json_get(value, "sessions", JSON_ARRAY, &list, err));
    if (json_array_size(list) > COF_SESSIONS_MAX) {
        return COF_FAIL(err, BAD_FORMAT, "more than %d sessions", COF_SESSIONS_MAX);
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        COF_TRY(check_entry(json_array_get(list, i), err));
    }
    sessions->list = json_incref(list);
    return COF_OK;
}

cof_status cof_sessions_open(const cof_state *state, cof_sessions **out, cof_err *err)
{
    COF_CLEANUP(cof_sessions_drop_) cof_sessions *sessions = calloc(1, sizeof *sessions);
    COF_JSON json_t *value = NULL;
    if (sessions == NULL) {
        return COF_FAIL(err, NO_MEMORY, "sessions");
    }
    sessions->state = state;
    const cof_status status = cof_state_read_json(state, sessions_file, &value, err);
    if (status == COF_E_NOT_FOUND) {
        sessions->list = json_array();
    } else {
        COF_TRY(status);
        COF_TRY(read_sessions(sessions, value, err));
    }
    if (sessions->list == NULL) {
        return COF_FAIL(err, NO_MEMORY, "sessions");
    }
    *out = cof_sessions_take(&sessions);
    return COF_OK;
}

static const char *text_of(const json_t *entry, const char *member)
{
    return json_string_value(json_object_get(entry, member));
}

static int64_t expiry_of(const json_t *entry)
{
    return json_integer_value(json_object_get(entry, "expires"));
}

/* Makes list the sessions, on disk first. */
static cof_status set_list(cof_sessions *sessions, json_t *list, cof_err *err)
{
    COF_JSON json_t *value = json_pack("{s:O}", "sessions", list);
    if (value == NULL) {
        return COF_FAIL(err, NO_MEMORY, "sessions");
    }
    COF_TRY(cof_state_write_json(sessions->state, sessions_file, value, err));
    json_decref(sessions->list);
    sessions->list = json_incref(list);
    return COF_OK;
}

/* Places of the list among the sessions of user (NULL: of all): how many, and which expires first.
 */
static size_t count_of(const json_t *list, const char *user, size_t *out_first)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        if (user != NULL && strcasecmp(text_of(entry, "user"), user) != 0) {
            continue;
        }
        if (count == 0 || expiry_of(entry) < expiry_of(json_array_get(list, *out_first))) {
            *out_first = i;
        }
        count++;
    }
    return count;
}

/* A copy of the list (of the same entries) without one of them (size_t max: without none) and
 * without those that have expired. */
static cof_status copy_list(const cof_sessions *sessions, size_t without, json_t **out,
                            cof_err *err)
{
    const int64_t now = cof_state_now(sessions->state);
    COF_JSON json_t *list = json_array();
    if (list == NULL) {
        return COF_FAIL(err, NO_MEMORY, "sessions");
    }
    for (size_t i = 0; i < json_array_size(sessions->list); i++) {
        json_t *entry = json_array_get(sessions->list, i);
        if (i != without && expiry_of(entry) > now) {
            COF_TRY(cof_json_append(list, json_incref(entry), err));
        }
    }
    *out = json_incref(list);
    return COF_OK;
}

/* Appends a new token of the session with this id, and gives the digest of its secret. */
static cof_status make_token(const char *id, cof_buf *out_token, char out_sha256[HEX_SIZE + 1],
                             cof_err *err)
{
    uint8_t secret[SECRET_BYTES];
    cof_digest digest;
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_SESSION_TOKEN_BYTES};
    COF_TRY(cof_random((cof_span){secret, sizeof secret}, err));
    cof_status status = cof_base64url_encode(cof_view_of(secret, sizeof secret), &text, err);
    cof_wipe(secret, sizeof secret);
    COF_TRY(status);
    COF_TRY(cof_digest_of(cof_buf_view(&text), &digest, err));
    cof_digest_text(&digest, out_sha256);
    COF_TRY(cof_buf_append_text(out_token, id, err));
    COF_TRY(cof_buf_append_text(out_token, ".", err));
    return cof_buf_append(out_token, cof_buf_view(&text), err);
}

static cof_status make_entry(const cof_sessions *sessions, const char *id, const char *sha256,
                             const cof_session *session, json_t **out, cof_err *err)
{
    const int64_t now = cof_state_now(sessions->state);
    char credential[HEX_SIZE + 1];
    cof_digest_text(&session->credential, credential);
    *out = json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:I}", "id", id, "sha256", sha256, "user",
                     session->user, "client_id", session->client_id, "credential", credential,
                     "created", (json_int_t)now, "expires", (json_int_t)(now + COF_SESSION_LIFE_S));
    return *out != NULL ? COF_OK : COF_FAIL(err, NO_MEMORY, "session");
}

cof_status cof_sessions_start(cof_sessions *sessions, const cof_session *session,
                              cof_buf *out_token, cof_err *err)
{
    uint8_t random[ID_BYTES];
    char id[ID_CHARS + 1];
    char sha256[HEX_SIZE + 1];
    size_t first = 0;
    COF_CLEANUP(cof_buf_free) cof_buf token = {.limit = COF_SESSION_TOKEN_BYTES};
    COF_JSON json_t *list = NULL;
    json_t *entry = NULL;
    COF_TRY(cof_random((cof_span){random, sizeof random}, err));
    cof_hex_text(cof_view_of(random, sizeof random), id);
    COF_TRY(make_token(id, &token, sha256, err));
    COF_TRY(copy_list(sessions, SIZE_MAX, &list, err));
    while (count_of(list, session->user, &first) >= COF_SESSIONS_PER_USER) {
        (void)json_array_remove(list, first);
    }
    while (count_of(list, NULL, &first) >= COF_SESSIONS_MAX) {
        (void)json_array_remove(list, first);
    }
    COF_TRY(make_entry(sessions, id, sha256, session, &entry, err));
    COF_TRY(cof_json_append(list, entry, err));
    COF_TRY(set_list(sessions, list, err));
    return cof_buf_append(out_token, cof_buf_view(&token), err);
}

/* The place of the token's session that has not expired, or the list's size. */
static size_t find(const cof_sessions *sessions, const char *token)
{
    const size_t count = json_array_size(sessions->list);
    const char *dot = strchr(token, '.');
    if (dot == NULL || dot - token != ID_CHARS) {
        return count;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *entry = json_array_get(sessions->list, i);
        if (memcmp(text_of(entry, "id"), token, ID_CHARS) == 0) {
            return expiry_of(entry) > cof_state_now(sessions->state) ? i : count;
        }
    }
    return count;
}

static cof_status fits(const json_t *entry, const char *token, bool *out, cof_err *err)
{
    cof_digest digest;
    char text[HEX_SIZE + 1];
    COF_TRY(cof_digest_of(cof_view_text(token + ID_CHARS + 1), &digest, err));
    cof_digest_text(&digest, text);
    *out = cof_secret_equal(text, text_of(entry, "sha256"), HEX_SIZE);
    return COF_OK;
}

static cof_status remove_at(cof_sessions *sessions, size_t place, cof_err *err)
{
    COF_JSON json_t *list = NULL;
    COF_TRY(copy_list(sessions, place, &list, err));
    return set_list(sessions, list, err);
}

cof_status cof_sessions_find(cof_sessions *sessions, const char *token, cof_session *out,
                             cof_err *err)
{
    bool is_current = false;
    const size_t place = find(sessions, token);
    const json_t *entry = json_array_get(sessions->list, place);
    if (entry == NULL) {
        return COF_FAIL(err, NOT_FOUND, "there is no such session");
    }
    COF_TRY(fits(entry, token, &is_current, err));
    if (!is_current) {
        COF_TRY(remove_at(sessions, place, err));
        return COF_FAIL(err, FORBIDDEN, "the refresh token was used before: the session is over");
    }
    cof_session session = {.user = text_of(entry, "user"),
                           .client_id = text_of(entry, "client_id")};
    COF_TRY(cof_json_get_hex(entry, "credential", session.credential.bytes, COF_DIGEST_SIZE, err));
    *out = session;
    return COF_OK;
}

cof_status cof_sessions_renew(cof_sessions *sessions, const char *token, cof_buf *out_token,
                              cof_err *err)
{
    char sha256[HEX_SIZE + 1];
    COF_CLEANUP(cof_buf_free) cof_buf fresh = {.limit = COF_SESSION_TOKEN_BYTES};
    COF_JSON json_t *list = NULL;
    const size_t place = find(sessions, token);
    COF_JSON json_t *entry = json_deep_copy(json_array_get(sessions->list, place));
    if (entry == NULL) {
        return COF_FAIL(err, NOT_FOUND, "there is no such session");
    }
    COF_TRY(make_token(text_of(entry, "id"), &fresh, sha256, err));
    COF_TRY(cof_json_set(entry, "sha256", json_string(sha256), err));
    const int64_t expires = cof_state_now(sessions->state) + COF_SESSION_LIFE_S;
    COF_TRY(cof_json_set(entry, "expires", json_integer(expires), err));
    COF_TRY(copy_list(sessions, place, &list, err));
    COF_TRY(cof_json_append(list, json_incref(entry), err));
    COF_TRY(set_list(sessions, list, err));
    return cof_buf_append(out_token, cof_buf_view(&fresh), err);
}

cof_status cof_sessions_end(cof_sessions *sessions, const char *token, cof_err *err)
{
    const size_t place = find(sessions, token);
    return place < json_array_size(sessions->list) ? remove_at(sessions, place, err) : COF_OK;
}

void cof_sessions_free(cof_sessions *sessions)
{
    if (sessions != NULL) {
        json_decref(sessions->list);
        free(sessions);
    }
}
