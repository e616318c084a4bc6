/*
 * Implementation notes
 *
 * The signature covers the bytes that were served. Printing the parsed object again would cover
 * other bytes (Intel's own library does that, and accepts added white space); so the inner object
 * is cut out of the text. First the strict parser says that the whole text is JSON with exactly two
 * members; then a scanner that relies on that walks over the members and notes where the value
 * begins and ends. A member whose name is written with escapes is found by the one and not by the
 * other, and refused.
 */
#include <string.h>

#include "relying/verify/intel/intel_json.h"

/* A position in a text that the strict parser has accepted: brackets and quotes match. */
typedef struct scanner {
    cof_view text;
    size_t at;
} scanner;

static bool is_at(const scanner *scan, char c)
{
    return scan->at < scan->text.size && scan->text.data[scan->at] == (uint8_t)c;
}

static void skip_space(scanner *scan)
{
    while (is_at(scan, ' ') || is_at(scan, '\t') || is_at(scan, '\r') || is_at(scan, '\n')) {
        scan->at++;
    }
}

/* Over a text and its quotes; gives what is between them, escapes as they stand. */
static cof_view skip_text(scanner *scan)
{
    const size_t start = ++scan->at;
    while (scan->at < scan->text.size && !is_at(scan, '"')) {
        scan->at += is_at(scan, '\\') ? 2 : 1;
    }
    const size_t end = scan->at < scan->text.size ? scan->at : scan->text.size;
    scan->at = end + 1;
    return cof_view_of(scan->text.data + start, end - start);
}

/* Over a value, to the comma or bracket that ends it; white space before that is not the value's.
 */
static cof_view skip_value(scanner *scan)
{
    const size_t start = scan->at;
    size_t end = start;
    size_t depth = 0;
    while (scan->at < scan->text.size) {
        if (depth == 0 && (is_at(scan, ',') || is_at(scan, '}'))) {
            break;
        }
        if (is_at(scan, '"')) {
            (void)skip_text(scan);
        } else {
            depth += is_at(scan, '{') || is_at(scan, '[') ? 1 : 0;
            depth -= is_at(scan, '}') || is_at(scan, ']') ? 1 : 0;
            scan->at++;
        }
        end = scan->at;
        skip_space(scan);
    }
    return cof_view_of(scan->text.data + start, end - start);
}

/* The value of a member of the outermost object; empty when no member is written like that. */
static cof_view find_value(cof_view text, const char *member)
{
    scanner scan = {.text = text};
    skip_space(&scan);
    scan.at++; /* the opening bracket */
    skip_space(&scan);
    while (is_at(&scan, '"')) {
        const cof_view name = skip_text(&scan);
        skip_space(&scan);
        scan.at++; /* the colon */
        skip_space(&scan);
        const cof_view value = skip_value(&scan);
        if (cof_view_equal(name, cof_view_text(member))) {
            return value;
        }
        skip_space(&scan);
        scan.at++; /* the comma, or the closing bracket */
        skip_space(&scan);
    }
    return (cof_view){0};
}

cof_status cof_signed_json_cut(cof_view bytes, const char *member, cof_signed_json *out,
                               cof_err *err)
{
    const char *const members[] = {member, "signature"};
    COF_JSON json_t *document = NULL;
    json_t *inner = NULL;
    cof_signed_json cut = {0};
    COF_TRY(cof_json_parse(bytes, COF_COLLATERAL_ITEM_MAX, &document, err));
    COF_TRY(cof_json_only(document, members, 2, err));
    COF_TRY(cof_json_get(document, member, JSON_OBJECT, &inner, err));
    COF_TRY(cof_json_get_hex(document, "signature", cut.signature, sizeof cut.signature, err));
    cut.body = find_value(bytes, member);
    if (cut.body.size < 2 || cut.body.data[0] != '{' || cut.body.data[cut.body.size - 1] != '}') {
        return COF_FAIL(err, BAD_FORMAT, "\"%s\" is not written plainly", member);
    }
    *out = cut;
    return COF_OK;
}
