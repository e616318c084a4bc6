/* The first byte chooses what a caller of the vault sends: the body of a use of a key ('0' to '5'),
 * or of a secret ('6'). A use of an AES key is carried out: what is sealed must open to the same,
 * and what opens must not be more than was sent. */
#include <stdlib.h>
#include <string.h>

#include "local/vault/secrets.h"
#include "local/vault/sign.h"
#include "local/vault/use_request.h"
#include "tcb/wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static cof_key_material *make_key(unsigned bits)
{
    static const uint8_t bytes[32] = {1, 2, 3};
    const cof_key_kind kind = {.type = COF_KEY_OCT, .bits = bits};
    cof_key_material *key = NULL;
    if (cof_key_material_load(&kind, cof_view_of(bytes, bits / 8), &key, NULL) != COF_OK) {
        abort();
    }
    return key;
}

static void try_seal(const cof_use_request *request, const cof_key_material *key)
{
    COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts sealed = {0};
    COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts opened = {0};
    cof_crypt_parts_init(&sealed);
    cof_crypt_parts_init(&opened);
    if (cof_crypt_seal(request->algorithm, key, &request->in, &sealed, NULL) != COF_OK) {
        return;
    }
    sealed.aad = request->in.aad; /* borrowed */
    const cof_status status = cof_crypt_open(request->algorithm, key, &sealed, &opened, NULL);
    sealed.aad = (cof_buf){0};
    if (status != COF_OK ||
        !cof_view_equal(cof_buf_view(&opened.value), cof_buf_view(&request->in.value))) {
        abort();
    }
}

static void try_open(const cof_use_request *request, const cof_key_material *key)
{
    COF_CLEANUP(cof_crypt_parts_free) cof_crypt_parts out = {0};
    cof_crypt_parts_init(&out);
    const cof_status status = cof_crypt_open(request->algorithm, key, &request->in, &out, NULL);
    if ((status == COF_OK ? out.value.size > request->in.value.size : out.value.size > 0)) {
        abort();
    }
}

static void try_sign(const cof_use_request *request, const cof_key_material *key)
{
    COF_CLEANUP(cof_buf_free) cof_buf out = {.limit = COF_SIGN_BYTES};
    const cof_view bytes = cof_buf_view(&request->in.value);
    if (cof_sign_digest(request->algorithm, key, bytes, &out, NULL) != COF_OK ||
        cof_sign_check(request->algorithm, key, bytes, cof_buf_view(&out), NULL) != COF_OK) {
        abort();
    }
}

static void try_use(const json_t *body, cof_key_use use)
{
    COF_CLEANUP(cof_use_request_free) cof_use_request request = {0};
    if (cof_use_request_read(body, use, &request, NULL) != COF_OK) {
        return;
    }
    const unsigned bits = request.algorithm->bits != 0 ? request.algorithm->bits : 256;
    if (request.algorithm->type != COF_KEY_OCT) {
        return;
    }
    COF_CLEANUP(cof_key_material_drop_) cof_key_material *key = make_key(bits);
    switch (use) {
    case COF_USE_ENCRYPT:
    case COF_USE_WRAP:
        try_seal(&request, key);
        break;
    case COF_USE_DECRYPT:
    case COF_USE_UNWRAP:
        try_open(&request, key);
        break;
    case COF_USE_SIGN:
        try_sign(&request, key);
        break;
    case COF_USE_VERIFY:
        (void)!cof_sign_check(request.algorithm, key, cof_buf_view(&request.digest),
                              cof_buf_view(&request.in.value), NULL);
        break;
    }
}

static void try_secret(const json_t *body)
{
    COF_JSON json_t *made = NULL;
    COF_JSON json_t *changed = NULL;
    if (cof_secret_meta(body, NULL, 1800000000, &made, NULL) == COF_OK &&
        cof_secret_meta(body, made, 1800000001, &changed, NULL) != COF_OK) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    COF_JSON json_t *body = NULL;
    if (size == 0 || cof_json_parse(cof_view_of(data + 1, size - 1), COF_LIMIT_JSON_BYTES, &body,
                                    NULL) != COF_OK) {
        return 0;
    }
    const unsigned choice = (unsigned)(data[0] - '0');
    if (!json_is_object(body)) {
        return 0;
    }
    if (choice <= COF_USE_VERIFY) {
        try_use(body, (cof_key_use)choice);
    } else {
        try_secret(body);
    }
    return 0;
}
