#include "local_fixture.h"

#include <string.h>

#include "local/vault/duration.h"
#include "local/vault/rotation_policy.h"
#include "local/vault/skip_token.h"
#include "local/vault/vault_internal.h"
#include "tcb/wire/json.h"

enum { DAY = 24 * 60 * 60 };

static const cof_root_key root = {{7}};

static void durations_are_strict(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t months;
        int64_t seconds;
    } good[] = {{"P90D", 0, 90 * DAY},   {"P3M", 3, 0},    {"P1Y10D", 12, 10 * DAY},
                {"PT48H", 0, 48 * 3600}, {"PT1M", 0, 60},  {"P1Y2M3DT4H5M6S", 14, 273906},
                {"P0D", 0, 0},           {"PT90S", 0, 90}, {"P1000Y", 12000, 0}};
    static const char *const bad[] = {
        "",      "P",      "90D",    "PD",           "P90",         "P90d",   "p90D",
        "P1D1M", "P1M1Y",  "PT",     "P1DT",         "P-1D",        "P+1D",   "P1.5D",
        "P 1D",  "P1W",    "P1H",    "PT1D",         "P1D1D",       "PT1H1H", "P1Y ",
        " P1Y",  "P1TT1H", "P1001Y", "P1234567890D", "P999999999D", "PT1H2Y", "P1D\n"};
    cof_duration duration;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_ok(cof_duration_parse(good[i].text, &duration, NULL));
        assert_int_equal(duration.months, good[i].months);
        assert_int_equal(duration.seconds, good[i].seconds);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_status(cof_duration_parse(bad[i], &duration, NULL), BAD_FORMAT);
    }
}

/* Times by date -u -d. */
static void months_are_those_of_the_calendar(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t from;
        int64_t after;
        int64_t before;
    } rows[] = {
        {"P1M", 1706659200 /* 2024-01-31 */, 1709164800 /* 02-29 */, 1703980800 /* 2023-12-31 */},
        {"P1M", 1675123200 /* 2023-01-31 */, 1677542400 /* 02-28 */, 1672444800 /* 2022-12-31 */},
        {"P1Y", 1709208000 /* 2024-02-29 12:00 */, 1740744000 /* 2025-02-28 12:00 */,
         1677585600 /* 2023-02-28 12:00 */},
        {"P1Y1D", 1704067200 /* 2024-01-01 */, 1735776000 /* 2025-01-02 */,
         1672444800 /* 2022-12-31 */},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cof_duration duration;
        assert_ok(cof_duration_parse(rows[i].text, &duration, NULL));
        assert_int_equal(cof_duration_after(&duration, rows[i].from), rows[i].after);
        assert_int_equal(cof_duration_before(&duration, rows[i].from), rows[i].before);
    }
}

static cof_status read_policy(const char *text, json_t **out)
{
    COF_JSON json_t *request = json_loads(text, 0, NULL);
    assert_non_null(request);
    return cof_rotation_policy_read(request, NULL, 1000000, out, NULL);
}

#define ACTION(type, when, time)                                                                   \
    "{\"trigger\":{\"" when "\":\"" time "\"},\"action\":{\"type\":\"" type "\"}}"
#define POLICY(actions, attributes)                                                                \
    "{\"lifetimeActions\":[" actions "],\"attributes\":{" attributes "}}"
#define EXPIRY(time) "\"expiryTime\":\"" time "\""

static void policies_have_azures_limits(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{}",
        POLICY("", ""),
        POLICY("", EXPIRY("P28D")),
        POLICY(ACTION("rotate", "timeAfterCreate", "P7D"), ""),
        POLICY(ACTION("Rotate", "timeBeforeExpiry", "P30D"), EXPIRY("P1Y")),
        POLICY(ACTION("ROTATE", "timeAfterCreate", "P21D"), EXPIRY("P28D")),
        POLICY(ACTION("Notify", "timeBeforeExpiry", "P30D"), ""),
        POLICY(ACTION("Rotate", "timeAfterCreate", "P18M") "," ACTION("Notify", "timeBeforeExpiry",
                                                                      "P30D"),
               EXPIRY("P2Y")),
        "{\"lifetimeActions\":[{\"trigger\":{\"timeAfterCreate\":\"P7D\",\"timeBeforeExpiry\":null}"
        ","
        "\"action\":{\"type\":\"Rotate\"}}],\"attributes\":{\"expiryTime\":null},\"id\":\"x\"}",
    };
    static const char *const bad[] = {
        POLICY("", EXPIRY("P27D")),
        POLICY("", EXPIRY("28D")),
        POLICY("", "\"expiryTime\":28"),
        POLICY(ACTION("Rotate", "timeAfterCreate", "P6D"), ""),
        POLICY(ACTION("Rotate", "timeAfterCreate", "P22D"), EXPIRY("P28D")),
        POLICY(ACTION("Rotate", "timeBeforeExpiry", "P30D"), ""),
        POLICY(ACTION("Rotate", "timeBeforeExpiry", "P360D"), EXPIRY("P1Y")),
        POLICY(ACTION("Notify", "timeAfterCreate", "P30D"), EXPIRY("P1Y")),
        POLICY(ACTION("Burn", "timeAfterCreate", "P30D"), ""),
        POLICY(ACTION("Rotate", "timeAfterCreate", "P30D") "," ACTION("Rotate", "timeAfterCreate",
                                                                      "P60D"),
               ""),
        "{\"lifetimeActions\":{}}",
        "{\"lifetimeActions\":[5]}",
        "{\"lifetimeActions\":[{\"action\":{\"type\":\"Rotate\"}}]}",
        "{\"lifetimeActions\":[{\"trigger\":{\"timeAfterCreate\":\"P7D\",\"timeBeforeExpiry\":"
        "\"P7D\"},\"action\":{\"type\":\"Rotate\"}}]}",
        "{\"attributes\":[]}",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        COF_JSON json_t *policy = NULL;
        assert_ok(read_policy(good[i], &policy));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        json_t *none = NULL;
        assert_status(read_policy(bad[i], &none), BAD_ARGUMENT);
        assert_null(none);
    }
}

/* A vault of a state alone: no server, no identity. */
typedef struct rotating {
    local_fixture *f;
    cof_keyvault vault;
} rotating;

static void start(rotating *r, local_fixture *f)
{
    cof_trail *trail = NULL;
    r->f = f;
    r->vault = (cof_keyvault){.parts = {.state = f->state}};
    assert_ok(cof_trail_open(f->state, &trail, NULL));
    r->vault.parts.trail = trail;
    assert_ok(cof_key_store_open(f->state, &root, &r->vault.store, NULL));
}

static void stop(rotating *r)
{
    cof_key_store_free(r->vault.store);
    cof_trail_free(r->vault.parts.trail);
}

static void restart(rotating *r)
{
    local_fixture *f = r->f;
    stop(r);
    start(r, f);
}

static void add_key(rotating *r, const char *name, const char *request, const char *policy)
{
    COF_JSON json_t *body = json_loads(request, 0, NULL);
    COF_JSON json_t *rotation = json_loads(policy, 0, NULL);
    COF_CLEANUP(cof_key_material_drop_) cof_key_material *material = NULL;
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_JSON json_t *read = NULL;
    cof_key_wish wish = {0};
    const cof_keyvault_call call = {.vault = &r->vault};
    assert_ok(cof_key_meta_create(body, fixture_now, &wish, NULL));
    COF_JSON json_t *meta = wish.meta;
    assert_ok(cof_key_material_generate(&wish.kind, &material, NULL));
    assert_ok(cof_keyvault_put(&call, "create", name, meta, material, &key, NULL));
    assert_ok(cof_rotation_policy_read(rotation, NULL, fixture_now, &read, NULL));
    COF_JSON json_t *record =
        json_pack("{s:s,s:O,s:s}", "coffer", "key-rotation/v1", "policy", read, "notified", "");
    assert_ok(cof_key_store_set_rotation(r->vault.store, name, record, NULL));
}

static size_t versions(const rotating *r, const char *name)
{
    cof_key_name known = {0};
    assert_true(cof_key_store_look(r->vault.store, name, &known));
    return known.version_count;
}

static size_t count_records(const rotating *r, const char *action)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 1024 * 1024};
    char wanted[64];
    const char *line = NULL;
    size_t count = 0;
    (void)snprintf(wanted, sizeof wanted, "\"action\":\"%s\"", action);
    assert_ok(cof_state_read(r->f->state, "audit.jsonl", &text, NULL));
    assert_ok(cof_buf_text(&text, &line, NULL));
    while ((line = strstr(line, wanted)) != NULL) {
        line++;
        count++;
    }
    return count;
}

static void years_of_rotation_pass(void **state)
{
    rotating r;
    start(&r, *state);
    const int64_t begin = fixture_now;
    add_key(&r, "k",
            "{\"kty\":\"EC\",\"tags\":{\"a\":\"b\",\"coffer.runs."
            "00000000000000000000000000000000\":\"3\"}}",
            POLICY(ACTION("Rotate", "timeAfterCreate", "P90D"), EXPIRY("P1Y")));
    for (int day = 1; day <= 2 * 365; day++) {
        fixture_now = begin + (int64_t)day * DAY;
        assert_ok(cof_keyvault_rotate_due(&r.vault, NULL));
        assert_int_equal(versions(&r, "k"), 1 + day / 90);
        if (day % 100 == 0) {
            restart(&r);
        }
    }
    COF_CLEANUP(cof_stored_key_free) cof_stored_key key = {0};
    COF_CLEANUP(cof_stored_key_free) cof_stored_key first = {0};
    assert_ok(cof_key_store_get(r.vault.store, "k", "", &key, NULL));
    assert_ok(cof_key_store_at(r.vault.store, "k", 0, &first, NULL));
    const json_t *attributes = json_object_get(key.meta, "attributes");
    assert_int_equal(json_integer_value(json_object_get(attributes, "created")),
                     begin + (int64_t)720 * DAY);
    assert_int_equal(json_integer_value(json_object_get(attributes, "exp")),
                     begin + (int64_t)(720 + 366) * DAY); /* of the year 1972 */
    assert_int_equal(json_object_size(json_object_get(key.meta, "tags")), 1);
    assert_int_equal(json_object_size(json_object_get(first.meta, "tags")), 2);
    assert_false(json_equal(json_object_get(key.meta, "x"), json_object_get(first.meta, "x")));
    assert_int_equal(count_records(&r, "rotate"), 8);
    stop(&r);
}

static void a_long_sleep_is_one_rotation(void **state)
{
    rotating r;
    start(&r, *state);
    add_key(&r, "k", "{\"kty\":\"EC\"}", POLICY(ACTION("Rotate", "timeAfterCreate", "P90D"), ""));
    fixture_now += (int64_t)1000 * DAY;
    restart(&r);
    assert_ok(cof_keyvault_rotate_due(&r.vault, NULL));
    assert_ok(cof_keyvault_rotate_due(&r.vault, NULL));
    assert_int_equal(versions(&r, "k"), 2);
    stop(&r);
}

static void a_key_is_rotated_before_it_expires(void **state)
{
    rotating r;
    start(&r, *state);
    const int64_t begin = fixture_now;
    char request[128];
    (void)snprintf(request, sizeof request, "{\"kty\":\"oct\",\"attributes\":{\"exp\":%lld}}",
                   (long long)(begin + (int64_t)100 * DAY));
    add_key(&r, "k", request, POLICY(ACTION("Rotate", "timeBeforeExpiry", "P30D"), EXPIRY("P60D")));
    fixture_now = begin + (int64_t)70 * DAY - 1;
    assert_ok(cof_keyvault_rotate_due(&r.vault, NULL));
    assert_int_equal(versions(&r, "k"), 1);
    fixture_now = begin + (int64_t)70 * DAY;
    assert_ok(cof_keyvault_rotate_due(&r.vault, NULL));
    assert_int_equal(versions(&r, "k"), 2);
    fixture_now = begin + (int64_t)100 * DAY;
    assert_ok(cof_keyvault_rotate_due(&r.vault, NULL));
    assert_int_equal(versions(&r, "k"), 3);
    stop(&r);
}

static void a_disabled_or_deleted_key_is_not_rotated(void **state)
{
    rotating r;
    start(&r, *state);
    add_key(&r, "off", "{\"kty\":\"EC\",\"attributes\":{\"enabled\":false}}",
            POLICY(ACTION("Rotate", "timeAfterCreate", "P7D"), ""));
    add_key(&r, "gone", "{\"kty\":\"EC\"}", POLICY(ACTION("Rotate", "timeAfterCreate", "P7D"), ""));
    assert_ok(
        cof_key_store_delete(r.vault.store, "gone", fixture_now, fixture_now + 90 * DAY, NULL));
    fixture_now += (int64_t)8 * DAY;
    assert_ok(cof_keyvault_rotate_due(&r.vault, NULL));
    assert_int_equal(versions(&r, "off"), 1);
    assert_int_equal(versions(&r, "gone"), 1);
    stop(&r);
}

static void a_notice_is_given_once_for_each_version(void **state)
{
    rotating r;
    start(&r, *state);
    char request[128];
    (void)snprintf(request, sizeof request, "{\"kty\":\"EC\",\"attributes\":{\"exp\":%lld}}",
                   (long long)(fixture_now + (int64_t)40 * DAY));
    add_key(&r, "k", request, POLICY(ACTION("Notify", "timeBeforeExpiry", "P30D"), ""));
    assert_ok(cof_keyvault_rotate_due(&r.vault, NULL));
    assert_int_equal(count_records(&r, "notify"), 0);
    fixture_now += (int64_t)11 * DAY;
    assert_ok(cof_keyvault_rotate_due(&r.vault, NULL));
    restart(&r);
    assert_ok(cof_keyvault_rotate_due(&r.vault, NULL));
    assert_int_equal(count_records(&r, "notify"), 1);
    stop(&r);
}

static void deleted_keys_are_purged_when_their_time_is_over(void **state)
{
    rotating r;
    cof_key_name name = {0};
    start(&r, *state);
    add_key(&r, "one", "{\"kty\":\"EC\"}", "{}");
    add_key(&r, "two", "{\"kty\":\"EC\"}", "{}");
    assert_ok(cof_key_store_delete(r.vault.store, "one", fixture_now, fixture_now + 100, NULL));
    assert_ok(cof_key_store_delete(r.vault.store, "two", fixture_now, fixture_now + 200, NULL));
    fixture_now += 99;
    assert_ok(cof_keyvault_purge_due(&r.vault, NULL));
    assert_true(cof_key_store_look(r.vault.store, "one", &name));
    fixture_now += 1;
    restart(&r);
    assert_ok(cof_keyvault_purge_due(&r.vault, NULL));
    assert_false(cof_key_store_look(r.vault.store, "one", &name));
    assert_true(cof_key_store_look(r.vault.store, "two", &name));
    assert_int_equal(count_records(&r, "purge"), 1);
    stop(&r);
}

static void a_skip_token_is_of_its_list_alone(void **state)
{
    (void)state;
    static const cof_root_key other = {{8}};
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = 512};
    const char *token = NULL;
    char place[COF_SKIP_PLACE_SIZE] = "";
    assert_ok(cof_skip_token_make(&root, "keys", "A-Key", &text, NULL));
    assert_ok(cof_buf_text(&text, &token, NULL));
    assert_ok(cof_skip_token_read(&root, "keys", token, place, NULL));
    assert_string_equal(place, "A-Key");
    assert_status(cof_skip_token_read(&root, "deletedkeys", token, place, NULL), BAD_FORMAT);
    assert_status(cof_skip_token_read(&other, "keys", token, place, NULL), BAD_FORMAT);
    assert_status(cof_skip_token_read(&root, "keys", "", place, NULL), BAD_FORMAT);
    assert_status(cof_skip_token_read(&root, "keys", "AAAA", place, NULL), BAD_FORMAT);
    for (size_t at = 0; at < text.size; at++) {
        const uint8_t kept = text.data[at];
        text.data[at] = kept == 'A' ? 'B' : 'A';
        assert_status(cof_skip_token_read(&root, "keys", token, place, NULL), BAD_FORMAT);
        text.data[at] = kept;
    }
    char longest[COF_SKIP_PLACE_SIZE];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    cof_buf_clear(&text);
    assert_ok(cof_skip_token_make(&root, "keys", longest, &text, NULL));
    assert_ok(cof_buf_text(&text, &token, NULL));
    assert_ok(cof_skip_token_read(&root, "keys", token, place, NULL));
    assert_string_equal(place, longest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_strict),
        cmocka_unit_test(months_are_those_of_the_calendar),
        cmocka_unit_test(policies_have_azures_limits),
        local_test(years_of_rotation_pass),
        local_test(a_long_sleep_is_one_rotation),
        local_test(a_key_is_rotated_before_it_expires),
        local_test(a_disabled_or_deleted_key_is_not_rotated),
        local_test(a_notice_is_given_once_for_each_version),
        local_test(deleted_keys_are_purged_when_their_time_is_over),
        cmocka_unit_test(a_skip_token_is_of_its_list_alone),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
