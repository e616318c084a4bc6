#include "host/http/form.h"

#include <string.h>

#include "tcb/base/limits.h"

struct cof_form {
    cof_buf text; /* name NUL value NUL ..., decoded */
    cof_http_pair pairs[COF_LIMIT_FORM_PAIRS];
    size_t count;
};

static int hex_value(uint8_t digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return -1;
}

static cof_status decode(cof_view text, bool plus_is_space, cof_buf *out, cof_err *err)
{
    COF_TRY(cof_buf_reserve(out, text.size, err));
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (byte == '%') {
            const int high = text.size - i > 2 ? hex_value(text.data[i + 1]) : -1;
            const int low = text.size - i > 2 ? hex_value(text.data[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return COF_FAIL(err, BAD_FORMAT, "incomplete percent escape at %zu", i);
            }
            byte = (uint8_t)(high << 4 | low);
            i += 2;
        } else if (byte == '+' && plus_is_space) {
            byte = ' ';
        }
        if (byte == 0) {
            return COF_FAIL(err, BAD_FORMAT, "NUL at %zu", i);
        }
        COF_TRY(cof_buf_append(out, cof_view_of(&byte, 1), err));
    }
    return COF_OK;
}

cof_status cof_percent_decode(cof_view text, cof_buf *out, cof_err *err)
{
    return decode(text, false, out, err);
}

cof_status cof_percent_encode(cof_view text, cof_buf *out, cof_err *err)
{
    static const char unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (size_t i = 0; i < text.size; i++) {
        if (memchr(unreserved, text.data[i], sizeof unreserved - 1) != NULL) {
            COF_TRY(cof_buf_append(out, cof_view_of(text.data + i, 1), err));
        } else {
            COF_TRY(cof_buf_printf(out, err, "%%%02X", text.data[i]));
        }
    }
    return COF_OK;
}

static cof_status add_part(cof_form *form, cof_view text, cof_err *err)
{
    static const uint8_t nul = 0;
    COF_TRY(decode(text, true, &form->text, err));
    return cof_buf_append(&form->text, cof_view_of(&nul, 1), err);
}

static cof_status add_pair(cof_form *form, cof_view pair, cof_err *err)
{
    const uint8_t *equals = memchr(pair.data, '=', pair.size);
    const size_t name_size = equals != NULL ? (size_t)(equals - pair.data) : pair.size;
    if (form->count == COF_LIMIT_FORM_PAIRS) {
        return COF_FAIL(err, LIMIT, "more than %d pairs", COF_LIMIT_FORM_PAIRS);
    }
    const size_t name_at = form->text.size;
    COF_TRY(add_part(form, cof_view_of(pair.data, name_size), err));
    const size_t value_at = form->text.size;
    if (equals != NULL) {
        COF_TRY(add_part(form, cof_view_of(equals + 1, pair.size - name_size - 1), err));
    } else {
        COF_TRY(add_part(form, (cof_view){0}, err));
    }
    const char *name = (const char *)form->text.data + name_at;
    if (cof_form_get(form, name) != NULL) {
        return COF_FAIL(err, BAD_FORMAT, "a name is given twice");
    }
    form->pairs[form->count++] = (cof_http_pair){name, (const char *)form->text.data + value_at};
    return COF_OK;
}

cof_status cof_form_parse(cof_view text, cof_form **out, cof_err *err)
{
    COF_CLEANUP(cof_form_drop_) cof_form *form = calloc(1, sizeof *form);
    if (form == NULL) {
        return COF_FAIL(err, NO_MEMORY, "form");
    }
    /* Room for everything at once: the pairs point into the buffer, so it may not move. Each pair
     * needs two NULs, one of which takes the place of its "=" or "&"; decoding never grows a text.
     */
    cof_buf_init(&form->text, text.size + (size_t)2 * COF_LIMIT_FORM_PAIRS + 2);
    COF_TRY(cof_buf_reserve(&form->text, form->text.limit, err));
    size_t start = 0;
    while (start < text.size) {
        const uint8_t *end = memchr(text.data + start, '&', text.size - start);
        const size_t size = end != NULL ? (size_t)(end - text.data) - start : text.size - start;
        if (size > 0) {
            COF_TRY(add_pair(form, cof_view_of(text.data + start, size), err));
        }
        start += size + 1;
    }
    *out = cof_form_take(&form);
    return COF_OK;
}

const char *cof_form_get(const cof_form *form, const char *name)
{
    for (size_t i = 0; form != NULL && i < form->count; i++) {
        if (strcmp(form->pairs[i].name, name) == 0) {
            return form->pairs[i].value;
        }
    }
    return NULL;
}

size_t cof_form_count(const cof_form *form)
{
    return form->count;
}

cof_http_pair cof_form_at(const cof_form *form, size_t index)
{
    return form->pairs[index];
}

cof_status cof_form_encode(const cof_http_pair *pairs, size_t count, cof_buf *out, cof_err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            COF_TRY(cof_buf_append_text(out, "&", err));
        }
        COF_TRY(cof_percent_encode(cof_view_text(pairs[i].name), out, err));
        COF_TRY(cof_buf_append_text(out, "=", err));
        COF_TRY(cof_percent_encode(cof_view_text(pairs[i].value), out, err));
    }
    return COF_OK;
}

void cof_form_free(cof_form *form)
{
    if (form != NULL) {
        cof_buf_free(&form->text);
        free(form);
    }
}
