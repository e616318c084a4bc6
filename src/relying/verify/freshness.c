/*
 * Implementation notes
 *
 * Items stand in the order in which they were last noted, the latest at the end: when there is no
 * room, the one that was not used for the longest time goes. Numbers are written as text, since
 * JSON's are exact only below 2^53 and a revocation list's number may be any of 64 bits.
 */
#include "relying/verify/freshness.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relying/verify/timestamp.h"
#include "relying/verify/x509.h"
#include "tcb/wire/json.h"

#define TIME_MAX (INT64_C(1) << 40) /* beyond the year 9999 */

enum { FORMAT_VERSION = 1, NUMBER_TEXT_SIZE = 21 };

static const cof_freshness_item *find(const cof_freshness *seen, const char *key)
{
    for (size_t i = 0; i < seen->count; i++) {
        if (strcmp(seen->items[i].key, key) == 0) {
            return &seen->items[i];
        }
    }
    return NULL;
}

cof_status cof_freshness_check(const cof_freshness *seen, const cof_freshness_item *item,
                               cof_checks *checks, cof_err *err)
{
    const cof_freshness_item *newest = seen == NULL ? NULL : find(seen, item->key);
    char expected[COF_CHECK_TEXT_SIZE] = "anything: none was seen before";
    char issued[COF_TIMESTAMP_SIZE] = "";
    bool is_fresh = true;
    cof_timestamp_text(item->issued_unix_s, issued);
    if (newest != NULL) {
        char at_least[COF_TIMESTAMP_SIZE] = "";
        cof_timestamp_text(newest->issued_unix_s, at_least);
        (void)snprintf(expected, sizeof expected, "at least number %" PRIu64 ", issued %s",
                       newest->number, at_least);
        is_fresh = item->issued_unix_s >= newest->issued_unix_s && item->number >= newest->number;
    }
    if (!cof_check_add(checks, "evidence.not_rolled_back", is_fresh, expected,
                       "%s: number %" PRIu64 ", issued %s", item->key, item->number, issued)) {
        return COF_FAIL(err, COLLATERAL_ROLLED_BACK, "%s: number %" PRIu64 ", issued %s", item->key,
                        item->number, issued);
    }
    return COF_OK;
}

void cof_freshness_note(cof_freshness *seen, const cof_freshness_item *item)
{
    cof_freshness_item noted = *item;
    size_t place = 0;
    while (place < seen->count && strcmp(seen->items[place].key, item->key) != 0) {
        place++;
    }
    if (place < seen->count) {
        const cof_freshness_item *old = &seen->items[place];
        noted.number = noted.number > old->number ? noted.number : old->number;
        if (noted.issued_unix_s < old->issued_unix_s) {
            noted.issued_unix_s = old->issued_unix_s;
        }
    } else if (seen->count < COF_FRESHNESS_MAX) {
        seen->count++;
    } else {
        place = 0;
    }
    memmove(&seen->items[place], &seen->items[place + 1],
            (seen->count - place - 1) * sizeof seen->items[0]);
    seen->items[seen->count - 1] = noted;
}

static cof_status item_to_json(const cof_freshness_item *item, json_t **out, cof_err *err)
{
    char number[NUMBER_TEXT_SIZE];
    (void)snprintf(number, sizeof number, "%" PRIu64, item->number);
    *out = json_pack("{s:I, s:s, s:s}", "issued", (json_int_t)item->issued_unix_s, "key", item->key,
                     "number", number);
    return *out == NULL ? COF_FAIL(err, NO_MEMORY, "freshness") : COF_OK;
}

cof_status cof_freshness_print(const cof_freshness *seen, cof_buf *out, cof_err *err)
{
    COF_JSON json_t *items = json_array();
    COF_JSON json_t *whole = json_object();
    if (items == NULL || whole == NULL) {
        return COF_FAIL(err, NO_MEMORY, "freshness");
    }
    for (size_t i = 0; i < seen->count; i++) {
        json_t *item = NULL;
        COF_TRY(item_to_json(&seen->items[i], &item, err));
        COF_TRY(cof_json_append(items, item, err));
    }
    COF_TRY(cof_json_set(whole, "items", json_incref(items), err));
    COF_TRY(cof_json_set(whole, "version", json_integer(FORMAT_VERSION), err));
    return cof_json_canonical(whole, out, err);
}

/* Keys are ours: letters, digits, ':', '_', '-'. */
static bool is_key(const char *text)
{
    const size_t size = strlen(text);
    return size > 0 && size < COF_FRESHNESS_KEY_SIZE &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_-") ==
               size;
}

/* Decimal, without a sign or leading zeros, up to 2^64 - 1. */
static bool read_number(const char *text, uint64_t *out)
{
    uint64_t number = 0;
    const size_t size = strlen(text);
    if (size == 0 || (size > 1 && text[0] == '0')) {
        return false;
    }
    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number)) {
            return false;
        }
    }
    *out = number;
    return true;
}

static cof_status read_item(const json_t *value, cof_freshness *seen, cof_err *err)
{
    static const char *const members[] = {"issued", "key", "number"};
    const char *key = NULL;
    const char *number = NULL;
    cof_freshness_item item = {0};
    if (!json_is_object(value)) {
        return COF_FAIL(err, BAD_FORMAT, "freshness: an item is not an object");
    }
    COF_TRY(cof_json_only(value, members, sizeof members / sizeof members[0], err));
    COF_TRY(cof_json_get_int(value, "issued", -TIME_MAX, TIME_MAX, &item.issued_unix_s, err));
    COF_TRY(cof_json_get_text(value, "key", COF_FRESHNESS_KEY_SIZE - 1, &key, err));
    COF_TRY(cof_json_get_text(value, "number", NUMBER_TEXT_SIZE - 1, &number, err));
    if (!is_key(key) || !read_number(number, &item.number)) {
        return COF_FAIL(err, BAD_FORMAT, "freshness: a key or a number");
    }
    if (find(seen, key) != NULL) {
        return COF_FAIL(err, BAD_FORMAT, "freshness: %s is there twice", key);
    }
    memcpy(item.key, key, strlen(key) + 1);
    seen->items[seen->count++] = item;
    return COF_OK;
}

static cof_status read_items(const json_t *whole, cof_freshness *seen, cof_err *err)
{
    static const char *const members[] = {"items", "version"};
    json_t *items = NULL;
    int64_t version = 0;
    if (!json_is_object(whole)) {
        return COF_FAIL(err, BAD_FORMAT, "freshness: not an object");
    }
    COF_TRY(cof_json_only(whole, members, sizeof members / sizeof members[0], err));
    COF_TRY(cof_json_get_int(whole, "version", FORMAT_VERSION, FORMAT_VERSION, &version, err));
    COF_TRY(cof_json_get(whole, "items", JSON_ARRAY, &items, err));
    if (json_array_size(items) > COF_FRESHNESS_MAX) {
        return COF_FAIL(err, LIMIT, "freshness: %zu items", json_array_size(items));
    }
    for (size_t i = 0; i < json_array_size(items); i++) {
        COF_TRY(read_item(json_array_get(items, i), seen, err));
    }
    return COF_OK;
}

cof_status cof_freshness_parse(cof_view text, cof_freshness *out, cof_err *err)
{
    enum { TEXT_MAX = COF_FRESHNESS_MAX * (COF_FRESHNESS_KEY_SIZE + 96) };
    COF_JSON json_t *whole = NULL;
    COF_TRY(cof_json_parse(text, TEXT_MAX, &whole, err));
    COF_CLEANUP(cof_free_drop_) cof_freshness *seen = calloc(1, sizeof *seen);
    if (seen == NULL) {
        return COF_FAIL(err, NO_MEMORY, "freshness");
    }
    COF_TRY(read_items(whole, seen, err));
    *out = *seen;
    return COF_OK;
}
