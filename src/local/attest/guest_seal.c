/* The answer to AzureGuest, as Azure's guest attestation clients open it. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

#include "local/attest/guest.h"
#include "tcb/base/limits.h"
#include "tcb/base/wipe.h"
#include "tcb/crypto/random.h"
#include "tcb/crypto/rsa.h"
#include "tcb/wire/text.h"

enum { KEY_SIZE = 32, NONCE_SIZE = 12, TAG_SIZE = 16, KEY_BITS = 8 * KEY_SIZE };

static const char associated[] = "Transport Key";

typedef struct sealed {
    uint8_t nonce[NONCE_SIZE];
    uint8_t tag[TAG_SIZE];
    cof_buf cipher;
    cof_buf wrapped_key;
} sealed;

static void sealed_free(sealed *s)
{
    cof_buf_free(&s->cipher);
    cof_buf_free(&s->wrapped_key);
}

static cof_status encrypt(const uint8_t key[static KEY_SIZE], cof_view token, sealed *out,
                          cof_err *err)
{
    uint8_t *place = NULL;
    int size = 0;
    COF_TRY(cof_buf_extend(&out->cipher, token.size, &place, err));
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    const bool is_done =
        context != NULL &&
        EVP_EncryptInit_ex2(context, EVP_aes_256_gcm(), key, out->nonce, NULL) == 1 &&
        EVP_EncryptUpdate(context, NULL, &size, (const uint8_t *)associated,
                          (int)(sizeof associated - 1)) == 1 &&
        EVP_EncryptUpdate(context, place, &size, token.data, (int)token.size) == 1 &&
        EVP_EncryptFinal_ex(context, place + size, &size) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, out->tag) == 1;
    EVP_CIPHER_CTX_free(context);
    ERR_clear_error();
    return is_done ? COF_OK : COF_FAIL(err, CRYPTO, "sealing a token");
}

/* RSAES-PKCS1-v1_5, since that is what the clients ask their TPM to undo. */
static cof_status wrap(const json_t *jwk, const uint8_t key[static KEY_SIZE], cof_buf *out,
                       cof_err *err)
{
    COF_CLEANUP(cof_rsa_key_drop_) cof_rsa_key *rsa = NULL;
    uint8_t *place = NULL;
    COF_TRY(cof_rsa_from_jwk(jwk, &rsa, err));
    size_t size = cof_rsa_size(rsa);
    COF_TRY(cof_buf_extend(out, size, &place, err));
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(cof_rsa_evp(rsa), NULL);
    const bool is_done = context != NULL && EVP_PKEY_encrypt_init(context) == 1 &&
                         EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
                         EVP_PKEY_encrypt(context, place, &size, key, KEY_SIZE) == 1;
    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    return is_done ? COF_OK : COF_FAIL(err, CRYPTO, "wrapping a key");
}

static cof_status set_base64(json_t *object, const char *name, cof_view bytes, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = (size_t)2 * COF_LIMIT_TOKEN_BYTES};
    COF_TRY(cof_base64_encode(bytes, &text, err));
    return cof_json_set(object, name, json_stringn((const char *)text.data, text.size), err);
}

static cof_status print(const sealed *s, cof_buf *out, cof_err *err)
{
    COF_CLEANUP(cof_buf_free) cof_buf text = {.limit = (size_t)3 * COF_LIMIT_TOKEN_BYTES};
    COF_JSON json_t *parameters =
        json_pack("{s:s,s:s,s:s,s:i}", "Cipher", "AES", "BlockMode", "ChainingModeGCM",
                  "BlockPadding", "PKCS7", "KeySizeInBits", KEY_BITS);
    COF_JSON json_t *answer = json_object();
    if (parameters == NULL || answer == NULL) {
        return COF_FAIL(err, NO_MEMORY, "sealed token");
    }
    COF_TRY(set_base64(parameters, "Iv", cof_view_of(s->nonce, NONCE_SIZE), err));
    COF_TRY(set_base64(answer, "EncryptedInnerKey", cof_buf_view(&s->wrapped_key), err));
    COF_TRY(cof_json_set(answer, "EncryptionParams", json_incref(parameters), err));
    COF_TRY(set_base64(answer, "AuthenticationData", cof_view_of(s->tag, TAG_SIZE), err));
    COF_TRY(set_base64(answer, "Jwt", cof_buf_view(&s->cipher), err));
    COF_TRY(cof_json_print(answer, &text, err));
    return cof_base64url_encode(cof_buf_view(&text), out, err);
}

cof_status cof_guest_seal(const json_t *encryption_key, cof_view token, cof_buf *out, cof_err *err)
{
    uint8_t key[KEY_SIZE];
    COF_CLEANUP(sealed_free)
    sealed s = {.cipher = {.limit = COF_LIMIT_TOKEN_BYTES}, .wrapped_key = {.limit = 1024}};
    COF_TRY(cof_random((cof_span){s.nonce, NONCE_SIZE}, err));
    COF_TRY(cof_random((cof_span){key, sizeof key}, err));
    cof_status status = encrypt(key, token, &s, err);
    status = status == COF_OK ? wrap(encryption_key, key, &s.wrapped_key, err) : status;
    cof_wipe(key, sizeof key);
    COF_TRY(status);
    return print(&s, out, err);
}
