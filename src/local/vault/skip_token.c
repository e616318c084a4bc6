#include "local/vault/skip_token.h"

#include <string.h>

#include "tcb/wire/text.h"

enum { CODE_SIZE = 16, LIST_BYTES = 256 };

static cof_status make_code(const cof_root_key *root, const char *list, cof_view place,
                            cof_digest *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf context = {.limit = LIST_BYTES};
    COF_TRY(cof_buf_printf(&context, err, "coffer-local/skip/v1\n%s\n", list));
    return cof_sealing_mac(root, cof_buf_view(&context), place, out, err);
}

cof_status cof_skip_token_make(const cof_root_key *root, const char *list, const char *place,
                               cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = CODE_SIZE + COF_SKIP_PLACE_SIZE - 1};
    cof_digest code;
    COF_TRY(make_code(root, list, cof_view_text(place), &code, err));
    COF_TRY(cof_buf_append(&bytes, cof_view_of(code.bytes, CODE_SIZE), err));
    COF_TRY(cof_buf_append_text(&bytes, place, err));
    return cof_base64url_encode(cof_buf_view(&bytes), out, err);
}

cof_status cof_skip_token_read(const cof_root_key *root, const char *list, const char *token,
                               char out_place[static COF_SKIP_PLACE_SIZE], cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf bytes = {.limit = CODE_SIZE + COF_SKIP_PLACE_SIZE - 1};
    cof_digest code;
    const cof_status status = cof_base64url_decode(cof_view_text(token), &bytes, NULL);
    if (status == COF_E_NO_MEMORY) {
        return COF_FAIL(err, NO_MEMORY, "skip token");
    }
    if (status != COF_OK || bytes.size < CODE_SIZE) {
        return COF_FAIL(err, BAD_FORMAT, "not a skip token");
    }
    const cof_view place = cof_view_of(bytes.data + CODE_SIZE, bytes.size - CODE_SIZE);
    COF_TRY(make_code(root, list, place, &code, err));
    if (!cof_secret_equal(code.bytes, bytes.data, CODE_SIZE)) {
        return COF_FAIL(err, BAD_FORMAT, "not a skip token of this list");
    }
    memcpy(out_place, place.data, place.size);
    out_place[place.size] = '\0';
    return COF_OK;
}
