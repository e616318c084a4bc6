#include "host/collateral/forms.h"

#include <stdio.h>
#include <string.h>

#include "relying/verify/collateral.h"
#include "tcb/wire/text.h"

enum { CHAIN_CERTIFICATES_MAX = 4, LABEL_LINE_SIZE = 48, CHAIN_BYTES_MAX = 32 * 1024 };

static bool is_line_end(uint8_t c)
{
    return c == '\n' || c == '\r';
}

static void skip_line_ends(cof_view *rest)
{
    while (rest->size > 0 && is_line_end(rest->data[0])) {
        *rest = cof_view_of(rest->data + 1, rest->size - 1);
    }
}

static bool starts_with(cof_view bytes, const char *text)
{
    const size_t size = strlen(text);
    return bytes.size >= size && memcmp(bytes.data, text, size) == 0;
}

/* ---- DER ---- */

/* One element, of the type SEQUENCE, that fills the bytes: its length is written in the shortest
 * way. */
static bool is_one_sequence(cof_view der)
{
    if (der.size < 2 || der.data[0] != 0x30) {
        return false;
    }
    size_t length = der.data[1];
    size_t head = 2;
    if (length >= 0x80) {
        const size_t digits = length - 0x80;
        if (digits == 0 || digits > 4 || der.size < 2 + digits || der.data[2] == 0) {
            return false;
        }
        length = 0;
        for (size_t i = 0; i < digits; i++) {
            length = length << 8 | der.data[2 + i];
        }
        head += digits;
        if (length < 0x80) {
            return false;
        }
    }
    return der.size - head == length;
}

static cof_status keep_der(cof_view der, cof_buf *out, cof_err *err)
{
    if (!is_one_sequence(der)) {
        return COF_FAIL(err, BAD_FORMAT, "%zu bytes that are not one DER sequence", der.size);
    }
    return cof_buf_append(out, der, err);
}

/* ---- PEM ---- */

static cof_status skip_line(cof_view *rest, const char *word, const char *label, cof_err *err)
{
    char line[LABEL_LINE_SIZE];
    (void)snprintf(line, sizeof line, "-----%s %s-----", word, label);
    if (!starts_with(*rest, line)) {
        return COF_FAIL(err, BAD_FORMAT, "PEM: expected \"%s\"", line);
    }
    *rest = cof_view_of(rest->data + strlen(line), rest->size - strlen(line));
    if (rest->size > 0 && !is_line_end(rest->data[0])) {
        return COF_FAIL(err, BAD_FORMAT, "PEM: something stands behind \"%s\"", line);
    }
    skip_line_ends(rest);
    return COF_OK;
}

/* Cuts one block off *rest: no headers, strict base64, only line ends around it. */
static cof_status cut_block(cof_view *rest, const char *label, cof_buf *out_der, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf base64 = {.limit = (size_t)2 * COF_COLLATERAL_ITEM_MAX};
    skip_line_ends(rest);
    COF_TRY(skip_line(rest, "BEGIN", label, err));
    while (rest->size > 0 && rest->data[0] != '-') {
        size_t run = 0;
        while (run < rest->size && rest->data[run] != '-' && !is_line_end(rest->data[run])) {
            run++;
        }
        COF_TRY(cof_buf_append(&base64, cof_view_of(rest->data, run), err));
        *rest = cof_view_of(rest->data + run, rest->size - run);
        skip_line_ends(rest);
    }
    COF_TRY(skip_line(rest, "END", label, err));
    return cof_base64_decode(cof_buf_view(&base64), out_der, err);
}

static cof_status only_pem(cof_view bytes, const char *label, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = out->limit};
    COF_TRY(cut_block(&bytes, label, &der, err));
    if (bytes.size > 0) {
        return COF_FAIL(err, BAD_FORMAT, "PEM: more than one %s", label);
    }
    return keep_der(cof_buf_view(&der), out, err);
}

/* ---- the kinds ---- */

static bool is_hex_digit(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* '0' is 0x30, the first byte of DER too: hex is what has no other bytes. */
static bool is_hex(cof_view bytes)
{
    size_t digits = 0;
    while (digits < bytes.size && is_hex_digit(bytes.data[digits])) {
        digits++;
    }
    return bytes.size > 0 && digits == bytes.size;
}

static cof_status from_hex(cof_view text, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = out->limit};
    uint8_t *place = NULL;
    COF_TRY(cof_buf_extend(&der, text.size / 2, &place, err));
    COF_TRY(cof_hex_decode(text, place, text.size / 2, err));
    return keep_der(cof_buf_view(&der), out, err);
}

static cof_view without_line_ends(cof_view bytes)
{
    while (bytes.size > 0 && is_line_end(bytes.data[bytes.size - 1])) {
        bytes.size--;
    }
    return bytes;
}

cof_status cof_form_crl(cof_view bytes, cof_buf *out_der, cof_err *err)
{
    const cof_view text = without_line_ends(bytes);
    if (starts_with(bytes, "-----")) {
        return only_pem(bytes, "X509 CRL", out_der, err);
    }
    return is_hex(text) ? from_hex(text, out_der, err) : keep_der(bytes, out_der, err);
}

cof_status cof_form_certificate(cof_view bytes, cof_buf *out_der, cof_err *err)
{
    return starts_with(bytes, "-----") ? only_pem(bytes, "CERTIFICATE", out_der, err)
                                       : keep_der(bytes, out_der, err);
}

cof_status cof_form_chain(cof_view bytes, cof_buf *out_pem, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf der = {.limit = COF_COLLATERAL_ITEM_MAX};
    cof_view rest = bytes;
    if (bytes.size > CHAIN_BYTES_MAX) {
        return COF_FAIL(err, LIMIT, "a chain of %zu bytes", bytes.size);
    }
    for (size_t i = 0; rest.size > 0 || i == 0; i++) {
        if (i == CHAIN_CERTIFICATES_MAX) {
            return COF_FAIL(err, LIMIT, "a chain of more than %d certificates", (int)i);
        }
        cof_buf_clear(&der);
        COF_TRY(cut_block(&rest, "CERTIFICATE", &der, err));
        if (!is_one_sequence(cof_buf_view(&der))) {
            return COF_FAIL(err, BAD_FORMAT, "certificate %zu of a chain is not DER", i + 1);
        }
    }
    return cof_buf_append(out_pem, bytes, err);
}

static cof_status percent_decode(cof_view text, cof_buf *out, cof_err *err)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (byte == '%') {
            if (text.size - i < 3) {
                return COF_FAIL(err, BAD_FORMAT, "a percent escape is cut off");
            }
            COF_TRY(cof_hex_decode(cof_view_of(text.data + i + 1, 2), &byte, 1, err));
            i += 2;
        }
        COF_TRY(cof_buf_append(out, cof_view_of(&byte, 1), err));
    }
    return COF_OK;
}

cof_status cof_form_chain_header(const char *field, cof_buf *out_pem, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf pem = {.limit = CHAIN_BYTES_MAX};
    COF_TRY(percent_decode(cof_view_text(field), &pem, err));
    return cof_form_chain(cof_buf_view(&pem), out_pem, err);
}
