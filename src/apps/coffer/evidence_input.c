#include "apps/coffer/evidence_input.h"

#include <string.h>

#include "host/files/files.h"
#include "tcb/wire/json.h"
#include "tcb/wire/text.h"

/* The quote of a receipt's evidence: what stands in the payload, without trusting it. */
static cof_status evidence_of_receipt(const json_t *envelope, cof_buf *out, cof_err *err)
{
    COF_JSON json_t *statement = NULL;
    COF_CLEANUP(cof_buf_free) cof_buf payload = {.limit = COF_EVIDENCE_FILE_MAX};
    const char *encoded = NULL;
    json_t *predicate = NULL;
    json_t *evidence = NULL;
    COF_TRY(cof_json_get_text(envelope, "payload", COF_EVIDENCE_FILE_MAX, &encoded, err));
    COF_TRY(cof_base64_decode(cof_view_text(encoded), &payload, err));
    COF_TRY(cof_json_parse(cof_buf_view(&payload), COF_EVIDENCE_FILE_MAX, &statement, err));
    COF_TRY(cof_json_get(statement, "predicate", JSON_OBJECT, &predicate, err));
    COF_TRY(cof_json_get(predicate, "evidence", JSON_OBJECT, &evidence, err));
    return cof_json_get_base64url(evidence, "quote", out, err);
}

static bool is_hex_text(cof_view text)
{
    size_t digits = 0;
    for (size_t i = 0; i < text.size; i++) {
        const char c = (char)text.data[i];
        if (c != '\0' && strchr("0123456789abcdefABCDEF", c) != NULL) {
            digits++;
        } else if (c != '\n' || i + 1 != text.size) {
            return false;
        }
    }
    return digits > 0 && digits % 2 == 0;
}

cof_status cof_evidence_read(const char *path, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = COF_EVIDENCE_FILE_MAX};
    COF_JSON json_t *object = NULL;
    COF_TRY(cof_read_file(path, &text, err));
    if (text.size > 0 && text.data[0] == '{' &&
        cof_json_parse(cof_buf_view(&text), COF_EVIDENCE_FILE_MAX, &object, NULL) == COF_OK &&
        json_object_get(object, "payload") != NULL) {
        return evidence_of_receipt(object, out, err);
    }
    if (is_hex_text(cof_buf_view(&text))) {
        const size_t size = text.size / 2;
        COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = COF_EVIDENCE_FILE_MAX};
        uint8_t *place = NULL;
        COF_TRY(cof_buf_extend(&bytes, size, &place, err));
        COF_TRY(cof_hex_decode(cof_view_of(text.data, 2 * size), place, size, err));
        return cof_buf_append(out, cof_buf_view(&bytes), err);
    }
    return cof_buf_append(out, cof_buf_view(&text), err);
}
