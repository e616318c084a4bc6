/* Tokens and key sets: what parses keeps its bounds, and its parts encode back to the same text. */
#include <stdlib.h>

#include "relying/token/token.h"
#include "tcb/base/limits.h"
#include "tcb/wire/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Strict decoding has one encoding for any bytes. */
static void check_parts(const cof_jws *jws, cof_view text)
{
    COF_CLEANUP(cof_buf_free) cof_buf signature = {.limit = 4096};
    if (cof_base64url_encode(cof_buf_view(&jws->signature), &signature, NULL) != COF_OK) {
        return;
    }
    const size_t start = jws->signed_bytes.size + 1;
    if (!cof_view_equal(cof_buf_view(&signature),
                        cof_view_of(text.data + start, text.size - start))) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const cof_view text = cof_view_of(data, size);
    COF_CLEANUP(cof_jws_free) cof_jws jws = {0};
    COF_CLEANUP(cof_jwks_drop_) cof_jwks *keys = NULL;
    COF_CLEANUP(cof_jwks_drop_) cof_jwks *none = NULL;
    COF_JSON json_t *claims = NULL;
    COF_JSON json_t *verified = NULL;
    if (cof_jws_parse(text, &jws, NULL) == COF_OK) {
        check_parts(&jws, text);
        if ((cof_token_peek(text, &claims, NULL) == COF_OK) != (claims != NULL)) {
            abort();
        }
    }
    if (cof_jwks_parse(text, &keys, NULL) == COF_OK && cof_jwks_count(keys) > COF_JWKS_KEYS_MAX) {
        abort();
    }
    if (cof_jwks_parse(cof_view_text("{\"keys\":[]}"), &none, NULL) == COF_OK) {
        const cof_token_rules rules = {
            .keys = none, .issuer = "https://localhost", .now_unix_s = 1798761600};
        if (cof_token_verify(text, &rules, &verified, NULL) == COF_OK) {
            abort();
        }
    }
    return 0;
}
