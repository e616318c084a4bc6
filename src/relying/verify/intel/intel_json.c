#include "relying/verify/intel/intel_json.h"

#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* jansson reads "-0" and "1e0" as numbers like others. The signature covers the text, so that it
 * cannot be an attack; but a document that needs them is not one of Intel's. */
static cof_status check_plain(cof_view body, cof_err *err)
{
    static const char plain[] = "{}[],:0123456789 \t\r\n";
    bool is_text = false;
    for (size_t i = 0; i < body.size; i++) {
        const uint8_t c = body.data[i];
        if (c == '"') {
            is_text = !is_text;
        } else if (is_text) {
            i += c == '\\' ? 1 : 0;
        } else if (memchr(plain, c, sizeof plain - 1) == NULL) {
            return COF_FAIL(err, BAD_FORMAT,
                            "byte %zu: neither object, array, text nor whole number", i);
        }
    }
    return COF_OK;
}

cof_status cof_intel_json_parse(cof_view body, json_t **out_object, cof_err *err)
{
    COF_JSON json_t *object = NULL;
    COF_TRY(cof_json_parse(body, COF_COLLATERAL_ITEM_MAX, &object, err));
    if (!json_is_object(object)) {
        return COF_FAIL(err, BAD_FORMAT, "not an object");
    }
    COF_TRY(check_plain(body, err));
    *out_object = object;
    object = NULL;
    return COF_OK;
}

cof_status cof_intel_json_time(const json_t *object, const char *key, int64_t *out_unix_s,
                               cof_err *err)
{
    const char *text = NULL;
    COF_TRY(cof_json_get_text(object, key, 64, &text, err));
    const cof_status status = cof_time_parse(cof_view_text(text), out_unix_s, err);
    if (status != COF_OK) {
        cof_err_context(err, "\"%s\"", key);
    }
    return status;
}

cof_status cof_intel_json_validity(const json_t *object, int64_t *out_issued_unix_s,
                                   int64_t *out_next_update_unix_s, cof_err *err)
{
    COF_TRY(cof_intel_json_time(object, "issueDate", out_issued_unix_s, err));
    COF_TRY(cof_intel_json_time(object, "nextUpdate", out_next_update_unix_s, err));
    return *out_issued_unix_s <= *out_next_update_unix_s
               ? COF_OK
               : COF_FAIL(err, BAD_FORMAT, "\"nextUpdate\" is before \"issueDate\"");
}

cof_status cof_intel_json_u32(const json_t *object, const char *key, uint32_t *out, cof_err *err)
{
    int64_t number = 0;
    COF_TRY(cof_json_get_int(object, key, 0, UINT32_MAX, &number, err));
    *out = (uint32_t)number;
    return COF_OK;
}

cof_status cof_intel_json_u16(const json_t *object, const char *key, uint16_t *out, cof_err *err)
{
    int64_t number = 0;
    COF_TRY(cof_json_get_int(object, key, 0, UINT16_MAX, &number, err));
    *out = (uint16_t)number;
    return COF_OK;
}

cof_status cof_intel_json_u8(const json_t *object, const char *key, uint8_t *out, cof_err *err)
{
    int64_t number = 0;
    COF_TRY(cof_json_get_int(object, key, 0, UINT8_MAX, &number, err));
    *out = (uint8_t)number;
    return COF_OK;
}

static cof_status read_status(const json_t *level, cof_tcb_status *out, cof_err *err)
{
    const char *text = NULL;
    COF_TRY(cof_json_get_text(level, "tcbStatus", 64, &text, err));
    if (!cof_tcb_status_from_name(cof_view_text(text), out) ||
        *out == COF_TCB_TD_RELAUNCH_ADVISED ||
        *out == COF_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED) {
        return COF_FAIL(err, BAD_FORMAT, "\"tcbStatus\" is \"%.40s\"", text);
    }
    return COF_OK;
}

cof_status cof_intel_json_rating(const json_t *level, int64_t *out_date_unix_s,
                                 cof_tcb_status *out_status, cof_advisories *out_advisories,
                                 cof_err *err)
{
    COF_TRY(cof_intel_json_time(level, "tcbDate", out_date_unix_s, err));
    COF_TRY(read_status(level, out_status, err));
    if (json_object_get(level, "advisoryIDs") == NULL) {
        return COF_OK;
    }
    json_t *ids = NULL;
    COF_TRY(cof_json_get(level, "advisoryIDs", JSON_ARRAY, &ids, err));
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const json_t *id = json_array_get(ids, i);
        if (!json_is_string(id)) {
            return COF_FAIL(err, BAD_FORMAT, "\"advisoryIDs\": element %zu is not a text", i);
        }
        COF_TRY(cof_advisories_add(
            out_advisories, cof_view_of(json_string_value(id), json_string_length(id)), err));
    }
    return COF_OK;
}

cof_status cof_intel_json_levels(const json_t *object, size_t limit, json_t **out_array,
                                 cof_err *err)
{
    json_t *array = NULL;
    COF_TRY(cof_json_get(object, "tcbLevels", JSON_ARRAY, &array, err));
    const size_t count = json_array_size(array);
    if (count == 0) {
        return COF_FAIL(err, BAD_FORMAT, "\"tcbLevels\" is empty");
    }
    if (count > limit) {
        return COF_FAIL(err, LIMIT, "%zu TCB levels, at most %zu", count, limit);
    }
    *out_array = array;
    return COF_OK;
}

static cof_status read_svn_level(const json_t *level, cof_svn_level *out, cof_err *err)
{
    static const char *const members[] = {"tcb", "tcbDate", "tcbStatus", "advisoryIDs"};
    static const char *const tcb_members[] = {"isvsvn"};
    json_t *tcb = NULL;
    COF_TRY(cof_json_only(level, members, COUNT_OF(members), err));
    COF_TRY(cof_json_get(level, "tcb", JSON_OBJECT, &tcb, err));
    COF_TRY(cof_json_only(tcb, tcb_members, COUNT_OF(tcb_members), err));
    COF_TRY(cof_intel_json_u16(tcb, "isvsvn", &out->isv_svn, err));
    COF_TRY(cof_intel_json_rating(level, &out->date_unix_s, &out->status, &out->advisories, err));
    /* What needs configuration or hardening is a platform, never an enclave of Intel's. */
    if (out->status != COF_TCB_UP_TO_DATE && out->status != COF_TCB_OUT_OF_DATE &&
        out->status != COF_TCB_REVOKED) {
        return COF_FAIL(err, BAD_FORMAT, "\"tcbStatus\" of an enclave is \"%s\"",
                        cof_tcb_status_name(out->status));
    }
    return COF_OK;
}

cof_status cof_intel_json_svn_levels(const json_t *object, size_t limit, cof_svn_level *out,
                                     size_t *out_count, cof_err *err)
{
    json_t *array = NULL;
    COF_TRY(cof_intel_json_levels(object, limit, &array, err));
    const size_t count = json_array_size(array);
    for (size_t i = 0; i < count; i++) {
        out[i] = (cof_svn_level){0};
        const cof_status status = read_svn_level(json_array_get(array, i), &out[i], err);
        if (status != COF_OK) {
            cof_err_context(err, "TCB level %zu", i);
            return status;
        }
        if (i > 0 && out[i].isv_svn >= out[i - 1].isv_svn) {
            return COF_FAIL(err, BAD_FORMAT, "TCB level %zu: security version %u after %u", i,
                            out[i].isv_svn, out[i - 1].isv_svn);
        }
    }
    *out_count = count;
    return COF_OK;
}

/* Digits only; "2025-06-19T10:32:27Z" has them at fixed places. */
static bool read_digits(cof_view text, size_t at, size_t count, int *out)
{
    int number = 0;
    for (size_t i = at; i < at + count; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        number = number * 10 + (text.data[i] - '0');
    }
    *out = number;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

/* Days from 1970-01-01 to the first of January, in the calendar that all years since follow. */
static int64_t days_to_year(int year)
{
    const int64_t past = year - 1;
    return past * 365 + past / 4 - past / 100 + past / 400 - 719162;
}

cof_status cof_time_parse(cof_view text, int64_t *out_unix_s, cof_err *err)
{
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    bool is_time = text.size == sizeof form - 1;
    for (size_t i = 0; is_time && i < text.size; i++) {
        is_time = form[i] == 'd' || text.data[i] == (uint8_t)form[i];
    }
    is_time = is_time && read_digits(text, 0, 4, &year) && read_digits(text, 5, 2, &month) &&
              read_digits(text, 8, 2, &day) && read_digits(text, 11, 2, &hour) &&
              read_digits(text, 14, 2, &minute) && read_digits(text, 17, 2, &second);
    if (!is_time || year < 1970 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month) || hour > 23 || minute > 59 || second > 59) {
        return COF_FAIL(err, BAD_FORMAT, "not a date and time like 2025-06-19T10:32:27Z");
    }
    int64_t days = days_to_year(year) + day - 1;
    for (int i = 1; i < month; i++) {
        days += days_in_month(year, i);
    }
    *out_unix_s = ((days * 24 + hour) * 60 + minute) * 60 + second;
    return COF_OK;
}
